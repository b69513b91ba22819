//! The limiters of all accounts: the service counts calls per account and region, so clients of the same account and
//! region share one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::limits::together;
use super::{Limiter, LimiterSnapshot, Statement};
use crate::lock::lock;

/// The unit by which the service counts calls.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quota {
    /// The account's id; until it is known, the name of the credentials or of the config.
    pub account: String,
    /// The region, or else the endpoint.
    pub region: String,
}

/// One limiter per quota.
#[derive(Debug, Default)]
pub struct Limiters {
    by: Mutex<BTreeMap<Quota, Shared>>,
}

/// A limiter, and what is stated of its quota, by the alias of who states it.
#[derive(Debug)]
struct Shared {
    limiter: Arc<Limiter>,
    statements: BTreeMap<String, Statement>,
}

impl Shared {
    fn apply(&self) {
        if let Some(limits) = together(self.statements.values()) {
            self.limiter.set(&limits);
        }
    }
}

impl Limiters {
    /// The limiter of this quota: `mine`, unless there is one already. The statement of `alias` counts for this quota, and
    /// for no other one of the region any more.
    pub fn share(&self, quota: Quota, alias: &str, statement: Statement, mine: Arc<Limiter>) -> Arc<Limiter> {
        let mut by = lock(&self.by);
        by.retain(|of, shared| {
            let left = of.region == quota.region && *of != quota && shared.statements.remove(alias).is_some();
            if left {
                shared.apply();
            }
            !shared.statements.is_empty()
        });
        let shared = by.entry(quota).or_insert_with(|| Shared { limiter: mine, statements: BTreeMap::new() });
        shared.statements.insert(alias.to_owned(), statement);
        shared.apply();
        shared.limiter.clone()
    }

    /// The state of each limiter.
    pub fn snapshots(&self) -> Vec<(Quota, LimiterSnapshot)> {
        lock(&self.by).iter().map(|(quota, shared)| (quota.clone(), shared.limiter.snapshot())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::Limits;

    fn quota(account: &str, region: &str) -> Quota {
        Quota { account: account.to_owned(), region: region.to_owned() }
    }

    fn stated(qps: f64) -> Statement {
        Statement { of_administrator: false, limits: Limits::new(qps).unwrap() }
    }

    fn limiter() -> Arc<Limiter> {
        Arc::new(Limiter::new(100.0).unwrap())
    }

    fn rates(limiters: &Limiters) -> Vec<(String, f64)> {
        limiters.snapshots().into_iter().map(|(quota, state)| (quota.account, state.rate.round())).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn one_account_in_one_region_has_one_limiter_whatever_it_is_called_with() {
        let limiters = Limiters::default();
        let share = |account: &str, region: &str, alias: &str, mine: &Arc<Limiter>| {
            limiters.share(quota(account, region), alias, stated(100.0), mine.clone())
        };
        let (first, second, elsewhere) =
            (share("K1", "r", "a", &limiter()), share("K2", "r", "b", &limiter()), share("K1", "s", "a", &limiter()));
        assert!(!Arc::ptr_eq(&first, &second) && !Arc::ptr_eq(&first, &elsewhere));
        // Both keys are of account 1.
        let (kept, joined) = (share("1", "r", "a", &first), share("1", "r", "b", &second));
        assert!(Arc::ptr_eq(&kept, &first) && Arc::ptr_eq(&joined, &first));
        let other = share("1", "s", "a", &elsewhere);
        assert!(Arc::ptr_eq(&other, &elsewhere), "another region has a quota of its own");
        assert_eq!(rates(&limiters), [("1".to_owned(), 98.0), ("1".to_owned(), 98.0)]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_stated_counts_at_once_and_goes_with_who_stated_it() {
        let limiters = Limiters::default();
        let state =
            |account: &str, alias: &str, qps: f64| limiters.share(quota(account, "r"), alias, stated(qps), limiter());
        let one = |account: &str, rate: f64| (account.to_owned(), rate);
        state("1", "a", 100.0);
        state("1", "b", 50.0);
        assert_eq!(rates(&limiters), [one("1", 49.0)]);
        state("1", "b", 200.0);
        assert_eq!(rates(&limiters), [one("1", 98.0)]);
        state("1", "b", 10.0);
        state("2", "b", 10.0);
        assert_eq!(rates(&limiters), [one("1", 98.0), one("2", 10.0)]);
    }
}
