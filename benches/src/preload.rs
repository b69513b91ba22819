//! Thousands of settled objects in seconds: one is made for real, by the candidate itself; the others are copies of it
//! with names, uids, ids and marks of their own, written straight into etcd and the emulator.
//!
//! That a copy is as good as made is not assumed: after a start on them every scenario counts the candidate's writes and
//! creates, and both must be 0.

use std::collections::BTreeMap;
use std::ops::Range;

use dataset_operator::kinds::dataset::FIXED;
use dataset_operator::plan::intent::Intent;
use dataset_operator::remote::fields::{Fields, hash, lower_camel};
use dataset_operator::remote::mark::{Identity, Labels, Owner};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use serde_json::{Value, json};
use testbed::{Context as _, Error, Result};

use crate::candidate::Tuning;
use crate::etcd;
use crate::loader::{self, Act};
use crate::objects;
use crate::stage::Stage;

/// Objects that are made up and written at a time, so that memory holds only these.
const BATCH: usize = 5_000;
const INTENT: &str = "/metadata/annotations/dataset-operator.dev~1intent";

/// Makes `n` settled objects of the candidate of this stage; none runs before and after.
pub(crate) async fn settled(stage: &mut Stage<'_>, n: usize) -> Result<()> {
    stage.start(Tuning::default()).await?;
    let observer = stage.observe().await?;
    create(stage, 0).await?;
    if !observer.until(stage.deadline, |seen| seen.ready >= 1).await? {
        return Err(Error::new("the object to copy does not become Ready"));
    }
    stage.stop().await?;
    let object = stage.rig.etcd.get(&etcd::key(&stage.namespace, &objects::name(0))).await?;
    let datasets = stage.cloud.datasets().await?;
    let [dataset] = datasets.as_slice() else {
        return Err(Error::new(format!("{} datasets were made of one object", datasets.len())));
    };
    let system = Api::<Namespace>::all(stage.rig.client.clone()).get("kube-system").await.context("kube-system")?;
    let identity = Identity::new(&[], &[], &system.metadata.uid.unwrap_or_default());
    let template = Template::new(&stage.namespace, 0, object, dataset, Some(identity))?;
    let mut datasets = vec![template.dataset.clone()];
    datasets.extend((1..n).map(|index| template.copy(index).1));
    stage.cloud.set_datasets(&datasets).await?;
    drop(datasets);
    template.place(stage, 1..n).await?;
    stage.rig.until_count(&stage.namespace, n).await?;
    stage.rig.calm().await;
    Ok(())
}

async fn create(stage: &Stage<'_>, index: usize) -> Result<()> {
    let load = loader::begin(&stage.rig.client, &stage.namespace, Act::Create, index..index + 1, loader::PACE);
    load.finish().await.map(drop)
}

/// What the copies are made of.
pub(crate) struct Template {
    namespace: String,
    /// The number of the object that is copied.
    index: usize,
    /// The object as stored.
    object: String,
    /// The dataset as the emulator shows it.
    dataset: String,
    uid: String,
    /// Empty if there is no dataset.
    id: String,
    /// `None` if the candidate writes no marks of ours.
    marks: Option<Marks>,
}

impl Template {
    /// An object that nobody has looked at yet, to be copied even while the candidate runs. It must not run now.
    pub(crate) async fn blank(stage: &Stage<'_>) -> Result<Self> {
        let index = 999_999;
        create(stage, index).await?;
        let key = etcd::key(&stage.namespace, &objects::name(index));
        let object = stage.rig.etcd.get(&key).await?;
        stage.rig.etcd.remove(&key).await?;
        Self::new(&stage.namespace, index, object, &json!({}), None)
    }

