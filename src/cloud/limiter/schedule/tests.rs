//! The limiter's promises over time as a value, with a crowd of keys that come back when they are
//! told.

mod histories;

use std::collections::BTreeMap;

use super::*;
use crate::cloud::limiter::queues::Waiting;

const CREATE: Operation = Operation::CreateDataset;

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

/// A place for a create of the object with this number.
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

/// Keys that come back when they are told, each `lateness(key, visit)` later.
struct Crowd {
    /// Real time of the next visit, with the key.
    visits: BTreeMap<(Duration, u64), u64>,
    granted: Vec<(Duration, u64)>,
    asked: u64,
}

impl Crowd {
    fn arriving_at_once(count: u64) -> Self {
        let visits = (0..count).map(|key| ((Duration::ZERO, key), key)).collect();
        Self { visits, granted: Vec::new(), asked: 0 }
    }

    fn run(mut self, schedule: &mut Schedule, lateness: impl Fn(u64, u64) -> Duration) -> Self {
        while let Some(((now, _), who)) = self.visits.pop_first() {
            self.asked += 1;
            match create(schedule, now, who) {
                Verdict::Granted => self.granted.push((now, who)),
                Verdict::At(time) => {
                    assert!(time > now, "a key is never told to come back at once");
                    let visit = time + lateness(who, self.asked);
                    self.visits.insert((visit, self.asked + 1_000_000), who);
                }
                Verdict::Spent(_) => panic!("there is no budget"),
            }
        }
        self
    }

    fn times(&self) -> Vec<Duration> {
        self.granted.iter().map(|(time, _)| *time).collect()
    }

    /// How many places one was served earlier or later than its turn.
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
    let mut schedule = Schedule::new(100.0);
    let crowd = Crowd::arriving_at_once(1000).run(&mut schedule, |_, _| Duration::ZERO);
    let order: Vec<u64> = crowd.granted.iter().map(|(_, key)| *key).collect();
    assert_eq!(order, (0..1000).collect::<Vec<_>>());
    keeps_the_rate(&crowd.times(), 98.0);
    // Two at once, then 998 at 98 per second; two visits each but for the first two.
    assert!((crowd.end().as_secs_f64() - 998.0 / 98.0).abs() < 1e-3, "{:?}", crowd.end());
    assert_eq!(crowd.asked, 2 * 1000 - 2);
}

#[test]
fn small_delays_on_the_way_back_cost_little() {
    // Up to 20 ms, twice the distance of two permits, in no particular order.
    let mut schedule = Schedule::new(100.0);
    let late = |_: u64, visit: u64| scattered(visit, 20);
    let crowd = Crowd::arriving_at_once(3000).run(&mut schedule, late);
    keeps_the_rate(&crowd.times(), 98.0);
    let end = crowd.end().as_secs_f64();
    println!("late20: {end} vs {} visits {} disorder {}", 3000.0/98.0, crowd.asked, crowd.disorder());
    assert!(end < 1.01 * 3000.0 / 98.0, "{end} s");
    assert!(crowd.asked < 15_000, "{} visits", crowd.asked);
    assert!(crowd.disorder() < 60, "{} places from the order", crowd.disorder());
}

#[test]
fn after_a_standstill_everyone_is_served_at_the_full_rate() {
    // Whoever should have come within the first second comes at its end.
    let mut schedule = Schedule::new(100.0);
    let stall = |key: u64, visit: u64| match (key, visit) {
        (0..=99, 0..=500) => ms(1000).saturating_sub(ms(key * 10)),
        // A timer is hardly ever exact.
        _ => scattered(visit, 3),
    };
    let crowd = Crowd::arriving_at_once(500).run(&mut schedule, stall);
    keeps_the_rate(&crowd.times(), 98.0);
    let end = crowd.end().as_secs_f64();
    println!("stall: {end} vs {} visits {} disorder {}", 500.0/98.0, crowd.asked, crowd.disorder());
    assert!(end < 500.0 / 98.0 + 1.1, "{end} s");
    assert!(crowd.asked < 7 * 500, "{} visits", crowd.asked);
    // Those who were served while the first hundred were away went ahead of them, nobody else.
    assert!(crowd.disorder() <= 100, "{} places from the order", crowd.disorder());
}
