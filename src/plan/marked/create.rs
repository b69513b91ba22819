//! An object without a remote: look first, then take its own, adopt the one that the spec names, or create.

use std::sync::Arc;

use super::attempt::{create, members, next_intent};
use super::ends::{edit, end, stuck, told, unwritable, working};
use super::known::restricted;
use super::owner::{adoption, owned_by_other};
use super::record::record;
use crate::api::condition::Reason;
use crate::plan::desired::{Desired, Policy};
use crate::plan::edit::Edit;
use crate::plan::field::SHARES;
use crate::plan::recorded::{Ended, Outcome};
use crate::plan::report::{About, Next};
use crate::plan::step::{Flight, Landed, Look, Record, Step};
use crate::plan::view::{Observation, View};
use crate::remote::Remote;
use crate::remote::fields::hash;
use crate::remote::id::RemoteId;
use crate::remote::mark::{Origin, Ownership};

/// The next step for an object that has no recorded id and is not in doubt.
pub(super) fn make(view: &View, desired: &Desired) -> Step {
    if let Some(id) = &desired.adopt {
        return adopt(view, desired, id);
    }
    // 3.1 Look first.
    if !view.observed.swept {
        return Step::Look(Look::Sweep);
    }
    if let Some((nonce, remote)) = view.mine_elsewhere().first() {
        return record(view, remote, nonce, true);
    }
    for remote in &view.observed.owned {
        match view.ownership(remote) {
            Ownership::Predecessor { nonce } if desired.policy == Policy::CreateOnly => {
                let message = format!(
                    "{} was made by an earlier {} of this name (attempt {nonce}) and adoption.policy is CreateOnly; set \
                     {} to take it, or delete it",
                    remote.id,
                    view.owner.kind,
                    adoption(view, remote)
                );
                return told(Reason::NameTaken, message, vec![About::shown(remote)]);
            }
            // The sweep may lag behind a delete, so the remote is read before it is taken.
            Ownership::Predecessor { .. } => match view.observation(&remote.id) {
                Some(Observation::Gone) => {}
                Some(Observation::Read(read)) => return take(view, desired, read),
                Some(Observation::Listed(_)) | None => return Step::Read(remote.id.clone()),
            },
            Ownership::Released => {
                let message = format!(
                    "{} was retained when an earlier object of this name was deleted; set {} to take it back, or delete \
                     it in the console to get a new one",
                    remote.id,
                    adoption(view, remote)
                );
                return told(Reason::NameTaken, message, vec![About::shown(remote)]);
            }
            Ownership::Forged => return forged(view, remote),
            Ownership::Mine { .. } | Ownership::Other | Ownership::Dead | Ownership::Nobody => {}
        }
    }
    match (desired.policy, desired.create.get("Name").and_then(serde_json::Value::as_str)) {
        (Policy::Only, _) => stuck(
            Reason::AdoptionNotFound,
            format!(
                "adoption.policy is AdoptOnly and no dataset carries this object's {}; set adoption.datasetId",
                view.mark_words()
            ),
        ),
        (Policy::ByName, Some(name)) => by_name(view, desired, name),
        (Policy::ByName | Policy::IfMarked | Policy::CreateOnly, _) => create(view, desired),
    }
}

/// The attempt that was claimed in this reconcile: send the create or write the mark, then record the result.
pub(super) fn in_flight(view: &View) -> Step {
    match &view.observed.flight {
        Some(Flight::Create { nonce, landed: None }) if !nonce.is_empty() => Step::Create,
        Some(Flight::Create { nonce, landed: Some(Landed::Refused(report)) }) => {
            Step::Refuse(Ended { nonce: nonce.clone(), outcome: Outcome::Refused }, report.clone())
        }
        Some(Flight::Create { nonce, landed: Some(Landed::At(id)) }) => match &view.desired {
            Ok(desired) => Step::Record(Box::new(Record {
                id: id.clone(),
                origin: Origin::Created,
                recovered: false,
                fixed: view.fixed_of(&view.with_unshown(&members(view, desired))),
                attempt: Some(Ended { nonce: nonce.clone(), outcome: Outcome::Created }),
                label_keys: desired.label_keys.iter().filter(|key| !key.starts_with(SHARES)).cloned().collect(),
                settled: !view.profile.runs && desired.is_made_at_once(),
            })),
            Err(hold) => end(hold.clone()),
        },
        Some(Flight::Take { nonce, id, recovered }) => match view.observation(id).and_then(Observation::remote) {
            Some(remote) if view.profile.is_unmarked() => record(view, remote, nonce, *recovered),
            Some(remote) => mark(view, remote, nonce).unwrap_or_else(|| record(view, remote, nonce, *recovered)),
            None => Step::Read(id.clone()),
        },
        Some(Flight::Create { .. }) | None => Step::Ignore,
    }
}

