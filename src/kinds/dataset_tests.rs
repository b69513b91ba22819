//! The way of each spec field into the API members: no field is forgotten, and each is compared in one place.

use super::super::members::tests::{camel, every_member};
use super::*;
use crate::api::DatasetSpec;
use crate::api::dataset_definition::IMMUTABLES;

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
