//! The quotas of single operations, one text on the wire: `CreateDataset=20,GetDataset=50`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::operation::Operation;

/// Calls per second and parent account of single operations; those it does not name have no quota of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OperationQuotas(BTreeMap<Operation, u32>);

/// A text that is no list of quotas.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no quota: want OPERATION=CALLS_PER_SECOND, separated by commas")]
pub struct QuotasError(String);

impl OperationQuotas {
    /// Calls per second of an operation; `None` = no limit.
    pub fn of(&self, operation: Operation) -> Option<u32> {
        self.0.get(&operation).copied().filter(|rate| *rate > 0)
    }
}

impl FromStr for OperationQuotas {
    type Err = QuotasError;

    fn from_str(text: &str) -> Result<Self, QuotasError> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let quotas = entries.map(|entry| {
            let (name, rate) = entry.split_once('=')?;
            Some((Operation::named(name.trim())?, rate.trim().parse().ok()?))
        });
        quotas.collect::<Option<_>>().map(Self).ok_or_else(|| QuotasError(text.to_owned()))
    }
}

impl TryFrom<String> for OperationQuotas {
    type Error = QuotasError;

    fn try_from(text: String) -> Result<Self, QuotasError> {
        text.parse()
    }
}

impl From<OperationQuotas> for String {
    fn from(quotas: OperationQuotas) -> Self {
        quotas.to_string()
    }
}

impl fmt::Display for OperationQuotas {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries: Vec<String> =
            self.0.iter().map(|(operation, rate)| format!("{}={rate}", operation.name())).collect();
        out.write_str(&entries.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_are_read_and_shown() {
        let quotas: OperationQuotas = " GetDataset=50, CreateDataset=20,ListDatasets=0,".parse().unwrap();
        let of = [Operation::CreateDataset, Operation::GetDataset, Operation::ListDatasets].map(|name| quotas.of(name));
        assert_eq!(of, [Some(20), Some(50), None]);
        assert_eq!(quotas.to_string(), "CreateDataset=20,ListDatasets=0,GetDataset=50");
        assert_eq!("".parse(), Ok(OperationQuotas::default()));
        for wrong in ["CreateDataset", "CreateDataset=x", "MakeDataset=1", "CreateDataset=-1", "CreateDataset=1;"] {
            assert!(wrong.parse::<OperationQuotas>().is_err(), "{wrong}");
        }
    }
}
