//! The writes to the object, and the reads that follow them. Mirrors `writes.rs` of production, and of `ending.rs` what
//! a status becomes.

use super::{Actor, Flow};
use crate::faults::Fate;
use crate::memory::FRESH;
use crate::properties::Event;
use crate::question::Question;
use crate::store::{self, Refusal};
use crate::world::{Flight, Intent, Object, Outcome, Pass, Record, Sight, Status, Straggler, Told, Write, index};

impl Actor<'_> {
    /// `reread` of `writes.rs`
    pub(super) fn reread(&mut self, pass: Pass) -> Flow {
        match self.state.objects[usize::from(self.slot)] {
            Some(object) if object.uid == pass.object.uid => {
                self.desk().written = object.version;
                Flow::Again(Pass { object, fresh: true, ..pass })
            }
            _ => self.forget(),
        }
    }

    /// `forget` of `writes.rs`
    pub(super) fn forget(&mut self) -> Flow {
        let desk = self.desk();
        (desk.memory, desk.written) = (FRESH, 0);
        Flow::End
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
    pub(super) fn claim(&mut self, pass: Pass, intent: &Intent, flight: Option<Flight>, fate: Fate) -> Flow {
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

    pub(super) fn never_executed(&mut self, nonce: u8) {
        let memory = self.desk().memory;
        let memory = self.model.memories.never_executed(memory, nonce);
        self.desk().memory = memory;
    }

    /// What a status becomes by this report: `after` of `ending.rs`.
    pub(super) fn told(&self, pass: &Pass, question: &Question, told: Told, duplicates: bool) -> Status {
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
    pub(super) fn report(&mut self, pass: &Pass, question: &Question, told: Told, duplicates: bool, fate: Fate) {
        let (before, after) = (pass.object.status, self.told(pass, question, told, duplicates));
        if before != after
            && let Ok(object) = self.write(Write::Status { uid: pass.object.uid, before, after }, fate)
        {
            self.desk().written = object.version;
        }
    }

    /// `record` of `writes.rs`. One try a step: what fails is tried again with the copy that was read.
    pub(super) fn record(&mut self, mut pass: Pass, question: &Question, record: &Record, fate: Fate) -> Flow {
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

    /// `refuse` of `writes.rs`
    pub(super) fn refuse(&mut self, mut pass: Pass, question: &Question, nonce: u8, told: Told, fate: Fate) -> Flow {
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
    pub(super) fn let_go(&mut self, pass: Pass, fate: Fate) -> Flow {
        match self.write(Write::LetGo { version: pass.object.version }, fate) {
            Err(Some(Refusal::Conflict)) => self.reread(pass),
            Err(None | Some(Refusal::Unprocessable)) => Flow::End,
            Ok(_) | Err(Some(Refusal::NotFound)) => self.forget(),
        }
    }
}
