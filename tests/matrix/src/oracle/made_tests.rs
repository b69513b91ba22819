//! Histories, made by hand.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use pai_emulator::{Dataset, Label, LogLine};
use serde_json::{Value, json};
use testbed::proxy::{Entry, Given, Side};
use tokio::time::Instant;

use crate::history::Sight;
use crate::scene::DATASET;

pub(super) fn entry(side: Side, method: &str, target: &str, operation: &str, body: &str) -> Entry {
    let (method, target, operation, body) = (method.into(), target.into(), operation.into(), body.into());
    let (at, answers, heard, struck) = (Instant::now(), Vec::new(), None, false);
    Entry { at, side, method, target, operation, body, answers, heard, struck }
}

/// The fate of an entry.
pub(super) trait Fate: Sized {
    /// Answered so, and the answer came.
    fn told(self, status: u16, body: &str) -> Self;
    /// Answered so, and the answer came to nobody.
    fn gave(self, status: u16, body: &str) -> Self;
    /// Everything happened this long ago.
    fn ago(self, time: Duration) -> Self;
}

impl Fate for Entry {
    fn told(mut self, status: u16, body: &str) -> Self {
        self = self.gave(status, body);
        self.heard = Some(self.answers.len() - 1);
        self
    }

    fn gave(mut self, status: u16, body: &str) -> Self {
        self.answers.push(Given { at: Instant::now(), status, body: body.to_owned() });
        self
    }

    fn ago(mut self, time: Duration) -> Self {
        self.at -= time;
        self.answers.iter_mut().for_each(|answer| answer.at -= time);
        self
    }
}

pub(super) fn claim(nonce: &str) -> Entry {
    let body = format!("dataset-operator.dev/intent {nonce}");
    entry(Side::Kubernetes, "PATCH", "/apis/g/v1/namespaces/a/datasets/one?", "", &body)
}

pub(super) fn marks(uid: &str) -> Value {
    json!([{"Key": "dso-attempt", "Value": format!("c1.{uid}.cluster.mac")}])
}

pub(super) fn create() -> Entry {
    let body = json!({"Labels": marks("uid-1")}).to_string();
    entry(Side::Cloud, "POST", "/api/v1/datasets", "CreateDataset", &body)
}

pub(super) fn delete(path: &str) -> Entry {
    let operation = if path.contains("versions") { "DeleteDatasetVersion" } else { "DeleteDataset" };
    entry(Side::Cloud, "DELETE", &format!("/api/v1/datasets/{path}"), operation, "").told(200, "{}")
}

pub(super) fn look(path: &str) -> Entry {
    entry(Side::Cloud, "GET", &format!("/api/v1/datasets/{path}"), "GetDataset", "")
}

pub(super) fn shown(uid: &str) -> String {
    json!({"Labels": marks(uid)}).to_string()
}

pub(super) fn read(path: &str) -> Entry {
    look(path).told(200, &shown("uid-1"))
}

pub(super) fn object(name: &str) -> Entry {
    entry(Side::Kubernetes, "GET", &format!("/apis/g/v1/namespaces/a/datasets/{name}"), "", "")
}

pub(super) fn condition(kind: &str, status: &str, reason: &str, second: i64) -> Condition {
    let time = jiff::Timestamp::from_second(second).unwrap();
    let value = json!({"type": kind, "status": status, "reason": reason, "message": "", "observedGeneration": 1,
                       "lastTransitionTime": time.to_string()});
    serde_json::from_value(value).unwrap()
}

/// An object that is Ready, with its remote recorded.
pub(super) fn sight() -> Sight {
    Sight {
        kind: DATASET,
        name: "one".to_owned(),
        uid: "uid-1".to_owned(),
        generation: 1,
        observed: Some(1),
        id: Some("d-1".to_owned()),
        conditions: vec![condition("Ready", "True", "Available", 100)],
        listed: false,
    }
}

pub(super) fn remote(id: &str, uid: &str, more: &[&str]) -> Dataset {
    let label = |key: &str, value: &str| Label { key: key.to_owned(), value: value.to_owned() };
    let mark = label("dso-attempt", &format!("c1.{uid}.cluster.mac"));
    let labels = std::iter::once(mark).chain(more.iter().map(|key| label(key, "true"))).collect();
    Dataset { dataset_id: id.to_owned(), name: "one".to_owned(), labels, ..Dataset::default() }
}

pub(super) fn line(operation: &str, id: &str, name: Option<&str>) -> LogLine {
    LogLine {
        operation: operation.to_owned(),
        ok: true,
        dataset_id: Some(id.to_owned()),
        name: name.map(str::to_owned),
        ..LogLine::default()
    }
}
