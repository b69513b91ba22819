//! Against a simulated service: known limits are kept, unknown ones found, lost ones found again.

use super::service::{FORMS, Form, Quota, SLOTS, World};
use super::*;

/// With another jitter each. More make the same point more slowly.
const RUNS: u64 = 2;

fn runs(mut check: impl FnMut(Form, u64)) {
    for form in FORMS {
        (0..RUNS).for_each(|seed| check(form, seed));
    }
}

#[test]
fn a_known_limit_of_the_account_is_used_and_kept() {
    runs(|form, seed| {
        let mut world = World::new(Schedule::new(100.0), Quota::constant(form, 100.0), 3000, seed);
        world.until(25);
        let (used, rejected) = (world.accepted(1, 25), world.rejected_part(0, 25));
        assert!(used >= 97.0 && rejected <= 0.001, "{form:?} {seed}: {used}/s, {rejected} rejected");
        assert!(world.visits < 4 * 3000, "{} visits", world.visits);
    });
}

#[test]
fn a_known_limit_of_an_operation_is_used_and_kept() {
    for limit in [5.0, 20.0, 50.0] {
        runs(|form, seed| {
            let mut schedule = Schedule::new(100.0);
            schedule.limit(CREATE, limit);
            let mut world = World::new(schedule, Quota::constant(form, 100.0), 2000, seed);
            world.creates = Some(Quota::constant(form, limit));
            world.until(35);
            let (used, rejected) = (world.accepted(1, 35), world.rejected_part(0, 35));
            assert!(
                used >= 0.97 * limit && rejected <= 0.001,
                "{limit} {form:?} {seed}: {used}/s, {rejected} rejected"
            );
        });
    }
}

#[test]
fn the_limit_of_an_operation_is_learnt_within_a_minute() {
    for limit in [20.0, 50.0] {
        runs(|form, seed| {
            let mut world = World::new(Schedule::new(100.0), Quota::constant(form, 100.0), 4000, seed);
            world.creates = Some(Quota::constant(form, limit));
            world.until(60);
            let (used, rejected) = (world.accepted(0, 60), world.rejected_part(0, 60));
            assert!(used >= 0.9 * limit && rejected <= 0.02, "{limit} {form:?} {seed}: {used}/s, {rejected} rejected");
            // The account's rate is none of its business.
            assert!(world.schedule.rate() > 97.9);
        });
    }
}

#[test]
fn an_account_whose_limit_falls_for_a_minute_loses_few_calls_and_recovers_at_once() {
    runs(|form, seed| {
        let quota = Quota::new(form, &[(0, 100.0), (10, 20.0), (70, 100.0)]);
        let mut world = World::new(Schedule::new(100.0), quota, 4000, seed);
        world.until(79);
        let rejected = world.rejected(10, 79);
        assert!(rejected <= count(2 * SLOTS), "{form:?} {seed}: {rejected} rejected");
        let (meanwhile, after) = (world.accepted(10, 70), world.accepted(75, 79));
        assert!(meanwhile >= 0.8 * 20.0 && after >= 0.95 * 98.0, "{form:?} {seed}: {meanwhile}/s, then {after}/s");
    });
}

#[test]
fn what_another_client_leaves_is_used() {
    runs(|form, seed| {
        let mut world = World::new(Schedule::new(100.0), Quota::constant(form, 100.0), 5000, seed);
        world.stranger = Some((50.0, Duration::from_secs(10), Duration::from_secs(70)));
        world.until(78);
        let (used, rejected) = (world.accepted(10, 70), world.rejected_part(10, 70));
        assert!(used >= 0.9 * 50.0 && rejected <= 0.04, "{form:?} {seed}: {used}/s, {rejected} rejected");
        let after = world.accepted(75, 78);
        assert!(after >= 0.95 * 98.0, "{form:?} {seed}: {after}/s");
    });
}

#[test]
fn a_limit_that_comes_back_in_part_is_found() {
    runs(|form, seed| {
        let quota = Quota::new(form, &[(0, 100.0), (5, 20.0), (30, 50.0)]);
        let mut world = World::new(Schedule::new(100.0), quota, 5000, seed);
        world.until(70);
        let (used, rejected) = (world.accepted(40, 70), world.rejected_part(40, 70));
        assert!(used >= 0.8 * 50.0 && rejected <= 0.04, "{form:?} {seed}: {used}/s, {rejected} rejected");
    });
}

#[test]
fn a_service_that_says_when_is_not_asked_before() {
    for form in FORMS {
        let mut world =
            World::new(Schedule::new(100.0), Quota::new(form, &[(0, 100.0), (5, 0.0), (15, 100.0)]), 3000, 0);
        world.after = Some(Duration::from_secs(4));
        world.until(30);
        // One volley each time that the wait is over, whose answers are a twelfth of a second away.
        let rejected = world.rejected(5, 15);
        assert!((3.0..=30.0).contains(&rejected), "{form:?}: {rejected} rejected");
        assert!(world.rejected(6, 9) < 1.0, "{form:?}: nothing is sent while it waits");
        let after = world.accepted(25, 30);
        assert!(after >= 0.95 * 98.0, "{form:?}: {after}/s");
    }
}
