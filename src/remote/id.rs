//! The id of a remote in the service, in one form for datasets and versions.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The id of a remote, as a path of ids from the outside in: a dataset is `d-1`, its second version `d-1/v2`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RemoteId(Box<[Box<str>]>);

impl RemoteId {
    /// The id of a remote that is in no other one.
    #[must_use]
    pub fn new(id: impl AsRef<str>) -> Self {
        Self(Box::new([id.as_ref().into()]))
    }

    /// The id of the remote that is called `id` in this one.
    #[must_use]
    pub fn join(&self, id: impl AsRef<str>) -> Self {
        Self(self.0.iter().cloned().chain([id.as_ref().into()]).collect())
    }

    /// The outermost id.
    #[must_use]
    pub fn root(&self) -> &str {
        self.0.first().map_or("", |id| id)
    }

    /// The id below the outermost one, if there is one.
    #[must_use]
    pub fn child(&self) -> Option<&str> {
        self.0.get(1).map(|id| &**id)
    }

    /// The id of the remote that it is in, if there is one.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let (_, outer) = self.0.split_last()?;
        (!outer.is_empty()).then(|| Self(outer.into()))
    }

    /// Its ids, outermost first.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(|id| &**id)
    }

    /// The number of its segments.
    #[must_use]
    pub const fn depth(&self) -> usize {
        self.0.len()
    }
}

impl<S: Into<Box<str>>> FromIterator<S> for RemoteId {
    fn from_iter<I: IntoIterator<Item = S>>(ids: I) -> Self {
        Self(ids.into_iter().map(Into::into).collect())
    }
}

/// The number of `v7`.
#[must_use]
pub fn version_number(name: &str) -> Option<u64> {
    name.strip_prefix('v')?.parse().ok()
}

impl fmt::Display for RemoteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_path() {
        let dataset = RemoteId::new("d-1");
        let version = dataset.join("v2");
        assert_eq!((version.to_string().as_str(), version.depth()), ("d-1/v2", 2));
        assert_eq!((version.root(), version.child()), ("d-1", Some("v2")));
        assert_eq!((version.parent(), dataset.parent(), dataset.child()), (Some(dataset.clone()), None, None));
        assert_eq!(version.segments().collect::<RemoteId>(), version);
        assert!(dataset < version && version < RemoteId::new("d-2"));
    }
}
