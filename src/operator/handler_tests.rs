//! Which objects each event wakes.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use kube::runtime::reflector::{self, store::Writer};
use serde_json::{Value, json};

use super::*;
use crate::inventory::Settings;
use crate::inventory::inventories::Inventories;
use crate::kinds::{DatasetVersions, Datasets};
use crate::plan::desired::Deletion;
use crate::reconcile::live_objects::LiveObjects;
use crate::reconcile::lookups::Defaults;
use crate::reconcile::named::NamedObjects;
use crate::reconcile::references::References;

/// A kind that refers to Datasets and that nothing else here knows.
const JOB: &str = "DatasetJob";

/// One kind: its event handler, its store, and its queue of woken objects.
struct Watch<K: AnyKind> {
    handler: EventHandler<K>,
    writer: Writer<StoredObject<K::Object>>,
}

impl<K: AnyKind> Watch<K> {
    fn new(shared: &Shared, (store, writer): Reflected<K>) -> Self {
        Self { handler: EventHandler { shared: shared.clone(), states: Arc::default(), store }, writer }
    }

    fn show(&mut self, event: Event<Parsed<K::Object>>) {
        self.handler.on_event(&event);
        let stored = match event {
            Event::Apply(shown) => Event::Apply(shown.into()),
            Event::InitApply(shown) => Event::InitApply(shown.into()),
            Event::Delete(shown) => Event::Delete(shown.into()),
            Event::Init => Event::Init,
            Event::InitDone => Event::InitDone,
        };
        self.writer.apply_watcher_event(&stored);
        if let Event::InitDone = stored {
            self.handler.on_list();
        }
    }

    fn list(&mut self, objects: &[Value]) {
        self.show(Event::Init);
        for object in objects {
            self.show(Event::InitApply(parsed(object)));
        }
        self.show(Event::InitDone);
    }
}

type Reflected<K> = (Store<StoredObject<<K as AnyKind>::Object>>, Writer<StoredObject<<K as AnyKind>::Object>>);

struct World {
    datasets: Watch<Datasets>,
    versions: Watch<DatasetVersions>,
    shared: Shared,
    queues: Vec<UnboundedReceiver<ObjectName>>,
    of_inventory: UnboundedReceiver<ObjectKey>,
    /// The uids of the objects whose places in line were given up.
    forgotten: Arc<Mutex<Vec<String>>>,
}

impl World {
    fn new() -> Self {
        let second = Duration::from_secs(1);
        let settings = Settings { domains: Vec::new(), resync: second, list_lag: second };
        let (inventories, tasks) = Inventories::new(settings);
        let (datasets, versions): (Reflected<Datasets>, Reflected<DatasetVersions>) =
            (reflector::store(), reflector::store());
        let mut live = LiveObjects::default();
        live.add::<Datasets>(datasets.0.clone());
        live.add::<DatasetVersions>(versions.0.clone());
        let mut wakers = Wakers::default();
        let queues = [Datasets::NAME, DatasetVersions::NAME, JOB].map(|kind| wakers.add(kind)).into();
        let lookups = Lookups {
            live,
            references: References::default(),
            named: NamedObjects::default(),
            inventories,
            configs: Arc::default(),
            defaults: Defaults::default(),
        };
        let forgotten = Arc::new(Mutex::new(Vec::new()));
        let gone = forgotten.clone();
        let shared = Shared {
            lookups: Arc::new(lookups),
            wakers: Arc::new(wakers),
            forget: Arc::new(move |uid: &str| gone.lock().unwrap().push(uid.to_owned())),
            ready: Readiness::default(),
        };
        let (datasets, versions) = (Watch::new(&shared, datasets), Watch::new(&shared, versions));
        Self { datasets, versions, shared, queues, of_inventory: tasks.woken, forgotten }
    }

    /// The objects that the tests need: a Dataset with two versions, one by name and one by id, and others.
    fn settled() -> Self {
        let mut world = Self::new();
        world.dataset(&dataset("flowers", "d-1"));
        world.dataset(&dataset("trees", "d-2"));
        world.version(&version("by-name", &json!({"datasetRef": {"name": "flowers"}}), Some("v2")));
        world.version(&version("by-id", &json!({"datasetId": "d-1"}), Some("v3")));
        world.version(&version("of-trees", &json!({"datasetRef": {"name": "trees"}}), Some("v2")));
        world.woken();
        world
    }

    fn dataset(&mut self, object: &Value) {
        self.datasets.show(Event::Apply(parsed(object)));
    }