/// The next edit until a remote carries the mark of this attempt without `dso-released`; `None` once it does.
fn mark(view: &View, remote: &Remote, nonce: &str) -> Option<Step> {
    let codec = view.profile.codec;
    let change = match view.ownership(remote) {
        Ownership::Mine { nonce: by, released: false } if by == *nonce => return None,
        Ownership::Mine { nonce: by, released: true } if by == *nonce => Edit::clear_released(codec, remote),
        Ownership::Mine { .. }
        | Ownership::Predecessor { .. }
        | Ownership::Released
        | Ownership::Other
        | Ownership::Dead
        | Ownership::Forged
        | Ownership::Nobody => {
            let mark = view.mark(nonce);
            Edit::mark(codec, remote, &mark)
        }
    };
    Some(edit(view, change))
}

/// The user consented to adopt this id.
pub(super) fn adopt(view: &View, desired: &Desired, id: &RemoteId) -> Step {
    match view.observation(id) {
        Some(Observation::Read(remote)) => take(view, desired, remote),
        Some(Observation::Listed(_)) | None => Step::Read(id.clone()),
        Some(Observation::Gone) => told(
            Reason::AdoptionNotFound,
            format!("{id}, named in adoption, does not exist or is not visible to this identity; correct or remove it"),
            vec![About::absent(id.clone())],
        ),
    }
}

/// The mark of the remote names this object, but its signature is not ours.
pub(super) fn forged(view: &View, remote: &Remote) -> Step {
    let carrier = view.profile.codec.carrier();
    let message = format!(
        "{} carries this object's {} with a signature that is not ours; remove {}",
        remote.id,
        carrier.words(),
        carrier.place()
    );
    told(Reason::OwnedByOther, message, vec![About::shown(remote)])
}

/// Adopts the one unmarked dataset of this name. Without one, it creates; with several, the user must choose.
fn by_name(view: &View, desired: &Desired, name: &str) -> Step {
    let Some(named) = &view.observed.named else {
        return Step::Look(Look::Named(name.to_owned()));
    };
    // An earlier attempt took it, and the answer was lost: the inventory may not show that mark yet.
    for remote in named {
        if let Ownership::Mine { nonce, .. } = view.ownership(remote) {
            return record(view, remote, &nonce, true);
        }
    }
    let free: Vec<_> =
        named.iter().filter(|remote| matches!(view.ownership(remote), Ownership::Nobody | Ownership::Dead)).collect();
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

/// Takes a remote that was read in this reconcile, if it may be taken.
pub(super) fn take(view: &View, desired: &Desired, remote: &Arc<Remote>) -> Step {
    if desired.bind {
        return record(view, remote, "a", false);
    }
    let (origin, recovered) = match view.ownership(remote) {
        Ownership::Mine { nonce, .. } => return record(view, remote, &nonce, true),
        Ownership::Predecessor { nonce } => (Origin::of_nonce(&nonce), true),
        Ownership::Released | Ownership::Dead | Ownership::Nobody => (Origin::Adopted, false),
        Ownership::Other => return owned_by_other(view, remote, "belongs to", "it is not taken"),
        Ownership::Forged => return forged(view, remote),
    };
    // The mark of a run says from which spec it was made.
    let sent = || hash(&restricted(&remote.fields, &desired.identity()));
    let hash = if view.profile.runs { desired.hash() } else { sent() };
    match next_intent(view, origin, hash) {
        Some((intent, nonce)) => match Edit::mark(view.profile.codec, remote, &view.mark(&nonce)) {
            Ok(_) => Step::Claim(Box::new(intent), Some(Flight::Take { nonce, id: remote.id.clone(), recovered })),
            Err(why) => unwritable(view, &why),
        },
        None => working(Reason::InternalError, "no target is known", Next::Backoff),
    }
}
