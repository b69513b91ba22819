//! A DatasetJob: a job on a dataset, from its start to its end.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use kube::{Resource, ResourceExt};
use serde_json::{Map, Value, json};

use super::info::text;
use super::members::Spec;
use super::{Datasets, compare, dataset, parent};
use crate::accounts::Place;
use crate::api::{
    CommonStatus, ConditionType, Dataset, DatasetJob, DatasetJobSpec, Outcome, PartialFailure, ProviderConfigRef,
    Reason,
};
use crate::cloud::codec;
use crate::compressed::Compressible;
use crate::inventory::ObjectName;
use crate::plan::clearance::Clearance;
use crate::plan::desired::{Deletion, Desired, FirstVersion, Policy};
use crate::plan::intent::Target;
use crate::plan::object::ObjectFacts;
use crate::plan::profile::Profile;
use crate::plan::recorded::Recorded;
use crate::plan::report::Blocked;
use crate::plan::run::{self, Run};
use crate::plan::view::{Hold, Relations};
use crate::reconcile::kind::{Kind, Managed};
use crate::reconcile::lookups::{Defaults, Lookups};
use crate::reconcile::parsed::Parsed;
use crate::reconcile::references::Reference;
use crate::remote::Remote;
use crate::remote::fields::Fields;
use crate::remote::id::{JOBS, RemoteId};
use crate::remote::mark::Labels;

/// The kind `DatasetJob`.
pub struct DatasetJobs;

impl Managed for DatasetJob {
    fn common(&self) -> Option<&CommonStatus> {
        self.status.as_ref().map(|status| &status.common)
    }

    fn provider_config_ref(&self) -> Option<&ProviderConfigRef> {
        self.spec.provider_config_ref.as_ref()
    }
}

impl Compressible for DatasetJob {
    const TYPICAL: &'static str = concat!(
        r#"{"apiVersion":"pai.dataset-operator.dev/v1alpha1","kind":"DatasetJob","metadata":{"annotations":{"#,
        r#""dataset-operator.dev/intent":"{\"uid\":\"01234567-89ab-4cde-8f01-23456789abcd\",\"target\":{"#,
        r#"\"account\":\"default\",\"region\":\"cn-hangzhou\",\"workspace\":\"12345\",\"datasetId\":\"d-\"},"#,
        r#"\"principal\":\"\",\"attempts\":[{\"nonce\":\"c0123456789abcdef\",\"hash\":\""\"}]}"},"#,
        r#""creationTimestamp":"2026-01-01T00:00:00Z","finalizers":["dataset-operator.dev/remote"],"generation":1,"#,
        r#""name":"","namespace":"default","resourceVersion":"","uid":""},"spec":{"datasetRef":{"name":""},"#,
        r#""jobAction":"SemanticIndex","jobSpec":{"contentList":["file"],"modelId":""},"backoffLimit":1},"#,
        r#""status":{"datasetId":"d-","datasetJobId":"dsjob-","datasetVersion":"v1","jobAction":"SemanticIndex","#,
        r#""jobSpec":{"contentList":["file"],"modelId":""},"state":"Succeeded","progress":{"total":0,"completed":0,"#,
        r#""failed":0,"summary":"0/0"},"startTime":"2026-01-01T00:00:00Z","completionTime":"2026-01-01T00:00:00Z","#,
        r#""attempts":[{"number":1,"nonce":"c","datasetJobId":"dsjob-","state":"Succeeded"}],"logs":[],"#,
        r#""observedGeneration":1,"origin":"Created","attempt":{"nonce":"c","outcome":"Created"},"principal":"","#,
        r#""conditions":[{"lastTransitionTime":"2026-01-01T00:00:00Z","message":" has succeeded","#,
        r#""observedGeneration":1,"reason":"Available","status":"True","type":"Ready"},{"type":"Complete"}]}}"#,
    );

    fn learnt() -> &'static OnceLock<Box<[u8]>> {
        static LEARNT: OnceLock<Box<[u8]>> = OnceLock::new();
        &LEARNT
    }
}

/// Members that are fixed once there is a job: all but its description (`UpdateDatasetJob` has nothing else). The last
/// two are the operator's own.
pub const FIXED: &[&str] = &["DatasetVersion", "JobAction", "JobMode", "JobSpec", "PartialFailure", "RunId"];

/// Those that the service does not know.
const OWN: &[&str] = &["PartialFailure", "RunId"];

/// Those that no answer shows, or not every one (`GetDatasetJob` leaves the version out).
const UNSHOWN: &[&str] = &["DatasetVersion", "PartialFailure", "RunId"];

