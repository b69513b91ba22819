//! Fields that the service stores differently than they were sent: after three updates they are left alone and
//! reported.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;
use tokio::time::{Duration, Instant};

use super::*;
use crate::plan::edit::{Edit, Purpose};
use crate::plan::field::FieldChange;
use crate::plan::futile::TRIES;
use crate::plan::marked::cases::{desire, fields, kept};
use crate::plan::plan;
use crate::plan::report::{Ready, Report};
use crate::plan::step::Step;
use crate::plan::view::Observation;
use crate::reconcile::repairs::Repairs;
use crate::remote::id::RemoteId;
use crate::remote::mark::{Labels, Origin};
use crate::words::shown;

/// A Dataset that sets each kind of field that a service may rewrite, and its remote as it was created.
fn wishes() -> (View, Remote) {
    let id = RemoteId::new("d-1");
    let members = json!({"Name": "o", "Uri": "oss://b/", "Description": " new ", "Options": "{\"rate\": 0.123456789}"});
    let (mut view, remote) = kept(&id, members, &[("team", "vision ")]);
    let desired = desire(&mut view);
    desired.mutable = fields(json!({
        "Name": "o", "Description": " new ", "Options": "{\"rate\": 0.123456789}",
    }));
    desired.labels.insert("team".into(), "vision ".into());
    desired.first.fields = fields(json!({"Description": " first "}));
    let first = Remote::labelled(RemoteId::new("d-1").join("v1"), Labels::new(), desired.first.fields.clone(), None);
    let mut remote = (*remote).clone();
    remote.latest = Some(Box::new(first));
    (view, remote)
}

/// The remote as stored by a service that trims texts and rounds numbers.
fn rewritten(remote: &Remote) -> Remote {
    let mut remote = remote.clone();
    let trim = |fields: &mut Fields| {
        if let Some(Value::String(text)) = fields.get_mut("Description") {
            *text = text.trim().to_owned();
        }
    };
    trim(&mut remote.fields);
    remote.fields.insert("Options".into(), json!("{\"rate\":0.123457}"));
    remote.labels.values_mut().for_each(|value| *value = value.trim().to_owned());
    if let Some(first) = &mut remote.latest {
        trim(&mut first.fields);
    }
    remote
}

/// One resync: the service shows `remote`, the changes are counted, and the service rewrites them again. Returns the
/// number of changes, and the report.
fn resync(view: &mut View, repairs: &mut Repairs, remote: &Remote) -> (usize, Report) {
    let id = remote.id.clone();
    view.observed.remotes.clear();
    view.observed.remotes.insert(id.clone(), Observation::Listed(Arc::new(remote.clone())));
    let mut now = remote.clone();
    for count in 0..20 {
        view.state.futile = repairs.futile(&view.object);
        let step = plan(view);
        if let Step::Edit(edit) = step {
            let Purpose::Spec(changed) = &edit.purpose else { panic!("{edit:?}") };
            let sent = changed.iter().map(FieldChange::sent).collect();
            repairs.sent(&view.object, sent, Instant::now(), Duration::from_secs(999));
            now = edit.after.into_iter().find(|after| after.id == id).unwrap();
            view.observed.remotes.insert(id.clone(), Observation::Listed(Arc::new(now.clone())));
            continue;
        }
        let Step::Report(report) = step else { panic!("{step:?}") };
        if report.normalised.is_some() {
            let left = (view.profile.compare)(view, view.desired.as_ref().unwrap(), &now).unwrap().left;
            repairs.leave(left.iter().map(FieldChange::shown).collect());
        }
        return (count, *report);
    }
    panic!("a pass without end")
}

#[test]
fn each_change_names_its_fields_as_the_spec_does_with_both_values() {
    let id = RemoteId::new("d-1");
    let held = [("team", "x"), ("old", "1")];
    let (mut view, remote) = kept(&id, json!({"Name": "before", "Uri": "oss://b/", "Description": "by hand"}), &held);
    view.recorded.label_keys = ["old", "v1=old"].map(str::to_owned).into();
    let old = [("old".to_owned(), "1".to_owned())].into();
    let first = Remote::labelled(id.join("v1"), old, fields(json!({"DataSize": 1})), None);
    let remote = Remote { latest: Some(Box::new(first)), ..(*remote).clone() };
    let desired = desire(&mut view);
    desired.mutable.insert("Accessibility".into(), json!("PUBLIC"));
    desired.labels.insert("team".into(), "vision".into());
    desired.first.fields = fields(json!({"DataSize": 2, "Description": "v"}));
    desired.first.labels = Some([("a".to_owned(), "1".to_owned())].into());
    let told = |edit: &Edit| {
        let Purpose::Spec(changed) = &edit.purpose else { panic!("{edit:?}") };
        changed.iter().map(FieldChange::drift).collect::<Vec<_>>().join("; ")
    };
    let comparison = (view.profile.compare)(&view, view.desired.as_ref().unwrap(), &remote).unwrap();
    let expected = [
        "description: found \"by hand\", wanted \"new\"; name: found \"before\", wanted \"o\"",
        "labels.old: found \"1\", wanted nothing",
        "labels.team: found \"x\", wanted \"vision\"",
        "accessibility: found nothing, wanted \"PUBLIC\"",
        "dataSize: found 1, wanted 2; versionDescription: found nothing, wanted \"v\"",
        "versionLabels.old: found \"1\", wanted nothing",
        "versionLabels.a: found nothing, wanted \"1\"",
    ];
    assert_eq!(comparison.edits.iter().map(told).collect::<Vec<_>>(), expected);
}

