//! Versions and their labels.

use serde_json::{Value, json};

use crate::client::{Client, emulator, texts, version, with};

#[tokio::test]
async fn versions_are_numbered_once_and_v1_stays() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let id = client.create("x", json!({"SourceId": "one"})).await;
    let versions = format!("/{id}/versions");
    let make = async |source: &str| {
        let answer = client.ok("POST", &versions, with(version(), json!({"SourceId": source}))).await;
        answer["VersionName"].as_str().unwrap().to_owned()
    };
    assert_eq!([make("two").await, make("three").await], ["v2", "v3"]);
    let got = client.ok("GET", &format!("/{id}"), Value::Null).await;
    assert_eq!((&got["LatestVersion"]["VersionName"], &got["Uri"]), (&json!("v3"), &json!("oss://bucket/data/")));
    client.ok("DELETE", &format!("{versions}/v3"), Value::Null).await;
    assert_eq!(client.refused("GET", &format!("{versions}/v3"), Value::Null).await, "404 201300003");
    assert_eq!(client.ok("GET", &format!("/{id}"), Value::Null).await["LatestVersion"]["VersionName"], "v2");
    assert_eq!(make("four").await, "v4");
    assert_eq!(client.refused("DELETE", &format!("{versions}/v1"), Value::Null).await, "400 201300101");
    client.ok("DELETE", &format!("/{id}"), Value::Null).await;
    assert_eq!(client.refused("GET", &format!("{versions}/v2"), Value::Null).await, "404 201300003");
    let line = emulator.log().into_iter().find(|line| line.operation == "CreateDatasetVersion").unwrap();
    assert_eq!((line.dataset_id.as_deref(), line.version_name.as_deref()), (Some(&*id), Some("v2")));
}

#[tokio::test]
async fn a_version_comes_back_as_sent_and_changes_what_it_names() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let id = client.create("x", json!({})).await;
    let sent = json!({
        "Property": "FILE", "DataSourceType": "OSS", "Uri": "oss://bucket/v2", "Labels": [{"Key": "k", "Value": "v"}],
        "SourceType": "USER", "SourceId": "m", "Options": "{}", "Description": "second", "ImportInfo": "{}", "DataSize": 0,
        "DataCount": 5, "DatasetTaskRamRole": "r", "UserMetricsEndpoints": [{"Path": "/m", "Port": 1}],
    });
    client.ok("POST", &format!("/{id}/versions"), sent.clone()).await;
    let path = format!("/{id}/versions/v2");
    let got = client.ok("GET", &path, Value::Null).await;
    for (member, value) in sent.as_object().unwrap() {
        assert_eq!(&got[member], value, "{member}");
    }
    assert_eq!((&got["DatasetId"], &got["VersionName"], &got["MountAccess"]), (&json!(id), &json!("v2"), &json!("RW")));
    client.ok("PUT", &path, json!({"Description": "", "DataSize": 7, "Uri": "oss://no/", "DatasetId": id})).await;
    let after = client.ok("GET", &path, Value::Null).await;
    assert_eq!((&after["Description"], &after["DataSize"], &after["Uri"]), (&json!(""), &json!(7), &got["Uri"]));
    client.ok("PUT", &format!("/{id}/versions/v1"), json!({"Options": "{\"mountPath\":\"/m/\"}"})).await;
    assert_eq!(emulator.dataset(&id).unwrap().options.as_deref(), Some("{\"mountPath\":\"/m/\"}"));
    assert_eq!(client.ok("GET", &path, Value::Null).await["Options"], "{}", "only v1 is the dataset's");
}

#[tokio::test]
async fn refusals() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let id = client.create("x", json!({})).await;
    let versions = format!("/{id}/versions");
    for (change, code) in [
        (json!({"Property": null}), "400 MissingProperty"),
        (json!({"DataSourceType": ""}), "400 MissingDataSourceType"),
        (json!({"Uri": ""}), "400 MissingUri"),
        (json!({"DataSourceType": "NAS"}), "400 InvalidDataSourceType"),
        (json!({"SourceType": "CLEANING"}), "400 InvalidSourceType"),
        (json!({"DataSize": "7"}), "400 InvalidDataSize"),
    ] {
        assert_eq!(client.refused("POST", &versions, with(version(), change)).await, code);
    }
    assert_eq!(client.refused("POST", "/d-none/versions", version()).await, "404 201300003");
    for (query, code) in [
        ("?PageSize=10", "400 MissingPageNumber"),
        ("?PageNumber=1", "400 MissingPageSize"),
        ("?PageNumber=1&PageSize=10&SortBy=Uri", "400 InvalidSortBy"),
        ("?PageNumber=1&PageSize=10&Order=asc", "400 InvalidOrder"),
    ] {
        assert_eq!(client.refused("GET", &format!("{versions}{query}"), Value::Null).await, code);
    }
}

