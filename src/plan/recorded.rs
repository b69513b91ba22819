//! The status of an object as decisions use it: read from JSON, and turned into JSON again.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

use crate::api::UsedProviderConfig;
pub use crate::api::{Attempt as Ended, Outcome};
use crate::plan::field::SHARES;
use crate::plan::profile::Shape;
use crate::plan::secret::{SECRET, SecretVersion};
use crate::remote::fields::{Fields, lower_camel};
use crate::remote::id::RemoteId;
use crate::remote::mark::Origin;

/// The last error of the service that mattered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct LastError {
    /// Error code of the service, or the kind of failure.
    pub code: String,
    /// The RequestId, which the vendor's support asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Operation that failed.
    pub operation: String,
    /// RFC 3339.
    pub time: String,
}

/// Everything status holds, as decisions read it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recorded {
    /// Generation that the conditions describe; -1 before the first reconcile.
    pub observed_generation: i64,
    /// The remote, once it is known.
    pub id: Option<RemoteId>,
    /// Created or adopted.
    pub origin: Option<Origin>,
    /// Found again by its mark rather than recorded at once.
    pub recovered: bool,
    /// Immutable members as sent, or as read if adopted or recovered.
    pub fixed: Fields,
    /// How the newest attempt with an outcome ended.
    pub attempt: Option<Ended>,
    /// Label keys that we set, and the shares that we granted, each behind [`SHARES`].
    pub label_keys: BTreeSet<String>,
    /// The principal in use when the id was recorded.
    pub principal: Option<String>,
    /// The config of the account; `None`: that of the flags.
    pub provider: Option<UsedProviderConfig>,
    /// Informational members by status key (`ownerId`, `latestVersion`, `mountPath`, `mountAccess`, `name`).
    pub info: Map<String, Value>,
    /// The last `reconcile-requested-at` that was served.
    pub handled: Option<String>,
    /// The last error.
    pub last_error: Option<LastError>,
    /// Conditions in order.
    pub conditions: Vec<Condition>,
}

impl Recorded {
    /// Reads the status of an object of this kind. A member that cannot be read counts as absent.
    #[must_use]
    pub fn of(status: &Value, kind: impl Into<Shape>) -> Self {
        let kind: Shape = kind.into();
        let text = |key: &str| status.get(key).and_then(Value::as_str).map(str::to_owned);
        Self {
            observed_generation: status.get("observedGeneration").and_then(Value::as_i64).unwrap_or(-1),
            id: kind.id_of(status),
            origin: parse(status, "origin"),
            recovered: status.get("recovered").and_then(Value::as_bool).unwrap_or_default(),
            fixed: kind
                .fixed
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), status.get(lower_camel(name))?.clone())))
                .collect(),
            attempt: parse(status, "attempt"),
            label_keys: label_keys(status),
            principal: text("principal"),
            provider: parse(status, "providerConfig"),
            info: kind.info_keys.iter().filter_map(|key| Some(((*key).to_owned(), status.get(key)?.clone()))).collect(),
            handled: text("lastHandledReconcileAt"),
            last_error: parse(status, "lastError"),
            conditions: parse(status, "conditions").unwrap_or_default(),
        }
    }

    /// The status object of an object of this kind. Absent members are left out.
    #[must_use]
    pub fn to_status(&self, kind: impl Into<Shape>) -> Map<String, Value> {
        let kind: Shape = kind.into();
        let mut status = self.info.clone();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                status.insert(key.to_owned(), value);
            }
        };
        put("observedGeneration", Some(json!(self.observed_generation)));
        for (key, id) in kind.id_keys.iter().zip(self.id.iter().flat_map(RemoteId::names)) {
            put(key, Some(json!(id)));
        }
        put("origin", self.origin.map(|origin| json!(origin.as_str())));
        put("recovered", self.recovered.then_some(json!(true)));
        for (name, value) in &self.fixed {
            put(&lower_camel(name), Some(value.clone()));
        }
        put("attempt", self.attempt.as_ref().map(|attempt| json!(attempt)));
        let (shares, labels): (Vec<_>, Vec<_>) = self.label_keys.iter().partition(|key| key.starts_with(SHARES));
        let shares: Vec<_> = shares.iter().filter_map(|key| key.strip_prefix(SHARES)).collect();
        put("appliedLabelKeys", (!labels.is_empty()).then(|| json!(labels)));
        put("appliedShares", (!shares.is_empty()).then(|| json!(shares)));
        put("principal", self.principal.as_ref().map(|text| json!(text)));
        put("providerConfig", self.provider.as_ref().map(|config| json!(config)));
        put("lastHandledReconcileAt", self.handled.as_ref().map(|text| json!(text)));
        put("lastError", self.last_error.as_ref().map(|error| json!(error)));
        put("conditions", (!self.conditions.is_empty()).then(|| json!(self.conditions)));
        status
    }

    /// The condition of this type.
    #[must_use]
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.type_ == kind)
    }

    /// The spec of this generation was carried out when status was last written.
    #[must_use]
    pub fn carried_out(&self, generation: i64) -> bool {
        self.was_ready() && self.observed_generation == generation
    }

    /// The version of the Secret whose content the remote was last given.
    #[must_use]
    pub fn secret(&self) -> Option<SecretVersion> {
        self.info.get(SECRET).and_then(|version| SecretVersion::deserialize(version).ok())
    }

    /// Ready was True when status was last written.
    #[must_use]
    pub fn was_ready(&self) -> bool {
        self.condition("Ready").is_some_and(|ready| ready.status == "True")
    }
}

/// The keys of labels that we set, and behind a prefix the shares that we granted.
fn label_keys(status: &Value) -> BTreeSet<String> {
    let labels: Vec<String> = parse(status, "appliedLabelKeys").unwrap_or_default();
    let shares: Vec<String> = parse(status, "appliedShares").unwrap_or_default();
    labels.into_iter().chain(shares.iter().map(|share| format!("{SHARES}{share}"))).collect()
}

fn parse<T: serde::de::DeserializeOwned>(status: &Value, key: &str) -> Option<T> {
    status.get(key).and_then(|value| T::deserialize(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::{dataset, version};

    #[test]
    fn status_survives_reading_and_writing() {
        let status = json!({
            "observedGeneration": 3, "datasetId": "d-1", "origin": "Created", "uri": "oss://b/", "recovered": true,
            "attempt": {"nonce": "c1", "outcome": "Created"}, "appliedLabelKeys": ["a"], "principal": "ak",
            "appliedShares": ["1/2"], "latestVersion": "v2", "lastHandledReconcileAt": "x",
            "conditions": [{"type": "Ready", "status": "True", "reason": "Available", "message": "",
                            "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 3}],
        });
        let recorded = Recorded::of(&status, &dataset::PROFILE);
        assert_eq!(Value::Object(recorded.to_status(&dataset::PROFILE)), status);
    }

    #[test]
    fn a_version_needs_both_parts_of_its_identity() {
        assert_eq!(Recorded::of(&json!({"datasetId": "d-1"}), &version::PROFILE).id, None);
        let status = json!({"datasetId": "d-1", "versionName": "v2"});
        let both = Recorded::of(&status, &version::PROFILE);
        assert_eq!(both.id, Some(RemoteId::new("d-1").join("v2")));
        assert_eq!(both.to_status(&version::PROFILE)["versionName"], "v2");
    }

    #[test]
    fn an_unreadable_status_is_an_empty_one() {
        assert_eq!(Recorded::of(&Value::Null, &dataset::PROFILE).observed_generation, -1);
    }
}
