//! The Dataset that objects of other kinds refer to: where it is, and whether it is Ready for what is to be in it.

use super::{Datasets, dataset};
use crate::api::{ConditionType, Dataset, DatasetVersion, Reason};
use crate::inventory::ObjectName;
use crate::plan::report::Blocked;
use crate::reconcile::lookups::Lookups;

/// The workspace that holds it, or else the operator's own.
pub(super) fn workspace(parent: Option<&Dataset>, lookups: &Lookups) -> Option<String> {
    let recorded = parent.and_then(|parent| parent.status.as_ref()?.immutables.workspace_id.clone());
    recorded.or_else(|| lookups.defaults.workspace.clone())
}

/// Why an object that names a dataset by its `id` cannot be worked on.
pub(super) fn no_workspace(id: &str) -> Blocked {
    Blocked::stuck(
        Reason::InvalidSpec,
        format!(
            "the workspace of {id} is not known: no Dataset here stands for it and this operator has no default \
             workspace (--workspace-id); adopt it with a Dataset"
        ),
    )
}

/// Its id, or why an object of `namespace` that names it waits. For one that is `deleting` it need not be Ready.
pub(super) fn ready_id(
    parent: Option<&Dataset>,
    (namespace, name): (&str, &str),
    deleting: bool,
    lookups: &Lookups,
) -> Result<String, Blocked> {
    let waits = |message: String| Blocked::waiting(Reason::DependencyNotReady, message);
    let Some(parent) = parent else {
        let there = lookups.live.get::<Datasets>(&ObjectName::new(dataset::PROFILE.name, namespace, name)).is_some();
        let trouble = if there { "does not parse, as its status says" } else { "does not exist in this namespace" };
        return Err(waits(format!("Dataset {name} {trouble}")));
    };
    let status = parent.status.as_ref();
    let ready = status.and_then(|status| status.common.condition(ConditionType::Ready));
    let ready = ready.is_some_and(|ready| ready.status == "True");
    match status.and_then(|status| status.dataset_id.clone()) {
        Some(id) if ready || deleting => Ok(id),
        Some(_) | None if parent.metadata.deletion_timestamp.is_some() => {
            Err(waits(format!("Dataset {name} is being deleted")))
        }
        Some(_) | None => Err(waits(format!("Dataset {name} is not Ready yet"))),
    }
}

/// The name of the version that a DatasetVersion called `name` stands for, or why an object that refers to it cannot be worked
/// on. It must be a version of this dataset.
pub(super) fn version_name(version: Option<&DatasetVersion>, name: &str, dataset: &str) -> Result<String, Blocked> {
    let waits = |what: &str| Blocked::waiting(Reason::DependencyNotReady, format!("DatasetVersion {name} {what}"));
    let Some(version) = version else {
        return Err(waits("does not exist in this namespace"));
    };
    let status = version.status.as_ref();
    let own = status.and_then(|status| Some((status.dataset_id.as_deref()?, status.version_name.clone()?)));
    match own {
        Some((of, _)) if of != dataset => Err(Blocked::stuck(
            Reason::InvalidSpec,
            format!("spec.versionRef: DatasetVersion {name} is a version of {of}, not of {dataset}; name one of that"),
        )),
        Some((_, version)) => Ok(version),
        None => Err(waits("is not Ready yet")),
    }
}
