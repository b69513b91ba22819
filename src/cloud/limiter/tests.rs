//! The limiter with tokio's clock, which the tests stop and advance.

use std::sync::Arc;

use super::*;

const ORDER: [Lane; 3] = [Lane::UserChange, Lane::Create, Lane::Sweep];

#[tokio::test(start_paused = true)]
async fn waiting_inline_and_reserving_share_one_rate() {
    let limiter = Limiter::new(100.0).unwrap();
    let begun = Instant::now();
    for call in 0..50 {
        limiter.acquire(ORDER[call % 3]).await;
        let key = format!("uid-{call}");
        while let Reservation::At(time) = limiter.reserve(&key, Lane::Create) {
            sleep_until(time).await;
        }
    }
    let took = begun.elapsed().as_secs_f64();
    // 100 permits, two of them at once, at 98 per second; a tick of the timer is 1 ms.
    assert!((1.0..1.15).contains(&took), "{took} s");
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_gives_up_leaves_its_place_to_the_next() {
    let limiter = Arc::new(Limiter::new(1.0).unwrap());
    limiter.acquire(Lane::Sweep).await;
    limiter.acquire(Lane::Sweep).await;
    let waiting = {
        let limiter = Arc::clone(&limiter);
        tokio::spawn(async move { limiter.acquire(Lane::Sweep).await })
    };
    tokio::task::yield_now().await;
    let before = limiter.reserve("behind", Lane::Create);
    limiter.forget("behind");
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    let (Reservation::At(before), Reservation::At(after)) = (before, limiter.reserve("instead", Lane::Create)) else {
        panic!("both have to wait");
    };
    assert!(after < before);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_account_waits_as_long_as_the_service_asks() {
    let limiter = Limiter::new(100.0).unwrap();
    limiter.throttled(Some(Duration::from_secs(7)));
    let begun = Instant::now();
    limiter.acquire(Lane::UserChange).await;
    assert!(begun.elapsed() >= Duration::from_secs(7));
    assert!(limiter.rate() < 50.0);
    limiter.succeeded();
    assert!(limiter.rate() >= 49.0);
}

#[test]
fn an_impossible_quota_is_an_error_that_names_it() {
    let error = Limiter::new(0.0).unwrap_err();
    assert_eq!(error.to_string(), "qps must be a number between 0.001 and 1000000, not 0");
    assert!(Limiter::new(f64::NAN).is_err());
}
