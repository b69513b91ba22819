//! Absences that a row implies for others: versions of a dataset that is gone, versions above the newest one that is
//! shown, and remotes that other objects wait for. Each is found within one resync, wakes its objects once, and costs
//! no call while nothing is wrong.

use pai_emulator::Knobs;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::stage::*;
use super::{ObjectKey, listing};
use crate::api::names::{MARK_ATTEMPT, MARK_DOMAIN, MARK_OWNER};
use crate::cloud::codec::Versions;
use crate::cloud::{Lane, Permit};
use crate::plan::neighbour::Neighbour;
use crate::plan::report::About;
use crate::remote::id::{RemoteId, VERSIONS};
use crate::remote::mark::RawMark;

fn of(number: usize, name: &str) -> RemoteId {
    RemoteId::new(id(number)).join(name)
}

fn object(name: &str) -> ObjectKey {
    ObjectKey::new("DatasetVersion", "ns", name, name)
}

/// Five datasets with three versions each. Objects have recorded and read those of dataset 1.
async fn family() -> Stage {
    let mut stage = Stage::new((0..5).map(with_versions).collect(), Knobs::default()).await;
    stage.recorded(0..5);
    stage.swept().await;
    let since = Instant::now();
    let versions =
        listing::children(&stage.client, &mut Permit::wait(Lane::UserChange), &Versions, &id(1)).await.unwrap();
    stage.inventory.put_children((&id(1), VERSIONS), &versions.remotes, since);
    for version in ["v2", "v3"] {
        stage.inventory.found(&of(1, version), &object(version), None);
    }
    assert!(["v2", "v3"].iter().all(|version| stage.inventory.get(&of(1, version)).is_some()));
    stage
}

fn names(names: &[&str]) -> Vec<(String, usize)> {
    names.iter().map(|name| ((*name).to_owned(), 1)).collect()
}

#[tokio::test(start_paused = true)]
async fn versions_of_a_dataset_deleted_in_the_console_look_for_themselves() {
    let mut stage = family().await;
    stage.console("DELETE", &format!("/{}", id(1)), &Value::Null);
    stage.rounds(1).await;
    assert_eq!(stage.woken(), names(&["o-1", "v2", "v3"]));
    let believed = ["v2", "v3"].map(|version| stage.inventory.get(&of(1, version)).is_some());
    assert_eq!((believed, stage.believed(1)), ([false; 2], None), "whoever looks reads");
    stage.rounds(3).await;
    assert_eq!(stage.woken(), [], "nobody is told twice");
}

#[tokio::test(start_paused = true)]
async fn a_read_that_finds_no_dataset_is_told_to_those_who_recorded_its_versions_and_not_to_the_reader() {
    let mut stage = family().await;
    stage.console("DELETE", &format!("/{}", id(1)), &Value::Null);
    stage.inventory.missed(&RemoteId::new(id(1)), "uid-1");
    assert_eq!((stage.woken(), stage.inventory.get(&of(1, "v2"))), (names(&["v2", "v3"]), None));
    stage.rounds(2).await;
    assert_eq!(stage.woken(), [], "all know");
    // A dataset that was found again can be lost again.
    stage.inventory.found(&of(1, "v2"), &object("v2"), None);
    stage.rounds(1).await;
    assert_eq!(stage.woken(), names(&["v2"]));
}

#[tokio::test(start_paused = true)]
async fn a_newest_version_deleted_in_the_console_is_missed_within_one_resync() {
    let mut stage = family().await;
    stage.rounds(2).await;
    assert_eq!(stage.woken(), []);
    let before = stage.calls();
    stage.console("DELETE", &format!("/{}/versions/v3", id(1)), &Value::Null);
    stage.rounds(1).await;
    assert!(stage.woken().contains(&("v3".to_owned(), 2)), "by the change and by what it means");
    assert_eq!((stage.inventory.get(&of(1, "v3")), stage.inventory.get(&of(1, "v2")).is_some()), (None, true));
    stage.rounds(3).await;
    assert_eq!(stage.woken(), [], "nobody is told twice");
    assert_eq!(stage.calls(), (before.0 + 4, 0, before.2), "the sweeps as ever, and nothing else");
}

#[tokio::test(start_paused = true)]
async fn a_version_is_missed_also_if_somebody_else_saw_first_that_another_is_the_newest() {
    let mut stage = family().await;
    stage.console("DELETE", &format!("/{}/versions/v3", id(1)), &Value::Null);
    // The reconcile of the Dataset reads the newest version, and the reconcile of another version lists all versions.
    let since = Instant::now();
    let versions =
        listing::children(&stage.client, &mut Permit::wait(Lane::UserChange), &Versions, &id(1)).await.unwrap();
    stage.inventory.put_children((&id(1), VERSIONS), &versions.remotes, since);
    let mut dataset = (*stage.believed(1).unwrap()).clone();
    dataset.latest = versions.remotes.last().map(|newest| Box::new((**newest).clone()));
    stage.inventory.put_read(&dataset, Instant::now());
    stage.rounds(1).await;
    assert_eq!(stage.woken(), names(&["v3"]), "the row is not news, the version is");
}

#[tokio::test(start_paused = true)]
async fn a_version_made_after_the_list_began_is_not_missed() {
    let stage = family().await;
    let began = Instant::now();
    tokio::time::advance(RESYNC / 10).await;
    let mut made = (*stage.inventory.get(&of(1, "v3")).unwrap()).clone();
    made.id = of(1, "v4");
    stage.inventory.put_created(&made);
    stage.inventory.found(&made.id, &object("v4"), None);
    let shown = with_latest(&stage, "v3");
    assert_eq!(stage.inventory.state().rows.outlived(&shown, began), []);
    assert!(stage.inventory.get(&made.id).is_some());
    tokio::time::advance(RESYNC / 10).await;
    stage.inventory.put_read(&shown, Instant::now());
    assert_eq!(stage.inventory.state().rows.outlived(&shown, Instant::now()), [object("v4")]);
}

