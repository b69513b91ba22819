//! Limits: of the account, in both forms that a quota can have; of a day; and the order of calls when there are not enough
//! permits for all.

use std::time::Duration;

use pai_emulator::{Knobs, NameScope, QuotaForm};
use serde_json::{Value, json};

use crate::scene::{Scene, Setting, dataset_id, oss};

async fn limited(name: &str, knobs: Knobs, env: &[(&'static str, &str)]) -> Scene {
    let env = env.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    Scene::with(name, Setting { knobs, env, ..Setting::default() }).await
}

async fn create_all(scene: &Scene, count: usize) -> Vec<String> {
    let names: Vec<_> = (0..count).map(|number| format!("d-{number}")).collect();
    for name in &names {
        scene.create("Dataset", name, oss(name)).await;
    }
    names
}

async fn all_ready(scene: &Scene, names: &[String]) {
    for name in names {
        scene.wait_for(Duration::from_secs(60)).ready(&scene.datasets(), name).await.unwrap();
    }
}

/// Where calls of this operation stand among all calls, in order.
fn places(scene: &Scene, operation: &str) -> Vec<usize> {
    let log = scene.cloud().log();
    let of = log.iter().enumerate().filter(|(_, line)| line.operation == operation);
    of.map(|(place, _)| place).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_costs_one_call_and_two_writes_each_whatever_the_form_of_the_quota() {
    for quota_form in [QuotaForm::Bucket, QuotaForm::Window] {
        let knobs = Knobs { quota_per_second: 50, quota_form, ..Knobs::default() };
        let scene = limited("burst", knobs, &[("DATASET_OPERATOR_QPS", "50")]).await;
        let names = create_all(&scene, 100).await;
        all_ready(&scene, &names).await;
        let (made, rejected) = scene.calls("CreateDataset");
        assert_eq!(made, 100, "{quota_form:?}");
        // On a machine that stands still for a moment calls arrive in a crowd; the limiter's own tests, whose time is
        // simulated, allow none.
        assert!(rejected <= 2, "{quota_form:?}: {rejected} rejected");
        // A rejected create is claimed again.
        let writes = scene.writes("datasets", None).await;
        assert_eq!(writes, 200 + usize::try_from(rejected).unwrap(), "{quota_form:?}");
        let bill = serde_json::to_value(scene.cloud().bill()).unwrap();
        assert_eq!(bill["calls"]["CreateDataset"]["ok"], 100, "{bill}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_overtakes_queued_creates() {
    // Slow enough that a busy machine, too, has made the objects long before their creates are through.
    let knobs = Knobs { quota_per_second: 6, ..Knobs::default() };
    let scene = limited("overtake", knobs, &[("DATASET_OPERATOR_QPS", "6")]).await;
    scene.create("Dataset", "settled", oss("settled")).await;
    scene.ready("Dataset", "settled").await;
    let names = create_all(&scene, 80).await;
    let waiting = 81 - scene.calls("CreateDataset").0;
    scene.patch("Dataset", "settled", json!({"spec": {"description": "edited"}})).await;
    scene.until("the edit", async |scene| !places(scene, "UpdateDataset").is_empty()).await;
    let behind = 81 - scene.calls("CreateDataset").0;
    assert!(behind > waiting / 2 && behind > 5, "of {waiting} creates that waited only {behind} came after the edit");
    all_ready(&scene, &names).await;
    assert_eq!(scene.calls("CreateDataset"), (81, 0));
    assert_eq!(scene.calls("UpdateDataset"), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spent_daily_budget_stops_creates_and_says_so_but_not_edits_and_deletes() {
    // The first sweep and three creates are all of it.
    let scene = limited("budget", Knobs::default(), &[("DATASET_OPERATOR_DAILY_BUDGET", "4")]).await;
    for name in ["a", "b", "c"] {
        scene.create("Dataset", name, oss(name)).await;
        scene.ready("Dataset", name).await;
    }
    scene.create("Dataset", "late", oss("late")).await;
    let message = scene.reason("Dataset", "late", "Throttled").await;
    assert!(message.contains("daily budget of 4 calls") && message.contains("--daily-budget"), "{message}");
    scene.patch("Dataset", "a", json!({"spec": {"description": "edited"}})).await;
    scene.until("the edit", async |scene| scene.calls("UpdateDataset") == (1, 0)).await;
    scene.delete("Dataset", "b").await;
    scene.gone("Dataset", "b").await;
    assert_eq!(scene.calls("CreateDataset"), (3, 0));
    let metrics = scene.metrics().await;
    let allowed = metrics.lines().find(|line| line.starts_with("pai_api_budget_calls{account="));
    assert!(allowed.is_some_and(|line| line.ends_with("} 4")), "{metrics}");
    scene.delete("Dataset", "late").await;
    scene.gone("Dataset", "late").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_form_of_paths_that_names_the_operation_serves_as_well() {
    let knobs = Knobs { name_scope: NameScope::Workspace, ..Knobs::default() };
    let scene = limited("gateway", knobs, &[("DATASET_OPERATOR_ENDPOINT_FORM", "gateway")]).await;
    scene.create("Dataset", "one", oss("one")).await;
    let id = dataset_id(&scene.ready("Dataset", "one").await);
    let version = json!({
        "datasetRef": {"name": "one"}, "property": "DIRECTORY", "dataSourceType": "OSS",
        "uri": "oss://bucket.oss-cn-hangzhou.aliyuncs.com/v2/",
    });
    scene.create("DatasetVersion", "two", version).await;
    scene.ready("DatasetVersion", "two").await;
    let edit = json!({"spec": {"description": "edited", "labels": [{"key": "team", "value": "vision"}]}});
    scene.patch("Dataset", "one", edit).await;
    scene
        .until("the edit", async |scene| {
            let remote = scene.cloud().dataset(&id).unwrap();
            let value = serde_json::to_value(&remote).unwrap();
            value["Description"] == "edited" && value["Labels"].as_array().is_some_and(|l| l.iter().any(is_team))
        })
        .await;
    for (kind, name) in [("DatasetVersion", "two"), ("Dataset", "one")] {
        scene.delete(kind, name).await;
        scene.gone(kind, name).await;
    }
    assert!(scene.cloud().datasets().is_empty());
}

fn is_team(label: &Value) -> bool {
    label["Key"] == "team" && label["Value"] == "vision"
}
