//! Labels of datasets and of versions.

use super::input::{Body, check_label_count, upsert};
use super::{Context, Done, versions};
use crate::knobs::{Knobs, Rule, Write};
use crate::refusal::Refusal;
use crate::store::{Dataset, Label};

pub(super) fn add_to_dataset(context: &mut Context) -> Result<Done, Refusal> {
    let was = context.dataset_to_change()?;
    let mut next = Dataset::clone(&was);
    let added = sent(context)?;
    next.labels = combined(next.labels, added, Write::Upsert, context.knobs)?;
    Ok(context.store(&was, next, context.knobs.labels_move_modified))
}

pub(super) fn remove_from_dataset(context: &mut Context) -> Result<Done, Refusal> {
    let was = context.dataset_to_change()?;
    let mut next = Dataset::clone(&was);
    remove(&mut next.labels, context, "LabelKeys")?;
    Ok(context.store(&was, next, context.knobs.labels_move_modified))
}

pub(super) fn add_to_version(context: &mut Context) -> Result<Done, Refusal> {
    on_version(context, |labels, context| {
        let present = std::mem::take(labels);
        *labels = combined(present, sent(context)?, context.knobs.version_labels_put, context.knobs)?;
        Ok(())
    })
}

pub(super) fn remove_from_version(context: &mut Context) -> Result<Done, Refusal> {
    on_version(context, |labels, context| remove(labels, context, "Keys"))
}

fn on_version(
    context: &mut Context,
    change: impl FnOnce(&mut Vec<Label>, &Context) -> Result<(), Refusal>,
) -> Result<Done, Refusal> {
    let was = context.dataset_to_change()?;
    let mut next = Dataset::clone(&was);
    let version = next.version_mut(&context.call.version_name).ok_or_else(|| versions::missing(context))?;
    change(&mut version.labels, context)?;
    let moves = context.knobs.labels_move_modified;
    let changed = next != *was;
    if moves && let Some(version) = next.version_mut(&context.call.version_name) {
        version.gmt_modified_time = context.now();
    }
    Ok(Done { changed, ..context.store(&was, next, moves) })
}

fn sent(context: &Context) -> Result<Vec<Label>, Refusal> {
    let labels = Body::parse(&context.request.body)?.labels("Labels", context.knobs)?;
    labels.ok_or(Refusal::Missing("Labels"))
}

fn combined(present: Vec<Label>, added: Vec<Label>, how: Write, knobs: &Knobs) -> Result<Vec<Label>, Refusal> {
    let mut labels = match how {
        Write::Upsert => present,
        Write::Replace => Vec::new(),
    };
    for label in added {
        upsert(&mut labels, label);
    }
    check_label_count("Labels", &labels, knobs)?;
    Ok(labels)
}

fn remove(labels: &mut Vec<Label>, context: &Context, parameter: &'static str) -> Result<(), Refusal> {
    let keys: Vec<&str> = context.request.parameter(parameter).unwrap_or_default().split(',').collect();
    let keys: Vec<&str> = keys.into_iter().filter(|key| !key.is_empty()).collect();
    if keys.is_empty() && context.knobs.empty_label_keys == Rule::Refuse {
        return Err(Refusal::Missing(parameter));
    }
    let unknown = keys.iter().find(|key| !labels.iter().any(|label| label.key == **key));
    if let (Some(key), Rule::Refuse) = (unknown, context.knobs.unknown_label_key) {
        return Err(Refusal::invalid(parameter, format!("there is no label {key:?}")));
    }
    labels.retain(|label| !keys.contains(&label.key.as_str()));
    Ok(())
}
