//! The writes to the object, and the reads that follow them. Mirrors `kube_writes.rs` of production, and the part of
//! `finish.rs` that computes the next status.

use dataset_operator::plan::aftermath::{
    ClaimAfter, FinalizerAfter, NotWritten, RefuseAfter, Unrecorded, after_claim, after_finalizer, after_refuse,
    after_unrecorded, ends_with_its_record, records_again,
};

use super::{Actor, Flow};
use crate::faults::Fate;
use crate::memory::FRESH;
use crate::properties::Event;
use crate::question::Question;
use crate::store;
use crate::words;
use crate::world::{Flight, Intent, Object, Outcome, Pass, Record, Sight, Status, Straggler, Told, Write, index};

impl Actor<'_> {
    /// `reread` of `kube_writes.rs`
    pub(super) fn reread(&mut self, pass: Pass) -> Flow {
        match self.state.objects[usize::from(self.slot)] {
            Some(object) if object.uid == pass.object.uid => {
                self.desk().written = object.version;
                Flow::Again(Pass { object, fresh: true, ..pass })
            }
            _ => self.forget(),
        }
    }

    /// `forget` of `kube_writes.rs`
    pub(super) fn forget(&mut self) -> Flow {
        let desk = self.desk();
        (desk.memory, desk.written) = (FRESH, 0);
        Flow::End
    }

    /// A write to the object, with the fate that the action gives it.
    fn write(&mut self, write: Write, fate: Fate) -> Result<Object, NotWritten> {
        match fate {
            Fate::Well => {
                let object = store::store(&self.model.oracle, self.state, self.slot, &write)?;
                self.desk().written = object.version;
                return Ok(object);
            }
            Fate::Unanswered => drop(store::store(&self.model.oracle, self.state, self.slot, &write)),
            Fate::Lost => {}
            Fate::Late => self.state.straggler = Some(Box::new(Straggler { slot: self.slot, write })),
        }
        Err(NotWritten::Unclear)
    }

    pub(super) fn claim(&mut self, mut pass: Pass, intent: &Intent, flight: Option<Flight>, fate: Fate) -> Flow {
        let version = pass.object.version;
        let claimed = |pass| Flow::Again(Pass { claimed: Some(0), fresh: true, flight, ..pass });
        let error = match self.write(Write::Claim { version, intent: *intent }, fate) {
            Ok(object) => return claimed(Pass { object, ..pass }),
            Err(error) => error,
        };
        if error.may_be_stored() {
            let Flow::Again(read) = self.reread(pass) else { return Flow::End };
            pass = read;
        }
        let oracle = &self.model.oracle;
        match after_claim(error, &oracle.words().intent(intent), &oracle.facts(self.slot, &pass.object)) {
            ClaimAfter::Stored => claimed(pass),
            ClaimAfter::Again => Flow::Again(pass),
            ClaimAfter::NotStored => Flow::End,
            ClaimAfter::NotSent => {
                if let Some(Flight::Create { nonce, .. }) = flight {
                    self.never_executed(nonce);
                }
                Flow::End
            }
        }
    }

    pub(super) fn never_executed(&mut self, nonce: u8) {
        self.remember(|memory, _| memory.never_executed = Some(words::nonce(nonce)));
    }

    /// The status after this report: `after` of `finish.rs`.
    pub(super) fn told(&self, pass: &Pass, question: &Question, told: Told, duplicates: bool) -> Status {
        let before = pass.object.status;
        let mut after = Status { told, duplicates, observed: pass.object.generation, ..before };
        if told == Told::Ready {
            self.learn(&mut after, question);
        }
        after
    }

    /// The facts that the status takes from a read remote: also a part of `after`.
    fn learn(&self, after: &mut Status, question: &Question) {
        let sight = index(after.id).map(|at| question.sights[at]);
        if let Some(Sight::Read(look) | Sight::Indexed(look)) = sight
            && !self.model.scenario.versioned
        {
            after.name = look.name;
        }
    }

    /// `finish` of `finish.rs`. (Production delays some reports for some seconds; the model writes them at once.)
    pub(super) fn report(&mut self, pass: &Pass, question: &Question, told: Told, duplicates: bool, fate: Fate) {
        let (before, after) = (pass.object.status, self.told(pass, question, told, duplicates));
        if before != after {
            // Told, or told later.
            let _ = self.write(Write::Status { uid: pass.object.uid, before, after }, fate);
        }
    }

    /// `record` of `kube_writes.rs`. One try a step: after a failure the next try uses the copy that was read.
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
                Ok(object) => pass.object = object,
                Err(error) if error.misses_its_object() => return self.unrecorded(pass, record, error),
                Err(error) => return Self::records_again(pass, error),
            }
        }
        if record.recovered {
            self.model.saw(Event::Recovered);
        }
        let id = self.model.oracle.words().id(record.id);
        self.remember(|memory, now| memory.recorded = Some((id, now)));
        pass.flight = None;
        if ends_with_its_record(record.settled, pass.object.deleting, false) { Flow::End } else { Flow::Again(pass) }
    }

    fn records_again(pass: Pass, error: NotWritten) -> Flow {
        if records_again(error, 0).is_some() { Flow::Again(pass) } else { Flow::End }
    }

    fn unrecorded(&mut self, mut pass: Pass, record: &Record, error: NotWritten) -> Flow {
        let before = pass.object.status.id;
        let object = self.state.objects[usize::from(self.slot)].filter(|object| object.uid == pass.object.uid);
        if let Some(object) = object {
            self.desk().written = object.version;
            pass.object = object;
        }
        match after_unrecorded(&record.id, Some(&before), object.as_ref().map(|object| Some(&object.status.id))) {
            Unrecorded::Retry => Self::records_again(pass, error),
            Unrecorded::Surplus => Flow::End,
            Unrecorded::Release => {
                self.model.saw(Event::InHand);
                if let Some(at) = index(record.id) {
                    pass.sights[at] = Sight::Unknown;
                }
                released(&mut pass.object, record);
                Flow::Again(Pass { in_hand: true, flight: None, fresh: true, ..pass })
            }
        }
    }

    pub(super) fn refuse(&mut self, mut pass: Pass, question: &Question, nonce: u8, told: Told, fate: Fate) -> Flow {
        let before = pass.object;
        let after = Status { attempt: Some((nonce, Outcome::Refused)), ..self.told(&pass, question, told, false) };
        pass.flight = None;
        let write = Write::Status { uid: before.uid, before: before.status, after };
        let (Ok(object), Some(report)) = (self.write(write, fate), words::report(told)) else { return Flow::End };
        pass.object = object;
        match after_refuse(&report, object.deleting, object.generation != before.generation) {
            RefuseAfter::LetGo => Flow::Again(pass),
            RefuseAfter::Soon | RefuseAfter::Ended(_) => Flow::End,
        }
    }

    pub(super) fn let_go(&mut self, pass: Pass, fate: Fate) -> Flow {
        match self.write(Write::LetGo { version: pass.object.version }, fate).map_err(after_finalizer) {
            Err(FinalizerAfter::Reread) => self.reread(pass),
            Err(FinalizerAfter::Failed) => Flow::End,
            Ok(_) | Err(FinalizerAfter::Gone) => self.forget(),
        }
    }
}

/// Mirrors `released` of production's `aftermath`, which changes an object of its own form.
const fn released(object: &mut Object, record: &Record) {
    (object.deleting, object.finalizer) = (true, true);
    (object.spec.force, object.spec.paused) = (0, false);
    object.status.id = record.id;
    object.status.origin = record.origin;
    object.status.attempt = record.attempt;
    object.status.fixed = record.fixed;
}
