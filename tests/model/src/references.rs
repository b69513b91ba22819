//! References between the numbers of a state: a number without a reference is free, and states that differ only in such
//! numbers are the same. So are states that differ only in the order of two replicas.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::model::Model;
use crate::store;
use crate::world::{
    ADOPTED, Call, Flight, Id, Intent, Landed, Life, Look, Message, Nonce, Object, Pass, Process, Sight, State, Status,
    Write, each, index,
};

#[derive(Default)]
struct References {
    nonces: u64,
    ids: u8,
}

impl References {
    fn nonce(&mut self, nonce: Nonce) {
        self.nonces |= 1_u64 << (nonce & !ADOPTED);
    }

    fn id(&mut self, id: Id) {
        self.ids |= 1_u8 << id;
    }

    fn look(&mut self, look: &Look) {
        if let Some(mark) = look.mark {
            self.nonce(mark.nonce);
        }
    }

    fn intent(&mut self, intent: &Intent) {
        for attempt in &intent.attempts {
            self.nonce(attempt.nonce);
        }
    }

    fn status(&mut self, status: &Status) {
        self.id(status.id);
        if let Some((nonce, _)) = status.attempt {
            self.nonce(nonce);
        }
        for started in &status.course.attempts {
            self.nonce(started.nonce);
            self.id(started.id);
        }
    }

    fn object(&mut self, object: &Object) {
        self.id(object.spec.adopt);
        self.id(object.spec.force.saturating_sub(1));
        self.status(&object.status);
        if let Some(intent) = &object.intent {
            self.intent(intent);
        }
    }

    fn pass(&mut self, pass: &Pass) {
        self.object(&pass.object);
        for (id, sight) in (1..).zip(&pass.sights) {
            if let Sight::Indexed(look) | Sight::Read(look) = sight {
                self.look(look);
            }
            if *sight != Sight::Unknown {
                self.id(id);
            }
        }
        for looks in [&pass.owned, &pass.named, &pass.versions].into_iter().flatten() {
            for (id, look) in each(looks) {
                self.id(id);
                self.look(look);
            }
        }
        match pass.flight {
            Some(Flight::Create { nonce, landed }) => {
                self.nonce(nonce);
                if let Landed::At(id) = landed {
                    self.id(id);
                }
            }
            Some(Flight::Take { nonce, id, .. }) => {
                self.nonce(nonce);
                self.id(id);
            }
            None => {}
        }
    }

    fn message(&mut self, message: &Message) {
        match message.call {
            Call::Create(look) => self.look(&look),
            Call::Mark(id, mark) => {
                self.id(id);
                self.nonce(mark.nonce);
            }
            Call::Update { id, .. } | Call::Release(id) | Call::Unrelease(id) | Call::Stop(id) | Call::Delete(id) => {
                self.id(id);
            }
        }
    }

    fn of(model: &Model, state: &State) -> Self {
        let mut all = Self::default();
        state.objects.iter().flatten().chain(state.snapshot.as_deref()).for_each(|object| all.object(object));
        state.under_way().for_each(|message| all.message(message));
        if let Some(straggler) = &state.straggler {
            match &straggler.write {
                Write::Claim { intent, .. } => all.intent(intent),
                Write::Status { before, after, .. } => {
                    all.status(before);
                    all.status(after);
                }
                Write::LetGo { .. } => {}
            }
        }
        for process in &state.processes {
            for (id, row) in each(&process.rows) {
                all.id(id);
                all.look(&row.look);
            }
            for desk in &process.desks {
                desk.shown.iter().for_each(|object| all.object(object));
                desk.pass.iter().for_each(|pass| all.pass(pass));
                all.nonces |= model.memories.nonces(desk.memory);
                let remembered = model.memories.ids(desk.memory);
                remembered.filter_map(|id| model.oracle.words().of_id(&id)).for_each(|id| all.id(id));
            }
        }
        all
    }
}

/// The smallest nonce that nobody has used.
#[must_use]
pub fn free_nonce(model: &Model, state: &State) -> Nonce {
    let mut all = References::of(model, state);
    each(&state.remotes).for_each(|(_, remote)| all.look(&remote.look));
    (1..ADOPTED).find(|nonce| all.nonces & (1_u64 << nonce) == 0).unwrap_or(ADOPTED - 1)
}

/// Brings a state into the form in which it is compared.
pub fn tidy(model: &Model, state: &mut State) {
    let all = References::of(model, state);
    for id in 1..=u8::try_from(state.remotes.len()).unwrap_or_default() {
        let Some(at) = index(id) else { continue };
        if all.ids & (1_u8 << id) > 0 {
            continue;
        }
        if state.remotes[at].is_none_or(|remote| remote.life == Life::Gone) {
            state.remotes[at] = None;
            for process in &mut state.processes {
                process.gone &= !(1 << at);
            }
        }
    }
    state.messages.sort_unstable_by_key(|message| (message.is_none(), *message));
    for slot in 0..u8::try_from(state.objects.len()).unwrap_or_default() {
        // An own write that the watch has shown already needs no waiting.
        for process in &mut state.processes {
            let desk = &mut process.desks[usize::from(slot)];
            if desk.shown.is_some_and(|shown| shown.version >= desk.written) {
                desk.written = 0;
            }
        }
        let mut used = [false; 256];
        store::versions(state, slot).for_each(|version| used[usize::from(version)] = true);
        let mut ranks = [0; 256];
        let mut rank = 0;
        for (version, _) in used.iter().enumerate().filter(|(_, used)| **used) {
            rank += 1;
            ranks[version] = rank;
        }
        store::each_version(state, slot, |version| *version = ranks[usize::from(*version)]);
    }
    if !model.scenario.replicas_differ {
        order_replicas(model, state);
    }
}

/// Two replicas are alike: a state and its mirror image become the same one.
pub fn order_replicas(model: &Model, state: &mut State) {
    let [first, second] = state.processes.as_slice() else { return };
    if print_of(model, state, first, 0) <= print_of(model, state, second, 1) {
        return;
    }
    state.processes.swap(0, 1);
    for message in state.messages.iter_mut().flatten() {
        message.waits = message.waits.map(|(process, slot)| (1 - process, slot));
    }
    state.messages.sort_unstable_by_key(|message| (message.is_none(), *message));
}

/// A replica with the answers that it waits for. Its memories are not named by their numbers, which depend on what was
/// explored before.
fn print_of(model: &Model, state: &State, process: &Process, number: u8) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut plain = process.clone();
    for desk in &mut plain.desks {
        model.memories.print(desk.memory).hash(&mut hasher);
        desk.memory = 0;
    }
    plain.hash(&mut hasher);
    for message in state.under_way().filter(|message| message.waits.is_some_and(|(waits, _)| waits == number)) {
        Message { waits: message.waits.map(|(_, slot)| (0, slot)), ..*message }.hash(&mut hasher);
    }
    hasher.finish()
}
