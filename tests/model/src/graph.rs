//! The graph of all states, for what a state alone cannot tell: whether things always can come to rest (and stay so)
//! by themselves, and whether something goes round in circles.
//!
//! *Eventual stability*: of the goal states, those count from which no quiet step leads out of the goal; every
//! state must be able to reach one of them by quiet steps alone. One that cannot is *stuck*.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::faults::Action;
use crate::goal;
use crate::model::{Model, writes};
use crate::world::State;

/// All states of a model and the quiet steps between them.
pub struct Graph {
    prints: Vec<u64>,
    parents: Vec<u32>,
    goal: Vec<bool>,
    /// Quiet steps: where those of each state begin, where they lead, whether they write.
    begins: Vec<u32>,
    targets: Vec<u32>,
    writing: Vec<bool>,
    /// Steps of any kind.
    pub edges: u64,
    /// States were left out because there were too many.
    pub cut: bool,
    /// A state that breaks a promise.
    pub broken: Option<u32>,
}

fn print_of(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

impl Graph {
    /// Explores a model, up to so many states.
    #[must_use]
    pub fn explore(model: &Model, most: usize) -> Self {
        let mut graph = Self {
            prints: Vec::new(),
            parents: Vec::new(),
            goal: Vec::new(),
            begins: vec![0],
            targets: Vec::new(),
            writing: Vec::new(),
            edges: 0,
            cut: false,
            broken: None,
        };
        let start = model.start();
        let mut known = HashMap::from([(print_of(&start), 0_u32)]);
        graph.parents.push(0);
        graph.prints.push(print_of(&start));
        let mut next = VecDeque::from([start]);
        let mut actions = Vec::new();
        let mut at = 0;
        while let Some(state) = next.pop_front() {
            graph.goal.push(goal::is_reached(model, &state));
            if state.broken > 0 && graph.broken.is_none() {
                graph.broken = Some(at);
            }
            actions.clear();
            model.list(&state, &mut actions);
            for action in &actions {
                let Some(after) = model.apply(&state, action) else { continue };
                graph.edges += 1;
                let print = print_of(&after);
                let found = known.get(&print).copied();
                let quiet = action.is_quiet().then(|| writes(&state, action, &after));
                let target = match found {
                    Some(target) => target,
                    None if known.len() >= most => {
                        graph.cut = true;
                        continue;
                    }
                    None => {
                        let target = u32::try_from(graph.parents.len()).unwrap_or(u32::MAX);
                        known.insert(print, target);
                        graph.parents.push(at);
                        graph.prints.push(print);
                        next.push_back(after);
                        target
                    }
                };
                if let Some(writes) = quiet {
                    graph.targets.push(target);
                    graph.writing.push(writes);
                }
            }
            graph.begins.push(u32::try_from(graph.targets.len()).unwrap_or(u32::MAX));
            at += 1;
        }
        graph
    }

    /// How many states there are.
    #[must_use]
    pub fn states(&self) -> usize {
        self.parents.len()
    }

    fn steps(&self, state: usize) -> impl Iterator<Item = (usize, bool)> {
        let range = self.begins[state] as usize..self.begins[state + 1] as usize;
        self.targets[range.clone()].iter().map(|target| *target as usize).zip(self.writing[range].iter().copied())
    }

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

    /// A state on a circle of quiet steps of which one writes.
    #[must_use]
    pub fn circle(&self) -> Option<u32> {
        let component = self.components();
        (0..self.states()).find_map(|state| {
            let writes = self.steps(state).any(|(target, writes)| writes && component[target] == component[state]);
            writes.then(|| u32::try_from(state).unwrap_or(u32::MAX))
        })
    }

    /// Strongly connected components (Tarjan, without recursion): the component of each state.
    fn components(&self) -> Vec<u32> {
        const NONE: u32 = u32::MAX;
        let count = self.states();
        let (mut order, mut low, mut component) = (vec![NONE; count], vec![0_u32; count], vec![NONE; count]);
        let (mut clock, mut components) = (0, 0);
        let (mut path, mut calls): (Vec<usize>, Vec<(usize, u32)>) = (Vec::new(), Vec::new());
        for root in 0..count {
            if order[root] != NONE {
                continue;
            }
            calls.push((root, self.begins[root]));
            while let Some((state, edge)) = calls.pop() {
                if order[state] == NONE {
                    (order[state], low[state]) = (clock, clock);
                    clock += 1;
                    path.push(state);
                }
                let mut deeper = None;
                let mut edge = edge;
                while edge < self.begins[state + 1] {
                    let target = self.targets[edge as usize] as usize;
                    if order[target] == NONE {
                        deeper = Some(target);
                        break;
                    }
                    if component[target] == NONE {
                        low[state] = low[state].min(low[target]);
                    }
                    edge += 1;
                }
                if let Some(target) = deeper {
                    calls.push((state, edge));
                    calls.push((target, self.begins[target]));
                    continue;
                }
                if low[state] == order[state] {
                    while let Some(member) = path.pop() {
                        component[member] = components;
                        if member == state {
                            break;
                        }
                    }
                    components += 1;
                }
            }
        }
        component
    }

    /// The shortest way to a state.
    #[must_use]
    pub fn path(&self, model: &Model, to: u32) -> Vec<(Action, State)> {
        let mut ids = vec![to];
        while let Some(last) = ids.last().copied().filter(|last| *last > 0) {
            ids.push(self.parents[last as usize]);
        }
        let mut state = model.start();
        let mut way = Vec::new();
        for id in ids.into_iter().rev().skip(1) {
            let wanted = self.prints[id as usize];
            let mut actions = Vec::new();
            model.list(&state, &mut actions);
            let step = actions.into_iter().find_map(|action| {
                let after = model.apply(&state, &action)?;
                (print_of(&after) == wanted).then_some((action, after))
            });
            let Some((action, after)) = step else { break };
            way.push((action, after.clone()));
            state = after;
        }
        way
    }
}
