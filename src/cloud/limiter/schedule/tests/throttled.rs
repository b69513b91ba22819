//! Throttled calls halve the rate, and calls that are carried out raise it: first call by call, then against a
//! simulated service.

use super::service::{FORMS, Form, Quota, World};
use super::*;

const GET: Operation = Operation::GetDataset;
const VERSION: Operation = Operation::CreateDatasetVersion;
/// Each run has another jitter. More runs would take longer and show nothing else.
const RUNS: u64 = 2;

fn runs(mut check: impl FnMut(Form, u64)) {
    for form in FORMS {
        (0..RUNS).for_each(|seed| check(form, seed));
    }
}

fn throttle(schedule: &mut Schedule, now: Duration, sent: Duration, operation: Operation, scope: Scope, after: u64) {
    schedule.throttled(now, sent, operation, Throttling { scope, after: Some(ms(after)) });
}

fn is(rate: f64, expected: f64) -> bool {
    (rate - expected).abs() < 1e-9
}

#[test]
fn calls_that_were_on_their_way_count_once() {
    let mut schedule = at_100();
    for late in 0..20 {
        throttle(&mut schedule, ms(1000 + late), ms(950 + late), GET, Scope::Account, 0);
    }
    assert!(is(schedule.rate(), 49.0), "{}", schedule.rate());
    assert!(schedule.operation_rates().next().is_none(), "the operation is not to blame");
    // Sent after the pause, at the lowered rate.
    throttle(&mut schedule, ms(1300), ms(1250), GET, Scope::Account, 0);
    assert!(is(schedule.rate(), 24.5), "{}", schedule.rate());
}

#[test]
fn each_call_that_is_carried_out_adds_the_same_up_to_the_ceiling() {
    let mut schedule = at_100();
    throttle(&mut schedule, ms(0), ms(0), GET, Scope::Account, 0);
    schedule.succeeded(ms(3_600_000), GET);
    assert!(is(schedule.rate(), 49.4), "an hour of silence proves nothing: {}", schedule.rate());
    (1..10).for_each(|tick| schedule.succeeded(ms(3_600_000 + tick), GET));
    assert!(is(schedule.rate(), 53.0), "{}", schedule.rate());
    (0..200).for_each(|tick| schedule.succeeded(ms(3_601_000 + tick), GET));
    assert!(is(schedule.rate(), 98.0), "{}", schedule.rate());
}

#[test]
fn the_rate_stays_at_one_call_per_second_whatever_is_throttled() {
    for (qps, least) in [(100.0, 1.0), (0.5, 0.49)] {
        let mut schedule = Schedule::new(&Limits::new(qps).unwrap());
        (0..50)
            .for_each(|second| throttle(&mut schedule, ms(second * 1000), ms(second * 1000), GET, Scope::Account, 0));
        assert!(is(schedule.rate(), least), "{}", schedule.rate());
        let crowd = Crowd::default();
        let crowd = (0..5).fold(crowd, |mut crowd, who| {
            crowd.join(ms(50_000), who, line(Lane::Create, CREATE));
            crowd
        });
        let crowd = crowd.run(&mut schedule, |_, _| Duration::ZERO);
        assert!(crowd.end() < ms(50_000) + Duration::from_secs_f64(6.0 / least), "{:?}", crowd.end());
    }
}

#[test]
fn a_throttled_operation_slows_only_itself_down() {
    let mut schedule = at_100();
    throttle(&mut schedule, ms(1), ms(1), CREATE, Scope::Operation, 700);
    assert!(matches!(create(&mut schedule, ms(2), 1), Verdict::At(time) if time >= ms(701)));
    assert_eq!(schedule.ask(ms(2), &key(2), line(Lane::Create, VERSION)), Verdict::Granted);
    assert!(is(schedule.rate(), 98.0));
    assert!(matches!(schedule.operation_rates().collect::<Vec<_>>()[..], [(CREATE, rate)] if is(rate, 49.0)));
    assert_eq!(create(&mut schedule, ms(900), 1), Verdict::Granted);
}

#[test]
fn no_second_sees_more_than_the_quota_however_calls_crowd() {
    let mut schedule = Schedule::new(&Limits::new(100.0).unwrap().with_operation(GET, 0.5).unwrap());
    // No call for a while, then all at once, twice.
    let times: Vec<Duration> = [0, 1500].iter().flat_map(|at| vec![ms(*at); 150]).collect();
    let left: Vec<Duration> = times.into_iter().map(|now| schedule.leave(now, CREATE)).collect();
    keeps_the_rate(&left, 98.0);
    assert!(*left.last().unwrap() < ms(3100), "{:?}", left.last());
    // An operation with a low quota has longer spans of its own.
    let left = [ms(4000); 2].map(|now| schedule.leave(now, GET));
    assert!(left[1] >= left[0] + ms(2000), "{left:?}");
}

