//! Create, get, update, publish, delete, labels.

use serde_json::{Value, json};

use crate::client::{Client, dataset, emulator, with};

#[tokio::test]
async fn all_parameters_come_back_as_sent() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let sent = json!({
        "Name": "demo-数据集", "Property": "FILE", "DataSourceType": "OSS", "Uri": "oss://b.oss-cn-hangzhou.aliyuncs.com/a b/",
        "DataType": "PIC", "Labels": [{"Key": "env", "Value": "测试"}], "SourceType": "ITAG", "SourceId": "task-1",
        "Description": "用于标注", "WorkspaceId": "479", "Options": "{\"mountPath\":\"/mnt/data/\"}",
        "Accessibility": "ROLE_PUBLIC", "AccessibleRoleIdList": ["PAI.AlgoDeveloper"], "ProviderType": "Lingjun",
        "Provider": "acme", "UserId": "2000000000000002", "SourceDatasetId": "d-source", "SourceDatasetVersion": "v3",
        "VersionDescription": "the first", "VersionLabels": [{"Key": "v", "Value": "1"}], "DataSize": 999_999_999_999_i64,
        "DataCount": 1, "MountAccessReadWriteRoleIdList": ["*"], "ImportInfo": "{\"region\":\"cn-hangzhou\"}",
        "Edition": "ADVANCED", "DatasetTaskRamRole": "role", "UserMetricsEndpoints": [{"Path": "/metrics", "Port": 9090}],
    });
    assert_eq!(sent.as_object().unwrap().len(), 27);
    let created = client.ok("POST", "", sent.clone()).await;
    let id = created["DatasetId"].as_str().unwrap();
    assert!(created["RequestId"].is_string() && created.as_object().unwrap().len() == 2, "{created}");

    let got = client.ok("GET", &format!("/{id}"), Value::Null).await;
    let latest = &got["LatestVersion"];
    for (member, value) in sent.as_object().unwrap() {
        let shown = match member.as_str() {
            "VersionDescription" => &latest["Description"],
            "VersionLabels" => &latest["Labels"],
            "DataSize" | "DataCount" | "DatasetTaskRamRole" | "UserMetricsEndpoints" => &latest[member],
            _ => &got[member],
        };
        assert_eq!(shown, value, "{member}");
    }
    assert_eq!(
        (&got["OwnerId"], &got["MountAccess"], &got["IsShared"]),
        (&json!("1000000000000001"), &json!("RW"), &json!(false))
    );
    assert_eq!(latest["VersionName"], "v1");
    assert_eq!(latest["Uri"], sent["Uri"]);
    assert!(got["GmtCreateTime"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    assert!(got.get("Versions").is_none() && got.get("NextVersion").is_none());

    let listed = client.ok("GET", "?WorkspaceId=479", Value::Null).await;
    let mut expected = got.clone();
    for only_of_get in ["Provider", "RequestId"] {
        expected.as_object_mut().unwrap().remove(only_of_get);
    }
    assert_eq!(listed["Datasets"], json!([expected]));
    assert_eq!(listed["TotalCount"], 1);
}

#[tokio::test]
async fn defaults_and_empty_values() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let id = client
        .create("x", json!({"Description": "", "MountAccessReadWriteRoleIdList": [], "Unknown": 1, "Options": null}))
        .await;
    let got = client.ok("GET", &format!("/{id}"), Value::Null).await;
    let defaults = [
        ("DataType", "COMMON"),
        ("SourceType", "USER"),
        ("Accessibility", "PRIVATE"),
        ("ProviderType", "Ecs"),
        ("Edition", "BASIC"),
        ("WorkspaceId", "478"),
        ("UserId", "1000000000000001"),
        ("Description", ""),
    ];
    for (member, default) in defaults {
        assert_eq!(got[member], default, "{member}");
    }
    assert_eq!(got["MountAccessReadWriteRoleIdList"], json!([]));
    assert!(got.get("Options").is_none() && got.get("Unknown").is_none());
}

