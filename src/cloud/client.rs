//! The only code that calls the service: [`Client::send`] sends a request once and says how it ended.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use reqwest::Url;
use tokio::time::{Instant, timeout_at};

use super::answer::Answer;
use super::credentials::{CredentialError, CredentialSource, Credentials};
use super::error::{CallError, ErrorClass, Unauthorised};
use super::interpret::{Exchange, interpret};
use super::limiter::{Lane, Limiter, Scope, Throttling};
use super::observer::{self, Observer, UNSENT};
use super::operation::Operation;
use super::permit::Permit;
use super::prepare::{Occasion, prepare};
use super::product::Product;
use super::request::Request;
use super::settings::{self, ClientError, Settings};
use super::transport::Transport;
use super::wire;
use crate::environment;
use crate::fence::{self, Fence};
use crate::lock::lock;
use crate::remote::fields::hex;

/// How many different codes of the service are reported to the observer by name.
const MOST_CODES: usize = 100;

/// A client of one endpoint with one identity. Clones share connections.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    transport: Arc<dyn Transport>,
    fence: Fence,
    settings: Settings,
    /// The endpoint without a slash at its end.
    endpoint: String,
    credentials: Arc<dyn CredentialSource>,
    limiter: Mutex<Arc<Limiter>>,
    observer: Arc<dyn Observer>,
    codes: Mutex<BTreeSet<String>>,
}

