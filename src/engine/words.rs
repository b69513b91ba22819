//! How values and times are put into texts that people read.

use std::time::Duration;

/// No more of a value than this is shown.
const MOST: usize = 64;

/// A text of at most `most` characters; what is cut off shows as `…`.
#[must_use]
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// A text of at most `most` bytes; what is cut off shows as `…`, and no character is cut in two.
#[must_use]
pub fn cut_bytes(text: &str, most: usize) -> String {
    const MARK: &str = "…";
    if text.len() <= most {
        return text.to_owned();
    }
    let mut end = most.saturating_sub(MARK.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{MARK}", &text[..end])
}

/// A value as it stands in a text: at most 64 characters of it.
#[must_use]
pub fn shown(value: Option<&serde_json::Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| cut(&value.to_string(), MOST))
}

/// A text as it stands in another one: quoted, and at most 64 characters of it.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("{:?}", cut(text, MOST))
}

/// About how long: `40 s`, `2 min`, `3 h`.
#[must_use]
pub fn about(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..=9 => "10 s".to_owned(),
        10..=89 => format!("{} s", (seconds + 5) / 10 * 10),
        90..=5399 => format!("{} min", (seconds + 30) / 60),
        _ => format!("{} h", (seconds + 1800) / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!((cut("abc", 3), cut("abcd", 3)), ("abc".to_owned(), "ab…".to_owned()));
        assert_eq!(cut_bytes("abc", 3), "abc");
        for most in 3..40 {
            let text = cut_bytes("数据集数据集数据集", most);
            assert!(text.len() <= most && text.len() + 5 > most.min(27), "{most}: {text}");
        }
    }

    #[test]
    fn values_are_shown_short_and_absent_ones_as_nothing() {
        assert_eq!(shown(None), "nothing");
        assert_eq!(shown(Some(&json!("by hand"))), "\"by hand\"");
        assert_eq!(shown(Some(&json!("x".repeat(500)))).chars().count(), MOST);
        assert_eq!(quoted("a\nb"), "\"a\\nb\"");
        assert!(quoted(&"x".repeat(500)).chars().count() <= MOST + 2);
    }

    #[test]
    fn times_are_told_roughly() {
        let told = [3, 31, 44, 89, 90, 150, 3600, 5399, 5400, 9000].map(|seconds| about(Duration::from_secs(seconds)));
        assert_eq!(told, ["10 s", "30 s", "40 s", "90 s", "2 min", "3 min", "60 min", "90 min", "2 h", "3 h"]);
    }
}
