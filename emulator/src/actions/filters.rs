//! Reads the filters that both lists share.

use crate::knobs::Match;
use crate::refusal::Refusal;
use crate::request::Request;

/// The refusal of a sort key that there is not.
pub(super) fn unknown_key(key: &str) -> Refusal {
    Refusal::invalid("SortBy", format!("{key:?} is no sort key"))
}

/// The values of a comma list; `None` when the parameter is absent or empty.
pub(super) fn list<'a>(request: &'a Request, name: &str) -> Option<Vec<&'a str>> {
    let text = request.parameter(name).filter(|text| !text.is_empty())?;
    Some(text.split(',').map(str::trim).filter(|value| !value.is_empty()).collect())
}

/// The value of a parameter; `None` when it is absent or empty.
pub(super) fn text<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.parameter(name).filter(|text| !text.is_empty())
}

/// The two spellings of the platform's source type are one value.
fn source_type(value: &str) -> &str {
    if value == "PAI-PUBLIC-DATASET" { "PAI_PUBLIC_DATASET" } else { value }
}

/// Whether a value is in a comma list; an absent list takes all.
pub(super) fn any_of(wanted: Option<&Vec<&str>>, value: &str) -> bool {
    wanted.is_none_or(|wanted| wanted.iter().any(|wanted| source_type(wanted) == source_type(value)))
}

/// Whether a value fits a text filter; an absent filter takes all.
pub(super) fn matches(how: Match, wanted: Option<&str>, value: &str) -> bool {
    wanted.is_none_or(|wanted| match how {
        Match::Exact => value == wanted,
        Match::Substring => value.contains(wanted),
    })
}
