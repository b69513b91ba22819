//! Thousands of settled objects in seconds: one is made for real, by the candidate itself; the others are copies of it
//! with names, uids, ids and marks of their own, written straight into etcd and the emulator.
//!
//! That a copy is as good as made is not assumed: after a start on them every scenario counts the candidate's writes and
//! creates, and both must be 0.

use std::collections::BTreeMap;
use std::ops::Range;

use dataset_operator::kinds::{dataset, media_dataset};
use dataset_operator::plan::intent::{Intent, Target};
use dataset_operator::remote::carrier::{self, Longest};
use dataset_operator::remote::fields::{Fields, hash, lower_camel};
use dataset_operator::remote::mark::{Identity, Owner};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use serde_json::{Value, json};
use testbed::{Context as _, Error, Result};

use crate::candidate::Tuning;
use crate::loader::Act;
use crate::objects::{self, Kind};
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
    let kind = stage.kind;
    let object = stage.rig.etcd.get(&kind.key(&stage.namespace, &objects::name(0))).await?;
    let remotes = stage.cloud.remotes(kind).await?;
    let [remote] = remotes.as_slice() else {
        return Err(Error::new(format!("{} datasets were made of one object", remotes.len())));
    };
    let system = Api::<Namespace>::all(stage.rig.client.clone()).get("kube-system").await.context("kube-system")?;
    let identity = Identity::new(&[], &[], &system.metadata.uid.unwrap_or_default());
    let template = Template::new(kind, &stage.namespace, 0, object, remote, Some(identity))?;
    let mut remotes = vec![template.remote.clone()];
    remotes.extend((1..n).map(|index| template.copy(index).1));
    stage.cloud.set_remotes(kind, &remotes).await?;
    drop(remotes);
    template.place(stage, 1..n).await?;
    stage.rig.until_count(kind, &stage.namespace, n).await?;
    stage.rig.calm().await;
    Ok(())
}

async fn create(stage: &Stage<'_>, index: usize) -> Result<()> {
    stage.load_some(Act::Create, index..index + 1).finish().await.map(drop)
}

/// What the copies are made of.
pub(crate) struct Template {
    kind: Kind,
    namespace: String,
    /// The number of the object that is copied.
    index: usize,
    /// The object as stored.
    object: String,
    /// The dataset as the emulator shows it.
    remote: String,
    uid: String,
    /// Empty if there is no dataset, or if its name is its id.
    id: String,
    /// `None` if the candidate writes no marks of ours.
    marks: Option<Marks>,
}

impl Template {
    /// An object that nobody has looked at yet, to be copied even while the candidate runs. It must not run now.
    pub(crate) async fn blank(stage: &Stage<'_>) -> Result<Self> {
        let index = 999_999;
        create(stage, index).await?;
        let key = stage.kind.key(&stage.namespace, &objects::name(index));
        let object = stage.rig.etcd.get(&key).await?;
        stage.rig.etcd.remove(&key).await?;
        Self::new(stage.kind, &stage.namespace, index, object, &json!({}), None)
    }

    /// Writes the copies of these numbers into etcd, faster than the API server would take them.
    pub(crate) async fn place(&self, stage: &Stage<'_>, range: Range<usize>) -> Result<()> {
        let mut first = range.start;
        while first < range.end {
            let batch = first..range.end.min(first + BATCH);
            first = batch.end;
            let pairs = batch.map(|index| (self.kind.key(&stage.namespace, &objects::name(index)), self.copy(index).0));
            stage.rig.etcd.put_all(&pairs.collect::<Vec<_>>()).await?;
        }
        Ok(())
    }

    fn new(
        kind: Kind,
        namespace: &str,
        index: usize,
        object: String,
        remote: &Value,
        identity: Option<Identity>,
    ) -> Result<Self> {
        let parsed: Value = serde_json::from_str(&object).context("reading the stored object")?;
        let text =
            |value: &Value, path: &str| value.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (uid, id) = (text(&parsed, "/metadata/uid"), text(remote, "/DatasetId"));
        let intent = Intent::parse(&text(&parsed, INTENT));
        let marks = match (identity, intent) {
            (Some(identity), Some(intent)) => Some(Marks::of((kind, namespace), identity, &parsed, remote, intent)?),
            (_, None) | (None, Some(_)) => None,
        };
        Ok(Self { kind, namespace: namespace.to_owned(), index, object, remote: remote.to_string(), uid, id, marks })
    }

