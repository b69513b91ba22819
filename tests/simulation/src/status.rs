//! The status that users read: it only goes forwards, and uses only types and reasons of the closed lists.

use std::collections::BTreeMap;

use dataset_operator::api::condition::{ConditionType, Reason};
use serde_json::Value;

/// What is known of an object from its versions so far.
#[derive(Default)]
struct Last<'a> {
    observed: Option<i64>,
    conditions: Vec<&'a Value>,
    /// The newest transition of each type, also of those that are not there now.
    turns: BTreeMap<&'a str, &'a str>,
}

/// The first of these versions, in order, whose status is wrong. Version by version of each object: generations are observed
/// in order, and never one that does not exist yet; conditions have types and reasons of the closed lists, and `Ready` tells
/// of the observed generation; a transition time moves with its status, forwards, and never without it. `redelivered`: the
/// very first status may come again, as it has no earlier status whose values it could test, and with it its conditions.
pub(crate) fn wrong<'a>(versions: impl Iterator<Item = &'a Value>, redelivered: bool) -> Option<String> {
    let mut all: BTreeMap<&str, Last> = BTreeMap::new();
    for object in versions {
        let last = all.entry(text(&object["metadata"]["uid"])).or_default();
        let observed = object["status"]["observedGeneration"].as_i64().unwrap_or_default();
        let conditions: Vec<_> = object["status"]["conditions"].as_array().into_iter().flatten().collect();
        let is_again = redelivered && observed == 1;
        let mut wrong = (Some(observed) < last.observed && !is_again)
            .then(|| format!("from generation {:?} to {observed}", last.observed))
            .or_else(|| told(object, observed, &conditions));
        if !redelivered {
            wrong = wrong.or_else(|| turned(&conditions, last));
        }
        if let Some(wrong) = wrong {
            return Some(format!("{}: {wrong}", text(&object["metadata"]["name"])));
        }
        last.turns.extend(conditions.iter().map(|is| (text(&is["type"]), text(&is["lastTransitionTime"]))));
        (last.observed, last.conditions) = (Some(observed), conditions);
    }
    None
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn told(object: &Value, observed: i64, conditions: &[&Value]) -> Option<String> {
    if observed > object["metadata"]["generation"].as_i64().unwrap_or_default() {
        return Some(format!("observed is generation {observed}, which does not exist yet"));
    }
    let known = |is: &Value| {
        let (kind, reason) = (text(&is["type"]), text(&is["reason"]));
        // These two have no other reason than themselves.
        let itself = ["Drifted", "DuplicatesFound"].contains(&kind) && reason == kind;
        ConditionType::ALL.iter().any(|one| one.as_str() == kind)
            && (itself || Reason::ALL.iter().any(|one| one.as_str() == reason))
    };
    let of_another = |is: &Value| is["type"] == "Ready" && is["observedGeneration"] != observed;
    let wrong = conditions.iter().find(|is| !known(is) || of_another(is));
    wrong.map(|is| format!("generation {observed} has {is}"))
}

fn turned(conditions: &[&Value], last: &Last) -> Option<String> {
    let wrong = |is: &&Value| {
        let now = text(&is["lastTransitionTime"]);
        let back = last.turns.get(text(&is["type"])).is_some_and(|then| now < *then);
        let was = last.conditions.iter().find(|was| was["type"] == is["type"]);
        // Times are whole seconds: an equal time proves nothing.
        back || was
            .is_some_and(|was| was["status"] == is["status"] && was["lastTransitionTime"] != is["lastTransitionTime"])
    };
    conditions.iter().copied().find(wrong).map(|is| format!("the transition of {is}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ready(status: &str, second: u8) -> Value {
        json!({"type": "Ready", "status": status, "reason": "Available", "observedGeneration": 1,
               "lastTransitionTime": format!("2026-01-01T00:00:{second:02}Z")})
    }

    fn version(observed: i64, conditions: &[Value]) -> Value {
        json!({"metadata": {"uid": "u", "name": "one", "generation": 1},
               "status": {"observedGeneration": observed, "conditions": conditions}})
    }

    fn is_wrong(versions: &[Value]) -> bool {
        wrong(versions.iter(), false).is_some()
    }

    #[test]
    fn a_status_goes_forwards_and_says_what_it_may() {
        let of = |condition| version(1, &[condition]);
        assert!(!is_wrong(&[version(-1, &[]), of(ready("False", 1)), of(ready("True", 2)), of(ready("True", 2))]));
        for bad in [
            vec![of(ready("True", 1)), version(0, &[])],
            vec![version(2, &[])],
            vec![of(ready("False", 1)), of(ready("False", 2))],
            vec![of(ready("False", 2)), version(1, &[]), of(ready("True", 1))],
            vec![of(json!({"type": "Fine", "reason": "Available"}))],
            vec![of(json!({"type": "Stalled", "reason": "Bored"}))],
            vec![version(0, &[ready("True", 1)])],
        ] {
            assert!(is_wrong(&bad), "{bad:?}");
        }
        let again = [of(ready("False", 2)), of(ready("False", 1))];
        assert!(is_wrong(&again) && wrong(again.iter(), true).is_none(), "the first status may come again");
    }
}
