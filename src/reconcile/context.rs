//! What every pass of one kind shares: the API server, the accounts, what is remembered, and whom to tell.

use std::sync::Arc;
use std::time::Duration;

use crate::accounts::Accounts;
use crate::events::EventRecorder;
use crate::metrics::Metrics;
use crate::plan::neighbour::Neighbour;
use crate::plan::view::OperatorConfig;
use crate::reconcile::definition::Definition;
use crate::reconcile::kind::Kind;
use crate::reconcile::object_states::ObjectStates;
use crate::reconcile::queued::Slots;
use crate::remote::uid::Uid;

/// Shared by all passes of kind `K`.
pub struct Context<K: Kind> {
    /// The apiserver. Its built-in retry is off; every call here has a deadline.
    pub kube: kube::Client,
    /// The accounts, each with its way to the dataset API and what is known of it.
    pub accounts: Arc<Accounts>,
    /// What is the same for all objects.
    pub config: Arc<OperatorConfig>,
    /// What this process remembers.
    pub states: ObjectStates,
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
