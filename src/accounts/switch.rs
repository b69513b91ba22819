//! Credentials that can be exchanged while calls go on: a config got others, or its Secret changed.

use std::fmt;
use std::sync::{Arc, Mutex};

use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::cloud::{CredentialError, CredentialSource, Credentials};
use crate::lock::lock;

/// A source of credentials that is another one from time to time. Each call uses what is there when it begins.
pub struct Switch(Mutex<State>);

/// What there is now.
#[derive(Clone)]
enum State {
    Source(Arc<dyn CredentialSource>),
    Failed(CredentialError),
}

impl Switch {
    /// No credentials yet, for this reason.
    #[must_use]
    pub const fn failed(why: String) -> Self {
        Self(Mutex::new(State::Failed(CredentialError::Source(why))))
    }

    /// From now on, calls use this source.
    pub fn set(&self, source: Arc<dyn CredentialSource>) {
        *lock(&self.0) = State::Source(source);
    }

    /// There are no credentials, for this reason. Those that are there stay in use: objects that wait for their deletion need
    /// them.
    pub fn fail(&self, why: &str) {
        let mut state = lock(&self.0);
        if let State::Failed(error) = &mut *state {
            *error = CredentialError::Source(why.to_owned());
        }
    }

    /// Why there are none; `None` if there are some.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        match &*lock(&self.0) {
            State::Source(_) => None,
            State::Failed(error) => Some(error.to_string()),
        }
    }
}

impl CredentialSource for Switch {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialError>> {
        let state = lock(&self.0).clone();
        async move {
            match state {
                State::Source(source) => source.credentials().await,
                State::Failed(error) => Err(error),
            }
        }
        .boxed()
    }
}

impl fmt::Debug for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Switch").field("failure", &self.failure()).finish()
    }
}
