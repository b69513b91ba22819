//! The oracle sees what it is there to see: for each invariant of the study one history that keeps it, and those that break
//! it in one way each.

#[path = "oracle/made_tests.rs"]
mod made;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kube::api::DynamicObject;
use pai_emulator::Dataset;
use serde_json::{Value, json};
use testbed::proxy::{Entry, Given, Side};
use tokio::time::Instant;

use super::calls::{claims_before_creates, only_ours, pace, untouched};
use super::cost::{Cost, of, within};
use super::deletions::reads_before_deletes;
use super::likeness::unlike;
use super::remotes::{kept, never_two, one_each, ours};
use super::status::forwards;
use super::unlabelled::each_once;
use super::{Sort, done, said, secrets};
use crate::history::Sight;
use crate::scene::{FILES, JOB, MEDIA, VERSION};
use made::{Fate, claim, condition, create, delete, entry, line, look, marks, object, read, remote, shown, sight};

fn sorts(wrong: Vec<super::Violation>) -> Vec<Sort> {
    wrong.into_iter().map(|wrong| wrong.sort).collect()
}

#[test]
fn i1_a_create_needs_a_claim_that_is_stored_before_it() {
    let create = || create().told(200, "{}");
    let stored = || claim("c1").told(200, "{}");
    let late = Given { at: Instant::now() + Duration::from_secs(1), status: 200, body: String::new() };
    for good in [
        vec![stored(), create()],
        // The answer is lost; the one of two copies that is refused is the one that is heard.
        vec![claim("c1").gave(200, "{}"), create()],
        vec![claim("c1").gave(200, "{}").told(409, "{}"), create()],
    ] {
        assert!(claims_before_creates(&good).is_empty(), "{good:?}");
    }
    for bad in [
        vec![create()],
        vec![create(), stored()],
        vec![claim("c1").told(409, "{}"), create()],
        vec![claim("c1"), create()],
        vec![claim("c2").told(200, "{}"), create()],
        vec![Entry { answers: vec![late], ..claim("c1") }, create()],
        vec![stored(), create(), create()],
        vec![entry(Side::Cloud, "POST", "/api/v1/datasets", "CreateDataset", "{}")],
    ] {
        assert_eq!(sorts(claims_before_creates(&bad)), [Sort::Broken], "{bad:?}");
    }
}

#[test]
fn i1_an_object_has_one_remote_at_the_end_and_never_two() {
    let of = |remotes: &[Dataset]| sorts(one_each(&[sight()], &ours(remotes)));
    assert_eq!(of(&[remote("d-1", "uid-1", &[])]), []);
    assert_eq!(of(&[remote("d-1", "uid-1", &[]), remote("d-2", "uid-1", &[])]), [Sort::Duplicate]);
    assert_eq!(of(&[]), [Sort::Stuck], "its remote is gone");
    assert_eq!(of(&[remote("d-2", "uid-1", &[])]), [Sort::Stuck], "it records another one");

    let made = |id| line("CreateDataset", id, Some("one"));
    assert_eq!(sorts(never_two(&[made("d-1"), line("DeleteDataset", "d-1", None), made("d-2")], 0)), []);
    assert_eq!(sorts(never_two(&[made("d-1"), made("d-2"), line("DeleteDataset", "d-1", None)], 0)), [Sort::Duplicate]);
    let version = || line("CreateDatasetVersion", "d-1", None);
    let gone = || line("DeleteDatasetVersion", "d-1", None);
    assert_eq!(sorts(never_two(&[made("d-1"), version(), gone(), version()], 1)), []);
    assert_eq!(sorts(never_two(&[made("d-1"), version(), version(), gone()], 1)), [Sort::Duplicate]);
}

