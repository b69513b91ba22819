//! What a row may be replaced by, and how remotes are found by their mark.

use std::time::Duration;

use tokio::time::Instant;

use super::*;
use crate::engine::mark::{Identity, Labels, Owner};

const TRUSTED: Duration = Duration::from_secs(900);

fn owner(name: &str) -> Owner {
    Owner { kind: "Dataset".into(), namespace: "ns".into(), name: name.into() }
}

fn remote(id: &str, latest: &str, description: &str) -> Arc<Remote> {
    let labels = Identity::new(&["d".into()], &[], "c").mark(&owner(id), "uid", "c1");
    let fields = serde_json::json!({"Description": description, "WorkspaceId": "478"});
    Arc::new(Remote {
        id: RemoteId::dataset(id),
        labels,
        fields: fields.as_object().cloned().unwrap_or_default(),
        latest: Some(Box::new(version(id, latest))),
    })
}

fn version(id: &str, name: &str) -> Remote {
    Remote { id: RemoteId::version(id, name), labels: Labels::new(), fields: serde_json::Map::new(), latest: None }
}

fn description(rows: &Rows, id: &str, now: Instant) -> Option<String> {
    let remote = rows.get(&RemoteId::dataset(id), now, TRUSTED)?;
    remote.fields["Description"].as_str().map(str::to_owned)
}

#[tokio::test(start_paused = true)]
async fn a_list_that_began_before_our_write_does_not_undo_it() {
    let (mut rows, start) = (Rows::default(), Instant::now());
    let later = start + Duration::from_secs(1);
    rows.believe(remote("d-1", "v1", "ours"), later);
    assert!(!rows.put(remote("d-1", "v1", "stale"), start));
    assert_eq!(description(&rows, "d-1", later).as_deref(), Some("ours"));
    assert!(rows.put(remote("d-1", "v1", "by hand"), later + Duration::from_secs(1)));
    assert_eq!(description(&rows, "d-1", later).as_deref(), Some("by hand"));
}

#[tokio::test(start_paused = true)]
async fn a_row_that_was_not_shown_for_too_long_is_not_believed() {
    let (mut rows, start) = (Rows::default(), Instant::now());
    rows.believe(remote("d-1", "v1", "x"), start);
    assert!(description(&rows, "d-1", start + TRUSTED).is_some());
    assert!(description(&rows, "d-1", start + TRUSTED + Duration::from_secs(1)).is_none());
}

#[tokio::test(start_paused = true)]
async fn what_a_sweep_did_not_show_is_dropped_unless_it_is_newer() {
    let (mut rows, start) = (Rows::default(), Instant::now());
    rows.believe(remote("d-old", "v1", "x"), start);
    rows.believe(remote("d-new", "v1", "x"), start + Duration::from_secs(2));
    let unseen = rows.drop_unseen("478", &HashSet::new(), start + Duration::from_secs(1));
    assert_eq!(unseen, ["d-old"]);
    assert!(rows.drop_unseen("another", &HashSet::new(), start + Duration::from_secs(9)).is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_we_deleted_does_not_come_back_with_a_lagging_list() {
    let (mut rows, start) = (Rows::default(), Instant::now());
    rows.believe(remote("d-1", "v1", "x"), start);
    rows.remove(&RemoteId::dataset("d-1"));
    assert!(!rows.put(remote("d-1", "v1", "x"), start + Duration::from_secs(5)));
    assert!(rows.is_gone(&RemoteId::version("d-1", "v2")), "its versions went with it");
    rows.believe(remote("d-1", "v1", "x"), start + Duration::from_secs(6));
    assert!(!rows.is_gone(&RemoteId::dataset("d-1")), "a read says otherwise");
}

#[tokio::test(start_paused = true)]
async fn remotes_are_found_by_owner_mark() {
    let (mut rows, start) = (Rows::default(), Instant::now());
    rows.believe(remote("d-1", "v1", "x"), start);
    rows.believe(remote("d-2", "v1", "x"), start);
    let owners = Identity::new(&["d".into()], &[], "c").owner_values(&owner("d-2"));
    let found: Vec<_> = rows.owned(&owners, None).iter().map(|remote| remote.id.to_string()).collect();
    assert_eq!(found, ["d-2"]);
    rows.remove(&RemoteId::dataset("d-2"));
    assert!(rows.owned(&owners, None).is_empty());
}

#[tokio::test(start_paused = true)]
async fn versions_are_known_if_there_is_one_or_they_were_listed_or_all_later_ones_are_ours() {
    let (mut rows, start) = (Rows::default(), Instant::now());
    assert!(!rows.versions_known("d-1"));
    rows.believe(remote("d-1", "v1", "x"), start);
    assert!(rows.versions_known("d-1"));
    rows.created_version(&Arc::new(version("d-1", "v2")), start);
    assert!(rows.versions_known("d-1"), "our own");
    rows.believe(remote("d-2", "v3", "x"), start);
    assert!(!rows.versions_known("d-2"));
    rows.put_versions("d-2", &[Arc::new(version("d-2", "v3"))], start);
    assert!(rows.versions_known("d-2"));
    let first = rows.get(&RemoteId::version("d-1", "v1"), start, TRUSTED);
    assert!(first.is_some(), "v1 is still known after v2 came");
}
