//! What a step does outside of the process, as text. Nothing here depends on the names of steps: a step of another name
//! that sends the same request has the same text.

use serde_json::{Map, Value, json};

use super::files::Outcome;
use crate::cloud::{EndpointForm, Request};
use crate::plan::object::Stored;
use crate::plan::recorded::Ended;
use crate::plan::report::{Next, Ready, Report};
use crate::plan::step::{Flight, Look, Record, Step};
use crate::plan::view::View;

/// What this step does for the object of this view.
pub(super) fn outside(view: &View, step: &Step) -> Outcome {
    let (word, text) = match step {
        Step::Reread => ("reread".to_owned(), String::new()),
        Step::Look(Look::Sweep) => {
            ("sweep".to_owned(), format!("{:?}", view.target().map(|target| (target.workspace, target.dataset_id))))
        }
        Step::Look(Look::Owned) => ("find-owned".to_owned(), String::new()),
        Step::Look(Look::Named(name)) => ("find-named".to_owned(), name.clone()),
        Step::Look(Look::Children(id, collection)) => (format!("list-{collection}"), id.to_string()),
        Step::Read(id) => ("read".to_owned(), id.to_string()),
        Step::Permit => ("permit".to_owned(), String::new()),
        Step::Claim(intent, flight) => {
            ("claim".to_owned(), format!("{}{}", intent.to_annotation(), begun(flight.as_ref())))
        }
        Step::Create => ("create".to_owned(), create(view)),
        Step::Edit(edit) => ("request".to_owned(), request(&edit.request)),
        Step::Delete(id) => ("delete".to_owned(), request(&view.profile.codec.delete(id))),
        Step::Resolve => ("resolve".to_owned(), String::new()),
        Step::Record(record) => ("record".to_owned(), recorded(record)),
        Step::Refuse(ended, report) => ("refuse".to_owned(), format!("{} {}", outcome(ended), told(report).1)),
        Step::RemoveFinalizer => ("remove-finalizer".to_owned(), String::new()),
        Step::Report(report) => {
            let (reason, text) = told(report);
            (format!("report-{reason}"), text)
        }
        Step::Ignore => ("ignore".to_owned(), String::new()),
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

/// The create request, as a reconcile sends it.
fn create(view: &View) -> String {
    let (Some(Flight::Create { nonce, .. }), Ok(desired)) = (&view.observed.flight, &view.desired) else {
        return "without a claim".to_owned();
    };
    let mark = view.config.identity.mark(&view.owner, &view.object.uid, nonce);
    let parent = desired.target.dataset_id.as_deref();
    request(&view.profile.codec.create(parent, &desired.create, &desired.labels, Some(&mark)).unwrap())
}

fn begun(flight: Option<&Flight>) -> String {
    match flight {
        None => String::new(),
        Some(Flight::Create { nonce, landed: None }) => format!(" for a create {nonce}"),
        Some(Flight::Create { nonce, landed: Some(landed) }) => {
            format!(" for a create {nonce} that came to {landed:?}")
        }
        Some(Flight::Take { nonce, id, recovered }) => {
            let again = if *recovered { " again" } else { "" };
            format!(" to take {id}{again} by {nonce}")
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

/// The reason of a report, and the whole report as text.
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
