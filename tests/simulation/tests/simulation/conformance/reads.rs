//! Lists, and what else the operator asks for.

use futures::FutureExt as _;
use k8s_openapi::api::core::v1::{Namespace, ObjectReference};
use kube::ResourceExt as _;
use kube::api::{Api, ListParams};
use kube::runtime::events::{Event, EventType, Recorder, Reporter};

use super::Case;
use super::place::{Place, facts, version};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "lists of one namespace",
        tried: |place| lists(place).boxed(),
        expected: &["", "one g1 f0, two g1 f0", "later", "elsewhere 0", "versions 0"],
    },
    Case {
        name: "version, cluster and events",
        tried: |place| others(place).boxed(),
        expected: &["1", "uid", "ok", "ok", "ok"],
    },
];

async fn lists(place: &Place) -> Vec<String> {
    let params = ListParams::default();
    let empty = place.datasets().list(&params).await.unwrap();
    let one = place.create("one").await.unwrap();
    place.create("two").await.unwrap();
    let both = place.datasets().list(&params).await.unwrap();
    let names = |items: &[kube::api::DynamicObject]| {
        items.iter().map(|object| format!("{} {}", object.name_any(), facts(object))).collect::<Vec<_>>().join(", ")
    };
    let number = |text: &str| text.parse::<u64>().unwrap_or_default();
    let listed = both.metadata.resource_version.clone().unwrap_or_default();
    let later = number(&listed) > number(&version(&one));
    let elsewhere = testbed::datasets(&place.client, "elsewhere").list(&params).await.unwrap();
    let versions = testbed::dataset_versions(&place.client, &place.namespace).list(&params).await.unwrap();
    vec![
        names(&empty.items),
        names(&both.items),
        if later { "later".to_owned() } else { listed },
        format!("elsewhere {}", elsewhere.items.len()),
        format!("versions {}", versions.items.len()),
    ]
}

async fn others(place: &Place) -> Vec<String> {
    let version = place.client.apiserver_version().await.unwrap();
    let system: Api<Namespace> = Api::all(place.client.clone());
    let uid = system.get("kube-system").await.unwrap().uid().unwrap_or_default();
    let recorder = Recorder::new(place.client.clone(), Reporter::from("conformance".to_owned()));
    let object = ObjectReference {
        api_version: Some("pai.dataset-operator.dev/v1alpha1".to_owned()),
        kind: Some("Dataset".to_owned()),
        name: Some("one".to_owned()),
        namespace: Some(place.namespace.clone()),
        ..ObjectReference::default()
    };
    let event = Event {
        type_: EventType::Normal,
        reason: "Created".to_owned(),
        note: Some("it was created".to_owned()),
        action: "Create".to_owned(),
        secondary: None,
    };
    let mut said = vec![version.major, if uid.len() == 36 { "uid".to_owned() } else { uid }];
    for _ in 0..3 {
        let published = recorder.publish(&event, &object).await;
        said.push(published.map_or_else(|error| error.to_string(), |()| "ok".to_owned()));
    }
    said
}
