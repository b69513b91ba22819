//! The texts that recur in a log, each kept once.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;

/// Texts by number; the empty one is 0.
#[derive(Clone, Debug)]
pub(super) struct Words {
    texts: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
}

impl Default for Words {
    fn default() -> Self {
        let empty: Arc<str> = Arc::from("");
        Self { texts: vec![Arc::clone(&empty)], numbers: HashMap::from([(empty, 0)]) }
    }
}

impl Words {
    /// The number of a text, from now on if it had none.
    pub(super) fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        // More than four thousand million different words do not fit anyway.
        let number = u32::try_from(self.texts.len()).unwrap_or(0);
        let text: Arc<str> = Arc::from(text);
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        number
    }

    /// The text of a number.
    pub(super) fn text(&self, number: u32) -> String {
        let text = usize::try_from(number).ok().and_then(|index| self.texts.get(index));
        text.map(ToString::to_string).unwrap_or_default()
    }

    /// The number of a text that may be absent; an empty one counts as absent.
    pub(super) fn optional(&mut self, text: Option<&str>) -> Option<NonZeroU32> {
        text.and_then(|text| NonZeroU32::new(self.number(text)))
    }
}
