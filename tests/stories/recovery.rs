//! etcd is restored from an older snapshot. The operator finds datasets that status no longer names by their mark, corrects
//! those that were edited since, and reports those without an object. It makes nothing twice and deletes nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use pai_emulator::Emulator;
use serde_json::{Value, json};

use crate::cluster::{Cluster, changes_after, cloud, last_call};
use crate::looks::version_of;
use crate::scene::{WORKSPACE, dataset_id, oss, status};

fn described(name: &str, more: Value) -> Value {
    let mut spec = oss(name);
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    spec
}

/// A dataset that someone made in the console.
fn foreign(cloud: &Emulator, name: &str) -> String {
    let body = json!({
        "Name": name, "WorkspaceId": WORKSPACE, "Property": "DIRECTORY", "DataSourceType": "OSS", "Uri": oss(name)["uri"],
    });
    cloud.console("POST", "/api/v1/datasets", &body).unwrap()["DatasetId"].as_str().unwrap().to_owned()
}

/// Datasets that were made after the snapshot for objects in the snapshot.
const FOUND: [&str; 4] = ["edited", "claimed", "unseen", "adopter"];

/// The remotes of the objects that the snapshot has, by object.
async fn remotes(cluster: &Cluster) -> BTreeMap<&'static str, String> {
    let mut ids = BTreeMap::new();
    for name in FOUND {
        ids.insert(name, dataset_id(&cluster.ready("Dataset", name).await));
    }
    let version = cluster.ready("DatasetVersion", "second").await;
    ids.insert("second", format!("{}/{}", dataset_id(&version), status(&version, "versionName")));
    ids
}

/// A cluster with a history.
struct Shop {
    cloud: Emulator,
    cluster: Cluster,
    snapshot: PathBuf,
    /// The remotes of what is in the snapshot and was still there at the end.
    ids: BTreeMap<&'static str, String>,
    /// The dataset of an object that was made later.
    new: String,
}

impl Shop {
    /// Objects in all states when the snapshot is taken, and what became of them; then the operator ends.
    async fn open() -> Option<Self> {
        let cloud = cloud().await;
        let mut cluster = Cluster::start().await?;
        cluster.in_namespace("shop").await;
        cluster.work_on(&cloud, &[]);
        cluster.start_operator().await;
        cluster.create("Dataset", "edited", described("edited", json!({"description": "old"}))).await;
        cluster.create("Dataset", "deleted", oss("deleted")).await;
        cluster.create("Dataset", "remade", described("remade", json!({"onExternalDeletion": "Recreate"}))).await;
        cluster.create("Dataset", "retained", described("retained", json!({"deletionPolicy": "Retain"}))).await;
        for name in ["edited", "deleted", "remade", "retained"] {
            cluster.ready("Dataset", name).await;
        }
        cluster.kill_operator();
        // Announced, but not sent.
        cluster.create("Dataset", "claimed", oss("claimed")).await;
        cluster.crash_at("before Create").await;
        // Not even seen.
        cluster.create("Dataset", "unseen", oss("unseen")).await;
        let theirs = foreign(&cloud, "adopter");
        cluster.create("Dataset", "adopter", described("adopter", json!({"adoption": {"datasetId": theirs}}))).await;
        cluster.create("DatasetVersion", "second", version_of("edited", "v2")).await;
        let snapshot = cluster.snapshot();

        // Life goes on.
        cluster.start_operator().await;
        let ids = remotes(&cluster).await;
        cluster.edit("Dataset", "edited", json!({"description": "new"})).await;
        cluster.ready("Dataset", "edited").await;
        cluster.delete("Dataset", &["deleted", "remade", "retained"]).await;
        cluster.create("Dataset", "new", oss("new")).await;
        let new = dataset_id(&cluster.ready("Dataset", "new").await);
        cluster.kill_operator();
        assert_eq!(cloud.datasets().len(), 6, "four to be found again, one retained, one new");
        Some(Self { cloud, cluster, snapshot, ids, new })
    }

    fn description(&self, of: &str) -> Option<String> {
        self.cloud.dataset(&self.ids[of]).unwrap().description
    }