    fn version(&mut self, object: &Value) {
        self.versions.show(Event::Apply(parsed(object)));
    }

    /// The objects that were woken since the last call.
    fn woken(&mut self) -> BTreeSet<String> {
        let of_inventory = &mut self.of_inventory;
        let keys = std::iter::from_fn(|| of_inventory.try_recv().ok()).map(|key| key.name);
        let named = self.queues.iter_mut().flat_map(|queue| std::iter::from_fn(|| queue.try_recv().ok()));
        keys.chain(named).map(|object| format!("{} {}", object.kind, object.place().1)).collect()
    }

    fn wakes(&mut self, names: &[&str]) {
        assert_eq!(self.woken(), names.iter().map(|name| (*name).to_owned()).collect());
    }
}

fn parsed<O: crate::reconcile::kind::Managed>(object: &Value) -> Parsed<O> {
    serde_json::from_value(object.clone()).unwrap()
}

fn object(kind: &str, name: &str, spec: &Value, status: &Value) -> Value {
    json!({
        "apiVersion": "pai.dataset-operator.dev/v1alpha1", "kind": kind,
        "metadata": {"name": name, "namespace": "ns", "uid": format!("{kind}-{name}"), "resourceVersion": "1"},
        "spec": spec, "status": status,
    })
}

fn dataset(name: &str, id: &str) -> Value {
    let spec =
        json!({"property": "DIRECTORY", "dataSourceType": "OSS", "uri": "oss://b.oss-cn-hangzhou.aliyuncs.com/u/"});
    let status = json!({
        "observedGeneration": 1, "datasetId": id, "workspaceId": "12345", "latestVersion": "v3",
        "conditions": [{"type": "Ready", "status": "True", "reason": "Available", "observedGeneration": 1,
            "message": "the cloud dataset equals the spec", "lastTransitionTime": "2026-07-01T08:30:01Z"}],
    });
    object("Dataset", name, &spec, &status)
}

/// A version of d-1 with this reference.
fn version(name: &str, reference: &Value, made: Option<&str>) -> Value {
    let mut spec =
        json!({"property": "DIRECTORY", "dataSourceType": "OSS", "uri": "oss://b.oss-cn-hangzhou.aliyuncs.com/u/"});
    spec.as_object_mut().unwrap().extend(reference.as_object().unwrap().clone());
    let status = made.map_or(json!({}), |made| json!({"datasetId": "d-1", "versionName": made}));
    object("DatasetVersion", name, &spec, &status)
}

fn deleting(mut object: Value) -> Value {
    object["metadata"]["deletionTimestamp"] = json!("2026-07-01T08:30:01Z");
    object
}

fn unparsable(mut object: Value) -> Value {
    object["spec"]["uri"] = json!(5);
    object
}

const BOTH: [&str; 2] = ["DatasetVersion by-id", "DatasetVersion by-name"];

#[tokio::test(start_paused = true)]
async fn a_dataset_wakes_its_versions_when_it_comes_changes_or_goes() {
    let mut world = World::new();
    world.version(&version("by-name", &json!({"datasetRef": {"name": "flowers"}}), None));
    world.version(&version("by-id", &json!({"datasetId": "d-1"}), None));
    world.wakes(&[]);
    let mut young = dataset("flowers", "d-1");
    young["status"] = json!({});
    world.dataset(&young);
    world.wakes(&["DatasetVersion by-name"]);
    world.dataset(&dataset("flowers", "d-1"));
    world.wakes(&BOTH);
    let mut elsewhere = dataset("flowers", "d-9");
    elsewhere["metadata"]["namespace"] = json!("other");
    elsewhere["metadata"]["uid"] = json!("elsewhere");
    world.dataset(&elsewhere);
    world.dataset(&dataset("trees", "d-2"));
    world.wakes(&[]);
    world.dataset(&deleting(dataset("flowers", "d-1")));
    world.wakes(&BOTH);
    world.datasets.show(Event::Delete(parsed(&dataset("flowers", "d-1"))));
    world.wakes(&BOTH);
    world.datasets.show(Event::Delete(parsed(&dataset("trees", "d-2"))));
    world.wakes(&[]);
}

#[tokio::test(start_paused = true)]
async fn a_dataset_with_another_id_wakes_whoever_recorded_something_of_the_old_one() {
    let mut world = World::settled();
    // `of-trees` recorded a version of d-1.
    world.dataset(&dataset("flowers", "d-7"));
    world.wakes(&["DatasetVersion by-id", "DatasetVersion by-name", "DatasetVersion of-trees"]);
    world.dataset(&dataset("flowers", "d-7"));
    world.wakes(&["DatasetVersion by-name"]);
}

