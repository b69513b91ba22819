//! Whole lists of a service whose pages are small, uncounted or misleading: either all items, or a list that is marked
//! as incomplete.

use pai_emulator::{Effect, Emulator, Fault, Options, Version, When};
use serde_json::{Value, json};

use super::super::stage::*;
use super::*;
use crate::cloud::Lane;
use crate::cloud::codec::Versions;

/// An emulator with 25 datasets of one name and 25 versions of the first, and a client for it.
async fn service(knobs: Value) -> (Emulator, cloud::Client) {
    let mut all: Vec<_> = all_marked(25);
    let version = |number| Version { version_name: format!("v{number}"), ..Version::default() };
    all[0].versions = (1..=25).map(version).collect();
    let knobs = serde_json::from_value(knobs).unwrap();
    let options = Options { knobs, state: Some(holding(&all)), ..Options::default() };
    let emulator = Emulator::start(options).await.unwrap();
    let client = client(&emulator.url());
    (emulator, client)
}

/// For lists of all datasets and of all versions: how many items they show, whether they are complete, and how many
/// calls they took.
async fn listed(knobs: Value) -> [(usize, bool, u64); 2] {
    let (emulator, client) = service(knobs).await;
    let named = Select::Named("n-");
    let datasets = place(&client, &mut Permit::wait(Lane::UserChange), WORKSPACE, named).await.unwrap();
    let versions = children(&client, &mut Permit::wait(Lane::UserChange), &Versions, &id(0)).await.unwrap();
    let calls = |operation: &str| emulator.stats().calls[operation];
    [("ListDatasets", datasets), ("ListDatasetVersions", versions)].map(|(operation, listing)| {
        let count = calls(operation);
        (listing.remotes.len(), listing.complete, count.ok + count.failed)
    })
}

#[tokio::test]
async fn a_list_is_read_to_its_end() {
    for (knobs, calls) in [
        (json!({"pageSizeMax": 10}), 3),
        (json!({"pageSizeMax": 10, "totalCount": "absent"}), 4),
        (json!({"pageSizeMax": 10, "totalCount": "page"}), 4),
        (json!({"pageSizeMax": 10, "totalCount": "absent", "pageBeyondEnd": "refuse"}), 4),
        (json!({"pageSizeMax": 20, "totalCount": "page"}), 3),
        (json!({"totalCount": "page"}), 1),
        (json!({}), 1),
    ] {
        assert_eq!(listed(knobs.clone()).await, [(25, true, calls); 2], "{knobs}");
    }
}

#[tokio::test]
async fn a_list_that_misleads_is_said_to_be_incomplete_after_three_tries() {
    for chaos in ["skip", "repeat"] {
        for (shown, complete, calls) in listed(json!({"pageSizeMax": 10, "listChaos": chaos})).await {
            // The repeated item pushes nothing off the last page of 25.
            assert_eq!((complete, shown == 25), (chaos == "repeat", chaos == "repeat"), "{chaos}");
            assert_eq!(calls, if complete { 3 } else { 12 }, "{chaos}");
        }
    }
}

#[tokio::test]
async fn a_list_by_ids_ends_with_the_last_of_them() {
    for knobs in [json!({}), json!({"totalCount": "absent"}), json!({"totalCount": "page"})] {
        let (emulator, client) = service(knobs).await;
        let ids: Vec<_> = (5..25).map(id).collect();
        let mut permit = Permit::wait(Lane::UserChange);
        let listing = place(&client, &mut permit, WORKSPACE, Select::Ids(&ids)).await.unwrap();
        assert_eq!((listing.remotes.len(), listing.complete), (20, true));
        assert_eq!(emulator.stats().calls["ListDatasets"].ok, 1);
    }
}

#[tokio::test]
async fn a_list_whose_first_page_is_refused_is_no_empty_list() {
    for (status, code) in [(400, "200800001"), (404, "201300003"), (400, "PageNumberExceed")] {
        let (emulator, client) = service(json!({})).await;
        let refused = |operation: &str| Fault {
            operation: operation.into(),
            effect: Effect::Error,
            when: When::Before,
            status,
            code: code.into(),
            ..Fault::default()
        };
        emulator.add_faults(["ListDatasets", "ListDatasetVersions"].map(refused));
        let mut turn = Permit::wait(Lane::UserChange);
        assert!(place(&client, &mut turn, WORKSPACE, Select::Named("")).await.is_err(), "{code}");
        assert!(children(&client, &mut turn, &Versions, &id(0)).await.is_err(), "{code}");
    }
}

#[test]
fn a_list_that_may_lack_items_is_not_taken_for_a_whole_one() {
    let listing = |complete| Listing { remotes: Vec::new(), complete };
    assert_eq!((listing(true).whole(), listing(false).whole()), (Some(Vec::new()), None));
    let (id, operation) = (RemoteId::new("d-1").join("v2"), Operation::ListDatasetVersions);
    assert!(!listing(true).shows(&id, operation).unwrap());
    assert!(listing(false).shows(&id, operation).is_err());
}
