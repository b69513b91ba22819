//! The client of the PAI dataset API (`AIWorkSpace`, version 2021-02-04: datasets and dataset versions), of the API of
//! media datasets (`Imm`, version 2020-09-30) and of the token service (`Sts`), which names the
//! caller and gives sessions of roles. The table in [`operation`]
//! has all operations.
//!
//! What it promises: one [`Request`] is sent at most once per [`Client::send`], within a deadline, and ends as an
//! [`Answer`] that fits the request or as a [`CallError`] whose class says whether the service may have carried it out.
//! All calls of an account to `AIWorkSpace` and `Imm` share one [`Limiter`]. No credential byte appears in an error, in
//! `Debug` output or in a URL. Nothing here knows Kubernetes.
//!
//! Data flows one way: [`Request`] → headers and signature (`prepare`, `sign`) → the
//! network (`wire`) → `interpret` and [`classify`] → [`Answer`] or [`CallError`]. Only the client waits.

mod answer;
mod authorities;
mod classify;
mod client;
pub mod codec;
mod credentials;
mod error;
mod files;
mod hidden;
mod identity;
mod interpret;
mod limiter;
mod observer;
mod operation;
mod permit;
mod prepare;
mod process;
mod product;
mod profile;
mod proxy;
mod request;
mod secret;
mod sessions;
mod settings;
mod sign;
mod source;
mod transport;
mod wire;

#[cfg(test)]
mod fake_server;

pub use answer::{Answer, Dataset, Job, JobConfig, Malformed, MediaDataset, Version};
pub use authorities::{Authorities, AuthoritiesError};
pub use classify::classify;
pub use client::{Client, network};
pub use credentials::{BearerStyle, CredentialError, CredentialSource, Credentials, Environment};
pub use error::{CallError, ErrorClass, Unauthorised};
pub use files::{Batch, Failed, FileMeta, FileMetas, Statistics};
pub use hidden::Hidden;
pub use identity::CallerIdentity;
pub use limiter::{
    Ahead, Lane, Limiter, LimiterSnapshot, Limiters, Limits, QpsError, Quota, Reservation, Scope, Statement, Throttling,
};
pub use observer::{Observer, UNSENT};
pub use operation::{Operation, Price, UnknownOperation};
pub use permit::Permit;
pub use process::credentials_of_process;
pub use product::Product;
pub use proxy::{NoProxy, NoProxyError, Proxy, ProxyError};
pub use request::{FilesOf, ListDatasets, MOST_FILES, Order, Request};
pub use secret::Secret;
pub use sessions::oidc::{Token, TokenProvider};
pub use settings::{ClientError, EndpointForm, Settings};
pub use source::Source;
pub use transport::{Transport, Unanswered};
