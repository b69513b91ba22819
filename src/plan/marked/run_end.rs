//! How a run comes to its end by our hand: it is stopped, and deleted once it has ended; so is what late attempts of its
//! object made. Rules: section 12.

use std::sync::Arc;
use std::time::Duration;

use super::remove;
use crate::api::{Reason, StopReason};
use crate::plan::desired::Deletion;
use crate::plan::edit::Edit;
use crate::plan::report::{Next, Report};
use crate::plan::run::{RunReport, RunState, running, word};
use crate::plan::step::{Look, Step};
use crate::plan::view::{Observation, View};
use crate::remote::Remote;
use crate::remote::id::RemoteId;
use crate::remote::mark::{Origin, Ownership};

/// How long the service has to stop a run before it is asked again.
const STOPPING: Duration = Duration::from_secs(30);

/// Before a stop is sent, status says why: so it is not taken for somebody else's after a restart.
pub(super) fn says_why(remote: &Remote, reason: StopReason) -> Step {
    let why = match reason {
        StopReason::Deleted => "the object is being deleted",
        StopReason::DeadlineExceeded => "activeDeadlineSeconds are over",
    };
    let ready = match reason {
        StopReason::Deleted => Reason::Deleting,
        StopReason::DeadlineExceeded => Reason::Progressing,
    };
    let report = Report::working(ready, format!("{} is stopped: {why}", remote.id), Next::After(Duration::ZERO));
    Step::Report(Box::new(Report { run: Some((remote.id.clone(), RunReport::Stops(reason))), ..report }))
}

/// Stops a run, or waits until it has stopped.
pub(super) fn stop(view: &View, remote: &Remote) -> Step {
    let asked = view.state.stopped.as_ref().filter(|(id, _)| *id == remote.id);
    match asked.map(|(_, age)| STOPPING.saturating_sub(*age)).filter(|left| !left.is_zero()) {
        Some(left) => {
            let reason = if view.object.deleting { Reason::Deleting } else { Reason::Progressing };
            let report = Report::working(reason, format!("waiting for {} to stop", remote.id), Next::After(left));
            Step::Report(Box::new(Report { run: running(remote).run, ..report }))
        }
        None => Step::Edit(Box::new(Edit::stop(&remote.id))),
    }
}

/// Was a stop asked for in vain, and is the word for its state none that is known? It may mean an end: the service refuses
/// to delete a run that goes on.
fn has_unknown_end(view: &View, remote: &Remote) -> bool {
    let asked = view.state.stopped.as_ref().filter(|(id, age)| *id == remote.id && *age >= STOPPING);
    asked.is_some() && !["Pending", "Starting", "Running"].contains(&word(remote))
}

/// What an attempt that is neither recorded nor refused made: a list after the grace period shows it at the latest, and
/// it is stopped and deleted (12.5).
pub(super) fn strays(view: &View) -> Option<Step> {
    if !view.has_stray_attempts() {
        return None;
    }
    if let Some(step) = surplus(view) {
        return Some(step);
    }
    let settled = view.state.uncertain_for >= view.config.settle;
    (settled && view.state.settled_lists == 0 && !view.observed.owned_is_fresh).then_some(Step::Look(Look::Owned))
}

/// When an object whose run has ended is looked at again: only if a late attempt may still take effect.
pub(super) fn strays_next(view: &View) -> Next {
    if !view.has_stray_attempts() || view.state.settled_lists > 0 {
        return Next::Event;
    }
    Next::After(view.config.settle.saturating_sub(view.state.uncertain_for).max(Duration::from_secs(1)))
}

/// The next step towards the end of a run that a late attempt of this object made.
fn surplus(view: &View) -> Option<Step> {
    let listed = |nonce: &str| view.object.intent.own().is_some_and(|intent| intent.hash_of(nonce).is_some());
    let mine = view.mine_elsewhere();
    let surplus = mine.iter().filter(|(nonce, remote)| {
        Origin::of_nonce(nonce) == Origin::Created
            && listed(nonce)
            && !view.observed.recorded_elsewhere.contains(&remote.id)
    });
    surplus.map(|(_, remote)| away(view, remote)).find_map(|step| step)
}

