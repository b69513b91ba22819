//! 22 000 views and the decision for each.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;

use super::files::{Outcome, compare, compare_text};
use super::outside::{outside, request};
use super::views::{sighted, view};
use super::wishes::scenes;
use crate::plan::desired::Desired;
use crate::plan::edit::Purpose;
use crate::plan::field::FieldChange;
use crate::plan::plan;
use crate::plan::view::View;
use crate::remote::Remote;

const VIEWS: u32 = 22_000;
const COMPARISONS: u32 = 6_000;
/// Each kind of step and of outcome occurs at least this often.
const OFTEN: u32 = 20;
const STEPS: usize = 20;

/// The decisions themselves, and how often each kind of outcome occurs among them.
#[test]
fn every_decision_is_as_it_was() {
    let scenes = scenes();
    let (mut steps, mut arms) = (BTreeMap::<&str, u32>::new(), BTreeMap::<String, u32>::new());
    let mut outcomes = Vec::new();
    for case in 0..VIEWS {
        let view = view(case, &scenes);
        let step = plan(&view);
        let outcome = outside(&view, &step);
        *steps.entry(step.name()).or_default() += 1;
        *arms.entry(arm(&outcome)).or_default() += 1;
        outcomes.push(outcome);
    }
    let rare: Vec<_> = steps.iter().filter(|(_, times)| **times < OFTEN).collect();
    assert!(steps.len() == STEPS && rare.is_empty(), "{steps:?}");
    let table: Vec<_> = arms.iter().map(|(arm, times)| format!("{times:6} {arm}\n")).collect();
    compare("plan.txt", &outcomes, |case| format!("{:#?}", view(case, &scenes)));
    compare_text("arms.txt", &table.concat());
    let rare: Vec<_> = arms.iter().filter(|(_, times)| **times < OFTEN).collect();
    assert!(rare.is_empty(), "too rare to prove anything: {rare:#?}");
}

/// The kind of an outcome: its words without names, ids and values.
fn arm(outcome: &Outcome) -> String {
    let text = &outcome.text;
    let plain = |word: &&str| {
        let bare = word.trim_matches([',', ';', ':', '.']);
        let letters = bare.chars().all(|letter| letter.is_ascii_alphabetic() || letter == '\'');
        letters && bare.len() > 1 && !["Dataset", "DatasetVersion", "of"].contains(&bare)
    };
    match outcome.word.as_str() {
        "request" => text.split(" {").next().unwrap().replace(|letter: char| letter.is_ascii_digit(), "_"),
        "claim" => {
            let begun = text.rsplit('}').next().unwrap().split(' ').filter(plain);
            format!("claim {}", begun.collect::<Vec<_>>().join(" "))
        }
        "record" => {
            let record: serde_json::Value = serde_json::from_str(text.strip_prefix("record ").unwrap()).unwrap();
            let (bound, attempt) = (record["attempt"].is_null(), &record["attempt"]["outcome"]);
            format!("record {attempt} recovered {} ready {} bound {bound}", record["recovered"], record["ready"])
        }
        word if word.starts_with("report") || word == "refuse" => {
            text.split(" | ").next().unwrap().split(' ').filter(plain).take(9).collect::<Vec<_>>().join(" ")
        }
        word => word.to_owned(),
    }
}

/// The changes that make a remote equal to the spec, their names, and what is known afterwards.
fn comparison(view: &View, desired: &Desired, remote: &Remote) -> Outcome {
    let mut text = String::new();
    let comparison = (view.profile.compare)(view, desired, remote).unwrap();
    for edit in &comparison.edits {
        let Purpose::Spec(changed) = &edit.purpose else { panic!("{edit:?}") };
        let fields: Vec<_> = changed.iter().map(FieldChange::drift).collect();
        let counted: Vec<_> = changed.iter().map(FieldChange::sent).collect();
        writeln!(text, "{}\n{fields:?}\n{counted:?}", request(&edit.request)).unwrap();
        for after in &edit.after {
            writeln!(text, "{}", remote_text(after)).unwrap();
        }
    }
    let made = (view.profile.made)(&remote.id, desired);
    let made = Remote { labels: remote.labels.clone(), mark: remote.mark.clone(), ..made };
    let left: Vec<_> = comparison.left.iter().map(FieldChange::shown).collect();
    write!(text, "{:?}\n{left:?}\n{}", desired.label_keys, remote_text(&made)).unwrap();
    Outcome { word: format!("{}-changes", comparison.edits.len()), text }
}

/// A remote as text.
fn remote_text(remote: &Remote) -> String {
    let latest = remote.latest.as_deref().map(remote_text);
    format!("{} {} {} {latest:?}", remote.id, json!(remote.all_labels()), json!(remote.fields))
}

#[test]
fn every_comparison_is_as_it_was() {
    let scenes = scenes();
    let outcome = |case: u32| {
        let view = view(case, &scenes);
        match (&view.desired, sighted(&view)) {
            (Ok(desired), Some(remote)) => comparison(&view, desired, remote),
            (Ok(_), None) | (Err(_), _) => Outcome { word: "none".to_owned(), text: String::new() },
        }
    };
    let outcomes: Vec<_> = (0..COMPARISONS).map(outcome).collect();
    compare("changes.txt", &outcomes, |case| format!("{:#?}", view(case, &scenes)));
}
