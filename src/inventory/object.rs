//! An object as the inventory names it, small enough to be kept for each one.

use crate::remote::uid::Uid;

/// One life of an object: its kind, place and uid.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey {
    /// `Dataset` or `DatasetVersion`
    pub kind: &'static str,
    /// Namespace and name, with a slash between.
    place: Box<str>,
    /// Its uid.
    pub uid: Uid,
}

impl ObjectKey {
    /// The object `name` in `namespace` with this uid.
    #[must_use]
    pub fn new(kind: &'static str, namespace: &str, name: &str, uid: &str) -> Self {
        Self { kind, place: format!("{namespace}/{name}").into_boxed_str(), uid: Uid::of(uid) }
    }

    /// Namespace and name.
    #[must_use]
    pub fn place(&self) -> (&str, &str) {
        // Neither may contain a slash.
        self.place.split_once('/').unwrap_or_default()
    }
}
