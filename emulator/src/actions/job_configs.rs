//! Configurations of a dataset's jobs. They may hold a secret, which a read answers in clear.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::filters::{any_of, text};
use super::input::Body;
use super::paging::{Page, count};
use super::{Context, Done, Members};
use crate::clock::seconds;
use crate::ids::derived;
use crate::knobs::{Knobs, Rule};
use crate::refusal::Refusal;
use crate::store::job::JobConfig;
use crate::store::{Dataset, Text};

const TYPES: [&str; 2] = ["MultimodalIntelligentTag", "MultimodalSemanticIndex"];

pub(super) fn create(context: &mut Context) -> Result<Done, Refusal> {
    let dataset = context.dataset_to_change()?;
    let body = Body::parse(&context.request.body)?;
    let config_type = body.one_of("ConfigType", &TYPES)?.ok_or(Refusal::Missing("ConfigType"))?;
    let config = body.required("Config")?;
    check(&config)?;
    let workspace_id = context.workspace_of(&dataset, body.text("WorkspaceId")?, true)?;
    let dataset_version = body.text("DatasetVersion")?.filter(|version| !version.is_empty());
    if let Some(version) = &dataset_version {
        context.version_of(&dataset, Some(version))?;
    }
    check_is_only(context, &dataset, &config_type, "")?;
    let now = seconds(context.now_ms);
    let made = JobConfig {
        dataset_job_config_id: derived("dscfg-", &dataset.dataset_id, context.attached.configs.next(), context.now_ms),
        dataset_id: dataset.dataset_id.clone(),
        dataset_version,
        workspace_id,
        config_type,
        config,
        create_time: now.clone(),
        modify_time: now,
    };
    let mut answer = Members::default();
    answer.put("DatasetJobConfigId", &made.dataset_job_config_id);
    let clock = context.clock();
    context.attached.configs.put(made, clock);
    Ok(context.wrote(answer, true))
}

/// A configuration is the text of a JSON object; the message never repeats it.
fn check(config: &str) -> Result<(), Refusal> {
    match serde_json::from_str::<Map<String, Value>>(config) {
        Ok(_) => Ok(()),
        Err(_) => Err(Refusal::invalid("Config", "it is not the text of a JSON object")),
    }
}

/// No other configuration of the dataset has this type.
fn check_is_only(context: &Context, dataset: &Dataset, config_type: &str, but: &str) -> Result<(), Refusal> {
    let mut rivals = context.attached.configs.of(&dataset.dataset_id);
    let taken = rivals.any(|other| other.config_type == config_type && other.dataset_job_config_id != but);
    if taken && context.knobs.duplicate_job_config == Rule::Refuse {
        return Err(Refusal::JobConfigExists(format!("{config_type} of dataset {}", dataset.dataset_id)));
    }
    Ok(())
}

/// The configuration of the path.
fn config(context: &Context, dataset: &Dataset) -> Result<Arc<JobConfig>, Refusal> {
    let id = &context.call.item_id;
    let known = context.attached.configs.get(id).filter(|config| config.dataset_id == dataset.dataset_id);
    let missing = || Refusal::ItemNotFound(format!("Job configuration {id} of dataset {}", dataset.dataset_id));
    known.cloned().ok_or_else(missing)
}

/// `Config` as answers have it.
fn told(config: &Text, knobs: &Knobs) -> Text {
    match serde_json::from_str::<Map<String, Value>>(config) {
        Ok(mut members) if knobs.mask_job_config => {
            members.values_mut().for_each(|value| *value = Value::from("******"));
            Value::Object(members).to_string().into()
        }
        Ok(_) | Err(_) => config.clone(),
    }
}

/// The members that a read and a list have in common.
fn shown(config: &JobConfig, knobs: &Knobs) -> Members {
    let mut members = Members::default();
    for (name, text) in [
        ("ConfigType", &config.config_type),
        ("Config", &told(&config.config, knobs)),
        ("CreateTime", &config.create_time),
        ("ModifyTime", &config.modify_time),
        ("WorkspaceId", &config.workspace_id),
    ] {
        members.put(name, text);
    }
    members
}

pub(super) fn get(context: &Context) -> Result<Done, Refusal> {
    let dataset = context.dataset()?;
    context.workspace_of(&dataset, context.request.parameter("WorkspaceId").map(Text::from), false)?;
    let mut answer = shown(config(context, &dataset)?.as_ref(), context.knobs);
    answer.put("DatasetId", &dataset.dataset_id);
    Ok(context.read(answer))
}

pub(super) fn list(context: &Context) -> Result<Done, Refusal> {
    let dataset = context.dataset()?;
    let (request, knobs) = (context.request, context.knobs);
    context.workspace_of(&dataset, request.parameter("WorkspaceId").map(Text::from), false)?;
    let page = Page::of(request, knobs, false)?;
    let config_type = text(request, "ConfigType").map(|config_type| vec![config_type]);
    if config_type.iter().flatten().any(|wanted| !TYPES.contains(wanted)) {
        return Err(Refusal::invalid("ConfigType", format!("it is none of {}", TYPES.join(", "))));
    }
    let version = text(request, "DatasetVersion");
    let seen = context.attached.configs.seen(&dataset.dataset_id, context.clock());
    let found: Vec<&Arc<JobConfig>> = seen
        .map(|(_, config)| config)
        .filter(|config| any_of(config_type.as_ref(), &config.config_type))
        .filter(|config| version.is_none() || config.dataset_version.as_deref() == version)
        .collect();
    let cut = page.cut(&found, knobs)?;
    let mut answer = Members::default();
    count(&mut answer, found.len(), cut.len(), knobs);
    answer.put_objects(
        "DatasetJobConfigs",
        cut.iter().map(|config| {
            let mut members = shown(config, knobs);
            members.put("DatasetJobConfigId", &config.dataset_job_config_id);
            members.put_some("DatasetVersion", config.dataset_version.as_ref());
            members
        }),
    );
    Ok(context.read(answer))
}

pub(super) fn update(context: &mut Context) -> Result<Done, Refusal> {
    let dataset = context.dataset_to_change()?;
    let body = Body::parse(&context.request.body)?;
    context.workspace_of(&dataset, body.text("WorkspaceId")?, false)?;
    let was = config(context, &dataset)?;
    let mut next = JobConfig::clone(&was);
    if let Some(config_type) = body.one_of("ConfigType", &TYPES)? {
        check_is_only(context, &dataset, &config_type, &was.dataset_job_config_id)?;
        next.config_type = config_type;
    }
    if let Some(config) = body.text("Config")? {
        check(&config)?;
        next.config = config;
    }
    let changed = next != *was;
    next.modify_time = seconds(context.now_ms);
    let clock = context.clock();
    context.attached.configs.put(next, clock);
    Ok(context.wrote(Members::default(), changed))
}

pub(super) fn delete(context: &mut Context) -> Result<Done, Refusal> {
    let dataset = context.dataset_to_change()?;
    context.workspace_of(&dataset, context.request.parameter("WorkspaceId").map(Text::from), false)?;
    let was = config(context, &dataset)?;
    let clock = context.clock();
    context.attached.configs.remove(&was.dataset_job_config_id, clock);
    Ok(context.wrote(Members::default(), true))
}
