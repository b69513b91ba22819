//! Random histories: random lateness, random places that are given up.

use proptest::prelude::*;

use super::*;

const OPERATIONS: [Operation; 3] = [CREATE, Operation::GetDataset, Operation::ListDatasets];

#[derive(Debug, Clone)]
enum Event {
    Ask(u64, Line),
    Forget(u64),
    /// How long ago the call was sent, and how long to wait.
    Throttled(Operation, Scope, u64, u64),
    Succeeded(Operation),
    Unused,
}

fn operation() -> impl Strategy<Value = Operation> {
    prop::sample::select(&OPERATIONS)
}

fn event() -> impl Strategy<Value = Event> {
    let waiting = prop::sample::select(&[Waiting::Present, Waiting::Away]);
    let line = (prop::sample::select(&Lane::ALL), waiting, operation()).prop_map(|(lane, waiting, operation)| Line {
        lane,
        waiting,
        operation,
    });
    let scope = prop::sample::select(&[Scope::Account, Scope::Operation]);
    let after = prop_oneof![Just(0), 0..2000u64, Just(u64::MAX)];
    prop_oneof![
        12 => (0..12u64, line).prop_map(|(who, line)| Event::Ask(who, line)),
        2 => (0..12u64).prop_map(Event::Forget),
        1 => (operation(), scope, 0..100u64, after)
            .prop_map(|(operation, scope, ago, after)| Event::Throttled(operation, scope, ago, after)),
        3 => operation().prop_map(Event::Succeeded),
        1 => Just(Event::Unused),
    ]
}

proptest! {
    /// In any order of events the rates are kept, nothing panics, nothing is granted before a pause is over, and the
    /// budget holds.
    #[test]
    fn the_rate_is_kept_in_every_history(
        qps in prop_oneof![0.001..1.0f64, 1.0..200.0f64, 200.0..1_000_000.0f64],
        part in 0.01..2.0f64,
        budget in 1..60u64,
        history in prop::collection::vec((0..40_000u64, event()), 1..300),
    ) {
        let of_create = (qps * part).clamp(0.001, 1_000_000.0);
        let limits = Limits::new(qps).unwrap().with_operation(CREATE, of_create).unwrap();
        let mut schedule = Schedule::new(&limits);
        schedule.set_budget(Budget::new(budget, Duration::ZERO));
        let (mut now, mut held, mut spent) = (Duration::ZERO, Duration::ZERO, 0);
        let (mut grants, mut creates) = (Vec::new(), Vec::new());
        for (gap, event) in history {
            now += Duration::from_micros(gap);
            match event {
                Event::Ask(number, line) => match schedule.ask(now, &key(number), line) {
                    Verdict::Granted => {
                        prop_assert!(now >= held);
                        prop_assert!(line.lane == Lane::UserChange || spent < budget);
                        spent += 1;
                        grants.push(now);
                        if line.operation == CREATE {
                            creates.push(now);
                        }
                    }
                    Verdict::At(time) => prop_assert!(time > now),
                    Verdict::Spent(time) => prop_assert!(time > now && spent >= budget - budget / 10),
                },
                Event::Forget(number) => schedule.forget(&key(number)),
                Event::Throttled(operation, scope, ago, after) => {
                    let throttling = Throttling { scope, after: Some(ms(after)) };
                    schedule.throttled(now, now.saturating_sub(ms(ago)), operation, throttling);
                    if scope == Scope::Account {
                        held = held.max(now.saturating_add(ms(after)));
                    }
                }
                Event::Succeeded(operation) => schedule.succeeded(now, operation),
                Event::Unused => {
                    schedule.unused(now);
                    spent = spent.saturating_sub(1);
                }
            }
            prop_assert!(schedule.rate() <= qps * 0.98 && schedule.rate() >= (qps / 5.0).min(1.0));
            prop_assert_eq!(schedule.budget(now), Some((budget, spent)));
        }
        keeps_the_rate(&grants, qps * 0.98);
        keeps_the_rate(&creates, of_create * 0.98);
    }

    /// However late they come back, all are served, the rate is kept, and the lateness bounds the delay.
    #[test]
    fn everyone_is_served_however_late_they_come(
        lateness in prop::collection::vec(0..400u64, 1..200),
        count in 1..150u64,
    ) {
        let mut schedule = at_100();
        let late = |_: u64, visit: u64| {
            let index = usize::try_from(visit).unwrap() % lateness.len();
            ms(lateness[index])
        };
        let crowd = Crowd::arriving_at_once(count).run(&mut schedule, late);
        prop_assert_eq!(crowd.granted.len() as u64, count);
        prop_assert_eq!(schedule.waiting(Lane::Create), 0);
        keeps_the_rate(&crowd.times(), 98.0);
        let end = crowd.end().as_millis();
        prop_assert!(end < u128::from(count) * 1000 / 98 + 3000, "{} ms for {}", end, count);
    }

    /// Nobody waits longer because others gave up, and newcomers get the permits that nobody came for.
    #[test]
    fn giving_up_places_delays_nobody(given_up in prop::collection::btree_set(2..200u64, 0..150)) {
        let mut schedule = at_100();
        let told: Vec<_> = (0..200).map(|who| create(&mut schedule, Duration::ZERO, who)).collect();
        for who in &given_up {
            schedule.forget(&key(*who));
        }
        let mut crowd = Crowd::default();
        (2..200).filter(|who| !given_up.contains(who)).for_each(|who| {
            let Verdict::At(time) = told[usize::try_from(who).unwrap()] else { panic!("two are ahead") };
            crowd.join(time, who, line(Lane::Create, CREATE));
        });
        (0..30).for_each(|number| crowd.join(ms(number * 60), 1000 + number, line(Lane::Create, CREATE)));
        let crowd = crowd.run(&mut schedule, |_, _| Duration::ZERO);
        prop_assert_eq!(crowd.granted.len(), 198 - given_up.len() + 30);
        keeps_the_rate(&crowd.times(), 98.0);
        prop_assert!(crowd.end() < Duration::from_secs_f64(230.0 / 98.0), "{:?}", crowd.end());
    }
}
