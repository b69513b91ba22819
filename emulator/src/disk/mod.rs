//! The data directory: datasets, what hangs on them, seed and next id in one file that survives the death of the process.
//!
//! The memory stays what calls are decided by; the disk follows it. [`Disk::save`] hands over what has changed and gives
//! back a [`Saved`] to wait for, so that no answer leaves before all that it can have seen is on the disk. Changes of one
//! call are written together or not at all, in the order in which they happened.

mod file;
mod writer;

use std::path::Path;
use std::thread::JoinHandle;

use tokio::sync::watch;

pub use file::DiskError;
pub(crate) use file::Kept;

use crate::attached::Attached;
use crate::ids::Ids;
use crate::store::Store;
use file::File;
use writer::{Batch, Progress};

/// An open data directory.
#[derive(Debug)]
pub(crate) struct Disk {
    /// `None` once it is closing.
    batches: Option<std::sync::mpsc::Sender<Batch>>,
    progress: watch::Receiver<Progress>,
    writer: Option<JoinHandle<()>>,
    /// Batches that were handed over.
    sent: u64,
    /// The stored contents; `None` when the disk must be filled again.
    known: Option<Mark>,
}

/// A state of the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    revision: u64,
    attached: u64,
    seed: u64,
    next: u64,
}

impl Mark {
    fn of(store: &Store, attached: &Attached, ids: &Ids) -> Self {
        Self { revision: store.revision(), attached: attached.revision(), seed: ids.seed, next: ids.next }
    }
}

impl Drop for Disk {
    /// Waits until everything that was handed over is written and the file is closed.
    fn drop(&mut self) {
        self.batches = None;
        if self.writer.take().is_some_and(|writer| writer.join().is_err()) {
            tracing::error!("the writer of the data directory died");
        }
    }
}

impl Disk {
    /// Opens the data directory, which is made if there is none; with what it holds, unless it is new.
    pub(crate) fn open(directory: &Path) -> Result<(Self, Option<Kept>), DiskError> {
        let file = File::open(directory)?;
        let kept = file.read()?;
        let (batches, received) = std::sync::mpsc::channel();
        let (told, progress) = watch::channel(Progress::default());
        let writer = std::thread::Builder::new()
            .name("data-dir".to_owned())
            .spawn(move || writer::run(&file, &received, &told))
            .map_err(|source| DiskError::Directory { path: directory.to_owned(), source })?;
        let disk = Self { batches: Some(batches), progress, writer: Some(writer), sent: 0, known: None };
        Ok((disk, kept))
    }

    /// Notes that the disk already holds what the memory does.
    pub(crate) fn is_up_to_date(&mut self, store: &Store, attached: &mut Attached, ids: &Ids) {
        attached.forget_changes();
        self.known = Some(Mark::of(store, attached, ids));
    }

    /// Notes that the memory was replaced as a whole.
    pub(crate) fn start_anew(&mut self) {
        self.known = None;
    }

    /// Hands over what the disk does not know yet; what to wait for until it, and all before it, is written.
    pub(crate) fn save(&mut self, store: &Store, attached: &mut Attached, ids: &Ids) -> Saved {
        let mark = Mark::of(store, attached, ids);
        if self.known != Some(mark) {
            let changes = self.known.and_then(|known| store.changes_since(known.revision));
            let batch = match changes {
                Some(changes) => Batch::of_changes(changes, attached.take_changes(), ids),
                None => Batch::of_everything(store, attached.everything(), ids),
            };
            self.known = Some(mark);
            self.sent += 1;
            if let Some(batches) = &self.batches {
                // A writer that failed has reported its progress, and every waiting caller sees it.
                let _ = batches.send(batch);
            }
        }
        Saved { progress: self.progress.clone(), number: self.sent }
    }

    /// What tells when the disk fails.
    pub(crate) fn watch(&self) -> Saved {
        Saved { progress: self.progress.clone(), number: u64::MAX }
    }
}

/// A promise of the disk.
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    progress: watch::Receiver<Progress>,
    number: u64,
}

impl Saved {
    /// Waits until it is kept; false when it never will be, because the disk failed or was closed.
    pub(crate) async fn kept(mut self) -> bool {
        let told = self.progress.wait_for(|progress| progress.failed || progress.written >= self.number).await;
        told.is_ok_and(|progress| progress.written >= self.number)
    }
}
