//! Doubt: an attempt that may have executed, or still may. The operator never repeats it but looks for it by its mark,
//! and only after the grace period believes that nothing came of it.

use super::ends::{end, settling, stuck, unnamed, working};
use super::known::not_found;
use super::record::record;
use super::{keyed, owner, unmarked};
use crate::api::condition::Reason;
use crate::plan::recorded::{Ended, Outcome};
use crate::plan::report::{Next, Report};
use crate::plan::run::RunState;
use crate::plan::step::{Look, Step};
use crate::plan::view::{Observation, View};
use crate::remote::id::RemoteId;

/// Resolves a doubt in the intent's target.
pub(super) fn doubt(view: &View) -> Step {
    let Some(target) = view.target() else {
        return match &view.desired {
            Err(hold) => end(hold.clone()),
            Ok(_) => working(Reason::InternalError, "no target is known", Next::Backoff),
        };
    };
    // 4.2 The target is only compared, never used as an address.
    if !view.is_configured(&target) {
        return stuck(
            Reason::AccountMismatch,
            format!(
                "an earlier attempt was made in account {:?}, region {:?}, which is not configured here; configure it, \
                 or annotate force-release and delete the object",
                target.account, target.region
            ),
        );
    }
    let dataset_gone = target.dataset_id.as_ref().is_some_and(|id| view.known_gone(&RemoteId::new(id.clone())));
    if dataset_gone {
        return Step::Resolve;
    }
    // 4.3 Whether the recorded remote exists comes first: if it does, no other one replaces it.
    if let Some(id) = view.id().filter(|id| view.observation(id).is_none()) {
        return Step::Read(id.clone());
    }
    match (target.key(), view.state.name_taken) {
        (Some(key), _) => {
            if let Some(step) = keyed::doubt(view, &key) {
                return step;
            }
        }
        (None, Some(age)) if !view.profile.is_unmarked() => return name_taken(view, age),
        (None, _) => {}
    }
    let settled = view.state.uncertain_for >= view.config.settle;
    if !view.observed.owned_is_fresh && (settled || view.state.lists == 0) {
        return Step::Look(Look::Owned);
    }
    // 4.3 A remote with our uid ends the doubt at once.
    let found = if view.profile.is_unmarked() { unmarked::found(view) } else { hit(view) };
    if let Some(step) = found {
        return step;
    }
    // 4.5 An absence counts only under a principal that would see the remote.
    if view.lacks_caller() {
        return unnamed(Reason::Uncertain);
    }
    if !view.observed.absence_counts {
        return stuck(
            Reason::AccountMismatch,
            "an earlier attempt was made by another identity, and this one cannot tell whether it succeeded; restore \
             that identity, or grant this one ListAllDatasets in the workspace",
        );
    }
    if !settled {
        return settling(view);
    }
    // 4.4 Two complete lists after the grace period must show nothing.
    if view.state.settled_lists < 2 { Step::Look(Look::Owned) } else { Step::Resolve }
}

/// 4.3 The step that follows if a list showed a remote of this object's own beside the recorded one.
fn hit(view: &View) -> Option<Step> {
    let mine = view.mine_elsewhere();
    let newest = view.object.intent.own().and_then(|intent| intent.newest());
    if view.profile.runs && view.id().is_some() {
        // Each attempt has a run of its own. Beside one that goes on it is a late attempt, which is ended.
        let own = view.id().and_then(|id| view.observation(id)).and_then(Observation::remote);
        let goes_on = own.is_some_and(|own| RunState::of(own) == RunState::Running);
        let found = mine.iter().find(|(nonce, _)| newest == Some(nonce));
        return found.map(|(nonce, remote)| if goes_on { Step::Resolve } else { record(view, remote, nonce, true) });
    }
    let (nonce, remote) = mine.first()?;
    match view.id() {
        // Both exist, and the object is being deleted: is it known now what came of the newest attempt?
        Some(id) if !view.is_gone(id) => (newest == Some(nonce)).then_some(Step::Resolve),
        Some(id) if !view.known_gone(id) => Some(not_found(view, id)),
        Some(_) | None => Some(record(view, remote, nonce, true)),
    }
}

/// 3.5 "Name taken" is believed only once a list, the list lag later, shows nothing of ours.
fn name_taken(view: &View, age: std::time::Duration) -> Step {
    if age < view.config.list_lag {
        let left = view.config.list_lag.saturating_sub(age);
        return working(
            Reason::Progressing,
            "the name is taken; checking whether by a dataset of this object",
            Next::After(left),
        );
    }
    if !view.observed.owned_is_fresh {
        return Step::Look(Look::Owned);
    }
    if let Some(step) = hit(view) {
        return step;
    }
    let nonce = view.object.intent.own().and_then(|intent| intent.newest()).unwrap_or_default().to_owned();
    let name = view.desired.as_ref().ok().and_then(|desired| desired.create.get("Name")).and_then(|name| name.as_str());
    let name = name.unwrap_or_default();
    if view.observed.named.is_none() && !view.object.deleting {
        return Step::Look(Look::Named(name.to_owned()));
    }
    let (message, about) = owner::name_taken(view, name);
    let report = Report::stuck(Reason::NameTaken, message).about(about);
    Step::Refuse(Ended { nonce, outcome: Outcome::Refused }, Box::new(report))
}
