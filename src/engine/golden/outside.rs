//! What a step does outside of the process, as text. Nothing here depends on how steps are called: a step of another
//! name that sends the same request has the same text.

use serde_json::{Map, Value, json};

use super::super::facts::Stored;
use super::super::mark::Labels;
use super::super::plan::{Change, Flight, Record, Step};
use super::super::recorded::{Ended, RemoteId};
use super::super::report::{Next, Ready, Report};
use super::super::view::{Sight, View};
use super::super::wire::{label_list, request_of};
use super::files::Outcome;
use crate::api::names::MARK_RELEASED;
use crate::cloud::{EndpointForm, Request};

/// What this step does for the object of this view.
pub(super) fn outside(view: &View, step: &Step) -> Outcome {
    let (word, text) = match step {
        Step::Reread => ("reread".to_owned(), String::new()),
        Step::Sweep => {
            ("sweep".to_owned(), format!("{:?}", view.target().map(|target| (target.workspace, target.dataset_id))))
        }
        Step::Fetch(id) => ("read".to_owned(), id.to_string()),
        Step::FindOwned => ("find-owned".to_owned(), String::new()),
        Step::FindNamed(name) => ("find-named".to_owned(), name.clone()),
        Step::ListVersions(dataset) => ("list-versions".to_owned(), dataset.clone()),
        Step::Permit => ("permit".to_owned(), String::new()),
        Step::Claim(intent, flight) => {
            ("claim".to_owned(), format!("{}{}", intent.to_annotation(), begun(flight.as_ref())))
        }
        Step::Create => ("create".to_owned(), create(view)),
        Step::Mark(id, mark) => ("request".to_owned(), marking(view, id, mark)),
        Step::Unrelease(id) => {
            ("request".to_owned(), change(id, &Change::RemoveLabels(vec![MARK_RELEASED.to_owned()])))
        }
        Step::Change(id, wanted) => ("request".to_owned(), change(id, wanted)),
        Step::Delete(id) => ("delete".to_owned(), delete(id)),
        Step::Release(id) => ("request".to_owned(), release(view, id)),
        Step::Resolve => ("resolve".to_owned(), String::new()),
        Step::Record(record) => ("record".to_owned(), recorded(record)),
        Step::Refuse(ended, report) => ("refuse".to_owned(), format!("{} {}", outcome(ended), told(report).1)),
        Step::LetGo => ("remove-finalizer".to_owned(), String::new()),
        Step::Report(report) => {
            let (reason, text) = told(report);
            (format!("report-{reason}"), text)
        }
        Step::Leave => ("ignore".to_owned(), String::new()),
    };
    Outcome { text: format!("{word} {text}"), word }
}

/// A request as it goes over the wire.
pub(super) fn request(request: &Request) -> String {
    let (path, query) = (request.path(EndpointForm::Roa), request.query(EndpointForm::Roa));
    let query = if query.is_empty() { query } else { format!("?{query}") };
    let body = request.body().map(|body| format!(" {}", Value::Object(body.clone()))).unwrap_or_default();
    format!("{} {path}{query}{body}", request.method())
}

/// The request of one change.
pub(super) fn change(id: &RemoteId, change: &Change) -> String {
    request(&request_of(id, change))
}

/// As `calls.rs` sends it.
fn create(view: &View) -> String {
    let (Some(Flight::Create { nonce, .. }), Ok(desired)) = (&view.seen.flight, &view.desired) else {
        return "without a claim".to_owned();
    };
    let mut labels = desired.labels.clone();
    labels.extend(view.world.identity.mark(&view.owner, &view.object.uid, nonce));
    let mut body = desired.create.clone();
    body.insert("Labels".to_owned(), label_list(&labels));
    request(&match &desired.target.dataset_id {
        Some(dataset) => Request::create_dataset_version(dataset, body),
        None => Request::create_dataset(body),
    })
}