#[test]
fn calls_that_come_at_the_permitted_rate_leave_at_once() {
    let mut schedule = at_100();
    for number in 0..1000_u32 {
        let now = Duration::from_secs(1) * number / 98;
        assert_eq!(schedule.leave(now, CREATE), now, "call {number}");
    }
}

/// The promise of `make bench` for S1, here with claims that take up to 100 ms.
#[test]
fn a_thousand_creates_take_six_hundredths_more_than_the_limit_allows_and_none_is_rejected() {
    runs(|form, seed| {
        let mut world = World::new(at_100(), Quota::constant(form, 100.0), 1000, seed);
        world.slowest_claim = 100;
        world.until(15);
        let took = world.reached(1000).unwrap();
        assert!(took <= ms(10_600) && world.rejected(0, 15) < 1.0, "{form:?} {seed}: {took:?}");
        assert!(world.visits < 3 * 1000, "{} visits", world.visits);
    });
}

#[test]
fn a_known_limit_of_an_operation_is_used_and_nothing_is_rejected() {
    for limit in [5.0, 20.0, 50.0] {
        runs(|form, seed| {
            let limits = Limits::new(100.0).unwrap().with_operation(CREATE, limit).unwrap();
            let schedule = Schedule::new(&limits);
            let mut world = World::new(schedule, Quota::constant(form, 100.0), 2000, seed);
            world.creates = Some(Quota::constant(form, limit));
            world.until(35);
            let (used, rejected) = (world.accepted(1, 35), world.rejected(0, 35));
            assert!(used >= 0.97 * limit && rejected < 1.0, "{limit} {form:?} {seed}: {used}/s, {rejected} rejected");
        });
    }
}

#[test]
fn an_operation_whose_limit_nobody_stated_gets_most_of_it() {
    for limit in [20.0, 50.0] {
        runs(|form, seed| {
            let mut world = World::new(at_100(), Quota::constant(form, 100.0), 4000, seed);
            world.creates = Some(Quota::constant(form, limit));
            world.until(60);
            let (used, rejected) = (world.accepted(0, 60), world.rejected_part(0, 60));
            assert!(used >= 0.8 * limit && rejected <= 0.08, "{limit} {form:?} {seed}: {used}/s, {rejected} rejected");
            // The account's rate is not affected.
            assert!(world.schedule.rate() > 97.9);
        });
    }
}

/// The promise of `make bench` for S9. A quota by the second rejects all calls in the rest of that second.
#[test]
fn an_account_whose_limit_falls_for_a_minute_loses_few_calls_and_recovers_soon() {
    runs(|form, seed| {
        let quota = Quota::new(form, &[(0, 100.0), (10, 20.0), (70, 100.0)]);
        let mut world = World::new(at_100(), quota, 5000, seed);
        world.until(80);
        let most = match form {
            Form::Bucket => 64.0,
            Form::Window => 96.0,
        };
        let rejected = world.rejected(10, 80);
        assert!(rejected <= most, "{form:?} {seed}: {rejected} rejected");
        let (meanwhile, recovered) = (world.accepted(10, 70), world.recovered(70, 90));
        assert!(meanwhile >= 0.75 * 20.0, "{form:?} {seed}: {meanwhile}/s");
        assert!(recovered.is_some_and(|time| time <= ms(5000)), "{form:?} {seed}: {recovered:?}");
        // While the rate is lowered, objects come back more often.
        assert!(world.visits < 80 * 800, "{} visits", world.visits);
    });
}

#[test]
fn what_another_client_leaves_is_used() {
    runs(|form, seed| {
        let mut world = World::new(at_100(), Quota::constant(form, 100.0), 5000, seed);
        world.stranger = Some((50.0, Duration::from_secs(10), Duration::from_secs(70)));
        world.until(78);
        let (used, rejected) = (world.accepted(10, 70), world.rejected_part(10, 70));
        assert!(used >= 0.8 * 50.0 && rejected <= 0.06, "{form:?} {seed}: {used}/s, {rejected} rejected");
        let after = world.accepted(75, 78);
        assert!(after >= 0.95 * 98.0, "{form:?} {seed}: {after}/s");
    });
}

#[test]
fn a_service_that_says_when_is_not_asked_before() {
    for form in FORMS {
        let mut world = World::new(at_100(), Quota::new(form, &[(0, 100.0), (5, 0.0), (15, 100.0)]), 3000, 0);
        world.after = Some(Duration::from_secs(4));
        world.until(30);
        // One volley each time that the wait is over: its answers come a twelfth of a second later.
        let rejected = world.rejected(5, 15);
        assert!((3.0..=30.0).contains(&rejected), "{form:?}: {rejected} rejected");
        assert!(world.rejected(6, 9) < 1.0, "{form:?}: nothing is sent while it waits");
        let after = world.accepted(25, 30);
        assert!(after >= 0.95 * 98.0, "{form:?}: {after}/s");
    }
}
