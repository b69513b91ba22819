//! Removal: deletes share their reads, wait until an outage ends, and recognise remotes that are gone.

use std::time::Duration;

use pai_emulator::{Credential, Effect, Fault, NameScope, When};
use serde_json::{Value, json};

use crate::scene::{Scene, dataset_id, oss};
use crate::trouble::fault;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_deletes_at_once_share_their_reads() {
    let scene = Scene::new("many").await;
    let names: Vec<_> = (0..20).map(|n| format!("d{n}")).collect();
    for name in &names {
        scene.create("Dataset", name, oss(name)).await;
    }
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    scene.exactly_one_each(&names).await;
    futures::future::join_all(names.iter().map(|name| scene.delete("Dataset", name))).await;
    for name in &names {
        scene.gone("Dataset", name).await;
    }
    assert!(scene.cloud().datasets().is_empty());
    assert_eq!(scene.calls("DeleteDataset"), (20, 0));
    let (lists, reads) = (scene.calls("ListDatasets").0, scene.calls("GetDataset").0);
    println!("20 deletes: {lists} lists (one is the first sweep), {reads} single reads");
    assert!(lists + reads <= 12, "{lists} lists, {reads} reads");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delete_during_an_outage_waits_and_ends() {
    let mut scene = Scene::new("later").await;
    scene.create("Dataset", "one", oss("one")).await;
    scene.ready("Dataset", "one").await;
    scene
        .without_cloud(async |scene| {
            scene.delete("Dataset", "one").await;
            scene.reason("Dataset", "one", "CloudUnavailable").await;
            assert!(!testbed::is_ready(&scene.get("Dataset", "one").await), "nothing is Ready while it is deleted");
        })
        .await;
    scene.wait_for(Duration::from_secs(40)).gone(&scene.datasets(), "one").await.unwrap();
    assert!(scene.cloud().datasets().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_whose_remote_is_gone_already_just_goes() {
    let scene = Scene::new("gone").await;
    scene.create("Dataset", "one", oss("one")).await;
    let id = dataset_id(&scene.ready("Dataset", "one").await);
    scene.console("DELETE", &format!("/api/v1/datasets/{id}"), Value::Null);
    scene.delete("Dataset", "one").await;
    scene.gone("Dataset", "one").await;
    assert_eq!(scene.calls("DeleteDataset"), (0, 0), "the console's own call is not in the log");
}

/// The status about a deleted remote stays correct while the operator starts and cannot read yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remote_that_was_deleted_is_told_through_a_restart_too() {
    let mut scene = Scene::new("restarted").await;
    scene.create("Dataset", "one", oss("one")).await;
    let id = dataset_id(&scene.ready("Dataset", "one").await);
    scene.console("DELETE", &format!("/api/v1/datasets/{id}"), Value::Null);
    scene.annotate("Dataset", "one", "reconcile-requested-at", json!("now")).await;
    scene.reason("Dataset", "one", "RemoteDeleted").await;
    let told = scene.get("Dataset", "one").await.metadata.resource_version;
    scene.stop_operator().await;
    let failed = scene.calls("ListDatasets").1;
    scene.faults([Fault { count: 4, ..fault("ListDatasets", Effect::Error, When::Before) }]);
    scene.start_operator().await;
    // The delays between tries grow: four take longer than the five seconds after which the operator reports a wait.
    scene.until("four lists that fail", async |scene| scene.calls("ListDatasets").1 >= failed + 4).await;
    assert_eq!(scene.get("Dataset", "one").await.metadata.resource_version, told, "nothing else was told");
    scene
        .until("a list", async |scene| scene.metrics().await.contains("pai_workspace_listed{workspace=\"478\"} 1"))
        .await;
    assert_eq!(scene.get("Dataset", "one").await.metadata.resource_version, told);
}

/// An account that does not have the remote cannot know that it was deleted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_account_does_not_see_is_not_gone() {
    const OURS: [&str; 2] = ["testAccessKeyId", "testAccessKeySecret"];
    const THEIRS: [&str; 2] = ["theirKeyId", "theirKeySecret"];
    async fn start_as(scene: &mut Scene, [key, secret]: [&str; 2]) {
        scene.stop_operator().await;
        scene.set("ALIBABA_CLOUD_ACCESS_KEY_ID", key.to_owned());
        scene.set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", secret.to_owned());
        scene.start_operator().await;
    }
    let mut scene = Scene::new("accounts").await;
    let [ours, theirs] = [OURS, THEIRS].map(|[key, secret]| Credential::access_key(key, secret));
    let (account_id, user_id) = ("222222".to_owned(), "222222".to_owned());
    scene.cloud().set_credentials(vec![ours, Credential { account_id, user_id, ..theirs }]);
    scene.create("Dataset", "one", oss("one")).await;
    let id = dataset_id(&scene.ready("Dataset", "one").await);

    start_as(&mut scene, THEIRS).await;
    scene.delete("Dataset", "one").await;
    let message = scene.reason("Dataset", "one", "AccountMismatch").await;
    assert!(message.contains(&id), "{message}");
    assert_eq!(scene.calls("DeleteDataset"), (0, 0));

    start_as(&mut scene, OURS).await;
    scene.gone("Dataset", "one").await;
    assert!(scene.cloud().datasets().is_empty());
}

/// "Not found" as the answer to a change may be about a label, or come from a gateway: the operator then reads the remote.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_found_nothing_is_followed_by_a_read() {
    let scene = Scene::with_names("change404", NameScope::None).await;
    let mut spec = oss("one");
    spec["onExternalDeletion"] = json!("Recreate");
    scene.create("Dataset", "one", spec).await;
    let id = dataset_id(&scene.ready("Dataset", "one").await);
    let (operation, code) = ("UpdateDataset".to_owned(), "201300003".to_owned());
    scene.faults([Fault { operation, effect: Effect::Error, status: 404, code, ..Fault::default() }]);
    scene.edit("Dataset", "one", json!({"description": "edited"})).await;
    assert_eq!(scene.cloud().dataset(&id).unwrap().description.as_deref(), Some("edited"));
    assert_eq!(scene.exactly_one_each(&["one"]).await, std::slice::from_ref(&id));
    assert_eq!(scene.calls("CreateDataset"), (1, 0));
    assert_eq!(scene.calls("GetDataset"), (1, 0));
}

/// If an adopted remote lost its mark, its earlier owner may have taken it back, so the operator does not delete it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adopted_dataset_without_a_mark_is_not_deleted() {
    let mut scene = Scene::new("unmarked").await;
    let mut spec = oss("one");
    spec["adoption"] = json!({"datasetId": scene.foreign("one", &[])});
    spec["deletionPolicy"] = json!("Delete");
    scene.create("Dataset", "one", spec).await;
    let id = dataset_id(&scene.ready("Dataset", "one").await);
    scene.kill_operator();
    scene.unlabel(&id, "dso-domain,dso-owner,dso-attempt");
    scene.delete("Dataset", "one").await;
    scene.start_operator().await;
    scene.gone("Dataset", "one").await;
    assert_eq!(scene.calls("DeleteDataset"), (0, 0));
    assert!(scene.cloud().dataset(&id).is_some());
}
