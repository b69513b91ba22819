//! The sweep of a service that behaves well: how many calls it costs, which changes it notices, which objects it wakes,
//! and which rows it does not overwrite.

use std::time::Duration;

use pai_emulator::{Knobs, Version};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::listing;
use super::stage::*;
use crate::api::names::{MARK_ATTEMPT, MARK_DOMAIN, MARK_OWNER};
use crate::cloud::codec::Versions;
use crate::cloud::{Lane, Permit};
use crate::inventory::ObjectKey;
use crate::remote::Remote;
use crate::remote::id::{RemoteId, VERSIONS};

/// The believed description of dataset 7.
fn description(stage: &Stage) -> Option<String> {
    stage.believed(7)?.fields.get("Description")?.as_str().map(str::to_owned)
}

#[tokio::test(start_paused = true)]
async fn a_round_of_250_is_three_calls_and_later_ones_are_spread_over_the_resync() {
    let mut stage = Stage::new(all_marked(250), Knobs::default()).await;
    stage.recorded(0..250);
    stage.swept().await;
    assert_eq!((stage.calls(), stage.known(250)), ((3, 0, 0), 250));
    let calls = stage.pass(RESYNC * 6).await;
    assert!((16..=20).contains(&calls.len()), "about three in each of six resyncs: {calls:?}");
    let gaps: Vec<_> = calls.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    let even = RESYNC / 6..RESYNC / 2;
    assert!(gaps.iter().all(|gap| even.contains(gap)), "{gaps:?}");
    assert_eq!(stage.calls(), (3 + calls.len() as u64, 0, 0), "and nothing else");
    assert_eq!(stage.woken(), [], "nobody has anything to look at");
    assert_eq!(stage.known(250), 250, "all are always believed");
}

