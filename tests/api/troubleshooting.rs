//! The troubleshooting page has an anchor for every reason of a condition.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use dataset_operator::api::{ConditionType, EventReason, News, Reason};
use dataset_operator::cloud::Operation;
use regex::Regex;

const PAGE: &str = include_str!("../../docs/troubleshooting.md");

fn sections() -> Vec<(&'static str, &'static str)> {
    let parts = PAGE.split("\n## ").skip(1);
    parts.map(|part| part.split_once('\n').unwrap_or((part, ""))).collect()
}

#[test]
fn every_reason_has_an_anchor_and_a_text() {
    let sections = sections();
    for reason in Reason::ALL {
        let found: Vec<_> = sections.iter().filter(|(title, _)| *title == reason.as_str()).collect();
        assert_eq!(found.len(), 1, "docs/troubleshooting.md needs one heading `## {reason}`");
        assert!(found[0].1.trim().len() > 40, "{reason} is not explained");
    }
}

#[test]
fn every_reason_stands_under_what_it_comes_with() {
    let (moving, stuck) = PAGE.split_once("# Reasons with `Stalled`").unwrap();
    for reason in Reason::ALL {
        let heading = format!("\n## {reason}\n");
        assert_eq!(stuck.contains(&heading), reason.stalled(), "{reason}");
        assert_eq!(moving.contains(&heading), !reason.stalled(), "{reason}");
    }
}

#[test]
fn a_reason_that_needs_a_human_shows_an_example_message() {
    for (title, text) in sections() {
        let stalled = Reason::ALL.iter().any(|reason| reason.as_str() == title && reason.stalled());
        assert!(!stalled || text.contains("\n> "), "{title} has no example");
    }
}

#[test]
fn every_condition_type_is_explained() {
    for kind in ConditionType::ALL {
        assert!(PAGE.contains(&format!("`{kind}`")) || PAGE.contains(&format!("## {kind}\n")), "{kind}");
    }
}

/// The table of events has each reason that an event can have once, and says which are warnings.
#[test]
fn the_table_of_events_is_the_list_in_the_code() {
    let sections = sections();
    let (_, text) = sections.iter().find(|(title, _)| *title == "Events").unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | ").map(|(cell, _)| cell));
    let (stalled, named): (Vec<_>, Vec<_>) =
        rows.filter(|cell| cell.contains('`')).partition(|cell| cell.starts_with("a reason with `Stalled`"));
    assert_eq!(stalled, ["a reason with `Stalled` (Warning)"]);
    let mut told: Vec<(String, bool)> = named
        .iter()
        .flat_map(|cell| {
            let (list, warning) = cell.strip_suffix(" (Warning)").map_or((*cell, false), |list| (list, true));
            list.split(", ").map(move |name| (name.trim_matches('`').to_owned(), warning))
        })
        .collect();
    told.sort();
    let turned =
        Reason::ALL.iter().filter(|reason| reason.is_told() && !reason.stalled()).map(|reason| News::Turned(*reason));
    let all = EventReason::ALL.iter().map(|reason| News::Event(*reason)).chain(turned);
    let mut listed: Vec<(String, bool)> = all.map(|news| (news.as_str().to_owned(), news.is_warning())).collect();
    listed.sort();
    assert_eq!(told, listed);
    for reason in Reason::ALL.iter().filter(|reason| reason.stalled()) {
        assert!(reason.is_told() && News::from(*reason).is_warning(), "{reason}");
    }
}

/// Every `> message` of the page has the words of a text in the sources, whose `{…}` match anything. The words about
/// the result of a failed call are a separate text.
#[test]
fn every_example_message_is_one_that_the_code_writes() {
    let mut texts = BTreeSet::new();
    texts_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut texts);
    let patterns: Vec<Regex> = texts.iter().filter_map(|text| pattern(text)).collect();
    let of_a_call = |message: &str| {
        let (words, _) = message.split_once(':')?;
        let (operation, verdict) = words.split_once(' ')?;
        operation.parse::<Operation>().ok().map(|_| texts.contains(verdict))
    };
    let messages: Vec<&str> = PAGE.lines().filter_map(|line| line.strip_prefix("> ")).collect();
    assert!(messages.len() > 20 && patterns.len() > 100);
    for message in messages {
        let written = of_a_call(message).unwrap_or_else(|| patterns.iter().any(|text| text.is_match(message)));
        assert!(written, "nothing in src writes: {message}");
    }
}

/// A text as a pattern; none if it has too few letters.
fn pattern(text: &str) -> Option<Regex> {
    static HOLE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\\\{[^{}]*\\\}").unwrap());
    let pattern = HOLE.replace_all(&regex::escape(text), ".*").into_owned();
    let letters = pattern.matches(char::is_alphabetic).count();
    (letters >= 10).then(|| Regex::new(&format!("^{pattern}$")).unwrap())
}

/// The string literals of all sources below a folder, but for tests.
fn texts_below(folder: &Path, texts: &mut BTreeSet<String>) {
    let literal = Regex::new(r#"(?s)"((?:[^"\\]|\\.)*)""#).unwrap();
    let raw = Regex::new(r##"(?s)r#".*?"#"##).unwrap();
    let (comment, broken) = (Regex::new(r"(?m)^\s*//.*$").unwrap(), Regex::new(r"\\\n\s*").unwrap());
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts_below(&path, texts);
        } else if !path.to_str().unwrap().ends_with("tests.rs") {
            let source = fs::read_to_string(&path).unwrap().replace("'\"'", "");
            let source = raw.replace_all(&source, "").into_owned();
            let source = comment.replace_all(source.split("\nmod tests {").next().unwrap(), "").into_owned();
            let found = literal.captures_iter(&source).map(|found| broken.replace_all(&found[1], "").into_owned());
            texts.extend(found.map(|text| text.replace("\\\"", "\"")));
        }
    }
}
