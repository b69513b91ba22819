//! The truth table of the plan for runs: where an object stands, what is known of its runs, and the step that follows.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use serde_json::json;

use super::keys::words;
use super::*;
use crate::api::StopReason;
use crate::api::condition::Reason;
use crate::plan::desired::{Deletion, Desired};
use crate::plan::edit::Purpose;
use crate::plan::intent::{Attempt, Intent};
use crate::plan::marked::cases::{desire, fields};
use crate::plan::marked::tests::view;
use crate::plan::object::Stored;
use crate::plan::recorded::{Ended, Outcome};
use crate::plan::run::{Run, RunReport};
use crate::plan::step::{Flight, Look};
use crate::remote::Remote;
use crate::remote::id::{JOBS, RemoteId};
use crate::remote::mark::{Labels, Origin, RawMark};

const FIRST: &str = "c1111111111111111";
const SECOND: &str = "c2222222222222222";
const START: &str = "2026-11-29T00:00:00Z";

fn job(name: &str) -> RemoteId {
    RemoteId::new("d-1").within(JOBS, name)
}

/// An object that wants a job on d-1.
fn wants() -> View {
    let mut view = View { profile: &crate::kinds::job::PROFILE, ..view() };
    let fixed = fields(json!({"JobAction": "FileMetaBuild", "JobSpec": {}, "RunId": "today"}));
    let desired = desire(&mut view);
    desired.target.dataset_id = Some("d-1".to_owned());
    *desired = Desired {
        create: fields(json!({"JobAction": "FileMetaBuild", "JobSpec": {}, "Description": "nightly"})),
        fixed,
        mutable: fields(json!({"Description": "nightly"})),
        run: Some(Run::default()),
        ..desired.clone()
    };
    let first = Remote::labelled(RemoteId::new("d-1").join("v1"), Labels::new(), fields(json!({})), None);
    let dataset = Remote::labelled(RemoteId::new("d-1"), Labels::new(), fields(json!({})), Some(Box::new(first)));
    view.observed.remotes.insert(RemoteId::new("d-1"), Observation::Listed(Arc::new(dataset)));
    view.observed.swept = true;
    view.state.now = START.parse().unwrap();
    view
}

fn intent(view: &mut View, nonces: &[&str]) {
    let hash = desire(view).hash();
    let attempts = nonces.iter().map(|nonce| Attempt { nonce: (*nonce).to_owned(), hash: hash.clone() }).collect();
    let (uid, target) = (view.object.uid.clone(), view.target().unwrap());
    view.object.intent = Stored::Own(Intent { uid, target, principal: "ak".to_owned(), attempts, ..Intent::default() });
    view.object.finalizer = true;
}

/// The same with these attempts recorded, each with the job of its name.
fn recorded(attempts: &[(&str, &str)]) -> View {
    let mut view = wants();
    let nonces: Vec<_> = attempts.iter().map(|(nonce, _)| *nonce).collect();
    intent(&mut view, &nonces);
    let (nonce, name) = attempts.last().unwrap();
    view.recorded.id = Some(job(name));
    view.recorded.origin = Some(Origin::Created);
    view.recorded.fixed = desire(&mut view).fixed.clone();
    view.recorded.attempt = Some(Ended { nonce: (*nonce).to_owned(), outcome: Outcome::Created });
    let told: Vec<_> = attempts
        .iter()
        .enumerate()
        .map(|(at, (nonce, name))| json!({"number": at + 1, "nonce": nonce, "datasetJobId": name}))
        .collect();
    view.recorded.info.insert("attempts".to_owned(), json!(told));
    view.recorded.info.insert("startTime".to_owned(), json!(START));
    view
}

fn one() -> View {
    recorded(&[(FIRST, "j-1")])
}

fn deleting(mut view: View) -> View {
    (view.object.deleting, view.observed.object_is_fresh) = (true, true);
    view
}

