//! Each knob changes what it says.

use pai_emulator::Knobs;
use pai_emulator::knobs::{DeleteWithVersions, InvalidCode, Match, NameScope, PageSizeOver, Rule, TotalCount, Write};
use serde_json::{Value, json};

use crate::client::{Client, dataset, emulator, emulator_with, version, with};

/// An emulator with this knob turned, and one dataset `x` on it.
async fn turned(turn: impl FnOnce(&mut Knobs)) -> (pai_emulator::Emulator, Client, String) {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let id = client.create("x", json!({"Labels": [{"Key": "a", "Value": "1"}], "SourceId": "source-1"})).await;
    emulator.set_knobs(turn);
    (emulator, client, id)
}

#[tokio::test]
async fn name_scopes() {
    for (scope, same_workspace, other_workspace) in
        [(NameScope::None, 200, 200), (NameScope::Workspace, 400, 200), (NameScope::Account, 400, 400)]
    {
        let (_emulator, client, _) = turned(|knobs| knobs.name_scope = scope).await;
        assert_eq!(client.call("POST", "", dataset("x")).await.0, same_workspace, "{scope:?}");
        let elsewhere = with(dataset("x"), json!({"WorkspaceId": "1"}));
        assert_eq!(client.call("POST", "", elsewhere).await.0, other_workspace, "{scope:?}");
    }
    let (_emulator, client, _) = turned(|knobs| knobs.name_case_sensitive = false).await;
    assert_eq!(client.refused("POST", "", dataset("X")).await, "400 201300003");
}

#[tokio::test]
async fn codes_and_statuses() {
    let (emulator, client, id) = turned(|knobs| {
        (knobs.not_found_status, knobs.workspace_not_found_status) = (400, 403);
        "NoDataset".clone_into(&mut knobs.not_found_code);
        "NoWorkspace".clone_into(&mut knobs.workspace_not_found_code);
        "Taken".clone_into(&mut knobs.name_taken_code);
        "FirstVersion".clone_into(&mut knobs.delete_v1_code);
        "VersionsLeft".clone_into(&mut knobs.versions_exist_code);
        knobs.invalid_code = InvalidCode::Generic;
        knobs.delete_with_versions = DeleteWithVersions::Refuse;
        knobs.request_id_header = false;
        "478,5".clone_into(&mut knobs.workspaces);
    })
    .await;
    client.ok("POST", &format!("/{id}/versions"), version()).await;
    assert_eq!(client.refused("GET", "/d-none", Value::Null).await, "400 NoDataset");
    assert_eq!(client.refused("GET", "?WorkspaceId=6", Value::Null).await, "403 NoWorkspace");
    client.ok("GET", "?WorkspaceId=5", Value::Null).await;
    assert_eq!(client.refused("POST", "", dataset("x")).await, "400 Taken");
    assert_eq!(client.refused("POST", "", dataset("-")).await, "400 InvalidParameter");
    assert_eq!(client.refused("DELETE", &format!("/{id}/versions/v1"), Value::Null).await, "400 FirstVersion");
    assert_eq!(client.refused("DELETE", &format!("/{id}"), Value::Null).await, "400 VersionsLeft");
    client.ok("DELETE", &format!("/{id}/versions/v2"), Value::Null).await;
    let response = client.send("DELETE", &format!("/{id}"), &Value::Null).await.unwrap();
    assert!(response.status().is_success() && !response.headers().contains_key("x-acs-request-id"));
    emulator.set_knobs(|knobs| knobs.unknown_access_key_status = 400);
}

#[tokio::test]
async fn lists() {
    let (emulator, client, _) = turned(|knobs| {
        knobs.page_size_max = 2;
        knobs.source_id_match = Match::Substring;
        knobs.name_match = Match::Exact;
    })
    .await;
    for name in ["x2", "x3"] {
        client.create(name, json!({})).await;
    }
    assert_eq!(client.list("?PageSize=100", "Name").await, ["x", "x2"]);
    assert_eq!(client.list("?SourceId=urce", "Name").await, ["x"]);
    assert_eq!(client.list("?Name=X", "Name").await, ["x"]);
    for (total, expected) in
        [(TotalCount::All, json!(3)), (TotalCount::Page, json!(2)), (TotalCount::Absent, Value::Null)]
    {
        emulator.set_knobs(|knobs| knobs.total_count = total);
        assert_eq!(client.ok("GET", "?PageSize=2", Value::Null).await["TotalCount"], expected);
    }
    emulator.set_knobs(|knobs| {
        (knobs.page_size_over, knobs.page_beyond_end) = (PageSizeOver::Refuse, Rule::Refuse);
    });
    assert_eq!(client.refused("GET", "?PageSize=3", Value::Null).await, "400 InvalidPageSize");
    assert_eq!(client.refused("GET", "?PageSize=2&PageNumber=3", Value::Null).await, "400 InvalidPageNumber");
    let (_emulator, client, id) = turned(|knobs| knobs.version_paging_required = false).await;
    assert_eq!(client.ok("GET", &format!("/{id}/versions"), Value::Null).await["PageSize"], 10);
}

