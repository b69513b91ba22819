//! What a run is judged by: the service, the calls of the operator, and what users and others did. It is the same for a
//! simulated world and for real parts, so that one goal judges both.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pai_emulator::knobs::Write;
use pai_emulator::{Dataset, Emulator, FileMeta, JobOutcome, Knobs, Label, NameScope, ShareRelationship, State};
use serde_json::{Value, json};

use crate::apiserver::store::{Resource, Store};
use crate::history::{Entry, Said};
use crate::job::{Job, PROJECT, WORKSPACE};
use crate::kind::Kind;
use crate::likeness::{Labels, labels};
use crate::refusal::{unknown_code, unknown_status};
use crate::scenario::Scenario;

/// How old the lists of the service are.
const LIST_LAG: u64 = 2000;

/// The properties of the servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// Names repeat, so that a duplicate can come about.
    Plain,
    /// Names repeat, and a copy of a request is taken for another one: nonces are not checked.
    Lax,
    /// Names are unique, and Kubernetes is an older one without streamed lists.
    Strict,
    /// The same, and nonces are not checked: a copy of a create finds its name taken. Shares that are not sent stay.
    Named,
}

impl Sort {
    const fn of(seed: u64) -> Self {
        match seed % 4 {
            0 => Self::Named,
            1 => Self::Lax,
            2 => Self::Strict,
            _ => Self::Plain,
        }
    }
}

/// Names are unique in this world.
pub(crate) fn is_unique(seed: u64) -> bool {
    matches!(Sort::of(seed), Sort::Strict | Sort::Named)
}

/// From this seed on the service says "not found" with a status and a code that nobody knows.
const UNKNOWN: u64 = 64;

fn unknown_missing(seed: u64) -> Option<(u16, String)> {
    let number = usize::try_from(seed.checked_sub(UNKNOWN)?).unwrap_or_default();
    Some((unknown_status(number), unknown_code(number * 7919)))
}

/// The properties of the service in the world of a scenario.
pub fn knobs(scenario: &Scenario) -> Knobs {
    let sort = Sort::of(scenario.seed);
    let knobs = Knobs {
        name_scope: if is_unique(scenario.seed) { NameScope::Workspace } else { NameScope::None },
        nonce_check: !matches!(sort, Sort::Lax | Sort::Named),
        list_lag_ms: LIST_LAG,
        // Whether labels that are not sent stay, no source says.
        version_labels_put: if sort == Sort::Plain { Write::Replace } else { Write::Upsert },
        sharing_update: if sort == Sort::Named { Write::Upsert } else { Write::Replace },
        job_pending_ms: 2000,
        job_run_ms: if scenario.job == Job::RunDelete { 120_000 } else { 5000 },
        job_outcome: if scenario.job == Job::RunRetry { JobOutcome::Failed } else { JobOutcome::Succeeded },
        ..Knobs::default()
    };
    match unknown_missing(scenario.seed) {
        Some((status, code)) => Knobs { not_found_status: status, not_found_code: code, ..knobs },
        None => knobs,
    }
}

/// What somebody else made during a job, as it was then.
#[derive(Debug, Clone, Default)]
pub(crate) struct Others {
    /// Files in the dataset of a set.
    pub(crate) files: Vec<FileMeta>,
    /// A file of the set has a tag of theirs.
    pub(crate) tagged: bool,
    /// Shares, each with the id of its dataset.
    pub(crate) shares: Vec<(String, ShareRelationship)>,
    /// Labels of datasets, by id.
    pub(crate) labels: BTreeMap<String, Labels>,
}

/// All that is known of a run.
pub struct Evidence {
    /// The service.
    pub cloud: Emulator,
    /// What users do.
    pub job: Job,
    /// Datasets of others, as they were at the beginning.
    pub(crate) strangers: Vec<Dataset>,
    /// Users who have not finished their work.
    pub busy: AtomicUsize,
    facts: Mutex<Facts>,
}

#[derive(Default)]
struct Facts {
    history: Vec<Entry>,
    /// Objects that are gone because a user removed their finalizer, by uid.
    forced: Vec<String>,
    /// An object had more than one remote; this is reported once.
    twins: Option<String>,
    /// The uids in the marks of all datasets and versions that were ever seen, by the path of the remote.
    owners: BTreeMap<String, String>,
    /// What others have beside the remotes of the objects.
    others: Others,
}

