//! An older state of the cluster: a restored etcd costs no job, and runs none twice.

use kube::api::DynamicObject;
use pai_emulator::Knobs;
use serde_json::json;
use testbed::Wait;

use crate::cluster::{Cluster, changes_after, cloud, last_call};
use crate::jobs::{KIND, PATIENCE, assert_complete, endless, index, is_running, is_true, job_id};
use crate::scene::oss;

/// The jobs that these objects record.
async fn jobs_of(cluster: &Cluster, names: &[&str]) -> Vec<String> {
    let mut ids = Vec::new();
    for name in names {
        let wait = Wait::new(PATIENCE);
        let running = |object: &DynamicObject| is_running(object) || is_true(object, "Complete");
        ids.push(job_id(&wait.object(&cluster.api(KIND), name, "running or Complete", running).await.unwrap()));
    }
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_etcd_costs_no_job_and_runs_none_twice() {
    let cloud = cloud().await;
    cloud.set_knobs(|knobs| *knobs = Knobs { name_scope: knobs.name_scope, ..endless() });
    let Some(mut cluster) = Cluster::start().await else { return };
    cluster.in_namespace("mill").await;
    cluster.work_on(&cloud, &[]);
    cluster.start_operator().await;
    cluster.create("Dataset", "flowers", oss("flowers")).await;
    cluster.ready("Dataset", "flowers").await;
    cluster.create(KIND, "recorded", index(json!({}))).await;
    jobs_of(&cluster, &["recorded"]).await;
    cluster.kill_operator();
    // Announced, but not sent; and not even seen.
    cluster.create(KIND, "claimed", index(json!({}))).await;
    cluster.crash_at(&format!("before Create of {KIND}")).await;
    cluster.create(KIND, "unseen", index(json!({}))).await;
    let snapshot = cluster.snapshot();

    let all = ["recorded", "claimed", "unseen", "later"];
    cluster.start_operator().await;
    cluster.create(KIND, "later", index(json!({}))).await;
    let ids = jobs_of(&cluster, &all).await;
    let said = serde_json::from_value(json!({"status": "Succeeded"})).unwrap();
    assert!(cloud.tell_job(&ids[1], said));
    let complete = |object: &DynamicObject| is_true(object, "Complete");
    let patient = Wait::new(PATIENCE);
    patient.object(&cluster.api(KIND), "claimed", "Complete", complete).await.unwrap();
    cluster.kill_operator();

    for ahead in [0, 1000] {
        let call = last_call(&cloud);
        cluster.restore(&snapshot, ahead).await;
        if ahead == 0 {
            cluster.start_operator().await;
        }
        // Applied again, it is another object.
        cluster.create(KIND, "later", index(json!({}))).await;
        assert_eq!(jobs_of(&cluster, &all).await, ids, "found again, each one");
        let object = patient.object(&cluster.api(KIND), "claimed", "Complete", complete).await.unwrap();
        assert_complete(&object);
        for name in &all[1..] {
            let object = cluster.api(KIND).get(name).await.unwrap();
            assert_eq!(object.data["status"]["recovered"], true, "{name}");
        }
        assert_eq!(changes_after(&cloud, call), json!({"UpdateDatasetJob": 1}), "the mark of the one applied again");
    }
    assert_eq!(cloud.state().jobs.unwrap_or_default().len(), 4);
    cluster.stop_operator().await;
}
