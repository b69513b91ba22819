//! What a reconcile knows right now, as one value for `plan`: the object, what is wanted, what this process remembers,
//! what it read, and what the inventory knows besides.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::time::Instant;

use crate::plan::account::absence_counts;
use crate::plan::aftermath::place_is_swept;
use crate::plan::view::{Observation, View};
use crate::reconcile::kind::Kind;
use crate::reconcile::pass::{Pass, random_hex};
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
        self.look_at_index(&mut view);
        view
    }

    /// Fills in what the inventory knows and this reconcile did not read itself.
    fn look_at_index(&self, view: &mut View) {
        let inventory = &self.account.inventory;
        let target = view.target();
        let dataset = target.as_ref().and_then(|target| target.dataset_id.clone());
        view.observed.delete_refused = view.recorded.id.as_ref().is_some_and(|id| inventory.is_refused(id.root()));
        let mut ids: BTreeSet<RemoteId> = view.recorded.id.iter().cloned().collect();
        ids.extend(view.recorded.id.iter().map(|id| RemoteId::new(id.root())));
        ids.extend(dataset.clone().map(RemoteId::new));
        view.observed.swept = self.in_hand
            || place_is_swept(
                target.as_ref().map(|target| inventory.is_swept(&target.workspace)),
                dataset.as_ref().map(|dataset| inventory.versions_known(dataset)),
                K::PROFILE.is_nested() && ids.iter().any(|id| inventory.is_gone(id)),
            );
        if !view.observed.owned_is_fresh && target.is_some() {
            view.observed.owned = inventory.owned(&view.config.identity.owner_values(&view.owner), dataset.as_deref());
        }
        ids.extend(view.observed.owned.iter().map(|remote| remote.id.clone()));
        for id in ids {
            self.look_up(view, id);
        }
        if let (Some(id), Some(inner)) = (&view.recorded.id, K::PROFILE.inner) {
            let first = id.join(inner);
            let latest = view.observation(id).and_then(Observation::remote).and_then(|remote| remote.latest.as_deref());
            match latest.filter(|latest| latest.id == first).cloned() {
                // The row of the dataset is open already, and holds v1.
                Some(latest) => {
                    let listed = || Observation::Listed(Arc::new(latest));
                    view.observed.remotes.entry(first).or_insert_with(listed);
                }
                None => self.look_up(view, first),
            }
        }
        self.who_is_who(view);
    }

    /// Adds what the inventory knows of one remote, unless this reconcile knows better.
    fn look_up(&self, view: &mut View, id: RemoteId) {
        let inventory = &self.account.inventory;
        if view.observed.remotes.contains_key(&id) {
            return;
        }
        let sight =
            if inventory.is_gone(&id) { Some(Observation::Gone) } else { inventory.get(&id).map(Observation::Listed) };
        if let Some(sight) = sight {
            view.observed.remotes.insert(id, sight);
        }
    }

    /// Adds which marks name objects that live here, and whether absences count.
    fn who_is_who(&self, view: &mut View) {
        let inventory = &self.account.inventory;
        let visible = |named: &str| inventory.can_see(named);
        view.observed.absence_counts =
            self.in_hand || absence_counts(view.named_principal(), &view.account.caller, visible);
        let sights = view.observed.remotes.values().filter_map(Observation::remote);
        let remotes: Vec<_> =
            sights.chain(&view.observed.owned).chain(view.observed.named.iter().flatten()).cloned().collect();
        for remote in remotes {
            if let Some(uid) = remote.mark.as_ref().and_then(RawMark::uid).filter(|uid| *uid != view.object.uid)
                && self.ctx.lookups.live.lives_here(Uid::of(uid))
            {
                view.observed.live_here.insert(uid.to_owned());
                // A version always sees the mark of its Dataset too, and no message of a version names that owner.
                if K::PROFILE.names(&remote.id) && !view.observed.neighbours.contains_key(uid) {
                    let neighbour = self.ctx.lookups.live.neighbour(Uid::of(uid), self.ctx.config.default_deletion);
                    view.observed.neighbours.extend(neighbour.map(|neighbour| (uid.to_owned(), neighbour)));
                }
            }
            if inventory.recorded_elsewhere(&remote.id, &view.object.uid) {
                view.observed.recorded_elsewhere.insert(remote.id.clone());
            }
            let private = remote.fields.get("Accessibility").is_some_and(|value| value == "PRIVATE");
            if let (true, true, Some(principal)) =
                (private, view.recorded.id.as_ref() == Some(&remote.id), &view.recorded.principal)
            {
                inventory.sees(principal);
            }
        }
    }
}
