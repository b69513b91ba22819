//! Misleading answers: a refusal after the request was carried out, a "not found" about something else, an incomplete list.
//! Names may repeat, so that a duplicate could exist.

use pai_emulator::{Effect, Fault, NameScope, When};
use serde_json::{Value, json};
use testbed::proxy::{Match, Rule};

use crate::hostile;
use crate::looks::version_of;
use crate::scene::{Scene, Setting, dataset_id, oss};
use crate::trouble::{INTENT, fault, intent};

/// `operation` is answered with this error, before or after it was carried out.
fn refusal(operation: &str, when: When, status: u16, code: &str) -> Fault {
    Fault { status, code: code.to_owned(), ..fault(operation, Effect::Error, when) }
}

/// Something between client and service delivered a request twice, and the second answer came back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_that_is_refused_because_a_copy_got_through_is_looked_for() {
    let scene = Scene::with_names("copy", NameScope::None).await;
    for (name, status, code) in [("nonce", 400, "SignatureNonceUsed"), ("name", 400, "201300003")] {
        scene.faults([refusal("CreateDataset", When::After, status, code)]);
        scene.create("Dataset", name, oss(name)).await;
        let object = scene.ready("Dataset", name).await;
        assert_eq!(object.data["status"]["recovered"], json!(true), "{code}");
    }
    scene.exactly_one_each(&["nonce", "name"]).await;
    assert_eq!(scene.calls("CreateDataset"), (2, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_that_is_answered_without_an_id_is_looked_for() {
    let (scene, proxy) = hostile::scene("noid").await;
    proxy.add(Rule::once(Match::operation("CreateDataset"), hostile::instead(&json!({"RequestId": "r-1"}))));
    scene.create("Dataset", "one", oss("one")).await;
    let object = scene.ready("Dataset", "one").await;
    assert_eq!(object.data["status"]["recovered"], json!(true));
    scene.exactly_one_each(&["one"]).await;
    assert_eq!(scene.calls("CreateDataset"), (1, 0));
    assert_eq!(scene.writes("datasets", Some("one")).await, 2, "claim and record");
}

/// An operator that may not read, or that asks a gateway which does not know the call, has no proof that a remote is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_is_refused_does_not_mean_gone() {
    let scene = Scene::with_names("refused", NameScope::None).await;
    for (name, status, code, reason) in [
        ("denied", 403, "NoPermission", "AccessDenied"),
        ("unknown", 404, "InvalidAction.NotFound", "CloudUnavailable"),
        ("strange", 404, "201399999", "CloudUnavailable"),
    ] {
        scene.create("Dataset", name, oss(name)).await;
        scene.ready("Dataset", name).await;
        scene.faults([Fault { count: 3, ..refusal("GetDataset", When::Before, status, code) }]);
        scene.delete("Dataset", name).await;
        let message = scene.reason("Dataset", name, reason).await;
        assert!(message.contains("GetDataset") && message.contains(code), "{message}");
        scene.annotate("Dataset", name, "reconcile-requested-at", json!("now")).await;
        scene.gone("Dataset", name).await;
        assert_eq!(scene.cloud().datasets(), [], "{code}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_with_a_hole_ends_no_doubt() {
    let (scene, proxy) = hostile::scene("hole").await;
    scene.create("Dataset", "before", oss("before")).await;
    scene.ready("Dataset", "before").await;
    let hole = json!({"Datasets": [], "TotalCount": 1, "PageNumber": 1, "PageSize": 100});
    proxy.add(hostile::always(Match::operation("ListDatasets"), hostile::instead(&hole)));
    scene.faults([fault("CreateDataset", Effect::Drop, When::After)]);
    scene.create("Dataset", "one", oss("one")).await;
    // The object says so after the settle time.
    let message = scene.reason("Dataset", "one", "CloudUnavailable").await;
    assert!(message.contains("a list kept changing while it was read"), "{message}");
    proxy.clear();
    scene.exactly_one_each(&["before", "one"]).await;
    assert_eq!(scene.calls("CreateDataset"), (2, 0));
}

/// The codes of the service are not published. With each code for "not found", the objects say that the dataset is
/// gone, and their deletion ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_gone_is_told_as_gone_and_goes_whatever_the_code() {
    let env = vec![("DATASET_OPERATOR_LIST_LAG", "500ms".to_owned())];
    let scene = Scene::with("codes", Setting { env, ..Setting::default() }).await;
    let codes = [(400, "201300002"), (404, "Entity.Vanished"), (409, "2013"), (412, "DatasetState")];
    for (number, (status, code)) in codes.into_iter().enumerate() {
        let (whole, part) = (format!("whole-{number}"), format!("part-{number}"));
        scene.create("Dataset", &whole, oss(&whole)).await;
        let id = dataset_id(&scene.ready("Dataset", &whole).await);
        scene.create("DatasetVersion", &part, version_of(&whole, "v2")).await;
        scene.ready("DatasetVersion", &part).await;
        scene.cloud().set_knobs(|knobs| (knobs.not_found_status, knobs.not_found_code) = (status, code.to_owned()));
        scene.console("DELETE", &format!("/api/v1/datasets/{id}/versions/v2"), Value::Null);
        scene.annotate("DatasetVersion", &part, "reconcile-requested-at", json!("now")).await;
        scene.reason("DatasetVersion", &part, "RemoteDeleted").await;
        scene.console("DELETE", &format!("/api/v1/datasets/{id}"), Value::Null);
        scene.annotate("Dataset", &whole, "reconcile-requested-at", json!("now")).await;
        scene.reason("Dataset", &whole, "RemoteDeleted").await;
        scene.delete("DatasetVersion", &part).await;
        scene.delete("Dataset", &whole).await;
        scene.gone("DatasetVersion", &part).await;
        scene.gone("Dataset", &whole).await;
    }
}

/// A delete that is refused says so with the service's words, and is tried again within minutes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_delete_tells_why_and_ends_once_it_is_taken() {
    let scene = Scene::new("undeleted").await;
    scene.create("Dataset", "one", oss("one")).await;
    scene.ready("Dataset", "one").await;
    scene.faults([Fault { count: 3, ..refusal("DeleteDataset", When::Before, 404, "Dataset.Mounted") }]);
    scene.delete("Dataset", "one").await;
    let message = scene.reason("Dataset", "one", "DeletionBlocked").await;
    assert!(message.contains("DeleteDataset was refused: 404 Dataset.Mounted"), "{message}");
    let object = scene.datasets().get("one").await.unwrap();
    assert_eq!(testbed::condition(&object, "Stalled").map(|stalled| stalled.status), Some("True".to_owned()));
    scene.gone("Dataset", "one").await;
    assert_eq!(scene.cloud().datasets(), []);
}

/// An intent is only an annotation: the operator compares its target with the configuration and never uses it as an
/// address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_intent_that_names_another_account_is_not_followed() {
    let mut scene = Scene::with_names("elsewhere", NameScope::None).await;
    scene.faults([fault("CreateDataset", Effect::Drop, When::Before)]);
    scene.create("Dataset", "one", oss("one")).await;
    let claimed = scene.claimed("Dataset", "one").await;
    scene.kill_operator();
    let ours = intent(&claimed).unwrap();
    let write = async |scene: &Scene, intent: &Value| {
        let annotations = json!({INTENT: intent.to_string()});
        scene.patch("Dataset", "one", json!({"metadata": {"annotations": annotations}})).await;
    };
    let mut theirs = ours.clone();
    theirs["target"]["account"] = json!("somebody");
    write(&scene, &theirs).await;
    scene.start_operator().await;
    let message = scene.reason("Dataset", "one", "AccountMismatch").await;
    assert!(message.contains("somebody") && message.contains("force-release"), "{message}");
    write(&scene, &ours).await;
    scene.exactly_one_each(&["one"]).await;
    assert_eq!(scene.calls("CreateDataset"), (1, 1), "the first one was never carried out");
}

/// The operator looks for an attempt in the place where it was made, whatever the spec says now.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_is_looked_for_in_its_own_workspace_though_the_spec_names_another_one_now() {
    let mut scene = Scene::with_names("workspace", NameScope::None).await;
    scene.faults([fault("CreateDataset", Effect::Drop, When::After)]);
    // Neither workspace is the default one, which is listed anyway.
    let mut spec = oss("one");
    spec["workspaceId"] = json!("480");
    scene.create("Dataset", "one", spec).await;
    scene.claimed("Dataset", "one").await;
    scene.until("the create", async |scene| scene.cloud().datasets().len() == 1).await;
    scene.kill_operator();
    scene.patch("Dataset", "one", json!({"spec": {"workspaceId": "481"}})).await;
    scene.start_operator().await;
    let message = scene.reason("Dataset", "one", "ImmutableChanged").await;
    assert!(message.contains("workspaceId"), "{message}");
    scene.patch("Dataset", "one", json!({"spec": {"workspaceId": "480"}})).await;
    scene.exactly_one_each(&["one"]).await;
    assert_eq!(scene.calls("CreateDataset"), (1, 0));
}
