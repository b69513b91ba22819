//! The effects that only look. Mirrors `reads.rs` of production.

use dataset_operator::plan::aftermath::waits_for_a_delete;

use super::{Actor, Flow};
use crate::look;
use crate::rows;
use crate::service;
use crate::words::ticks;
use crate::world::{Id, Pass, Sight, index};

impl Actor<'_> {
    /// `sweep` of `reads.rs`: a dataset waits for the index, a version has its dataset's versions listed.
    pub(super) fn sweep(&mut self, pass: Pass) -> Flow {
        let swept = self.state.processes[usize::from(self.process)].swept;
        if !self.model.scenario.versioned || !swept {
            return Flow::End;
        }
        rows::list_versions(self.state, self.process);
        Flow::Again(pass)
    }

    /// `fetch` of `reads.rs`
    pub(super) fn fetch(&mut self, mut pass: Pass, id: Id) -> Flow {
        let bit = 1 << id;
        let words = self.model.oracle.words();
        let held = index(id).map(|at| self.state.processes[usize::from(self.process)].held[at]);
        let left = held.filter(|left| *left > 0).map(ticks);
        if left.is_some() && waits_for_a_delete(words.profile(), &words.id(id), left).is_some() {
            return Flow::End;
        }
        let desks = &self.state.processes[usize::from(self.process)].desks;
        let mut others = (0..).zip(desks).filter(|(slot, _)| *slot != self.slot).filter_map(|(_, desk)| desk.pass);
        if others.any(|other| other.reserved & bit > 0) {
            return Flow::End;
        }
        pass.reserved |= bit;
        let Some(at) = index(id) else { return Flow::End };
        pass.sights[at] = if let Some(look) = service::read(self.state, id) {
            rows::believe(self.state, self.process, id, look);
            Sight::Read(look)
        } else {
            rows::missed(self.state, self.process, id);
            Sight::Gone
        };
        Flow::Again(pass)
    }

    /// `find_named` of `reads.rs`
    pub(super) fn find_named(&mut self, pass: Pass) -> Pass {
        let wanted = self.slot + 1;
        let named = service::list(self.state, |_, look| look.name == wanted);
        rows::put_listed(self.state, self.process, &named);
        Pass { named: Some(named), ..pass }
    }

    /// `find_owned` of `reads.rs`
    pub(super) fn find_owned(&mut self, pass: Pass) -> Pass {
        let slot = self.slot;
        let owned = if self.model.scenario.versioned {
            rows::list_versions(self.state, self.process);
            service::list(self.state, |_, look| look::carries_owner(look, slot))
        } else {
            let owned = service::list(self.state, |_, look| look::carries_owner(look, slot));
            rows::put_listed(self.state, self.process, &owned);
            owned
        };
        let config = self.model.oracle.world();
        self.remember(|memory, now| memory.listed(&config, now));
        Pass { owned: Some(owned), ..pass }
    }
}
