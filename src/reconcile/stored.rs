//! A custom resource as the store holds it: names and a few flags are at hand, the rest is compressed to save memory.
//!
//! A typical Dataset takes 3.4 KB as a struct, and less than 0.6 KB packed (a test measures it).

use std::sync::Arc;

use kube::core::ObjectMeta;
use kube::{Resource, ResourceExt};
use serde::{Deserialize, Deserializer};

use crate::api::{CommonStatus, ConditionType, Reason};
use crate::compressed::Compressed;
use crate::reconcile::kind::{Managed, resource_of};
use crate::reconcile::parsed::Parsed;

/// An annotation that only kubectl writes and reads.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// An object at rest.
#[derive(Debug, Clone)]
pub struct StoredObject<O> {
    /// Name, namespace, uid and resource version only.
    identity: ObjectMeta,
    standing: ReadyFlags,
    body: Body<O>,
}

#[derive(Debug, Clone)]
enum Body<O> {
    Compressed(Compressed<O>),
    /// An object that cannot be packed (none is known), or the bench's comparison with objects as they come.
    Whole(Arc<O>),
    /// An object that does not parse: it exists, and the operator does nothing for it.
    Unparsable,
}

/// The facts of an object that metrics count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, each with a metric of its own")]
pub struct ReadyFlags {
    /// Ready=True for the present generation.
    pub ready: bool,
    /// The reason of `Ready`; that of an older generation is [`Reason::Progressing`]. `None` if nothing was written yet.
    pub reason: Option<Reason>,
    /// A person must act.
    pub stalled: bool,
    /// More than one remote carries its mark.
    pub duplicates: bool,
}

impl ReadyFlags {
    /// Reads the flags from a status.
    #[must_use]
    pub fn of(status: Option<&CommonStatus>, generation: Option<i64>) -> Self {
        let holds = |kind| {
            let condition = status.and_then(|status| status.condition(kind));
            condition.is_some_and(|condition| condition.status == "True")
        };
        let observed = status.and_then(|status| status.observed_generation) == generation;
        let ready = status.and_then(|status| status.condition(ConditionType::Ready));
        let said = |reason: &str| Reason::ALL.iter().copied().find(|known| known.as_str() == reason);
        let reason = ready.map(|ready| said(&ready.reason).unwrap_or(Reason::Progressing));
        Self {
            ready: observed && holds(ConditionType::Ready),
            reason: if observed { reason } else { reason.and(Some(Reason::Progressing)) },
            stalled: holds(ConditionType::Stalled),
            duplicates: holds(ConditionType::DuplicatesFound),
        }
    }
}

impl<O: Managed> StoredObject<O> {
    /// Compresses an object, without the parts that the operator never reads.
    #[must_use]
    pub fn new(mut object: O) -> Self {
        object.managed_fields_mut().clear();
        object.annotations_mut().remove(LAST_APPLIED);
        let identity = identity(object.meta());
        let standing = ReadyFlags::of(object.common(), object.meta().generation);
        let body = Compressed::new(&object).map_or_else(|| Body::Whole(Arc::new(object)), Body::Compressed);
        Self { identity, standing, body }
    }

    /// An object that does not parse, by its metadata.
    #[must_use]
    pub fn broken(metadata: &ObjectMeta) -> Self {
        let standing = ReadyFlags { stalled: true, ..ReadyFlags::default() };
        Self { identity: identity(metadata), standing, body: Body::Unparsable }
    }

    /// The object. `None` if it does not parse.
    #[must_use]
    pub fn open(&self) -> Option<Arc<O>> {
        match &self.body {
            Body::Compressed(packed) => packed.open().map(Arc::new),
            Body::Whole(object) => Some(object.clone()),
            Body::Unparsable => None,
        }
    }

    /// The facts that metrics count.
    #[must_use]
    pub const fn standing(&self) -> ReadyFlags {
        self.standing
    }
}

/// The metadata that identifies an object.
fn identity(metadata: &ObjectMeta) -> ObjectMeta {
    ObjectMeta {
        name: metadata.name.clone(),
        namespace: metadata.namespace.clone(),
        uid: metadata.uid.clone(),
        resource_version: metadata.resource_version.clone(),
        ..ObjectMeta::default()
    }
}

