//! Jobs of a dataset: create, read, list, describe, stop, delete.

use std::sync::Arc;

use super::filters::{any_of, text, unknown_key};
use super::input::{Body, rewritten};
use super::paging::{Key, Order, Page, count};
use super::{Context, Done, Members, files};
use crate::clock::{seconds, timestamp};
use crate::ids::derived;
use crate::knobs::{JobsListed, Knobs, Rule};
use crate::refusal::Refusal;
use crate::request::Request;
use crate::store::job::{Job, Moment, is_final};
use crate::store::{Clock, Dataset, Text};

mod spec;

const MODES: [&str; 2] = ["Full", "Increment"];
const STATUSES: [&str; 9] =
    ["Pending", "Starting", "Running", "Succeeded", "PartialFailed", "Failed", "ManuallyStop", "Deleting", "Deleted"];

pub(super) fn create(context: &mut Context) -> Result<Done, Refusal> {
    let dataset = context.dataset_to_change()?;
    let body = Body::parse(&context.request.body)?;
    let knobs = context.knobs;
    let job_action = body.one_of("JobAction", &spec::ACTIONS)?.ok_or(Refusal::Missing("JobAction"))?;
    let job_mode = body.one_of("JobMode", &MODES)?.unwrap_or_else(|| "Full".into());
    if job_mode == "Increment" && !["SemanticIndex", "IntelligentTag"].contains(&job_action.as_str()) {
        return Err(Refusal::invalid("JobMode", format!("{job_action} is always Full")));
    }
    let job_spec = body.required("JobSpec")?;
    spec::check(&job_action, &job_spec)?;
    let workspace_id = context.workspace_of(&dataset, body.text("WorkspaceId")?, true)?;
    let dataset_version = context.version_of(&dataset, body.text("DatasetVersion")?.as_deref())?;
    if dataset.edition == "BASIC" && knobs.jobs_on_basic == Rule::Refuse {
        return Err(Refusal::invalid("DatasetId", "a dataset of the edition BASIC has no jobs"));
    }
    let mut job = Job {
        dataset_job_id: derived("dsjob-", &dataset.dataset_id, context.attached.jobs.next(), context.now_ms),
        dataset_id: dataset.dataset_id.clone(),
        dataset_version,
        workspace_id,
        job_action,
        job_mode,
        job_spec: if knobs.rewrite_job_spec { rewritten(&job_spec) } else { job_spec },
        description: description(&body, knobs)?,
        created_ms: context.now_ms,
        pending_ms: knobs.job_pending_ms.into(),
        run_ms: knobs.job_run_ms.into(),
        outcome: knobs.job_outcome,
        ..Job::default()
    };
    job.files = files::effects::extent(context, &dataset, &job);
    let failing = job.files.saturating_mul(knobs.job_fail_percent.into()) / 100;
    job.failing_files = failing.max(1).min(job.files);
    let mut answer = Members::default();
    answer.put("DatasetJobId", &job.dataset_job_id);
    let clock = context.clock();
    context.attached.put_job(job, clock);
    Ok(context.wrote(answer, true))
}

/// The description of a job as the service keeps it.
fn description(body: &Body, knobs: &Knobs) -> Result<Option<Text>, Refusal> {
    let most = usize::try_from(knobs.job_description_cut).unwrap_or(usize::MAX);
    let cut = |text: Text| if most > 0 { text.chars().take(most).collect() } else { text };
    Ok(body.description("Description", knobs)?.map(cut))
}

/// The job of the path with what it is like now.
fn job(context: &Context, dataset: &Dataset) -> Result<(Arc<Job>, Moment), Refusal> {
    let id = &context.call.item_id;
    let known = context.attached.jobs.get(id).filter(|job| job.dataset_id == dataset.dataset_id);
    let now = known.map(|job| (Arc::clone(job), job.at(context.now_ms)));
    let there = now.filter(|(_, moment)| moment.status != "Deleted");
    there.ok_or_else(|| Refusal::ItemNotFound(format!("Job {id} of dataset {}", dataset.dataset_id)))
}

pub(super) fn get(context: &Context) -> Result<Done, Refusal> {
    let dataset = context.dataset()?;
    let request = context.request;
    context.workspace_of(&dataset, request.parameter("WorkspaceId").map(Text::from), false)?;
    let (job, moment) = job(context, &dataset)?;
    if text(request, "DatasetVersion").is_some_and(|version| version != job.dataset_version) {
        return Err(Refusal::ItemNotFound(format!("Job {} of that version", job.dataset_job_id)));
    }
    let mut answer = shown(&job, &moment);
    answer.put("Logs", &job.logs(context.now_ms));
    Ok(context.read(answer))
}

