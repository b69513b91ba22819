//! The parts that both kinds share: labels, endpoints, and what status records about any object.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::field_rules as rules;
use super::provider_config::UsedProviderConfig;
use super::values::{Origin, Outcome};

/// A label of a dataset or version. The operator does not touch labels with other keys.
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
    /// or `https://` (reserved by the service), nor with `dso-` (reserved by the operator).
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

/// The last call to the service that failed. Absent after a reconcile that succeeds.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LastError {
    /// Error code of the service, or a word of the operator if it could not read an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,

    /// RequestId of the service. The vendor's support asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,

    /// Operation that failed, such as `CreateDataset`.
    pub operation: String,

    /// When the operation failed in this way for the first time.
    pub time: Time,
}

/// The newest attempt to create or adopt whose result is known.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// Random id of the attempt. The annotation `dataset-operator.dev/intent` and the ownership labels contain it too.
    pub nonce: String,

    /// Result of the attempt.
    pub outcome: Outcome,
}

/// What status records about an object of any kind.
///
/// There is no heartbeat: status does not change while the object and its cloud dataset do not change.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct CommonStatus {
    /// Generation of the spec that the operator reconciled last; -1 until the first reconcile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// Whether the operator created the cloud dataset (`Created`) or took over an existing one (`Adopted`).
    /// If `spec.deletionPolicy` is absent, this decides what a deletion does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,

    /// True if status had lost the id and the operator found the cloud dataset again by its ownership labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovered: Option<bool>,

    /// The newest attempt to create or adopt whose result is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Attempt>,

    /// Keys of the labels that the operator has set on the cloud dataset because of this spec. It changes and
    /// removes only these.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub applied_label_keys: Option<Vec<String>>,

    /// Identity (RAM user or role) that the operator used when it recorded the id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,

    /// The account that the object belongs to, once it has begun to use it. Absent: that of the operator's flags. It does not
    /// change any more: another account would not know the cloud dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_config: Option<UsedProviderConfig>,

    /// Last value of the annotation `dataset-operator.dev/reconcile-requested-at` that the operator has handled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,

    /// The last call to the service that failed. Absent after a reconcile that succeeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<LastError>,

    /// State in the form that `kubectl wait`, Flux, Helm and Argo CD read. `Ready` is always present after
    /// the first reconcile. `Reconciling`, `Stalled`, `Drifted`, `DuplicatesFound`, `AccountKept` and `Paused` are
    /// present only while True. A DatasetJob that has ended also has `Complete` or `Failed`, which then stays.
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
