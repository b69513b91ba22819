//! Which account an object gets, for each thing that may say so.

use kube::runtime::reflector::store;
use kube::runtime::watcher::Event;
use serde_json::{Value, json};

use super::*;
use crate::accounts::alias::{namespaced, of_cluster};

/// `a/default`, `b/default`, `a/other` in another region, one of the cluster for `a` and `c`, and one that goes.
fn configs() -> Configs {
    let ((of_namespaces, mut writer), (of_cluster, mut cluster_writer)) = (store(), store());
    let (namespaces, mut namespaces_writer) = store();
    let spec = |region: Option<&str>| json!({"region": region, "workspaceId": "1", "credentials": {"source": "Secret", "secretRef": {"name": "s"}}});
    for (namespace, name, region, going) in [
        ("a", "default", None, false),
        ("b", "default", None, false),
        ("a", "other", Some("cn-beijing"), false),
        ("a", "going", None, true),
    ] {
        let mut config = json!({"apiVersion": "dataset-operator.dev/v1alpha1", "kind": "ProviderConfig",
            "metadata": {"name": name, "namespace": namespace}, "spec": spec(region)});
        if going {
            config["metadata"]["deletionTimestamp"] = json!("2026-11-01T00:00:00Z");
        }
        writer.apply_watcher_event(&Event::Apply(serde_json::from_value(config).unwrap()));
    }
    for (name, namespaces) in [("default", json!(["a", "c"])), ("shared", json!(["*"])), ("closed", Value::Null)] {
        let mut config = json!({"apiVersion": "dataset-operator.dev/v1alpha1", "kind": "ClusterProviderConfig",
            "metadata": {"name": name}, "spec": spec(None)});
        config["spec"]["allowedNamespaces"] = json!({"names": namespaces});
        cluster_writer.apply_watcher_event(&Event::Apply(serde_json::from_value(config).unwrap()));
    }
    let labelled = json!({"apiVersion": "dataset-operator.dev/v1alpha1", "kind": "ClusterProviderConfig",
        "metadata": {"name": "labelled"}, "spec": spec(None)});
    let mut labelled: ClusterProviderConfig = serde_json::from_value(labelled).unwrap();
    let selector =
        json!({"matchLabels": {"team": "red"}, "matchExpressions": [{"key": "old", "operator": "DoesNotExist"}]});
    let selector = serde_json::from_value(selector).unwrap();
    labelled.spec.allowed_namespaces = Some(AllowedNamespaces { names: Some(vec!["d".to_owned()]), selector });
    cluster_writer.apply_watcher_event(&Event::Apply(labelled));
    for (name, labels) in [("a", json!({"team": "red"})), ("b", json!({"team": "red", "old": ""})), ("c", Value::Null)]
    {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
        namespaces_writer.apply_watcher_event(&Event::Apply(serde_json::from_value(namespace).unwrap()));
    }
    Configs::new(Stores { of_namespaces, of_cluster, namespaces }, "cn-hangzhou".to_owned())
}

fn by(kind: Option<ProviderConfigKind>, name: &str) -> ProviderConfigRef {
    ProviderConfigRef { name: Some(name.to_owned()), kind }
}

fn target(account: &str, region: &str) -> Target {
    Target { account: account.to_owned(), region: region.to_owned(), ..Target::default() }
}

fn new(namespace: &str) -> Asks<'_> {
    Asks { namespace, recorded: None, intent: None, has_id: false, named: None, deleting: false }
}

