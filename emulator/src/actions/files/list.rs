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
use super::walks::{Found, Question, follow};
use crate::encoding::hex;
use crate::knobs::{Knobs, ListChaos, TopKLimits};
use crate::refusal::Refusal;
use crate::request::Request;
use crate::store::Text;
use crate::store::file_meta::{FileMeta, owner_of};

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

pub(in crate::actions) fn list(context: &mut Context) -> Result<Done, Refusal> {
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

    let mut query = request.query.clone();
    query.retain(|(name, _)| !["NextToken", "MaxResults", "PageSize", "ThumbnailMode"].contains(&name.as_str()));
    let question = Question { owner: owner_of(&dataset.dataset_id, &version), query };
    let found = found(context, question, &filter, order, key);
    let found = found.get(..limit.unwrap_or(usize::MAX).min(found.len())).unwrap_or_default();
    let total = found.len();
    let before = |one: &Found, token: &Token| {
        order.compare((Key::Time(&one.key), one.place), (Key::Time(&token.key), token.place)).is_le()
    };
    let start = token.as_ref().map_or(0, |token| found.partition_point(|one| before(one, token)));
    // Between the pages something may go wrong on order: an item comes twice, or one is left out.
    let start = match knobs.list_chaos {
        ListChaos::Repeat if token.is_some() && size > 1 => start.saturating_sub(1),
        ListChaos::Skip if token.is_some() => start.saturating_add(1).min(total),
        ListChaos::None | ListChaos::Repeat | ListChaos::Skip => start,
    };
    let end = start.saturating_add(size).min(total);
    let shown = found.get(start..end).unwrap_or_default();

    let mut answer = Members::default();
    for (name, text) in [("DatasetId", &dataset.dataset_id), ("DatasetVersion", &version), ("WorkspaceId", &workspace)]
    {
        answer.put(name, text);
    }
    count(&mut answer, total, shown.len(), knobs);
    answer.put("MaxResults", &size);
    answer.put("PageSize", &size);
    if let (true, Some(last)) = (end < total, shown.last()) {
        let page = token.map_or(1, |token| token.page).saturating_add(1);
        answer.put("NextToken", &Token { page, place: last.place, key: last.key.clone() }.text());
    }
    let thumbnail = text(request, "ThumbnailMode");
    answer.put_objects("DatasetFileMetas", shown.iter().map(|one| view::listed(&one.meta, one.score, thumbnail)));
    Ok(context.read(answer))
}

/// All that a list finds, in its order.
fn found(context: &mut Context, question: Question, filter: &Filter, order: Order, key: SortKey) -> Arc<Vec<Found>> {
    let clock = context.clock();
    let Context { attached, recall, .. } = context;
    let files = &attached.files;
    let judged = |place: u64, meta: &Arc<FileMeta>| {
        let (enough, score) = if filter.takes(meta) { filter.score(meta) } else { (false, None) };
        enough.then(|| Found { key: key(meta, score), place, meta: Arc::clone(meta), score })
    };
    let compare = |a: &Found, b: &Found| order.compare((Key::Time(&a.key), a.place), (Key::Time(&b.key), b.place));
    let sorted = |mut found: Vec<Found>| {
        found.sort_unstable_by(compare);
        found
    };
    let search =
        || sorted(files.seen(&question.owner, clock).filter_map(|(place, meta)| judged(place, meta)).collect());
    // Lists that lag change with time alone.
    if clock.lag_ms > 0 {
        return Arc::new(search());
    }
    let known = recall.walks.take(&question).and_then(|(revision, mut found)| {
        let places = files.changed_since(revision)?;
        if !places.is_empty() {
            let current = places.iter().filter_map(|place| Some((*place, files.at(*place)?)));
            let of_ours =
                current.filter(|(_, meta)| owner_of(&meta.dataset_id, &meta.dataset_version) == question.owner);
            let now = sorted(of_ours.filter_map(|(place, meta)| judged(place, meta)).collect());
            follow(Arc::make_mut(&mut found), &places, now, |a, b| compare(a, b) == Ordering::Less);
        }
        Some(found)
    });
    let found = known.unwrap_or_else(|| Arc::new(search()));
    recall.walks.remember(question, files.revision(), Arc::clone(&found));
    found
}
