//! The specs of the objects of jobs, before and after their edits.

use serde_json::{Value, json};

use crate::job::PROJECT;

/// A Dataset that says all about its v1.
pub(crate) fn with_first() -> Value {
    let dataset = with(dataset("one"), "versionLabels", first_labels("day"));
    with(with(dataset, "versionDescription", json!("before")), "userMetricsEndpoints", endpoints())
}

pub(crate) fn first_labels(light: &str) -> Value {
    match light {
        "day" => json!([{"key": "light", "value": "day"}, {"key": "drop", "value": "1"}]),
        other => json!([{"key": "light", "value": other}]),
    }
}

pub(crate) fn dataset(name: &str) -> Value {
    json!({
        "name": name, "property": "DIRECTORY", "dataSourceType": "OSS",
        "uri": "oss://bucket.oss-cn-hangzhou.aliyuncs.com/data/",
        "description": "before", "options": "{\"mountPath\": \"/mnt/a/\"}",
        "labels": [{"key": "keep", "value": "1"}, {"key": "drop", "value": "1"}, {"key": "turn", "value": "1"}],
    })
}

pub(crate) fn retained() -> Value {
    with(dataset("one"), "deletionPolicy", json!("Retain"))
}

pub(crate) fn with(mut spec: Value, member: &str, value: Value) -> Value {
    spec[member] = value;
    spec
}

pub(crate) fn media() -> Value {
    json!({"projectName": PROJECT, "description": "before", "templateId": "Official:ImageManagement"})
}

pub(crate) fn run() -> Value {
    json!({"datasetRef": {"name": "parent"}, "jobAction": "FileMetaBuild", "description": "before"})
}

pub(crate) fn config() -> Value {
    json!({
        "datasetRef": {"name": "parent"}, "configType": "MultimodalSemanticIndex", "deletionPolicy": "Delete",
        "multimodalSemanticIndex": {"defaultModelId": "before"},
    })
}

pub(crate) fn edited() -> Value {
    json!({
        "description": "after", "options": "{\"mountPath\": \"/mnt/b/\"}", "accessibility": "PUBLIC",
        "labels": [{"key": "keep", "value": "1"}, {"key": "turn", "value": "2"}, {"key": "new", "value": "1"}],
    })
}

pub(crate) fn version(name: &str) -> Value {
    json!({
        "datasetRef": {"name": "parent"}, "property": "DIRECTORY", "dataSourceType": "OSS",
        "uri": format!("oss://bucket.oss-cn-hangzhou.aliyuncs.com/{name}/"), "description": "before",
        "userMetricsEndpoints": endpoints(),
        "labels": [{"key": "keep", "value": "1"}, {"key": "drop", "value": "1"}],
    })
}

/// A list of objects, whose members have other names at the service.
pub(crate) fn endpoints() -> Value {
    json!([{"path": "/metrics", "port": 9090}])
}
