//! Remotes that have no id but a name in their place, such as IMM datasets: the id is known before the remote exists, so
//! a read of it answers what lists by mark answer for others, and no attempt can make a second remote.
//!
//! Everything else, such as claims, marks, edits and what counts as gone, is the same for all kinds. Rules: section 11.

use std::sync::Arc;

use super::attempt::{create, empty_intent};
use super::create::{forged, take};
use super::ends::{settling, stuck, told, working};
use super::owner::{owned_by_other, owner_of};
use super::record::record;
use crate::api::condition::Reason;
use crate::plan::desired::{Desired, Policy};
use crate::plan::recorded::{Ended, Outcome};
use crate::plan::report::{About, Next, Report};
use crate::plan::step::Step;
use crate::plan::view::{Observation, View};
use crate::remote::Remote;
use crate::remote::id::RemoteId;
use crate::remote::mark::{Origin, Ownership};
use crate::remote::place;

/// The next step for an object without a recorded id that is not in doubt: look at what has its name first (11.1).
pub(super) fn make(view: &View, desired: &Desired, key: &RemoteId) -> Step {
    let remote = match view.observation(key) {
        Some(Observation::Read(remote)) => remote,
        Some(Observation::Listed(_)) | None => return Step::Read(key.clone()),
        Some(Observation::Gone) => return absent(view, desired, key),
    };
    match view.ownership(remote) {
        Ownership::Mine { nonce, .. } => return record(view, remote, &nonce, true),
        Ownership::Other => return owned_by_other(view, remote, "belongs to", "it is not taken"),
        Ownership::Forged => return forged(view, remote),
        Ownership::Predecessor { .. } | Ownership::Released | Ownership::Dead | Ownership::Nobody => {}
    }
    if view.observed.recorded_elsewhere.contains(key) {
        return recorded(key, About::shown(remote));
    }
    match (view.ownership(remote), desired.policy) {
        (Ownership::Predecessor { .. }, Policy::IfMarked | Policy::Only) | (_, Policy::ByName) => {
            take(view, desired, remote)
        }
        (_, Policy::IfMarked | Policy::Only | Policy::CreateOnly) => {
            let (message, about) = taken(view, remote);
            told(Reason::NameTaken, message, about)
        }
    }
}

fn absent(view: &View, desired: &Desired, key: &RemoteId) -> Step {
    if view.observed.recorded_elsewhere.contains(key) {
        return recorded(key, About::absent(key.clone()));
    }
    if desired.policy == Policy::Only {
        let message = format!("adoption.policy is AdoptOnly, and {} does not exist; correct spec.name", named(key));
        return told(Reason::AdoptionNotFound, message, vec![About::absent(key.clone())]);
    }
    create(view, desired)
}

/// Ends the reconcile: another object here stands for this remote, whether or not it exists.
fn recorded(key: &RemoteId, about: About) -> Step {
    let message =
        format!("another object here has recorded {}; delete one of the two, or change spec.name", named(key));
    // That object may have gone since the index was asked, and then nothing wakes this one.
    let report = Report { next: Next::Backoff, ..Report::stuck(Reason::OwnedByOther, message) };
    Step::Report(Box::new(report.about(vec![about])))
}

/// The message about a name that another remote has.
fn taken(view: &View, remote: &Remote) -> (String, Vec<About>) {
    let of = match view.ownership(remote) {
        Ownership::Released => ", which was retained when an earlier object was deleted".to_owned(),
        Ownership::Predecessor { nonce } => format!(", which an earlier object of this name made (attempt {nonce})"),
        Ownership::Mine { .. } | Ownership::Other => format!(" of {}", owner_of(view, remote)),
        Ownership::Dead | Ownership::Forged | Ownership::Nobody => String::new(),
    };
    let message = format!(
        "{} exists already{of}; change spec.name, or take it with adoption: {{policy: AdoptByName}}",
        named(&remote.id)
    );
    (message, vec![About::shown(remote)])
}

