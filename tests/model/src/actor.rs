//! A pass, one effect at a time: ask production for a step, do it, until the pass ends. Each arm names the production
//! effect it stands for, and the rooms are production's: `reads` only look, `cloud_writes` change the remote side,
//! `kube_writes` the object.
//!
//! A step that changes nothing outside the process (a permit, the end of a doubt) runs together with the step after it: no
//! fault can strike between them and make a difference.

mod cloud_writes;
mod kube_writes;
mod reads;

use dataset_operator::reconcile::object_state::ObjectState;
use tokio::time::Instant;

use crate::answer::Do;
use crate::audit;
use crate::faults::Fate;
use crate::look;
use crate::memory::FRESH;
use crate::model::Model;
use crate::properties::{self, Breach, Event};
use crate::world::{Awaits, Call, Desk, Kin, Pass, REMOTES, State, index};

/// A pass must not take more steps than this without an effect (`MOST_STEPS` of `src/reconcile/pass.rs`).
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

    /// Changes what is remembered of the object.
    fn remember(&mut self, change: impl FnOnce(&mut ObjectState, Instant)) {
        let memory = self.desk().memory;
        self.desk().memory = self.model.memories.change(memory, change);
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
        let in_hand = self.desk().pass.is_some_and(|pass| pass.in_hand);
        let pass = match flow {
            Flow::Again(pass) if pass.awaits.is_none() && self.ends_silently(&pass) => None,
            Flow::Again(pass) => Some(pass),
            Flow::End => None,
        };
        if in_hand && pass.is_none() {
            self.forget();
        }
        self.desk().pass = pass;
    }

    /// Does the pass end now without writing anything?
    fn ends_silently(&self, pass: &Pass) -> bool {
        let (question, memory) = look::question(self.model, self.state, (self.process, self.slot), pass);
        let desk = &self.state.processes[usize::from(self.process)].desks[usize::from(self.slot)];
        memory == desk.memory
            && match self.model.oracle.ask(&question) {
                Do::Report(after) => after == pass.object.status,
                Do::Leave => !pass.in_hand,
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
                Do::Permit => pass.permit = true,
                Do::Resolve => {
                    self.model.saw(Event::DoubtResolved);
                    self.remember(|memory, _| memory.resolve());
                }
                _ if fate != Fate::Well && !writes(&pass, &answer) => return None,
                _ => return Some(self.perform(pass, &answer, fate)),
            }
        }
        properties::broke(self.state, Breach::Endless);
        Some(Flow::End)
    }

    fn perform(&mut self, pass: Pass, answer: &Do, fate: Fate) -> Flow {
        match *answer {
            Do::Reread => self.reread(pass),
            Do::Sweep => self.sweep(pass),
            Do::Fetch(id) => self.fetch(pass, id),
            Do::FindOwned => Flow::Again(self.find_owned(pass)),
            Do::FindNamed => Flow::Again(self.find_named(pass)),
            Do::FetchDataset => Flow::Again(Pass { dataset: Some(self.state.kin != Kin::Gone), ..pass }),
            Do::ListVersions => Flow::Again(Pass { versions: Some([None; REMOTES]), ..pass }),
            Do::Claim(intent, flight) => self.claim(pass, &intent, flight, fate),
            Do::Create => self.create(pass),
            Do::Edit(id, call) => self.send(pass, call, Awaits::Change(id)),
            Do::Delete(id) => {
                if let Some(at) = index(id).filter(|_| pass.in_hand) {
                    let settle = self.model.scenario.settle;
                    self.state.processes[usize::from(self.process)].held[at] = settle;
                } else if id != pass.object.status.id {
                    self.model.saw(Event::SurplusRemoved);
                }
                self.send(pass, Call::Delete(id), Awaits::Delete(id))
            }
            Do::Record { .. } => self.record(pass, answer, fate),
            Do::Refuse(after) => self.refuse(pass, after, fate),
            Do::LetGo if pass.in_hand => Flow::End,
            Do::LetGo => self.let_go(pass, fate),
            Do::Report(after) => {
                if after != pass.object.status {
                    // Told, or told later.
                    let _ = self.write_status(&pass, after, fate);
                }
                Flow::End
            }
            Do::Leave => Flow::End,
            Do::Permit | Do::Resolve | Do::Strange => {
                properties::broke(self.state, Breach::Strange);
                Flow::End
            }
        }
    }
}

/// Is this step a write to the object?
fn writes(pass: &Pass, answer: &Do) -> bool {
    match *answer {
        Do::Claim(..) | Do::Record { .. } | Do::Refuse(_) => true,
        Do::LetGo => !pass.in_hand,
        Do::Report(after) => after != pass.object.status,
        _ => false,
    }
}
