//! The 41 steps of the study that the matrix was drawn up for, and what they are here. Where this protocol has no such step
//! the reason is given.

/// What became of a step.
#[derive(Clone, Copy, Debug)]
pub enum Here {
    /// These rows.
    Rows(&'static [&'static str]),
    /// Absent by design.
    Absent(&'static str),
}

use Here::{Absent, Rows};

const STORE: &str = "objects come from the watch (K2, K3); a GET is made only where it must be fresh (D1)";
const NO_READ_BACK: &str =
    "the answer of the call is believed; whatever it leaves open is doubt, and doubt is resolved by lists";

/// Every step, in the study's order.
pub const STEPS: [(&str, &str, Here); 41] = [
    ("C1", "get the object", Rows(&["K1", "K2", "K3", "K4"])),
    ("C2", "get the Secret", Absent("credentials come with the process; no Secret is read")),
    ("C3", "finalizer and intent", Rows(&["C0", "C3"])),
    ("C4", "list by mark", Rows(&["C4", "C4d", "C4n", "C4r"])),
    ("C5", "CreateDataset", Rows(&["C5"])),
    ("C6", "patch the id", Rows(&["C6", "C6d", "C6r"])),
    ("C7", "GetDataset", Absent(NO_READ_BACK)),
    ("C8", "patch status", Absent("one write with C6: id, outcome and Ready")),
    ("C9", "event", Rows(&["C9"])),
    ("U1", "get the object", Absent(STORE)),
    ("U2", "GetDataset", Absent("the index has it from the sweep (C4)")),
    ("U3", "mark dirty", Absent("observedGeneration and the remote itself say what is left to do")),
    ("U4", "UpdateDataset", Rows(&["U4", "U4f"])),
    ("U5", "add labels", Rows(&["U5", "U5g", "U5f", "U10"])),
    ("U6", "delete labels", Rows(&["U6", "U6f", "U9"])),
    ("U7", "publish", Rows(&["U7"])),
    ("U8", "patch status", Rows(&["U8"])),
    ("V1", "get the object and its parent", Absent(STORE)),
    ("V2", "intent", Rows(&["V2"])),
    ("V3", "ListDatasetVersions", Rows(&["V3"])),
    ("V4", "CreateDatasetVersion", Rows(&["V4"])),
    ("V5", "patch the name", Rows(&["V5"])),
    ("V6", "GetDatasetVersion", Absent(NO_READ_BACK)),
    ("V7", "UpdateDatasetVersion", Rows(&["V7"])),
    ("V8", "version labels", Rows(&["V8g", "V8", "V8r"])),
    ("W1", "delete the version", Rows(&["W0", "W1", "W4"])),
    ("W2", "verify", Absent("the version is read before (W0); an acknowledged delete is believed")),
    ("W3", "finalizer", Rows(&["W3"])),
    ("D1", "get the object", Rows(&["D1"])),
    ("D2", "GetDataset and ownership", Rows(&["D2"])),
    ("D3", "list versions", Rows(&["D3"])),
    ("D4", "DeleteDataset", Rows(&["D4", "D4t", "D4s", "D8"])),
    ("D5", "verify 404", Absent("the dataset is read before (D2); an acknowledged delete is believed")),
    ("D6", "list strays", Rows(&["D6"])),
    ("D7", "finalizer", Rows(&["D7"])),
    ("A1", "get the object", Absent(STORE)),
    ("A2", "GetDataset", Rows(&["A2"])),
    ("A3", "claim on the object", Rows(&["A3"])),
    ("A4", "claim by label", Rows(&["A4"])),
    ("A5", "read back", Absent("a lost answer is done again: marking twice does no harm, and the sweep shows who won")),
    ("A6", "patch the id", Rows(&["A6"])),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::rows::ROWS;

    #[test]
    fn every_row_is_one_of_the_steps_and_every_step_has_rows_or_a_reason() {
        let mut mapped = BTreeSet::new();
        for (_, _, here) in STEPS {
            match here {
                Rows(rows) => mapped.extend(rows.iter().copied()),
                Absent(why) => assert!(!why.is_empty()),
            }
        }
        assert_eq!(mapped, ROWS.iter().map(|row| row.id).collect::<BTreeSet<_>>());
    }
}