#[test]
fn i1_and_i2_what_has_no_labels_is_there_once_for_each_object_that_records_it() {
    let object = |kind, status: &Value| {
        let ready = json!([condition("Ready", "True", "Available", 100)]);
        let mut all = json!({"metadata": {"name": "one", "generation": 1}, "status": status});
        (all["status"]["conditions"], all["status"]["observedGeneration"]) = (ready, json!(1));
        (kind, serde_json::from_value::<DynamicObject>(all).unwrap())
    };
    let file = |uri: &str, tag: &str| json!({"Uri": uri, "UserTags": ["red", tag]});
    let cats = json!({"ProjectName": "photos", "DatasetName": "cats"});
    let cases = [
        (JOB, "jobs", json!({"datasetJobId": "j-1"}), json!({"DatasetJobId": "j-1"}), json!({"DatasetJobId": "j-2"})),
        (MEDIA, "mediaDatasets", json!({"projectName": "photos", "name": "cats"}), cats.clone(), cats),
        (
            FILES,
            "fileMetas",
            json!({"files": {"desired": 1}}),
            file("oss://a/1", "dso-c-x"),
            file("oss://a/1", "dso-c-x"),
        ),
    ];
    for (kind, member, status, remote, other) in cases {
        let of = |objects: &[_], remotes: Value| {
            sorts(each_once(objects, &serde_json::from_value(json!({ member: remotes })).unwrap()))
        };
        let one = [object(kind, &status)];
        assert_eq!(of(&one, json!([remote])), [], "{kind}");
        assert_eq!(of(&one, json!([])), [Sort::Stuck], "{kind}");
        assert_eq!(of(&one, json!([remote, other])), [Sort::Duplicate], "{kind}");
        assert_eq!(of(&[], json!([remote])), [Sort::Orphan], "{kind}");
        let mut early = one;
        early[0].1.data["status"]["observedGeneration"] = json!(0);
        assert_eq!(of(&early, json!([remote])), [Sort::Stuck], "{kind}: it is not Ready for its spec");
    }
    let set = [object(FILES, &json!({"files": {"desired": 2}}))];
    for (uri, tag) in [("oss://a/1", "dso-c-x"), ("oss://a/2", "dso-a-x"), ("oss://a/2", "mine")] {
        let state = json!({"fileMetas": [file("oss://a/1", "dso-c-x"), file(uri, tag)]});
        assert_eq!(each_once(&set, &serde_json::from_value(state).unwrap()).len(), 1, "{uri} {tag}");
    }
}

#[test]
fn i2_nothing_is_left_of_objects_that_are_gone() {
    let left = |labels: &[&str]| ours(&[remote("d-1", "uid-1", labels)]);
    assert_eq!(sorts(one_each(&[], &left(&[]))), [Sort::Orphan]);
    assert_eq!(sorts(kept(&left(&[]), false)), [Sort::Orphan]);
    assert_eq!(sorts(kept(&left(&["dso-released"]), true)), []);
    assert_eq!(sorts(kept(&left(&["dso-released"]), false)), [Sort::Broken]);
    assert_eq!(sorts(kept(&[], true)), [Sort::Broken]);
    let version = pai_emulator::Version { labels: remote("", "uid-1", &[]).labels, ..pai_emulator::Version::default() };
    let dataset = Dataset { versions: vec![version], ..Dataset::default() };
    assert_eq!(sorts(kept(&ours(&[dataset]), false)), [Sort::Orphan], "a version");
}

#[test]
fn i3_what_is_not_ours_is_not_changed() {
    let may = BTreeSet::from(["d-1".to_owned()]);
    assert!(only_ours(&[create(), delete("d-1"), look("d-2")], &may).is_empty());
    for path in ["d-2", "d-2/versions/v1", "d-2/labels?LabelKeys=dso-owner"] {
        assert_eq!(only_ours(&[delete(path)], &may).len(), 1, "{path}");
    }
    let (then, touched) = (remote("d-9", "their", &[]), remote("d-9", "their", &["more"]));
    assert!(untouched(std::slice::from_ref(&then), &[remote("d-1", "", &[]), then.clone()]).is_empty());
    assert_eq!(untouched(std::slice::from_ref(&then), &[touched]).len(), 1);
    assert_eq!(untouched(&[then], &[]).len(), 1);
}