#[tokio::test(start_paused = true)]
async fn a_version_wakes_its_dataset_if_it_matters_to_it() {
    let by_name = json!({"datasetRef": {"name": "flowers"}});
    let mut world = World::settled();
    world.version(&version("new", &by_name, None));
    world.version(&version("new", &by_name, Some("v3")));
    world.wakes(&[]);
    world.version(&version("new", &by_name, Some("v4")));
    world.version(&version("by-id", &json!({"datasetId": "d-1"}), Some("v5")));
    world.wakes(&["Dataset flowers"]);
    world.version(&version("lost", &json!({"datasetRef": {"name": "none"}}), Some("v9")));
    world.wakes(&[]);
    world.versions.show(Event::Delete(parsed(&version("new", &by_name, Some("v2")))));
    world.wakes(&[]);
    let binds = json!({"datasetRef": {"name": "flowers"}, "adoption": {"versionName": "v1"}});
    world.version(&version("first", &binds, None));
    world.wakes(&["Dataset flowers", "DatasetVersion by-name"]);
    world.versions.show(Event::Delete(parsed(&version("first", &binds, Some("v1")))));
    world.wakes(&["Dataset flowers", "DatasetVersion by-name"]);
    world.dataset(&deleting(dataset("flowers", "d-1")));
    world.woken();
    world.version(&version("by-name", &by_name, Some("v2")));
    world.versions.show(Event::Delete(parsed(&version("by-id", &json!({"datasetId": "d-1"}), Some("v3")))));
    world.wakes(&["Dataset flowers"]);
}

#[tokio::test(start_paused = true)]
async fn versions_that_are_deleted_wake_each_other() {
    let mut world = World::settled();
    let last = deleting(version("last", &json!({"datasetRef": {"name": "flowers"}}), Some("v3")));
    world.version(&last);
    world.wakes(&["DatasetVersion by-name"]);
    world.version(&deleting(version("by-name", &json!({"datasetRef": {"name": "flowers"}}), Some("v2"))));
    world.wakes(&["DatasetVersion last"]);
    world.versions.show(Event::Delete(parsed(&last)));
    world.wakes(&["DatasetVersion by-name"]);
    world.versions.show(Event::Delete(parsed(&deleting(version("by-id", &json!({"datasetId": "d-1"}), Some("v3"))))));
    world.wakes(&[]);
}

#[tokio::test(start_paused = true)]
async fn one_that_does_not_parse_wakes_nobody_until_it_goes() {
    let mut world = World::settled();
    let (flowers, by_name) = (unparsable(dataset("flowers", "d-1")), json!({"datasetRef": {"name": "flowers"}}));
    world.dataset(&flowers);
    world.wakes(&[]);
    assert!(world.shared.lookups.live.lives_here(Uid::of("Dataset-flowers")));
    world.datasets.show(Event::Delete(parsed(&flowers)));
    world.wakes(&BOTH);
    assert!(!world.shared.lookups.live.lives_here(Uid::of("Dataset-flowers")));

    world.dataset(&dataset("flowers", "d-1"));
    world.woken();
    let odd = unparsable(version("odd", &by_name, Some("v9")));
    world.version(&odd);
    world.version(&unparsable(version("by-id", &json!({"datasetId": "d-1"}), Some("v3"))));
    world.wakes(&[]);
    world.dataset(&dataset("flowers", "d-1"));
    world.wakes(&["DatasetVersion by-id", "DatasetVersion by-name", "DatasetVersion odd"]);
    world.versions.show(Event::Delete(parsed(&odd)));
    world.wakes(&["Dataset flowers"]);
    world.versions.show(Event::Delete(parsed(&unparsable(version("by-id", &json!({"datasetId": "d-1"}), None)))));
    world.wakes(&[]);
    world.dataset(&dataset("flowers", "d-1"));
    world.wakes(&["DatasetVersion by-name"]);
    // The references from when it parsed stay.
    world.version(&unparsable(version("by-name", &json!({}), Some("v2"))));
    world.dataset(&dataset("flowers", "d-1"));
    world.wakes(&["DatasetVersion by-name"]);
}

