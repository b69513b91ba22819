//! The watches of named objects against an API server of a few lines.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::{Request, Response};
use k8s_openapi::api::core::v1::Secret;
use kube::client::Body;
use serde_json::{Value, json};

use super::*;
use crate::inventory::Settings;
use crate::inventory::inventories::Inventories;
use crate::reconcile::live_objects::LiveObjects;
use crate::reconcile::lookups::Defaults;
use crate::reconcile::references::References;

/// Answers lists, reads and watches of Secrets in namespace `ns`.
#[derive(Default)]
struct Server {
    secrets: Mutex<BTreeMap<String, u32>>,
    /// What the open watches are still to be told.
    changes: Mutex<Vec<(&'static str, String, u32)>>,
    changed: Notify,
    forbids_names: AtomicBool,
    forbids_all: AtomicBool,
    requests: Mutex<Vec<String>>,
}

fn metadata(name: &str, version: u32) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {
        "name": name, "namespace": "ns", "uid": format!("uid-{name}"), "resourceVersion": version.to_string(),
    }})
}

fn answer(code: u16, body: &Value) -> Response<Body> {
    Response::builder().status(code).body(Body::from(format!("{body}\n").into_bytes())).unwrap()
}

impl Server {
    /// Answers a request; what was asked is noted as verb and name, `*` for all.
    async fn serve(self: Arc<Self>, request: Request<Body>) -> Result<Response<Body>, Infallible> {
        let accepts = request.headers()["accept"].to_str().unwrap();
        assert!(accepts.contains("as=PartialObjectMetadata"), "content was asked for: {accepts}");
        let (path, query) = (request.uri().path().to_owned(), request.uri().query().unwrap_or_default().to_owned());
        let one = path.strip_prefix("/api/v1/namespaces/ns/secrets/").map(str::to_owned);
        let selected = query.split('&').find_map(|pair| pair.strip_prefix("fieldSelector=metadata.name%3D"));
        let name = one.clone().or(selected.map(str::to_owned));
        let watches = query.contains("watch=true");
        let verb = if watches {
            "watch"
        } else if one.is_some() {
            "get"
        } else {
            "list"
        };
        lock(&self.requests).push(format!("{verb} {}", name.as_deref().unwrap_or("*")));
        let forbids = if name.is_some() { &self.forbids_names } else { &self.forbids_all };
        if forbids.load(Ordering::Relaxed) {
            let status =
                json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403});
            return Ok(answer(403, &status));
        }
        if watches {
            loop {
                let changed = self.changed.notified();
                let change = {
                    let mut queue = lock(&self.changes);
                    let at = queue.iter().position(|(_, of, _)| name.as_ref().is_none_or(|name| name == of));
                    at.map(|at| queue.remove(at))
                };
                if let Some((kind, of, version)) = change {
                    return Ok(answer(200, &json!({"type": kind, "object": metadata(&of, version)})));
                }
                changed.await;
            }
        }
        let secrets = lock(&self.secrets).clone();
        if let Some(one) = one {
            return Ok(secrets.get(&one).map_or_else(
                || answer(404, &json!({"kind": "Status", "apiVersion": "v1", "reason": "NotFound", "code": 404})),
                |version| answer(200, &metadata(&one, *version)),
            ));
        }
        let shown = secrets.iter().filter(|(of, _)| name.as_ref().is_none_or(|name| name == *of));
        let items: Vec<_> = shown.map(|(of, version)| metadata(of, *version)).collect();
        Ok(answer(
            200,
            &json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
                    "metadata": {"resourceVersion": "1"}, "items": items}),
        ))
    }

    fn change(&self, kind: &'static str, name: &str, version: u32) {
        if kind == "DELETED" {
            lock(&self.secrets).remove(name);
        } else {
            lock(&self.secrets).insert(name.to_owned(), version);
        }
        lock(&self.changes).push((kind, name.to_owned(), version));
        self.changed.notify_waiters();
    }

    fn asked(&self, what: &str) -> usize {
        lock(&self.requests).iter().filter(|request| *request == what).count()
    }
}

