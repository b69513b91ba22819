//! Shared reads: how many calls they cost and how long they wait. And that lists decide about absence.

use std::sync::Arc;
use std::time::Duration;

use pai_emulator::{Effect, Fault, Knobs, When};
use tokio::task::JoinSet;

use super::reader::Reader;
use super::stage::*;
use crate::cloud::codec::{Codec, Datasets, Versions};
use crate::cloud::{ErrorClass, Lane, Permit};
use crate::remote::id::RemoteId;

const STEP: Duration = Duration::from_millis(10);
const LAG: Duration = Duration::from_millis(50);

#[tokio::test(start_paused = true)]
async fn deletes_that_keep_coming_share_pages() {
    let mut stage = Stage::new(all_marked(100), Knobs::default()).await;
    let reader = Arc::new(Reader::new(stage.client.clone(), LAG));
    let mut reads = JoinSet::new();
    for number in 0..100 {
        let reader = reader.clone();
        reads.spawn(async move { reader.read_shared(WORKSPACE, &RemoteId::new(id(number))).await });
        stage.pass_in(STEP, STEP).await;
    }
    stage.pass_in(STEP * 40, STEP).await;
    while let Some(read) = reads.join_next().await {
        assert!(read.unwrap().unwrap().is_some(), "all are there");
    }
    let (lists, failed, others) = stage.calls();
    assert!(lists <= 4 && failed == 0 && others == 0, "{lists} pages for a second of deletes, {others} other calls");
}

#[tokio::test(start_paused = true)]
async fn one_that_is_alone_hardly_waits() {
    let mut stage = Stage::new(all_marked(1), Knobs::default()).await;
    let reader = Arc::new(Reader::new(stage.client.clone(), LAG));
    let read = tokio::spawn(async move { reader.read_shared(WORKSPACE, &RemoteId::new(id(0))).await });
    assert_eq!(stage.pass_in(STEP * 10, STEP).await.len(), 1, "within 100 ms");
    assert!(read.await.unwrap().unwrap().is_some());
    assert_eq!(stage.calls(), (0, 0, 1), "a read of its own");
}

/// The result of a read of the dataset or of its v2 in an emulator that holds `count` datasets, with the number of
/// lists and of other calls. `refused` are the operations that are refused with an unknown code.
async fn read(count: usize, version: bool, refused: &[&str]) -> (Result<bool, ErrorClass>, u64, u64) {
    let knobs = Knobs { not_found_status: 409, not_found_code: "201399999".to_owned(), ..Knobs::default() };
    let mut stage = Stage::new(all_marked(count), knobs).await;
    let refusal = |operation: &&str| Fault {
        operation: (*operation).to_owned(),
        effect: Effect::Error,
        when: When::Before,
        status: 412,
        code: "201388888".to_owned(),
        count: 100,
        ..Fault::default()
    };
    stage.emulator.add_faults(refused.iter().map(refusal));
    let id = if version { RemoteId::new(id(0)).join("v2") } else { RemoteId::new(id(0)) };
    let reader = Reader::new(stage.client.clone(), LAG);
    let codec: &dyn Codec = if version { &Versions } else { &Datasets };
    let read =
        tokio::spawn(async move { reader.read(&mut Permit::wait(Lane::UserChange), codec, WORKSPACE, &id).await });
    while !read.is_finished() {
        stage.pass_in(STEP, STEP).await;
    }
    let (lists, _, others) = stage.calls();
    (read.await.unwrap().map(|remote| remote.is_some()).map_err(|error| error.class), lists, others)
}

#[tokio::test(start_paused = true)]
async fn an_unknown_code_never_means_gone_and_two_lists_do() {
    for version in [false, true] {
        assert_eq!(read(0, version, &[]).await.0, Ok(false), "two lists do not show it; version: {version}");
    }
    assert_eq!(read(0, false, &[]).await.1, 2);
    let unknown = Err(ErrorClass::Unexplained);
    assert_eq!(read(1, false, &["GetDataset"]).await, (unknown, 1, 1), "a list shows it");
    assert_eq!(read(0, false, &["GetDataset", "ListDatasets"]).await.0, unknown, "no list can be had");
    // When the list of versions is refused, the list of datasets decides.
    assert_eq!(read(1, true, &["GetDatasetVersion", "ListDatasetVersions"]).await.0, unknown);
    assert_eq!(read(0, true, &["GetDatasetVersion", "ListDatasetVersions"]).await.0, Ok(false));
    assert_eq!(read(0, true, &["ListDatasetVersions", "ListDatasets"]).await.0, unknown);
    assert_eq!(read(1, true, &[]).await.0, Ok(false), "the dataset is there, but it has no such version");
}
