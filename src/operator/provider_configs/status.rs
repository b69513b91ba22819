//! The status of a config. Pure.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::api::{CredentialsSource, ProviderConfigStatus, Reason};
use crate::cloud::CallerIdentity;
use crate::words;

/// What the keeper found out about a config.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    pub(super) generation: Option<i64>,
    /// Whose credentials are in use, if the token service says it now.
    pub(super) identity: Option<CallerIdentity>,
    pub(super) source: Option<CredentialsSource>,
    /// When the credentials in use end.
    pub(super) expires: Option<Timestamp>,
    pub(super) users: usize,
    /// Why it is not ready, and whether a person must change something.
    pub(super) trouble: Option<(Reason, String, bool)>,
}

/// The status after that. What is known of the account stays as long as objects use it.
pub(super) fn after(before: &ProviderConfigStatus, found: &Found, now: Timestamp) -> ProviderConfigStatus {
    let mut after = before.clone();
    after.observed_generation = found.generation;
    after.source = found.source.or(before.source);
    after.users = Some(i64::try_from(found.users).unwrap_or(i64::MAX));
    if found.source.is_some() {
        after.expires_at = found.expires.map(Time);
    }
    if let Some(identity) = &found.identity {
        after.account_id = Some(identity.account_id.clone());
        after.arn = Some(identity.principal());
        after.identity_type.clone_from(&identity.identity_type);
    }
    let condition = |kind: &str, status: &str, reason: Reason, message: &str| {
        let same = |held: &&Condition| held.type_ == kind && held.status == status;
        let since = before.conditions.iter().find(same).map(|held| held.last_transition_time.clone());
        Condition {
            type_: kind.to_owned(),
            status: status.to_owned(),
            reason: reason.as_str().to_owned(),
            message: words::cut(message, 1000),
            observed_generation: found.generation,
            last_transition_time: since.unwrap_or(Time(now)),
        }
    };
    after.conditions = match &found.trouble {
        None => vec![condition("Ready", "True", Reason::Available, "the credentials are in use")],
        Some((reason, message, stalled)) => {
            let second = if *stalled { "Stalled" } else { "Reconciling" };
            vec![condition("Ready", "False", *reason, message), condition(second, "True", *reason, message)]
        }
    };
    after
}

/// Why the credentials of another account are not used: objects have their ids in the account that the status names.
pub(super) fn other_account(before: &ProviderConfigStatus, identity: &CallerIdentity, users: usize) -> Option<String> {
    let own = before.account_id.as_deref().filter(|own| *own != identity.account_id && users > 0)?;
    Some(format!(
        "the credentials are of account {}, and the {users} objects that use this config are in account {own}: give credentials of \
         that account, and use another config for the other one",
        identity.account_id
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(account: &str) -> CallerIdentity {
        CallerIdentity {
            account_id: account.to_owned(),
            arn: format!("acs:ram::{account}:user/u"),
            identity_type: Some("RAMUser".to_owned()),
            principal_id: None,
            user_id: None,
            role_id: None,
        }
    }

    #[test]
    fn a_transition_keeps_its_time_until_the_status_turns() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let good = Found { generation: Some(1), identity: Some(identity("1")), users: 3, ..Found::default() };
        let first = after(&ProviderConfigStatus::default(), &good, at(1));
        assert_eq!((first.account_id.as_deref(), first.users), (Some("1"), Some(3)));
        let again = after(&first, &Found { generation: Some(2), ..good.clone() }, at(2));
        assert_eq!(again.conditions[0].last_transition_time, Time(at(1)));
        let trouble = Some((Reason::CredentialsInvalid, "no".to_owned(), true));
        let bad = after(&again, &Found { trouble, identity: None, ..good }, at(3));
        let kinds: Vec<_> = bad.conditions.iter().map(|held| (held.type_.as_str(), held.status.as_str())).collect();
        assert_eq!(kinds, [("Ready", "False"), ("Stalled", "True")]);
        assert_eq!(
            (bad.account_id.as_deref(), bad.conditions[0].last_transition_time.clone()),
            (Some("1"), Time(at(3)))
        );
    }

    #[test]
    fn another_account_is_refused_as_long_as_somebody_is_in_the_first_one() {
        let known = ProviderConfigStatus { account_id: Some("1".into()), ..Default::default() };
        assert!(other_account(&known, &identity("2"), 1).is_some());
        for (before, account, users) in [(&known, "1", 1), (&known, "2", 0), (&ProviderConfigStatus::default(), "2", 1)]
        {
            assert_eq!(other_account(before, &identity(account), users), None);
        }
    }
}
