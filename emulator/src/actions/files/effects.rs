//! What jobs do to file metadata. No storage and no model is behind the emulator, so files that a job finds and tags
//! that a model gives are made up, the same each time.

use std::sync::Arc;

use serde_json::Value;

use super::super::Context;
use crate::clock::timestamp;
use crate::store::file_meta::{FileMeta, id_of, owner_of};
use crate::store::job::Job;
use crate::store::{Clock, Dataset, Text};

/// How many files a job that is being made works on.
pub(in crate::actions) fn extent(context: &Context, dataset: &Dataset, job: &Job) -> i64 {
    let found = i64::from(context.knobs.job_files);
    let count = |metas: Vec<Arc<FileMeta>>| i64::try_from(metas.len()).unwrap_or(i64::MAX);
    let data_count = dataset.version(&job.dataset_version).and_then(|version| version.data_count);
    match (job.job_action.as_str(), member(job, "srcDatasetId")) {
        ("FileMetaBuild", _) | ("FileMetaImport", None) => found,
        ("FileMetaImport", Some(_)) => count(imported(context, job)),
        _ => match count(worked_on(context, job)) {
            0 => data_count.unwrap_or(found),
            known => known,
        },
    }
}

fn spec(job: &Job) -> Value {
    serde_json::from_str(&job.job_spec).unwrap_or_default()
}

/// A text in the specification of a job, if it has one.
fn member(job: &Job, name: &str) -> Option<Text> {
    spec(job).get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(Text::from)
}

/// The living files of a version.
fn living(context: &Context, dataset: &str, version: &str) -> Vec<Arc<FileMeta>> {
    context.attached.files.of(&owner_of(dataset, version)).filter(|meta| !meta.deleted).cloned().collect()
}

/// The files that a job on present metadata works on.
fn worked_on(context: &Context, job: &Job) -> Vec<Arc<FileMeta>> {
    let mut metas = living(context, &job.dataset_id, &job.dataset_version);
    if job.job_mode == "Increment" {
        metas.retain(|meta| match job.job_action.as_str() {
            "SemanticIndex" => meta.semantic_index_job_id.is_none(),
            _ => meta.tag_job_id.is_none(),
        });
    }
    if job.job_action == "IntelligentTagRevert" {
        let tagged = member(job, "intelligentTagJobId");
        metas.retain(|meta| meta.tag_job_id == tagged);
    }
    metas
}

/// The files of the dataset that an import reads, as far as the job's account has it.
fn imported(context: &Context, job: &Job) -> Vec<Arc<FileMeta>> {
    let owner = context.store.get(&job.dataset_id).map(|dataset| dataset.owner_id.clone());
    let source = member(job, "srcDatasetId").and_then(|id| context.store.get(&id).cloned());
    let Some(source) = source.filter(|source| Some(&source.owner_id) == owner.as_ref()) else {
        return Vec::new();
    };
    let named = member(job, "srcDatasetVersion");
    let version = context.version_of(&source, named.as_deref()).unwrap_or_default();
    living(context, &source.dataset_id, &version)
}

/// Leaves the marks of a job that has ended well; the files that it failed at, the last ones, stay as they were.
pub(in crate::actions) fn apply(context: &mut Context, job: &Job) {
    let dataset = context.store.get(&job.dataset_id);
    if dataset.and_then(|dataset| dataset.version(&job.dataset_version)).is_none() {
        return;
    }
    let moment = job.at(context.now_ms);
    let now = timestamp(moment.finished_ms.unwrap_or(context.now_ms));
    let done = usize::try_from(moment.completed).unwrap_or(0);
    let changed: Vec<FileMeta> = match job.job_action.as_str() {
        "FileMetaBuild" => found(context, job, &now).into_iter().take(done).collect(),
        "FileMetaImport" => {
            let metas = match member(job, "srcDatasetId") {
                Some(_) => imported(context, job).iter().map(|meta| FileMeta::clone(meta)).collect(),
                None => found(context, job, &now),
            };
            if member(job, "importMode").as_deref() == Some("replace") {
                remove_all(context, job);
            }
            metas.into_iter().take(done).map(|meta| moved(meta, job)).collect()
        }
        action => {
            let mark = |meta: &Arc<FileMeta>| marked(FileMeta::clone(meta), action, job, &now);
            worked_on(context, job).iter().take(done).filter_map(mark).collect()
        }
    };
    let clock = Clock { lag_ms: 0, ..context.clock() };
    for meta in changed {
        context.attached.files.put(meta, clock);
    }
}