/// A job in this state with the mark of this attempt of the view's object.
fn shown(view: &View, name: &str, nonce: &str, state: &str) -> Arc<Remote> {
    marked(name, state, Some(view.mark(nonce)))
}

fn marked(name: &str, state: &str, mark: Option<RawMark>) -> Arc<Remote> {
    let members = json!({
        "JobAction": "FileMetaBuild", "JobSpec": {}, "Description": "nightly", "Status": state,
        "CreateTime": "2026-11-29T00:00:01Z", "Logs": ["disk full"], "TotalFileCount": 10, "FailedFileCount": 3,
    });
    Arc::new(Remote { mark, ..Remote::labelled(job(name), Labels::new(), fields(members), None) })
}

/// The same view, with this job listed (it may be read) and among those with our mark.
fn with(mut view: View, remote: &Arc<Remote>, read: bool) -> View {
    let sight = if read { Observation::Read(remote.clone()) } else { Observation::Listed(remote.clone()) };
    view.observed.remotes.insert(remote.id.clone(), sight);
    view.observed.owned.push(remote.clone());
    view
}

fn listed(view: View, name: &str, nonce: &str, state: &str) -> View {
    let remote = shown(&view, name, nonce, state);
    with(view, &remote, false)
}

fn read(view: View, name: &str, nonce: &str, state: &str) -> View {
    let remote = shown(&view, name, nonce, state);
    with(view, &remote, true)
}

/// The step, and what the report says of the run.
fn told(view: &View) -> (String, Option<RunReport>) {
    let step = plan(view);
    let run = if let Step::Report(report) = &step { report.run.clone() } else { None };
    let named = |word: &str, id: &RemoteId| format!("{word} {}", id.name());
    let words = if let Step::Edit(edit) = &step
        && edit.purpose == Purpose::Stop
    {
        named("Stop", &edit.id)
    } else if let Step::Delete(id) | Step::Read(id) = &step {
        named(step.name(), id)
    } else if let Step::Record(record) = &step {
        named("Record", &record.id)
    } else {
        words(&step)
    };
    (words, run.map(|(_, report)| report))
}

fn step(view: &View) -> String {
    told(view).0
}

#[test]
fn a_run_is_made_once() {
    let mut view = wants();
    assert_eq!(step(&view), "Permit");
    view.observed.permit = true;
    assert!(matches!(plan(&view), Step::Claim(_, Some(Flight::Create { .. }))));
    let request = attempt::request(&view, view.desired.as_ref().unwrap(), FIRST).unwrap();
    assert_eq!(request.body().unwrap()["DatasetVersion"], "v1", "the newest version");
    let mut unknown = view.clone();
    unknown.observed.remotes.clear();
    assert_eq!(step(&unknown), "Read d-1");
    view.observed.swept = false;
    assert_eq!(step(&view), "Sweep");
    view.observed.swept = true;
    assert_eq!(step(&listed(view.clone(), "j-1", FIRST, "Running")), "Record j-1", "its own");
    assert_eq!(step(&listed(view, "j-1", FIRST, "Deleted")), "Claim", "that was deleted");
}

#[test]
fn an_earlier_run_of_the_same_spec_is_taken_if_it_goes_on_or_ended_well() {
    let view = wants();
    let hash = view.desired.as_ref().unwrap().hash();
    let of = |hash: &str| view.config.identity.text_mark(&view.owner, "default  478 d-1", "earlier", FIRST, hash);
    for (state, taken) in [
        ("Pending", true),
        ("Running", true),
        ("A new word", true),
        ("Succeeded", true),
        ("PartialFailed", false),
        ("Failed", false),
        ("ManuallyStop", false),
        ("Deleting", false),
        ("Deleted", false),
    ] {
        let remote = marked("j-1", state, of(&hash));
        let expected = if taken { "Read j-1" } else { "Permit" };
        assert_eq!(step(&with(view.clone(), &remote, false)), expected, "{state}");
        let expected = if taken { "Claim to take back" } else { "Permit" };
        assert_eq!(step(&with(view.clone(), &remote, true)), expected, "{state}");
        let other = marked("j-1", state, of("0000000000000000"));
        assert_eq!(step(&with(view.clone(), &other, true)), "Permit", "another spec, {state}");
    }
    let mut accepts = view.clone();
    desire(&mut accepts).run = Some(Run { accepts_partial: true, ..Run::default() });
    let partial = marked("j-1", "PartialFailed", of(&hash));
    assert_eq!(step(&with(accepts, &partial, true)), "Claim to take back");
}

