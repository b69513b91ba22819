//! How many files have what in common.

use std::collections::HashMap;

use super::super::filters::text;
use super::super::paging::natural;
use super::super::{Context, Done, Members};
use crate::refusal::Refusal;
use crate::store::Text;
use crate::store::file_meta::{FileMeta, owner_of};

/// The values of a file that are counted.
type Values = fn(&FileMeta) -> Vec<&str>;

/// `GetDatasetFileMetasStatistics`: of the files that are not deleted, the most frequent values first.
pub(in crate::actions) fn statistics(context: &Context) -> Result<Done, Refusal> {
    let dataset = context.dataset()?;
    let request = context.request;
    let version = text(request, "DatasetVersion").ok_or(Refusal::Missing("DatasetVersion"))?;
    let version = context.version_of(&dataset, Some(version))?;
    context.workspace_of(&dataset, request.parameter("WorkspaceId").map(Text::from), true)?;
    super::check_edition(context, &dataset)?;
    let most = natural(request, "MaxResults", 10, false)?;
    if most > 100 {
        return Err(Refusal::invalid("MaxResults", "the maximum is 100"));
    }
    let values = values(text(request, "AggregateBy"))?;
    let owner = owner_of(&dataset.dataset_id, &version);
    let seen = context.attached.files.seen(&owner, context.clock());
    let living = seen.map(|(_, meta)| meta).filter(|meta| !meta.deleted);
    let mut total = 0_usize;
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for meta in living {
        total += 1;
        for value in values.map(|values| values(meta)).unwrap_or_default() {
            *counts.entry(value).or_default() += 1;
        }
    }
    let mut sorted: Vec<(&str, usize)> = counts.into_iter().collect();
    sorted.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let mut answer = Members::default();
    answer.put("TotalCount", &total);
    if values.is_some() {
        answer.put_objects(
            "DatasetFileMetasStats",
            sorted.into_iter().take(most).map(|(key, count)| {
                let mut members = Members::default();
                members.put("Key", key);
                members.put("Count", &count);
                members
            }),
        );
    }
    Ok(context.read(answer))
}

fn values(aggregate_by: Option<&str>) -> Result<Option<Values>, Refusal> {
    fn texts(tags: &[Text]) -> Vec<&str> {
        tags.iter().map(Text::as_str).collect()
    }
    let values: Values = match aggregate_by.map(str::to_ascii_lowercase).as_deref() {
        None => return Ok(None),
        Some("filedir") => |meta| vec![meta.dir()],
        Some("filetype") => |meta| vec![meta.file_type.as_str()],
        Some("tags.user") => |meta| texts(&meta.user_tags),
        Some("tags.user-delete-ai-tags") => |meta| texts(&meta.deleted_ai_tags),
        Some("tags.ai") => |meta| texts(&meta.ai_tags),
        Some("tags.all") => |meta| meta.tags().map(Text::as_str).collect(),
        Some(other) => return Err(Refusal::invalid("AggregateBy", format!("{other:?} is nothing to count by"))),
    };
    Ok(Some(values))
}
