//! Guards, generations and the status subresource.

use futures::FutureExt as _;
use kube::ResourceExt as _;
use serde_json::json;

use super::Case;
use super::place::{Place, facts, recorded_by, said, same, version};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "a new object",
        tried: |place| new(place).boxed(),
        expected: &["g1 f0", "-1", "uid", "409 AlreadyExists", "404 NotFound", "404 NotFound", "404 NotFound"],
    },
    Case {
        name: "a claim, guarded by the resource version",
        tried: |place| claim(place).boxed(),
        expected: &["ok", "g1 f1", "409 Conflict", "ok", "g1 f1"],
    },
    Case {
        name: "who is deaf to the uid",
        tried: |place| uids(place).boxed(),
        expected: &["422 Invalid", "ok", "422 Invalid", "ok"],
    },
    Case {
        name: "tests of a JSON Patch",
        tried: |place| tests(place).boxed(),
        expected: &["ok", "g1 f0 d-1", "422 Invalid", "ok", "422 Invalid", "ok", "422 Invalid", "422 Invalid"],
    },
    Case {
        name: "operations of a JSON Patch on what is not there",
        tried: |place| absent(place).boxed(),
        expected: &["422 Invalid", "ok", "422 Invalid", "ok", "g1 f0"],
    },
    Case {
        name: "a status write takes nothing else along",
        tried: |place| status_only(place).boxed(),
        expected: &["ok", "g1 f0 d-2", "false", "null", "409 Conflict"],
    },
    Case {
        name: "a write of the object leaves its status alone",
        tried: |place| status_alone(place).boxed(),
        expected: &["ok", "g2 f0 d-1", "here", "-1"],
    },
    Case {
        name: "what makes a generation and what makes nothing",
        tried: |place| generations(place).boxed(),
        expected: &["g2 f0", "g2 f0", "the same", "g2 f0 d-1", "the same", "g2 f0"],
    },
];

async fn new(place: &Place) -> Vec<String> {
    let object = place.create("one").await.unwrap();
    let again = place.create("one").await;
    vec![
        facts(&object),
        object.data["status"]["observedGeneration"].to_string(),
        if object.uid().is_some_and(|uid| uid.len() == 36) { "uid".to_owned() } else { "none".to_owned() },
        said(&again),
        said(&place.get("two").await),
        said(&place.merge("two", json!({"spec": {"description": "x"}})).await),
        said(&place.merge_status("two", json!({"status": {"datasetId": "d-1"}})).await),
    ]
}

async fn claim(place: &Place) -> Vec<String> {
    let object = place.create("one").await.unwrap();
    let patch = |version: &str| {
        json!({"metadata": {
            "resourceVersion": version, "finalizers": ["dataset-operator.dev/remote"],
            "annotations": {"dataset-operator.dev/intent": version},
        }})
    };
    let claimed = place.merge("one", patch(&version(&object))).await;
    let now = claimed.as_ref().map(facts).unwrap_or_default();
    let stale = place.merge("one", patch(&version(&object))).await;
    let fresh = place.merge("one", patch(&version(claimed.as_ref().unwrap()))).await;
    vec![said(&claimed), now, said(&stale), said(&fresh), fresh.as_ref().map(facts).unwrap_or_default()]
}

async fn uids(place: &Place) -> Vec<String> {
    let object = place.create("one").await.unwrap();
    let wrong = "00000000-0000-4000-8000-00000000dead";
    vec![
        said(&place.merge("one", json!({"metadata": {"uid": wrong, "labels": {"a": "b"}}})).await),
        said(&place.merge_status("one", json!({"metadata": {"uid": wrong}, "status": {"name": "x"}})).await),
        said(&place.json_status("one", recorded_by(wrong)).await),
        said(&place.json_status("one", recorded_by(&object.uid().unwrap_or_default())).await),
    ]
}