impl Evidence {
    /// Nothing has happened yet. Others have their datasets in the cloud.
    pub fn new(scenario: &Scenario, cloud: Emulator) -> Self {
        for name in ["stranger", if is_unique(scenario.seed) { "other" } else { "one" }] {
            make(&cloud, name);
        }
        let (strangers, mut facts) = (cloud.datasets(), Facts::default());
        if matches!(scenario.job, Job::Adopt | Job::AdoptName) {
            make(&cloud, "theirs");
            let theirs = cloud.datasets().into_iter().find(|dataset| dataset.name == "theirs");
            facts.others.labels.extend(theirs.map(|dataset| (dataset.dataset_id, labels(&team()))));
        }
        let media: Vec<_> = ["stranger", "theirs"].map(media_of_others).into();
        cloud.set_state(State { media_datasets: Some(media), ..State::default() }).unwrap();
        Self { cloud, job: scenario.job, strangers, busy: AtomicUsize::new(0), facts: Mutex::new(facts) }
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call or a step begins: returns its place in the history.
    pub(crate) fn note(&self, entry: Entry) -> usize {
        let mut facts = self.facts();
        facts.history.push(entry);
        facts.history.len() - 1
    }

    /// A server has carried out a call and says so.
    pub(crate) fn said(&self, call: usize, at: Duration, status: u16) {
        self.facts().history[call].said.push(Said { at, status });
    }

    /// The history as somebody else wrote it down.
    pub fn set_history(&self, history: Vec<Entry>) {
        self.facts().history = history;
    }

    /// How many entries the history has.
    pub(crate) fn moment(&self) -> usize {
        self.facts().history.len()
    }

    /// Entries that change objects or remotes, since this moment.
    pub(crate) fn writes_since(&self, moment: usize) -> Vec<Entry> {
        self.facts().history[moment..].iter().filter(|entry| entry.class.writes()).cloned().collect()
    }

    /// All of it.
    pub fn history(&self) -> Vec<Entry> {
        self.facts().history.clone()
    }

    fn any(&self, such: impl Fn(&Entry) -> bool) -> bool {
        self.facts().history.iter().any(such)
    }

    /// Looks at all remotes: whose are they, and has an object more than one now?
    pub fn look_at_remotes(&self) {
        let datasets = self.cloud.datasets();
        let (mut facts, mut uids) = (self.facts(), Vec::new());
        for dataset in &datasets {
            let path = format!("datasets/{}", dataset.dataset_id);
            let versions = dataset.versions.iter();
            let versions = versions.map(|one| (format!("{path}/versions/{}", one.version_name), &one.labels));
            for (path, labels) in std::iter::once((path.clone(), &dataset.labels)).chain(versions) {
                if let Some(uid) = marked(labels) {
                    uids.push(uid);
                    facts.owners.insert(path, uid.to_owned());
                }
            }
        }
        uids.sort_unstable();
        if let Some(twins) = uids.windows(2).find(|pair| pair[0] == pair[1]) {
            facts.twins.get_or_insert_with(|| twins[0].to_owned());
        }
    }

    /// The uid of an object that had more than one remote at some time.
    pub(crate) fn twins(&self) -> Option<String> {
        self.facts().twins.clone()
    }

    /// The uid in the mark of the remote at this path, as it was when it was last seen.
    pub(crate) fn owner_of(&self, path: &str) -> Option<String> {
        self.facts().owners.get(path).cloned()
    }

    /// Notes what somebody else made.
    pub(crate) fn note_others(&self, note: impl FnOnce(&mut Others)) {
        note(&mut self.facts().others);
    }

    /// What others made so far.
    pub(crate) fn others(&self) -> Others {
        self.facts().others.clone()
    }

    /// An object was forced away.
    pub(crate) fn force_away(&self, uid: &str) {
        self.facts().forced.push(uid.to_owned());
    }

    /// Was any object forced away?
    pub(crate) fn has_forced_any(&self) -> bool {
        !self.facts().forced.is_empty()
    }

    /// Was the create of a run carried out twice? The second one is a copy of the first, which is left alone.
    pub(crate) fn made_twice(&self) -> bool {
        let twice = |entry: &Entry| matches!(entry.fault, Some(Kind::Twice | Kind::TwiceSecond));
        self.any(|entry| entry.what.starts_with("CreateDatasetJob") && twice(entry))
    }

    /// Was the create of a configuration delivered twice, and answered with what came of the copy?
    pub(crate) fn refused_copy(&self) -> bool {
        let second = |entry: &Entry| entry.fault == Some(Kind::TwiceSecond);
        self.any(|entry| entry.what.starts_with("CreateDatasetJobConfig") && second(entry))
    }

    /// May this remote be left over from an object that was forced away? Yes, if the next object of its name went at
    /// once as well, or if the operator could not see the remote: then no object knew it. But it must have been
    /// reported, unless its mark does not name the object in clear (protocol, section 10).
    pub(crate) fn may_be_left(&self, store: &Store, uid: &str, id: &str, resource: Resource) -> bool {
        let blind = |entry: &Entry| matches!(entry.fault, Some(Kind::Delete | Kind::Recreate | Kind::Stranger));
        if resource == Resource::Media {
            // The mark may be that of any object of this name.
            return self.has_forced_any() && self.any(blind);
        }
        let forced = self.facts().forced.iter().any(|forced| forced == uid);
        forced && self.any(blind) && store.has_told("OrphanFound", id)
    }

    /// Was a description carried out later than it was answered? It may put a mark back (protocol, section 10).
    pub(crate) fn described_late(&self) -> bool {
        self.any(|entry| entry.fault == Some(Kind::Late) && entry.what.starts_with("imm:UpdateDataset"))
    }

    /// Did the operator have another identity for a while?
    pub(crate) fn was_someone_else(&self) -> bool {
        self.any(|entry| entry.fault == Some(Kind::Stranger))
    }

    // --- what others do ---

    /// Somebody else deletes the dataset of this name in the cloud, with its versions.
    pub(crate) fn delete_remote(&self, name: &str) {
        let all = self.cloud.datasets();
        let Some(dataset) = all.iter().find(|dataset| dataset.name == name) else { return };
        let path = format!("/api/v1/datasets/{}", dataset.dataset_id);
        for version in dataset.versions.iter().rev().filter(|version| version.version_name != "v1") {
            let version = format!("{path}/versions/{}", version.version_name);
            self.cloud.console("DELETE", &version, &Value::Null).unwrap();
        }
        self.cloud.console("DELETE", &path, &Value::Null).unwrap();
    }

    /// Somebody else calls this about the labels of the only dataset that carries a mark.
    pub(crate) fn change_labels(&self, method: &str, query: &str, body: &Value) {
        let marked = self.cloud.datasets().into_iter().find(|dataset| marked(&dataset.labels).is_some());
        let path = format!("/api/v1/datasets/{}/labels{query}", marked.unwrap().dataset_id);
        self.cloud.console(method, &path, body).unwrap();
    }
}

/// The uid in the mark among these labels.
pub(crate) fn marked(labels: &[Label]) -> Option<&str> {
    let attempt = labels.iter().find(|label| label.key == "dso-attempt")?;
    attempt.value.split('.').nth(1)
}

/// A media dataset of somebody else.
fn media_of_others(name: &str) -> pai_emulator::MediaDataset {
    let theirs = json!({
        "AccountId": pai_emulator::DEFAULT_ACCOUNT, "ProjectName": PROJECT, "DatasetName": name,
        "Description": "theirs", "DatasetMaxBindCount": 10, "DatasetMaxFileCount": 100,
    });
    serde_json::from_value(theirs).unwrap()
}

fn team() -> Value {
    json!([{"Key": "team", "Value": "vision"}])
}

/// Somebody else makes a dataset.
fn make(cloud: &Emulator, name: &str) {
    let body = json!({
        "Name": name, "WorkspaceId": WORKSPACE, "Property": "DIRECTORY", "DataSourceType": "OSS",
        "Uri": "oss://bucket.oss-cn-hangzhou.aliyuncs.com/data/", "Labels": team(),
    });
    cloud.console("POST", "/api/v1/datasets", &body).unwrap();
}
