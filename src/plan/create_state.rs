//! Where an object stands with its remote, by its status, its intent and the remote. Every decision starts from this.

use crate::plan::object::Stored;
use crate::plan::recorded::Outcome;
use crate::plan::view::{Observation, View};
use crate::remote::id::RemoteId;
use crate::remote::mark::Origin;

/// Where an object stands with its remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateState {
    /// An attempt was claimed in this reconcile.
    InFlight,
    /// An attempt may have executed, or still may.
    Uncertain,
    /// The remote is recorded.
    Recorded(RemoteId),
    /// No attempt was ever executed, or nothing came of it.
    NotCreated,
}

impl View {
    /// Where the object stands.
    #[must_use]
    pub fn create_state(&self) -> CreateState {
        if self.observed.flight.is_some() {
            return CreateState::InFlight;
        }
        // A run that exists does not answer whether the attempt after it made another one.
        if self.in_doubt() && !self.state.resolved && (self.profile.runs || !self.has_living()) {
            return CreateState::Uncertain;
        }
        self.id().map_or(CreateState::NotCreated, |id| CreateState::Recorded(id.clone()))
    }

    fn in_doubt(&self) -> bool {
        match &self.object.intent {
            Stored::Foreign(_) => true,
            Stored::Absent => {
                let stripped = self.object.finalizer;
                let inherited = self.state.predecessor_uncertain;
                self.recorded.id.is_none() && (stripped || inherited)
            }
            Stored::Own(intent) => match intent.newest() {
                // Somebody removed the intent, and it was put back without its attempts: they are not known any more.
                None => self.recorded.id.is_none(),
                Some(nonce) if self.outcome_of(nonce).is_some() => false,
                Some(nonce) if self.state.never_executed.as_deref() == Some(nonce) => false,
                // Marking a remote twice does no harm, so a live object just does it again.
                Some(nonce) => self.object.deleting || Origin::of_nonce(nonce) == Origin::Created,
            },
        }
    }

    /// An object keeps a recorded remote that exists; the remote of a newer attempt is surplus. Only an object that is
    /// being deleted must know what came of that attempt.
    fn has_living(&self) -> bool {
        !self.object.deleting && self.id().and_then(|id| self.observation(id)).and_then(Observation::remote).is_some()
    }

    /// The recorded outcome of the attempt with this nonce.
    #[must_use]
    pub fn outcome_of(&self, nonce: &str) -> Option<Outcome> {
        self.recorded.attempt.as_ref().filter(|attempt| attempt.nonce == nonce).map(|attempt| attempt.outcome)
    }
}
