//! An object that is being deleted: its remote goes or is kept, and only then the finalizer leaves.

use std::time::Duration;

use super::ends::{stuck, unclear_pause, working};
use super::known::is_gone;
use super::{surplus, uncertain};
use crate::api::condition::Reason;
use crate::plan::create_state::CreateState;
use crate::plan::desired::Deletion;
use crate::plan::edit::Edit;
use crate::plan::report::{Next, Ready, Report};
use crate::plan::step::{Look, Step};
use crate::plan::view::{Observation, View};
use crate::remote::Remote;
use crate::remote::fields::difference;
use crate::remote::id::RemoteId;
use crate::remote::mark::{Origin, Ownership};

/// Deletions of a Dataset and its versions that come within this time are one deletion: a client sends them one after
/// the other.
const TOGETHER: Duration = Duration::from_secs(2);

/// The object has a deletion timestamp.
pub(super) fn remove(view: &View) -> Step {
    if !view.object.finalizer {
        return Step::Ignore;
    }
    if !view.observed.object_is_fresh {
        return Step::Reread;
    }
    if let Some(value) = &view.object.force_release {
        let expected = view.id().map_or_else(|| "none".to_owned(), ToString::to_string);
        if *value == expected {
            return Step::RemoveFinalizer;
        }
    }
    if view.observed.definition_going {
        // 6.7 Nobody asked for what it stands for to go.
        return Step::RemoveFinalizer;
    }
    if view.create_state() == CreateState::Uncertain {
        return uncertain::doubt(view);
    }
    let Some(id) = view.id().cloned() else {
        return without_id(view);
    };
    match view.deletion_policy() {
        Deletion::Retain => retain(view, &id),
        Deletion::Delete if view.object.paused => paused(view, &format!("{id} is deleted")),
        Deletion::Delete => delete(view, &id),
    }
}

/// A human must make way for the deletion.
fn blocked(message: String, next: Next) -> Step {
    Step::Report(Box::new(Report::new(Ready::Stuck(Reason::DeletionBlocked, message), next)))
}

fn paused(view: &View, what: &str) -> Step {
    let unclear = unclear_pause(view);
    let message = format!("paused: {what} once the annotation dataset-operator.dev/paused is removed{unclear}");
    Step::Report(Box::new(Report::new(Ready::Paused(message), Next::Event)))
}

/// 6.1 Row 1 of section 5 only; everything else is left alone.
fn without_id(view: &View) -> Step {
    if view.object.paused && has_other_attempts(view) {
        return paused(view, "its earlier attempts are looked for");
    }
    if let Some(step) = surplus_first(view) {
        return step;
    }
    Step::RemoveFinalizer
}

/// 6.1 An intent that lists other attempts than the recorded one: their surplus goes first.
fn surplus_first(view: &View) -> Option<Step> {
    if !has_other_attempts(view) {
        return None;
    }
    if !view.observed.owned_is_fresh {
        return Some(Step::Look(Look::Owned));
    }
    surplus::remove_all(view)
}

/// Does the intent list an attempt besides the recorded one?
fn has_other_attempts(view: &View) -> bool {
    let recorded = view.recorded.attempt.as_ref().map(|attempt| attempt.nonce.as_str());
    let other = |intent: &crate::plan::intent::Intent| {
        intent.attempts.iter().any(|attempt| Some(attempt.nonce.as_str()) != recorded)
    };
    view.object.intent.own().is_some_and(other)
}

/// The remote stays; a label says that it is nobody's now. The inventory's word is enough for that, but not for leaving it
/// as it is.
fn retain(view: &View, id: &RemoteId) -> Step {
    if let Some(step) = children_first(view) {
        return step;
    }
    let remote = match view.observation(id) {
        Some(Observation::Gone) => return Step::RemoveFinalizer,
        Some(Observation::Read(remote) | Observation::Listed(remote)) => remote,
        None => return Step::Read(id.clone()),
    };
    if is_bound(view) || remote.is_released() {
        return surplus_first(view).unwrap_or(Step::RemoveFinalizer);
    }
    // A mark of ours that was written since must not stay behind: a list may have shown it, a read shows it.
    let listed = view.observed.owned.iter().filter(|owned| owned.id == *id);
    match view.observation(id) {
        _ if listed.chain([remote]).any(|shown| view.carries_our_mark(shown)) => {
            Step::Edit(Box::new(Edit::release(view.profile.codec, remote)))
        }
        Some(Observation::Read(_)) => Step::RemoveFinalizer,
        Some(Observation::Listed(_) | Observation::Gone) | None => Step::Read(id.clone()),
    }
}

