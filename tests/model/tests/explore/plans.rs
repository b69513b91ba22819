//! Plans with a bug on purpose: `plan` with one step changed.

#![allow(clippy::wildcard_enum_match_arm, reason = "one step is changed, whatever the others are")]

use dataset_operator::plan::create_state::CreateState;
use dataset_operator::plan::report::Next;
use dataset_operator::plan::view::View;
use dataset_operator::plan::{Flight, Step, plan};
use dataset_operator::remote::mark::Origin;

/// Sends without having stored finalizer and intent.
pub(super) fn without_a_claim(view: &View) -> Step {
    match plan(view) {
        Step::Claim(intent, Some(Flight::Create { nonce, .. })) if view.observed.flight.is_none() => {
            let mut claimed = view.clone();
            claimed.observed.flight = Some(Flight::Create { nonce, landed: None });
            drop(intent);
            plan(&claimed)
        }
        step => step,
    }
}

/// Does not wait for the settle time.
pub(super) fn impatient(view: &View) -> Step {
    match plan(view) {
        Step::Report(report) if view.state.lists > 0 && report.next != Next::Event => {
            let waits = matches!(view.create_state(), CreateState::Uncertain);
            if waits && view.observed.absence_counts { Step::Resolve } else { Step::Report(report) }
        }
        step => step,
    }
}

/// Deletes the recorded remote without checking the owner.
pub(super) fn ruthless(view: &View) -> Step {
    match (plan(view), view.id()) {
        (Step::RemoveFinalizer, Some(id)) if view.recorded.origin == Some(Origin::Created) => {
            match view.observation(id) {
                Some(sight) if sight.remote().is_some() => Step::Delete(id.clone()),
                _ => Step::RemoveFinalizer,
            }
        }
        (step, _) => step,
    }
}
