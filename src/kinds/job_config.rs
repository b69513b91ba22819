//! A DatasetJobConfig: a configuration that the jobs of a dataset use. A dataset has one of each type.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use kube::{Resource, ResourceExt};
use serde_json::{Map, Value, json};

use super::info::text;
use super::part::Part;
use super::{Datasets, dataset, parent};
use crate::accounts::Place;
use crate::api::{
    CommonStatus, ConfigType, Dataset, DatasetJobConfig, DatasetJobConfigSpec, OnExternalDeletion, ProviderConfigRef,
    Reason,
};
use crate::cloud::codec;
use crate::cloud::codec::job_config::{KEY, MODEL};
use crate::compressed::Compressible;
use crate::inventory::ObjectName;
use crate::plan::clearance::Clearance;
use crate::plan::desired::{Deletion, Desired, FirstVersion, Policy};
use crate::plan::edit::Comparison;
use crate::plan::intent::Target;
use crate::plan::profile::Profile;
use crate::plan::recorded::Recorded;
use crate::plan::report::Blocked;
use crate::plan::secret::SECRET;
use crate::plan::view::{Relations, View};
use crate::reconcile::kind::{Kind, Managed, SecretKey};
use crate::reconcile::lookups::Lookups;
use crate::reconcile::parsed::Parsed;
use crate::reconcile::references::Reference;
use crate::remote::Remote;
use crate::remote::carrier::Unwritable;
use crate::remote::fields::Fields;
use crate::remote::id::{JOB_CONFIGS, RemoteId};
use crate::remote::mark::Labels;

/// The kind `DatasetJobConfig`.
pub struct DatasetJobConfigs;

impl Managed for DatasetJobConfig {
    fn common(&self) -> Option<&CommonStatus> {
        self.status.as_ref().map(|status| &status.common)
    }

    fn provider_config_ref(&self) -> Option<&ProviderConfigRef> {
        self.spec.provider_config_ref.as_ref()
    }
}

impl Compressible for DatasetJobConfig {
    const TYPICAL: &'static str = concat!(
        r#"{"apiVersion":"pai.dataset-operator.dev/v1alpha1","kind":"DatasetJobConfig","metadata":{"annotations":{"#,
        r#""dataset-operator.dev/intent":"{\"uid\":\"01234567-89ab-4cde-8f01-23456789abcd\",\"target\":{"#,
        r#"\"account\":\"default\",\"region\":\"cn-hangzhou\",\"workspace\":\"12345\",\"datasetId\":\"d-\","#,
        r#"\"name\":\"MultimodalIntelligentTag\"},\"principal\":\"\",\"attempts\":[{\"nonce\":\"c0123456789abcdef\","#,
        r#"\"hash\":\""\"}],\"secret\":{\"uid\":\"\",\"resourceVersion\":\"\"}}"},"#,
        r#""creationTimestamp":"2026-01-01T00:00:00Z","finalizers":["dataset-operator.dev/remote"],"generation":1,"#,
        r#""name":"","namespace":"default","resourceVersion":"","uid":""},"spec":{"datasetRef":{"name":""},"#,
        r#""configType":"MultimodalIntelligentTag","multimodalIntelligentTag":{"apiKeySecretRef":{"name":"","key":""}}},"#,
        r#""status":{"datasetId":"d-","datasetJobConfigId":"dscfg-","configType":"MultimodalIntelligentTag","secret":{"#,
        r#""uid":"","resourceVersion":""},"createTime":"2026-01-01T00:00:00Z","modifyTime":"2026-01-01T00:00:00Z","#,
        r#""observedGeneration":1,"origin":"Created","attempt":{"nonce":"c","outcome":"Created"},"principal":"","#,
        r#""conditions":[{"lastTransitionTime":"2026-01-01T00:00:00Z","message":"the cloud dataset equals the spec","#,
        r#""observedGeneration":1,"reason":"Available","status":"True","type":"Ready"}]}}"#,
    );

    fn learnt() -> &'static OnceLock<Box<[u8]>> {
        static LEARNT: OnceLock<Box<[u8]>> = OnceLock::new();
        &LEARNT
    }
}

