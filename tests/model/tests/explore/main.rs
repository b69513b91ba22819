//! The small scenarios, in every `cargo test`, and a proof that the checker finds bugs.

mod index;
mod plans;
mod replicas;

use model::check::{Outcome, check, check_with};
use model::faults::Fault;
use model::model::Model;
use model::properties::Breach;
use model::replay::replay;
use model::scenario::Scenario;
use model::scenarios;

use plans::{impatient, ruthless, without_a_claim};

const MOST: usize = 100_000;

fn good(outcome: &Outcome) {
    assert!(outcome.is_good(), "{}", outcome.violations.join("\n"));
    assert!(!outcome.cut, "{}: more than {MOST} states", outcome.name);
}

#[test]
fn no_promise_is_broken_and_everything_comes_to_rest() {
    let mut states = 0;
    for scenario in scenarios::small() {
        let outcome = check(scenario, MOST);
        good(&outcome);
        states += outcome.states;
    }
    assert!(states > 5_000, "{states} states show little");
}

#[test]
fn a_settle_time_that_is_too_short_is_found_out() {
    let scenario = Scenario { settle: 1, ..Scenario::new("too short").with(&[(Fault::Late, 1), (Fault::Crash, 1)]) };
    let outcome = check(scenario, MOST);
    assert!(outcome.violations.iter().any(|text| text.starts_with("TwoLive")), "{:?}", outcome.violations);
}

#[test]
fn a_plan_that_skips_the_claim_is_found_out() {
    let outcome = check_with(Scenario::new("no claim"), without_a_claim, MOST);
    assert!(!outcome.is_good());
}

#[test]
fn a_plan_that_does_not_wait_is_found_out() {
    let scenario = Scenario::new("impatient").with(&[(Fault::Late, 1)]);
    let outcome = check_with(scenario, impatient, MOST);
    assert!(outcome.violations.iter().any(|text| text.starts_with("TwoLive")), "{:?}", outcome.violations);
}

#[test]
fn a_plan_that_deletes_another_owners_remote_is_found_out() {
    let settled = Scenario { settled: true, ..Scenario::new("ruthless") };
    let scenario = settled.with(&[(Fault::ForeignMark, 1), (Fault::Delete, 1)]);
    let outcome = check_with(scenario, ruthless, MOST);
    assert!(outcome.violations.iter().any(|text| text.starts_with("ForeignDelete")), "{:?}", outcome.violations);
}

#[test]
fn a_known_violation_hides_no_other_one() {
    let scenario = Scenario { settle: 1, ..Scenario::new("too short").with(&[(Fault::Late, 1), (Fault::Crash, 1)]) };
    let known = check(scenario.clone().known(Breach::TwoLive, "the settle time is too short"), MOST);
    assert!(known.is_good() && known.known.len() == 1, "{:?}", known.violations);
    let other = check(scenario.known(Breach::DeletedWanted, "another"), MOST);
    let told = |start: &str| other.violations.iter().any(|text| text.starts_with(start));
    assert!(!other.is_good() && told("TwoLive") && told("DeletedWanted is known no more"), "{:?}", other.violations);
}

/// Once a violation: a recorded remote was put aside for another one, although it lives.
#[test]
fn a_mended_counterexample_stays_mended() {
    let text = include_str!("../../replays/replayed-however-late.txt");
    let scenario = Scenario::new("replayed").with(&[(Fault::Replay, 1), (Fault::Crash, 1)]);
    let way = replay(&Model::new(scenario), text).map_err(|(_, action)| action).unwrap();
    let (_, last) = way.last().unwrap();
    assert_eq!(Breach::of(last), None);
    assert_eq!(last.objects[0].unwrap().status.id, 1, "the recorded remote stays");
    let living: Vec<_> = last.living().map(|(id, _)| id).collect();
    assert_eq!(living, [1], "and the other one is surplus");
}
