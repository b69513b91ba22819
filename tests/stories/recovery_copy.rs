//! A cluster is copied while it runs. With its own owner domain the copy changes no dataset of the original, although its
//! objects record them.

use serde_json::json;

use crate::cluster::{Cluster, changes_after, cloud, last_call};
use crate::looks::version_of;
use crate::scene::{dataset_id, oss};

const OBJECTS: [(&str, &str); 3] = [("DatasetVersion", "second"), ("Dataset", "plain"), ("Dataset", "kept")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_with_a_domain_of_its_own_touches_nothing_of_the_original() {
    let cloud = cloud().await;
    let (Some(mut original), Some(mut copy)) = tokio::join!(Cluster::start(), Cluster::start()) else { return };
    original.in_namespace("shop").await;
    original.work_on(&cloud, &[]);
    original.start_operator().await;
    original.create("Dataset", "plain", oss("plain")).await;
    let mut kept = oss("kept");
    kept["deletionPolicy"] = json!("Retain");
    original.create("Dataset", "kept", kept).await;
    let plain = dataset_id(&original.ready("Dataset", "plain").await);
    original.create("DatasetVersion", "second", version_of("plain", "v2")).await;
    for (kind, name) in OBJECTS {
        original.ready(kind, name).await;
    }
    let snapshot = original.snapshot();
    copy.copy(&original, &snapshot).await;
    assert_eq!(copy.uid().await, original.uid().await, "it does not know itself that it is a copy");
    let (before, call) = (cloud.datasets(), last_call(&cloud));

    copy.work_on(&cloud, &[("DATASET_OPERATOR_OWNER_DOMAIN", "the copy")]);
    copy.start_operator().await;
    for (kind, name) in OBJECTS {
        copy.reason(kind, name, "OwnedByOther").await;
    }
    copy.edit("Dataset", "plain", json!({"description": "of the copy"})).await;
    copy.rounds(2).await;
    for (kind, name) in OBJECTS {
        copy.delete(kind, &[name]).await;
    }
    copy.rounds(2).await;
    assert_eq!(changes_after(&cloud, call), json!({}));
    assert_eq!(cloud.datasets(), before);
    // Objects that are applied to the copy later get their own datasets.
    copy.create("Dataset", "plain", oss("plain")).await;
    assert_ne!(dataset_id(&copy.ready("Dataset", "plain").await), plain);
    copy.delete("Dataset", &["plain"]).await;
    assert_eq!(cloud.datasets(), before);

    // The original has noticed nothing.
    let call = last_call(&cloud);
    original.rounds(2).await;
    for (kind, name) in OBJECTS {
        original.ready(kind, name).await;
    }
    assert_eq!(changes_after(&cloud, call), json!({}));
    original.edit("Dataset", "plain", json!({"description": "of the original"})).await;
    original.ready("Dataset", "plain").await;
    assert_eq!(cloud.dataset(&plain).unwrap().description.as_deref(), Some("of the original"));
    copy.stop_operator().await;
    original.stop_operator().await;
}
