//! What a reconcile knows right now, as one value for `plan`: the object, what is wanted, what this process remembers,
//! what it read, and what the inventory knows besides.

use std::sync::Arc;

use tokio::time::Instant;

use crate::inventory::Inventory;
use crate::plan::index::Index;
use crate::plan::view::View;
use crate::reconcile::kind::Kind;
use crate::reconcile::live_objects::LiveObjects;
use crate::reconcile::pass::{Pass, random_hex};
use crate::remote::Remote;
use crate::remote::id::RemoteId;
use crate::remote::mark::{Owner, RawMark};
use crate::remote::uid::Uid;

impl<K: Kind> Pass<'_, K> {
    /// Everything known right now, as values.
    pub(super) fn view(&mut self) -> View {
        let ctx = self.ctx;
        let (desired, relations) = self.wanted().clone();
        let (object, recorded) = (self.facts.clone(), self.recorded.clone());
        // Each decision gets a new one: a reconcile may claim twice, and two attempts need two nonces.
        let fresh = random_hex();
        let mut state = ctx.states.with(&object.uid, |state| state.process(&object, Instant::now(), &fresh));
        state.predecessor_uncertain = ctx.states.has_left_a_doubt(&object);
        let mut view = View {
            owner: Owner {
                kind: format!("{}.{}", K::PROFILE.name, crate::api::names::GROUP),
                namespace: object.namespace.clone(),
                name: object.name.clone(),
            },
            profile: K::PROFILE,
            deletion: K::deletion(&self.object),
            observed: self.observed.clone(),
            account: self.account_view.clone(),
            config: ctx.config.clone(),
            object,
            recorded,
            desired,
            relations,
            state,
        };
        let index = PassIndex { inventory: &self.account.inventory, live: &ctx.lookups.live };
        view.look_at_index(&index, self.in_hand);
        self.meet_neighbours(&mut view);
        view
    }

    /// Adds the objects here whose marks were seen, so that messages can name them.
    fn meet_neighbours(&self, view: &mut View) {
        for remote in view.seen().cloned().collect::<Vec<_>>() {
            // A version always sees the mark of its Dataset too, and no message of a version names that owner.
            if let Some(uid) = remote.mark.as_ref().and_then(RawMark::uid)
                && view.observed.live_here.contains(uid)
                && K::PROFILE.names(&remote.id)
                && !view.observed.neighbours.contains_key(uid)
            {
                let neighbour = self.ctx.lookups.live.neighbour(Uid::of(uid), self.ctx.config.default_deletion);
                view.observed.neighbours.extend(neighbour.map(|neighbour| (uid.to_owned(), neighbour)));
            }
            let private = remote.fields.get("Accessibility").is_some_and(|value| value == "PRIVATE");
            if let (true, true, Some(principal)) =
                (private, view.recorded.id.as_ref() == Some(&remote.id), &view.recorded.principal)
            {
                self.account.inventory.sees(principal);
            }
        }
    }
}

/// The inventory and the objects in view, as a view asks them.
struct PassIndex<'a> {
    inventory: &'a Inventory,
    live: &'a LiveObjects,
}

impl Index for PassIndex<'_> {
    fn is_swept(&self, workspace: &str) -> bool {
        self.inventory.is_swept(workspace)
    }

    fn children_known(&self, dataset: &str, collection: &str) -> bool {
        self.inventory.children_known(dataset, collection)
    }

    fn is_gone(&self, id: &RemoteId) -> bool {
        self.inventory.is_gone(id)
    }

    fn get(&self, id: &RemoteId) -> Option<Arc<Remote>> {
        self.inventory.get(id)
    }

    fn owned(&self, owners: &[String], within: Option<(&str, &str)>) -> Vec<Arc<Remote>> {
        self.inventory.owned(owners, within)
    }

    fn is_refused(&self, dataset: &str) -> bool {
        self.inventory.is_refused(dataset)
    }

    fn recorded_elsewhere(&self, id: &RemoteId, uid: &str) -> bool {
        self.inventory.recorded_elsewhere(id, uid)
    }

    fn can_see(&self, principal: &str) -> bool {
        self.inventory.can_see(principal)
    }

    fn lives_here(&self, uid: &str) -> bool {
        self.live.lives_here(Uid::of(uid))
    }
}
