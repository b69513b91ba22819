//! At rest the remote is as the spec says, member by member, and carries the labels of the spec, ours and those of others,
//! and no other label.

use std::collections::BTreeMap;

use serde_json::Value;

/// Members of a spec that tell the operator what to do and are not members of the remote.
const ORDERS: [&str; 6] =
    ["datasetRef", "adoption", "deletionPolicy", "onExternalDeletion", "deleteForeignVersions", "sharingConfig"];

/// Members of a Dataset that its v1 has at the service.
const FIRST: [&str; 4] = ["dataSize", "dataCount", "datasetTaskRamRole", "userMetricsEndpoints"];

/// Labels by key.
pub(crate) type Labels = BTreeMap<String, String>;

/// The first difference between a spec and its remote. `theirs`: labels that others have set and that nobody removed.
pub(crate) fn unlike(spec: &Value, remote: &Value, theirs: Option<&Labels>) -> Option<String> {
    let first = &remote["Versions"][0];
    let mut wanted: Vec<_> = spec.as_object()?.iter().filter(|(key, _)| !ORDERS.contains(&key.as_str())).collect();
    wanted.retain(|(key, _)| !key.ends_with("abels"));
    for (key, value) in wanted {
        let is = match key.as_str() {
            "versionDescription" => &first["Description"],
            // Members of a Dataset that are those of its v1.
            _ if FIRST.contains(&key.as_str()) && remote.get("Versions").is_some() => &first[pascal(key)],
            _ => &remote[pascal(key)],
        };
        if *is != spelt(value) {
            return Some(format!("{key} is {value}, and of the remote {is}"));
        }
    }
    let mut expected = theirs.cloned().unwrap_or_default();
    expected.extend(labels(&spec["labels"]));
    let (held, of_first) = (labels(&remote["Labels"]), labels(&first["Labels"]));
    if held != expected {
        return Some(format!("its labels are {held:?}, not {expected:?}"));
    }
    let expected = labels(&spec["versionLabels"]);
    (of_first != expected).then(|| format!("labels of v1 are {of_first:?}, not {expected:?}"))
}

/// A value with the member names of the service.
fn spelt(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(key, value)| (pascal(key), spelt(value))).collect(),
        Value::Array(items) => items.iter().map(spelt).collect(),
        other => other.clone(),
    }
}

fn pascal(key: &str) -> String {
    let mut letters = key.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// Labels of either spelling, marks left out.
pub(crate) fn labels(list: &Value) -> Labels {
    let text =
        |label: &Value, lower: &str| label[lower].as_str().or_else(|| label[pascal(lower)].as_str()).map(str::to_owned);
    let all = list.as_array().into_iter().flatten();
    let pairs = all.filter_map(|label| Some((text(label, "key")?, text(label, "value")?)));
    pairs.filter(|(key, _)| !key.starts_with("dso-")).collect()
}
