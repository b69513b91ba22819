//! What a decision depends on, small enough to be a key: the production `plan` is asked once for each different
//! question and its answer is remembered. So millions of states cost some ten thousand calls of `plan`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dataset_operator::api::condition::Reason;
use dataset_operator::engine::desired::{Deletion, Desired, First, Policy};
use dataset_operator::engine::facts::{Facts, Stored};
use dataset_operator::engine::fields::Fields;
use dataset_operator::engine::mark::{Labels, Origin};
use dataset_operator::engine::plan::{self, Step};
use dataset_operator::engine::recorded::{Ended, Recorded, RemoteId};
use dataset_operator::engine::report::{Hold, Next, Ready, Report};
use dataset_operator::engine::status;
use dataset_operator::engine::view::{Process, Relations, Remote, Seen, Sight, View, World};
use serde_json::json;

use crate::answer::{Do, read};
use crate::words::{self, Words};
use crate::world::{self, Flight, Id, Kin, Landed, Looks, Nonce, Object, REMOTES, Status, Uid, each};

/// What never changes in a scenario, for one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Wish {
    /// `adoption.policy`: 0 `AdoptIfMarked`, 1 `CreateOnly`, 2 `AdoptByName`, 3 `AdoptOnly`.
    pub policy: u8,
    /// `onExternalDeletion: Recreate`
    pub recreate: bool,
    /// `deleteForeignVersions: true`
    pub delete_foreign: bool,
}

/// What the process remembers of the object, by the production memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Memory {
    /// Ticks since this process first saw the newest nonce.
    pub doubt_age: u8,
    /// Lists since then.
    pub lists: u8,
    /// Lists after the settle time.
    pub settled_lists: u8,
    /// The doubt is over.
    pub resolved: bool,
    /// Known never executed.
    pub never_executed: Option<Nonce>,
    /// Ticks since "name taken".
    pub name_taken: Option<u8>,
    /// Ticks since the deletion was first seen.
    pub deleting_age: u8,
    /// Ticks since the id was recorded.
    pub recorded_age: Option<u8>,
}

/// Everything a decision depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(clippy::struct_excessive_bools, reason = "as in the production view")]
pub struct Question {
    /// Which slot asks.
    pub slot: u8,
    /// What never changes.
    pub wish: Wish,
    /// The copy of the object (its version does not matter).
    pub object: Object,
    /// What is remembered.
    pub memory: Memory,
    /// Digits that nobody has used.
    pub fresh: Nonce,
    /// See the production view.
    pub object_is_fresh: bool,
    /// See the production view.
    pub swept: bool,
    /// See the production view.
    pub absence_counts: bool,
    /// Remotes, by id.
    pub sights: [world::Sight; REMOTES],
    /// The dataset of this version is known gone.
    pub dataset_gone: bool,
    /// It was read in this pass.
    pub dataset_read: bool,
    /// Remotes with the owner mark.
    pub owned: Looks,
    /// They were listed in this pass.
    pub owned_is_fresh: bool,
    /// Remotes with the name.
    pub named: Option<Looks>,
    /// Versions.
    pub versions: Option<Looks>,
    /// Lives here that other slots have, as bits.
    pub live_here: u16,
    /// Ids that others recorded, as bits.
    pub elsewhere: u8,
    /// See the production view.
    pub permit: bool,
    /// See the production view.
    pub flight: Option<Flight>,
    /// The principal in use.
    pub principal: u8,
    /// Relatives.
    pub kin: Kin,
    /// Somebody else's version exists.
    pub stranger_version: bool,
    /// The service refused to delete the dataset.
    pub delete_refused: bool,
}

/// Asks the production `plan`, and remembers.
pub struct Oracle {
    words: Words,
    settle: Duration,
    list_lag: Duration,
    plan: fn(&View) -> Step,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    answers: HashMap<Question, Do>,
    arms: BTreeMap<String, u64>,
    guards: HashMap<(Id, Id), Guards>,
}

/// Which tests a status patch begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guards {
    /// That of the uid.
    pub uid: bool,
    /// That of the id that was read.
    pub id: bool,
}

impl Oracle {
    /// An oracle for one scenario.
    #[must_use]
    pub fn new(versioned: bool, settle: u8, list_lag: u8, plan: fn(&View) -> Step) -> Self {
        Self {
            words: Words::new(versioned),
            settle: ticks(settle),
            list_lag: ticks(list_lag),
            plan,
            known: Mutex::default(),
        }
    }

