//! Objects as release 0.1.0 stored them, kept for ever: every later release reads them as that one did.
//!
//! They were taken from a real API server (`tests/fixtures/objects-0.1.0`; five are made from others by hand:
//! `working-queued`, `working-many-attempts`, `ready-stripped`, `ready-garbage-annotations`, `deleting-retained-force-release`).

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use kube::Resource as _;
use kube::runtime::reflector::store;
use kube::runtime::watcher::Event;
use serde_json::{Value, json};

use super::files::compare_text;
use super::outside::{outside, stored, told};
use crate::api::{Dataset, DatasetVersion};
use crate::inventory::inventories::Inventories;
use crate::inventory::{ObjectName, Settings};
use crate::kinds::{DatasetVersions, Datasets};
use crate::plan::create_state::CreateState;
use crate::plan::desired::{Deletion, Policy};
use crate::plan::marked::tests;
use crate::plan::object::ObjectFacts;
use crate::plan::plan;
use crate::plan::recorded::Recorded;
use crate::plan::view::{Relations, View};
use crate::reconcile::kind::{Kind, recorded};
use crate::reconcile::live_objects::LiveObjects;
use crate::reconcile::lookups::{Defaults, Lookups};
use crate::reconcile::named::NamedObjects;
use crate::reconcile::parsed::Parsed;
use crate::reconcile::references::References;
use crate::reconcile::stored::StoredObject;
use crate::remote::mark::Origin;

/// Name and content of each object.
fn objects() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/objects-0.1.0");
    let read = |path: &Path| serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<_> =
        files.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), read(&path))).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(all.len() > 50);
    all
}

/// The lookups of these objects: they see each other, and an inventory that has seen nothing yet.
fn lookups(objects: &[(String, Value)]) -> Lookups {
    let (datasets, mut dataset_writer) = store::<StoredObject<Dataset>>();
    let (versions, mut version_writer) = store::<StoredObject<DatasetVersion>>();
    let references = References::default();
    for (_, object) in objects {
        if object["kind"] == "Dataset" {
            let dataset: Dataset = serde_json::from_value(object.clone()).unwrap();
            dataset_writer.apply_watcher_event(&Event::Apply(StoredObject::new(dataset)));
        } else {
            let version: DatasetVersion = serde_json::from_value(object.clone()).unwrap();
            let name = ObjectName::of(DatasetVersions::PROFILE.name, version.meta());
            references.set(&name, DatasetVersions::references(&Parsed::Whole(version.clone())));
            version_writer.apply_watcher_event(&Event::Apply(StoredObject::new(version)));
        }
    }
    let second = std::time::Duration::from_secs(1);
    let (inventories, _) = Inventories::new(Settings { domains: Vec::new(), resync: second, list_lag: second });
    let defaults = Defaults { workspace: Some("12345".into()), deletion: None };
    let mut live = LiveObjects::default();
    live.add::<Datasets>(datasets);
    live.add::<DatasetVersions>(versions);
    Lookups {
        live,
        references,
        named: NamedObjects::default(),
        inventories,
        configs: std::sync::Arc::default(),
        defaults,
    }
}

/// The desired state that a spec is read as.
fn wanted<K: Kind>(object: &K::Object, recorded: &Recorded, lookups: &Lookups) -> String {
    let desired = match K::desire(object, recorded, lookups) {
        Ok(desired) => desired.placed(&tests::view().account),
        Err(hold) => return told(&hold.into()).1,
    };
    let policy = match desired.policy {
        Policy::IfMarked => "AdoptIfMarked",
        Policy::CreateOnly => "CreateOnly",
        Policy::ByName => "AdoptByName",
        Policy::Only => "AdoptOnly",
    };
    let value = json!({
        "target": desired.target, "create": desired.create, "fixed": desired.fixed, "mutable": desired.mutable,
        "labels": desired.labels, "first": {"fields": desired.first.fields, "labels": desired.first.labels},
        "adopt": desired.adopt.map(|id| id.to_string()), "policy": policy, "bind": desired.bind,
        "recreate": desired.recreate,
    });
    value.to_string()
}

