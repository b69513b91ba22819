//! The thread that writes. What piles up while the disk is busy goes into the next transaction together, so many calls
//! at once cost few waits for the disk.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use tokio::sync::watch::Sender;

use super::file::File;
use crate::attached::AttachedRow;
use crate::ids::Ids;
use crate::store::{Change, Dataset, Store};

/// What has changed since the batch before.
#[derive(Debug)]
pub(super) struct Batch {
    /// Whether everything older is void.
    anew: bool,
    /// Datasets by their place in the order of creation; `None` = gone.
    datasets: Vec<(u64, Option<Arc<Dataset>>)>,
    attached: Vec<AttachedRow>,
    seed: u64,
    next: u64,
}

impl Batch {
    pub(super) fn of_changes<'a>(
        changes: impl Iterator<Item = &'a Change>,
        attached: Vec<AttachedRow>,
        ids: &Ids,
    ) -> Self {
        let datasets = changes.map(|change| (change.order, change.now.clone())).collect();
        Self { anew: false, datasets, attached, seed: ids.seed, next: ids.next }
    }

    pub(super) fn of_everything(store: &Store, attached: Vec<AttachedRow>, ids: &Ids) -> Self {
        let datasets = store.numbered().map(|(order, dataset)| (order, Some(Arc::clone(dataset)))).collect();
        Self { anew: true, datasets, attached, seed: ids.seed, next: ids.next }
    }
}

/// How far the writer is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    /// Batches on the disk.
    pub(super) written: u64,
    /// Whether a write failed; none is tried after it.
    pub(super) failed: bool,
}

/// Writes batches in their order until there will be no more or one fails.
pub(super) fn run(file: &File, batches: &Receiver<Batch>, progress: &Sender<Progress>) {
    while let Ok(first) = batches.recv() {
        let waiting: Vec<Batch> = std::iter::once(first).chain(batches.try_iter()).collect();
        match write(file, &waiting) {
            Ok(()) => progress.send_modify(|progress| progress.written += waiting.len() as u64),
            Err(error) => {
                tracing::error!(%error, "cannot write to the data directory");
                progress.send_modify(|progress| progress.failed = true);
                return;
            }
        }
    }
}

fn write(file: &File, batches: &[Batch]) -> Result<(), redb::Error> {
    file.write(|transaction| {
        for batch in batches {
            if batch.anew {
                transaction.clear()?;
            }
            // Our own types are objects with text keys: there is nothing here that could fail.
            let json = |dataset: &Arc<Dataset>| serde_json::to_vec(dataset.as_ref()).unwrap_or_default();
            for some in batch.datasets.chunks(1000) {
                let rows: Vec<_> = some.iter().map(|(order, dataset)| (*order, dataset.as_ref().map(json))).collect();
                transaction.put(&rows)?;
            }
            transaction.attach(&batch.attached)?;
            transaction.ids(batch.seed, batch.next)?;
        }
        Ok(())
    })
}
