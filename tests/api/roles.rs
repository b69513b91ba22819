//! The roles of `deploy/kustomize/base` name every definition: those for people, and the one of the operator.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use dataset_operator::api::crds;
use serde_json::Value;

/// What a document of this file grants, as `verb resource.group` and, where names are given, one entry for each name.
pub(crate) fn granted(file: &str, kind: &str, role: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kustomize/base").join(file);
    let documents: Vec<Value> = serde_saphyr::from_multiple(&fs::read_to_string(path).unwrap()).unwrap();
    let is = |document: &&Value| document["kind"] == kind && document["metadata"]["name"] == role;
    let role = documents.iter().find(is).unwrap_or_else(|| panic!("{file} has no {kind} {role}"));
    let list = |rule: &Value, member: &str| -> Vec<String> {
        rule.get(member).map(|list| serde_json::from_value(list.clone()).unwrap()).unwrap_or_default()
    };
    let mut all = BTreeSet::new();
    for rule in role["rules"].as_array().unwrap() {
        let names = list(rule, "resourceNames");
        for group in list(rule, "apiGroups") {
            for resource in list(rule, "resources") {
                for verb in list(rule, "verbs") {
                    let right = format!("{verb} {resource}.{group}");
                    all.extend(names.iter().map(|name| format!("{right} {name}")));
                    all.extend(names.is_empty().then_some(right));
                }
            }
        }
    }
    all
}

/// The group of the kinds that are not reconciled with a service, but say with which account the others are.
const ACCOUNTS: &str = "dataset-operator.dev";

/// Each of these verbs on each kind with a remote.
fn on_each_kind(verbs: &[&str]) -> BTreeSet<String> {
    let text = |crd: &Value, pointer| crd.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
    let definitions = crds::definitions().unwrap();
    let kinds = definitions.iter().map(|crd| (text(crd, "/spec/names/plural"), text(crd, "/spec/group")));
    let kinds = kinds.filter(|(_, group)| group != ACCOUNTS);
    kinds.flat_map(|(plural, group)| verbs.iter().map(move |verb| format!("{verb} {plural}.{group}"))).collect()
}

#[test]
fn people_may_see_and_edit_objects_of_every_kind() {
    let (view, edit) = (["get", "list", "watch"], ["create", "update", "patch", "delete", "deletecollection"]);
    let on_accounts = |verbs: &[&str]| -> BTreeSet<String> {
        verbs.iter().map(|verb| format!("{verb} providerconfigs.{ACCOUNTS}")).collect()
    };
    let see = on_each_kind(&view).union(&on_accounts(&view)).cloned().collect();
    assert_eq!(granted("user-roles.yaml", "ClusterRole", "dataset-operator-view"), see);
    assert_eq!(granted("user-roles.yaml", "ClusterRole", "dataset-operator-edit"), on_each_kind(&edit));
    assert_eq!(granted("user-roles.yaml", "ClusterRole", "dataset-operator-admin"), on_accounts(&edit));
}

#[test]
fn each_verb_of_the_policy_has_a_role_that_no_other_role_includes() {
    for verb in ["adopt", "destroy"] {
        assert_eq!(
            granted("user-roles.yaml", "ClusterRole", &format!("dataset-operator-{verb}")),
            on_each_kind(&[verb])
        );
    }
    let share: BTreeSet<_> =
        on_each_kind(&["share"]).into_iter().filter(|right| right.contains(" datasets.")).collect();
    assert_eq!(granted("user-roles.yaml", "ClusterRole", "dataset-operator-share"), share);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kustomize/base/user-roles.yaml");
    let documents: Vec<Value> = serde_saphyr::from_multiple(&fs::read_to_string(path).unwrap()).unwrap();
    for role in &documents {
        let name = role["metadata"]["name"].as_str().unwrap();
        let own = ["adopt", "destroy", "share"].iter().any(|verb| name.ends_with(verb));
        let aggregated = role["metadata"]["labels"].as_object().unwrap().keys().any(|key| key.contains("aggregate"));
        assert_ne!(own, aggregated, "{name}");
    }
}

#[test]
fn the_operator_may_read_every_definition_and_no_other() {
    let of_definitions = "get customresourcedefinitions.apiextensions.k8s.io ";
    let named: BTreeSet<_> = granted("rbac.yaml", "ClusterRole", "dataset-operator")
        .iter()
        .filter_map(|right| right.strip_prefix(of_definitions).map(str::to_owned))
        .collect();
    let wanted = crds::definitions().unwrap();
    // The operator never lets go because a definition of an account goes.
    let wanted = wanted.iter().filter(|crd| crd["spec"]["group"] != ACCOUNTS);
    let wanted: BTreeSet<_> = wanted.filter_map(|crd| crd.pointer("/metadata/name")?.as_str()).collect();
    assert_eq!(named.iter().map(String::as_str).collect::<BTreeSet<_>>(), wanted);
}
