//! Unusual remotes in a sweep: unknown values, and other tenants' datasets with labels like ours.

use serde_json::json;

use crate::inventory::{names, one_each, rounds, scene, settle, still};
use crate::scene::{Scene, dataset_id, oss};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_that_nobody_knows() {
    let scene = scene("unknown", json!({})).await;
    let all = names(0..3);
    let mut spec = oss("d-3");
    spec["accessibility"] = json!("PRIVATE");
    scene.create("Dataset", "d-3", spec).await;
    settle(&scene, &all).await;
    let id = dataset_id(&scene.ready("Dataset", "d-3").await);
    let (call, writes) = (scene.last_call(), scene.writes("datasets", None).await);
    // The service has new values, also for a member of one spec.
    let mut state = serde_json::to_value(scene.cloud().state()).unwrap();
    for dataset in state["datasets"].as_array_mut().unwrap() {
        let known = dataset["DatasetId"] != json!(id);
        dataset[if known { "Accessibility" } else { "DataType" }] = json!("INTERNAL_BETA");
        dataset["Edition"] = json!("ULTIMATE");
        dataset["ProviderType"] = json!("Eci2");
        dataset["Versions"][0]["SourceType"] = json!("DREAM");
    }
    scene.cloud().set_state(serde_json::from_value(json!({"datasets": state["datasets"]})).unwrap()).unwrap();
    rounds(&scene, 3).await;
    assert_eq!(
        (scene.calls_after(call), scene.writes("datasets", None).await),
        (json!({}), writes),
        "{}",
        scene.log_tail()
    );
    one_each(&scene, &names(0..4), &[]).await;
    still(&scene, 2, 1).await;

    // The operator restores the spec's value once, if the service allows it.
    let mut state = serde_json::to_value(scene.cloud().state()).unwrap();
    for dataset in state["datasets"].as_array_mut().unwrap() {
        dataset["Accessibility"] = json!("INTERNAL_BETA");
    }
    scene.cloud().set_state(serde_json::from_value(json!({"datasets": state["datasets"]})).unwrap()).unwrap();
    let repaired = async |scene: &Scene| scene.cloud().dataset(&id).unwrap().accessibility == "PRIVATE";
    scene.until("repaired", repaired).await;
    rounds(&scene, 2).await;
    assert_eq!(scene.calls_after(call), json!({"UpdateDataset": 1}));
    assert_eq!(scene.calls("CreateDataset"), (4, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn look_alikes_of_another_tenant() {
    let scene = scene("look-alikes", json!({})).await;
    settle(&scene, &["mine".to_owned()]).await;
    let id = dataset_id(&scene.ready("Dataset", "mine").await);
    let mark = |key: &str| scene.label_of(&id, key).unwrap();
    let (domain, owner, attempt) = (mark("dso-domain"), mark("dso-owner"), mark("dso-attempt"));
    let longer = format!("{domain}0");
    let tenants = [
        vec![("dso-domain", longer.as_str()), ("dso-owner", &owner), ("dso-attempt", &attempt)],
        vec![("dso-domain", "another"), ("dso-owner", &owner), ("dso-attempt", &attempt), ("note", &domain)],
        vec![("dso-domain", "another"), ("dso-owner", &owner), ("dso-attempt", &attempt)],
        vec![("note", domain.as_str()), ("dso-owner", &owner)],
        vec![(domain.as_str(), "a key")],
    ];
    for labels in &tenants {
        scene.foreign("mine", labels);
    }
    let strangers: Vec<_> = scene.cloud().datasets().into_iter().filter(|dataset| dataset.dataset_id != id).collect();
    assert_eq!(strangers.len(), tenants.len());
    still(&scene, 3, 1).await;
    one_each(&scene, &["mine".to_owned()], &strangers).await;

    // The object's own dataset goes with it, and the next object of this name, which has the same owner mark, gets one
    // of its own.
    scene.delete("Dataset", "mine").await;
    scene.gone("Dataset", "mine").await;
    one_each(&scene, &[], &strangers).await;
    settle(&scene, &["mine".to_owned()]).await;
    one_each(&scene, &["mine".to_owned()], &strangers).await;
    still(&scene, 1, 1).await;
    assert_eq!((scene.calls("CreateDataset"), scene.calls("DeleteDataset")), ((2, 0), (1, 0)));
}
