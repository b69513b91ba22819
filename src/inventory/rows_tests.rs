//! Which rows may replace which, and how remotes are found by their mark.

use std::collections::HashSet;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::time::Instant;

use super::super::row::without_times;
use super::*;
use crate::compressed::{Compressed, Compressible};
use crate::remote::fields::Fields;
use crate::remote::mark::{Identity, Labels, Owner, RawMark};

fn rows() -> Rows {
    Rows::new(Identity::new(&["d".into()], &[], "c").domains(), Watches::default())
}

const TRUSTED: Duration = Duration::from_secs(900);

fn owner(name: &str) -> Owner {
    Owner { kind: "Dataset".into(), namespace: "ns".into(), name: name.into() }
}

fn remote(id: &str, latest: &str, description: &str) -> Arc<Remote> {
    let mark = Some(Identity::new(&["d".into()], &[], "c").mark(&owner(id), "uid", "c1"));
    let fields = serde_json::json!({"Description": description, "WorkspaceId": "478"});
    let fields = fields.as_object().cloned().unwrap_or_default();
    let latest = Some(Box::new(version(id, latest)));
    Arc::new(Remote { mark, ..Remote::labelled(RemoteId::new(id), Labels::new(), fields, latest) })
}

fn version(id: &str, name: &str) -> Remote {
    Remote::labelled(RemoteId::new(id).join(name), Labels::new(), serde_json::Map::new(), None)
}

fn description(rows: &Rows, id: &str, now: Instant) -> Option<String> {
    let remote = rows.get(&RemoteId::new(id), now, TRUSTED)?;
    remote.fields["Description"].as_str().map(str::to_owned)
}

#[tokio::test(start_paused = true)]
async fn a_list_that_began_before_our_write_does_not_undo_it() {
    let (mut rows, start) = (rows(), Instant::now());
    let later = start + Duration::from_secs(1);
    rows.believe(&remote("d-1", "v1", "ours"), later, Source::Shown);
    assert!(!rows.put(&remote("d-1", "v1", "stale"), start, Source::Shown));
    assert_eq!(description(&rows, "d-1", later).as_deref(), Some("ours"));
    assert!(rows.put(&remote("d-1", "v1", "by hand"), later + Duration::from_secs(1), Source::Shown));
    assert_eq!(description(&rows, "d-1", later).as_deref(), Some("by hand"));
}

