//! The identity that calls the service from an account. The operator asks the token service once, and again when the
//! credentials change. As long as there is no answer, the caller is known by its credentials, and the operator asks
//! again with growing delays.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::Account;
use crate::cloud::{CallerIdentity, Product, Request};
use crate::environment;
use crate::plan::account::{AccountView, Caller};
use crate::remote::backoff::backoff;

/// The longest time that anything waits for the token service.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many names of earlier credentials are remembered.
const REMEMBERED: usize = 16;

/// What is known of the caller.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// The name of the credentials that this is about.
    key: String,
    /// The account as decisions see it.
    pub(super) view: Arc<AccountView>,
    /// Names of credentials and the principals that the token service named for them, the newest last.
    said: Vec<(String, String)>,
    /// The token service was asked about these credentials, or there is none to ask.
    asked: bool,
    /// How often in a row the token service did not answer.
    failures: u32,
}

impl Known {
    pub(super) fn of_key(alias: &str, region: &str, key: &str) -> Self {
        let (alias, region) = (alias.to_owned(), region.to_owned());
        let view = AccountView { alias, region, caller: Caller::by_key(key) };
        Self { key: key.to_owned(), view: Arc::new(view), said: Vec::new(), asked: false, failures: 0 }
    }

    /// Nothing is known before there are credentials.
    pub(super) fn without_credentials(alias: &str, region: &str) -> Self {
        let mut known = Self::of_key(alias, region, "");
        known.set("", Caller { principal: String::new(), keys: Vec::new(), unconfirmed: true });
        known
    }

    /// The name of the credentials.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    fn set(&mut self, key: &str, caller: Caller) {
        key.clone_into(&mut self.key);
        self.asked = true;
        self.view = Arc::new(AccountView { caller, ..(*self.view).clone() });
    }

    /// The token service named the caller. Returns whether it had named another one before.
    fn named(&mut self, key: &str, principal: &str) -> bool {
        let other = self.said.last().is_some_and(|(_, last)| last != principal);
        self.said.retain(|(known, _)| known != key);
        let surplus = (self.said.len() + 1).saturating_sub(REMEMBERED);
        self.said.drain(..surplus);
        self.said.push((key.to_owned(), principal.to_owned()));
        let same = self.said.iter().rev().filter(|(_, whose)| whose == principal);
        let keys = same.map(|(key, _)| key.clone()).collect();
        self.set(key, Caller { principal: principal.to_owned(), keys, unconfirmed: false });
        self.failures = 0;
        other
    }

    /// The token service did not name the caller, and will be asked again.
    fn unnamed(&mut self, key: &str) {
        self.set(key, Caller { unconfirmed: true, ..Caller::by_key(key) });
        self.failures += 1;
    }
}

impl Account {
    /// The account as decisions see it now. Waits a few seconds at most for the name of a caller whose credentials
    /// changed.
    pub async fn view(&self) -> Arc<AccountView> {
        // Without credentials each call fails with an error that says so.
        let Ok(key) = self.client.key().await else { return self.last_view() };
        let mut known = self.known.subscribe();
        if known.borrow().key != key {
            self.changed.notify_one();
            // An error means that the time is over.
            let _ = timeout(PATIENCE, known.wait_for(|known| known.key == key)).await;
        }
        let mut known = known.borrow().clone();
        if known.key != key {
            known.unnamed(&key);
        }
        known.view
    }

    /// Asks for the caller whenever it is not known. Never ends.
    pub async fn identify(self: Arc<Self>) {
        loop {
            match self.ask().await {
                Some(wait) => {
                    // Waits for whichever comes first.
                    let _ = timeout(wait, self.changed.notified()).await;
                }
                None => self.changed.notified().await,
            }
        }
    }

    /// Asks for the caller, unless it is known. Returns how long to wait before asking again; `None` if that is not
    /// needed.
    pub async fn ask(&self) -> Option<Duration> {
        let Ok(key) = self.client.key().await else { return Some(PATIENCE) };
        let known = self.known.borrow().clone();
        if known.key == key && known.asked && !known.view.caller.unconfirmed {
            return None;
        }
        if !self.client.reaches(Product::Sts) {
            self.known.send_modify(|known| known.set(&key, Caller::by_key(&key)));
            tracing::info!(
                principal = key,
                "the identity counts by its credentials, and new ones as another identity, because no endpoint of the token \
                 service is known (--sts-endpoint)"
            );
            return None;
        }
        let answer = match timeout(PATIENCE, self.client.send(&Request::get_caller_identity())).await {
            Ok(Ok(answer)) => answer.caller_identity().map_err(|malformed| malformed.to_string()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        };
        if self.client.key().await.ok().as_ref() != Some(&key) {
            // The credentials changed in between, so the answer may be about the old or the new ones.
            return Some(Duration::ZERO);
        }
        match answer {
            Ok(identity) => {
                self.named(&key, &identity);
                None
            }
            Err(error) => {
                self.known.send_modify(|known| known.unnamed(&key));
                let failures = self.known.borrow().failures;
                if failures == 1 {
                    tracing::warn!(
                        principal = key,
                        error,
                        "GetCallerIdentity failed: until it succeeds, the identity counts by its credentials, and new ones \
                         as another identity; it is tried again (--sts-endpoint none turns it off)"
                    );
                }
                Some(backoff(failures, environment::random().map_or(0, |[byte]| byte)))
            }
        }
    }

    fn named(&self, key: &str, identity: &CallerIdentity) {
        let principal = identity.principal();
        let mut other = false;
        self.known.send_modify(|known| other = known.named(key, &principal));
        if other {
            self.inventory.other_caller();
        }
        self.is_in(&identity.account_id);
        tracing::info!(principal, key, alias = self.alias, "the dataset API is called as this identity");
    }
}

#[cfg(test)]
#[path = "caller_tests.rs"]
mod tests;
