//! Versions of datasets on the wire.

use super::dataset::with_labels;
use super::{Codec, LabelCodec, Nested, Next, PAGE, Page};
use crate::cloud::{self, Answer, Malformed, Operation, Request};
use crate::remote::Remote;
use crate::remote::carrier::{Carrier, Unwritable};
use crate::remote::fields::Fields;
use crate::remote::id::{RemoteId, VERSIONS};
use crate::remote::mark::{Labels, RawMark};

/// Versions of PAI datasets.
#[derive(Debug, Clone, Copy)]
pub struct Versions;

impl Versions {
    /// A version of `dataset` as an answer describes it.
    #[must_use]
    pub fn remote(dataset: &str, version: cloud::Version) -> Remote {
        let id = RemoteId::new(dataset).join(version.name);
        Remote::labelled(id, version.labels, version.fields, None)
    }
}

impl Nested for Versions {
    fn collection(&self) -> &'static str {
        VERSIONS
    }

    fn lists(&self) -> Operation {
        Operation::ListDatasetVersions
    }

    fn list(&self, dataset: &str, page: u32) -> Request {
        Request::list_dataset_versions(dataset, page, PAGE, None)
    }

    fn listed(&self, dataset: &str, answer: &Answer) -> Result<Page, Malformed> {
        let (items, total) = answer.versions()?;
        let remotes = items.into_iter().map(|item| Self::remote(dataset, item)).collect();
        Ok(Page { remotes, total, next: Next::Number })
    }
}

impl Codec for Versions {
    fn nested(&self) -> Option<&dyn Nested> {
        Some(self)
    }

    fn labels(&self) -> Option<&dyn LabelCodec> {
        Some(self)
    }

    fn carrier(&self) -> Carrier {
        Carrier::Labels
    }

    fn creates(&self) -> Operation {
        Operation::CreateDatasetVersion
    }

    fn create(
        &self,
        parent: Option<&str>,
        members: &Fields,
        labels: &Labels,
        mark: Option<&RawMark>,
    ) -> Result<Request, Unwritable> {
        Ok(Request::create_dataset_version(parent.unwrap_or_default(), with_labels(members, labels, mark)))
    }

    fn created(&self, parent: Option<&str>, answer: &Answer) -> Result<RemoteId, Malformed> {
        answer.id("VersionName").map(|name| RemoteId::new(parent.unwrap_or_default()).join(name))
    }

    fn get(&self, id: &RemoteId) -> Request {
        Request::get_dataset_version(id.root(), id.name())
    }

    fn shown(&self, id: &RemoteId, answer: &Answer) -> Result<Remote, Malformed> {
        answer.version().map(|version| Self::remote(id.root(), version))
    }

    fn update(&self, remote: &Remote, members: Fields) -> Result<Request, Unwritable> {
        Ok(Request::update_dataset_version(remote.id.root(), remote.id.name(), members))
    }

    fn delete(&self, id: &RemoteId) -> Request {
        Request::delete_dataset_version(id.root(), id.name())
    }
}

impl LabelCodec for Versions {
    /// The vendor does not document whether this PUT keeps labels that it does not name, so it names all of them.
    fn put(&self, remote: &Remote, labels: &Labels) -> Request {
        let mut all = remote.all_labels();
        all.extend(labels.clone());
        Request::create_dataset_version_labels(remote.id.root(), remote.id.name(), &all)
    }

    fn replaces(&self) -> bool {
        true
    }

