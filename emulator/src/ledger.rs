//! What was asked of the API and how it ended: one line per request, and counts per operation.
//!
//! A line is written before the answer leaves, so whoever has an answer finds its line.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

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

/// The log and the counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    lines: VecDeque<LogLine>,
    stats: Stats,
    next: u64,
}

impl Ledger {
    /// Writes a line and counts it; keeps the newest `limit` lines.
    pub(crate) fn write(&mut self, line: LogLine, throttled: bool, limit: u32) {
        let count = self.stats.calls.entry(line.operation.clone()).or_default();
        if line.ok {
            count.ok += 1;
        } else {
            count.failed += 1;
        }
        count.throttled += u64::from(throttled);
        self.stats.throttled += u64::from(throttled);
        self.stats.faults += u64::from(line.fault.is_some());
        self.next += 1;
        self.lines.push_back(LogLine { seq: self.next, ..line });
        while self.lines.len() > usize::try_from(limit).unwrap_or(usize::MAX) {
            self.lines.pop_front();
        }
    }

    /// The lines after this number.
    pub(crate) fn after(&self, seq: u64) -> impl Iterator<Item = &LogLine> {
        let from = self.lines.partition_point(|line| line.seq <= seq);
        self.lines.range(from..)
    }

    pub(crate) fn stats(&self) -> &Stats {
        &self.stats
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_outlive_the_lines() {
        let mut ledger = Ledger::default();
        for ok in [true, false, true] {
            let line = LogLine { operation: "GetDataset".into(), ok, ..LogLine::default() };
            ledger.write(line, !ok, 2);
        }
        assert_eq!(ledger.stats().calls["GetDataset"], Count { ok: 2, failed: 1, throttled: 1 });
        assert_eq!(ledger.stats().throttled, 1);
        assert_eq!(ledger.after(0).map(|line| line.seq).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(ledger.after(2).map(|line| line.seq).collect::<Vec<_>>(), [3]);
        assert_eq!(ledger.after(9).count(), 0);
    }
}
