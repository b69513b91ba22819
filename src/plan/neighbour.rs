//! Another object in this cluster, as messages and events name it.

use std::fmt;

/// Another object here, as messages and events name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// `Dataset` or `DatasetVersion`
    pub kind: &'static str,
    /// What `kubectl` calls its kind in commands.
    pub resource: &'static str,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Deleting it deletes its remote.
    pub deletes: bool,
}

impl Neighbour {
    /// The commands after which another object may take its remote.
    #[must_use]
    pub fn way_out(&self) -> String {
        let Self { resource, namespace, name, .. } = self;
        format!(
            "kubectl -n {namespace} patch {resource} {name} --type=merge \
             -p '{{\"spec\":{{\"deletionPolicy\":\"Retain\"}}}}' && kubectl -n {namespace} delete {resource} {name}"
        )
    }
}

impl fmt::Display for Neighbour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}