#[tokio::test(start_paused = true)]
async fn a_list_counts_for_what_happened_before_it_began() {
    let (mut rows, start) = (rows(), Instant::now());
    let second = Duration::from_secs(1);
    assert!(!rows.children_listed_since("d-1", VERSIONS, start), "no list yet");
    rows.believe(&remote("d-1", "v1", ""), start, Source::Shown);
    rows.put_children(("d-1", VERSIONS), &[], start, start + second);
    let since = |at| rows.children_listed_since("d-1", VERSIONS, at);
    assert_eq!([start, start + second, start + second * 2].map(since), [true, true, false]);
    assert!(!rows.children_listed_since("d-1", "copies", start), "another collection");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_began_before_our_write_does_not_take_the_mark_away() {
    let (mut rows, start) = (rows(), Instant::now());
    let ours = remote("d-1", "v1", "ours");
    rows.believe(&ours, start + Duration::from_secs(1), Source::Shown);
    let others = Some(Identity::new(&["d".into()], &[], "c").mark(&owner("another"), "uid", "c1"));
    rows.put(&Remote { mark: others.clone(), ..(*ours).clone() }, start, Source::Shown);
    let found = |mark: &Option<RawMark>| rows.owned(&[mark.clone().unwrap().owner.unwrap()], None).len();
    assert_eq!((found(&ours.mark), found(&others)), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_row_that_was_not_shown_for_too_long_is_not_believed() {
    let (mut rows, start) = (rows(), Instant::now());
    rows.believe(&remote("d-1", "v1", "x"), start, Source::Shown);
    assert!(description(&rows, "d-1", start + TRUSTED).is_some());
    assert!(description(&rows, "d-1", start + TRUSTED + Duration::from_secs(1)).is_none());
}

#[tokio::test(start_paused = true)]
async fn what_a_sweep_did_not_show_is_known_unless_something_newer_is() {
    let (mut rows, start) = (rows(), Instant::now());
    rows.believe(&remote("d-old", "v1", "x"), start, Source::Shown);
    rows.believe(&remote("d-new", "v1", "x"), start + Duration::from_secs(2), Source::Shown);
    rows.believe(&remote("d-shown", "v1", "x"), start, Source::Shown);
    assert_eq!(rows.seen_by("d-shown", 7), Some(true));
    assert_eq!(rows.seen_by("d-shown", 7), Some(false), "the same list shows it twice");
    assert_eq!(rows.unseen("478", 7, start + Duration::from_secs(1)), ["d-old"]);
    assert!(rows.unseen("another", 7, start + Duration::from_secs(9)).is_empty());
    rows.drop_row("d-old");
    assert_eq!(rows.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_we_deleted_does_not_come_back_with_a_lagging_list() {
    let (mut rows, start) = (rows(), Instant::now());
    rows.believe(&remote("d-1", "v1", "x"), start, Source::Shown);
    rows.remove(&RemoteId::new("d-1"));
    assert!(!rows.put(&remote("d-1", "v1", "x"), start + Duration::from_secs(5), Source::Shown));
    assert!(rows.is_gone(&RemoteId::new("d-1").join("v2")), "its versions went with it");
    rows.believe(&remote("d-1", "v1", "x"), start + Duration::from_secs(6), Source::Shown);
    assert!(!rows.is_gone(&RemoteId::new("d-1")), "a read says otherwise");
}

#[tokio::test(start_paused = true)]
async fn remotes_are_found_by_owner_mark() {
    let (mut rows, start) = (rows(), Instant::now());
    rows.believe(&remote("d-1", "v1", "x"), start, Source::Shown);
    rows.believe(&remote("d-2", "v1", "x"), start, Source::Shown);
    let owners = Identity::new(&["d".into()], &[], "c").owner_values(&owner("d-2"));
    let found: Vec<_> = rows.owned(&owners, None).iter().map(|remote| remote.id.to_string()).collect();
    assert_eq!(found, ["d-2"]);
    rows.remove(&RemoteId::new("d-2"));
    assert!(rows.owned(&owners, None).is_empty());
}

#[tokio::test(start_paused = true)]
async fn versions_are_known_if_there_is_one_or_they_were_listed_or_all_later_ones_are_ours() {
    let (mut rows, start) = (rows(), Instant::now());
    assert!(!rows.children_known("d-1", VERSIONS));
    rows.believe(&remote("d-1", "v1", "x"), start, Source::Shown);
    assert!(rows.children_known("d-1", VERSIONS));
    rows.created(&version("d-1", "v2"), start);
    assert!(rows.children_known("d-1", VERSIONS), "our own");
    rows.believe(&remote("d-2", "v3", "x"), start, Source::Shown);
    assert!(!rows.children_known("d-2", VERSIONS));
    rows.put_children(("d-2", VERSIONS), &[Arc::new(version("d-2", "v3"))], start, start);
    assert!(rows.children_known("d-2", VERSIONS));
    rows.created(&version("d-1", "v4"), start);
    rows.created(&version("d-1", "v3"), start);
    let newest = rows.get(&RemoteId::new("d-1"), start, TRUSTED).unwrap();
    assert_eq!(newest.latest.as_ref().unwrap().id, RemoteId::new("d-1").join("v4"), "whatever was answered last");
    let first = rows.get(&RemoteId::new("d-1").join("v1"), start, TRUSTED);
    assert!(first.is_some(), "v1 is still known after v2 came");
}

#[tokio::test(start_paused = true)]
async fn a_gap_below_our_own_version_is_listed_unless_it_was_filled() {
    let (mut rows, start) = (rows(), Instant::now());
    rows.believe(&remote("d-1", "v1", "x"), start, Source::Shown);
    rows.created(&version("d-1", "v2"), start);
    let long_ago = start.checked_sub(Duration::from_secs(1)).unwrap();
    assert!(rows.unlisted("478", VERSIONS, long_ago).is_empty(), "v1 is known");
    rows.created(&version("d-1", "v4"), start);
    assert_eq!(rows.unlisted("478", VERSIONS, long_ago), ["d-1"], "v3 may be a copy of v4");
    rows.created(&version("d-1", "v3"), start);
    assert!(rows.unlisted("478", VERSIONS, long_ago).is_empty(), "another of ours, answered later");
    rows.created(&version("d-1", "v6"), start);
    assert_eq!(rows.unlisted("478", VERSIONS, long_ago), ["d-1"]);
    rows.put_children(("d-1", VERSIONS), &[Arc::new(version("d-1", "v6"))], start, start);
    assert!(rows.unlisted("478", VERSIONS, long_ago).is_empty(), "whatever it was, it was seen");
}

#[tokio::test(start_paused = true)]
async fn who_recorded_one_of_two_with_his_mark_is_told() {
    let (mut rows, start) = (rows(), Instant::now());
    rows.believe(&remote("d-1", "v1", "x"), start, Source::Shown);
    let mut copy = (*remote("d-1", "v1", "x")).clone();
    let uid = copy.mark.as_ref().and_then(RawMark::uid).unwrap().to_owned();
    let key = ObjectKey::new("Dataset", "default", "d-1", &uid);
    rows.recorded(&RemoteId::new("d-1"), &key, None);
    assert!(rows.doubled().is_empty());
    copy.id = RemoteId::new("d-2");
    rows.believe(&copy, start, Source::Shown);
    assert_eq!(rows.doubled(), HashSet::from([key]));
    assert!(rows.doubled().is_empty(), "once");
    rows.forget(&RemoteId::new("d-1"), Uid::of(&uid));
    assert!(rows.doubled().is_empty(), "an orphan is nobody's");
}

#[tokio::test(start_paused = true)]
async fn what_the_service_fills_in_after_our_create_is_no_change() {
    let (mut rows, start) = (rows(), Instant::now());
    let later = start + Duration::from_secs(1);
    rows.believe(&remote("d-1", "v1", "x"), start, Source::Sent);
    let mut filled = (*remote("d-1", "v1", "x")).clone();
    filled.fields.insert("Edition".into(), "BASIC".into());
    filled.fields.insert("GmtModifiedTime".into(), "2026-01-01T00:00:00Z".into());
    assert!(!rows.put(&filled, later, Source::Shown));
    filled.fields.insert("GmtModifiedTime".into(), "2026-01-02T00:00:00Z".into());
    assert!(!rows.put(&filled, later, Source::Shown), "times are nobody's doing");
    filled.fields.insert("Edition".into(), "ADVANCED".into());
    assert!(rows.put(&filled, later, Source::Shown), "from now on it is known as a whole");
    filled.labels.insert("by".into(), "hand".into());
    assert!(rows.put(&filled, later, Source::Shown));
}

#[tokio::test(start_paused = true)]
async fn a_write_without_an_answer_makes_the_row_unknown_until_it_is_shown_again_later() {
    let (mut rows, start) = (rows(), Instant::now());
    let at = |seconds| start + Duration::from_secs(seconds);
    rows.believe(&remote("d-1", "v1", "before"), at(1), Source::Shown);
    rows.doubt(&RemoteId::new("d-1"), at(2));
    assert_eq!(description(&rows, "d-1", at(2)), None);
    assert!(!rows.put(&remote("d-1", "v1", "before"), at(1), Source::Shown), "a list from before the write");
    assert_eq!(description(&rows, "d-1", at(2)), None);
    assert!(rows.put(&remote("d-1", "v1", "before"), at(3), Source::Shown), "news, whatever it shows");
    assert_eq!(description(&rows, "d-1", at(3)).as_deref(), Some("before"));
}

#[tokio::test(start_paused = true)]
async fn a_read_that_began_before_our_write_does_not_undo_it() {
    let (mut rows, start) = (rows(), Instant::now());
    rows.believe(&remote("d-1", "v1", "ours"), start + Duration::from_secs(1), Source::Sent);
    rows.believe(&remote("d-1", "v1", "read too early"), start, Source::Shown);
    assert_eq!(description(&rows, "d-1", start).as_deref(), Some("ours"));
}

#[tokio::test(start_paused = true)]
async fn who_recorded_what_is_known_with_or_without_a_row() {
    let mut rows = rows();
    let (dataset, old) = (RemoteId::new("d-1"), RemoteId::new("d-1").join("v2"));
    let key = |kind, name: &str| ObjectKey::new(kind, "ns", name, name);
    rows.recorded(&dataset, &key("Dataset", "a"), Some("478"));
    rows.recorded(&dataset, &key("Dataset", "a"), Some("478"));
    rows.recorded(&old, &key("DatasetVersion", "b"), None);
    assert_eq!(rows.recorders_of("d-1").count(), 2);
    assert_eq!(rows.recorders_in("478").len(), 2);
    assert!(!rows.recorded_elsewhere(&dataset, Uid::of("a")) && rows.recorded_elsewhere(&dataset, Uid::of("x")));
    assert_eq!(rows.unseen("478", 1, Instant::now()), ["d-1"], "recorded and never shown");
    rows.forget(&dataset, Uid::of("a"));
    assert!(!rows.recorded_elsewhere(&dataset, Uid::of("x")) && rows.is_recorded("d-1"));
    rows.forget(&old, Uid::of("b"));
    assert!(rows.unseen("478", 1, Instant::now()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn orphans_are_marked_and_recorded_by_nobody() {
    let (mut rows, start) = (rows(), Instant::now());
    rows.believe(&remote("d-1", "v1", "x"), start, Source::Shown);
    let mut released = (*remote("d-2", "v1", "x")).clone();
    released.mark = released.mark.map(RawMark::into_released);
    rows.believe(&released, start, Source::Shown);
    let mut foreign = (*remote("d-3", "v1", "x")).clone();
    foreign.mark.as_mut().unwrap().domain = Some("another".into());
    rows.believe(&foreign, start, Source::Shown);
    assert_eq!(rows.unclaimed().collect::<Vec<_>>(), [("d-1", Uid::of("uid"))]);
    rows.recorded(&RemoteId::new("d-1"), &ObjectKey::new("Dataset", "ns", "a", "a"), Some("478"));
    assert_eq!(rows.unclaimed().count(), 0);
    rows.forget_others(|uid| uid == Uid::of("a"));
    assert_eq!(rows.unclaimed().count(), 0, "it lives");
    rows.forget_others(|_| false);
    assert_eq!(rows.unclaimed().count(), 1, "it went unseen");
}

#[tokio::test(start_paused = true)]
async fn an_orphan_can_be_a_version_as_long_as_it_is_the_newest_one() {
    let (mut rows, start) = (rows(), Instant::now());
    let with = |change: &dyn Fn(&mut RawMark)| {
        let mut dataset = (*remote("d-1", "v2", "x")).clone();
        let latest = dataset.latest.as_mut().unwrap();
        let mut mark = Identity::new(&["d".into()], &[], "c").mark(&owner("second"), "version", "c2");
        change(&mut mark);
        latest.mark = Some(mark);
        dataset
    };
    let id = RemoteId::new("d-1").join("v2");
    let orphans = |rows: &Rows| rows.unclaimed_versions().collect::<Vec<_>>();
    rows.believe(&with(&|_| ()), start, Source::Shown);
    assert_eq!(orphans(&rows), [(id.clone(), Uid::of("version"))]);
    rows.recorded(&id, &ObjectKey::new("DatasetVersion", "ns", "second", "version"), Some("478"));
    assert_eq!(orphans(&rows), []);
    rows.forget(&id, Uid::of("version"));
    assert_eq!(orphans(&rows).len(), 1);
    let released = |mark: &mut RawMark| mark.released = Some("true".into());
    rows.believe(&with(&released), start, Source::Shown);
    assert_eq!(orphans(&rows), []);
    let foreign = |mark: &mut RawMark| mark.domain = Some("another".into());
    rows.believe(&with(&foreign), start, Source::Shown);
    assert_eq!(orphans(&rows), []);
    rows.believe(&with(&|_| ()), start, Source::Shown);
    rows.remove(&id);
    assert_eq!(orphans(&rows), [], "we deleted it, and no list shows that yet");
}

#[tokio::test(start_paused = true)]
async fn older_versions_are_listed_again_only_where_somebody_recorded_one() {
    let (mut rows, start) = (rows(), Instant::now());
    let later = start + Duration::from_secs(1);
    for id in ["d-1", "d-2", "d-3"] {
        rows.believe(&remote(id, "v3", "x"), start, Source::Shown);
        rows.put_children((id, VERSIONS), &[Arc::new(version(id, "v2")), Arc::new(version(id, "v3"))], start, start);
    }
    rows.recorded(&RemoteId::new("d-1").join("v2"), &ObjectKey::new("DatasetVersion", "ns", "a", "a"), None);
    rows.recorded(&RemoteId::new("d-2").join("v3"), &ObjectKey::new("DatasetVersion", "ns", "b", "b"), None);
    assert_eq!(rows.unlisted("478", VERSIONS, later), ["d-1"], "the sweep shows the newest of d-2 anyway");
    rows.put_children(("d-1", VERSIONS), &[Arc::new(version("d-1", "v3"))], later, later + Duration::from_secs(1));
    assert!(rows.unlisted("478", VERSIONS, later).is_empty());
    assert!(rows.get(&RemoteId::new("d-1").join("v2"), later, TRUSTED).is_none(), "a whole list did not show it");
}

#[tokio::test(start_paused = true)]
async fn what_is_in_another_collection_is_no_version() {
    const COPIES: &str = "copies";
    let (mut rows, start) = (rows(), Instant::now());
    let [later, last] = [1, 2].map(|seconds| start + Duration::from_secs(seconds));
    let identity = Identity::new(&["d".into()], &[], "c");
    let mark = Some(identity.mark(&owner("copy"), "uid", "c2"));
    let copy = Remote { id: RemoteId::new("d-1").within(COPIES, "v2"), mark, ..version("d-1", "v2") };
    let found =
        |rows: &Rows, collection| rows.owned(&identity.owner_values(&owner("copy")), Some(("d-1", collection))).len();
    let shown = |rows: &Rows, id: &RemoteId| rows.get(id, last, TRUSTED).is_some();
    rows.believe(&remote("d-1", "v1", "x"), start, Source::Shown);
    rows.created(&copy, later);
    assert_eq!([VERSIONS, COPIES].map(|of| rows.children_known("d-1", of)), [true, false], "only v1 is a version");
    assert_eq!([VERSIONS, COPIES].map(|of| found(&rows, of)), [0, 1]);
    let newest = rows.get(&RemoteId::new("d-1"), last, TRUSTED).unwrap().latest.clone().unwrap();
    assert_eq!(newest.id, RemoteId::new("d-1").join("v1"), "what was created is no newer version");
    // A list of one collection says nothing about the other one.
    rows.put_children(("d-1", VERSIONS), &[Arc::new(version("d-1", "v1"))], last, last);
    assert!(shown(&rows, &copy.id) && !rows.children_known("d-1", COPIES));
    rows.put_children(("d-1", COPIES), &[], start, last);
    assert!(shown(&rows, &copy.id) && rows.children_known("d-1", COPIES), "it was created after that list began");
    let key = ObjectKey::new("Copy", "ns", "copy", "uid");
    rows.recorded(&copy.id, &key, None);
    assert_eq!([VERSIONS, COPIES].map(|of| rows.unlisted("478", of, last).len()), [0, 1]);
    assert!(rows.outlived(&remote("d-1", "v1", "x"), last).is_empty(), "v1 is the newest version, and no copy");
    assert!(rows.missing(&RemoteId::new("d-1").join("v2"), last).is_empty(), "a version of the same name");
    assert!(rows.put_children(("d-1", COPIES), &[], last, last));
    assert!(!shown(&rows, &copy.id) && shown(&rows, &RemoteId::new("d-1").join("v1")));
    assert_eq!(rows.missing(&copy.id, last), [key]);
    rows.remove(&RemoteId::new("d-1"));
    assert!(rows.is_gone(&copy.id) && !rows.children_known("d-1", COPIES), "with its dataset");
}

/// A dataset as a list shows it.
fn typical(id: &str, name: &str, uid: &str, nonce: &str) -> Remote {
    let mark = Some(Identity::new(&["d".into()], &[], "c").mark(&owner(name), uid, nonce));
    let uri = format!("oss://example-bucket.oss-cn-hangzhou.aliyuncs.com/{name}/");
    let options = format!("{{\"mountPath\": \"/mnt/data/{name}\"}}");
    let fields = serde_json::json!({
        "Accessibility": "PRIVATE", "DataSourceType": "OSS", "DataType": "COMMON", "Description": format!("All {name}"),
        "Edition": "BASIC", "GmtCreateTime": "2026-07-01T08:30:00.123Z", "GmtModifiedTime": "2026-07-01T08:30:00.123Z",
        "MountAccess": "RW", "Name": name, "Options": options, "OwnerId": "1557702098194904", "Property": "DIRECTORY",
        "ProviderType": "Ecs", "SourceType": "USER", "Uri": uri, "UserId": "1557702098194904", "WorkspaceId": "12345"
    });
    let first = serde_json::json!({
        "DataSourceType": "OSS", "Description": "", "Options": options, "Property": "DIRECTORY", "SourceType": "USER",
        "Uri": uri
    });
    let latest = Remote { fields: first.as_object().cloned().unwrap(), ..version(id, "v1") };
    let fields = fields.as_object().cloned().unwrap();
    Remote { mark, ..Remote::labelled(RemoteId::new(id), Labels::new(), fields, Some(Box::new(latest))) }
}

/// A remote with a dictionary of its own, which no other test can fill.
#[derive(serde::Serialize, serde::Deserialize)]
struct Alone(Remote);

impl Compressible for Alone {
    const TYPICAL: &'static str = Remote::TYPICAL;

    fn learnt() -> &'static OnceLock<Box<[u8]>> {
        static LEARNT: OnceLock<Box<[u8]>> = OnceLock::new();
        &LEARNT
    }
}

#[test]
fn a_record_of_a_typical_dataset_is_small() {
    let packed = |remote: &Remote| Compressed::new(&Alone(without_times(remote))).unwrap();
    packed(&typical("d-g3wx5xinf5zxh0s1r0", "flowers", "0f8b1c2d-3e4f-4a5b-8c6d-7e8f90a1b2c3", "c5f0e1d2c3b4a5968"));
    let next =
        typical("d-xqa54j8o8hnzqxt9w4", "street-signs", "9d2e7a41-c05b-4f38-9e61-2b7c84d0f5a6", "c91b7e20d4f6a83c5");
    let size = packed(&next).size();
    assert!(size <= 262, "{size} bytes");
    assert!(size_of::<Row>() <= 72, "{} bytes around it", size_of::<Row>());
}

#[tokio::test(start_paused = true)]
async fn what_is_shown_soon_after_an_update_of_a_media_dataset_does_not_undo_it() {
    let (mut rows, start) = (rows(), Instant::now());
    let media = |description: &str| {
        let fields = serde_json::json!({ "Description": description });
        let fields = fields.as_object().cloned().unwrap_or_default();
        Remote::labelled(RemoteId::keyed("photos", "cats"), Labels::new(), fields, None)
    };
    let at = |seconds| start + Duration::from_secs(seconds);
    let shown = |rows: &Rows| description(rows, "photos/cats", start).unwrap();
    rows.created(&media("made"), at(0));
    assert!(rows.put(&media("by hand"), at(1), Source::Shown), "a create shows at once");
    rows.believe(&media("ours"), at(10), Source::Sent);
    let last = |rows: &Rows| rows.last_shown(&RemoteId::keyed("photos", "cats")).is_some();
    assert!(!last(&rows), "what was sent may not be what is shown");
    assert!(!rows.put(&media("by hand"), at(309), Source::Shown));
    assert_eq!(shown(&rows), "ours");
    assert!(rows.put(&media("by hand"), at(310), Source::Shown));
    assert_eq!((shown(&rows).as_str(), last(&rows)), ("by hand", true));
    rows.believe(&media("ours"), at(320), Source::Sent);
    rows.doubt(&RemoteId::keyed("photos", "cats"), at(330));
    assert!(rows.put(&media("as it is"), at(331), Source::Shown), "a doubt ends with the next read");
    assert_eq!(rows.recorders_in("imm:photos").len(), 0);
    let key = ObjectKey::new("MediaDataset", "ns", "cats", "uid");
    rows.recorded(&RemoteId::keyed("photos", "cats"), &key, None);
    assert_eq!(rows.recorders_in("imm:photos"), [key], "its id names its place");
}

#[tokio::test(start_paused = true)]
async fn a_name_is_gone_for_as_long_as_no_later_list_shows_it() {
    let (mut rows, second) = (rows(), Duration::from_secs(1));
    for (id, again) in [(RemoteId::keyed("photos", "cats"), true), (RemoteId::new("d-1"), false)] {
        let remote = Remote::labelled(id.clone(), Labels::new(), Fields::new(), None);
        let before = Instant::now();
        rows.believe(&remote, before, Source::Shown);
        tokio::time::advance(second).await;
        rows.remove(&id);
        assert_eq!((rows.has_left(&id), rows.is_gone(&id)), (true, !again));
        assert!(!rows.put(&remote, before, Source::Shown), "a list begun before the delete");
        tokio::time::advance(second).await;
        assert_eq!(rows.put(&remote, Instant::now(), Source::Shown), again, "{id}");
        assert_eq!((rows.has_left(&id), rows.last(&id).is_some()), (!again, again));
    }
}
