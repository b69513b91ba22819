//! The index of a process: the knowledge of remotes from reads, lists and answers to calls. Mirrors `rows.rs` of
//! production.

use crate::service;
use crate::world::{Id, Kin, Look, Looks, REMOTES, Row, State, each, index};

/// The bit of [`Process::gone`](crate::world::Process::gone) for the dataset of versions.
pub const DATASET_GONE: u8 = 1 << 7;

/// `put_read` and `put_written`: as a read or an acknowledged call shows it now.
pub fn believe(state: &mut State, process: u8, id: Id, look: Look) {
    let Some(at) = index(id) else { return };
    let process = &mut state.processes[usize::from(process)];
    process.gone &= !(1 << at);
    process.rows[at] = Some(Row { look, age: 0, doubtful: false });
}

/// `gone` of `reads.rs`: known for certain.
pub fn gone(state: &mut State, process: u8, id: Id) {
    let Some(at) = index(id) else { return };
    let process = &mut state.processes[usize::from(process)];
    process.rows[at] = None;
    process.gone |= 1 << at;
    process.held[at] = 0;
    process.refused = false;
}

/// `doubt`: a call may or may not have changed it.
pub fn doubt(state: &mut State, process: u8, id: Id) {
    let rows = &mut state.processes[usize::from(process)].rows;
    if let Some(row) = index(id).and_then(|at| rows[at].as_mut()) {
        (row.doubtful, row.age) = (true, 0);
    }
}

/// Rows from a list that may be one lag old: it replaces no younger row (`put`).
pub fn put_listed(state: &mut State, process: u8, looks: &Looks) {
    let process = &mut state.processes[usize::from(process)];
    for (id, look) in each(looks) {
        let Some(at) = index(id) else { continue };
        let younger = process.rows[at].is_some_and(|row| row.age == 0);
        if process.gone & (1 << at) == 0 && !younger {
            process.rows[at] = Some(Row { look: *look, age: 1, doubtful: false });
        }
    }
}

/// All versions of the dataset: `list_versions` of `reads.rs`.
pub fn list_versions(state: &mut State, process: u8) {
    if state.kin == Kin::Gone {
        let process = &mut state.processes[usize::from(process)];
        process.gone |= DATASET_GONE;
        process.rows = [None; REMOTES];
        return;
    }
    let shown = service::list(state, |_, _| true);
    sweep_rows(state, process, &shown);
    state.processes[usize::from(process)].versions_known = true;
}

/// A whole list: rows that it does not show, and that are not younger, are dropped.
pub fn sweep_rows(state: &mut State, process: u8, shown: &Looks) {
    put_listed(state, process, shown);
    let process = &mut state.processes[usize::from(process)];
    for (at, row) in process.rows.iter_mut().enumerate() {
        if shown[at].is_none() && row.is_some_and(|row| row.age > 0) {
            *row = None;
        }
    }
}
