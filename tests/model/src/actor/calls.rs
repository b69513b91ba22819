//! The calls that change the remote side, and what an answer makes of the pass. Mirrors `calls.rs` of production.

use super::{Actor, Flow};
use crate::answer::Do;
use crate::look;
use crate::properties::{self, Breach, Event};
use crate::question::Question;
use crate::rows;
use crate::service::Answer;
use crate::words;
use crate::world::{Awaits, Call, Flight, Id, Kin, Landed, Look, Message, Pass, Sight, Wire, index};

impl Actor<'_> {
    /// `create` of `calls.rs`: within the send deadline, or not at all.
    pub(super) fn create(&mut self, pass: Pass) -> Flow {
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

    pub(super) fn send(&mut self, pass: Pass, call: Call, awaits: Awaits) -> Flow {
        let Some(place) = self.state.messages.iter_mut().find(|place| place.is_none()) else {
            properties::broke(self.state, Breach::TooManyMessages);
            return Flow::End;
        };
        let waits = Some((self.process, self.slot));
        *place = Some(Message { waits, uid: pass.object.uid, call, wire: Wire::Bounded(0) });
        Flow::Again(Pass { awaits: Some(awaits), ..pass })
    }

    /// `let_go_in_hand` of `calls.rs`: what does not carry the mark is not deleted.
    pub(super) fn let_go_in_hand(&mut self, pass: Pass, question: &Question, answer: &Do) -> Flow {
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

    /// An answer comes. Mirrors what follows each call in `calls.rs`.
    pub fn answered(&mut self, call: &Call, answer: Answer) {
        let Some(pass) = self.desk().pass else { return };
        let Some(awaits) = pass.awaits else { return };
        let pass = Pass { awaits: None, ..pass };
        let flow = match (awaits, answer) {
            (Awaits::Create, _) => self.create_answered(pass, call, answer),
            (Awaits::Delete(id), Answer::Done(_) | Answer::NotFound) => {
                rows::gone(self.state, self.process, id);
                Flow::Again(with_sight(pass, id, Sight::Gone))
            }
            (Awaits::Delete(_), Answer::Refused) if self.state.kin == Kin::Doomed => {
                self.state.processes[usize::from(self.process)].refused = true;
                Flow::Again(pass)
            }
            (Awaits::Change(id), Answer::Done(_)) => self.changed(pass, id, call),
            (Awaits::Delete(id), Answer::Ambiguous) | (Awaits::Change(id), Answer::Ambiguous | Answer::NotFound) => {
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
    fn create_answered(&mut self, pass: Pass, call: &Call, answer: Answer) -> Flow {
        let (Some(Flight::Create { nonce, .. }), Call::Create(look)) = (pass.flight, *call) else { return Flow::End };
        let pass = Pass { flight: None, ..pass };
        match answer {
            Answer::Done(id) if self.is_anothers(id, &look) => Flow::Again(pass),
            Answer::Done(id) => {
                rows::believe(self.state, self.process, id, look);
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

    /// A change was acknowledged: what is known of the remote changes with it.
    fn changed(&mut self, pass: Pass, id: Id, call: &Call) -> Flow {
        let Some(at) = index(id) else { return Flow::End };
        let row = self.state.processes[usize::from(self.process)].rows[at].filter(|row| !row.doubtful);
        let sight = match pass.sights[at] {
            Sight::Unknown => row.map_or(Sight::Unknown, |row| Sight::Indexed(row.look)),
            sight => sight,
        };
        let mut pass = pass;
        if let Sight::Read(look) | Sight::Indexed(look) = sight {
            let look = after(look, call);
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
