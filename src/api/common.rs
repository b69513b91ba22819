//! The parts that both kinds share: labels, endpoints, and what status records about any object.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::field_rules as rules;
use super::values::{Origin, Outcome};

/// A label of a dataset or version. Keys are matched exactly; labels with other keys are left alone.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[x_kube(
    validation = rules::label_alphabet(),
    validation = rules::label_bytes(),
    validation = rules::label_prefix(),
    validation = rules::label_mark(),
)]
#[serde(rename_all = "camelCase")]
pub struct Label {
    /// Key, 1 to 128 bytes, without `=` and `,`. It must not begin with `aliyun`, `acs`, `http://`
    /// or `https://` (reserved by the service) nor with `dso-` (reserved by the operator).
    #[schemars(length(min = 1, max = 128))]
    pub key: String,

    /// Value, 1 to 128 bytes, without `=` and `,`.
    #[schemars(length(min = 1, max = 128))]
    pub value: String,
}

/// Where jobs that use the dataset serve their metrics.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct UserMetricsEndpoint {
    /// HTTP path that serves metrics, such as `/metrics`.
    #[schemars(length(min = 1, max = 1024))]
    pub path: String,

    /// TCP port that serves metrics, 1 to 65535.
    #[schemars(range(min = 1, max = 65535))]
    pub port: i32,
}

/// The last failure of a call to the service, until a pass succeeds.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LastError {
    /// Error code of the service, or a word of the operator if no answer was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,

    /// Request id of the service: what its support asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,

    /// Operation that failed, such as `CreateDataset`.
    pub operation: String,

    /// When it failed for the first time in this way.
    pub time: Time,
}

/// The newest attempt to create or adopt whose end is known.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// Its nonce, as in the intent and in the mark on the remote.
    pub nonce: String,

    /// How it ended.
    pub outcome: Outcome,
}

/// What status records about an object of any kind.
///
/// There is no heartbeat: nothing here changes while the object is settled.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct CommonStatus {
    /// Generation of the spec that the operator has looked at; -1 until the first pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// How the recorded remote came to be ours: `Created` or `Adopted`. It decides what deletion does
    /// if `spec.deletionPolicy` is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,

    /// True if the id was found again by the mark on the remote after it was lost here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovered: Option<bool>,

    /// The newest attempt whose end is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Attempt>,

    /// Keys of the labels that the operator has put on the remote for this object; only these are ever
    /// changed or removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub applied_label_keys: Option<Vec<String>>,

    /// Identity (RAM user or role) under which the remote was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,

    /// Last value of the annotation `dataset-operator.dev/reconcile-requested-at` that was carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,

    /// The last failed call to the service; absent once a pass succeeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<LastError>,

    /// State in the form that `kubectl wait`, Flux, Helm and Argo CD read. `Ready` is always there after
    /// the first pass; `Reconciling`, `Stalled`, `Drifted`, `DuplicatesFound` and `Paused` only while True.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

impl CommonStatus {
    /// The condition of that type, if present.
    pub fn condition(&self, type_: super::ConditionType) -> Option<&Condition> {
        self.conditions.iter().find(|c| c.type_ == type_.as_str())
    }
}
