//! Prints a trace: in words for people, and as the list of actions from which a person can write a story.

use std::fmt::Write as _;

use crate::answer::Do;
use crate::faults::{Action, Fate};
use crate::look;
use crate::model::Model;
use crate::replay;
use crate::words;
use crate::world::{Call, Object, Pass, Sight, State, Told, each};

/// A trace under its title.
#[must_use]
pub fn trace(model: &Model, title: &str, way: &[(Action, crate::world::State)]) -> String {
    let mut text = format!("{title}, after {} steps of scenario {:?}:\n", way.len(), model.scenario.name);
    let mut before = model.start();
    for (at, (action, after)) in way.iter().enumerate() {
        let _ = writeln!(text, "  {:>3}. {}", at + 1, step(model, &before, action));
        before = after.clone();
    }
    text.push_str(&state("  then", &before));
    let _ = writeln!(text, "  as actions:\n{}", replay::written(way));
    let story = story(model, way);
    let _ = writeln!(text, "  as a story:\n{story}");
    text
}

/// One step in words.
#[must_use]
pub fn step(model: &Model, state: &State, action: &Action) -> String {
    match action {
        Action::Step(process, slot, fate) => {
            let name = words::name(slot + 1);
            let fate = match fate {
                Fate::Well => "",
                Fate::Unanswered => " (stored, but the answer is lost)",
                Fate::Lost => " (the write is lost)",
                Fate::Late => " (given up; the write arrives later)",
            };
            format!("operator {process}, object {name}: {:?}{fate}", next(model, state, *process, *slot))
        }
        Action::Arrive(at) | Action::Vanish(at) | Action::Wire(at, _) => {
            let call = state.messages[usize::from(*at)].map(|message| message.call);
            format!("{action:?}: {}", call.map(|call| in_words(&call)).unwrap_or_default())
        }
        other => format!("{other:?}"),
    }
}

/// What `plan` answers to this slot of this process now.
#[must_use]
pub fn next(model: &Model, state: &State, process: u8, slot: u8) -> Option<Do> {
    let desk = &state.processes[usize::from(process)].desks[usize::from(slot)];
    let pass = desk.pass.or(desk.shown.map(Pass::new))?;
    let (question, _) = look::question(model, state, (process, slot), &pass);
    Some(model.oracle.ask(&question))
}

fn in_words(call: &Call) -> String {
    match call {
        Call::Create(look) => format!("Create {:?}", look.mark.map(|mark| words::nonce(mark.nonce))),
        other => format!("{other:?}"),
    }
}

/// A state in words.
#[must_use]
pub fn state(title: &str, state: &State) -> String {
    let mut text = format!("{title}:\n");
    for (slot, object) in (1..).zip(&state.objects) {
        let _ = writeln!(
            text,
            "      object {}: {}",
            words::name(slot),
            object.as_ref().map_or_else(|| "gone".to_owned(), plain)
        );
    }
    for (id, remote) in each(&state.remotes) {
        let _ = writeln!(text, "      remote {id}: {:?}, made by {}, {:?}", remote.life, remote.maker, remote.look);
    }
    for message in state.under_way() {
        let _ = writeln!(text, "      under way: {message:?}");
    }
    for (number, process) in state.processes.iter().enumerate() {
        let _ = writeln!(
            text,
            "      operator {number}: swept {}, gone {:b}, rows {:?}",
            process.swept,
            process.gone,
            process.rows.iter().flatten().collect::<Vec<_>>()
        );
        for desk in &process.desks {
            let pass = desk.pass.map(|pass| {
                let sights: Vec<_> = pass.sights.iter().filter(|sight| **sight != Sight::Unknown).collect();
                format!(
                    "generation {}, awaits {:?}, flight {:?}, in hand {}, sights {sights:?}",
                    pass.object.generation, pass.awaits, pass.flight, pass.in_hand
                )
            });
            let _ = writeln!(text, "        memory {}, written {}, pass {pass:?}", desk.memory, desk.written);
        }
    }
    text
}

fn plain(object: &Object) -> String {
    let told = match object.status.told {
        Told::Working(number) => format!("Working({})", words::reason(number)),
        Told::Stuck(number) => format!("Stuck({})", words::reason(number)),
        other => format!("{other:?}"),
    };
    format!("{told} {object:?}")
}

/// The trace as the steps of a story: what people and faults do, and where the operator stands then. `after X` is a
/// value of `DATASET_OPERATOR_CRASH`.
#[must_use]
pub fn story(model: &Model, way: &[(Action, State)]) -> String {
    let mut text = String::new();
    let mut before = model.start();
    let mut last = None;
    for (action, after) in way {
        match action {
            Action::Step(process, slot, fate) => {
                let answer = next(model, &before, *process, *slot).map(|answer| format!("{answer:?}"));
                let name: String = answer.unwrap_or_default().chars().take_while(char::is_ascii_alphabetic).collect();
                let name = if name == "Update" { "Change".to_owned() } else { name };
                if *fate != Fate::Well {
                    let _ = writeln!(text, "    apiserver: {fate:?} at {name}");
                }
                last = Some(name);
            }
            Action::Crash(_) => {
                let point = last.take().unwrap_or_else(|| "start".to_owned());
                let _ = writeln!(text, "    DATASET_OPERATOR_CRASH=\"after {point}\"");
            }
            Action::Arrive(_) | Action::Catch(_) | Action::Watch(..) | Action::Vanish(_) => {}
            other => {
                let point = last.as_deref().map(|point| format!(" (after {point})")).unwrap_or_default();
                let _ = writeln!(text, "    {}{point}", step(model, &before, other));
            }
        }
        before = after.clone();
    }
    text
}
