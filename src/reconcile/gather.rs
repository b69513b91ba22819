//! What a pass knows right now, as one value: the object, what is wanted, what this process remembers, what this pass
//! read, and what the index knows besides.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::time::Instant;

use crate::plan::view::{Sight, View};
use crate::reconcile::kind::Kind;
use crate::reconcile::pass::{Pass, random_hex};
use crate::remote::id::RemoteId;
use crate::remote::mark::{Owner, marked_uid};
use crate::remote::uid::Uid;

impl<K: Kind> Pass<'_, K> {
    /// Everything known right now, as values.
    pub(super) fn view(&mut self) -> View {
        let ctx = self.ctx;
        let (desired, relations) = self.wanted().clone();
        let (object, recorded) = (self.facts.clone(), self.recorded.clone());
        // A new one for each decision: a pass may claim twice, and those are two attempts.
        let fresh = random_hex();
        let mut process = ctx.memories.with(&object.uid, |memory| memory.process(&object, Instant::now(), &fresh));
        process.predecessor_in_doubt = ctx.memories.has_left_a_doubt(&object);
        let mut view = View {
            owner: Owner {
                kind: format!("{}.{}", K::PROFILE.name, crate::api::names::GROUP),
                namespace: object.namespace.clone(),
                name: object.name.clone(),
            },
            profile: K::PROFILE,
            deletion: K::deletion(&self.object),
            seen: self.seen.clone(),
            world: ctx.world.clone(),
            object,
            recorded,
            desired,
            relations,
            process,
        };
        self.look_at_index(&mut view);
        view
    }

    /// Fills in what the index knows and this pass did not read itself.
    fn look_at_index(&self, view: &mut View) {
        let index = &self.ctx.index;
        let target = view.target();
        let dataset = target.as_ref().and_then(|target| target.dataset_id.clone());
        view.seen.swept = target.as_ref().is_some_and(|target| {
            index.is_swept(&target.workspace) && dataset.as_ref().is_none_or(|dataset| index.versions_known(dataset))
        });
        view.seen.delete_refused = view.recorded.id.as_ref().is_some_and(|id| index.is_refused(id.root()));
        let mut ids: BTreeSet<RemoteId> = view.recorded.id.iter().cloned().collect();
        ids.extend(view.recorded.id.iter().map(|id| RemoteId::new(id.root())));
        ids.extend(dataset.clone().map(RemoteId::new));
        if K::PROFILE.is_nested() {
            view.seen.swept |= ids.iter().any(|id| index.is_gone(id));
        }
        if !view.seen.owned_is_fresh && target.is_some() {
            view.seen.owned = index.owned(&view.world.identity.owner_values(&view.owner), dataset.as_deref());
        }
        ids.extend(view.seen.owned.iter().map(|remote| remote.id.clone()));
        for id in ids {
            self.look_up(view, id);
        }
        if let (Some(id), Some(inner)) = (&view.recorded.id, K::PROFILE.inner) {
            let first = id.join(inner);
            let latest = view.sight(id).and_then(Sight::remote).and_then(|remote| remote.latest.as_deref());
            match latest.filter(|latest| latest.id == first).cloned() {
                // The row of the dataset was opened for it already.
                Some(latest) => drop(view.seen.sights.entry(first).or_insert_with(|| Sight::Indexed(Arc::new(latest)))),
                None => self.look_up(view, first),
            }
        }
        self.who_is_who(view);
    }

    /// What the index knows of one remote, unless this pass knows better.
    fn look_up(&self, view: &mut View, id: RemoteId) {
        let index = &self.ctx.index;
        if view.seen.sights.contains_key(&id) {
            return;
        }
        let sight = if index.is_gone(&id) { Some(Sight::Gone) } else { index.get(&id).map(Sight::Indexed) };
        if let Some(sight) = sight {
            view.seen.sights.insert(id, sight);
        }
    }

    /// Which marks name objects that live here, and whether absences count.
    fn who_is_who(&self, view: &mut View) {
        let index = &self.ctx.index;
        let stored = view.object.intent.own().map(|intent| intent.principal.clone());
        let named = stored.or_else(|| view.recorded.principal.clone());
        view.seen.absence_counts = named.is_none_or(|named| named == view.world.principal || index.can_see(&named));
        let sights = view.seen.sights.values().filter_map(Sight::remote);
        let remotes: Vec<_> = sights.chain(&view.seen.owned).chain(view.seen.named.iter().flatten()).cloned().collect();
        for remote in remotes {
            if let Some(uid) = marked_uid(&remote.labels).filter(|uid| *uid != view.object.uid)
                && (self.ctx.lives_here)(uid)
            {
                view.seen.live_here.insert(uid.to_owned());
                // A version sees the mark of its Dataset all the time, and asks nothing about it.
                if K::PROFILE.names(&remote.id) && !view.seen.neighbours.contains_key(uid) {
                    let neighbour = (self.ctx.neighbour)(Uid::of(uid));
                    view.seen.neighbours.extend(neighbour.map(|neighbour| (uid.to_owned(), neighbour)));
                }
            }
            if index.recorded_elsewhere(&remote.id, &view.object.uid) {
                view.seen.recorded_elsewhere.insert(remote.id.clone());
            }
            let private = remote.fields.get("Accessibility").is_some_and(|value| value == "PRIVATE");
            if let (true, true, Some(principal)) =
                (private, view.recorded.id.as_ref() == Some(&remote.id), &view.recorded.principal)
            {
                index.sees(principal);
            }
        }
    }
}
