//! An object that is being deleted: its remote is deleted or released, and only then the finalizer is removed.

use super::ends::{edit, stuck, unnamed, working};
use super::{keyed, run_end, surplus, uncertain};
use crate::api::condition::Reason;
use crate::plan::clearance::Clearance;
use crate::plan::create_state::CreateState;
use crate::plan::desired::Deletion;
use crate::plan::edit::Edit;
use crate::plan::report::{Next, Ready, Report};
use crate::plan::step::{Look, Step};
use crate::plan::view::{Observation, View};
use crate::remote::fields::difference;
use crate::remote::id::RemoteId;
use crate::remote::mark::{Origin, Ownership};

/// The next step for an object with a deletion timestamp.
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
    if view.observed.abandoned {
        // 16.6 There are no credentials to make a call with.
        return Step::RemoveFinalizer;
    }
    if view.observed.definition_going {
        // 6.7 Nobody asked to delete the remote.
        return Step::RemoveFinalizer;
    }
    if view.create_state() == CreateState::Uncertain {
        return uncertain::doubt(view);
    }
    if view.profile.runs {
        return run_end::remove(view);
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

pub(super) fn paused(view: &View, what: &str) -> Step {
    let unclear = view.object.pause_note();
    let message = format!("paused: {what} once the annotation dataset-operator.dev/paused is removed{unclear}");
    Step::Report(Box::new(Report::new(Ready::Paused(message), Next::Event)))
}

/// 6.1 Only remotes with the object's own uid (row 1 of section 5) are deleted; all others are left alone.
fn without_id(view: &View) -> Step {
    if view.object.paused && has_other_attempts(view) {
        return paused(view, "its earlier attempts are looked for");
    }
    if let Some(step) = surplus_first(view) {
        return step;
    }
    Step::RemoveFinalizer
}

/// 6.1 If the intent lists attempts other than the recorded one, their surplus is deleted first.
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
    if view.profile.is_unmarked() {
        // What they made could not be told from what others made.
        return false;
    }
    let recorded = view.recorded.attempt.as_ref().map(|attempt| attempt.nonce.as_str());
    let other = |intent: &crate::plan::intent::Intent| {
        intent.attempts.iter().any(|attempt| Some(attempt.nonce.as_str()) != recorded)
    };
    view.object.intent.own().is_some_and(other)
}

/// The remote stays, with the label `dso-released`. An inventory row is enough to write that label, not to omit it.
fn retain(view: &View, id: &RemoteId) -> Step {
    if view.profile.is_unmarked() {
        return Step::RemoveFinalizer;
    }
    if let Some(step) = not_cleared(view, id, (view.profile.may_go)(view)) {
        return step;
    }
    let remote = match view.observation(id) {
        Some(Observation::Gone) => return Step::RemoveFinalizer,
        Some(Observation::Read(remote) | Observation::Listed(remote)) => remote,
        None => return Step::Read(id.clone()),
    };
    if (view.profile.is_borrowed)(id) || remote.is_released() {
        return surplus_first(view).unwrap_or(Step::RemoveFinalizer);
    }
    // Our mark may be newer than the row, and must not stay without the label: a list may have shown it, a read does.
    let listed = view.observed.owned.iter().filter(|owned| owned.id == *id);
    match view.observation(id) {
        _ if listed.chain([remote]).any(|shown| view.carries_our_mark(shown)) => {
            edit(view, Edit::release(view.profile.codec, remote))
        }
        Some(Observation::Read(_)) => Step::RemoveFinalizer,
        Some(Observation::Listed(_) | Observation::Gone) | None => Step::Read(id.clone()),
    }
}

fn delete(view: &View, id: &RemoteId) -> Step {
    if (view.profile.is_borrowed)(id) {
        return Step::RemoveFinalizer;
    }
    if let Some(step) = not_cleared(view, id, (view.profile.may_go)(view)) {
        return step;
    }
    // Section 5: the remote is read in the same reconcile.
    let remote = match view.observation(id) {
        Some(Observation::Gone) => return gone(view, id),
        Some(Observation::Read(remote)) => remote.clone(),
        Some(Observation::Listed(_)) | None => return Step::Read(id.clone()),
    };
    let whose = view.ownership(&remote);
    // The answer of the create may have named a wrong remote: then nothing is sent to either of the two. (No answer names
    // a remote that is known by its name.)
    if whose == Ownership::Nobody && view.key().is_none() && !view.profile.is_unmarked() {
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
            (view.recorded.origin == Some(Origin::Created) || view.profile.is_unmarked())
                && difference(&view.recorded.fixed, &remote.fields).is_empty()
                && !(view.key().is_some() && keyed::was_replaced(view, &remote))
                && view.recorded.info.get("name").is_none_or(|name| Some(name) == remote.fields.get("Name"))
        }
    };
    if !act {
        return surplus_first(view).unwrap_or(Step::RemoveFinalizer);
    }
    let clearance = (view.profile.may_be_deleted)(view, &remote);
    if let Some(step) = not_cleared(view, id, clearance) {
        return step;
    }
    let claim = view.key().and_then(|_| keyed::before_delete(view));
    claim.unwrap_or_else(|| Step::Delete(id.clone()))
}

/// 6.4 The step while something stands in the way of the deletion or release; `None` if nothing does.
fn not_cleared(view: &View, id: &RemoteId, clearance: Clearance) -> Option<Step> {
    Some(match clearance {
        Clearance::Go => return None,
        Clearance::Wait(report) => Step::Report(report),
        Clearance::Needs(look) => Step::Look(look),
        Clearance::WithParent => {
            let parent = id.parent()?;
            if view.is_gone(&parent) {
                return Some(Step::RemoveFinalizer);
            }
            let message = format!("{parent} is being deleted, and this version with it");
            working(Reason::Deleting, message, Next::Event)
        }
    })
}

/// 6.2 The remote was not found, or we deleted it in this reconcile.
pub(super) fn gone(view: &View, id: &RemoteId) -> Step {
    if !view.profile.runs
        && let Some(step) = surplus_first(view)
    {
        return step;
    }
    if !view.observed.swept {
        return Step::Look(Look::Sweep);
    }
    if let Some(step) = keyed::after_delete(view, id) {
        return step;
    }
    if view.known_gone(id) {
        return Step::RemoveFinalizer;
    }
    if view.lacks_caller() {
        return unnamed(Reason::Deleting);
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
