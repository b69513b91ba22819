//! Remotes that can carry no mark, such as configurations of jobs. A dataset has one of each type, and status alone tells
//! whose it is.
//!
//! So a claim is made only if a list has just shown none of the type. What a create without an answer has made is
//! recognised by its content, is recorded as adopted, and is kept by default. Rules: section 13.

use std::sync::Arc;

use super::attempt::{create, next_intent};
use super::ends::{end, settling, stuck, told, working};
use super::keep;
use super::owner::adoption;
use crate::api::condition::Reason;
use crate::plan::desired::Desired;
use crate::plan::recorded::{Ended, Outcome};
use crate::plan::report::{About, Next, Report};
use crate::plan::step::{Flight, Look, Record, Step};
use crate::plan::view::{Observation, View};
use crate::remote::Remote;
use crate::remote::fields::same;
use crate::remote::id::RemoteId;
use crate::remote::mark::Origin;

/// The member that says which of the types a remote has.
const TYPE: &str = "ConfigType";

/// The next step for an object without a remote: look first (13.1).
pub(super) fn make(view: &View, desired: &Desired) -> Step {
    if let Some(id) = desired.adopt.as_ref().filter(|id| view.id() != Some(*id)) {
        return adopt(view, id);
    }
    let (Some(collection), Some(dataset)) = (view.profile.collection(), &desired.target.dataset_id) else {
        return working(Reason::InternalError, "no target is known", Next::Backoff);
    };
    if !view.observed.children.contains_key(collection) {
        return Step::Look(Look::Children(RemoteId::new(dataset), collection));
    }
    let there = of_the_type(view);
    match there.iter().find(|remote| view.observed.recorded_elsewhere.contains(&remote.id)) {
        Some(remote) => recorded(remote),
        None if there.is_empty() => create(view, desired),
        None => stuck(Reason::NameTaken, taken(view, &there)),
    }
}

/// The next step for an object with a recorded remote. If the Dataset is made anew under another id, so is the remote, as
/// what was in the former one went with it (13.6).
pub(super) fn keep(view: &View, id: &RemoteId) -> Step {
    match &view.desired {
        Ok(desired) if keep::moved(desired, id) => make(view, desired),
        Ok(_) | Err(_) => keep::keep(view, id),
    }
}

/// The user consented to adopt this id.
fn adopt(view: &View, id: &RemoteId) -> Step {
    let remote = match view.observation(id) {
        Some(Observation::Read(remote)) => remote,
        Some(Observation::Listed(_)) | None => return Step::Read(id.clone()),
        Some(Observation::Gone) => {
            let message = format!("{id}, named in adoption, does not exist; correct or remove it");
            return told(Reason::AdoptionNotFound, message, vec![About::absent(id.clone())]);
        }
    };
    if view.observed.recorded_elsewhere.contains(id) {
        return recorded(remote);
    }
    match next_intent(view, Origin::Adopted, String::new()) {
        Some((intent, nonce)) => {
            Step::Claim(Box::new(intent), Some(Flight::Take { nonce, id: id.clone(), recovered: false }))
        }
        None => working(Reason::InternalError, "no target is known", Next::Backoff),
    }
}

/// What a fresh list says of an attempt in doubt (13.2). `None`: nothing yet, so it came to nothing if two lists after the
/// grace period say so too.
pub(super) fn found(view: &View) -> Option<Step> {
    let nonce = view.object.intent.own()?.newest()?;
    let there: Vec<_> =
        of_the_type(view).into_iter().filter(|it| !view.observed.recorded_elsewhere.contains(&it.id)).collect();
    let settled = view.state.uncertain_for >= view.config.settle;
    let refused = view.state.name_taken.is_some();
    let desired = match &view.desired {
        _ if there.is_empty() => return None,
        Ok(desired) => desired,
        // An object that is being deleted leaves what is not provably its own.
        Err(_) if view.object.deleting => return None,
        Err(hold) => return Some(end(hold.clone())),
    };
    let same_secret = view.object.intent.own().is_some_and(|intent| intent.secret == desired.secret);
    match there.as_slice() {
        [one] if same_secret && is_alike(desired, one) => return Some(record(view, one, nonce)),
        _ if view.object.deleting => return None,
        _ if desired.adopt.as_ref().is_some_and(|id| there.iter().any(|remote| remote.id == *id)) => {
            return Some(if settled { Step::Resolve } else { settling(view) });
        }
        // Somebody else made it.
        [one] if !is_alike(desired, one) && !settled && !refused => return Some(settling(view)),
        [one] if !is_alike(desired, one) => {
            let ended = Ended { nonce: nonce.to_owned(), outcome: Outcome::Refused };
            let report = Report::stuck(Reason::NameTaken, taken(view, &there));
            return Some(Step::Refuse(ended, Box::new(report)));
        }
        _ => {}
    }
    let why = if same_secret { "" } else { ", and the Secret has changed since" };
    let (ids, way_out) = (ids(&there), way_out(view, &there));
    let message = format!(
        "{ids} may be what a create request without an answer made, or somebody else's{why}; delete it, or take it with \
         {way_out}"
    );
    Some(stuck(Reason::NameTaken, message))
}

/// Records what an attempt without an answer has very probably made.
fn record(view: &View, remote: &Arc<Remote>, nonce: &str) -> Step {
    Step::Record(Box::new(Record {
        id: remote.id.clone(),
        origin: Origin::Adopted,
        recovered: true,
        fixed: view.fixed_of(&remote.fields),
        attempt: Some(Ended { nonce: nonce.to_owned(), outcome: Outcome::Adopted }),
        label_keys: Vec::new(),
        settled: false,
    }))
}

/// Does the remote hold what the spec wants, as far as it is shown?
fn is_alike(desired: &Desired, remote: &Remote) -> bool {
    let shown = |name: &String| remote.fields.get(name);
    desired.mutable.iter().all(|(name, wanted)| shown(name).is_none_or(|held| same(name, Some(wanted), Some(held))))
}

/// The remotes of the wanted type that the last list of this reconcile showed, without the recorded one.
fn of_the_type(view: &View) -> Vec<&Arc<Remote>> {
    let listed = view.profile.collection().and_then(|collection| view.observed.children.get(collection));
    listed.into_iter().flatten().filter(|remote| is_in_the_way(view, remote)).collect()
}

/// Has this remote the wanted type, and is it not the recorded one?
#[must_use]
pub fn is_in_the_way(view: &View, remote: &Remote) -> bool {
    let wanted = view.target().and_then(|target| target.name);
    let shown = remote.fields.get(TYPE).and_then(serde_json::Value::as_str);
    shown.is_some() && shown == wanted.as_deref() && Some(&remote.id) != view.id()
}

/// Ends the reconcile: another object here stands for it.
fn recorded(remote: &Remote) -> Step {
    let message = format!("another object here has recorded {}; delete one of the two", remote.id);
    told(Reason::OwnedByOther, message, vec![About::shown(remote)])
}

/// The message about a place that is taken.
fn taken(view: &View, there: &[&Arc<Remote>]) -> String {
    format!("{} exists already; delete it, or take it with {}", ids(there), way_out(view, there))
}

fn ids(there: &[&Arc<Remote>]) -> String {
    there.iter().map(|remote| remote.id.to_string()).collect::<Vec<_>>().join(", ")
}

/// The `adoption` that takes the first of them.
fn way_out(view: &View, there: &[&Arc<Remote>]) -> String {
    there.first().map(|first| adoption(view, first)).unwrap_or_default()
}
