//! Messages under way: requests to the service, and a write to an object whose sender no longer waits.

use dataset_operator::cloud::ErrorClass;

use super::{Model, has, spend};
use crate::actor::Actor;
use crate::faults::{Action, Fault};
use crate::service::{self, Answer};
use crate::store;
use crate::world::{Call, Kin, Message, State, Wire};

pub(super) fn list(state: &State, actions: &mut Vec<Action>) {
    for (at, message) in (0..).zip(state.under_way()) {
        actions.push(Action::Arrive(at));
        if message.waits.is_none() {
            actions.push(Action::Vanish(at));
            continue;
        }
        for fault in [
            Fault::Loss,
            Fault::LostAnswer,
            Fault::Late,
            Fault::Unsent,
            Fault::Duplicate,
            Fault::Replay,
            Fault::Refused,
            Fault::WrongAnswer,
        ] {
            if has(state, fault) {
                actions.push(Action::Wire(at, fault));
            }
        }
    }
    if state.straggler.is_some() {
        actions.extend([Action::Straggle, Action::StragglerVanishes]);
    }
}

pub(super) fn arrive(model: &Model, state: &mut State, at: u8) -> Option<()> {
    let message = state.messages[usize::from(at)].take()?;
    let answer = service::execute(state, &message, model.scenario.unique_names);
    deliver(model, state, &message, answer);
    Some(())
}

/// A fault meets a request.
pub(super) fn fail(model: &Model, state: &mut State, at: u8, fault: Fault) -> Option<()> {
    spend(state, fault)?;
    let place = &mut state.messages[usize::from(at)];
    let message = place.take()?;
    let creates = matches!(message.call, Call::Create(_));
    let answer = match fault {
        Fault::Loss => Err(ErrorClass::Ambiguous),
        Fault::LostAnswer => {
            let _ = service::execute(state, &message, model.scenario.unique_names);
            Err(ErrorClass::Ambiguous)
        }
        Fault::Late => {
            *place = Some(Message { waits: None, ..message });
            Err(ErrorClass::Ambiguous)
        }
        Fault::Replay => {
            *place = Some(Message { waits: None, wire: Wire::Unbounded, ..message });
            Err(ErrorClass::Ambiguous)
        }
        Fault::Duplicate => {
            *place = Some(Message { waits: None, wire: Wire::Unbounded, ..message });
            service::execute(state, &message, model.scenario.unique_names)
        }
        Fault::WrongAnswer if creates => {
            let others: Vec<_> = state.living().map(|(id, _)| id).collect();
            let Ok(_) = service::execute(state, &message, model.scenario.unique_names) else {
                return None;
            };
            Ok(*others.first()?)
        }
        Fault::Unsent if creates => Err(ErrorClass::Transient),
        Fault::Refused if creates || (matches!(message.call, Call::Delete(_)) && state.kin == Kin::Doomed) => {
            Err(ErrorClass::Refused)
        }
        _ => return None,
    };
    deliver(model, state, &message, answer);
    Some(())
}

fn deliver(model: &Model, state: &mut State, message: &Message, answer: Answer) {
    if let Some((process, slot)) = message.waits {
        Actor { model, state, process, slot }.answered(&message.call, answer);
    }
}

pub(super) fn straggle(model: &Model, state: &mut State) -> Option<()> {
    let straggler = state.straggler.take()?;
    let _ = store::store(&model.oracle, state, straggler.slot, &straggler.write);
    Some(())
}
