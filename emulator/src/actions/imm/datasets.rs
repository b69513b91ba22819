//! Create, get, list, update and delete media datasets.

use std::sync::Arc;

use super::super::{Context, Done, Members};
use super::{done, input, project};
use crate::clock::nanoseconds;
use crate::knobs::Rule;
use crate::refusal::Refusal;
use crate::store::Text;
use crate::store::media::{MediaDataset, place};

/// A limit of a dataset: its name, where it is kept, its bounds.
type Limit = (&'static str, fn(&mut MediaDataset) -> &mut i64, i64, i64);

const LIMITS: [Limit; 5] = [
    ("DatasetMaxBindCount", |one| &mut one.dataset_max_bind_count, 1, 10),
    ("DatasetMaxFileCount", |one| &mut one.dataset_max_file_count, 1, 100_000_000),
    ("DatasetMaxEntityCount", |one| &mut one.dataset_max_entity_count, 0, i64::MAX),
    ("DatasetMaxRelationCount", |one| &mut one.dataset_max_relation_count, 0, i64::MAX),
    ("DatasetMaxTotalFileSize", |one| &mut one.dataset_max_total_file_size, 0, i64::MAX),
];

/// Puts the parameters that create and update have in common into a dataset; absent ones are left alone.
fn fill(context: &Context, dataset: &mut MediaDataset, empty_description: bool) -> Result<(), Refusal> {
    let request = context.request;
    if let Some(description) = request.parameter("Description") {
        let length = description.chars().count();
        if length > 256 || (length == 0 && !empty_description) {
            return Err(Refusal::MediaArgument("Description", "it must be 1 to 256 characters".to_owned()));
        }
        dataset.description = if context.knobs.trim_texts { description.trim() } else { description }.into();
    }
    if let Some(template) = request.parameter("TemplateId") {
        dataset.template_id = template.into();
    }
    for (name, member, from, to) in LIMITS {
        if let Some(limit) = input::integer(request, name, from, to)? {
            *member(dataset) = limit;
        }
    }
    if let Some(parameters) = input::json(request, "WorkflowParameters")? {
        dataset.workflow_parameters = parameters;
    }
    if let Some(config) = input::json::<serde_json::Map<_, _>>(request, "DatasetConfig")? {
        dataset.dataset_config = Some(serde_json::Value::Object(config));
    }
    Ok(())
}

pub(in crate::actions) fn create(context: &mut Context) -> Result<Done, Refusal> {
    let project_name = project(context)?;
    let dataset_name: Text = input::dataset_name(context.request)?.into();
    let account_id: Text = context.caller.account_id.as_str().into();
    let mut dataset = MediaDataset {
        account_id,
        project_name,
        dataset_name,
        created_ms: context.now_ms,
        updated_ms: context.now_ms,
        dataset_max_bind_count: 10,
        dataset_max_file_count: 100_000_000,
        dataset_max_entity_count: 10_000_000_000,
        dataset_max_relation_count: 100_000_000_000,
        dataset_max_total_file_size: 90_000_000_000_000_000,
        ..MediaDataset::default()
    };
    fill(context, &mut dataset, false)?;
    let owner = place(&dataset.account_id, &[&dataset.project_name]);
    if context.attached.media.get(&place(&owner, &[&dataset.dataset_name])).is_some() {
        return Err(Refusal::MediaExists(format!("Dataset {}", dataset.dataset_name)));
    }
    let most = usize::try_from(context.knobs.imm_datasets_max).unwrap_or(usize::MAX);
    if most > 0 && context.attached.media.of(&owner).count() >= most {
        return Err(Refusal::MediaLimit(format!("A project has at most {most} datasets")));
    }
    let mut answer = Members::default();
    answer.put_object("Dataset", &shown(context, &dataset, false));
    let (name, clock) = (dataset.dataset_name.clone(), context.clock());
    context.attached.media.put(dataset, clock);
    Ok(done(answer, true, &name))
}

/// The dataset that a call names.
pub(super) fn named(context: &Context) -> Result<Arc<MediaDataset>, Refusal> {
    let project = project(context)?;
    let name = input::dataset_name(context.request)?;
    let known = context.attached.media.get(&place(&context.caller.account_id, &[&project, name]));
    known.cloned().ok_or_else(|| Refusal::MediaNotFound(format!("Dataset {name} of project {project}")))
}

fn bind_count(context: &Context, dataset: &MediaDataset) -> usize {
    let owner = place(&dataset.account_id, &[&dataset.project_name, &dataset.dataset_name]);
    context.attached.bindings.of(&owner).count()
}

/// A dataset as answered; files are counted only on request.
fn shown(context: &Context, dataset: &MediaDataset, with_statistics: bool) -> Members {
    let seen = dataset.seen_at(context.now_ms);
    let mut members = Members::default();
    for (name, text) in [
        ("ProjectName", &seen.project_name),
        ("DatasetName", &seen.dataset_name),
        ("TemplateId", &seen.template_id),
        ("Description", &seen.description),
        ("CreateTime", &nanoseconds(seen.created_ms)),
        ("UpdateTime", &nanoseconds(seen.updated_ms)),
    ] {
        members.put(name, text);
    }
    for (name, number) in [
        ("DatasetMaxBindCount", seen.dataset_max_bind_count),
        ("DatasetMaxFileCount", seen.dataset_max_file_count),
        ("DatasetMaxEntityCount", seen.dataset_max_entity_count),
        ("DatasetMaxRelationCount", seen.dataset_max_relation_count),
        ("DatasetMaxTotalFileSize", seen.dataset_max_total_file_size),
        ("FileCount", if with_statistics { dataset.file_count } else { 0 }),
        ("TotalFileSize", if with_statistics { dataset.total_file_size } else { 0 }),
    ] {
        members.put(name, &number);
    }
    members.put("BindCount", &bind_count(context, dataset));
    members.put("WorkflowParameters", &seen.workflow_parameters);
    if let Some(config) = &seen.dataset_config {
        members.put("DatasetConfig", config);
        if config.get("SmartCluster").is_some() {
            let time = nanoseconds(seen.updated_ms);
            let status = serde_json::json!({"Status": "Succeeded", "StartTime": time, "LastSucceededTime": time});
            members.put("SmartClusterTaskStatus", &status);
        }
    }
    members
}

pub(in crate::actions) fn get(context: &Context) -> Result<Done, Refusal> {
    let dataset = named(context)?;
    let counted = input::text(context.request, "WithStatistics").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let mut answer = Members::default();
    answer.put_object("Dataset", &shown(context, &dataset, counted));
    Ok(done(answer, false, &dataset.dataset_name))
}

pub(in crate::actions) fn list(context: &Context) -> Result<Done, Refusal> {
    let (request, project) = (context.request, project(context)?);
    let account = &context.caller.account_id;
    let most = input::max_results(request)?;
    let token_place = format!("{account}:{project}");
    let after = input::after(request, &token_place)?.unwrap_or_default();
    let prefix = request.parameter("Prefix").unwrap_or_default();
    let owner = place(account, &[&project]);
    let mut found: Vec<&Arc<MediaDataset>> = context
        .attached
        .media
        .seen(&owner, context.clock())
        .map(|(_, dataset)| dataset)
        .filter(|dataset| dataset.dataset_name.as_str() > after && dataset.dataset_name.starts_with(prefix))
        .collect();
    found.sort_unstable_by(|a, b| a.dataset_name.cmp(&b.dataset_name));
    let page = found.get(..most.min(found.len())).unwrap_or_default();
    let mut answer = Members::default();
    answer.put_objects("Datasets", page.iter().map(|dataset| shown(context, dataset, false)));
    let last = page.last().filter(|_| found.len() > most);
    answer.put("NextToken", &last.map(|last| format!("{token_place}:{}", last.dataset_name)).unwrap_or_default());
    Ok(Done { touched: super::Touched::default(), ..done(answer, false, "") })
}

pub(in crate::actions) fn update(context: &mut Context) -> Result<Done, Refusal> {
    let was = named(context)?;
    let mut next = MediaDataset::clone(&was);
    fill(context, &mut next, true)?;
    let changed = next != *was;
    if changed {
        next.updated_ms = context.now_ms;
    }
    let lag_ms = i64::from(context.knobs.imm_update_lag_ms);
    next.before.retain(|(until_ms, _)| *until_ms > context.now_ms);
    if changed && lag_ms > 0 {
        let old = MediaDataset { before: Vec::new(), ..MediaDataset::clone(&was) };
        next.before.push((context.now_ms.saturating_add(lag_ms), Arc::new(old)));
    }
    let mut answer = Members::default();
    answer.put_object("Dataset", &shown(context, &next, false));
    let clock = context.clock();
    context.attached.media.put(next, clock);
    Ok(done(answer, changed, &was.dataset_name))
}

pub(in crate::actions) fn delete(context: &mut Context) -> Result<Done, Refusal> {
    let dataset = named(context)?;
    let (bound, files) = (bind_count(context, &dataset), dataset.file_count);
    if (bound > 0 || files > 0) && context.knobs.imm_delete_in_use == Rule::Refuse {
        let name = &dataset.dataset_name;
        return Err(Refusal::MediaInUse(format!("Dataset {name} has {bound} bindings and {files} files")));
    }
    let id = place(&dataset.account_id, &[&dataset.project_name, &dataset.dataset_name]);
    let clock = context.clock();
    context.attached.bindings.remove_of(&id, clock);
    context.attached.media.remove(&id, clock);
    Ok(done(Members::default(), true, &dataset.dataset_name))
}
