//! Random histories, random lateness, random renunciation.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Event {
    Ask(u64),
    Forget(u64),
    Throttled(u64),
    Succeeded,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => (0..12u64).prop_map(Event::Ask),
        2 => (0..12u64).prop_map(Event::Forget),
        1 => prop_oneof![Just(0), 0..2000u64, Just(u64::MAX)].prop_map(Event::Throttled),
        2 => Just(Event::Succeeded),
    ]
}

proptest! {
    /// Whatever happens in whatever order: the rate is kept, nothing panics, the rate keeps its bounds.
    #[test]
    fn the_rate_is_kept_in_every_history(
        qps in prop_oneof![0.001..1.0f64, 1.0..200.0f64, 200.0..1_000_000.0f64],
        history in prop::collection::vec((0..40_000u64, event()), 1..300),
    ) {
        let mut schedule = Schedule::new(qps).unwrap();
        let mut now = Duration::ZERO;
        let mut grants = Vec::new();
        for (gap, event) in history {
            now += Duration::from_micros(gap);
            match event {
                Event::Ask(number) => match schedule.ask(now, key(number)) {
                    Verdict::Granted => grants.push(now),
                    Verdict::At(time) => prop_assert!(time >= now),
                },
                Event::Forget(number) => schedule.forget(&key(number)),
                Event::Throttled(after) => schedule.throttled(now, ms(after)),
                Event::Succeeded => schedule.succeeded(now),
            }
            prop_assert!(schedule.rate() <= qps * 0.98 && schedule.rate() >= qps / 64.0);
        }
        keeps_the_rate(&grants, qps * 0.98);
    }

    /// However late keys come back, and whatever is throttled meanwhile, everybody is served, the rate is
    /// kept, and the delay is bounded by the lateness.
    #[test]
    fn everyone_is_served_however_late_they_come(
        lateness in prop::collection::vec(0..400u64, 1..200),
        count in 1..150u64,
    ) {
        let mut schedule = Schedule::new(100.0).unwrap();
        let late = |_: u64, visit: u64| {
            let index = usize::try_from(visit).unwrap() % lateness.len();
            ms(lateness[index])
        };
        let crowd = Crowd::arriving_at_once(count).run(&mut schedule, late);
        prop_assert_eq!(crowd.granted.len() as u64, count);
        keeps_the_rate(&crowd.times(), 98.0);
        let end = crowd.end().as_millis();
        prop_assert!(end < u128::from(count) * 1000 / 98 + 3000, "{} ms for {}", end, count);
    }

    /// Places that are given up and taken anew lose no slot: as long as someone waits, every slot is used.
    #[test]
    fn giving_up_places_loses_no_slot(given_up in prop::collection::btree_set(2..200u64, 0..150)) {
        let mut schedule = Schedule::new(100.0).unwrap();
        for number in 0..200 {
            schedule.ask(Duration::ZERO, key(number));
        }
        for number in &given_up {
            schedule.forget(&key(*number));
        }
        let staying = (2..200).filter(|number| !given_up.contains(number));
        let newcomers = (0..).map(|number| 1000 + number).take(given_up.len());
        let visits = staying.chain(newcomers).map(|who| ((ms(1), who), who)).collect();
        let crowd = Crowd { visits, granted: Vec::new(), asked: 0 };
        let crowd = crowd.run(&mut schedule, |_, _| Duration::ZERO);
        prop_assert_eq!(crowd.granted.len(), 198);
        prop_assert!((crowd.end().as_secs_f64() - 198.0 / 98.0).abs() < 1e-3, "{:?}", crowd.end());
    }
}
