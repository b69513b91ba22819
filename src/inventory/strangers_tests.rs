//! Remotes that are not ours or not as the operator knows them: look-alikes of other tenants, unknown values, members
//! of other types.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::{Json, Router};
use pai_emulator::{Dataset, Knobs};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::stage::*;
use super::{Inventory, ListError, Settings, Swept};
use crate::api::names::{MARK_DOMAIN, MARK_OWNER};
use crate::remote::id::RemoteId;
use crate::remote::mark::{Identity, Labels};

/// Labels that pass the filter for our domain or look like a mark, but are none of ours.
fn look_alikes() -> Vec<Labels> {
    let (domain, ours) = (identity().domains()[0].clone(), mark(1));
    let foreign = Identity::new(&["another domain".into()], &[], "another cluster").domains()[0].clone();
    let with = |changes: &[(&str, &str)]| {
        let mut labels = ours.clone();
        labels.extend(changes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        labels
    };
    let note = |key: &str, value: &str| Labels::from([(key.to_owned(), value.to_owned())]);
    vec![
        with(&[(MARK_DOMAIN, &format!("{domain}0"))]),
        with(&[(MARK_DOMAIN, &format!("x-{domain}"))]),
        with(&[(MARK_DOMAIN, &foreign), ("note", &format!("copied from {domain}"))]),
        with(&[(MARK_DOMAIN, &foreign)]),
        note(&domain, "a key"),
        note("note", &domain),
        note(MARK_DOMAIN, &format!("{domain} ")),
        note(MARK_OWNER, &ours[MARK_OWNER]),
    ]
}

#[tokio::test(start_paused = true)]
async fn look_alikes_of_another_tenant_are_not_taken_for_ours() {
    let strangers = look_alikes().into_iter().zip(100..).map(|(labels, number)| labelled(number, &labels));
    // Datasets of another account in the same region, with exactly our marks.
    let abroad = (200..210).map(|number| Dataset { owner_id: "9999999999999999".into(), ..marked(number) });
    let mut stage =
        Stage::new(all_marked(20).into_iter().chain(strangers).chain(abroad).collect(), Knobs::default()).await;
    stage.recorded(0..19);
    stage.swept().await;
    assert_eq!(stage.calls(), (1, 0, 0));
    assert_eq!((stage.inventory.len(), stage.orphans()), (20, vec![id(19)]));
    let owned = stage.inventory.owned(&[mark(1)[MARK_OWNER].clone()], None);
    assert_eq!(owned.iter().map(|remote| remote.id.root()).collect::<Vec<_>>(), [id(1)]);
    stage.edit(100, "theirs");
    stage.edit(104, "theirs");
    stage.console("DELETE", &format!("/{}", id(101)), &Value::Null);
    stage.rounds(2).await;
    assert_eq!((stage.woken(), stage.inventory.len(), stage.orphans().len()), (vec![], 20, 1));
}

#[tokio::test(start_paused = true)]
async fn one_of_them_that_an_object_recorded_is_seen_as_it_is() {
    let strangers = look_alikes().into_iter().zip(100..).map(|(labels, number)| labelled(number, &labels));
    let mut stage = Stage::new(strangers.collect(), Knobs::default()).await;
    stage.recorded(100..104);
    stage.swept().await;
    assert_eq!((stage.known(104), stage.inventory.len(), stage.orphans()), (4, 4, vec![]));
    stage.edit(100, "theirs");
    stage.edit(103, "theirs, found by id alone");
    stage.rounds(1).await;
    assert_eq!(stage.woken(), once(&[100, 103]));
}

#[tokio::test(start_paused = true)]
async fn values_nobody_knows_are_kept_as_they_are() {
    let strange = |number| Dataset {
        accessibility: "INTERNAL_BETA".into(),
        data_source_type: "GPFS".into(),
        data_type: "HOLOGRAM".into(),
        property: "STREAM".into(),
        source_type: "DREAM".into(),
        edition: "ULTIMATE".into(),
        provider_type: "Eci2".into(),
        ..marked(number)
    };
    let mut stage = Stage::new((0..20).map(strange).collect(), Knobs::default()).await;
    stage.recorded(0..19);
    stage.swept().await;
    let fields = stage.believed(7).unwrap().fields.clone();
    assert_eq!((&fields["Accessibility"], &fields["DataSourceType"]), (&json!("INTERNAL_BETA"), &json!("GPFS")));
    assert_eq!((stage.known(20), stage.orphans()), (20, vec![id(19)]));
    stage.edit(7, "by hand");
    stage.rounds(1).await;
    assert_eq!((stage.woken(), stage.calls().2), (once(&[7]), 0));
}

/// A service that answers every call with the same list, with members of types that its documents do not name.
struct Same {
    endpoint: String,
    items: Arc<Mutex<Vec<Value>>>,
    calls: Arc<AtomicU64>,
}

/// `total` is the `TotalCount` of the list, if it is not the number of its items.
async fn answering(items: Vec<Value>, total: Option<u64>) -> Same {
    let (items, calls) = (Arc::new(Mutex::new(items)), Arc::new(AtomicU64::new(0)));
    let (shown, counted) = (items.clone(), calls.clone());
    let list = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        let items = shown.lock().unwrap().clone();
        let total = total.unwrap_or(items.len() as u64);
        std::future::ready(Json(json!({"RequestId": "r", "TotalCount": total, "Datasets": items})))
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(list)).await });
    Same { endpoint: format!("http://{address}"), items, calls }
}

