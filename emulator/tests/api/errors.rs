//! Every documented refusal, by status and code.

use serde_json::{Value, json};

use crate::client::{Client, dataset, emulator, with};

#[tokio::test]
async fn creates_are_held_to_the_rules() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let many: Vec<Value> = (0..21).map(|n| json!({"Key": format!("k{n}"), "Value": "v"})).collect();
    for (change, code) in [
        (json!({"Name": null}), "MissingName"),
        (json!({"Name": ""}), "MissingName"),
        (json!({"Property": null}), "MissingProperty"),
        (json!({"DataSourceType": null}), "MissingDataSourceType"),
        (json!({"Uri": ""}), "MissingUri"),
        (json!({"Name": "_x"}), "InvalidName"),
        (json!({"Name": "x".repeat(128)}), "InvalidName"),
        (json!({"Name": 5}), "InvalidName"),
        (json!({"Property": "TABULAR"}), "InvalidProperty"),
        (json!({"DataSourceType": "oss"}), "InvalidDataSourceType"),
        (json!({"DataType": "X"}), "InvalidDataType"),
        (json!({"SourceType": "X"}), "InvalidSourceType"),
        (json!({"Accessibility": "X"}), "InvalidAccessibility"),
        (json!({"Accessibility": "ROLE_PUBLIC"}), "MissingAccessibleRoleIdList"),
        (json!({"Accessibility": "ROLE_PUBLIC", "AccessibleRoleIdList": []}), "MissingAccessibleRoleIdList"),
        (json!({"AccessibleRoleIdList": "owner"}), "InvalidAccessibleRoleIdList"),
        (json!({"ProviderType": "X"}), "InvalidProviderType"),
        (json!({"Provider": "pai"}), "InvalidProvider"),
        (json!({"Edition": "X"}), "InvalidEdition"),
        (json!({"Edition": "ADVANCED", "DataSourceType": "NAS"}), "InvalidEdition"),
        (json!({"UserId": "alice"}), "InvalidUserId"),
        (json!({"DataSize": 0}), "InvalidDataSize"),
        (json!({"DataCount": 1_000_000_000_000_i64}), "InvalidDataCount"),
        (json!({"DataCount": 1.5}), "InvalidDataCount"),
        (json!({"Options": "[]"}), "InvalidOptions"),
        (json!({"ImportInfo": "x"}), "InvalidImportInfo"),
        (json!({"Labels": {"a": "b"}}), "InvalidLabels"),
        (json!({"Labels": [["k", "v"]]}), "InvalidLabels"),
        (json!({"Labels": [{"Key": "acs:x", "Value": "v"}]}), "InvalidLabels"),
        (json!({"Labels": [{"Key": "k", "Value": ""}]}), "InvalidLabels"),
        (json!({"Labels": many}), "InvalidLabels"),
        (json!({"VersionLabels": [{"Key": "a=b", "Value": "v"}]}), "InvalidVersionLabels"),
        (json!({"DryRun": "true"}), "InvalidDryRun"),
        (json!({"UserMetricsEndpoints": [1]}), "InvalidUserMetricsEndpoints"),
    ] {
        let refused = client.refused("POST", "", with(dataset("x"), change.clone())).await;
        assert_eq!(refused, format!("400 {code}"), "{change}");
    }
    assert_eq!(client.refused("POST", "", with(dataset("x"), json!({"WorkspaceId": "abc"}))).await, "404 100400027");
    assert_eq!(client.refused("POST", "", json!([])).await, "400 InvalidParameter");
    assert!(emulator.datasets().is_empty());
    assert_eq!(emulator.stats().calls["CreateDataset"].ok, 0);
}

#[tokio::test]
async fn without_a_workspace_there_is_nowhere_to_look() {
    let emulator = pai_emulator::Emulator::start(pai_emulator::Options::default()).await.unwrap();
    let client = Client::of(&emulator);
    assert_eq!(client.refused("POST", "", dataset("x")).await, "400 MissingWorkspaceId");
    assert_eq!(client.refused("GET", "", Value::Null).await, "400 MissingWorkspaceId");
}

#[tokio::test]
async fn names_clash_on_create_and_rename() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    client.create("x", json!({})).await;
    let other = client.create("y", json!({})).await;
    assert_eq!(client.refused("POST", "", dataset("x")).await, "400 201300003");
    assert_eq!(client.refused("PUT", &format!("/{other}"), json!({"Name": "x"})).await, "400 201300003");
    client.ok("PUT", &format!("/{other}"), json!({"Name": "y"})).await;
    client.create("X", json!({})).await;
    client.create("x", json!({"WorkspaceId": "1"})).await;
}

#[tokio::test]
async fn updates_are_held_to_the_rules() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let nas = client.create("nas", json!({"DataSourceType": "NAS"})).await;
    let logical = client.create("logical", json!({"Edition": "LOGICAL"})).await;
    for (id, change, code) in [
        (&nas, json!({"Name": ""}), "InvalidName"),
        (&nas, json!({"Edition": "ADVANCED"}), "InvalidEdition"),
        (&logical, json!({"Edition": "BASIC"}), "InvalidEdition"),
        (&logical, json!({"Accessibility": "ROLE_PUBLIC"}), "MissingAccessibleRoleIdList"),
        (&logical, json!({"Options": "nonsense"}), "InvalidOptions"),
        (&logical, json!({"SharingConfig": []}), "InvalidSharingConfig"),
        (&logical, json!({"SharingConfig": {"SharedTo": [{}]}}), "InvalidSharingConfig"),
    ] {
        let refused = client.refused("PUT", &format!("/{id}"), change.clone()).await;
        assert_eq!(refused, format!("400 {code}"), "{change}");
    }
    client.ok("PUT", &format!("/{logical}"), json!({"Edition": "LOGICAL"})).await;
}

#[tokio::test]
async fn wrong_paths_methods_versions_and_actions_are_no_api() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    for (method, path) in [("PATCH", ""), ("POST", "/d-1"), ("GET", "/d-1/nothing"), ("GET", "/")] {
        assert_eq!(client.refused(method, path, Value::Null).await, "404 InvalidApi.NotFound");
    }
    for (header, value) in [("x-acs-version", "2020-09-30"), ("x-acs-action", "GetDataset")] {
        let request = client.http.get(format!("{}/api/v1/datasets", client.url)).bearer_auth("testBearerToken");
        let response = request.header(header, value).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 404, "{header}");
        assert_eq!(response.json::<Value>().await.unwrap()["Code"], "InvalidApi.NotFound");
    }
    assert_eq!(emulator.stats().calls["Unknown"].failed, 4);
}

#[tokio::test]
async fn the_request_id_is_in_header_body_and_log() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let response = client.send("GET", "/d-none", &Value::Null).await.unwrap();
    let header = response.headers()["x-acs-request-id"].to_str().unwrap().to_owned();
    let host = client.url.trim_start_matches("http://").to_owned();
    let answer: Value = response.json().await.unwrap();
    assert_eq!((answer["RequestId"].as_str(), answer["HostId"].as_str()), (Some(&*header), Some(&*host)));
    let line = emulator.log().remove(0);
    assert_eq!((line.request_id, line.status, line.code.as_str()), (header, 404, "201300003"));
    assert_eq!((line.operation.as_str(), line.dataset_id.as_deref()), ("GetDataset", Some("d-none")));
}

#[tokio::test]
async fn bodies_beyond_reason_are_refused() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let (status, _) = client.call("POST", "", json!({"Name": "x".repeat(5 << 20)})).await;
    assert_eq!(status, 413);
    client.create("x", json!({"Description": "x".repeat(1 << 20)})).await;
}
