//! Builds the question of a pass from its copy of the object, its reads, the memory of its process and the index. Mirrors
//! `Pass::view`, `look_at_index` and `who_is_who` of `src/reconcile/gather.rs`.

use dataset_operator::plan::account::{self, Caller};
use dataset_operator::plan::aftermath::place_is_swept;

use crate::model::Model;
use crate::question::Question;
use crate::references;
use crate::rows::DATASET_GONE;
use crate::words;
use crate::world::{Domain, Id, Look, Looks, Object, Pass, Process, REMOTES, Sight, State, Uid, each, index};

/// The question that this pass asks now, and the number of the memory after asking.
#[must_use]
pub fn question(model: &Model, state: &State, place: (u8, u8), pass: &Pass) -> (Question, u16) {
    let (slot, process) = (place.1, &state.processes[usize::from(place.0)]);
    let desk = &process.desks[usize::from(slot)];
    let object = pass.object;
    let (memory, remembered) = model.memories.process(desk.memory, &object);
    let versioned = model.scenario.versioned;
    let dataset_gone = pass.dataset == Some(false) || (versioned && process.gone & DATASET_GONE > 0);
    let owned = pass.owned.unwrap_or_else(|| known_owned(process, slot, versioned));
    let mut sights = pass.sights;
    for (id, sight) in (1..).zip(&mut sights) {
        let concerns = id == object.status.id || index(id).is_some_and(|at| owned[at].is_some());
        if concerns && *sight == Sight::Unknown {
            *sight = known(process, id);
        }
    }
    let recorded_gone = object.status.id > 0 && known(process, object.status.id) == Sight::Gone;
    let workspace = (!no_target(versioned, state, &object)).then_some(process.swept);
    let children = versioned.then_some(process.versions_known);
    let swept = place_is_swept(workspace, children, versioned && (dataset_gone || recorded_gone));
    let (live_here, elsewhere) = who_is_who(model, process, slot, &object, &sights, &owned, pass);
    let question = Question {
        slot,
        wish: model.scenario.wishes[usize::from(slot)],
        object: Object { version: 0, ..object },
        memory: remembered,
        fresh: references::free_nonce(model, state),
        object_is_fresh: pass.fresh,
        swept: pass.in_hand || swept,
        absence_counts: pass.in_hand || absence_counts(state, &object),
        sights,
        dataset_gone,
        dataset_read: pass.dataset == Some(true),
        owned,
        owned_is_fresh: pass.owned.is_some(),
        named: pass.named,
        versions: pass.versions,
        live_here,
        elsewhere,
        permit: pass.permit,
        flight: pass.flight,
        in_hand: pass.in_hand,
        principal: state.principal,
        kin: if slot == 0 { state.kin } else { crate::world::Kin::Quiet },
        stranger_version: slot == 0 && state.stranger_version,
        delete_refused: process.refused,
    };
    (question, memory)
}

fn no_target(versioned: bool, state: &State, object: &Object) -> bool {
    let intent = object.intent.filter(|intent| intent.uid == object.uid || !intent.elsewhere);
    let nowhere = matches!(state.kin, crate::world::Kin::Holds | crate::world::Kin::Gone);
    versioned && intent.is_none() && object.status.id == 0 && nowhere
}

fn absence_counts(state: &State, object: &Object) -> bool {
    let stored = object.intent.filter(|intent| intent.uid == object.uid).map(|intent| intent.principal);
    let recorded = Some(object.status.principal).filter(|principal| *principal > 0);
    let named = stored.or(recorded).map(words::principal);
    account::absence_counts(named.as_deref(), &Caller::by_key(&words::principal(state.principal)), |_| false)
}

/// What the index knows of a remote.
fn known(process: &Process, id: Id) -> Sight {
    let Some(at) = index(id) else { return Sight::Unknown };
    if process.gone & (1 << at) > 0 || process.gone & DATASET_GONE > 0 {
        return Sight::Gone;
    }
    process.rows[at].filter(|row| !row.doubtful).map_or(Sight::Unknown, |row| Sight::Indexed(row.look))
}

/// What the index knows under an owner mark (the value is the same in all clusters of one domain).
fn known_owned(process: &Process, slot: u8, versioned: bool) -> Looks {
    let mut looks = [None; REMOTES];
    for (at, row) in process.rows.iter().enumerate() {
        let gone = process.gone & (1 << at) > 0 && versioned;
        looks[at] = row.map(|row| row.look).filter(|look| carries_owner(look, slot) && !gone);
    }
    looks
}

/// Does it carry the owner mark of this slot?
#[must_use]
pub fn carries_owner(look: &Look, slot: u8) -> bool {
    look.mark.is_some_and(|mark| mark.owner == slot && mark.domain != Domain::Foreign)
}

fn who_is_who(
    model: &Model,
    process: &Process,
    slot: u8,
    object: &Object,
    sights: &[Sight; REMOTES],
    owned: &Looks,
    pass: &Pass,
) -> (u16, u8) {
    let (mut live_here, mut elsewhere) = (0, 0);
    let seen = (1..).zip(sights).filter_map(|(id, sight)| match sight {
        Sight::Indexed(look) | Sight::Read(look) => Some((id, *look)),
        Sight::Unknown | Sight::Gone => None,
    });
    let listed = each(owned).chain(pass.named.iter().flat_map(each)).map(|(id, look)| (id, *look));
    for (id, look) in seen.chain(listed) {
        if let Some(mark) = look.mark {
            let lives = process.desks.iter().any(|desk| desk.shown.is_some_and(|shown| shown.uid == mark.uid));
            if mark.uid != object.uid && lives {
                live_here |= 1 << mark.uid;
            }
        }
        if is_recorded_elsewhere(model, process, (slot, object.uid), id) {
            elsewhere |= 1 << id;
        }
    }
    (live_here, elsewhere)
}

/// Did another object than this one of this slot record the remote, by what this process knows?
pub fn is_recorded_elsewhere(model: &Model, process: &Process, (slot, uid): (u8, Uid), id: Id) -> bool {
    (0..).zip(&process.desks).any(|(other, desk)| {
        let shown = desk.shown.is_some_and(|shown| shown.uid != uid && shown.status.id == id);
        let recorded = model.memories.recorded_id(desk.memory).and_then(|id| model.oracle.words().of_id(&id));
        shown || (other != slot && desk.uid != uid && recorded == Some(id))
    })
}