    /// Object and dataset number `index`.
    fn copy(&self, index: usize) -> (String, String) {
        let (old, name) = (objects::name(self.index), objects::name(index));
        // The beginning stays: it differs from template to template.
        let uid = format!("{}{index:012}", self.uid.get(..24).unwrap_or_default());
        let mut changes = Vec::new();
        if let Some(marks) = &self.marks {
            // Whole values first: they contain the shorter ones.
            marks.changes(&owner(self.kind, &self.namespace, index), index, &uid, &mut changes);
        }
        if !self.id.is_empty() {
            changes.push((self.id.clone(), format!("d-{index:018}")));
        }
        changes.extend([(self.uid.clone(), uid), (old, name)]);
        let apply = |text: &str| changes.iter().fold(text.to_owned(), |text, (old, new)| text.replace(old, new));
        (apply(&self.object), apply(&self.remote))
    }
}

/// What of an object and its dataset is calculated from name and uid.
struct Marks {
    kind: Kind,
    identity: Identity,
    nonce: String,
    target: Target,
    /// The mark of the object that is copied, by where it is written.
    written: Written,
    hash: String,
    fixed: Fields,
}

/// A mark as a dataset carries it: values of labels by their keys, or one text behind the description.
type Written = BTreeMap<String, String>;
const DESCRIPTION: &str = "Description";
/// Length of a mark in a text.
const TEXT: usize = 63;

impl Marks {
    /// Checks that what this calculates is what the candidate wrote.
    fn of(
        (kind, namespace): (Kind, &str),
        identity: Identity,
        object: &Value,
        remote: &Value,
        intent: Intent,
    ) -> Result<Self> {
        let attempt = intent.attempts.last().cloned().ok_or_else(|| Error::new("the intent has no attempt"))?;
        let members = if kind == Kind::MediaDataset { media_dataset::FIXED } else { dataset::FIXED };
        let mut fixed = Fields::new();
        for member in members {
            if let Some(value) = object.get("spec").and_then(|spec| spec.get(lower_camel(member))) {
                fixed.insert((*member).to_owned(), value.clone());
            }
        }
        let (nonce, hash, target) = (attempt.nonce, attempt.hash, intent.target);
        let mut marks = Self { kind, identity, nonce, target, written: Written::new(), hash, fixed };
        marks.written = marks.mark(&owner(kind, namespace, 0), &intent.uid, &marks.nonce, &marks.hash)?;
        let shown = shown(remote);
        let same = marks.written.iter().all(|(key, value)| shown.get(key) == Some(value));
        if !same || marks.hash != marks.hash_of(0) {
            return Err(Error::new("the preload does not write the marks that the operator writes"));
        }
        Ok(marks)
    }