#[test]
fn a_new_object_gets_the_first_account_that_its_namespace_may_use() {
    let configs = configs();
    let account = |asks: &Asks<'_>| {
        let chosen = configs.choose(asks, None);
        assert!(!chosen.stored);
        (chosen.place.alias, chosen.place.region, chosen.blocked.map(|blocked| blocked.message))
    };
    let at = |alias: &str, region: &str| (alias.to_owned(), region.to_owned(), None);
    assert_eq!(account(&new("a")), at("ProviderConfig/a/default", "cn-hangzhou"));
    assert_eq!(account(&new("c")), at("ClusterProviderConfig/default", "cn-hangzhou"));
    assert_eq!(account(&new("d")), at(DEFAULT, "cn-hangzhou"));
    let other = by(None, "other");
    assert_eq!(account(&Asks { named: Some(&other), ..new("a") }), at("ProviderConfig/a/other", "cn-beijing"));
    let shared = by(Some(ProviderConfigKind::ClusterProviderConfig), "shared");
    assert_eq!(account(&Asks { named: Some(&shared), ..new("d") }), at("ClusterProviderConfig/shared", "cn-hangzhou"));
    for (named, namespace, expected) in [
        (by(None, "other"), "b", "ProviderConfig other does not exist in this namespace"),
        (by(None, "going"), "a", "ProviderConfig going is being deleted"),
        (by(Some(ProviderConfigKind::ClusterProviderConfig), "none"), "a", "ClusterProviderConfig none does not exist"),
        (by(Some(ProviderConfigKind::ClusterProviderConfig), "closed"), "a", "does not allow this namespace"),
        (by(Some(ProviderConfigKind::ClusterProviderConfig), "default"), "b", "add b to its allowedNamespaces.names"),
    ] {
        let (_, _, blocked) = account(&Asks { named: Some(&named), ..new(namespace) });
        assert!(blocked.as_ref().is_some_and(|message| message.contains(expected)), "{blocked:?}");
    }
    let parent = Place { alias: "ProviderConfig/a/other".to_owned(), region: "cn-beijing".to_owned() };
    assert_eq!(configs.choose(&new("a"), Some(parent.clone())).place, parent, "what is in a Dataset is in its account");
}

#[test]
fn what_was_chosen_stays() {
    let configs = configs();
    let used = namespaced("a", "other");
    let (own, gone) = (target("ProviderConfig/a/other", "cn-beijing"), target("ProviderConfig/a/gone", "cn-x"));
    for (what, asks, alias, region) in [
        ("by status", Asks { recorded: Some(&used), ..new("a") }, "ProviderConfig/a/other", "cn-beijing"),
        ("by intent", Asks { intent: Some(&own), ..new("a") }, "ProviderConfig/a/other", "cn-beijing"),
        ("a config that is gone", Asks { intent: Some(&gone), ..new("a") }, "ProviderConfig/a/gone", "cn-x"),
        ("an object of earlier releases", Asks { has_id: true, ..new("a") }, DEFAULT, "cn-hangzhou"),
        ("that of the flags", Asks { intent: Some(&target(DEFAULT, "")), ..new("a") }, DEFAULT, "cn-hangzhou"),
    ] {
        let chosen = configs.choose(&asks, None);
        assert_eq!((chosen.place.alias.as_str(), chosen.place.region.as_str()), (alias, region), "{what}");
        assert!(chosen.stored && chosen.blocked.is_none(), "{what}");
        let other = by(None, "default");
        let edited = configs.choose(&Asks { named: Some(&other), ..asks }, None);
        assert_eq!((&edited.place, edited.blocked.unwrap().reason), (&chosen.place, Reason::AccountMismatch), "{what}");
        assert_eq!(configs.choose(&Asks { named: Some(&other), deleting: true, ..asks }, None).blocked, None, "{what}");
    }
    let instead = |asks: &Asks<'_>, parent| configs.choose(asks, parent).instead.map(|place| place.alias);
    let old = Asks { has_id: true, ..new("a") };
    assert_eq!(instead(&old, None).as_deref(), Some("ProviderConfig/a/default"), "it came later");
    let parent = Place { alias: DEFAULT.to_owned(), region: "cn-hangzhou".to_owned() };
    assert_eq!((instead(&old, Some(parent)), instead(&Asks { deleting: true, ..old }, None)), (None, None));
    assert_eq!((instead(&Asks { has_id: true, ..new("d") }, None), instead(&new("a"), None)), (None, None));
    let same = by(None, "other");
    assert_eq!(instead(&Asks { recorded: Some(&used), named: Some(&same), ..new("a") }, None), None);
    assert_eq!(configs.choose(&Asks { recorded: Some(&used), named: Some(&same), ..new("a") }, None).blocked, None);
}