#[tokio::test]
async fn labels() {
    let (emulator, client, id) = turned(|knobs| {
        knobs.labels_max = 2;
        knobs.unknown_label_key = Rule::Refuse;
        knobs.empty_label_keys = Rule::Accept;
        knobs.version_labels_put = Write::Replace;
        knobs.labels_move_modified = true;
    })
    .await;
    let labels = format!("/{id}/labels");
    let add = |key: &str| json!({"Labels": [{"Key": key, "Value": "v"}]});
    let before = emulator.dataset(&id).unwrap().gmt_modified_time;
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    client.ok("POST", &labels, add("b")).await;
    assert!(emulator.dataset(&id).unwrap().gmt_modified_time > before);
    assert_eq!(client.refused("POST", &labels, add("c")).await, "400 InvalidLabels");
    assert_eq!(client.refused("DELETE", &format!("{labels}?LabelKeys=a,z"), Value::Null).await, "400 InvalidLabelKeys");
    client.ok("DELETE", &labels, Value::Null).await;
    assert_eq!(emulator.dataset(&id).unwrap().labels.len(), 2);
    let version_labels = format!("/{id}/versions/v1/labels");
    client.ok("PUT", &version_labels, add("b")).await;
    client.ok("PUT", &version_labels, add("c")).await;
    let kept = &emulator.dataset(&id).unwrap().versions[0].labels;
    assert_eq!(kept.iter().map(|label| label.key.as_str()).collect::<Vec<_>>(), ["c"]);
}

#[tokio::test]
async fn versions() {
    let (emulator, client, id) = turned(|knobs| {
        knobs.version_number_reuse = true;
        knobs.versions_move_modified = false;
        knobs.options_shared = false;
    })
    .await;
    let versions = format!("/{id}/versions");
    let before = emulator.dataset(&id).unwrap().gmt_modified_time;
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    for _ in 0..2 {
        assert_eq!(client.ok("POST", &versions, version()).await["VersionName"], "v2");
        client.ok("DELETE", &format!("{versions}/v2"), Value::Null).await;
    }
    client.ok("PUT", &format!("{versions}/v1"), json!({"Options": "{}"})).await;
    let dataset = emulator.dataset(&id).unwrap();
    assert_eq!((dataset.gmt_modified_time, dataset.options), (before, None));
    emulator.set_knobs(|knobs| knobs.versions_move_modified = true);
    client.ok("POST", &versions, version()).await;
    assert!(emulator.dataset(&id).unwrap().gmt_modified_time > dataset.gmt_create_time);
    client.ok("DELETE", &format!("/{id}"), Value::Null).await;
    assert!(emulator.datasets().is_empty(), "the default cascades");
}

#[tokio::test]
async fn datasets() {
    let (emulator, client, id) = turned(|knobs| {
        knobs.unpublish = Rule::Accept;
        knobs.republish = Rule::Refuse;
        knobs.edition_change = Rule::Accept;
        knobs.sharing_update = Write::Upsert;
        knobs.dry_run_id = true;
        knobs.malformed_json_text = Rule::Accept;
        (knobs.source_id_max, knobs.description_max, knobs.options_max) = (3, 4, 5);
    })
    .await;
    let path = format!("/{id}");
    client.ok("PUT", &format!("{path}/publish"), Value::Null).await;
    assert_eq!(client.refused("PUT", &format!("{path}/publish"), Value::Null).await, "400 InvalidAccessibility");
    client.ok("PUT", &path, json!({"Accessibility": "PRIVATE", "Edition": "LOGICAL", "Options": "{oops"})).await;
    for workspace in ["8", "9"] {
        let share = json!({"TenantId": "1", "WorkspaceId": workspace});
        client.ok("PUT", &path, json!({"SharingConfig": {"SharedTo": [share]}})).await;
    }
    assert_eq!(emulator.dataset(&id).unwrap().sharing_config.unwrap().shared_to.len(), 2);
    let dry = client.ok("POST", "", with(dataset("y"), json!({"DryRun": true}))).await;
    assert!(dry["DatasetId"].is_string() && emulator.datasets().len() == 1);
    for (change, code) in [
        (json!({"SourceId": "数据集x"}), "400 InvalidSourceId"),
        (json!({"Description": "12345"}), "400 InvalidDescription"),
        (json!({"Options": "123456"}), "400 InvalidOptions"),
    ] {
        assert_eq!(client.refused("POST", "", with(dataset("z"), change)).await, code);
    }
    client.create("z", json!({"SourceId": "数据集"})).await;
}

#[tokio::test]
async fn the_log_keeps_its_limit() {
    let emulator = emulator_with(|knobs| knobs.log_limit = 3).await;
    let client = Client::of(&emulator);
    for _ in 0..5 {
        client.ok("GET", "", Value::Null).await;
    }
    assert_eq!(emulator.log().iter().map(|line| line.seq).collect::<Vec<_>>(), [3, 4, 5]);
    assert_eq!(emulator.stats().calls["ListDatasets"].ok, 5);
}