#[test]
fn a_run_goes_on_until_it_ends() {
    for state in ["Pending", "Starting", "Running", "A new word"] {
        let running = Some(RunReport::GoesOn);
        assert_eq!(told(&listed(one(), "j-1", FIRST, state)), ("Progressing".to_owned(), running), "{state}");
    }
    assert_eq!(step(&listed(one(), "j-1", FIRST, "Succeeded")), "Read j-1", "its logs come with a read");
    let ended = |state| told(&read(one(), "j-1", FIRST, state));
    assert_eq!(ended("Succeeded"), ("Available".to_owned(), Some(RunReport::Complete)));
    for (state, reason) in [
        ("PartialFailed", Reason::PartialFailed),
        ("Failed", Reason::JobFailed),
        ("ManuallyStop", Reason::JobStopped),
        ("Deleting", Reason::JobLost),
    ] {
        assert_eq!(ended(state), (reason.to_string(), Some(RunReport::Failed)), "{state}");
    }
    let mut view = one();
    view.observed.remotes.insert(job("j-1"), Observation::Gone);
    assert_eq!(told(&view), ("JobLost".to_owned(), Some(RunReport::Failed)));
    view.observed.absence_counts = false;
    assert_eq!(step(&view), "Uncertain", "this caller may not see it");
    let mut moved = one();
    desire(&mut moved).target.dataset_id = Some("d-2".to_owned());
    assert_eq!(step(&moved), "JobLost");
    let message = format!("{:?}", plan(&read(one(), "j-1", FIRST, "PartialFailed")));
    assert!(message.contains("3 of 10 files") && message.contains("disk full"), "{message}");
}

#[test]
fn a_run_that_failed_is_tried_again_as_often_as_the_spec_says() {
    let limited = |mut view: View, limit| {
        desire(&mut view).run = Some(Run { backoff_limit: limit, ..Run::default() });
        view
    };
    let failed = || read(one(), "j-1", FIRST, "Failed");
    assert_eq!(step(&limited(failed(), 1)), "Permit");
    let mut newer = limited(failed(), 1);
    newer.recorded.fixed.insert("DatasetVersion".to_owned(), json!("v0"));
    let begun = newer.begun(newer.desired.as_ref().unwrap()).unwrap();
    assert_eq!(begun["DatasetVersion"], "v0", "it works on the same version");
    assert_eq!(step(&limited(read(one(), "j-1", FIRST, "ManuallyStop"), 1)), "JobStopped");
    assert_eq!(step(&limited(read(one(), "j-1", FIRST, "PartialFailed"), 1)), "PartialFailed");
    let twice = || {
        let view = recorded(&[(FIRST, "j-1"), (SECOND, "j-2")]);
        read(listed(view, "j-1", FIRST, "Failed"), "j-2", SECOND, "Failed")
    };
    assert_eq!(step(&limited(twice(), 1)), "JobFailed");
    assert_eq!(step(&limited(twice(), 2)), "Permit");
    let mut late = limited(twice(), 2);
    desire(&mut late).run = Some(Run { backoff_limit: 2, deadline: Some(Duration::from_secs(60)), ..Run::default() });
    late.state.now = "2026-11-29T00:01:00Z".parse().unwrap();
    assert_eq!(step(&late), "JobDeadlineExceeded");
}