/// The members that a read and a list have in common.
fn shown(job: &Job, moment: &Moment) -> Members {
    let mut members = Members::default();
    for (name, text) in [
        ("JobAction", &job.job_action),
        ("JobMode", &job.job_mode),
        ("JobSpec", &job.job_spec),
        ("Status", &moment.status),
        ("CreateTime", &seconds(job.created_ms)),
    ] {
        members.put(name, text);
    }
    members.put_some("Description", job.description.as_ref());
    members.put_some("FinishTime", moment.finished_ms.map(seconds).as_ref());
    for (name, files) in
        [("TotalFileCount", moment.total), ("CompletedFileCount", moment.completed), ("FailedFileCount", moment.failed)]
    {
        members.put(name, &files);
    }
    members
}

/// One of a closed set in the query; empty counts as absent.
fn one_of<'a>(request: &'a Request, name: &'static str, set: &[&str]) -> Result<Option<Vec<&'a str>>, Refusal> {
    match text(request, name) {
        Some(value) if !set.contains(&value) => {
            Err(Refusal::invalid(name, format!("{value:?} is none of {}", set.join(", "))))
        }
        value => Ok(value.map(|value| vec![value])),
    }
}

pub(super) fn list(context: &Context) -> Result<Done, Refusal> {
    let dataset = context.dataset()?;
    let (request, knobs) = (context.request, context.knobs);
    context.workspace_of(&dataset, request.parameter("WorkspaceId").map(Text::from), false)?;
    let page = Page::of_jobs(request, knobs)?;
    let order = Order::or(request, Order::Descending)?;
    let action = one_of(request, "JobAction", &spec::ACTIONS)?;
    let status = one_of(request, "Status", &STATUSES)?;
    let version = match (text(request, "DatasetVersion"), knobs.jobs_listed) {
        (None, JobsListed::Dataset) => None,
        (named, _) => Some(context.version_of(&dataset, named)?),
    };
    let key = sort_key(request)?;
    let seen_ms = context.clock().now_ms - context.clock().lag_ms;
    let jobs = context.attached.jobs.seen(&dataset.dataset_id, context.clock());
    let found: Vec<(Text, u64, &Arc<Job>, Moment)> = jobs
        .filter(|(_, job)| is_shown(job, seen_ms, knobs))
        .map(|(place, job)| (place, job, job.at(seen_ms)))
        .filter(|(_, job, moment)| {
            version.as_ref().is_none_or(|version| *version == job.dataset_version)
                && any_of(action.as_ref(), &job.job_action)
                && any_of(status.as_ref(), &moment.status)
        })
        .map(|(place, job, moment)| (key(job, &moment), place, job, moment))
        .collect();
    let by_time = !["Status", "JobAction"].contains(&request.parameter("SortBy").unwrap_or_default());
    let keyed = |key| if by_time { Key::Time(key) } else { Key::Text(key) };
    let mut sorted: Vec<_> =
        found.iter().map(|(key, place, job, moment)| (keyed(key.as_str()), *place, (job, moment))).collect();
    order.sort(&mut sorted);
    let cut = page.cut(&sorted, knobs)?;
    let with_logs = request.parameter("WithLogs").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let mut answer = Members::default();
    count(&mut answer, sorted.len(), cut.len(), knobs);
    answer.put_objects(
        "DatasetJobs",
        cut.iter().map(|(_, _, (job, moment))| {
            let mut members = shown(job, moment);
            members.put("DatasetJobId", &job.dataset_job_id);
            members.put("DatasetVersion", &job.dataset_version);
            members.put("WorkspaceId", &job.workspace_id);
            members.put_some("Logs", with_logs.then(|| job.logs(seen_ms)).as_ref());
            members
        }),
    );
    Ok(context.read(answer))
}

type SortKey = fn(&Job, &Moment) -> Text;

fn sort_key(request: &Request) -> Result<SortKey, Refusal> {
    match request.parameter("SortBy").unwrap_or_default() {
        "" | "CreateTime" => Ok(|job, _| timestamp(job.created_ms)),
        // Jobs without an end come before all others.
        "FinishTime" => Ok(|_, moment| moment.finished_ms.map(timestamp).unwrap_or_default()),
        "Status" => Ok(|_, moment| moment.status.clone()),
        "JobAction" => Ok(|job, _| job.job_action.clone()),
        other => Err(unknown_key(other)),
    }
}