impl<O: Managed> From<Parsed<O>> for StoredObject<O> {
    fn from(shown: Parsed<O>) -> Self {
        match shown {
            Parsed::Whole(object) => Self::new(object),
            Parsed::Unparsable(broken) => Self::broken(&broken.metadata),
        }
    }
}

impl<'de, O: Managed> Deserialize<'de> for StoredObject<O> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Parsed::deserialize(deserializer).map(Self::from)
    }
}

impl<O: Managed> Resource for StoredObject<O> {
    resource_of!(O);

    fn meta(&self) -> &ObjectMeta {
        &self.identity
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.identity
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Dataset;
    use serde_json::json;

    fn dataset() -> Dataset {
        serde_json::from_value(json!({
            "apiVersion": "pai.dataset-operator.dev/v1alpha1", "kind": "Dataset",
            "metadata": {
                "name": "flowers-2026", "namespace": "vision", "uid": "0f8b1c2d-3e4f-4a5b-8c6d-7e8f90a1b2c3",
                "resourceVersion": "918273", "generation": 2, "creationTimestamp": "2026-07-01T08:30:00Z",
                "finalizers": ["dataset-operator.dev/remote"],
                "annotations": {
                    LAST_APPLIED: "{}",
                    "dataset-operator.dev/intent": r#"{"uid":"0f8b1c2d-3e4f-4a5b-8c6d-7e8f90a1b2c3","target":{"account":"default","region":"cn-hangzhou","workspace":"12345"},"principal":"LTAI5tExampleExampleKey1","attempts":[{"nonce":"c5f0e1d2c3b4a5968","hash":"9b2f6d1c0a8e4735"}]}"#
                },
                "managedFields": [{"manager": "kubectl", "operation": "Update", "apiVersion": "v1"}]
            },
            "spec": {
                "property": "DIRECTORY", "dataSourceType": "OSS", "description": "Flower pictures",
                "uri": "oss://example-bucket.oss-cn-hangzhou.aliyuncs.com/flowers/",
                "options": "{\"mountPath\": \"/mnt/data/flowers\"}", "labels": [{"key": "team", "value": "vision"}]
            },
            "status": {
                "observedGeneration": 2, "datasetId": "d-g3wx5xinf5zxh0s1r0", "name": "flowers-2026",
                "property": "DIRECTORY", "dataSourceType": "OSS", "workspaceId": "12345",
                "uri": "oss://example-bucket.oss-cn-hangzhou.aliyuncs.com/flowers/", "origin": "Created",
                "latestVersion": "v1", "mountPath": "/mnt/data/flowers", "appliedLabelKeys": ["team"],
                "principal": "LTAI5tExampleExampleKey1",
                "attempt": {"nonce": "c5f0e1d2c3b4a5968", "outcome": "Created"},
                "conditions": [{"type": "Ready", "status": "True", "reason": "Available", "observedGeneration": 2,
                    "message": "the cloud dataset equals the spec", "lastTransitionTime": "2026-07-01T08:30:01Z"}]
            }
        }))
        .unwrap()
    }

    #[test]
    fn a_held_object_is_small_and_comes_out_as_it_went_in_but_for_what_nobody_reads() {
        let held = StoredObject::new(dataset());
        let Body::Compressed(packed) = &held.body else { panic!("not packed") };
        assert!(packed.size() <= 600, "{packed:?}");
        let mut pruned = dataset();
        pruned.metadata.managed_fields = None;
        pruned.annotations_mut().remove(LAST_APPLIED);
        let opened = (*held.open().unwrap()).clone();
        assert_eq!(opened.managed_fields().len(), 0);
        assert_eq!(serde_json::to_value(opened.spec).unwrap(), serde_json::to_value(pruned.spec).unwrap());
        assert_eq!(opened.status, pruned.status);
        assert_eq!(opened.metadata.annotations, pruned.metadata.annotations);
        assert_eq!(held.name_any(), "flowers-2026");
        let ready = ReadyFlags { ready: true, reason: Some(Reason::Available), ..ReadyFlags::default() };
        assert_eq!(held.standing(), ready);
        let mut edited = dataset();
        edited.metadata.generation = Some(3);
        let waits = ReadyFlags { reason: Some(Reason::Progressing), ..ReadyFlags::default() };
        assert_eq!(StoredObject::new(edited).standing(), waits, "what is said is about the generation before");
        assert_eq!(StoredObject::new(Dataset { status: None, ..dataset() }).standing(), ReadyFlags::default());
    }
}
