//! The operator's own controllers, index, limiter and cloud client between an API server in memory and the emulator, in
//! simulated time, from one seed, under every fault.
//!
//! A [`Scenario`] is one line of text: the actions of users, and the faults with their places. [`run`] plays it: the
//! operator runs as in production, on a paused clock, until the goal is reached and stays reached, or until the time
//! limit. [`explore`] makes all scenarios with one fault, and with two.
//!
//! What users do ([`Job`], [`Action`]), the words for faults ([`Kind`]) and the goal ([`goal`]) are not tied to simulated time:
//! `tests/matrix` judges real parts by them.
//!
//! Time, random numbers and crashes come through `dataset_operator::environment`, which allows this in debug builds only.
#![cfg(debug_assertions)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::needless_pass_by_value,
    clippy::wildcard_enum_match_arm,
    reason = "a test ends by panicking, in its helpers too"
)]

pub mod apiserver;
mod clock;
pub mod evidence;
pub mod explore;
mod files;
pub mod goal;
mod history;
mod identity;
mod job;
mod kind;
mod life;
mod likeness;
mod order;
mod past;
mod refusal;
mod remotes;
mod run;
mod scenario;
mod shares;
mod specs;
mod status;
mod users;
mod wire;
mod words;
mod world;

pub use evidence::Evidence;
pub use goal::Miss;
pub use history::{Class, Entry, Said, attempt_of};
pub use job::{Job, NAMESPACE, PROJECT, WORKSPACE};
pub use kind::Kind;
pub use run::{Outcome, run};
pub use scenario::{Fault, Place, Scenario, Side};
pub use users::Action;
pub use words::{cloud_call, kube_call};
pub use world::key;