/// The properties of DatasetJobs for decisions.
pub const PROFILE: Profile = Profile {
    name: "DatasetJob",
    resource: "paidsj",
    id_keys: &["datasetId", "datasetJobId"],
    fixed: FIXED,
    unshown: UNSHOWN,
    runs: true,
    polls: false,
    update_lag: Duration::ZERO,
    info_keys: &["state", "progress", "startTime", "completionTime", "attempts", "stopReason", "logs"],
    codec: &codec::Jobs,
    inner: None,
    is_borrowed: |_| false,
    may_go: |_| Clearance::Go,
    may_be_deleted: |_, _| Clearance::Go,
    compare: compare::plain,
    made,
    info,
};

/// A job that was created begins as pending.
fn made(id: &RemoteId, desired: &Desired) -> Remote {
    let mut fields = desired.create.clone();
    fields.insert("Status".to_owned(), json!("Pending"));
    Remote::labelled(id.clone(), Labels::new(), fields, None)
}

/// The members of status that describe the job, in addition to its identity.
fn info(remote: &Remote, info: &mut Map<String, Value>, _written: bool) {
    run::note_state(info, remote);
    let count = |name: &str| remote.fields.get(name).and_then(Value::as_u64);
    let (total, completed) = (count("TotalFileCount"), count("CompletedFileCount"));
    if let (Some(total), Some(completed)) = (total, completed) {
        let failed = count("FailedFileCount").unwrap_or_default();
        let summary = format!("{completed}/{total}");
        let progress = json!({"total": total, "completed": completed, "failed": failed, "summary": summary});
        info.insert("progress".to_owned(), progress);
    }
    if let Some(time) = text(remote, "FinishTime") {
        info.insert("completionTime".to_owned(), time);
    }
    if let Some(logs) = remote.fields.get("Logs").filter(|logs| logs.as_array().is_some_and(|all| !all.is_empty())) {
        info.insert("logs".to_owned(), logs.clone());
    }
}

impl Kind for DatasetJobs {
    type Object = DatasetJob;

    const PROFILE: &'static Profile = &PROFILE;

    fn desire(object: &DatasetJob, recorded: &Recorded, lookups: &Lookups) -> Result<Desired, Blocked> {
        let spec = &object.spec;
        let (dataset, workspace) = place(object, recorded, lookups)?;
        let (fixed, mutable) = members(spec, version_of(object, recorded, &dataset, lookups)?);
        let mut create = fixed.clone();
        create.retain(|name, _| !OWN.contains(&name.as_str()));
        create.extend(mutable.clone());
        create.insert("WorkspaceId".to_owned(), json!(workspace));
        let adopted = spec.adoption.as_ref().and_then(|adoption| adoption.dataset_job_id.as_deref());
        Ok(Desired {
            adopt: adopted.map(|job| RemoteId::new(&dataset).within(JOBS, job)),
            target: Target { workspace, dataset_id: Some(dataset), ..Target::default() },
            create,
            fixed,
            mutable,
            labels: Labels::new(),
            label_keys: Vec::new(),
            first: FirstVersion::default(),
            policy: Policy::IfMarked,
            bind: false,
            recreate: false,
            run: Some(Run {
                backoff_limit: spec.backoff_limit.and_then(|limit| u32::try_from(limit).ok()).unwrap_or_default(),
                deadline: spec.active_deadline_seconds.and_then(|all| u64::try_from(all).ok()).map(Duration::from_secs),
                dataset_leaves: parent(object, lookups)
                    .is_some_and(|parent| parent.metadata.deletion_timestamp.is_some()),
                accepts_partial: spec.partial_failure == Some(PartialFailure::Accept),
            }),
            secret: None,
        })
    }

    fn account_of_parent(object: &DatasetJob, lookups: &Lookups) -> Option<Place> {
        parent::account(&object.metadata, reference(object).as_ref(), lookups)
    }

    fn names_a_stranger(object: &DatasetJob, lookups: &Lookups) -> bool {
        parent::is_a_stranger(&object.metadata, reference(object).as_ref(), lookups)
    }

    fn deletion(object: &DatasetJob) -> Option<Deletion> {
        object.spec.deletion_policy
    }

    fn relations(_: &DatasetJob, _: &Recorded, _: &Lookups) -> Relations {
        Relations::default()
    }

    fn remote(object: &DatasetJob) -> Option<(RemoteId, Option<&str>)> {
        let status = object.status.as_ref()?;
        let dataset = RemoteId::new(status.dataset_id.as_deref()?);
        Some((dataset.within(JOBS, status.dataset_job_id.as_deref()?), None))
    }

    fn references(shown: &Parsed<DatasetJob>) -> Vec<Reference> {
        match shown {
            Parsed::Whole(object) => reference(object).into_iter().chain(version_reference(object)).collect(),
            Parsed::Unparsable(broken) => parent::references_of(broken),
        }
    }

