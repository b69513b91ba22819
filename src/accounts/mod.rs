//! The accounts that this operator is configured for: each has a client, what is known of its remote side, and a caller.
//!
//! Promises: a target is matched with what is configured, never dialled; what a pass works with is one account from its
//! begin to its end; a caller that cannot be asked for its name never stops anything.

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

/// The alias under which intents name the account of the flags, for ever.
pub const DEFAULT: &str = "default";

/// One configured account.
pub struct Account {
    /// The alias under which intents name it.
    pub alias: String,
    /// Its region, empty if only an endpoint is configured.
    pub region: String,
    /// Its client.
    pub client: cloud::Client,
    /// What is known of its remote side.
    pub inventory: Arc<Inventory>,
    /// Reads that deletes share.
    pub reader: Arc<Reader>,
    /// The limiters of all accounts.
    limiters: Arc<Limiters>,
    /// Who calls, as far as that is known.
    known: watch::Sender<Known>,
    /// A pass saw other credentials than those that are known.
    changed: Notify,
}

impl Account {
    /// An account whose credentials can be had; who calls is not asked yet.
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

    /// The same without waiting: as it was known last.
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

    /// The account that a stored target names. New objects have none: theirs is that of the flags; and so is that of a
    /// target that names no configured account, which a decision then finds out by comparing the two.
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

    /// An object is gone: its places in line are free.
    pub fn forget(&self, uid: &str) {
        for account in self.iter() {
            account.client.limiter().forget(uid);
        }
    }
}
