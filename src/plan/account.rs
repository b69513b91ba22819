//! The account of a reconcile, as decisions know it: its name, and the identity that calls the service.

/// One account at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountView {
    /// The alias under which intents name it.
    pub alias: String,
    /// Its region, empty if only an endpoint is configured.
    pub region: String,
    /// The identity that calls the service now.
    pub caller: Caller,
}

/// The identity that calls the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The name that stays: the ARN of the account's root, of the user, or of the role without its session. The name of
    /// the credentials until the token service tells it.
    pub principal: String,
    /// Names of credentials that are this caller's, such as access key ids, by which earlier releases named it: the ones
    /// in use, and those that this process saw before.
    pub keys: Vec<String>,
    /// The token service has not named the caller yet, and is asked again.
    pub unconfirmed: bool,
}

impl Caller {
    /// A caller that is known by its credentials alone.
    #[must_use]
    pub fn by_key(key: &str) -> Self {
        Self { principal: key.to_owned(), keys: vec![key.to_owned()], unconfirmed: false }
    }

    /// Id of the account, if the token service has named the caller.
    #[must_use]
    pub fn account_id(&self) -> Option<&str> {
        self.principal.strip_prefix("acs:ram::")?.split(':').next()
    }

    /// Does this principal, as an intent or a status names it, mean this caller?
    #[must_use]
    pub fn is(&self, named: &str) -> bool {
        named == self.principal || self.keys.iter().any(|key| key == named)
    }

    /// Is this principal, as an intent or a status names it, one of the caller's account? IMM shows every caller of an
    /// account the same.
    #[must_use]
    pub fn is_of_the_account_of(&self, named: &str) -> bool {
        let account = |arn: &str| arn.strip_prefix("acs:ram::")?.split(':').next().map(str::to_owned);
        account(named).is_some_and(|account_id| account(&self.principal) == Some(account_id))
    }

    /// May this principal turn out to be this caller once the token service answers?
    #[must_use]
    pub fn may_be(&self, named: &str) -> bool {
        self.unconfirmed && named.starts_with("acs:ram::")
    }
}

/// 4.5 Does an absence count for remotes of the principal `named`? It does if `named` is the caller, if the caller is
/// known to see private remotes of `named`, or if no principal is recorded (`None`).
pub fn absence_counts(named: Option<&str>, caller: &Caller, is_visible: impl FnOnce(&str) -> bool) -> bool {
    named.is_none_or(|named| caller.is(named) || is_visible(named))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "acs:ram::1:role/r";

    fn known(principal: &str, keys: &[&str]) -> Caller {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        Caller { principal: principal.to_owned(), keys, unconfirmed: false }
    }

    fn counts(named: &str, caller: &Caller) -> bool {
        absence_counts(Some(named), caller, |_| false)
    }

    #[test]
    fn an_absence_counts_for_the_caller_by_any_of_its_names() {
        for (what, named, caller, expected) in [
            ("the same key, no token service", "K1", Caller::by_key("K1"), true),
            ("another key, no token service", "K1", Caller::by_key("K2"), false),
            ("an earlier release's key in use", "K1", known(ROLE, &["K1"]), true),
            ("an earlier release's key of another caller", "K0", known(ROLE, &["K1"]), false),
            ("another session of the role", ROLE, known(ROLE, &["K2"]), true),
            ("a key that this process saw before", "K1", known(ROLE, &["K2", "K1"]), true),
            ("another role", ROLE, known("acs:ram::1:role/other", &["K2"]), false),
            ("the same role of another account", ROLE, known("acs:ram::2:role/r", &["K2"]), false),
            ("the same token", "bearer:0123456789ab", Caller::by_key("bearer:0123456789ab"), true),
            ("another token", "bearer:0123456789ab", Caller::by_key("bearer:ba9876543210"), false),
            ("a caller that nobody names any more", ROLE, Caller::by_key("K1"), false),
        ] {
            assert_eq!(counts(named, &caller), expected, "{what}");
        }
    }

    #[test]
    fn it_counts_for_others_whose_private_datasets_are_seen_and_where_nobody_is_named() {
        let caller = known(ROLE, &["K1"]);
        assert!(absence_counts(Some("other"), &caller, |named| named == "other"));
        assert!(absence_counts(None, &caller, |_| false));
    }

    #[test]
    fn callers_of_one_account_are_told_by_their_names() {
        let caller = known(ROLE, &["K1"]);
        assert!(caller.is_of_the_account_of("acs:ram::1:user/u"));
        assert!(!caller.is_of_the_account_of("acs:ram::2:role/r") && !caller.is_of_the_account_of("K1"));
        assert!(!Caller::by_key("K1").is_of_the_account_of("acs:ram::1:user/u"));
    }

    #[test]
    fn only_a_name_that_stays_is_waited_for() {
        let unknown = Caller { unconfirmed: true, ..Caller::by_key("K2") };
        assert!(unknown.may_be(ROLE) && !unknown.may_be("K1") && !Caller::by_key("K2").may_be(ROLE));
        assert!(!counts(ROLE, &unknown), "until then it is another");
    }
}
