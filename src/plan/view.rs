//! Everything a decision may depend on, as values: the object, what is wanted, what this process remembers, and what is
//! known of the cloud. The reconcile fills the view; [`plan`](crate::plan) only reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::plan::Flight;
use crate::plan::account::AccountView;
use crate::plan::desired::{Deletion, Desired};
use crate::plan::futile::Futile;
use crate::plan::intent::Target;
use crate::plan::neighbour::Neighbour;
use crate::plan::object::{ObjectFacts, Stored};
use crate::plan::profile::Profile;
use crate::plan::recorded::Recorded;
pub use crate::plan::relations::{Hold, Relations};
use crate::plan::report::{Blocked, Report};
use crate::plan::run::{self, RunState};
use crate::remote::Remote;
use crate::remote::carrier::Carrier;
use crate::remote::fields::Fields;
use crate::remote::id::RemoteId;
use crate::remote::mark::{Identity, Origin, Owner, Ownership, RawMark};

/// What is known of one remote.
#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    /// The inventory's recent row, or the state after our own write; not read in this reconcile.
    Listed(Arc<Remote>),
    /// A read in this reconcile showed the remote.
    Read(Arc<Remote>),
    /// A read, or our own acknowledged delete, says that it does not exist.
    Gone,
}

/// A remote that provably is an object's own, after the nonce of the attempt that made it.
pub type Mine = (String, Arc<Remote>);

/// One view of one object.
#[derive(Debug, Clone)]
pub struct View {
    /// The object itself.
    pub object: ObjectFacts,
    /// What its status holds.
    pub recorded: Recorded,
    /// The owner that the mark of its remote names.
    pub owner: Owner,
    /// The constants and functions of its kind.
    pub profile: &'static Profile,
    /// What its spec asks for, or why that cannot be worked on.
    pub desired: Result<Desired, Blocked>,
    /// `deletionPolicy`, read even from a spec that is otherwise invalid.
    pub deletion: Option<Deletion>,
    /// What other objects mean for this one.
    pub relations: Relations,
    /// What this process remembers of it.
    pub state: StateView,
    /// What is known of the cloud.
    pub observed: Observed,
    /// The account of the object, and the identity that calls the service.
    pub account: Arc<AccountView>,
    /// What is the same for all objects.
    pub config: Arc<OperatorConfig>,
}

/// What is the same for all objects of one operator.
#[derive(Debug, Clone)]
pub struct OperatorConfig {
    /// The owner domains and keys of our marks.
    pub identity: Identity,
    /// `--settle-time`
    pub settle: Duration,
    /// `--list-lag`
    pub list_lag: Duration,
    /// `--default-deletion-policy`
    pub default_deletion: Option<Deletion>,
}

/// What this process remembers of one object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StateView {
    /// How long ago this process first saw the newest nonce (or the object, if there is none).
    pub uncertain_for: Duration,
    /// How many complete lists by owner mark were read since then.
    pub lists: u32,
    /// How many of them ended after the grace period.
    pub settled_lists: u32,
    /// The doubt about the newest nonce is over: nothing came of it, or its remote is known.
    pub resolved: bool,
    /// A nonce that this process knows was never executed.
    pub never_executed: Option<String>,
    /// How long ago this process got the answer "name taken" to the newest attempt.
    pub name_taken: Option<Duration>,
    /// How long ago this process first saw that the object is being deleted.
    pub deleting_age: Duration,
    /// How long ago a delete was sent, as far as this process knows, that may still take effect.
    pub delete_age: Option<Duration>,
    /// How long ago this process last changed the remote.
    pub edited_age: Option<Duration>,
    /// How long ago this process recorded the id.
    pub recorded_age: Option<Duration>,
    /// How long ago this process read the recorded remote.
    pub read_age: Option<Duration>,
    /// An earlier object of this name went while its create was in doubt: that attempt may have executed, or still may.
    pub predecessor_uncertain: bool,
    /// Fields that the service keeps in another form than they were sent.
    pub futile: BTreeMap<String, Futile>,
    /// The run that this process last asked the service to stop, and how long ago.
    pub stopped: Option<(RemoteId, Duration)>,
    /// The time of the clock, by which deadlines of runs are kept.
    pub now: Timestamp,
    /// Sixteen random hex digits for the next nonce.
    pub fresh: String,
}

