//! Metadata of files, written in batches: each item succeeds or fails on its own, and the answer says which.

pub(super) mod effects;
mod expression;
mod filter;
mod item;
mod list;
mod similar;
mod statistics;
mod tags;
mod view;
mod walks;

pub(super) use list::list;
pub(super) use statistics::statistics;
pub(super) use walks::Walks;

use serde_json::{Map, Value};

use super::filters;
use super::input::Body;
use super::{Context, Done, Members};
use crate::faults::When;
use crate::knobs::Rule;
use crate::refusal::Refusal;
use crate::store::file_meta::{FileMeta, id_of};
use crate::store::{Dataset, Text};

/// The result of an item that is not there, as the vendor's page has it.
const NOT_FOUND: &str = "Not Found";

/// How the items of a batch ended.
#[derive(Default)]
struct Outcomes {
    failed: Vec<Members>,
    succeeded: Vec<Members>,
    changed: bool,
}

impl Outcomes {
    /// Carries out one item, unless a fault is waiting for it.
    fn add(
        &mut self,
        context: &mut Context,
        id: &str,
        uri: &str,
        act: impl FnOnce(&mut Context) -> Result<bool, String>,
    ) {
        let Context { faults, ids, call, .. } = context;
        let fault = faults.strike(call.operation.name(), [uri, id], || ids.chance());
        let result = match &fault {
            Some(fault) if fault.when == When::Before => Ok(false),
            Some(_) | None => act(context),
        };
        self.changed |= result == Ok(true);
        let result = match (result, fault) {
            (Err(why), _) => why,
            (Ok(_), Some(fault)) => fault.code,
            (Ok(_), None) => String::new(),
        };
        let mut members = Members::default();
        if result.is_empty() || context.knobs.failed_details_ids {
            members.put("DatasetFileMetaId", id);
        }
        members.put_some("Uri", Some(uri).filter(|uri| !uri.is_empty()));
        members.put("Result", if result.is_empty() { "Success" } else { &result });
        if result.is_empty() { self.succeeded.push(members) } else { self.failed.push(members) }
    }

    fn done(self, context: &Context, tells_successes: bool) -> Done {
        let mut answer = Members::default();
        answer.put("Status", &self.failed.is_empty());
        answer.put_objects("FailedDetails", self.failed.into_iter());
        if tells_successes {
            answer.put_objects("SucceedDetails", self.succeeded.into_iter());
        }
        context.wrote(answer, self.changed)
    }
}

/// BASIC datasets have no file metadata.
fn check_edition(context: &Context, dataset: &Dataset) -> Result<(), Refusal> {
    if dataset.edition == "BASIC" && context.knobs.file_metas_on_basic == Rule::Refuse {
        return Err(Refusal::invalid("DatasetId", "a dataset of the edition BASIC has no file metadata"));
    }
    Ok(())
}

/// Whether a batch has items, and not too many.
fn check_size(context: &Context, name: &'static str, items: usize) -> Result<(), Refusal> {
    let most = context.knobs.file_meta_batch_max;
    if items == 0 {
        return Err(Refusal::Missing(name));
    }
    if items > usize::try_from(most).unwrap_or(usize::MAX) {
        return Err(Refusal::invalid(name, format!("there are more than {most} items")));
    }
    Ok(())
}

/// The items in the body of a call.
fn items(context: &Context, body: &Body) -> Result<Vec<Map<String, Value>>, Refusal> {
    const NAME: &str = "DatasetFileMetas";
    let items = body.objects(NAME, "it must be a list of objects")?.unwrap_or_default();
    check_size(context, NAME, items.len())?;
    Ok(items)
}

fn text_of<'a>(item: &'a Map<String, Value>, name: &str) -> &'a str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn create(context: &mut Context) -> Result<Done, Refusal> {
    let dataset = context.dataset_to_change()?;
    let body = Body::parse(&context.request.body)?;
    let version = context.version_of(&dataset, Some(&body.required("DatasetVersion")?))?;
    context.workspace_of(&dataset, body.text("WorkspaceId")?, true)?;
    check_edition(context, &dataset)?;
    let items = items(context, &body)?;
    let mut outcomes = Outcomes::default();
    for item in items {
        let uri = text_of(&item, "Uri");
        let id = id_of(&dataset.dataset_id, &version, uri);
        outcomes.add(context, &id, uri, |context| {
            match context.attached.files.get(&id) {
                Some(known) if !known.deleted && context.knobs.duplicate_file_meta == Rule::Refuse => {
                    return Err("Already Exists".to_owned());
                }
                Some(known) if known.deleted && context.knobs.recreate_file_meta == Rule::Refuse => {
                    return Err("Already Deleted".to_owned());
                }
                Some(_) | None => {}
            }
            let blank = FileMeta {
                dataset_file_meta_id: id.clone(),
                dataset_id: dataset.dataset_id.clone(),
                dataset_version: version.clone(),
                ..FileMeta::default()
            };
            let meta = item::created(blank, &item, &context.now(), context.knobs)?;
            put(context, meta);
            Ok(true)
        });
    }
    Ok(outcomes.done(context, true))
}

