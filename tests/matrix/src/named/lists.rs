//! Answers that hide what is there.

use std::time::Duration;

use pai_emulator::{Effect, When};
use serde_json::json;
use testbed::Result;
use tokio::time::sleep;

use super::{Judged, ensure, fault, id_of};
use crate::jobs::ONE;
use crate::proxy::{Act, Answer, Match, Rule};
use crate::scene::{DATASET, Scene, dataset};

/// Lists may be three seconds old: 1 + 2 + 3 is below 7.
pub(super) const PATIENT: [(&str, &str); 2] =
    [("DATASET_OPERATOR_LIST_LAG", "3s"), ("DATASET_OPERATOR_SETTLE_TIME", "7s")];

/// A create whose answer is lost, and all lists say this, so many times.
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
    let answer = |executed| Act::Answer { executed, answer: Answer::error(400, "201300003") };
    scene.cloud.add(Rule::once(Match::operation("CreateDataset"), answer(false)));
    scene.create(DATASET, ONE, dataset(ONE)).await?;
    scene.reason(DATASET, ONE, "NameTaken").await?;
    scene.request(DATASET, ONE, "1").await?;
    let id = id_of(&scene.ready(DATASET, ONE).await?);
    scene.cloud.add(Rule::once(Match::operation("DeleteDataset"), answer(false)));
    scene.delete(DATASET, ONE).await?;
    let limit = Duration::from_secs(20);
    scene.until("the deletion", limit, async |scene: &mut Scene| Ok(scene.sent("DeleteDataset") > 0)).await?;
    sleep(Duration::from_secs(1)).await;
    ensure(scene.get(DATASET, ONE).is_some(), "the object was let go")?;
    ensure(scene.emulator.dataset(&id).is_some(), "the dataset is gone")?;
    scene.request(DATASET, ONE, "2").await?;
    scene.gone(DATASET, ONE).await?;
    Ok(Judged::default())
}