/// All that is read of an object, and the first step of a process that was just started.
fn read<K: Kind>(value: &Value, lookups: &Lookups) -> String
where
    K::Object: serde::de::DeserializeOwned + serde::Serialize,
{
    let object: K::Object = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(json!(object), *value, "nothing of it is lost");
    let rest = (*StoredObject::new(object.clone()).open().unwrap()).clone();
    let (facts, recorded) = (ObjectFacts::of(object.meta()), recorded::<K>(&object));
    for part in ["spec", "status"] {
        assert_eq!(json!(rest)[part], value[part], "nor at rest");
    }
    assert_eq!(ObjectFacts::of(rest.meta()), facts, "nor at rest");
    assert_eq!(Value::Object(recorded.to_status(K::PROFILE)), value["status"], "its status is written again as it is");
    let mut view = tests::view();
    view.owner.kind = format!("{}.{}", K::PROFILE.name, crate::api::names::GROUP);
    (view.owner.namespace, view.owner.name) = (facts.namespace.clone(), facts.name.clone());
    view.profile = K::PROFILE;
    view.desired = K::desire(&object, &recorded, lookups).map(|desired| desired.placed(&view.account));
    view.deletion = K::deletion(&object);
    (view.object, view.recorded) = (facts, recorded);
    let (facts, recorded) = (&view.object, &view.recorded);
    let mut text = format!(
        "{} {}/{} {} version {} generation {}\n",
        K::PROFILE.name,
        facts.namespace,
        facts.name,
        facts.uid,
        facts.resource_version,
        facts.generation
    );
    let mut line = |name: &str, what: String| writeln!(text, "  {name}: {what}").unwrap();
    line("deleted", facts.deleting.to_string());
    line("finalizer", format!("{} of {:?}", facts.finalizer, facts.finalizers));
    line("intent", stored(&facts.intent));
    line("paused", format!("{} {:?}", facts.paused, facts.unclear_pause));
    line("asked", format!("{:?} {:?} {:?}", facts.force_release, facts.poll, facts.requested));
    line("generation told", recorded.observed_generation.to_string());
    line("id", recorded.id.as_ref().map_or("none".to_owned(), ToString::to_string));
    line("origin", format!("{} recovered {}", recorded.origin.map_or("none", Origin::as_str), recorded.recovered));
    line("attempt", json!(recorded.attempt).to_string());
    line("fixed", json!(recorded.fixed).to_string());
    line("facts", json!(recorded.info).to_string());
    line("label keys", json!(recorded.label_keys).to_string());
    line("principal", json!([recorded.principal, recorded.handled]).to_string());
    line("error", json!(recorded.last_error).to_string());
    for condition in &recorded.conditions {
        line("condition", json!(condition).to_string());
    }
    line("stands", stand(&view));
    let kept = view.deletion_policy() == Deletion::Retain;
    line("deletion", if kept { "Retain" } else { "Delete" }.to_owned());
    line("wants", wanted::<K>(&object, recorded, lookups));
    line("relations", relations(&K::relations(&object, recorded, lookups)));
    line("first", outside(&view, &plan(&view)).text);
    text
}

fn stand(view: &View) -> String {
    match view.create_state() {
        CreateState::InFlight => "in flight".to_owned(),
        CreateState::Uncertain => "in doubt".to_owned(),
        CreateState::Recorded(id) => format!("has {id}"),
        CreateState::NotCreated => "free".to_owned(),
    }
}

fn relations(relations: &Relations) -> String {
    let value = json!({
        "living": relations.living.values().flatten().collect::<Vec<_>>(),
        "leaving": relations.leaving.values().flatten().collect::<Vec<_>>(), "doomed": relations.doomed,
        "deleteForeign": relations.delete_foreign, "sweptAlong": relations.swept_along, "alone": relations.alone,
        "after": relations.after,
    });
    value.to_string()
}

#[test]
fn what_release_0_1_0_stored_is_read_as_it_read_it() {
    let objects = objects();
    let lookups = lookups(&objects);
    let mut text = String::new();
    for (name, object) in &objects {
        let what = match object["kind"].as_str().unwrap() {
            "Dataset" => read::<Datasets>(object, &lookups),
            _ => read::<DatasetVersions>(object, &lookups),
        };
        write!(text, "{name}: {what}").unwrap();
    }
    compare_text("objects-0.1.0.txt", &text);
}
