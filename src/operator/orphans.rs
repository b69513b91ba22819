//! Orphans: datasets and versions that carry this operator's mark and that no object here stands for. They are never
//! touched. After each round of the inventory, those that the round before showed as well are reported, once, as events
//! and in the log: after a declared move the objects need a moment to take over what is theirs.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::watch;

use crate::api::EventReason;
use crate::events::{self, EventRecorder};
use crate::inventory::Inventory;
use crate::reconcile::lookups::Lookups;
use crate::remote::id::RemoteId;

/// How many orphans of a round get an event each; the others share one.
const MOST: usize = 10;

/// Reports orphans of an account as events of the namespace that the operator runs in. Never ends by itself.
pub(super) async fn watch(
    inventory: Arc<Inventory>,
    lookups: Arc<Lookups>,
    recorder: EventRecorder,
    namespace: String,
    mut rounds: watch::Receiver<u64>,
) {
    let (mut known, mut before) = (HashSet::<RemoteId>::new(), HashSet::<RemoteId>::new());
    while rounds.changed().await.is_ok() {
        if !lookups.live.is_complete() {
            continue;
        }
        let now: HashSet<RemoteId> = inventory.orphans(|uid| lookups.live.lives_here(uid)).into_iter().collect();
        known.retain(|id| now.contains(id));
        let mut new: Vec<&RemoteId> = now.iter().filter(|id| before.contains(*id) && !known.contains(*id)).collect();
        new.sort();
        for id in new.iter().take(MOST) {
            tracing::warn!(
                cloudId = %id,
                "an orphan: it carries this operator's ownership labels, and its object does not exist here"
            );
            let way_back = match id.child() {
                None => "adopt it with adoption.datasetId",
                Some(_) => "apply its DatasetVersion again under the same name",
            };
            let note = format!(
                "{id} carries this operator's ownership labels, but its object does not exist here; {way_back}, or delete it in the \
                 console"
            );
            recorder.tell(events::namespace(&namespace), EventReason::OrphanFound, &note);
        }
        if let Some(more) = new.len().checked_sub(MOST).filter(|more| *more > 0) {
            let note = format!(
                "{more} more datasets or versions carry this operator's ownership labels, and their objects do not exist here"
            );
            recorder.tell(events::namespace(&namespace), EventReason::OrphanFound, &note);
        }
        known.extend(new.into_iter().cloned());
        before = now;
    }
}
