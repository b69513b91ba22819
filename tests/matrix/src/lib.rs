//! The crash matrix: what only real parts can show. Every call of the operator meets every fault of a connection, and each
//! start and each create also the faults that are played in simulated time, with processes that are really killed.
//!
//! Jobs, words for faults and the goal are those of `tests/simulation`. A *row* is a call that a job makes there when nothing
//! fails; a *cell* is a row with one fault, played in its own *scene*. `README.md` has the details.
#![cfg(debug_assertions)]
#![allow(clippy::missing_panics_doc, reason = "the simulation that gives the rows is a test, and ends by panicking")]

pub mod bed;
mod calls;
pub mod cells;
mod keeper;
mod mirror;
pub mod named;
mod page;
pub mod play;
pub mod program;
mod quiet;
pub mod run;
mod scene;
mod strike;
mod users;
