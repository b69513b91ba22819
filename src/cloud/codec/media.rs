//! Media datasets of IMM on the wire.

use serde_json::{Value, json};

use super::{Codec, Next, Page, Root, Select, Start, with_mark};
use crate::cloud::{self, Answer, Malformed, Operation, Request};
use crate::remote::Remote;
use crate::remote::carrier::{Carrier, Longest, Unwritable};
use crate::remote::fields::Fields;
use crate::remote::id::RemoteId;
use crate::remote::mark::{Labels, RawMark};
use crate::remote::place;

/// The members that identify it. The service calls the second one `DatasetName`, but in specs it is `name`, as for other
/// kinds.
const PROJECT: &str = "ProjectName";
const NAME: &str = "Name";
/// The member that carries the mark.
const DESCRIPTION: &str = "Description";

/// The longest description that the service takes, mark included. The vendor says 256 without a unit, so a text with
/// letters of several bytes must not exceed it either way.
const LONGEST: Longest = Longest::Bytes(256);

/// What the service counts only when a read asks for it; other answers show nothing, or a wrong number.
const COUNTS: [&str; 2] = ["FileCount", "TotalFileSize"];

/// Media datasets. Each is known by its project and its name there.
#[derive(Debug, Clone, Copy)]
pub struct MediaDatasets {
    /// A read has the service count the files.
    counts: bool,
}

impl MediaDatasets {
    /// Reads without counts.
    pub const PLAIN: Self = Self { counts: false };
    /// Reads with counts.
    const COUNTING: Self = Self { counts: true };

    /// The members that can change after the create, which are the parameters of an update. The service documents
    /// `DatasetConfig` for the create alone.
    pub const CHANGEABLE: &[&str] = &[
        DESCRIPTION,
        "TemplateId",
        "DatasetMaxBindCount",
        "DatasetMaxFileCount",
        "DatasetMaxEntityCount",
        "DatasetMaxRelationCount",
        "DatasetMaxTotalFileSize",
        "WorkflowParameters",
    ];

    /// A media dataset as an answer describes it.
    #[must_use]
    pub fn remote(self, dataset: cloud::MediaDataset) -> Remote {
        let cloud::MediaDataset { project, name, mut fields } = dataset;
        fields.remove("DatasetName");
        if !self.counts {
            fields.retain(|name, _| !COUNTS.contains(&name.as_str()));
        }
        fields.extend([PROJECT, NAME].into_iter().map(str::to_owned).zip([&project, &name].map(|id| json!(id))));
        let mut labels = Labels::new();
        let mark = self.carrier().take(&mut labels, &mut fields);
        Remote { id: RemoteId::keyed(project, name), labels, fields, latest: None, mark }
    }
}

/// Project and name; both empty for an id of another kind, and a request with such ids is not sent.
fn key(id: &RemoteId) -> (&str, &str) {
    id.key().unwrap_or_default()
}

impl Codec for MediaDatasets {
    fn carrier(&self) -> Carrier {
        Carrier::Text(DESCRIPTION)
    }

    fn counting(&self) -> Option<&'static dyn Codec> {
        Some(&Self::COUNTING)
    }

    fn creates(&self) -> Operation {
        Operation::CreateMediaDataset
    }

    fn create(
        &self,
        _: Option<&str>,
        members: &Fields,
        _: &Labels,
        mark: Option<&RawMark>,
    ) -> Result<Request, Unwritable> {
        let of = |member: &str| members.get(member).and_then(Value::as_str).unwrap_or_default();
        let mut sent = with_mark(self.carrier(), LONGEST, members.clone(), mark)?;
        sent.retain(|name, _| name != PROJECT && name != NAME);
        Ok(Request::create_media_dataset(of(PROJECT), of(NAME), &sent))
    }

    fn created(&self, _: Option<&str>, answer: &Answer) -> Result<RemoteId, Malformed> {
        answer.media_dataset().map(|dataset| RemoteId::keyed(dataset.project, dataset.name))
    }

    fn get(&self, id: &RemoteId) -> Request {
        let (project, name) = key(id);
        Request::get_media_dataset(project, name, self.counts)
    }

    fn shown(&self, _: &RemoteId, answer: &Answer) -> Result<Remote, Malformed> {
        answer.media_dataset().map(|dataset| self.remote(dataset))
    }

    fn update(&self, remote: &Remote, mut members: Fields) -> Result<Request, Unwritable> {
        members.retain(|name, _| Self::CHANGEABLE.contains(&name.as_str()));
        let mark = remote.mark.as_ref().filter(|_| members.contains_key(DESCRIPTION));
        let (project, name) = key(&remote.id);
        Ok(Request::update_media_dataset(project, name, &with_mark(self.carrier(), LONGEST, members, mark)?))
    }

    fn delete(&self, id: &RemoteId) -> Request {
        let (project, name) = key(id);
        Request::delete_media_dataset(project, name)
    }
}

impl Root for MediaDatasets {
    fn lists(&self) -> Operation {
        Operation::ListMediaDatasets
    }

    fn marked<'a>(&self, _: &'a [String]) -> Vec<Select<'a>> {
        vec![Select::All]
    }

    fn list(&self, place: &str, _: Select<'_>, start: &Start) -> Request {
        let token = match start {
            Start::Number(_) => None,
            Start::Token(token) => Some(token.as_str()),
        };
        Request::list_media_datasets(place::project(place).unwrap_or_default(), token)
    }

    fn listed(&self, answer: &Answer) -> Result<Page, Malformed> {
        let (datasets, next) = answer.media_datasets()?;
        let remotes = datasets.into_iter().map(|dataset| self.remote(dataset)).collect();
        Ok(Page { remotes, total: None, next: next.map_or(Next::End, Next::Token) })
    }
}

#[cfg(test)]
#[path = "media_tests.rs"]
mod tests;