/// Members that are fixed once there is a configuration.
pub const FIXED: &[&str] = &["ConfigType"];

/// The properties of DatasetJobConfigs for decisions.
pub const PROFILE: Profile = Profile {
    name: "DatasetJobConfig",
    resource: "paidsjc",
    id_keys: &["datasetId", "datasetJobConfigId"],
    fixed: FIXED,
    unshown: &[],
    runs: false,
    polls: true,
    update_lag: Duration::ZERO,
    info_keys: &[SECRET, "createTime", "modifyTime"],
    codec: &codec::JobConfigs::PLAIN,
    inner: None,
    is_borrowed: |_| false,
    may_go: |_| Clearance::Go,
    may_be_deleted: |_, _| Clearance::Go,
    compare,
    made: |id, desired| Remote::labelled(id.clone(), Labels::new(), desired.create.clone(), None),
    info,
};

/// What an answer does not show, or shows as asterisks, is not compared: it is what was sent last. Of the key, status tells
/// from which version of the Secret that was; of the rest, whether the spec was carried out. Whatever is sent replaces the
/// configuration as a whole.
fn compare(view: &View, desired: &Desired, remote: &Remote) -> Result<Comparison, Unwritable> {
    let mut held = remote.clone();
    for (name, wanted) in desired.mutable.iter().filter(|(name, _)| !remote.fields.contains_key(*name)) {
        let recorded = match name.as_str() {
            KEY => view.recorded.info.get(SECRET),
            _ => view.carried_out().then_some(wanted),
        };
        held.fields.extend(recorded.map(|value| (name.clone(), value.clone())));
    }
    let own = Part::of(desired, &held);
    let edits = own.update(view.profile.codec, &own.members(view))?.into_iter().collect();
    Ok(Comparison { edits, needs: None, left: own.left(view), held: own.held() })
}

/// The members of status that describe the configuration, in addition to its identity.
fn info(remote: &Remote, info: &mut Map<String, Value>, written: bool) {
    if let Some(version) = remote.fields.get(KEY).filter(|version| version.is_object()) {
        info.insert(SECRET.to_owned(), version.clone());
    }
    for (key, name) in [("createTime", "CreateTime"), ("modifyTime", "ModifyTime")] {
        if let (true, Some(time)) = (written, text(remote, name)) {
            info.insert(key.to_owned(), time);
        }
    }
}

impl Kind for DatasetJobConfigs {
    type Object = DatasetJobConfig;

    const PROFILE: &'static Profile = &PROFILE;

    fn desire(object: &DatasetJobConfig, recorded: &Recorded, lookups: &Lookups) -> Result<Desired, Blocked> {
        let spec = &object.spec;
        let Some(config_type) = spec.config_type else {
            let message = "spec.configType is not set; set it to MultimodalIntelligentTag or MultimodalSemanticIndex";
            return Err(Blocked::stuck(Reason::InvalidSpec, message));
        };
        let (dataset, workspace) = place(object, recorded, lookups)?;
        if let Some(other) = rival(object, recorded, &dataset, lookups) {
            let message = format!(
                "DatasetJobConfig {other} stands for the {config_type} configuration of {dataset} already, and a dataset has \
                 one of each type; delete one of the two"
            );
            return Err(Blocked::stuck(Reason::OwnedByOther, message));
        }
        let fixed = Fields::from_iter([("ConfigType".to_owned(), json!(config_type))]);
        let mutable = members(spec)?;
        let mut create = fixed.clone();
        create.extend(mutable.clone());
        create.insert("WorkspaceId".to_owned(), json!(workspace));
        let adopted = spec.adoption.as_ref().and_then(|adoption| adoption.dataset_job_config_id.as_deref());
        Ok(Desired {
            adopt: adopted.map(|config| RemoteId::new(&dataset).within(JOB_CONFIGS, config)),
            target: Target {
                workspace,
                dataset_id: Some(dataset),
                name: Some(config_type.to_string()),
                ..Target::default()
            },
            create,
            fixed,
            mutable,
            labels: Labels::new(),
            label_keys: Vec::new(),
            first: FirstVersion::default(),
            policy: Policy::IfMarked,
            bind: false,
            recreate: spec.on_external_deletion == Some(OnExternalDeletion::Recreate),
            run: None,
            secret: None,
        })
    }

