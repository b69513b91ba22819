//! What calls cost, by the vendor's price list (the page "PAI dataset management API", section "Pricing & Billing").
//!
//! The list gives no currency. It says that failed calls are generally billed, and that `GetDataset` is billed only if
//! it succeeds. Whether the input and the output price of `ListDatasets` are both due is not said, so they are kept
//! apart. Operations that are not on the list have no published price.

use super::operation::Operation;

/// What one call costs, in the units of the list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// For the call.
    pub input: f64,
    /// For its answer.
    pub output: f64,
    /// Whether the list can be read so that a failed call is billed.
    pub failures: bool,
}

impl Price {
    /// The price of a call, `None` if none is published.
    pub const fn of(operation: Operation) -> Option<Self> {
        match operation {
            Operation::CreateDataset | Operation::DeleteDataset => {
                Some(Self { input: 0.001, output: 0.0, failures: true })
            }
            Operation::GetDataset => Some(Self { input: 0.0001, output: 0.0, failures: false }),
            Operation::ListDatasets => Some(Self { input: 0.001, output: 0.001, failures: true }),
            Operation::UpdateDataset
            | Operation::PublishDataset
            | Operation::CreateDatasetLabels
            | Operation::DeleteDatasetLabels
            | Operation::CreateDatasetVersion
            | Operation::ListDatasetVersions
            | Operation::GetDatasetVersion
            | Operation::UpdateDatasetVersion
            | Operation::DeleteDatasetVersion
            | Operation::CreateDatasetVersionLabels
            | Operation::DeleteDatasetVersionLabels => None,
        }
    }
}
