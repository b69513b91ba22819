//! v1 of a dataset, which its Dataset manages as long as no DatasetVersion binds it.

use std::sync::Arc;

use super::part::{self, Part};
use crate::plan::desired::Desired;
use crate::plan::edit::Edit;
use crate::plan::field::Field;
use crate::plan::step::{Look, Step};
use crate::plan::view::{Observation, View};
use crate::remote::Remote;
use crate::remote::id::{RemoteId, VERSIONS};

/// The name of v1.
pub(super) const NAME: &str = "v1";
/// Prefix of the keys in `appliedLabelKeys` that are labels of v1.
pub(super) const PREFIX: &str = part::FIRST;

/// v1 together with the part of the spec that is about it.
pub(super) fn part<'a>(desired: &'a Desired, first: &'a Remote) -> Part<'a> {
    Part {
        remote: first,
        fields: &desired.first.fields,
        labels: desired.first.labels.as_ref(),
        prefix: PREFIX,
        list: "versionLabels",
        member: |name| {
            let said = if name == "Description" { "VersionDescription" } else { name };
            Field::counted_as(format!("{PREFIX}{name}"), said)
        },
    }
}

/// v1 of a dataset: as read in this reconcile, or else the newest version as long as v1 is the only one.
pub(super) fn first_of<'a>(view: &'a View, remote: &'a Remote) -> Option<&'a Remote> {
    let id = remote.id.join(NAME);
    let seen = view.observation(&id);
    let latest = remote.latest.as_deref().filter(|latest| latest.id == id);
    match seen {
        Some(Observation::Read(read)) => Some(read),
        Some(Observation::Listed(_) | Observation::Gone) | None => latest.or_else(|| seen?.remote().map(Arc::as_ref)),
    }
}

/// If the spec manages v1 and its state is not known: the step that reads it. First a list of the versions, which the
/// DatasetVersions can use as well.
pub(super) fn needs_first(view: &View, desired: &Desired, remote: &Remote) -> Option<Step> {
    if desired.first.is_empty() || first_of(view, remote).is_some() {
        return None;
    }
    let listed = view.observed.children.contains_key(VERSIONS);
    Some(if listed {
        Step::Read(remote.id.join(NAME))
    } else {
        Step::Look(Look::Children(remote.id.clone(), VERSIONS))
    })
}

/// Turns an edit of v1 into an edit of its dataset, which shows v1 as its newest version.
pub(super) fn within(view: &View, dataset: &Remote, mut edit: Edit) -> Edit {
    let mut after = dataset.clone();
    let latest = after.latest.as_mut().filter(|latest| latest.id == edit.id);
    if let (Some(latest), Some(first)) = (latest, edit.after.first()) {
        **latest = first.clone();
    }
    if view.observation(&edit.id).and_then(Observation::remote).is_none() {
        edit.after.clear();
    }
    edit.after.push(after);
    edit.id = dataset.id.clone();
    edit
}

/// The dataset that a create made, as far as it is known without reading it.
pub(super) fn made(id: &RemoteId, desired: &Desired) -> Remote {
    let mut fields = desired.create.clone();
    fields.remove("VersionLabels");
    fields.remove("VersionDescription");
    let of_first = desired.first.labels.clone().unwrap_or_default();
    let first = Remote::labelled(id.join(NAME), of_first, desired.first.fields.clone(), None);
    Remote::labelled(id.clone(), desired.labels.clone(), fields, Some(Box::new(first)))
}
