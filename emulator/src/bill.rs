//! The cost of the calls by the vendor's price list, for each way to read the list.
//!
//! The list prices single requests and says that failed ones are generally billed too. It has an input and an output
//! price for `ListDatasets` without saying whether both apply to one call. So there are four totals, not one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ledger::{Count, Stats};
use crate::operation::{Operation, Price};

/// Prices are multiples of a ten-thousandth; sums of whole ones stay exact.
const PARTS: u32 = 10_000;

/// An amount in each reading of the price list, in units of its currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Amounts {
    /// Failed calls cost as much as others; a list costs its input price.
    pub failed_billed: f64,
    /// Failed calls cost nothing; a list costs its input price.
    pub failed_free: f64,
    /// As `failed_billed`, and a list that succeeded also costs its output price.
    pub failed_billed_with_output: f64,
    /// As `failed_free`, and a list that succeeded also costs its output price.
    pub failed_free_with_output: f64,
}

/// The calls of one operation and what they cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BillLine {
    /// Calls that succeeded.
    pub ok: u64,
    /// Calls that failed, throttled ones among them.
    pub failed: u64,
    /// Price of a call.
    pub price: f64,
    /// Price of its answer, where the list has one.
    pub output_price: f64,
    /// Whether only calls that succeeded are billed.
    pub success_only: bool,
    /// What all of them cost.
    pub amount: Amounts,
}

/// The bill of all calls since the start, the last reset, or the last clearing of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bill {
    /// The list names no currency.
    pub currency_unit: String,
    /// Per operation; those that were never called are absent.
    pub calls: BTreeMap<String, BillLine>,
    /// The sums.
    pub total: Amounts,
}

/// An amount in ten-thousandths, in the order of the members of [`Amounts`].
type Parts = [u64; 4];

impl Price {
    fn of(self, count: Count) -> Parts {
        let (input, output) = (u64::from(self.input), u64::from(self.output));
        let failed = if self.success_only { 0 } else { count.failed * input };
        let (paid, answers) = (count.ok * input, count.ok * output);
        [paid + failed, paid, paid + failed + answers, paid + answers]
    }
}

/// A unit's number of its ten-thousandths.
#[allow(clippy::cast_precision_loss, reason = "exact up to 2^53 ten-thousandths, more than any run makes")]
fn units(parts: u64) -> f64 {
    parts as f64 / f64::from(PARTS)
}

impl From<Parts> for Amounts {
    fn from(parts: Parts) -> Self {
        let [failed_billed, failed_free, failed_billed_with_output, failed_free_with_output] = parts.map(units);
        Self { failed_billed, failed_free, failed_billed_with_output, failed_free_with_output }
    }
}

impl Bill {
    /// The bill of the calls that these counts hold.
    pub(crate) fn of(stats: &Stats) -> Self {
        let mut total = Parts::default();
        let line = |(operation, count): (&String, &Count)| {
            let price = Operation::named(operation).map(Operation::price).unwrap_or_default();
            let parts = price.of(*count);
            for (sum, part) in total.iter_mut().zip(parts) {
                *sum += part;
            }
            let line = BillLine {
                ok: count.ok,
                failed: count.failed,
                price: units(u64::from(price.input)),
                output_price: units(u64::from(price.output)),
                success_only: price.success_only,
                amount: parts.into(),
            };
            (operation.clone(), line)
        };
        let calls = stats.calls.iter().map(line).collect();
        Self { currency_unit: "unit".to_owned(), calls, total: total.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reading_of_the_list_has_its_total() {
        let count = |ok, failed| Count { ok, failed, throttled: 0 };
        let calls = [
            ("CreateDataset", count(3, 1)),
            ("GetDataset", count(2, 5)),
            ("ListDatasets", count(4, 2)),
            ("UpdateDataset", count(9, 9)),
            ("Unknown", count(0, 1)),
        ];
        let calls = calls.map(|(name, count)| (name.to_owned(), count)).into();
        let bill = Bill::of(&Stats { calls, ..Stats::default() });
        let amounts = |line: &str| {
            let amount = bill.calls[line].amount;
            let Amounts { failed_billed, failed_free, failed_billed_with_output, failed_free_with_output } = amount;
            [failed_billed, failed_free, failed_billed_with_output, failed_free_with_output].map(|x| x.to_string())
        };
        assert_eq!(amounts("CreateDataset"), ["0.004", "0.003", "0.004", "0.003"]);
        assert_eq!(amounts("GetDataset"), ["0.0002"; 4], "the list names it as billed on success only");
        assert_eq!(amounts("ListDatasets"), ["0.006", "0.004", "0.01", "0.008"]);
        assert_eq!(
            (amounts("UpdateDataset"), amounts("Unknown")),
            (["0"; 4].map(String::from), ["0"; 4].map(String::from))
        );
        let total = serde_json::to_value(bill.total).unwrap();
        let expected = serde_json::json!({"failedBilled": 0.0102, "failedFree": 0.0072,
            "failedBilledWithOutput": 0.0142, "failedFreeWithOutput": 0.0112});
        assert_eq!(total, expected);
    }
}
