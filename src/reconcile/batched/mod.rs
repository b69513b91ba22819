//! Reconciling an object that stands for many small remotes at once ([`batch`](crate::batch)): claim, compare, send batch
//! after batch, report. It shares finalizer, conditions, annotations and admission with all other kinds.
//!
//! A reconcile begins calls until somebody edits the object, the operator is asked to stop, or its [`Slice`] of time is over.
//! What was begun is waited for, and the rest is left to the next reconcile.

mod keep;
mod look;
mod remove;
mod report;
mod send;
mod sources;

use std::time::Duration;

use kube::runtime::controller::Action;
use kube::{Resource, ResourceExt};
use tokio::time::Instant;

use crate::batch::{Item, SetTags};
use crate::inventory::ObjectName;
use crate::plan::object::ObjectFacts;
use crate::plan::report::Blocked;
use crate::reconcile::gather::owner;
use crate::reconcile::kind::AnyKind;
use crate::reconcile::kube_writes::said;
use crate::reconcile::lookups::Lookups;
use crate::reconcile::pass::{Flow, Pass};
use crate::remote::uid::Uid;

/// The longest time in which a reconcile begins calls. It ends long before a reconcile is cut off.
const SLICE: Duration = Duration::from_secs(20);
/// Meanwhile status may say after each of these what goes on.
const TELLS: Duration = Duration::from_secs(1);
/// A time that nobody waits for.
const NEVER: Duration = Duration::from_secs(365 * 86_400);
/// Files that failed and are named in status.
const NAMED: usize = 20;
/// The name of the step that sends a batch, for log lines and tests.
const STEP: &str = "Batch";

/// What an object lists, and where.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The dataset.
    pub dataset: String,
    /// What messages call it.
    pub called: String,
    /// Its workspace; `None`: only the service knows it.
    pub workspace: Option<String>,
    /// The version; `None`: the newest one when the set first acts.
    pub version: Option<String>,
    /// The newest version, if it is known.
    pub newest: Option<String>,
    /// Its edition, if it is known.
    pub edition: Option<String>,
    /// The files in the spec.
    pub items: Vec<Item>,
    /// Where further files are listed.
    pub sources: Vec<Source>,
    /// What the files of the version are counted by, for people.
    pub statistics: Option<&'static str>,
    /// Files that are no longer listed are removed.
    pub prune: bool,
    /// Files that somebody else made are taken over.
    pub adopt: bool,
}

/// A key of a ConfigMap that lists files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name, in the namespace of the object.
    pub config_map: String,
    /// The key.
    pub key: String,
}

/// A kind whose objects stand for many small remotes at once.
pub trait Batched: AnyKind {
    /// What the object lists; [`Blocked`] if the spec is wrong or a reference is not ready.
    fn wish(object: &Self::Object, lookups: &Lookups) -> Result<Wish, Blocked>;
    /// The files in the text of a source.
    fn lines(source: &Source, text: &str) -> Result<Vec<Item>, Blocked>;
    /// The workspace that holds the dataset, or else the operator's own.
    fn workspace(object: &Self::Object, lookups: &Lookups) -> Option<String>;
    /// The dataset goes as a whole, and all that is in it, so nothing of it is deleted one by one.
    fn goes_with_its_dataset(object: &Self::Object, lookups: &Lookups) -> bool;
    /// The value of the annotation that allows a large prune.
    fn allowed(object: &Self::Object) -> Option<&str>;
}

/// What a reconcile does next.
enum Then<T> {
    Go(T),
    End(Flow),
}

/// `Go`'s value, or the end of the reconcile.
macro_rules! go {
    ($then:expr) => {
        match $then {
            $crate::reconcile::batched::Then::Go(value) => value,
            $crate::reconcile::batched::Then::End(flow) => return flow,
        }
    };
}

use go;

/// The time in which one reconcile begins calls.
struct Slice {
    ends: Instant,
    /// When status may say next what goes on.
    tells: Instant,
    /// The resource version that the watch has shown, and what people ask for in it; `None`: no object.
    shown: Option<(String, String)>,
}

/// Takes the steps of one reconcile.
pub async fn steps<K: Batched>(pass: &mut Pass<'_, K>) -> Action {
    if let Some(action) = pass.begin().await {
        return action;
    }
    if let Some(action) = pass.look_at_definition().await {
        return action;
    }
    if let Some(action) = pass.leave_behind().await {
        return action;
    }
    let uid = pass.facts.uid.clone();
    for _ in 0..3 {
        // Whoever ends this reconcile loses the memory, and so the next one looks at everything anew.
        let mut memory = pass.ctx.states.take_set(&uid, Instant::now());
        let flow = if pass.facts.deleting { pass.remove(&mut memory).await } else { pass.keep(&mut memory).await };
        if pass.ctx.lookups.live.lives_here(Uid::of(&uid)) && !pass.let_go {
            pass.ctx.states.put_set(&uid, memory);
        }
        if let Flow::End(action) = flow {
            return action;
        }
    }
    // Somebody changes the object again and again.
    Action::requeue(Duration::from_millis(500))
}

impl<K: Batched> Pass<'_, K> {
    fn slice(&self) -> Slice {
        let now = Instant::now();
        Slice { ends: now + SLICE, tells: now + TELLS, shown: self.shown(None) }
    }

    /// No more calls are begun in this reconcile.
    fn is_over(&self, slice: &mut Slice) -> bool {
        let shown = self.shown(slice.shown.as_ref());
        let said = |shown: &Option<(String, String)>| shown.as_ref().map(|(_, said)| said.clone());
        if *self.ctx.stopped.borrow() || Instant::now() >= slice.ends || said(&shown) != said(&slice.shown) {
            return true;
        }
        slice.shown = shown;
        false
    }

    /// What the watch shows of the object. `before` is what it showed: most versions come from our own writes.
    fn shown(&self, before: Option<&(String, String)>) -> Option<(String, String)> {
        let name = ObjectName::new(K::NAME, &self.facts.namespace, &self.facts.name);
        let object = self.ctx.lookups.live.get::<K>(&name)?;
        let version = object.resource_version().unwrap_or_default();
        match before {
            Some(before) if before.0 == version => Some(before.clone()),
            Some(_) | None => Some((version, said(&ObjectFacts::of(object.open()?.meta())))),
        }
    }

    pub(super) fn tags(&self) -> SetTags {
        SetTags::of(&self.ctx.config.identity, &owner::<K>(self.object.meta()))
    }

    /// 0 to 255, by the uid.
    pub(super) fn spread(&self) -> u8 {
        self.facts.uid.bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte))
    }
}
