//! The calls that change the remote side, and the effect of an answer on the pass: production's
//! [`aftermath`](dataset_operator::plan::aftermath) returns it as values, and this file applies them to the model's
//! numbers.

use std::time::Duration;

use dataset_operator::cloud::{CallError, ErrorClass};
use dataset_operator::plan::aftermath::{self, ChangeAfter, CreateAfter, DeleteAfter};
use jiff::Timestamp;

use super::{Actor, Flow};
use crate::look;
use crate::properties::{self, Breach, Event};
use crate::rows;
use crate::service::Answer;
use crate::words::{self, ticks};
use crate::world::{Awaits, Call, Doing, Flight, Id, Kin, Landed, Look, Message, Pass, Sight, Wire, index};

impl Actor<'_> {
    /// Within the send deadline, or not at all.
    pub(super) fn create(&mut self, pass: Pass) -> Flow {
        let Some(Flight::Create { nonce, .. }) = pass.flight else { return Flow::End };
        if aftermath::is_late(pass.claimed.map(ticks), Duration::ZERO) {
            self.model.saw(Event::SendDeadline);
            self.never_executed(nonce);
            return Flow::End;
        }
        let spec = &pass.object.spec;
        let named = !self.model.scenario.versioned && spec.adopt == 0;
        let mark = words::own_mark(self.slot, pass.object.uid, nonce);
        let name = if named { self.slot + 1 } else { 0 };
        let doing = if self.model.scenario.runs { Doing::Runs } else { Doing::Nothing };
        let look = Look { mark: Some(mark), released: false, fixed: spec.fixed, mutable: spec.mutable, name, doing };
        self.send(pass, Call::Create(look), Awaits::Create)
    }

    pub(super) fn send(&mut self, pass: Pass, call: Call, awaits: Awaits) -> Flow {
        let Some(place) = self.state.messages.iter_mut().find(|place| place.is_none()) else {
            properties::broke(self.state, Breach::TooManyMessages);
            return Flow::End;
        };
        let waits = Some((self.process, self.slot));
        *place = Some(Message { waits, uid: pass.object.uid, call, wire: Wire::Bounded(0) });
        Flow::Again(Pass { awaits: Some(awaits), ..pass })
    }

    /// An answer arrives: production says what it means.
    pub fn answered(&mut self, call: &Call, answer: Answer) {
        let Some(pass) = self.desk().pass else { return };
        let Some(awaits) = pass.awaits else { return };
        let pass = Pass { awaits: None, ..pass };
        let answer = answer.map_err(|class| self.model.oracle.words().failed(call, class));
        let flow = match (awaits, &answer) {
            (Awaits::Create, _) => self.created(pass, call, answer),
            (Awaits::Delete(id), _) => self.deleted(pass, id, answer.as_ref().map(drop)),
            (Awaits::Change(id), Ok(_)) => self.changed(pass, id, call),
            (Awaits::Change(id), Err(error)) => self.change_failed(pass, id, matches!(call, Call::Stop(_)), error),
        };
        self.leave(flow);
    }

    fn created(&mut self, pass: Pass, call: &Call, answer: Result<Id, CallError>) -> Flow {
        let (Some(Flight::Create { nonce, .. }), Call::Create(look)) = (pass.flight, *call) else { return Flow::End };
        let pass = Pass { flight: None, ..pass };
        let words = self.model.oracle.words();
        let error = match answer {
            Ok(id) if self.is_anothers(id, &look) => words.failed(call, ErrorClass::Garbled),
            Ok(id) => {
                rows::believe(self.state, self.process, id, look);
                let flight = Some(Flight::Create { nonce, landed: Landed::At(id) });
                return Flow::Again(with_sight(Pass { flight, owned: None, ..pass }, id, Sight::Indexed(look)));
            }
            Err(error) => error,
        };
        let parent_gone = self.state.kin == Kin::Gone && aftermath::may_lack_its_parent(&error);
        match aftermath::after_create(&error, parent_gone, Timestamp::UNIX_EPOCH) {
            CreateAfter::NameTaken => {
                self.remember(|memory, now| memory.name_taken = Some(now));
                Flow::Again(pass)
            }
            CreateAfter::Refused(report) => {
                let landed = Landed::Refused(words::told(&report));
                Flow::Again(Pass { flight: Some(Flight::Create { nonce, landed }), ..pass })
            }
            CreateAfter::NeverExecuted(_) => {
                self.never_executed(nonce);
                Flow::End
            }
            CreateAfter::Uncertain => Flow::Again(pass),
        }
    }

    fn is_anothers(&self, id: Id, sent: &Look) -> bool {
        let process = &self.state.processes[usize::from(self.process)];
        let shown = index(id).and_then(|at| process.rows[at]).map(|row| row.look.mark);
        let uid = process.desks[usize::from(self.slot)].uid;
        let elsewhere = look::recorded_elsewhere(self.model, process, (self.slot, uid));
        aftermath::names_another(shown, &sent.mark, elsewhere & (1 << id) > 0)
    }

    fn deleted(&mut self, pass: Pass, id: Id, answer: Result<(), &CallError>) -> Flow {
        let takes_along = !self.model.scenario.versioned && self.state.kin == Kin::Doomed;
        let after = aftermath::after_delete(answer, takes_along);
        match after {
            DeleteAfter::Deleted | DeleteAfter::WasGone => {
                rows::gone(self.state, self.process, id);
                if after == DeleteAfter::Deleted {
                    let id = self.model.oracle.words().id(id);
                    self.remember(|memory, _| memory.deleted(&id));
                }
                Flow::Again(with_sight(pass, id, Sight::Gone))
            }
            DeleteAfter::OneByOne => {
                self.state.processes[usize::from(self.process)].refused = true;
                Flow::Again(pass)
            }
            DeleteAfter::Failed(error) => self.change_failed(pass, id, false, error),
        }
    }

    /// `stopping`: the change was to stop a run.
    fn change_failed(&mut self, mut pass: Pass, id: Id, stopping: bool, error: &CallError) -> Flow {
        if aftermath::leaves_a_doubt(error) {
            rows::doubt(self.state, self.process, id, self.model.scenario.versioned);
        }
        let sight = |pass: &Pass| index(id).map_or(Sight::Unknown, |at| pass.sights[at]);
        if aftermath::reads_first(error, matches!(sight(&pass), Sight::Read(_))) {
            let Flow::Again(read) = self.fetch(pass, id) else { return Flow::End };
            pass = read;
        }
        let gone = sight(&pass) == Sight::Gone;
        if stopping {
            if matches!(sight(&pass), Sight::Read(look) if look.doing != Doing::Runs) {
                return Flow::Again(pass);
            }
            self.asks_to_stop(id);
        }
        match aftermath::after_change(error, gone, stopping, pass.object.deleting, Timestamp::UNIX_EPOCH) {
            ChangeAfter::Report(_) => Flow::End,
            ChangeAfter::NameRefused(_) | ChangeAfter::Gone => Flow::Again(pass),
        }
    }

    fn asks_to_stop(&mut self, id: Id) {
        let id = self.model.oracle.words().id(id);
        self.remember(|memory, now| memory.asks_to_stop(&id, now));
    }

    /// A change was acknowledged: what is known of the remote changes with it.
    fn changed(&mut self, pass: Pass, id: Id, call: &Call) -> Flow {
        if let Call::Stop(id) = *call {
            self.asks_to_stop(id);
            return Flow::Again(pass);
        }
        let Some(at) = index(id) else { return Flow::End };
        let row = self.state.processes[usize::from(self.process)].rows[at].filter(|row| !row.doubtful);
        let sight = match pass.sights[at] {
            Sight::Unknown => row.map_or(Sight::Unknown, |row| Sight::Indexed(row.look)),
            sight => sight,
        };
        let mut pass = pass;
        if let Sight::Read(mut look) | Sight::Indexed(mut look) = sight {
            call.change(&mut look);
            pass.sights[at] = if matches!(sight, Sight::Read(_)) { Sight::Read(look) } else { Sight::Indexed(look) };
            rows::believe(self.state, self.process, id, look);
        }
        Flow::Again(pass)
    }
}

fn with_sight(mut pass: Pass, id: Id, sight: Sight) -> Pass {
    if let Some(at) = index(id) {
        pass.sights[at] = sight;
    }
    pass
}
