//! Datasets on the wire.

use serde_json::{Value, json};

use super::{Codec, LabelCodec, Next, PAGE, Page, Root, Select, Start};
use crate::cloud::{self, Answer, ListDatasets, Malformed, Operation, Request};
use crate::remote::Remote;
use crate::remote::carrier::{Carrier, Unwritable};
use crate::remote::fields::{Fields, SHARING};
use crate::remote::id::RemoteId;
use crate::remote::mark::{Labels, RawMark};

/// PAI datasets.
#[derive(Debug, Clone, Copy)]
pub struct Datasets;

impl Datasets {
    /// A dataset as an answer describes it.
    #[must_use]
    pub fn remote(dataset: cloud::Dataset) -> Remote {
        let id = RemoteId::new(&dataset.id);
        let latest = dataset.latest_version.map(|latest| Box::new(super::Versions::remote(&dataset.id, latest)));
        Remote::labelled(id, dataset.labels, dataset.fields, latest)
    }
}

impl Codec for Datasets {
    fn labels(&self) -> Option<&dyn LabelCodec> {
        Some(self)
    }

    fn carrier(&self) -> Carrier {
        Carrier::Labels
    }

    fn creates(&self) -> Operation {
        Operation::CreateDataset
    }

    fn create(
        &self,
        _: Option<&str>,
        members: &Fields,
        labels: &Labels,
        mark: Option<&RawMark>,
    ) -> Result<Request, Unwritable> {
        Ok(Request::create_dataset(with_labels(members, labels, mark)))
    }

    fn created(&self, _: Option<&str>, answer: &Answer) -> Result<RemoteId, Malformed> {
        answer.id("DatasetId").map(RemoteId::new)
    }

    fn get(&self, id: &RemoteId) -> Request {
        Request::get_dataset(id.root())
    }

    fn shown(&self, _: &RemoteId, answer: &Answer) -> Result<Remote, Malformed> {
        let mut remote = answer.dataset().map(Self::remote)?;
        // A list leaves the shares out. A read that shows none says that there are none.
        remote.fields.entry(SHARING).or_insert_with(|| json!({"SharedTo": []}));
        Ok(remote)
    }

    fn update(&self, remote: &Remote, members: Fields) -> Result<Request, Unwritable> {
        Ok(Request::update_dataset(remote.id.root(), members))
    }

    fn delete(&self, id: &RemoteId) -> Request {
        Request::delete_dataset(id.root())
    }
}

impl Root for Datasets {
    fn lists(&self) -> Operation {
        Operation::ListDatasets
    }

    fn marked<'a>(&self, domains: &'a [String]) -> Vec<Select<'a>> {
        domains.iter().map(|domain| Select::Labelled(domain)).collect()
    }

    fn list(&self, place: &str, select: Select<'_>, start: &Start) -> Request {
        let mut query =
            ListDatasets { workspace_id: Some(place.to_owned()), page_size: PAGE, ..ListDatasets::default() };
        match select {
            Select::All => {}
            Select::Labelled(label) => query.label = Some(label.to_owned()),
            Select::Named(name) => query.name = Some(name.to_owned()),
            Select::Ids(ids) => query.dataset_ids = ids.to_vec(),
        }
        query.page_number = match start {
            Start::Number(number) => *number,
            // No answer of this list holds a token.
            Start::Token(_) => 1,
        };
        Request::list_datasets(&query)
    }

    fn listed(&self, answer: &Answer) -> Result<Page, Malformed> {
        let (items, total) = answer.datasets()?;
        Ok(Page { remotes: items.into_iter().map(Self::remote).collect(), total, next: Next::Number })
    }
}

impl LabelCodec for Datasets {
    fn put(&self, remote: &Remote, labels: &Labels) -> Request {
        Request::create_dataset_labels(remote.id.root(), labels)
    }

    fn replaces(&self) -> bool {
        false
    }

    fn remove(&self, id: &RemoteId, keys: &[String]) -> Request {
        Request::delete_dataset_labels(id.root(), keys)
    }
}

/// The body of a create.
pub(super) fn with_labels(members: &Fields, labels: &Labels, mark: Option<&RawMark>) -> Fields {
    let mut all = labels.clone();
    all.extend(mark.into_iter().flat_map(RawMark::labels));
    let list = all.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    let mut body = members.clone();
    body.insert("Labels".to_owned(), Value::Array(list));
    body
}
