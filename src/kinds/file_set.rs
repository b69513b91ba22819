//! A DatasetFileSet: metadata of many files in one version of a dataset.

use std::sync::{Arc, OnceLock};

use k8s_openapi::Resource as _;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use kube::runtime::controller::Action;
use serde_json::Value;

use super::file_lines::{self, Members};
use super::members::upper_camel;
use super::{Datasets, parent};
use crate::accounts::Place;
use crate::api::{
    CommonStatus, ConflictPolicy, Dataset, DatasetFileSet, DatasetFileSetSpec, Edition, FileItem, ProviderConfigRef,
    Reason, names,
};
use crate::batch::Item;
use crate::compressed::Compressible;
use crate::inventory::ObjectName;
use crate::plan::desired::{Deletion, Desired};
use crate::plan::object::ObjectFacts;
use crate::plan::profile::Shape;
use crate::plan::report::Blocked;
use crate::plan::view::Hold;
use crate::reconcile::batched::{self, Batched, Source, Wish};
use crate::reconcile::kind::{AnyKind, Managed, policy, recorded};
use crate::reconcile::lookups::{Defaults, Lookups};
use crate::reconcile::parsed::Parsed;
use crate::reconcile::pass::Pass;
use crate::reconcile::references::Reference;
use crate::remote::id::RemoteId;

/// The kind `DatasetFileSet`.
pub struct DatasetFileSets;

impl Managed for DatasetFileSet {
    fn common(&self) -> Option<&CommonStatus> {
        self.status.as_ref().map(|status| &status.common)
    }

    fn provider_config_ref(&self) -> Option<&ProviderConfigRef> {
        self.spec.provider_config_ref.as_ref()
    }
}

impl Compressible for DatasetFileSet {
    const TYPICAL: &'static str = concat!(
        r#"{"apiVersion":"pai.dataset-operator.dev/v1alpha1","kind":"DatasetFileSet","metadata":{"annotations":{"#,
        r#""dataset-operator.dev/intent":"{\"uid\":\"01234567-89ab-4cde-8f01-23456789abcd\",\"target\":{"#,
        r#"\"account\":\"default\",\"region\":\"cn-hangzhou\",\"workspace\":\"12345\",\"datasetId\":\"d-\",\"name\":\"v1\"},"#,
        r#"\"principal\":\"\",\"attempts\":[]}"},"creationTimestamp":"2026-01-01T00:00:00Z","#,
        r#""finalizers":["dataset-operator.dev/remote"],"generation":1,"name":"","namespace":"default","#,
        r#""resourceVersion":"","uid":""},"spec":{"datasetRef":{"name":""},"files":[{"uri":"oss:///.jpg","#,
        r#""contentType":"image/jpeg","fileType":"image","fileFingerPrint":"9B2C","fileUpdateTime":"2026-01-01T00:00:00Z","#,
        r#""tags":[""]}]},"status":{"datasetId":"d-","datasetVersion":"v1","files":{"desired":1,"present":1,"failed":0,"#,
        r#""summary":"1/1"},"contentHash":"0123456789abcdef","lastFullCheckTime":"2026-01-01T00:00:00Z","#,
        r#""observedGeneration":1,"conditions":[{"lastTransitionTime":"2026-01-01T00:00:00Z","#,
        r#""message":"the metadata of all 1 files is as the set lists it","observedGeneration":1,"reason":"Available","#,
        r#""status":"True","type":"Ready"}]}}"#,
    );

    fn learnt() -> &'static OnceLock<Box<[u8]>> {
        static LEARNT: OnceLock<Box<[u8]>> = OnceLock::new();
        &LEARNT
    }
}

/// The members of status that tell of the files.
const INFO: &[&str] =
    &["datasetId", "datasetVersion", "files", "failures", "statistics", "contentHash", "lastFullCheckTime"];

impl AnyKind for DatasetFileSets {
    type Object = DatasetFileSet;

