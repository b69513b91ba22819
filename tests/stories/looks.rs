//! Reads of a scene that several stories share.

use std::collections::BTreeMap;

use kube::ResourceExt;
use kube::api::DynamicObject;
use serde_json::{Map, Value, json};

use crate::scene::Scene;

impl Scene {
    /// The number of the last call so far, for [`Self::calls_after`].
    pub(crate) fn last_call(&self) -> u64 {
        self.cloud().log().last().map_or(0, |line| line.seq)
    }

    /// Calls since then by operation, as JSON, sweeps left out.
    pub(crate) fn calls_after(&self, call: u64) -> Value {
        let mut calls: BTreeMap<String, u64> = BTreeMap::new();
        for line in self.cloud().log_after(call).into_iter().filter(|line| line.operation != "ListDatasets") {
            *calls.entry(line.operation).or_default() += 1;
        }
        json!(calls)
    }

    /// Waits until the workspaces have been listed so many times more.
    pub(crate) async fn sweeps(&self, more: u64) {
        let before = self.calls("ListDatasets").0;
        self.until("sweeps", async |scene| scene.calls("ListDatasets").0 >= before + more).await;
    }

    pub(crate) async fn get(&self, kind: &str, name: &str) -> DynamicObject {
        self.api(kind).get(name).await.unwrap()
    }

    /// Waits until the object carries our finalizer and intent.
    pub(crate) async fn claimed(&self, kind: &str, name: &str) -> DynamicObject {
        let claimed = |object: &DynamicObject| object.annotations().contains_key("dataset-operator.dev/intent");
        self.wait().object(&self.api(kind), name, "claimed", claimed).await.unwrap()
    }

    /// Changes a spec and waits until that is carried out.
    pub(crate) async fn edit(&self, kind: &str, name: &str, spec: Value) -> DynamicObject {
        self.patch(kind, name, json!({"spec": spec})).await;
        self.ready(kind, name).await
    }

    /// A person puts a label on a remote: `target` is the path of a dataset, or of a version of it.
    pub(crate) fn label_by_hand(&self, target: &str, key: &str, value: &str) {
        let method = if target.contains("/versions/") { "PUT" } else { "POST" };
        let labels = json!({"Labels": [{"Key": key, "Value": value}]});
        self.console(method, &format!("/api/v1/datasets/{target}/labels"), labels);
    }
}

/// The labels of users: all labels except our marks.
pub(crate) fn labels_of(labels: &[pai_emulator::Label]) -> Value {
    let shown = labels.iter().filter(|label| !label.key.starts_with("dso-"));
    shown.map(|label| (label.key.clone(), json!(label.value))).collect::<Map<_, _>>().into()
}

/// A small valid DatasetVersion of the Dataset of this name.
pub(crate) fn version_of(dataset: &str, folder: &str) -> Value {
    json!({
        "datasetRef": {"name": dataset}, "property": "DIRECTORY", "dataSourceType": "OSS",
        "uri": format!("oss://bucket.oss-cn-hangzhou.aliyuncs.com/{folder}/"),
    })
}