fn named(key: &RemoteId) -> String {
    let (project, name) = key.key().unwrap_or_default();
    format!("dataset {name} of {}", place::words(&place::of_project(project)))
}

/// What a read by name says of an attempt in doubt (11.2). `None`: nothing has the name, so the attempt came to nothing
/// if two lists after the grace period say so too.
pub(super) fn doubt(view: &View, key: &RemoteId) -> Option<Step> {
    let refused = view.state.name_taken.is_some();
    let settled = view.state.uncertain_for >= view.config.settle;
    let remote = match view.observation(key) {
        Some(Observation::Read(remote)) => remote,
        Some(Observation::Listed(_)) | None => return Some(Step::Read(key.clone())),
        // What had the name when the service refused the create is gone.
        Some(Observation::Gone) if refused => return Some(Step::Resolve),
        Some(Observation::Gone) => return (!settled).then(|| settling(view)),
    };
    if let Some(step) = ours(view, remote) {
        return Some(step);
    }
    // Another remote has the name: as long as it does, the create cannot succeed.
    if !refused && !settled {
        return Some(settling(view));
    }
    if view.object.deleting || view.id().is_some() {
        return Some(Step::Resolve);
    }
    let nonce = view.object.intent.own().and_then(|intent| intent.newest()).unwrap_or_default().to_owned();
    let (message, about) = taken(view, remote);
    let report = Report::stuck(Reason::NameTaken, message).about(about);
    Some(Step::Refuse(Ended { nonce, outcome: Outcome::Refused }, Box::new(report)))
}

/// The step that records a remote of this very object, unless it is recorded with this attempt.
fn ours(view: &View, remote: &Arc<Remote>) -> Option<Step> {
    let Ownership::Mine { nonce, .. } = view.ownership(remote) else { return None };
    let known = view.id().is_some() && view.outcome_of(&nonce).is_some();
    (!known).then(|| record(view, remote, &nonce, true))
}

/// The step before a delete: the intent says that one is sent (11.4). `None` once it does.
pub(super) fn before_delete(view: &View) -> Option<Step> {
    let intent = view.object.intent.own().cloned().or_else(|| empty_intent(view));
    match intent {
        Some(intent) if intent.delete_sent => None,
        Some(mut intent) => {
            intent.delete_sent = true;
            Some(Step::Claim(Box::new(intent), None))
        }
        None => Some(working(Reason::InternalError, "no target is known", Next::Backoff)),
    }
}

/// The step while a delete without an answer may still take effect: the next remote of that name must not meet it (11.4).
pub(super) fn after_delete(view: &View, key: &RemoteId) -> Option<Step> {
    let left = view.config.settle.saturating_sub(view.state.delete_age?);
    (!left.is_zero()).then(|| {
        let message = format!(
            "{key} was not found, but a delete without an answer may still take effect; waiting for the grace period \
             (--settle-time)"
        );
        working(Reason::Deleting, message, Next::After(left))
    })
}

/// Is this unmarked remote another one than the recorded one, made under the same name later (11.3)?
pub(super) fn was_replaced(view: &View, remote: &Remote) -> bool {
    let made = |time: Option<&serde_json::Value>| time.and_then(|time| time.as_str()).map(str::to_owned);
    let recorded = made(view.recorded.info.get("createTime"));
    recorded.is_some_and(|recorded| made(remote.fields.get("CreateTime")).is_some_and(|shown| shown != recorded))
}

/// Ends the reconcile: the recorded remote is gone, and another one has its name.
pub(super) fn replaced(view: &View, remote: &Remote) -> Step {
    let origin = view.recorded.origin.map_or("recorded", Origin::as_str).to_lowercase();
    stuck(
        Reason::RemoteDeleted,
        format!(
            "{} was deleted outside Kubernetes, and another dataset was made under its name: that is not the one that \
             was {origin}, and nothing is sent to it; delete this object, or delete that dataset in the console",
            named(&remote.id)
        ),
    )
}
