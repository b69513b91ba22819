//! A stand-in for the likeness of an embedding: the share of the words looked for that a file has in its name, its
//! directory or its tags. Nothing of a file's content is known here.

use std::collections::HashSet;

use crate::store::Text;
use crate::store::file_meta::FileMeta;

/// What is looked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Words(HashSet<String>);

impl Words {
    /// The words of some texts; `None` when there are none.
    pub(super) fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Option<Self> {
        let found: HashSet<String> = texts.flat_map(words).collect();
        (!found.is_empty()).then_some(Self(found))
    }

    /// From 0 to 1.
    #[allow(clippy::cast_precision_loss, reason = "a query has few words")]
    pub(super) fn likeness(&self, meta: &FileMeta) -> f32 {
        let texts = [meta.file_name.as_str(), meta.dir()].into_iter().chain(meta.tags().map(Text::as_str));
        let has: HashSet<String> = texts.flat_map(words).collect();
        let met = self.0.iter().filter(|word| has.contains(*word)).count();
        met as f32 / self.0.len() as f32
    }
}

/// The words of a text, in lower case.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likeness_is_a_share_of_words() {
        let meta = FileMeta {
            uri: "oss://bucket/Cars/red-car.jpg".into(),
            file_name: "red-car.jpg".into(),
            user_tags: vec!["晴天".into()],
            ..FileMeta::default()
        };
        let likeness = |text: &str| Words::of([text].into_iter()).unwrap().likeness(&meta);
        assert_eq!(likeness("a red car 晴天").to_bits(), 0.75_f32.to_bits());
        assert_eq!(likeness("boat").to_bits(), 0_f32.to_bits());
        assert_eq!(Words::of(["--"].into_iter()), None);
    }
}
