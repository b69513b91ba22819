//! The accounts that this operator is configured for: each has a client, an inventory of its remote side, and a caller.
//!
//! Promises: the operator compares a stored target with its configuration and never connects to an address in it; a
//! reconcile works with the same account from begin to end; a caller whose name cannot be learnt stops nothing.

mod caller;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::cloud::{self, CallError, Limiters};
use crate::inventory::Inventory;
use crate::inventory::reader::Reader;
use crate::plan::account::AccountView;
use crate::plan::intent::Target;
use caller::Known;

/// The name of the flags' account in intents. It must never change, as stored intents contain it.
pub const DEFAULT: &str = "default";

/// One configured account.
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
    /// The limiters of all accounts.
    limiters: Arc<Limiters>,
    /// The caller, as far as it is known.
    known: watch::Sender<Known>,
    /// Signalled when a reconcile saw credentials other than the known ones.
    changed: Notify,
}

impl Account {
    /// An account, once its credentials can be read. The token service is not asked yet.
    pub async fn open(
        (alias, region): (&str, &str),
        client: cloud::Client,
        inventory: Arc<Inventory>,
        limiters: Arc<Limiters>,
        list_lag: Duration,
    ) -> Result<Arc<Self>, CallError> {
        let known = Known::of_key(alias, region, &client.key().await?);
        let account = Self {
            alias: alias.to_owned(),
            region: region.to_owned(),
            reader: Arc::new(Reader::new(client.clone(), list_lag)),
            client,
            inventory,
            limiters,
            known: watch::Sender::new(known),
            changed: Notify::new(),
        };
        account.limit(None);
        Ok(Arc::new(account))
    }

    /// The same without waiting: the account as it was known last.
    #[must_use]
    pub fn last_view(&self) -> Arc<AccountView> {
        self.known.borrow().view.clone()
    }
}

/// All configured accounts.
pub struct Accounts {
    flags: Arc<Account>,
}

impl Accounts {
    /// The account of the flags alone.
    #[must_use]
    pub const fn new(flags: Arc<Account>) -> Self {
        Self { flags }
    }

    /// The account that a stored target names. An object without a target gets the account of the flags. So does a
    /// target that names no configured account: the decision notices it when it compares the two.
    #[must_use]
    pub fn of(&self, stored: Option<&Target>) -> &Arc<Account> {
        let names = |account: &&Arc<Account>| {
            stored.is_some_and(|target| target.account == account.alias && target.region == account.region)
        };
        self.iter().find(names).unwrap_or(&self.flags)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Account>> {
        std::iter::once(&self.flags)
    }

    /// An object is gone: its places in the limiters' lines are free.
    pub fn forget(&self, uid: &str) {
        for account in self.iter() {
            account.client.limiter().forget(uid);
        }
    }
}
