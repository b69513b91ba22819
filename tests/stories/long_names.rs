//! Names as long as Kubernetes allows them: everything works as with short ones, events too.

use serde_json::json;

use crate::scene::{Scene, dataset_id, oss};

/// The name of an event has the same length limit as that of any object, and begins with the name of its object.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_with_the_longest_name_has_events() {
    let scene = Scene::new("longname").await;
    let name = "n".repeat(253);
    scene.create("Dataset", &name, oss("short")).await;
    let id = dataset_id(&scene.ready("Dataset", &name).await);
    scene.told(&name, &["Created"]).await;
    let version = json!({
        "datasetRef": {"name": name}, "property": "DIRECTORY", "dataSourceType": "OSS",
        "uri": "oss://bucket.oss-cn-hangzhou.aliyuncs.com/v2/",
    });
    let version_name = format!("{}.v2", "n".repeat(250));
    scene.create("DatasetVersion", &version_name, version).await;
    scene.ready("DatasetVersion", &version_name).await;
    scene.told(&version_name, &["Created"]).await;
    scene.delete("DatasetVersion", &version_name).await;
    scene.gone("DatasetVersion", &version_name).await;
    scene.delete("Dataset", &name).await;
    scene.gone("Dataset", &name).await;
    assert!(scene.cloud().dataset(&id).is_none());
}
