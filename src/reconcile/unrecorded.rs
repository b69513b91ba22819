//! A remote in hand that its object cannot record: the object is gone, or another one of the same name took its place.

use kube::ResourceExt;
use kube::runtime::controller::Action;

use crate::plan::aftermath::{Unrecorded, after_unrecorded, released};
use crate::plan::recorded::Recorded;
use crate::plan::step::Record;
use crate::reconcile::kind::Kind;
use crate::reconcile::pass::{Flow, Pass};

impl<K: Kind> Pass<'_, K> {
    /// The id could not be recorded on this object. `None`: the record is tried again.
    pub(super) async fn unrecorded(&mut self, record: &Record, before: &Recorded) -> Option<Flow> {
        let now = match self.kube(self.api().get_opt(&self.facts.name)).await {
            Ok(Some(object)) if object.uid().as_ref() == Some(&self.facts.uid) => {
                self.adopt_copy(object);
                Some(self.recorded.id.as_ref())
            }
            Ok(_) => None,
            Err(error) => return Some(self.kube_failed(&error, "reading the object")),
        };
        match after_unrecorded(&record.id, before.id.as_ref(), now) {
            Unrecorded::Retry => None,
            Unrecorded::Surplus => Some(self.later()),
            Unrecorded::Release => Some(self.release(record).await),
        }
    }

    /// From now on the reconcile is for the remote: the rules for an object that is being deleted apply, without the
    /// steps that serve only the object ([`in_hand`](crate::plan::aftermath::in_hand)).
    async fn release(&mut self, record: &Record) -> Flow {
        released(&mut self.facts, &mut self.recorded, record);
        self.in_hand = true;
        // The reconcile has begun its calls, so it does not wait for its turn again.
        self.admitted = true;
        self.wanted = None;
        self.observed.flight = None;
        self.observed.object_is_fresh = true;
        self.observed.remotes.remove(&record.id);
        self.observed.definition_going = self.definition_took_it().await;
        Flow::Again
    }

    /// The rules for the remote are done: it was deleted or released, or it stays as it is.
    pub(super) fn let_go_in_hand(&mut self) -> Flow {
        self.in_hand = false;
        self.ctx.states.found(&self.facts);
        self.forget();
        Flow::End(Action::await_change())
    }

    /// The reconcile ends, and the remote could not be released.
    pub(super) fn leave_in_hand(&self) -> Action {
        let id = self.recorded.id.as_ref();
        tracing::warn!(
            controller = K::PROFILE.name,
            namespace = self.facts.namespace,
            name = self.facts.name,
            reconcileID = self.journal.id,
            cloudId = id.map(tracing::field::display),
            "the object is gone and its cloud dataset could not be released; it stays as an orphan"
        );
        self.forget();
        Action::await_change()
    }
}
