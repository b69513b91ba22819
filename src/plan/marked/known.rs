//! What is known of the recorded remote, asked of the view.

use super::ends::working;
use crate::api::condition::Reason;
use crate::plan::desired::Desired;
use crate::plan::report::Next;
use crate::plan::step::Step;
use crate::plan::view::View;
use crate::remote::fields::{Fields, difference};
use crate::remote::id::RemoteId;

/// Immutables of the spec that differ from what was recorded.
pub(super) fn fixed_conflicts(view: &View, desired: &Desired) -> Fields {
    conflicts(desired, &view.recorded.fixed)
}

/// Not found, and not known gone yet.
pub(super) fn not_found(view: &View, id: &RemoteId) -> Step {
    working(
        Reason::Uncertain,
        format!("{id} was not found; the operator looks again before it treats it as deleted"),
        Next::After(view.config.list_lag.max(std::time::Duration::from_secs(1))),
    )
}

/// Immutables of the spec that a remote has otherwise.
pub(super) fn conflicts(desired: &Desired, fixed: &Fields) -> Fields {
    difference(&desired.fixed, fixed)
}

/// The members of `all` that `like` has.
pub(super) fn restricted(all: &Fields, like: &Fields) -> Fields {
    all.iter().filter(|(name, _)| like.contains_key(*name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}
