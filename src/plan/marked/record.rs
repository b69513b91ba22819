//! Writing down a remote that was found.

use super::changes::{FIRST_PREFIX, changes};
use super::known::{conflicts, first_of, lacks_first};
use crate::plan::recorded::{Ended, Outcome};
use crate::plan::step::{Record, Step};
use crate::plan::view::{Sight, View};
use crate::remote::Remote;
use crate::remote::mark::{Labels, Origin};

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
pub(super) fn own_labels(view: &View, remote: &Remote) -> Vec<String> {
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
