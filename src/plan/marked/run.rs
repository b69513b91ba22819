//! Runs: remotes that work for a while and end, such as jobs. One object makes one remote for each attempt, and what has
//! ended is final. How a run is stopped and deleted is in `run_end`.
//!
//! Claims, marks, doubts and records are those of all kinds. Rules: section 12.

use std::sync::Arc;

use super::attempt::{create, empty_intent};
use super::create::{adopt, forged, take};
use super::ends::{end, unwritable, working};
use super::keep::{immutable_changed, moved, ownership};
use super::known::{fixed_conflicts, not_found};
use super::record::record;
use super::run_end::{copies, says_why, stop, strays, strays_next};
use crate::api::{Reason, StopReason};
use crate::plan::desired::Desired;
use crate::plan::edit::Edit;
use crate::plan::intent::Intent;
use crate::plan::report::{Next, Ready, Report};
use crate::plan::run::{Run, RunReport, RunState, running};
use crate::plan::step::{Look, Step};
use crate::plan::view::{Observation, View};
use crate::remote::Remote;
use crate::remote::carrier::Unwritable;
use crate::remote::id::RemoteId;
use crate::remote::mark::Ownership;

/// The step for an object that is being made: its own run, one that an earlier object made of the same spec, or a new one.
pub(super) fn make(view: &View, desired: &Desired) -> Step {
    if let Some(id) = &desired.adopt {
        return adopt(view, desired, id);
    }
    if view.target().as_ref() != Some(&desired.target) {
        // Lists are of the dataset in the intent, and the spec names another one by now.
        let own = view.object.intent.own().cloned().or_else(|| empty_intent(view));
        return match own {
            Some(intent) => Step::Claim(Box::new(Intent { target: desired.target.clone(), ..intent }), None),
            None => working(Reason::InternalError, "no target is known", Next::Backoff),
        };
    }
    if !view.observed.swept {
        return Step::Look(Look::Sweep);
    }
    if let Some((nonce, remote)) = view.mine_elsewhere().first() {
        return record(view, remote, nonce, true);
    }
    if let Some(remote) = view.observed.owned.iter().find(|remote| view.ownership(remote) == Ownership::Forged) {
        return forged(view, remote);
    }
    match to_take(view, desired) {
        Some(remote) => match view.observation(&remote.id) {
            Some(Observation::Read(read)) => take(view, desired, read),
            Some(Observation::Listed(_) | Observation::Gone) | None => Step::Read(remote.id.clone()),
        },
        None => create(view, desired),
    }
}

/// The newest run that an earlier object of this name made of the same spec, and that goes on or ended well (12.4).
fn to_take(view: &View, desired: &Desired) -> Option<Arc<Remote>> {
    let accepts_partial = desired.run.as_ref().is_some_and(|run| run.accepts_partial);
    let good = |remote: &Remote| match RunState::of(remote) {
        RunState::Running | RunState::Succeeded => true,
        RunState::PartialFailed => accepts_partial,
        RunState::Failed | RunState::Stopped | RunState::Deleted => false,
    };
    let takes = |remote: &&Arc<Remote>| {
        // A read is newer than the list.
        let now = match view.observation(&remote.id) {
            Some(Observation::Gone) => return false,
            Some(Observation::Read(read)) => read,
            Some(Observation::Listed(_)) | None => *remote,
        };
        let earlier = matches!(view.ownership(now), Ownership::Predecessor { .. } | Ownership::Released);
        earlier && good(now) && now.mark.as_ref().is_some_and(|mark| mark.is_of_spec(&desired.hash()))
    };
    let time = |remote: &&Arc<Remote>| remote.fields.get("CreateTime").map(ToString::to_string);
    view.observed.owned.iter().filter(takes).max_by_key(time).cloned()
}

