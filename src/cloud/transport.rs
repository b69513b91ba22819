//! The carrier of requests to the service: the network, or its replacement in a simulation.

use futures::future::BoxFuture;

/// Carries one request to the service, once, and its answer back.
pub trait Transport: Send + Sync {
    /// Ready with the status and headers of the answer; its body may still be on its way. The caller limits the time.
    fn execute(&self, request: reqwest::Request) -> BoxFuture<'_, Result<reqwest::Response, Unanswered>>;
}

/// A request without an answer, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unanswered {
    /// No connection was made, so the service has not seen it.
    NoConnection(String),
    /// The connection broke before a status came.
    Broken(String),
}