    const NAME: &'static str = "DatasetFileSet";

    fn shape() -> Shape {
        Shape {
            name: Self::NAME,
            resource: "paidsf",
            // A set is in a dataset that has an object, or an owner, of its own. It has no remote besides its files.
            id_keys: &[],
            collection: None,
            fixed: &[],
            runs: false,
            info_keys: INFO,
            info: |_, _, _| {},
        }
    }

    fn account_of_parent(object: &DatasetFileSet, lookups: &Lookups) -> Option<Place> {
        parent::account(&object.metadata, reference(object).as_ref(), lookups)
    }

    fn names_a_stranger(object: &DatasetFileSet, lookups: &Lookups) -> bool {
        parent::is_a_stranger(&object.metadata, reference(object).as_ref(), lookups)
    }

    fn deletion(object: &DatasetFileSet) -> Option<Deletion> {
        object.spec.deletion_policy
    }

    fn remote(_: &DatasetFileSet) -> Option<(RemoteId, Option<&str>)> {
        None
    }

    fn references(shown: &Parsed<DatasetFileSet>) -> Vec<Reference> {
        match shown {
            Parsed::Whole(object) => {
                let maps = sources(&object.spec).into_iter().filter_map(|source| {
                    Reference::read(ConfigMap::KIND, &object.metadata, Some(&source.config_map), None)
                });
                let version = parent::version_reference(&object.metadata, object.spec.version_ref.as_ref());
                reference(object).into_iter().chain(version).chain(maps).collect()
            }
            Parsed::Unparsable(broken) => parent::references_of(broken),
        }
    }

    /// A Dataset goes with all its files, so a set does not hold it.
    fn hold(_: &DatasetFileSet, _: &Defaults) -> Option<Hold> {
        None
    }

    fn concerns(_: &DatasetFileSet, _: &Lookups) -> Vec<ObjectName> {
        Vec::new()
    }

    fn desired<'p>(_: &'p mut Pass<'_, Self>) -> Option<&'p Desired> {
        None
    }

    fn steps(pass: &mut Pass<'_, Self>) -> impl Future<Output = Action> + Send {
        batched::steps(pass)
    }
}

impl Batched for DatasetFileSets {
    fn wish(object: &DatasetFileSet, lookups: &Lookups) -> Result<Wish, Blocked> {
        let spec = &object.spec;
        let parent = parent(object, lookups);
        let status = parent.as_ref().and_then(|parent| parent.status.as_ref());
        let (dataset, called) = match (&spec.dataset_id, &spec.dataset_ref) {
            (Some(id), _) => (id.clone(), id.clone()),
            (None, reference) => {
                let name = reference.as_ref().map(|reference| reference.name.clone()).unwrap_or_default();
                let namespace = object.namespace().unwrap_or_default();
                if parent.as_ref().is_some_and(|parent| parent.metadata.deletion_timestamp.is_some()) {
                    let message = format!("Dataset {name} is being deleted");
                    return Err(Blocked::waiting(Reason::DependencyNotReady, message));
                }
                // A set that works in this dataset already goes on while the Dataset is not Ready for a while.
                let own = status.and_then(|status| status.dataset_id.clone());
                let facts = ObjectFacts::of(&object.metadata);
                let begun = facts.intent.own().and_then(|intent| intent.target.dataset_id.clone());
                let begun = begun.is_some() && begun == own;
                let id = parent::ready_id(parent.as_deref(), (&namespace, &name), begun, lookups)?;
                (id, format!("Dataset {name}"))
            }
        };
        let named = (spec.version_ref.as_ref(), spec.dataset_version.as_ref());
        let edition = parent.as_ref().and_then(|parent| parent.spec.edition);
        Ok(Wish {
            version: parent::version(&object.metadata, named, &dataset, lookups)?,
            workspace: status.and_then(|status| status.immutables.workspace_id.clone()),
            newest: status.and_then(|status| status.latest_version.clone()),
            edition: edition.map(|edition: Edition| edition.as_str().to_owned()),
            items: spec.files.iter().flatten().map(|file| item(members(file))).collect(),
            sources: sources(spec),
            statistics: spec.statistics.as_ref().map(|statistics| statistics.aggregate_by.as_str()),
            prune: spec.prune.unwrap_or(true),
            adopt: spec.conflict_policy == Some(ConflictPolicy::Adopt),
            dataset,
            called,
        })
    }

