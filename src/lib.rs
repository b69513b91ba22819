//! A Kubernetes operator that makes Alibaba Cloud PAI hold exactly the datasets that custom resources declare.
//!
//! How the modules work together: [`operator`] watches objects and wakes them, [`reconcile`] takes one object at a time
//! and does one step at a time, [`plan`] decides which step, [`batch`] compares and sends many small remotes at once, [`kinds`] read the wishes of an object, [`inventory`]
//! knows the remote side, [`cloud`] is the client of the service, [`accounts`] know the caller, and [`remote`] and
//! [`api`] are the values that all use. `api`, `remote` and `plan` neither wait nor call; `cloud` knows no Kubernetes.
//! One page: `docs/architecture.md`.

/// The name of the operator in its requests to the API server and to the service.
pub const AGENT: &str = concat!("dataset-operator/", env!("CARGO_PKG_VERSION"));

pub mod accounts;
pub mod admin;
pub mod api;
pub mod batch;
pub mod cloud;
pub mod compressed;
pub mod environment;
pub mod events;
pub mod fence;
pub mod folded;
#[cfg(test)]
mod golden;
pub mod inventory;
pub mod kinds;
mod lock;
pub mod metrics;
pub mod operator;
pub mod plan;
pub mod reconcile;
mod refusals;
pub mod remote;
pub mod settings;
pub mod started;
pub mod telemetry;
pub mod words;
