//! The results of `kubectl apply` of a manifest: every parameter as it was written, a readable refusal, a table.

use pai_emulator::{Effect, Fault, When};
use serde_json::{Value, json};

use crate::looks::version_of;
use crate::scene::{Scene, Setting, dataset_id, oss};

/// Every parameter of `CreateDataset` under the name that the spec gives it.
fn everything() -> Value {
    json!({
        "name": "全部-all_27", "property": "DIRECTORY", "dataSourceType": "OSS",
        "uri": "oss://bucket.oss-cn-hangzhou.aliyuncs.com/all/", "dataType": "TEXT", "sourceType": "ITAG",
        "sourceId": "task-7", "description": "every parameter", "workspaceId": "479",
        "options": "{\"mountPath\": \"/mnt/all/\"}", "accessibility": "ROLE_PUBLIC",
        "accessibleRoleIdList": ["PAI.AlgoDeveloper", "role-7"], "providerType": "Lingjun", "provider": "team",
        "userId": "2000000000000007", "sourceDatasetId": "d-source", "sourceDatasetVersion": "v3",
        "labels": [{"key": "cost", "value": "17"}, {"key": "team", "value": "vision"}],
        "versionDescription": "the first", "versionLabels": [{"key": "light", "value": "day"}],
        "dataSize": 123_456_789_012_i64, "dataCount": 42, "mountAccessReadWriteRoleIdList": ["PAI.AlgoDeveloper"],
        "importInfo": "{\"region\": \"cn-hangzhou\", \"bucket\": \"bucket\", \"path\": \"/all/\"}",
        "edition": "ADVANCED", "datasetTaskRamRole": "acs:ram::1:role/r",
        "userMetricsEndpoints": [{"path": "/metrics", "port": 9090}],
    })
}

