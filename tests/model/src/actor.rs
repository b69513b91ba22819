//! A pass, one effect at a time. The deciding is production's; each arm here says which production effect it stands
//! for. What changes nothing outside the process (a permit, the end of a doubt) is done together with the step after
//! it: no fault can tell them apart.

use crate::answer::Do;
use crate::audit;
use crate::faults::Fate;
use crate::look::{self, DATASET_GONE};
use crate::memory::FRESH;
use crate::model::Model;
use crate::properties::{self, Breach, Event};
use crate::question::Question;
use crate::service;
use crate::store::{self, Refusal};
use crate::words;
use crate::world::{
    Awaits, Call, Desk, Flight, Id, Intent, Landed, Look, Looks, Message, Object, Outcome, Pass, REMOTES, Record, Row,
    Sight, State, Status, Straggler, Told, Wire, Write, each, index,
};

/// More steps than that without an effect are no pass (`MOST_STEPS` of `src/engine/pass.rs`).
const MOST_STEPS: u32 = 12;

/// One process and one slot of it.
pub struct Actor<'a> {
    /// The model.
    pub model: &'a Model,
    /// The state, being changed.
    pub state: &'a mut State,
    /// The process.
    pub process: u8,
    /// The slot.
    pub slot: u8,
}

/// How an effect leaves the pass.
#[derive(Clone, Copy)]
enum Flow {
    Again(Pass),
    End,
}

