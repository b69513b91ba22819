//! Two replicas: one holds the lease and works, the other takes it over when the first ends, dies, or stands still.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures::future::{Either, select};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::events::v1::Event;
use kube::api::{Api, ListParams};
use pai_emulator::{Effect, Knobs, NameScope, When};
use serde_json::{Value, json};
use testbed::Operator;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::scene::{Scene, Setting, oss};
use crate::trouble::{fault, late};

const LEASE: &str = "dataset-operator";
/// Leader election with the default times.
const USUAL: [(&str, &str); 1] = [("DATASET_OPERATOR_LEADER_ELECT", "true")];
/// With a lease that does not run out during a story.
const LONG: [(&str, &str); 2] =
    [("DATASET_OPERATOR_LEADER_ELECT", "true"), ("DATASET_OPERATOR_LEADER_ELECT_LEASE_DURATION", "120s")];
/// With times so short that a story need not wait.
const SHORT: [(&str, &str); 4] = [
    ("DATASET_OPERATOR_LEADER_ELECT", "true"),
    ("DATASET_OPERATOR_LEADER_ELECT_LEASE_DURATION", "4s"),
    ("DATASET_OPERATOR_LEADER_ELECT_RENEW_DEADLINE", "3s"),
    ("DATASET_OPERATOR_LEADER_ELECT_RETRY_PERIOD", "500ms"),
];

