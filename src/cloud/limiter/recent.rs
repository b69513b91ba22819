//! How many calls the service carried out within the last second.

use std::time::Duration;

/// Times are kept to this precision.
const SLOT: Duration = Duration::from_millis(50);
/// A second of slots, and the one that is being filled.
const SLOTS: usize = 21;

#[derive(Debug, Default)]
pub(super) struct Recent {
    slots: [u32; SLOTS],
    /// The number of the slot that is being filled, counted from the beginning of time.
    newest: u128,
}

impl Recent {
    pub(super) fn add(&mut self, now: Duration) {
        self.advance(now);
        if let Some(slot) = self.slots.first_mut() {
            *slot = slot.saturating_add(1);
        }
    }

    /// Never less than there were within the last second, and at most those of one slot more.
    pub(super) fn count(&mut self, now: Duration) -> f64 {
        self.advance(now);
        self.slots.iter().copied().map(f64::from).sum()
    }

    /// The newest slot is the first.
    fn advance(&mut self, now: Duration) {
        let newest = now.as_nanos() / SLOT.as_nanos();
        let passed = newest.saturating_sub(self.newest);
        self.newest = self.newest.max(newest);
        let passed = usize::try_from(passed).unwrap_or(SLOTS).min(SLOTS);
        self.slots.rotate_right(passed);
        self.slots.iter_mut().take(passed).for_each(|slot| *slot = 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_counts_for_a_second_and_a_little() {
        let mut recent = Recent::default();
        let ms = Duration::from_millis;
        for call in 0..40 {
            recent.add(ms(call * 25));
        }
        let counted = [999, 1499, 1999, 2100, 9999].map(|time| recent.count(ms(time)).round());
        assert_eq!(counted, [40.0, 22.0, 2.0, 0.0, 0.0]);
    }
}
