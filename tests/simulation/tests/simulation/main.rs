//! The operator in simulated time, and the proof that the simulated API server behaves like the real one.
#![cfg(debug_assertions)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test ends by panicking, in its helpers too"
)]

mod conformance;
mod faults;
