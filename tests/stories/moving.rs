//! Moving an object to another name, step by step as docs/moving.md says it: the dataset and its versions keep their ids, and
//! nothing is created or deleted in the cloud. (Another namespace is the same: the ownership labels name both.)

use serde_json::json;

use crate::looks::version_of;
use crate::scene::{Scene, dataset_id, oss, status};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dataset_with_a_version_moves_to_another_name_and_keeps_its_ids() {
    let scene = Scene::new("moving").await;
    scene.create("Dataset", "old", oss("moved")).await;
    let id = dataset_id(&scene.ready("Dataset", "old").await);
    scene.create("DatasetVersion", "old-2", version_of("old", "old-2")).await;
    let version = status(&scene.ready("DatasetVersion", "old-2").await, "versionName");

    // 1 and 2: Retain on all of them, then delete them together.
    let retain = json!({"spec": {"deletionPolicy": "Retain"}});
    scene.patch("DatasetVersion", "old-2", retain.clone()).await;
    scene.patch("Dataset", "old", retain).await;
    scene.delete("DatasetVersion", "old-2").await;
    scene.delete("Dataset", "old").await;
    scene.gone("DatasetVersion", "old-2").await;
    scene.gone("Dataset", "old").await;

    // 3: the same specs under other names, with adoption.
    let mut dataset = oss("moved");
    dataset["adoption"] = json!({"datasetId": id});
    dataset["deletionPolicy"] = json!("Delete");
    scene.create("Dataset", "new", dataset).await;
    let mut two = version_of("new", "old-2");
    two["adoption"] = json!({"versionName": version});
    two["deletionPolicy"] = json!("Delete");
    scene.create("DatasetVersion", "new-2", two).await;
    assert_eq!(dataset_id(&scene.ready("Dataset", "new").await), id);
    assert_eq!(status(&scene.ready("DatasetVersion", "new-2").await, "versionName"), version);
    let (creates, deletes) = (scene.calls("CreateDataset"), scene.calls("DeleteDataset"));
    assert_eq!((creates, deletes, scene.calls("DeleteDatasetVersion")), ((1, 0), (0, 0), (0, 0)));

    // And they are the new objects' own: deleted with them.
    scene.delete("DatasetVersion", "new-2").await;
    scene.delete("Dataset", "new").await;
    scene.gone("Dataset", "new").await;
    assert!(scene.cloud().datasets().is_empty());
}
