//! Recording a remote that was found: as it is, so that a difference from the spec shows as `ImmutableChanged`.

use super::ends::end;
use super::known::conflicts;
use crate::plan::edit::Comparison;
use crate::plan::recorded::{Ended, Outcome};
use crate::plan::step::{Record, Step};
use crate::plan::view::{Observation, View};
use crate::remote::Remote;
use crate::remote::mark::Origin;

/// Records a remote as it was read. It is compared with the spec afterwards (4.3).
pub(super) fn record(view: &View, found: &Remote, nonce: &str, recovered: bool) -> Step {
    if let (true, false, Err(hold)) = (view.profile.runs, view.object.deleting, &view.desired) {
        // What the service does not show of a run is known from the spec alone.
        return end(hold.clone());
    }
    // A list leaves members out (`Provider`), so only a read can show a difference.
    let differs = view.desired.as_ref().is_ok_and(|desired| !conflicts(desired, &view.shown_of(found)).is_empty());
    let remote = match view.observation(&found.id) {
        Some(Observation::Read(read)) => read,
        Some(Observation::Listed(_)) | None if differs => return Step::Read(found.id.clone()),
        Some(Observation::Listed(_) | Observation::Gone) | None => found,
    };
    let origin = Origin::of_nonce(nonce);
    let outcome = match origin {
        Origin::Created => Outcome::Created,
        Origin::Adopted => Outcome::Adopted,
    };
    let bound = view.desired.as_ref().is_ok_and(|desired| desired.bind);
    let desired = view.desired.as_ref().ok();
    let comparison = desired.and_then(|desired| (view.profile.compare)(view, desired, remote).ok());
    let settled = comparison.as_ref().is_some_and(Comparison::is_equal)
        && desired.is_some_and(|desired| conflicts(desired, &view.shown_of(remote)).is_empty())
        && !view.profile.runs;
    Step::Record(Box::new(Record {
        id: remote.id.clone(),
        origin,
        recovered: recovered && !bound,
        fixed: view.fixed_of(&view.shown_of(remote)),
        attempt: (!bound).then(|| Ended { nonce: nonce.to_owned(), outcome }),
        // Labels that are as the spec wants them count as set by us.
        label_keys: comparison.map(|comparison| comparison.held).unwrap_or_default(),
        settled: settled && (bound || view.in_good_order()),
    }))
}
