//! Lost answers, late effects and kills around the life of a configuration: one is made, and it is recorded as adopted if
//! nothing but its content tells where it is from.

use std::time::Duration;

use futures::future::join_all;
use kube::api::DynamicObject;
use pai_emulator::{Effect, Knobs, When};
use serde_json::json;

use crate::configs::{INDEX, KIND, SELDOM, TAG, config_id, given, index, tag, with};
use crate::duplicates::HASTY;
use crate::jobs::with_flowers;
use crate::scene::status;
use crate::trouble::{fault, late};

fn is_recorded(object: &DynamicObject) -> bool {
    object.data["status"]["datasetJobConfigId"].is_string()
}

/// The answer to the create is lost in this way, once the key is in the Secret.
async fn create_survives(effect: Effect, when: When) {
    let (scene, _) = with_flowers("config-answer", Knobs::default(), &SELDOM).await;
    scene.let_read("secrets", &["tagging"]).await;
    scene.set_secret("tagging", "sk-one").await;
    scene.cloud().add_faults([fault("CreateDatasetJobConfig", effect, when)]);
    scene.create(KIND, "tags", tag("tagging")).await;
    let object = scene.patient().ready(&scene.api(KIND), "tags").await.unwrap();
    let made = scene.only_config();
    assert_eq!((config_id(&object), &made.2), (made.0, &json!({"apiKey": "sk-one"})), "{effect:?} {when:?}");
    let (origin, recovered) = (status(&object, "origin"), object.data["status"]["recovered"] == true);
    let expected = if when == When::After { ("Adopted".to_owned(), true) } else { ("Created".to_owned(), false) };
    assert_eq!((origin, recovered), expected, "{effect:?} {when:?}");
    let creates = if when == When::After { (1, 0) } else { (1, 1) };
    assert_eq!(scene.calls("CreateDatasetJobConfig"), creates, "{effect:?} {when:?}");
    scene.end_config("tags").await;
    assert_eq!(scene.configs().len(), usize::from(when == When::After), "what is not provably ours is kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_makes_exactly_one_configuration() {
    let effects = [Effect::Error, Effect::Reset, Effect::Drop, Effect::Garble];
    let ways = effects.into_iter().flat_map(|effect| [When::Before, When::After].map(|when| (effect, when)));
    join_all(ways.map(|(effect, when)| create_survives(effect, when))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_that_takes_effect_late_is_found_and_no_second_one_is_sent() {
    let (scene, _) = with_flowers("config-late", Knobs::default(), &SELDOM).await;
    scene.cloud().add_faults([late("CreateDatasetJobConfig", 4500)]);
    scene.create(KIND, "model", with(index("m-1"), json!({"deletionPolicy": "Delete"}))).await;
    let object = scene.patient().ready(&scene.api(KIND), "model").await.unwrap();
    assert_eq!((status(&object, "origin"), scene.configs().len()), ("Adopted".to_owned(), 1));
    assert_eq!(scene.calls("CreateDatasetJobConfig"), (1, 0));
    scene.end_config("model").await;
    assert_eq!(scene.configs(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_that_content_cannot_prove_is_told_and_waits_for_a_person() {
    let (mut scene, dataset) = with_flowers("config-unclear", Knobs::default(), &SELDOM).await;
    scene.let_read("secrets", &["tagging"]).await;
    scene.set_secret("tagging", "sk-one").await;
    scene.stop_operator().await;
    scene.create(KIND, "tags", tag("tagging")).await;
    scene.crash_at(&format!("after Create of {KIND}")).await;
    // The Secret changes before the next process looks.
    let second = scene.set_secret("tagging", "sk-two").await;
    scene.start_operator().await;
    let made = scene.only_config().0;
    let way_out = format!("adoption: {{datasetJobConfigId: {made}}}");
    let object = scene.says(KIND, "tags", "NameTaken", &way_out).await;
    assert!(!is_recorded(&object));
    scene.patch(KIND, "tags", json!({"spec": {"adoption": {"datasetJobConfigId": made}}})).await;
    let object = scene.patient().ready(&scene.api(KIND), "tags").await.unwrap();
    assert_eq!((config_id(&object), given(&object)), (made.clone(), second));
    assert_eq!(scene.only_config().2, json!({"apiKey": "sk-two"}));
    assert_eq!(scene.calls("CreateDatasetJobConfig"), (1, 0));

    // Somebody else made one of another content while the answer was lost.
    scene.cloud().add_faults([fault("CreateDatasetJobConfig", Effect::Reset, When::Before)]);
    scene.create(KIND, "model", index("m-1")).await;
    scene.until("a create", async |scene| scene.calls("CreateDatasetJobConfig").1 == 1).await;
    let theirs = scene.foreign_config(&dataset, INDEX, &json!({"defaultModelId": "theirs"}));
    scene.says(KIND, "model", "NameTaken", &theirs).await;
    assert_eq!(scene.configs().iter().filter(|(_, of, _)| of == TAG).count(), 1);
    // An object in doubt can be deleted, and nothing of others is touched.
    scene.end_config("model").await;
    assert_eq!(scene.configs().len(), 2);
}

/// Dies at `point` while it creates.
async fn survives(point: &str) {
    let (mut scene, _) = with_flowers("config-kill", Knobs::default(), &SELDOM).await;
    scene.let_read("secrets", &["tagging"]).await;
    scene.set_secret("tagging", "sk-one").await;
    scene.stop_operator().await;
    scene.create(KIND, "tags", with(tag("tagging"), json!({"deletionPolicy": "Delete"}))).await;
    scene.crash_at(&format!("{point} of {KIND}")).await;
    scene.start_operator().await;
    let object = scene.patient().ready(&scene.api(KIND), "tags").await.unwrap();
    assert_eq!(config_id(&object), scene.only_config().0, "{point}");
    let in_doubt = ["after Create", "before Record"].contains(&point);
    assert_eq!(status(&object, "origin"), if in_doubt { "Adopted" } else { "Created" }, "{point}");
    assert_eq!(scene.calls("CreateDatasetJobConfig"), (1, 0), "{point}");
    // Each of them dies at another point of the deletion.
    scene.stop_operator().await;
    scene.delete(KIND, "tags").await;
    let ends = ["before Delete", "after Delete", "before RemoveFinalizer", "after RemoveFinalizer"];
    scene.crash_at(&format!("{} of {KIND}", ends[point.len() % ends.len()])).await;
    scene.start_operator().await;
    scene.slowly_gone(KIND, "tags").await;
    assert_eq!(scene.configs(), [], "{point}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_within_a_create_or_a_delete_leaves_exactly_one_or_none() {
    let points = [
        "before Permit",
        "before Claim",
        "after Claim",
        "before Create",
        "after Create",
        "before Record",
        "after Record",
    ];
    join_all(points.map(survives)).await;
}

/// Updates and deletes lose their answers so.
async fn changes_survive(effect: Effect) {
    let (scene, _) = with_flowers("config-lost", Knobs::default(), &HASTY).await;
    scene.let_read("secrets", &["tagging"]).await;
    scene.set_secret("tagging", "sk-0").await;
    scene.create(KIND, "tags", tag("tagging")).await;
    let id = config_id(&scene.ready(KIND, "tags").await);
    for (number, when) in [When::Before, When::After].into_iter().enumerate() {
        scene.cloud().add_faults([fault("UpdateDatasetJobConfig", effect, when)]);
        let key = format!("sk-{}", number + 1);
        let version = scene.set_secret("tagging", &key).await;
        scene
            .config_that("tags", "of the new Secret", |object| given(object) == version && testbed::is_ready(object))
            .await;
        assert!(scene.configs().contains(&(id.clone(), TAG.to_owned(), json!({"apiKey": key}))), "{effect:?} {when:?}");
    }
    scene.end_config("tags").await;
    for when in [When::Before, When::After] {
        scene.create(KIND, "model", index("m-1")).await;
        scene.ready(KIND, "model").await;
        scene.cloud().add_faults([fault("DeleteDatasetJobConfig", effect, when)]);
        scene.end_config("model").await;
        assert_eq!(scene.configs(), [], "{effect:?} {when:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answers_to_updates_and_deletes_end_well() {
    join_all([Effect::Error, Effect::Reset, Effect::Drop, Effect::Garble].map(changes_survive)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_while_the_create_is_in_doubt_ends() {
    let (scene, _) = with_flowers("config-doubt", Knobs::default(), &HASTY).await;
    scene.cloud().add_faults([late("CreateDatasetJobConfig", 3000)]);
    scene.create(KIND, "model", with(index("m-1"), json!({"deletionPolicy": "Delete"}))).await;
    scene
        .until("a create", async |scene| {
            scene.cloud().log().iter().any(|line| line.operation == "CreateDatasetJobConfig")
        })
        .await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    scene.delete(KIND, "model").await;
    scene.slowly_gone(KIND, "model").await;
}
