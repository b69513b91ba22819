//! `ListDatasetFileMetas`: filter, sort, page by token.
//!
//! A token names the page and the last item of the page before by its sort key, so what is made or deleted meanwhile
//! moves no other item from one page to the next.

use std::cmp::Ordering;
use std::sync::Arc;

use super::super::filters::{text, unknown_key};
use super::super::paging::{Key, Order, count, natural};
use super::super::{Context, Done, Members};
use super::filter::{Filter, QueryType};
use super::view;
use crate::encoding::hex;
use crate::knobs::{Knobs, ListChaos, TopKLimits};
use crate::refusal::Refusal;
use crate::request::Request;
use crate::store::Text;
use crate::store::file_meta::{FileMeta, owner_of};

/// A file that was found: its sort key, its place in the order of creation, and its likeness.
struct Found<'a> {
    key: Text,
    place: u64,
    meta: &'a Arc<FileMeta>,
    score: Option<f32>,
}

/// The end of the page before.
struct Token {
    page: usize,
    place: u64,
    key: Text,
}

impl Token {
    fn of(request: &Request) -> Result<Option<Self>, Refusal> {
        let Some(token) = text(request, "NextToken") else {
            return Ok(None);
        };
        let read = || {
            let mut parts = token.split('.');
            let (page, place) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            let digits = parts.next()?.as_bytes().chunks(2);
            let bytes = digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
            let key = String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok()?;
            parts.next().is_none().then(|| Self { page, place, key: key.into() })
        };
        read().map(Some).ok_or_else(|| Refusal::invalid("NextToken", "it is none of ours"))
    }

    fn text(&self) -> String {
        format!("{}.{}.{}", self.page, self.place, hex(self.key.as_bytes()))
    }
}

/// Items of a page, and its two names in the request.
fn page_size(request: &Request) -> Result<usize, Refusal> {
    let older = natural(request, "PageSize", 10, false)?;
    let size = natural(request, "MaxResults", older, false)?;
    if size > 100 {
        return Err(Refusal::invalid("MaxResults", "the maximum is 100"));
    }
    Ok(size)
}

/// How many files a list finds at most.
fn limit(request: &Request, filter: &Filter, knobs: &Knobs) -> Result<Option<usize>, Refusal> {
    let top = natural(request, "TopK", 10, false)?;
    if top > 5000 {
        return Err(Refusal::invalid("TopK", "the maximum is 5000"));
    }
    let limited = match knobs.top_k_limits {
        TopKLimits::Similar => filter.words.is_some(),
        TopKLimits::Mix => filter.query_type != QueryType::Tag,
        TopKLimits::All => true,
    };
    Ok(limited.then_some(top))
}

type SortKey = fn(&FileMeta, Option<f32>) -> Text;

fn sort_key(request: &Request) -> Result<SortKey, Refusal> {
    match text(request, "SortBy") {
        // Scores are 0 to 1, so their texts sort as they do.
        None => Ok(|_, score| score.map(|score| compact_str::format_compact!("{score:.6}")).unwrap_or_default()),
        Some("FileCreateTime") => Ok(|meta, _| meta.file_create_time.clone().unwrap_or_default()),
        Some("FileUpdateTime") => Ok(|meta, _| meta.file_update_time.clone()),
        Some(other) => Err(unknown_key(other)),
    }
}

pub(in crate::actions) fn list(context: &Context) -> Result<Done, Refusal> {
    let dataset = context.dataset()?;
    let (request, knobs) = (context.request, context.knobs);
    let version = text(request, "DatasetVersion").ok_or(Refusal::Missing("DatasetVersion"))?;
    let version = context.version_of(&dataset, Some(version))?;
    let workspace = context.workspace_of(&dataset, request.parameter("WorkspaceId").map(Text::from), true)?;
    super::check_edition(context, &dataset)?;
    let (size, token) = (page_size(request)?, Token::of(request)?);
    let filter = Filter::of(request)?;
    let (order, key) = (Order::or(request, Order::Descending)?, sort_key(request)?);
    let limit = limit(request, &filter, knobs)?;
    let compare = |a: (&Text, u64), b: (&Text, u64)| order.compare((Key::Time(a.0), a.1), (Key::Time(b.0), b.1));

    let owner = owner_of(&dataset.dataset_id, &version);
    let matching = context.attached.files.seen(&owner, context.clock()).filter(|(_, meta)| filter.takes(meta));
    let mut found: Vec<Found> = matching
        .filter_map(|(place, meta)| {
            let (enough, score) = filter.score(meta);
            enough.then(|| Found { key: key(meta, score), place, meta, score })
        })
        .collect();
    if let Some(limit) = limit {
        found.sort_unstable_by(|a, b| compare((&a.key, a.place), (&b.key, b.place)));
        found.truncate(limit);
    }
    let total = found.len();
    let page = token.as_ref().map_or(1, |token| token.page);
    if let Some(token) = &token {
        // Between the pages something may go wrong on order: an item comes twice.
        let repeats = knobs.list_chaos == ListChaos::Repeat && size > 1;
        found.retain(|one| match compare((&one.key, one.place), (&token.key, token.place)) {
            Ordering::Greater => true,
            Ordering::Equal => repeats,
            Ordering::Less => false,
        });
    }
    // Or one is left out.
    let skipped = usize::from(token.is_some() && knobs.list_chaos == ListChaos::Skip);
    let wanted = size.saturating_add(skipped);
    let more = found.len() > wanted;
    if more {
        found.select_nth_unstable_by(wanted, |a, b| compare((&a.key, a.place), (&b.key, b.place)));
        found.truncate(wanted);
    }
    found.sort_unstable_by(|a, b| compare((&a.key, a.place), (&b.key, b.place)));
    let shown = found.get(skipped..).unwrap_or_default();

    let mut answer = Members::default();
    for (name, text) in [("DatasetId", &dataset.dataset_id), ("DatasetVersion", &version), ("WorkspaceId", &workspace)]
    {
        answer.put(name, text);
    }
    count(&mut answer, total, shown.len(), knobs);
    answer.put("MaxResults", &size);
    answer.put("PageSize", &size);
    if let (true, Some(last)) = (more, shown.last()) {
        let next = Token { page: page.saturating_add(1), place: last.place, key: last.key.clone() };
        answer.put("NextToken", &next.text());
    }
    let thumbnail = text(request, "ThumbnailMode");
    answer.put_objects("DatasetFileMetas", shown.iter().map(|one| view::listed(one.meta, one.score, thumbnail)));
    Ok(context.read(answer))
}
