//! What every pass of one kind shares: the API server, the accounts, what is remembered, and whom to tell.

use std::sync::Arc;
use std::time::Duration;

use crate::accounts::Accounts;
use crate::events::EventRecorder;
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
    /// The accounts, each with its way to the dataset API and what is known of it.
    pub accounts: Arc<Accounts>,
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
}
