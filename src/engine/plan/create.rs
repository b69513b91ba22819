//! An object without a remote: look first, then take what is its own, adopt what it was told to, or create.

use std::sync::Arc;

use super::super::desired::{Desired, Policy};
use super::super::fields::{Fields, hash};
use super::super::mark::{Labels, Origin, Whose};
use super::super::recorded::{Ended, Outcome, RemoteId};
use super::super::report::About;
use super::super::view::{Remote, Sight, View};
use super::changes::FIRST_PREFIX;
use super::keep::{first_of, lacks_first};
use super::owner::{adoption, owned_by_other, told};
use super::{Flight, Landed, Record, Step, changes, label_keys, next_intent, stuck, working};
use crate::api::condition::Reason;

/// Nothing is recorded and nothing is in doubt.
pub(super) fn make(view: &View, desired: &Desired) -> Step {
    if let Some(id) = &desired.adopt {
        return adopt(view, desired, id);
    }
    // 3.1 Look first.
    if !view.seen.swept {
        return Step::Sweep;
    }
    if let Some((nonce, remote)) = view.mine_elsewhere().first() {
        return record(view, remote, nonce, true);
    }
    for remote in &view.seen.owned {
        match view.whose(remote) {
            Whose::Predecessor { nonce } if desired.policy == Policy::CreateOnly => {
                let message = format!(
                    "{} was made by an earlier {} of this name (attempt {nonce}) and adoption.policy is CreateOnly; set \
                     {} to take it, or delete it",
                    remote.id,
                    view.owner.kind,
                    adoption(remote)
                );
                return told(Reason::NameTaken, message, vec![About::shown(remote)]);
            }
            // A sweep may lag behind a delete: read it before taking it.
            Whose::Predecessor { .. } => match view.sight(&remote.id) {
                Some(Sight::Gone) => {}
                Some(Sight::Read(read)) => return take(view, desired, read),
                Some(Sight::Indexed(_)) | None => return Step::Fetch(remote.id.clone()),
            },
            Whose::Released => {
                let message = format!(
                    "{} was retained when an earlier object of this name was deleted; set {} to take it back, or delete \
                     it in the console to get a new one",
                    remote.id,
                    adoption(remote)
                );
                return told(Reason::NameTaken, message, vec![About::shown(remote)]);
            }
            Whose::Forged => return forged(remote),
            Whose::Mine { .. } | Whose::Other | Whose::Dead | Whose::Nobody => {}
        }
    }
    match (desired.policy, desired.create.get("Name").and_then(serde_json::Value::as_str)) {
        (Policy::Only, _) => stuck(
            Reason::AdoptionNotFound,
            "adoption.policy is AdoptOnly and no dataset carries this object's ownership labels; set adoption.datasetId",
        ),
        (Policy::ByName, Some(name)) => by_name(view, desired, name),
        (Policy::ByName | Policy::IfMarked | Policy::CreateOnly, _) => create(view, desired),
    }
}

/// Permit first, then the claim; the create follows in flight (3.2).
pub(super) fn create(view: &View, desired: &Desired) -> Step {
    if !view.seen.permit {
        return Step::Permit;
    }
    match next_intent(view, Origin::Created, desired.hash()) {
        Some((intent, nonce)) => Step::Claim(Box::new(intent), Some(Flight::Create { nonce, landed: None })),
        None => working(Reason::InternalError, "no target is known", super::super::report::Next::Backoff),
    }
}

/// The attempt claimed in this pass: send it, mark it, write down what came of it.
pub(super) fn in_flight(view: &View) -> Step {
    match &view.seen.flight {
        Some(Flight::Create { nonce, landed: None }) if !nonce.is_empty() => Step::Create,
        Some(Flight::Create { nonce, landed: Some(Landed::Refused(report)) }) => {
            Step::Refuse(Ended { nonce: nonce.clone(), outcome: Outcome::Refused }, report.clone())
        }
        Some(Flight::Create { nonce, landed: Some(Landed::At(id)) }) => match &view.desired {
            Ok(desired) => Step::Record(Box::new(Record {
                id: id.clone(),
                origin: Origin::Created,
                recovered: false,
                fixed: view.fixed_of(&desired.create),
                attempt: Some(Ended { nonce: nonce.clone(), outcome: Outcome::Created }),
                label_keys: label_keys(desired).collect(),
                settled: true,
            })),
            Err(hold) => super::end(hold.clone()),
        },
        Some(Flight::Take { nonce, id, marked: false, .. }) => {
            Step::Mark(id.clone(), view.world.identity.mark(&view.owner, &view.object.uid, nonce))
        }
        Some(Flight::Take { nonce, id, marked: true, recovered }) => match view.sight(id).and_then(Sight::remote) {
            Some(remote) => record(view, remote, nonce, *recovered),
            None => Step::Fetch(id.clone()),
        },
        Some(Flight::Create { .. }) | None => Step::Leave,
    }
}

/// Consent for one id.
fn adopt(view: &View, desired: &Desired, id: &RemoteId) -> Step {
    match view.sight(id) {
        Some(Sight::Read(remote)) => take(view, desired, remote),
        Some(Sight::Indexed(_)) | None => Step::Fetch(id.clone()),
        Some(Sight::Gone) => told(
            Reason::AdoptionNotFound,
            format!("{id}, named in adoption, does not exist or is not visible to this identity; correct or remove it"),
            vec![About::absent(id.clone())],
        ),
    }
}

