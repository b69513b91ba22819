//! Reconciling one object: take it, work out what is wanted, look at the remote, decide one step, do it, write down what
//! happened.
//!
//! [`pass`] asks [`plan`](crate::plan::plan) for one step at a time, does it, and feeds what it saw back into the view.
//! So every crash point lies between two steps and can be enumerated.

mod admission;
mod cloud_writes;
pub mod conditions;
pub mod context;
pub mod definition;
mod finish;
mod gather;
mod journal;
pub mod kind;
mod kube_writes;
pub mod live_objects;
pub mod lookups;
pub mod object_state;
pub mod object_states;
pub mod own_writes;
pub mod parsed;
pub mod pass;
pub mod queued;
mod reads;
pub mod references;
pub mod repairs;
pub mod stored;
mod unrecorded;
mod warnings;
pub(crate) mod write_errors;
