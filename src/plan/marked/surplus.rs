//! Surplus: a second remote of one object, made by an attempt that was answered too late. It is deleted only if it
//! is provably this object's own work; everything else is reported. Rules: section 7.

use std::sync::Arc;

use super::ends::working;
use super::known::restricted;
use crate::api::condition::Reason;
use crate::plan::recorded::Outcome;
use crate::plan::report::Next;
use crate::plan::step::{Look, Step};
use crate::plan::view::{Observation, View};
use crate::remote::Remote;
use crate::remote::fields::{Fields, difference, hash};
use crate::remote::id::RemoteId;
use crate::remote::mark::Origin;

/// The next step towards removing surplus beside `kept`, if there is any.
pub(super) fn remove(view: &View, kept: &Arc<Remote>) -> Option<Step> {
    let surplus = next(view)?;
    // The remote that is kept must have been read in this reconcile.
    match view.observation(&kept.id) {
        Some(Observation::Read(_)) => delete(view, &surplus),
        Some(Observation::Listed(_) | Observation::Gone) | None => Some(Step::Read(kept.id.clone())),
    }
}

/// The next step towards removing surplus of an object that is being deleted: nothing is kept.
pub(super) fn remove_all(view: &View) -> Option<Step> {
    delete(view, &next(view)?)
}

/// The message about remotes that are only reported, and not touched.
pub(super) fn reported(view: &View) -> Option<String> {
    let ids: Vec<_> = view.mine_elsewhere().iter().map(|(_, remote)| remote.id.to_string()).collect();
    (!ids.is_empty()).then(|| {
        format!(
            "{} also carry this object's {}, but it is not certain that the operator created them; delete them by hand",
            ids.join(", "),
            view.mark_words()
        )
    })
}

/// Another remote that carries the mark of the attempt that status records. If the recorded remote carries no mark, the
/// answer may have named a wrong one, and our mark on it would take it from its owner.
pub(super) fn made_elsewhere(view: &View) -> Option<RemoteId> {
    let nonce = &view.recorded.attempt.as_ref()?.nonce;
    view.mine_elsewhere().into_iter().find(|(by, _)| by == nonce).map(|(_, remote)| remote.id.clone())
}

/// The step that finds out whether the attempt made another remote, because the recorded one does not carry our mark;
/// `None` once that is known.
pub(super) fn look_for_made(view: &View, waiting: Reason) -> Option<Step> {
    let created = view.recorded.attempt.as_ref().is_some_and(|attempt| attempt.outcome == Outcome::Created);
    if !created || made_elsewhere(view).is_some() {
        return None;
    }
    // The time since the answer. A process that did not see it counts from when it first saw the nonce, which is later.
    let age = view.state.recorded_age.unwrap_or(view.state.uncertain_for);
    let left = view.config.list_lag.saturating_sub(age);
    if !left.is_zero() {
        let message = format!(
            "the cloud dataset does not carry this object's {}; a list will show whether another one does",
            view.mark_words()
        );
        return Some(working(waiting, message, Next::After(left)));
    }
    (!view.observed.owned_is_fresh).then_some(Step::Look(Look::Owned))
}

/// The next remote that is surplus by what is known so far.
fn next(view: &View) -> Option<Arc<Remote>> {
    view.mine_elsewhere()
        .into_iter()
        .find(|(nonce, remote)| {
            let read = match view.observation(&remote.id) {
                Some(Observation::Read(read)) => read,
                Some(Observation::Listed(_) | Observation::Gone) | None => remote,
            };
            Origin::of_nonce(nonce) == Origin::Created
                && !view.observed.recorded_elsewhere.contains(&remote.id)
                && sent_by_us(view, nonce, read)
        })
        .map(|(_, remote)| remote)
}

fn delete(view: &View, surplus: &Arc<Remote>) -> Option<Step> {
    if !view.observed.object_is_fresh {
        return Some(Step::Reread);
    }
    match view.observation(&surplus.id) {
        Some(Observation::Read(_)) => Some(Step::Delete(surplus.id.clone())),
        Some(Observation::Listed(_)) | None => Some(Step::Read(surplus.id.clone())),
        Some(Observation::Gone) => None,
    }
}

/// Are name and immutable fields as this nonce sent them? For a nonce that is forgotten: as the object has them now?
fn sent_by_us(view: &View, nonce: &str, remote: &Remote) -> bool {
    let Ok(desired) = &view.desired else { return false };
    let identity = desired.identity();
    let Some(sent) = view.object.intent.own().and_then(|intent| intent.hash_of(nonce)) else {
        return difference(&identity, &remote.fields).is_empty();
    };
    let mut recorded: Fields = view.recorded.fixed.clone();
    recorded.insert("Name".to_owned(), serde_json::Value::Null);
    [&identity, &recorded].iter().any(|like| hash(&restricted(&remote.fields, like)) == sent)
}