async fn tests(place: &Place) -> Vec<String> {
    let object = place.create("one").await.unwrap();
    let test = |path: &str, value: serde_json::Value, id: &str| {
        json!([
            {"op": "test", "path": path, "value": value},
            {"op": "add", "path": "/status/datasetId", "value": id},
        ])
    };
    let first = place.json_status("one", test("/status/datasetId", json!(null), "d-1")).await;
    let now = first.as_ref().map(facts).unwrap_or_default();
    let taken = place.json_status("one", test("/status/datasetId", json!(null), "d-2")).await;
    let same = place.json_status("one", test("/status/datasetId", json!("d-1"), "d-1")).await;
    let (old, new) = (version(&object), version(same.as_ref().unwrap()));
    vec![
        said(&first),
        now,
        said(&taken),
        said(&same),
        said(&place.json_status("one", test("/metadata/resourceVersion", json!(old), "d-2")).await),
        said(&place.json_status("one", test("/metadata/resourceVersion", json!(new), "d-2")).await),
        said(&place.json_status("one", test("/status/mountPath", json!("/mnt"), "d-3")).await),
        said(&place.json_status("one", test("/status/lastError/code", json!(null), "d-3")).await),
    ]
}

async fn absent(place: &Place) -> Vec<String> {
    place.create("one").await.unwrap();
    let remove = json!([{"op": "remove", "path": "/status/datasetId"}]);
    let replace = json!([{"op": "replace", "path": "/status/datasetId", "value": "d-1"}]);
    let below = json!([{"op": "add", "path": "/status/lastError/code", "value": "x"}]);
    let last = place.json("one", json!([{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}])).await;
    vec![
        said(&place.json_status("one", remove).await),
        said(&place.json_status("one", replace).await),
        said(&place.json_status("one", below).await),
        said(&last),
        last.as_ref().map(facts).unwrap_or_default(),
    ]
}

async fn status_only(place: &Place) -> Vec<String> {
    let object = place.create("one").await.unwrap();
    let all = json!({
        "metadata": {"annotations": {"a": "b"}}, "spec": {"description": "x"}, "status": {"datasetId": "d-2"},
    });
    let wrote = place.merge_status("one", all).await;
    let now = place.get("one").await.unwrap();
    let stale = json!({"metadata": {"resourceVersion": version(&object)}, "status": {"datasetId": "d-3"}});
    vec![
        said(&wrote),
        facts(&now),
        now.annotations().contains_key("a").to_string(),
        now.data["spec"]["description"].to_string(),
        said(&place.merge_status("one", stale).await),
    ]
}

async fn status_alone(place: &Place) -> Vec<String> {
    place.create("one").await.unwrap();
    let id = json!([{"op": "add", "path": "/status/datasetId", "value": "d-1"}]);
    place.json_status("one", id).await.unwrap();
    let all = json!({
        "metadata": {"annotations": {"a": "here"}}, "spec": {"description": "x"}, "status": {"datasetId": "d-2"},
    });
    let wrote = place.merge("one", all).await;
    let now = place.get("one").await.unwrap();
    vec![
        said(&wrote),
        facts(&now),
        now.annotations().get("a").cloned().unwrap_or_default(),
        now.data["status"]["observedGeneration"].to_string(),
    ]
}

async fn generations(place: &Place) -> Vec<String> {
    place.create("one").await.unwrap();
    let spec = place.merge("one", json!({"spec": {"description": "x"}})).await.unwrap();
    let labels = place.merge("one", json!({"metadata": {"labels": {"a": "b"}}})).await.unwrap();
    let nothing = place.merge("one", json!({"metadata": {"labels": {"a": "b"}}})).await.unwrap();
    let id = recorded_by(&spec.uid().unwrap_or_default());
    let status = place.json_status("one", id.clone()).await.unwrap();
    let again = place.json_status("one", id).await.unwrap();
    let gone = place.json_status("one", json!([{"op": "remove", "path": "/status/datasetId"}])).await.unwrap();
    vec![
        facts(&spec),
        facts(&labels),
        same(&version(&labels), &version(&nothing)),
        facts(&status),
        same(&version(&status), &version(&again)),
        facts(&gone),
    ]
}
