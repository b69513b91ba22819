//! Knobs merge by name, and the documentation lists them all.

use super::*;
use serde_json::json;

fn merge(change: Value) -> Result<Knobs, KnobError> {
    Knobs::default().merged(serde_json::from_value(change).unwrap())
}

#[test]
fn a_change_touches_only_what_it_names() {
    let knobs = merge(json!({"latencyMs": 50, "nameScope": "none"})).unwrap();
    let expected = Knobs { latency_ms: 50, name_scope: NameScope::None, ..Knobs::default() };
    assert_eq!(knobs, expected);
}

#[test]
fn unknown_names_and_wrong_types_are_refused() {
    let unknown = merge(json!({"latency": 50})).unwrap_err().to_string();
    assert!(unknown.contains("latency"), "{unknown}");
    assert!(merge(json!({"latencyMs": "soon"})).is_err());
    assert!(merge(json!({"nameScope": "galaxy"})).is_err());
}

#[test]
fn workspaces_are_open_unless_listed() {
    let open = Knobs::default();
    assert!(open.knows_workspace("478") && !open.knows_workspace("abc") && !open.knows_workspace(""));
    let closed = merge(json!({"workspaces": "478, 479"})).unwrap();
    assert!(closed.knows_workspace("479") && !closed.knows_workspace("480"));
}

/// The page promises to list every knob with its default.
#[test]
fn the_documentation_lists_every_knob_with_its_default() {
    let page = include_str!("../../../docs/emulator.md");
    let Value::Object(knobs) = serde_json::to_value(Knobs::default()).unwrap() else { unreachable!() };
    for (name, default) in knobs {
        let shown = default.as_str().map_or_else(|| default.to_string(), ToOwned::to_owned);
        let shown = if shown.is_empty() { "empty".to_owned() } else { format!("`{shown}`") };
        let row = format!("| `{name}` | {shown} |");
        assert!(page.contains(&row), "docs/emulator.md lacks the row {row}");
    }
}
