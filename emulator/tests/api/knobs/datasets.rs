//! What may be written to datasets and versions, and what becomes of it.

use std::sync::atomic::{AtomicI64, Ordering};

use pai_emulator::knobs::DeleteWithVersions;
use serde_json::{Value, json};

use super::{Stage, another};
use crate::client::{dataset, texts, version};

fn labels(keys: &[&str], value: &str) -> Value {
    json!({"Labels": keys.iter().map(|key| json!({"Key": key, "Value": value})).collect::<Vec<_>>()})
}

/// Whether a change a second later moves the dataset's time.
async fn moves(stage: &Stage, path: &str, method: &str, rest: &str, body: Value) -> String {
    let time = async || stage.get(path).await["GmtModifiedTime"].clone();
    let before = time().await;
    stage.later(1000);
    assert_eq!(stage.says(method, &format!("{path}{rest}"), body).await, "200");
    if time().await == before { "same" } else { "moved" }.to_owned()
}

cases! {
    name_taken_code ["201300003" => "400 201300003", "Taken" => "400 Taken"] |stage| {
        stage.dataset("x", json!({})).await;
        stage.says("POST", "", another(json!({}))).await
    }
    name_scope [
        "workspace" => "400 201300003, 200",
        "none" => "200, 200",
        "account" => "400 201300003, 400 201300003",
    ] |stage| {
        stage.dataset("x", json!({})).await;
        let here = stage.says("POST", "", another(json!({}))).await;
        format!("{here}, {}", stage.says("POST", "", another(json!({"WorkspaceId": "9"}))).await)
    }
    name_case_sensitive [true => "200", false => "400 201300003"] |stage| {
        stage.dataset("x", json!({})).await;
        stage.says("POST", "", dataset("X")).await
    }
    labels_max [20 => "200", 1 => "400 InvalidLabels"] |stage| {
        stage.says("POST", "", another(labels(&["a", "b"], "v"))).await
    }
    label_unit ["bytes" => "400 InvalidLabels", "characters" => "200"] |stage| {
        stage.says("POST", "", another(labels(&["a"], &"数".repeat(128)))).await
    }
    unknown_label_key ["accept" => "200", "refuse" => "400 InvalidLabelKeys"] |stage| {
        let path = stage.dataset("x", labels(&["a"], "v")).await;
        stage.says("DELETE", &format!("{path}/labels?LabelKeys=a,z"), Value::Null).await
    }
    empty_label_keys [
        "refuse" => "400 MissingLabelKeys, 400 MissingKeys",
        "accept" => "200, 200",
    ] |stage| {
        let path = stage.dataset("x", labels(&["a"], "v")).await;
        let dataset = stage.says("DELETE", &format!("{path}/labels"), Value::Null).await;
        format!("{dataset}, {}", stage.says("DELETE", &format!("{path}/versions/v1/labels"), Value::Null).await)
    }
    version_labels_put ["upsert" => "a b", "replace" => "b"] |stage| {
        let path = stage.dataset("x", json!({})).await;
        stage.put(&format!("{path}/versions/v1/labels"), labels(&["a"], "v")).await;
        stage.put(&format!("{path}/versions/v1/labels"), labels(&["b"], "v")).await;
        texts(&stage.get(&format!("{path}/versions/v1")).await["Labels"], "Key").join(" ")
    }
    labels_move_modified [false => "same", true => "moved"] |stage| {
        let path = stage.dataset("x", json!({})).await;
        moves(&stage, &path, "POST", "/labels", labels(&["a"], "v")).await
    }
    delete_with_versions ["cascade" => "200", "refuse" => "400 201300102"] |stage| {
        let path = stage.dataset("x", json!({})).await;
        stage.post(&format!("{path}/versions"), version()).await;
        stage.says("DELETE", &path, Value::Null).await
    }
    versions_exist_code ["201300102" => "400 201300102", "VersionsLeft" => "400 VersionsLeft"] |stage| {
        stage.turn(|knobs| knobs.delete_with_versions = DeleteWithVersions::Refuse);
        let path = stage.dataset("x", json!({})).await;
        stage.post(&format!("{path}/versions"), version()).await;
        stage.says("DELETE", &path, Value::Null).await
    }
    delete_v1_code ["201300101" => "400 201300101", "FirstVersion" => "400 FirstVersion"] |stage| {
        let path = stage.dataset("x", json!({})).await;
        stage.says("DELETE", &format!("{path}/versions/v1"), Value::Null).await
    }
    version_number_reuse [false => "v2, v3", true => "v2, v2"] |stage| {
        let versions = format!("{}/versions", stage.dataset("x", json!({})).await);
        let made = async || stage.post(&versions, version()).await["VersionName"].as_str().unwrap().to_owned();
        let first = made().await;
        stage.delete(&format!("{versions}/{first}")).await;
        format!("{first}, {}", made().await)
    }
    versions_move_modified [true => "moved", false => "same"] |stage| {
        let path = stage.dataset("x", json!({})).await;
        moves(&stage, &path, "POST", "/versions", version()).await
    }
    options_shared [true => r#""{\"b\":2}", "{\"b\":2}""#, false => r#""{\"a\":1}", "{\"b\":2}""#] |stage| {
        let path = stage.dataset("x", json!({"Options": r#"{"a":1}"#})).await;
        stage.put(&format!("{path}/versions/v1"), json!({"Options": r#"{"b":2}"#})).await;
        let version = stage.get(&format!("{path}/versions/v1")).await["Options"].clone();
        format!("{}, {version}", stage.get(&path).await["Options"])
    }
    unpublish ["refuse" => "400 InvalidAccessibility", "accept" => "200"] |stage| {
        let path = stage.dataset("x", json!({"Accessibility": "PUBLIC"})).await;
        stage.says("PUT", &path, json!({"Accessibility": "PRIVATE"})).await
    }
    republish ["accept" => "200", "refuse" => "400 InvalidAccessibility"] |stage| {
        let path = stage.dataset("x", json!({"Accessibility": "PUBLIC"})).await;
        stage.says("PUT", &format!("{path}/publish"), Value::Null).await
    }
    edition_change ["refuse" => "400 InvalidEdition", "accept" => "200"] |stage| {
        let path = stage.dataset("x", json!({"Edition": "ADVANCED"})).await;
        stage.says("PUT", &path, json!({"Edition": "LOGICAL"})).await
    }
    sharing_update ["replace" => "9", "upsert" => "8 9"] |stage| {
        let path = stage.dataset("x", json!({})).await;
        for workspace in ["8", "9"] {
            let share = json!({"TenantId": "1", "WorkspaceId": workspace});
            stage.put(&path, json!({"SharingConfig": {"SharedTo": [share]}})).await;
        }
        texts(&stage.get(&path).await["SharingConfig"]["SharedTo"], "WorkspaceId").join(" ")
    }
    dry_run_id [false => "no id, nothing made", true => "an id, nothing made"] |stage| {
        let id = stage.post("", another(json!({"DryRun": true}))).await["DatasetId"].clone();
        assert_eq!(stage.names("").await, "");
        format!("{}, nothing made", if id.is_null() { "no id" } else { "an id" })
    }
    malformed_json_text [
        "refuse" => "400 InvalidOptions, 400 InvalidImportInfo",
        "accept" => "200, 200",
    ] |stage| {
        let options = stage.says("POST", "", another(json!({"Options": "{oops"}))).await;
        let import = json!({"Name": "y", "ImportInfo": "[]"});
        format!("{options}, {}", stage.says("POST", "", another(import)).await)
    }
    trim_texts [false => " d , v ", true => "d,v"] |stage| {
        let path = stage.dataset("x", json!({"Description": " d "})).await;
        stage.post(&format!("{path}/labels"), labels(&["a"], " v ")).await;
        let shown = stage.get(&path).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        format!("{},{}", text(&shown["Description"]), text(&shown["Labels"][0]["Value"]))
    }
    rewrite_json_text [false => r#"{ "b": 1.00000000001 }"#, true => r#"{"b":1.0}"#] |stage| {
        let path = stage.dataset("x", json!({"Options": r#"{ "b": 1.00000000001 }"#})).await;
        stage.get(&path).await["Options"].as_str().unwrap().to_owned()
    }
    source_id_max [0 => "200", 3 => "400 InvalidSourceId"] |stage| {
        stage.says("POST", "", another(json!({"SourceId": "数据集x"}))).await
    }
    description_max [0 => "200", 3 => "400 InvalidDescription"] |stage| {
        stage.says("POST", "", another(json!({"Description": "数据集x"}))).await
    }
    options_max [0 => "200", 6 => "400 InvalidOptions"] |stage| {
        stage.says("POST", "", another(json!({"Options": r#"{"a":1}"#}))).await
    }
}
