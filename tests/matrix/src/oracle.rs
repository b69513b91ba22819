//! The promises, judged by recorded histories: the proxies' log, the emulator's ledger and content, the objects version by
//! version, and the operator's log.
//!
//! | | invariant of the study | here |
//! | --- | --- | --- |
//! | I1 | one remote for each living object, and never two | [`alive`], [`remotes::never_two`], [`unlabelled::each_once`], [`calls::claims_before_creates`] |
//! | I2 | objects that are gone have no remotes | [`alive`], [`gone`]; that sweeps report what is: M-15 |
//! | I3 | other owners' remotes are not changed | [`calls::only_ours`], [`calls::untouched`] |
//! | I4 | at rest the remote equals the spec, and the labels of others are there | [`likeness::unlike`], in [`alive`] |
//! | I5 | status only goes forwards | [`status::forwards`] |
//! | I6 | the goal is reached, and kept | `play`, `quiet` |
//! | I7 | a fault costs no more than it must | [`cost`] |
//! | I8 | no secret is written or said | [`secrets`] |
//! | I9 | no panic, and no pass without end | [`said`]; the story `limits` shows that a broken object delays no other |
//! | I10 | at most 100 calls in any second | [`calls::pace`] |
//! | I11 | before a deletion the operator has just read remote and object | [`deletions::reads_before_deletes`] |
//! | I12 | reasons are from the closed list | [`status::forwards`] |
//!
//! `oracle_tests.rs` shows of each that it notices a broken history.

mod calls;
pub mod cost;
mod deletions;
mod likeness;
mod remotes;
mod status;
mod unlabelled;

use std::collections::BTreeSet;

use kube::ResourceExt;
use testbed::proxy::{Entry, Side};

use crate::scene::{Scene, VERSION};
pub use remotes::{alive, gone};

/// Secret keys of the operators under test.
const SECRETS: [&str; 2] = ["testAccessKeySecret", "theirKeySecret"];

/// The kind of a violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// More than one remote of an object.
    Duplicate,
    /// A remote without an object.
    Orphan,
    /// The goal was not reached, or not kept.
    Stuck,
    /// A person had to act although nothing was refused.
    HumanNeeded,
    /// Another promise was broken.
    Broken,
}

/// A promise that was not kept.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Which.
    pub sort: Sort,
    /// The evidence.
    pub text: String,
}

/// Says what is wrong.
pub fn violation(sort: Sort, text: impl Into<String>) -> Violation {
    Violation { sort, text: text.into() }
}

/// An exception: no violation in one cell, though it is one in others.
#[derive(Clone, Copy, Debug, Default)]
pub struct Leeway<'a> {
    /// A dataset that somebody else made, and that may be changed.
    pub adopted: Option<&'a str>,
    /// The network or the service made a second remote, which exists for a while.
    pub may_double: bool,
    /// The first status of an object, delivered once more when a newer one is there, may cover that one until the next pass
    /// (`docs/protocol.md`, section 10).
    pub late_status: bool,
}

/// The promises that every history must keep.
pub fn histories(scene: &Scene, leeway: Leeway) -> Vec<Violation> {
    let (entries, sights, ledger) = (scene.log.entries(), scene.history.sights(), scene.emulator.log());
    let mut wrong = calls::claims_before_creates(&entries);
    wrong.extend(deletions::reads_before_deletes(&entries, &sights));
    let made = ledger.iter().filter(|line| line.operation == "CreateDataset" && line.ok);
    let mut may: BTreeSet<String> = made.filter_map(|line| line.dataset_id.clone()).collect();
    may.extend(leeway.adopted.map(str::to_owned));
    wrong.extend(calls::only_ours(&entries, &may));
    wrong.extend(calls::untouched(&scene.strangers, &scene.emulator.datasets()));
    wrong.extend(calls::pace(&entries));
    wrong.extend(status::forwards(&sights, leeway.late_status));
    if !leeway.may_double {
        let versions: BTreeSet<_> =
            sights.iter().filter(|sight| sight.kind == VERSION).map(|sight| &sight.uid).collect();
        wrong.extend(remotes::never_two(&ledger, versions.len()));
    }
    let log = scene.keeper.said();
    wrong.extend(said(&log));
    let objects = scene.objects().into_iter().map(|(_, object)| object.data.to_string());
    wrong.extend(secrets(&entries, objects.chain([log])));
    wrong
}

/// No panic, and no pass that had to be cut off.
fn said(log: &str) -> Vec<Violation> {
    let bad = |line: &&str| line.contains("panicked") || line.contains("a pass took too long");
    log.lines().filter(bad).map(|line| violation(Sort::Broken, line)).collect()
}

/// No secret in what was sent, written or said.
fn secrets(entries: &[Entry], texts: impl IntoIterator<Item = String>) -> Vec<Violation> {
    let sent = entries.iter().map(|entry| format!("{} {}", entry.target, entry.body));
    let leaks = |text: &String| SECRETS.iter().any(|secret| text.contains(secret));
    sent.chain(texts).filter(leaks).map(|_| violation(Sort::Broken, "a secret got out")).collect()
}

/// The operator's requests since the log had this length, without sweeps and events.
pub fn doings(scene: &Scene, since: usize) -> Vec<String> {
    let entries = scene.log.entries();
    done(entries.get(since..).unwrap_or_default())
}

fn done(entries: &[Entry]) -> Vec<String> {
    let does = |entry: &&Entry| !entry.reads() && !path(entry).ends_with("/events");
    entries.iter().filter(does).map(|entry| format!("{} {} {}", entry.method, entry.target, entry.body)).collect()
}

/// All objects that are still there.
pub fn left(scene: &Scene) -> Vec<String> {
    scene.objects().into_iter().map(|(kind, object)| format!("{kind} {}", object.name_any())).collect()
}

/// The target without its query.
fn path(entry: &Entry) -> &str {
    entry.target.split('?').next().unwrap_or_default()
}

/// The dataset that a call is about; empty if it is about none.
fn dataset_of(entry: &Entry) -> &str {
    let rest = path(entry).trim_start_matches("/api/v1/datasets").trim_start_matches('/');
    rest.split('/').next().unwrap_or_default()
}

/// A call of the dataset API that changes something.
fn changes(entry: &Entry) -> bool {
    entry.side == Side::Cloud && !entry.reads()
}

#[cfg(test)]
#[path = "oracle_tests.rs"]
mod tests;
