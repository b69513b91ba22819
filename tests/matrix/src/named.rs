//! The rows that deserve a name: stories of more than one fault, M-1 to M-17, and faults of the newer kinds, M-18 to M-20.

mod creates;
mod lists;
mod newer;
mod ownership;
mod removals;
mod versions;

use std::sync::Arc;

use kube::api::DynamicObject;
use pai_emulator::{Effect, Fault, Knobs, NameScope, When};
use serde_json::json;
use testbed::{Context, Error, Result};
use tokio::time::Instant;

use crate::bed::Bed;
use crate::oracle::{self, Leeway, Sort, violation};
use crate::play::{Outcome, part, state};
use crate::quiet::settle;
use crate::scene::{FILES, JOB, MEDIA, Scene, Setting};

/// A row with a name.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// `M-1`
    pub id: &'static str,
    /// What happens, and what must come of it.
    pub what: &'static str,
    /// The differences from the study, and why; empty if there are none.
    pub differs: &'static str,
}

const fn named(id: &'static str, what: &'static str, differs: &'static str) -> Named {
    Named { id, what, differs }
}

/// The study knows no such kinds.
const NEWER: &str = "not in the study";

/// All of them.
pub const NAMED: [Named; 20] = [
    named("M-1", "a create executes after the settle time: the duplicate is seen, and surplus removal heals it", ""),
    named("M-2", "executed, and the object deleted before its id is stored: no orphan", ""),
    named("M-3", "deleted and made again while the old create is under way: the old one goes, the new one stays", ""),
    named("M-4", "the spec is edited between create and record: carried out, one dataset", ""),
    named(
        "M-5",
        "pages shift and hide our dataset: not believed, no second create",
        "a list whose count and pages disagree does not count at all; of those that do, two are needed",
    ),
    named("M-6", "lists answer 200 and `{}`: never absence", "truncated pages are column k of the lists"),
    named(
        "M-7",
        "a read says 404 just after the create: not made again",
        "what confirms it is time: an id that is older than the list lag is believed gone by one read",
    ),
    named(
        "M-8",
        "credentials of another account: nothing made, nothing let go, and all is well when they are back",
        "",
    ),
    named("M-9", "the object of v1 goes alone: no call, and its dataset can go afterwards", "it has no finalizer"),
    named("M-10", "a dataset with v2 to v50 goes, with a crash before and after each step: nothing left", ""),
    named("M-11", "two versions at once: each object has its own", "told apart by the mark, not by SourceId"),
    named("M-12", "somebody labels the dataset between two label calls of ours: kept", ""),
    named(
        "M-13",
        "PUBLIC to PRIVATE: tried once, told, not repeated",
        "one call instead of none: no source says that the service refuses it, so it is asked, once for each edit and \
         life of the operator",
    ),
    named("M-14", "the namespace goes while the cloud is away: the finalizer holds, no storm, then clean", ""),
    named(
        "M-15",
        "a finalizer is taken away by hand: the sweep reports the orphan and does not touch it",
        "the metric tells after one sweep; the event after two, as a list may be older than the object",
    ),
    named(
        "M-16",
        "the object comes back from a backup with a new uid: the earlier remote is found, or told",
        "a remote with the mark of the same namespace and name is taken back by default; CreateOnly tells of it (NameTaken)",
    ),
    named("M-17", "201300003 is 'name taken' on a create, 'not found' on a read, and neither on any other call", ""),
    named("M-18", "the answers with the ids of jobs are cut in their bodies: one job for each object", NEWER),
    named("M-19", "of nine batches of files three are cut in their answers: each file is made once", NEWER),
    named(
        "M-20",
        "IMM hangs, then refuses connections: Datasets go on, and IMM has one dataset when it is back",
        NEWER,
    ),
];

/// The state at the end of a named row, for the oracle.
#[derive(Default)]
pub(crate) struct Judged {
    /// Two remotes of one name exist for a while.
    pub(crate) may_double: bool,
    /// A remote is kept on purpose.
    pub(crate) keeps: bool,
}

/// Plays one.
pub async fn play_named(bed: &Arc<Bed>, named: Named) -> Outcome {
    let begun = Instant::now();
    let played = match named.id {
        "M-15" => alone(bed, named).await,
        _ => on(bed, named).await,
    };
    let wrong =
        |error: &Error| Outcome { violations: vec![violation(Sort::Broken, error.to_string())], ..Outcome::default() };
    let mut outcome = played.unwrap_or_else(|error| wrong(&error));
    outcome.took = begun.elapsed();
    outcome
}

/// An operator for all namespaces needs a control plane to itself.
async fn alone(bed: &Arc<Bed>, named: Named) -> Result<Outcome> {
    let own = Arc::new(Bed::alone(&bed.operator).await?);
    on(&own, named).await
}

