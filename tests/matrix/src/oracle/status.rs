//! The status that users read: it only goes forwards, and uses only types and reasons of the closed lists.

use std::collections::BTreeMap;

use dataset_operator::api::condition::{ConditionType, Reason};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use super::{Sort, Violation, violation};
use crate::history::Sight;

/// The last known state of an object.
#[derive(Default)]
struct Last<'a> {
    observed: Option<i64>,
    id: Option<&'a String>,
    conditions: &'a [Condition],
    /// The newest transition of each type, also of those that are not there now.
    turns: BTreeMap<&'a str, &'a Time>,
}

/// Version by version of each object: generations are observed in order, and never one that does not exist yet; an id
/// is written once; conditions have types and reasons of the closed lists, and `Ready` tells of the observed
/// generation; a transition time moves with its status, forwards, and never without it. `late`: conditions of an older
/// status may be back for a while.
pub(super) fn forwards(sights: &[Sight], late: bool) -> Vec<Violation> {
    let mut last: BTreeMap<&str, Last> = BTreeMap::new();
    let mut wrong = Vec::new();
    for sight in sights {
        let last = last.entry(&sight.uid).or_default();
        let turned = if late { Vec::new() } else { turned(sight, last) };
        let told = told(sight, last).into_iter().chain(unlisted(sight)).chain(turned);
        wrong.extend(told.map(|text| violation(Sort::Broken, format!("{}: {text}", sight.name))));
        (last.observed, last.id) = (sight.observed, sight.id.as_ref());
        last.conditions = &sight.conditions;
        last.turns.extend(sight.conditions.iter().map(|is| (is.type_.as_str(), &is.last_transition_time)));
    }
    wrong
}

fn told(sight: &Sight, last: &Last) -> Vec<String> {
    let (observed, generation) = (sight.observed, sight.generation);
    let mut wrong = Vec::new();
    if observed < last.observed || observed > Some(generation) {
        wrong.push(format!("observed {observed:?} after {:?}, of {generation}", last.observed));
    }
    if last.id.is_some() && sight.id.as_ref() != last.id {
        wrong.push(format!("recorded {:?} over {:?}", sight.id, last.id));
    }
    if let Some(ready) = sight.condition("Ready")
        && ready.observed_generation != observed
    {
        wrong.push(format!("Ready tells of {:?}, status of {observed:?}", ready.observed_generation));
    }
    wrong
}

fn unlisted(sight: &Sight) -> Vec<String> {
    let known = |condition: &&Condition| {
        let kind = ConditionType::ALL.iter().find(|kind| kind.as_str() == condition.type_);
        // These two have no other reason than themselves.
        let itself =
            ["Drifted", "DuplicatesFound"].contains(&condition.type_.as_str()) && condition.reason == condition.type_;
        kind.is_some() && (itself || Reason::ALL.iter().any(|reason| reason.as_str() == condition.reason))
    };
    let unknown = sight.conditions.iter().filter(|condition| !known(condition));
    unknown.map(|condition| format!("{} for {} is in no list", condition.type_, condition.reason)).collect()
}

fn turned(sight: &Sight, last: &Last) -> Vec<String> {
    let wrong = |is: &&Condition| {
        let now = &is.last_transition_time;
        let back = last.turns.get(is.type_.as_str()).is_some_and(|then| now < *then);
        // The watch may have missed versions before a list.
        let was = last.conditions.iter().find(|was| !sight.listed && was.type_ == is.type_);
        // Times are whole seconds: an equal time proves nothing.
        back || was.is_some_and(|was| was.status == is.status && was.last_transition_time != *now)
    };
    let wrong = sight.conditions.iter().filter(wrong);
    wrong.map(|is| format!("{} is {} since {:?}", is.type_, is.status, is.last_transition_time.0)).collect()
}
