//! The troubleshooting page has an anchor for whatever a condition can say.

use std::collections::BTreeSet;

use dataset_operator::api::{ConditionType, EventReason, News, Reason};

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

/// Links within the page lead somewhere.
#[test]
fn links_within_the_page_have_their_anchor() {
    let anchors: BTreeSet<String> = sections()
        .iter()
        .map(|(title, _)| {
            title.to_lowercase().replace(' ', "-").replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "")
        })
        .collect();
    let links: Vec<_> = PAGE.split("](#").skip(1).filter_map(|rest| rest.split_once(')')).collect();
    assert!(!links.is_empty());
    for (link, _) in links {
        assert!(anchors.contains(link), "#{link}");
    }
}