#[tokio::test]
async fn version_labels() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let id = client.create("x", json!({"VersionLabels": [{"Key": "a", "Value": "1"}]})).await;
    let labels = format!("/{id}/versions/v1/labels");
    client.ok("PUT", &labels, json!({"Labels": [{"Key": "b", "Value": "2"}]})).await;
    client.ok("DELETE", &format!("{labels}?Keys=a"), Value::Null).await;
    let got = client.ok("GET", &format!("/{id}/versions/v1"), Value::Null).await;
    assert_eq!(got["Labels"], json!([{"Key": "b", "Value": "2"}]));
    assert_eq!(client.ok("GET", &format!("/{id}"), Value::Null).await["Labels"], json!([]), "not the dataset's");
    assert_eq!(client.refused("DELETE", &format!("{labels}?LabelKeys=b"), Value::Null).await, "400 MissingKeys");
    assert_eq!(client.refused("PUT", &labels, json!({})).await, "400 MissingLabels");
    let elsewhere = format!("/{id}/versions/v9/labels");
    assert_eq!(client.refused("PUT", &elsewhere, json!({"Labels": []})).await, "404 201300003");
    assert_eq!(client.refused("DELETE", &format!("{elsewhere}?Keys=a"), Value::Null).await, "404 201300003");
}

#[tokio::test]
async fn versions_are_listed_filtered_and_sorted() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let id = client.create("x", json!({"VersionLabels": [{"Key": "team", "Value": "red"}], "DataSize": 5})).await;
    let label = |value: &str| json!([{"Key": "team", "Value": value}, {"Key": "env", "Value": "prod"}]);
    for (size, source, value) in [(9, "s2", "blue"), (5, "s3", "green")] {
        let more = json!({"DataSize": size, "SourceId": source, "Labels": label(value), "Property": "FILE"});
        client.ok("POST", &format!("/{id}/versions"), with(version(), more)).await;
    }
    let list = async |query: &str| {
        let answer = client.ok("GET", &format!("/{id}/versions?PageNumber=1&PageSize=10{query}"), Value::Null).await;
        texts(&answer["DatasetVersions"], "VersionName").join(" ")
    };
    for (query, expected) in [
        ("", "v1 v2 v3"),
        ("&Order=DESC", "v3 v2 v1"),
        ("&SortBy=DataSize", "v1 v3 v2"),
        ("&SortBy=DataSize&Order=DESC", "v2 v1 v3"),
        ("&SortBy=DataCount", "v1 v2 v3"),
        ("&SortBy=Property", "v1 v2 v3"),
        ("&SortBy=DatasetId&Order=DESC", "v1 v2 v3"),
        ("&Properties=FILE", "v2 v3"),
        ("&SourceId=s3", "v3"),
        ("&SourceTypes=USER,ITAG", "v1 v2 v3"),
        ("&SourceTypes=PAI-PUBLIC-DATASET", ""),
        ("&LabelKeys=env", "v2 v3"),
        ("&LabelKeys=env,team", "v1 v2 v3"),
        ("&LabelValues=re", "v1 v3"),
        ("&LabelKeys=env&LabelValues=blue", "v2"),
    ] {
        assert_eq!(list(query).await, expected, "{query}");
    }
    let page = client.ok("GET", &format!("/{id}/versions?PageNumber=2&PageSize=2"), Value::Null).await;
    assert_eq!((&page["PageNumber"], &page["PageSize"], &page["TotalCount"]), (&json!(2), &json!(2), &json!(3)));
    assert_eq!(texts(&page["DatasetVersions"], "VersionName"), ["v3"]);
}