#[test]
fn a_copied_intent_or_status_gives_nothing_of_another_namespace() {
    let configs = configs();
    let (foreign, closed) =
        (target("ProviderConfig/a/other", "cn-beijing"), target("ClusterProviderConfig/closed", ""));
    let used = namespaced("a", "other");
    for asks in [
        Asks { intent: Some(&foreign), ..new("b") },
        Asks { intent: Some(&closed), ..new("b") },
        Asks { intent: Some(&foreign), recorded: Some(&used), ..new("b") },
    ] {
        assert_eq!(configs.choose(&asks, None).place.alias, DEFAULT, "the decision finds the mismatch");
    }
    let kept = of_cluster("closed");
    let narrowed = Asks { recorded: Some(&kept), intent: Some(&closed), ..new("b") };
    assert_eq!(configs.choose(&narrowed, None).place.alias, "ClusterProviderConfig/closed", "it was allowed then");
}

#[test]
fn namespaces_are_allowed_by_their_names_or_labels() {
    let configs = configs();
    let labelled = by(Some(ProviderConfigKind::ClusterProviderConfig), "labelled");
    let refused = |namespace| {
        let chosen = configs.choose(&Asks { named: Some(&labelled), ..new(namespace) }, None);
        chosen.blocked.map(|blocked| blocked.message)
    };
    assert_eq!([refused("a"), refused("d")], [None, None], "by its label, and by its name");
    for namespace in ["b", "c", "unknown"] {
        let said = refused(namespace).unwrap();
        assert!(said.contains(&format!("give namespace {namespace} the labels")), "{said}");
    }
}

#[test]
fn all_conditions_of_a_selector_must_hold() {
    let fits = |selector: Value, labels: Value| {
        fits(&serde_json::from_value(selector).unwrap(), &serde_json::from_value(labels).unwrap())
    };
    let condition = |operator: &str, values: Value| json!({"matchExpressions": [{"key": "team", "operator": operator, "values": values}]});
    for (labels, expected) in [
        (json!({"team": "red"}), [true, false, true, false]),
        (json!({"team": "blue"}), [false, true, true, false]),
        (json!({}), [false, true, false, true]),
    ] {
        let some = json!(["red", "green"]);
        let found = [("In", &some), ("NotIn", &some), ("Exists", &Value::Null), ("DoesNotExist", &Value::Null)]
            .map(|(operator, values)| fits(condition(operator, values.clone()), labels.clone()));
        assert_eq!(found, expected, "{labels}");
    }
    assert!(fits(json!({}), json!({})), "an empty one selects all");
    let two = json!({"matchLabels": {"team": "red", "stage": "test"}});
    assert!(fits(two.clone(), json!({"team": "red", "stage": "test", "more": ""})));
    assert!(!fits(two, json!({"team": "red"})));
}

#[test]
fn workspaces_are_those_that_the_config_names() {
    let config = |workspaces: Option<&[&str]>| {
        let workspaces = workspaces.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        let account = ProviderConfigSpec { workspace_id: Some("1".into()), workspaces, ..Default::default() };
        Config { spec: ClusterProviderConfigSpec { account, ..Default::default() }, deleting: false }
    };
    let may = |workspaces: Option<&[&str]>, workspace: &str| config(workspaces).refuses(workspace, "x").is_none();
    assert!(
        may(None, "1")
            && !may(None, "2")
            && may(Some(&["2"]), "2")
            && !may(Some(&["2"]), "1")
            && may(Some(&["*"]), "9")
    );
    assert_eq!(config(None).adoption(), AdoptionScope::Marked);
}
