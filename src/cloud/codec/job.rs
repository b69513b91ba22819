//! Jobs of a dataset on the wire.

use serde_json::Value;

use super::{Codec, Nested, Next, PAGE, Page, with_mark};
use crate::cloud::{Answer, Malformed, Operation, Order, Request};
use crate::remote::Remote;
use crate::remote::carrier::{Carrier, Longest, Unwritable};
use crate::remote::fields::Fields;
use crate::remote::id::{JOBS, RemoteId};
use crate::remote::mark::{Labels, RawMark};

/// The member that carries the mark.
const DESCRIPTION: &str = "Description";
/// The member that is an object here, and the text of one on the wire.
const SPEC: &str = "JobSpec";
const LOGS: &str = "Logs";

/// The longest description that is sent, mark included. The vendor publishes no limit; other descriptions of the service
/// may have 256.
const LONGEST: Longest = Longest::Bytes(256);
/// How many of the last lines of the log are kept, and how many bytes of them at most. A log may have millions.
const LINES: usize = 10;
const LOG_BYTES: usize = 2048;

/// Jobs of PAI datasets.
#[derive(Debug, Clone, Copy)]
pub struct Jobs;

impl Jobs {
    /// A job of `dataset` as an answer describes it.
    #[must_use]
    pub fn remote(dataset: &str, job: &str, mut fields: Fields) -> Remote {
        let object = fields.get(SPEC).and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok());
        if let Some(object @ Value::Object(_)) = object {
            fields.insert(SPEC.to_owned(), object);
        }
        if let Some(logs) = fields.get_mut(LOGS) {
            *logs = last_lines(logs);
        }
        let mut labels = Labels::new();
        let mark = Self.carrier().take(&mut labels, &mut fields);
        Remote { id: RemoteId::new(dataset).within(JOBS, job), labels, fields, latest: None, mark }
    }

    /// A page of the jobs of a dataset, the newest first.
    #[must_use]
    pub fn list_newest(dataset: &str, page: u32) -> Request {
        Request::list_dataset_jobs(dataset, Order::NewestFirst, page, PAGE)
    }

    /// Stops a job that runs.
    #[must_use]
    pub fn stop(id: &RemoteId) -> Request {
        Request::stop_dataset_job(id.root(), id.name())
    }
}

/// The last lines of a log, as many as status shows.
fn last_lines(logs: &Value) -> Value {
    let mut left = LOG_BYTES;
    let lines = logs.as_array().into_iter().flatten().rev().filter_map(Value::as_str).take(LINES);
    let mut kept: Vec<Value> = Vec::new();
    for line in lines {
        let end = (0..=left.min(line.len())).rev().find(|end| line.is_char_boundary(*end)).unwrap_or_default();
        let short = line.get(..end).unwrap_or_default();
        if short.is_empty() && !line.is_empty() {
            break;
        }
        left -= short.len();
        kept.push(short.into());
    }
    kept.reverse();
    Value::Array(kept)
}

impl Nested for Jobs {
    fn collection(&self) -> &'static str {
        JOBS
    }

    fn lists(&self) -> Operation {
        Operation::ListDatasetJobs
    }

    fn list(&self, dataset: &str, page: u32) -> Request {
        Request::list_dataset_jobs(dataset, Order::OldestFirst, page, PAGE)
    }

    fn listed(&self, dataset: &str, answer: &Answer) -> Result<Page, Malformed> {
        let (items, total) = answer.jobs()?;
        let remotes = items.into_iter().map(|job| Self::remote(dataset, &job.id, job.fields)).collect();
        Ok(Page { remotes, total, next: Next::Number })
    }

    /// A job that has ended does not change, and those that run are followed.
    fn is_swept(&self) -> bool {
        false
    }
}

impl Codec for Jobs {
    fn nested(&self) -> Option<&dyn Nested> {
        Some(self)
    }

    fn carrier(&self) -> Carrier {
        Carrier::Text(DESCRIPTION)
    }

    fn creates(&self) -> Operation {
        Operation::CreateDatasetJob
    }

    fn create(
        &self,
        parent: Option<&str>,
        members: &Fields,
        _: &Labels,
        mark: Option<&RawMark>,
    ) -> Result<Request, Unwritable> {
        let mut sent = with_mark(self.carrier(), LONGEST, members.clone(), mark)?;
        if let Some(object @ Value::Object(_)) = sent.get(SPEC) {
            let text = object.to_string();
            sent.insert(SPEC.to_owned(), text.into());
        }
        Ok(Request::create_dataset_job(parent.unwrap_or_default(), sent))
    }

    fn created(&self, parent: Option<&str>, answer: &Answer) -> Result<RemoteId, Malformed> {
        answer.id("DatasetJobId").map(|job| RemoteId::new(parent.unwrap_or_default()).within(JOBS, job))
    }

    fn get(&self, id: &RemoteId) -> Request {
        Request::get_dataset_job(id.root(), id.name())
    }

    fn shown(&self, id: &RemoteId, answer: &Answer) -> Result<Remote, Malformed> {
        answer.job().map(|fields| Self::remote(id.root(), id.name(), fields))
    }

    fn update(&self, remote: &Remote, mut members: Fields) -> Result<Request, Unwritable> {
        members.retain(|name, _| name == DESCRIPTION);
        let sent = with_mark(self.carrier(), LONGEST, members, remote.mark.as_ref())?;
        Ok(Request::update_dataset_job(remote.id.root(), remote.id.name(), sent))
    }

    fn delete(&self, id: &RemoteId) -> Request {
        Request::delete_dataset_job(id.root(), id.name())
    }
}

#[cfg(test)]
#[path = "job_tests.rs"]
mod tests;