/// A scene whose operators may take a lease in its namespace, in which names may repeat: a duplicate would be seen.
async fn scene(name: &str) -> Scene {
    let knobs = Knobs { name_scope: NameScope::None, ..Knobs::default() };
    let scene = Scene::with(name, Setting { knobs, without_operator: true, ..Setting::default() }).await;
    let named = json!({
        "apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "resourceNames": [LEASE], "verbs": ["get", "update"],
    });
    let new = json!({"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]});
    scene.allow("leases", json!([named, new])).await;
    scene
}

impl Scene {
    /// Starts a replica in a Pod of this name.
    async fn pod(&self, name: &str, times: &[(&str, &str)]) -> Operator {
        let env = [&[("POD_NAME", name), ("POD_NAMESPACE", &self.namespace)], times].concat();
        self.replica(&env).await
    }

    /// The Pod that holds the lease, and how often it went from one to another.
    async fn holder(&self) -> (String, i32) {
        let lease = Api::<Lease>::namespaced(self.client.clone(), &self.namespace).get_opt(LEASE).await.unwrap();
        let Some(spec) = lease.and_then(|lease| lease.spec) else { return (String::new(), 0) };
        let holder = spec.holder_identity.unwrap_or_default();
        (holder.split('_').next().unwrap_or_default().to_owned(), spec.lease_transitions.unwrap_or_default())
    }

    async fn held_by(&self, pod: &str, within: Duration) -> Duration {
        let began = Instant::now();
        let held = async || Ok((self.holder().await.0 == pod).then_some(()));
        self.wait_for(within).until(&format!("{pod} to hold the lease"), held).await.unwrap();
        began.elapsed()
    }
}

async fn metrics(operator: &Operator) -> String {
    reqwest::get(operator.metrics_url()).await.unwrap().text().await.unwrap()
}

async fn leads(operator: &Operator) -> bool {
    let metrics = metrics(operator).await;
    let line = |value: u8| format!("leader_election_master_status{{name=\"{LEASE}\"}} {value}\n");
    assert!(metrics.contains(&line(0)) || metrics.contains(&line(1)), "{metrics}");
    metrics.contains(&line(1))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_replica_works_and_the_other_takes_over_at_once_when_it_is_asked_to_end() {
    let scene = scene("lease-handover").await;
    let first = scene.pod("first", &USUAL).await;
    scene.held_by("first", Duration::from_secs(5)).await;
    let second = scene.pod("second", &USUAL).await;
    assert!(leads(&first).await && !leads(&second).await);
    assert!(second.readiness().await.unwrap().0.is_success(), "a replica that waits is ready");
    scene.create("Dataset", "one", oss("one")).await;
    scene.ready("Dataset", "one").await;
    let calls = scene.cloud().log().len();

    let stopped = tokio::spawn(first.stop());
    let took = scene.held_by("second", Duration::from_secs(10)).await;
    println!("handed over after {took:?}");
    assert!(stopped.await.unwrap().unwrap().success());
    scene.patch("Dataset", "one", json!({"spec": {"description": "edited"}})).await;
    scene.until("the edit", async |scene| scene.calls("UpdateDataset").0 == 1).await;
    assert_eq!(scene.holder().await.1, 1, "it went from one to the other once");
    assert!(leads(&second).await);
    assert!(scene.cloud().log().len() > calls);
    assert_eq!(scene.calls("CreateDataset"), (1, 0));

    let events: Api<Event> = Api::namespaced(scene.client.clone(), &scene.namespace);
    let told = async || {
        let all = events.list(&ListParams::default()).await.unwrap().items.into_iter();
        let of = all.filter(|event| event.reason.as_deref() == Some("LeaderElection"));
        let notes: Vec<_> = of.filter_map(|event| event.note).collect();
        let is_by = |pod: &str| notes.iter().any(|note| note.starts_with(pod) && note.ends_with(" became leader"));
        Ok((is_by("first_") && is_by("second_")).then_some(()))
    };
    scene.wait().until("events of both", told).await.unwrap();
    assert!(second.stop().await.unwrap().success());
    assert_eq!(scene.holder().await.0, "", "nobody waits for the lease of one that ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_waits_sends_nothing_and_ends_when_it_is_asked_to() {
    let scene = scene("lease-waits").await;
    let first = scene.pod("first", &LONG).await;
    scene.create("Dataset", "one", oss("one")).await;
    scene.ready("Dataset", "one").await;
    first.kill().unwrap();
    let calls = scene.cloud().log().len();
    let second = scene.pod("second", &LONG).await;
    scene.create("Dataset", "two", oss("two")).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!((scene.holder().await.0, scene.cloud().log().len()), ("first".to_owned(), calls));
    let metrics = metrics(&second).await;
    let reconciles = metrics.lines().filter(|line| line.starts_with("controller_runtime_reconcile_total{"));
    assert!(reconciles.clone().count() > 0 && reconciles.clone().all(|line| line.ends_with(" 0")), "{metrics}");
    assert!(
        metrics.contains("pai_dataset_managed_resource_exists{kind=\"Dataset\"} 2\n"),
        "its caches are filled: {metrics}"
    );
    assert!(second.stop().await.unwrap().success());
    assert_eq!(scene.holder().await.0, "first", "it gave back what it did not have");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_dies_among_five_hundred_creates_is_followed_by_the_other_within_twenty_seconds() {
    const MANY: usize = 500;
    let scene = scene("lease-kill").await;
    let first = scene.pod("first", &USUAL).await;
    let second = scene.pod("second", &USUAL).await;
    scene.held_by("first", Duration::from_secs(5)).await;
    for number in 0..MANY {
        scene.create("Dataset", &format!("d-{number}"), oss(&format!("d-{number}"))).await;
    }
    scene.until("some creates", async |scene| scene.calls("CreateDataset").0 > 100).await;
    first.kill().unwrap();
    let took = scene.held_by("second", Duration::from_secs(25)).await;
    println!("taken over after {took:?}");
    assert!(took < Duration::from_secs(20), "{took:?}");
    for number in 0..MANY {
        let wait = scene.wait_for(Duration::from_secs(60));
        wait.ready(&scene.datasets(), &format!("d-{number}")).await.unwrap();
    }
    assert_eq!(scene.cloud().datasets().len(), MANY);
    second.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_that_stood_still_changes_nothing_more_and_ends() {
    let scene = scene("lease-still").await;
    let mut first = scene.pod("first", &SHORT).await;
    let second = scene.pod("second", &SHORT).await;
    scene.held_by("first", Duration::from_secs(5)).await;
    // It stands still between the claim and the end of a create, with more creates waiting.
    scene.cloud().add_faults([late("CreateDataset", 1500)]);
    for number in 0..20 {
        scene.create("Dataset", &format!("d-{number}"), oss(&format!("d-{number}"))).await;
    }
    scene
        .until("the first create", async |scene| {
            scene.holder().await.0 == "first" && scene.calls("CreateDataset").0 > 0
        })
        .await;
    first.freeze().unwrap();
    scene.held_by("second", Duration::from_secs(10)).await;
    for number in 0..20 {
        scene.wait_for(Duration::from_secs(60)).ready(&scene.datasets(), &format!("d-{number}")).await.unwrap();
    }
    let (changes, writes) = (changes(&scene), scene.writes("datasets", None).await);
    scene.create("Dataset", "later", oss("later")).await;
    first.thaw().unwrap();
    let ended = scene.wait().until("its end", async || first.exited()).await.unwrap();
    assert!(!ended.success());
    assert!(scene.log_text().contains("the lease dataset-operator is lost"), "{}", scene.log_tail());
    scene.ready("Dataset", "later").await;
    assert_eq!(self::changes(&scene), changes + 1, "only the other one's create");
    assert_eq!(scene.writes("datasets", None).await, writes + 2);
    assert_eq!(scene.cloud().datasets().len(), 21);
    second.stop().await.unwrap();
}

/// A way to the API server that can be cut: connections stay open, and nothing passes any more.
async fn way_to(server: &str, cut: watch::Receiver<bool>) -> SocketAddr {
    let (listener, server) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), server.to_owned());
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut here, _)) = listener.accept().await {
            let (server, mut cut) = (server.clone(), cut.clone());
            tokio::spawn(async move {
                let Ok(mut there) = TcpStream::connect(server).await else { return };
                let is_cut = async { drop(cut.wait_for(|cut| *cut).await) };
                let passed = tokio::io::copy_bidirectional(&mut here, &mut there);
                if let Either::Right(_) = select(pin!(passed), pin!(is_cut)).await {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_that_does_not_reach_the_api_server_ends_and_the_other_goes_on() {
    let mut scene = scene("lease-cut").await;
    let direct = scene.kubeconfig();
    let mut config: Value = serde_saphyr::from_str(&direct).unwrap();
    let server = config["clusters"][0]["cluster"]["server"].as_str().unwrap().replace("https://", "");
    let (cut, is_cut) = watch::channel(false);
    config["clusters"][0]["cluster"]["server"] = json!(format!("https://{}", way_to(&server, is_cut).await));
    scene.use_kubeconfig(&config);
    let mut first = scene.pod("first", &SHORT).await;
    scene.held_by("first", Duration::from_secs(5)).await;
    scene.use_kubeconfig(&serde_saphyr::from_str(&direct).unwrap());
    let second = scene.pod("second", &SHORT).await;
    scene.create("Dataset", "one", oss("one")).await;
    scene.ready("Dataset", "one").await;

    cut.send(true).unwrap();
    let ended = scene.wait().until("its end", async || first.exited()).await.unwrap();
    assert!(!ended.success());
    scene.held_by("second", Duration::from_secs(10)).await;
    scene.create("Dataset", "two", oss("two")).await;
    scene.ready("Dataset", "two").await;
    assert_eq!(scene.calls("CreateDataset"), (2, 0));
    second.stop().await.unwrap();
}

/// Calls that changed something.
fn changes(scene: &Scene) -> usize {
    let reads = |operation: &str| operation.starts_with("List") || operation.starts_with("Get");
    scene.cloud().log().iter().filter(|line| !reads(&line.operation)).count()
}

/// Leader election saves calls; exactly one remote for an object does not depend on it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_without_a_lease_make_no_second_dataset() {
    let scene = scene("lease-none").await;
    let (first, second) = (scene.pod("first", &[]).await, scene.pod("second", &[]).await);
    scene.cloud().add_faults([fault("CreateDataset", Effect::Reset, When::After), late("CreateDataset", 2000)]);
    for number in 0..60 {
        scene.create("Dataset", &format!("d-{number}"), oss(&format!("d-{number}"))).await;
    }
    for number in 0..60 {
        scene.wait_for(Duration::from_secs(60)).ready(&scene.datasets(), &format!("d-{number}")).await.unwrap();
    }
    assert_eq!(scene.cloud().datasets().len(), 60);
    first.stop().await.unwrap();
    second.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_may_not_be_taken_is_said_so() {
    let knobs = Knobs::default();
    let scene = Scene::with("lease-rights", Setting { knobs, without_operator: true, ..Setting::default() }).await;
    let env = [&[("POD_NAME", "first"), ("POD_NAMESPACE", scene.namespace.as_str())], &USUAL[..]].concat();
    let operator = scene.launch_replica(&env);
    let lacks = async || {
        let Ok((status, said)) = operator.readiness().await else { return Ok(None) };
        Ok((!status.is_success() && said.contains("rights to leases")).then_some(said))
    };
    let said = scene.wait().until("/readyz to name the right", lacks).await.unwrap();
    let place = format!("in namespace {}: add that to its Role there", scene.namespace);
    assert!(
        said.contains("create, get, update leases (API group coordination.k8s.io)") && said.contains(&place),
        "{said}"
    );
    assert!(scene.log_text().contains("the lease could not be taken"), "{}", scene.log_tail());
}
