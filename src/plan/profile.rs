//! What a decision may know of a kind: constants and pure functions. `plan` itself is the same for all kinds.

use serde_json::{Map, Value};

use super::clearance::Clearance;
use super::desired::Desired;
use super::edit::Comparison;
use super::view::View;
use crate::cloud::codec::Codec;
use crate::remote::Remote;
use crate::remote::id::RemoteId;

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
    /// Members of status that inform.
    pub info_keys: &'static [&'static str],
    /// How it is said on the wire.
    pub codec: &'static dyn Codec,
    /// What is in each remote and looked up with it.
    pub inner: Option<&'static str>,
    /// The life of this remote is another's: it is neither deleted nor released.
    pub is_borrowed: fn(&RemoteId) -> bool,
    /// May it be let go or deleted, as far as that shows before the remote is read?
    pub may_go: fn(&View) -> Clearance,
    /// May this remote be deleted, that was read just now?
    pub may_be_deleted: fn(&View, &Remote) -> Clearance,
    /// What it takes to make a remote equal to its spec.
    pub compare: fn(&View, &Desired, &Remote) -> Comparison,
    /// What a create made, as far as is known without reading it and without its mark.
    pub made: fn(id: &RemoteId, desired: &Desired) -> Remote,
    /// What a remote says for these, as far as it is worth a write of its own, and, if status is `written` anyway, beyond.
    pub info: fn(remote: &Remote, info: &mut Map<String, Value>, written: bool),
}

impl Profile {
    /// Remotes of this kind exist only in another one.
    #[must_use]
    pub const fn is_nested(&self) -> bool {
        self.id_keys.len() > 1
    }

    /// Is this the id of a remote of this kind?
    #[must_use]
    pub const fn names(&self, id: &RemoteId) -> bool {
        id.depth() == self.id_keys.len()
    }

    /// The id that a status holds, if it is whole.
    #[must_use]
    pub fn id_of(&self, status: &Value) -> Option<RemoteId> {
        self.id_keys.iter().map(|key| status.get(*key).and_then(Value::as_str)).collect()
    }
}
