//! Reads `cases.yaml`: objects, and their result at admission. The local checker (`admission.rs`) and the tests against
//! a real apiserver (`apiserver.rs`) use it.

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// One write and its fate.
#[derive(Debug)]
pub(crate) struct Case {
    /// Unique.
    pub(crate) name: String,
    /// `Dataset`, another kind with a remote, `ProviderConfig` or `ClusterProviderConfig`.
    pub(crate) kind: String,
    /// The stored object with its status; `None` if the write is a create.
    pub(crate) old: Option<Value>,
    /// The object that is written; it carries the stored status, like an update of a stored object.
    pub(crate) object: Value,
    /// `None`: accepted.
    pub(crate) refused: Option<Refusal>,
}

/// How a write is refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refusal {
    /// What refuses it.
    pub(crate) by: By,
    /// The field that the apiserver names.
    pub(crate) field: String,
    /// A part of the apiserver's message.
    pub(crate) says: String,
}

/// The part of the apiserver that refuses a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum By {
    /// The schema.
    Schema,
    /// A CEL rule: `says` is a part of the rule's own message.
    Rule,
    /// Strict field validation, which kubectl asks for.
    Strict,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    base: Map<String, Value>,
    immutables: std::collections::BTreeMap<String, std::collections::BTreeMap<String, Immutable>>,
    cases: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Immutable {
    values: [Value; 2],
    advice: String,
    /// What else of the spec goes with each of the values.
    #[serde(default)]
    along: [Value; 2],
    /// Other fields of the spec, without which the values would be refused.
    #[serde(default)]
    beside: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    kind: String,
    old: Option<Value>,
    #[serde(default)]
    object: Value,
    refused: Option<Refusal>,
}

/// Every case. Object names are unique, so that all can be written to one namespace.
pub(crate) fn load() -> Vec<Case> {
    let table: Table = serde_saphyr::from_str(include_str!("cases.yaml")).unwrap();
    let mut rows = table.cases;
    for (kind, fields) in table.immutables {
        for (field, immutable) in fields {
            rows.extend(immutable_rows(&kind, &field, &immutable));
        }
    }
    rows.into_iter().enumerate().map(|(number, row)| case(&table.base, number, row)).collect()
}

/// Names of the immutable fields of a kind that the table covers.
pub(crate) fn immutables(kind: &str) -> Vec<String> {
    let table: Table = serde_saphyr::from_str(include_str!("cases.yaml")).unwrap();
    table.immutables[kind].keys().cloned().collect()
}

fn case(base: &Map<String, Value>, number: usize, row: Row) -> Case {
    let mut object = json!({
        "apiVersion": testbed::api_version(&row.kind),
        "kind": row.kind,
        "metadata": { "name": format!("case-{number}") },
    });
    merge(&mut object, &base[&row.kind]);
    let old = row.old.map(|patch| {
        merge(&mut object, &patch);
        object.clone()
    });
    merge(&mut object, &row.object);
    Case { name: row.name, kind: row.kind, old, object, refused: row.refused }
}

/// The life of one immutable field: free until an id is recorded, then held to the recorded value.
fn immutable_rows(kind: &str, field: &str, immutable: &Immutable) -> Vec<Row> {
    let [one, other] = &immutable.values;
    let required = ["property", "dataSourceType", "uri", "projectName", "jobAction", "configType"].contains(&field);
    let id = match kind {
        "Dataset" | "DatasetFileSet" => "datasetId",
        "MediaDataset" if field == "name" => "projectName",
        "MediaDataset" => "name",
        "DatasetJob" => "datasetJobId",
        "DatasetJobConfig" => "datasetJobConfigId",
        _ => "versionName",
    };
    let with = |value: &Value| {
        let mut patch = json!({ "spec": { field: value } });
        let goes = immutable.values.iter().position(|it| it == value).map(|at| &immutable.along[at]);
        patch["spec"].as_object_mut().unwrap().extend(goes.and_then(Value::as_object).cloned().unwrap_or_default());
        patch
    };
    let held =
        Refusal { by: By::Rule, field: format!("spec.{field}"), says: format!("{field} cannot change once the") };
    let advised = Refusal { says: immutable.advice.clone(), ..held.clone() };
    let row = |what: &str, patch: Value, object: Value, refused: Option<Refusal>| {
        let mut old = json!({ "spec": immutable.beside });
        if immutable.beside.is_null() {
            old = patch;
        } else {
            merge(&mut old, &patch);
        }
        Row { name: format!("{kind}.{field} {what}"), kind: kind.into(), old: Some(old), object, refused }
    };
    let stored = |spec: &Value, recorded: &Value| {
        let mut patch = with(spec);
        patch["status"] = json!({ id: "v2", field: recorded });
        patch
    };
    let none = &Value::Null;
    let missing = Refusal { says: format!("{field} is required"), ..held.clone() };
    let mut rows = vec![
        row("is free while no id is recorded", with(one), with(other), None),
        row("is held", stored(one, one), with(other), Some(held.clone())),
        row("is held with advice", stored(one, one), with(other), Some(advised)),
        row("is held if status was lost in part", stored(one, none), with(other), Some(held.clone())),
        row("may be taken back", stored(other, one), with(one), None),
        row(
            "may be left out unless required",
            stored(one, one),
            json!({ "spec": { field: null } }),
            required.then_some(missing),
        ),
    ];
    if let Some(third) = third(field) {
        rows.push(row("once wrong may not be wrong otherwise", stored(other, one), with(&third), Some(held.clone())));
    }
    if !required {
        rows.extend([
            row("may be added as recorded", stored(none, one), with(one), None),
            row("may not be added otherwise", stored(none, one), with(other), Some(held.clone())),
            row("may not be added if nothing is recorded", stored(none, none), with(one), Some(held)),
        ]);
    }
    rows
}

/// A value that the schema allows and the table does not use; two sets have no more than two.
fn third(field: &str) -> Option<Value> {
    let text = match field {
        "property" | "providerType" | "jobMode" | "partialFailure" | "configType" => return None,
        "dataSourceType" => "MAXCOMPUTE",
        "dataType" => "AUDIO",
        "sourceType" => "PAI_PUBLIC_DATASET",
        "importInfo" => "{}",
        "userId" | "workspaceId" => "1",
        "jobAction" => "FileMetaExport",
        "jobSpec" => return Some(json!({ "modelId": "third" })),
        "datasetVersion" => "v3",
        _ => "third",
    };
    Some(text.into())
}

/// Applies a merge patch (RFC 7386).
fn merge(target: &mut Value, patch: &Value) {
    match (target, patch) {
        (_, Value::Null) => {}
        (Value::Object(target), Value::Object(patch)) => {
            for (key, value) in patch {
                if value.is_null() {
                    target.remove(key);
                } else {
                    merge(target.entry(key).or_insert(Value::Null), value);
                }
            }
        }
        (target, patch) => {
            *target = patch.clone();
            if let Value::Object(fields) = target {
                fields.retain(|_, value| !value.is_null());
            }
        }
    }
}
