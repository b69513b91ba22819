//! Builds the question of a pass from its copy of the object, its reads, the memory of its process and the index. What
//! follows from these, production decides: `View::look_at_index`.

use crate::model::Model;
use crate::question::Question;
use crate::references;
use crate::world::{Domain, Id, Kin, Look, Object, Pass, Process, Row, State, Uid};

/// The question that this pass asks now, and the number of the memory after asking.
#[must_use]
pub fn question(model: &Model, state: &State, place: (u8, u8), pass: &Pass) -> (Question, u16) {
    let (slot, process) = (place.1, &state.processes[usize::from(place.0)]);
    let desk = &process.desks[usize::from(slot)];
    let object = pass.object;
    let (memory, remembered) = model.memories.process(desk.memory, &object);
    let shown = process.desks.iter().filter_map(|desk| desk.shown);
    let question = Question {
        slot,
        wish: model.scenario.wishes[usize::from(slot)],
        object: Object { version: 0, ..object },
        memory: remembered,
        fresh: references::free_nonce(model, state),
        object_is_fresh: pass.fresh,
        swept: process.swept,
        versions_known: !model.scenario.versioned || process.versions_known,
        sights: pass.sights,
        rows: process.rows.map(|row| row.map(|row| Row { age: 0, ..row })),
        gone: process.gone,
        dataset: pass.dataset,
        owned: pass.owned,
        named: pass.named,
        versions: pass.versions,
        live_here: shown.fold(0, |lives, shown| lives | 1 << shown.uid),
        elsewhere: recorded_elsewhere(model, process, (slot, object.uid)),
        permit: pass.permit,
        flight: pass.flight,
        in_hand: pass.in_hand,
        principal: state.principal,
        kin: if slot == 0 { state.kin } else { Kin::Quiet },
        stranger_version: slot == 0 && state.stranger_version,
        delete_refused: process.refused,
    };
    (question, memory)
}

/// Does it carry the owner mark of this slot?
#[must_use]
pub fn carries_owner(look: &Look, slot: u8) -> bool {
    look.mark.is_some_and(|mark| mark.owner == slot && mark.domain != Domain::Foreign)
}

/// The remotes that other objects than this one of this slot recorded, by what this process knows, as bits.
#[must_use]
pub fn recorded_elsewhere(model: &Model, process: &Process, (slot, uid): (u8, Uid)) -> u8 {
    (0..).zip(&process.desks).fold(0, |ids, (other, desk)| {
        let shown = desk.shown.filter(|shown| shown.uid != uid).map_or(0, |shown| shown.status.id);
        let recorded = || model.memories.recorded_id(desk.memory).and_then(|id| model.oracle.words().of_id(&id));
        let recorded: Id = if other != slot && desk.uid != uid { recorded().unwrap_or_default() } else { 0 };
        ids | 1 << shown | 1 << recorded
    })
}