fn put(context: &mut Context, meta: FileMeta) {
    let clock = context.clock();
    context.attached.files.put(meta, clock);
}

/// The file of an id, if it is one of this dataset (and version) that is not deleted.
fn living(context: &Context, dataset: &Dataset, version: Option<&Text>, id: &str) -> Result<FileMeta, String> {
    let known = context.attached.files.get(id).filter(|meta| {
        meta.dataset_id == dataset.dataset_id
            && version.is_none_or(|version| *version == meta.dataset_version)
            && !meta.deleted
    });
    known.map(|meta| FileMeta::clone(meta)).ok_or_else(|| NOT_FOUND.to_owned())
}

/// The version that a call names, if it names one.
fn named_version(context: &Context, dataset: &Dataset, named: Option<&str>) -> Result<Option<Text>, Refusal> {
    let named = named.filter(|version| !version.is_empty());
    named.map(|version| context.version_of(dataset, Some(version))).transpose()
}

pub(super) fn update(context: &mut Context) -> Result<Done, Refusal> {
    let dataset = context.dataset_to_change()?;
    let body = Body::parse(&context.request.body)?;
    let version = named_version(context, &dataset, body.text("DatasetVersion")?.as_deref())?;
    context.workspace_of(&dataset, body.text("WorkspaceId")?, false)?;
    check_edition(context, &dataset)?;
    let tag_job = body.text("TagJobId")?.filter(|job| !job.is_empty());
    let items = items(context, &body)?;
    let mut outcomes = Outcomes::default();
    for item in items {
        let id = text_of(&item, "DatasetFileMetaId");
        let given = if id.is_empty() { Err("Missing DatasetFileMetaId".to_owned()) } else { Ok(()) };
        let known = living(context, &dataset, version.as_ref(), id);
        let uri = known.as_ref().map(|meta| meta.uri.clone()).unwrap_or_default();
        outcomes.add(context, id, &uri, |context| {
            given?;
            let was = known?;
            let next = item::updated(was.clone(), &item, tag_job.as_ref(), &context.now(), context.knobs)?;
            let changed = next != was;
            if changed {
                put(context, next);
            }
            Ok(changed)
        });
    }
    Ok(outcomes.done(context, false))
}

pub(super) fn delete(context: &mut Context) -> Result<Done, Refusal> {
    const NAME: &str = "DatasetFileMetaIds";
    let dataset = context.dataset_to_change()?;
    let request = context.request;
    let version = named_version(context, &dataset, request.parameter("DatasetVersion"))?;
    context.workspace_of(&dataset, request.parameter("WorkspaceId").map(Text::from), false)?;
    check_edition(context, &dataset)?;
    let ids = filters::list(request, NAME).unwrap_or_default();
    check_size(context, NAME, ids.len())?;
    let mut outcomes = Outcomes::default();
    for id in ids {
        let known = living(context, &dataset, version.as_ref(), id);
        let uri = known.as_ref().map(|meta| meta.uri.clone()).unwrap_or_default();
        outcomes.add(context, id, &uri, |context| {
            put(context, FileMeta { deleted: true, ..known? });
            Ok(true)
        });
    }
    Ok(outcomes.done(context, false))
}

pub(super) fn get(context: &Context) -> Result<Done, Refusal> {
    let dataset = context.dataset()?;
    let (request, id) = (context.request, &context.call.item_id);
    let version = named_version(context, &dataset, request.parameter("DatasetVersion"))?;
    let workspace = context.workspace_of(&dataset, request.parameter("WorkspaceId").map(Text::from), false)?;
    let known = context.attached.files.get(id).filter(|meta| {
        meta.dataset_id == dataset.dataset_id && version.as_ref().is_none_or(|version| *version == meta.dataset_version)
    });
    let Some(meta) = known else {
        return Err(Refusal::ItemNotFound(format!("File metadata {id} of dataset {}", dataset.dataset_id)));
    };
    let mut answer = Members::default();
    answer.put("DatasetId", &meta.dataset_id);
    answer.put("DatasetVersion", &meta.dataset_version);
    answer.put("WorkspaceId", &workspace);
    answer.put_object("DatasetFileMeta", &view::whole(meta));
    Ok(context.read(answer))
}
