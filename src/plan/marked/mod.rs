//! The plan for remotes that carry our mark. The service makes their ids; what differs for those that are known by their
//! names is in `keyed`.
//!
//! The reconcile asks again after each step, with its result in the view, until the answer is an ending
//! ([`Step::Report`], [`Step::RemoveFinalizer`] or [`Step::Ignore`]). Rule numbers in comments are those of
//! `docs/protocol.md`.

pub mod attempt;
mod create;
mod ends;
mod keep;
mod keyed;
mod known;
mod owner;
mod record;
mod remove;
mod run;
mod run_end;
mod surplus;
mod uncertain;
pub mod unmarked;

use attempt::empty_intent;
use ends::end;
use known::fixed_conflicts;

use crate::plan::create_state::CreateState;
use crate::plan::report::{Next, Ready, Report};
use crate::plan::step::Step;
use crate::plan::view::{Observation, View};

/// Decides the next step.
#[must_use]
pub fn plan(view: &View) -> Step {
    let step = decide(view);
    let replaced = if let Step::Edit(edit) = &step { edit.replaces.clone() } else { None };
    match replaced {
        Some(id) if !matches!(view.observation(&id), Some(Observation::Read(_))) => Step::Read(id),
        Some(_) | None => step,
    }
}

fn decide(view: &View) -> Step {
    if view.object.deleting {
        return remove::remove(view);
    }
    if view.object.paused && view.observed.flight.is_none() {
        return if view.profile.runs { run::paused(view) } else { paused(view) };
    }
    match view.create_state() {
        CreateState::InFlight => create::in_flight(view),
        CreateState::Uncertain => uncertain::doubt(view),
        CreateState::Recorded(id) if view.profile.runs => repair(view).unwrap_or_else(|| run::keep(view, &id)),
        CreateState::Recorded(id) if view.profile.is_unmarked() => {
            repair(view).unwrap_or_else(|| unmarked::keep(view, &id))
        }
        CreateState::Recorded(id) => repair(view).unwrap_or_else(|| keep::keep(view, &id)),
        CreateState::NotCreated => match &view.desired {
            Ok(desired) => match desired.target.key() {
                Some(key) => keyed::make(view, desired, &key),
                None if view.profile.runs => run::make(view, desired),
                None if view.profile.is_unmarked() => unmarked::make(view, desired),
                None => create::make(view, desired),
            },
            Err(hold) => end(hold.clone()),
        },
    }
}

/// A finalizer or intent that somebody removed is put back before anything else (3.2).
fn repair(view: &View) -> Option<Step> {
    if view.desired.as_ref().is_ok_and(|desired| desired.bind) {
        return None;
    }
    let intent = view.object.intent.own();
    if view.object.finalizer && intent.is_some() {
        return None;
    }
    let intent = intent.cloned().or_else(|| empty_intent(view))?;
    Some(Step::Claim(Box::new(intent), None))
}

/// A paused object sends nothing to the cloud; its report says whether the spec is carried out.
fn paused(view: &View) -> Step {
    let mut normalised = None;
    let differs = match (view.id(), &view.desired) {
        (Some(id), Ok(desired)) => match view.observation(id).and_then(Observation::remote) {
            Some(remote) => {
                let comparison = (view.profile.compare)(view, desired, remote);
                normalised = comparison.as_ref().ok().and_then(keep::normalised);
                comparison.map_or(true, |comparison| !comparison.edits.is_empty())
                    || !fixed_conflicts(view, desired).is_empty()
            }
            None => !view.recorded.carried_out(view.object.generation),
        },
        _ => true,
    };
    let unclear = view.object.pause_note();
    let ready = if differs {
        Ready::Paused(format!(
            "paused: the spec is not carried out; remove the annotation dataset-operator.dev/paused{unclear}"
        ))
    } else {
        Ready::PausedReady(format!("the cloud dataset equals the spec; paused{unclear}"))
    };
    Step::Report(Box::new(Report { normalised, ..Report::new(ready, Next::Event) }))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
pub(crate) mod tests;

#[cfg(test)]
#[path = "cases_tests.rs"]
pub(crate) mod cases;

#[cfg(test)]
#[path = "owner_tests.rs"]
mod owners;

#[cfg(test)]
#[path = "keyed_tests.rs"]
mod keys;
#[cfg(test)]
#[path = "rules_tests.rs"]
mod rules;
#[cfg(test)]
#[path = "run_tests.rs"]
mod runs;
#[cfg(test)]
#[path = "text_tests.rs"]
mod texts;
#[cfg(test)]
#[path = "unmarked_tests.rs"]
mod unmarked_remotes;