/// Files that storage would have had, next to the Uri of the version.
fn found(context: &Context, job: &Job, now: &Text) -> Vec<FileMeta> {
    let dataset = context.store.get(&job.dataset_id).cloned();
    let uri = dataset.as_ref().and_then(|dataset| dataset.version(&job.dataset_version)).map(|one| one.uri.as_str());
    // File metadata names buckets without their endpoint.
    let place = uri.and_then(|uri| uri.strip_prefix("oss://")).unwrap_or("bucket/");
    let (host, path) = place.split_once('/').unwrap_or((place, ""));
    let bucket = host.split('.').next().unwrap_or(host);
    let dir = if path.is_empty() || path.ends_with('/') { path.to_owned() } else { format!("{path}/") };
    let made = |number: u32| {
        let file_name = compact_str::format_compact!("file-{number:05}.jpg");
        let uri = compact_str::format_compact!("oss://{bucket}/{dir}{file_name}");
        FileMeta {
            dataset_file_meta_id: id_of(&job.dataset_id, &job.dataset_version, &uri),
            dataset_id: job.dataset_id.clone(),
            dataset_version: job.dataset_version.clone(),
            file_finger_print: compact_str::format_compact!("{:032X}", u128::from(number)),
            uri,
            file_name,
            file_type: "image".into(),
            content_type: "image/jpeg".into(),
            data_size: Some(1 << 20),
            file_update_time: now.clone(),
            ..FileMeta::default()
        }
    };
    let known = |meta: &FileMeta| context.attached.files.get(&meta.dataset_file_meta_id).is_some();
    (1..=context.knobs.job_files).map(made).filter(|meta| !known(meta)).collect()
}

/// The metadata of a file in the version of a job.
fn moved(meta: FileMeta, job: &Job) -> FileMeta {
    FileMeta {
        dataset_file_meta_id: id_of(&job.dataset_id, &job.dataset_version, &meta.uri),
        dataset_id: job.dataset_id.clone(),
        dataset_version: job.dataset_version.clone(),
        ..meta
    }
}

fn remove_all(context: &mut Context, job: &Job) {
    let clock = Clock { lag_ms: 0, ..context.clock() };
    for meta in living(context, &job.dataset_id, &job.dataset_version) {
        context.attached.files.put(FileMeta { deleted: true, ..FileMeta::clone(&meta) }, clock);
    }
}

/// A file after a job on it; `None` when the job changes nothing about it.
fn marked(mut meta: FileMeta, action: &str, job: &Job, now: &Text) -> Option<FileMeta> {
    match action {
        "SemanticIndex" => {
            meta.semantic_index_job_id = Some(job.dataset_job_id.clone());
            meta.semantic_index_update_time = Some(now.clone());
        }
        "IntelligentTag" => {
            let stem = meta.file_name.split(['-', '_', '.']).next().unwrap_or_default().to_lowercase();
            meta.ai_tags = vec![compact_str::format_compact!("ai-{}", meta.file_type), stem.into()];
            meta.ai_tags.retain(|tag| !tag.is_empty());
            meta.tag_job_id = Some(job.dataset_job_id.clone());
            meta.tag_update_time = Some(now.clone());
        }
        "IntelligentTagRevert" => {
            meta.ai_tags.clear();
            meta.tag_job_id = None;
            meta.tag_update_time = Some(now.clone());
        }
        _ => return None,
    }
    Some(meta)
}
