//! The 41 steps of the study behind this matrix, the faults that make sense for each step there, and the rows for it
//! here. If this protocol does not have a step, the reason is given.

use crate::columns::variants;
use crate::rows::by_id;

/// A step of the study.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// `C5`
    pub id: &'static str,
    /// The step in the study.
    pub what: &'static str,
    /// The columns in which the study has a cell.
    pub columns: &'static str,
    /// The rows that it became; none if this protocol has no such step.
    pub rows: &'static [&'static str],
    /// The step here, or why there is none.
    pub here: &'static str,
}

impl Step {
    /// This protocol has none.
    pub const fn is_absent(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many variants of a column run here.
    pub fn cells(&self, column: char) -> usize {
        let rows = self.rows.iter().filter_map(|id| by_id(id));
        rows.map(|row| variants(row, column).map_or(0, |variants| variants.len())).sum()
    }
}

const fn step(
    id: &'static str,
    what: &'static str,
    columns: &'static str,
    rows: &'static [&'static str],
    here: &'static str,
) -> Step {
    Step { id, what, columns, rows, here }
}

const SAME: &str = "the same";
const STORE: &str = "absent: objects come from the watch (K2, K3); a GET is made only where it must be fresh (D1)";
const BELIEVED: &str =
    "absent: the answer of the call is believed; what it leaves open is doubt, which lists resolve (C4d)";

/// Reads of the API server, writes to it; lists and reads of the cloud, and its other calls.
const READ: &str = "abcdhjklm";
const WRITE: &str = "abcdefghjklm";
const LOOK: &str = "abcdhijklm";
const CALL: &str = "abcdefghijklm";

/// Every step, in the study's order.
pub const STEPS: [Step; 41] = [
    step("C1", "get the object", READ, &["K1", "K2", "K3", "K4"], "a watch, and what a process reads when it starts"),
    step("C2", "get the Secret", READ, &[], "absent: credentials come with the process; no Secret is read"),
    step("C3", "finalizer and intent", WRITE, &["C0", "C3"], "the same, and the permit before it, which sends nothing"),
    step(
        "C4",
        "list by mark",
        LOOK,
        &["C4", "C4d", "C4n", "C4r"],
        "the sweep, the list of a doubt, the list by name, and the end of a doubt, which sends nothing",
    ),
    step("C5", "CreateDataset", CALL, &["C5"], SAME),
    step("C6", "patch the id", WRITE, &["C6", "C6d", "C6r"], "the same; also of what a list found, and of a refusal"),
    step("C7", "GetDataset", LOOK, &[], BELIEVED),
    step("C8", "patch status", WRITE, &[], "absent: one write with C6: id, outcome and Ready"),
    step("C9", "event", WRITE, &["C9"], SAME),
    step("U1", "get the object", READ, &[], STORE),
    step(
        "U2",
        "GetDataset",
        LOOK,
        &["U5g"],
        "only before a full set of labels is written; the sweep (C4) shows the rest",
    ),
    step("U3", "mark dirty", WRITE, &[], "absent: observedGeneration and the remote itself say what is left to do"),
    step("U4", "UpdateDataset", CALL, &["U4", "U4f"], "the same; also of v1"),
    step("U5", "add labels", CALL, &["U5", "U5f", "U10"], "the same; also of v1, and a mark that somebody took off"),
    step("U6", "delete labels", CALL, &["U6", "U6f", "U9"], "the same; also of v1, and `dso-released` set by somebody"),
    step("U7", "publish", CALL, &["U7"], SAME),
    step("U8", "patch status", WRITE, &["U8"], SAME),
    step("V1", "get the object and its parent", READ, &[], STORE),
    step("V2", "intent", WRITE, &["V2"], SAME),
    step("V3", "ListDatasetVersions", LOOK, &["V3"], SAME),
    step("V4", "CreateDatasetVersion", CALL, &["V4"], SAME),
    step("V5", "patch the name", WRITE, &["V5"], SAME),
    step("V6", "GetDatasetVersion", LOOK, &["V8g"], "only before a full set of labels is written"),
    step("V7", "UpdateDatasetVersion", CALL, &["V7"], SAME),
    step("V8", "version labels", CALL, &["V8", "V8r"], "the same, set and deleted"),
    step("W1", "delete the version", CALL, &["W1", "W4"], "the same; or, kept, its release"),
    step("W2", "verify", LOOK, &["W0"], "before the deletion, not after it: an acknowledged delete is believed"),
    step("W3", "finalizer", WRITE, &["W3"], SAME),
    step("D1", "get the object", READ, &["D1"], SAME),
    step("D2", "GetDataset and ownership", LOOK, &["D2"], SAME),
    step("D3", "list versions", LOOK, &["D3"], SAME),
    step(
        "D4",
        "DeleteDataset",
        CALL,
        &["D4", "D4t", "D4s", "D8"],
        "the same, alone, with versions, and of surplus; or, kept, its release",
    ),
    step("D5", "verify 404", LOOK, &[], "absent: the dataset is read before (D2); an acknowledged delete is believed"),
    step("D6", "list strays", LOOK, &["D6"], SAME),
    step("D7", "finalizer", WRITE, &["D7"], SAME),
    step("A1", "get the object", READ, &[], STORE),
    step("A2", "GetDataset", LOOK, &["A2"], SAME),
    step(
        "A3",
        "claim on the object",
        WRITE,
        &["A3"],
        "the intent; that one id goes to one object is decided by the mark (A4)",
    ),
    step("A4", "claim by label", CALL, &["A4"], SAME),
    step(
        "A5",
        "read back",
        LOOK,
        &[],
        "absent: a lost answer is done again; marking twice does no harm, and the sweep shows who won",
    ),
    step("A6", "patch the id", WRITE, &["A6"], SAME),
];

/// Of the study's cells: how many have a cell here, and how many belong to steps that are absent.
pub fn covered() -> (usize, usize) {
    let count =
        |absent: bool| STEPS.iter().filter(|step| step.is_absent() == absent).map(|step| step.columns.len()).sum();
    (count(false), count(true))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::columns::COLUMNS;
    use crate::rows::ROWS;

    #[test]
    fn every_row_is_one_of_the_steps_and_every_step_has_rows_or_a_reason() {
        let mapped: Vec<_> = STEPS.iter().flat_map(|step| step.rows.iter().copied()).collect();
        assert_eq!(mapped.iter().copied().collect::<BTreeSet<_>>(), ROWS.iter().map(|row| row.id).collect());
        assert_eq!(mapped.len(), ROWS.len(), "a row of two steps");
        assert!(STEPS.iter().all(|step| step.is_absent() == step.here.starts_with("absent: ")));
    }

    #[test]
    fn the_study_has_461_cells_and_each_has_cells_here_unless_its_step_is_absent() {
        let (here, absent) = covered();
        assert_eq!(here + absent, 461);
        for step in STEPS.iter().filter(|step| !step.is_absent()) {
            for (column, _) in COLUMNS {
                let there = step.columns.contains(column);
                assert_eq!(there, step.cells(column) > 0, "{} {column}", step.id);
            }
        }
    }
}
