//! The stage that the tests of the sweep share: an inventory that sweeps an emulator, and a clock that the test moves.
//!
//! The clock of the runtime stands still (`start_paused`), so a resync takes as long as the test says. The network goes
//! on in real time: every wait here is a wait on a blocking thread, during which the clock does not move.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use pai_emulator::{Count, Dataset, Emulator, Knobs, Label, Options, State, Version};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::{Inventory, ListError, ObjectKey, Settings, Swept};
use crate::cloud::{self, BearerStyle, Client, Environment, Limiter};
use crate::remote::Remote;
use crate::remote::id::RemoteId;
use crate::remote::mark::{Identity, Labels, Owner};

pub(super) const WORKSPACE: &str = "478";
pub(super) const RESYNC: Duration = Duration::from_secs(60);
/// Far more than any wait of a test should take, in real time.
const PATIENCE: Duration = Duration::from_secs(120);

/// An inventory with its emulator and its running sweeps.
pub(super) struct Stage {
    pub(super) emulator: Emulator,
    pub(super) client: Client,
    pub(super) inventory: Arc<Inventory>,
    woken: UnboundedReceiver<ObjectKey>,
    sweeps: JoinHandle<()>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.sweeps.abort();
    }
}

/// The identity of the operator in these tests.
pub(super) fn identity() -> Identity {
    Identity::new(&["the domain".into()], &[], "the cluster")
}

/// The id of a dataset of these tests.
pub(super) fn id(number: usize) -> String {
    format!("d-{number:018}")
}

/// The object that recorded dataset `number`.
pub(super) fn key(number: usize) -> ObjectKey {
    ObjectKey::new("Dataset", "ns", &format!("o-{number}"), &format!("uid-{number}"))
}

/// The mark on dataset `number`.
pub(super) fn mark(number: usize) -> Labels {
    let owner = Owner { kind: "Dataset".into(), namespace: "ns".into(), name: format!("o-{number}") };
    identity().mark(&owner, &format!("uid-{number}"), "c1").labels()
}

/// A dataset in the cloud with these labels.
pub(super) fn labelled(number: usize, labels: &Labels) -> Dataset {
    let label = |(key, value): (&String, &String)| Label { key: key.clone(), value: value.clone() };
    Dataset {
        dataset_id: id(number),
        name: format!("n-{number}"),
        workspace_id: WORKSPACE.into(),
        uri: format!("oss://bucket.oss-cn-hangzhou.aliyuncs.com/{number}/"),
        labels: labels.iter().map(label).collect(),
        ..Dataset::default()
    }
}

/// A dataset in the cloud with our mark.
pub(super) fn marked(number: usize) -> Dataset {
    labelled(number, &mark(number))
}

/// The first `count` datasets with our mark.
pub(super) fn all_marked(count: usize) -> Vec<Dataset> {
    (0..count).map(marked).collect()
}

/// A dataset of this id without a mark, as a read shows it.
pub(super) fn read(id: &RemoteId) -> Remote {
    let fields = Map::from_iter([("WorkspaceId".to_owned(), json!(WORKSPACE))]);
    Remote::labelled(id.clone(), Labels::new(), fields, None)
}

/// A state of the emulator that holds these datasets.
pub(super) fn holding(datasets: &[Dataset]) -> State {
    serde_json::from_value(json!({ "datasets": datasets })).unwrap()
}

/// A client for this endpoint that waits as long as the test does.
pub(super) fn client(endpoint: &str) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let lookup = |name: &str| match name {
        "ALIBABA_CLOUD_ACCESS_KEY_ID" => Some("testAccessKeyId".to_owned()),
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET" => Some("testAccessKeySecret".to_owned()),
        _ => None,
    };
    let settings = cloud::Settings::for_endpoint(endpoint, Duration::from_secs(24 * 3600)).unwrap();
    let source = Arc::new(Environment::new(lookup, BearerStyle::Sdk));
    let limiter = Arc::new(Limiter::new(10_000.0).unwrap());
    Client::new(settings, source, limiter, Arc::new(())).unwrap()
}

/// One millisecond of real time; the test's clock stands still.
pub(super) async fn moment() {
    tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(1))).await.unwrap();
}

