//! The accounts that this operator works with: that of its flags, and one for each ProviderConfig or ClusterProviderConfig that
//! objects use. Each has a client, an inventory of its remote side, and a caller.
//!
//! Promises: the operator compares a stored target with its configuration and never connects to an address in it; a
//! reconcile works with the same account from begin to end; a caller whose name cannot be learnt stops nothing.

pub mod alias;
mod caller;
pub mod configs;
mod opener;
pub mod switch;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::api::{ProviderConfigKind, UsedProviderConfig};
use crate::cloud::{self, CallError, CredentialSource, Limiters, Limits, Quota, Statement};
use crate::inventory::Inventory;
use crate::inventory::reader::Reader;
use crate::lock::lock;
use crate::plan::account::AccountView;
use crate::plan::report::Blocked;
pub use alias::DEFAULT;
use caller::Known;
pub use configs::{Asks, Chosen, Config, Configs, Place, Stores};
pub use opener::{Opened, Opener};
use switch::Switch;

/// One account.
pub struct Account {
    /// The alias under which intents name it.
    pub alias: String,
    /// Its region, empty if only an endpoint is configured.
    pub region: String,
    /// Its client.
    pub client: cloud::Client,
    /// The inventory of its remote side.
    pub inventory: Arc<Inventory>,
    /// Reads that deletes share.
    pub reader: Arc<Reader>,
    /// The credentials of its client; `None` for the flags' account if the process has credentials.
    credentials: Option<Arc<Switch>>,
    /// The limiters of all accounts.
    limiters: Arc<Limiters>,
    /// Which quota its calls count for, and what is stated of it.
    limited: Mutex<Limited>,
    /// The caller, as far as it is known.
    known: watch::Sender<Known>,
    /// Signalled when a reconcile saw credentials other than the known ones.
    changed: Notify,
}

/// Which quota the calls of an account count for, and what its config or the flags state of it.
#[derive(Debug)]
struct Limited {
    /// The account's id; until it is known, the name of the credentials or of the config.
    account: String,
    limits: Limits,
}

impl Account {
    /// The account of the flags, once its credentials can be read, or with `lacking` in their place if the process has none. The token
    /// service is not asked yet.
    pub async fn open(
        (alias, region): (&str, &str),
        (client, limits): (cloud::Client, Limits),
        inventory: Arc<Inventory>,
        limiters: Arc<Limiters>,
        list_lag: Duration,
        lacking: Option<Arc<Switch>>,
    ) -> Result<Arc<Self>, CallError> {
        let known = match lacking {
            None => Known::of_key(alias, region, &client.key().await?),
            Some(_) => Known::without_credentials(alias, region),
        };
        Ok(Self::with((alias, region), (client, limits), inventory, limiters, list_lag, (known, lacking)))
    }

    fn with(
        (alias, region): (&str, &str),
        (client, limits): (cloud::Client, Limits),
        inventory: Arc<Inventory>,
        limiters: Arc<Limiters>,
        list_lag: Duration,
        (known, credentials): (Known, Option<Arc<Switch>>),
    ) -> Arc<Self> {
        let named = if credentials.is_some() { alias } else { known.key() };
        let limited = Mutex::new(Limited { account: named.to_owned(), limits });
        let account = Self {
            alias: alias.to_owned(),
            region: region.to_owned(),
            reader: Arc::new(Reader::new(client.clone(), list_lag)),
            client,
            inventory,
            credentials,
            limiters,
            limited,
            known: watch::Sender::new(known),
            changed: Notify::new(),
        };
        account.share_limiter();
        Arc::new(account)
    }

    /// From now on, this is stated of the account's quota. Returns whether that is something else than before; then objects
    /// that wait should be woken.
    pub fn limit_to(&self, limits: Limits) -> bool {
        let mut limited = lock(&self.limited);
        if limited.limits == limits {
            return false;
        }
        limited.limits = limits;
        drop(limited);
        self.share_limiter();
        true
    }

    /// The calls count for this account.
    fn is_in(&self, account: &str) {
        account.clone_into(&mut lock(&self.limited).account);
        self.share_limiter();
    }

    /// Makes the client share the limiter of its account and region.
    fn share_limiter(&self) {
        let limited = lock(&self.limited);
        let region = if self.region.is_empty() { self.client.endpoint() } else { &self.region };
        let quota = Quota { account: limited.account.clone(), region: region.to_owned() };
        let of_namespace = |config: UsedProviderConfig| config.kind == ProviderConfigKind::ProviderConfig;
        let of_administrator = !alias::config(&self.alias).is_some_and(of_namespace);
        let statement = Statement { of_administrator, limits: limited.limits.clone() };
        self.client.limit_by(self.limiters.share(quota, &self.alias, statement, self.client.limiter()));
    }

    /// Where it is.
    #[must_use]
    pub fn place(&self) -> Place {
        Place { alias: self.alias.clone(), region: self.region.clone() }
    }

    /// The same without waiting: the account as it was known last.
    #[must_use]
    pub fn last_view(&self) -> Arc<AccountView> {
        self.known.borrow().view.clone()
    }

    /// From now on, calls use these credentials. Those of the flags' account are not exchanged.
    pub fn exchange(&self, credentials: Arc<dyn CredentialSource>) {
        if let Some(switch) = &self.credentials {
            switch.set(credentials);
            self.changed.notify_one();
        }
    }

    /// There are no credentials, for this reason. Those that were there stay in use.
    pub fn has_none(&self, why: &str) {
        if let Some(switch) = &self.credentials {
            switch.fail(why);
        }
    }

    /// Why the account has no credentials; `None` if it has some.
    #[must_use]
    pub fn lacks(&self) -> Option<String> {
        self.credentials.as_ref()?.failure()
    }
}

/// All accounts in use.
pub struct Accounts {
    flags: Arc<Account>,
    others: Mutex<BTreeMap<Place, Arc<Account>>>,
    opener: Option<Opener>,
}

impl Accounts {
    /// The account of the flags, and those that `opener` opens.
    #[must_use]
    pub const fn new(flags: Arc<Account>, opener: Option<Opener>) -> Self {
        Self { flags, others: Mutex::new(BTreeMap::new()), opener }
    }

    /// The account of the flags.
    #[must_use]
    pub const fn flags(&self) -> &Arc<Account> {
        &self.flags
    }

    /// The account at this place. It is opened if it was not yet; [`Blocked`] if that is not possible. A target that names no
    /// config gets the account of the flags: the decision notices it when it compares the two.
    pub fn at(&self, place: &Place) -> Result<Arc<Account>, Blocked> {
        let Some(opener) = self.opener.as_ref().filter(|_| place.alias != DEFAULT) else {
            return Ok(self.flags.clone());
        };
        let mut others = lock(&self.others);
        if let Some(account) = others.get(place) {
            return Ok(account.clone());
        }
        let account = opener.open(place)?;
        others.insert(place.clone(), account.clone());
        Ok(account)
    }

    /// Whether only the account of the flags is in use.
    #[must_use]
    pub fn is_one(&self) -> bool {
        lock(&self.others).is_empty()
    }

    /// Each account with this alias that is in use.
    #[must_use]
    pub fn named(&self, alias: &str) -> Vec<Arc<Account>> {
        lock(&self.others)
            .iter()
            .filter(|(place, _)| place.alias == alias)
            .map(|(_, account)| account.clone())
            .collect()
    }

    /// An object is gone: its places in the limiters' lines are free.
    pub fn forget(&self, uid: &str) {
        self.flags.client.limiter().forget(uid);
        for account in lock(&self.others).values() {
            account.client.limiter().forget(uid);
        }
    }
}
