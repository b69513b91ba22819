//! The form of paths that names the operation: same callers, same answers, same log.

use pai_emulator::knobs::Rule;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Client, dataset, emulator, now, signed_over, version};

const PREFIX: &str = "/api/AIWorkSpace/2021-02-04";

/// Status and answer of a call by name.
async fn call(client: &Client, method: &str, rest: &str, body: Value) -> (u16, Value) {
    let url = format!("{}{PREFIX}/{rest}", client.url);
    let request = client.http.request(Method::from_bytes(method.as_bytes()).unwrap(), url).bearer_auth(&client.token);
    let sent = if body.is_null() { request.send().await } else { request.json(&body).send().await };
    let answer = sent.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_life_by_name() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let (status, made) = call(&client, "POST", "CreateDataset", dataset("x")).await;
    assert_eq!(status, 200, "{made}");
    let id = made["DatasetId"].as_str().unwrap();
    let labels = json!({"Labels": [{"Key": "k", "Value": "v"}]});
    let steps = [
        ("GET", "ListDatasets?Name=x".to_owned(), Value::Null),
        ("GET", format!("GetDataset/{id}"), Value::Null),
        ("PUT", format!("UpdateDataset?DatasetId={id}"), json!({"Description": "by name"})),
        ("POST", format!("CreateDatasetLabels/{id}"), labels.clone()),
        ("DELETE", format!("DeleteDatasetLabels?DatasetId={id}&LabelKeys=k"), Value::Null),
        ("PUT", format!("PublishDataset/{id}"), Value::Null),
        ("POST", format!("CreateDatasetVersion/{id}"), version()),
        ("GET", format!("ListDatasetVersions?DatasetId={id}&PageNumber=1&PageSize=10"), Value::Null),
        ("GET", format!("GetDatasetVersion?DatasetId={id}&VersionName=v2"), Value::Null),
        ("PUT", format!("UpdateDatasetVersion/{id}/v2"), json!({"Description": "by name"})),
        ("PUT", format!("CreateDatasetVersionLabels/{id}/v2"), labels),
        ("DELETE", format!("DeleteDatasetVersionLabels/{id}?VersionName=v2&Keys=k"), Value::Null),
        ("DELETE", format!("DeleteDatasetVersion?DatasetId={id}&VersionName=v2"), Value::Null),
        ("DELETE", format!("DeleteDataset/{id}"), Value::Null),
    ];
    let mut expected = vec!["CreateDataset".to_owned()];
    for (method, rest, body) in steps {
        let (status, answer) = call(&client, method, &rest, body).await;
        assert_eq!(status, 200, "{method} {rest}: {answer}");
        if rest.starts_with("GetDataset/") {
            let by_resource = client.ok("GET", &format!("/{id}"), Value::Null).await;
            expected.push("GetDataset".to_owned());
            assert_eq!((&answer["Name"], &answer["Uri"]), (&by_resource["Name"], &by_resource["Uri"]));
        }
        expected.push(rest.split(['/', '?']).next().unwrap().to_owned());
    }
    let log = emulator.log();
    assert_eq!(log.iter().map(|line| line.operation.clone()).collect::<Vec<_>>(), expected);
    assert!(log.iter().skip(2).all(|line| line.operation == "ListDatasets" || line.dataset_id.as_deref() == Some(id)));
    assert!(emulator.datasets().is_empty());
}

#[tokio::test]
async fn what_is_wrong_by_name() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let code = async |method: &str, rest: &str| {
        let (status, answer) = call(&client, method, rest, Value::Null).await;
        format!("{status} {}", answer["Code"].as_str().unwrap())
    };
    assert_eq!(code("GET", "GetDataset").await, "400 MissingDatasetId");
    assert_eq!(code("GET", "GetDatasetVersion/d-1").await, "400 MissingVersionName");
    assert_eq!(code("GET", "GetDataset/d-1").await, "404 201300003");
    assert_eq!(code("POST", "GetDataset/d-1").await, "404 InvalidApi.NotFound");
    assert_eq!(code("GET", "GetDataset/d-1/v1").await, "404 InvalidApi.NotFound");
    let operations: Vec<_> = emulator.log().into_iter().map(|line| line.operation).collect();
    assert_eq!(operations, ["GetDataset", "GetDatasetVersion", "GetDataset", "Unknown", "Unknown"]);
    emulator.set_knobs(|knobs| knobs.gateway_form = Rule::Refuse);
    assert_eq!(code("GET", "ListDatasets").await, "404 InvalidApi.NotFound");
}

#[tokio::test]
async fn a_signature_covers_the_path_that_was_sent() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let path = format!("{PREFIX}/ListDatasets");
    let send = async |signed_path: &str, nonce: &str| {
        let headers =
            signed_over(&emulator, signed_path, "testAccessKeyId", "testAccessKeySecret", None, nonce, &now());
        let mut request = client.http.get(format!("{}{path}?PageSize=1", client.url));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(send(&path, "1").await, 200);
    assert_eq!(send("/api/v1/datasets", "2").await, 400);
}
