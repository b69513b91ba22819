//! How each kind of remote is written and read on the wire. Nothing is sent here.

mod dataset;
mod version;

use std::fmt;

use super::{Answer, Malformed, Operation, Request};
use crate::remote::Remote;
use crate::remote::fields::Fields;
use crate::remote::id::RemoteId;
use crate::remote::mark::MARK_RELEASED;
use crate::remote::mark::{Labels, RawMark};

pub use dataset::Datasets;
pub use version::Versions;

/// A change to the labels or the mark of an existing remote.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What is sent.
    pub request: Request,
    /// The remote after the request is acknowledged.
    pub after: Remote,
    /// The request replaces all labels of the remote.
    pub replaces: bool,
}

/// The requests about one kind of remote, and what their answers show.
pub trait Codec: Sync + fmt::Debug {
    /// The operation that creates one.
    fn creates(&self) -> Operation;
    /// Creates one, in `parent` if it is nested. The mark is part of the create, so no remote of ours is ever unmarked.
    fn create(&self, parent: Option<&str>, members: &Fields, labels: &Labels, mark: Option<&RawMark>) -> Request;
    /// The id in the answer to a create.
    fn created(&self, parent: Option<&str>, answer: &Answer) -> Result<RemoteId, Malformed>;
    /// Reads one.
    fn get(&self, id: &RemoteId) -> Request;
    /// The remote in the answer to such a read.
    fn shown(&self, id: &RemoteId, answer: &Answer) -> Result<Remote, Malformed>;
    /// Changes members; absent ones stay.
    fn update(&self, id: &RemoteId, members: Fields) -> Request;
    /// Deletes it.
    fn delete(&self, id: &RemoteId) -> Request;
    /// Puts these labels on a remote; the others stay.
    fn put_labels(&self, remote: &Remote, labels: &Labels) -> Request;
    /// Whether [`Codec::put_labels`] replaces labels that it does not name.
    fn replaces_labels(&self) -> bool;
    /// Takes these labels off.
    fn remove_labels(&self, id: &RemoteId, keys: &[String]) -> Request;

    /// Sets labels that users want.
    fn set_labels(&self, remote: &Remote, labels: &Labels) -> Change {
        let mut after = remote.clone();
        after.labels.extend(labels.clone());
        Change { request: self.put_labels(remote, labels), after, replaces: self.replaces_labels() }
    }

    /// Takes off labels that users do not want any more.
    fn unset_labels(&self, remote: &Remote, keys: &[String]) -> Change {
        let mut after = remote.clone();
        after.labels.retain(|key, _| !keys.contains(key));
        Change { request: self.remove_labels(&remote.id, keys), after, replaces: false }
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
            Some(labels) => self.put_labels(remote, labels),
            None => self.remove_labels(&remote.id, &[MARK_RELEASED.to_owned()]),
        };
        let after = Remote { mark: after.present(), ..remote.clone() };
        Change { request, after, replaces: put.is_some() && self.replaces_labels() }
    }
}