/// Its mark claims this object, but is not ours.
fn forged(remote: &Remote) -> Step {
    let message = format!(
        "{} carries this object's ownership labels with a signature that is not ours; remove its labels that begin with dso-",
        remote.id
    );
    told(Reason::OwnedByOther, message, vec![About::shown(remote)])
}

/// Exactly one unmarked dataset of this name is taken; otherwise one is created.
fn by_name(view: &View, desired: &Desired, name: &str) -> Step {
    let Some(named) = &view.seen.named else {
        return Step::FindNamed(name.to_owned());
    };
    // Taken by an earlier attempt of ours whose answer was lost: the index may not show its mark yet.
    for remote in named {
        if let Whose::Mine { nonce, .. } = view.whose(remote) {
            return record(view, remote, &nonce, true);
        }
    }
    let free: Vec<_> =
        named.iter().filter(|remote| matches!(view.whose(remote), Whose::Nobody | Whose::Dead)).collect();
    match free.as_slice() {
        [] => create(view, desired),
        [only] => adopt(view, desired, &only.id),
        many => {
            let ids: Vec<_> = many.iter().map(|remote| remote.id.to_string()).collect();
            let (count, ids) = (many.len(), ids.join(", "));
            let message = format!("{count} datasets are named {name}: {ids}; choose one with adoption.datasetId");
            told(Reason::AdoptionNotFound, message, many.iter().map(|remote| About::shown(remote)).collect())
        }
    }
}

/// Takes a remote that was read in this pass, if it may be taken.
fn take(view: &View, desired: &Desired, remote: &Arc<Remote>) -> Step {
    if desired.bind {
        return record(view, remote, "a", false);
    }
    let (origin, recovered) = match view.whose(remote) {
        Whose::Mine { nonce, .. } => return record(view, remote, &nonce, true),
        Whose::Predecessor { nonce } => (Origin::of_nonce(&nonce), true),
        Whose::Released | Whose::Dead | Whose::Nobody => (Origin::Adopted, false),
        Whose::Other => return owned_by_other(view, remote, "belongs to", "it is not taken"),
        Whose::Forged => return forged(remote),
    };
    let sent = restricted(&remote.fields, &desired.identity());
    match next_intent(view, origin, hash(&sent)) {
        Some((intent, nonce)) => {
            Step::Claim(Box::new(intent), Some(Flight::Take { nonce, id: remote.id.clone(), marked: false, recovered }))
        }
        None => working(Reason::InternalError, "no target is known", super::super::report::Next::Backoff),
    }
}

/// Writes down a remote as read: recorded first, compared afterwards (4.3).
pub(super) fn record(view: &View, found: &Remote, nonce: &str, recovered: bool) -> Step {
    // A list leaves members out (`Provider`): a difference is believed only of a read.
    let differs = view.desired.as_ref().is_ok_and(|desired| !conflicts(desired, &found.fields).is_empty());
    let remote = match view.sight(&found.id) {
        Some(Sight::Read(read)) => read,
        Some(Sight::Indexed(_)) | None if differs => return Step::Fetch(found.id.clone()),
        Some(Sight::Indexed(_) | Sight::Gone) | None => found,
    };
    let origin = Origin::of_nonce(nonce);
    let outcome = match origin {
        Origin::Created => Outcome::Created,
        Origin::Adopted => Outcome::Adopted,
    };
    let bound = view.desired.as_ref().is_ok_and(|desired| desired.bind);
    let settled = view.desired.as_ref().is_ok_and(|desired| {
        !lacks_first(view, desired, remote)
            && changes(view, desired, remote).is_empty()
            && conflicts(desired, &remote.fields).is_empty()
    });
    Step::Record(Box::new(Record {
        id: remote.id.clone(),
        origin,
        recovered: recovered && !bound,
        fixed: view.fixed_of(&remote.fields),
        attempt: (!bound).then(|| Ended { nonce: nonce.to_owned(), outcome }),
        label_keys: own_labels(view, remote),
        settled: settled && (bound || view.in_good_order()),
    }))
}

/// Label keys of the spec that the remote holds with the wanted value: our create set them.
fn own_labels(view: &View, remote: &Remote) -> Vec<String> {
    let Ok(desired) = &view.desired else { return Vec::new() };
    let held = |wanted: &Labels, holder: &Remote| {
        let same = wanted.iter().filter(|(key, value)| holder.labels.get(*key) == Some(value));
        same.map(|(key, _)| key.clone()).collect::<Vec<_>>()
    };
    let first = first_of(view, remote).zip(desired.first.labels.as_ref());
    let of_first = first.map(|(first, wanted)| held(wanted, first)).unwrap_or_default();
    let of_first = of_first.into_iter().map(|key| format!("{FIRST_PREFIX}{key}"));
    held(&desired.labels, remote).into_iter().chain(of_first).collect()
}

/// Immutables of the spec that a remote has otherwise.
pub(super) fn conflicts(desired: &Desired, fixed: &Fields) -> Fields {
    super::super::fields::difference(&desired.fixed, fixed)
}

/// The members of `all` that `like` has.
pub(super) fn restricted(all: &Fields, like: &Fields) -> Fields {
    all.iter().filter(|(name, _)| like.contains_key(*name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}
