//! What the emulator keeps besides datasets and their versions: jobs, job configurations, file metadata, and the media
//! datasets of IMM with their bindings.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;

use crate::store::file_meta::{FileMeta, owner_of};
use crate::store::job::{Job, JobConfig};
use crate::store::media::{Binding, MediaDataset};
use crate::store::shelf::{Kept, Row, Shelf};
use crate::store::{Clock, Dataset, Text};

/// A thing in the data directory: its kind, its place among its kind, its JSON; `None` = gone.
pub(crate) type AttachedRow = (u8, u64, Option<Vec<u8>>);

const NEVER: Clock = Clock { now_ms: 0, lag_ms: 0 };

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Attached {
    pub(crate) jobs: Shelf<Job>,
    pub(crate) configs: Shelf<JobConfig>,
    pub(crate) files: Shelf<FileMeta>,
    pub(crate) media: Shelf<MediaDataset>,
    pub(crate) bindings: Shelf<Binding>,
    /// Jobs whose end has not left its marks yet, or that are deleted and not gone yet.
    unsettled: BTreeSet<Text>,
}

/// Runs a piece of code for every shelf with the number of its kind.
macro_rules! each_shelf {
    ($attached:expr, $kind:ident, $shelf:ident => $do:expr) => {{
        let attached = $attached;
        {
            let ($kind, $shelf) = (0_u8, &mut attached.jobs);
            $do
        }
        {
            let ($kind, $shelf) = (1_u8, &mut attached.configs);
            $do
        }
        {
            let ($kind, $shelf) = (2_u8, &mut attached.files);
            $do
        }
        {
            let ($kind, $shelf) = (3_u8, &mut attached.media);
            $do
        }
        {
            let ($kind, $shelf) = (4_u8, &mut attached.bindings);
            $do
        }
    }};
}

impl Attached {
    /// A number that goes up with every change.
    pub(crate) fn revision(&self) -> u64 {
        let Self { jobs, configs, files, media, bindings, unsettled: _ } = self;
        jobs.revision() + configs.revision() + files.revision() + media.revision() + bindings.revision()
    }

    /// Puts a job in place, and remembers it as long as time will change something about it.
    pub(crate) fn put_job(&mut self, job: Job, clock: Clock) {
        self.note(&job);
        self.jobs.put(job, clock);
    }

    fn note(&mut self, job: &Job) {
        if job.settled && job.deleted_ms.is_none() {
            self.unsettled.remove(&job.dataset_job_id);
        } else {
            self.unsettled.insert(job.dataset_job_id.clone());
        }
    }

    /// Forgets a job.
    pub(crate) fn remove_job(&mut self, id: &str, clock: Clock) {
        self.unsettled.remove(id);
        self.jobs.remove(id, clock);
    }

    /// Jobs that time will change something about: their end has not left its marks, or they are deleted and not gone.
    pub(crate) fn unsettled(&self) -> Vec<Text> {
        self.unsettled.iter().cloned().collect()
    }

    /// Forgets all that hangs on a dataset.
    pub(crate) fn remove_dataset(&mut self, dataset: &Dataset, clock: Clock) {
        let jobs: Vec<Text> = self.jobs.of(&dataset.dataset_id).map(|job| job.dataset_job_id.clone()).collect();
        for id in jobs {
            self.remove_job(&id, clock);
        }
        self.configs.remove_of(&dataset.dataset_id, clock);
        for version in &dataset.versions {
            self.files.remove_of(&owner_of(&dataset.dataset_id, &version.version_name), clock);
        }
    }

    /// Forgets all that hangs on datasets that are not there any more.
    pub(crate) fn keep_only(&mut self, exists: impl Fn(&str) -> bool) {
        let kept = |id: &Text| exists(id);
        let jobs: Vec<Job> = self.jobs.all().filter(|job| kept(&job.dataset_id)).map(|job| Job::clone(job)).collect();
        self.replace_jobs(jobs);
        let configs: Vec<_> = self.configs.all().filter(|one| kept(&one.dataset_id)).cloned().collect();
        let files: Vec<_> = self.files.all().filter(|one| kept(&one.dataset_id)).cloned().collect();
        self.configs = shelf(configs.iter().map(|one| JobConfig::clone(one)));
        self.files = shelf(files.iter().map(|one| FileMeta::clone(one)));
    }

    /// Puts these jobs in the place of ours.
    pub(crate) fn replace_jobs(&mut self, jobs: Vec<Job>) {
        self.unsettled.clear();
        for job in &jobs {
            self.note(job);
        }
        self.jobs = shelf(jobs);
    }

    /// The changes since this was last asked, for the data directory.
    pub(crate) fn take_changes(&mut self) -> Vec<AttachedRow> {
        let mut rows = Vec::new();
        each_shelf!(self, kind, shelf => add(&mut rows, kind, shelf.take_changes()));
        rows
    }

    /// Forgets the changes so far: nobody keeps them, or somebody has them.
    pub(crate) fn forget_changes(&mut self) {
        each_shelf!(self, _kind, shelf => shelf.forget_changes());
    }

    /// Everything, for the data directory, which then knows all changes.
    pub(crate) fn everything(&mut self) -> Vec<AttachedRow> {
        let mut rows = Vec::new();
        each_shelf!(self, kind, shelf => {
            shelf.forget_changes();
            add(&mut rows, kind, shelf.rows());
        });
        rows
    }

    /// Puts a thing from the data directory in place.
    pub(crate) fn load(&mut self, wanted: u8, number: u64, json: &[u8]) -> serde_json::Result<()> {
        each_shelf!(&mut *self, kind, shelf => if wanted == kind {
            load(shelf, number, json)?;
        });
        if wanted == 0 {
            let job: Job = serde_json::from_slice(json)?;
            self.note(&job);
        }
        Ok(())
    }
}

/// A shelf with these things.
pub(crate) fn shelf<T: Kept>(things: impl IntoIterator<Item = T>) -> Shelf<T> {
    let mut shelf = Shelf::default();
    for thing in things {
        shelf.put(thing, NEVER);
    }
    shelf
}

fn add(rows: &mut Vec<AttachedRow>, kind: u8, of_kind: Vec<Row>) {
    rows.extend(of_kind.into_iter().map(|(number, json)| (kind, number, json)));
}

fn load<T: Kept + DeserializeOwned>(shelf: &mut Shelf<T>, number: u64, json: &[u8]) -> serde_json::Result<()> {
    shelf.put_at(number, serde_json::from_slice(json)?, NEVER);
    Ok(())
}
