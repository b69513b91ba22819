//! The graph of all states, for what a state alone cannot tell: whether things always can come to rest (and stay so)
//! by themselves, and whether something goes round in circles.
//!
//! *Eventual stability*: of the goal states, those count from which no quiet step leads out of the goal; every
//! state must be able to reach one of them by quiet steps alone. One that cannot is *stuck*. A state that breaks a
//! promise is the end of its run, and told as that alone.
//!
//! *Circles* are those of fair runs: whatever the watch has to show, it shows at some time. A run in which it has
//! something to show for ever and never does is none.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::faults::Action;
use crate::goal;
use crate::model::Model;
use crate::properties::Breach;
use crate::world::{Object, State};

/// All states of a model and the quiet steps between them.
pub struct Graph {
    prints: Vec<u64>,
    parents: Vec<u32>,
    goal: Vec<bool>,
    /// The watches that have something to show, a bit each.
    watches: Vec<u8>,
    /// Quiet steps: where those of each state begin, where they lead, what they do.
    begins: Vec<u32>,
    targets: Vec<u32>,
    does: Vec<Does>,
    /// Steps of any kind.
    pub edges: u64,
    /// States were left out because there were too many.
    pub cut: bool,
    /// The first state that breaks each promise, and how many do.
    pub broken: BTreeMap<Breach, (u32, usize)>,
}

/// What a quiet step does.
#[derive(Debug, Clone, Copy, Default)]
struct Does {
    /// It writes to an object, or sends a request that changes a remote.
    writes: bool,
    /// The watch that shows something in it, as a bit.
    watch: u8,
}

/// The bit of a watch: that of its slot, since which replica is which may change from state to state. What none of
/// them ever shows is withheld from one of them.
fn watch_of(action: &Action) -> u8 {
    match action {
        Action::Watch(_, slot) => 1 << slot,
        _ => 0,
    }
}

fn print_of(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

/// Does an action write to an object, or send a request that changes a remote?
fn writes(before: &State, action: &Action, after: &State) -> bool {
    if !matches!(action, Action::Step(..) | Action::Arrive(_)) {
        return false;
    }
    let plain = |object: &Object| Object { version: 0, ..*object };
    let objects = |state: &State| state.objects.iter().map(|object| object.as_ref().map(plain)).collect::<Vec<_>>();
    let sent =
        after.under_way().count() > before.under_way().count() - usize::from(matches!(action, Action::Arrive(_)));
    sent || objects(before) != objects(after)
}

impl Graph {
    /// Explores a model, up to so many states.
    #[must_use]
    pub fn explore(model: &Model, most: usize) -> Self {
        let mut graph = Self {
            prints: Vec::new(),
            parents: Vec::new(),
            goal: Vec::new(),
            watches: Vec::new(),
            begins: vec![0],
            targets: Vec::new(),
            does: Vec::new(),
            edges: 0,
            cut: false,
            broken: BTreeMap::new(),
        };
        let start = model.start();
        let mut known = HashMap::from([(print_of(&start), 0_u32)]);
        graph.parents.push(0);
        graph.prints.push(print_of(&start));
        let mut next = VecDeque::from([start]);
        let mut actions = Vec::new();
        let mut at = 0;
        while let Some(state) = next.pop_front() {
            let breach = Breach::of(&state);
            graph.goal.push(breach.is_some() || goal::is_reached(model, &state));
            if let Some(breach) = breach {
                graph.broken.entry(breach).or_insert((at, 0)).1 += 1;
            }
            let mut watches = 0;
            actions.clear();
            model.list(&state, &mut actions);
            for action in &actions {
                let Some(after) = model.apply(&state, action) else { continue };
                graph.edges += 1;
                watches |= watch_of(action);
                let print = print_of(&after);
                let found = known.get(&print).copied();
                let does = || Does { writes: writes(&state, action, &after), watch: watch_of(action) };
                let quiet = action.is_quiet().then(does);
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
                if let Some(does) = quiet {
                    graph.targets.push(target);
                    graph.does.push(does);
                }
            }
            graph.watches.push(watches);
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

    fn steps(&self, state: usize) -> impl Iterator<Item = (usize, Does)> {
        let range = self.begins[state] as usize..self.begins[state + 1] as usize;
        self.targets[range.clone()].iter().map(|target| *target as usize).zip(self.does[range].iter().copied())
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

    /// A state on a circle of quiet steps of which one writes, in a run that withholds no watch for ever: each watch
    /// has nothing to show in some state of the circle, or shows it in some step.
    #[must_use]
    pub fn circle(&self) -> Option<u32> {
        let component = self.components();
        let count = component.iter().max().map_or(0, |last| *last as usize + 1);
        let (mut withheld, mut shown) = (vec![u8::MAX; count], vec![0_u8; count]);
        let component = component.as_slice();
        let inner = |state: usize| self.steps(state).filter(move |(to, _)| component[*to] == component[state]);
        for (state, (at, watches)) in component.iter().zip(&self.watches).enumerate() {
            let at = *at as usize;
            withheld[at] &= watches;
            shown[at] = inner(state).fold(shown[at], |bits, (_, does)| bits | does.watch);
        }
        let unfair = |state: usize| withheld[component[state] as usize] & !shown[component[state] as usize] > 0;
        let circle = (0..self.states()).find(|state| !unfair(*state) && inner(*state).any(|(_, does)| does.writes));
        circle.and_then(|state| u32::try_from(state).ok())
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Two states, a step that writes from the first to the second, and one back that `back` describes.
    fn round(watches: [u8; 2], back: Does) -> Graph {
        Graph {
            prints: vec![0, 1],
            parents: vec![0, 0],
            goal: vec![true, true],
            watches: watches.to_vec(),
            begins: vec![0, 1, 2],
            targets: vec![1, 0],
            does: vec![Does { writes: true, watch: 0 }, back],
            edges: 2,
            cut: false,
            broken: BTreeMap::new(),
        }
    }

    #[test]
    fn a_circle_counts_unless_a_watch_is_withheld_in_all_of_it() {
        let (silent, shows) = (Does::default(), Does { writes: false, watch: 2 });
        assert_eq!(round([0, 0], silent).circle(), Some(0));
        assert_eq!(round([2, 0], silent).circle(), Some(0));
        assert_eq!(round([2, 1], silent).circle(), Some(0));
        assert_eq!(round([2, 2], silent).circle(), None);
        assert_eq!(round([2, 2], shows).circle(), Some(0));
    }
}
