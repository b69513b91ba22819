//! Which rights are asked for, how they are reported, and that nothing is asked without a reason.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Mutex;

use axum::http::{Request, Response};
use futures::FutureExt as _;
use kube::client::Body;
use serde_json::{Value, json};

use super::*;

fn namespaces(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// `list datasets -`: verb, resource and namespace.
fn short(right: &Right) -> String {
    format!("{} {} {}", right.verb, right.named(), right.namespace.as_deref().unwrap_or("-"))
}

#[test]
fn what_is_needed_is_where_it_is_used() {
    let of = |names: &[&str]| needed(&namespaces(names), Some("system")).iter().map(short).collect::<HashSet<_>>();
    let everywhere = of(&[]);
    assert_eq!(everywhere.len(), 43);
    assert!(everywhere.contains("list datasets -") && everywhere.contains("patch datasetversions/status -"));
    assert!(everywhere.contains("update leases system"));
    assert_eq!(needed(&[], None).len(), 40, "without leader election");
    let one = of(&["a"]);
    assert!(one.contains("watch datasets a") && !one.iter().any(|right| right.ends_with('-')), "{one:?}");
    let two = of(&["a", "b"]);
    assert!(two.contains("list datasets a") && two.contains("patch datasets b"));
    assert!(!two.iter().any(|right| right.ends_with('-')), "Roles are enough: {two:?}");
}

/// The shipped role grants all rights that the operator asks for, so readiness never reports a missing one with it.
#[test]
fn the_shipped_role_has_all_that_is_needed() {
    let text = include_str!("../../deploy/kustomize/base/rbac.yaml");
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).unwrap();
    let rules: Vec<&Value> = documents.iter().filter_map(|document| document["rules"].as_array()).flatten().collect();
    let has = |list: &Value, what: &str| list.as_array().unwrap().iter().any(|entry| entry == what);
    for right in needed(&[], Some("dataset-operator-system")) {
        let granted = rules.iter().any(|rule| {
            has(&rule["apiGroups"], &right.group)
                && has(&rule["resources"], &right.named())
                && has(&rule["verbs"], right.verb)
                && rule["resourceNames"].as_array().is_none_or(|names| names.iter().any(|name| name == right.name))
        });
        assert!(granted, "{}", short(&right));
    }
}

#[test]
fn missing_rights_are_told_by_verb_resource_group_and_scope() {
    let of = |names: &[&str], these: &[&str]| {
        let rights =
            needed(&namespaces(names), None).into_iter().filter(|right| these.contains(&short(right).as_str()));
        words(&rights.collect::<Vec<_>>())
    };
    let said = of(&[], &["list datasets -", "watch datasets -", "patch datasets/status -"]);
    let (text, vital) = &said["datasets"];
    assert!(vital);
    assert_eq!(
        text,
        "the operator may not list, watch datasets, patch datasets/status (API group pai.dataset-operator.dev) in the whole \
         cluster: add that to a ClusterRole of it"
    );
    let said = of(&["a"], &["patch datasetversions a", "create events a"]);
    let (text, _) = &said["datasetversions"];
    let place = "in namespace a: add that to its Role there";
    assert!(text.starts_with("the operator may not patch datasetversions (API") && text.ends_with(place), "{text}");
    let (text, vital) = &said["events"];
    assert!(text.contains("events.k8s.io") && !vital, "{text}");
}

/// An API server that grants all rights except these, and counts its calls.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<(HashSet<String>, usize)>>);

impl Server {
    fn client(&self) -> Client {
        let state = self.clone();
        let server = tower::service_fn(move |request: Request<Body>| {
            let state = state.clone();
            async move {
                assert_eq!(request.uri().path(), "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
                let body = request.into_body().collect_bytes().await.unwrap();
                let mut review: Value = serde_json::from_slice(&body).unwrap();
                let about = &review["spec"]["resourceAttributes"];
                let asked = format!("{} {}", about["verb"].as_str().unwrap(), about["resource"].as_str().unwrap());
                let mut state = state.0.lock().unwrap();
                state.1 += 1;
                review["status"] = json!({"allowed": !state.0.contains(&asked)});
                Ok::<_, Infallible>(Response::new(Body::from(review.to_string().into_bytes())))
            }
        });
        Client::new(server, "default")
    }

    fn refuse(&self, these: &[&str]) {
        self.0.lock().unwrap().0 = these.iter().map(|text| (*text).to_owned()).collect();
    }

    fn asked(&self) -> usize {
        self.0.lock().unwrap().1
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_refusal_readiness_says_what_is_missing_until_it_is_there() {
    let (server, ready, refused) = (Server::default(), Readiness::default(), Arc::new(Notify::new()));
    ready.needs([]);
    let task = tokio::spawn(watch(server.client(), namespaces(&["a"]), None, ready.clone(), refused.clone()));
    let hour = Duration::from_secs(3600);
    tokio::time::sleep(hour).await;
    assert_eq!(server.asked(), 0, "nobody is asked without a reason");

    // A policy refused a call: no right is missing.
    refused.notify_one();
    tokio::time::sleep(hour).await;
    assert_eq!((server.asked(), ready.lacks()), (36, String::new()));

    server.refuse(&["watch datasets", "create events"]);
    refused.notify_one();
    tokio::time::sleep(EVERY).await;
    let lacks = ready.lacks();
    assert!(lacks.starts_with("rights to datasets: the operator may not watch datasets (API group pai."), "{lacks}");
    assert!(!lacks.contains("events"), "it works without: {lacks}");
    server.refuse(&["create events"]);
    tokio::time::sleep(EVERY * 2).await;
    assert_eq!(ready.lacks(), "");
    server.refuse(&[]);
    tokio::time::sleep(EVERY * 2).await;
    let asked = server.asked();
    tokio::time::sleep(hour).await;
    assert_eq!(server.asked(), asked, "nothing is missing any more");
    assert!(task.now_or_never().is_none(), "it looks on");
}

#[test]
fn an_error_is_told_in_the_words_of_the_api_server() {
    let status: kube::core::Status = serde_json::from_value(json!({
        "status": "Failure", "message": "datasets is forbidden: nobody may", "reason": "Forbidden", "code": 403,
    }))
    .unwrap();
    let error = kube::Error::Api(Box::new(status.clone()));
    let told = "datasets is forbidden: nobody may (403 Forbidden)";
    assert_eq!(of_watch(&watcher::Error::WatchStartFailed(error)), told);
    assert_eq!(of_watch(&watcher::Error::WatchError(Box::new(status))), "datasets is forbidden: nobody may");
}
