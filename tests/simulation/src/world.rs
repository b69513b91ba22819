//! Everything around the operator: both servers, the faults and their places, and the history.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pai_emulator::knobs::Write;
use pai_emulator::{Dataset, Emulator, FileMeta, JobOutcome, Knobs, NameScope, Options, ShareRelationship};
use serde_json::json;

use crate::apiserver::Apiserver;
use crate::apiserver::store::{Key, Resource};
use crate::clock;
use crate::history::{Class, Entry};
use crate::identity;
use crate::job::{Job, NAMESPACE, PROJECT, WORKSPACE};
use crate::kind::Kind;
use crate::life::Life;
use crate::refusal::{unknown_code, unknown_status};
use crate::scenario::{Fault, Place, Scenario, Side};

/// How old the lists of the service are.
const LIST_LAG: u64 = 2000;
/// How long a machine sleeps.
const SLEEP: Duration = Duration::from_secs(60);
/// How long lists are short, writes are refused, or the identity is another: longer than the settle time.
const SPELL: Duration = Duration::from_secs(300);

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

/// From this seed on the service says "not found" with a status and a code that nobody knows.
const UNKNOWN: u64 = 64;

fn unknown_missing(seed: u64) -> Option<(u16, String)> {
    let number = usize::try_from(seed.checked_sub(UNKNOWN)?).unwrap_or_default();
    Some((unknown_status(number), unknown_code(number * 7919)))
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
}

/// The world of one run.
pub(crate) struct World {
    pub(crate) apiserver: Apiserver,
    pub(crate) cloud: Emulator,
    pub(crate) job: Job,
    /// Datasets of others, as they were at the beginning.
    pub(crate) strangers: Vec<Dataset>,
    /// Users who have not finished their work.
    pub(crate) busy: AtomicUsize,
    state: Mutex<State>,
}

struct State {
    random: fastrand::Rng,
    armed: bool,
    faults: Vec<Fault>,
    /// Calls of each side, and seams, since the faults were armed.
    numbers: [u32; 3],
    history: Vec<Entry>,
    life: Life,
    /// Objects that are gone because a user removed their finalizer, by uid.
    forced: Vec<String>,
    /// An object had more than one remote; this is reported once.
    twins: Option<String>,
    /// What others have beside the remotes of the objects.
    others: Others,
    /// How long the machine has slept.
    slept: Duration,
    /// Until then lists leave something out.
    short_until: Duration,
    /// Until then the API server refuses writes to objects.
    denied_until: Duration,
    /// Until then the operator runs under another identity.
    stranger_until: Duration,
}

