//! Missing rights, in words. When the API server refuses a call (403), the operator asks it which of the needed rights
//! are missing, and asks again until none is. The answers are in readiness, right by right, and in the log. A call that
//! is refused for another reason (an admission policy, a quota) only causes these questions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use kube::api::PostParams;
use kube::runtime::watcher;
use kube::{Api, Client, Resource};
use tokio::sync::Notify;

use super::election::LEASE;
use crate::admin::Readiness;
use crate::kinds::{self, ForEachKind};
use crate::reconcile::kind::AnyKind;
use crate::words;

/// Time between two rounds of questions.
const EVERY: Duration = Duration::from_secs(15);
/// The longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// One right that the operator needs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Right {
    verb: &'static str,
    group: String,
    resource: String,
    subresource: &'static str,
    /// The only object that it is needed for; empty for all.
    name: &'static str,
    /// `None`: in the whole cluster.
    namespace: Option<String>,
    /// Without it objects cannot be reconciled.
    vital: bool,
}

/// Group and plural of each kind.
#[derive(Default)]
struct Resources(Vec<(String, String)>);

impl ForEachKind for Resources {
    fn visit<K: AnyKind>(&mut self) {
        self.0.push((K::Object::group(&()).into_owned(), K::Object::plural(&()).into_owned()));
    }
}

