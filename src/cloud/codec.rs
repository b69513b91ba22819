//! How each kind of remote is written and read on the wire. Nothing is sent here.

mod dataset;
#[cfg(test)]
pub mod fake;
mod job;
pub mod job_config;
mod media;
mod version;

use std::fmt;

use serde_json::Value;

use super::{Answer, Malformed, Operation, Request};
use crate::remote::Remote;
use crate::remote::carrier::{Carrier, Longest, Unwritable};
use crate::remote::fields::Fields;
use crate::remote::id::RemoteId;
use crate::remote::mark::MARK_RELEASED;
use crate::remote::mark::{Labels, RawMark};
use crate::remote::place;

pub use dataset::Datasets;
pub use job::Jobs;
pub use job_config::JobConfigs;
pub use media::MediaDatasets;
pub use version::Versions;

/// The codecs of everything that is in a dataset, one for each collection.
pub const NESTED: &[&dyn Nested] = &[&Versions, &Jobs, &JobConfigs::PLAIN];

/// The most items that a page of a list is asked for.
pub const PAGE: u32 = 100;

/// The codec of this collection of a dataset, if there is one.
#[must_use]
pub fn nested(collection: &str) -> Option<&'static dyn Nested> {
    NESTED.iter().copied().find(|codec| codec.collection() == collection)
}

/// The codec of the remotes that the lists of this place show.
#[must_use]
pub fn root(place: &str) -> &'static dyn Root {
    if place::project(place).is_some() { &MediaDatasets::PLAIN } else { &Datasets }
}

/// What a list is asked for. A service that cannot select shows more than that, so callers check every item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Select<'a> {
    /// Everything.
    All,
    /// Remotes with a label that holds this text.
    Labelled(&'a str),
    /// Remotes with this name.
    Named(&'a str),
    /// Remotes with these ids.
    Ids(&'a [String]),
}

/// Where a page of a list begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// At the page of this number, from 1.
    Number(u32),
    /// Where the page before this one ended, by the token in its answer.
    Token(String),
}

/// What one page of a list shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Its remotes.
    pub remotes: Vec<Remote>,
    /// `TotalCount`, if there is one.
    pub total: Option<u64>,
    /// What comes after it.
    pub next: Next,
}

/// What comes after a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Perhaps the page of the next number: the service does not say.
    Number,
    /// The page that this token asks for.
    Token(String),
    /// Nothing: the service says so.
    End,
}

impl Next {
    /// Where the next page begins, after so many `pages`.
    #[must_use]
    pub fn start(self, pages: u32) -> Start {
        match self {
            Self::Number | Self::End => Start::Number(pages + 1),
            Self::Token(token) => Start::Token(token),
        }
    }
}

/// The members with the mark in the text that `carrier` names, for a create or an update.
fn with_mark(
    carrier: Carrier,
    longest: Longest,
    mut members: Fields,
    mark: Option<&RawMark>,
) -> Result<Fields, Unwritable> {
    if let Some(mark) = mark {
        carrier.put(mark, longest, &mut Labels::new(), &mut members)?;
    }
    Ok(members)
}

/// A change to the labels or the mark of an existing remote.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What is sent.
    pub request: Request,
    /// The remote after the request is acknowledged.
    pub after: Remote,
    /// The request replaces what others may write too: all labels of the remote, or the text that carries its mark.
    pub replaces: bool,
}

