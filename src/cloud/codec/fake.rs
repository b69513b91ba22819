//! A kind of remote for tests only: it is in a collection of its own, and a text carries its mark. It borrows the requests
//! about versions.

use super::{Codec, Nested, Next, Page, Versions, with_mark};
use crate::cloud::{Answer, Malformed, Operation, Request};
use crate::remote::Remote;
use crate::remote::carrier::{Carrier, Longest, Unwritable};
use crate::remote::fields::Fields;
use crate::remote::id::RemoteId;
use crate::remote::mark::{Labels, RawMark};

/// Copies of a dataset.
#[derive(Debug, Clone, Copy)]
pub struct Copies;

/// The longest `Description` of a copy, its mark included.
pub const LONGEST: usize = 256;

impl Nested for Copies {
    fn collection(&self) -> &'static str {
        "copies"
    }

    fn lists(&self) -> Operation {
        Versions.lists()
    }

    fn list(&self, dataset: &str, page: u32) -> Request {
        Versions.list(dataset, page)
    }

    fn listed(&self, _: &str, _: &Answer) -> Result<Page, Malformed> {
        Ok(Page { remotes: Vec::new(), total: Some(0), next: Next::Number })
    }
}

impl Codec for Copies {
    fn nested(&self) -> Option<&dyn Nested> {
        Some(self)
    }

    fn carrier(&self) -> Carrier {
        Carrier::Text("Description")
    }

    fn creates(&self) -> Operation {
        Versions.creates()
    }

    fn create(
        &self,
        parent: Option<&str>,
        members: &Fields,
        _: &Labels,
        mark: Option<&RawMark>,
    ) -> Result<Request, Unwritable> {
        let members = with_mark(self.carrier(), Longest::Characters(LONGEST), members.clone(), mark)?;
        Ok(Request::create_dataset_version(parent.unwrap_or_default(), members))
    }

    fn created(&self, parent: Option<&str>, answer: &Answer) -> Result<RemoteId, Malformed> {
        let id = Versions.created(parent, answer)?;
        Ok(RemoteId::new(id.root()).within(self.collection(), id.name()))
    }

    fn get(&self, id: &RemoteId) -> Request {
        Versions.get(id)
    }

    fn shown(&self, id: &RemoteId, answer: &Answer) -> Result<Remote, Malformed> {
        let version = answer.version()?;
        let (mut labels, mut fields) = (version.labels, version.fields);
        let mark = self.carrier().take(&mut labels, &mut fields);
        Ok(Remote { mark, ..Remote::labelled(id.clone(), labels, fields, None) })
    }

    fn update(&self, remote: &Remote, members: Fields) -> Result<Request, Unwritable> {
        let mark = remote.mark.as_ref().filter(|_| members.contains_key("Description"));
        Versions.update(remote, with_mark(self.carrier(), Longest::Characters(LONGEST), members, mark)?)
    }

    fn delete(&self, id: &RemoteId) -> Request {
        Versions.delete(id)
    }
}
