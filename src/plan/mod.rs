//! The decision: given everything known, what is the one thing to do next?
//!
//! [`plan`] is a pure total function of a [`view::View`]: it has no client, no clock, no `async`, and imports neither a
//! client of Kubernetes nor one of the service (`tests/api/rooms.rs` checks that). Promises that are kept here alone:
//! no create before finalizer and intent are stored; no second create while an earlier one may have executed; nothing
//! without our proven mark is changed or deleted; the finalizer is removed only when the remote is known gone or was
//! released. Rule numbers in comments are those of `docs/protocol.md`.

pub mod account;
pub mod aftermath;
pub mod annotations;
pub mod clearance;
pub mod create_state;
pub mod desired;
pub mod edit;
pub mod error_report;
pub mod field;
pub mod futile;
pub mod index;
pub mod intent;
pub mod marked;
pub mod neighbour;
pub mod object;
pub mod profile;
pub mod recorded;
pub mod relations;
pub mod report;
pub mod run;
pub mod secret;
pub mod step;
pub mod view;

pub use marked::plan;
pub use step::{Flight, Landed, Look, Record, Step};
