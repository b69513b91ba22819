//! The index of a process: the knowledge of remotes from reads, lists and answers to calls. Mirrors the inventory of
//! production (`src/inventory/rows.rs` and its rooms); `tests/explore/index.rs` compares the two.

use crate::service;
use crate::world::{Id, Kin, Look, Looks, Process, REMOTES, Row, State, each, index};

/// The bit of [`Process::gone`](crate::world::Process::gone) for the dataset of versions.
pub const DATASET_GONE: u8 = 1 << 7;

/// `put_read` and `put_written`: as a read or an acknowledged call shows it now.
pub fn believe(state: &mut State, process: u8, id: Id, look: Look) {
    let Some(at) = index(id) else { return };
    let process = &mut state.processes[usize::from(process)];
    process.gone &= !(1 << at);
    process.rows[at] = Some(Row { look, age: 0, doubtful: false });
}

/// `missed`: a read did not find it, so its row is not believed any more. That is no proof.
pub fn missed(state: &mut State, process: u8, id: Id) {
    if let Some(at) = index(id) {
        state.processes[usize::from(process)].rows[at] = None;
    }
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

/// `doubt`: a call may or may not have changed it. A doubt about a version is one about all versions of its dataset.
pub fn doubt(state: &mut State, process: u8, id: Id, versioned: bool) {
    let rows = (1..).zip(&mut state.processes[usize::from(process)].rows);
    for row in rows.filter(|(other, _)| versioned || *other == id).filter_map(|(_, row)| row.as_mut()) {
        (row.doubtful, row.age) = (true, 0);
    }
}

/// Datasets from a list that may be one lag old. What is known gone stays so: only a read or a call brings it back.
pub fn put_listed(state: &mut State, process: u8, looks: &Looks) {
    let process = &mut state.processes[usize::from(process)];
    let gone = process.gone;
    put(process, looks, |at| gone & (1 << at) == 0);
}

/// A whole list of datasets: rows that it does not show, and that are not younger, are dropped.
pub fn sweep_rows(state: &mut State, process: u8, shown: &Looks) {
    put_listed(state, process, shown);
    drop_others(&mut state.processes[usize::from(process)], shown);
}

/// All versions of the dataset: `list_versions` of `reads.rs`.
pub fn list_versions(state: &mut State, process: u8) {
    if state.kin == Kin::Gone {
        dataset_gone(state, process);
    } else {
        let shown = service::list(state, |_, _| true);
        put_versions(state, process, &shown);
    }
}

/// `put_versions`: a whole list of versions. A version that is known gone gets a row again, and stays gone all the same.
pub fn put_versions(state: &mut State, process: u8, shown: &Looks) {
    let process = &mut state.processes[usize::from(process)];
    put(process, shown, |_| true);
    drop_others(process, shown);
    process.versions_known = true;
}

/// `remove` of the dataset of all versions: nothing of them is known any more but that they are gone.
pub fn dataset_gone(state: &mut State, process: u8) {
    let process = &mut state.processes[usize::from(process)];
    process.gone |= DATASET_GONE;
    process.rows = [None; REMOTES];
    process.versions_known = false;
}

/// A tick later: a list may be as young as a row.
pub fn tick(process: &mut Process) {
    process.rows.iter_mut().flatten().for_each(|row| row.age = 1);
}

/// `put`: the rows of a list, which replace no younger ones.
fn put(process: &mut Process, looks: &Looks, may: impl Fn(usize) -> bool) {
    for (id, look) in each(looks) {
        let Some(at) = index(id) else { continue };
        let younger = process.rows[at].is_some_and(|row| row.age == 0);
        if may(at) && !younger {
            process.rows[at] = Some(Row { look: *look, age: 1, doubtful: false });
        }
    }
}

fn drop_others(process: &mut Process, shown: &Looks) {
    for (at, row) in process.rows.iter_mut().enumerate() {
        if shown[at].is_none() && row.is_some_and(|row| row.age > 0) {
            *row = None;
        }
    }
}
