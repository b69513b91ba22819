//! A MediaDataset: a dataset of IMM, known by its name in a project.

use std::sync::OnceLock;

use kube::ResourceExt;
use serde_json::{Map, Value, json};

use super::compare;
use super::info::{put, text};
use super::members::Spec;
use crate::api::{AdoptionPolicy, CommonStatus, MediaDataset, OnExternalDeletion, ProviderConfigRef, Reason};
use crate::cloud::codec;
use crate::compressed::Compressible;
use crate::plan::clearance::Clearance;
use crate::plan::desired::{Deletion, Desired, FirstVersion, Policy};
use crate::plan::intent::Target;
use crate::plan::profile::Profile;
use crate::plan::recorded::Recorded;
use crate::plan::report::{Blocked, Next};
use crate::plan::view::{Relations, View};
use crate::reconcile::kind::{Kind, Managed};
use crate::reconcile::lookups::Lookups;
use crate::remote::Remote;
use crate::remote::id::RemoteId;
use crate::remote::mark::Labels;
use crate::remote::place;

/// The kind `MediaDataset`.
pub struct MediaDatasets;

impl Managed for MediaDataset {
    fn common(&self) -> Option<&CommonStatus> {
        self.status.as_ref().map(|status| &status.common)
    }

    fn provider_config_ref(&self) -> Option<&ProviderConfigRef> {
        self.spec.provider_config_ref.as_ref()
    }
}

impl Compressible for MediaDataset {
    const TYPICAL: &'static str = concat!(
        r#"{"apiVersion":"imm.dataset-operator.dev/v1alpha1","kind":"MediaDataset","metadata":{"annotations":{"#,
        r#""dataset-operator.dev/intent":"{\"uid\":\"01234567-89ab-4cde-8f01-23456789abcd\",\"target\":{"#,
        r#"\"account\":\"default\",\"region\":\"cn-hangzhou\",\"workspace\":\"imm:\",\"name\":\"\"},\"principal\":\""#,
        r#"\",\"attempts\":[{\"nonce\":\"c0123456789abcdef\",\"hash\":\""\"}]}"},"#,
        r#""creationTimestamp":"2026-01-01T00:00:00Z","finalizers":["dataset-operator.dev/remote"],"generation":1,"#,
        r#""name":"","namespace":"default","resourceVersion":"","uid":""},"spec":{"projectName":"","description":"","#,
        r#""templateId":"Official:ImageManagement","datasetMaxFileCount":100000000},"status":{"projectName":"","name":"","#,
        r#""createTime":"2026-01-01T00:00:00.000000000+08:00","updateTime":"2026-01-01T00:00:00.000000000+08:00","#,
        r#""bindCount":0,"fileCount":0,"totalFileSize":0,"observedGeneration":1,"origin":"Created","attempt":{"nonce":"c","#,
        r#""outcome":"Created"},"principal":"","conditions":[{"lastTransitionTime":"2026-01-01T00:00:00Z","#,
        r#""message":"the cloud dataset equals the spec","observedGeneration":1,"reason":"Available","status":"True","#,
        r#""type":"Ready"}]}}"#,
    );

    fn learnt() -> &'static OnceLock<Box<[u8]>> {
        static LEARNT: OnceLock<Box<[u8]>> = OnceLock::new();
        &LEARNT
    }
}

/// Members that are fixed at creation: two identify the dataset, and no update has the third one.
pub const FIXED: &[&str] = &["ProjectName", "Name", CONFIG];
const CONFIG: &str = "DatasetConfig";

/// The properties of MediaDatasets for decisions.
pub const PROFILE: Profile = Profile {
    name: "MediaDataset",
    resource: "immds",
    id_keys: &["projectName", "name"],
    fixed: FIXED,
    unshown: &[CONFIG],
    runs: false,
    polls: false,
    update_lag: place::UPDATE_LAG,
    info_keys: &["createTime", "updateTime", "bindCount", "fileCount", "totalFileSize", "smartClusterTaskStatus"],
    codec: &codec::MediaDatasets::PLAIN,
    inner: None,
    is_borrowed: |_| false,
    may_go: |_| Clearance::Go,
    may_be_deleted,
    compare: compare::plain,
    made: |id, desired| Remote::labelled(id.clone(), Labels::new(), desired.create.clone(), None),
    info,
};