    /// The next step.
    #[must_use]
    pub fn ask(&self, question: &Question) -> Do {
        if let Some(answer) = self.known().answers.get(question) {
            return *answer;
        }
        let step = (self.plan)(&self.view(question));
        let answer = read(&self.words, &step);
        let mut known = self.known();
        *known.arms.entry(arm(&step)).or_default() += 1;
        known.answers.insert(*question, answer);
        answer
    }

    /// The tests that production puts before a status patch from `before` to `after`.
    #[must_use]
    pub fn guards(&self, before: &Status, after: &Status) -> Guards {
        let key = (before.id, after.id);
        if let Some(guards) = self.known().guards.get(&key) {
            return *guards;
        }
        let recorded = |id: Id, observed_generation| Recorded {
            id: (id > 0).then(|| self.words.id(id)),
            observed_generation,
            ..Recorded::default()
        };
        let patch = status::patch("u1", &recorded(before.id, 1), &recorded(after.id, 2)).unwrap_or_default();
        let tests = patch.as_array().into_iter().flatten().filter(|operation| operation["op"] == "test");
        let paths: Vec<_> = tests.filter_map(|operation| operation["path"].as_str()).collect();
        let guards =
            Guards { uid: paths.contains(&"/metadata/uid"), id: paths.iter().any(|path| path.starts_with("/status/")) };
        self.known().guards.insert(key, guards);
        guards
    }

    /// Does what the pass sees of this remote carry a mark of ours, by production's word?
    #[must_use]
    pub fn shows_our_mark(&self, question: &Question, id: Id) -> bool {
        self.view(question).shows_our_mark(&self.words.id(id))
    }

    /// The arms of `plan` that were taken, with the number of different questions.
    #[must_use]
    pub fn arms(&self) -> BTreeMap<String, u64> {
        self.known().arms.clone()
    }

    /// The words in use.
    #[must_use]
    pub const fn words(&self) -> &Words {
        &self.words
    }