/// The next step towards a run that does not exist; `None` if it does not.
fn away(view: &View, shown: &Arc<Remote>) -> Option<Step> {
    let remote = match view.observation(&shown.id) {
        Some(Observation::Gone) => return None,
        Some(Observation::Read(remote) | Observation::Listed(remote)) => remote,
        None => shown,
    };
    match RunState::of(remote) {
        RunState::Deleted => None,
        _ if !view.observed.object_is_fresh => Some(Step::Reread),
        RunState::Running => Some(stop(view, remote)),
        RunState::Succeeded | RunState::PartialFailed | RunState::Failed | RunState::Stopped => {
            Some(Step::Delete(remote.id.clone()))
        }
    }
}

/// The message about runs with a copy of this object's mark.
pub(super) fn copies(view: &View) -> Option<String> {
    let ids: Vec<_> = view.copies_of_mine().iter().map(|remote| remote.id.to_string()).collect();
    (!ids.is_empty()).then(|| {
        format!(
            "{} carry a copy of this object's ownership mark: somebody cloned its job; they are left alone",
            ids.join(", ")
        )
    })
}

/// The step for an object that is being deleted, when nothing is in doubt.
pub(super) fn remove(view: &View) -> Step {
    let Some(id) = view.id() else { return without_strays(view).unwrap_or(Step::RemoveFinalizer) };
    match view.deletion_policy() {
        Deletion::Retain => Step::RemoveFinalizer,
        Deletion::Delete if view.object.paused => remove::paused(view, &format!("{id} is deleted")),
        Deletion::Delete => delete(view, id),
    }
}

/// Deletes the runs of all attempts, each once it has ended.
fn delete(view: &View, id: &RemoteId) -> Step {
    if !view.is_gone(id) && !view.observed.owned_is_fresh {
        return Step::Look(Look::Owned);
    }
    for attempt in view.attempt_ids() {
        // An adopted run is kept, as for other kinds, unless the spec says otherwise; the attempts after it are ours.
        if view.was_adopted(&attempt) && view.deletion.or(view.config.default_deletion) != Some(Deletion::Delete) {
            continue;
        }
        let remote = match view.observation(&attempt) {
            Some(Observation::Gone) => continue,
            Some(Observation::Read(remote) | Observation::Listed(remote)) => remote,
            None => return Step::Read(attempt),
        };
        let act = match view.ownership(remote) {
            Ownership::Mine { .. } | Ownership::Predecessor { .. } => true,
            // Users may edit the text: status is the proof.
            Ownership::Nobody => !view.was_adopted(&attempt),
            Ownership::Released | Ownership::Other | Ownership::Dead | Ownership::Forged => false,
        };
        match RunState::of(remote) {
            _ if !act => {}
            RunState::Deleted => {}
            RunState::Running if view.stop_reason().is_none() => return says_why(remote, StopReason::Deleted),
            RunState::Running if has_unknown_end(view, remote) => return Step::Delete(attempt),
            RunState::Running => return stop(view, remote),
            RunState::Succeeded | RunState::PartialFailed | RunState::Failed | RunState::Stopped => {
                return Step::Delete(attempt);
            }
        }
    }
    if let Some(step) = without_strays(view) {
        return step;
    }
    if view.is_gone(id) { remove::gone(view, id) } else { Step::RemoveFinalizer }
}

/// The step before the finalizer is removed while a run of a late attempt may exist.
fn without_strays(view: &View) -> Option<Step> {
    if !view.has_stray_attempts() {
        return None;
    }
    if view.object.paused {
        return Some(remove::paused(view, "its earlier attempts are looked for"));
    }
    if !view.observed.owned_is_fresh {
        return Some(Step::Look(Look::Owned));
    }
    surplus(view)
}
