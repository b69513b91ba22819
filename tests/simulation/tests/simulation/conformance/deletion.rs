//! Deletion, with finalizers and without.

use futures::FutureExt as _;
use kube::ResourceExt as _;
use serde_json::json;

use super::Case;
use super::place::{Place, facts, recorded_by, said, same, version};

const FINALIZER: &str = "dataset-operator.dev/remote";

pub(super) const CASES: &[Case] = &[
    Case {
        name: "without finalizers it is gone at once, and its successor is another one",
        tried: |place| free(place).boxed(),
        expected: &["404 NotFound", "gone", "404 NotFound", "another"],
    },
    Case {
        name: "finalizers hold it, and no new ones come",
        tried: |place| held(place).boxed(),
        expected: &[
            "marked",
            "g2 f1 deleting",
            "marked",
            "the same",
            "422 Invalid",
            "ok",
            "g3 f1 deleting d-1",
            "409 Conflict",
            "ok",
            "404 NotFound",
        ],
    },
    Case {
        name: "one finalizer of two is not the last",
        tried: |place| two(place).boxed(),
        expected: &["g2 f2 deleting", "g2 f1 deleting", "g2 f0 deleting", "404 NotFound"],
    },
    Case {
        name: "a status write on what is being deleted",
        tried: |place| status(place).boxed(),
        expected: &["ok", "g2 f1 deleting d-1", "422 Invalid"],
    },
];

async fn free(place: &Place) -> Vec<String> {
    let none = place.delete("one").await;
    let first = place.create("one").await.unwrap();
    let gone = place.delete("one").await;
    let read = said(&place.get("one").await);
    let second = place.create("one").await.unwrap();
    vec![none, gone, read, same(&first.uid(), &second.uid())]
}

async fn held(place: &Place) -> Vec<String> {
    place.create_with("one", json!({"finalizers": [FINALIZER]})).await.unwrap();
    let deleted = place.delete("one").await;
    let first = place.get("one").await.unwrap();
    let again = place.delete("one").await;
    let second = place.get("one").await.unwrap();
    let more = json!({"metadata": {"finalizers": [FINALIZER, "example.com/more"]}});
    let more = said(&place.merge("one", more).await);
    let edit = said(&place.merge("one", json!({"spec": {"description": "x"}})).await);
    place.json_status("one", json!([{"op": "add", "path": "/status/datasetId", "value": "d-1"}])).await.unwrap();
    let third = place.get("one").await.unwrap();
    let leave = |version: &str| json!({"metadata": {"resourceVersion": version, "finalizers": []}});
    let stale = said(&place.merge("one", leave(&version(&first))).await);
    let left = said(&place.merge("one", leave(&version(&third))).await);
    vec![
        deleted,
        facts(&first),
        again,
        same(&version(&first), &version(&second)),
        more,
        edit,
        facts(&third),
        stale,
        left,
        said(&place.get("one").await),
    ]
}

async fn two(place: &Place) -> Vec<String> {
    place.create_with("one", json!({"finalizers": [FINALIZER, "example.com/more"]})).await.unwrap();
    place.delete("one").await;
    let marked = place.get("one").await.unwrap();
    let one = place.merge("one", json!({"metadata": {"finalizers": ["example.com/more"]}})).await.unwrap();
    let none = place.merge("one", json!({"metadata": {"finalizers": []}})).await.unwrap();
    vec![facts(&marked), facts(&one), facts(&none), said(&place.get("one").await)]
}

async fn status(place: &Place) -> Vec<String> {
    let object = place.create_with("one", json!({"finalizers": [FINALIZER]})).await.unwrap();
    place.delete("one").await;
    let wrote = said(&place.json_status("one", recorded_by(&object.uid().unwrap_or_default())).await);
    let now = place.get("one").await.unwrap();
    vec![wrote, facts(&now), said(&place.json_status("one", recorded_by("another")).await)]
}
