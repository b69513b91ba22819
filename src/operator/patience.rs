//! How long the API server may take until it begins an answer. The client library waits for ever: a watch that was
//! asked for and never answered would leave the operator blind, and one that cannot read `kube-system` would never start.

use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tower::{BoxError, Layer, Service};

/// A watch is answered at once and then goes on, a page of a list within a few seconds.
const LIMIT: Duration = Duration::from_secs(30);

/// Nothing came.
#[derive(Debug, thiserror::Error)]
#[error("the API server did not begin to answer within {LIMIT:?}")]
struct Silent;

/// Ends requests that are not answered in time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience;

impl<S> Layer<S> for Patience {
    type Service = Patient<S>;

    fn layer(&self, inner: S) -> Patient<S> {
        Patient(inner)
    }
}

/// A service whose answers begin in time, or fail.
#[derive(Debug, Clone)]
pub(super) struct Patient<S>(S);

impl<S, R> Service<R> for Patient<S>
where
    S: Service<R, Error: Into<BoxError>, Future: Send + 'static>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<S::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let answer = self.0.call(request);
        async move {
            match tokio::time::timeout(LIMIT, answer).await {
                Ok(answered) => answered.map_err(Into::into),
                Err(_) => Err(Silent.into()),
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep};
    use tower::{ServiceExt, service_fn};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn silence_ends_and_an_answer_passes() {
        let begun = Instant::now();
        let silent = service_fn(|()| std::future::pending::<Result<u8, BoxError>>());
        let error = Patience.layer(silent).oneshot(()).await.unwrap_err().to_string();
        assert!(error.contains("30s"), "{error}");
        assert_eq!(begun.elapsed(), LIMIT);
        let slow = service_fn(|()| sleep(LIMIT / 2).map(|()| Ok::<_, BoxError>(7)));
        assert_eq!(Patience.layer(slow).oneshot(()).await.unwrap(), 7);
    }
}
