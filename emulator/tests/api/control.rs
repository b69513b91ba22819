//! The control API: the exact shapes that other programs rely on.

use pai_emulator::{Fault, LogLine};
use serde_json::{Value, json};

use crate::client::{Client, dataset, emulator};

#[tokio::test]
async fn stats_and_log() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let id = client.create("x", json!({})).await;
    client.refused("POST", "", json!({})).await;
    let stats = client.control("GET", "/stats", Value::Null).await.1;
    assert_eq!(
        stats,
        json!({"calls": {"CreateDataset": {"ok": 1, "failed": 1, "throttled": 0}}, "throttled": 0, "faults": 0})
    );

    let response = client.http.get(format!("{}/_emulator/log", client.url)).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/x-ndjson");
    let text = response.text().await.unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut first = lines[0].clone();
    for own in ["time", "requestId"] {
        assert!(first.as_object_mut().unwrap().remove(own).unwrap().is_string());
    }
    let expected = json!({
        "seq": 1, "operation": "CreateDataset", "accessKeyId": "bearer", "status": 200, "code": "", "changed": true,
        "ok": true, "datasetId": id, "workspaceId": "478", "name": "x",
    });
    assert_eq!(first, expected);
    assert_eq!(
        (&lines[1]["status"], &lines[1]["code"], &lines[1]["changed"]),
        (&json!(400), &json!("MissingName"), &json!(false))
    );
    assert_eq!(serde_json::from_value::<LogLine>(lines[1].clone()).unwrap(), emulator.log()[1]);
    let later = client.http.get(format!("{}/_emulator/log?after=1", client.url)).send().await.unwrap();
    assert_eq!(later.text().await.unwrap().lines().count(), 1);
    assert_eq!(client.control("GET", "/log?after=x", Value::Null).await.0, 400);
}

#[tokio::test]
async fn the_bill_counts_all_calls_and_goes_with_the_log() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let id = client.create("x", json!({})).await;
    emulator.set_knobs(|knobs| knobs.page_size_max = 7);
    client.refused("POST", "", json!({})).await;
    client.ok("GET", "", Value::Null).await;
    client.with_token("wrong").refused("DELETE", &format!("/{id}"), Value::Null).await;
    let bill = client.control("GET", "/bill", Value::Null).await.1;
    let amounts = |failed_billed, failed_free, output: f64| {
        json!({"failedBilled": failed_billed, "failedFree": failed_free,
            "failedBilledWithOutput": failed_billed + output, "failedFreeWithOutput": failed_free + output})
    };
    let line = |ok, failed, output, amount| json!({"ok": ok, "failed": failed, "price": 0.001, "outputPrice": output, "successOnly": false, "amount": amount});
    let expected = json!({
        "currencyUnit": "unit",
        "calls": {
            "CreateDataset": line(1, 1, 0.0, amounts(0.002, 0.001, 0.0)),
            "DeleteDataset": line(0, 1, 0.0, amounts(0.001, 0.0, 0.0)),
            "ListDatasets": line(1, 0, 0.001, amounts(0.001, 0.001, 0.001)),
        },
        "total": amounts(0.004, 0.002, 0.001),
    });
    assert_eq!(bill, expected);
    assert_eq!(serde_json::to_value(emulator.bill()).unwrap(), bill);

    assert_eq!(client.control("DELETE", "/log", Value::Null).await, (200, json!({})));
    let empty = json!({"currencyUnit": "unit", "calls": {}, "total": amounts(0.0, 0.0, 0.0)});
    assert_eq!(client.control("GET", "/bill", Value::Null).await.1, empty);
    assert!(emulator.log().is_empty() && emulator.stats().calls.is_empty());
    assert_eq!((emulator.datasets().len(), emulator.knobs().page_size_max), (1, 7), "nothing else is touched");
    client.ok("GET", "", Value::Null).await;
    assert_eq!(emulator.log()[0].seq, 1);
    emulator.reset();
    assert!(emulator.bill().calls.is_empty());
}

#[tokio::test]
async fn values_that_no_client_knows_can_be_planted() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let odd = json!({"Accessibility": "INTERNAL_BETA", "DataSourceType": "GPFS", "SourceType": "ORBIT", "Edition": "GOLD",
        "Property": "STREAM", "DataType": "SMELL", "ProviderType": "Moon"});
    let members = json!({"DatasetId": "d-odd", "Name": "odd", "WorkspaceId": "478", "Uri": "gpfs://x"});
    let state = json!({"datasets": [crate::client::with(members, odd.clone())]});
    assert_eq!(client.control("PUT", "/state", state).await.0, 200);
    let got = client.ok("GET", "/d-odd", Value::Null).await;
    let listed = client.ok("GET", "?Name=odd", Value::Null).await;
    for (member, value) in odd.as_object().unwrap() {
        assert_eq!((&got[member], &listed["Datasets"][0][member]), (value, value), "{member}");
    }
    assert_eq!(got["LatestVersion"]["DataSourceType"], "GPFS");
}

#[tokio::test]
async fn knobs_merge() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let before = client.control("GET", "/knobs", Value::Null).await.1;
    assert!(before.as_object().unwrap().values().all(|value| !value.is_object() && !value.is_array()), "flat");
    let change = json!({"latencyMs": 1, "quotaPerSecond": 1000, "pageSizeMax": 5, "listLagMs": 2});
    let (status, after) = client.control("PUT", "/knobs", change.clone()).await;
    assert_eq!((status, &after), (200, &crate::client::with(before, change)));
    assert_eq!(client.control("GET", "/knobs", Value::Null).await.1, after);
    for wrong in
        [json!({"latency": 1}), json!({"latencyMs": -1}), json!({"operationQuotas": "CreateDataset"}), json!([])]
    {
        let (status, answer) = client.control("PUT", "/knobs", wrong).await;
        assert!(status == 400 && answer["error"].is_string());
    }
    assert_eq!(client.control("GET", "/knobs", Value::Null).await.1, after);
}