    /// The mark of an attempt of this owner.
    fn mark(&self, owner: &Owner, uid: &str, nonce: &str, hash: &str) -> Result<Written> {
        if self.kind != Kind::MediaDataset {
            return Ok(self.identity.mark(owner, uid, nonce).labels());
        }
        // As the operator signs it: the name of the dataset is the last part of its target.
        let Target { account, region, workspace, .. } = &self.target;
        let target = [account, region, workspace, &owner.name].map(String::as_str).join(" ");
        let mark = self.identity.text_mark(owner, &target, uid, nonce, hash);
        let mark = mark.ok_or_else(|| Error::new("the nonce or the hash has another form"))?;
        let text = carrier::write("", &mark, Longest::Bytes(256)).context("writing a mark")?;
        Ok(Written::from([(DESCRIPTION.to_owned(), text.trim_start().to_owned())]))
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

    fn changes(&self, owner: &Owner, index: usize, uid: &str, changes: &mut Vec<(String, String)>) {
        let (nonce, hash) = (format!("c{index:016x}"), self.hash_of(index));
        // What has the form of the template's has one.
        for (key, value) in self.mark(owner, uid, &nonce, &hash).unwrap_or_default() {
            if let Some(old) = self.written.get(&key).filter(|old| **old != value) {
                changes.push((old.clone(), value));
            }
        }
        changes.push((self.nonce.clone(), nonce));
        changes.push((self.hash.clone(), hash));
    }
}

/// What a dataset shows where marks are written.
fn shown(remote: &Value) -> Written {
    let labels = remote.get("Labels").and_then(Value::as_array).into_iter().flatten();
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let mut shown: Written = labels.filter_map(|label| Some((text(label, "Key")?, text(label, "Value")?))).collect();
    let description = text(remote, DESCRIPTION).unwrap_or_default();
    let end = description.len().checked_sub(TEXT).and_then(|at| description.get(at..));
    shown.extend(end.map(|end| (DESCRIPTION.to_owned(), end.to_owned())));
    shown
}

fn owner(kind: Kind, namespace: &str, index: usize) -> Owner {
    Owner {
        kind: format!("{}.{}", kind.name(), kind.group()),
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
        let labels = identity.mark(&owner(Kind::Dataset, "ns", 0), UID, "cabc").labels();
        let intent = json!({"uid": UID, "target": {"account": "default", "workspace": "1"}, "principal": "p",
                            "attempts": [{"nonce": "cabc", "hash": hash}]});
        let object = json!({
            "metadata": {"name": "d-000000", "uid": UID, "annotations": {"dataset-operator.dev/intent": intent.to_string()}},
            "spec": {"uri": "oss://b/d-000000/"}, "status": {"datasetId": "d-real", "attempt": {"nonce": "cabc"}},
        });
        let labels: Vec<Value> = labels.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        let dataset = json!({"DatasetId": "d-real", "Name": "d-000000", "Uri": "oss://b/d-000000/", "Labels": labels});
        Template::new(Kind::Dataset, "ns", 0, object.to_string(), &dataset, Some(identity)).unwrap()
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
        let labels = identity.mark(&owner(Kind::Dataset, "ns", 7), uid, intent.newest().unwrap()).labels();
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
        let dataset: Value = serde_json::from_str(&template.remote.replace("dso-owner", "other")).unwrap();
        let identity = Identity::new(&[], &[], "system");
        assert!(Template::new(Kind::Dataset, "ns", 0, template.object, &dataset, Some(identity)).is_err());
    }

    #[test]
    fn a_copy_of_a_media_dataset_carries_its_mark_in_its_description() {
        let (kind, identity) = (Kind::MediaDataset, Identity::new(&[], &[], "system"));
        let target = |name: &str| format!("default cn-hangzhou imm:photos {name}");
        let wanted = |name: &str| {
            hash(&Fields::from_iter([("ProjectName", "photos"), ("Name", name)].map(|(k, v)| (k.to_owned(), json!(v)))))
        };
        let described = |index: usize, uid: &str, nonce: &str| {
            let name = objects::name(index);
            let mark =
                identity.text_mark(&owner(kind, "ns", index), &target(&name), uid, nonce, &wanted(&name)).unwrap();
            carrier::write("Pictures", &mark, Longest::Bytes(256)).unwrap()
        };
        let (name, nonce) = (objects::name(0), "c0123456789abcdef");
        let intent = json!({"uid": UID, "principal": "p", "attempts": [{"nonce": nonce, "hash": wanted(&name)}],
            "target": {"account": "default", "region": "cn-hangzhou", "workspace": "imm:photos", "name": name}});
        let object = json!({
            "metadata": {"name": name, "uid": UID, "annotations": {"dataset-operator.dev/intent": intent.to_string()}},
            "spec": {"projectName": "photos"}, "status": {"name": name},
        });
        let remote = json!({"DatasetName": name, "Description": described(0, UID, nonce)});
        let made = |remote: &Value| Template::new(kind, "ns", 0, object.to_string(), remote, Some(identity.clone()));
        let (object, copied) = made(&remote).unwrap().copy(7);
        let (object, copied): (Value, Value) =
            (serde_json::from_str(&object).unwrap(), serde_json::from_str(&copied).unwrap());
        let uid = object.pointer("/metadata/uid").and_then(Value::as_str).unwrap();
        let expected = json!({"DatasetName": "d-000007", "Description": described(7, uid, "c0000000000000007")});
        assert_eq!(copied, expected);
        let other = json!({"DatasetName": "d-000000", "Description": described(1, UID, nonce)});
        assert!(made(&other).is_err());
    }
}
