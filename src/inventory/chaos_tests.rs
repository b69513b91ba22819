//! Misleading lists: a missing or wrong `TotalCount`, items shown twice or left out, and lists that show an old state.
//! The inventory takes nothing for absent because of them.

use std::time::Duration;

use pai_emulator::Knobs;
use serde_json::{Value, json};

use super::ListError;
use super::stage::*;
use crate::remote::Remote;
use crate::remote::id::RemoteId;

/// Knobs by the names that users turn them by.
fn knobs(turned: Value) -> Knobs {
    serde_json::from_value(turned).unwrap()
}

#[tokio::test(start_paused = true)]
async fn without_a_count_a_list_is_whole_once_a_second_one_agrees() {
    let mut stage = Stage::new(all_marked(250), knobs(json!({"totalCount": "absent"}))).await;
    stage.recorded(0..200);
    stage.inventory.want(WORKSPACE, None);
    stage.until("the end of the first list", |stage| stage.trouble(None).is_some()).await;
    assert!(matches!(stage.trouble(None), Some(ListError::Unsteady)), "nothing may be created yet");
    assert_eq!(stage.calls(), (4, 0, 0));
    stage.swept().await;
    assert_eq!((stage.calls(), stage.known(250)), ((2 * 4, 0, 0), 250), "three pages and an empty one, twice");
    let calls = stage.pass(RESYNC * 5).await;
    assert!((18..=22).contains(&calls.len()), "about four in each of five resyncs: {calls:?}");
    assert_eq!((stage.woken(), stage.known(250), stage.orphans().len()), (vec![], 250, 50));
}

#[tokio::test(start_paused = true)]
async fn a_count_of_the_page_is_not_taken_for_one_of_all() {
    let mut stage = Stage::new(all_marked(25), knobs(json!({"totalCount": "page", "pageSizeMax": 10}))).await;
    stage.recorded(0..15);
    stage.swept().await;
    assert_eq!((stage.calls(), stage.known(25)), ((2 * 4, 0, 0), 25), "three pages and an empty one, twice");
    stage.rounds(2).await;
    assert_eq!((stage.calls(), stage.known(25)), ((4 * 4, 0, 0), 25));
    assert_eq!((stage.woken(), stage.orphans().len()), (vec![], 10));
    stage.console("DELETE", &format!("/{}", id(3)), &Value::Null);
    stage.console("DELETE", &format!("/{}", id(20)), &Value::Null);
    stage.rounds(1).await;
    assert_eq!((stage.woken(), stage.orphans().len()), (once(&[3]), 9), "a list of 23 all the same");
}

