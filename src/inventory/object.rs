//! The names of objects as keys of tables, small enough to keep one for each object.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::remote::uid::Uid;

/// An object by kind, namespace and name, whether it exists or not.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectName {
    /// `Dataset`
    pub kind: &'static str,
    /// Namespace and name, with a slash between.
    place: Box<str>,
}

impl ObjectName {
    /// The object `name` in `namespace`.
    #[must_use]
    pub fn new(kind: &'static str, namespace: &str, name: &str) -> Self {
        Self { kind, place: format!("{namespace}/{name}").into_boxed_str() }
    }

    /// The object with this metadata.
    #[must_use]
    pub fn of(kind: &'static str, object: &ObjectMeta) -> Self {
        Self::new(kind, object.namespace.as_deref().unwrap_or_default(), object.name.as_deref().unwrap_or_default())
    }

    /// Namespace and name.
    #[must_use]
    pub fn place(&self) -> (&str, &str) {
        // Neither may contain a slash.
        self.place.split_once('/').unwrap_or_default()
    }
}

/// One object from its creation to its deletion: another object of the same name has another uid.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey {
    /// Kind, namespace and name.
    pub name: ObjectName,
    /// Its uid.
    pub uid: Uid,
}

impl ObjectKey {
    /// The object `name` in `namespace` with this uid.
    #[must_use]
    pub fn new(kind: &'static str, namespace: &str, name: &str, uid: &str) -> Self {
        Self { name: ObjectName::new(kind, namespace, name), uid: Uid::of(uid) }
    }
}