/// The requests about one kind of remote, and what their answers show.
pub trait Codec: Sync + fmt::Debug {
    /// More about this kind, if its remotes exist only inside a dataset.
    fn nested(&self) -> Option<&dyn Nested> {
        None
    }
    /// More about this kind, if its remotes have labels.
    fn labels(&self) -> Option<&dyn LabelCodec> {
        None
    }
    /// The same kind, read with numbers that the service counts only on request, if there are any.
    fn counting(&self) -> Option<&'static dyn Codec> {
        None
    }
    /// Where its mark is written.
    fn carrier(&self) -> Carrier;
    /// The operation that creates one.
    fn creates(&self) -> Operation;
    /// Creates one, in `parent` if it is nested. The mark is part of the create, so no remote of ours is ever unmarked: if
    /// there is no room for it, there is no request.
    fn create(
        &self,
        parent: Option<&str>,
        members: &Fields,
        labels: &Labels,
        mark: Option<&RawMark>,
    ) -> Result<Request, Unwritable>;
    /// The id in the answer to a create.
    fn created(&self, parent: Option<&str>, answer: &Answer) -> Result<RemoteId, Malformed>;
    /// Reads one.
    fn get(&self, id: &RemoteId) -> Request;
    /// The remote in the answer to such a read.
    fn shown(&self, id: &RemoteId, answer: &Answer) -> Result<Remote, Malformed>;
    /// Changes members of a remote; absent ones stay. One of them may be the text that carries its mark.
    fn update(&self, remote: &Remote, members: Fields) -> Result<Request, Unwritable>;
    /// Deletes it.
    fn delete(&self, id: &RemoteId) -> Request;

    /// The next request on the way to this mark.
    fn set_mark(&self, remote: &Remote, mark: &RawMark) -> Result<Change, Unwritable> {
        match (self.carrier(), self.labels()) {
            (Carrier::Labels, Some(labels)) => Ok(labels.set_mark(remote, mark)),
            (Carrier::Labels, None) | (Carrier::Nowhere, _) => Err(Unwritable::Shape),
            (Carrier::Text(member), _) => {
                // The text is sent as it is, with the mark behind it, and never without one.
                let mark = mark.clone().present().ok_or(Unwritable::Shape)?;
                let after = Remote { mark: Some(mark), ..remote.clone() };
                let text = remote.fields.get(member).cloned().unwrap_or_else(|| Value::from(""));
                let request = self.update(&after, Fields::from_iter([(member.to_owned(), text)]))?;
                Ok(Change { request, after, replaces: true })
            }
        }
    }
}

/// The requests about the labels of remotes of one kind.
pub trait LabelCodec: Sync + fmt::Debug {
    /// Puts these labels on a remote; the others stay.
    fn put(&self, remote: &Remote, labels: &Labels) -> Request;
    /// Whether [`LabelCodec::put`] replaces labels that it does not name.
    fn replaces(&self) -> bool;
    /// Takes these labels off.
    fn remove(&self, id: &RemoteId, keys: &[String]) -> Request;

    /// Sets labels that users want.
    fn set(&self, remote: &Remote, labels: &Labels) -> Change {
        let mut after = remote.clone();
        after.labels.extend(labels.clone());
        Change { request: self.put(remote, labels), after, replaces: self.replaces() }
    }

    /// Takes off labels that users do not want any more.
    fn unset(&self, remote: &Remote, keys: &[String]) -> Change {
        let mut after = remote.clone();
        after.labels.retain(|key, _| !keys.contains(key));
        Change { request: self.remove(&remote.id, keys), after, replaces: false }
    }

    /// The next request on the way to this mark. It changes `dso-released` only once the rest of the mark is as it
    /// should be.
    fn set_mark(&self, remote: &Remote, mark: &RawMark) -> Change {
        let held = remote.mark.clone().unwrap_or_default();
        let (put, after) = match (held.names_the_same(mark), mark.released.clone()) {
            (false, _) => {
                let named = RawMark { released: None, ..mark.clone() };
                (Some(named.labels()), RawMark { released: held.released, ..named })
            }
            (true, Some(released)) => {
                let released = RawMark { released: Some(released), ..RawMark::default() };
                (Some(released.labels()), mark.clone())
            }
            (true, None) => (None, mark.clone()),
        };
        let request = match &put {
            Some(labels) => self.put(remote, labels),
            None => self.remove(&remote.id, &[MARK_RELEASED.to_owned()]),
        };
        let after = Remote { mark: after.present(), ..remote.clone() };
        Change { request, after, replaces: put.is_some() && self.replaces() }
    }
}

/// The requests that list the remotes which are in no other one, place by place, and what their answers show.
pub trait Root: Codec {
    /// The operation that lists a place.
    fn lists(&self) -> Operation;
    /// What to ask for to see every remote in a place that may carry a mark of these owner domains.
    fn marked<'a>(&self, domains: &'a [String]) -> Vec<Select<'a>>;
    /// Asks for a page.
    fn list(&self, place: &str, select: Select<'_>, start: &Start) -> Request;
    /// What such a page shows.
    fn listed(&self, answer: &Answer) -> Result<Page, Malformed>;
}

/// The requests about the remotes in one collection of a dataset, and what their answers show.
pub trait Nested: Codec {
    /// The collection, as ids name it.
    fn collection(&self) -> &'static str;
    /// The operation that lists it.
    fn lists(&self) -> Operation;
    /// Asks for a page of those in a dataset.
    fn list(&self, dataset: &str, page: u32) -> Request;
    /// What such a page shows.
    fn listed(&self, dataset: &str, answer: &Answer) -> Result<Page, Malformed>;
    /// Whether it is listed now and then as long as an object stands for something in it.
    fn is_swept(&self) -> bool {
        true
    }
}
