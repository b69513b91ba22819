//! *Circles* of quiet steps in which something is written again and again. Only fair runs count: in a fair run a watch
//! shows at some time everything that it has to show.

use super::Graph;

impl Graph {
    /// A state on a circle of quiet steps of which one writes, in a fair run: for each watch there is a state of the circle in
    /// which it has nothing to show, or a step in which it shows something.
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
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::Does;
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
