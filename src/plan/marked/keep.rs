//! An object with its remote: keep the remote equal to the spec, and notice when it is gone or somebody else's.

use std::sync::Arc;

use super::attempt::create;
use super::ends::{edit, end, stuck, unwritable, working};
use super::known::{fixed_conflicts, not_found};
use super::owner::{self, owned_by_other};
use super::record::record;
use super::{keyed, surplus, unmarked};
use crate::api::condition::Reason;
use crate::plan::desired::Desired;
use crate::plan::edit::{Comparison, Edit};
use crate::plan::futile::TRIES;
use crate::plan::report::{Next, Ready, Report};
use crate::plan::step::{Look, Step};
use crate::plan::view::{Observation, View};
use crate::remote::Remote;
use crate::remote::carrier::Carrier;
use crate::remote::fields::{Fields, lower_camel};
use crate::remote::id::RemoteId;
use crate::remote::mark::{Origin, Ownership};
use crate::words::shown;

/// The next step for an object with a recorded remote.
pub(super) fn keep(view: &View, id: &RemoteId) -> Step {
    let desired = match &view.desired {
        Ok(desired) => desired,
        Err(hold) => return end(hold.clone()),
    };
    let asked = view.object.requested.is_some() && view.object.requested != view.recorded.handled;
    let remote = match view.observation(id) {
        Some(Observation::Gone) => return gone(view, desired, id),
        Some(Observation::Read(remote)) => remote,
        Some(Observation::Listed(_)) if moved(desired, id) => return Step::Read(id.clone()),
        Some(Observation::Listed(remote)) if !asked && on_demand(view) => {
            return match (view.profile.compare)(view, desired, remote) {
                Ok(comparison) => available(view, &comparison),
                Err(why) => unwritable(view, &why),
            };
        }
        Some(Observation::Listed(remote)) if !asked && !due(view) => remote,
        Some(Observation::Listed(_)) | None if view.observed.swept => return Step::Read(id.clone()),
        Some(Observation::Listed(_)) | None => return Step::Look(Look::Sweep),
    };
    if let Some(dataset) = &desired.target.dataset_id
        && moved(desired, id)
    {
        return working(
            Reason::DependencyNotReady,
            format!("the Dataset of this version is now {dataset}, but it belongs to {id}; delete one of the two"),
            Next::Event,
        );
    }
    if !desired.bind
        && let Some(step) = ownership(view, remote)
    {
        return step;
    }
    let conflicts = fixed_conflicts(view, desired);
    if !conflicts.is_empty() {
        return immutable_changed(view, &conflicts);
    }
    if let Some(step) = surplus::remove(view, remote) {
        return step;
    }
    let comparison = match (view.profile.compare)(view, desired, remote) {
        Ok(comparison) => comparison,
        Err(why) => return unwritable(view, &why),
    };
    if let Some(look) = comparison.needs {
        return look;
    }
    if let Some(refused) = &view.observed.name_refused {
        return name_refused(view, desired, refused);
    }
    match comparison.edits.first() {
        Some(edit) => not_shown(view, id).unwrap_or_else(|| Step::Edit(Box::new(edit.clone()))),
        None => available(view, &comparison),
    }
}

/// The step while the service may still show the remote as it was before our last change: what a read shows then is no
/// drift. A new spec is not held up.
fn not_shown(view: &View, id: &RemoteId) -> Option<Step> {
    let left = view.profile.update_lag.saturating_sub(view.state.edited_age?);
    let was_read = matches!(view.observation(id), Some(Observation::Read(_)));
    let seen = view.recorded.observed_generation == view.object.generation;
    let waits = was_read && seen && !left.is_zero();
    waits.then(|| {
        let minutes = view.profile.update_lag.as_secs() / 60;
        let message = format!("the service may take up to {minutes} minutes to show a change; {id} is read again then");
        working(Reason::Progressing, message, Next::After(left))
    })
}