#[test]
fn the_next_attempt_is_looked_for_although_the_one_before_exists() {
    let mut view = one();
    intent(&mut view, &[FIRST, SECOND]);
    view.state.uncertain_for = Duration::from_secs(1);
    let view = read(view, "j-1", FIRST, "Failed");
    assert_eq!(step(&view), "FindOwned");
    let mut looked = view.clone();
    (looked.observed.owned_is_fresh, looked.state.lists) = (true, 1);
    assert_eq!(step(&looked), "Uncertain");
    assert_eq!(step(&listed(looked.clone(), "j-2", SECOND, "Pending")), "Record j-2");
    let mut beside = looked.clone();
    let running = shown(&beside, "j-1", FIRST, "Running");
    beside.observed.remotes.insert(job("j-1"), Observation::Read(running));
    assert_eq!(step(&listed(beside, "j-2", SECOND, "Pending")), "Resolve", "a late attempt beside one that goes on");
    looked.state.uncertain_for = looked.config.settle;
    looked.state.settled_lists = 2;
    assert_eq!(step(&looked), "Resolve");
}

#[test]
fn a_late_attempt_is_stopped_and_deleted() {
    let mut view = one();
    intent(&mut view, &[SECOND, FIRST]);
    view.observed.object_is_fresh = true;
    let view = listed(view, "j-1", FIRST, "Running");
    assert_eq!(step(&view), "Progressing");
    let late = |state| step(&listed(view.clone(), "j-2", SECOND, state));
    assert_eq!(late("Running"), "Stop j-2");
    assert_eq!(late("ManuallyStop"), "Delete j-2");
    assert_eq!(late("Deleting"), "Progressing");
    let mut settled = view.clone();
    settled.state.uncertain_for = settled.config.settle;
    assert_eq!(step(&settled), "FindOwned", "one list after the grace period");
    settled.state.settled_lists = 1;
    assert_eq!(step(&settled), "Progressing");
    let mut waiting = listed(view.clone(), "j-2", SECOND, "Running");
    waiting.state.stopped = Some((job("j-2"), Duration::from_secs(1)));
    assert_eq!(told(&waiting), ("Progressing".to_owned(), Some(RunReport::GoesOn)), "it is not stopped twice");
}

#[test]
fn a_clone_is_left_alone() {
    let view = listed(one(), "j-1", FIRST, "Running");
    let cloned = listed(view, "j-9", FIRST, "Running");
    let Step::Report(report) = plan(&cloned) else { panic!("{:?}", plan(&cloned)) };
    assert!(report.duplicates.is_some_and(|told| told.contains("j-9")));
    let going = deleting(cloned);
    let mut going = View { observed: crate::plan::view::Observed { owned_is_fresh: true, ..going.observed }, ..going };
    going.recorded.info.insert("stopReason".to_owned(), json!("Deleted"));
    assert_eq!(step(&going), "Stop j-1");
    going.observed.remotes.insert(job("j-1"), Observation::Gone);
    assert_eq!(step(&going), "RemoveFinalizer");
}

#[test]
fn a_run_is_stopped_at_its_deadline_once_status_says_why() {
    let mut view = listed(one(), "j-1", FIRST, "Running");
    desire(&mut view).run = Some(Run { deadline: Some(Duration::from_secs(60)), ..Run::default() });
    let Step::Report(report) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert_eq!(report.next, Next::After(Duration::from_secs(60)));
    view.state.now = "2026-11-29T00:01:00Z".parse::<Timestamp>().unwrap();
    let stops = Some(RunReport::Stops(StopReason::DeadlineExceeded));
    assert_eq!(told(&view), ("Progressing".to_owned(), stops));
    view.recorded.info.insert("stopReason".to_owned(), json!("DeadlineExceeded"));
    assert_eq!(step(&view), "Stop j-1");
    view.state.stopped = Some((job("j-1"), Duration::from_secs(1)));
    assert_eq!(told(&view), ("Progressing".to_owned(), Some(RunReport::GoesOn)));
    view.state.stopped = Some((job("j-1"), Duration::from_secs(30)));
    assert_eq!(step(&view), "Stop j-1", "asked again");
    let over = |state| step(&read(View { observed: view.observed.clone(), ..view.clone() }, "j-1", FIRST, state));
    assert_eq!(over("ManuallyStop"), "JobDeadlineExceeded");
    assert_eq!(over("Succeeded"), "Available", "it was faster");
}