impl Inventory {
    /// The present principal lists a private dataset of `principal`, which `sees` then knows.
    pub(crate) fn lists_private(&self, principal: &str) {
        let id = RemoteId::new("d-private");
        self.put_read(&read(&id), Instant::now());
        let list = self.next_list(WORKSPACE);
        self.state().rows.seen_by(id.root(), list);
        self.sees(&id, principal);
    }
}

impl Stage {
    /// An emulator that holds these datasets, and an inventory that was not asked for anything yet.
    pub(super) async fn new(datasets: Vec<Dataset>, knobs: Knobs) -> Self {
        Self::with_lag(datasets, knobs, Duration::ZERO).await
    }

    /// The same, where lists may be `list_lag` old.
    pub(super) async fn with_lag(datasets: Vec<Dataset>, knobs: Knobs, list_lag: Duration) -> Self {
        Self::start(datasets, knobs, identity().domains().to_vec(), list_lag).await
    }

    /// The same, where the operator owns these domains.
    pub(super) async fn of_domains(datasets: Vec<Dataset>, domains: &[String]) -> Self {
        let identity = Identity::new(domains, &[], "the cluster");
        Self::start(datasets, Knobs::default(), identity.domains().to_vec(), Duration::ZERO).await
    }

    async fn start(datasets: Vec<Dataset>, knobs: Knobs, domains: Vec<String>, list_lag: Duration) -> Self {
        let options = Options { knobs, state: Some(holding(&datasets)), ..Options::default() };
        let emulator = Emulator::start(options).await.unwrap();
        let client = client(&emulator.url());
        let (inventory, ends) = Inventory::new(Settings { domains, resync: RESYNC, list_lag });
        let (sweeps, woken, _) = ends.run(inventory.clone(), client.clone());
        Self { emulator, client, inventory, woken, sweeps: tokio::spawn(sweeps) }
    }

    /// Records dataset N for object N, for each of these numbers.
    pub(super) fn recorded(&self, numbers: impl IntoIterator<Item = usize>) {
        for number in numbers {
            self.inventory.recorded(&RemoteId::new(id(number)), &key(number), Some(WORKSPACE));
        }
    }

    /// Waits until the workspace was swept for the first time.
    pub(super) async fn swept(&mut self) {
        self.inventory.want(WORKSPACE, None);
        self.until("swept", |stage| matches!(stage.inventory.want(WORKSPACE, None), Swept::Yes)).await;
    }

