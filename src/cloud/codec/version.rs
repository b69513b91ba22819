//! Versions of datasets on the wire.

use super::Codec;
use super::dataset::with_labels;
use crate::cloud::{self, Answer, Malformed, Operation, Request};
use crate::remote::Remote;
use crate::remote::fields::Fields;
use crate::remote::id::RemoteId;
use crate::remote::mark::Labels;

/// Versions of PAI datasets.
#[derive(Debug, Clone, Copy)]
pub struct Versions;

impl Versions {
    /// A version of `dataset` as an answer describes it.
    #[must_use]
    pub fn remote(dataset: &str, version: cloud::Version) -> Remote {
        let id = RemoteId::new(dataset).join(version.name);
        Remote { id, labels: version.labels, fields: version.fields, latest: None }
    }
}

/// The name of a version.
fn name(id: &RemoteId) -> &str {
    id.child().unwrap_or_default()
}

impl Codec for Versions {
    fn creates(&self) -> Operation {
        Operation::CreateDatasetVersion
    }

    fn create(&self, parent: Option<&str>, members: &Fields, labels: &Labels) -> Request {
        Request::create_dataset_version(parent.unwrap_or_default(), with_labels(members, labels))
    }

    fn created(&self, parent: Option<&str>, answer: &Answer) -> Result<RemoteId, Malformed> {
        answer.version_name().map(|name| RemoteId::new(parent.unwrap_or_default()).join(name))
    }

    fn get(&self, id: &RemoteId) -> Request {
        Request::get_dataset_version(id.root(), name(id))
    }

    fn shown(&self, id: &RemoteId, answer: &Answer) -> Result<Remote, Malformed> {
        answer.version().map(|version| Self::remote(id.root(), version))
    }

    fn update(&self, id: &RemoteId, members: Fields) -> Request {
        Request::update_dataset_version(id.root(), name(id), members)
    }

    fn delete(&self, id: &RemoteId) -> Request {
        Request::delete_dataset_version(id.root(), name(id))
    }

    /// Whether the vendor's PUT keeps the labels that it does not name is not documented, so it names all.
    fn set_labels(&self, remote: &Remote, labels: &Labels) -> (Request, Labels) {
        let mut all = remote.labels.clone();
        all.extend(labels.clone());
        (Request::create_dataset_version_labels(remote.id.root(), name(&remote.id), &all), all)
    }

    fn replaces_labels(&self) -> bool {
        true
    }

    fn unset_labels(&self, id: &RemoteId, keys: &[String]) -> Request {
        Request::delete_dataset_version_labels(id.root(), name(id), keys)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Datasets;
    use super::*;

    #[test]
    fn a_success_without_an_id_is_no_success() {
        let body = [("RequestId".to_owned(), json!("r"))].into_iter().collect();
        let answer = Answer { request_id: None, body };
        assert!(Datasets.created(None, &answer).is_err());
        assert!(Versions.created(Some("d-1"), &answer).is_err());
    }

    #[test]
    fn labels_of_a_version_are_set_as_a_whole() {
        let labels = |pairs: &[(&str, &str)]| -> Labels {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let id = RemoteId::new("d-1").join("v2");
        let held = labels(&[("theirs", "1"), ("ours", "1")]);
        let remote = Remote { id, labels: held, fields: Fields::new(), latest: None };
        let (request, after) = Versions.set_labels(&remote, &labels(&[("ours", "2")]));
        assert_eq!(after, labels(&[("theirs", "1"), ("ours", "2")]));
        assert_eq!(request, Request::create_dataset_version_labels("d-1", "v2", &after));
        let remote = Remote { id: RemoteId::new("d-1"), ..remote };
        let (request, after_too) = Datasets.set_labels(&remote, &labels(&[("ours", "2")]));
        assert_eq!((request, after_too), (Request::create_dataset_labels("d-1", &labels(&[("ours", "2")])), after));
    }
}
