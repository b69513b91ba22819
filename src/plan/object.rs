//! What a decision needs to know of the custom resource itself, whatever its kind.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::names;
use crate::plan::annotations::{not_a_boolean, pause, poll};
use crate::plan::intent::{Intent, Target};

/// The custom resource, reduced to what decisions read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectFacts {
    /// `metadata.uid`: an object that is deleted and created again has another one.
    pub uid: String,
    /// `metadata.namespace`
    pub namespace: String,
    /// `metadata.name`
    pub name: String,
    /// `metadata.resourceVersion` of the copy that was read.
    pub resource_version: String,
    /// `metadata.generation`
    pub generation: i64,
    /// A deletion timestamp is set.
    pub deleting: bool,
    /// Our finalizer is there.
    pub finalizer: bool,
    /// All finalizers, in order.
    pub finalizers: Vec<String>,
    /// Our intent annotation.
    pub intent: Stored,
    /// `paused` is set, and not to false.
    pub paused: bool,
    /// The value of `paused`, if it is not a boolean.
    pub unclear_pause: Option<String>,
    /// Value of `force-release`.
    pub force_release: Option<String>,
    /// Value of `poll-interval`, clamped; zero means only on demand. A value that is not a duration counts as absent.
    pub poll: Option<Duration>,
    /// Value of `reconcile-requested-at`, unless it is empty.
    pub requested: Option<String>,
}

/// The intent annotation as found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Stored {
    /// The object has no intent, or one that does not parse.
    #[default]
    Absent,
    /// The intent was written for this object.
    Own(Intent),
    /// The intent was written for another uid: in a copied manifest, or for an object that was deleted and made again.
    Foreign(Intent),
}

impl Stored {
    /// The intent, if it was written for this object.
    #[must_use]
    pub const fn own(&self) -> Option<&Intent> {
        match self {
            Self::Own(intent) => Some(intent),
            Self::Absent | Self::Foreign(_) => None,
        }
    }

    /// The target of the intent, also of one that was written for another uid.
    #[must_use]
    pub const fn target(&self) -> Option<&Target> {
        match self {
            Self::Own(intent) | Self::Foreign(intent) => Some(&intent.target),
            Self::Absent => None,
        }
    }
}

impl ObjectFacts {
    /// Reads an object's metadata.
    #[must_use]
    pub fn of(object: &ObjectMeta) -> Self {
        let uid = object.uid.clone().unwrap_or_default();
        let annotation = |name: &str| object.annotations.as_ref().and_then(|all| all.get(name)).cloned();
        let intent = match annotation(names::INTENT).as_deref().and_then(Intent::parse) {
            None => Stored::Absent,
            Some(intent) if intent.uid == uid => Stored::Own(intent),
            Some(intent) => Stored::Foreign(intent),
        };
        let (paused, unclear_pause) = pause(annotation(names::PAUSED).as_deref());
        let finalizers = object.finalizers.clone().unwrap_or_default();
        Self {
            namespace: object.namespace.clone().unwrap_or_default(),
            name: object.name.clone().or_else(|| object.generate_name.clone()).unwrap_or_default(),
            resource_version: object.resource_version.clone().unwrap_or_default(),
            generation: object.generation.unwrap_or_default(),
            deleting: object.deletion_timestamp.is_some(),
            finalizer: finalizers.iter().any(|name| name == names::FINALIZER),
            finalizers,
            intent,
            paused,
            unclear_pause,
            force_release: annotation(names::FORCE_RELEASE),
            poll: annotation(names::POLL_INTERVAL).as_deref().and_then(poll),
            requested: annotation(names::RECONCILE_REQUESTED_AT).filter(|value| !value.is_empty()),
            uid,
        }
    }

    /// What messages about a pause add if its annotation is not a boolean; empty otherwise.
    #[must_use]
    pub fn pause_note(&self) -> String {
        let value = self.unclear_pause.as_deref();
        value.map(|value| format!("; {}", not_a_boolean(value))).unwrap_or_default()
    }
}
