//! The engine: how one object gets, and keeps, exactly one remote.
//!
//! A pass is one sentence: take the object, work out what is wanted, look at the remote, decide one step, do it,
//! write down what happened. [`plan`](plan::plan) decides and is a pure total function of a [`view::View`]: it has
//! no client, no clock, no `async`. [`pass`] does, one effect at a time, and feeds what it saw back into the view.
//! So every crash point lies between two effects and can be enumerated.
//!
//! Promises, each held by `plan` alone: no create before finalizer and intent are stored; no second create while
//! an earlier one may have executed; nothing without our proven mark is changed or deleted; the finalizer leaves
//! only when the remote is known gone or was let go.

mod annotations;
mod calls;
pub mod context;
pub mod definition;
pub mod desired;
pub mod echo;
mod edits;
mod effects;
mod ending;
pub mod facts;
pub mod fields;
#[cfg(test)]
mod golden;
mod handover;
pub mod held;
mod in_hand;
pub mod intent;
mod journal;
pub mod json;
pub mod kind;
mod look;
pub mod mark;
pub mod memories;
pub mod memory;
pub mod pass;
pub mod plan;
pub mod queued;
pub mod recorded;
pub(crate) mod refused;
pub mod repairs;
pub mod report;
pub mod shown;
pub mod stand;
pub mod status;
mod turn;
pub mod uid;
pub mod verdict;
pub mod view;
mod wire;
mod writes;