#[tokio::test(start_paused = true)]
async fn a_service_without_a_page_beyond_the_last_one_is_no_trouble() {
    let turned = json!({"totalCount": "absent", "pageBeyondEnd": "refuse"});
    let mut stage = Stage::new(all_marked(250), knobs(turned)).await;
    stage.recorded(0..250);
    stage.swept().await;
    assert_eq!((stage.calls(), stage.known(250)), ((2 * 3, 2, 0), 250));
    stage.rounds(1).await;
    assert_eq!((stage.calls(), stage.woken()), ((3 * 3, 3, 0), vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_becomes_shorter_while_it_is_read_comes_to_an_end() {
    let mut stage = Stage::new(all_marked(201), knobs(json!({"pageBeyondEnd": "refuse"}))).await;
    stage.recorded(0..201);
    stage.swept().await;
    stage.until_later("the first of the next three pages", |stage| stage.calls().0 == 4).await;
    // Two items move from the second page to the first, and there is no third page any more.
    stage.console("DELETE", &format!("/{}", id(3)), &Value::Null);
    stage.console("DELETE", &format!("/{}", id(4)), &Value::Null);
    stage.rounds(1).await;
    // The first page had shown both deleted items, and no page showed the two that moved.
    assert_eq!((stage.calls(), stage.woken(), stage.known(201)), ((3 + 2 + 1, 1, 0), vec![], 201));
    stage.rounds(1).await;
    assert_eq!((stage.woken(), stage.known(201)), (once(&[3, 4]), 199));
}

/// While the lists mislead from the start, the workspace is not known. Once it is known, misleading lists wake nobody.
async fn misleading(chaos: &str, count: usize, pages: u64, unclaimed: std::ops::Range<usize>) {
    const WAITING: usize = 500;
    let turn = |knobs: &mut Knobs, chaos: &str| knobs.list_chaos = serde_json::from_value(json!(chaos)).unwrap();
    let mut stage = Stage::new(all_marked(count), knobs(json!({ "listChaos": chaos }))).await;
    stage.recorded((0..count).filter(|number| !unclaimed.contains(number)));
    assert!(stage.trouble(Some(WAITING)).is_none());
    let calls = stage.pass(RESYNC).await.len() as u64;
    assert!(matches!(stage.trouble(Some(WAITING)), Some(ListError::Unsteady)), "nothing may be created");
    assert!(!stage.inventory.is_swept(WORKSPACE));
    assert!((3 * pages..12 * pages).contains(&calls), "it is read again, ever more slowly: {calls}");
    assert_eq!(stage.woken(), once(&[WAITING]), "who waits is told once");
    stage.emulator.set_knobs(|knobs| turn(knobs, "none"));
    stage.swept().await;
    assert_eq!(
        (stage.woken(), stage.known(count), stage.trouble(Some(WAITING)).is_none()),
        (once(&[WAITING]), count, true)
    );

    stage.emulator.set_knobs(|knobs| turn(knobs, chaos));
    let before = stage.calls().0;
    stage.rounds(3).await;
    assert_eq!(
        stage.calls(),
        (before + 3 * (pages + 1), 0, 0),
        "its pages, and one call for the recorded ones left out"
    );
    assert_eq!((stage.woken(), stage.inventory.len(), stage.orphans().len()), (vec![], count, unclaimed.len()));
    let mut claimed = (0..count).filter(|number| !unclaimed.contains(number));
    assert!(claimed.all(|number| stage.believed(number).is_some()));
}

#[tokio::test(start_paused = true)]
async fn lists_that_leave_out_items_are_not_whole() {
    // 100 and 201 are left out, then an empty page is asked for.
    misleading("skip", 260, 4, 95..105).await;
}

#[tokio::test(start_paused = true)]
async fn lists_that_repeat_items_are_not_whole() {
    // 99 and 198 are shown twice, so that 298 and 299 are not shown at all.
    misleading("repeat", 300, 3, 289..299).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_lagging_list_does_not_show_yet_is_not_dropped() {
    let lag = RESYNC * 3;
    let mut stage = Stage::with_lag(all_marked(20), Knobs::default(), lag).await;
    stage.recorded(0..20);
    stage.swept().await;
    // From now on lists show an old state.
    stage.emulator.set_knobs(|knobs| knobs.list_lag_ms = 3_600_000);
    let fields = json!({"Name": "new", "WorkspaceId": WORKSPACE}).as_object().cloned().unwrap();
    let made = Remote::labelled(RemoteId::new(stage.make("new", &mark(30))), mark(30), fields, None);
    stage.inventory.put_written(&made);
    stage.inventory.recorded(&made.id, &key(30), Some(WORKSPACE));
    stage.console("DELETE", &format!("/{}", id(3)), &Value::Null);
    stage.inventory.remove(&RemoteId::new(id(3)));
    stage.edit(7, "ours");
    let mut edited = Remote::clone(&stage.believed(7).unwrap());
    edited.fields.insert("Description".into(), json!("ours"));
    stage.inventory.put_written(&edited);
    stage.edit(8, "by hand");
    stage.rounds(2).await;
    assert_eq!(stage.woken(), []);
    assert!(stage.inventory.get(&made.id).is_some(), "made just now");
    assert!(stage.inventory.is_gone(&RemoteId::new(id(3))) && stage.believed(3).is_none(), "deleted just now");
    assert_eq!(stage.believed(7).unwrap().fields["Description"], "ours", "edited just now");

    stage.emulator.set_knobs(|knobs| knobs.list_lag_ms = 0);
    stage.pass_in(lag + RESYNC * 2, Duration::from_secs(5)).await;
    assert_eq!(stage.woken(), once(&[8]), "our own changes are no news to anybody");
    assert!(stage.inventory.get(&made.id).is_some());
    assert_eq!((stage.known(20), stage.orphans()), (19, vec![]));
    assert_eq!(stage.calls().2, 0);
}