    /// Put back while no operator runs; returns the dataset that was made in the place of a deleted one.
    async fn back_between_two_operators(&mut self) -> String {
        let before: Vec<_> = self.cloud.datasets().into_iter().map(|dataset| dataset.dataset_id).collect();
        let call = last_call(&self.cloud);
        self.cluster.restore(&self.snapshot, 0).await;
        self.cluster.start_operator().await;
        let (cloud, cluster) = (&self.cloud, &self.cluster);
        assert_eq!(remotes(cluster).await, self.ids, "found again, each one");
        for (name, origin) in [("unseen", "Created"), ("claimed", "Created"), ("adopter", "Adopted")] {
            let object = cluster.ready("Dataset", name).await;
            let found = (status(&object, "origin"), object.data["status"]["recovered"].clone());
            assert_eq!(found, (origin.to_owned(), json!(true)), "{name}");
        }
        assert_eq!(self.description("edited").as_deref(), Some("old"), "the spec of then");
        // A dataset that was deleted since the snapshot does not come back by itself.
        let message = cluster.reason("Dataset", "deleted", "RemoteDeleted").await;
        assert!(message.contains("Recreate"), "{message}");
        let remade = dataset_id(&cluster.ready("Dataset", "remade").await);
        let retained = cloud.dataset(&dataset_id(&cluster.ready("Dataset", "retained").await)).unwrap();
        assert!(retained.labels.iter().all(|label| label.key != "dso-released"), "{retained:?}");
        cluster.until_metric("pai_index_orphans", 1).await;
        cluster.rounds(3).await;
        let told = cluster.told("OrphanFound").await;
        let [(message, 1)] = &told[..] else { panic!("{told:?}") };
        assert!(message.contains(&self.new), "{message}");
        let changes = json!({"CreateDataset": 1, "UpdateDataset": 1, "DeleteDatasetLabels": 1});
        assert_eq!(changes_after(cloud, call), changes, "one is remade, one set back, one not released any more");
        let now: Vec<_> = cloud.datasets().into_iter().map(|dataset| dataset.dataset_id).collect();
        assert_eq!(now, before.into_iter().chain([remade.clone()]).collect::<Vec<_>>());
        remade
    }

    /// etcd is restored while the operator runs: the operator notices that time went backwards.
    async fn back_under_a_running_operator(&mut self, remade: &str) {
        self.cluster.create("Dataset", "newer", oss("newer")).await;
        self.cluster.ready("Dataset", "newer").await;
        let call = last_call(&self.cloud);
        self.cluster.restore(&self.snapshot, 0).await;
        let cluster = &self.cluster;
        cluster.edit("Dataset", "edited", json!({"description": "newest"})).await;
        assert_eq!(remotes(cluster).await, self.ids);
        assert_eq!(dataset_id(&cluster.ready("Dataset", "remade").await), remade, "the one that was made in its place");
        cluster.reason("Dataset", "deleted", "RemoteDeleted").await;
        cluster.until_metric("pai_index_orphans", 2).await;
        assert_eq!(self.description("edited").as_deref(), Some("newest"));
        // An object that is applied again gets its own dataset back.
        cluster.create("Dataset", "new", oss("new")).await;
        assert_eq!(dataset_id(&cluster.ready("Dataset", "new").await), self.new);
        cluster.until_metric("pai_index_orphans", 1).await;
        cluster.rounds(2).await;
        let changes = json!({"UpdateDataset": 1, "CreateDatasetLabels": 1});
        assert_eq!(changes_after(&self.cloud, call), changes, "one was edited, one is taken back");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_that_is_put_back_costs_no_dataset_and_makes_none_twice() {
    let Some(mut shop) = Shop::open().await else { return };
    let remade = shop.back_between_two_operators().await;
    shop.back_under_a_running_operator(&remade).await;
}

/// A restore as by `etcdutl snapshot restore --bump-revision 1000 --mark-compacted`: no revision comes twice, and the
/// API server tells each watch to list again. No client has to ask whether time ran backwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_that_is_put_back_with_revisions_that_go_on_is_noticed_at_once() {
    let cloud = cloud().await;
    let Some(mut cluster) = Cluster::start().await else { return };
    cluster.in_namespace("bumped").await;
    // The operator asks for the version once a minute, so that the story is over before.
    cluster.work_on(&cloud, &[("DATASET_OPERATOR_RESYNC", "10m")]);
    cluster.start_operator().await;
    cluster.create("Dataset", "edited", described("edited", json!({"description": "old"}))).await;
    let edited = dataset_id(&cluster.ready("Dataset", "edited").await);
    let snapshot = cluster.snapshot();
    cluster.edit("Dataset", "edited", json!({"description": "new"})).await;
    cluster.ready("Dataset", "edited").await;
    cluster.create("Dataset", "later", oss("later")).await;
    let later = dataset_id(&cluster.ready("Dataset", "later").await);

    let call = last_call(&cloud);
    cluster.restore(&snapshot, 1000).await;
    let description = async || Ok(cloud.dataset(&edited).unwrap().description.filter(|now| now == "old"));
    cluster.wait().until("the spec of then", description).await.unwrap();
    cluster.create("Dataset", "later", oss("later")).await;
    assert_eq!(dataset_id(&cluster.ready("Dataset", "later").await), later, "it has its own back");
    assert_eq!(changes_after(&cloud, call), json!({"UpdateDataset": 1, "CreateDatasetLabels": 1}));
    assert!(!cluster.said().contains("put back to an earlier state"), "it had to ask");
}