    /// The production world of this scenario.
    #[must_use]
    pub fn world(&self, principal: u8) -> World {
        World {
            identity: self.words.ours.clone(),
            account: words::ACCOUNT.into(),
            region: String::new(),
            principal: words::principal(principal),
            settle: self.settle,
            list_lag: self.list_lag,
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The production view of a question.
    #[must_use]
    pub fn view(&self, question: &Question) -> View {
        let object = &question.object;
        View {
            object: self.facts(question),
            recorded: self.recorded(object),
            owner: self.words.owner(question.slot),
            fixed_names: words::FIXED,
            desired: self.desired(question),
            deletion: object.spec.retain.then_some(Deletion::Retain),
            relations: self.relations(question),
            process: process(question),
            seen: self.seen(question),
            world: Arc::new(self.world(question.principal)),
        }
    }

    fn facts(&self, question: &Question) -> Facts {
        let object = &question.object;
        let intent = match &object.intent {
            None => Stored::Absent,
            Some(intent) if intent.uid == object.uid => Stored::Own(self.words.intent(intent)),
            Some(intent) => Stored::Foreign(self.words.intent(intent)),
        };
        let force = match object.spec.force {
            0 => None,
            1 => Some("none".to_owned()),
            id => Some(self.words.id(id - 1).to_string()),
        };
        Facts {
            uid: words::uid(object.uid),
            namespace: "ns".into(),
            name: words::name(question.slot + 1).into(),
            resource_version: object.version.to_string(),
            generation: i64::from(object.generation),
            deleting: object.deleting,
            finalizer: object.finalizer,
            finalizers: Vec::new(),
            intent,
            paused: object.spec.paused,
            force_release: force,
            poll: None,
            requested: None,
        }
    }

    /// Status as production reads it.
    #[must_use]
    pub fn recorded(&self, object: &Object) -> Recorded {
        let status = &object.status;
        let report = match status.told {
            world::Told::Nothing => None,
            world::Told::Ready => Some(Ready::Available(String::new())),
            world::Told::PausedReady => Some(Ready::PausedReady(String::new())),
            world::Told::Paused => Some(Ready::Paused(String::new())),
            world::Told::Working(reason) => Some(Ready::Working(reason_of(reason), String::new())),
            world::Told::Stuck(reason) => Some(Ready::Stuck(reason_of(reason), String::new())),
        };
        let mut recorded = Recorded {
            id: (status.id > 0).then(|| self.words.id(status.id)),
            origin: origin(status.origin),
            recovered: status.recovered,
            attempt: status
                .attempt
                .map(|(nonce, outcome)| Ended { nonce: words::nonce(nonce), outcome: words::outcome(outcome) }),
            principal: (status.principal > 0).then(|| words::principal(status.principal)),
            ..Recorded::default()
        };
        if let Some(fixed) = status.fixed {
            recorded.fixed.insert("Uri".into(), json!(words::uri(fixed)));
        }
        if status.name > 0 {
            recorded.facts.insert("name".into(), json!(words::name(status.name)));
        }
        let observed = if status.observed == 0 { -1 } else { i64::from(status.observed) };
        if let Some(ready) = report {
            let report = Report::new(ready, Next::Event);
            recorded = status::told(&recorded, &report, observed, jiff::Timestamp::UNIX_EPOCH);
        }
        recorded.observed_generation = observed;
        recorded
    }

    fn desired(&self, question: &Question) -> Result<Desired, Hold> {
        let (spec, wish) = (&question.object.spec, &question.wish);
        // What `kinds/version.rs` says of a dataset that is not there.
        if self.words.versioned && question.object.status.id == 0 && matches!(question.kin, Kin::Holds | Kin::Gone) {
            return Err(Hold::waiting(Reason::DependencyNotReady, "the dataset is not Ready yet"));
        }
        let mut fixed = Fields::new();
        fixed.insert("Uri".into(), json!(words::uri(spec.fixed)));
        let mut mutable = Fields::new();
        if !self.words.versioned && spec.adopt == 0 {
            mutable.insert("Name".into(), json!(words::name(question.slot + 1)));
        }
        mutable.insert("Description".into(), json!(words::description(spec.mutable)));
        let mut create = fixed.clone();
        create.extend(mutable.clone());
        Ok(Desired {
            target: self.words.target(false),
            create,
            fixed,
            mutable,
            labels: BTreeMap::new(),
            first: First::default(),
            adopt: (spec.adopt > 0).then(|| self.words.id(spec.adopt)),
            policy: match wish.policy {
                1 => Policy::CreateOnly,
                2 => Policy::ByName,
                3 => Policy::Only,
                _ => Policy::IfMarked,
            },
            bind: false,
            recreate: wish.recreate,
        })
    }

    fn relations(&self, question: &Question) -> Relations {
        let mut relations = Relations::default();
        if !question.object.deleting {
            return relations;
        }
        if self.words.versioned {
            let retains = question.object.spec.retain || question.object.status.origin == 2;
            let recorded = question.object.status.id > 0;
            relations.swept_along = question.kin == Kin::Doomed && recorded && !retains && !question.delete_refused;
            relations.alone = question.kin == Kin::Leaving && recorded && !retains;
            return relations;
        }
        relations.delete_foreign = question.wish.delete_foreign;
        match question.kin {
            Kin::Holds => relations.living.push("v".into()),
            Kin::Leaving => relations.leaving.push("v".into()),
            Kin::Doomed => {
                relations.doomed.insert("v2".into());
            }
            Kin::Quiet | Kin::Gone => {}
        }
        relations
    }

    fn seen(&self, question: &Question) -> Seen {
        let versions = question.stranger_version || matches!(question.kin, Kin::Holds | Kin::Doomed | Kin::Leaving);
        let remote = |id: Id, look: &world::Look| Arc::new(self.words.remote(id, look, versions));
        let all = |looks: &Looks| each(looks).map(|(id, look)| remote(id, look)).collect::<Vec<_>>();
        let mut sights = BTreeMap::new();
        for (id, sight) in (1..).zip(&question.sights) {
            let sight = match sight {
                world::Sight::Unknown => continue,
                world::Sight::Indexed(look) => Sight::Indexed(remote(id, look)),
                world::Sight::Read(look) => Sight::Read(remote(id, look)),
                world::Sight::Gone => Sight::Gone,
            };
            sights.insert(self.words.id(id), sight);
        }
        let dataset = RemoteId::dataset(words::DATASET);
        if question.dataset_gone {
            sights.insert(dataset, Sight::Gone);
        } else if question.dataset_read {
            let read = Remote { id: dataset.clone(), labels: Labels::new(), fields: Fields::new(), latest: None };
            sights.insert(dataset, Sight::Read(Arc::new(read)));
        }
        let bits = |bits: u16| (1..16u8).filter(move |bit| bits & (1_u16 << *bit) != 0);
        let live_here: BTreeSet<_> = bits(question.live_here).map(|uid: Uid| words::uid(uid)).collect();
        let elsewhere = bits(u16::from(question.elsewhere)).map(|id| self.words.id(id)).collect();
        Seen {
            object_is_fresh: question.object_is_fresh,
            swept: question.swept,
            absence_counts: question.absence_counts,
            sights,
            owned: all(&question.owned),
            owned_is_fresh: question.owned_is_fresh,
            named: question.named.as_ref().map(all),
            versions: question.versions.as_ref().map(|_| self.versions(question)),
            live_here,
            recorded_elsewhere: elsewhere,
            permit: question.permit,
            flight: question.flight.map(|flight| self.flight(&flight)),
            drifted: None,
            delete_refused: question.delete_refused,
        }
    }

    /// The versions of a dataset: v1, one of a relative, one of a stranger.
    fn versions(&self, question: &Question) -> Vec<Arc<Remote>> {
        let dataset = self.words.id(question.object.status.id.max(1)).dataset;
        let relative = matches!(question.kin, Kin::Holds | Kin::Doomed | Kin::Leaving).then_some("v2");
        let stranger = question.stranger_version.then_some("v3");
        let names = std::iter::once("v1").chain(relative).chain(stranger);
        let version = |name: &str| Remote {
            id: RemoteId::version(dataset.clone(), name),
            labels: BTreeMap::new(),
            fields: Fields::new(),
            latest: None,
        };
        names.map(|name| Arc::new(version(name))).collect()
    }

    fn flight(&self, flight: &Flight) -> plan::Flight {
        match *flight {
            Flight::Create { nonce, landed } => plan::Flight::Create {
                nonce: words::nonce(nonce),
                landed: match landed {
                    Landed::Not => None,
                    Landed::At(id) => Some(plan::Landed::At(self.words.id(id))),
                    Landed::Refused => {
                        Some(plan::Landed::Refused(Box::new(Report::stuck(Reason::InvalidSpec, "refused"))))
                    }
                },
            },
            Flight::Take { nonce, id, marked, recovered } => {
                plan::Flight::Take { nonce: words::nonce(nonce), id: self.words.id(id), marked, recovered }
            }
        }
    }
}

fn process(question: &Question) -> Process {
    let memory = &question.memory;
    Process {
        doubt_age: ticks(memory.doubt_age),
        lists: u32::from(memory.lists),
        settled_lists: u32::from(memory.settled_lists),
        resolved: memory.resolved,
        never_executed: memory.never_executed.map(words::nonce),
        name_taken: memory.name_taken.map(ticks),
        deleting_age: ticks(memory.deleting_age),
        recorded_age: memory.recorded_age.map(ticks),
        read_age: None,
        fresh: words::digits(question.fresh),
    }
}

/// So many ticks as a duration.
#[must_use]
pub const fn ticks(count: u8) -> Duration {
    Duration::from_secs(count as u64)
}

fn origin(number: u8) -> Option<Origin> {
    match number {
        1 => Some(Origin::Created),
        2 => Some(Origin::Adopted),
        _ => None,
    }
}

fn reason_of(number: u8) -> Reason {
    Reason::ALL.get(usize::from(number)).copied().unwrap_or(Reason::InternalError)
}

/// The arm of `plan` that this step came from, as far as it shows.
fn arm(step: &Step) -> String {
    let name = step.name();
    match step {
        Step::Report(report) | Step::Refuse(_, report) => match &report.ready {
            Ready::Available(_) if report.duplicates.is_some() => format!("{name} Available, duplicates told"),
            Ready::Available(_) => format!("{name} Available"),
            Ready::PausedReady(_) => format!("{name} PausedReady"),
            Ready::Paused(text) => format!("{name} Paused: {}", gist(text)),
            Ready::Working(reason, text) | Ready::Stuck(reason, text) => format!("{name} {reason}: {}", gist(text)),
        },
        Step::Claim(_, flight) => match flight {
            None => format!("{name} put back"),
            Some(plan::Flight::Create { .. }) => format!("{name} a create"),
            Some(plan::Flight::Take { recovered: true, .. }) => format!("{name} a predecessor's"),
            Some(plan::Flight::Take { recovered: false, .. }) => format!("{name} an adoption"),
        },
        Step::Record(record) => format!(
            "{name} {}{}{}",
            record.origin.as_str(),
            if record.recovered { ", recovered" } else { "" },
            if record.settled { ", settled" } else { "" }
        ),
        Step::Reread
        | Step::Sweep
        | Step::Fetch(_)
        | Step::FindOwned
        | Step::FindNamed(_)
        | Step::ListVersions(_)
        | Step::Permit
        | Step::Create
        | Step::Mark(..)
        | Step::Unrelease(_)
        | Step::Change(..)
        | Step::Delete(_)
        | Step::Release(_)
        | Step::Resolve
        | Step::LetGo
        | Step::Leave => name.to_owned(),
    }
}

/// The words of a message without what changes from object to object.
fn gist(text: &str) -> String {
    let plain = |word: &&str| word.chars().all(|letter| letter.is_ascii_alphabetic() || ",;:'".contains(letter));
    text.split(' ').filter(plain).take(8).collect::<Vec<_>>().join(" ")
}
