//! How a kind of remote is said on the wire: values in, values out. Nothing is sent here.

mod dataset;
mod version;

use std::fmt;

use super::{Answer, Malformed, Operation, Request};
use crate::remote::Remote;
use crate::remote::fields::Fields;
use crate::remote::id::RemoteId;
use crate::remote::mark::Labels;

pub use dataset::Datasets;
pub use version::Versions;

/// The requests about one kind of remote, and what their answers show.
pub trait Codec: Sync + fmt::Debug {
    /// The operation that creates one.
    fn creates(&self) -> Operation;
    /// Creates one, in `parent` if it is nested.
    fn create(&self, parent: Option<&str>, members: &Fields, labels: &Labels) -> Request;
    /// The id that the answer to a create brings.
    fn created(&self, parent: Option<&str>, answer: &Answer) -> Result<RemoteId, Malformed>;
    /// Reads one.
    fn get(&self, id: &RemoteId) -> Request;
    /// What the answer to such a read shows.
    fn shown(&self, id: &RemoteId, answer: &Answer) -> Result<Remote, Malformed>;
    /// Changes members; absent ones stay.
    fn update(&self, id: &RemoteId, members: Fields) -> Request;
    /// Deletes it.
    fn delete(&self, id: &RemoteId) -> Request;
    /// Sets these labels on a remote; the second value is the labels that it has then.
    fn set_labels(&self, remote: &Remote, labels: &Labels) -> (Request, Labels);
    /// Does [`Codec::set_labels`] replace labels that it does not name?
    fn replaces_labels(&self) -> bool;
    /// Takes these labels off.
    fn unset_labels(&self, id: &RemoteId, keys: &[String]) -> Request;
}
