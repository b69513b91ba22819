//! An object with its remote: keep the remote equal to the spec, and notice when it is gone or somebody else's.

use std::sync::Arc;

use super::super::desired::Desired;
use super::super::fields::{Fields, lower_camel};
use super::super::mark::{Origin, Whose};
use super::super::recorded::RemoteId;
use super::super::report::{Next, Ready, Report};
use super::super::view::{Remote, Sight, View};
use super::changes::{changes, normalised};
use super::create::{conflicts, create, record};
use super::owner::{self, owned_by_other};
use super::{Step, end, stuck, surplus, working};
use crate::api::condition::Reason;
use crate::api::names::MARK_RELEASED;

/// The remote is recorded.
pub(super) fn keep(view: &View, id: &RemoteId) -> Step {
    let desired = match &view.desired {
        Ok(desired) => desired,
        Err(hold) => return end(hold.clone()),
    };
    let asked = view.object.requested.is_some() && view.object.requested != view.recorded.handled;
    let remote = match view.sight(id) {
        Some(Sight::Gone) => return gone(view, desired, id),
        Some(Sight::Read(remote)) => remote,
        Some(Sight::Indexed(_)) if moved(desired, id) => return Step::Fetch(id.clone()),
        Some(Sight::Indexed(remote)) if !asked && on_demand(view) => return available(view, desired, remote),
        Some(Sight::Indexed(remote)) if !asked && !due(view) => remote,
        Some(Sight::Indexed(_)) | None if view.seen.swept => return Step::Fetch(id.clone()),
        Some(Sight::Indexed(_)) | None => return Step::Sweep,
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
        && let Some(step) = whose(view, remote)
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
    if lacks_first(view, desired, remote) {
        // A list that its DatasetVersions can use as well.
        if view.seen.versions.is_none() {
            return Step::ListVersions(id.dataset.clone());
        }
        return Step::Fetch(RemoteId::version(id.dataset.clone(), "v1"));
    }
    if let Some(refused) = &view.seen.name_refused {
        return name_refused(view, desired, refused);
    }
    if let Some(change) = changes(view, desired, remote).into_iter().next() {
        return Step::Change(id.clone(), change);
    }
    available(view, desired, remote)
}

/// A version of a dataset that its Dataset does not stand for any more. What the index says of it may be older than that.
fn moved(desired: &Desired, id: &RemoteId) -> bool {
    id.version.is_some() && desired.target.dataset_id.as_ref().is_some_and(|dataset| *dataset != id.dataset)
}

/// The service refused a new name: a list says who has it.
fn name_refused(view: &View, desired: &Desired, refused: &Report) -> Step {
    let name = desired.mutable.get("Name").and_then(serde_json::Value::as_str).unwrap_or_default();
    if view.seen.named.is_none() {
        return Step::FindNamed(name.to_owned());
    }
    let (message, about) = owner::name_taken(view, name);
    let ready = Ready::Stuck(Reason::NameTaken, message);
    Step::Report(Box::new(Report { ready, about, ..refused.clone() }))
}

fn available(view: &View, desired: &Desired, remote: &Remote) -> Step {
    let next = view.object.poll.filter(|poll| !poll.is_zero()).map_or(Next::Event, Next::After);
    let normalised = normalised(view, desired, remote);
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

/// `poll-interval: "0"`: a spec that was carried out is compared again only when asked for.
fn on_demand(view: &View) -> bool {
    view.carried_out() && view.object.poll == Some(std::time::Duration::ZERO)
}

/// `poll-interval`: time for a read of its own.
fn due(view: &View) -> bool {
    let interval = view.object.poll.filter(|poll| !poll.is_zero());
    interval.is_some_and(|interval| view.process.read_age.is_none_or(|age| age >= interval))
}

/// Section 5, column "edit": `None` means act.
fn whose(view: &View, remote: &Arc<Remote>) -> Option<Step> {
    let origin = view.recorded.origin.unwrap_or(Origin::Created);
    match view.whose(remote) {
        Whose::Mine { released: false, .. } => None,
        // An older copy may be of an object that let go of it since.
        Whose::Mine { released: true, .. } if !view.seen.object_is_fresh => Some(Step::Reread),
        Whose::Mine { released: true, .. } => Some(Step::Unrelease(remote.id.clone())),
        Whose::Predecessor { .. } | Whose::Released | Whose::Dead | Whose::Forged | Whose::Nobody => {
            if let Some(made) = surplus::made_elsewhere(view) {
                return Some(stuck(
                    Reason::OwnedByOther,
                    format!(
                        "{} does not carry this object's ownership labels, but {made} carries those of its create request; \
                         nothing is sent to either: delete this object and apply it again to use {made}, or delete \
                         {made} to keep {}",
                        remote.id, remote.id
                    ),
                ));
            }
            if let Some(step) = surplus::look_for_made(view, Reason::Uncertain) {
                return Some(step);
            }
            if !view.seen.object_is_fresh {
                return Some(Step::Reread);
            }
            let nonce = view.recorded.attempt.as_ref().map(|attempt| attempt.nonce.clone());
            let nonce = nonce.unwrap_or_else(|| format!("{}{}", origin.letter(), view.process.fresh));
            let mark = view.world.identity.mark(&view.owner, &view.object.uid, &nonce);
            Some(Step::Mark(remote.id.clone(), mark))
        }
        Whose::Other => Some(owned_by_other(view, remote, "now belongs to", "nothing is sent to it")),
    }
}

/// Immutables of the spec that differ from what was recorded.
pub(super) fn fixed_conflicts(view: &View, desired: &Desired) -> Fields {
    conflicts(desired, &view.recorded.fixed)
}

/// By an edit that came while the create was on its way, or because what was adopted never was as the spec says.
fn immutable_changed(view: &View, conflicts: &Fields) -> Step {
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

/// Not found: is it known gone, and what then? (6.3)
fn gone(view: &View, desired: &Desired, id: &RemoteId) -> Step {
    if !view.seen.swept && !desired.bind {
        return Step::Sweep;
    }
    if !view.known_gone(id) && !desired.bind {
        return not_found(view, id);
    }
    if let Some((nonce, remote)) = view.mine_elsewhere().first() {
        return record(view, remote, nonce, true);
    }
    if desired.recreate && !desired.bind {
        return without_dataset(view, desired, id).unwrap_or_else(|| create(view, desired));
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
    if id.version.is_none() || desired.target.dataset_id.as_ref() != Some(&id.dataset) {
        return None;
    }
    let dataset = RemoteId::dataset(id.dataset.clone());
    match view.sight(&dataset) {
        None => Some(Step::Fetch(dataset)),
        Some(Sight::Gone) => Some(working(
            Reason::DependencyNotReady,
            format!(
                "{id} is gone with its dataset; it is made again once its Dataset has another one: set \
                 onExternalDeletion: Recreate there too, or delete this object"
            ),
            Next::Event,
        )),
        Some(Sight::Indexed(_) | Sight::Read(_)) => None,
    }
}

/// Not found, and not known gone yet.
pub(super) fn not_found(view: &View, id: &RemoteId) -> Step {
    working(
        Reason::Uncertain,
        format!("{id} was not found; the operator looks again before it treats it as deleted"),
        Next::After(view.world.list_lag.max(std::time::Duration::from_secs(1))),
    )
}

/// The spec manages v1 as well, and what it is like is not known.
pub(super) fn lacks_first(view: &View, desired: &Desired, remote: &Remote) -> bool {
    !desired.first.is_empty() && remote.id.version.is_none() && first_of(view, remote).is_none()
}

/// v1 of a dataset: as read in this pass, or else its newest version as long as there is only one.
pub(in super::super) fn first_of<'a>(view: &'a View, remote: &'a Remote) -> Option<&'a Remote> {
    let id = RemoteId::version(remote.id.dataset.clone(), "v1");
    let seen = view.sight(&id);
    let latest = remote.latest.as_deref().filter(|latest| latest.id == id);
    match seen {
        Some(Sight::Read(read)) => Some(read),
        Some(Sight::Indexed(_) | Sight::Gone) | None => latest.or_else(|| seen?.remote().map(Arc::as_ref)),
    }
}

/// Is `dso-released` on this remote?
pub(super) fn is_released(remote: &Remote) -> bool {
    remote.labels.contains_key(MARK_RELEASED)
}

/// Not found in this pass, or deleted by us.
pub(super) fn is_gone(view: &View, id: &RemoteId) -> bool {
    view.sight(id) == Some(&Sight::Gone)
}
