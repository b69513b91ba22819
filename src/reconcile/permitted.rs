//! What the config of an account allows: which workspaces, and what may be taken over. Narrowing a config concerns what begins from
//! then on; what an object has already is still edited and deleted.

use crate::accounts::{Account, Config, DEFAULT, alias};
use crate::api::{AdoptionScope, Reason, UsedProviderConfig};
use crate::plan::desired::{Desired, Policy};
use crate::plan::recorded::Recorded;
use crate::plan::report::Blocked;
use crate::reconcile::kind::AnyKind;
use crate::reconcile::lookups::Lookups;
use crate::reconcile::pass::Pass;
use crate::remote::place;

/// What the config of an account allows an object that has no remote yet.
struct Limits {
    called: String,
    config: Config,
}

/// That of this account; `None`: everything, as the account is that of the flags.
fn limits(account: &Account, lookups: &Lookups) -> Option<Limits> {
    let called = alias::words(&alias::config(&account.alias)?);
    Some(Limits { called, config: lookups.configs.of(&account.alias)? })
}

impl Limits {
    fn workspace(&self, workspace: &str) -> Result<(), Blocked> {
        if place::project(workspace).is_some() {
            return Ok(());
        }
        self.config.refuses(workspace, &self.called).map_or(Ok(()), Err)
    }

    fn adoption(&self, what: &str, needed: AdoptionScope) -> Result<(), Blocked> {
        let scope = self.config.adoption();
        if scope == AdoptionScope::Any || (scope == AdoptionScope::Marked && needed == AdoptionScope::Marked) {
            return Ok(());
        }
        let message = format!(
            "{what} needs adoption: {needed} in {}, which has {scope}: change it there, or do without it here",
            self.called
        );
        Err(Blocked::stuck(Reason::InvalidSpec, message))
    }
}

/// What the object wants, as far as the config of its account allows it.
pub(super) fn permitted<K: AnyKind>(
    object: &K::Object,
    (account, lookups): (&Account, &Lookups),
    mut desired: Desired,
) -> Result<Desired, Blocked> {
    let Some(limits) = limits(account, lookups) else { return Ok(desired) };
    stranger::<K>(object, &limits, lookups)?;
    // What is in a Dataset of this namespace is its own already.
    if K::account_of_parent(object, lookups).is_some() {
        return Ok(desired);
    }
    limits.workspace(&desired.target.workspace)?;
    if desired.adopt.is_some() {
        limits.adoption("an adoption by id", AdoptionScope::Any)?;
    }
    match desired.policy {
        Policy::ByName => limits.adoption("adoption.policy AdoptByName", AdoptionScope::Any)?,
        Policy::Only if desired.adopt.is_none() => {
            limits.adoption("adoption.policy AdoptOnly", AdoptionScope::Marked)?;
        }
        Policy::IfMarked if limits.config.adoption() == AdoptionScope::Never => desired.policy = Policy::CreateOnly,
        Policy::Only | Policy::IfMarked | Policy::CreateOnly => {}
    }
    Ok(desired)
}

/// The object may work on a dataset that no Dataset of its namespace stands for.
fn stranger<K: AnyKind>(object: &K::Object, limits: &Limits, lookups: &Lookups) -> Result<(), Blocked> {
    if !K::names_a_stranger(object, lookups) {
        return Ok(());
    }
    limits.adoption("datasetId of a dataset that no Dataset of this namespace stands for", AdoptionScope::Any)
}

impl<K: AnyKind> Pass<'_, K> {
    /// Why the object may not begin to work on files in this workspace; `None` if it may.
    pub(super) fn refused_workspace(&self, workspace: Option<&str>) -> Option<Blocked> {
        let limits = limits(self.account, &self.ctx.lookups)?;
        let lookups = &self.ctx.lookups;
        if K::account_of_parent(&self.object, lookups).is_some() {
            return None;
        }
        let stranger = stranger::<K>(&self.object, &limits, lookups);
        stranger.and_then(|()| workspace.map_or(Ok(()), |workspace| limits.workspace(workspace))).err()
    }

    /// The same status, which also says whose account the object has begun to use.
    pub(super) fn belonging(&self, after: Recorded) -> Recorded {
        let begun = after.id.is_some() || self.facts.intent.own().is_some();
        if !begun || after.provider.is_some() || self.account.alias == DEFAULT {
            return after;
        }
        let account_id = self.account_view.caller.account_id().map(str::to_owned);
        let provider = alias::config(&self.account.alias).map(|config| UsedProviderConfig { account_id, ..config });
        Recorded { provider, ..after }
    }
}