    fn account_of_parent(object: &DatasetJobConfig, lookups: &Lookups) -> Option<Place> {
        parent::account(&object.metadata, reference(object).as_ref(), lookups)
    }

    fn names_a_stranger(object: &DatasetJobConfig, lookups: &Lookups) -> bool {
        parent::is_a_stranger(&object.metadata, reference(object).as_ref(), lookups)
    }

    fn deletion(object: &DatasetJobConfig) -> Option<Deletion> {
        object.spec.deletion_policy
    }

    fn relations(_: &DatasetJobConfig, _: &Recorded, _: &Lookups) -> Relations {
        Relations::default()
    }

    fn remote(object: &DatasetJobConfig) -> Option<(RemoteId, Option<&str>)> {
        let status = object.status.as_ref()?;
        let dataset = RemoteId::new(status.dataset_id.as_deref()?);
        Some((dataset.within(JOB_CONFIGS, status.dataset_job_config_id.as_deref()?), None))
    }

    fn references(shown: &Parsed<DatasetJobConfig>) -> Vec<Reference> {
        match shown {
            Parsed::Whole(object) => {
                let secret = Self::secret(object).map(|secret| Reference::Name(secret.object));
                reference(object).into_iter().chain(secret).collect()
            }
            Parsed::Unparsable(broken) => parent::references_of(broken),
        }
    }

    fn secret(object: &DatasetJobConfig) -> Option<SecretKey> {
        let of_type = object.spec.config_type == Some(ConfigType::MultimodalIntelligentTag);
        let reference = &object.spec.multimodal_intelligent_tag.as_ref().filter(|_| of_type)?.api_key_secret_ref;
        let namespace = object.namespace().unwrap_or_default();
        Some(SecretKey::new(&namespace, &reference.name, &reference.key))
    }

    /// Another object that wants the configuration of the same type waits for this one.
    fn concerns(object: &DatasetJobConfig, lookups: &Lookups) -> Vec<ObjectName> {
        rivals(object, None, lookups).iter().map(|other| ObjectName::of(PROFILE.name, &other.metadata)).collect()
    }
}

/// The Dataset in its spec.
fn reference(config: &DatasetJobConfig) -> Option<Reference> {
    parent::reference(&config.metadata, config.spec.dataset_ref.as_ref(), config.spec.dataset_id.as_deref())
}

fn parent(config: &DatasetJobConfig, lookups: &Lookups) -> Option<Arc<Dataset>> {
    lookups.get::<Datasets>(&reference(config)?)
}

/// The members that the spec manages and that can be changed, without the key: it comes from the Secret.
fn members(spec: &DatasetJobConfigSpec) -> Result<Fields, Blocked> {
    let missing =
        |field: &str| Blocked::stuck(Reason::InvalidSpec, format!("spec.{field} is not set; this configType needs it"));
    let model = match spec.config_type {
        Some(ConfigType::MultimodalSemanticIndex) => {
            spec.multimodal_semantic_index.as_ref().ok_or_else(|| missing("multimodalSemanticIndex"))?
        }
        Some(ConfigType::MultimodalIntelligentTag) if spec.multimodal_intelligent_tag.is_none() => {
            return Err(missing("multimodalIntelligentTag"));
        }
        Some(ConfigType::MultimodalIntelligentTag) | None => return Ok(Fields::new()),
    };
    let values = [&model.default_model_id, &model.default_model_version];
    let members = MODEL
        .iter()
        .zip(values)
        .filter_map(|((member, _), value)| Some(((*member).to_owned(), json!(value.as_ref()?))));
    Ok(members.collect())
}

