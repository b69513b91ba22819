//! Many scenarios: every single fault of a job, every pair of faults, and their results.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::goal::Miss;
use crate::kind::Kind;
use crate::run::{Outcome, run};
use crate::scenario::Scenario;

/// The results of many runs.
#[derive(Debug, Default)]
pub struct Tally {
    /// How many there were.
    pub runs: usize,
    /// Runs that did not end as they must.
    pub misses: Vec<(Scenario, Miss)>,
    /// Runs that ended well, except that a person is asked to act.
    pub human: usize,
    /// The slowest job that ended well, and the simulated time that it took.
    pub slowest: Option<(Duration, Scenario)>,
}

impl Tally {
    /// Adds another.
    pub fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.human += other.human;
        self.misses.extend(other.misses);
        if let Some((took, scenario)) = other.slowest {
            self.took(took, &scenario);
        }
    }

    /// Runs with more than one remote for one object.
    pub fn duplicates(&self) -> usize {
        self.count(|miss| matches!(miss, Miss::Duplicate(_)))
    }

    /// Runs with a remote that has no object, or in which another owner's remote was changed or deleted.
    pub fn orphans(&self) -> usize {
        self.count(|miss| matches!(miss, Miss::Orphan(_) | Miss::Foreign(_)))
    }

    /// Runs that never came to rest, or at too high a price.
    pub fn stuck(&self) -> usize {
        self.count(|miss| {
            matches!(
                miss,
                Miss::Unfinished(_)
                    | Miss::Restless(_)
                    | Miss::Backwards(_)
                    | Miss::Unread(_)
                    | Miss::Unclaimed(_)
                    | Miss::Costly(_)
            )
        })
    }

    fn count(&self, of: impl Fn(&Miss) -> bool) -> usize {
        self.misses.iter().filter(|(_, miss)| of(miss)).count()
    }

    fn took(&mut self, took: Duration, scenario: &Scenario) {
        if self.slowest.as_ref().is_none_or(|(longest, _)| took > *longest) {
            self.slowest = Some((took, scenario.clone()));
        }
    }

    /// Plays a scenario and counts it.
    pub fn play(&mut self, scenario: &Scenario) -> Option<Outcome> {
        self.runs += 1;
        let outcome = match catch_unwind(AssertUnwindSafe(|| run(scenario))) {
            Ok(outcome) => outcome,
            Err(panic) => {
                let said = panic.downcast_ref::<String>().cloned();
                let said = said.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                let miss = Miss::Unfinished(format!("panic: {}", said.unwrap_or_default()));
                self.misses.push((scenario.clone(), miss));
                return None;
            }
        };
        let struck = outcome.history.iter().filter(|entry| entry.fault.is_some()).count();
        let miss = outcome.miss.clone().or_else(|| {
            // The scenario was made from a history, and the same scenario must repeat this history.
            (struck < scenario.faults.len()).then(|| Miss::Unfinished(format!("only {struck} faults struck")))
        });
        if let Some(miss) = &miss {
            self.misses.push((scenario.clone(), miss.clone()));
        } else {
            self.human += usize::from(outcome.human);
            self.took(outcome.took, scenario);
        }
        Some(outcome)
    }
}

/// Every scenario with one more fault, after the faults that it has and before its job was done.
pub fn one_more(scenario: &Scenario, outcome: &Outcome) -> Vec<Scenario> {
    let struck = outcome.history.iter().rposition(|entry| entry.fault.is_some());
    let from = struck.map_or(0, |last| last + 1);
    let entries = outcome.history.get(from..outcome.done).unwrap_or_default();
    let faults = entries.iter().filter_map(|entry| Some((entry.place?, entry))).flat_map(|(place, entry)| {
        let kinds = Kind::of(entry.class).iter().filter(|kind| kind.befalls(&entry.what));
        kinds.map(move |kind| (place, *kind))
    });
    faults.filter(|(_, kind)| scenario.job.allows(*kind)).map(|(place, kind)| scenario.with(place, kind)).collect()
}

/// Every single fault of these scenarios, or with `part` above 1 one of so many of them, the same at each run.
pub fn singles(scenarios: &[Scenario], threads: usize, part: usize) -> Tally {
    let (mut tally, mut singles) = first(scenarios);
    if part > 1 {
        fastrand::Rng::with_seed(1).shuffle(&mut singles);
        singles.truncate(singles.len() / part);
    }
    tally.add(each(&singles, threads, |single, tally| drop(tally.play(single))));
    tally
}

/// Every single fault of these scenarios, and after each of them every second one: all of them, or one of `every` so many.
pub fn pairs(scenarios: &[Scenario], threads: usize, every: usize) -> Tally {
    let (mut tally, singles) = first(scenarios);
    tally.add(each(&singles, threads, |single, tally| {
        let pairs = tally.play(single).map(|outcome| one_more(single, &outcome)).unwrap_or_default();
        // Each first fault begins somewhere else, so that all kinds of second faults have their turn.
        let from = single.faults.first().map_or(0, |fault| fault.place.number as usize % every);
        for pair in pairs.iter().skip(from).step_by(every) {
            tally.play(pair);
        }
    }));
    tally
}

/// Pairs of faults as `dice` pick them, until the time is up.
pub fn some_pairs(scenarios: &[Scenario], threads: usize, dice: u64, until: Instant) -> Tally {
    const OF_EACH: usize = 4;
    let (mut tally, mut singles) = first(scenarios);
    fastrand::Rng::with_seed(dice).shuffle(&mut singles);
    tally.add(each(&singles, threads, |single, tally| {
        if Instant::now() >= until {
            return;
        }
        let mut pairs = tally.play(single).map(|outcome| one_more(single, &outcome)).unwrap_or_default();
        let seed = single.faults.first().map_or(0, |fault| u64::from(fault.place.number));
        fastrand::Rng::with_seed(dice ^ seed).shuffle(&mut pairs);
        for pair in pairs.iter().take(OF_EACH) {
            tally.play(pair);
        }
    }));
    tally
}

/// These scenarios, and all scenarios with one fault more.
fn first(scenarios: &[Scenario]) -> (Tally, Vec<Scenario>) {
    let (mut tally, mut singles) = (Tally::default(), Vec::new());
    for scenario in scenarios {
        singles.extend(tally.play(scenario).map(|outcome| one_more(scenario, &outcome)).unwrap_or_default());
    }
    (tally, singles)
}

/// Does something with each scenario, on this number of threads, until so much has gone wrong that more would say nothing.
fn each(scenarios: &[Scenario], threads: usize, act: impl Fn(&Scenario, &mut Tally) + Sync) -> Tally {
    const ENOUGH: usize = 20;
    let (next, missed, all) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Tally::default()));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut tally = Tally::default();
                while missed.load(Ordering::Relaxed) < ENOUGH
                    && let Some(scenario) = scenarios.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let before = tally.misses.len();
                    act(scenario, &mut tally);
                    missed.fetch_add(tally.misses.len() - before, Ordering::Relaxed);
                }
                all.lock().unwrap().add(tally);
            });
        }
    });
    all.into_inner().unwrap()
}
