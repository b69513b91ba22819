//! One table for each scenario.

use std::fmt::Write as _;

use super::groups::{Group, Groups};

/// Heading, figure, digits after the point.
type Column = (&'static str, &'static str, usize);

struct Table {
    scenario: &'static str,
    title: &'static str,
    text: &'static str,
    columns: &'static [Column],
}

const PER_CREATE: &[Column] = &[
    ("seconds", "seconds", 1),
    ("of N/100 s", "ratio", 3),
    ("calls each", "callsPerCreate", 2),
    ("writes each", "writesPerCreate", 2),
    ("rejected of 1,000", "rejectedPer1000", 1),
    ("bill", "bill", 2),
    ("CPU s of 1,000", "operatorCpuPer1000", 2),
    ("apiserver CPU s", "apiserverCpuPer1000", 2),
    ("peak MB", "operatorPeakMb", 0),
    ("events", "events", 0),
    ("reads", "kubeReads", 0),
];

const TABLES: &[Table] = &[
    Table {
        scenario: "S1",
        title: "S1: N Datasets at once",
        text: "Created at 200/s over 8 connections. `seconds` is from the first create to the last Ready. Writes are PATCH and \
               PUT on Datasets and their status; events are counted apart. `light` is the bare loop: the same clients and \
               limiter, two patches and one call for each object, no watch and no decisions.",
        columns: PER_CREATE,
    },
    Table {
        scenario: "S2",
        title: "S2: one Dataset on an idle system",
        text: "From the answer to the create until Ready is seen in a watch. `light` is the floor: two patches and one call, one \
               object after the other, without any watch.",
        columns: &[("p50 ms", "p50Ms", 1), ("p99 ms", "p99Ms", 1), ("max ms", "maxMs", 1)],
    },
    Table {
        scenario: "S3",
        title: "S3: the limit out of the way",
        text: "2,000 calls/s allowed, 10,000 objects waiting, no loader. What the candidate itself can do on this machine.",
        columns: &[
            ("creates/s", "createsPerSecond", 0),
            ("creates per CPU s", "createsPerCpuSecond", 0),
            ("rejected of 1,000", "rejectedPer1000", 1),
            ("apiserver CPU s of 1,000", "apiserverCpuPer1000", 2),
            ("peak MB", "operatorPeakMb", 0),
        ],
    },
    Table {
        scenario: "S4",
        title: "S4: nothing happens",
        text: "Measured over three resyncs or more with the short interval shown. A spread sweep may not end within a short \
               interval; a whole one counts with at least N/100 calls. `per day` is arithmetic: 144 whole resyncs of 10 minutes. `bill` \
               is in the vendor's unit of money, a list as one unit and as two (input and output).",
        columns: &[
            ("calls seen a resync", "callsSeenPerResync", 1),
            ("calls of a whole one", "callsPerResync", 1),
            ("calls per day", "callsPerDay", 0),
            ("bill per day", "billPerDay", 2),
            ("list as two units", "billPerDayWithOutput", 2),
            ("writes", "writes", 0),
            ("writes at the start", "writesAtStart", 0),
            ("CPU s a resync", "cpuSecondsPerResync", 3),
            ("% of a core at 10 min", "cpuPercentAt10Minutes", 4),
            ("MB", "operatorRssMb", 0),
        ],
    },
    Table {
        scenario: "S5",
        title: "S5: drift on one dataset in a hundred",
        text: "Resync 30 s. From the change in the cloud until half and all of them are as the spec says.",
        columns: &[
            ("changed", "changed", 0),
            ("half after s", "repairedP50Seconds", 1),
            ("all after s", "repairedMaxSeconds", 1),
            ("calls", "calls", 0),
            ("writes", "writes", 0),
            ("still wrong", "stillWrong", 0),
        ],
    },
    Table {
        scenario: "S6",
        title: "S6: a restart when everything is settled",
        text: "An object is edited while nobody looks; times are from the start of the process, and for `takeover`, where the \
               leader of two replicas is killed, from the moment at which the other one has the lease. Verified: every object was \
               compared with the cloud once.",
        columns: &[
            ("lease after the kill, s", "leaseSeconds", 1),
            ("ready s", "readySeconds", 2),
            ("first edit s", "firstEditSeconds", 2),
            ("verified s", "verifiedSeconds", 2),
            ("calls", "calls", 0),
            ("writes beyond the edit's", "writesBeyondEdit", 0),
            ("CPU s", "operatorCpuSeconds", 2),
            ("peak MB", "operatorPeakMb", 0),
        ],
    },
    Table {
        scenario: "S7",
        title: "S7: killed again and again",
        text: "kill -9 at odd moments of creates, updates and deletes; while there are creates, 1 % of their answers are lost after \
               the dataset was made. Names may repeat, so that a duplicate can be seen. Settle time 6 s.",
        columns: &[
            ("kills", "kills", 0),
            ("duplicates", "duplicates", 0),
            ("orphans", "orphans", 0),
            ("lost", "lost", 0),
            ("create calls each", "createCallsPerCreate", 3),
            ("all calls each", "callsPerCreate", 3),
            ("seconds", "seconds", 1),
            ("writes", "writes", 0),
        ],
    },
    Table {
        scenario: "S8",
        title: "S8: edits while N creates are queued",
        text: "A settled object is edited every 500 ms. From the answer to the edit until Ready is seen for it. `write` is how \
               long the API server took to answer the edit itself: the candidate's answer to it is such a write too.",
        columns: &[
            ("edits", "edits", 0),
            ("p50 ms", "p50Ms", 0),
            ("p99 ms", "p99Ms", 0),
            ("max ms", "maxMs", 0),
            ("write p50 ms", "writeP50Ms", 0),
            ("write p99 ms", "writeP99Ms", 0),
            ("not served", "unserved", 0),
            ("creates/s meanwhile", "createsPerSecond", 1),
        ],
    },
    Table {
        scenario: "S9",
        title: "S9: the limit falls from 100 to 20 and comes back",
        text: "Nobody is told. Goodput is calls carried out, as a share of the limit of that phase. Recovered: 90 % of the limit \
               over one second.",
        columns: &[
            ("goodput before", "goodputBefore", 2),
            ("at 20/s", "goodputLow", 2),
            ("rejected at 20/s", "rejectedLow", 0),
            ("recovered after s", "recoverySeconds", 1),
            ("goodput after", "goodputAfter", 2),
            ("rejected before and after", "rejectedAfter", 0),
        ],
    },
    Table {
        scenario: "S9b",
        title: "S9b: another client takes half of the limit",
        text: "Unannounced, 50 calls/s for 40 s. Goodput is a share of the half that is left.",
        columns: &[
            ("goodput", "goodput", 2),
            ("rejected of 1,000", "rejectedPer1000", 1),
            ("the other's rejected of 1,000", "neighbourRejectedPer1000", 1),
        ],
    },
    Table {
        scenario: "S10",
        title: "S10: N Datasets are deleted",
        text: "Settled objects, deleted at 200/s; until the last is gone.",
        columns: &[
            ("seconds", "seconds", 1),
            ("of N/100 s", "ratio", 3),
            ("calls each", "callsPerDelete", 2),
            ("writes each", "writesPerDelete", 2),
            ("rejected", "rejected", 0),
            ("left in the cloud", "left", 0),
        ],
    },
    Table {
        scenario: "S11",
        title: "S11: very many settled objects",
        text: "Preloaded; from the start of the process.",
        columns: &[
            ("MB", "operatorRssMb", 0),
            ("peak MB", "operatorPeakMb", 0),
            ("ready s", "readySeconds", 1),
            ("verified s", "verifiedSeconds", 1),
            ("calls", "calls", 0),
            ("writes", "writes", 0),
            ("CPU s", "operatorCpuSeconds", 1),
            ("emulator MB", "emulatorRssMb", 0),
        ],
    },
    Table {
        scenario: "S12",
        title: "S12: a long life in short",
        text: "Resync 5 s, and one connection in fifty to the cloud breaks.",
        columns: &[
            ("seconds", "seconds", 0),
            ("resyncs", "resyncs", 0),
            ("MB", "rssMb", 1),
            ("MB a minute", "rssMbPerMinute", 3),
            ("growth %", "growthPercent", 2),
            ("writes", "writes", 0),
            ("events", "events", 0),
        ],
    },
    Table {
        scenario: "S13",
        title: "S13: N jobs on ten Datasets",
        text: "Created at 200/s; each runs as long as the setting says, by the emulator's clock. `running` is the time in which \
               all run: from 11 s after the last create until 10 s before the first end. `lists of what 12.3 allows` are those \
               in that time, as a share of those that [the protocol](../protocol.md#12-remotes-that-run-and-end) allows: one for \
               each Dataset after 2 s, then after half as long again each time, up to 30 s. Writes of a job are those of its whole life: \
               claim, record, changes of state, progress. `after` is a minute in which all have ended, without the resync of the Datasets.",
        columns: &[
            ("all created after s", "createdSeconds", 1),
            ("all ended after s", "seconds", 1),
            ("running s", "runningSeconds", 0),
            ("calls a minute", "callsPerMinuteRunning", 1),
            ("of these lists", "listsPerMinuteRunning", 1),
            ("others", "othersPerMinuteRunning", 1),
            ("lists of what 12.3 allows", "listsOfPromised", 2),
            ("writes a minute", "writesPerMinuteRunning", 0),
            ("% of a core", "cpuPercentRunning", 1),
            ("creates a job", "createsPerJob", 2),
            ("reads a job", "readsPerJob", 2),
            ("lists a job", "listsPerJob", 2),
            ("writes a job", "writesPerJob", 2),
            ("calls a minute after", "callsPerMinuteAfter", 1),
            ("writes after", "writesAfter", 0),
            ("MB", "operatorRssMb", 0),
        ],
    },
    Table {
        scenario: "S14",
        title: "S14: one set of N files",
        text: "The files are listed in 25 ConfigMaps. From the create of the set until it is Ready; `of N/10,000 s` is what the \
               limit of 100 calls/s allows with 100 files a call. `MB of the set` is memory 20 s later above that before. Then \
               the operator starts again and lists all files: `walk`.",
        columns: &[
            ("seconds", "seconds", 1),
            ("of N/10,000 s", "ratio", 2),
            ("lists", "lists", 0),
            ("creates", "creates", 0),
            ("statistics", "statistics", 0),
            ("all calls", "calls", 0),
            ("writes", "writes", 0),
            ("CPU s", "operatorCpuSeconds", 1),
            ("MB before", "mbBefore", 0),
            ("MB after", "mbAfter", 0),
            ("MB of the set", "mbOfSet", 0),
            ("peak MB", "operatorPeakMb", 0),
            ("walk s", "walkSeconds", 1),
            ("lists of the walk", "walkLists", 0),
            ("writes of the walk", "walkWrites", 0),
            ("MB after the walk", "mbAfterRestart", 0),
        ],
    },
    Table {
        scenario: "S15",
        title: "S15: nothing happens to N MediaDatasets",
        text: "As S4, for datasets of IMM in one project, listed 200 a call. `all calls` has the page that a resync of the \
               workspace costs at least, which has no datasets here. The lists of IMM have no published price.",
        columns: &[
            ("lists seen a resync", "listsSeenPerResync", 1),
            ("lists of a whole one", "listsPerResync", 1),
            ("lists per day", "listsPerDay", 0),
            ("all calls seen a resync", "callsSeenPerResync", 1),
            ("writes", "writes", 0),
            ("writes at the start", "writesAtStart", 0),
            ("CPU s a resync", "cpuSecondsPerResync", 3),
            ("% of a core at 10 min", "cpuPercentAt10Minutes", 4),
            ("MB", "operatorRssMb", 0),
        ],
    },
    Table {
        scenario: "S0",
        title: "S0: the emulator alone",
        text: "It must never be what is measured: ten times the account's limit on one core, and 100,000 datasets in 300 MB.",
        columns: &[
            ("creates per CPU s", "create.perCpuSecond", 0),
            ("gets per CPU s", "get.perCpuSecond", 0),
            ("mixed at 100k per CPU s", "mixedAtMany.perCpuSecond", 0),
            ("sweep of 100k s", "sweep.seconds", 2),
            ("MiB at 100k", "preload.rssMiB", 0),
        ],
    },
];