impl World {
    /// The world at the beginning. The seed decides its sort ([`Sort`]).
    pub(crate) fn new(scenario: &Scenario) -> Arc<Self> {
        let sort = Sort::of(scenario.seed);
        let unique = matches!(sort, Sort::Strict | Sort::Named);
        let knobs = Knobs {
            name_scope: if unique { NameScope::Workspace } else { NameScope::None },
            nonce_check: !matches!(sort, Sort::Lax | Sort::Named),
            list_lag_ms: LIST_LAG,
            sharing_update: if sort == Sort::Named { Write::Upsert } else { Write::Replace },
            job_pending_ms: 2000,
            job_run_ms: if scenario.job == Job::RunDelete { 120_000 } else { 5000 },
            job_outcome: if scenario.job == Job::RunRetry { JobOutcome::Failed } else { JobOutcome::Succeeded },
            ..Knobs::default()
        };
        let knobs = match unknown_missing(scenario.seed) {
            Some((status, code)) => Knobs { not_found_status: status, not_found_code: code, ..knobs },
            None => knobs,
        };
        let credentials = identity::all();
        let options =
            Options { seed: Some(scenario.seed), credentials, knobs, clock: clock::millis, ..Options::default() };
        let cloud = Emulator::without_port(options).unwrap();
        for name in ["stranger", if unique { "other" } else { "one" }] {
            make(&cloud, name);
        }
        let strangers = cloud.datasets();
        if scenario.job == Job::Adopt {
            make(&cloud, "theirs");
        }
        let media: Vec<_> = ["stranger", "theirs"].map(media_of_others).into();
        cloud.set_state(pai_emulator::State { media_datasets: Some(media), ..pai_emulator::State::default() }).unwrap();
        let state = State {
            random: fastrand::Rng::with_seed(scenario.seed),
            armed: false,
            faults: scenario.faults.clone(),
            numbers: [0; 3],
            history: Vec::new(),
            life: Life::default(),
            forced: Vec::new(),
            twins: None,
            others: Others::default(),
            slept: Duration::ZERO,
            short_until: Duration::ZERO,
            denied_until: Duration::ZERO,
            stranger_until: Duration::ZERO,
        };
        Arc::new(Self {
            apiserver: Apiserver::new(if unique { 33 } else { 36 }, clock::now),
            cloud,
            job: scenario.job,
            strangers,
            busy: AtomicUsize::new(0),
            state: Mutex::new(state),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // --- faults ---

    /// From now on calls are counted, and faults happen.
    pub(crate) fn arm(&self) {
        self.state().armed = true;
    }

    /// A call or a step begins: returns its place in the history, and its fault.
    pub(crate) fn begin(&self, life: &Life, side: Side, class: Class, what: String) -> (usize, Option<Kind>) {
        let mut state = self.state();
        let place = state.armed.then(|| {
            let count = &mut state.numbers[side as usize];
            *count += 1;
            Place { side, number: *count }
        });
        let struck = place.and_then(|place| state.faults.iter().position(|fault| fault.place == place));
        let fault = struck.map(|at| state.faults.remove(at).kind);
        let entry = Entry { at: clock::elapsed(), life: life.number, place, class, what, fault, said: Vec::new() };
        state.history.push(entry);
        (state.history.len() - 1, fault)
    }

    /// A server has carried out a call and says so.
    pub(crate) fn said(&self, call: usize, status: u16) {
        self.state().history[call].said.push(status);
    }

    /// The time a message takes.
    pub(crate) fn latency(&self) -> Duration {
        Duration::from_micros(self.state().random.u64(200..8000))
    }

    /// A pass is between two steps. `false`: the operator dies here.
    pub(crate) fn seam(self: &Arc<Self>, when: &str, step: &str) -> bool {
        let life = self.state().life.clone();
        if !life.lives() {
            return false;
        }
        match self.begin(&life, Side::Seam, Class::Seam, format!("{when} {step}")).1 {
            Some(Kind::Crash) => {
                life.end();
                false
            }
            Some(Kind::Stranger) => {
                self.state().stranger_until = clock::elapsed() + SPELL;
                life.end();
                false
            }
            Some(kind) => {
                self.meddle(kind);
                true
            }
            None => true,
        }
    }

    /// How long the machine has slept so far.
    pub(crate) fn slept(&self) -> Duration {
        self.state().slept
    }

    /// From now on lists leave something out for a while.
    pub(crate) fn shorten_lists(&self) {
        self.state().short_until = clock::elapsed() + SPELL;
    }

    /// Do they?
    pub(crate) fn lists_are_short(&self) -> bool {
        clock::elapsed() < self.state().short_until
    }

    /// From now on writes to objects are refused for a while.
    pub(crate) fn deny_writes(&self) {
        self.state().denied_until = clock::elapsed() + SPELL;
    }

    /// Are they?
    pub(crate) fn writes_are_denied(&self) -> bool {
        clock::elapsed() < self.state().denied_until
    }

    /// For how long a life that begins now has another identity.
    pub(crate) fn stranger_for(&self) -> Duration {
        self.state().stranger_until.saturating_sub(clock::elapsed())
    }

    /// The next life of the operator.
    pub(crate) fn begin_life(&self) -> Life {
        let mut state = self.state();
        state.life = state.life.next();
        state.life.clone()
    }

    // --- what happened ---

    /// How many entries the history has.
    pub(crate) fn moment(&self) -> usize {
        self.state().history.len()
    }

    /// Entries that change objects or remotes, since this moment.
    pub(crate) fn writes_since(&self, moment: usize) -> Vec<Entry> {
        self.state().history[moment..].iter().filter(|entry| entry.class.writes()).cloned().collect()
    }

    /// All of it.
    pub(crate) fn history(&self) -> Vec<Entry> {
        self.state().history.clone()
    }

    /// Something was created: has its object more than one remote now?
    pub(crate) fn count_twins(&self) {
        let datasets = self.cloud.datasets();
        let versions = datasets.iter().flat_map(|dataset| dataset.versions.iter().map(|version| &version.labels));
        let labels = datasets.iter().map(|dataset| &dataset.labels).chain(versions);
        let mut uids: Vec<&str> = labels.filter_map(|labels| marked(labels)).collect();
        uids.sort_unstable();
        if let Some(twins) = uids.windows(2).find(|pair| pair[0] == pair[1]) {
            self.state().twins.get_or_insert_with(|| twins[0].to_owned());
        }
    }

    /// The uid of an object that had more than one remote at some time.
    pub(crate) fn twins(&self) -> Option<String> {
        self.state().twins.clone()
    }

    /// Notes what somebody else made.
    pub(crate) fn note_others(&self, note: impl FnOnce(&mut Others)) {
        note(&mut self.state().others);
    }

    /// What others made so far.
    pub(crate) fn others(&self) -> Others {
        self.state().others.clone()
    }

    /// An object was forced away.
    pub(crate) fn force_away(&self, uid: &str) {
        self.state().forced.push(uid.to_owned());
    }

    /// Was any object forced away?
    pub(crate) fn has_forced_any(&self) -> bool {
        !self.state().forced.is_empty()
    }

    /// Was the create of a run carried out twice? The second one is a copy of the first, which is left alone.
    pub(crate) fn made_twice(&self) -> bool {
        let twice = |entry: &Entry| matches!(entry.fault, Some(Kind::Twice | Kind::TwiceSecond));
        self.state().history.iter().any(|entry| entry.what.starts_with("CreateDatasetJob") && twice(entry))
    }

    /// Was the create of a configuration delivered twice, and answered with what came of the copy?
    pub(crate) fn refused_copy(&self) -> bool {
        let second = |entry: &Entry| entry.fault == Some(Kind::TwiceSecond);
        self.state().history.iter().any(|entry| entry.what.starts_with("CreateDatasetJobConfig") && second(entry))
    }

    /// May this remote be left over from an object that was forced away? Yes, if the next object of its name went at
    /// once as well, or if the operator could not see the remote: then no object knew it. But it must have been
    /// reported, unless its mark does not name the object in clear (protocol, section 10).
    pub(crate) fn may_be_left(&self, uid: &str, id: &str, resource: Resource) -> bool {
        let state = self.state();
        let blind = |entry: &Entry| matches!(entry.fault, Some(Kind::Delete | Kind::Recreate | Kind::Stranger));
        if resource == Resource::Media {
            // The mark may be that of any object of this name.
            return !state.forced.is_empty() && state.history.iter().any(blind);
        }
        let forced = state.forced.iter().any(|forced| forced == uid);
        forced && state.history.iter().any(blind) && self.apiserver.has_told("OrphanFound", id)
    }

    /// Was a description carried out later than it was answered? It may put a mark back (protocol, section 10).
    pub(crate) fn described_late(&self) -> bool {
        let late = |entry: &Entry| entry.fault == Some(Kind::Late) && entry.what.starts_with("imm:UpdateDataset");
        self.state().history.iter().any(late)
    }

    /// Did the operator have another identity for a while?
    pub(crate) fn was_someone_else(&self) -> bool {
        self.state().history.iter().any(|entry| entry.fault == Some(Kind::Stranger))
    }

    fn meddle(self: &Arc<Self>, kind: Kind) {
        let (resource, name, spec) = self.job.main();
        match kind {
            Kind::Sleep => self.state().slept += SLEEP,
            Kind::Edit => self.edit(resource, name, self.job.meddling()),
            Kind::Delete => self.delete(resource, name),
            Kind::Recreate => {
                self.recreate(resource, name, spec);
                self.delete(resource, name);
            }
            Kind::Replace => self.replace(resource, name, &spec),
            other => panic!("{other} is no fault between two steps"),
        }
    }
}

/// The uid in the mark among these labels.
pub(crate) fn marked(labels: &[pai_emulator::Label]) -> Option<&str> {
    let attempt = labels.iter().find(|label| label.key == "dso-attempt")?;
    attempt.value.split('.').nth(1)
}

/// Where an object is.
pub(crate) fn key(resource: Resource, name: &str) -> Key {
    Key { resource, namespace: NAMESPACE.to_owned(), name: name.to_owned() }
}

/// A media dataset of somebody else.
fn media_of_others(name: &str) -> pai_emulator::MediaDataset {
    let theirs = json!({
        "AccountId": pai_emulator::DEFAULT_ACCOUNT, "ProjectName": PROJECT, "DatasetName": name,
        "Description": "theirs", "DatasetMaxBindCount": 10, "DatasetMaxFileCount": 100,
    });
    serde_json::from_value(theirs).unwrap()
}

/// Somebody else makes a dataset.
fn make(cloud: &Emulator, name: &str) {
    let body = json!({
        "Name": name, "WorkspaceId": WORKSPACE, "Property": "DIRECTORY", "DataSourceType": "OSS",
        "Uri": "oss://bucket.oss-cn-hangzhou.aliyuncs.com/data/",
        "Labels": [{"Key": "team", "Value": "vision"}],
    });
    cloud.console("POST", "/api/v1/datasets", &body).unwrap();
}
