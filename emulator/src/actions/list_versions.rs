//! `ListDatasetVersions`: filter, sort, page.

use super::filters::{any_of, list, matches, text, unknown_key};
use super::paging::{Key, Order, Page, count};
use super::{Context, Done, Members, view};
use crate::knobs::Knobs;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::store::{Label, Version};

pub(super) fn versions(context: &Context) -> Result<Done, Refusal> {
    let (request, knobs) = (context.request, context.knobs);
    context.dataset()?;
    let page = Page::of(request, knobs, knobs.version_paging_required)?;
    let order = Order::of(request)?;
    let key = version_key(request)?;
    // A dataset younger than the lag has no versions yet, as far as lists know.
    let seen = context.store.seen_anywhere(&context.call.dataset_id, context.clock());
    let versions = seen.iter().flat_map(|dataset| &dataset.versions);
    let mut found: Vec<(Key, u64, &Version)> = versions
        .filter(|version| takes_version(request, knobs, version))
        .map(|version| (key(version), u64::from(version.number().unwrap_or(0)), version))
        .collect();
    order.sort(&mut found);
    let shown = page.cut(&found, knobs)?;
    let view = |version: &Version| seen.map(|dataset| view::version(version, dataset, context));
    let items = shown.iter().filter_map(|(_, _, version)| view(version));
    let mut answer = Members::default();
    count(&mut answer, found.len(), shown.len(), knobs);
    answer.put("PageNumber", &page.number);
    answer.put("PageSize", &page.size);
    answer.put_objects("DatasetVersions", items);
    Ok(context.read(answer))
}

fn version_key(request: &Request) -> Result<fn(&Version) -> Key<'_>, Refusal> {
    match request.parameter("SortBy").unwrap_or_default() {
        "" | "GmtCreateTime" => Ok(|version| Key::Time(&version.gmt_create_time)),
        "GmtModifiedTime" => Ok(|version| Key::Time(&version.gmt_modified_time)),
        "SourceType" => Ok(|version| Key::Text(&version.source_type)),
        "DataSourceType" => Ok(|version| Key::Text(&version.data_source_type)),
        "Property" => Ok(|version| Key::Text(&version.property)),
        "DataSize" => Ok(|version| Key::Number(version.data_size)),
        "DataCount" => Ok(|version| Key::Number(version.data_count)),
        // All versions of a list have the same dataset.
        "DatasetId" => Ok(|_| Key::Text("")),
        other => Err(unknown_key(other)),
    }
}

fn takes_version(request: &Request, knobs: &Knobs, version: &Version) -> bool {
    let labelled = |parameter: &str, part: fn(&Label) -> &str| {
        list(request, parameter).is_none_or(|wanted| {
            wanted.iter().any(|wanted| version.labels.iter().any(|label| part(label).contains(wanted)))
        })
    };
    let source_id = version.source_id.as_deref().unwrap_or_default();
    labelled("LabelKeys", |label| &label.key)
        && labelled("LabelValues", |label| &label.value)
        && matches(knobs.source_id_match, text(request, "SourceId"), source_id)
        && any_of(list(request, "SourceTypes").as_ref(), &version.source_type)
        && any_of(list(request, "Properties").as_ref(), &version.property)
}
