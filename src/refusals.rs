//! The answers of the API server that refuse a write: nothing was stored, and nothing will be until somebody changes
//! something.

use kube::core::Status;

/// The API server's message about a JSON Patch that cannot be applied, such as one whose `test` does not hold.
pub(crate) const CANNOT_BE_APPLIED: &str = "the server rejected our request due to an error in our request";

/// Does this answer refuse the write? Admission may choose any code (500 if a webhook cannot be reached), so its
/// message decides.
pub(crate) fn refuses(status: &Status) -> bool {
    const ADMISSION: [&str; 4] =
        ["denied request", "denied the request", "failed calling webhook", "failed to call webhook"];
    let by_admission = ADMISSION.iter().any(|words| status.message.contains(words));
    by_admission
        || match status.code {
            400 | 403 | 413 => true,
            422 => status.message != CANNOT_BE_APPLIED,
            _ => false,
        }
}
