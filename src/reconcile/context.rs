//! What every pass of one kind shares: the two clients, the index, what is remembered, and whom to tell.

use std::sync::Arc;
use std::time::Duration;

use crate::cloud;
use crate::inventory::Index;
use crate::inventory::reader::Reader;
use crate::metrics::Metrics;
use crate::plan::neighbour::Neighbour;
use crate::plan::view::World;
use crate::reconcile::definition::Definition;
use crate::reconcile::kind::Kind;
use crate::reconcile::object_states::Memories;
use crate::reconcile::queued::Slots;
use crate::remote::uid::Uid;
use crate::tell::Teller;

/// Shared by all passes of kind `K`.
pub struct Context<K: Kind> {
    /// The apiserver. Its built-in retry is off; every call here has a deadline.
    pub kube: kube::Client,
    /// The dataset API.
    pub cloud: cloud::Client,
    /// Reads that deletes share.
    pub reader: Arc<Reader>,
    /// What is known of the remote side.
    pub index: Arc<Index>,
    /// What is the same for all objects.
    pub world: Arc<World>,
    /// What this process remembers.
    pub memories: Memories,
    /// What the kind may look at.
    pub around: Arc<K::Around>,
    /// Does any object here, of any kind, have this uid?
    pub lives_here: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    /// The definition of the kind.
    pub definition: Definition,
    /// The object here, of any kind, that has this uid.
    pub neighbour: Arc<dyn Fn(Uid) -> Option<Neighbour> + Send + Sync>,
    /// When objects may say that they wait in line; shared by all kinds.
    pub slots: Arc<Slots>,
    /// Events.
    pub teller: Teller,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Time limits of a pass.
    pub limits: Limits,
}

/// Time limits of a pass.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// A create is sent no later than this after its claim.
    pub send_deadline: Duration,
    /// One call to the apiserver.
    pub kube_call: Duration,
    /// One whole pass.
    pub pass: Duration,
    /// Time between sweeps.
    pub resync: Duration,
}
