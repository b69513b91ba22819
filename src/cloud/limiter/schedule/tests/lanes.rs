//! Lanes, and operations with limits of their own.

use super::*;

const GET: Operation = Operation::GetDataset;
const LIST: Operation = Operation::ListDatasets;
const VERSION: Operation = Operation::CreateDatasetVersion;

/// Lanes that are never empty: each key asks again after its permit. Returns how many permits each lane got.
fn saturated(lanes: &[Lane], seconds: u64) -> [u32; 3] {
    let mut schedule = at_100();
    let mut visits = BTreeMap::new();
    for (number, lane) in (0..).zip(lanes.iter().cycle().take(lanes.len() * 40)) {
        visits.insert((Duration::ZERO, number), *lane);
    }
    let mut granted = [0; 3];
    while let Some(((now, who), lane)) = visits.pop_first() {
        if now > Duration::from_secs(seconds) {
            break;
        }
        let next = match schedule.ask(now, &Key::Waiter(who), inline(lane, GET)) {
            Verdict::Granted => {
                granted[lane as usize] += 1;
                now + ms(1)
            }
            Verdict::At(time) => time + scattered(who ^ now.as_secs(), 2),
            Verdict::Spent(_) => panic!("there is no budget"),
        };
        visits.insert((next, who), lane);
    }
    granted
}

#[test]
fn a_user_change_overtakes_ten_thousand_creates_and_costs_them_one_permit() {
    const CREATES: u64 = 10_000;
    let mut schedule = at_100();
    let mut crowd = Crowd::arriving_at_once(CREATES);
    // One change each second, until the creates are nearly done.
    let changes: Vec<_> = (1..100).map(|number| (CREATES + number, ms(number * 1003))).collect();
    for (who, at) in &changes {
        crowd.join(*at, *who, inline(Lane::UserChange, Operation::UpdateDataset));
    }
    let crowd = crowd.run(&mut schedule, |_, visit| scattered(visit, 5));
    for (who, at) in changes {
        let waited = crowd.time_of(who).saturating_sub(at);
        assert!(waited <= ms(30), "{waited:?}");
    }
    let all = 10_099.0 / 98.0;
    assert!(crowd.end().as_secs_f64() < 1.01 * all, "{:?}", crowd.end());
    let creates = crowd.granted.iter().filter(|(_, who)| *who < CREATES).copied().collect();
    let creates = Crowd { granted: creates, ..Crowd::default() };
    assert!(creates.disorder() < 50, "{} places from the order", creates.disorder());
    keeps_the_rate(&crowd.times()[..3000], 98.0);
}

#[test]
fn no_lane_starves_another() {
    let all = 60.0 * 98.0;
    let parts = |lanes: &[Lane]| saturated(lanes, 60).map(|granted| f64::from(granted) / all);
    let [changes, creates, sweeps] = parts(&Lane::ALL);
    assert!(creates > 0.095 && sweeps > 0.045, "{creates} {sweeps}");
    assert!(changes > 0.83 && changes + creates + sweeps > 0.98, "{changes}");
    let [_, creates, sweeps] = parts(&[Lane::Create, Lane::Sweep]);
    assert!(creates > 0.93 && sweeps > 0.045, "{creates} {sweeps}");
    let [.., sweeps] = parts(&[Lane::Sweep]);
    assert!(sweeps > 0.99, "{sweeps}");
}

#[test]
fn who_waits_inline_goes_before_who_comes_back() {
    let mut schedule = at_100();
    let mut crowd = Crowd::arriving_at_once(100);
    (100..105).for_each(|who| crowd.join(ms(500), who, inline(Lane::Create, CREATE)));
    let crowd = crowd.run(&mut schedule, |_, visit| scattered(visit, 3));
    (100..105).for_each(|who| assert!(crowd.time_of(who) <= ms(570), "{:?}", crowd.time_of(who)));
}

#[test]
fn a_slow_operation_does_not_hold_up_its_lane() {
    let limits = Limits::new(100.0).unwrap().with_operation(CREATE, 20.0).unwrap();
    let mut schedule = Schedule::new(&limits);
    let mut crowd = Crowd::arriving_at_once(2000);
    (2000..4000).for_each(|who| crowd.join(Duration::ZERO, who, line(Lane::Create, VERSION)));
    (4000..4100).for_each(|who| crowd.join(ms(1000), who, inline(Lane::Sweep, LIST)));
    let crowd = crowd.until(Duration::from_secs(20), &mut schedule, |_, visit| scattered(visit, 5));
    let count = |range: std::ops::Range<u64>| crowd.granted.iter().filter(|(_, who)| range.contains(who)).count();
    let (slow, fast, sweeps) = (count(0..2000), count(2000..4000), count(4000..4100));
    assert!((20 * 19..=20 * 20).contains(&slow), "{slow}");
    assert!(slow + fast + sweeps > 20 * 97, "{slow} {fast} {sweeps}");
    assert!(sweeps > 80, "{sweeps}");
    let creates: Vec<_> = crowd.granted.iter().filter(|(_, who)| *who < 2000).map(|(time, _)| *time).collect();
    keeps_the_rate(&creates, 19.6);
}

#[test]
fn a_spent_budget_closes_lanes_without_holding_others_up() {
    let mut schedule = at_100();
    schedule.set_budget(Budget::new(20, Duration::ZERO));
    let day = Duration::from_secs(24 * 3600);
    let (change, sweep) = (inline(Lane::UserChange, GET), inline(Lane::Sweep, LIST));
    // Two of these get permits at once; the others keep places.
    for who in 0..30 {
        create(&mut schedule, Duration::ZERO, who);
    }
    for number in 0..18 {
        assert_eq!(schedule.ask(ms(100 + number * 20), &key(100), change), Verdict::Granted, "{number}");
    }
    assert_eq!(schedule.budget(ms(900)), Some((20, 20)));
    assert_eq!(schedule.ask(ms(900), &key(200), sweep), Verdict::Spent(day));
    assert_eq!(create(&mut schedule, ms(900), 5), Verdict::Spent(day));
    assert_eq!(schedule.ask(ms(900), &key(100), change), Verdict::Granted);
    schedule.unused(ms(900));
    schedule.unused(ms(900));
    assert_eq!(schedule.budget(ms(900)), Some((20, 19)));
    assert_eq!(schedule.ask(ms(950), &key(200), sweep), Verdict::Spent(day), "nine tenths are spent");
    assert_eq!(create(&mut schedule, ms(2000), 5), Verdict::Granted);
    assert_eq!(create(&mut schedule, day, 6), Verdict::Granted);
    assert_eq!(schedule.budget(day), Some((20, 1)));
}
