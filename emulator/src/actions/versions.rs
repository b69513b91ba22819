//! Create, get, update and delete a version.

use super::describe::{DATA_SOURCE_TYPES, PROPERTIES};
use super::input::Body;
use super::{Context, Done, Members, view};
use crate::refusal::Refusal;
use crate::store::file_meta::owner_of;
use crate::store::{Dataset, Version};

const SOURCE_TYPES: [&str; 4] = ["USER", "ITAG", "PAI_PUBLIC_DATASET", "PAI-PUBLIC-DATASET"];

pub(super) fn create(context: &mut Context) -> Result<Done, Refusal> {
    let was = context.dataset_to_change()?;
    let body = Body::parse(&context.request.body)?;
    let dry = body.boolean("DryRun")?;
    let version = described(context, &body, &was)?;
    let name = version.version_name.clone();
    let mut answer = Members::default();
    if !dry || context.knobs.dry_run_id {
        answer.put("VersionName", &name);
    }
    if dry {
        return Ok(context.read(answer));
    }
    let mut next = Dataset::clone(&was);
    next.next_version = version.number().unwrap_or(next.next_version).saturating_add(1).max(next.next_version);
    next.versions.push(version);
    let done = context.store(&was, next, context.knobs.versions_move_modified);
    let mut touched = done.touched;
    touched.version_name = Some(name);
    Ok(Done { answer, changed: true, touched })
}

/// The version that a create body describes.
fn described(context: &Context, body: &Body, dataset: &Dataset) -> Result<Version, Refusal> {
    let knobs = context.knobs;
    let property = body.one_of("Property", &PROPERTIES)?.ok_or(Refusal::Missing("Property"))?;
    let data_source_type =
        body.one_of("DataSourceType", &DATA_SOURCE_TYPES)?.ok_or(Refusal::Missing("DataSourceType"))?;
    if data_source_type != dataset.data_source_type {
        let why = format!("the dataset's is {}", dataset.data_source_type);
        return Err(Refusal::invalid("DataSourceType", why));
    }
    let uri = body.required("Uri")?;
    let source_type = body.one_of("SourceType", &SOURCE_TYPES)?.unwrap_or_else(|| "USER".into());
    let number = if knobs.version_number_reuse {
        dataset.versions.iter().filter_map(Version::number).max().unwrap_or(0).saturating_add(1)
    } else {
        dataset.next_version
    };
    let now = context.now();
    Ok(Version {
        version_name: compact_str::format_compact!("v{number}"),
        gmt_create_time: now.clone(),
        gmt_modified_time: now,
        property,
        data_source_type,
        uri,
        labels: body.labels("Labels", knobs)?.unwrap_or_default(),
        options: body.json_text("Options", knobs.options_max, knobs)?,
        source_type: source_type.replace('-', "_").into(),
        source_id: body.text_within("SourceId", knobs.source_id_max)?,
        description: body.description("Description", knobs)?,
        data_count: body.integer("DataCount")?,
        data_size: body.integer("DataSize")?,
        import_info: body.json_text("ImportInfo", 0, knobs)?,
        dataset_task_ram_role: body.text("DatasetTaskRamRole")?,
        user_metrics_endpoints: body.endpoints("UserMetricsEndpoints")?,
    })
}

/// The refusal for a version that is not there.
pub(super) fn missing(context: &Context) -> Refusal {
    Refusal::VersionNotFound(context.call.dataset_id.clone(), context.call.version_name.clone())
}

pub(super) fn get(context: &Context) -> Result<Done, Refusal> {
    let dataset = context.dataset()?;
    let version = dataset.version(&context.call.version_name).ok_or_else(|| missing(context))?;
    let mut answer = view::version(version, &dataset, context);
    answer.put("DatasetId", &dataset.dataset_id);
    Ok(context.read(answer))
}

pub(super) fn update(context: &mut Context) -> Result<Done, Refusal> {
    let was = context.dataset_to_change()?;
    let (knobs, now) = (context.knobs, context.now());
    let mut next = Dataset::clone(&was);
    let version = next.version_mut(&context.call.version_name).ok_or_else(|| missing(context))?;
    let body = Body::parse(&context.request.body)?;
    let options = body.json_text("Options", knobs.options_max, knobs)?;
    if let Some(options) = &options {
        version.options = Some(options.clone());
    }
    if let Some(description) = body.description("Description", knobs)? {
        version.description = Some(description);
    }
    if let Some(size) = body.integer("DataSize")? {
        version.data_size = Some(size);
    }
    if let Some(files) = body.integer("DataCount")? {
        version.data_count = Some(files);
    }
    if let Some(role) = body.text("DatasetTaskRamRole")? {
        version.dataset_task_ram_role = Some(role);
    }
    if let Some(endpoints) = body.endpoints("UserMetricsEndpoints")? {
        version.user_metrics_endpoints = Some(endpoints);
    }
    if context.call.version_name == "v1" && knobs.options_shared && options.is_some() {
        next.options = options;
    }
    let changed = next != *was;
    if let Some(version) = next.version_mut(&context.call.version_name) {
        version.gmt_modified_time = now;
    }
    Ok(Done { changed, ..context.store(&was, next, knobs.versions_move_modified) })
}

pub(super) fn delete(context: &mut Context) -> Result<Done, Refusal> {
    let was = context.dataset_to_change()?;
    let name = &context.call.version_name;
    was.version(name).ok_or_else(|| missing(context))?;
    if name == "v1" {
        return Err(Refusal::FirstVersion);
    }
    let clock = context.clock();
    context.attached.files.remove_of(&owner_of(&was.dataset_id, name), clock);
    let mut next = Dataset::clone(&was);
    next.versions.retain(|version| version.version_name != *name);
    Ok(context.store(&was, next, context.knobs.versions_move_modified))
}
