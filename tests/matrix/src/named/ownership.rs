//! Other owners: another account, another person, an earlier object of the same name.

use std::time::Duration;

use pai_emulator::Credential;
use serde_json::json;
use testbed::Result;
use testbed::proxy::{Act, Match, Rule};
use tokio::time::sleep;

use super::{Judged, ensure, id_of};
use crate::jobs::ONE;
use crate::scene::{DATASET, Scene, dataset, label};

const SOON: Duration = Duration::from_secs(30);
const KEY: &str = "ALIBABA_CLOUD_ACCESS_KEY_ID";
const SECRET: &str = "ALIBABA_CLOUD_ACCESS_KEY_SECRET";

pub(super) async fn another_account(scene: &mut Scene) -> Result<Judged> {
    let theirs = Credential {
        account_id: "222222".to_owned(),
        user_id: "222222".to_owned(),
        ..Credential::access_key("theirKeyId", "theirKeySecret")
    };
    let ours = Credential::access_key("testAccessKeyId", "testAccessKeySecret");
    scene.emulator.set_credentials(vec![ours, theirs]);
    let mut spec = dataset(ONE);
    spec["onExternalDeletion"] = json!("Recreate");
    scene.create(DATASET, ONE, spec).await?;
    let id = id_of(&scene.ready(DATASET, ONE).await?);

    scene.keeper.stop().await?;
    scene.keeper.set(KEY, "theirKeyId");
    scene.keeper.set(SECRET, "theirKeySecret");
    scene.start().await?;
    scene.request(DATASET, ONE, "1").await?;
    sleep(Duration::from_secs(3)).await;
    ensure(scene.sent("CreateDataset") == 1, "it was made again in another account")?;
    scene.delete(DATASET, ONE).await?;
    scene.reason(DATASET, ONE, "AccountMismatch").await?;
    ensure(scene.sent("DeleteDataset") == 0, "something was deleted")?;
    ensure(scene.emulator.dataset(&id).is_some(), "the dataset is gone")?;

    scene.keeper.stop().await?;
    scene.keeper.set(KEY, "testAccessKeyId");
    scene.keeper.set(SECRET, "testAccessKeySecret");
    scene.start().await?;
    scene.gone(DATASET, ONE).await?;
    Ok(Judged::default())
}

pub(super) async fn labelled_meanwhile(scene: &mut Scene) -> Result<Judged> {
    let mut spec = dataset(ONE);
    spec["labels"] = json!([{"key": "drop", "value": "1"}]);
    scene.create(DATASET, ONE, spec).await?;
    let id = id_of(&scene.ready(DATASET, ONE).await?);
    let second = Match::operation("CreateDatasetLabels").with("team");
    scene.cloud.add(Rule::once(second, Act::Delay(Duration::from_millis(700))));
    scene.patch(DATASET, ONE, json!({"spec": {"labels": [{"key": "team", "value": "vision"}]}})).await?;
    scene.until("the second call", SOON, async |scene: &mut Scene| Ok(scene.log.strikes() > 0)).await?;
    let theirs = json!({"Labels": [{"Key": "theirs", "Value": "1"}]});
    scene.console("POST", &format!("/api/v1/datasets/{id}/labels"), &theirs)?;
    scene.ready(DATASET, ONE).await?;
    let labels = scene.emulator.dataset(&id).map(|dataset| dataset.labels).unwrap_or_default();
    let is = |key: &str| label(&labels, key).map(str::to_owned);
    ensure(is("theirs").as_deref() == Some("1"), "the label of somebody else is gone")?;
    ensure(is("team").as_deref() == Some("vision") && is("drop").is_none(), format!("{labels:?}"))?;
    Ok(Judged::default())
}

pub(super) async fn way_back_from_public(scene: &mut Scene) -> Result<Judged> {
    let mut spec = dataset(ONE);
    spec["accessibility"] = json!("PUBLIC");
    scene.create(DATASET, ONE, spec).await?;
    scene.ready(DATASET, ONE).await?;
    let before = scene.sent("UpdateDataset");
    scene.patch(DATASET, ONE, json!({"spec": {"accessibility": "PRIVATE"}})).await?;
    scene.reason(DATASET, ONE, "InvalidSpec").await?;
    sleep(Duration::from_secs(3)).await;
    ensure(scene.sent("UpdateDataset") - before == 1, "it is tried again and again")?;
    scene.keeper.stop().await?;
    scene.start().await?;
    sleep(Duration::from_secs(3)).await;
    ensure(scene.sent("UpdateDataset") - before <= 2, "the next life tries it more than once")?;
    scene.patch(DATASET, ONE, json!({"spec": {"accessibility": "PUBLIC"}})).await?;
    scene.ready(DATASET, ONE).await?;
    Ok(Judged::default())
}

pub(super) async fn from_a_backup(scene: &mut Scene) -> Result<Judged> {
    scene.create(DATASET, ONE, dataset(ONE)).await?;
    let id = id_of(&scene.ready(DATASET, ONE).await?);
    for policy in ["CreateOnly", "AdoptIfMarked"] {
        scene.keeper.leave()?;
        scene.force_off(DATASET, ONE).await?;
        let mut spec = dataset(ONE);
        spec["adoption"] = json!({"policy": policy});
        scene.create(DATASET, ONE, spec).await?;
        scene.start().await?;
        if policy == "CreateOnly" {
            let message = scene.reason(DATASET, ONE, "NameTaken").await?;
            ensure(message.contains(&id), message)?;
        } else {
            let object = scene.ready(DATASET, ONE).await?;
            ensure(id_of(&object) == id, "another dataset was recorded")?;
            ensure(object.data["status"]["recovered"] == json!(true), "it is not told that it was recovered")?;
        }
    }
    ensure(scene.sent("CreateDataset") == 1, "it was made again")?;
    Ok(Judged::default())
}
