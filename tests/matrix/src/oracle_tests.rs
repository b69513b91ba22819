//! The oracle sees what it is there to see.

use serde_json::json;
use tokio::time::Instant;

use super::*;

fn entry(side: Side, method: &str, target: &str, operation: &str, body: &str, status: Option<u16>) -> Entry {
    Entry {
        at: Instant::now(),
        side,
        method: method.to_owned(),
        target: target.to_owned(),
        operation: operation.to_owned(),
        body: body.to_owned(),
        answer: String::new(),
        status,
        struck: false,
    }
}

fn claim(nonce: &str, status: Option<u16>) -> Entry {
    entry(Side::Kubernetes, "PATCH", "/namespaces/a/datasets/one", "", nonce, status)
}

fn create(nonce: &str) -> Entry {
    let body = json!({"Labels": [{"Key": "dso-attempt", "Value": format!("{nonce}.uid.cluster.mac")}]});
    entry(Side::Cloud, "POST", "/api/v1/datasets", "CreateDataset", &body.to_string(), Some(200))
}

fn delete(id: &str) -> Entry {
    entry(Side::Cloud, "DELETE", &format!("/api/v1/datasets/{id}"), "DeleteDataset", "", Some(200))
}

fn read(id: &str) -> Entry {
    entry(Side::Cloud, "GET", &format!("/api/v1/datasets/{id}"), "GetDataset", "", Some(200))
}

fn object() -> Entry {
    entry(Side::Kubernetes, "GET", "/namespaces/a/datasets/one", "", "", Some(200))
}

#[test]
fn a_create_needs_a_claim_that_was_stored_before_it() {
    assert!(claims_before_creates(&[claim("c1", Some(200)), create("c1")]).is_empty());
    for bad in [
        vec![create("c1")],
        vec![create("c1"), claim("c1", Some(200))],
        vec![claim("c1", Some(409)), create("c1")],
        vec![claim("c1", None), create("c1")],
        vec![claim("c2", Some(200)), create("c1")],
        vec![claim("c1", Some(200)), create("c1"), create("c1")],
    ] {
        assert_eq!(claims_before_creates(&bad).len(), 1, "{bad:?}");
    }
    let unmarked = entry(Side::Cloud, "POST", "/api/v1/datasets", "CreateDataset", "{}", Some(200));
    assert_eq!(claims_before_creates(&[unmarked]).len(), 1);
}

#[test]
fn a_deletion_needs_a_read_of_remote_and_object_before_it() {
    assert!(reads_before_deletes(&[object(), read("d-1"), delete("d-1")]).is_empty());
    for bad in [
        vec![object(), delete("d-1")],
        vec![read("d-1"), delete("d-1")],
        vec![object(), read("d-2"), delete("d-1")],
        vec![object(), delete("d-1"), read("d-1")],
    ] {
        assert_eq!(reads_before_deletes(&bad).len(), 1, "{bad:?}");
    }
    let made = Entry { answer: "{\"DatasetId\":\"d-1\"}".to_owned(), ..create("c1") };
    assert!(reads_before_deletes(&[claim("c1", Some(200)), made, delete("d-1")]).is_empty());
    let mut long_ago = read("d-1");
    long_ago.at -= SAME_PASS * 2;
    assert_eq!(reads_before_deletes(&[object(), long_ago, delete("d-1")]).len(), 1);
}
