//! What a reconcile knows right now, as one value for `plan`: the object, what is wanted, what this process remembers,
//! what it read, and what the inventory knows besides.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, ResourceExt};
use tokio::time::Instant;

use crate::environment;
use crate::inventory::Inventory;
use crate::plan::index::Index;
use crate::plan::neighbour::Neighbour;
use crate::plan::view::View;
use crate::reconcile::kind::{AnyKind, Kind};
use crate::reconcile::live_objects::LiveObjects;
use crate::reconcile::pass::{Pass, random_hex};
use crate::remote::Remote;
use crate::remote::carrier::Carrier;
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
        state.now = environment::now();
        state.predecessor_uncertain = ctx.states.has_left_a_doubt(&object);
        let mut view = View {
            owner: owner::<K>(self.object.meta()),
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
        if let Carrier::Text(_) = K::PROFILE.codec.carrier() {
            // A mark in a text names no uid; the only object that it can stand for is the one that has this name now.
            let namesake = ctx.lookups.live.get::<K>(&self.key().name).and_then(|object| object.uid());
            view.observed.live_here.extend(namesake.filter(|uid| *uid != view.object.uid));
        }
        self.meet_neighbours(&mut view);
        view
    }

    /// Adds the objects here whose marks were seen, so that messages can name them.
    fn meet_neighbours(&self, view: &mut View) {
        for remote in view.seen().cloned().collect::<Vec<_>>() {
            // A version always sees the mark of its Dataset too, and no message of a version names that owner.
            if let Some(mark) = remote.mark.as_ref().filter(|_| K::PROFILE.names(&remote.id))
                && let Some(named) = mark.named().filter(|named| !view.observed.neighbours.contains_key(*named))
            {
                let neighbour = self.neighbour(view, mark, named);
                view.observed.neighbours.extend(neighbour.map(|neighbour| (named.to_owned(), neighbour)));
            }
            let private = remote.fields.get("Accessibility").is_some_and(|value| value == "PRIVATE");
            if let (true, true, Some(principal)) =
                (private, view.recorded.id.as_ref() == Some(&remote.id), &view.recorded.principal)
            {
                self.account.inventory.sees(&remote.id, principal);
            }
        }
    }

    /// The other object here that this mark names in this way.
    fn neighbour(&self, view: &View, mark: &RawMark, named: &str) -> Option<Neighbour> {
        let (live, default) = (&self.ctx.lookups.live, self.ctx.config.default_deletion);
        match mark.uid() {
            Some(uid) => view.observed.live_here.contains(uid).then(|| live.neighbour(Uid::of(uid), default))?,
            None if !matches!(K::PROFILE.codec.carrier(), Carrier::Text(_)) => None,
            None if view.owner_values().iter().any(|own| own == named) => None,
            None => {
                let identity = &view.config.identity;
                let is = |owner: &Owner| identity.owner_values_in_text(owner).iter().any(|value| value == named);
                live.neighbour_of(K::PROFILE.name, &|object| is(&owner::<K>(object)), default)
            }
        }
    }
}

/// The owner that the marks of this object name.
pub(super) fn owner<K: AnyKind>(object: &ObjectMeta) -> Owner {
    Owner {
        kind: format!("{}.{}", K::NAME, K::Object::group(&())),
        namespace: object.namespace.clone().unwrap_or_default(),
        name: object.name.clone().unwrap_or_default(),
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