impl Actor<'_> {
    /// May this slot of this process take a step?
    #[must_use]
    pub fn is_ready(state: &State, process: u8, slot: u8) -> bool {
        let desk = &state.processes[usize::from(process)].desks[usize::from(slot)];
        desk.pass.map_or(desk.shown.is_some(), |pass| pass.awaits.is_none())
    }

    fn desk(&mut self) -> &mut Desk {
        &mut self.state.processes[usize::from(self.process)].desks[usize::from(self.slot)]
    }

    /// Takes one step. Returns `false` if the step is no write and `fate` is not to be met.
    pub fn step(&mut self, fate: Fate) -> bool {
        let desk = *self.desk();
        let (pass, begins) = match (desk.pass, desk.shown) {
            (Some(pass), _) => (pass, false),
            (None, Some(object)) => (Pass::new(object), true),
            (None, None) => return false,
        };
        if begins && desk.uid != pass.object.uid {
            let uid = pass.object.uid;
            let desk = self.desk();
            (desk.uid, desk.memory, desk.written) = (uid, FRESH, 0);
        }
        let written = self.desk().written;
        let stale = begins && self.model.memories.is_stale(written, pass.object.version);
        let flow = if stale {
            if fate != Fate::Well {
                return false;
            }
            self.reread(pass)
        } else {
            match self.decide(pass, fate) {
                Some(flow) => flow,
                None => return false,
            }
        };
        self.leave(flow);
        true
    }

    fn leave(&mut self, flow: Flow) {
        let pass = match flow {
            Flow::Again(pass) if pass.awaits.is_none() && self.ends_silently(&pass) => None,
            Flow::Again(pass) => Some(pass),
            Flow::End => None,
        };
        self.desk().pass = pass;
    }

    /// Does the pass end now without writing anything?
    fn ends_silently(&self, pass: &Pass) -> bool {
        let (question, memory) = look::question(self.model, self.state, (self.process, self.slot), pass);
        let desk = &self.state.processes[usize::from(self.process)].desks[usize::from(self.slot)];
        memory == desk.memory
            && match self.model.oracle.ask(&question) {
                Do::Report(told, duplicates) => {
                    pass.in_hand.is_none() && self.told(pass, &question, told, duplicates) == pass.object.status
                }
                Do::Leave => pass.in_hand.is_none(),
                _ => false,
            }
    }

    /// Asks until there is an effect, and does it.
    fn decide(&mut self, mut pass: Pass, fate: Fate) -> Option<Flow> {
        for _ in 0..MOST_STEPS {
            let (question, memory) = look::question(self.model, self.state, (self.process, self.slot), &pass);
            self.desk().memory = memory;
            let answer = self.model.oracle.ask(&question);
            if let Some(breach) = audit::audit(&question, &answer) {
                properties::broke(self.state, breach);
            }
            match answer {
                Do::Permit if pass.in_hand.is_none() => pass.permit = true,
                Do::Resolve if pass.in_hand.is_none() => {
                    self.model.saw(Event::DoubtResolved);
                    let resolved = self.model.memories.resolved(memory);
                    self.desk().memory = resolved;
                }
                _ if fate != Fate::Well && !self.writes(&pass, &question, &answer) => return None,
                _ => return Some(self.perform(pass, &question, &answer, fate)),
            }
        }
        properties::broke(self.state, Breach::Endless);
        Some(Flow::End)
    }

    /// Is this step a write to the object?
    fn writes(&self, pass: &Pass, question: &Question, answer: &Do) -> bool {
        match *answer {
            Do::Claim(..) | Do::Record(_) | Do::Refuse(..) | Do::LetGo => pass.in_hand.is_none(),
            Do::Report(told, duplicates) => {
                pass.in_hand.is_none() && self.told(pass, question, told, duplicates) != pass.object.status
            }
            _ => false,
        }
    }

    fn perform(&mut self, pass: Pass, question: &Question, answer: &Do, fate: Fate) -> Flow {
        if pass.in_hand.is_some() {
            return self.let_go_in_hand(pass, question, answer);
        }
        match *answer {
            Do::Reread => self.reread(pass),
            Do::Sweep => self.sweep(pass),
            Do::Fetch(id) => self.fetch(pass, id),
            Do::FindOwned => Flow::Again(self.find_owned(pass)),
            Do::FindNamed => {
                // `find_named` of `effects.rs`
                let wanted = self.slot + 1;
                Flow::Again(Pass { named: Some(service::list(self.state, |_, look| look.name == wanted)), ..pass })
            }
            Do::FetchDataset => Flow::Again(Pass { dataset: Some(self.state.kin != crate::world::Kin::Gone), ..pass }),
            Do::ListVersions => Flow::Again(Pass { versions: Some([None; REMOTES]), ..pass }),
            Do::Claim(intent, flight) => self.claim(pass, &intent, flight, fate),
            Do::Create => self.create(pass),
            Do::Mark(id, mark) => self.send(pass, Call::Mark(id, mark), Awaits::Mark(id)),
            Do::Unrelease(id) => self.send(pass, Call::Unrelease(id), Awaits::Change(id)),
            Do::Update { id, mutable, name } => self.send(pass, Call::Update { id, mutable, name }, Awaits::Change(id)),
            Do::Delete(id) => {
                if id != pass.object.status.id {
                    self.model.saw(Event::SurplusRemoved);
                }
                self.send(pass, Call::Delete(id), Awaits::Delete(id))
            }
            Do::Release(id) => self.send(pass, Call::Release(id), Awaits::Change(id)),
            Do::Record(record) => self.record(pass, question, &record, fate),
            Do::Refuse(nonce, told) => self.refuse(pass, question, nonce, told, fate),
            Do::LetGo => self.let_go(pass, fate),
            Do::Report(told, duplicates) => {
                self.report(&pass, question, told, duplicates, fate);
                Flow::End
            }
            Do::Leave => Flow::End,
            Do::Permit | Do::Resolve | Do::Strange => {
                properties::broke(self.state, Breach::Strange);
                Flow::End
            }
        }
    }

    /// `reread` of `writes.rs`
    fn reread(&mut self, pass: Pass) -> Flow {
        match self.state.objects[usize::from(self.slot)] {
            Some(object) if object.uid == pass.object.uid => {
                self.desk().written = object.version;
                Flow::Again(Pass { object, fresh: true, ..pass })
            }
            _ => self.forget(),
        }
    }

    /// `forget` of `writes.rs`
    fn forget(&mut self) -> Flow {
        let desk = self.desk();
        (desk.memory, desk.written) = (FRESH, 0);
        Flow::End
    }

    /// `sweep` of `effects.rs`: a dataset waits for the index, a version has its dataset's versions listed.
    fn sweep(&mut self, pass: Pass) -> Flow {
        let swept = self.state.processes[usize::from(self.process)].swept;
        if !self.model.scenario.versioned || !swept {
            return Flow::End;
        }
        list_versions(self.state, self.process);
        Flow::Again(pass)
    }

    /// `fetch` of `effects.rs`
    fn fetch(&mut self, mut pass: Pass, id: Id) -> Flow {
        let bit = 1 << id;
        if index(id).is_some_and(|at| self.state.processes[usize::from(self.process)].held[at] > 0) {
            return Flow::End;
        }
        let desks = &self.state.processes[usize::from(self.process)].desks;
        let mut others = (0..).zip(desks).filter(|(slot, _)| *slot != self.slot).filter_map(|(_, desk)| desk.pass);
        if others.any(|other| other.reserved & bit > 0) {
            return Flow::End;
        }
        pass.reserved |= bit;
        let Some(at) = index(id) else { return Flow::End };
        pass.sights[at] = match service::read(self.state, id) {
            Some(look) => {
                self.believe(id, look, 0);
                Sight::Read(look)
            }
            None => Sight::Gone,
        };
        Flow::Again(pass)
    }

    /// `put_read` and `put_written` of the index.
    fn believe(&mut self, id: Id, look: Look, age: u8) {
        let Some(at) = index(id) else { return };
        let process = &mut self.state.processes[usize::from(self.process)];
        process.gone &= !(1 << at);
        process.rows[at] = Some(Row { look, age, doubtful: false });
    }

    /// `gone` of `effects.rs`: known for certain.
    fn gone(&mut self, id: Id) {
        let Some(at) = index(id) else { return };
        let process = &mut self.state.processes[usize::from(self.process)];
        process.rows[at] = None;
        process.gone |= 1 << at;
        process.held[at] = 0;
        process.refused = false;
    }

    /// `find_owned` of `effects.rs`
    fn find_owned(&mut self, pass: Pass) -> Pass {
        let slot = self.slot;
        let owned = if self.model.scenario.versioned {
            list_versions(self.state, self.process);
            service::list(self.state, |_, look| look::carries_owner(look, slot))
        } else {
            let owned = service::list(self.state, |_, look| look::carries_owner(look, slot));
            put_listed(self.state, self.process, &owned);
            owned
        };
        let memory = self.desk().memory;
        let listed = self.model.memories.listed(memory, &self.model.oracle.world(self.state.principal));
        self.desk().memory = listed;
        Pass { owned: Some(owned), ..pass }
    }

    /// A write to the object, which may meet its fate. `Err(None)`: no answer.
    fn write(&mut self, write: Write, fate: Fate) -> Result<Object, Option<Refusal>> {
        match fate {
            Fate::Well => store::store(&self.model.oracle, self.state, self.slot, &write).map_err(Some),
            Fate::Unanswered => {
                let _ = store::store(&self.model.oracle, self.state, self.slot, &write);
                Err(None)
            }
            Fate::Lost => Err(None),
            Fate::Late => {
                self.state.straggler = Some(Box::new(Straggler { slot: self.slot, write }));
                Err(None)
            }
        }
    }

    /// `claim` of `writes.rs`. A claim whose answer is lost is recognised by its nonce.
    fn claim(&mut self, pass: Pass, intent: &Intent, flight: Option<Flight>, fate: Fate) -> Flow {
        let version = pass.object.version;
        let claimed = |pass| Flow::Again(Pass { claimed: Some(0), fresh: true, flight, ..pass });
        let error = match self.write(Write::Claim { version, intent: *intent }, fate) {
            Ok(object) => {
                self.desk().written = object.version;
                return claimed(Pass { object, ..pass });
            }
            Err(error) => error,
        };
        let Flow::Again(pass) = self.reread(pass) else { return Flow::End };
        if pass.object.intent == Some(*intent) && pass.object.finalizer {
            return claimed(pass);
        }
        if error == Some(Refusal::Conflict) {
            return Flow::Again(pass);
        }
        if let Some(Flight::Create { nonce, .. }) = flight {
            self.never_executed(nonce);
        }
        Flow::End
    }

    fn never_executed(&mut self, nonce: u8) {
        let memory = self.desk().memory;
        let memory = self.model.memories.never_executed(memory, nonce);
        self.desk().memory = memory;
    }

    /// `create` of `calls.rs`: within the send deadline, or not at all.
    fn create(&mut self, pass: Pass) -> Flow {
        let Some(Flight::Create { nonce, .. }) = pass.flight else { return Flow::End };
        if pass.claimed != Some(0) {
            self.model.saw(Event::SendDeadline);
            self.never_executed(nonce);
            return Flow::End;
        }
        let spec = &pass.object.spec;
        let named = !self.model.scenario.versioned && spec.adopt == 0;
        let mark = words::own_mark(self.slot, pass.object.uid, nonce);
        let name = if named { self.slot + 1 } else { 0 };
        let look = Look { mark: Some(mark), released: false, fixed: spec.fixed, mutable: spec.mutable, name };
        self.send(pass, Call::Create(look), Awaits::Create)
    }

    fn send(&mut self, pass: Pass, call: Call, awaits: Awaits) -> Flow {
        let Some(place) = self.state.messages.iter_mut().find(|place| place.is_none()) else {
            properties::broke(self.state, Breach::TooManyMessages);
            return Flow::End;
        };
        let waits = Some((self.process, self.slot));
        *place = Some(Message { waits, uid: pass.object.uid, call, wire: Wire::Bounded(0) });
        Flow::Again(Pass { awaits: Some(awaits), ..pass })
    }

    /// What a status becomes by this report: `after` of `ending.rs`.
    fn told(&self, pass: &Pass, question: &Question, told: Told, duplicates: bool) -> Status {
        let before = pass.object.status;
        let mut after = Status { told, duplicates, observed: pass.object.generation, ..before };
        if told == Told::Ready {
            self.learn(&mut after, question);
        }
        after
    }

    /// `learn` of `ending.rs`
    fn learn(&self, after: &mut Status, question: &Question) {
        let sight = index(after.id).map(|at| question.sights[at]);
        if let Some(Sight::Read(look) | Sight::Indexed(look)) = sight
            && !self.model.scenario.versioned
        {
            after.name = look.name;
        }
    }

    /// `finish` of `ending.rs`. (News that production holds back for some seconds is told at once here.)
    fn report(&mut self, pass: &Pass, question: &Question, told: Told, duplicates: bool, fate: Fate) {
        let (before, after) = (pass.object.status, self.told(pass, question, told, duplicates));
        if before != after
            && let Ok(object) = self.write(Write::Status { uid: pass.object.uid, before, after }, fate)
        {
            self.desk().written = object.version;
        }
    }

    /// `record` of `writes.rs`. One try a step: what fails is tried again with the copy that was read.
    fn record(&mut self, mut pass: Pass, question: &Question, record: &Record, fate: Fate) -> Flow {
        let before = pass.object.status;
        let mut after = before;
        if record.settled {
            after = self.told(&pass, question, Told::Ready, false);
        }
        after.id = record.id;
        after.origin = record.origin;
        after.recovered = record.recovered;
        after.fixed = record.fixed;
        after.attempt = record.attempt.or(after.attempt);
        after.principal = self.state.principal;
        let known = index(record.id).map(|at| question.sights[at]);
        if !matches!(known, Some(Sight::Read(_) | Sight::Indexed(_))) && !self.model.scenario.versioned {
            after.name = 0;
        }
        self.learn(&mut after, question);
        if before != after {
            match self.write(Write::Status { uid: pass.object.uid, before, after }, fate) {
                Ok(object) => {
                    self.desk().written = object.version;
                    pass.object = object;
                }
                Err(Some(_)) => return self.in_hand(pass, record),
                // Tried again.
                Err(None) => return Flow::Again(pass),
            }
        }
        if record.recovered {
            self.model.saw(Event::Recovered);
        }
        let memory = self.desk().memory;
        let memory = self.model.memories.recorded(memory, self.model.oracle.words().id(record.id));
        self.desk().memory = memory;
        pass.flight = None;
        if record.settled && !pass.object.deleting { Flow::End } else { Flow::Again(pass) }
    }

    /// `in_hand` of `writes.rs`
    fn in_hand(&mut self, pass: Pass, record: &Record) -> Flow {
        let before = pass.object.status.id;
        match self.state.objects[usize::from(self.slot)] {
            Some(object) if object.uid == pass.object.uid => {
                self.desk().written = object.version;
                let now = object.status.id;
                if now != before && now != record.id {
                    return Flow::End;
                }
                Flow::Again(Pass { object, ..pass })
            }
            _ => {
                self.model.saw(Event::InHand);
                let mut sights = pass.sights;
                if let Some(at) = index(record.id) {
                    sights[at] = Sight::Unknown;
                }
                Flow::Again(Pass { in_hand: Some(*record), flight: None, fresh: true, sights, ..pass })
            }
        }
    }

    /// `let_go_in_hand` of `calls.rs`: what does not carry the mark is not deleted.
    fn let_go_in_hand(&mut self, pass: Pass, question: &Question, answer: &Do) -> Flow {
        match *answer {
            Do::Fetch(id) => self.fetch(pass, id),
            Do::FindOwned => Flow::Again(self.find_owned(pass)),
            Do::Delete(id) if self.model.oracle.shows_our_mark(question, id) => {
                if let Some(at) = index(id) {
                    let settle = self.model.scenario.settle;
                    self.state.processes[usize::from(self.process)].held[at] = settle;
                }
                self.send(pass, Call::Delete(id), Awaits::Delete(id))
            }
            Do::Release(id) => self.send(pass, Call::Release(id), Awaits::Change(id)),
            _ => self.forget(),
        }
    }

    /// `refuse` of `writes.rs`
    fn refuse(&mut self, mut pass: Pass, question: &Question, nonce: u8, told: Told, fate: Fate) -> Flow {
        let before = pass.object.status;
        let after = Status { attempt: Some((nonce, Outcome::Refused)), ..self.told(&pass, question, told, false) };
        pass.flight = None;
        match self.write(Write::Status { uid: pass.object.uid, before, after }, fate) {
            Ok(object) => {
                self.desk().written = object.version;
                pass.object = object;
                if pass.object.deleting { Flow::Again(pass) } else { Flow::End }
            }
            Err(_) => Flow::End,
        }
    }

    /// `let_go` of `writes.rs`
    fn let_go(&mut self, pass: Pass, fate: Fate) -> Flow {
        match self.write(Write::LetGo { version: pass.object.version }, fate) {
            Err(Some(Refusal::Conflict)) => self.reread(pass),
            Err(None | Some(Refusal::Unprocessable)) => Flow::End,
            Ok(_) | Err(Some(Refusal::NotFound)) => self.forget(),
        }
    }

    /// An answer comes. Mirrors what follows each call in `calls.rs`.
    pub fn answered(&mut self, call: &Call, answer: service::Answer) {
        use service::Answer;
        let Some(pass) = self.desk().pass else { return };
        let Some(awaits) = pass.awaits else { return };
        let pass = Pass { awaits: None, ..pass };
        let flow = match (awaits, answer) {
            (Awaits::Create, _) => self.create_answered(pass, call, answer),
            (Awaits::Delete(id), Answer::Done(_) | Answer::NotFound) => {
                self.gone(id);
                Flow::Again(with_sight(pass, id, Sight::Gone))
            }
            (Awaits::Delete(_), Answer::Refused) if self.state.kin == crate::world::Kin::Doomed => {
                self.state.processes[usize::from(self.process)].refused = true;
                Flow::Again(pass)
            }
            (Awaits::Mark(id) | Awaits::Unmark(id) | Awaits::Change(id), Answer::Done(_)) => {
                self.changed(pass, id, call, awaits)
            }
            (Awaits::Delete(id), Answer::Ambiguous)
            | (Awaits::Mark(id) | Awaits::Unmark(id) | Awaits::Change(id), Answer::Ambiguous | Answer::NotFound) => {
                let process = &mut self.state.processes[usize::from(self.process)];
                if let Some(row) = index(id).and_then(|at| process.rows[at].as_mut()) {
                    (row.doubtful, row.age) = (true, 0);
                }
                Flow::End
            }
            (_, Answer::Refused | Answer::NameTaken | Answer::Unsent) => Flow::End,
        };
        let flow = match flow {
            // Whatever stands in the way of letting go of a remote in hand: it is left.
            Flow::End if pass.in_hand.is_some() => self.forget(),
            flow => flow,
        };
        self.leave(flow);
    }

    /// `create` and `create_failed` of `calls.rs`
    fn create_answered(&mut self, pass: Pass, call: &Call, answer: service::Answer) -> Flow {
        use service::Answer;
        let (Some(Flight::Create { nonce, .. }), Call::Create(look)) = (pass.flight, *call) else { return Flow::End };
        let pass = Pass { flight: None, ..pass };
        match answer {
            Answer::Done(id) if self.is_anothers(id, &look) => Flow::Again(pass),
            Answer::Done(id) => {
                self.believe(id, look, 0);
                let flight = Some(Flight::Create { nonce, landed: Landed::At(id) });
                Flow::Again(with_sight(Pass { flight, owned: None, ..pass }, id, Sight::Indexed(look)))
            }
            Answer::NameTaken => {
                let memory = self.desk().memory;
                let memory = self.model.memories.name_taken(memory);
                self.desk().memory = memory;
                Flow::Again(pass)
            }
            Answer::Refused | Answer::NotFound => {
                Flow::Again(Pass { flight: Some(Flight::Create { nonce, landed: Landed::Refused }), ..pass })
            }
            Answer::Unsent => {
                self.never_executed(nonce);
                Flow::End
            }
            Answer::Ambiguous => Flow::Again(pass),
        }
    }

    /// `is_anothers` of `calls.rs`: an answer that names what is known under another mark, or what another recorded.
    fn is_anothers(&self, id: Id, sent: &Look) -> bool {
        let process = &self.state.processes[usize::from(self.process)];
        let shown = index(id).and_then(|at| process.rows[at]).is_some_and(|row| row.look.mark != sent.mark);
        let uid = process.desks[usize::from(self.slot)].uid;
        shown || look::is_recorded_elsewhere(self.model, process, (self.slot, uid), id)
    }

    /// A change was acknowledged: what is known of the remote changes with it. A mark takes the release off after it.
    fn changed(&mut self, pass: Pass, id: Id, call: &Call, awaits: Awaits) -> Flow {
        let Some(at) = index(id) else { return Flow::End };
        let row = self.state.processes[usize::from(self.process)].rows[at].filter(|row| !row.doubtful);
        let sight = match pass.sights[at] {
            Sight::Unknown => row.map_or(Sight::Unknown, |row| Sight::Indexed(row.look)),
            sight => sight,
        };
        let mut pass = pass;
        let mut released = false;
        if let Sight::Read(look) | Sight::Indexed(look) = sight {
            released = look.released;
            let look = after(look, call);
            pass.sights[at] = if matches!(sight, Sight::Read(_)) { Sight::Read(look) } else { Sight::Indexed(look) };
            self.believe(id, look, 0);
        }
        match awaits {
            Awaits::Mark(_) if released => self.send(pass, Call::Unrelease(id), Awaits::Unmark(id)),
            Awaits::Mark(_) | Awaits::Unmark(_) => Flow::Again(marked(pass)),
            Awaits::Create | Awaits::Change(_) | Awaits::Delete(_) => Flow::Again(pass),
        }
    }
}