/// What is known of the cloud in this reconcile.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, each with a rule of its own")]
pub struct Observed {
    /// The object was read with quorum, or written by us, in this reconcile.
    pub object_is_fresh: bool,
    /// The inventory has listed the place of the object since this process started.
    pub swept: bool,
    /// [Absences count](crate::plan::account::absence_counts) for remotes of the principal that intent or status names.
    pub absence_counts: bool,
    /// Remotes by id.
    pub remotes: BTreeMap<RemoteId, Observation>,
    /// Remotes that carry this object's owner mark.
    pub owned: Vec<Arc<Remote>>,
    /// `owned` was listed in this reconcile.
    pub owned_is_fresh: bool,
    /// Remotes with the wanted name, listed in this reconcile.
    pub named: Option<Vec<Arc<Remote>>>,
    /// The collections of the dataset that were listed in this reconcile, each as a whole.
    pub children: BTreeMap<&'static str, Vec<Arc<Remote>>>,
    /// Those uids in the marks seen that objects in this cluster have, and that of the object which has this name now: a
    /// mark in a text may be of that one, and does not name its uid.
    pub live_here: BTreeSet<String>,
    /// The other objects here that marks on remotes of this kind name, by [`RawMark::named`].
    pub neighbours: BTreeMap<String, Neighbour>,
    /// Those of the remotes seen that another object here recorded.
    pub recorded_elsewhere: BTreeSet<RemoteId>,
    /// The limiter granted this object's create.
    pub permit: bool,
    /// The attempt that was claimed in this reconcile.
    pub flight: Option<Flight>,
    /// A message about drift: which members differ from a spec that had been carried out.
    pub drifted: Option<String>,
    /// The service refused to delete the dataset because it has versions.
    pub delete_refused: bool,
    /// The `CustomResourceDefinition` of the kind is being deleted, and the object with it. This is asked before
    /// anything is decided for an object that is being deleted.
    pub definition_going: bool,
    /// Nothing can be done for the object any more, and what it leaves behind is written down.
    pub abandoned: bool,
    /// The service refused the name in an update because it is taken.
    pub name_refused: Option<Box<Report>>,
}

impl View {
    /// The recorded id. It does not count if the intent was written for another uid.
    #[must_use]
    pub fn id(&self) -> Option<&RemoteId> {
        match self.object.intent {
            Stored::Foreign(_) => None,
            Stored::Own(_) | Stored::Absent => self.recorded.id.as_ref(),
        }
    }

    /// The spec of this generation was carried out when status was last written, with the Secret as it is now.
    #[must_use]
    pub fn carried_out(&self) -> bool {
        let same_secret = self.desired.as_ref().map_or(true, |desired| desired.secret == self.recorded.secret());
        self.recorded.carried_out(self.object.generation) && same_secret
    }

    /// Where remotes of this object are looked for: the intent's target. Only without one it is the (newer) spec's.
    #[must_use]
    pub fn target(&self) -> Option<Target> {
        let stored = match &self.object.intent {
            Stored::Own(intent) => Some(&intent.target),
            // The intent of another uid counts only if its target is a configured one.
            Stored::Foreign(intent) => Some(&intent.target).filter(|target| self.is_configured(target)),
            Stored::Absent => None,
        };
        stored.cloned().or_else(|| self.desired.as_ref().ok().map(|desired| desired.target.clone()))
    }