#[test]
fn i4_the_remote_equals_the_spec_and_has_what_others_set() {
    let spec = json!({"uri": "oss://a/", "labels": [{"key": "team", "value": "a"}], "deletionPolicy": "Delete",
                      "versionDescription": "first", "versionLabels": [{"key": "light", "value": "day"}]});
    let theirs = BTreeMap::from([("theirs".to_owned(), "1".to_owned())]);
    let label = |key: &str, value: &str| json!({"Key": key, "Value": value});
    let remote = json!({
        "Uri": "oss://a/", "Labels": [label("dso-owner", "x"), label("team", "a"), label("theirs", "1")],
        "Versions": [{"Description": "first", "Labels": [label("light", "day")]}],
    });
    assert_eq!(unlike(&spec, &remote, Some(&theirs)), None);
    for (at, value) in [
        ("/Uri", json!("oss://b/")),
        ("/Labels", json!([label("theirs", "1")])),
        ("/Labels", json!([label("team", "b"), label("theirs", "1")])),
        ("/Labels", json!([label("team", "a")])),
        ("/Labels", json!([label("team", "a"), label("theirs", "1"), label("dropped", "1")])),
        ("/Versions/0/Description", Value::Null),
        ("/Versions/0/Labels", json!([])),
    ] {
        let mut remote = remote.clone();
        *remote.pointer_mut(at).unwrap() = value.clone();
        assert!(unlike(&spec, &remote, Some(&theirs)).is_some(), "{at} {value}");
    }
}

#[test]
fn i5_and_i12_status_goes_forwards_in_words_that_are_listed() {
    let ready = |status: &str, reason: &str, second| vec![condition("Ready", status, reason, second)];
    let after = |change: &dyn Fn(&mut Sight)| {
        let (before, mut now) = (sight(), sight());
        change(&mut now);
        forwards(&[before, now], false).len()
    };
    assert_eq!(after(&|_| {}), 0);
    assert_eq!(after(&|now| now.generation = 2), 0, "an edit that nobody has looked at yet");
    assert_eq!(after(&|now| now.conditions = ready("False", "Progressing", 101)), 0);
    assert_eq!(after(&|now| (now.listed, now.conditions) = (true, ready("True", "Available", 102))), 0, "after a gap");
    assert_eq!(after(&|now| now.observed = Some(2)), 2, "a generation that is not there yet, and Ready of another one");
    assert_eq!(after(&|now| (now.observed, now.conditions) = (None, Vec::new())), 1, "backwards");
    assert_eq!(after(&|now| now.id = Some("d-2".to_owned())), 1);
    assert_eq!(after(&|now| now.id = None), 1);
    assert_eq!(after(&|now| now.conditions = ready("True", "Available", 101)), 1, "the time moves without the status");
    assert_eq!(after(&|now| now.conditions = ready("False", "Progressing", 99)), 1, "backwards in time");
    assert_eq!(after(&|now| now.conditions = ready("False", "BadLuck", 101)), 1, "I12: a reason of no list");
    assert_eq!(after(&|now| now.conditions.push(condition("Happy", "True", "Available", 100))), 1, "I12: nor a type");
    let other = Sight { uid: "uid-2".to_owned(), id: Some("d-2".to_owned()), kind: VERSION, ..sight() };
    assert!(forwards(&[sight(), other], false).is_empty(), "another object");
    let late = Sight { conditions: ready("False", "InvalidSpec", 99), ..sight() };
    assert!(forwards(&[sight(), late.clone()], true).is_empty());
    assert_eq!(forwards(&[sight(), Sight { id: None, ..late }], true).len(), 1, "no leeway for ids");
}

#[test]
fn i6_an_object_that_is_not_ready_is_stuck_and_what_is_done_is_seen() {
    let remotes = ours(&[remote("d-1", "uid-1", &[])]);
    let unready = Sight { conditions: vec![condition("Ready", "False", "Progressing", 1)], ..sight() };
    for bad in [unready, Sight { generation: 2, ..sight() }, Sight { conditions: Vec::new(), ..sight() }] {
        assert_eq!(sorts(one_each(&[bad], &remotes)), [Sort::Stuck]);
    }
    let event = entry(Side::Kubernetes, "POST", "/apis/events.k8s.io/v1/namespaces/a/events?", "", "");
    assert!(done(&[read("d-1"), object("one"), event]).is_empty());
    assert_eq!(done(&[claim("c1"), delete("d-1")]).len(), 2);
    let imm = ["GetDataset", "ListDatasets", "UpdateDataset"].map(|call| entry(Side::Imm, "POST", "/", call, ""));
    assert_eq!(done(&imm).len(), 1, "IMM reads with POST");
}