#[tokio::test(start_paused = true)]
async fn a_list_tells_again_what_is_there_and_forgets_what_went_unseen() {
    let mut world = World::settled();
    let uid = |text: &str| Uid::of(text);
    world.datasets.list(&[dataset("flowers", "d-1")]);
    world.wakes(&BOTH);
    let live = |world: &World, text| world.shared.lookups.live.lives_here(uid(text));
    assert!(live(&world, "Dataset-flowers") && !live(&world, "Dataset-trees"));
    assert!(live(&world, "DatasetVersion-by-id"), "that is another kind's list");
    assert!(!world.shared.lookups.live.is_complete());
    world.versions.list(&[version("by-name", &json!({"datasetRef": {"name": "flowers"}}), Some("v2"))]);
    world.wakes(&[]);
    assert!(world.shared.lookups.live.is_complete());
    assert!(live(&world, "Dataset-flowers") && !live(&world, "DatasetVersion-by-id"));
    world.dataset(&dataset("flowers", "d-1"));
    world.wakes(&["DatasetVersion by-name"]);
    world.dataset(&dataset("flowers", "d-7"));
    world.wakes(&["DatasetVersion by-name"]);
}

#[tokio::test(start_paused = true)]
async fn only_an_object_that_is_gone_gives_up_its_places_in_line() {
    let mut world = World::settled();
    world.dataset(&deleting(dataset("flowers", "d-1")));
    assert!(world.forgotten.lock().unwrap().is_empty(), "its passes go on");
    world.datasets.show(Event::Delete(parsed(&deleting(dataset("flowers", "d-1")))));
    world.versions.show(Event::Delete(parsed(&unparsable(version("by-id", &json!({"datasetId": "d-1"}), None)))));
    assert_eq!(*world.forgotten.lock().unwrap(), ["Dataset-flowers", "DatasetVersion-by-id"]);
}

#[tokio::test(start_paused = true)]
async fn a_further_kind_is_woken_as_itself() {
    let mut world = World::settled();
    let flowers = |kind| Reference::Name(ObjectName::new(kind, "ns", "flowers"));
    let references = &world.shared.lookups.references;
    references.set(&ObjectName::new(JOB, "ns", "index"), vec![flowers("Dataset")]);
    references.set(&ObjectName::new(JOB, "ns", "tags"), vec![Reference::Id("Dataset", RemoteId::new("d-2"))]);
    references.set(&ObjectName::new(JOB, "ns", "media"), vec![flowers("MediaDataset")]);
    references.set(&ObjectName::new("Unwatched", "ns", "u"), vec![flowers("Dataset")]);
    let by_version = Reference::Name(ObjectName::new("DatasetVersion", "ns", "by-name"));
    references.set(&ObjectName::new(JOB, "ns", "of-a-version"), vec![by_version]);
    world.dataset(&dataset("flowers", "d-1"));
    world.wakes(&["DatasetJob index", "DatasetVersion by-id", "DatasetVersion by-name"]);
    world.dataset(&dataset("trees", "d-2"));
    world.wakes(&["DatasetJob tags", "DatasetVersion of-trees"]);
    world.version(&version("by-name", &json!({"datasetRef": {"name": "flowers"}}), Some("v2")));
    world.wakes(&["DatasetJob of-a-version"]);
    // And a DatasetVersion that is deleted by itself is not its sibling.
    world.version(&deleting(version("new", &json!({"datasetRef": {"name": "flowers"}}), None)));
    world.wakes(&["DatasetVersion by-name"]);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_refers_elsewhere_now_is_not_woken_by_the_former_dataset() {
    let mut world = World::settled();
    world.version(&version("by-name", &json!({"datasetRef": {"name": "trees"}}), None));
    world.dataset(&dataset("flowers", "d-1"));
    world.wakes(&["DatasetVersion by-id"]);
    world.dataset(&dataset("trees", "d-2"));
    world.wakes(&["DatasetVersion by-name", "DatasetVersion of-trees"]);
}

#[tokio::test(start_paused = true)]
async fn an_object_is_a_neighbour_while_it_lives() {
    let mut world = World::settled();
    let uid = Uid::of("DatasetVersion-by-id");
    let neighbour = world.shared.lookups.live.neighbour(uid, None).unwrap();
    let kept = world.shared.lookups.live.neighbour(uid, Some(Deletion::Retain)).unwrap();
    assert!(neighbour.deletes && !kept.deletes, "the operator's default counts");
    assert_eq!((neighbour.kind, neighbour.name.as_str(), neighbour.deletes), ("DatasetVersion", "by-id", true));
    world.versions.show(Event::Delete(parsed(&version("by-id", &json!({"datasetId": "d-1"}), Some("v3")))));
    assert_eq!(world.shared.lookups.live.neighbour(uid, None), None);
}
