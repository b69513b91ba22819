//! Warning events: about annotations without a meaning, and, on both objects, about a deletion that takes the remote
//! that another object waits for.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::{Resource, ResourceExt};

use crate::api::EventReason;
use crate::api::names::GROUP;
use crate::plan::annotations::wrong;
use crate::plan::desired::Deletion;
use crate::plan::neighbour::Neighbour;
use crate::plan::report::Report;
use crate::reconcile::kind::{AnyKind, policy};
use crate::reconcile::pass::Pass;

impl<K: AnyKind> Pass<'_, K> {
    /// Warns of annotations without a meaning, of each once as long as it stays.
    pub(super) fn warn_of_annotations(&self) {
        let found = wrong(self.object.annotations(), self.recorded.id.as_ref());
        let now: Vec<_> = found.iter().map(|(_, note)| note.clone()).collect();
        let before = self.ctx.states.with(&self.facts.uid, |state| std::mem::replace(&mut state.warned_of, now));
        for (reason, note) in found.iter().filter(|(_, note)| !before.contains(note)) {
            self.tell(*reason, note);
        }
    }

    /// This object begins to wait for remotes of others: the owners are warned if their deletion would delete them.
    pub(super) fn warn_owners(&self, report: &Report) {
        for about in &report.about {
            let Some(owner) = about.owner.as_ref().filter(|owner| owner.deletes) else { continue };
            let (kind, id) = (K::NAME, &about.id);
            let (namespace, name) = (&self.facts.namespace, &self.facts.name);
            let note = format!(
                "{kind} {namespace}/{name} waits for {id}; deleting this object would delete it. To hand it over: {}",
                owner.way_out()
            );
            self.ctx.recorder.tell(reference(owner), EventReason::HandoverAtRisk, &note);
        }
    }

    /// This object is being deleted with its remote: it and the objects that wait for the remote are warned once.
    pub(super) fn warn_waiters(&self) {
        let (true, Some(id)) = (self.facts.deleting, &self.recorded.id) else { return };
        if policy::<K>(&self.object, &self.recorded, self.ctx.config.default_deletion) == Deletion::Retain {
            return;
        }
        let waiters = self.account.inventory.waiters(id, &self.facts.uid);
        let again = || self.ctx.states.with(&self.facts.uid, |state| std::mem::replace(&mut state.warned, true));
        if waiters.is_empty() || again() {
            return;
        }
        let (kind, namespace, name) = (K::NAME, &self.facts.namespace, &self.facts.name);
        for waiter in
            waiters.into_iter().filter_map(|uid| self.ctx.lookups.live.neighbour(uid, self.ctx.config.default_deletion))
        {
            let note = format!(
                "{kind} {namespace}/{name} is being deleted with deletionPolicy Delete: {id}, which this object waits for, \
                 goes with it"
            );
            self.ctx.recorder.tell(reference(&waiter), EventReason::HandoverAtRisk, &note);
            let note = format!("{waiter} waits for {id}, which is deleted with this object (deletionPolicy Delete)");
            self.ctx.recorder.tell(self.object.object_ref(&()), EventReason::HandoverAtRisk, &note);
        }
    }
}

fn reference(object: &Neighbour) -> ObjectReference {
    ObjectReference {
        api_version: Some(format!("{GROUP}/v1alpha1")),
        kind: Some(object.kind.to_owned()),
        namespace: Some(object.namespace.clone()),
        name: Some(object.name.clone()),
        uid: Some(object.uid.clone()),
        ..ObjectReference::default()
    }
}