impl Client {
    /// A client that makes no connection yet.
    pub fn new(
        settings: Settings,
        credentials: Arc<dyn CredentialSource>,
        limiter: Arc<Limiter>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, ClientError> {
        let fence = Fence::open();
        Ok(Self::over(network(&settings, fence.clone())?, fence, settings, credentials, limiter, observer))
    }

    /// The same, over this transport instead of the network. Sends nothing that changes something while `fence` does not
    /// hold.
    pub fn over(
        transport: Arc<dyn Transport>,
        fence: Fence,
        settings: Settings,
        credentials: Arc<dyn CredentialSource>,
        limiter: Arc<Limiter>,
        observer: Arc<dyn Observer>,
    ) -> Self {
        let endpoint = settings.endpoint.as_str().trim_end_matches('/').to_owned();
        let (limiter, codes) = (Mutex::new(limiter), Mutex::default());
        let shared = Shared { transport, fence, settings, endpoint, credentials, limiter, observer, codes };
        Self { shared: Arc::new(shared) }
    }

    /// Sends `request` once, without asking the limiter for a permit, and tells the limiter and the
    /// observer how it went. Ends within the request timeout. Dropping the future before it is ready
    /// leaves a write in doubt.
    pub async fn send(&self, request: &Request) -> Result<Answer, CallError> {
        let begun = Instant::now();
        let (result, how) = match self.attempt(request, begun).await {
            Ok((credentials, exchange)) => {
                let how = exchange.label();
                (interpret(request, &credentials, exchange), how)
            }
            Err(error) => (Err(error), observer::NOT_SENT),
        };
        self.report(request.operation(), &result, how, begun);
        result
    }

    /// Sends with the permit that `permit` holds, or first waits for one in its lane.
    pub async fn call_in(&self, permit: &mut Permit, request: &Request) -> Result<Answer, CallError> {
        if permit.take() {
            return self.call(permit.lane(), request).await;
        }
        if let Some(limiter) = self.limiter_of(request.operation()) {
            limiter.leave(permit.lane(), request.operation()).await;
        }
        self.send(request).await
    }

    /// Waits for a permit in `lane`, then sends. A call of an operation that has no limiter is sent at once.
    pub async fn call(&self, lane: Lane, request: &Request) -> Result<Answer, CallError> {
        if let Some(limiter) = self.limiter_of(request.operation()) {
            let begun = Instant::now();
            limiter.acquire(lane, request.operation()).await;
            self.shared.observer.waited(lane, begun.elapsed());
            limiter.leave(lane, request.operation()).await;
        }
        self.send(request).await
    }

    /// A name of the credentials in use, which is not secret: the access key id, or `bearer:` and a hash.
    pub async fn key(&self) -> Result<String, CallError> {
        let credentials = self.shared.credentials.credentials().await;
        let credentials = credentials.map_err(|error| no_credentials(Operation::ListDatasets, &error));
        credentials.map(|credentials| credentials.key())
    }

    /// The limiter that this client shares with the others of its account.
    pub fn limiter(&self) -> Arc<Limiter> {
        lock(&self.shared.limiter).clone()
    }

    /// From now on, calls that ask for a permit ask this limiter.
    pub fn limit_by(&self, limiter: Arc<Limiter>) {
        *lock(&self.shared.limiter) = limiter;
    }

    /// Whether the endpoint of this product is known.
    pub fn reaches(&self, product: Product) -> bool {
        self.shared.settings.reaches(product)
    }

    /// The endpoint as a URL without a slash at its end.
    pub fn endpoint(&self) -> &str {
        &self.shared.endpoint
    }

    /// Sends the request and receives the reply; fails only if nothing was sent.
    async fn attempt(&self, request: &Request, begun: Instant) -> Result<(Credentials, Exchange), CallError> {
        let shared = &self.shared;
        let operation = request.operation();
        let not_sent = |class, why: &str| CallError::not_sent(operation, class, why.to_owned());
        if let Some(defect) = request.defect() {
            return Err(not_sent(ErrorClass::Refused, defect));
        }
        let endpoint = shared.settings.endpoint_of(operation.product());
        let endpoint = endpoint.ok_or_else(|| not_sent(ErrorClass::Refused, &operation.product().has_no_endpoint()))?;
        let limit = shared.settings.request_timeout;
        let deadline = begun.checked_add(limit).unwrap_or(begun);
        let credentials = timeout_at(deadline, shared.credentials.credentials())
            .await
            .map_err(|_| not_sent(ErrorClass::Transient, "no credentials within the deadline"))?
            .map_err(|error| no_credentials(operation, &error))?;
        let occasion = Occasion::now(endpoint);
        let occasion = occasion.ok_or_else(|| not_sent(ErrorClass::Transient, "the system gives no random numbers"))?;
        let prepared = prepare(request, shared.settings.form, &credentials, occasion);
        let http =
            wire::http_request(endpoint, request, prepared).map_err(|error| no_credentials(operation, &error))?;
        // The network asks again, as a request may wait for a connection.
        if !operation.reads() && !shared.fence.holds() {
            return Err(not_sent(ErrorClass::Transient, fence::CLOSED));
        }
        let transmitted = wire::transmit(&*shared.transport, http, operation.shows().largest());
        let exchange = timeout_at(deadline, transmitted).await;
        Ok((credentials, exchange.unwrap_or(Exchange::Timeout(limit))))
    }

    /// The limiter, if it applies to this operation.
    fn limiter_of(&self, operation: Operation) -> Option<Arc<Limiter>> {
        operation.product().is_limited().then(|| self.limiter())
    }

    fn report(&self, operation: Operation, result: &Result<Answer, CallError>, how: &str, begun: Instant) {
        let (shared, took) = (&self.shared, begun.elapsed());
        let limiter = self.limiter_of(operation);
        let Err(error) = result else {
            if let Some(limiter) = &limiter {
                limiter.succeeded(operation);
            }
            return shared.observer.call_finished(operation, "OK", took);
        };
        if let ErrorClass::Throttled { after } = error.class {
            if let Some(limiter) = &limiter {
                let of_account = operation.product().has_the_quota();
                let scope = if of_account { Scope::of(error.code.as_deref()) } else { Scope::Operation };
                limiter.throttled(operation, begun, Throttling { scope, after });
            }
            shared.observer.throttled(operation);
        }
        if let Some(limiter) = limiter.filter(|_| UNSENT.contains(&how)) {
            limiter.unused();
        }
        let code = match &error.code {
            Some(code) if shared.is_known(code) => code,
            Some(_) => "other",
            None => how,
        };
        shared.observer.call_finished(operation, code, took);
    }
}

/// The network transport with these settings. What was begun while the fence held is not written once it holds no more.
pub fn network(settings: &Settings, fence: Fence) -> Result<Arc<dyn Transport>, ClientError> {
    Ok(Arc::new(wire::Network::new(settings, fence)?))
}

impl Occasion {
    /// The values for a call that is sent now to this endpoint; `None` if there are no random numbers.
    pub(super) fn now(endpoint: &Url) -> Option<Self> {
        Some(Self {
            host: settings::host(endpoint),
            date: environment::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            nonce: hex(&environment::random::<16>()?, 32),
        })
    }
}

impl Shared {
    /// Whether a code may become a metric label: it looks like a code, and there are not too many others yet.
    fn is_known(&self, code: &str) -> bool {
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let mut codes = lock(&self.codes);
        if codes.contains(code) {
            return true;
        }
        let acceptable = codes.len() < MOST_CODES && code.len() <= 64 && code.chars().all(word);
        acceptable && codes.insert(code.to_owned())
    }
}

fn no_credentials(operation: Operation, error: &CredentialError) -> CallError {
    let class = match error {
        CredentialError::Unavailable(_) => ErrorClass::Transient,
        CredentialError::Missing
        | CredentialError::Incomplete { .. }
        | CredentialError::Unprintable(_)
        | CredentialError::Source(_) => ErrorClass::Unauthorised(Unauthorised::Credentials),
    };
    CallError::not_sent(operation, class, error.to_string())
}

#[cfg(test)]
mod tests;