/// The dataset's id and workspace. If the Dataset is made anew under another id, the configuration is made anew there.
fn place(object: &DatasetJobConfig, recorded: &Recorded, lookups: &Lookups) -> Result<(String, String), Blocked> {
    let parent = parent(object, lookups);
    let workspace = parent::workspace::<DatasetJobConfigs>(parent.as_deref(), object, lookups).unwrap_or_default();
    if let Some(id) = &object.spec.dataset_id {
        return if workspace.is_empty() { Err(parent::no_workspace(id)) } else { Ok((id.clone(), workspace)) };
    }
    let name = object.spec.dataset_ref.as_ref().map(|reference| reference.name.clone()).unwrap_or_default();
    let (namespace, deleting) = (object.namespace().unwrap_or_default(), object.meta().deletion_timestamp.is_some());
    let own = recorded.id.as_ref().map(RemoteId::root);
    let stays = parent.as_ref().filter(|parent| parent.metadata.deletion_timestamp.is_none());
    let now = stays.and_then(|parent| parent.status.as_ref()?.dataset_id.clone());
    match (own, now) {
        // A Dataset that is not Ready for a while does not stop what is in it.
        (Some(own), Some(now)) if own == now => Ok((now, workspace)),
        (Some(own), _) if deleting => Ok((own.to_owned(), workspace)),
        _ => parent::ready_id(parent.as_deref(), (&namespace, &name), deleting, lookups).map(|id| (id, workspace)),
    }
}

/// The other objects that want the configuration of the same type of the same dataset.
fn rivals(object: &DatasetJobConfig, dataset: Option<&str>, lookups: &Lookups) -> Vec<Arc<DatasetJobConfig>> {
    let parent = parent(object, lookups);
    let id = parent.as_ref().and_then(|parent| parent.status.as_ref()?.dataset_id.as_deref());
    let ids = [dataset, id, object.spec.dataset_id.as_deref()];
    let mut references: Vec<Reference> =
        ids.into_iter().flatten().map(|id| Reference::Id(dataset::PROFILE.name, RemoteId::new(id))).collect();
    references.extend(reference(object));
    references.extend(parent.map(|parent| Reference::Name(ObjectName::of(dataset::PROFILE.name, &parent.metadata))));
    let mut all = lookups.referrers::<DatasetJobConfigs>(&references);
    all.retain(|other| other.uid() != object.uid() && other.spec.config_type == object.spec.config_type);
    all
}

/// The name of another object that goes first: it has recorded the configuration, until it is gone; or if none has, it is
/// older.
fn rival(object: &DatasetJobConfig, recorded: &Recorded, dataset: &str, lookups: &Lookups) -> Option<String> {
    let is_in = |id: Option<&RemoteId>| id.is_some_and(|id| id.root() == dataset);
    if is_in(recorded.id.as_ref()) || object.meta().deletion_timestamp.is_some() {
        return None;
    }
    let rank = |config: &DatasetJobConfig| (config.creation_timestamp(), config.uid());
    let first = |other: &Arc<DatasetJobConfig>| {
        let holds = is_in(DatasetJobConfigs::remote(other).map(|(id, _)| id).as_ref());
        holds || (other.meta().deletion_timestamp.is_none() && rank(other) < rank(object))
    };
    let found = rivals(object, Some(dataset), lookups).into_iter().find(first)?;
    Some(format!("{}/{}", found.namespace().unwrap_or_default(), found.name_any()))
}

#[cfg(test)]
#[path = "job_config_tests.rs"]
mod tests;