async fn on(bed: &Arc<Bed>, named: Named) -> Result<Outcome> {
    let knobs = Knobs { name_scope: NameScope::None, ..Knobs::default() };
    let mut setting = Setting { knobs, ..Setting::default() };
    match named.id {
        "M-7" | "M-17" => setting.env = lists::PATIENT.to_vec(),
        "M-15" => setting.everywhere = true,
        "M-18" => (setting.kinds, setting.knobs.job_run_ms) = (&[JOB], 1000),
        "M-19" => setting.kinds = &[FILES],
        "M-20" => setting.kinds = &[MEDIA],
        _ => {}
    }
    let mut scene = Scene::new(bed, setting).await?;
    let scene = &mut scene;
    match judge(scene, named).await {
        Ok(outcome) => Ok(outcome),
        Err(error) => Err(Error::new(format!("{error}\n{}", state(scene)))),
    }
}

async fn judge(scene: &mut Scene, named: Named) -> Result<Outcome> {
    scene.start().await?;
    let judged = match named.id {
        "M-1" => creates::late_beyond_settle(scene).await?,
        "M-2" => creates::deleted_before_recorded(scene).await?,
        "M-3" => creates::made_again_meanwhile(scene).await?,
        "M-4" => creates::edited_meanwhile(scene).await?,
        "M-5" => lists::pages_shift(scene).await?,
        "M-6" => lists::empty_objects(scene).await?,
        "M-7" => lists::not_found_at_first(scene).await?,
        "M-8" => ownership::another_account(scene).await?,
        "M-9" => versions::first_alone(scene).await?,
        "M-10" => versions::fifty(scene).await?,
        "M-11" => versions::two_at_once(scene).await?,
        "M-12" => ownership::labelled_meanwhile(scene).await?,
        "M-13" => ownership::way_back_from_public(scene).await?,
        "M-14" => removals::namespace_without_cloud(scene).await?,
        "M-15" => removals::finalizer_stripped(scene).await?,
        "M-16" => ownership::from_a_backup(scene).await?,
        "M-17" => lists::one_code_two_meanings(scene).await?,
        "M-18" => newer::job_ids_cut(scene).await?,
        "M-19" => newer::batches_cut(scene).await?,
        "M-20" => newer::imm_away(scene).await?,
        other => return Err(Error::new(format!("there is no row {other}"))),
    };
    let last = scene.log.last_strike().max(scene.keeper.ended);
    let recovery = last.map(|last| last.elapsed()).unwrap_or_default();
    let mut violations = settle(scene).await?;
    if violations.is_empty() {
        violations.extend(part(scene, judged.keeps).await?);
    }
    let leeway = Leeway { may_double: judged.may_double, ..Leeway::default() };
    violations.extend(oracle::histories(scene, leeway));
    Ok(Outcome { recovery, violations, ..Outcome::default() })
}

/// An error unless it holds.
pub(crate) fn ensure(holds: bool, otherwise: impl Into<String>) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::new(otherwise.into())) }
}

/// A fault of one operation.
pub(crate) fn fault(operation: &str, effect: Effect, when: When, delay_ms: u64) -> Fault {
    Fault { operation: operation.to_owned(), effect, when, delay_ms, ..Fault::default() }
}

/// `status.datasetId`
pub(crate) fn id_of(object: &DynamicObject) -> String {
    object.data["status"]["datasetId"].as_str().unwrap_or_default().to_owned()
}

impl Scene {
    /// Waits until an object carries an intent.
    pub(crate) async fn claimed(&mut self, kind: &'static str, name: &'static str) -> Result<()> {
        let claimed = async |scene: &mut Self| -> Result<bool> {
            let object = scene.get(kind, name);
            let annotations = object.and_then(|object| object.metadata.annotations).unwrap_or_default();
            Ok(annotations.contains_key("dataset-operator.dev/intent"))
        };
        self.until("a claim", std::time::Duration::from_secs(20), claimed).await
    }

    /// Asks for a fresh look at an object.
    pub(crate) async fn request(&self, kind: &'static str, name: &str, value: &str) -> Result<()> {
        let patch = json!({"metadata": {"annotations": {"dataset-operator.dev/reconcile-requested-at": value}}});
        self.patch(kind, name, patch).await
    }

    /// Removes the finalizer and deletes the object, as an impatient person does.
    pub(crate) async fn force_off(&self, kind: &'static str, name: &str) -> Result<()> {
        self.patch(kind, name, json!({"metadata": {"finalizers": null}})).await?;
        self.delete(kind, name).await?;
        // The operator may have restored the finalizer in between.
        let left = self.api(kind).get_opt(name).await.context("reading an object")?;
        if left.is_some() {
            self.patch(kind, name, json!({"metadata": {"finalizers": null}})).await?;
        }
        self.gone(kind, name).await
    }
}