    /// Writes the copies of these numbers into etcd, faster than the API server would take them.
    pub(crate) async fn place(&self, stage: &Stage<'_>, range: Range<usize>) -> Result<()> {
        let mut first = range.start;
        while first < range.end {
            let batch = first..range.end.min(first + BATCH);
            first = batch.end;
            let pairs = batch.map(|index| (etcd::key(&stage.namespace, &objects::name(index)), self.copy(index).0));
            stage.rig.etcd.put_all(&pairs.collect::<Vec<_>>()).await?;
        }
        Ok(())
    }

    fn new(namespace: &str, index: usize, object: String, dataset: &Value, identity: Option<Identity>) -> Result<Self> {
        let parsed: Value = serde_json::from_str(&object).context("reading the stored object")?;
        let text =
            |value: &Value, path: &str| value.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (uid, id) = (text(&parsed, "/metadata/uid"), text(dataset, "/DatasetId"));
        let intent = Intent::parse(&text(&parsed, INTENT));
        let marks = match (identity, intent) {
            (Some(identity), Some(intent)) => Some(Marks::of(identity, namespace, &parsed, dataset, &intent)?),
            (_, None) | (None, Some(_)) => None,
        };
        Ok(Self { namespace: namespace.to_owned(), index, object, dataset: dataset.to_string(), uid, id, marks })
    }

    /// Object and dataset number `index`.
    fn copy(&self, index: usize) -> (String, String) {
        let (old, name) = (objects::name(self.index), objects::name(index));
        // The beginning stays: it differs from template to template.
        let uid = format!("{}{index:012}", self.uid.get(..24).unwrap_or_default());
        let mut changes = Vec::new();
        if let Some(marks) = &self.marks {
            // Whole values first: they contain the shorter ones.
            marks.changes(&self.namespace, index, &uid, &mut changes);
        }
        if !self.id.is_empty() {
            changes.push((self.id.clone(), format!("d-{index:018}")));
        }
        changes.extend([(self.uid.clone(), uid), (old, name)]);
        let apply = |text: &str| changes.iter().fold(text.to_owned(), |text, (old, new)| text.replace(old, new));
        (apply(&self.object), apply(&self.dataset))
    }
}

/// What of an object and its dataset is calculated from name and uid.
struct Marks {
    identity: Identity,
    nonce: String,
    labels: Labels,
    hash: String,
    fixed: Fields,
}

impl Marks {
    /// Checks that what this calculates is what the candidate wrote.
    fn of(identity: Identity, namespace: &str, object: &Value, dataset: &Value, intent: &Intent) -> Result<Self> {
        let attempt = intent.attempts.last().ok_or_else(|| Error::new("the intent has no attempt"))?;
        let mut fixed = Fields::new();
        for member in FIXED {
            if let Some(value) = object.get("spec").and_then(|spec| spec.get(lower_camel(member))) {
                fixed.insert((*member).to_owned(), value.clone());
            }
        }
        let labels = identity.mark(&owner(namespace, 0), &intent.uid, &attempt.nonce).labels();
        let marks = Self { identity, nonce: attempt.nonce.clone(), labels, hash: attempt.hash.clone(), fixed };
        let written: BTreeMap<&str, &str> = dataset
            .get("Labels")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|label| Some((label.get("Key")?.as_str()?, label.get("Value")?.as_str()?)))
            .collect();
        let same = marks.labels.iter().all(|(key, value)| written.get(key.as_str()) == Some(&value.as_str()));
        if !same || marks.hash != marks.hash_of(0) {
            return Err(Error::new("the preload does not write the marks that the operator writes"));
        }
        Ok(marks)
    }

    fn hash_of(&self, index: usize) -> String {
        let (old, name) = (objects::name(0), objects::name(index));
        let mut identity: Fields = self.fixed.clone();
        for value in identity.values_mut() {
            if let Value::String(text) = value {
                *text = text.replace(&old, &name);
            }
        }
        identity.insert("Name".to_owned(), json!(name));
        hash(&identity)
    }

    fn changes(&self, namespace: &str, index: usize, uid: &str, changes: &mut Vec<(String, String)>) {
        let nonce = format!("c{index:016x}");
        let labels = self.identity.mark(&owner(namespace, index), uid, &nonce).labels();
        for (key, value) in labels {
            if let Some(old) = self.labels.get(&key).filter(|old| **old != value) {
                changes.push((old.clone(), value));
            }
        }
        changes.push((self.nonce.clone(), nonce));
        changes.push((self.hash.clone(), self.hash_of(index)));
    }
}

