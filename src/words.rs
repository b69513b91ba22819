//! Texts for people: times as a person writes them (`25 s`, `2 min`), values cut to a readable length, and the API
//! server's own messages instead of the structures that hold them.

use std::error::Error;
use std::time::Duration;

/// At most this many characters of a value are shown.
const MOST: usize = 64;

/// What lets the operator do something with one object: `bind its ServiceAccount, in namespace a, to a Role with the rule: …`.
#[must_use]
pub fn role_to_bind(namespace: &str, resource: &str, name: &str, verbs: &str) -> String {
    format!(
        "bind its ServiceAccount, in namespace {namespace}, to a Role with the rule: apiGroups: [\"\"], resources: [{resource}], \
         resourceNames: [{name}], verbs: [{verbs}]"
    )
}

/// A duration for a message, in its two largest units: `250 ms`, `1.5 s`, `2 min`, `1 h 30 min`, `3 days`.
///
/// Rounded to the nearest unit that is shown, so it is for reading, never for calculating. Zero is `0 s`.
#[must_use]
pub fn duration(time: Duration) -> String {
    let millis = time.as_millis();
    if millis < 1000 {
        return if millis == 0 { "0 s".to_owned() } else { format!("{millis} ms") };
    }
    if millis < 10_000 {
        // One digit after the point: a wait of 1.5 s is not one of 2 s.
        let tenths = (millis + 50) / 100;
        return if tenths.is_multiple_of(10) {
            format!("{} s", tenths / 10)
        } else {
            format!("{}.{} s", tenths / 10, tenths % 10)
        };
    }
    let seconds = (millis + 500) / 1000;
    if seconds < 3600 {
        return pair(seconds / 60, "min", seconds % 60, "s");
    }
    let minutes = (seconds + 30) / 60;
    if minutes < 24 * 60 {
        return pair(minutes / 60, "h", minutes % 60, "min");
    }
    let hours = (minutes + 30) / 60;
    let days = hours / 24;
    pair(days, if days == 1 { "day" } else { "days" }, hours % 24, "h")
}

/// An error for a message or a log line. If the API server refused something, it is the API server's message with the
/// status code, wherever in the chain of causes that is; otherwise it is the error's own text.
#[must_use]
pub fn error(error: &(dyn Error + 'static)) -> String {
    let mut cause = Some(error);
    while let Some(now) = cause {
        if let Some(kube::Error::Api(status)) = now.downcast_ref() {
            return refusal(status);
        }
        cause = now.source();
    }
    error.to_string()
}

fn refusal(status: &kube::core::Status) -> String {
    // A proxy that answers in the API server's place may send any text, of any size.
    let what = cut(status.message.trim(), 1000);
    let what = if what.is_empty() { "the API server refused it without a message" } else { what.as_str() };
    match (status.code, status.reason.as_str()) {
        (0, "") => what.to_owned(),
        (0, reason) => format!("{what} ({reason})"),
        (code, "") => format!("{what} ({code})"),
        (code, reason) => format!("{what} ({code} {reason})"),
    }
}

/// Two units; the second one is left out if it is zero.
fn pair(large: u128, large_unit: &str, small: u128, small_unit: &str) -> String {
    match (large, small) {
        (0, small) => format!("{small} {small_unit}"),
        (large, 0) => format!("{large} {large_unit}"),
        (large, small) => format!("{large} {large_unit} {small} {small_unit}"),
    }
}

/// The text, cut to at most `most` characters; a cut shows as `…`.
#[must_use]
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// The text, cut to at most `most` bytes; a cut shows as `…`, and characters stay whole.
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

/// A value as part of a text: at most 64 characters of it.
#[must_use]
pub fn shown(value: Option<&serde_json::Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| cut(&value.to_string(), MOST))
}

/// A text as part of another one: quoted, and at most 64 characters of it.
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
    fn a_refusal_is_told_in_the_words_of_the_api_server() {
        let status = |message: &str, reason: &str, code| {
            kube::Error::Api(kube::core::Status { code, ..kube::core::Status::failure(message, reason) }.boxed())
        };
        let denied = status("datasets \"a\" is forbidden: need a team", "Forbidden", 403);
        assert_eq!(error(&denied), "datasets \"a\" is forbidden: need a team (403 Forbidden)");
        let nested = kube::runtime::watcher::Error::InitialListFailed(denied);
        assert_eq!(error(&nested), "datasets \"a\" is forbidden: need a team (403 Forbidden)");
        for one in [status("", "", 0), status("", "Expired", 410), status("gone", "", 0)] {
            let text = error(&one);
            assert!(!text.contains('{') && !text.contains("Status") && !text.is_empty(), "{text}");
        }
        assert_eq!(error(&std::io::Error::other("no route")), "no route");
    }

    #[test]
    fn durations_read_as_a_person_writes_them() {
        for (millis, text) in [
            (0, "0 s"),
            (1, "1 ms"),
            (250, "250 ms"),
            (1000, "1 s"),
            (1500, "1.5 s"),
            (9_960, "10 s"),
            (25_000, "25 s"),
            (25_400, "25 s"),
            (59_600, "1 min"),
            (90_000, "1 min 30 s"),
            (120_000, "2 min"),
            (3_599_600, "1 h"),
            (5_400_000, "1 h 30 min"),
            (86_400_000, "1 day"),
            (93_600_000, "1 day 2 h"),
            (259_200_000, "3 days"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), text, "{millis} ms");
        }
        assert!(duration(Duration::MAX).contains(" days"));
    }

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