/// Does the Dataset of this version stand for another dataset now? The row of the version may be older than that.
pub(super) fn moved(desired: &Desired, id: &RemoteId) -> bool {
    id.child().is_some() && desired.target.dataset_id.as_ref().is_some_and(|dataset| *dataset != id.root())
}

/// The service refused a new name because it is taken: a list shows which dataset has it.
fn name_refused(view: &View, desired: &Desired, refused: &Report) -> Step {
    let name = desired.mutable.get("Name").and_then(serde_json::Value::as_str).unwrap_or_default();
    if view.observed.named.is_none() {
        return Step::Look(Look::Named(name.to_owned()));
    }
    let (message, about) = owner::name_taken(view, name);
    let ready = Ready::Stuck(Reason::NameTaken, message);
    Step::Report(Box::new(Report { ready, about, ..refused.clone() }))
}

fn available(view: &View, comparison: &Comparison) -> Step {
    let next = view.object.poll.filter(|poll| !poll.is_zero()).map_or(Next::Event, Next::After);
    let normalised = normalised(comparison);
    let message = match normalised {
        None => "the cloud dataset equals the spec",
        Some(_) => {
            "the cloud dataset equals the spec but for what the service keeps otherwise, see the condition Drifted"
        }
    };
    let mut report = Report::new(Ready::Available(message.to_owned()), next);
    report.normalised = normalised;
    report.duplicates = surplus::reported(view);
    Step::Report(Box::new(report))
}

/// The message about the fields that are left as the service keeps them.
pub(super) fn normalised(comparison: &Comparison) -> Option<String> {
    let told: Vec<_> = comparison
        .left
        .iter()
        .map(|left| {
            let (wanted, found) = (shown(left.wanted.as_ref()), shown(left.found.as_ref()));
            format!("{} is {wanted}, the service shows {found}", left.field.path())
        })
        .collect();
    (!told.is_empty()).then(|| {
        format!(
            "{}; sent {TRIES} times and shown otherwise each time, so it is left as the service keeps it: change the \
             spec to that, or find out what else writes it; it is sent again when the spec or the remote changes, or \
             a reconcile is requested",
            told.join("; ")
        )
    })
}

/// `poll-interval: "0"`: a spec that was carried out is compared again only when asked for.
fn on_demand(view: &View) -> bool {
    view.carried_out() && view.object.poll == Some(std::time::Duration::ZERO)
}

/// `poll-interval`: is it time to read the remote again?
fn due(view: &View) -> bool {
    let interval = view.object.poll.filter(|poll| !poll.is_zero());
    // What is always read on a timer is not read all at once after a restart.
    let age = view.state.read_age.or(view.profile.polls.then_some(view.state.uncertain_for));
    interval.is_some_and(|interval| age.is_none_or(|age| age >= interval))
}

/// Section 5, column "edit": `None` means act.
pub(super) fn ownership(view: &View, remote: &Arc<Remote>) -> Option<Step> {
    let origin = view.recorded.origin.unwrap_or(Origin::Created);
    match view.ownership(remote) {
        Ownership::Mine { released: false, .. } => None,
        // An older copy will not do: the object may have released the remote since.
        Ownership::Mine { released: true, .. } if !view.observed.object_is_fresh => Some(Step::Reread),
        Ownership::Mine { released: true, .. } => Some(edit(view, Edit::clear_released(view.profile.codec, remote))),
        Ownership::Nobody if view.key().is_some() && keyed::was_replaced(view, remote) => {
            Some(keyed::replaced(view, remote))
        }
        // Users may edit the text: the mark is put back with the next change of it, and until then status is the proof.
        Ownership::Nobody if view.profile.codec.carrier() != Carrier::Labels => None,
        Ownership::Predecessor { .. }
        | Ownership::Released
        | Ownership::Dead
        | Ownership::Forged
        | Ownership::Nobody => {
            if let Some(made) = surplus::made_elsewhere(view) {
                return Some(stuck(
                    Reason::OwnedByOther,
                    format!(
                        "{} does not carry this object's {}, but {made} carries those of its create request; nothing is \
                         sent to either: delete this object and apply it again to use {made}, or delete {made} to keep \
                         {}",
                        remote.id,
                        view.mark_words(),
                        remote.id
                    ),
                ));
            }
            if let Some(step) = surplus::look_for_made(view, Reason::Uncertain) {
                return Some(step);
            }
            if !view.observed.object_is_fresh {
                return Some(Step::Reread);
            }
            let nonce = view.recorded.attempt.as_ref().map(|attempt| attempt.nonce.clone());
            let nonce = nonce.unwrap_or_else(|| format!("{}{}", origin.letter(), view.state.fresh));
            let mark = view.mark(&nonce);
            Some(edit(view, Edit::mark(view.profile.codec, remote, &mark)))
        }
        Ownership::Other => Some(owned_by_other(view, remote, "now belongs to", "nothing is sent to it")),
    }
}

