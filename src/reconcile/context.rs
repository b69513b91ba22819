//! What every pass of one kind shares: the two clients, the inventory, what is remembered, and whom to tell.

use std::sync::Arc;
use std::time::Duration;

use crate::cloud;
use crate::events::EventRecorder;
use crate::inventory::Inventory;
use crate::inventory::reader::Reader;
use crate::metrics::Metrics;
use crate::plan::view::OperatorConfig;
use crate::reconcile::definition::Definition;
use crate::reconcile::lookups::Lookups;
use crate::reconcile::object_states::ObjectStates;
use crate::reconcile::queued::Slots;

/// Shared by all passes of one kind.
pub struct Context {
    /// The apiserver. Its built-in retry is off; every call here has a deadline.
    pub kube: kube::Client,
    /// The dataset API.
    pub cloud: cloud::Client,
    /// Reads that deletes share.
    pub reader: Arc<Reader>,
    /// What is known of the remote side.
    pub inventory: Arc<Inventory>,
    /// What is the same for all objects.
    pub config: Arc<OperatorConfig>,
    /// What this process remembers.
    pub states: Arc<ObjectStates>,
    /// What its answers may look at.
    pub lookups: Arc<Lookups>,
    /// The definition of the kind.
    pub definition: Definition,
    /// When objects may say that they wait in line; shared by all kinds.
    pub slots: Arc<Slots>,
    /// Events.
    pub recorder: EventRecorder,
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