#[test]
fn what_ended_is_final() {
    let ended = |kind: &str, reason: Reason| {
        let mut view = one();
        let condition = Condition {
            type_: kind.to_owned(),
            status: "True".to_owned(),
            reason: reason.to_string(),
            message: "it ended".to_owned(),
            observed_generation: Some(1),
            last_transition_time: Time(Timestamp::UNIX_EPOCH),
        };
        view.recorded.conditions = vec![condition];
        view.recorded.observed_generation = view.object.generation;
        view
    };
    let complete = ended("Complete", Reason::Available);
    let failed = ended("Failed", Reason::JobStopped);
    let mut interrupted = failed.clone();
    let mut ready = interrupted.recorded.conditions[0].clone();
    (ready.type_, ready.reason, ready.status) = ("Ready".to_owned(), "AccessDenied".to_owned(), "False".to_owned());
    interrupted.recorded.conditions.push(ready);
    assert!(matches!(plan(&interrupted), Step::Read(_)), "its last reconcile ended with a call that failed");
    assert_eq!(told(&complete), ("Available".to_owned(), Some(RunReport::Complete)));
    assert_eq!(told(&failed), ("JobStopped".to_owned(), Some(RunReport::Failed)));
    let mut gone = failed.clone();
    gone.observed.remotes.insert(job("j-1"), Observation::Gone);
    assert_eq!(step(&gone), "JobStopped", "nobody asks");
    let mut edited = complete.clone();
    edited.object.generation += 1;
    assert_eq!(step(&edited), "Read j-1");
    let same = read(edited.clone(), "j-1", FIRST, "Succeeded");
    assert_eq!(step(&same), "Available");
    desire(&mut edited).mutable = fields(json!({"Description": "weekly"}));
    assert_eq!(step(&read(edited.clone(), "j-1", FIRST, "Succeeded")), "Change");
    edited.object.paused = true;
    assert_ne!(step(&read(edited, "j-1", FIRST, "Succeeded")), "Change");
}

#[test]
fn an_object_goes_once_every_attempt_is_deleted() {
    let two = || deleting(recorded(&[(FIRST, "j-1"), (SECOND, "j-2")]));
    assert_eq!(plan(&two()), Step::Look(Look::Owned));
    let fresh = |mut view: View| {
        view.observed.owned_is_fresh = true;
        view
    };
    let both = |first, second| fresh(listed(listed(two(), "j-1", FIRST, first), "j-2", SECOND, second));
    assert_eq!(told(&both("Failed", "Running")), ("Deleting".to_owned(), Some(RunReport::Stops(StopReason::Deleted))));
    let mut stopping = both("Failed", "Running");
    stopping.recorded.info.insert("stopReason".to_owned(), json!("Deleted"));
    assert_eq!(step(&stopping), "Stop j-2");
    assert_eq!(step(&both("Failed", "ManuallyStop")), "Delete j-2");
    let mut one_left = both("Failed", "ManuallyStop");
    one_left.observed.remotes.insert(job("j-2"), Observation::Gone);
    assert_eq!(step(&one_left), "Delete j-1");
    one_left.observed.remotes.insert(job("j-1"), Observation::Gone);
    assert_eq!(step(&one_left), "RemoveFinalizer");
    assert_eq!(step(&fresh(two())), "Read j-2", "the list does not show it");

    let mut retained = both("Failed", "Running");
    retained.deletion = Some(Deletion::Retain);
    assert_eq!(step(&retained), "RemoveFinalizer");
    let mut paused = both("Failed", "Failed");
    paused.object.paused = true;
    assert!(step(&paused).contains("Paused"));
    let theirs = marked("j-2", "Running", None);
    let edited = fresh(with(listed(two(), "j-1", FIRST, "Failed"), &theirs, false));
    assert_eq!(step(&edited), "Deleting", "its text was edited, and status is the proof");
    let mut adopted = deleting(recorded(&[("a1111111111111111", "j-1"), (SECOND, "j-2")]));
    adopted = fresh(listed(adopted, "j-1", "a1111111111111111", "Failed"));
    adopted.observed.remotes.insert(job("j-2"), Observation::Gone);
    assert_eq!(step(&adopted), "RemoveFinalizer", "what was adopted is kept");
    adopted.deletion = Some(Deletion::Delete);
    assert_eq!(step(&adopted), "Delete j-1");
    let mut unmarked = adopted.clone();
    unmarked.observed.remotes.insert(job("j-1"), Observation::Listed(marked("j-1", "Failed", None)));
    assert_eq!(step(&unmarked), "RemoveFinalizer", "what was adopted must carry the mark");
}

