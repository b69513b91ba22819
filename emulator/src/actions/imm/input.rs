//! Reads the parameters of IMM's operations.

use serde::de::DeserializeOwned;

use crate::refusal::Refusal;
use crate::request::Request;

/// A parameter that is there and not empty.
pub(super) fn text<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.parameter(name).filter(|text| !text.is_empty())
}

/// A parameter that must be there.
pub(super) fn required<'a>(request: &'a Request, name: &'static str) -> Result<&'a str, Refusal> {
    text(request, name).ok_or(Refusal::Missing(name))
}

/// The name of a dataset: letters, digits, `-` and `_`, at most 128, a letter or `_` first.
pub(super) fn dataset_name(request: &Request) -> Result<&str, Refusal> {
    let name = required(request, "DatasetName")?;
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let all = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if !first || !all || name.len() > 128 {
        let why = "it must be 1 to 128 letters, digits, '-' and '_', and begin with a letter or '_'";
        return Err(Refusal::MediaArgument("DatasetName", why.to_owned()));
    }
    Ok(name)
}

/// A whole number within limits.
pub(super) fn integer(request: &Request, name: &'static str, from: i64, to: i64) -> Result<Option<i64>, Refusal> {
    match text(request, name).map(str::parse::<i64>) {
        None => Ok(None),
        Some(Ok(number)) if (from..=to).contains(&number) => Ok(Some(number)),
        Some(_) => Err(Refusal::MediaArgument(name, format!("it must be {from} to {to}"))),
    }
}

/// A parameter that is JSON as text.
pub(super) fn json<T: DeserializeOwned>(request: &Request, name: &'static str) -> Result<Option<T>, Refusal> {
    match text(request, name).map(serde_json::from_str::<T>) {
        None => Ok(None),
        Some(Ok(value)) => Ok(Some(value)),
        Some(Err(error)) => Err(Refusal::MediaArgument(name, error.to_string())),
    }
}

/// Items of a page: 0 and absent are 100.
pub(super) fn max_results(request: &Request) -> Result<usize, Refusal> {
    let wanted = integer(request, "MaxResults", 0, 200)?.unwrap_or(0);
    Ok(usize::try_from(if wanted == 0 { 100 } else { wanted }).unwrap_or(100))
}

/// The name after which a page begins.
pub(super) fn after<'a>(request: &'a Request, place: &str) -> Result<Option<&'a str>, Refusal> {
    let Some(token) = text(request, "NextToken") else {
        return Ok(None);
    };
    match token.strip_prefix(place).and_then(|rest| rest.strip_prefix(':')) {
        Some(name) => Ok(Some(name)),
        None => Err(Refusal::MediaArgument("NextToken", "it is none of this list".to_owned())),
    }
}