/// Watches for missing rights. Never ends; `refused` is notified of each call that the API server answered with 403.
pub(super) async fn watch(
    client: Client,
    namespaces: Vec<String>,
    leases: Option<String>,
    ready: Readiness,
    refused: Arc<Notify>,
) {
    let needed = needed(&namespaces, leases.as_deref());
    let mut known = BTreeMap::new();
    loop {
        if known.is_empty() {
            refused.notified().await;
        }
        if let Some(missing) = missing(&client, &needed).await {
            known = tell(&ready, &known, &missing);
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// The rights that the operator needs (`deploy/kustomize/base/rbac.yaml`), in these namespaces or in the whole cluster. With leader election the Lease is in the namespace `leases`.
fn needed(namespaces: &[String], leases: Option<&str>) -> Vec<Right> {
    let all = [None];
    let each: Vec<Option<String>> = namespaces.iter().cloned().map(Some).collect();
    let each = if each.is_empty() { &all[..] } else { &each[..] };
    let mut rights = Vec::new();
    let mut need = |group: &str, resource: &str, subresource, verbs: &[&'static str], places: &[Option<String>]| {
        rights.extend(places.iter().flat_map(|namespace| {
            verbs.iter().map(|verb| Right {
                verb,
                group: group.to_owned(),
                resource: resource.to_owned(),
                subresource,
                name: "",
                namespace: namespace.clone(),
                vital: group != "events.k8s.io" && group != "dataset-operator.dev",
            })
        }));
    };
    let mut resources = Resources::default();
    kinds::for_each(&mut resources);
    for (group, resource) in &resources.0 {
        need(group, resource, "", &["list", "watch", "get", "patch"], each);
        need(group, resource, "status", &["patch"], each);
    }
    // Without them there is the account of the flags.
    let cluster = if namespaces.is_empty() { &all[..] } else { &[] };
    for (resource, places) in [("providerconfigs", each), ("clusterproviderconfigs", cluster)] {
        need("dataset-operator.dev", resource, "", &["list", "watch", "patch"], places);
        need("dataset-operator.dev", resource, "status", &["patch"], places);
    }
    need("events.k8s.io", "events", "", &["create", "patch"], each);
    if let Some(namespace) = leases {
        let place = [Some(namespace.to_owned())];
        need("coordination.k8s.io", "leases", "", &["create", "get", "update"], &place);
    }
    // The verb of a right to one object only; what is not there yet has no name.
    let named = rights.iter_mut().filter(|right| right.resource == "leases" && right.verb != "create");
    named.for_each(|right| right.name = LEASE);
    rights
}

/// Which of these rights the API server does not grant; `None` if it does not answer. By default everybody may ask.
async fn missing(client: &Client, needed: &[Right]) -> Option<Vec<Right>> {
    let reviews: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    let mut missing = Vec::new();
    for right in needed {
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec { resource_attributes: Some(right.attributes()), ..Default::default() },
            ..Default::default()
        };
        let answer = tokio::time::timeout(TIMEOUT, reviews.create(&PostParams::default(), &review)).await;
        if !answer.ok()?.ok()?.status?.allowed {
            missing.push(right.clone());
        }
    }
    Some(missing)
}

impl Right {
    fn attributes(&self) -> ResourceAttributes {
        ResourceAttributes {
            verb: Some(self.verb.to_owned()),
            group: Some(self.group.clone()),
            resource: Some(self.resource.clone()),
            subresource: Some(self.subresource.to_owned()).filter(|part| !part.is_empty()),
            name: Some(self.name.to_owned()).filter(|name| !name.is_empty()),
            namespace: self.namespace.clone(),
            ..ResourceAttributes::default()
        }
    }

    /// The resource with its subresource, such as `datasets/status`.
    fn named(&self) -> String {
        if self.subresource.is_empty() {
            self.resource.clone()
        } else {
            format!("{}/{}", self.resource, self.subresource)
        }
    }
}

/// For each resource, its missing rights in words, and whether any of them is vital.
fn words(missing: &[Right]) -> BTreeMap<String, (String, bool)> {
    let mut by_resource: BTreeMap<String, Vec<&Right>> = BTreeMap::new();
    for right in missing {
        by_resource.entry(right.resource.clone()).or_default().push(right);
    }
    let said = by_resource.into_iter().map(|(resource, rights)| {
        let mut places: BTreeMap<Option<&str>, BTreeMap<String, Vec<&str>>> = BTreeMap::new();
        for right in &rights {
            let place = places.entry(right.namespace.as_deref()).or_default();
            place.entry(right.named()).or_default().push(right.verb);
        }
        let group = rights.first().map(|right| right.group.as_str()).unwrap_or_default();
        let in_places = places.into_iter().map(|(namespace, verbs)| {
            let verbs: Vec<String> =
                verbs.iter().map(|(named, verbs)| format!("{} {named}", verbs.join(", "))).collect();
            let place = namespace.map_or_else(
                || "in the whole cluster: add that to a ClusterRole of it".to_owned(),
                |namespace| format!("in namespace {namespace}: add that to its Role there"),
            );
            format!("the operator may not {} (API group {group}) {place}", verbs.join(", "))
        });
        let text = in_places.collect::<Vec<_>>().join("; ");
        (resource, (text, rights.iter().any(|right| right.vital)))
    });
    said.collect()
}

/// Reports changes, and returns the present state.
fn tell(
    ready: &Readiness,
    known: &BTreeMap<String, (String, bool)>,
    missing: &[Right],
) -> BTreeMap<String, (String, bool)> {
    let now = words(missing);
    for resource in known.keys().filter(|resource| !now.contains_key(*resource)) {
        ready.met(&part(resource));
        tracing::info!(resource, "the rights that were missing are there");
    }
    for (resource, (text, vital)) in &now {
        if *vital {
            ready.missing(&part(resource), text);
        }
        if known.get(resource).is_none_or(|(before, _)| before != text) {
            tracing::warn!(
                resource,
                missing = text,
                "rights are missing; deploy/kustomize/base/rbac.yaml has all of them"
            );
        }
    }
    now
}

fn part(resource: &str) -> String {
    format!("rights to {resource}")
}

/// The text of a watch error, as the API server words it.
pub(super) fn of_watch(error: &watcher::Error) -> String {
    match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => words::error(error),
        watcher::Error::WatchError(status) => status.message.clone(),
        watcher::Error::NoResourceVersion => error.to_string(),
    }
}

#[cfg(test)]
#[path = "rights_tests.rs"]
mod tests;