    fn lines(source: &Source, text: &str) -> Result<Vec<Item>, Blocked> {
        file_lines::read(text, item).map_err(|(line, why)| {
            let Source { config_map, key } = source;
            let message =
                format!("ConfigMap {config_map}, key {key}, line {line}: {why}; nothing is sent until it is mended");
            Blocked::stuck(Reason::InvalidSpec, message)
        })
    }

    fn workspace(object: &DatasetFileSet, lookups: &Lookups) -> Option<String> {
        parent::workspace::<DatasetFileSets>(parent(object, lookups).as_deref(), object, lookups)
    }

    fn goes_with_its_dataset(object: &DatasetFileSet, lookups: &Lookups) -> bool {
        parent(object, lookups).is_some_and(|parent| {
            let own = recorded::<Datasets>(&parent);
            parent.metadata.deletion_timestamp.is_some()
                && policy::<Datasets>(&parent, &own, lookups.defaults.deletion) == Deletion::Delete
        })
    }

    fn allowed(object: &DatasetFileSet) -> Option<&str> {
        object.annotations().get(names::ALLOW_PRUNE).map(String::as_str)
    }
}

/// The keys of ConfigMaps that list further files.
fn sources(spec: &DatasetFileSetSpec) -> Vec<Source> {
    let references = spec.files_from.iter().flatten().map(|source| &source.config_map_key_ref);
    references.map(|reference| Source { config_map: reference.name.clone(), key: reference.key.clone() }).collect()
}

fn members(file: &FileItem) -> Members {
    match serde_json::to_value(file) {
        Ok(Value::Object(members)) => members,
        Ok(_) | Err(_) => Members::new(),
    }
}

/// A file under the names of the service.
fn item(mut file: Members) -> Item {
    let uri = file.remove("uri").and_then(|uri| uri.as_str().map(str::to_owned)).unwrap_or_default();
    let tags = file.remove("tags").and_then(|tags| serde_json::from_value(tags).ok()).unwrap_or_default();
    let members = file.into_iter().filter(|(_, value)| !value.is_null());
    Item { uri, tags, members: members.map(|(name, value)| (upper_camel(&name), value)).collect() }
}

/// The Dataset in its spec.
fn reference(set: &DatasetFileSet) -> Option<Reference> {
    parent::reference(&set.metadata, set.spec.dataset_ref.as_ref(), set.spec.dataset_id.as_deref())
}

fn parent(set: &DatasetFileSet, lookups: &Lookups) -> Option<Arc<Dataset>> {
    lookups.get::<Datasets>(&reference(set)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_has_the_names_of_the_service() {
        let file: FileItem = serde_json::from_value(json!({
            "uri": "oss://b/1.jpg", "contentType": "image/jpeg", "fileType": "image", "fileFingerPrint": "9B2C",
            "fileUpdateTime": "2026-11-01T00:00:00Z", "dataSize": 5, "tags": ["red"],
        }))
        .unwrap();
        let item = item(members(&file));
        let expected = json!({"ContentType": "image/jpeg", "FileType": "image", "FileFingerPrint": "9B2C",
            "FileUpdateTime": "2026-11-01T00:00:00Z", "DataSize": 5});
        assert_eq!(
            (item.uri.as_str(), Value::Object(item.members.fields()), item.tags),
            ("oss://b/1.jpg", expected, vec!["red".to_owned()])
        );
    }
}