    /// The id of the remote, for a kind whose remotes have no id but their names.
    #[must_use]
    pub fn key(&self) -> Option<RemoteId> {
        self.target()?.key()
    }

    /// The principal that last worked on the object, as its intent or else its status names it.
    #[must_use]
    pub fn named_principal(&self) -> Option<&str> {
        let stored = self.object.intent.own().map(|intent| intent.principal.as_str());
        stored.or(self.recorded.principal.as_deref())
    }

    /// Absences may count once the token service has named the caller.
    #[must_use]
    pub fn lacks_caller(&self) -> bool {
        !self.observed.absence_counts && self.named_principal().is_some_and(|named| self.account.caller.may_be(named))
    }

    /// Does this target name the configured account and region? (It is compared, never used as an address.)
    #[must_use]
    pub fn is_configured(&self, target: &Target) -> bool {
        target.account == self.account.alias && target.region == self.account.region
    }

    /// Who owns this remote, seen from this object?
    #[must_use]
    pub fn ownership(&self, remote: &Remote) -> Ownership {
        let (identity, has_id) = (&self.config.identity, self.id().is_some());
        let (mark, owner, uid, live) = (remote.mark.as_ref(), &self.owner, &self.object.uid, &self.observed.live_here);
        match self.profile.codec.carrier() {
            Carrier::Labels => identity.ownership(mark, owner, uid, live, has_id),
            Carrier::Text(_) => identity.ownership_by_text(mark, owner, &self.signed_target(), uid, live, has_id),
            Carrier::Nowhere => Ownership::Nobody,
        }
    }

    /// The mark of this object's attempt `nonce`.
    #[must_use]
    pub fn mark(&self, nonce: &str) -> RawMark {
        let (identity, uid) = (&self.config.identity, &self.object.uid);
        match self.profile.codec.carrier() {
            Carrier::Labels => return identity.mark(&self.owner, uid, nonce),
            Carrier::Text(_) => {}
            Carrier::Nowhere => return RawMark::default(),
        }
        let stored = self.object.intent.own().and_then(|intent| intent.hash_of(nonce)).map(str::to_owned);
        let hash = stored.or_else(|| self.desired.as_ref().ok().map(Desired::hash)).unwrap_or_default();
        identity.text_mark(&self.owner, &self.signed_target(), uid, nonce, &hash).unwrap_or_default()
    }

    /// The values that stand for this owner in the marks of its kind, by each of our keys.
    #[must_use]
    pub fn owner_values(&self) -> Vec<String> {
        match self.profile.codec.carrier() {
            Carrier::Labels => self.config.identity.owner_values(&self.owner),
            Carrier::Text(_) => self.config.identity.owner_values_in_text(&self.owner),
            Carrier::Nowhere => Vec::new(),
        }
    }

