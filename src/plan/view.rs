//! Everything a decision may depend on, as values: the object, what is wanted, what this process remembers, and
//! what is known of the cloud. The pass fills it; [`plan`](crate::plan) only reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::plan::Flight;
use crate::plan::account::AccountView;
use crate::plan::desired::{Deletion, Desired};
use crate::plan::futile::Futile;
use crate::plan::intent::Target;
use crate::plan::neighbour::Neighbour;
use crate::plan::object::{ObjectFacts, Stored};
use crate::plan::profile::Profile;
use crate::plan::recorded::Recorded;
pub use crate::plan::relations::Relations;
use crate::plan::report::{Blocked, Report};
use crate::remote::Remote;
use crate::remote::fields::Fields;
use crate::remote::id::RemoteId;
use crate::remote::mark::{Identity, Origin, Owner, Ownership};

/// What is known of one remote.
#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    /// The inventory showed it no longer than one resync ago.
    Listed(Arc<Remote>),
    /// Read in this pass.
    Read(Arc<Remote>),
    /// A read in this pass, or our own acknowledged delete, says that it does not exist.
    Gone,
}

/// One view of one object.
#[derive(Debug, Clone)]
pub struct View {
    /// The object itself.
    pub object: ObjectFacts,
    /// What its status holds.
    pub recorded: Recorded,
    /// The name its remote is marked with.
    pub owner: Owner,
    /// What its kind is like.
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
    /// Where it is worked on, and as whom.
    pub account: Arc<AccountView>,
    /// What is the same for all objects.
    pub config: Arc<OperatorConfig>,
}

/// What is the same for all objects of one operator.
#[derive(Debug, Clone)]
pub struct OperatorConfig {
    /// Our marks.
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
    /// Complete lists by owner mark since then that showed nothing of this object.
    pub lists: u32,
    /// The same, counted only once the settle time was over.
    pub settled_lists: u32,
    /// The doubt about the newest nonce ended: nothing came of it.
    pub resolved: bool,
    /// A nonce that this process knows was never executed.
    pub never_executed: Option<String>,
    /// The newest attempt was answered "name taken" so long ago, by this process.
    pub name_taken: Option<Duration>,
    /// How long ago this process first saw that the object is being deleted.
    pub deleting_age: Duration,
    /// This process recorded the id so long ago.
    pub recorded_age: Option<Duration>,
    /// This process read the recorded remote so long ago.
    pub read_age: Option<Duration>,
    /// An object of this name went while its create was in doubt: that attempt may have executed, or still may.
    pub predecessor_uncertain: bool,
    /// Fields that the service keeps otherwise than they were sent.
    pub futile: BTreeMap<String, Futile>,
    /// Sixteen hex digits that nobody has used yet.
    pub fresh: String,
}

/// What is known of the cloud in this pass.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, each with a rule of its own")]
pub struct Observed {
    /// The object was read with quorum, or written by us, in this pass.
    pub object_is_fresh: bool,
    /// The inventory has swept the place in this term.
    pub swept: bool,
    /// [Absences count](crate::plan::account::absence_counts) for what the principal made that the intent or status names.
    pub absence_counts: bool,
    /// Remotes by id.
    pub remotes: BTreeMap<RemoteId, Observation>,
    /// Remotes that carry this object's owner mark.
    pub owned: Vec<Arc<Remote>>,
    /// `owned` was listed in this pass.
    pub owned_is_fresh: bool,
    /// Remotes with the wanted name, listed in this pass.
    pub named: Option<Vec<Arc<Remote>>>,
    /// All versions of the dataset, listed in this pass.
    pub versions: Option<Vec<Arc<Remote>>>,
    /// Uids among the marks seen that some object here has.
    pub live_here: BTreeSet<String>,
    /// Who they are, of marks on remotes of this kind, by uid.
    pub neighbours: BTreeMap<String, Neighbour>,
    /// Remotes among those seen that another object here recorded.
    pub recorded_elsewhere: BTreeSet<RemoteId>,
    /// The limiter granted this object's create.
    pub permit: bool,
    /// An attempt claimed in this pass.
    pub flight: Option<Flight>,
    /// Names of members found different from a spec that had been carried out.
    pub drifted: Option<String>,
    /// The service refused to delete the dataset because it has versions.
    pub delete_refused: bool,
    /// The `CustomResourceDefinition` of the kind is being deleted, and the object with it. It is asked before
    /// anything is decided for an object that is being deleted.
    pub definition_going: bool,
    /// The service refused the name in an update because it is taken.
    pub name_refused: Option<Box<Report>>,
}

