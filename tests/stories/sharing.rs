//! A dataset that is shared with other workspaces: the operator grants and revokes its own shares, and leaves those of
//! others, whether the service takes the whole list or adds what it is sent.

use pai_emulator::Knobs;
use pai_emulator::knobs::Write;
use serde_json::{Value, json};

use crate::scene::{Scene, Setting, dataset_id, oss};

async fn scene(name: &str, sharing_update: Write) -> Scene {
    let env = vec![("DATASET_OPERATOR_RESYNC", "1s".to_owned())];
    let knobs = Knobs { sharing_update, ..Knobs::default() };
    Scene::with(name, Setting { knobs, env, ..Setting::default() }).await
}

fn share(workspace: &str) -> Value {
    json!({"tenantId": "1000000000000002", "workspaceId": workspace})
}

fn key(workspace: &str) -> String {
    format!("1000000000000002/{workspace}")
}

fn shared(spec: &[Value]) -> Value {
    json!({"sharingConfig": {"sharedTo": spec}})
}

/// The workspaces that may use the dataset now, each with its access.
fn in_force(scene: &Scene, id: &str) -> Vec<(String, String)> {
    let shown = scene.console("GET", &format!("/api/v1/datasets/{id}"), Value::Null);
    let all = shown["SharingConfig"]["SharedTo"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let active = all.iter().filter(|share| share["Status"] == "ACTIVE");
    let mut active: Vec<_> =
        active.map(|share| (text(&share["WorkspaceId"]), share["AllowedMountAccessLevels"].to_string())).collect();
    active.sort();
    active
}

/// Somebody else sets the shares in the console.
fn share_by_hand(scene: &Scene, id: &str, workspaces: &[&str]) {
    let all: Vec<_> =
        workspaces.iter().map(|workspace| json!({"TenantId": "1000000000000002", "WorkspaceId": workspace})).collect();
    scene.console("PUT", &format!("/api/v1/datasets/{id}"), json!({"SharingConfig": {"SharedTo": all}}));
}

fn ro(workspaces: &[&str]) -> Vec<(String, String)> {
    workspaces.iter().map(|workspace| ((*workspace).to_owned(), "[\"RO\"]".to_owned())).collect()
}

async fn life(name: &str, update: Write, updates_to_revoke: u64) {
    let scene = scene(name, update).await;
    let mut spec = oss("one");
    spec["sharingConfig"] = json!({"sharedTo": [share("20")]});
    scene.create("Dataset", "one", spec).await;
    let object = scene.ready("Dataset", "one").await;
    let id = dataset_id(&object);
    let status = &object.data["status"];
    assert_eq!(status["appliedShares"], json!([key("20")]));
    assert_eq!(
        (&status["sharedTo"][0]["workspaceId"], &status["sharedTo"][0]["status"]),
        (&json!("20"), &json!("ACTIVE"))
    );
    assert_eq!(in_force(&scene, &id), ro(&["20"]));

    // One more share beside one of somebody else: a read, an update, a read, and one write.
    share_by_hand(&scene, &id, &["20", "90"]);
    scene.sweeps(2).await;
    let (calls, writes) = (scene.last_call(), scene.writes("datasets", Some("one")).await);
    let mut wide = share("30");
    wide["allowedMountAccessLevels"] = json!(["RO", "RW"]);
    wide["expiresAt"] = json!("2099-01-01T00:00:00Z");
    let object = scene.edit("Dataset", "one", shared(&[share("20"), wide.clone()])).await;
    assert_eq!(scene.calls_after(calls), json!({"GetDataset": 2, "UpdateDataset": 1}));
    assert_eq!(scene.writes("datasets", Some("one")).await - writes, 1);
    assert_eq!(object.data["status"]["appliedShares"], json!([key("20"), key("30")]));
    let mut expected = ro(&["20"]);
    expected.push(("30".to_owned(), "[\"RO\",\"RW\"]".to_owned()));
    expected.extend(ro(&["90"]));
    assert_eq!(in_force(&scene, &id), expected);
    assert_eq!(object.data["status"]["sharedTo"].as_array().map(Vec::len), Some(3), "those of others are shown too");

    // Nothing changed: no call, no write.
    let (calls, writes) = (scene.last_call(), scene.writes("datasets", Some("one")).await);
    scene.sweeps(3).await;
    assert_eq!(scene.calls_after(calls), json!({}));
    assert_eq!(scene.writes("datasets", Some("one")).await, writes);

    // Without the list, those of the operator go.
    let calls = scene.last_call();
    let object = scene.edit("Dataset", "one", json!({"sharingConfig": null})).await;
    assert_eq!(in_force(&scene, &id), ro(&["90"]));
    assert_eq!(object.data["status"].get("appliedShares"), None);
    let made = scene.calls_after(calls);
    assert_eq!(
        (&made["UpdateDataset"], &made["GetDataset"]),
        (&json!(updates_to_revoke), &json!(updates_to_revoke + 1))
    );
    assert!(testbed::condition(&object, "Drifted").is_none(), "{}", object.data["status"]);
    scene.delete("Dataset", "one").await;
    scene.gone("Dataset", "one").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shares_are_granted_and_revoked_where_the_service_takes_the_whole_list() {
    life("sharereplace", Write::Replace, 1).await;
}

/// A share that is left out stays there: after three tries the operator ends it by its time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shares_are_granted_and_revoked_where_the_service_adds_to_the_list() {
    life("shareupsert", Write::Upsert, 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_share_that_the_console_revoked_is_granted_again_on_request() {
    let scene = scene("sharedrift", Write::Replace).await;
    let mut spec = oss("one");
    spec["sharingConfig"] = json!({"sharedTo": [share("20")]});
    scene.create("Dataset", "one", spec).await;
    let id = dataset_id(&scene.ready("Dataset", "one").await);
    share_by_hand(&scene, &id, &["90"]);
    scene.annotate("Dataset", "one", "reconcile-requested-at", json!("now")).await;
    scene.until("it is back", async |scene| in_force(scene, &id) == ro(&["20", "90"])).await;
    scene.told("one", &["DriftDetected", "DriftCorrected"]).await;
}

/// The operator dies after it sent the shares, and after a restart sends nothing twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_after_the_shares_were_sent_costs_a_read() {
    let mut scene = scene("sharekill", Write::Replace).await;
    scene.create("Dataset", "one", oss("one")).await;
    let id = dataset_id(&scene.ready("Dataset", "one").await);
    scene.stop_operator().await;
    scene.patch("Dataset", "one", json!({"spec": shared(&[share("20")])})).await;
    scene.crash_at("after Change").await;
    scene.start_operator().await;
    let object = scene.ready("Dataset", "one").await;
    assert_eq!(object.data["status"]["appliedShares"], json!([key("20")]));
    assert_eq!(in_force(&scene, &id), ro(&["20"]));
    assert_eq!(scene.calls("UpdateDataset"), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shares_that_cannot_be_are_said_so() {
    let scene = scene("sharebad", Write::Replace).await;
    let mut spec = oss("one");
    spec["workspaceId"] = json!(testbed::WORKSPACE);
    spec["sharingConfig"] = json!({"sharedTo": [share(testbed::WORKSPACE)]});
    scene.create("Dataset", "one", spec).await;
    let message = scene.reason("Dataset", "one", "InvalidSpec").await;
    assert!(message.contains("is the workspace of the dataset itself"), "{message}");
    let mut broken = share("20");
    broken["extra"] = json!("{\"AllowExportModel\": yes}");
    scene.patch("Dataset", "one", json!({"spec": shared(&[broken])})).await;
    scene
        .until("it is told", async |scene| {
            scene.reason("Dataset", "one", "InvalidSpec").await.contains("extra is not a JSON object")
        })
        .await;
    assert_eq!(scene.calls("CreateDataset"), (0, 0));
    // A share that has ended is not sent.
    let mut ended = share("20");
    ended["expiresAt"] = json!("2020-01-01T00:00:00Z");
    scene.patch("Dataset", "one", json!({"spec": shared(&[ended])})).await;
    let id = dataset_id(&scene.ready("Dataset", "one").await);
    assert_eq!(in_force(&scene, &id), []);
    assert_eq!(scene.calls("UpdateDataset"), (0, 0));
}
