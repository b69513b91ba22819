//! Asks the production `plan` once for each different question and remembers its answer. So millions of states need only
//! some ten thousand calls of `plan`.

mod shown;
mod view;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dataset_operator::plan::Step;
use dataset_operator::plan::account::{AccountView, Caller};
use dataset_operator::plan::aftermath::in_hand;
use dataset_operator::plan::index::Index;
use dataset_operator::plan::recorded::Recorded;
use dataset_operator::plan::view::{OperatorConfig, View};
use dataset_operator::reconcile::conditions;

use crate::answer::Do;
use crate::coverage::arm;
use crate::question::Question;
use crate::words::{self, Words, ticks};
use crate::world::{Id, Status};
use shown::Shown;

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
    guards: HashMap<(Id, Id, u8, u8), Guards>,
}

/// Which tests a status patch begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guards {
    /// That of the uid.
    pub uid: bool,
    /// That of the id that was read.
    pub id: bool,
    /// That of the generation that was seen.
    pub observed: bool,
}

impl Oracle {
    /// An oracle for one scenario.
    #[must_use]
    pub fn new(words: Words, settle: u8, list_lag: u8, plan: fn(&View) -> Step) -> Self {
        Self { words, settle: ticks(settle), list_lag: ticks(list_lag), plan, known: Mutex::default() }
    }

    /// The next step.
    #[must_use]
    pub fn ask(&self, question: &Question) -> Do {
        if let Some(answer) = self.known().answers.get(question) {
            return *answer;
        }
        let view = self.view(question);
        let step = (self.plan)(&view);
        let taken = arm(&step);
        let step = if question.in_hand { in_hand(&view, step) } else { step };
        let answer = self.read(question, &view, &step);
        let mut known = self.known();
        *known.arms.entry(taken).or_default() += 1;
        known.answers.insert(*question, answer);
        answer
    }

    /// The index of the process that asks, as production asks it.
    #[must_use]
    pub fn index<'a>(&'a self, question: &'a Question) -> impl Index + 'a {
        Shown { oracle: self, question }
    }

    /// The tests that production puts before a status patch from `before` to `after`.
    #[must_use]
    pub fn guards(&self, before: &Status, after: &Status) -> Guards {
        let key = (before.id, after.id, before.observed, after.observed);
        if let Some(guards) = self.known().guards.get(&key) {
            return *guards;
        }
        let recorded = |id: Id, observed: u8| Recorded {
            id: (id > 0).then(|| self.words.id(id)),
            observed_generation: if observed == 0 { -1 } else { i64::from(observed) },
            ..Recorded::default()
        };
        // Something is told in any case.
        let told = Recorded { recovered: true, ..recorded(after.id, after.observed) };
        let patch = conditions::patch(self.words.profile(), "u1", &recorded(before.id, before.observed), &told);
        let patch = patch.unwrap_or_default();
        let tests = patch.as_array().into_iter().flatten().filter(|operation| operation["op"] == "test");
        let paths: Vec<_> = tests.filter_map(|operation| operation["path"].as_str()).collect();
        let tests = |path: &str| paths.contains(&path);
        let guards = Guards {
            uid: tests("/metadata/uid"),
            id: tests("/status/datasetId"),
            observed: tests("/status/observedGeneration"),
        };
        self.known().guards.insert(key, guards);
        guards
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

    /// The account of this scenario, called by this principal.
    #[must_use]
    pub fn account(&self, principal: u8) -> AccountView {
        AccountView {
            alias: words::ACCOUNT.into(),
            region: String::new(),
            caller: Caller::by_key(&words::principal(principal)),
        }
    }

    /// The production world of this scenario.
    #[must_use]
    pub fn world(&self) -> OperatorConfig {
        OperatorConfig {
            identity: self.words.ours.clone(),
            settle: self.settle,
            list_lag: self.list_lag,
            default_deletion: None,
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
