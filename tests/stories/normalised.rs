//! A service that stores another form of a value: a form with the same meaning costs nothing. The operator restores a
//! different value three times, then leaves it and reports it.

use pai_emulator::{Effect, Fault, Knobs, When};
use serde_json::json;

use crate::scene::{Scene, Setting, dataset_id, oss};
use crate::trouble::fault;

async fn scene(name: &str) -> Scene {
    let env = vec![("DATASET_OPERATOR_RESYNC", "1s".to_owned())];
    let knobs = Knobs { trim_texts: true, rewrite_json_text: true, ..Knobs::default() };
    Scene::with(name, Setting { knobs, env, ..Setting::default() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_service_rewrites_is_sent_three_times_and_then_left_and_told() {
    let scene = scene("normalised").await;
    let mut spec = oss("one");
    spec["description"] = json!("with a blank behind it ");
    spec["options"] = json!("{\"epochs\": 1, \"rate\": 1e-1}");
    spec["labels"] = json!([{"key": "team", "value": "vision "}]);
    scene.create("Dataset", "one", spec).await;
    scene.ready("Dataset", "one").await;
    let told = |object: &kube::api::DynamicObject| {
        testbed::condition(object, "Drifted").is_some_and(|drifted| drifted.reason == "ServiceNormalises")
    };
    let object = scene.wait().object(&scene.datasets(), "one", "told", told).await.unwrap();
    let message = testbed::condition(&object, "Drifted").unwrap().message;
    assert!(
        message.contains("spec.description is \"with a blank behind it \", the service shows \"with a"),
        "{message}"
    );
    assert!(message.contains("spec.labels[team]") && !message.contains("spec.options"), "{message}");
    assert!(testbed::is_ready(&object), "{}", object.data);
    scene.told("one", &["ServiceNormalises"]).await;
    // Any number of resyncs later.
    let writes = scene.writes("datasets", Some("one")).await;
    scene.sweeps(5).await;
    assert_eq!(scene.calls("UpdateDataset"), (3, 0), "options are equal by value, and no part of them");
    assert_eq!(scene.calls("CreateDatasetLabels"), (3, 0));
    assert_eq!(scene.writes("datasets", Some("one")).await, writes);
    // After a request the operator tries again.
    scene.annotate("Dataset", "one", "reconcile-requested-at", json!("now")).await;
    scene.until("three more", async |scene| scene.calls("UpdateDataset") == (6, 0)).await;
    // The user changes the spec to the service's form.
    let fitting =
        json!({"spec": {"description": "with a blank behind it", "labels": [{"key": "team", "value": "vision"}]}});
    scene.patch("Dataset", "one", fitting).await;
    let settled = |object: &kube::api::DynamicObject| {
        testbed::is_ready(object) && testbed::condition(object, "Drifted").is_none()
    };
    scene.wait().object(&scene.datasets(), "one", "equal", settled).await.unwrap();
    scene.sweeps(3).await;
    assert!(scene.calls("UpdateDataset").0 <= 7, "{:?}", scene.calls("UpdateDataset"));
}

/// Five tebibytes, as datasets for training usually are, and numbers that no float holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_sizes_and_numbers_arrive_unharmed() {
    let scene = Scene::new("large").await;
    let mut whole = oss("whole");
    let options = "{\"seed\": 123456789012345678901234567890, \"limit\": 1e400, \"mountPath\": \"/mnt\"}";
    whole["options"] = json!(options);
    scene.create("Dataset", "whole", whole).await;
    let object = scene.ready("Dataset", "whole").await;
    assert_eq!(object.data["status"]["mountPath"], "/mnt");
    let version = json!({
        "datasetRef": {"name": "whole"}, "property": "DIRECTORY", "dataSourceType": "OSS",
        "uri": "oss://bucket.oss-cn-hangzhou.aliyuncs.com/big/", "dataSize": 5_497_558_138_880_i64, "dataCount": i64::MAX,
    });
    scene.create("DatasetVersion", "big", version).await;
    let shown = scene.ready("DatasetVersion", "big").await;
    assert_eq!(shown.data["spec"]["dataSize"], json!(5_497_558_138_880_i64));
    let remote = scene.cloud().dataset(&dataset_id(&object)).unwrap();
    assert_eq!(remote.options.as_deref(), Some(options));
    let big = remote.version("v2").unwrap();
    assert_eq!((big.data_size, big.data_count), (Some(5_497_558_138_880), Some(i64::MAX)));
    // Another number is another value, however close.
    let edit = options.replace("567890,", "567891,");
    scene.patch("Dataset", "whole", json!({"spec": {"options": edit}})).await;
    scene
        .until("the edit", async |scene| {
            let remote = scene.cloud().dataset(&dataset_id(&object)).unwrap();
            remote.options.as_deref() == Some(edit.as_str())
        })
        .await;
}

/// A quota is no mistake in the spec: the operator tries again within minutes, and the object says so meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quota_that_is_used_up_is_told_and_tried_again_until_there_is_room() {
    let scene = Scene::new("quota").await;
    let used_up = |operation: &str, status: u16, code: &str| Fault {
        status,
        code: code.to_owned(),
        count: 4,
        ..fault(operation, Effect::Error, When::Before)
    };
    let waits = async |name: &str, code: &str| {
        let message = scene.reason("Dataset", name, "QuotaExceeded").await;
        assert!(message.contains(code) && message.contains("quota or limit"), "{message}");
        let object = scene.get("Dataset", name).await;
        assert!(testbed::condition(&object, "Stalled").is_none(), "{}", object.data);
        assert!(testbed::condition(&object, "Reconciling").is_some(), "{}", object.data);
    };
    scene.faults([used_up("CreateDataset", 400, "QuotaExceeded.Dataset")]);
    scene.create("Dataset", "one", oss("one")).await;
    waits("one", "QuotaExceeded.Dataset").await;
    let id =
        dataset_id(&scene.wait_for(std::time::Duration::from_secs(60)).ready(&scene.datasets(), "one").await.unwrap());
    assert_eq!(scene.calls("CreateDataset"), (1, 4));

    scene.faults([
        used_up("UpdateDataset", 403, "Forbidden.QuotaExceed"),
        used_up("CreateDatasetLabels", 409, "LabelLimit"),
    ]);
    let edit = json!({"spec": {"description": "edited", "labels": [{"key": "team", "value": "vision"}]}});
    scene.patch("Dataset", "one", edit).await;
    waits("one", "Forbidden.QuotaExceed").await;
    let done = async |scene: &Scene| {
        let remote = scene.cloud().dataset(&id).unwrap();
        let value = serde_json::to_value(&remote).unwrap();
        let labelled = value["Labels"].as_array().is_some_and(|all| all.iter().any(|label| label["Key"] == "team"));
        labelled && value["Description"] == "edited"
    };
    let wait = scene.wait_for(std::time::Duration::from_secs(300));
    wait.until("the edit", async || Ok(done(&scene).await.then_some(()))).await.unwrap();
    assert_eq!((scene.calls("UpdateDataset"), scene.calls("CreateDatasetLabels")), ((1, 4), (1, 4)));

    // An object that waits for the quota can be deleted at once.
    scene.faults([used_up("CreateDataset", 409, "ExceedMaxDatasets")]);
    scene.create("Dataset", "two", oss("two")).await;
    waits("two", "ExceedMaxDatasets").await;
    scene.delete("Dataset", "two").await;
    scene.gone("Dataset", "two").await;
    assert_eq!(scene.cloud().datasets().len(), 1);
}
