//! Lost answers, and writes of others at the same time: never a duplicate, never a lost id. The crash matrix loses the answers
//! of creates in every way.

use kube::api::DynamicObject;
use pai_emulator::{Effect, Fault, Knobs, NameScope, When};
use serde_json::json;

use crate::scene::{Scene, Setting, dataset_id, oss, status};
use crate::trouble::{fault, intent, late};

const WAYS: [(Effect, When); 8] = [
    (Effect::Error, When::Before),
    (Effect::Error, When::After),
    (Effect::Reset, When::Before),
    (Effect::Reset, When::After),
    (Effect::Drop, When::Before),
    (Effect::Drop, When::After),
    (Effect::Garble, When::Before),
    (Effect::Garble, When::After),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_found_again_without_waiting_for_the_settle_time() {
    let scene = Scene::new("found").await;
    scene.faults([fault("CreateDataset", Effect::Reset, When::After)]);
    scene.create("Dataset", "one", oss("one")).await;
    let object = scene.ready("Dataset", "one").await;
    assert_eq!(object.data["status"]["recovered"], json!(true));
    assert_eq!(status(&object, "origin"), "Created");
    assert_eq!(scene.calls("CreateDataset"), (1, 0));
    assert_eq!(scene.writes("datasets", Some("one")).await, 2, "claim and record");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_that_takes_effect_after_it_was_given_up_is_found() {
    let scene = Scene::with_names("late", NameScope::None).await;
    // Longer than the request timeout (3 s), shorter than the settle time (6 s).
    scene.faults([late("CreateDataset", 4500)]);
    scene.create("Dataset", "one", oss("one")).await;
    scene.exactly_one_each(&["one"]).await;
    assert_eq!(scene.calls("CreateDataset"), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_that_is_late_is_not_sent() {
    let knobs = Knobs { name_scope: NameScope::None, ..Knobs::default() };
    // Longer than the send deadline (1 s).
    let env = vec![("DATASET_OPERATOR_PAUSE", "before Create 3s".to_owned())];
    let scene = Scene::with("too-late", Setting { knobs, env, ..Setting::default() }).await;
    scene.create("Dataset", "one", oss("one")).await;
    let nonce = |object: &DynamicObject| intent(object).unwrap()["attempts"][0]["nonce"].as_str().unwrap().to_owned();
    let late = nonce(&scene.claimed("Dataset", "one").await);
    let ids = scene.exactly_one_each(&["one"]).await;
    assert_eq!(scene.calls("CreateDataset"), (1, 0));
    let object = scene.datasets().get("one").await.unwrap();
    assert_ne!(nonce(&object), late, "that attempt is known not to have been sent, and is forgotten");
    let mark = scene.label_of(&ids[0], "dso-attempt").unwrap();
    assert!(mark.starts_with(&nonce(&object)), "{mark} is not of the new attempt");
    assert_eq!(object.data["status"]["recovered"], json!(null), "there was no doubt");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_deleted_while_its_create_is_in_doubt_leaves_nothing() {
    let scene = Scene::with_names("doubt", NameScope::None).await;
    scene.faults([
        fault("CreateDataset", Effect::Drop, When::After),
        fault("CreateDataset", Effect::Drop, When::Before),
        late("CreateDataset", 4500),
    ]);
    for name in ["done", "never", "late"] {
        scene.create("Dataset", name, oss(name)).await;
        scene.claimed("Dataset", name).await;
        scene.delete("Dataset", name).await;
    }
    for name in ["done", "never", "late"] {
        scene.gone("Dataset", name).await;
    }
    assert!(scene.cloud().datasets().is_empty(), "{:?}", scene.cloud().datasets());
    assert_eq!(scene.calls("CreateDataset"), (2, 1), "nothing is created for an object on its way out");
    assert_eq!(scene.calls("DeleteDataset"), (2, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_written_by_an_intruder_meanwhile_makes_no_duplicate_and_loses_none() {
    for scope in [NameScope::None, NameScope::Workspace] {
        let scene = Scene::with_names("intruder", scope).await;
        scene.faults([late("CreateDataset", 1500)]);
        scene.create("Dataset", "one", oss("one")).await;
        scene.claimed("Dataset", "one").await;
        scene.write_status("one", json!({"datasetId": "d-nobodyknowsthisone"})).await;
        scene.until("the create to be carried out", async |scene| scene.calls("CreateDataset").0 == 1).await;
        let made = scene.cloud().datasets()[0].dataset_id.clone();
        let there = |object: &DynamicObject| object.data["status"]["datasetId"] == json!(made);
        scene.wait().object(&scene.datasets(), "one", "back at its own dataset", there).await.unwrap();
        scene.exactly_one_each(&["one"]).await;
        assert_eq!(scene.calls("CreateDataset"), (1, 0));
    }
}

/// An id that is recorded when the answer comes stays; the remote that was made meanwhile is deleted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_written_by_hand_meanwhile_is_not_overwritten() {
    let scene = Scene::with_names("by-hand", NameScope::None).await;
    let theirs = scene.foreign("one", &[]);
    scene.faults([late("CreateDataset", 1500)]);
    scene.create("Dataset", "one", oss("one")).await;
    scene.claimed("Dataset", "one").await;
    let spec = oss("one");
    let status = json!({
        "datasetId": theirs, "dataSourceType": spec["dataSourceType"], "property": spec["property"],
        "uri": spec["uri"],
    });
    scene.write_status("one", status).await;
    scene.until("the create to be carried out", async |scene| scene.calls("CreateDataset").0 == 1).await;
    scene.until("what was made to go", async |scene| scene.calls("DeleteDataset").0 == 1).await;
    assert_eq!(scene.exactly_one_each(&["one"]).await, [theirs]);
    assert_eq!(scene.calls("CreateDataset"), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_by_someone_else_before_the_claim_only_repeats_the_claim() {
    let scene = Scene::new("conflict").await;
    let id = scene.foreign("one", &[]);
    let mut spec = oss("one");
    spec["adoption"] = json!({"datasetId": id});
    // The pass reads the dataset, and meanwhile the object changes.
    scene.faults([late("GetDataset", 1500)]);
    scene.create("Dataset", "one", spec).await;
    scene.until("the read", async |scene| scene.cloud().faults().is_empty()).await;
    scene.patch("Dataset", "one", json!({"metadata": {"labels": {"someone": "else"}}})).await;
    let object = scene.ready("Dataset", "one").await;
    assert_eq!(dataset_id(&object), id);
    assert_eq!(object.metadata.labels.unwrap()["someone"], "else");
    assert_eq!(scene.calls("GetDataset"), (1, 0));
    assert_eq!(scene.calls("CreateDatasetLabels"), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spec_edited_before_the_claim_creates_what_it_says_now() {
    let scene = Scene::new("edited").await;
    let mut spec = oss("one");
    spec["adoption"] = json!({"policy": "AdoptByName"});
    // The sweep of the start is over, so the list that is late is the one that looks for the name.
    scene.until("the first sweep", async |scene| scene.calls("ListDatasets").0 > 0).await;
    scene.faults([late("ListDatasets", 1500)]);
    scene.create("Dataset", "one", spec).await;
    scene.until("the list", async |scene| scene.cloud().faults().is_empty()).await;
    scene.patch("Dataset", "one", json!({"spec": {"uri": "oss://bucket.oss-cn-hangzhou.aliyuncs.com/other/"}})).await;
    let object = scene.ready("Dataset", "one").await;
    let dataset = scene.cloud().dataset(&dataset_id(&object)).unwrap();
    assert_eq!(dataset.uri, "oss://bucket.oss-cn-hangzhou.aliyuncs.com/other/");
    scene.exactly_one_each(&["one"]).await;
    assert_eq!(scene.calls("CreateDataset"), (1, 0));
    assert_eq!(scene.calls("UpdateDataset"), (0, 0));
}

/// Two operators by mistake: the one that was delayed before its claim finds the claim of the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_that_comes_after_that_of_another_operator_is_not_made() {
    let knobs = Knobs { name_scope: NameScope::None, ..Knobs::default() };
    let env = [
        ("DATASET_OPERATOR_PAUSE", "before Claim 5s"),
        ("DATASET_OPERATOR_REQUEST_TIMEOUT", "12s"),
        ("DATASET_OPERATOR_SETTLE_TIME", "20s"),
    ];
    let env = env.map(|(key, value)| (key, value.to_owned())).to_vec();
    let scene = Scene::with("two", Setting { knobs, env, ..Setting::default() }).await;
    scene.create("Dataset", "one", oss("one")).await;
    scene.faults([late("CreateDataset", 8000)]);
    let other = scene.replica(&[("DATASET_OPERATOR_PAUSE", "")]).await;
    scene.ready("Dataset", "one").await;
    assert!(other.stop().await.unwrap().success());
    scene.exactly_one_each(&["one"]).await;
    assert_eq!(scene.calls("CreateDataset"), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_during_a_create_records_it_first() {
    let mut scene = Scene::new("sigterm").await;
    scene.faults([late("CreateDataset", 1500)]);
    scene.create("Dataset", "one", oss("one")).await;
    scene.claimed("Dataset", "one").await;
    scene.stop_operator().await;
    let object = scene.datasets().get("one").await.unwrap();
    assert_eq!(scene.cloud().datasets()[0].dataset_id, dataset_id(&object));
    assert!(testbed::is_ready(&object));
    scene.start_operator().await;
    scene.exactly_one_each(&["one"]).await;
    assert_eq!(scene.calls("CreateDataset"), (1, 0));
    assert_eq!(scene.writes("datasets", Some("one")).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_of_a_delete_still_ends_it() {
    let scene = Scene::new("lost-delete").await;
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    for name in names {
        scene.create("Dataset", name, oss(name)).await;
    }
    scene.exactly_one_each(&names).await;
    scene.faults(WAYS.map(|(effect, when)| fault("DeleteDataset", effect, when)));
    for name in names {
        scene.delete("Dataset", name).await;
    }
    for name in names {
        scene.gone("Dataset", name).await;
    }
    assert!(scene.cloud().datasets().is_empty());
    assert_eq!(scene.calls("DeleteDataset"), (8, 4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_throttled_create_is_sent_again_without_doubt() {
    let scene = Scene::new("throttled-create").await;
    let throttling = Fault { status: 400, code: "Throttling.User".to_owned(), ..Fault::default() };
    scene.faults([throttling]);
    scene.create("Dataset", "one", oss("one")).await;
    let object = scene.ready("Dataset", "one").await;
    assert_eq!(object.data["status"]["recovered"], json!(null));
    scene.exactly_one_each(&["one"]).await;
    assert_eq!(scene.calls("CreateDataset"), (1, 1));
}