/// The step for an object with a recorded run.
pub(super) fn keep(view: &View, id: &RemoteId) -> Step {
    if let Some(report) = final_report(view) {
        return ended_before(view, id, report);
    }
    let desired = match &view.desired {
        Ok(desired) => desired,
        Err(hold) => return end(hold.clone()),
    };
    let Some(run) = &desired.run else {
        return working(Reason::InternalError, "the spec says nothing of the run", Next::Backoff);
    };
    if moved(desired, id) {
        return lost(view, id, format!("{id} is lost: its Dataset stands for another dataset now"));
    }
    let asked = view.object.requested.is_some() && view.object.requested != view.recorded.handled;
    let remote = match view.observation(id) {
        Some(Observation::Gone) => return gone(view, id),
        Some(Observation::Read(remote)) => remote,
        Some(Observation::Listed(remote)) if !asked => remote,
        Some(Observation::Listed(_)) | None if view.observed.swept => return Step::Read(id.clone()),
        Some(Observation::Listed(_)) | None => return Step::Look(Look::Sweep),
    };
    if let Some(step) = ownership(view, remote) {
        return step;
    }
    match RunState::of(remote) {
        RunState::Running => goes_on(view, desired, run, remote),
        RunState::Deleted => lost(view, id, deleted(id)),
        // The logs come with a read alone.
        _ if !matches!(view.observation(id), Some(Observation::Read(_))) => Step::Read(id.clone()),
        RunState::Failed if tries_again(view, run) => next_attempt(view, desired),
        state @ (RunState::Succeeded | RunState::PartialFailed | RunState::Failed | RunState::Stopped) => {
            match description(view, desired, remote) {
                Ok(None) => ended(view, run, state, remote),
                Ok(Some(edit)) => Step::Edit(Box::new(edit)),
                Err(why) => unwritable(view, &why),
            }
        }
    }
}

/// The change that gives a run the description that the spec wants; nothing else of it can change.
fn description(view: &View, desired: &Desired, remote: &Remote) -> Result<Option<Edit>, Unwritable> {
    (view.profile.compare)(view, desired, remote).map(|comparison| comparison.edits.into_iter().next())
}

fn tries_again(view: &View, run: &Run) -> bool {
    let attempts = u32::try_from(view.attempts().len()).unwrap_or(u32::MAX);
    attempts <= run.backoff_limit
        && view.time_left(run).is_none_or(|left| !left.is_zero())
        && view.stop_reason().is_none()
        && !run.dataset_leaves
}

/// The attempt after one that failed. It may exist although status and intent do not name it: they may have been put back
/// to an older state.
fn next_attempt(view: &View, desired: &Desired) -> Step {
    if !view.observed.swept {
        return Step::Look(Look::Sweep);
    }
    if let Some((nonce, remote)) = view.mine_elsewhere().first() {
        return record(view, remote, nonce, true);
    }
    let conflicts = fixed_conflicts(view, desired);
    if conflicts.is_empty() { create(view, desired) } else { immutable_changed(view, &conflicts) }
}

/// A run that goes on: it is stopped at its deadline; its description can change.
fn goes_on(view: &View, desired: &Desired, run: &Run, remote: &Arc<Remote>) -> Step {
    if view.stop_reason().is_some() {
        return stop(view, remote);
    }
    let left = view.time_left(run);
    if left.is_some_and(|left| left.is_zero()) {
        return says_why(remote, StopReason::DeadlineExceeded);
    }
    if let Some(step) = strays(view) {
        return step;
    }
    let next = left.map_or(Next::Event, Next::After);
    let conflicts = fixed_conflicts(view, desired);
    if !conflicts.is_empty() {
        let Step::Report(report) = immutable_changed(view, &conflicts) else { return Step::Ignore };
        return Step::Report(Box::new(Report { next, run: running(remote).run, ..*report }));
    }
    match description(view, desired, remote) {
        Ok(Some(edit)) => Step::Edit(Box::new(edit)),
        Ok(None) => Step::Report(Box::new(Report { next, duplicates: copies(view), ..running(remote) })),
        Err(why) => unwritable(view, &why),
    }
}

/// A run has ended and no attempt follows.
fn ended(view: &View, run: &Run, state: RunState, remote: &Remote) -> Step {
    let id = &remote.id;
    let number = view.attempts().len();
    let complete = |message| last(view, id, Ready::Available(message), RunReport::Complete);
    let failed = |reason, message| last(view, id, Ready::Stuck(reason, message), RunReport::Failed);
    let which = if number > 1 { format!("{id}, attempt {number},") } else { id.to_string() };
    let last = remote.fields.get("Logs").and_then(|logs| logs.as_array()?.last()?.as_str().map(str::to_owned));
    let last = last.map(|line| format!("; the last line of its log: {line}")).unwrap_or_default();
    let over_time = view.time_left(run).is_some_and(|left| left.is_zero());
    match state {
        RunState::Succeeded => complete(format!("{id} has succeeded")),
        RunState::PartialFailed if run.accepts_partial => {
            complete(format!("{id} has ended, and partialFailure accepts that it failed for some files"))
        }
        RunState::PartialFailed => {
            let count = |name: &str| remote.fields.get(name).and_then(serde_json::Value::as_u64).unwrap_or_default();
            let (bad, total) = (count("FailedFileCount"), count("TotalFileCount"));
            failed(Reason::PartialFailed, format!("{which} failed for {bad} of {total} files{last}"))
        }
        RunState::Stopped if view.stop_reason() == Some(StopReason::DeadlineExceeded) => failed(
            Reason::JobDeadlineExceeded,
            format!("{which} was stopped, as activeDeadlineSeconds were over{last}"),
        ),
        RunState::Stopped => failed(Reason::JobStopped, format!("{which} was stopped outside Kubernetes{last}")),
        RunState::Failed if over_time => {
            failed(Reason::JobDeadlineExceeded, format!("{which} failed, and activeDeadlineSeconds are over{last}"))
        }
        RunState::Failed => {
            failed(Reason::JobFailed, format!("{which} failed, and backoffLimit allows no further attempt{last}"))
        }
        RunState::Running | RunState::Deleted => lost(view, id, deleted(id)),
    }
}

