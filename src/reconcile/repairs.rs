//! Repairs that do not last. A service may keep another form of what it is sent: a text without the blanks around it, a
//! number rounded. Setting that right at every resync would cost a call each time and change nothing.
//!
//! So the updates of each field are counted: once the same value was sent and acknowledged [`TRIES`] times in a row, and
//! the service showed another one each time, the field is left as it is. It is tried again when the spec's generation
//! changes, when the remote shows yet another value, or when a reconcile is requested. The count is lost with the
//! process, which costs those updates once more.

use std::collections::BTreeMap;

use tokio::time::{Duration, Instant};

use crate::plan::futile::{Futile, Sent, TRIES};
use crate::plan::object::ObjectFacts;

/// The updates of one object, by field.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Repairs {
    /// The generation and the requested reconcile that they are counted for.
    of: (i64, Option<String>),
    fields: BTreeMap<String, Repair>,
}

/// The updates of one field.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Repair {
    wanted: String,
    times: u32,
    /// A difference that is found later than this is a new one: the service has shown the field as it was sent.
    expires: Instant,
    /// What the service showed when the field was left.
    left: Option<String>,
}

impl Repairs {
    /// These fields were sent and acknowledged. The service shows within `again` whether it kept them.
    pub fn sent(&mut self, object: &ObjectFacts, fields: Vec<Sent>, now: Instant, again: Duration) {
        let of = (object.generation, object.requested.clone());
        if self.of != of {
            *self = Self { of, fields: BTreeMap::new() };
        }
        for (field, wanted) in fields {
            let before = self.fields.get(&field).filter(|repair| {
                let in_a_row = repair.left.is_none() && now <= repair.expires;
                repair.wanted == wanted && in_a_row
            });
            let times = before.map_or(0, |repair| repair.times) + 1;
            self.fields.insert(field, Repair { wanted, times, expires: now + again, left: None });
        }
    }

    /// These fields are left as the service shows them.
    pub fn leave(&mut self, fields: Vec<Sent>) {
        for (field, seen) in fields {
            if let Some(repair) = self.fields.get_mut(&field) {
                repair.left = Some(seen);
            }
        }
    }

    /// The fields whose repair did not last.
    #[must_use]
    pub fn futile(&self, object: &ObjectFacts) -> BTreeMap<String, Futile> {
        if self.of.0 != object.generation || self.of.1 != object.requested {
            return BTreeMap::new();
        }
        let lost = self.fields.iter().filter(|(_, repair)| repair.times >= TRIES);
        lost.map(|(field, repair)| (field.clone(), Futile { wanted: repair.wanted.clone(), left: repair.left.clone() }))
            .collect()
    }

    /// No count is held that could still matter.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        self.fields.values().all(|repair| repair.times < TRIES && now > repair.expires)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AGAIN: Duration = Duration::from_secs(1000);

    fn facts(generation: i64, requested: Option<&str>) -> ObjectFacts {
        let mut object = crate::plan::marked::tests::view().object;
        (object.generation, object.requested) = (generation, requested.map(str::to_owned));
        object
    }

    fn sent(field: &str, value: &str) -> Vec<Sent> {
        vec![(field.to_owned(), value.to_owned())]
    }

    #[test]
    fn a_field_is_futile_after_three_in_a_row_until_something_changes() {
        let (object, now) = (facts(1, None), Instant::now());
        let mut repairs = Repairs::default();
        for times in 1..=TRIES {
            assert!(repairs.futile(&object).is_empty(), "after {} updates", times - 1);
            repairs.sent(&object, sent("Description", "w"), now, AGAIN);
        }
        assert_eq!(repairs.futile(&object)["Description"], Futile { wanted: "w".into(), left: None });
        assert!(repairs.futile(&facts(2, None)).is_empty(), "another generation");
        assert!(repairs.futile(&facts(1, Some("now"))).is_empty(), "a requested reconcile");
        repairs.leave(sent("Description", "s"));
        assert_eq!(repairs.futile(&object)["Description"].left.as_deref(), Some("s"));
        assert!(!repairs.is_idle(now + AGAIN * 9), "it is not forgotten");
        // The remote showed yet another value, and the field was sent again.
        repairs.sent(&object, sent("Description", "w"), now, AGAIN);
        assert!(repairs.futile(&object).is_empty());
    }

    #[test]
    fn repairs_that_lasted_for_a_while_are_not_in_a_row() {
        let (object, mut now) = (facts(1, None), Instant::now());
        let mut repairs = Repairs::default();
        for _ in 0..9 {
            repairs.sent(&object, sent("Description", "w"), now, AGAIN);
            assert!(repairs.futile(&object).is_empty());
            now += AGAIN + Duration::from_secs(1);
        }
        assert!(repairs.is_idle(now));
    }

    proptest! {
        /// Whatever is sent in whatever order: a field is futile exactly if its last three updates in a row, of this
        /// generation, had the same value.
        #[test]
        fn the_last_three_updates_decide(steps in prop::collection::vec((0..2_u8, 0..2_u8, prop::bool::weighted(0.1)), 0..40)) {
            let now = Instant::now();
            let (mut repairs, mut generation) = (Repairs::default(), 1);
            let mut last: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for (field, value, edited) in steps {
                if edited {
                    generation += 1;
                    last.clear();
                }
                let (field, value) = (format!("f{field}"), format!("v{value}"));
                repairs.sent(&facts(generation, None), sent(&field, &value), now, AGAIN);
                last.entry(field).or_default().push(value);
                let futile = repairs.futile(&facts(generation, None));
                for (field, values) in &last {
                    let tail: Vec<_> = values.iter().rev().take(3).collect();
                    let expected = tail.len() == 3 && tail.iter().all(|value| *value == tail[0]);
                    prop_assert_eq!(futile.contains_key(field), expected, "{} {:?}", field, values);
                }
            }
        }
    }
}
