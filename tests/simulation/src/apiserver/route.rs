//! From a path to what it names.

use super::store::{Part, Resource};

/// What a path names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    /// `/version`
    Version,
    /// The namespace `kube-system`.
    System,
    /// The definition of a kind of ours.
    Definition(&'a str),
    /// Events, or the one of this name.
    Events(Option<&'a str>),
    /// Objects of ours, or ConfigMaps.
    Objects(Place<'a>),
}

/// Which objects.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub(super) resource: Resource,
    pub(super) namespace: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) part: Part,
}

impl<'a> Route<'a> {
    /// `None` for what is not served.
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let words: Vec<&str> = path.split('/').filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            ["version"] => Some(Self::Version),
            ["api", "v1", "namespaces", "kube-system"] => Some(Self::System),
            ["apis", "apiextensions.k8s.io", "v1", "customresourcedefinitions", name] => Some(Self::Definition(name)),
            ["apis", "events.k8s.io", "v1", "namespaces", _, "events"] => Some(Self::Events(None)),
            ["apis", "events.k8s.io", "v1", "namespaces", _, "events", name] => Some(Self::Events(Some(name))),
            ["api", "v1", words @ ..] => Place::of("", words).map(Self::Objects),
            ["apis", group, "v1alpha1", words @ ..] => Place::of(group, words).map(Self::Objects),
            _ => None,
        }
    }
}

impl<'a> Place<'a> {
    fn of(group: &str, words: &[&'a str]) -> Option<Self> {
        let (namespace, words) = match words {
            ["namespaces", namespace, rest @ ..] => (Some(*namespace), rest),
            words => (None, words),
        };
        let (plural, rest) = words.split_first()?;
        let resource =
            Resource::ALL.into_iter().find(|resource| (resource.group(), resource.plural()) == (group, *plural))?;
        let (name, part) = match rest {
            [] => (None, Part::Main),
            [name] => (Some(*name), Part::Main),
            [name, "status"] => (Some(*name), Part::Status),
            _ => return None,
        };
        Some(Self { resource, namespace, name, part })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_resources_objects_and_their_status() {
        let base = "/apis/pai.dataset-operator.dev/v1alpha1";
        let all = Route::of("/apis/pai.dataset-operator.dev/v1alpha1/datasets");
        let place = Place { resource: Resource::Datasets, namespace: None, name: None, part: Part::Main };
        assert_eq!(all, Some(Route::Objects(place)));
        let status = format!("{base}/namespaces/a/datasetversions/b/status");
        let place = Place { resource: Resource::Versions, namespace: Some("a"), name: Some("b"), part: Part::Status };
        assert_eq!(Route::of(&status), Some(Route::Objects(place)));
        let map = Place { resource: Resource::Maps, namespace: Some("a"), name: Some("b"), part: Part::Main };
        assert_eq!(Route::of("/api/v1/namespaces/a/configmaps/b"), Some(Route::Objects(map)));
        for other in ["/", "/api/v1/pods", "/apis/pai.dataset-operator.dev/v1alpha1/namespaces/a/datasets/b/scale"] {
            assert_eq!(Route::of(other), None, "{other}");
        }
    }
}
