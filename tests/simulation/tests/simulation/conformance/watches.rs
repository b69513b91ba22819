//! Watches: from a revision, from the beginning, from too long ago, and to their end.

use futures::FutureExt as _;
use kube::api::{ListParams, WatchParams};
use serde_json::json;

use super::Case;
use super::place::{Place, version};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "what happened after a list",
        tried: |place| after_list(place).boxed(),
        expected: &[
            "ADDED two g1 f0",
            "MODIFIED one g2 f1",
            "MODIFIED one g2 f1 d-1",
            "DELETED two g1 f0",
            "MODIFIED one g3 f1 deleting d-1",
            "DELETED one g3 f1 deleting d-1",
        ],
    },
    Case {
        name: "what happens while it is watched",
        tried: |place| live(place).boxed(),
        expected: &["ADDED two g1 f0", "DELETED two g1 f0"],
    },
    Case {
        name: "a streamed list",
        tried: |place| streamed(place).boxed(),
        expected: &["ADDED one g1 f0", "ADDED two g1 f0", "BOOKMARK end", "MODIFIED two g2 f0"],
    },
    Case { name: "too long ago", tried: |place| too_old(place).boxed(), expected: &["ERROR 410 Expired"] },
    Case {
        name: "a watch ends",
        tried: |place| ends(place).boxed(),
        expected: &["ADDED one g1 f0", "BOOKMARK end", "over"],
    },
];

async fn after_list(place: &Place) -> Vec<String> {
    let one = place.create("one").await.unwrap();
    let listed = place.datasets().list(&ListParams::default()).await.unwrap();
    place.create("two").await.unwrap();
    let claim = json!({
        "metadata": {"resourceVersion": version(&one), "finalizers": ["dataset-operator.dev/remote"]},
        "spec": {"description": "x"},
    });
    place.merge("one", claim).await.unwrap();
    // A write that changes nothing makes no event.
    place.merge("one", json!({"spec": {"description": "x"}})).await.unwrap();
    place.json_status("one", json!([{"op": "add", "path": "/status/datasetId", "value": "d-1"}])).await.unwrap();
    place.delete("two").await;
    place.delete("one").await;
    place.merge("one", json!({"metadata": {"finalizers": []}})).await.unwrap();
    let from = listed.metadata.resource_version.unwrap_or_default();
    place.watch(&WatchParams::default().timeout(10), &from, 6).await
}

async fn live(place: &Place) -> Vec<String> {
    place.create("one").await.unwrap();
    let listed = place.datasets().list(&ListParams::default()).await.unwrap();
    let from = listed.metadata.resource_version.unwrap_or_default();
    let params = WatchParams::default().timeout(10);
    let meanwhile = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        place.create("two").await.unwrap();
        place.delete("two").await;
    };
    tokio::join!(place.watch(&params, &from, 2), meanwhile).0
}

async fn streamed(place: &Place) -> Vec<String> {
    place.create("one").await.unwrap();
    let two = place.create("two").await.unwrap();
    let params = WatchParams::default().timeout(10).initial_events();
    let meanwhile = async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        place.merge("two", json!({"spec": {"description": "x"}})).await.unwrap();
    };
    // From 0 a server may tell what its cache holds, which may lack the last writes.
    let from = version(&two);
    tokio::join!(place.watch(&params, &from, 4), meanwhile).0
}

async fn too_old(place: &Place) -> Vec<String> {
    place.create("one").await.unwrap();
    place.watch(&WatchParams::default().timeout(10), "1", 1).await
}

async fn ends(place: &Place) -> Vec<String> {
    let one = place.create("one").await.unwrap();
    let mut seen = place.watch(&WatchParams::default().timeout(1).initial_events(), &version(&one), 100).await;
    seen.retain(|event| event != "BOOKMARK");
    seen.push("over".to_owned());
    seen
}
