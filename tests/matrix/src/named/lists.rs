//! Answers that hide existing remotes.

use std::time::Duration;

use pai_emulator::{Effect, When};
use serde_json::json;
use testbed::Result;
use testbed::proxy::{Act, Answer, Match, Rule};
use tokio::time::sleep;

use super::{Judged, ensure, fault, id_of};
use crate::jobs::ONE;
use crate::scene::{DATASET, Scene, dataset, label};

/// Lists may be three seconds old: 1 + 2 + 3 is below 7.
pub(super) const PATIENT: [(&str, &str); 2] =
    [("DATASET_OPERATOR_LIST_LAG", "3s"), ("DATASET_OPERATOR_SETTLE_TIME", "7s")];

/// The answer of a create is lost, and all lists return this answer, this number of times.
async fn doubt(scene: &mut Scene, body: &str, times: u32) -> Result<()> {
    scene.emulator.add_faults([fault("CreateDataset", Effect::Reset, When::After, 0)]);
    let act = Act::Answer { executed: false, answer: Answer::new(200, body) };
    scene.cloud.add(Rule { of: Match::operation("ListDatasets"), skip: 0, times, act });
    scene.create(DATASET, ONE, dataset(ONE)).await
}

async fn one_create(scene: &mut Scene) -> Result<Judged> {
    scene.ready(DATASET, ONE).await?;
    ensure(scene.sent("CreateDataset") == 1, "it was made more than once")?;
    Ok(Judged::default())
}

pub(super) async fn pages_shift(scene: &mut Scene) -> Result<Judged> {
    doubt(scene, r#"{"RequestId":"r","Datasets":[],"TotalCount":1}"#, 1000).await?;
    // Longer than the settle time.
    sleep(Duration::from_secs(6)).await;
    ensure(scene.sent("CreateDataset") == 1, "half a list was believed")?;
    scene.cloud.clear();
    one_create(scene).await
}

pub(super) async fn empty_objects(scene: &mut Scene) -> Result<Judged> {
    doubt(scene, "{}", 1000).await?;
    sleep(Duration::from_secs(6)).await;
    ensure(scene.sent("CreateDataset") == 1, "an empty object was believed to be an empty list")?;
    scene.cloud.clear();
    one_create(scene).await
}

pub(super) async fn not_found_at_first(scene: &mut Scene) -> Result<Judged> {
    let missing = Act::Answer { executed: false, answer: Answer::error(404, "201300003") };
    scene.cloud.add(Rule { of: Match::operation("GetDataset"), skip: 0, times: 1, act: missing });
    let mut spec = dataset(ONE);
    spec["onExternalDeletion"] = json!("Recreate");
    scene.create(DATASET, ONE, spec).await?;
    let id = id_of(&scene.ready(DATASET, ONE).await?);
    scene.request(DATASET, ONE, "1").await?;
    let limit = Duration::from_secs(20);
    scene.until("the read", limit, async |scene: &mut Scene| Ok(scene.sent("GetDataset") > 0)).await?;
    sleep(Duration::from_secs(4)).await;
    scene.cloud.clear();
    ensure(scene.sent("CreateDataset") == 1, "it was made again")?;
    ensure(id_of(&scene.ready(DATASET, ONE).await?) == id, "another id was recorded")?;
    Ok(Judged::default())
}

pub(super) async fn one_code_two_meanings(scene: &mut Scene) -> Result<Judged> {
    let code = |scene: &Scene, operation| {
        let act = Act::Answer { executed: false, answer: Answer::error(400, "201300003") };
        scene.cloud.add(Rule::once(Match::operation(operation), act));
    };
    let limit = Duration::from_secs(20);
    let mut spec = dataset(ONE);
    spec["onExternalDeletion"] = json!("Recreate");

    // On a create the code means that the name is taken.
    code(scene, "CreateDataset");
    scene.create(DATASET, ONE, spec).await?;
    scene.reason(DATASET, ONE, "NameTaken").await?;
    scene.request(DATASET, ONE, "1").await?;
    let id = id_of(&scene.ready(DATASET, ONE).await?);

    // On a read of a remote that was made just now, the operator looks for it again.
    code(scene, "GetDataset");
    scene.request(DATASET, ONE, "2").await?;
    let handled = async |scene: &mut Scene| -> Result<bool> {
        let object = scene.get(DATASET, ONE);
        Ok(object.is_some_and(|object| object.data["status"]["lastHandledReconcileAt"] == "2"))
    };
    scene.until("a second read", limit, handled).await?;
    ensure(scene.sent("GetDataset") == 2, format!("{} reads", scene.sent("GetDataset")))?;

    // On any other call the code means neither, even when the id is old enough to be believed gone.
    sleep(Duration::from_secs(4)).await;
    code(scene, "CreateDatasetLabels");
    scene.patch(DATASET, ONE, json!({"spec": {"labels": [{"key": "team", "value": "vision"}]}})).await?;
    let labelled = async |scene: &mut Scene| -> Result<bool> {
        let labels = scene.emulator.dataset(&id).map(|dataset| dataset.labels).unwrap_or_default();
        Ok(label(&labels, "team") == Some("vision"))
    };
    scene.until("the label", limit, labelled).await?;
    ensure(id_of(&scene.ready(DATASET, ONE).await?) == id, "another id was recorded")?;
    code(scene, "DeleteDataset");
    scene.delete(DATASET, ONE).await?;
    scene.gone(DATASET, ONE).await?;
    ensure(scene.carried_out("DeleteDataset") == 1, "it was let go, not deleted")?;
    ensure(scene.carried_out("CreateDataset") == 1, "it was made again")?;
    Ok(Judged::default())
}
