//! The graph of all states and the quiet steps between them. It answers two questions that one state cannot answer: whether
//! everything can come to rest (`rest`), and whether something goes round in circles (`circles`).

mod circles;
mod rest;

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

/// The bit of a watch: that of its slot, since the order of the replicas may change from state to state. If no watch of a
/// slot ever shows something, it is withheld from one of them.
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