impl View {
    /// The recorded id; beside an intent of another uid it counts as none.
    #[must_use]
    pub fn id(&self) -> Option<&RemoteId> {
        match self.object.intent {
            Stored::Foreign(_) => None,
            Stored::Own(_) | Stored::Absent => self.recorded.id.as_ref(),
        }
    }

    /// The spec of this generation was carried out when status was last written.
    #[must_use]
    pub fn carried_out(&self) -> bool {
        self.recorded.was_ready() && self.recorded.observed_generation == self.object.generation
    }

    /// Where remotes of this object are looked for: the intent's target as long as it says one, never a newer
    /// spec's.
    #[must_use]
    pub fn target(&self) -> Option<Target> {
        let stored = match &self.object.intent {
            Stored::Own(intent) => Some(&intent.target),
            // Another uid's intent is believed only where it matches what is configured.
            Stored::Foreign(intent) => Some(&intent.target).filter(|target| self.is_configured(target)),
            Stored::Absent => None,
        };
        stored.cloned().or_else(|| self.desired.as_ref().ok().map(|desired| desired.target.clone()))
    }

    /// Who worked on it last, as far as that was written down.
    #[must_use]
    pub fn named_principal(&self) -> Option<&str> {
        let stored = self.object.intent.own().map(|intent| intent.principal.as_str());
        stored.or(self.recorded.principal.as_deref())
    }

    /// Absences will count, once it is known whose the credentials are.
    #[must_use]
    pub fn lacks_caller(&self) -> bool {
        !self.observed.absence_counts && self.named_principal().is_some_and(|named| self.account.caller.may_be(named))
    }

    /// Is this target one of a configured client? (It is matched, never dialled.)
    #[must_use]
    pub fn is_configured(&self, target: &Target) -> bool {
        target.account == self.account.alias && target.region == self.account.region
    }

    /// Whose is this remote, for this object?
    #[must_use]
    pub fn ownership(&self, remote: &Remote) -> Ownership {
        let has_id = self.id().is_some();
        self.config.identity.ownership(
            remote.mark.as_ref(),
            &self.owner,
            &self.object.uid,
            &self.observed.live_here,
            has_id,
        )
    }

    /// Does it carry this object's mark, or that of an object of its name that is gone?
    #[must_use]
    pub fn carries_our_mark(&self, remote: &Remote) -> bool {
        matches!(self.ownership(remote), Ownership::Mine { .. } | Ownership::Predecessor { .. })
    }

    /// Does what is known of this remote carry it?
    #[must_use]
    pub fn shows_our_mark(&self, id: &RemoteId) -> bool {
        self.observation(id).and_then(Observation::remote).is_some_and(|remote| self.carries_our_mark(remote))
    }

    /// The immutables among a remote's members.
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

    /// Not found in this pass, or deleted by us.
    #[must_use]
    pub fn is_gone(&self, id: &RemoteId) -> bool {
        self.observation(id) == Some(&Observation::Gone)
    }

    /// *Known gone*: not found, under a principal that counts, for an id older than the list lag, while its place
    /// can be listed.
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
    pub fn mine_elsewhere(&self) -> Vec<(String, Arc<Remote>)> {
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
        mine
    }
}

impl Observation {
    /// The remote, if it is there.
    #[must_use]
    pub const fn remote(&self) -> Option<&Arc<Remote>> {
        match self {
            Self::Listed(remote) | Self::Read(remote) => Some(remote),
            Self::Gone => None,
        }
    }
}