#[test]
fn every_field_that_the_service_rewrites_is_left_after_three_updates_and_told() {
    let (mut view, made) = wishes();
    let (mut repairs, shown) = (Repairs::default(), rewritten(&made));
    for _ in 0..TRIES {
        let (changes, report) = resync(&mut view, &mut repairs, &shown);
        assert_eq!((changes, report.normalised), (3, None), "members, labels, and v1");
    }
    for _ in 0..5 {
        let (changes, report) = resync(&mut view, &mut repairs, &shown);
        assert_eq!(changes, 0);
        assert!(matches!(report.ready, Ready::Available(_)));
        let told = report.normalised.unwrap();
        for part in [
            "spec.description is \" new \", the service shows \"new\"",
            "spec.options is",
            "spec.labels[team] is \"vision \", the service shows \"vision\"",
            "spec.versionDescription is \" first \", the service shows \"first\"",
            "sent 3 times",
        ] {
            assert!(told.contains(part), "{told}");
        }
    }
    // Somebody changes one of the fields: it is restored once, and left alone again after three updates.
    let mut other = shown.clone();
    other.fields.insert("Description".into(), json!("by hand"));
    let (changes, report) = resync(&mut view, &mut repairs, &other);
    assert_eq!(changes, 1);
    assert!(!report.normalised.unwrap().contains("spec.description"));
    let counts: Vec<_> = (0..4).map(|_| resync(&mut view, &mut repairs, &shown).0).collect();
    assert_eq!(counts, [1, 1, 0, 0]);
    // A new generation and a requested reconcile try all of them.
    view.object.generation += 1;
    assert_eq!(resync(&mut view, &mut repairs, &shown).0, 3);
    // Another value in the spec starts a new count.
    desire(&mut view).mutable.insert("Description".into(), json!("new"));
    view.object.generation += 1;
    let told = (0..4).filter_map(|_| resync(&mut view, &mut repairs, &shown).1.normalised).next_back().unwrap();
    assert!(!told.contains("spec.description") && told.contains("spec.options"), "{told}");
}

#[test]
fn a_label_that_cannot_be_taken_away_is_left_too() {
    let id = RemoteId::new("d-1");
    let members = json!({"Name": "o", "Uri": "oss://b/", "Description": "new"});
    let (mut view, remote) = kept(&id, members, &[("stuck", "x")]);
    view.recorded.label_keys.insert("stuck".into());
    let mut repairs = Repairs::default();
    let counts: Vec<_> = (0..5).map(|_| resync(&mut view, &mut repairs, &remote).0).collect();
    assert_eq!(counts, [1, 1, 1, 0, 0]);
    let told = resync(&mut view, &mut repairs, &remote).1.normalised.unwrap();
    assert!(told.contains("spec.labels[stuck] is nothing, the service shows \"x\""), "{told}");
}

#[test]
fn long_values_are_cut_to_64_characters() {
    let long = "数".repeat(300);
    assert_eq!(shown(Some(&json!(long))).chars().count(), 64);
    assert_eq!(shown(Some(&json!("x"))), "\"x\"");
    assert_eq!(shown(None), "nothing");
}

#[test]
fn a_conflict_of_what_was_adopted_does_not_speak_of_an_edit() {
    let id = RemoteId::new("d-1");
    let (mut view, remote) = kept(&id, json!({"Name": "o", "Uri": "oss://other/"}), &[]);
    view.observed.remotes.insert(id, Observation::Read(remote));
    view.recorded.fixed = fields(json!({"Uri": "oss://other/"}));
    let mut message = |origin| {
        view.recorded.origin = Some(origin);
        let Step::Report(report) = plan(&view) else { panic!("{:?}", plan(&view)) };
        let Ready::Stuck(crate::api::condition::Reason::ImmutableChanged, message) = report.ready else { panic!() };
        message
    };
    let (created, adopted) = (message(Origin::Created), message(Origin::Adopted));
    assert!(created.contains("take the edit back"), "{created}");
    assert!(!adopted.contains("edit") && adopted.contains("change the spec to that"), "{adopted}");
    assert!(adopted.contains("spec.uri is \"oss://b/\", the cloud dataset has \"oss://other/\""), "{adopted}");
}

proptest! {
    /// In whatever way a service rewrites fields, the updates of one generation come to an end.
    #[test]
    fn updates_come_to_an_end(kept_as in prop::collection::vec("[a-c]{0,2}", 1..12)) {
        let (mut view, made) = wishes();
        let mut repairs = Repairs::default();
        let mut updates = 0;
        for text in &kept_as {
            let mut shown = made.clone();
            shown.fields.insert("Description".into(), json!(text));
            updates += resync(&mut view, &mut repairs, &shown).0;
        }
        // From here on the service shows the same value again and again.
        let mut shown = made.clone();
        shown.fields.insert("Description".into(), json!(kept_as[0]));
        let later: Vec<_> = (0..6).map(|_| resync(&mut view, &mut repairs, &shown).0).collect();
        prop_assert_eq!(&later[4..], &[0, 0], "{:?} after {} updates", later, updates);
    }
}
