//! Reads that share pages: how many calls they cost, and how long they wait.

use std::sync::Arc;
use std::time::Duration;

use pai_emulator::Knobs;
use tokio::task::JoinSet;

use super::reader::Reader;
use super::stage::*;
use crate::engine::recorded::RemoteId;

const STEP: Duration = Duration::from_millis(10);

#[tokio::test(start_paused = true)]
async fn deletes_that_keep_coming_share_pages() {
    let mut stage = Stage::new(all_marked(100), Knobs::default()).await;
    let reader = Arc::new(Reader::new(stage.client.clone()));
    let mut reads = JoinSet::new();
    for number in 0..100 {
        let reader = reader.clone();
        reads.spawn(async move { reader.read_shared(WORKSPACE, &RemoteId::dataset(id(number))).await });
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
    let reader = Arc::new(Reader::new(stage.client.clone()));
    let read = tokio::spawn(async move { reader.read_shared(WORKSPACE, &RemoteId::dataset(id(0))).await });
    assert_eq!(stage.pass_in(STEP * 3, STEP).await.len(), 1, "within 30 ms");
    assert!(read.await.unwrap().unwrap().is_some());
    assert_eq!(stage.calls(), (0, 0, 1), "a read of its own");
}