/// The labels that users put there, without our marks.
fn without_marks(labels: &[pai_emulator::Label]) -> Value {
    let shown = labels.iter().filter(|label| !label.key.starts_with("dso-"));
    shown.map(|label| json!({"key": label.key, "value": label.value})).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_27_parameters_arrive_as_written_and_stay_settled() {
    let env = vec![("DATASET_OPERATOR_RESYNC", "2s".to_owned())];
    let scene = Scene::with("all27", Setting { env, ..Setting::default() }).await;
    let spec = everything();
    assert_eq!(spec.as_object().unwrap().len(), 27);
    scene.apply("Dataset", "all", spec.clone()).await;
    let object = scene.ready("Dataset", "all").await;
    let remote = scene.cloud().dataset(&dataset_id(&object)).unwrap();
    let first = remote.version("v1").unwrap();
    let shown = json!({
        "name": remote.name, "property": remote.property, "dataSourceType": remote.data_source_type, "uri": remote.uri,
        "dataType": remote.data_type, "sourceType": remote.source_type, "sourceId": remote.source_id,
        "description": remote.description, "workspaceId": remote.workspace_id, "options": remote.options,
        "accessibility": remote.accessibility, "accessibleRoleIdList": remote.accessible_role_id_list,
        "providerType": remote.provider_type, "provider": remote.provider, "userId": remote.user_id,
        "sourceDatasetId": remote.source_dataset_id, "sourceDatasetVersion": remote.source_dataset_version,
        "labels": without_marks(&remote.labels), "versionDescription": first.description,
        "versionLabels": without_marks(&first.labels), "dataSize": first.data_size, "dataCount": first.data_count,
        "mountAccessReadWriteRoleIdList": remote.mount_access_read_write_role_id_list,
        "importInfo": remote.import_info, "edition": remote.edition, "datasetTaskRamRole": first.dataset_task_ram_role,
        "userMetricsEndpoints": first.user_metrics_endpoints.as_ref().map(|list| -> Value {
            list.iter().map(|endpoint| json!({"path": endpoint.path, "port": endpoint.port})).collect()
        }),
    });
    assert_eq!(shown, spec);
    let status = &object.data["status"];
    for key in ["name", "uri", "workspaceId", "importInfo", "provider", "userId", "sourceDatasetVersion"] {
        assert_eq!(status[key], spec[key], "status.{key}");
    }
    assert_eq!((&status["mountPath"], &status["latestVersion"]), (&json!("/mnt/all/"), &json!("v1")));

    // Read back by sweeps, nothing differs.
    scene.sweeps(2).await;
    assert_eq!(json!(scene.calls_without_sweeps()), json!({"CreateDataset": 1}));
    assert_eq!(scene.writes("datasets", Some("all")).await, 2, "claim and record");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_27_parameters_are_recognised_when_the_answer_of_the_create_was_lost() {
    let scene = Scene::new("all27lost").await;
    scene.cloud().add_faults([Fault { effect: Effect::Garble, when: When::After, ..Fault::default() }]);
    scene.create("Dataset", "all", everything()).await;
    let object = scene.ready("Dataset", "all").await;
    let status = &object.data["status"];
    assert_eq!((&status["recovered"], &status["origin"]), (&json!(true), &json!("Created")));
    assert_eq!(status["appliedLabelKeys"], json!(["cost", "team", "v1=light"]));
    assert_eq!(scene.calls("CreateDataset"), (1, 0));
    assert_eq!((scene.cloud().datasets().len(), scene.calls("UpdateDataset")), (1, (0, 0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invalid_manifest_is_refused_at_once_naming_the_field() {
    let scene = Scene::new("refused").await;
    let mut with = Vec::new();
    for (field, value) in [
        ("name", json!("not a name")),
        ("property", json!("FOLDER")),
        ("options", json!("mountPath=/mnt")),
        ("dataSize", json!(0)),
        ("labels", json!([{"key": "dso-owner", "value": "me"}])),
        ("workspaceId", json!("ws-1")),
        ("accessibleRoleIdList", json!(["role-1"])),
    ] {
        let mut spec = oss("bad");
        spec[field] = value;
        with.push((field, spec));
    }
    let mut without = oss("bad");
    without.as_object_mut().unwrap().remove("uri");
    with.push(("uri", without));
    let mut unknown = oss("bad");
    unknown["descripton"] = json!("misspelt");
    with.push(("descripton", unknown));
    for (field, spec) in with {
        let refused = scene.try_apply("Dataset", "bad", spec).await.unwrap_err().to_string();
        assert!(refused.contains(field), "{field}: {refused}");
        println!("{}", refused.lines().last().unwrap_or_default());
    }
    let both = json!({"datasetRef": {"name": "x"}, "datasetId": "d-1", "property": "FILE", "dataSourceType": "OSS",
                      "uri": "oss://b/f"});
    let refused = scene.try_apply("DatasetVersion", "bad", both).await.unwrap_err().to_string();
    assert!(refused.contains("exactly one of datasetRef and datasetId"), "{refused}");
    assert_eq!(json!(scene.calls_without_sweeps()), json!({}));
    assert_eq!(scene.writes("datasets", None).await + scene.writes("datasetversions", None).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_that_only_looks_like_json_is_told_in_status_without_a_call() {
    let scene = Scene::new("notjson").await;
    let mut spec = oss("notjson");
    spec["options"] = json!("{mountPath: /mnt}");
    scene.apply("Dataset", "notjson", spec).await;
    let message = scene.reason("Dataset", "notjson", "InvalidSpec").await;
    assert!(message.contains("spec.options"), "{message}");
    scene.patch("Dataset", "notjson", json!({"spec": {"options": "{\"mountPath\": \"/mnt\"}"}})).await;
    scene.ready("Dataset", "notjson").await;
    assert_eq!(json!(scene.calls_without_sweeps()), json!({"CreateDataset": 1}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_shows_the_table_and_waits_for_ready() {
    let scene = Scene::new("table").await;
    scene.apply("Dataset", "table", oss("table")).await;
    scene.apply("DatasetVersion", "second", version_of("table", "v2")).await;
    let (kubectl, namespace) = (scene.kubectl(), scene.namespace.as_str());
    for object in ["dataset.pai.dataset-operator.dev/table", "paidsv/second"] {
        kubectl.run(&["wait", "-n", namespace, "--for=condition=Ready", "--timeout=20s", object]).await.unwrap();
    }
    let id = dataset_id(&scene.ready("Dataset", "table").await);
    let table = kubectl.run(&["get", "paids", "-n", namespace]).await.unwrap();
    assert_eq!(words(&table, 0), ["NAME", "ID", "READY", "REASON", "VERSION", "AGE"]);
    assert_eq!(words(&table, 1)[..4], ["table", &id, "True", "Available"]);
    let wide = kubectl.run(&["get", "paids", "-n", namespace, "-o", "wide"]).await.unwrap();
    let uri = "oss://bucket.oss-cn-hangzhou.aliyuncs.com/data/";
    assert_eq!(words(&wide, 0)[6..], ["TYPE", "URI", "WORKSPACE", "MESSAGE"]);
    assert_eq!(words(&wide, 1)[6..9], ["OSS", uri, crate::scene::WORKSPACE]);
    let versions = kubectl.run(&["get", "paidsv", "-n", namespace]).await.unwrap();
    assert_eq!(words(&versions, 0), ["NAME", "DATASET", "VERSION", "READY", "REASON", "AGE"]);
    assert_eq!(words(&versions, 1)[..5], ["second", "table", "v2", "True", "Available"]);
    let all = kubectl.run(&["get", "pai", "-n", namespace, "-o", "name"]).await.unwrap();
    assert_eq!(all.lines().count(), 2, "{all}");
    println!("{table}{versions}");

    let metrics = scene.metrics().await;
    for line in [
        r#"controller_runtime_reconcile_total{controller="Dataset",result="success"}"#,
        r#"controller_runtime_reconcile_time_seconds_count{controller="DatasetVersion"}"#,
        r#"pai_api_requests_total{action="CreateDataset",code="OK"} 1"#,
        r#"pai_api_requests_total{action="CreateDatasetVersion",code="OK"} 1"#,
        "pai_api_rate_limiter_wait_seconds_count",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

fn words(table: &str, line: usize) -> Vec<&str> {
    table.lines().nth(line).unwrap_or_default().split_whitespace().collect()
}