fn owner(namespace: &str, index: usize) -> Owner {
    Owner {
        kind: "Dataset.pai.dataset-operator.dev".to_owned(),
        namespace: namespace.to_owned(),
        name: objects::name(index),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UID: &str = "0b5aa7ce-7f2c-4fb6-9a3e-2d6d0f1c9a11";

    fn template() -> Template {
        let identity = Identity::new(&[], &[], "system");
        let fixed = Fields::from_iter([("Uri".to_owned(), json!("oss://b/d-000000/"))]);
        let mut wanted = fixed.clone();
        wanted.insert("Name".to_owned(), json!("d-000000"));
        let hash = hash(&wanted);
        let labels = identity.mark(&owner("ns", 0), UID, "cabc").labels();
        let intent = json!({"uid": UID, "target": {"account": "default", "workspace": "1"}, "principal": "p",
                            "attempts": [{"nonce": "cabc", "hash": hash}]});
        let object = json!({
            "metadata": {"name": "d-000000", "uid": UID, "annotations": {"dataset-operator.dev/intent": intent.to_string()}},
            "spec": {"uri": "oss://b/d-000000/"}, "status": {"datasetId": "d-real", "attempt": {"nonce": "cabc"}},
        });
        let labels: Vec<Value> = labels.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        let dataset = json!({"DatasetId": "d-real", "Name": "d-000000", "Uri": "oss://b/d-000000/", "Labels": labels});
        Template::new("ns", 0, object.to_string(), &dataset, Some(identity)).unwrap()
    }

    #[test]
    fn a_copy_is_what_the_operator_would_have_made() {
        let (object, dataset) = template().copy(7);
        let (object, dataset): (Value, Value) =
            (serde_json::from_str(&object).unwrap(), serde_json::from_str(&dataset).unwrap());
        let uid = object.pointer("/metadata/uid").and_then(Value::as_str).unwrap();
        assert_ne!(uid, UID);
        let intent = Intent::parse(object.pointer(INTENT).and_then(Value::as_str).unwrap()).unwrap();
        assert_eq!((intent.uid.as_str(), intent.newest()), (uid, Some("c0000000000000007")));
        // The same check that the real template passes.
        let identity = Identity::new(&[], &[], "system");
        let labels = identity.mark(&owner("ns", 7), uid, intent.newest().unwrap()).labels();
        for label in dataset.get("Labels").and_then(Value::as_array).unwrap() {
            let key = label.get("Key").and_then(Value::as_str).unwrap();
            assert_eq!(label.get("Value").and_then(Value::as_str), labels.get(key).map(String::as_str), "{key}");
        }
        let wanted =
            Fields::from_iter([("Uri".to_owned(), json!("oss://b/d-000007/")), ("Name".to_owned(), json!("d-000007"))]);
        assert_eq!(intent.attempts.first().map(|attempt| attempt.hash.clone()), Some(hash(&wanted)));
        assert_eq!(object.pointer("/status/datasetId"), dataset.get("DatasetId"));
        assert_eq!(dataset.get("Name"), Some(&json!("d-000007")));
    }

    #[test]
    fn marks_that_do_not_fit_are_refused() {
        let template = template();
        let dataset: Value = serde_json::from_str(&template.dataset.replace("dso-owner", "other")).unwrap();
        let identity = Identity::new(&[], &[], "system");
        assert!(Template::new("ns", 0, template.object, &dataset, Some(identity)).is_err());
    }
}
