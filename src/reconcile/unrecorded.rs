//! A remote in hand that its object cannot be told of: the object is gone, or another life of it is there.

use kube::ResourceExt;
use kube::runtime::controller::Action;

use crate::plan::edit::Purpose;
use crate::plan::object::ObjectFacts;
use crate::plan::plan;
use crate::plan::recorded::Recorded;
use crate::plan::step::{Look, Record, Step};
use crate::reconcile::kind::Kind;
use crate::reconcile::pass::{Flow, Pass};

impl<K: Kind> Pass<'_, K> {
    /// The id could not be recorded on this object: it is gone, another life of it is there, or an id is there
    /// already. An id that is there is never overwritten; a remote in hand that nobody wants any more is let go by
    /// the old object's policy.
    pub(super) async fn unrecorded(&mut self, record: &Record, before: &Recorded) -> Option<Flow> {
        match self.kube(self.api().get_opt(&self.facts.name)).await {
            Ok(Some(object)) if object.uid().as_ref() == Some(&self.facts.uid) => {
                self.adopt_copy(object);
                let now = &self.recorded.id;
                // Another id is there: ours is surplus now, and a later pass sees to it.
                if *now != before.id && now.as_ref() != Some(&record.id) {
                    return Some(self.later());
                }
                None
            }
            Ok(_) => Some(self.release_unrecorded(record).await),
            Err(error) => Some(self.kube_failed(&error, "reading the object")),
        }
    }

    /// A remote in hand whose object is gone: it is let go by the old object's policy through the same rules, as if
    /// that object were being deleted.
    async fn release_unrecorded(&mut self, record: &Record) -> Flow {
        self.facts =
            ObjectFacts { deleting: true, finalizer: true, force_release: None, paused: false, ..self.facts.clone() };
        self.recorded.id = Some(record.id.clone());
        self.recorded.origin = Some(record.origin);
        self.recorded.attempt.clone_from(&record.attempt);
        self.recorded.fixed.clone_from(&record.fixed);
        self.wanted = None;
        self.observed.flight = None;
        self.observed.object_is_fresh = true;
        self.observed.remotes.remove(&record.id);
        self.observed.definition_going = self.definition_took_it().await;
        let mut let_go = false;
        for _ in 0..10 {
            let mut view = self.view();
            view.observed.absence_counts = true;
            view.observed.swept = true;
            let flow = match plan(&view) {
                Step::Read(id) => self.fetch(&view, &id).await,
                Step::Look(Look::Owned) => self.find_owned(&view).await,
                // What was made a moment ago carries the mark; what does not is what an answer named wrongly.
                Step::Delete(id) if view.shows_our_mark(&id) => self.delete(&view, &id).await,
                Step::Edit(edit) if edit.purpose == Purpose::Release => self.edit(&view, *edit).await,
                Step::RemoveFinalizer => {
                    let_go = true;
                    break;
                }
                // Something stands in the way of it.
                Step::Delete(_)
                | Step::Reread
                | Step::Look(_)
                | Step::Permit
                | Step::Claim(..)
                | Step::Create
                | Step::Edit(_)
                | Step::Resolve
                | Step::Record(_)
                | Step::Refuse(..)
                | Step::Report(_)
                | Step::Ignore => break,
            };
            if let Flow::End(_) = flow {
                break;
            }
        }
        if let_go {
            self.ctx.states.found(&self.facts);
        } else {
            tracing::warn!(
                controller = K::PROFILE.name,
                namespace = self.facts.namespace,
                name = self.facts.name,
                reconcileID = self.journal.id,
                datasetId = record.id.root(),
                versionName = record.id.child(),
                "the object is gone and its cloud dataset could not be released; it stays as an orphan"
            );
        }
        self.forget();
        Flow::End(Action::await_change())
    }
}