/// Whether a list at this time still knows a job.
fn is_shown(job: &Job, now_ms: i64, knobs: &Knobs) -> bool {
    let until = job.gone_ms.saturating_add(knobs.deleted_jobs_shown_ms.into());
    job.deleted_ms.is_none() || now_ms < until
}

/// Stores a job that a call changed.
fn store(context: &mut Context, was: &Job, job: Job) -> Done {
    let changed = job != *was;
    let clock = context.clock();
    if changed {
        context.attached.put_job(job, clock);
    }
    context.wrote(Members::default(), changed)
}

pub(super) fn update(context: &mut Context) -> Result<Done, Refusal> {
    let dataset = context.dataset_to_change()?;
    let body = Body::parse(&context.request.body)?;
    context.workspace_of(&dataset, body.text("WorkspaceId")?, false)?;
    let (was, _) = job(context, &dataset)?;
    let described = description(&body, context.knobs)?;
    let description = described.or_else(|| was.description.clone());
    Ok(store(context, &was, Job { description, ..Job::clone(&was) }))
}

pub(super) fn stop(context: &mut Context) -> Result<Done, Refusal> {
    let dataset = context.dataset_to_change()?;
    let body = Body::parse(&context.request.body)?;
    context.workspace_of(&dataset, body.text("WorkspaceId")?, false)?;
    let (was, moment) = job(context, &dataset)?;
    if is_final(&moment.status) {
        return match context.knobs.stop_ended_job {
            Rule::Accept => Ok(context.wrote(Members::default(), false)),
            Rule::Refuse => Err(Refusal::JobState(format!("The job has ended as {}", moment.status))),
        };
    }
    let stop_ms = context.now_ms.saturating_add(context.knobs.job_stop_ms.into());
    let mut next = Job::clone(&was);
    next.stopped_ms = Some(was.stopped_ms.map_or(stop_ms, |earlier| earlier.min(stop_ms)));
    next.stop_outcome = context.knobs.job_stop_outcome;
    if next.said.status.is_some() {
        // The state that the control API gave it does not follow the clock, so it ends here.
        next.said.status = Some(compact_str::format_compact!("{:?}", next.stop_outcome));
        next.said.since_ms = Some(context.now_ms);
    }
    Ok(store(context, &was, next))
}

pub(super) fn delete(context: &mut Context) -> Result<Done, Refusal> {
    let dataset = context.dataset_to_change()?;
    let (was, moment) = job(context, &dataset)?;
    if moment.status == "Deleting" {
        return Ok(context.wrote(Members::default(), false));
    }
    if !is_final(&moment.status) && context.knobs.delete_running_job == Rule::Refuse {
        return Err(Refusal::JobState(format!("The job is {}", moment.status)));
    }
    let (now_ms, clock) = (context.now_ms, context.clock());
    let gone_ms = now_ms.saturating_add(context.knobs.job_deleting_ms.into());
    let next = Job { deleted_ms: Some(now_ms), gone_ms, settled: true, ..Job::clone(&was) };
    if is_shown(&next, now_ms, context.knobs) {
        context.attached.put_job(next, clock);
    } else {
        context.attached.remove_job(&was.dataset_job_id, clock);
    }
    Ok(context.wrote(Members::default(), true))
}

/// Does what time has brought since the last call: ends leave their marks on file metadata, deleted jobs go.
pub(super) fn settle(context: &mut Context) {
    let clock = Clock { lag_ms: 0, ..context.clock() };
    for id in context.attached.unsettled() {
        let Some(job) = context.attached.jobs.get(&id).cloned() else { continue };
        if !is_shown(&job, context.now_ms, context.knobs) {
            context.attached.remove_job(&id, clock);
        } else if let (false, Some(effect)) = (job.settled, job.has_effect_at(context.now_ms)) {
            if effect {
                files::effects::apply(context, &job);
            }
            context.attached.put_job(Job { settled: true, ..Job::clone(&job) }, clock);
        }
    }
}

/// The jobs of a dataset that have not ended.
pub(super) fn running(context: &Context, dataset: &Dataset) -> usize {
    let jobs = context.attached.jobs.of(&dataset.dataset_id);
    jobs.filter(|job| !is_final(&job.at(context.now_ms).status)).count()
}
