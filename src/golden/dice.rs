//! Choices that are the same on every machine and in every run: they depend only on the number of a case and the name
//! of its part, so a change of one part changes no other part.

/// A sequence of choices.
pub(super) struct Dice(u64);

impl Dice {
    /// The choices for this part of this case.
    pub(super) fn of(case: u32, part: &str) -> Self {
        let start = u64::from(case).wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
        Self(part.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)))
    }

    /// `SplitMix64`.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `count`.
    pub(super) fn below(&mut self, count: u32) -> u32 {
        u32::try_from(self.next() % u64::from(count)).unwrap()
    }

    /// True in this percentage of cases.
    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// One of these, each with the same probability.
    pub(super) fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(u32::try_from(of.len()).unwrap())).unwrap()].clone()
    }

    /// One of these, with their numbers as weights.
    pub(super) fn pick<T: Clone>(&mut self, of: &[(u32, T)]) -> T {
        let mut left = self.below(of.iter().map(|(weight, _)| weight).sum());
        for (weight, value) in of {
            if left < *weight {
                return value.clone();
            }
            left -= weight;
        }
        unreachable!("the weights were summed up")
    }

    /// This value in this percentage of cases, and otherwise `None`.
    pub(super) fn maybe<T>(&mut self, percent: u32, value: T) -> Option<T> {
        self.chance(percent).then_some(value)
    }
}

#[test]
fn choices_are_the_same_everywhere() {
    let mut dice = Dice::of(7, "a part");
    let numbers: Vec<_> = (0..6).map(|_| dice.below(1000)).collect();
    assert_eq!(numbers, [838, 200, 747, 72, 310, 35], "every golden file depends on these");
}