/// Dataset 1 as a list shows it when `version` is its newest one.
fn with_latest(stage: &Stage, version: &str) -> crate::remote::Remote {
    let mut shown = (*stage.believed(1).unwrap()).clone();
    if let Some(latest) = &mut shown.latest {
        latest.id = of(1, version);
    }
    shown
}

/// The object `name` waits for a dataset that is not its own.
fn waits(stage: &Stage, name: &str, about: About) {
    stage.inventory.watch(&object(name), WORKSPACE, &[about]);
}

fn owner() -> Neighbour {
    Neighbour {
        kind: "Dataset",
        resource: "paids",
        namespace: "ns".into(),
        name: "o-1".into(),
        uid: "uid-1".into(),
        deletes: true,
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_anothers_dataset_is_woken_when_that_is_let_go_renamed_or_gone() {
    let mut stage = Stage::new(all_marked(5), Knobs::default()).await;
    stage.recorded(0..5);
    stage.swept().await;
    for number in 1..5 {
        waits(&stage, &format!("waits-{number}"), About::shown(&stage.believed(number).unwrap()));
    }
    stage.rounds(1).await;
    let before = stage.calls();
    stage.edit(1, "by hand");
    stage.console("PUT", &format!("/{}", id(2)), &json!({"Name": "another-name"}));
    let released = json!({"Labels": [{"Key": "dso-released", "Value": "true"}]});
    stage.console("POST", &format!("/{}/labels", id(3)), &released);
    stage.console("DELETE", &format!("/{}", id(4)), &Value::Null);
    stage.rounds(1).await;
    let waiting = |woken: Vec<(String, usize)>| {
        woken.into_iter().filter(|(name, _)| name.starts_with("waits")).collect::<Vec<_>>()
    };
    assert_eq!(waiting(stage.woken()), names(&["waits-2", "waits-3", "waits-4"]), "what it waits for is as it was: 1");
    assert!(
        stage.inventory.take_news("waits-2") && !stage.inventory.take_news("waits-2"),
        "it may try at once, and once"
    );
    assert!(!stage.inventory.take_news("waits-1"));
    stage.rounds(2).await;
    assert_eq!(waiting(stage.woken()), [], "once");
    assert_eq!(stage.calls().0 - before.0, 3 + 3, "the sweeps, and what is missing asked for by id");
}

#[tokio::test(start_paused = true)]
async fn what_is_waited_for_is_asked_for_by_id_where_no_sweep_shows_it() {
    let mut stage = Stage::new(vec![marked(0), labelled(1, &[].into())], Knobs::default()).await;
    stage.recorded(0..1);
    stage.swept().await;
    stage.rounds(2).await;
    let calls = stage.calls();
    let unmarked = |stage: &Stage| {
        let shown = stage.emulator.datasets().into_iter().find(|dataset| dataset.dataset_id == id(1)).unwrap();
        json!({"name": shown.name})["name"].as_str().unwrap().to_owned()
    };
    waits(&stage, "waits", About { id: RemoteId::new(id(1)), face: Some(unmarked(&stage)), owner: None });
    waits(&stage, "for-nothing", About::absent(RemoteId::new("d-nobody")));
    stage.rounds(2).await;
    assert_eq!((stage.woken(), stage.calls().0 - calls.0), (vec![], 2 + 2), "one call for all that are waited for");
    stage.console("PUT", &format!("/{}", id(1)), &json!({"Name": "renamed"}));
    stage.rounds(1).await;
    assert_eq!(stage.woken(), names(&["waits"]));
    stage.inventory.watch(&object("for-nothing"), WORKSPACE, &[]);
    stage.rounds(1).await;
    let calls = stage.calls();
    stage.rounds(2).await;
    assert_eq!(stage.calls().0 - calls.0, 2, "nobody waits any more");
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_is_woken_when_the_owner_writes_that_it_let_go_or_is_gone_itself() {
    let mut stage = Stage::new(all_marked(3), Knobs::default()).await;
    stage.recorded(0..3);
    stage.swept().await;
    let shown =
        |number: usize, stage: &Stage| About { owner: Some(owner()), ..About::shown(&stage.believed(number).unwrap()) };
    for number in 0..3 {
        waits(&stage, &format!("waits-{number}"), shown(number, &stage));
        let dataset = RemoteId::new(id(number));
        let waiters = ["uid-1", "another"].map(|uid| stage.inventory.waiters(&dataset, uid).len());
        assert_eq!(waiters, [1, 0], "of the owner alone");
    }
    let mut released = (*stage.believed(0).unwrap()).clone();
    released.mark = released.mark.map(RawMark::into_released);
    stage.inventory.put_written(&released);
    stage.inventory.remove(&RemoteId::new(id(1)));
    stage.inventory.forget(&RemoteId::new(id(2)), "uid-2");
    assert_eq!(stage.woken(), names(&["waits-0", "waits-1", "waits-2"]));
    // A change between the object's read and its wait wakes it as well.
    stage.inventory.watch(&object("late"), WORKSPACE, &[shown(2, &stage)]);
    assert_eq!(stage.woken(), []);
    let before = About { face: Some("as it was before".into()), ..shown(2, &stage) };
    stage.inventory.watch(&object("late"), WORKSPACE, &[before]);
    assert_eq!(stage.woken(), names(&["late"]));
    let keys = [MARK_DOMAIN, MARK_OWNER, MARK_ATTEMPT];
    assert!(
        keys.iter().all(|key| About::shown(&released).face.unwrap().contains(key)),
        "its face is its marks and name"
    );
}
