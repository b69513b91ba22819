//! The limiters of all accounts: the service counts calls per account and region, so clients of the same account and
//! region share one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::{Lane, Limiter, LimiterSnapshot};
use crate::lock::lock;

/// The unit by which the service counts calls.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quota {
    /// The account's id; the name of the credentials until the id is known.
    pub account: String,
    /// The region, or else the endpoint.
    pub region: String,
}

/// One limiter per quota.
#[derive(Debug, Default)]
pub struct Limiters {
    by: Mutex<BTreeMap<Quota, Arc<Limiter>>>,
}

impl Limiters {
    /// The limiter of this quota: `mine`, unless there is one already.
    pub fn share(&self, quota: Quota, mine: Arc<Limiter>) -> Arc<Limiter> {
        lock(&self.by).entry(quota).or_insert(mine).clone()
    }

    /// The quota known as `from` turns out to be `to`. If `to` has a limiter already, that one applies from now on.
    pub fn rename(&self, from: &Quota, to: Quota, mine: Arc<Limiter>) -> Arc<Limiter> {
        let mut by = lock(&self.by);
        by.remove(from);
        by.entry(to).or_insert(mine).clone()
    }

    /// The states of all limiters added up, if there are any.
    pub fn snapshot(&self) -> Option<LimiterSnapshot> {
        let mut all: Vec<Arc<Limiter>> = Vec::new();
        for limiter in lock(&self.by).values() {
            if !all.iter().any(|known| Arc::ptr_eq(known, limiter)) {
                all.push(limiter.clone());
            }
        }
        all.iter().map(|limiter| limiter.snapshot()).reduce(|all, more| all.and(&more))
    }
}

impl LimiterSnapshot {
    fn and(self, other: &Self) -> Self {
        let waiting = |lane: Lane, all: &Self| all.waiting.iter().find(|(of, _)| *of == lane).map_or(0, |(_, n)| *n);
        let mut operation_rates: BTreeMap<_, f64> = BTreeMap::new();
        for (operation, rate) in self.operation_rates.iter().chain(&other.operation_rates) {
            *operation_rates.entry(*operation).or_default() += rate;
        }
        let budgets: Vec<_> = [self.budget, other.budget].into_iter().flatten().collect();
        Self {
            waiting: Lane::ALL.map(|lane| (lane, waiting(lane, &self) + waiting(lane, other))),
            rate: self.rate + other.rate,
            operation_rates: operation_rates.into_iter().collect(),
            budget: budgets.into_iter().reduce(|(calls, spent), (more, used)| (calls + more, spent + used)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(account: &str, region: &str) -> Quota {
        Quota { account: account.to_owned(), region: region.to_owned() }
    }

    fn limiter() -> Arc<Limiter> {
        Arc::new(Limiter::new(100.0).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn one_account_in_one_region_has_one_limiter_whatever_it_is_called_with() {
        let limiters = Limiters::default();
        assert!(limiters.snapshot().is_none());
        let first = limiters.share(quota("K1", "r"), limiter());
        let second = limiters.share(quota("K2", "r"), limiter());
        let elsewhere = limiters.share(quota("K1", "s"), limiter());
        assert!(!Arc::ptr_eq(&first, &second) && !Arc::ptr_eq(&first, &elsewhere));
        let all = |limiters: &Limiters| limiters.snapshot().unwrap().rate;
        assert!((all(&limiters) - 294.0).abs() < 0.1, "{}", all(&limiters));
        // Both keys are of account 1.
        let kept = limiters.rename(&quota("K1", "r"), quota("1", "r"), first.clone());
        let joined = limiters.rename(&quota("K2", "r"), quota("1", "r"), second);
        assert!(Arc::ptr_eq(&kept, &first) && Arc::ptr_eq(&joined, &first));
        let other = limiters.rename(&quota("K1", "s"), quota("1", "s"), elsewhere.clone());
        assert!(Arc::ptr_eq(&other, &elsewhere), "another region has a quota of its own");
        assert!((all(&limiters) - 196.0).abs() < 0.1, "{}", all(&limiters));
    }

    #[tokio::test(start_paused = true)]
    async fn their_state_is_told_together() {
        let limiters = Limiters::default();
        for key in ["K1", "K2"] {
            let limiter = Limiter::new(100.0).unwrap().with_daily_budget(10, jiff::Timestamp::UNIX_EPOCH);
            let limiter = limiter.with_operation_limit(crate::cloud::Operation::GetDataset, 10.0).unwrap();
            limiters.share(quota(key, "r"), Arc::new(limiter));
        }
        let all = limiters.snapshot().unwrap();
        assert_eq!((all.budget, all.operation_rates.len()), (Some((20, 0)), 1));
    }
}