/// Immutable fields differ: by an edit while the create was under way, or because the adopted remote had others.
pub(super) fn immutable_changed(view: &View, conflicts: &Fields) -> Step {
    let list: Vec<_> = conflicts
        .iter()
        .map(|(name, wanted)| {
            let recorded = view.recorded.fixed.get(name);
            let made = recorded.map_or_else(|| "was made without it".to_owned(), |value| format!("has {value}"));
            format!("spec.{} is {wanted}, the cloud dataset {made}", lower_camel(name))
        })
        .collect();
    let instead = match view.recorded.origin {
        Some(Origin::Adopted) => {
            "these cannot change, and the adopted one keeps its own: change the spec to that, leave the field out \
             (beside adoption.datasetId or adoption.versionName), or adopt another one with a new object"
        }
        Some(Origin::Created) | None => {
            "these cannot change after creation: take the edit back, or create a new object"
        }
    };
    stuck(Reason::ImmutableChanged, format!("{}; {instead}", list.join("; ")))
}

/// The remote was not found: is it known gone, and what follows then? (6.3)
fn gone(view: &View, desired: &Desired, id: &RemoteId) -> Step {
    if !view.observed.swept && !desired.bind {
        return Step::Look(Look::Sweep);
    }
    if !view.known_gone(id) && !desired.bind {
        return not_found(view, id);
    }
    if let Some((nonce, remote)) = view.mine_elsewhere().first() {
        return record(view, remote, nonce, true);
    }
    if desired.recreate && !desired.bind {
        let again = if view.profile.is_unmarked() { unmarked::make } else { create };
        return without_dataset(view, desired, id).unwrap_or_else(|| again(view, desired));
    }
    if desired.bind {
        return stuck(
            Reason::RemoteDeleted,
            format!("{id} is gone with its dataset; delete this object, or bind v1 of another dataset with a new one"),
        );
    }
    stuck(
        Reason::RemoteDeleted,
        format!(
            "{id} was deleted outside Kubernetes; set onExternalDeletion: Recreate to have it created again, or delete \
             this object"
        ),
    )
}

/// A version is made again only in a dataset that exists.
fn without_dataset(view: &View, desired: &Desired, id: &RemoteId) -> Option<Step> {
    if id.child().is_none() || desired.target.dataset_id.as_deref() != Some(id.root()) {
        return None;
    }
    let dataset = RemoteId::new(id.root());
    match view.observation(&dataset) {
        None => Some(Step::Read(dataset)),
        Some(Observation::Gone) => Some(working(
            Reason::DependencyNotReady,
            format!(
                "{id} is gone with its dataset; it is made again once its Dataset has another one: set \
                 onExternalDeletion: Recreate there too, or delete this object"
            ),
            Next::Event,
        )),
        Some(Observation::Listed(_) | Observation::Read(_)) => None,
    }
}
