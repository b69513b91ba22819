//! The limiter's promises, with the time as a value and a crowd of keys that come back when they are told to.

mod histories;
mod lanes;
mod service;
mod throttled;

use std::collections::BTreeMap;

use super::*;
use crate::cloud::limiter::queues::Waiting;

const CREATE: Operation = Operation::CreateDataset;

/// The schedule of an account with 100 calls per second.
fn at_100() -> Schedule {
    Schedule::new(&Limits::new(100.0).unwrap())
}

const fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

fn key(number: u64) -> Key {
    Key::Object(number.to_string())
}

const fn line(lane: Lane, operation: Operation) -> Line {
    Line { lane, waiting: Waiting::Away, operation }
}

const fn inline(lane: Lane, operation: Operation) -> Line {
    Line { lane, waiting: Waiting::Present, operation }
}

/// Asks for a create of the object with this number.
fn create(schedule: &mut Schedule, now: Duration, number: u64) -> Verdict {
    schedule.ask(now, &key(number), line(Lane::Create, CREATE))
}

/// No window holds more than `rate × length + 2` grants.
fn keeps_the_rate(grants: &[Duration], rate: f64) {
    for (first, begin) in grants.iter().enumerate() {
        for (count, end) in (1..).zip(&grants[first..]) {
            let window = end.saturating_sub(*begin).as_secs_f64();
            let kept = f64::from(count) <= window * rate + 2.0 + 1e-3;
            assert!(kept, "{count} from {begin:?} to {end:?}");
        }
    }
}

/// A time of up to `most` milliseconds that has no rhythm: a multiplicative hash of the number.
fn scattered(number: u64, most: u64) -> Duration {
    let hash = number.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    Duration::from_micros((hash >> 32) % (most * 1000).max(1))
}

/// Owners that come back when they are told to, each later by `lateness(who, visit)`.
#[derive(Default)]
struct Crowd {
    /// The real time of the next visits, with the visitor and its line.
    visits: BTreeMap<(Duration, u64), (u64, Line)>,
    granted: Vec<(Duration, u64)>,
    asked: u64,
}

impl Crowd {
    /// Creates that all arrive at once.
    fn arriving_at_once(count: u64) -> Self {
        let mut crowd = Self::default();
        (0..count).for_each(|who| crowd.join(Duration::ZERO, who, line(Lane::Create, CREATE)));
        crowd
    }

    fn join(&mut self, at: Duration, who: u64, line: Line) {
        self.asked += 1;
        self.visits.insert((at, self.asked), (who, line));
    }

    fn run(self, schedule: &mut Schedule, lateness: impl Fn(u64, u64) -> Duration) -> Self {
        self.until(Duration::MAX, schedule, lateness)
    }

    /// Runs until all have permits, or the time is over.
    fn until(mut self, end: Duration, schedule: &mut Schedule, lateness: impl Fn(u64, u64) -> Duration) -> Self {
        self.asked = 0;
        while let Some(((now, number), (who, line))) = self.visits.pop_first() {
            if now > end {
                self.visits.insert((now, number), (who, line));
                break;
            }
            self.asked += 1;
            match schedule.ask(now, &key(who), line) {
                Verdict::Granted => self.granted.push((now, who)),
                Verdict::At(time) => {
                    assert!(time > now, "nobody is told to come back at once");
                    let visit = time + lateness(who, self.asked);
                    self.visits.insert((visit, self.asked + 1_000_000), (who, line));
                }
                Verdict::Spent(_) => panic!("there is no budget"),
            }
        }
        self
    }

    fn times(&self) -> Vec<Duration> {
        self.granted.iter().map(|(time, _)| *time).collect()
    }

    /// The time at which `who` got its permit.
    fn time_of(&self, who: u64) -> Duration {
        self.granted.iter().find(|(_, granted)| *granted == who).unwrap().0
    }

    /// The largest number of places by which one was served before or after its turn.
    fn disorder(&self) -> u64 {
        let places = (0..).zip(&self.granted);
        places.map(|(place, (_, key))| key.abs_diff(place)).max().unwrap()
    }

    fn end(&self) -> Duration {
        self.times().pop().unwrap()
    }
}

