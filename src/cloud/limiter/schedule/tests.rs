//! The limiter's promises over time as a value, with a crowd of keys that come back when they are
//! told.

mod histories;

use std::collections::BTreeMap;

use super::*;

const fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

fn key(number: u64) -> Key {
    Key::Object(number.to_string())
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
    Duration::from_micros((hash >> 32) % (most * 1000))
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
            match schedule.ask(now, key(who)) {
                Verdict::Granted => self.granted.push((now, who)),
                Verdict::At(time) => {
                    assert!(time > now, "a key is never told to come back at once");
                    let visit = time + lateness(who, self.asked);
                    self.visits.insert((visit, self.asked + 1_000_000), who);
                }
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
fn a_quota_that_is_no_positive_number_is_refused() {
    for qps in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e-9, 1e12, 1e308] {
        let error = Schedule::new(qps).unwrap_err();
        assert!(error.to_string().contains("between 0.001 and 1000000"), "{error}");
    }
}

#[test]
fn who_comes_on_time_is_served_in_order_and_no_slot_is_lost() {
    let mut schedule = Schedule::new(100.0).unwrap();
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
    // Up to 20 ms, twice the distance of two slots, in no particular order.
    let mut schedule = Schedule::new(100.0).unwrap();
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
    // Whoever should have come within the first second comes at its end.
    let mut schedule = Schedule::new(100.0).unwrap();
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
    // Those who were served while the first hundred were away went ahead of them, nobody else.
    assert!(crowd.disorder() <= 100, "{} places from the order", crowd.disorder());
}

#[test]
fn a_place_is_kept_until_its_time() {
    let mut schedule = Schedule::new(100.0).unwrap();
    for number in 0..5 {
        schedule.ask(Duration::ZERO, key(number));
    }
    let Verdict::At(time) = schedule.ask(ms(1), key(4)) else {
        panic!("three are ahead");
    };
    assert_eq!(schedule.ask(ms(20), key(4)), Verdict::At(time));
    assert_eq!(schedule.ask(time, key(4)), Verdict::Granted);
    // The place is used up: the next permit is a new one.
    assert_eq!(schedule.ask(time, key(2)), Verdict::Granted);
    assert!(matches!(schedule.ask(time, key(4)), Verdict::At(_)));
}

#[test]
fn a_place_that_is_given_up_goes_to_the_next_one_who_asks() {
    let mut schedule = Schedule::new(100.0).unwrap();
    let told: Vec<Verdict> = (0..6).map(|n| schedule.ask(Duration::ZERO, key(n))).collect();
    schedule.forget(&key(3));
    schedule.forget(&key(77));
    assert_eq!(schedule.ask(ms(1), key(6)), told[3]);
    // And the one after gets the slot behind everybody's.
    let Verdict::At(last) = told[5] else {
        panic!("five are ahead");
    };
    let Verdict::At(next) = schedule.ask(ms(1), key(7)) else {
        panic!("six are ahead");
    };
    assert!(next > last);
}

#[test]
fn throttling_holds_everything_back_and_halves_the_rate_once_a_second() {
    let mut schedule = Schedule::new(100.0).unwrap();
    for number in 0..4 {
        schedule.ask(Duration::ZERO, key(number));
    }
    for _ in 0..50 {
        schedule.throttled(ms(5), ms(300));
    }
    assert!((schedule.rate() - 49.0).abs() < 1e-9, "{}", schedule.rate());
    for number in [2, 3, 4] {
        let told = schedule.ask(ms(100), key(number));
        assert!(matches!(told, Verdict::At(time) if time >= ms(305)), "{told:?}");
    }
    schedule.throttled(ms(1100), Duration::ZERO);
    assert!((schedule.rate() - 24.5).abs() < 1e-9, "{}", schedule.rate());
    for second in 2..60 {
        schedule.throttled(ms(second * 1100), Duration::ZERO);
    }
    assert!((schedule.rate() - 100.0 / 64.0).abs() < 1e-9, "{}", schedule.rate());
}

#[test]
fn a_halved_rate_grows_back_in_ten_seconds_of_successes_and_not_by_itself() {
    let mut schedule = Schedule::new(100.0).unwrap();
    schedule.throttled(Duration::ZERO, Duration::ZERO);
    schedule.succeeded(ms(3_600_000));
    assert!(schedule.rate() < 55.0, "an hour of silence proves little: {}", schedule.rate());

    let mut schedule = Schedule::new(100.0).unwrap();
    schedule.throttled(Duration::ZERO, Duration::ZERO);
    for tick in 1..=900 {
        schedule.succeeded(ms(tick * 10));
    }
    assert!((90.0..97.0).contains(&schedule.rate()), "{}", schedule.rate());
    for tick in 900..=1100 {
        schedule.succeeded(ms(tick * 10));
    }
    assert!((schedule.rate() - 98.0).abs() < 1e-9, "never above: {}", schedule.rate());
}

#[test]
fn forgotten_keys_do_not_pile_up() {
    let mut schedule = Schedule::new(100.0).unwrap();
    for number in 0..20_000 {
        schedule.ask(ms(number * 1000), key(number));
        schedule.ask(ms(number * 1000), key(1_000_000 + number));
        schedule.ask(ms(number * 1000), key(2_000_000 + number));
    }
    assert!(schedule.places.len() < 4096, "{}", schedule.places.len());
}