    /// What messages call the marks on remotes of this kind.
    #[must_use]
    pub fn mark_words(&self) -> &'static str {
        self.profile.codec.carrier().words()
    }

    /// The target as it is signed in marks of texts.
    fn signed_target(&self) -> String {
        let Target { account, region, workspace, dataset_id, name } = self.target().unwrap_or_default();
        [account, region, workspace, dataset_id.or(name).unwrap_or_default()].join(" ")
    }

    /// Does the remote carry this object's mark, or that of an earlier object of the same name?
    #[must_use]
    pub fn carries_our_mark(&self, remote: &Remote) -> bool {
        matches!(self.ownership(remote), Ownership::Mine { .. } | Ownership::Predecessor { .. })
    }

    /// Does this remote carry our mark, as far as it is known?
    #[must_use]
    pub fn shows_our_mark(&self, id: &RemoteId) -> bool {
        self.observation(id).and_then(Observation::remote).is_some_and(|remote| self.carries_our_mark(remote))
    }

    /// Those members of a remote that are fixed at creation.
    #[must_use]
    pub fn fixed_of(&self, fields: &Fields) -> Fields {
        let value = |name: &&str| Some(((*name).to_owned(), fields.get(*name)?.clone()));
        self.profile.fixed.iter().filter_map(value).collect()
    }

    /// Finalizer and intent are in place.
    #[must_use]
    pub fn in_good_order(&self) -> bool {
        self.object.finalizer && self.object.intent.own().is_some()
    }

    /// What is known of this remote.
    #[must_use]
    pub fn observation(&self, id: &RemoteId) -> Option<&Observation> {
        self.observed.remotes.get(id)
    }

    /// The remote does not exist, by a read or our own delete.
    #[must_use]
    pub fn is_gone(&self, id: &RemoteId) -> bool {
        self.observation(id) == Some(&Observation::Gone)
    }

    /// *Known gone*: not found by a principal whose absences count, for an id older than the list lag, in a listed
    /// place.
    #[must_use]
    pub fn known_gone(&self, id: &RemoteId) -> bool {
        let old_enough = self.state.recorded_age.is_none_or(|age| age > self.config.list_lag);
        self.is_gone(id) && self.observed.absence_counts && self.observed.swept && old_enough
    }

    /// The effective deletion policy.
    #[must_use]
    pub fn deletion_policy(&self) -> Deletion {
        let adopted = self.recorded.origin == Some(Origin::Adopted);
        Deletion::effective(self.deletion, self.config.default_deletion, adopted)
    }

    /// Remotes that provably are this very object's, newest attempt first; the recorded one is left out.
    #[must_use]
    pub fn mine_elsewhere(&self) -> Vec<Mine> {
        let all = self.marked_as_mine();
        if !self.profile.runs {
            return all;
        }
        all.iter().filter(|it| !run::is_copy(self, it, &all)).cloned().collect()
    }

    /// Runs whose mark somebody copied from one of this object's.
    #[must_use]
    pub fn copies_of_mine(&self) -> Vec<Arc<Remote>> {
        let all = self.marked_as_mine();
        let copies = all.iter().filter(|it| run::is_copy(self, it, &all));
        copies.map(|(_, remote)| remote.clone()).collect()
    }

    fn marked_as_mine(&self) -> Vec<Mine> {
        let order = |nonce: &str| {
            let attempts = self.object.intent.own().map(|intent| intent.attempts.as_slice()).unwrap_or_default();
            attempts.iter().position(|attempt| attempt.nonce == nonce)
        };
        let mut mine: Vec<_> = self
            .observed
            .owned
            .iter()
            .filter(|remote| Some(&remote.id) != self.id() && self.observation(&remote.id) != Some(&Observation::Gone))
            .filter_map(|remote| match self.ownership(remote) {
                Ownership::Mine { nonce, .. } => Some((nonce, remote.clone())),
                Ownership::Predecessor { .. }
                | Ownership::Released
                | Ownership::Other
                | Ownership::Dead
                | Ownership::Forged
                | Ownership::Nobody => None,
            })
            .collect();
        mine.sort_by(|a, b| order(&b.0).cmp(&order(&a.0)).then_with(|| a.1.id.cmp(&b.1.id)));
        if self.profile.runs {
            // Of attempts that the intent does not know, the newest comes first too.
            let made = |(_, remote): &Mine| remote.fields.get("CreateTime").map(ToString::to_string);
            mine.sort_by(|a, b| order(&b.0).cmp(&order(&a.0)).then_with(|| made(b).cmp(&made(a))));
            let recorded = self.attempt_ids();
            mine.retain(|(_, remote)| RunState::of(remote) != RunState::Deleted && !recorded.contains(&remote.id));
        }
        mine
    }
}

impl Observation {
    /// The remote, if it exists.
    #[must_use]
    pub const fn remote(&self) -> Option<&Arc<Remote>> {
        match self {
            Self::Listed(remote) | Self::Read(remote) => Some(remote),
            Self::Gone => None,
        }
    }
}
