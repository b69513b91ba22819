//! A local PAI dataset API with IMM's datasets, the token service, and the metadata of a machine with a role. The vendor's own SDKs cannot tell it from the real one.
//!
//! Tests embed it with [`Emulator::start`]; the program `pai-emulator` serves it on its own. It verifies signatures,
//! keeps everything in memory (and, when asked, its datasets on disk), counts every call, and fails on order. What it
//! does where nobody knows what the service does is a [`Knobs`] field. It shares no type with any client: agreeing with
//! oneself proves nothing.

mod actions;
mod attached;
mod auth;
mod bill;
mod clock;
mod control;
mod credentials;
mod disk;
mod emulator;
mod encoding;
mod faults;
mod gateway;
mod ids;
pub mod knobs;
mod ledger;
mod metadata;
mod operation;
mod quota;
mod refusal;
mod request;
mod route;
mod server;
mod session;
mod state;
mod store;
mod world;

pub use bill::{Amounts, Bill, BillLine};
pub use credentials::{Credential, DEFAULT_ACCOUNT, Role};
pub use disk::DiskError;
pub use emulator::{Emulator, Options, Refused, StartError};
pub use faults::{Effect, Fault, When};
pub use knobs::{JobOutcome, Knobs, NameScope, QuotaForm};
pub use ledger::{Count, LogLine, Stats};
pub use operation::Operation;
pub use state::{State, StateError};
pub use store::dataset::{Dataset, Label, ShareRelationship, SharingConfig, Text, UserMetricsEndpoint, Version};
pub use store::file_meta::FileMeta;
pub use store::job::{Job, JobConfig, Said};
pub use store::media::{Binding, MediaDataset, WorkflowParameter};