#[tokio::test(start_paused = true)]
async fn a_round_wakes_exactly_the_objects_whose_remote_changed() {
    let mut stage = Stage::new(all_marked(250), Knobs::default()).await;
    stage.recorded(0..250);
    stage.swept().await;
    stage.edit(7, "by hand");
    stage.console("DELETE", &format!("/{}", id(9)), &Value::Null);
    let unclaimed = stage.make("unclaimed", &mark(998));
    let claimed = stage.make("claimed", &mark(999));
    stage.inventory.recorded(&RemoteId::new(&claimed), &key(999), Some(WORKSPACE));
    stage.rounds(1).await;
    assert_eq!(stage.woken(), once(&[7, 9, 999]));
    assert_eq!((description(&stage).as_deref(), stage.believed(9)), (Some("by hand"), None));
    assert_eq!(stage.orphans(), [unclaimed]);
    assert_eq!(stage.calls(), (3 + 3 + 1, 0, 0), "the one that is missing is asked for by id");
    stage.rounds(2).await;
    assert_eq!(stage.woken(), [], "nobody is told twice");
    assert_eq!(stage.calls(), (7 + 2 * 4, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_object_is_woken_when_another_dataset_with_its_mark_comes_up_and_when_it_goes() {
    let mut stage = Stage::new(all_marked(20), Knobs::default()).await;
    stage.recorded(0..20);
    stage.swept().await;
    stage.rounds(1).await;
    assert_eq!(stage.woken(), []);
    let late = stage.make("late", &mark(7));
    stage.make("nobodys", &mark(99));
    stage.rounds(2).await;
    assert_eq!(stage.woken(), once(&[7]));
    stage.rounds(2).await;
    assert_eq!(stage.woken(), [], "it is not told twice");
    stage.console("DELETE", &format!("/{late}"), &Value::Null);
    stage.rounds(2).await;
    assert_eq!(stage.woken(), once(&[7]));
}

#[tokio::test(start_paused = true)]
async fn only_a_list_of_the_present_caller_says_that_it_can_see_private_datasets() {
    let mut stage = Stage::new(vec![marked(7)], Knobs::default()).await;
    let private = RemoteId::new(id(7));
    let sees = |stage: &Stage| {
        stage.inventory.sees(&private, "its maker");
        stage.inventory.can_see("its maker")
    };
    stage.inventory.put_read(&read(&private), Instant::now());
    assert!(!sees(&stage), "a read shows what lists may hide");
    stage.swept().await;
    assert!(sees(&stage));
    stage.inventory.other_caller();
    assert!(!sees(&stage), "another caller read that list");
    stage.rounds(2).await;
    stage.inventory.put_read(&read(&private), Instant::now());
    assert!(sees(&stage), "a later read does not take back what a list showed");
}

#[tokio::test(start_paused = true)]
async fn pages_of_another_size_than_asked_for_are_taken_as_they_come() {
    for (size, pages) in [(10, 25), (7, 36), (249, 3)] {
        let knobs = Knobs { page_size_max: size, ..Knobs::default() };
        let mut stage = Stage::new(all_marked(250), knobs).await;
        stage.recorded(0..250);
        stage.swept().await;
        assert_eq!((stage.calls(), stage.known(250)), ((pages, 0, 0), 250));
        stage.rounds(1).await;
        assert_eq!((stage.calls(), stage.woken()), ((2 * pages, 0, 0), vec![]));
        // From now on pages are smaller than those before.
        stage.emulator.set_knobs(|knobs| knobs.page_size_max = 5);
        stage.rounds(1).await;
        assert_eq!((stage.calls(), stage.woken(), stage.known(250)), ((2 * pages + 50, 0, 0), vec![], 250));
    }
}

#[tokio::test(start_paused = true)]
async fn a_recorded_dataset_that_lost_its_marks_is_found_by_id_and_told_once() {
    let mut stage = Stage::new(all_marked(20), Knobs::default()).await;
    stage.recorded(0..20);
    stage.swept().await;
    let keys = [MARK_DOMAIN, MARK_OWNER, MARK_ATTEMPT].join(",");
    stage.console("DELETE", &format!("/{}/labels?LabelKeys={keys}", id(7)), &Value::Null);
    let before = stage.calls().0;
    stage.rounds(1).await;
    assert_eq!(stage.woken(), once(&[7]));
    assert!(stage.believed(7).unwrap().all_labels().is_empty());
    stage.rounds(3).await;
    assert_eq!(stage.calls(), (before + 4 * 2, 0, 0), "one page and one call by id each round");
    assert_eq!((stage.woken(), stage.known(20)), (vec![], 20));
}

#[tokio::test(start_paused = true)]
async fn what_lists_by_mark_do_not_show_is_asked_for_a_hundred_at_a_time() {
    let unmarked = (0..250).map(|number| labelled(number, &[].into()));
    let mut stage = Stage::new(unmarked.collect(), Knobs::default()).await;
    stage.recorded(0..250);
    stage.swept().await;
    assert_eq!((stage.calls(), stage.known(250)), ((1 + 3, 0, 0), 250));
    stage.emulator.set_knobs(|knobs| knobs.total_count = serde_json::from_value(json!("absent")).unwrap());
    stage.rounds(1).await;
    assert_eq!((stage.calls(), stage.woken()), ((2 * 4, 0, 0), vec![]), "all were shown, so no count is needed");
}

#[tokio::test(start_paused = true)]
async fn our_write_is_not_undone_by_a_page_that_was_under_way() {
    let mut stage = Stage::new(all_marked(20), Knobs::default()).await;
    stage.recorded(0..20);
    stage.swept().await;
    // The list shows the cloud as it is now, but its answer takes five seconds.
    stage.emulator.set_knobs(|knobs| knobs.latency_ms = 5_000);
    let lists = stage.calls().0;
    stage.until_later("the next list is under way", |stage| stage.calls().0 > lists).await;
    tokio::time::advance(Duration::from_millis(1)).await;
    let mut written = Remote::clone(&stage.believed(7).unwrap());
    written.fields.insert("Description".into(), json!("ours"));
    stage.edit(7, "ours");
    stage.inventory.put_written(&written);
    stage.inventory.doubt(&RemoteId::new(id(8)));
    stage.rounds(1).await;
    assert_eq!(description(&stage).as_deref(), Some("ours"));
    assert!(stage.believed(8).is_none(), "a write without an answer: that page cannot tell");
    assert_eq!(stage.woken(), []);
    stage.rounds(1).await;
    assert_eq!(description(&stage).as_deref(), Some("ours"));
    assert!(stage.believed(8).is_some());
    assert_eq!(stage.woken(), once(&[8]), "whatever was shown, it is news; our own write is none");
}

#[tokio::test(start_paused = true)]
async fn older_versions_are_listed_rarely_and_only_where_somebody_recorded_one() {
    let mut stage = Stage::new((0..5).map(with_versions).collect(), Knobs::default()).await;
    stage.recorded(0..5);
    let version = |number: usize, name: &str| RemoteId::new(id(number)).join(name);
    let object = |name: &str| ObjectKey::new("DatasetVersion", "ns", name, name);
    stage.inventory.recorded(&version(1, "v2"), &object("older"), None);
    stage.inventory.recorded(&version(2, "v3"), &object("newest"), None);
    stage.swept().await;
    // The first reconcile of a version lists all versions like this.
    for number in 0..3 {
        let since = tokio::time::Instant::now();
        let versions = listing::children(&stage.client, &mut Permit::wait(Lane::UserChange), &Versions, &id(number))
            .await
            .unwrap();
        stage.inventory.put_children((&id(number), VERSIONS), &versions.remotes, since);
    }
    let before = stage.calls().2;
    stage.console("PUT", &format!("/{}/versions/v2", id(1)), &json!({"Description": "by hand"}));
    stage.pass_in(RESYNC * 99, RESYNC / 2).await;
    assert_eq!((stage.calls().2, stage.woken()), (before, vec![]), "not yet");
    stage.pass_in(RESYNC * 10, RESYNC / 2).await;
    assert_eq!(stage.calls().2, before + 1, "one list of versions");
    assert_eq!(stage.woken(), [("o-1".to_owned(), 1), ("older".to_owned(), 1)]);
    let shown = stage.inventory.get(&version(1, "v2")).unwrap();
    assert_eq!(shown.fields["Description"], "by hand");
    assert!(stage.inventory.get(&version(2, "v3")).is_some(), "the sweep shows the newest one");
}

#[tokio::test(start_paused = true)]
async fn a_list_of_versions_that_misleads_takes_nothing_away() {
    let mut datasets = vec![with_versions(0)];
    let version = |number| Version { version_name: format!("v{number}"), ..Version::default() };
    datasets[0].versions = (1..=25).map(version).collect();
    datasets[0].next_version = 26;
    let mut stage = Stage::new(datasets, Knobs { page_size_max: 10, ..Knobs::default() }).await;
    stage.recorded(0..1);
    let recorded = |number: usize| RemoteId::new(id(0)).join(format!("v{number}"));
    for number in 1..=24 {
        let object = ObjectKey::new("DatasetVersion", "ns", &format!("v{number}"), &format!("uid-v{number}"));
        stage.inventory.recorded(&recorded(number), &object, None);
    }
    stage.swept().await;
    let since = tokio::time::Instant::now();
    let versions =
        listing::children(&stage.client, &mut Permit::wait(Lane::UserChange), &Versions, &id(0)).await.unwrap();
    stage.inventory.put_children((&id(0), VERSIONS), &versions.remotes, since);
    stage.emulator.set_knobs(|knobs| knobs.list_chaos = serde_json::from_value(json!("skip")).unwrap());
    let before = stage.calls().2;
    // The versions are listed once in a hundred resyncs, and believed for longer than that.
    stage.pass_in(RESYNC * 105, RESYNC / 2).await;
    assert!(stage.calls().2 > before, "it was listed");
    assert_eq!(stage.woken(), []);
    assert!((1..=24).all(|number| stage.inventory.get(&recorded(number)).is_some()));
}

#[tokio::test(start_paused = true)]
async fn several_domains_share_the_resync() {
    let mut stage = Stage::of_domains(all_marked(21), &["another of ours".into(), "the domain".into()]).await;
    stage.swept().await;
    assert_eq!((stage.calls(), stage.known(21)), ((2, 0, 0), 21), "an empty list and a page");
    let calls = stage.pass(RESYNC * 6).await;
    assert!((10..=14).contains(&calls.len()), "about two in each of six resyncs: {calls:?}");
    let gaps: Vec<Duration> = calls.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    assert!(gaps.iter().all(|gap| *gap > RESYNC / 4), "{gaps:?}");
}
