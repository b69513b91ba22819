//! Checks of calls: the claim before a create, changes of other owners' remotes, and the number of calls in a second.

use std::collections::BTreeSet;
use std::time::Duration;

use pai_emulator::Dataset;
use serde_json::Value;
use testbed::proxy::{Entry, Side};

use super::{Sort, Violation, changes, dataset_of, violation};

/// More calls than this within a second are too many.
const PACE: usize = 100;

fn is_create(entry: &Entry) -> bool {
    entry.side == Side::Cloud && matches!(entry.operation.as_str(), "CreateDataset" | "CreateDatasetVersion")
}

/// The nonce in the body of a create.
fn nonce_of(entry: &Entry) -> Option<String> {
    let body: Value = serde_json::from_str(&entry.body).ok()?;
    let labels = body["Labels"].as_array()?;
    let mark = labels.iter().find(|label| label["Key"] == "dso-attempt")?;
    mark["Value"].as_str()?.split('.').next().map(str::to_owned)
}

/// Every create was claimed before with its own nonce, and no nonce was sent twice.
///
/// The claim must be *stored* when the create is sent. Its answer does not matter: a claim whose answer was lost is
/// recognised by its nonce, and of a claim that was delivered twice one copy is stored and the other one refused. But a
/// claim that is stored after its create was sent does not count.
pub(super) fn claims_before_creates(entries: &[Entry]) -> Vec<Violation> {
    let (mut wrong, mut sent) = (Vec::new(), BTreeSet::new());
    for (place, create) in entries.iter().enumerate().filter(|(_, entry)| is_create(entry)) {
        let Some(nonce) = nonce_of(create) else {
            wrong.push(violation(Sort::Broken, format!("a create without a mark: {}", create.body)));
            continue;
        };
        let claim = |entry: &Entry| {
            entry.side == Side::Kubernetes
                && entry.method == "PATCH"
                && entry.body.contains("dataset-operator.dev/intent")
                && entry.body.contains(&nonce)
                && entry.was_done_by(create.at)
        };
        if !entries.iter().take(place).any(claim) {
            wrong.push(violation(Sort::Broken, format!("attempt {nonce} was sent and never claimed")));
        }
        if !sent.insert(nonce.clone()) {
            wrong.push(violation(Sort::Broken, format!("attempt {nonce} was sent twice")));
        }
    }
    wrong
}

/// The operator changed only remotes that it made or had to adopt.
pub(super) fn only_ours(entries: &[Entry], may: &BTreeSet<String>) -> Vec<Violation> {
    let theirs = |entry: &&Entry| changes(entry) && !dataset_of(entry).is_empty() && !may.contains(dataset_of(entry));
    let tell = |entry: &Entry| violation(Sort::Broken, format!("{} {} is not ours", entry.method, entry.target));
    entries.iter().filter(theirs).map(tell).collect()
}

/// The datasets of others are unchanged.
pub(super) fn untouched(then: &[Dataset], now: &[Dataset]) -> Vec<Violation> {
    let gone = then.iter().filter(|dataset| !now.contains(dataset));
    gone.map(|dataset| violation(Sort::Broken, format!("{} was touched", dataset.name))).collect()
}

/// Never more than 100 calls within a second.
pub(super) fn pace(entries: &[Entry]) -> Vec<Violation> {
    let times: Vec<_> = entries.iter().filter(|entry| entry.side == Side::Cloud).map(|entry| entry.at).collect();
    let crowd = times.windows(PACE + 1).find(|crowd| match crowd {
        [first, .., last] => last.duration_since(*first) < Duration::from_secs(1),
        _ => false,
    });
    crowd.map(|_| violation(Sort::Broken, format!("more than {PACE} calls within a second"))).into_iter().collect()
}
