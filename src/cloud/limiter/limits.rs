//! What people state of an account's quota, and which statement counts if several configs are of the same account.

use std::collections::BTreeMap;

use super::QpsError;
use crate::cloud::operation::Operation;

/// The calls per second that an account, and single operations of it, may make.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    pub(super) qps: f64,
    pub(super) operations: BTreeMap<Operation, f64>,
}

impl Limits {
    /// `qps`, if it lies between 0.001 and 1,000,000.
    pub fn possible(qps: f64) -> Result<f64, QpsError> {
        // NaN is in no range.
        if (0.001..=1_000_000.0).contains(&qps) { Ok(qps) } else { Err(QpsError(qps)) }
    }

    /// The limit of all calls together, in the range of [`Limits::possible`].
    pub fn new(qps: f64) -> Result<Self, QpsError> {
        Ok(Self { qps: Self::possible(qps)?, operations: BTreeMap::new() })
    }

    /// Also limits `operation`, in the same range. A later statement takes the place of an earlier one.
    pub fn with_operation(mut self, operation: Operation, qps: f64) -> Result<Self, QpsError> {
        self.operations.insert(operation, Self::possible(qps)?);
        Ok(self)
    }

    /// The calls of this operation that may be made per second.
    pub(super) fn of(&self, operation: Operation) -> f64 {
        self.operations.get(&operation).copied().unwrap_or(self.qps)
    }

    /// Each limit that one of the two states, the lower one where both do.
    fn and(mut self, other: &Self) -> Self {
        self.qps = self.qps.min(other.qps);
        for (operation, qps) in &other.operations {
            let known = self.operations.entry(*operation).or_insert(*qps);
            *known = known.min(*qps);
        }
        self
    }
}

/// Limits, and whose statement they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// Stated by who administers the operator: by flags or a `ClusterProviderConfig`, not by a namespace.
    pub of_administrator: bool,
    /// What is stated.
    pub limits: Limits,
}

/// The limits that follow from several statements about the same account: the lowest of those of administrators, and only
/// without any, the lowest of those of namespaces. So no namespace slows others down. `None` without a statement.
pub(super) fn together<'a>(statements: impl Iterator<Item = &'a Statement>) -> Option<Limits> {
    let (of_administrators, of_namespaces): (Vec<_>, Vec<_>) =
        statements.partition(|statement| statement.of_administrator);
    let counting = if of_administrators.is_empty() { of_namespaces } else { of_administrators };
    counting.into_iter().map(|statement| statement.limits.clone()).reduce(|all, more| all.and(&more))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: Operation = Operation::GetDataset;

    fn limits(qps: f64, get: Option<f64>) -> Limits {
        let limits = Limits::new(qps).unwrap();
        get.map_or(limits.clone(), |get| limits.with_operation(GET, get).unwrap())
    }

    fn of(statements: &[(bool, Limits)]) -> Option<Limits> {
        let all: Vec<_> = statements
            .iter()
            .map(|(of_administrator, limits)| Statement { of_administrator: *of_administrator, limits: limits.clone() })
            .collect();
        together(all.iter())
    }

    #[test]
    fn the_lowest_counts_and_a_namespace_only_where_no_administrator_says_anything() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[(false, limits(50.0, None)), (false, limits(20.0, Some(5.0)))]), Some(limits(20.0, Some(5.0))));
        let stated =
            [(true, limits(80.0, Some(30.0))), (false, limits(1.0, Some(1.0))), (true, limits(100.0, Some(9.0)))];
        assert_eq!(of(&stated), Some(limits(80.0, Some(9.0))));
    }

    #[test]
    fn no_limit_is_zero_or_no_number() {
        for qps in [0.0, -1.0, f64::NAN, f64::INFINITY, 2e6] {
            assert!(Limits::new(qps).is_err() && limits(1.0, None).with_operation(GET, qps).is_err());
        }
    }
}
