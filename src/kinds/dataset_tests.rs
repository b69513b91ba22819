//! The way of each spec field into the API members: no field is forgotten, and each is compared in one place.

use kube::runtime::reflector;
use kube::runtime::watcher::Event;

use super::super::members::tests::{camel, every_member};
use super::*;
use crate::api::DatasetSpec;
use crate::api::dataset_definition::IMMUTABLES;
use crate::inventory::Settings;
use crate::inventory::inventories::Inventories;
use crate::reconcile::live_objects::LiveObjects;
use crate::reconcile::lookups::Defaults;
use crate::reconcile::named::NamedObjects;
use crate::reconcile::references::References;

/// Fields about the operator's own behaviour, and the labels, which have calls of their own.
const OURS: [&str; 8] = [
    "adoption",
    "deleteForeignVersions",
    "deletionPolicy",
    "labels",
    "onExternalDeletion",
    "providerConfigRef",
    "sourceDatasetRef",
    "versionLabels",
];

fn of(spec: DatasetSpec, recorded: &Recorded, default_workspace: Option<&str>) -> Desired {
    desired(&Dataset::new("o", spec), recorded, default_workspace, Fields::new()).unwrap()
}

#[test]
fn every_field_of_the_spec_is_a_member_or_says_how_the_operator_works() {
    let (mut spec, mut names) = every_member::<Dataset, DatasetSpec>();
    let shares = spec.sharing_config.as_mut().and_then(|config| config.shared_to.as_mut()).unwrap();
    // The dataset cannot be shared with its own workspace.
    shares[0].workspace_id = "2".to_owned();
    let desired = of(spec, &Recorded::default(), None);
    let mut fixed_by_rule: Vec<_> = IMMUTABLES.iter().map(|immutable| immutable.field.to_owned()).collect();
    fixed_by_rule.sort();
    assert_eq!(camel(desired.fixed.keys()), fixed_by_rule);
    assert_eq!(FIXED.len(), desired.fixed.len(), "what status records");
    assert!(
        names.contains(&"versionLabels".to_owned()) && desired.first.labels.is_some_and(|labels| labels.len() == 1)
    );
    assert_eq!(desired.labels.len(), 1);

    // A create sends them all, and each is compared with the dataset or with its v1.
    names.retain(|name| !OURS.contains(&name.as_str()) || name == "versionLabels");
    names.retain(|name| name != "sharingConfig");
    assert_eq!(camel(desired.create.keys()), names, "shares are granted afterwards");
    names.push("sharingConfig".to_owned());
    names.sort();
    names.retain(|name| !OURS.contains(&name.as_str()));
    let of_create = |name: &String| FIRST.iter().find(|(_, of_version)| name == of_version).map(|(name, _)| *name);
    let first: Vec<String> = desired.first.fields.keys().filter_map(of_create).map(str::to_owned).collect();
    let compared = desired.fixed.keys().chain(desired.mutable.keys()).chain(&first);
    assert_eq!(camel(compared), names, "each once");
}

#[test]
fn a_dataset_stays_in_the_workspace_where_it_is_when_the_default_changes() {
    let workspace = |spec: Option<&str>, recorded: Option<&str>| {
        let spec = DatasetSpec { workspace_id: spec.map(str::to_owned), ..DatasetSpec::default() };
        let mut status = Recorded::default();
        status.fixed.extend(recorded.map(|id| ("WorkspaceId".to_owned(), json!(id))));
        let desired = of(spec, &status, Some("default"));
        assert_eq!(desired.create["WorkspaceId"], desired.target.workspace.as_str());
        desired.target.workspace
    };
    assert_eq!(workspace(None, None), "default");
    assert_eq!(workspace(None, Some("recorded")), "recorded");
    assert_eq!(workspace(Some("spec"), Some("recorded")), "spec");
}

#[test]
fn the_name_is_the_objects_unless_the_spec_or_an_adoption_says_otherwise() {
    let mut spec = DatasetSpec { workspace_id: Some("1".to_owned()), ..DatasetSpec::default() };
    let name = |spec: &DatasetSpec| of(spec.clone(), &Recorded::default(), None).mutable.remove("Name");
    assert_eq!(name(&spec), Some(json!("o")));
    spec.adoption = Some(crate::api::Adoption { dataset_id: Some("d-1".to_owned()), policy: None });
    assert_eq!(name(&spec), None, "it keeps its name");
    spec.name = Some("said".to_owned());
    assert_eq!(name(&spec), Some(json!("said")));
}

/// The Dataset `a/flowers`, which stands for `d-1`, is asked what keeps it while these versions name that.
fn kept_by(versions: &[(&str, &str, Option<&str>)]) -> Vec<String> {
    let second = Duration::from_secs(1);
    let (inventories, _) = Inventories::new(Settings { domains: Vec::new(), resync: second, list_lag: second });
    let (store, mut writer) = reflector::store();
    let references = References::default();
    for (namespace, name, recorded) in versions {
        let version = json!({
            "apiVersion": "pai.dataset-operator.dev/v1alpha1", "kind": "DatasetVersion",
            "metadata": {"name": name, "namespace": namespace, "uid": format!("{namespace}-{name}"), "resourceVersion": "1"},
            "spec": {"datasetId": "d-1", "property": "DIRECTORY", "dataSourceType": "OSS", "uri": "oss://b.oss-cn-hangzhou.aliyuncs.com/u/"},
            "status": {"datasetId": recorded.map(|_| "d-1"), "versionName": recorded},
        });
        let shown: Parsed<DatasetVersion> = serde_json::from_value(version).unwrap();
        let named = <DatasetVersions as Kind>::references(&shown);
        references.set(&ObjectName::new("DatasetVersion", namespace, name), named);
        writer.apply_watcher_event(&Event::Apply(shown.into()));
    }
    let mut live = LiveObjects::default();
    live.add::<DatasetVersions>(store);
    let (named, defaults) = (NamedObjects::default(), Defaults::default());
    let lookups = Lookups { live, references, named, inventories, configs: Arc::default(), defaults };
    let mut object = Dataset::new("flowers", DatasetSpec::default());
    object.metadata.namespace = Some("a".to_owned());
    let recorded = Recorded { id: Some(RemoteId::new("d-1")), ..Recorded::default() };
    let relations = <Datasets as Kind>::relations(&object, &recorded, &lookups);
    relations.living.into_values().flatten().collect()
}

#[test]
fn an_object_of_another_namespace_keeps_a_dataset_only_with_something_in_it() {
    assert_eq!(kept_by(&[("a", "own", None)]), ["own"], "it may be about to make something");
    assert_eq!(kept_by(&[("b", "stranger", None)]), Vec::<String>::new());
    assert_eq!(kept_by(&[("b", "guest", Some("v2")), ("b", "stranger", None)]), ["b/guest"]);
}
