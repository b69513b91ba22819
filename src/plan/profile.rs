//! What a decision may know of a kind: constants and pure functions. `plan` itself is the same for all kinds.

use std::time::Duration;

use serde_json::{Map, Value};

use super::clearance::Clearance;
use super::desired::Desired;
use super::edit::Comparison;
use super::view::View;
use crate::cloud::codec::{self, Codec, Datasets, Nested};
use crate::remote::Remote;
use crate::remote::carrier::{Carrier, Unwritable};
use crate::remote::id::RemoteId;

/// What every reconcile may know of a kind, whatever decides for it: names, and what its status holds.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// `Dataset`
    pub name: &'static str,
    /// What `kubectl` calls it in commands: its short name.
    pub resource: &'static str,
    /// Members of status that hold the remote's id, outermost first; none for a kind that has no remote of its own.
    pub id_keys: &'static [&'static str],
    /// The collection of a dataset in which its remotes are, if they are in one.
    pub collection: Option<&'static str>,
    /// Members of status that are fixed at creation, by API name.
    pub fixed: &'static [&'static str],
    /// Its remotes run and end.
    pub runs: bool,
    /// Members of status that inform users.
    pub info_keys: &'static [&'static str],
    /// Fills `info` from a remote, as [`Profile::info`] does.
    pub info: fn(remote: &Remote, info: &mut Map<String, Value>, written: bool),
}

impl Shape {
    /// The id that a status holds; `None` if a part of it is missing.
    #[must_use]
    pub fn id_of(&self, status: &Value) -> Option<RemoteId> {
        let mut ids = self.id_keys.iter().map(|key| status.get(*key).and_then(Value::as_str));
        let outermost = ids.next()??;
        match (self.collection, ids.next()) {
            (_, None) => Some(RemoteId::new(outermost)),
            (Some(collection), Some(name)) => Some(RemoteId::new(outermost).within(collection, name?)),
            (None, Some(name)) => Some(RemoteId::keyed(outermost, name?)),
        }
    }
}

impl From<&Profile> for Shape {
    fn from(kind: &Profile) -> Self {
        let Profile { name, resource, id_keys, fixed, runs, info_keys, info, .. } = *kind;
        Self { name, resource, id_keys, collection: kind.collection(), fixed, runs, info_keys, info }
    }
}

/// One kind of custom resource and the remote that it stands for.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    /// `Dataset`
    pub name: &'static str,
    /// What `kubectl` calls it in commands: its short name.
    pub resource: &'static str,
    /// Members of status that hold the remote's id, outermost first.
    pub id_keys: &'static [&'static str],
    /// Members that are fixed at creation, by API name.
    pub fixed: &'static [&'static str],
    /// Those of them that answers may leave out: what the spec says of them is recorded.
    pub unshown: &'static [&'static str],
    /// Its remotes run and end: each attempt makes one, and what has ended is final.
    pub runs: bool,
    /// Its remotes are in no sweep: each is read once per resync, unless its object says otherwise.
    pub polls: bool,
    /// How long the service may go on showing a remote as it was before a change.
    pub update_lag: Duration,
    /// Members of status that inform users, such as `mountPath`.
    pub info_keys: &'static [&'static str],
    /// Builds the requests of this kind and reads their answers.
    pub codec: &'static dyn Codec,
    /// The id of a part that is looked up with each remote: `v1` of a dataset.
    pub inner: Option<&'static str>,
    /// Does this remote come and go with its dataset, as v1 does? It is then neither deleted nor released.
    pub is_borrowed: fn(&RemoteId) -> bool,
    /// May the remote be released or deleted, as far as that can be said before it is read?
    pub may_go: fn(&View) -> Clearance,
    /// May this remote, which was read just now, be deleted?
    pub may_be_deleted: fn(&View, &Remote) -> Clearance,
    /// Finds the changes that make a remote equal to its spec. It fails if they leave no room for our mark.
    pub compare: fn(&View, &Desired, &Remote) -> Result<Comparison, Unwritable>,
    /// The remote that a create made, as far as it is known without a read. It has no mark yet.
    pub made: fn(id: &RemoteId, desired: &Desired) -> Remote,
    /// Fills `info` from a remote: the members worth a status write, and, if status is `written` anyway, all others.
    pub info: fn(remote: &Remote, info: &mut Map<String, Value>, written: bool),
}

impl Profile {
    /// Remotes of this kind exist only inside another remote, as a version in its dataset.
    #[must_use]
    pub fn is_nested(&self) -> bool {
        self.collection().is_some()
    }

    /// The collection of that other remote in which they are.
    #[must_use]
    pub fn collection(&self) -> Option<&'static str> {
        self.codec.nested().map(Nested::collection)
    }

    /// Its remotes can carry no mark: only status tells whose they are.
    #[must_use]
    pub fn is_unmarked(&self) -> bool {
        self.codec.carrier() == Carrier::Nowhere
    }

    /// Is this the id of a remote of this kind?
    #[must_use]
    pub fn names(&self, id: &RemoteId) -> bool {
        id.collection() == self.collection()
    }

    /// The codec of what a reconcile of this kind reads: a remote of it, the dataset that it is in, or what is in that.
    #[must_use]
    pub fn codec_of(&self, id: &RemoteId) -> &'static dyn Codec {
        let dataset: &'static dyn Codec = &Datasets;
        match id.collection() {
            _ if self.names(id) => self.codec,
            None => dataset,
            Some(collection) => codec::nested(collection).map_or(dataset, |nested| nested),
        }
    }
}