#[test]
fn who_comes_on_time_is_served_in_order_and_no_permit_is_lost() {
    let mut schedule = at_100();
    let crowd = Crowd::arriving_at_once(1000).run(&mut schedule, |_, _| Duration::ZERO);
    let order: Vec<u64> = crowd.granted.iter().map(|(_, key)| *key).collect();
    assert_eq!(order, (0..1000).collect::<Vec<_>>());
    keeps_the_rate(&crowd.times(), 98.0);
    // Two at once, then 998 at 98 per second; two visits each except for the first two.
    assert!((crowd.end().as_secs_f64() - 998.0 / 98.0).abs() < 1e-3, "{:?}", crowd.end());
    assert_eq!(crowd.asked, 2 * 1000 - 2);
}

#[test]
fn small_delays_on_the_way_back_cost_little() {
    // Late by up to 20 ms, twice the distance of two permits, in no particular order.
    let mut schedule = at_100();
    let late = |_: u64, visit: u64| scattered(visit, 20);
    let crowd = Crowd::arriving_at_once(3000).run(&mut schedule, late);
    keeps_the_rate(&crowd.times(), 98.0);
    let end = crowd.end().as_secs_f64();
    assert!(end < 1.01 * 3000.0 / 98.0, "{end} s");
    assert!(crowd.asked < 15_000, "{} visits", crowd.asked);
    assert!(crowd.disorder() < 60, "{} places from the order", crowd.disorder());
}

#[test]
fn after_a_standstill_everyone_is_served_at_the_full_rate() {
    // Keys that should come within the first second come at its end.
    let mut schedule = at_100();
    let stall = |key: u64, visit: u64| match (key, visit) {
        (0..=99, 0..=500) => ms(1000).saturating_sub(ms(key * 10)),
        // A timer is hardly ever exact.
        _ => scattered(visit, 3),
    };
    let crowd = Crowd::arriving_at_once(500).run(&mut schedule, stall);
    keeps_the_rate(&crowd.times(), 98.0);
    let end = crowd.end().as_secs_f64();
    assert!(end < 500.0 / 98.0 + 1.1, "{end} s");
    assert!(crowd.asked < 7 * 500, "{} visits", crowd.asked);
    // The only ones that went before the first hundred are those that were served while these were away.
    assert!(crowd.disorder() <= 100, "{} places from the order", crowd.disorder());
}

#[test]
fn a_place_is_kept_until_its_time() {
    let mut schedule = at_100();
    for number in 0..5 {
        create(&mut schedule, Duration::ZERO, number);
    }
    let Verdict::At(time) = create(&mut schedule, ms(1), 4) else { panic!("three are ahead") };
    assert_eq!(create(&mut schedule, ms(9), 4), Verdict::At(time));
    assert_eq!(create(&mut schedule, time, 4), Verdict::Granted);
    // The place is used up: the next permit is a new one.
    assert_eq!(create(&mut schedule, time, 2), Verdict::Granted);
    assert!(matches!(create(&mut schedule, time, 4), Verdict::At(_)));
}

#[test]
fn places_of_which_nobody_comes_back_delay_nobody() {
    let mut schedule = at_100();
    for number in 0..1000 {
        create(&mut schedule, Duration::ZERO, 5000 + number);
    }
    let mut crowd = Crowd::default();
    (0..500).for_each(|who| crowd.join(ms(1), who, line(Lane::Create, CREATE)));
    (500..700).for_each(|who| crowd.join(ms(1), who, inline(Lane::Sweep, Operation::ListDatasets)));
    let crowd = crowd.run(&mut schedule, |_, visit| scattered(visit, 5));
    let end = crowd.end().as_secs_f64();
    // The limiter cannot know that the thousand will not come, so the others are told to come after them; sweeps fill
    // the gap.
    assert!(end < 1700.0 / 98.0, "{end} s");
    assert!(crowd.time_of(699) < ms(3200), "{:?}", crowd.time_of(699));
}

#[test]
fn a_place_that_is_given_up_is_nobodys() {
    let mut schedule = at_100();
    let told: Vec<Verdict> = (0..6).map(|number| create(&mut schedule, Duration::ZERO, number)).collect();
    schedule.forget(&key(3));
    schedule.forget(&key(77));
    assert_eq!(schedule.waiting(Lane::Create), 3);
    assert_eq!(create(&mut schedule, ms(1), 6), told[5], "the line is shorter by one");
}

#[test]
fn forgotten_keys_do_not_pile_up() {
    let mut schedule = at_100();
    for number in 0..20_000 {
        for who in [number, 1_000_000 + number, 2_000_000 + number] {
            create(&mut schedule, ms(number * 1000), who);
        }
    }
    assert!(schedule.waiting(Lane::Create) < 4096, "{}", schedule.waiting(Lane::Create));
}