fn delete(view: &View, id: &RemoteId) -> Step {
    if is_bound(view) {
        return Step::RemoveFinalizer;
    }
    if let Some(step) = children_first(view) {
        return step;
    }
    if view.relations.swept_along && !is_gone(view, id) {
        let dataset = RemoteId::new(id.root());
        if is_gone(view, &dataset) {
            return Step::RemoveFinalizer;
        }
        return working(Reason::Deleting, format!("{dataset} is being deleted, and this version with it"), Next::Event);
    }
    if view.relations.alone && view.state.deleting_age < TOGETHER {
        let left = TOGETHER.saturating_sub(view.state.deleting_age);
        return working(Reason::Deleting, "its dataset and other versions may be deleted as well", Next::After(left));
    }
    if let Some(newer) = &view.relations.after {
        return working(
            Reason::Deleting,
            format!("waiting for DatasetVersion {newer}, which is newer, to be deleted first"),
            Next::Event,
        );
    }
    // Section 5: the remote is read in the same pass.
    let remote = match view.observation(id) {
        Some(Observation::Gone) => return gone(view, id),
        Some(Observation::Read(remote)) => remote.clone(),
        Some(Observation::Listed(_)) | None => return Step::Read(id.clone()),
    };
    let whose = view.ownership(&remote);
    // The answer of the create may have named a wrong one: then nothing is sent to either.
    if whose == Ownership::Nobody {
        if let Some(step) = surplus::look_for_made(view, Reason::Deleting) {
            return step;
        }
        if surplus::made_elsewhere(view).is_some() {
            return Step::RemoveFinalizer;
        }
    }
    let act = match whose {
        Ownership::Mine { .. } | Ownership::Predecessor { .. } => true,
        Ownership::Released | Ownership::Other | Ownership::Dead | Ownership::Forged => false,
        Ownership::Nobody => {
            view.recorded.origin == Some(Origin::Created)
                && difference(&view.recorded.fixed, &remote.fields).is_empty()
                && view.recorded.info.get("name").is_none_or(|name| Some(name) == remote.fields.get("Name"))
        }
    };
    if !act {
        return surplus_first(view).unwrap_or(Step::RemoveFinalizer);
    }
    versions_block(view, &remote).unwrap_or_else(|| Step::Delete(id.clone()))
}

/// 6.2 Not found, or deleted by us in this pass.
fn gone(view: &View, id: &RemoteId) -> Step {
    if let Some(step) = surplus_first(view) {
        return step;
    }
    if !view.observed.swept {
        return Step::Look(Look::Sweep);
    }
    if view.known_gone(id) {
        return Step::RemoveFinalizer;
    }
    if !view.observed.absence_counts {
        return stuck(
            Reason::AccountMismatch,
            format!(
                "{id} is not visible to this identity, which is not the one that recorded it; restore that identity, \
                 grant ListAllDatasets, or annotate force-release: {id}"
            ),
        );
    }
    working(
        Reason::Deleting,
        format!("{id} was not found; the operator looks again before it removes the finalizer"),
        Next::After(view.config.list_lag),
    )
}

/// 6.4 Live versions block; versions that must go one by one are waited for.
fn children_first(view: &View) -> Option<Step> {
    let relations = &view.relations;
    if !relations.living.is_empty() {
        let living = relations.living.join(", ");
        return Some(match TOGETHER.saturating_sub(view.state.deleting_age) {
            Duration::ZERO => blocked(format!("DatasetVersion {living} still exists; delete it first"), Next::Event),
            left => {
                let message = format!("DatasetVersion {living} still exists, and may be about to be deleted as well");
                working(Reason::Deleting, message, Next::After(left))
            }
        });
    }
    let retained_or_single = view.deletion_policy() == Deletion::Retain || view.observed.delete_refused;
    if !relations.leaving.is_empty() || (retained_or_single && !relations.doomed.is_empty()) {
        return Some(working(
            Reason::Deleting,
            "waiting for its DatasetVersions to be deleted or released",
            Next::Event,
        ));
    }
    None
}

/// 6.4 A version nobody here deletes blocks the dataset.
fn versions_block(view: &View, remote: &Remote) -> Option<Step> {
    if remote.id.child().is_some() {
        return None;
    }
    let newest = remote.latest.as_ref().and_then(|latest| latest.id.child());
    if newest == Some("v1") || view.relations.delete_foreign {
        return None;
    }
    let Some(versions) = &view.observed.versions else {
        return Some(Step::Look(Look::Children(remote.id.clone())));
    };
    let foreign: Vec<_> = versions
        .iter()
        .filter_map(|version| version.id.child().map(str::to_owned))
        .filter(|name| name != "v1" && !view.relations.doomed.contains(name))
        .collect();
    (!foreign.is_empty()).then(|| {
        blocked(
            format!(
                "{} has version {}, which no DatasetVersion being deleted stands for; delete it in the console, or set \
                 deleteForeignVersions: true",
                remote.id,
                foreign.join(", ")
            ),
            Next::Backoff,
        )
    })
}

fn is_bound(view: &View) -> bool {
    view.recorded.id.as_ref().is_some_and(|id| id.child() == Some("v1"))
}