/// Watches, with the server that they ask and the names of the objects that they woke.
struct Bed {
    server: Arc<Server>,
    lookups: Arc<Lookups>,
    woken: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl Bed {
    fn new(secrets: &[&str]) -> Self {
        let server = Arc::new(Server::default());
        lock(&server.secrets).extend(secrets.iter().map(|name| ((*name).to_owned(), 1)));
        let asked = server.clone();
        let client = Client::new(tower::service_fn(move |request| asked.clone().serve(request)), "default");
        let settings = Settings { domains: Vec::new(), resync: SOON, list_lag: SOON };
        let lookups = Arc::new(Lookups {
            live: LiveObjects::default(),
            references: References::default(),
            named: NamedObjects::default(),
            inventories: Inventories::new(settings).0,
            configs: Arc::default(),
            defaults: Defaults::default(),
        });
        let woken = Arc::<Mutex<Vec<String>>>::default();
        let wakes = woken.clone();
        let wake = Arc::new(move |object: ObjectName| lock(&wakes).push(object.place().1.to_owned()));
        let mut tasks = JoinSet::new();
        tasks.spawn(watch::<Secret>(client, lookups.clone(), wake));
        Self { server, lookups, woken, _tasks: tasks }
    }

    /// The object `of` refers to these Secrets, and to no others.
    fn refer(&self, of: &str, secrets: &[&str]) {
        let references = secrets.iter().map(|name| Reference::Name(secret(name))).collect();
        self.lookups.references.set(&ObjectName::new("DatasetJobConfig", "ns", of), references);
    }

    fn known(&self, name: &str) -> Known {
        self.lookups.named.get(&secret(name))
    }

    /// Lets everything happen that happens within this time, and tells whom it woke.
    async fn within(&self, time: Duration) -> Vec<String> {
        tokio::time::sleep(time).await;
        let mut woken = std::mem::take(&mut *lock(&self.woken));
        woken.sort();
        woken
    }
}

fn secret(name: &str) -> ObjectName {
    ObjectName::new("Secret", "ns", name)
}

fn present(name: &str, version: u32) -> Known {
    Known::Present(Version { uid: format!("uid-{name}"), resource_version: version.to_string() })
}

const SOON: Duration = Duration::from_millis(500);

#[tokio::test(start_paused = true)]
async fn an_object_is_watched_by_its_name_from_the_first_reference_to_the_last() {
    let bed = Bed::new(&["key", "other"]);
    bed.within(SOON).await;
    assert!(lock(&bed.server.requests).is_empty(), "nobody refers to anything");
    bed.refer("a", &["key"]);
    bed.refer("b", &["key", "missing"]);
    let wait = bed.lookups.named.wait(&secret("key"), SOON).await;
    assert_eq!((wait, bed.known("other")), (present("key", 1), Known::Nothing));
    assert_eq!(bed.within(SOON).await, ["a", "b", "b"], "each reference is answered once");
    assert_eq!(bed.known("missing"), Known::Absent);
    bed.server.change("MODIFIED", "key", 2);
    assert_eq!((bed.within(SOON).await, bed.known("key")), (vec!["a".into(), "b".into()], present("key", 2)));
    bed.server.change("ADDED", "missing", 1);
    assert_eq!((bed.within(SOON).await, bed.known("missing")), (vec!["b".to_owned()], present("missing", 1)));
    bed.server.change("DELETED", "missing", 2);
    assert_eq!((bed.within(SOON).await, bed.known("missing")), (vec!["b".to_owned()], Known::Absent));
    bed.refer("a", &[]);
    bed.server.change("MODIFIED", "key", 3);
    assert_eq!((bed.within(SOON).await, bed.known("key")), (vec!["b".to_owned()], present("key", 3)));
    bed.refer("b", &[]);
    bed.server.change("MODIFIED", "key", 4);
    assert_eq!((bed.within(SOON).await, bed.known("key")), (vec![], Known::Nothing));
    assert_eq!([bed.server.asked("list key"), bed.server.asked("list *"), bed.server.asked("get key")], [1, 0, 0]);
    bed.refer("c", &["key"]);
    assert_eq!((bed.within(SOON).await, bed.known("key")), (vec!["c".to_owned()], present("key", 4)), "and again");
}

#[tokio::test(start_paused = true)]
async fn who_may_not_watch_an_object_is_told_and_learns_when_it_may() {
    let bed = Bed::new(&["key"]);
    bed.server.forbids_names.store(true, Ordering::Relaxed);
    bed.refer("a", &["key"]);
    assert_eq!((bed.within(SOON).await, bed.known("key")), (vec!["a".to_owned()], Known::Forbidden));
    bed.server.forbids_names.store(false, Ordering::Relaxed);
    assert_eq!(bed.within(Duration::from_secs(61)).await, ["a"]);
    assert_eq!(bed.known("key"), present("key", 1));
}

#[tokio::test(start_paused = true)]
async fn many_names_in_a_namespace_are_one_watch_or_else_are_read_now_and_then() {
    for forbidden in [false, true] {
        let all: Vec<String> = (0..=MOST).map(|number| format!("s{number}")).collect();
        let bed = Bed::new(&all.iter().map(String::as_str).collect::<Vec<_>>());
        bed.server.forbids_all.store(forbidden, Ordering::Relaxed);
        for name in &all[..MOST] {
            bed.refer(name, &[name]);
        }
        assert_eq!(bed.within(SOON).await.len(), MOST);
        assert_eq!(bed.server.asked("list *"), 0);
        bed.refer("last", &[&all[MOST]]);
        assert_eq!((bed.within(SOON).await, bed.known(&all[MOST])), (vec!["last".to_owned()], present(&all[MOST], 1)));
        bed.server.change("MODIFIED", "s7", 2);
        bed.within(if forbidden { EVERY + Duration::from_secs(31) } else { SOON }).await;
        assert_eq!(bed.known("s7"), present("s7", 2));
        assert!(forbidden || bed.server.asked("list *") == 1);
        assert_eq!(bed.server.asked("get s7") > 0, forbidden);
        bed.refer("absent", &["absent"]);
        if !forbidden {
            bed.within(SOON).await;
            assert_eq!(bed.known("absent"), Known::Absent, "the list showed all");
        }
        for name in all.iter().map(String::as_str).chain(["last", "absent"]) {
            bed.refer(name, &[]);
        }
        bed.within(SOON).await;
        let before = lock(&bed.server.requests).len();
        bed.within(EVERY * 2).await;
        assert_eq!(lock(&bed.server.requests).len(), before, "nobody refers to anything any more");
        assert_eq!(bed.known("s7"), Known::Nothing);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_when_nothing_is_known_in_time() {
    let named = NamedObjects::default();
    let began = Instant::now();
    assert_eq!((named.wait(&secret("key"), SOON).await, began.elapsed()), (Known::Nothing, SOON));
}