    /// One that has ended means nothing: it goes with the dataset.
    fn hold(object: &DatasetJob, _: &Defaults) -> Option<Hold> {
        if object.meta().deletion_timestamp.is_some() {
            return Some(Hold::Leaving);
        }
        let common = object.status.as_ref().map(|status| &status.common);
        let condition = |kind| common.and_then(|common| common.condition(kind));
        let ended = condition(ConditionType::Complete).or(condition(ConditionType::Failed)).is_some();
        let begun = Self::remote(object).is_some() || in_doubt(object);
        (begun && !ended).then_some(Hold::Running)
    }

    /// A Dataset that is being deleted waits for its jobs.
    fn concerns(object: &DatasetJob, lookups: &Lookups) -> Vec<ObjectName> {
        let waiting = parent(object, lookups).filter(|parent| parent.metadata.deletion_timestamp.is_some());
        waiting.map(|parent| ObjectName::of(dataset::PROFILE.name, &parent.metadata)).into_iter().collect()
    }
}

/// May a job exist that the object has not recorded? An attempt that was refused made none, and an object that waits for its
/// Dataset has none in doubt.
fn in_doubt(object: &DatasetJob) -> bool {
    let common = object.status.as_ref().map(|status| &status.common);
    let refused = common.and_then(|common| common.attempt.as_ref()).filter(|last| last.outcome == Outcome::Refused);
    let ready = common.and_then(|common| common.condition(ConditionType::Ready));
    let waits = ready.is_some_and(|ready| ready.reason == Reason::DependencyNotReady.as_str());
    let intent = ObjectFacts::of(object.meta()).intent;
    let newest = intent.own().and_then(|intent| intent.newest());
    newest.is_some_and(|newest| refused.is_none_or(|refused| refused.nonce != newest)) && !waits
}

/// The Dataset in its spec.
fn reference(job: &DatasetJob) -> Option<Reference> {
    parent::reference(&job.metadata, job.spec.dataset_ref.as_ref(), job.spec.dataset_id.as_deref())
}

/// The DatasetVersion in its spec.
fn version_reference(job: &DatasetJob) -> Option<Reference> {
    parent::version_reference(&job.metadata, job.spec.version_ref.as_ref())
}

/// The members that the spec manages: those that are fixed, with this version, and those that can be changed.
fn members(spec: &DatasetJobSpec, version: Option<String>) -> (Fields, Fields) {
    let json = Spec::of(spec);
    let mut fixed = json.members(&["JobAction", "JobMode", "PartialFailure", "RunId"]);
    // Its members are spelled as the service spells them.
    let of_job = spec.job_spec.as_ref().and_then(|spec| serde_json::to_value(spec).ok());
    fixed.insert("JobSpec".to_owned(), of_job.unwrap_or_else(|| json!({})));
    fixed.extend(version.map(|version| ("DatasetVersion".to_owned(), json!(version))));
    (fixed, json.members(&["Description"]))
}

fn parent(job: &DatasetJob, lookups: &Lookups) -> Option<Arc<Dataset>> {
    lookups.get::<Datasets>(&reference(job)?)
}

/// The dataset's id and workspace. A job stays in the dataset in which it began.
fn place(object: &DatasetJob, recorded: &Recorded, lookups: &Lookups) -> Result<(String, String), Blocked> {
    let parent = parent(object, lookups);
    let workspace = parent::workspace::<DatasetJobs>(parent.as_deref(), object, lookups).unwrap_or_default();
    if let Some(id) = &object.spec.dataset_id {
        return if workspace.is_empty() { Err(parent::no_workspace(id)) } else { Ok((id.clone(), workspace)) };
    }
    let now = parent.as_ref().and_then(|parent| parent.status.as_ref()?.dataset_id.clone());
    if let Some(own) = recorded.id.as_ref().map(RemoteId::root) {
        return Ok((now.unwrap_or_else(|| own.to_owned()), workspace));
    }
    let name = object.spec.dataset_ref.as_ref().map(|reference| reference.name.clone()).unwrap_or_default();
    let (namespace, deleting) = (object.namespace().unwrap_or_default(), object.meta().deletion_timestamp.is_some());
    parent::ready_id(parent.as_deref(), (&namespace, &name), deleting, lookups).map(|id| (id, workspace))
}

/// The version that the spec names, if it names one.
fn version_of(
    object: &DatasetJob,
    recorded: &Recorded,
    dataset: &str,
    lookups: &Lookups,
) -> Result<Option<String>, Blocked> {
    let spec = &object.spec;
    let recorded = recorded.id.as_ref().and_then(|_| recorded.fixed.get("DatasetVersion")?.as_str());
    if let Some(kept) = recorded.filter(|_| spec.version_ref.is_some()) {
        return Ok(Some(kept.to_owned()));
    }
    let named = (spec.version_ref.as_ref(), spec.dataset_version.as_ref());
    parent::version(&object.metadata, named, dataset, lookups)
}

#[cfg(test)]
#[path = "job_tests.rs"]
mod tests;
