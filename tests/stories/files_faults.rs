//! Refused items, lost answers, throttling and kills: a set reaches what it lists, and no file is made twice or lost.

use std::time::Duration;

use futures::future::join_all;
use kube::api::DynamicObject;
use pai_emulator::knobs::{ListChaos, Rule, TopKLimits};
use pai_emulator::{Effect, Fault, Knobs, When};
use serde_json::json;

use crate::files::{KIND, OBJECTS, OFTEN, calls, counts, file, files, set, uri, with_flowers};
use crate::jobs::conditions;
use crate::trouble::{fault, late};

/// The next so many items of this operation with the number in their Uri are refused.
fn refused(operation: &str, number: usize, count: u32) -> Fault {
    let item = Some(format!("/{number:05}.jpg"));
    Fault { item, count, code: "Busy".to_owned(), ..fault(operation, Effect::Error, When::Before) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_file_is_tried_again_alone_and_fails_after_five_times_until_it_changes() {
    let (scene, _) = with_flowers("files-refused", Knobs::default(), &[]).await;
    scene.faults([refused("CreateDatasetFileMetas", 1, 2), refused("CreateDatasetFileMetas", 2, 5)]);
    scene.create(KIND, "one", set(files(0..10), json!({}))).await;
    let failed = |object: &DynamicObject| {
        testbed::condition(object, "Ready").is_some_and(|ready| ready.reason == "PartialFailed")
    };
    let wait = scene.wait_for(Duration::from_secs(90));
    let object = wait.object(&scene.api(KIND), "one", "PartialFailed", failed).await.unwrap();
    assert_eq!((counts(&object), conditions(&object)), ([10, 9, 1], vec!["Stalled"]), "{}", object.data["status"]);
    let failures = &object.data["status"]["failures"];
    assert_eq!(
        (failures.as_array().unwrap().len(), &failures[0]["uri"], &failures[0]["result"]),
        (1, &json!(uri(2)), &json!("Busy"))
    );
    assert_eq!(calls(&scene), [1, 0, 5, 0, 0], "the two retries of both are sent together");
    assert!(!scene.metas().contains_key(&uri(2)));
    // An edit of another file does not try it again; an edit of it does.
    let mut edited = files(0..10);
    edited[5]["fileFingerPrint"] = json!("9B2D");
    scene.list_files("one", edited.clone()).await;
    scene.until("the other", async |scene| scene.metas()[&uri(5)].file_finger_print == "9B2D").await;
    assert_eq!(calls(&scene)[2], 5);
    edited[2]["fileFingerPrint"] = json!("9B2D");
    scene.list_files("one", edited).await;
    scene.all_there("one").await;
    assert_eq!(calls(&scene), [1, 0, 6, 1, 0]);
}

/// A set is made, edited and pruned, and each call loses its answer so.
async fn lost(effect: Effect) {
    let (scene, _) = with_flowers("files-lost", Knobs::default(), &[]).await;
    let operations = ["CreateDatasetFileMetas", "UpdateDatasetFileMetas", "DeleteDatasetFileMetas"];
    for (number, when) in [When::Before, When::After].into_iter().enumerate() {
        let name = format!("set-{number}");
        let (from, to) = (number * 10, number * 10 + 5);
        scene.faults(operations.map(|operation| fault(operation, effect, when)));
        scene.create(KIND, &name, set(files(from..to), json!({}))).await;
        scene.all_there(&name).await;
        let mut edited = files(from + 1..to);
        edited[0]["fileFingerPrint"] = json!("9B2D");
        scene.list_files(&name, edited).await;
        scene.all_there(&name).await;
        assert!(scene.cloud().faults().is_empty(), "{effect:?} {when:?}");
        assert_eq!(scene.metas().len(), (number + 1) * 4, "{effect:?} {when:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_answered_by_a_walk() {
    join_all([Effect::Error, Effect::Reset, Effect::Drop, Effect::Garble].map(lost)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_throttled_set_goes_on_by_itself() {
    let (scene, _) = with_flowers("files-throttled", Knobs::default(), &[]).await;
    let throttled = |operation: &str| Fault {
        status: 400,
        code: "Throttling.User".to_owned(),
        count: 3,
        ..fault(operation, Effect::Error, When::Before)
    };
    scene.faults(["ListDatasetFileMetas", "CreateDatasetFileMetas"].map(throttled));
    scene.create(KIND, "one", set(files(0..5), json!({}))).await;
    scene.all_there("one").await;
    assert_eq!(scene.calls("CreateDatasetFileMetas"), (1, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_too_large_is_halved() {
    let knobs = Knobs { file_meta_batch_max: 20, ..Knobs::default() };
    let (scene, _) = with_flowers("files-halved", knobs, &[]).await;
    scene.create(KIND, "one", set(files(0..60), json!({}))).await;
    scene.all_there("one").await;
    // 60 and 30 are refused, then four batches of 15 pass.
    assert_eq!(scene.calls("CreateDatasetFileMetas"), (4, 2));
}

/// A service that refuses a whole batch because of one item.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_spoils_its_batch_holds_up_no_other() {
    let (scene, _) = with_flowers("files-spoilt", Knobs::default(), &[]).await;
    let invalid = |count| Fault {
        status: 400,
        code: "InvalidParameter".to_owned(),
        count,
        ..fault("CreateDatasetFileMetas", Effect::Error, When::Before)
    };
    // Batches of 8, 4, 2 and 1 are refused. The file of the last one is tried again later, alone.
    scene.faults([invalid(4)]);
    scene.create(KIND, "one", set(files(0..8), json!({}))).await;
    scene.all_there("one").await;
    assert_eq!(scene.calls("CreateDatasetFileMetas"), (8, 4));
    // If each of them is refused, the fault is in the whole, and the object says which.
    scene.faults([invalid(100)]);
    scene.create(KIND, "two", set(files(10..18), json!({}))).await;
    let message = scene.reason(KIND, "two", "InvalidSpec").await;
    assert!(message.contains("InvalidParameter"), "{message}");
    scene.cloud().clear_faults();
    scene.list_files("two", files(20..22)).await;
    scene.all_there("two").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_that_the_service_does_not_tell_and_pages_that_shift_harm_nothing() {
    let knobs = Knobs { failed_details_ids: false, ..Knobs::default() };
    let (scene, dataset) = with_flowers("files-odd", knobs, &OFTEN).await;
    for number in 100..320 {
        scene.foreign_file(&dataset, number, "other", &[]);
    }
    for chaos in [ListChaos::Repeat, ListChaos::Skip] {
        scene.cloud().set_knobs(|knobs| knobs.list_chaos = chaos);
        let name = format!("{chaos:?}").to_lowercase();
        let from = if name == "skip" { 10 } else { 0 };
        scene.create(KIND, &name, set(files(from..from + 5), json!({}))).await;
        scene.all_there(&name).await;
    }
    scene.cloud().set_knobs(|knobs| knobs.list_chaos = ListChaos::None);
    for name in ["repeat", "skip"] {
        scene.delete(KIND, name).await;
        scene.gone(KIND, name).await;
    }
    assert_eq!(scene.metas().len(), 220, "those of others stay");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_may_not_be_made_again_says_how_to_go_on() {
    let knobs = Knobs { recreate_file_meta: Rule::Refuse, ..Knobs::default() };
    let (scene, _) = with_flowers("files-again", knobs, &[]).await;
    scene.create(KIND, "one", set(files(0..3), json!({}))).await;
    scene.all_there("one").await;
    scene.list_files("one", files(0..2)).await;
    scene.all_there("one").await;
    scene.list_files("one", files(0..3)).await;
    let says = |object: &DynamicObject| {
        let result = object.data["status"]["failures"][0]["result"].as_str().unwrap_or_default();
        result.contains("Already Deleted") && result.contains("another uri")
    };
    let wait = scene.wait_for(Duration::from_secs(90));
    wait.object(&scene.api(KIND), "one", "told", says).await.unwrap();
}

/// Dies at `point` while it makes a set, in an edit of three batches, and while it deletes the set.
async fn survives(point: &str) {
    let (mut scene, _) = with_flowers("files-kill", Knobs::default(), &[]).await;
    scene.stop_operator().await;
    scene.create(KIND, "one", set(files(0..90), json!({}))).await;
    scene.crash_at(&format!("{point} of {KIND}")).await;
    scene.start_operator().await;
    scene.all_there("one").await;
    assert_eq!(scene.metas().len(), 90, "{point}");
    scene.stop_operator().await;
    let mut edited = files(10..100);
    edited[0]["fileFingerPrint"] = json!("9B2D");
    scene.list_files("one", edited).await;
    scene.crash_at(&format!("{point} of {KIND}")).await;
    scene.start_operator().await;
    scene.all_there("one").await;
    assert_eq!(scene.metas().len(), 90, "{point}");
    scene.stop_operator().await;
    scene.delete(KIND, "one").await;
    scene.crash_at(&format!("{point} of {KIND}")).await;
    scene.set("DATASET_OPERATOR_UNSAFE_SETTLE_TIME", "yes".to_owned());
    scene.set("DATASET_OPERATOR_SETTLE_TIME", "2s".to_owned());
    scene.start_operator().await;
    scene.gone(KIND, "one").await;
    assert_eq!(scene.metas().len(), 0, "{point}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_between_batches_loses_nothing() {
    join_all(["before Batch", "after Batch"].map(survives)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_takes_effect_late_is_found_before_the_object_goes() {
    let env = [
        ("DATASET_OPERATOR_UNSAFE_SETTLE_TIME", "yes"),
        ("DATASET_OPERATOR_SETTLE_TIME", "8s"),
        ("DATASET_OPERATOR_REQUEST_TIMEOUT", "1s"),
        ("DATASET_OPERATOR_LIST_LAG", "100ms"),
    ];
    let (scene, _) = with_flowers("files-late", Knobs::default(), &env).await;
    scene.faults([late("CreateDatasetFileMetas", 5000)]);
    scene.create(KIND, "one", set(vec![file(1)], json!({}))).await;
    scene.until("a call", async |scene| scene.cloud().faults().is_empty()).await;
    let called = tokio::time::Instant::now();
    tokio::time::sleep(Duration::from_millis(1200)).await;
    scene.delete(KIND, "one").await;
    let wait = scene.wait_for(Duration::from_secs(40));
    wait.gone(&scene.api(KIND), "one").await.unwrap();
    // The batch has taken effect by then, whenever the object went.
    tokio::time::sleep_until(called + Duration::from_secs(7)).await;
    assert_eq!(scene.metas().len(), 0, "{:?}", scene.metas());
    assert!(scene.writes(OBJECTS, Some("one")).await > 0);
}

/// Somebody who looks at the version while it changes never misses both the old files and the new ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_file_is_deleted_while_another_is_being_made() {
    let (scene, _) = with_flowers("files-order", Knobs::default(), &[]).await;
    scene.create(KIND, "one", set(files(0..4), json!({}))).await;
    scene.all_there("one").await;
    scene.faults([late("CreateDatasetFileMetas", 1500)]);
    scene.list_files("one", files(1..5)).await;
    scene.all_there("one").await;
    assert_eq!(calls(&scene), [1, 0, 2, 0, 1]);
    let log = scene.cloud().log();
    let last = |operation: &str| log.iter().rfind(|line| line.operation == operation).unwrap().time.clone();
    let (made, deleted) = (last("CreateDatasetFileMetas"), last("DeleteDatasetFileMetas"));
    assert!(made < deleted, "made at {made}, deleted at {deleted}");
}

/// A service that takes no tag of ours, and one that limits lists by `TopK`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_service_may_do_otherwise_is_told_or_harms_nothing() {
    let knobs = Knobs { refused_tag: "dso-".to_owned(), ..Knobs::default() };
    let (scene, _) = with_flowers("files-tags", knobs, &[]).await;
    scene.create(KIND, "one", set(files(0..2), json!({}))).await;
    let failed = |object: &DynamicObject| {
        testbed::condition(object, "Ready").is_some_and(|ready| ready.reason == "PartialFailed")
    };
    let object =
        scene.wait_for(Duration::from_secs(90)).object(&scene.api(KIND), "one", "failed", failed).await.unwrap();
    let result = object.data["status"]["failures"][0]["result"].as_str().unwrap().to_owned();
    assert!(result.starts_with("Invalid Tag dso-c-"), "{result}");
    assert_eq!((calls(&scene), scene.metas().len()), ([1, 0, 5, 0, 0], 0));
    scene.delete(KIND, "one").await;
    scene.gone(KIND, "one").await;

    scene.cloud().set_knobs(|knobs| (knobs.refused_tag, knobs.top_k_limits) = (String::new(), TopKLimits::All));
    scene.create(KIND, "two", set(files(0..60), json!({}))).await;
    scene.all_there("two").await;
    scene.ask("two", "now").await;
    scene.all_there("two").await;
    scene.list_files("two", files(0..50)).await;
    scene.all_there("two").await;
    assert_eq!(scene.metas().len(), 50);
}