    fn remove(&self, id: &RemoteId, keys: &[String]) -> Request {
        Request::delete_dataset_version_labels(id.root(), id.name(), keys)
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

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    const MARK: [(&str, &str); 3] = [("dso-domain", "d"), ("dso-owner", "o"), ("dso-attempt", "c1.u.k.m")];

    #[test]
    fn labels_of_a_version_are_set_as_a_whole() {
        let id = RemoteId::new("d-1").join("v2");
        let held = labels(&[("theirs", "1"), ("ours", "1"), ("dso-released", "odd"), ("dso-note", "theirs")]);
        let remote = Remote::labelled(id, held, Fields::new(), None);
        assert_eq!(remote.labels.get("dso-note").map(String::as_str), Some("theirs"), "none of our marks");
        let set = labels(&[("ours", "2")]);
        let of_version = Versions.set(&remote, &set);
        let all = labels(&[("theirs", "1"), ("ours", "2"), ("dso-released", "odd"), ("dso-note", "theirs")]);
        assert_eq!((of_version.replaces, of_version.after.all_labels()), (true, all.clone()));
        assert_eq!(of_version.request, Request::create_dataset_version_labels("d-1", "v2", &all));
        let remote = Remote { id: RemoteId::new("d-1"), ..remote };
        let of_dataset = Datasets.set(&remote, &set);
        assert_eq!((of_dataset.replaces, of_dataset.after.all_labels()), (false, all));
        assert_eq!(of_dataset.request, Request::create_dataset_labels("d-1", &set));
    }

    #[test]
    fn a_mark_is_written_first_and_what_says_that_it_was_let_go_is_changed_alone() {
        let mark = RawMark::take(&mut labels(&MARK)).unwrap();
        let released = mark.clone().into_released();
        let held = labels(&[("theirs", "1"), ("dso-attempt", "c0.u.k.m"), ("dso-released", "true")]);
        let remote = Remote::labelled(RemoteId::new("d-1"), held, Fields::new(), None);
        let marked = LabelCodec::set_mark(&Datasets, &remote, &mark);
        assert_eq!(marked.request, Request::create_dataset_labels("d-1", &labels(&MARK)));
        assert_eq!((&marked.after.mark, &marked.after.labels), (&Some(released.clone()), &remote.labels));
        let cleared = LabelCodec::set_mark(&Datasets, &marked.after, &mark);
        assert_eq!(cleared.request, Request::delete_dataset_labels("d-1", &["dso-released".to_owned()]));
        assert_eq!((&cleared.after.mark, cleared.replaces), (&Some(mark.clone()), false));
        let gone = LabelCodec::set_mark(&Datasets, &cleared.after, &released);
        assert_eq!(gone.request, Request::create_dataset_labels("d-1", &labels(&[("dso-released", "true")])));
        assert_eq!(gone.after, marked.after);
        // For a version the whole set of labels is sent, including labels that others set.
        let version = Remote { id: RemoteId::new("d-1").join("v2"), ..remote };
        for (held, wanted) in [(&version, &mark), (&Remote { mark: Some(mark.clone()), ..version.clone() }, &released)]
        {
            let change = LabelCodec::set_mark(&Versions, held, wanted);
            let all = change.after.all_labels();
            assert_eq!((change.replaces, all.len()), (true, 5), "{all:?}");
            assert_eq!(change.request, Request::create_dataset_version_labels("d-1", "v2", &all));
        }
        let cleared = LabelCodec::set_mark(&Versions, &Remote { mark: Some(released), ..version.clone() }, &mark);
        assert_eq!(cleared.request, Request::delete_dataset_version_labels("d-1", "v2", &["dso-released".to_owned()]));
        assert!(!cleared.replaces);
        // A remote without a mark can be labelled as released, and the label can be removed.
        let bare = Remote { mark: None, ..version };
        let released = LabelCodec::set_mark(&Versions, &bare, &RawMark::default().into_released()).after;
        assert_eq!(LabelCodec::set_mark(&Versions, &released, &RawMark::default()).after, bare);
    }

    #[test]
    fn a_create_carries_the_mark_among_the_labels() {
        let wanted = labels(&[("ours", "1")]);
        let mark = RawMark::take(&mut labels(&MARK)).unwrap();
        let mut all = wanted.clone();
        all.extend(mark.labels());
        for parent in [None, Some("d-1")] {
            let codec: &dyn Codec = if parent.is_none() { &Datasets } else { &Versions };
            let merged = codec.create(parent, &Fields::new(), &all, None);
            assert_eq!(codec.create(parent, &Fields::new(), &wanted, Some(&mark)), merged);
        }
    }
}
