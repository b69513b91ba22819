//! Questions about the recorded remote that several decisions share.

use super::ends::working;
use crate::api::condition::Reason;
use crate::plan::desired::Desired;
use crate::plan::report::Next;
use crate::plan::step::Step;
use crate::plan::view::View;
use crate::remote::fields::{Fields, difference};
use crate::remote::id::RemoteId;

/// Immutable fields of the spec that differ from the recorded ones.
pub(super) fn fixed_conflicts(view: &View, desired: &Desired) -> Fields {
    conflicts(desired, &view.recorded.fixed)
}

/// Ends the reconcile: the remote was not found, but is not known gone yet.
pub(super) fn not_found(view: &View, id: &RemoteId) -> Step {
    working(
        Reason::Uncertain,
        format!("{id} was not found; the operator looks again before it treats it as deleted"),
        Next::After(view.config.list_lag.max(std::time::Duration::from_secs(1))),
    )
}

/// Immutable fields of the spec that differ from those of a remote.
pub(super) fn conflicts(desired: &Desired, fixed: &Fields) -> Fields {
    difference(&desired.fixed, fixed)
}

/// Those members of `all` that `like` has too.
pub(super) fn restricted(all: &Fields, like: &Fields) -> Fields {
    all.iter().filter(|(name, _)| like.contains_key(*name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}
