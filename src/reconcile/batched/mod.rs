//! Reconciling an object that stands for many small remotes at once ([`batch`](crate::batch)): claim, compare, send batch
//! after batch, report. It shares finalizer, conditions, annotations and admission with all other kinds.
//!
//! A reconcile begins calls for [`TIME`] and then comes back for the rest, so that none is cut off, an edit waits no longer
//! than that, and neither does whoever takes the lease over.

mod keep;
mod look;
mod remove;
mod report;
mod send;
mod sources;

use std::time::Duration;

use kube::runtime::controller::Action;
use tokio::time::Instant;

use crate::batch::{Item, SetTags};
use crate::plan::report::Blocked;
use crate::reconcile::gather::owner;
use crate::reconcile::kind::AnyKind;
use crate::reconcile::lookups::Lookups;
use crate::reconcile::pass::{Flow, Pass};
use crate::remote::uid::Uid;

/// The longest time in which a reconcile begins another call.
const TIME: Duration = Duration::from_secs(2);
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

/// When a reconcile began. What is not sent within [`TIME`] is left to the next one.
struct Slice(Instant);

impl Slice {
    fn begin() -> Self {
        Self(Instant::now())
    }

    fn is_over(&self) -> bool {
        self.0.elapsed() >= TIME
    }
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
    pub(super) fn tags(&self) -> SetTags {
        SetTags::of(&self.ctx.config.identity, &owner::<K>(kube::Resource::meta(&*self.object)))
    }

    /// 0 to 255, by the uid.
    pub(super) fn spread(&self) -> u8 {
        self.facts.uid.bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte))
    }
}