/// All tables that have something to show.
pub(super) fn all(groups: &Groups) -> String {
    let mut text = String::new();
    for table in TABLES {
        let of_it: Vec<&Group> = groups.of_scenario(table.scenario).collect();
        if !of_it.is_empty() {
            one(table, &of_it, &mut text);
        }
    }
    text
}

fn one(table: &Table, groups: &[&Group], text: &mut String) {
    // A column that no run has a figure for is left out.
    let columns = table.columns.iter().filter(|(_, name, _)| groups.iter().any(|group| group.figure(name).is_some()));
    let columns: Vec<&Column> = columns.collect();
    let _ = write!(text, "## {}\n\n{}\n\n| candidate | setting |", table.title, table.text);
    for (heading, ..) in &columns {
        let _ = write!(text, " {heading} |");
    }
    let _ = write!(text, " load | runs |\n| --- | --- |{}\n", " ---: |".repeat(columns.len() + 2));
    for group in groups {
        let _ = write!(text, "| {} | {} |", group.key.candidate, setting(group));
        for (_, name, decimals) in &columns {
            let value = group.figure(name).map_or("–".to_owned(), |figure| figure.text(*decimals));
            let value = if group.finished() { value } else { format!("*{value}*") };
            let _ = write!(text, " {value} |");
        }
        let load = group.load().map_or(String::new(), |load| load.text(1));
        let _ = writeln!(text, " {load} | {} |", group.runs());
    }
    text.push('\n');
    for group in groups {
        for note in group.notes() {
            let note = note.lines().next().unwrap_or_default().replace('|', "/");
            let _ = writeln!(text, "* {}, {}: {note}", group.key.candidate, setting(group));
        }
    }
    text.push('\n');
}

/// `N=1,000, L=50, window`
fn setting(group: &Group) -> String {
    let parameters = &group.key.parameters;
    let mut setting = format!("N={}, L={}", parameters.n, parameters.latency_ms);
    for part in [parameters.quota.as_str(), parameters.variant.as_str()] {
        if !part.is_empty() {
            let _ = write!(setting, ", {part}");
        }
    }
    setting
}
