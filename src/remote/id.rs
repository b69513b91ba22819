//! The id of a remote in the service, in one form for datasets and for what is in them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The collection of a dataset that holds its versions.
pub const VERSIONS: &str = "versions";
/// The collection of a dataset that holds its jobs.
pub const JOBS: &str = "jobs";
/// The collection of a dataset that holds the configurations of its jobs.
pub const JOB_CONFIGS: &str = "configs";

/// The id of a remote, as a path of ids from the outside in: a dataset is `d-1`, its second version `d-1/v2`.
///
/// A segment below the outermost one begins with the name of the collection that it is in, as in `d-1/copies/c-1`, unless
/// that is [`VERSIONS`]. So an id says what it is the id of, and the texts of versions are those of all releases.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RemoteId(Box<[Box<str>]>);

impl RemoteId {
    /// The id of a remote that is in no other one.
    #[must_use]
    pub fn new(id: impl AsRef<str>) -> Self {
        Self(Box::new([id.as_ref().into()]))
    }

    /// The id of the remote that has this name in a place and no other id, such as an IMM dataset in its project.
    #[must_use]
    pub fn keyed(place: impl AsRef<str>, name: impl AsRef<str>) -> Self {
        Self::new(format!("{}/{}", place.as_ref(), name.as_ref()))
    }

    /// Place and name, if it has no other id. (No id that the service makes holds a slash.)
    #[must_use]
    pub fn key(&self) -> Option<(&str, &str)> {
        self.root().split_once('/')
    }

    /// The id of the version that is called `id` in this dataset.
    #[must_use]
    pub fn join(&self, id: impl AsRef<str>) -> Self {
        self.within(VERSIONS, id)
    }

    /// The id of the remote that is called `id` in this collection of this one.
    #[must_use]
    pub fn within(&self, collection: &str, id: impl AsRef<str>) -> Self {
        let id = id.as_ref();
        // A name with a slash, which only a status that somebody edited can hold, must not read as a collection.
        let plain = collection == VERSIONS && !id.contains('/');
        let segment = if plain { id.to_owned() } else { format!("{collection}/{id}") };
        Self(self.0.iter().cloned().chain([segment.into()]).collect())
    }

    /// The outermost id.
    #[must_use]
    pub fn root(&self) -> &str {
        self.0.first().map_or("", |id| id)
    }

    /// The segment below the outermost id, if there is one: the name of a version, `copies/c-1` of anything else.
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

    /// The collection that it is in; `None` if it is in no other remote.
    #[must_use]
    pub fn collection(&self) -> Option<&str> {
        self.0.get(1..)?.last().map(|segment| collection_of(segment))
    }

    /// Its own id, as the service calls it there.
    #[must_use]
    pub fn name(&self) -> &str {
        self.names().last().unwrap_or_default()
    }

    /// Its ids as the service calls them, outermost first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let inner = self.0.iter().skip(1).map(|segment| segment.split_once('/').map_or(&**segment, |(_, name)| name));
        let (outer, keyed) = self.key().map_or((self.root(), None), |(place, name)| (place, Some(name)));
        std::iter::once(outer).chain(keyed).chain(inner)
    }
}

/// The collection that a segment below the outermost one is in.
#[must_use]
pub fn collection_of(segment: &str) -> &str {
    segment.split_once('/').map_or(VERSIONS, |(collection, _)| collection)
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
    fn a_name_with_a_slash_stays_in_its_collection() {
        let odd = RemoteId::new("d-1").join("x/v2");
        assert_eq!((odd.collection(), odd.name()), (Some(VERSIONS), "x/v2"));
        let odd = RemoteId::new("d-1").within("copies", "x/c-1");
        assert_eq!((odd.collection(), odd.name()), (Some("copies"), "x/c-1"));
    }

    #[test]
    fn a_name_in_a_place_is_one_segment() {
        let media = RemoteId::keyed("photos", "cats-1");
        assert_eq!((media.key(), media.to_string().as_str()), (Some(("photos", "cats-1")), "photos/cats-1"));
        assert_eq!((media.root(), media.name()), ("photos/cats-1", "cats-1"));
        assert_eq!(media.names().collect::<Vec<_>>(), ["photos", "cats-1"]);
        assert_eq!((media.child(), media.parent(), media.collection()), (None, None, None));
        let dataset = RemoteId::new("photos");
        assert_ne!(media, dataset.join("cats-1"), "the texts are alike, the ids are not");
        assert_eq!((dataset.key(), dataset.join("v1").key()), (None, None));
        let stored = serde_json::to_string(&media).unwrap();
        assert_eq!(serde_json::from_str::<RemoteId>(&stored).unwrap(), media);
    }

    #[test]
    fn an_id_is_a_path() {
        let dataset = RemoteId::new("d-1");
        let version = dataset.join("v2");
        assert_eq!(version.to_string(), "d-1/v2");
        assert_eq!((version.root(), version.child()), ("d-1", Some("v2")));
        assert_eq!((version.parent(), dataset.parent(), dataset.child()), (Some(dataset.clone()), None, None));
        assert!(dataset < version && version < RemoteId::new("d-2"));
    }

    #[test]
    fn an_id_says_which_collection_it_is_in() {
        let dataset = RemoteId::new("d-1");
        let (version, copy) = (dataset.join("v2"), dataset.within("copies", "v2"));
        assert_eq!(
            (version.collection(), copy.collection(), dataset.collection()),
            (Some(VERSIONS), Some("copies"), None)
        );
        assert_eq!((copy.to_string().as_str(), copy.child()), ("d-1/copies/v2", Some("copies/v2")));
        assert_eq!((copy.root(), copy.parent()), ("d-1", Some(dataset.clone())));
        assert_eq!([&dataset, &version, &copy].map(RemoteId::name), ["d-1", "v2", "v2"]);
        assert_eq!(copy.names().collect::<Vec<_>>(), ["d-1", "v2"]);
        for id in [dataset, version, copy] {
            let stored = serde_json::to_string(&id).unwrap();
            assert_eq!(serde_json::from_str::<RemoteId>(&stored).unwrap(), id, "{stored}");
        }
    }
}