/// Bindings block a deletion: the service refuses it, and nothing is unbound here. (Files block it too, but their number
/// may be out of date, so the service is asked.)
fn may_be_deleted(_: &View, remote: &Remote) -> Clearance {
    let count = |name: &str| remote.fields.get(name).and_then(Value::as_u64).unwrap_or_default();
    let (bindings, files) = (count("BindCount"), count("FileCount"));
    if bindings == 0 {
        return Clearance::Go;
    }
    let message = format!(
        "{} has {bindings} bindings and {files} files, and the service deletes only empty datasets; remove the bindings and \
         the files, or set deletionPolicy: Retain",
        remote.id
    );
    Clearance::blocked(message, Next::Backoff)
}

/// The members of status that describe the dataset, in addition to its identity.
fn info(remote: &Remote, info: &mut Map<String, Value>, written: bool) {
    for (key, name) in [("bindCount", "BindCount"), ("fileCount", "FileCount"), ("totalFileSize", "TotalFileSize")] {
        if let Some(value) = remote.fields.get(name).filter(|value| value.is_u64()) {
            info.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(time) = text(remote, "CreateTime") {
        info.insert("createTime".to_owned(), time);
    }
    if let (true, Some(time)) = (written, text(remote, "UpdateTime")) {
        info.insert("updateTime".to_owned(), time);
    }
    let clustering = remote.fields.get("SmartClusterTaskStatus").and_then(|task| task.get("Status"));
    put(info, "smartClusterTaskStatus", clustering.filter(|status| status.is_string()).cloned());
}

impl Kind for MediaDatasets {
    type Object = MediaDataset;

    const PROFILE: &'static Profile = &PROFILE;

    fn desire(object: &MediaDataset, _: &Recorded, _: &Lookups) -> Result<Desired, Blocked> {
        let spec = &object.spec;
        let Some(project) = &spec.project_name else {
            return Err(Blocked::stuck(
                Reason::InvalidSpec,
                "spec.projectName is not set; set the name of an IMM project",
            ));
        };
        let name = match &spec.name {
            Some(name) => name.clone(),
            None => default_name(object)?,
        };
        let json = Spec::of(spec);
        let mut fixed = json.members(&[CONFIG]);
        fixed.extend([("ProjectName".to_owned(), json!(project)), ("Name".to_owned(), json!(name))]);
        let mutable = json.members(codec::MediaDatasets::CHANGEABLE);
        let mut create = fixed.clone();
        create.extend(mutable.clone());
        Ok(Desired {
            target: Target { workspace: place::of_project(project), name: Some(name), ..Target::default() },
            create,
            fixed,
            mutable,
            labels: Labels::new(),
            label_keys: Vec::new(),
            first: FirstVersion::default(),
            adopt: None,
            policy: match spec.adoption.as_ref().and_then(|adoption| adoption.policy) {
                None | Some(AdoptionPolicy::AdoptIfMarked) => Policy::IfMarked,
                Some(AdoptionPolicy::CreateOnly) => Policy::CreateOnly,
                Some(AdoptionPolicy::AdoptByName) => Policy::ByName,
                Some(AdoptionPolicy::AdoptOnly) => Policy::Only,
            },
            bind: false,
            recreate: spec.on_external_deletion == Some(OnExternalDeletion::Recreate),
            run: None,
            secret: None,
        })
    }

    fn counts(object: &MediaDataset) -> bool {
        object.spec.statistics == Some(true)
    }

    fn deletion(object: &MediaDataset) -> Option<Deletion> {
        object.spec.deletion_policy
    }

    fn relations(_: &MediaDataset, _: &Recorded, _: &Lookups) -> Relations {
        Relations::default()
    }

    fn remote(object: &MediaDataset) -> Option<(RemoteId, Option<&str>)> {
        let status = object.status.as_ref()?;
        Some((RemoteId::keyed(status.project_name.as_deref()?, status.name.as_deref()?), None))
    }
}

/// `metadata.name`, if it is a valid name of an IMM dataset (a Kubernetes name may have dots, be longer, and begin with a
/// digit).
fn default_name(object: &MediaDataset) -> Result<String, Blocked> {
    let name = object.name_any();
    let first = name.chars().next().is_some_and(|letter| letter.is_ascii_alphabetic());
    if name.contains('.') || name.len() > 128 || !first {
        return Err(Blocked::stuck(
            Reason::InvalidSpec,
            "metadata.name is not a valid name of an IMM dataset (at most 128 characters, first a letter, no dots); set \
             spec.name",
        ));
    }
    Ok(name)
}