#[tokio::test]
async fn faults_are_appended_listed_and_cleared() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    assert_eq!(client.control("GET", "/faults", Value::Null).await, (200, json!([])));
    client.control("POST", "/faults", json!([{"operation": "GetDataset", "effect": "reset", "when": "after"}])).await;
    let (status, list) = client.control("POST", "/faults", json!({"count": 3})).await;
    let defaults = json!({"operation": "CreateDataset", "effect": "error", "when": "before", "count": 3,
        "probability": 1.0, "status": 503, "code": "ServiceUnavailable", "delayMs": 0, "retryAfterMs": 0});
    assert_eq!((status, &list[1]), (200, &defaults));
    assert_eq!((&list[0]["effect"], &list[0]["count"]), (&json!("reset"), &json!(1)));
    for wrong in [
        json!([{"effect": "explode"}]),
        json!([{"probability": 7}]),
        json!([{"status": 200}]),
        json!([{"oops": 1}]),
        json!([{"page": 2}]),
        json!("x"),
    ] {
        assert_eq!(client.control("POST", "/faults", wrong.clone()).await.0, 400, "{wrong}");
    }
    assert_eq!(emulator.faults().len(), 2);
    assert_eq!(client.control("DELETE", "/faults", Value::Null).await, (200, json!([])));
    assert!(emulator.faults().is_empty());
}

#[tokio::test]
async fn state_goes_out_and_in() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let id = client.create("x", json!({"Labels": [{"Key": "k", "Value": "v"}]})).await;
    client.ok("POST", &format!("/{id}/versions"), crate::client::version()).await;
    let state = client.control("GET", "/state", Value::Null).await.1;
    let names: Vec<_> = state.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["credentials", "datasets", "faults", "knobs", "nextId", "seed"]);
    assert_eq!(state["datasets"][0]["Versions"][1]["VersionName"], "v2");
    client.ok("DELETE", &format!("/{id}"), Value::Null).await;
    assert_eq!(client.control("PUT", "/state", state.clone()).await, (200, json!({"datasets": 1})));
    assert_eq!(client.control("GET", "/state", Value::Null).await.1, state);
    assert_eq!(client.ok("GET", &format!("/{id}"), Value::Null).await["Name"], "x");

    let seeded =
        json!({"datasets": [{"DatasetId": "d-1", "Name": "by-hand", "WorkspaceId": "478", "Uri": "oss://b/"}]});
    assert_eq!(client.control("PUT", "/state", seeded).await.0, 200);
    assert_eq!(client.list("", "Name").await, ["by-hand"]);
    assert_eq!(client.ok("GET", "/d-1/versions/v1", Value::Null).await["Uri"], "oss://b/");
    assert_eq!(client.refused("POST", "", dataset("by-hand")).await, "400 201300003");
    assert_eq!(client.control("PUT", "/state", json!({"datasets": [{}]})).await.0, 400);
    assert_eq!(client.control("PUT", "/state", json!({"nonsense": 1})).await.0, 400);
    assert_eq!(client.control("PUT", "/state", json!([])).await.0, 400);
    assert_eq!(emulator.datasets().len(), 1);
}

#[tokio::test]
async fn reset_goes_back_to_the_start() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let first = client.create("x", json!({})).await;
    emulator.set_knobs(|knobs| knobs.page_size_max = 1);
    emulator.add_faults([Fault::default()]);
    emulator.set_credentials(Vec::new());
    assert_eq!(client.control("POST", "/reset", Value::Null).await, (200, json!({})));
    assert!(emulator.log().is_empty() && emulator.stats().calls.is_empty() && emulator.faults().is_empty());
    assert_eq!(emulator.knobs().page_size_max, 100);
    assert_eq!(client.create("x", json!({})).await, first, "the seed starts anew");
}

#[tokio::test]
async fn wrong_control_calls_are_answered_in_json() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    for (method, path, status) in
        [("GET", "/reset", 405), ("DELETE", "/state", 405), ("GET", "/nothing", 404), ("GET", "", 200)]
    {
        assert_eq!(client.control(method, path, Value::Null).await.0, status, "{method} {path}");
    }
    assert!(emulator.log().is_empty(), "control calls are not API calls");
}

#[tokio::test]
async fn the_console_is_unsigned_uncounted_and_unhindered() {
    let emulator = emulator().await;
    emulator.add_faults([Fault { operation: "*".into(), ..Fault::default() }]);
    emulator.set_knobs(|knobs| knobs.quota_per_second = 1);
    let id =
        emulator.console("POST", "/api/v1/datasets", &dataset("x")).unwrap()["DatasetId"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/datasets/{id}");
    emulator.console("PUT", &path, &json!({"Description": "by hand"})).unwrap();
    let version = emulator.console("POST", &format!("{path}/versions"), &crate::client::version()).unwrap();
    assert_eq!(version, json!({"VersionName": "v2"}));
    assert_eq!(emulator.dataset(&id).unwrap().description.as_deref(), Some("by hand"));
    let refused = emulator.console("POST", "/api/v1/datasets", &dataset("x")).unwrap_err();
    assert_eq!((refused.status, refused.code.as_str()), (400, "201300003"));
    assert!(emulator.log().is_empty() && emulator.stats().calls.is_empty() && emulator.faults().len() == 1);
}