    /// Waits until `done` holds; the clock moves about as fast as real time.
    pub(super) async fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        self.until_in(Duration::from_millis(2), what, done).await;
    }

    /// The same with a faster clock, for events that happen once per resync.
    pub(super) async fn until_later(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        self.until_in(RESYNC / 100, what, done).await;
    }

    async fn until_in(&mut self, step: Duration, what: &str, done: impl Fn(&Self) -> bool) {
        let begun = std::time::Instant::now();
        while !done(self) {
            assert!(begun.elapsed() < PATIENCE, "waited in vain until {what}: {:?}", self.emulator.stats());
            tokio::time::advance(step).await;
            moment().await;
        }
    }

    /// Moves the clock by `time`; returns the times at which calls were made.
    pub(super) async fn pass(&mut self, time: Duration) -> Vec<Duration> {
        self.pass_in(time, RESYNC / 50).await
    }

    /// The same, in steps of `step`.
    pub(super) async fn pass_in(&mut self, time: Duration, step: Duration) -> Vec<Duration> {
        let (begun, mut calls) = (Instant::now(), Vec::new());
        while begun.elapsed() < time {
            let before = self.answered();
            tokio::time::advance(step).await;
            self.settle().await;
            calls.extend((before..self.answered()).map(|_| begun.elapsed()));
        }
        calls
    }

    /// Waits until `more` further rounds have ended.
    pub(super) async fn rounds(&mut self, more: u64) {
        let wanted = self.inventory.sweeps() + more;
        let begun = std::time::Instant::now();
        while self.inventory.sweeps() < wanted {
            assert!(begun.elapsed() < PATIENCE, "rounds do not end: {:?}", self.emulator.stats());
            tokio::time::advance(RESYNC / 50).await;
            self.settle().await;
        }
    }

    /// Waits until there is no traffic on the network.
    pub(super) async fn settle(&self) {
        loop {
            let before = self.answered();
            moment().await;
            moment().await;
            if self.answered() == before {
                return;
            }
        }
    }

    fn answered(&self) -> u64 {
        self.emulator.stats().calls.values().map(|count| count.ok + count.failed).sum()
    }

    /// Calls so far: lists that succeeded, lists that failed, all others.
    pub(super) fn calls(&self) -> (u64, u64, u64) {
        let Count { ok, failed, .. } = self.emulator.stats().calls.get("ListDatasets").copied().unwrap_or_default();
        (ok, failed, self.answered() - ok - failed)
    }

    /// The names of the objects that were woken since the last call, each with the number of times.
    pub(super) fn woken(&mut self) -> Vec<(String, usize)> {
        let mut names = Vec::new();
        while let Ok(key) = self.woken.try_recv() {
            names.push(key.name.place().1.to_owned());
        }
        let distinct: BTreeSet<_> = names.iter().cloned().collect();
        distinct.into_iter().map(|name| (name.clone(), names.iter().filter(|other| **other == name).count())).collect()
    }

    /// What the inventory believes of a dataset.
    pub(super) fn believed(&self, number: usize) -> Option<Arc<Remote>> {
        self.inventory.get(&RemoteId::new(id(number)))
    }

    /// How many of the first `count` datasets are believed to exist.
    pub(super) fn known(&self, count: usize) -> usize {
        (0..count).filter(|number| self.believed(*number).is_some()).count()
    }

    /// A user changes something in the console.
    pub(super) fn console(&self, method: &str, path: &str, body: &Value) {
        self.emulator.console(method, &format!("/api/v1/datasets{path}"), body).unwrap();
    }

    /// A user creates a dataset with these labels; returns its id.
    pub(super) fn make(&self, name: &str, labels: &Labels) -> String {
        let labels: Vec<_> = labels.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        let body = json!({
            "Name": name, "WorkspaceId": WORKSPACE, "Property": "DIRECTORY", "DataSourceType": "OSS",
            "Uri": "oss://bucket.oss-cn-hangzhou.aliyuncs.com/", "Labels": labels,
        });
        let made = self.emulator.console("POST", "/api/v1/datasets", &body).unwrap();
        made["DatasetId"].as_str().unwrap().to_owned()
    }

    /// Datasets and versions that carry our mark and that no object recorded.
    pub(super) fn orphans(&self) -> Vec<String> {
        let mut orphans: Vec<_> = self.inventory.orphans(|_| false).iter().map(ToString::to_string).collect();
        orphans.sort();
        orphans
    }

    /// Why the workspace is not known, asked for object `waiting`.
    pub(super) fn trouble(&self, waiting: Option<usize>) -> Option<ListError> {
        match self.inventory.want(WORKSPACE, waiting.map(key).as_ref()) {
            Swept::Yes | Swept::Soon => None,
            Swept::Failed(trouble) => Some(*trouble),
        }
    }

    /// A user changes the description of a dataset.
    pub(super) fn edit(&self, number: usize, text: &str) {
        self.console("PUT", &format!("/{}", id(number)), &json!({"Description": text}));
    }
}

/// The names of these objects, each woken once.
pub(super) fn once(numbers: &[usize]) -> Vec<(String, usize)> {
    let mut names: Vec<_> = numbers.iter().map(|number| (format!("o-{number}"), 1)).collect();
    names.sort();
    names
}

/// Dataset `number` with versions v1 to v3.
pub(super) fn with_versions(number: usize) -> Dataset {
    let version = |name: &str| Version {
        version_name: name.into(),
        property: "DIRECTORY".into(),
        data_source_type: "OSS".into(),
        uri: format!("oss://bucket.oss-cn-hangzhou.aliyuncs.com/{name}/"),
        ..Version::default()
    };
    Dataset { versions: ["v1", "v2", "v3"].map(version).to_vec(), next_version: 4, ..marked(number) }
}
