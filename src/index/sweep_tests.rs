//! The sweep of a service that behaves: what it costs, what it notices, whom it wakes.

use std::sync::Arc;
use std::time::Duration;

use pai_emulator::{Dataset, Knobs, State};
use serde_json::{Value, json};

use super::stage::*;
use crate::engine::recorded::RemoteId;

#[tokio::test(start_paused = true)]
async fn a_round_of_250_is_three_calls_and_later_ones_are_spread_over_the_resync() {
    let mut stage = Stage::new(all_marked(250), Knobs::default()).await;
    stage.recorded(0..250);
    stage.swept().await;
    assert_eq!((stage.calls(), stage.known(250)), ((3, 0, 0), 250));
    let calls = stage.pass(RESYNC * 6).await;
    assert!((16..=20).contains(&calls.len()), "about three in each of six resyncs: {calls:?}");
    let gaps: Vec<_> = calls.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let even = RESYNC / 6..RESYNC / 2;
    assert!(gaps.iter().all(|gap| even.contains(gap)), "{gaps:?}");
    assert_eq!(stage.calls(), (3 + calls.len() as u64, 0, 0), "and nothing else");
    assert_eq!(stage.woken(), [], "nobody has anything to look at");
    assert_eq!(stage.known(250), 250, "all are always believed");
}