fn marked(mut pass: Pass) -> Pass {
    if let Some(Flight::Take { marked, .. }) = &mut pass.flight {
        *marked = true;
    }
    pass
}

fn with_sight(mut pass: Pass, id: Id, sight: Sight) -> Pass {
    if let Some(at) = index(id) {
        pass.sights[at] = sight;
    }
    pass
}

/// A remote after an acknowledged call (`changed` of `wire.rs`).
fn after(mut look: Look, call: &Call) -> Look {
    match *call {
        Call::Update { mutable, name, .. } => {
            look.mutable = mutable.unwrap_or(look.mutable);
            look.name = name.unwrap_or(look.name);
        }
        Call::Mark(_, mark) => look.mark = Some(mark),
        Call::Release(_) => look.released = true,
        Call::Unrelease(_) => look.released = false,
        Call::Create(_) | Call::Delete(_) => {}
    }
    look
}

/// Rows as a list shows them that may be one lag old: it replaces nothing that is younger (`put` of `rows.rs`).
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

/// All versions of the dataset: `list_versions` of `effects.rs`.
pub fn list_versions(state: &mut State, process: u8) {
    if state.kin == crate::world::Kin::Gone {
        let process = &mut state.processes[usize::from(process)];
        process.gone |= DATASET_GONE;
        process.rows = [None; REMOTES];
        return;
    }
    let shown = service::list(state, |_, _| true);
    sweep_rows(state, process, &shown);
    state.processes[usize::from(process)].versions_known = true;
}

/// A whole list: what it does not show, and is not younger, is dropped.
pub fn sweep_rows(state: &mut State, process: u8, shown: &Looks) {
    put_listed(state, process, shown);
    let process = &mut state.processes[usize::from(process)];
    for (at, row) in process.rows.iter_mut().enumerate() {
        if shown[at].is_none() && row.is_some_and(|row| row.age > 0) {
            *row = None;
        }
    }
}
