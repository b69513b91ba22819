//! Opens the account of a config, when the first object or the config itself asks for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::caller::Known;
use super::switch::Switch;
use super::{Account, Configs, Place, alias};
use crate::api::{ClusterProviderConfigSpec, Reason};
use crate::cloud::{Client, CredentialSource, Limiters, Limits};
use crate::inventory::InventoryTasks;
use crate::inventory::inventories::Inventories;
use crate::plan::report::Blocked;

/// Makes the client of a config, and tells its limits; the message says why that is not possible.
pub(super) type MakeClient = dyn Fn(&ClusterProviderConfigSpec, &str, Arc<dyn CredentialSource>) -> Result<(Client, Limits), String>
    + Send
    + Sync;

/// An account that was just opened, and the tasks of its inventory.
pub type Opened = (Arc<Account>, InventoryTasks);

/// What it takes to open accounts.
pub struct Opener {
    /// The configs.
    pub configs: Arc<Configs>,
    /// Makes clients, given fields, region and credentials.
    pub client: Arc<MakeClient>,
    /// The inventories of all accounts.
    pub inventories: Arc<Inventories>,
    /// The limiters of all accounts.
    pub limiters: Arc<Limiters>,
    /// The greatest age of the state that a list may show.
    pub list_lag: Duration,
    /// Takes the accounts whose tasks must run.
    pub opened: UnboundedSender<Opened>,
}

impl Opener {
    /// Opens the account at this place. It has no credentials at first. A config that is gone has no fields: its objects need
    /// their account all the same, if only to say so.
    pub(super) fn open(&self, place: &Place) -> Result<Arc<Account>, Blocked> {
        let Place { alias, region } = place;
        let config = alias::config(alias).map(|config| (alias::words(&config), self.configs.get(&config)));
        let (called, config) = config.unwrap_or_default();
        let why = match &config {
            Some(_) => format!("{called} has not been read yet"),
            None => {
                format!("{called} does not exist any more, and with it the credentials of the object: create it again")
            }
        };
        let switch = Arc::new(Switch::failed(why));
        let spec = config.map(|config| config.spec).unwrap_or_default();
        let client = (self.client)(&spec, region, switch.clone());
        let client = client.map_err(|why| Blocked::stuck(Reason::InvalidSpec, format!("{called}: {why}")))?;
        let at = (alias.as_str(), region.as_str());
        let inventory = self.inventories.of(at);
        let known = Known::without_credentials(alias, region);
        let credentials = (known, Some(switch));
        let account = Account::with(at, client, inventory, self.limiters.clone(), self.list_lag, credentials);
        if let Some(tasks) = self.inventories.tasks(at) {
            // The receiver is dropped only while the process ends.
            let _ = self.opened.send((account.clone(), tasks));
        }
        Ok(account)
    }
}
