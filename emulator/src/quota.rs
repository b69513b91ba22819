//! The quotas: so many calls per second of an account, and of each operation of it.
//!
//! A call must fit all of its quotas; a rejected one costs none of them anything.

use std::collections::HashMap;

use crate::knobs::{Knobs, QuotaForm};
use crate::operation::{Operation, Product};

/// The quota that rejected a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spent {
    /// All operations of the account together.
    Account,
    /// This operation of the account.
    Operation,
}

/// A quota as the knobs have it.
#[derive(Clone, Copy, Debug)]
struct Limit {
    form: QuotaForm,
    /// Calls per second.
    rate: u32,
    /// Size of a bucket.
    burst: u32,
}

/// How much of a quota is left.
#[derive(Clone, Copy, Debug)]
enum Meter {
    Bucket { tokens: f64, at_ms: i64 },
    Window { second: i64, used: u32 },
}

impl Meter {
    /// This meter at a later time, or a fresh one.
    fn at(was: Option<Self>, limit: Limit, now_ms: i64) -> Self {
        let second = now_ms.div_euclid(1000);
        match (limit.form, was) {
            (QuotaForm::Bucket, Some(Self::Bucket { tokens, at_ms })) => {
                // A clock set back must not take tokens away.
                let passed = u32::try_from((now_ms - at_ms).max(0)).unwrap_or(u32::MAX);
                let grown = tokens + f64::from(passed) * f64::from(limit.rate) / 1000.0;
                Self::Bucket { tokens: grown.min(f64::from(limit.burst)), at_ms: now_ms }
            }
            (QuotaForm::Bucket, _) => Self::Bucket { tokens: f64::from(limit.burst), at_ms: now_ms },
            (QuotaForm::Window, Some(same @ Self::Window { second: at, .. })) if at == second => same,
            (QuotaForm::Window, _) => Self::Window { second, used: 0 },
        }
    }

    /// This meter after one more call; `None` when nothing is left.
    fn spend(self, limit: Limit) -> Option<Self> {
        match self {
            Self::Bucket { tokens, at_ms } => (tokens >= 1.0).then_some(Self::Bucket { tokens: tokens - 1.0, at_ms }),
            Self::Window { second, used } => {
                (used < limit.rate).then_some(Self::Window { second, used: used.saturating_add(1) })
            }
        }
    }
}

/// A meter for each parent account, and for each of its operations that has a quota.
#[derive(Clone, Debug, Default)]
pub(crate) struct Quota {
    meters: HashMap<(String, Option<Operation>), Meter>,
}

impl Quota {
    /// Counts a call of the account, or says which quota has no room for it.
    pub(crate) fn take(
        &mut self,
        account: &str,
        operation: Operation,
        knobs: &Knobs,
        now_ms: i64,
    ) -> Result<(), Spent> {
        let form = knobs.quota_form;
        let limit = |rate, burst| Limit { form, rate, burst: if burst == 0 { rate } else { burst } };
        // That quota is of the dataset API.
        let shared = knobs.quota_per_second > 0 && operation.product() == Product::AiWorkSpace;
        let of_account = shared.then(|| limit(knobs.quota_per_second, knobs.quota_burst));
        let of_operation = knobs.operation_quotas.of(operation).map(|rate| limit(rate, 0));
        let mut met = Vec::new();
        for (of, limit, spent) in
            [(None, of_account, Spent::Account), (Some(operation), of_operation, Spent::Operation)]
        {
            let key = (account.to_owned(), of);
            if let Some(limit) = limit {
                let now = Meter::at(self.meters.get(&key).copied(), limit, now_ms);
                self.meters.insert(key.clone(), now);
                met.push((key, now.spend(limit).ok_or(spent)?));
            } else if of.is_some() || operation.product() == Product::AiWorkSpace {
                self.meters.remove(&key);
            }
        }
        self.meters.extend(met);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATE: Operation = Operation::CreateDataset;

    fn granted(quota: &mut Quota, knobs: &Knobs, now_ms: i64) -> usize {
        (0..100).filter(|_| quota.take("a", CREATE, knobs, now_ms).is_ok()).count()
    }

    #[test]
    fn a_full_bucket_then_the_rate() {
        let knobs = Knobs { quota_per_second: 10, ..Knobs::default() };
        let mut quota = Quota::default();
        assert_eq!(granted(&mut quota, &knobs, 0), 10);
        assert_eq!(granted(&mut quota, &knobs, 500), 5);
        assert_eq!(granted(&mut quota, &knobs, 60_000), 10, "a bucket never holds more than its size");
        assert!(quota.take("b", CREATE, &knobs, 60_000).is_ok(), "accounts do not share");
        assert_eq!(granted(&mut quota, &knobs, 0), 0, "a clock set back gives nothing and breaks nothing");
    }

    #[test]
    fn the_burst_is_a_size_of_its_own_and_zero_is_no_limit() {
        let mut quota = Quota::default();
        let knobs = Knobs { quota_per_second: 10, quota_burst: 3, ..Knobs::default() };
        assert_eq!(granted(&mut quota, &knobs, 0), 3);
        assert_eq!(granted(&mut quota, &Knobs::default(), 0), 100);
    }

    #[test]
    fn windows_are_the_seconds_of_the_clock() {
        let knobs = Knobs { quota_per_second: 10, quota_form: QuotaForm::Window, ..Knobs::default() };
        let mut quota = Quota::default();
        assert_eq!([900, 999, 1000, 1999].map(|now_ms| granted(&mut quota, &knobs, now_ms)), [10, 0, 10, 0]);
        let less = Knobs { quota_per_second: 3, ..knobs };
        assert_eq!(granted(&mut quota, &less, 1999), 0, "a lower limit counts what was used before");
        assert_eq!(granted(&mut quota, &less, 2000), 3);
        let bucket = Knobs { quota_form: QuotaForm::Bucket, ..less };
        assert_eq!(granted(&mut quota, &bucket, 2000), 3, "another form begins anew");
    }

    #[test]
    fn a_call_needs_room_in_both_quotas_and_costs_neither_when_one_has_none() {
        for quota_form in [QuotaForm::Bucket, QuotaForm::Window] {
            let operation_quotas = "CreateDataset=2".parse().unwrap();
            let knobs = Knobs { quota_per_second: 5, quota_form, operation_quotas, ..Knobs::default() };
            let mut quota = Quota::default();
            assert_eq!(granted(&mut quota, &knobs, 0), 2);
            assert_eq!(quota.take("a", CREATE, &knobs, 0), Err(Spent::Operation));
            assert!(quota.take("b", CREATE, &knobs, 0).is_ok(), "another account has its own");
            let mut get = || quota.take("a", Operation::GetDataset, &knobs, 0);
            assert_eq!([get(), get(), get(), get()], [Ok(()), Ok(()), Ok(()), Err(Spent::Account)]);
            assert_eq!(granted(&mut quota, &knobs, 1000), 2);
        }
    }

    #[test]
    fn what_the_account_rejects_costs_the_operation_nothing() {
        let operation_quotas = "CreateDataset=2".parse().unwrap();
        let knobs = Knobs { quota_per_second: 1, quota_form: QuotaForm::Window, operation_quotas, ..Knobs::default() };
        let mut quota = Quota::default();
        assert_eq!(granted(&mut quota, &knobs, 0), 1);
        let only = Knobs { quota_per_second: 0, ..knobs };
        assert_eq!(granted(&mut quota, &only, 0), 1, "one of two was used");
    }
}
