//! What a list of file metadata asks for.

use super::super::filters::{any_of, list, text};
use super::expression::Expression;
use super::item::FILE_TYPES;
use super::similar::Words;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::store::Text;
use crate::store::file_meta::FileMeta;

/// How a list looks for files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QueryType {
    Mix,
    Tag,
    Vector,
}

/// Most ids that a list can be given.
const IDS_MAX: usize = 20;

/// A time limit in milliseconds since 1970, from and to.
type Span = (Option<i64>, Option<i64>);

/// All conditions of one list.
#[derive(Debug)]
pub(super) struct Filter<'a> {
    pub(super) query_type: QueryType,
    /// What the files should be like.
    pub(super) words: Option<Words>,
    pub(super) threshold: Option<f32>,
    status: &'a str,
    ids: Option<Vec<&'a str>>,
    include_all: Vec<&'a str>,
    include_any: Option<Vec<&'a str>>,
    exclude: Vec<&'a str>,
    file_types: Option<Vec<&'a str>>,
    content_types: Option<Vec<&'a str>>,
    file_name: Option<String>,
    file_dir: Option<String>,
    updated: Span,
    tagged: Span,
    expression: Option<Expression>,
}

impl<'a> Filter<'a> {
    pub(super) fn of(request: &'a Request) -> Result<Self, Refusal> {
        let query_type = match text(request, "QueryType").unwrap_or("MIX") {
            "MIX" => QueryType::Mix,
            "TAG" => QueryType::Tag,
            "VECTOR" => QueryType::Vector,
            other => return Err(Refusal::invalid("QueryType", format!("{other:?} is none of MIX, TAG, VECTOR"))),
        };
        let by_tags = |name| list(request, name).filter(|_| query_type != QueryType::Vector);
        let mut include_all = by_tags("QueryTagsIncludeAll").unwrap_or_default();
        let looked_for = ["QueryText", "QueryImage", "QueryVideo"].iter().filter_map(|name| text(request, name));
        let words = if query_type == QueryType::Tag {
            include_all.extend(text(request, "QueryText"));
            None
        } else {
            Words::of(looked_for)
        };
        if query_type == QueryType::Vector && words.is_none() {
            return Err(Refusal::Missing("QueryText"));
        }
        let status = text(request, "Status").unwrap_or("ACTIVE");
        if !["ACTIVE", "ALL", "DELETED"].contains(&status) {
            return Err(Refusal::invalid("Status", format!("{status:?} is none of ACTIVE, ALL, DELETED")));
        }
        let ids = list(request, "DatasetFileMetaIds");
        if ids.as_ref().is_some_and(|ids| ids.len() > IDS_MAX) {
            return Err(Refusal::invalid("DatasetFileMetaIds", format!("there are more than {IDS_MAX}")));
        }
        let file_types = list(request, "QueryFileTypeIncludeAny");
        if let Some(other) = file_types.iter().flatten().find(|kind| !FILE_TYPES.contains(kind)) {
            return Err(Refusal::invalid("QueryFileTypeIncludeAny", format!("{other:?} is no type of files")));
        }
        let threshold = match text(request, "ScoreThreshold").map(str::parse::<f32>) {
            None => None,
            Some(Ok(score)) if score.is_finite() => Some(score).filter(|_| query_type != QueryType::Tag),
            Some(_) => return Err(Refusal::invalid("ScoreThreshold", "it must be a number")),
        };
        Ok(Self {
            query_type,
            words,
            threshold,
            status,
            ids,
            include_all,
            include_any: by_tags("QueryTagsIncludeAny"),
            exclude: by_tags("QueryTagsExclude").unwrap_or_default(),
            file_types,
            content_types: list(request, "QueryContentTypeIncludeAny"),
            file_name: text(request, "QueryFileName").map(str::to_lowercase),
            file_dir: text(request, "QueryFileDir").map(str::to_lowercase),
            updated: (time(request, "StartFileUpdateTime")?, time(request, "EndFileUpdateTime")?),
            tagged: (time(request, "StartTagUpdateTime")?, time(request, "EndTagUpdateTime")?),
            expression: text(request, "QueryExpression").map(Expression::parse).transpose()?,
        })
    }

    /// Whether a file meets all conditions, likeness aside.
    pub(super) fn takes(&self, meta: &FileMeta) -> bool {
        let status = if meta.deleted { "DELETED" } else { "ACTIVE" };
        let has = |tag: &&str| meta.tags().any(|known| known == *tag);
        let part = |wanted: Option<&String>, text: &str| {
            wanted.is_none_or(|wanted| text.to_lowercase().contains(wanted.as_str()))
        };
        (self.status == "ALL" || self.status == status)
            && any_of(self.ids.as_ref(), &meta.dataset_file_meta_id)
            && any_of(self.file_types.as_ref(), &meta.file_type)
            && any_of(self.content_types.as_ref(), &meta.content_type)
            && self.include_all.iter().all(has)
            && self.include_any.as_ref().is_none_or(|any| any.iter().any(has))
            && !self.exclude.iter().any(has)
            && part(self.file_name.as_ref(), &meta.file_name)
            && part(self.file_dir.as_ref(), meta.dir())
            && within(self.updated, Some(&meta.file_update_time))
            && within(self.tagged, meta.tag_update_time.as_ref())
            && self.expression.as_ref().is_none_or(|expression| expression.takes(meta))
    }

    /// Whether a file is like enough to what is looked for, and how like; no score when nothing is looked for.
    pub(super) fn score(&self, meta: &FileMeta) -> (bool, Option<f32>) {
        let Some(words) = &self.words else {
            return (true, None);
        };
        // Only what was indexed can be found by likeness.
        let indexed = meta.semantic_index_job_id.is_some();
        let score = if indexed { words.likeness(meta) } else { 0.0 };
        (score > 0.0 && self.threshold.is_none_or(|least| score >= least), Some(score))
    }
}

fn time(request: &Request, name: &'static str) -> Result<Option<i64>, Refusal> {
    match text(request, name).map(str::parse::<jiff::Timestamp>) {
        None => Ok(None),
        Some(Ok(time)) => Ok(Some(time.as_millisecond())),
        Some(Err(_)) => Err(Refusal::invalid(name, "it is no time in ISO 8601")),
    }
}

/// Whether a time lies within limits, both included.
fn within((from, to): Span, time: Option<&Text>) -> bool {
    if from.is_none() && to.is_none() {
        return true;
    }
    let ms = time.and_then(|time| time.parse::<jiff::Timestamp>().ok()).map(jiff::Timestamp::as_millisecond);
    ms.is_some_and(|ms| from.is_none_or(|from| ms >= from) && to.is_none_or(|to| ms <= to))
}
