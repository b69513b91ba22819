//! The emulator's control API: what was called, what it costs, and what a scenario changes.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;
use testbed::{Context as _, Error, Result};

use crate::objects::Kind;

/// A large state takes seconds to read and to write.
const TIMEOUT: Duration = Duration::from_secs(120);

/// How the calls of one operation ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Count {
    pub(crate) ok: u64,
    pub(crate) failed: u64,
}

/// The sum of a bill, in the vendor's unit of money, in the readings of the price list that matter most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(clippy::struct_field_names, reason = "the emulator's names")]
pub(crate) struct Bill {
    /// Failed calls cost what others cost; a list costs one unit.
    pub(crate) failed_billed: f64,
    /// Failed calls are free.
    pub(crate) failed_free: f64,
    /// Failed calls cost, and a list costs two units: its input and its output.
    pub(crate) failed_billed_with_output: f64,
}

impl Bill {
    fn since(self, before: Self) -> Self {
        Self {
            failed_billed: self.failed_billed - before.failed_billed,
            failed_free: self.failed_free - before.failed_free,
            failed_billed_with_output: self.failed_billed_with_output - before.failed_billed_with_output,
        }
    }
}

/// Calls since the emulator started.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Calls {
    #[serde(rename = "calls")]
    pub(crate) by_operation: BTreeMap<String, Count>,
    /// Those that the quota rejected.
    pub(crate) throttled: u64,
    /// `None` if the emulator writes no bills.
    #[serde(skip)]
    pub(crate) bill: Option<Bill>,
}

impl Calls {
    /// All calls, failed ones included.
    pub(crate) fn total(&self) -> u64 {
        self.by_operation.values().map(|count| count.ok + count.failed).sum()
    }

    /// Calls of an operation that succeeded.
    pub(crate) fn ok(&self, operation: &str) -> u64 {
        self.by_operation.get(operation).map_or(0, |count| count.ok)
    }

    /// Calls of all operations that succeeded.
    pub(crate) fn all_ok(&self) -> u64 {
        self.by_operation.values().map(|count| count.ok).sum()
    }

    pub(super) fn since(&self, before: &Self) -> Self {
        let new = |(operation, now): (&String, &Count)| {
            let then = before.by_operation.get(operation).copied().unwrap_or_default();
            let count = Count { ok: now.ok - then.ok.min(now.ok), failed: now.failed - then.failed.min(now.failed) };
            (count != Count::default()).then(|| (operation.clone(), count))
        };
        let bill = self.bill.zip(before.bill).map(|(now, then)| now.since(then));
        Self {
            by_operation: self.by_operation.iter().filter_map(new).collect(),
            throttled: self.throttled.saturating_sub(before.throttled),
            bill,
        }
    }
}

/// The control API of one emulator.
#[derive(Clone, Debug)]
pub(crate) struct Cloud {
    http: reqwest::Client,
    url: String,
}

impl Cloud {
    /// Of the emulator at this base URL.
    pub(crate) fn new(url: &str) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build().context("making an HTTP client")?;
        Ok(Self { http, url: url.to_owned() })
    }

    /// Counts and bill.
    pub(crate) async fn calls(&self) -> Result<Calls> {
        let mut calls: Calls = parse(&self.ask(Method::GET, "stats", String::new()).await?)?;
        // An emulator without bills answers 404.
        if let Ok(bill) = self.ask(Method::GET, "bill", String::new()).await {
            let bill: Value = parse(&bill)?;
            calls.bill = bill.get("total").and_then(|total| Bill::deserialize(total).ok());
        }
        Ok(calls)
    }

    /// Counts only: cheap enough to be asked often.
    pub(crate) async fn counts(&self) -> Result<Calls> {
        parse(&self.ask(Method::GET, "stats", String::new()).await?)
    }

    /// All remotes of a kind.
    pub(crate) async fn remotes(&self, kind: Kind) -> Result<Vec<Value>> {
        let mut state: Value = parse(&self.ask(Method::GET, "state", String::new()).await?)?;
        match state.get_mut(part(kind)).map(Value::take) {
            Some(Value::Array(remotes)) => Ok(remotes),
            Some(_) | None => Err(Error::new(format!("the state of the emulator has no {}", part(kind)))),
        }
    }

    /// Puts these remotes (each a JSON object as text) in the place of all that there are of the kind.
    pub(crate) async fn set_remotes(&self, kind: Kind, remotes: &[String]) -> Result<()> {
        let body = format!("{{\"{}\":[{}]}}", part(kind), remotes.join(","));
        self.ask(Method::PUT, "state", body).await.map(drop)
    }

    /// Turns knobs.
    pub(crate) async fn turn(&self, knobs: &Value) -> Result<()> {
        self.ask(Method::PUT, "knobs", knobs.to_string()).await.map(drop)
    }

    /// Orders faults.
    pub(crate) async fn order(&self, faults: &Value) -> Result<()> {
        self.ask(Method::POST, "faults", faults.to_string()).await.map(drop)
    }

    /// Takes back the faults that have not struck.
    pub(crate) async fn no_faults(&self) -> Result<()> {
        self.ask(Method::DELETE, "faults", String::new()).await.map(drop)
    }

    async fn ask(&self, method: Method, what: &str, body: String) -> Result<String> {
        let doing = format!("{method} /_emulator/{what}");
        let request = self.http.request(method, format!("{}/_emulator/{what}", self.url)).body(body);
        let answer = request.send().await.context(&doing)?;
        let status = answer.status();
        let text = answer.text().await.context(&doing)?;
        if status.is_success() { Ok(text) } else { Err(Error::new(format!("{doing}: {status}: {text}"))) }
    }
}

/// The part of the emulator's state that has the remotes of a kind.
const fn part(kind: Kind) -> &'static str {
    match kind {
        Kind::Dataset => "datasets",
        Kind::MediaDataset => "mediaDatasets",
        Kind::DatasetJob => "jobs",
        Kind::DatasetFileSet => "fileMetas",
    }
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).context("reading what the emulator said")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(text: &str) -> Calls {
        parse(text).unwrap()
    }

    #[test]
    fn counts_what_is_new() {
        let before = calls(r#"{"calls":{"CreateDataset":{"ok":3,"failed":1}},"throttled":1,"faults":0}"#);
        let now =
            r#"{"calls":{"CreateDataset":{"ok":5,"failed":1},"GetDataset":{"ok":1,"failed":0}},"throttled":2,"x":1}"#;
        let new = calls(now).since(&before);
        assert_eq!((new.total(), new.ok("CreateDataset"), new.ok("ListDatasets"), new.throttled), (3, 2, 0, 1));
        assert_eq!(new.all_ok(), 3);
        assert_eq!(new.by_operation.len(), 2);
    }
}
