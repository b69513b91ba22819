//! The requests to the API and their results: one line per request, and counts per operation.
//!
//! A line is written before the answer leaves, so a client that has an answer finds its line.

mod words;

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::actions::Touched;
use crate::clock::timestamp;
use crate::ids::RequestId;
use crate::store::Text;
use words::Words;

/// One request to the API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LogLine {
    /// Number of the line since the start or the last reset, from 1.
    pub seq: u64,
    /// When it was decided, UTC with milliseconds.
    pub time: String,
    /// The operation; `Unknown` when the path is none.
    pub operation: String,
    /// The access key that was claimed, proven or not; empty when there was none.
    pub access_key_id: String,
    /// HTTP status of the answer; of an answer that a fault lost, the one it had; 0 when there never was one.
    pub status: u16,
    /// `Code` of an error, else empty.
    pub code: String,
    /// The `RequestId` of the answer.
    pub request_id: String,
    /// Whether the stored content changed.
    pub changed: bool,
    /// Whether the call succeeded, answer lost or not.
    pub ok: bool,
    /// The fault that struck, such as `reset/after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// The dataset that was made, read or changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset_id: Option<String>,
    /// The version that was made, read or changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_name: Option<String>,
    /// The workspace of the call, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<String>,
    /// The name in a create call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// How the calls of one operation ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Calls that succeeded, also if their answer was lost.
    pub ok: u64,
    /// Calls that were refused or that a fault kept from taking effect.
    pub failed: u64,
    /// Those of the failed ones that a quota rejected.
    pub throttled: u64,
}

/// Counts since the start or the last reset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Per operation; operations that were never called are absent.
    pub calls: BTreeMap<String, Count>,
    /// Calls that a quota rejected; they are among the failed ones.
    pub throttled: u64,
    /// Calls whose effect was kept back or whose answer was changed by a fault on order.
    pub faults: u64,
}

/// One request as the gateway tells it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) time_ms: i64,
    pub(crate) operation: &'static str,
    pub(crate) access_key_id: String,
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) request_id: RequestId,
    pub(crate) changed: bool,
    pub(crate) ok: bool,
    pub(crate) throttled: bool,
    pub(crate) fault: Option<String>,
    pub(crate) touched: Touched,
}

/// A line as it is kept: some hundred bytes, so that long runs fit. What recurs is a number among the words.
#[derive(Clone, Debug)]
struct Line {
    time_ms: i64,
    request_id: RequestId,
    operation: u32,
    access_key_id: u32,
    code: u32,
    fault: Option<NonZeroU32>,
    version_name: Option<NonZeroU32>,
    workspace_id: Option<NonZeroU32>,
    status: u16,
    changed: bool,
    ok: bool,
    dataset_id: Option<Text>,
    name: Option<Text>,
}

/// The log and the counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    lines: VecDeque<Line>,
    words: Words,
    stats: Stats,
    /// Lines that were ever written.
    written: u64,
}

impl Ledger {
    /// Writes a line and counts it; keeps the newest `limit` lines.
    pub(crate) fn write(&mut self, entry: Entry, limit: u32) {
        let count = match self.stats.calls.get_mut(entry.operation) {
            Some(count) => count,
            None => self.stats.calls.entry(entry.operation.to_owned()).or_default(),
        };
        if entry.ok {
            count.ok += 1;
        } else {
            count.failed += 1;
        }
        count.throttled += u64::from(entry.throttled);
        self.stats.throttled += u64::from(entry.throttled);
        self.stats.faults += u64::from(entry.fault.is_some());
        self.written += 1;
        let words = &mut self.words;
        self.lines.push_back(Line {
            time_ms: entry.time_ms,
            request_id: entry.request_id,
            operation: words.number(entry.operation),
            access_key_id: words.number(&entry.access_key_id),
            code: words.number(&entry.code),
            fault: words.optional(entry.fault.as_deref()),
            version_name: words.optional(entry.touched.version_name.as_deref()),
            workspace_id: words.optional(entry.touched.workspace_id.as_deref()),
            status: entry.status,
            changed: entry.changed,
            ok: entry.ok,
            dataset_id: entry.touched.dataset_id,
            name: entry.touched.name,
        });
        while self.lines.len() > usize::try_from(limit).unwrap_or(usize::MAX) {
            self.lines.pop_front();
        }
    }

    /// The lines after this number, oldest first.
    pub(crate) fn after(&self, seq: u64) -> impl Iterator<Item = LogLine> {
        let first = self.written - self.lines.len() as u64 + 1;
        let skipped = usize::try_from((seq + 1).saturating_sub(first)).unwrap_or(usize::MAX);
        let lines = self.lines.range(skipped.min(self.lines.len())..);
        lines.zip(first + skipped as u64..).map(|(line, seq)| self.shown(line, seq))
    }

    fn shown(&self, line: &Line, seq: u64) -> LogLine {
        let word = |number: Option<NonZeroU32>| number.map(|number| self.words.text(number.get()));
        LogLine {
            seq,
            time: timestamp(line.time_ms).into(),
            operation: self.words.text(line.operation),
            access_key_id: self.words.text(line.access_key_id),
            status: line.status,
            code: self.words.text(line.code),
            request_id: line.request_id.to_string(),
            changed: line.changed,
            ok: line.ok,
            fault: word(line.fault),
            dataset_id: line.dataset_id.as_ref().map(ToString::to_string),
            version_name: word(line.version_name),
            workspace_id: word(line.workspace_id),
            name: line.name.as_ref().map(ToString::to_string),
        }
    }

    pub(crate) fn stats(&self) -> &Stats {
        &self.stats
    }
}

#[cfg(test)]
mod tests;
