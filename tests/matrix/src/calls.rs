//! The requests that the proxies saw, as the history of a run.

use simulation::{Class, Entry, Kind, NAMESPACE, Said, attempt_of, cloud_call, kube_call};
use testbed::proxy::{self, Side};
use tokio::time::Instant;

use crate::bed::domain_mark;

/// What is needed to tell the history of a scene.
pub(crate) struct Told<'a> {
    /// When it began.
    pub(crate) begun: Instant,
    /// When each process of the operator began.
    pub(crate) lives: &'a [Instant],
    /// The namespace of the objects.
    pub(crate) namespace: &'a str,
    /// The faults, in the order in which they strike.
    pub(crate) faults: &'a [Kind],
}

impl Told<'_> {
    /// The history so far.
    pub(crate) fn history(&self, entries: &[proxy::Entry]) -> Vec<Entry> {
        let mut faults = self.faults.iter().copied();
        let fault = |entry: &proxy::Entry| if entry.struck { faults.next() } else { None };
        let faults: Vec<_> = entries.iter().map(fault).collect();
        entries.iter().zip(faults).map(|(entry, fault)| self.entry(entry, fault)).collect()
    }

    fn entry(&self, entry: &proxy::Entry, fault: Option<Kind>) -> Entry {
        let (path, query) = entry.target.split_once('?').unwrap_or((&entry.target, ""));
        let (class, what) = match entry.side {
            Side::Kubernetes => kube_call(&entry.method, &path.replace(self.namespace, NAMESPACE), query),
            Side::Cloud | Side::Imm => cloud_call(&entry.operation, path, query, &domain_mark()),
        };
        let life = self.lives.iter().filter(|begun| **begun <= entry.at).count();
        let at = |then: Instant| then.saturating_duration_since(self.begun);
        let said = entry.answers.iter().map(|given| Said { at: at(given.at), status: given.status });
        Entry {
            fault,
            said: said.collect(),
            attempt: attempt_of(entry.body.as_bytes()).filter(|_| class.writes()),
            ..Entry::new(at(entry.at), u32::try_from(life).unwrap_or_default(), class, what)
        }
    }
}

/// How many of these calls change something in the service, and how many read one dataset or version or look for it. Calls
/// that many objects share are not counted: sweeps, lists by id, and lists of versions, which the index repeats by itself;
/// nor are reads of other kinds, which some objects repeat at each resync.
pub(crate) fn cost<'a>(calls: impl Iterator<Item = &'a Entry>) -> (usize, usize) {
    let mut cost = (0, 0);
    for entry in calls {
        let shared = ["?sweep", "?ids"].iter().any(|by| entry.what.ends_with(by));
        match entry.class {
            Class::CloudWrite => cost.0 += 1,
            Class::CloudRead if matches!(entry.action(), "GetDataset" | "GetDatasetVersion") => cost.1 += 1,
            Class::CloudRead if entry.action() == "ListDatasets" && !shared => cost.1 += 1,
            Class::CloudRead
            | Class::KubeRead
            | Class::KubeWatch
            | Class::KubeWrite
            | Class::KubeEvent
            | Class::Seam => {}
        }
    }
    cost
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use testbed::proxy::Given;

    fn request(side: Side, method: &str, target: &str, operation: &str, body: &str) -> proxy::Entry {
        let given = Given { at: Instant::now(), status: 200, body: String::new() };
        proxy::Entry {
            at: Instant::now(),
            side,
            method: method.to_owned(),
            target: target.to_owned(),
            operation: operation.to_owned(),
            body: body.to_owned(),
            answers: vec![given],
            heard: Some(0),
            struck: operation.starts_with("Create"),
        }
    }

    #[test]
    fn requests_become_calls_in_the_words_of_the_simulation() {
        let begun = Instant::now();
        let objects = "/apis/pai.dataset-operator.dev/v1alpha1/namespaces/cell-7/datasets/one/status";
        let sweep = format!("/api/v1/datasets?Label={}", domain_mark());
        let labels = r#"{"Labels": [{"Key": "dso-attempt", "Value": "c1.u.c.m"}]}"#;
        let entries = [
            request(Side::Kubernetes, "PATCH", objects, "", "{}"),
            request(Side::Cloud, "GET", &sweep, "ListDatasets", ""),
            request(Side::Cloud, "POST", "/api/v1/datasets", "CreateDataset", labels),
            request(Side::Cloud, "GET", "/api/v1/datasets/d-1", "GetDataset", ""),
            request(Side::Imm, "POST", "/?ProjectName=photos&DatasetName=cats", "CreateDataset", ""),
        ];
        let lives = [begun, Instant::now() + Duration::from_secs(60)];
        let told = Told { begun, lives: &lives, namespace: "cell-7", faults: &[Kind::CutBody] };
        let history = told.history(&entries);
        let what: Vec<_> = history.iter().map(|entry| entry.what.as_str()).collect();
        let expected = [
            "PATCH simulated/datasets/one/status",
            "ListDatasets datasets?sweep",
            "CreateDataset datasets",
            "GetDataset datasets/d-1",
            "imm:CreateDataset photos/cats",
        ];
        assert_eq!(what, expected);
        assert_eq!(
            (history[2].attempt.as_deref(), history[2].fault, history[2].life),
            (Some("c1"), Some(Kind::CutBody), 1)
        );
        assert_eq!(cost(history.iter()), (2, 1));
    }
}
