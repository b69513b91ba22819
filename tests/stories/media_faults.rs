//! MediaDatasets while things fail: lost answers, calls that are carried out late.

use pai_emulator::{Effect, Fault, Knobs, When};
use serde_json::json;

use crate::media::{KIND, cats};
use crate::scene::{Scene, Setting, status};

fn fault(operation: &str, effect: Effect, when: When) -> Fault {
    Fault { operation: operation.into(), effect, when, ..Fault::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_without_an_answer_is_found_by_its_name() {
    let scene = Scene::new("media-lost").await;
    scene.cloud().add_faults([fault("imm:CreateDataset", Effect::Reset, When::After)]);
    scene.create(KIND, "cats", cats()).await;
    let object = scene.ready(KIND, "cats").await;
    assert_eq!((status(&object, "origin"), scene.media().len()), ("Created".to_owned(), 1));
    let (ok, failed) = scene.calls("imm:CreateDataset");
    assert_eq!(ok + failed, 1, "it is not sent again");
    // One that was never carried out is made again after the grace period.
    scene.cloud().add_faults([fault("imm:CreateDataset", Effect::Reset, When::Before)]);
    scene.create(KIND, "dogs", cats()).await;
    scene.reason(KIND, "dogs", "Uncertain").await;
    scene.ready(KIND, "dogs").await;
    assert_eq!(scene.media().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_without_an_answer_is_looked_at_before_it_is_sent_again() {
    let scene = Scene::new("media-lost-edit").await;
    scene.create(KIND, "cats", cats()).await;
    scene.ready(KIND, "cats").await;
    scene.cloud().add_faults([fault("imm:UpdateDataset", Effect::Reset, When::After)]);
    scene.patch(KIND, "cats", json!({"spec": {"datasetMaxFileCount": 7}})).await;
    scene.until("the edit", async |scene| scene.only_media().dataset_max_file_count == 7).await;
    scene.ready(KIND, "cats").await;
    let (ok, failed) = scene.calls("imm:UpdateDataset");
    assert_eq!(ok + failed, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delete_without_an_answer_holds_the_name_for_the_grace_period() {
    let settle = std::time::Duration::from_secs(10);
    let env = vec![("DATASET_OPERATOR_SETTLE_TIME", "10s".to_owned())];
    let mut scene = Scene::with("media-late", Setting { env, ..Setting::default() }).await;
    scene.create(KIND, "cats", cats()).await;
    scene.ready(KIND, "cats").await;
    scene.cloud().add_faults([fault("imm:DeleteDataset", Effect::Reset, When::After)]);
    scene.delete(KIND, "cats").await;
    scene.until("the delete", async |scene| scene.media().is_empty()).await;
    let said = scene.reason(KIND, "cats", "Deleting").await;
    assert!(said.contains("a delete without an answer may still take effect"), "{said}");
    // Also for the next process, which reads it from the intent.
    scene.kill_operator();
    let killed = std::time::Instant::now();
    scene.start_operator().await;
    scene.wait_for(settle * 4).gone(&scene.api(KIND), "cats").await.unwrap();
    assert!(killed.elapsed() >= settle, "{:?}", killed.elapsed());
    scene.create(KIND, "cats", cats()).await;
    scene.ready(KIND, "cats").await;
    assert_eq!(scene.media().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_that_shows_late_is_no_drift() {
    let knobs = Knobs { imm_update_lag_ms: 300_000, ..Knobs::default() };
    let scene = Scene::with("media-shows-late", Setting { knobs, ..Setting::default() }).await;
    scene.create(KIND, "cats", cats()).await;
    scene.ready(KIND, "cats").await;
    scene.patch(KIND, "cats", json!({"spec": {"datasetMaxFileCount": 7}})).await;
    scene.until("the edit", async |scene| scene.calls("imm:UpdateDataset").0 == 1).await;
    scene.ready(KIND, "cats").await;
    scene.annotate(KIND, "cats", "reconcile-requested-at", json!("1")).await;
    let said = scene.reason(KIND, "cats", "Progressing").await;
    assert!(said.contains("may take up to 5 minutes to show a change"), "{said}");
    // From now on it shows.
    scene.edit_media(|_| {});
    scene.annotate(KIND, "cats", "reconcile-requested-at", json!("2")).await;
    scene.ready(KIND, "cats").await;
    assert_eq!(scene.calls("imm:UpdateDataset"), (1, 0), "it is not sent again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn throttled_calls_are_made_later() {
    let scene = Scene::new("media-throttled").await;
    let slow = |operation: &str| Fault {
        operation: operation.into(),
        status: 400,
        code: "Throttling.User".into(),
        count: 2,
        ..Fault::default()
    };
    scene.cloud().add_faults(["imm:GetDataset", "imm:CreateDataset", "imm:DeleteDataset"].map(slow));
    scene.create(KIND, "cats", cats()).await;
    scene.ready(KIND, "cats").await;
    scene.delete(KIND, "cats").await;
    scene.gone(KIND, "cats").await;
    assert_eq!((scene.calls("imm:CreateDataset").0, scene.media().len()), (1, 0));
}