#[tokio::test(start_paused = true)]
async fn a_count_beyond_all_measure_costs_no_page_that_shows_nothing() {
    let same = answering(vec![item(0, &json!({}))], Some(u64::MAX)).await;
    let (domains, list_lag) = (identity().domains().to_vec(), std::time::Duration::ZERO);
    let (inventory, ends) = Inventory::new(Settings { domains, resync: RESYNC, list_lag });
    let (sweeps, ..) = ends.run(inventory.clone(), client(&same.endpoint));
    let sweeps = tokio::spawn(sweeps);
    let begun = std::time::Instant::now();
    while !matches!(inventory.want(WORKSPACE, Some(&key(0))), Swept::Failed(_)) {
        assert!(begun.elapsed().as_secs() < 30, "the list does not end");
        tokio::time::advance(RESYNC / 50).await;
        moment().await;
    }
    let calls = same.calls.load(Ordering::Relaxed);
    assert!(calls <= 40, "{calls} pages");
    sweeps.abort();
}

fn item(number: usize, members: &Value) -> Value {
    let labels: Vec<_> = mark(number).iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    let mut item = json!({"DatasetId": id(number), "WorkspaceId": WORKSPACE, "Labels": labels});
    item.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    item
}

#[tokio::test(start_paused = true)]
async fn members_that_are_null_or_of_another_type_keep_no_row_away() {
    let Same { endpoint, items, .. } = answering(
        vec![
            item(0, &json!({"Name": null, "Uri": null, "Options": null, "LatestVersion": null, "SharingConfig": null})),
            item(
                1,
                &json!({"Name": 5, "Uri": ["a"], "Options": {"a": {"b": 1}}, "WorkspaceId": 478, "Description": 1.5}),
            ),
            item(2, &json!({"LatestVersion": {}, "Accessibility": true, "Unheard": [[null, {"x": "数据"}]]})),
            item(3, &json!({"LatestVersion": {"VersionName": "v1", "Labels": null, "DataSize": "12", "Uri": 7}})),
        ],
        None,
    )
    .await;
    let (inventory, ends) = Inventory::new(Settings {
        domains: identity().domains().to_vec(),
        resync: RESYNC,
        list_lag: std::time::Duration::ZERO,
    });
    let (sweeps, mut woken, _) = ends.run(inventory.clone(), client(&endpoint));
    let sweeps = tokio::spawn(sweeps);
    let until_swept = async |rounds: u64| {
        let begun = std::time::Instant::now();
        while inventory.sweeps() < rounds {
            assert!(begun.elapsed().as_secs() < 30, "no round ends");
            tokio::time::advance(RESYNC / 50).await;
            moment().await;
        }
    };
    for number in 0..4 {
        inventory.recorded(&RemoteId::new(id(number)), &key(number), Some(WORKSPACE));
    }
    inventory.want(WORKSPACE, None);
    until_swept(3).await;
    let row = |number| inventory.get(&RemoteId::new(id(number))).unwrap();
    assert_eq!((&row(0).fields["Uri"], &row(1).fields["Options"]), (&Value::Null, &json!({"a": {"b": 1}})));
    assert_eq!(row(2).fields["Unheard"][0][1]["x"], "数据");
    assert_eq!(row(3).latest.as_ref().unwrap().fields["DataSize"], "12");
    assert!(woken.try_recv().is_err(), "nothing changed");

    items.lock().unwrap()[2]["Unheard"] = json!("something");
    until_swept(inventory.sweeps() + 2).await;
    assert_eq!(woken.try_recv().unwrap(), key(2));
    assert!(woken.try_recv().is_err());

    // Labels that cannot be read could hold anyone's mark. Such a list is not believed, and every object that waits for
    // it is woken.
    items.lock().unwrap()[2]["Labels"] = json!("none");
    let rounds = inventory.sweeps();
    let begun = std::time::Instant::now();
    while inventory.is_swept(WORKSPACE) {
        assert!(begun.elapsed().as_secs() < 30, "it is believed for ever");
        tokio::time::advance(RESYNC / 50).await;
        moment().await;
    }
    assert!(inventory.sweeps() <= rounds + 1);
    match inventory.want(WORKSPACE, None) {
        Swept::Failed(trouble) => assert!(matches!(*trouble, ListError::Call(_)), "{trouble}"),
        Swept::Yes | Swept::Soon => panic!("a list without readable labels"),
    }
    sweeps.abort();
}
