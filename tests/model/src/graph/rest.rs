//! Whether each state can come to rest by itself and stay at rest: *eventual stability*.
//!
//! A goal state counts if no quiet step leads from it out of the goal. Every state must be able to reach such a goal
//! state by quiet steps alone. A state that cannot is *stuck*. A state that breaks a promise ends its run and is
//! reported only for that.

use super::Graph;

impl Graph {
    /// The quiet steps backwards: where those into each state begin, and where they come from.
    fn backwards(&self) -> (Vec<u32>, Vec<u32>) {
        let mut begins = vec![0_u32; self.states() + 1];
        for target in &self.targets {
            begins[*target as usize + 1] += 1;
        }
        for at in 1..begins.len() {
            begins[at] += begins[at - 1];
        }
        let mut free = begins.clone();
        let mut sources = vec![0_u32; self.targets.len()];
        for source in 0..self.states() {
            for (target, _) in self.steps(source) {
                sources[free[target] as usize] = u32::try_from(source).unwrap_or(u32::MAX);
                free[target] += 1;
            }
        }
        (begins, sources)
    }

    /// States that cannot come to rest, nearest first.
    #[must_use]
    pub fn stuck(&self) -> Vec<u32> {
        let (begins, sources) = self.backwards();
        let into = |state: usize| sources[begins[state] as usize..begins[state + 1] as usize].iter().copied();
        let mut rests = self.goal.clone();
        let mut leaves: Vec<_> = (0..self.states())
            .filter(|state| rests[*state] && self.steps(*state).any(|(target, _)| !rests[target]))
            .collect();
        for state in &leaves {
            rests[*state] = false;
        }
        while let Some(state) = leaves.pop() {
            for source in into(state) {
                if std::mem::take(&mut rests[source as usize]) {
                    leaves.push(source as usize);
                }
            }
        }
        let mut reaches = rests;
        let mut next: Vec<_> = (0..self.states()).filter(|state| reaches[*state]).collect();
        while let Some(state) = next.pop() {
            for source in into(state) {
                if !std::mem::replace(&mut reaches[source as usize], true) {
                    next.push(source as usize);
                }
            }
        }
        (0_u32..).zip(reaches).filter(|(_, reaches)| !reaches).map(|(state, _)| state).collect()
    }
}
