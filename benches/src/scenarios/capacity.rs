//! S0: the emulator alone, by its own program: it must carry many times what any candidate may ask of it.

use std::process::Stdio;

use serde_json::Value;
use testbed::{Context as _, Error, Result};
use tokio::process::Command;

use super::Outcome;
use crate::record::Figures;
use crate::rig::Rig;

pub(super) async fn run(rig: &Rig, figures: &mut Figures) -> Result<Outcome> {
    let (program, emulator) = (rig.programs.path("capacity")?, rig.programs.path("pai-emulator")?);
    let command = Command::new(program).arg(emulator).stdin(Stdio::null()).kill_on_drop(true).output();
    let output = command.await.context("running capacity")?;
    if !output.status.success() {
        return Err(Error::new(format!("capacity ended, {}", output.status)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    flatten("", &serde_json::from_str(last).context("reading what capacity said")?, figures);
    Ok(Outcome::of(true))
}

/// Numbers by their path: `{"get":{"perSecond":1}}` is `get.perSecond`.
fn flatten(path: &str, value: &Value, figures: &mut Figures) {
    let under = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    if let Value::Object(members) = value {
        for (name, member) in members {
            flatten(&under(name), member, figures);
        }
    } else if let Some(number) = value.as_f64() {
        figures.insert(path.to_owned(), number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_their_path() {
        let mut figures = Figures::new();
        flatten("", &serde_json::json!({"get": {"perSecond": 1, "x": "y"}, "rssMiB": 2.5}), &mut figures);
        let expected = [("get.perSecond", 1.0), ("rssMiB", 2.5)].map(|(name, value)| (name.to_owned(), value));
        assert_eq!(figures, Figures::from(expected));
    }
}