#[test]
fn an_end_that_is_not_known_does_not_hold_the_object_for_ever() {
    let mut view = deleting(one());
    view.observed.owned_is_fresh = true;
    view.recorded.info.insert("stopReason".to_owned(), json!("Deleted"));
    let mut view = listed(view, "j-1", FIRST, "Canceled");
    assert_eq!(step(&view), "Stop j-1");
    view.state.stopped = Some((job("j-1"), Duration::from_secs(1)));
    assert_eq!(step(&view), "Deleting");
    view.state.stopped = Some((job("j-1"), Duration::from_secs(30)));
    assert_eq!(step(&view), "Delete j-1", "the service refuses that if it runs");
}

#[test]
fn a_status_that_was_put_back_costs_no_second_run() {
    let mut view = one();
    desire(&mut view).run = Some(Run { backoff_limit: 1, ..Run::default() });
    let failed = read(view, "j-1", FIRST, "Failed");
    assert_eq!(step(&failed), "Permit");
    assert_eq!(step(&listed(failed.clone(), "j-2", SECOND, "Running")), "Record j-2", "the intent does not name it");
    let mut leaving = failed.clone();
    desire(&mut leaving).run = Some(Run { backoff_limit: 1, dataset_leaves: true, ..Run::default() });
    assert_eq!(step(&leaving), "JobFailed");
    let mut edited = failed.clone();
    edited.recorded.fixed.insert("RunId".to_owned(), json!("yesterday"));
    assert_eq!(step(&edited), "ImmutableChanged", "another attempt would be of another spec");
    let mut stopped = failed;
    stopped.recorded.info.insert("stopReason".to_owned(), json!("DeadlineExceeded"));
    assert_eq!(step(&stopped), "JobFailed");
}

#[test]
fn a_pause_is_told_and_what_ended_stays_ended() {
    let mut view = listed(one(), "j-1", FIRST, "Running");
    view.object.paused = true;
    assert!(step(&view).contains("Paused"), "{}", step(&view));
}

#[test]
fn a_run_is_looked_for_in_the_dataset_that_the_spec_names_now() {
    let mut view = wants();
    intent(&mut view, &[FIRST]);
    view.recorded.attempt = Some(Ended { nonce: FIRST.to_owned(), outcome: Outcome::Refused });
    assert_eq!(step(&view), "Permit");
    desire(&mut view).target.dataset_id = Some("d-2".to_owned());
    let Step::Claim(intent, None) = plan(&view) else { panic!("{:?}", plan(&view)) };
    assert_eq!(intent.target.dataset_id.as_deref(), Some("d-2"));
}