fn labels_of(view: &View, id: &RemoteId) -> Labels {
    view.sight(id).and_then(Sight::remote).map(|remote| remote.labels.clone()).unwrap_or_default()
}

/// Sets these labels: all of a version's, because its call may replace those that it does not name.
fn set(view: &View, id: &RemoteId, labels: Labels) -> String {
    let whole = if id.version.is_some() { labels_of(view, id).into_iter().chain(labels).collect() } else { labels };
    change(id, &Change::SetLabels(whole))
}

/// `dso-released` is taken off after it.
fn marking(view: &View, id: &RemoteId, mark: &Labels) -> String {
    set(view, id, mark.clone())
}

fn release(view: &View, id: &RemoteId) -> String {
    set(view, id, Labels::from([(MARK_RELEASED.to_owned(), "true".to_owned())]))
}

fn delete(id: &RemoteId) -> String {
    request(&match &id.version {
        None => Request::delete_dataset(&id.dataset),
        Some(version) => Request::delete_dataset_version(&id.dataset, version),
    })
}

fn begun(flight: Option<&Flight>) -> String {
    match flight {
        None => String::new(),
        Some(Flight::Create { nonce, landed: None }) => format!(" for a create {nonce}"),
        Some(Flight::Create { nonce, landed: Some(landed) }) => {
            format!(" for a create {nonce} that came to {landed:?}")
        }
        Some(Flight::Take { nonce, id, marked, recovered }) => {
            let again = if *recovered { " again" } else { "" };
            let marked = if *marked { " that is marked" } else { "" };
            format!(" to take {id}{marked}{again} by {nonce}")
        }
    }
}

fn outcome(ended: &Ended) -> String {
    json!(ended).to_string()
}

fn recorded(record: &Record) -> String {
    let value = json!({
        "id": record.id.to_string(), "origin": record.origin.as_str(), "recovered": record.recovered, "fixed": record.fixed,
        "attempt": record.attempt.as_ref().map(|ended| json!(ended)), "labelKeys": record.label_keys,
        "ready": record.settled,
    });
    value.to_string()
}

/// What a report tells: its reason, and all of it.
pub(super) fn told(report: &Report) -> (&str, String) {
    let (kind, reason, message) = match &report.ready {
        Ready::Available(message) => ("ready", "Available", message),
        Ready::Working(reason, message) => ("working", reason.as_str(), message),
        Ready::Stuck(reason, message) => ("stuck", reason.as_str(), message),
        Ready::Paused(message) => ("paused", "Paused", message),
        Ready::PausedReady(message) => ("paused and ready", "PausedReady", message),
    };
    let next = match report.next {
        Next::Event => "an event".to_owned(),
        Next::After(wait) => format!("{} ms", wait.as_millis()),
        Next::Backoff => "a growing delay".to_owned(),
    };
    let mut all = Map::new();
    for (name, text) in
        [("drifted", &report.drifted), ("normalised", &report.normalised), ("duplicates", &report.duplicates)]
    {
        all.extend(text.as_ref().map(|text| (name.to_owned(), json!(text))));
    }
    all.extend(report.error.as_ref().map(|error| ("error".to_owned(), json!(error))));
    let about: Vec<_> = report
        .about
        .iter()
        .map(|about| {
            let owner = about.owner.as_ref().map(|owner| format!("{owner} {} {}", owner.uid, owner.deletes));
            json!([about.id.to_string(), about.face, owner])
        })
        .collect();
    if !about.is_empty() {
        all.insert("about".to_owned(), json!(about));
    }
    (reason, format!("{kind} {reason}: {message} | until {next} | {}", Value::Object(all)))
}

/// An intent annotation as it was read.
pub(super) fn stored(intent: &Stored) -> String {
    match intent {
        Stored::Absent => "none".to_owned(),
        Stored::Own(intent) => format!("its own {}", intent.to_annotation()),
        Stored::Foreign(intent) => format!("another's {}", intent.to_annotation()),
    }
}
