//! The cells: every row under every column, in every variant.

use pai_emulator::{Knobs, NameScope};

use crate::columns::{COLUMNS, Fault, Variant, variants};
use crate::jobs::Job;
use crate::oracle::Leeway;
use crate::oracle::cost::Cost;
use crate::rows::{Class, ROWS, Request, Row};

/// One cell.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The effect.
    pub row: &'static Row,
    /// The fault.
    pub variant: Variant,
    /// Names are unique in a workspace. Otherwise they may repeat, so that a duplicate is possible.
    pub unique: bool,
}

impl Cell {
    /// `C5.c.silence`, or `C5.c.silence@workspace`.
    pub fn id(&self) -> String {
        let scope = if self.unique { "@workspace" } else { "" };
        format!("{}.{}.{}{scope}", self.row.id, self.variant.column, self.variant.name)
    }

    /// The emulator's knobs.
    pub fn knobs(&self) -> Knobs {
        let name_scope = if self.unique { NameScope::Workspace } else { NameScope::None };
        Knobs { name_scope, nonce_check: !self.variant.replay, ..Knobs::default() }
    }

    /// Whether the operator starts when the work is there already.
    pub fn is_cold(&self) -> bool {
        self.row.job.is_cold() || matches!(self.variant.fault, Fault::Crash(_))
    }

    /// The most that it may cost. A copy of a create that the service carried out is deleted again, and a tree that the
    /// service refuses to delete at once goes one by one.
    pub fn most(&self) -> Cost {
        let most = self.row.job.cost().with_a_fault();
        let copied = self.variant.replay && self.row.class == Class::Create;
        let refused = self.row.job == Job::DeleteTree && self.variant.stops;
        if copied || refused { Cost::new(most.changes + 1, most.looks) } else { most }
    }

    /// The exceptions that are allowed here: the network delivered a create twice and the service executed both copies,
    /// or it delivered the first status late.
    pub fn leeway<'a>(&self, adopted: Option<&'a str>) -> Leeway<'a> {
        let may_double = self.row.job.has_surplus() || (self.variant.replay && self.row.class == Class::Create);
        let late_status = self.row.request == Request::Refusal && !self.variant.late.is_zero();
        Leeway { adopted, may_double, late_status }
    }
}

/// All cells, row by row.
pub fn all() -> Vec<Cell> {
    let mut cells = Vec::new();
    for row in ROWS {
        for (column, _) in COLUMNS {
            for variant in variants(row, column).unwrap_or_default() {
                // Unique names matter only for rows that create.
                if row.class == Class::Create && row.id == "C5" && !variant.replay {
                    cells.push(Cell { row, variant: variant.clone(), unique: true });
                }
                cells.push(Cell { row, variant, unique: false });
            }
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_cell_has_a_name_of_its_own() {
        let cells = all();
        let ids: BTreeSet<_> = cells.iter().map(Cell::id).collect();
        assert_eq!(ids.len(), cells.len());
        assert!(cells.len() > 1000, "{}", cells.len());
    }

    #[test]
    fn every_row_is_struck_by_a_crash_or_a_kill_and_every_column_strikes() {
        let cells = all();
        for row in ROWS {
            for column in ['a', 'b'] {
                assert!(cells.iter().any(|cell| cell.row.id == row.id && cell.variant.column == column), "{}", row.id);
            }
        }
        for (column, _) in COLUMNS {
            assert!(cells.iter().any(|cell| cell.variant.column == column), "{column}");
        }
    }
}