#[tokio::test]
async fn an_update_changes_what_it_names() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let id = client.create("x", json!({"Description": "old", "Labels": [{"Key": "k", "Value": "v"}]})).await;
    let path = format!("/{id}");
    let before = client.ok("GET", &path, Value::Null).await;
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    let change = json!({"Name": "y", "Options": "{}", "Edition": "ADVANCED", "DatasetId": "d-other", "UserId": "9", "Uri": "oss://no/"});
    client.ok("PUT", &path, change).await;
    let after = client.ok("GET", &path, Value::Null).await;
    assert_eq!((&after["Name"], &after["Options"], &after["Edition"]), (&json!("y"), &json!("{}"), &json!("ADVANCED")));
    assert_eq!(after["LatestVersion"]["Options"], "{}", "v1 and the dataset share their options");
    for kept in ["Description", "Labels", "UserId", "Uri", "DatasetId", "GmtCreateTime"] {
        assert_eq!(after[kept], before[kept], "{kept}");
    }
    assert!(after["GmtModifiedTime"].as_str() > before["GmtModifiedTime"].as_str());
    client
        .ok("PUT", &path, json!({"Description": "", "AccessibleRoleIdList": ["owner"], "Accessibility": "ROLE_PUBLIC"}))
        .await;
    let cleared = client.ok("GET", &path, Value::Null).await;
    assert_eq!((&cleared["Description"], &cleared["Accessibility"]), (&json!(""), &json!("ROLE_PUBLIC")));
}

#[tokio::test]
async fn publishing_is_one_way() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let id = client.create("x", json!({})).await;
    let publish = format!("/{id}/publish");
    client.ok("PUT", &publish, Value::Null).await;
    client.ok("PUT", &publish, json!({"DatasetId": id})).await;
    assert_eq!(client.ok("GET", &format!("/{id}"), Value::Null).await["Accessibility"], "PUBLIC");
    let back = client.refused("PUT", &format!("/{id}"), json!({"Accessibility": "PRIVATE"})).await;
    assert_eq!(back, "400 InvalidAccessibility");
    client.ok("PUT", &format!("/{id}"), json!({"Accessibility": "PUBLIC"})).await;
    let changes: Vec<bool> =
        emulator.log().iter().filter(|line| line.operation == "PublishDataset").map(|line| line.changed).collect();
    assert_eq!(changes, [true, false]);
}

#[tokio::test]
async fn deleting_frees_id_and_name() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let id = client.create("x", json!({})).await;
    let path = format!("/{id}");
    client.ok("DELETE", &path, Value::Null).await;
    for (method, body) in [("GET", Value::Null), ("DELETE", Value::Null), ("PUT", json!({}))] {
        assert_eq!(client.refused(method, &path, body).await, "404 201300003");
    }
    assert_ne!(client.create("x", json!({})).await, id);
    assert_eq!(client.list("", "Name").await, ["x"]);
}

#[tokio::test]
async fn labels_are_upserted_and_deleted_by_key() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let id = client.create("x", json!({"Labels": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]})).await;
    let labels = format!("/{id}/labels");
    let modified = client.list("", "GmtModifiedTime").await;
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    client.ok("POST", &labels, json!({"Labels": [{"Key": "b", "Value": "3"}, {"Key": "c", "Value": "4"}]})).await;
    client.ok("DELETE", &format!("{labels}?LabelKeys=a%2Cunknown"), json!({"DatasetId": id})).await;
    let got = client.ok("GET", &format!("/{id}"), Value::Null).await;
    assert_eq!(got["Labels"], json!([{"Key": "b", "Value": "3"}, {"Key": "c", "Value": "4"}]));
    assert_eq!(client.list("", "GmtModifiedTime").await, modified, "labels do not move it");
    for query in ["", "?LabelKeys=", "?LabelKeys=%2C"] {
        assert_eq!(client.refused("DELETE", &format!("{labels}{query}"), Value::Null).await, "400 MissingLabelKeys");
    }
}

#[tokio::test]
async fn a_dry_run_validates_and_makes_nothing() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let dry = |name: &str| with(dataset(name), json!({"DryRun": true}));
    let answer = client.ok("POST", "", dry("x")).await;
    assert!(answer.get("DatasetId").is_none() && answer["RequestId"].is_string());
    let id = client.create("x", json!({})).await;
    assert_eq!(client.refused("POST", "", dry("x")).await, "400 201300003");
    let versions = format!("/{id}/versions");
    let answer = client.ok("POST", &versions, with(crate::client::version(), json!({"DryRun": true}))).await;
    assert!(answer.get("VersionName").is_none());
    assert_eq!(emulator.dataset(&id).unwrap().versions.len(), 1);
    assert_eq!(emulator.datasets().len(), 1);
    let changed: Vec<bool> = emulator.log().iter().map(|line| line.changed).collect();
    assert_eq!(changed, [false, true, false, false]);
}