/// The run is lost for good.
fn lost(view: &View, id: &RemoteId, message: String) -> Step {
    last(view, id, Ready::Stuck(Reason::JobLost, message), RunReport::Failed)
}

fn deleted(id: &RemoteId) -> String {
    format!("{id} was deleted outside Kubernetes before it ended")
}

/// The report about the end, after which nothing is done any more but for what late attempts made.
fn last(view: &View, id: &RemoteId, ready: Ready, report: RunReport) -> Step {
    let report =
        Report { run: Some((id.clone(), report)), duplicates: copies(view), ..Report::new(ready, strays_next(view)) };
    Step::Report(Box::new(report))
}

/// The recorded run was not found.
fn gone(view: &View, id: &RemoteId) -> Step {
    if !view.observed.swept {
        return Step::Look(Look::Sweep);
    }
    if !view.known_gone(id) {
        return not_found(view, id);
    }
    lost(view, id, deleted(id))
}

/// The report of a run that ended for good, as status holds it.
fn final_report(view: &View) -> Option<Report> {
    let held = |kind: &str| view.recorded.condition(kind).filter(|condition| condition.status == "True");
    let (ready, run) = match (held("Complete"), held("Failed")) {
        (Some(complete), _) => (Ready::Available(complete.message.clone()), RunReport::Complete),
        (None, Some(failed)) => {
            let reason = Reason::ALL.iter().find(|reason| reason.as_str() == failed.reason);
            let reason = reason.copied().unwrap_or(Reason::JobFailed);
            (Ready::Stuck(reason, failed.message.clone()), RunReport::Failed)
        }
        (None, None) => return None,
    };
    let id = view.id()?.clone();
    Some(Report { run: Some((id, run)), ..Report::new(ready, Next::Event) })
}

/// A run that ended for good: nothing is asked of it any more, but its description follows the spec.
fn ended_before(view: &View, id: &RemoteId, report: Report) -> Step {
    if let Some(step) = strays(view) {
        return step;
    }
    // If status says something else, such as an error of a call, that call is made again.
    let reason = match &report.ready {
        Ready::Stuck(reason, _) => *reason,
        Ready::Available(_) | Ready::Working(..) | Ready::Paused(_) | Ready::PausedReady(_) => Reason::Available,
    };
    let told = view.recorded.condition("Ready").is_none_or(|ready| ready.reason == reason.as_str());
    let current = view.recorded.observed_generation == view.object.generation && told;
    let changed = !current && !view.object.paused;
    if let Some(desired) = view.desired.as_ref().ok().filter(|_| changed) {
        match view.observation(id) {
            Some(Observation::Read(remote)) if ownership(view, remote).is_none() => {
                match description(view, desired, remote) {
                    Ok(Some(edit)) => return Step::Edit(Box::new(edit)),
                    Ok(None) => {}
                    Err(why) => return unwritable(view, &why),
                }
            }
            Some(Observation::Read(_) | Observation::Gone) => {}
            Some(Observation::Listed(_)) | None => return Step::Read(id.clone()),
        }
    }
    Step::Report(Box::new(Report { next: strays_next(view), duplicates: copies(view), ..report }))
}

/// A paused object: what has ended stays so; a run that goes on is not followed meanwhile, nor stopped or tried again.
pub(super) fn paused(view: &View) -> Step {
    if let Some(report) = final_report(view) {
        return Step::Report(Box::new(report));
    }
    let unclear = view.object.pause_note();
    let message = format!(
        "paused: the job is neither followed nor stopped nor tried again; remove the annotation \
         dataset-operator.dev/paused{unclear}"
    );
    Step::Report(Box::new(Report::new(Ready::Paused(message), Next::Event)))
}
