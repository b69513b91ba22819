//! The order in which a dataset and its versions are deleted. Rules: `docs/protocol.md`, 6.4.

use std::collections::BTreeSet;
use std::time::Duration;

use super::first_version;
use crate::plan::clearance::Clearance;
use crate::plan::desired::Deletion;
use crate::plan::report::Next;
use crate::plan::run::RunState;
use crate::plan::step::Look;
use crate::plan::view::View;
use crate::remote::Remote;
use crate::remote::id::{JOBS, RemoteId, VERSIONS};

/// Deletions of a Dataset and its versions within this time count as one deletion, as a client sends them one after the
/// other.
const TOGETHER: Duration = Duration::from_secs(2);

/// Whether a Dataset may go: living objects in it block it, and it waits for those that must be deleted one by one.
pub(super) fn dataset_may_go(view: &View) -> Clearance {
    let relations = &view.relations;
    if !relations.living.is_empty() {
        let living: Vec<_> =
            relations.living.iter().map(|(kind, names)| format!("{kind} {}", names.join(", "))).collect();
        let several = relations.living.values().map(Vec::len).sum::<usize>() > 1;
        let (exist, them) = if several { ("exist", "them") } else { ("exists", "it") };
        let living = living.join(" and ");
        return match TOGETHER.saturating_sub(view.state.deleting_age) {
            Duration::ZERO => Clearance::blocked(format!("{living} still {exist}; delete {them} first"), Next::Event),
            left => {
                let message = format!("{living} still {exist}, and may be about to be deleted as well");
                Clearance::waits(message, Next::After(left))
            }
        };
    }
    if let Some((kind, names)) = relations.running.iter().next() {
        return Clearance::waits(format!("waiting for {kind} {} to end", names.join(", ")), Next::Event);
    }
    let retained_or_single = view.deletion_policy() == Deletion::Retain || view.observed.delete_refused;
    if !relations.leaving.is_empty() || (retained_or_single && !relations.doomed.is_empty()) {
        let doomed = (!relations.doomed.is_empty()).then_some("DatasetVersion");
        let kinds: BTreeSet<_> = relations.leaving.keys().copied().chain(doomed).collect();
        let kinds: Vec<_> = kinds.into_iter().map(|kind| format!("{kind}s")).collect();
        let message = format!("waiting for its {} to be deleted or released", kinds.join(" and "));
        return Clearance::waits(message, Next::Event);
    }
    Clearance::Go
}

/// Whether the dataset may be deleted: a version that no DatasetVersion here deletes blocks it, and so does a job that runs
/// and that no DatasetJob here stands for.
pub(super) fn dataset_may_be_deleted(view: &View, remote: &Remote) -> Clearance {
    let clearance = no_foreign_versions(view, remote);
    if clearance == Clearance::Go && view.relations.jobs_listed { no_foreign_runs(view, remote) } else { clearance }
}

fn no_foreign_runs(view: &View, remote: &Remote) -> Clearance {
    let Some(jobs) = view.observed.children.get(JOBS) else {
        return Clearance::Needs(Look::Children(remote.id.clone(), JOBS));
    };
    let running: Vec<_> = jobs.iter().filter(|job| RunState::of(job) == RunState::Running).collect();
    if running.is_empty() {
        return Clearance::Go;
    }
    let names: Vec<_> = running.iter().map(|job| job.id.name()).collect();
    let message = format!(
        "{} has running jobs that no DatasetJob here stands for: {}; stop them in the console, or wait for their end",
        remote.id,
        names.join(", ")
    );
    Clearance::blocked(message, Next::Backoff)
}

fn no_foreign_versions(view: &View, remote: &Remote) -> Clearance {
    let newest = remote.latest.as_ref().and_then(|latest| latest.id.child());
    if newest == Some(first_version::NAME) || view.relations.delete_foreign {
        return Clearance::Go;
    }
    let Some(versions) = view.observed.children.get(VERSIONS) else {
        return Clearance::Needs(Look::Children(remote.id.clone(), VERSIONS));
    };
    let foreign: Vec<_> = versions
        .iter()
        .filter_map(|version| version.id.child())
        .filter(|name| *name != first_version::NAME && !view.relations.doomed.contains(*name))
        .collect();
    if foreign.is_empty() {
        return Clearance::Go;
    }
    let message = format!(
        "{} has version {}, which no DatasetVersion being deleted stands for; delete it in the console, or set \
         deleteForeignVersions: true",
        remote.id,
        foreign.join(", ")
    );
    Clearance::blocked(message, Next::Backoff)
}

/// Whether a version may go: with its dataset if the deletion of that includes it, otherwise after the newer versions.
pub(super) fn version_may_go(view: &View) -> Clearance {
    if view.deletion_policy() == Deletion::Retain {
        return Clearance::Go;
    }
    let gone = view.id().is_some_and(|id| view.is_gone(id));
    if view.relations.swept_along && !gone {
        return Clearance::WithParent;
    }
    if view.relations.alone && view.state.deleting_age < TOGETHER {
        let left = TOGETHER.saturating_sub(view.state.deleting_age);
        return Clearance::waits("its dataset and other versions may be deleted as well", Next::After(left));
    }
    match &view.relations.after {
        Some(newer) => {
            let message = format!("waiting for DatasetVersion {newer}, which is newer, to be deleted first");
            Clearance::waits(message, Next::Event)
        }
        None => Clearance::Go,
    }
}

/// Whether the version is v1: that is a part of its dataset, so the object that binds it never deletes it.
pub(super) fn is_borrowed(version: &RemoteId) -> bool {
    version.child() == Some(first_version::NAME)
}
