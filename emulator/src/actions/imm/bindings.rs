//! Bindings of buckets to media datasets, as far as the life of a dataset needs them.

use std::sync::Arc;

use super::super::{Context, Done, Members};
use super::datasets::named;
use super::{done, input};
use crate::clock::nanoseconds;
use crate::knobs::Rule;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::store::Text;
use crate::store::media::{Binding, MediaDataset, place};

/// Bytes of a file that a bucket brings.
const FILE_SIZE: i64 = 1 << 20;

/// The bucket that a call names: `oss://bucket`.
fn bucket(request: &Request) -> Result<Text, Refusal> {
    let uri = input::required(request, "URI")?;
    let bucket = uri.strip_prefix("oss://").map(|rest| rest.trim_end_matches('/'));
    match bucket.filter(|bucket| !bucket.is_empty() && !bucket.contains('/')) {
        Some(bucket) => Ok(compact_str::format_compact!("oss://{bucket}")),
        None => Err(Refusal::MediaArgument("URI", "it must be oss:// and a bucket".to_owned())),
    }
}

/// What the bindings of a dataset belong to.
fn owner(dataset: &MediaDataset) -> Text {
    place(&dataset.account_id, &[&dataset.project_name, &dataset.dataset_name])
}

fn shown(binding: &Binding) -> Members {
    let mut members = Members::default();
    let time = nanoseconds(binding.created_ms);
    for (name, text) in [
        ("ProjectName", binding.project_name.as_str()),
        ("DatasetName", &binding.dataset_name),
        ("URI", &binding.uri),
        ("State", "Running"),
        ("Phase", "IncrementalScanning"),
        ("Reason", ""),
        ("CreateTime", &time),
        ("UpdateTime", &time),
    ] {
        members.put(name, text);
    }
    members
}

/// An answer with one binding.
fn one(binding: &Binding, changed: bool) -> Done {
    let mut answer = Members::default();
    answer.put_object("Binding", &shown(binding));
    done(answer, changed, &binding.dataset_name)
}

/// Adds files to the index of a dataset, or takes them away. Reads count them at once.
fn index(context: &mut Context, dataset: &MediaDataset, files: i64) {
    if files != 0 {
        let mut next = dataset.clone();
        next.file_count = next.file_count.saturating_add(files).max(0);
        next.total_file_size = next.total_file_size.saturating_add(files.saturating_mul(FILE_SIZE)).max(0);
        let clock = context.clock();
        context.attached.media.put(next, clock);
    }
}

pub(in crate::actions) fn create(context: &mut Context) -> Result<Done, Refusal> {
    let dataset = named(context)?;
    let uri = bucket(context.request)?;
    if let Some(known) = context.attached.bindings.get(&place(&owner(&dataset), &[&uri])) {
        return match context.knobs.imm_rebind {
            Rule::Accept => Ok(one(known, false)),
            Rule::Refuse => Err(Refusal::MediaExists(format!("Binding of {uri}"))),
        };
    }
    let bound = context.attached.bindings.of(&owner(&dataset)).count();
    if i64::try_from(bound).unwrap_or(i64::MAX) >= dataset.dataset_max_bind_count {
        let most = dataset.dataset_max_bind_count;
        return Err(Refusal::MediaLimit(format!("Dataset {} has {most} bindings", dataset.dataset_name)));
    }
    let binding = Binding {
        account_id: dataset.account_id.clone(),
        project_name: dataset.project_name.clone(),
        dataset_name: dataset.dataset_name.clone(),
        uri,
        created_ms: context.now_ms,
        files: context.knobs.imm_binding_files.into(),
    };
    let (answer, clock) = (one(&binding, true), context.clock());
    index(context, &dataset, binding.files);
    context.attached.bindings.put(binding, clock);
    Ok(answer)
}

/// The binding that a call names.
fn binding(context: &Context, dataset: &MediaDataset) -> Result<Arc<Binding>, Refusal> {
    let uri = bucket(context.request)?;
    let known = context.attached.bindings.get(&place(&owner(dataset), &[&uri]));
    known.cloned().ok_or_else(|| Refusal::MediaNotFound(format!("Binding of {uri}")))
}

pub(in crate::actions) fn get(context: &Context) -> Result<Done, Refusal> {
    let dataset = named(context)?;
    Ok(one(binding(context, &dataset)?.as_ref(), false))
}

pub(in crate::actions) fn list(context: &Context) -> Result<Done, Refusal> {
    let dataset = named(context)?;
    let request = context.request;
    let most = input::max_results(request)?;
    let token_place = format!("{}:{}:{}", dataset.account_id, dataset.project_name, dataset.dataset_name);
    let after = input::after(request, &token_place)?.unwrap_or_default();
    let seen = context.attached.bindings.seen(&owner(&dataset), context.clock());
    let mut found: Vec<&Arc<Binding>> = seen.map(|(_, one)| one).filter(|one| one.uri.as_str() > after).collect();
    found.sort_unstable_by(|a, b| a.uri.cmp(&b.uri));
    let page = found.get(..most.min(found.len())).unwrap_or_default();
    let mut answer = Members::default();
    answer.put_objects("Bindings", page.iter().map(|binding| shown(binding)));
    let last = page.last().filter(|_| found.len() > most);
    answer.put("NextToken", &last.map(|last| format!("{token_place}:{}", last.uri)).unwrap_or_default());
    Ok(done(answer, false, &dataset.dataset_name))
}

/// The files that a binding brought stay in the index, unless the call asks to clean up.
pub(in crate::actions) fn delete(context: &mut Context) -> Result<Done, Refusal> {
    let dataset = named(context)?;
    let binding = binding(context, &dataset)?;
    let clean_up = input::text(context.request, "Cleanup").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    if clean_up {
        index(context, &dataset, binding.files.saturating_neg());
    }
    let clock = context.clock();
    context.attached.bindings.remove(&place(&owner(&dataset), &[&binding.uri]), clock);
    Ok(done(Members::default(), true, &dataset.dataset_name))
}
