//! Our annotations as people write them: what each value means, and the warning about one that has no meaning.
//!
//! An unknown value of `paused` pauses the object, because a person who writes that annotation wants nothing to happen.
//! Any other unknown value changes nothing. The operator warns of both, once for each value.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::api::EventReason;
use crate::api::names;
use crate::remote::id::RemoteId;
use crate::words::quoted;

/// A boolean as Go's `strconv.ParseBool` reads it.
fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// Does this value of `paused` pause the object? The second part of the answer is the value, if it is not a boolean.
pub(crate) fn pause(value: Option<&str>) -> (bool, Option<String>) {
    let Some(text) = value else { return (false, None) };
    match boolean(text) {
        Some(paused) => (paused, None),
        None => (true, Some(text.to_owned())),
    }
}

/// What to write instead of this value of `paused`.
pub(crate) fn not_a_boolean(value: &str) -> String {
    format!("its value {} is not understood and counts as \"true\": write \"true\" or \"false\"", quoted(value))
}

/// A Go duration; the shortest interval is 10 s, the longest a day.
pub(crate) fn poll(text: &str) -> Option<Duration> {
    let parsed: jiff::SignedDuration = if text == "0" { jiff::SignedDuration::ZERO } else { text.parse().ok()? };
    let interval = Duration::try_from(parsed).ok()?;
    Some(if interval.is_zero() {
        interval
    } else {
        interval.clamp(Duration::from_secs(10), Duration::from_secs(86_400))
    })
}

/// Warnings about annotations under our prefix: unknown keys, most likely typing errors, and unknown values. `id` is
/// the recorded remote.
pub(crate) fn wrong(annotations: &BTreeMap<String, String>, id: Option<&RemoteId>) -> Vec<(EventReason, String)> {
    let ours = annotations.iter().filter(|(key, _)| key.starts_with(names::PREFIX));
    ours.filter_map(|(key, value)| {
        if !names::ANNOTATIONS.iter().any(|(name, _)| name == key) {
            let known: Vec<_> = names::ANNOTATIONS.iter().map(|(name, _)| *name).collect();
            let note = format!("{key} means nothing here; known: {}", known.join(", "));
            return Some((EventReason::UnknownAnnotation, note));
        }
        wrong_value(key, value, id).map(|what| (EventReason::InvalidAnnotation, format!("{key}: {what}")))
    })
    .collect()
}

fn wrong_value(key: &str, value: &str, id: Option<&RemoteId>) -> Option<String> {
    match key {
        names::PAUSED if boolean(value).is_none() => Some(not_a_boolean(value)),
        names::POLL_INTERVAL if poll(value).is_none() => Some(format!(
            "its value {} is not a duration and is left out of account: write one such as \"30m\", or \"0\" to compare \
             only on demand",
            quoted(value)
        )),
        names::RECONCILE_REQUESTED_AT if value.is_empty() => {
            Some("its value is empty and asks for nothing: write any new value, such as the time".to_owned())
        }
        names::FORCE_RELEASE => match id {
            Some(id) if *value != id.to_string() => {
                Some(format!("its value {} lets nothing go: the recorded id is \"{id}\"", quoted(value)))
            }
            None if value != "none" => {
                Some(format!("its value {} lets nothing go: no id is recorded, so write \"none\"", quoted(value)))
            }
            Some(_) | None => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paused_is_read_as_go_reads_booleans_and_anything_else_stops() {
        for value in ["1", "t", "T", "TRUE", "true", "True"] {
            assert_eq!(pause(Some(value)), (true, None), "{value}");
        }
        for value in ["0", "f", "F", "FALSE", "false", "False"] {
            assert_eq!(pause(Some(value)), (false, None), "{value}");
        }
        assert_eq!(pause(None), (false, None));
        for value in ["", "yes", "no", "tRUE", " true", "on", "off"] {
            assert_eq!(pause(Some(value)), (true, Some(value.to_owned())), "{value:?}");
        }
    }

    #[test]
    fn an_interval_is_no_shorter_than_ten_seconds_and_no_longer_than_a_day() {
        for (text, seconds) in [
            ("0", 0),
            ("0s", 0),
            ("1ms", 10),
            ("9s", 10),
            ("10s", 10),
            ("90s", 90),
            ("1h30m", 5400),
            ("24h", 86_400),
            ("24h1s", 86_400),
            ("8760h", 86_400),
        ] {
            assert_eq!(poll(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "10", "-5m", "banana"] {
            assert_eq!(poll(text), None, "{text}");
        }
    }

    fn told(pairs: &[(&str, &str)], id: Option<&str>) -> Vec<(EventReason, String)> {
        let annotations = pairs.iter().map(|(key, value)| (format!("{}{key}", names::PREFIX), (*value).to_owned()));
        wrong(&annotations.collect(), id.map(RemoteId::new).as_ref())
    }

    #[test]
    fn values_that_mean_nothing_are_told_with_what_to_write() {
        let good = [
            ("paused", "F"),
            ("poll-interval", "0"),
            ("reconcile-requested-at", "now"),
            ("force-release", "d-1"),
            ("intent", "{}"),
        ];
        assert_eq!(told(&good, Some("d-1")), []);
        assert_eq!(told(&[("force-release", "none"), ("poll-interval", "1h30m")], None), []);
        let bad = [
            ("paused", "yes", "\"true\" or \"false\""),
            ("poll-interval", "banana", "\"30m\""),
            ("poll-interval", "-5m", "\"30m\""),
            ("reconcile-requested-at", "", "the time"),
            ("force-release", "d-2", "the recorded id is \"d-1\""),
            ("force-release", "none", "the recorded id is \"d-1\""),
        ];
        for (key, value, advice) in bad {
            let found = told(&[(key, value)], Some("d-1"));
            let [(EventReason::InvalidAnnotation, note)] = found.as_slice() else { panic!("{key}: {found:?}") };
            assert!(note.starts_with(&format!("dataset-operator.dev/{key}: ")) && note.contains(advice), "{note}");
        }
        let found = told(&[("force-release", "d-1")], None);
        assert!(found[0].1.contains("write \"none\""), "{found:?}");
    }

    #[test]
    fn every_key_that_means_nothing_is_told() {
        let found = told(&[("pausd", "true"), ("poll", "1m")], None);
        let reasons: Vec<_> = found.iter().map(|(reason, _)| *reason).collect();
        assert_eq!(reasons, [EventReason::UnknownAnnotation; 2], "{found:?}");
    }
}