#[test]
fn i7_calls_are_counted() {
    let sweep = look(&format!("?Label={}", crate::bed::domain_mark()));
    let versions = entry(Side::Cloud, "GET", "/api/v1/datasets/d-1/versions", "ListDatasetVersions", "");
    let missed = look("?DatasetIds=d-1");
    let all = [create(), delete("d-1"), read("d-1"), look("?Label=owner"), sweep, missed, versions, claim("c1")];
    assert_eq!(of(&all), Cost::new(2, 2));
    let most = Cost::new(1, 1).with_a_fault();
    assert!(within(Cost::new(2, 6), most).is_empty());
    assert_eq!(within(Cost::new(3, 0), most).len(), 1);
    assert_eq!(within(Cost::new(0, 7), most).len(), 1);
}

#[test]
fn i8_i9_secrets_panics_and_endless_passes_are_noticed() {
    assert!(secrets(&[create()], ["all is well".to_owned()]).is_empty());
    assert_eq!(secrets(&[], ["key=testAccessKeySecret".to_owned()]).len(), 1);
    let mut leak = claim("c1");
    leak.body.push_str("theirKeySecret");
    assert_eq!(secrets(&[leak], []).len(), 1);
    assert!(said("a pass ended\n").is_empty());
    assert_eq!(said("thread 'main' panicked at src/a.rs\nx: a pass took too long\n").len(), 2);
}

#[test]
fn i10_a_hundred_calls_in_a_second_are_enough() {
    let calls = |count: u32, gap| (0..count).rev().map(|number| look("d-1").ago(gap * number)).collect::<Vec<_>>();
    assert!(pace(&calls(300, Duration::from_millis(11))).is_empty());
    assert!(pace(&calls(100, Duration::ZERO)).is_empty());
    assert_eq!(pace(&calls(101, Duration::from_millis(9))).len(), 1);
}

#[test]
fn i11_a_deletion_needs_a_read_of_remote_and_object_that_was_heard_before_it() {
    let own = || object("one").told(200, "{}");
    let page = |id: &str| {
        let body = json!({"Datasets": [{"DatasetId": id, "Labels": marks("uid-1")}]}).to_string();
        look("?DatasetIds=d-0%2Cd-1").told(200, &body)
    };
    let unmarked = || look("d-1").told(200, "{}");
    for good in [
        vec![own(), read("d-1"), delete("d-1")],
        vec![own(), page("d-1"), delete("d-1")],
        vec![object("one").told(404, "{}"), read("d-1"), delete("d-1")],
        vec![claim("c1").told(200, "{}"), read("d-1"), delete("d-1")],
        vec![own(), unmarked(), delete("d-1")],
        vec![own(), read("d-1/versions/v2"), delete("d-1/versions/v2")],
    ] {
        assert!(reads_before_deletes(&good, &[sight()]).is_empty(), "{good:?}");
    }
    let long = Duration::from_secs(11);
    for bad in [
        vec![own(), delete("d-1")],
        vec![read("d-1"), delete("d-1")],
        vec![own(), delete("d-1"), read("d-1")],
        vec![own(), read("d-2"), delete("d-1")],
        vec![own(), page("d-0"), delete("d-1")],
        vec![own(), read("d-1"), delete("d-1/versions/v2")],
        // The answer of a create is no read, of whatever it names.
        vec![own(), create().told(200, r#"{"DatasetId":"d-1"}"#), delete("d-1")],
        vec![own(), read("d-1").ago(long), delete("d-1")],
        vec![own().ago(long), read("d-1"), delete("d-1")],
        // Carried out, and not heard of.
        vec![own(), look("d-1").gave(200, &shown("uid-1")), delete("d-1")],
        vec![object("one").gave(200, "{}"), read("d-1"), delete("d-1")],
        vec![claim("c1").gave(200, "{}"), read("d-1"), delete("d-1")],
        // Delivered twice: one copy was taken, and the operator heard of the other.
        vec![claim("c1").gave(200, "{}").told(409, "{}"), read("d-1"), delete("d-1")],
        vec![object("two").told(200, "{}"), read("d-1"), delete("d-1")],
        vec![own(), look("d-1").told(200, &shown("uid-9")), delete("d-1")],
    ] {
        assert_eq!(sorts(reads_before_deletes(&bad, &[sight()])), [Sort::Broken], "{bad:?}");
    }
}
