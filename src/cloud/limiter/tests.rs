//! The limiter with tokio's clock, which the tests stop and advance.

use std::sync::Arc;

use super::*;

const CREATE: Operation = Operation::CreateDataset;
const GET: Operation = Operation::GetDataset;

#[tokio::test(start_paused = true)]
async fn waiting_inline_and_reserving_share_one_rate() {
    let limiter = Limiter::new(100.0).unwrap();
    let begun = Instant::now();
    for call in 0..50 {
        limiter.acquire(Lane::ALL[call % 3], GET).await;
        let key = format!("uid-{call}");
        while let Reservation::At(time) = limiter.reserve(&key, Lane::Create, CREATE) {
            sleep_until(time).await;
        }
    }
    let took = begun.elapsed().as_secs_f64();
    // 100 permits at 98 per second, two of them at once; a tick of the timer is 1 ms.
    assert!((1.0..1.15).contains(&took), "{took} s");
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_gives_up_leaves_its_place() {
    let limiter = Arc::new(Limiter::new(1.0).unwrap());
    limiter.acquire(Lane::Sweep, GET).await;
    let waiting = {
        let limiter = Arc::clone(&limiter);
        tokio::spawn(async move { limiter.acquire(Lane::Create, GET).await })
    };
    tokio::task::yield_now().await;
    assert_eq!(limiter.snapshot().waiting, [(Lane::UserChange, 0), (Lane::Create, 1), (Lane::Sweep, 0)]);
    let before = limiter.reserve("behind", Lane::Create, CREATE);
    limiter.forget("behind");
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    let after = limiter.reserve("instead", Lane::Create, CREATE);
    let (Reservation::At(before), Reservation::At(after)) = (before, after) else { panic!("both have to wait") };
    assert!(after < before);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_account_waits_as_long_as_the_service_asks() {
    let limiter = Limiter::new(100.0).unwrap();
    let begun = Instant::now();
    let throttling = Throttling { scope: Scope::of(None), after: Some(Duration::from_secs(7)) };
    limiter.throttled(GET, begun, throttling);
    limiter.acquire(Lane::UserChange, CREATE).await;
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(7) && waited < Duration::from_secs(8), "{waited:?}");
    assert!(limiter.rate() < 49.1);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_tells_rates_and_the_budget() {
    let now = "2026-07-01T23:59:00Z".parse().unwrap();
    let limits = Limits::new(100.0).unwrap().with_operation(CREATE, 20.0).unwrap();
    let limiter = Limiter::of(&limits).with_daily_budget(4, now);
    limiter.throttled(GET, Instant::now(), Throttling { scope: Scope::of(Some("Throttling.Api")), after: None });
    let LimiterSnapshot { rate, operation_rates, budget, .. } = limiter.snapshot();
    assert!((rate - 98.0).abs() < 1e-9 && budget == Some((4, 0)) && limiter.daily_budget() == Some(4));
    assert!(matches!(operation_rates[..], [(CREATE, stated), (GET, lowered)] if stated < 19.7 && lowered < 49.1));
}

#[tokio::test(start_paused = true)]
async fn a_spent_budget_lets_creates_and_sweeps_wait_for_the_next_day_of_utc() {
    let now = "2026-07-01T23:59:00Z".parse().unwrap();
    let limiter = Limiter::new(100.0).unwrap().with_daily_budget(2, now);
    let (begun, midnight) = (Instant::now(), Instant::now() + Duration::from_secs(60));
    for _ in 0..2 {
        assert_eq!(limiter.reserve("uid", Lane::Create, CREATE), Reservation::Granted);
    }
    assert_eq!(limiter.reserve("uid", Lane::Create, CREATE), Reservation::Spent(midnight));
    limiter.acquire(Lane::UserChange, GET).await;
    assert_eq!(limiter.snapshot().budget, Some((2, 3)));
    limiter.unused();
    assert!(begun.elapsed() < Duration::from_secs(1));
    limiter.acquire(Lane::Sweep, GET).await;
    assert!(begun.elapsed() >= Duration::from_secs(60));
    assert_eq!(limiter.snapshot().budget, Some((2, 1)));
}

#[test]
fn codes_say_whose_calls_were_too_many() {
    for code in [None, Some("Throttling"), Some("Throttling.User")] {
        assert_eq!(Scope::of(code), Scope::Account, "{code:?}");
    }
    for code in ["Throttling.Api", "Rejected.Throttling", "Throttling.Resource"] {
        assert_eq!(Scope::of(Some(code)), Scope::Operation, "{code}");
    }
}

#[test]
fn an_impossible_quota_is_an_error_that_names_it() {
    let error = Limiter::new(0.0).unwrap_err();
    assert_eq!(error.to_string(), "qps must be a number between 0.001 and 1000000, not 0");
    for qps in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e-9, 1e12, 1e308] {
        assert!(Limiter::new(qps).is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn other_limits_count_from_the_next_permit_on() {
    let limiter = Limiter::new(100.0).unwrap();
    let grants = async |seconds: u64| {
        let begun = Instant::now();
        let mut granted = 0;
        while begun.elapsed() < Duration::from_secs(seconds) {
            limiter.acquire(Lane::Create, CREATE).await;
            granted += 1;
        }
        granted
    };
    grants(1).await;
    limiter.set(&Limits::new(10.0).unwrap());
    let slow = grants(10).await;
    assert!((96..=101).contains(&slow), "{slow} at 9.8 a second");
    limiter.set(&Limits::new(100.0).unwrap().with_operation(CREATE, 50.0).unwrap());
    let quick = grants(10).await;
    assert!((488..=494).contains(&quick), "{quick} at 49 a second");
    limiter.set(&Limits::new(100.0).unwrap());
    let quicker = grants(10).await;
    assert!((978..=984).contains(&quicker), "{quicker} at 98 a second");
}

#[tokio::test(start_paused = true)]
async fn a_rate_that_throttling_has_lowered_does_not_jump_to_another_limit() {
    let limiter = Limiter::new(100.0).unwrap();
    limiter.throttled(GET, Instant::now(), Throttling { scope: Scope::of(None), after: None });
    limiter.set(&Limits::new(200.0).unwrap());
    assert!((limiter.rate() - 49.0).abs() < 0.1, "{}", limiter.rate());
    limiter.set(&Limits::new(30.0).unwrap());
    assert!((limiter.rate() - 29.4).abs() < 0.1, "{}", limiter.rate());
}
