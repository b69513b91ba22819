//! What all reconciles of one kind share: clients, the memory of this process, settings, events and metrics.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::accounts::Accounts;
use crate::events::EventRecorder;
use crate::metrics::Metrics;
use crate::plan::view::OperatorConfig;
use crate::reconcile::definition::Definition;
use crate::reconcile::left_behind::LeftBehind;
use crate::reconcile::lookups::Lookups;
use crate::reconcile::object_states::ObjectStates;
use crate::reconcile::queued::Slots;
use crate::reconcile::shares::Shares;

/// Shared by all reconciles of one kind.
pub struct Context {
    /// The apiserver. Its built-in retry is off; every call here has a deadline.
    pub kube: kube::Client,
    /// The accounts, each with its client of the dataset API and its inventory.
    pub accounts: Arc<Accounts>,
    /// What is the same for all objects.
    pub config: Arc<OperatorConfig>,
    /// What this process remembers.
    pub states: Arc<ObjectStates>,
    /// What the kind may look at besides the object.
    pub lookups: Arc<Lookups>,
    /// The `CustomResourceDefinition` of the kind.
    pub definition: Definition,
    /// Where it is written down what objects leave behind.
    pub left_behind: LeftBehind,
    /// How many reconciles each account may have under way.
    pub shares: Shares,
    /// When objects may report that they wait in line; shared by all kinds.
    pub slots: Arc<Slots>,
    /// Events.
    pub recorder: EventRecorder,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// The operator sees the objects of all namespaces.
    pub everywhere: bool,
    /// Time limits of a reconcile.
    pub limits: Limits,
    /// The operator was asked to stop: a reconcile that takes long ends as soon as it can.
    pub stopped: watch::Receiver<bool>,
}

/// Time limits of a reconcile.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// A create is sent no later than this after its claim.
    pub send_deadline: Duration,
    /// One call to the apiserver.
    pub kube_call: Duration,
    /// One whole reconcile.
    pub pass: Duration,
    /// Time between two checks of what is settled and what no sweep shows (`--resync`).
    pub resync: Duration,
}
