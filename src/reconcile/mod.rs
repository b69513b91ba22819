//! Reconciling one object: work out what is wanted, look at the remote, decide one step, do it, and record the result.
//!
//! [`pass`] asks [`plan`](crate::plan::plan) for one step at a time, does it, and puts the result into the view. So
//! every crash point lies between two steps, and tests can go through all of them.

mod admission;
pub mod batched;
mod cloud_writes;
pub mod conditions;
pub mod context;
pub mod definition;
mod finish;
mod gather;
mod journal;
pub mod kind;
mod kube_writes;
pub mod left_behind;
pub mod live_objects;
pub mod lookups;
pub mod named;
pub mod object_state;
pub mod object_states;
pub mod own_writes;
pub mod parsed;
pub mod pass;
mod permitted;
pub mod queued;
mod reads;
pub mod references;
pub mod repairs;
mod secrets;
pub mod shares;
pub mod stored;
mod unrecorded;
mod warnings;
pub(crate) mod write_errors;
