//! MediaDatasets: datasets of IMM from the manifest to the deletion, and what others do to them meanwhile.

use pai_emulator::{Knobs, MediaDataset, State};
use serde_json::{Value, json};

use crate::scene::{Scene, Setting, status};

pub(crate) const KIND: &str = "MediaDataset";

pub(crate) fn cats() -> Value {
    json!({"projectName": "photos", "description": "Cats", "templateId": "Official:ImageManagement"})
}

impl Scene {
    /// The datasets of IMM that exist.
    pub(crate) fn media(&self) -> Vec<MediaDataset> {
        self.cloud().state().media_datasets.unwrap_or_default()
    }

    /// The only one.
    pub(crate) fn only_media(&self) -> MediaDataset {
        let mut all = self.media();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    /// Somebody changes them in the console. What they were before is not shown any longer.
    pub(crate) fn edit_media(&self, edit: impl FnOnce(&mut Vec<MediaDataset>)) {
        let mut all = serde_json::from_value(json!(self.media())).unwrap();
        edit(&mut all);
        self.cloud().set_state(State { media_datasets: Some(all), ..State::default() }).unwrap();
    }

    /// Calls of IMM so far: creates, updates, deletes, and reads of single datasets, whatever came of them.
    pub(crate) fn media_calls(&self) -> [u64; 4] {
        ["Create", "Update", "Delete", "Get"].map(|what| {
            let (ok, failed) = self.calls(&format!("imm:{what}Dataset"));
            ok + failed
        })
    }

    pub(crate) async fn media_writes(&self) -> usize {
        self.writes("mediadatasets", None).await
    }

    /// Asks for a fresh read, and waits until it was made.
    pub(crate) async fn request_media(&self, name: &str, token: &str) {
        self.annotate(KIND, name, "reconcile-requested-at", json!(token)).await;
        self.until("the requested read", async |scene| {
            let object = scene.api(KIND).get(name).await.unwrap();
            object.data["status"]["lastHandledReconcileAt"] == token
        })
        .await;
    }
}

/// A dataset of IMM that somebody made in the console.
fn foreign(name: &str) -> MediaDataset {
    let theirs = json!({
        "AccountId": pai_emulator::DEFAULT_ACCOUNT, "ProjectName": "photos", "DatasetName": name,
        "Description": "theirs", "CreatedMs": 1000, "UpdatedMs": 1000, "DatasetMaxBindCount": 10,
        "DatasetMaxFileCount": 100,
    });
    serde_json::from_value(theirs).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_media_dataset_lives_from_apply_to_delete() {
    let scene = Scene::new("media").await;
    scene.create(KIND, "cats", cats()).await;
    let object = scene.ready(KIND, "cats").await;
    assert_eq!((status(&object, "projectName"), status(&object, "name")), ("photos".into(), "cats".into()));
    assert_eq!(scene.media_calls(), [1, 0, 0, 1], "a read of the name, and the create");
    assert_eq!(scene.media_writes().await, 2, "claim and record");
    let made = scene.only_media();
    let (own, mark) = made.description.split_at(4);
    assert_eq!((own, mark.len()), ("Cats", 64), "{}", made.description);

    let edit = json!({"spec": {"description": "", "datasetMaxTotalFileSize": 9_007_199_254_740_993_i64}});
    scene.patch(KIND, "cats", edit).await;
    scene
        .until("the edit", async |scene| scene.only_media().dataset_max_total_file_size == 9_007_199_254_740_993)
        .await;
    scene.ready(KIND, "cats").await;
    assert_eq!(scene.only_media().description.trim(), mark.trim(), "the mark stays, and the number is exact");
    assert_eq!(scene.media_calls()[1], 1);

    let printed = scene.kubectl().run(&["get", "immds", "-n", &scene.namespace]).await.unwrap();
    assert!(printed.contains("PROJECT") && printed.contains("photos") && printed.contains("True"), "{printed}");
    scene.delete(KIND, "cats").await;
    scene.gone(KIND, "cats").await;
    assert!(scene.media().is_empty());
    assert_eq!(scene.media_calls()[2], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_in_the_console_is_seen_and_taken_back() {
    let scene = Scene::new("media-drift").await;
    scene.create(KIND, "cats", cats()).await;
    scene.ready(KIND, "cats").await;
    scene.edit_media(|all| all[0].template_id = "Official:Other".into());
    scene.request_media("cats", "1").await;
    scene.until("the template", async |scene| scene.only_media().template_id == "Official:ImageManagement").await;
    scene.edit_media(Vec::clear);
    scene.annotate(KIND, "cats", "reconcile-requested-at", json!("2")).await;
    let said = scene.reason(KIND, "cats", "RemoteDeleted").await;
    assert!(said.contains("photos/cats was deleted outside Kubernetes"), "{said}");
    scene.delete(KIND, "cats").await;
    scene.gone(KIND, "cats").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mark_that_a_user_edited_away_is_put_back_with_the_next_edit() {
    let scene = Scene::new("media-mark").await;
    scene.create(KIND, "cats", cats()).await;
    scene.ready(KIND, "cats").await;
    let marked = scene.only_media().description;
    scene.edit_media(|all| all[0].description = "Cats".into());
    scene.request_media("cats", "1").await;
    scene.ready(KIND, "cats").await;
    assert_eq!(scene.only_media().description, "Cats", "it is not put back for its own sake");
    scene.patch(KIND, "cats", json!({"spec": {"datasetMaxFileCount": 7}})).await;
    scene.until("the edit", async |scene| scene.only_media().dataset_max_file_count == 7).await;
    assert_eq!(scene.only_media().description, marked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dataset_of_that_name_is_taken_only_if_the_spec_says_so() {
    let scene = Scene::new("media-adopt").await;
    scene.edit_media(|all| all.push(foreign("cats")));
    scene.create(KIND, "cats", cats()).await;
    let said = scene.reason(KIND, "cats", "NameTaken").await;
    assert!(said.contains("dataset cats of IMM project photos exists already"), "{said}");
    assert!(said.contains("adoption: {policy: AdoptByName}"), "{said}");
    assert_eq!(scene.media_calls()[..3], [0, 0, 0]);
    assert_eq!(scene.only_media().description, "theirs");

    scene.patch(KIND, "cats", json!({"spec": {"adoption": {"policy": "AdoptByName"}}})).await;
    let object = scene.ready(KIND, "cats").await;
    assert_eq!(status(&object, "origin"), "Adopted");
    assert!(scene.only_media().description.starts_with("Cats ["), "{}", scene.only_media().description);

    // A second object of another name cannot stand for it.
    let second = json!({"projectName": "photos", "name": "cats", "adoption": {"policy": "AdoptByName"}});
    scene.create(KIND, "other", second).await;
    let said = scene.reason(KIND, "other", "OwnedByOther").await;
    assert!(said.contains("cats"), "{said}");
    scene.delete(KIND, "other").await;
    scene.gone(KIND, "other").await;

    // What was adopted stays, with a mark that says that it was released.
    scene.delete(KIND, "cats").await;
    scene.gone(KIND, "cats").await;
    let kept = scene.only_media().description;
    assert!(kept.contains("[dso1.A"), "{kept}");
    scene.create(KIND, "cats", cats()).await;
    let said = scene.reason(KIND, "cats", "NameTaken").await;
    assert!(said.contains("which was retained when an earlier object was deleted"), "{said}");
    scene.patch(KIND, "cats", json!({"spec": {"adoption": {"policy": "AdoptByName"}}})).await;
    scene.ready(KIND, "cats").await;
    assert_eq!(scene.media_calls()[..1], [0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_waits_for_bindings_that_others_made() {
    let scene = Scene::new("media-bound").await;
    scene.create(KIND, "cats", cats()).await;
    scene.ready(KIND, "cats").await;
    let binding = pai_emulator::Binding {
        account_id: pai_emulator::DEFAULT_ACCOUNT.into(),
        project_name: "photos".into(),
        dataset_name: "cats".into(),
        uri: "oss://bucket".into(),
        ..pai_emulator::Binding::default()
    };
    let bound = |bindings| State { bindings: Some(bindings), ..State::default() };
    scene.cloud().set_state(bound(vec![binding])).unwrap();
    scene.delete(KIND, "cats").await;
    let said = scene.reason(KIND, "cats", "DeletionBlocked").await;
    assert!(said.contains("photos/cats has 1 bindings and 0 files"), "{said}");
    assert_eq!(scene.media_calls()[2], 0);
    scene.cloud().set_state(bound(Vec::new())).unwrap();
    scene.gone(KIND, "cats").await;
    assert!(scene.media().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_spec_is_answered_with_what_to_change() {
    let knobs = Knobs { imm_projects: "photos".to_owned(), ..Knobs::default() };
    let scene = Scene::with("media-wrong", Setting { knobs, ..Setting::default() }).await;
    for (spec, expected) in [
        (json!({"name": "cats"}), "projectName is required: the name of an IMM project that exists"),
        (json!({"projectName": "a/b"}), "projectName must be the name of an IMM project"),
        (json!({"projectName": "photos", "name": "1"}), "name must begin with a letter or '_'"),
        (json!({"projectName": "photos", "description": "字".repeat(65)}), "at most 192"),
    ] {
        let refused = scene.try_apply(KIND, "wrong", spec).await.unwrap_err().to_string();
        let says = refused.contains(expected) || (expected == "at most 192" && refused.contains("192 bytes"));
        assert!(says, "{refused}");
    }
    scene.create(KIND, "lost", json!({"projectName": "nowhere"})).await;
    let said = scene.reason(KIND, "lost", "InvalidSpec").await;
    assert!(said.contains("ResourceNotFound"), "{said}");
    scene.delete(KIND, "lost").await;
    scene.gone(KIND, "lost").await;
    scene.create(KIND, "cats", cats()).await;
    scene.ready(KIND, "cats").await;
    let moved = json!({"projectName": "videos", "description": "Cats"});
    let refused = scene.try_apply(KIND, "cats", moved).await.unwrap_err().to_string();
    assert!(refused.contains("projectName cannot change once the dataset exists"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_with_media_datasets_ends() {
    let scene = Scene::new("media-namespace").await;
    for name in ["cats", "dogs"] {
        scene.create(KIND, name, cats()).await;
    }
    for name in ["cats", "dogs"] {
        scene.ready(KIND, name).await;
    }
    let kubectl = scene.kubectl();
    kubectl.run(&["delete", "namespace", &scene.namespace, "--wait=false"]).await.unwrap();
    scene.gone(KIND, "cats").await;
    scene.gone(KIND, "dogs").await;
    assert!(scene.media().is_empty());
}

/// Only a read that asks for them has counts, and there is one read per resync.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_counted_once_per_resync_and_only_on_request() {
    let env = vec![("DATASET_OPERATOR_RESYNC", "1s".to_owned())];
    let scene = Scene::with("media-counts", Setting { env, ..Setting::default() }).await;
    scene.create(KIND, "cats", cats()).await;
    scene.ready(KIND, "cats").await;
    scene.edit_media(|all| (all[0].file_count, all[0].total_file_size) = (7, 9_007_199_254_740_993));
    let (reads, writes) = (scene.media_calls()[3], scene.media_writes().await);
    scene.sweeps(3).await;
    assert_eq!((scene.media_calls()[3], scene.media_writes().await), (reads, writes), "nobody asked");
    let object = scene.edit(KIND, "cats", json!({"statistics": true})).await;
    let counted = |object: &kube::api::DynamicObject, files: i64| object.data["status"]["fileCount"] == files;
    let object = if counted(&object, 7) {
        object
    } else {
        scene.wait().object(&scene.api(KIND), "cats", "counted", |object| counted(object, 7)).await.unwrap()
    };
    assert_eq!(object.data["status"]["totalFileSize"], 9_007_199_254_740_993_i64);
    let begun = std::time::Instant::now();
    let (reads, writes) = (scene.media_calls()[3], scene.media_writes().await);
    scene.sweeps(4).await;
    let (more, seconds) = (scene.media_calls()[3] - reads, begun.elapsed().as_secs());
    assert!((1..=seconds + 1).contains(&more), "{more} reads in {seconds} s");
    assert_eq!(scene.media_writes().await, writes, "the count stayed the same");
    scene.edit_media(|all| all[0].file_count = 8);
    scene.wait().object(&scene.api(KIND), "cats", "one more", |object| counted(object, 8)).await.unwrap();
    let printed = scene.kubectl().run(&["get", "immds", "-n", &scene.namespace]).await.unwrap();
    assert!(printed.contains("FILES") && printed.contains(" 8 "), "{printed}");
}

/// The vendor names `DatasetConfig` for the create alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_config_is_sent_with_the_create_and_stays() {
    let scene = Scene::new("media-config").await;
    let mut spec = cats();
    spec["datasetConfig"] = json!({"insights": {"language": "zh"}, "smartCluster": {}});
    scene.create(KIND, "cats", spec).await;
    let object = scene.ready(KIND, "cats").await;
    let sent = json!({"Insights": {"Language": "zh"}, "SmartCluster": {}});
    assert_eq!(json!(scene.only_media().dataset_config), sent);
    assert_eq!(object.data["status"]["datasetConfig"], sent);
    let other = json!({"spec": {"datasetConfig": {"insights": {"language": "en"}}}});
    scene.patch(KIND, "cats", other).await;
    let said = scene.reason(KIND, "cats", "ImmutableChanged").await;
    assert!(said.contains("spec.datasetConfig is") && said.contains("take the edit back"), "{said}");
    assert_eq!(scene.media_calls()[1], 0);
    scene.patch(KIND, "cats", json!({"spec": {"datasetConfig": null}})).await;
    scene.ready(KIND, "cats").await;
}
