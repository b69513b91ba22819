//! The store finds existing datasets, forgets deleted ones, and shows lists an earlier state if they ask for it.

use super::*;

fn dataset(id: &str, name: &str, workspace: &str) -> Dataset {
    Dataset {
        dataset_id: id.into(),
        name: name.into(),
        workspace_id: workspace.into(),
        owner_id: "1".into(),
        ..Dataset::default()
    }
}

fn at(now_ms: i64, lag_ms: i64) -> Clock {
    Clock { now_ms, lag_ms }
}

fn listed(store: &Store, workspace: &str, clock: Clock) -> Vec<(String, String)> {
    let seen = store.seen_in("1", workspace, clock);
    seen.map(|(_, dataset)| (dataset.dataset_id.to_string(), dataset.name.to_string())).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect()
}

#[test]
fn without_lag_lists_show_the_present_in_order_of_creation() {
    let mut store = Store::default();
    store.put(dataset("d-b", "x", "7"), at(0, 0));
    store.put(dataset("d-a", "y", "7"), at(0, 0));
    store.put(dataset("d-c", "z", "8"), at(0, 0));
    store.put(dataset("d-b", "renamed", "7"), at(1, 0));
    assert_eq!(listed(&store, "7", at(1, 0)), pairs(&[("d-b", "renamed"), ("d-a", "y")]));
    assert_eq!(store.named("X").count(), 0);
    assert_eq!(store.named("RENAMED").count(), 1);
    store.remove("d-b", at(2, 0));
    assert_eq!(listed(&store, "7", at(2, 0)), pairs(&[("d-a", "y")]));
    assert_eq!((store.len(), store.knows("d-b"), store.named("renamed").count()), (2, false, 0));
    let revision = store.revision();
    store.remove("d-b", at(2, 0));
    assert_eq!(store.revision(), revision, "removing nothing is no change");
    assert_eq!(store.places.values().map(BTreeSet::len).sum::<usize>(), 2, "no index keeps the dead");
}

#[test]
fn a_lagging_list_shows_creation_change_and_deletion_late() {
    let mut store = Store::default();
    store.put(dataset("d-a", "old", "7"), at(100, 50));
    store.put(dataset("d-a", "new", "7"), at(120, 50));
    store.remove("d-a", at(140, 50));
    assert!(store.get("d-a").is_none(), "reads by id are current");
    let shown: Vec<_> = [149, 150, 169, 170, 189, 190].map(|now| listed(&store, "7", at(now, 50))).to_vec();
    let (none, old, new) = (pairs(&[]), pairs(&[("d-a", "old")]), pairs(&[("d-a", "new")]));
    assert_eq!(shown, [none.clone(), old.clone(), old, new.clone(), new, none]);
    store.put(dataset("d-b", "x", "7"), at(190, 50));
    assert!(!store.knows("d-a"), "buried once nothing can show it");
}

#[test]
fn shared_datasets_appear_in_the_other_workspace() {
    let mut store = Store::default();
    let share = ShareRelationship { tenant_id: "1".into(), workspace_id: "8".into(), ..ShareRelationship::default() };
    let shared = Dataset { sharing_config: Some(SharingConfig { shared_to: vec![share] }), ..dataset("d-a", "x", "7") };
    store.put(shared, at(0, 0));
    assert_eq!(listed(&store, "8", at(0, 0)), pairs(&[("d-a", "x")]));
    store.put(dataset("d-a", "x", "7"), at(1, 0));
    assert_eq!(listed(&store, "8", at(1, 0)), pairs(&[]));
    store.remove("d-a", at(2, 0));
    assert!(store.places.values().all(BTreeSet::is_empty));
}

#[test]
fn a_hand_written_dataset_is_completed() {
    let whole = Dataset { uri: "oss://b/".into(), ..dataset("d-a", "x", "7") }.completed();
    assert_eq!((whole.versions[0].version_name.as_str(), whole.versions[0].uri.as_str()), ("v1", "oss://b/"));
    assert_eq!(whole.next_version, 2);
    let mut with_v5 = whole;
    with_v5.versions.push(Version { version_name: "v5".into(), ..Version::default() });
    assert_eq!(with_v5.completed().next_version, 6);
}
