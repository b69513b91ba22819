//! A trace as a text that can be kept: the names of its actions, one a line. After a bug is fixed, its counterexample
//! stays as such a file in `tests/model/replays`, and every test run steps through it again.

use crate::faults::Action;
use crate::model::Model;
use crate::world::State;

/// Actions, and the state after each.
pub type Way = Vec<(Action, State)>;

/// The actions of a trace.
#[must_use]
pub fn written(way: &[(Action, State)]) -> String {
    way.iter().fold(String::new(), |text, (action, _)| format!("{text}{action:?}\n"))
}

/// Steps through the actions that a text names, from the beginning of the scenario. Lines that begin with `#` are
/// comments. If production does nothing in a step now, the step changes nothing and is left out of the trace.
///
/// # Errors
///
/// Names the first action that is not possible, after the trace up to there.
pub fn replay(model: &Model, text: &str) -> Result<Way, (Way, String)> {
    let (mut state, mut way) = (model.start(), Way::new());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut actions = Vec::new();
        model.list(&state, &mut actions);
        let Some(action) = actions.into_iter().find(|action| format!("{action:?}") == line) else {
            return Err((way, line.to_owned()));
        };
        let Some(after) = model.apply(&state, &action) else { continue };
        way.push((action, after.clone()));
        state = after;
    }
    Ok(way)
}
