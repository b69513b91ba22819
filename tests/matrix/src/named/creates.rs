//! Creates whose result differs from the first answer.

use std::time::Duration;

use pai_emulator::{Effect, When};
use serde_json::json;
use testbed::Result;

use super::{Judged, ensure, fault, id_of};
use crate::jobs::ONE;
use crate::scene::{DATASET, Scene, dataset};

const SOON: Duration = Duration::from_secs(30);

/// The settle time is 4 s, but the first create takes effect after 8 s, which the operator assumes to be impossible.
pub(super) async fn late_beyond_settle(scene: &mut Scene) -> Result<Judged> {
    scene.emulator.add_faults([fault("CreateDataset", Effect::Delay, When::Before, 8000)]);
    scene.create(DATASET, ONE, dataset(ONE)).await?;
    scene.until("both creates", SOON, async |scene: &mut Scene| Ok(scene.carried_out("CreateDataset") == 2)).await?;
    scene.until("one dataset", SOON, async |scene: &mut Scene| Ok(scene.datasets().len() == 1)).await?;
    scene.ready(DATASET, ONE).await?;
    Ok(Judged { may_double: true, ..Judged::default() })
}

/// A create that is executed and answered later.
async fn under_way(scene: &mut Scene, when: When) -> Result<()> {
    scene.emulator.add_faults([fault("CreateDataset", Effect::Delay, when, 1500)]);
    scene.create(DATASET, ONE, dataset(ONE)).await?;
    scene.claimed(DATASET, ONE).await
}

pub(super) async fn deleted_before_recorded(scene: &mut Scene) -> Result<Judged> {
    under_way(scene, When::After).await?;
    scene.until("the create", SOON, async |scene: &mut Scene| Ok(scene.carried_out("CreateDataset") == 1)).await?;
    scene.delete(DATASET, ONE).await?;
    scene.gone(DATASET, ONE).await?;
    ensure(scene.datasets().is_empty(), "an orphan is left")?;
    Ok(Judged::default())
}

pub(super) async fn made_again_meanwhile(scene: &mut Scene) -> Result<Judged> {
    under_way(scene, When::Before).await?;
    scene.force_off(DATASET, ONE).await?;
    scene.create(DATASET, ONE, dataset(ONE)).await?;
    let object = scene.ready(DATASET, ONE).await?;
    scene.until("a create", SOON, async |scene: &mut Scene| Ok(scene.carried_out("CreateDataset") >= 1)).await?;
    scene.until("one dataset", SOON, async |scene: &mut Scene| Ok(scene.datasets().len() == 1)).await?;
    let there = scene.datasets().into_iter().any(|dataset| dataset.dataset_id == id_of(&object));
    ensure(there, "the dataset of the new object is gone")?;
    Ok(Judged { may_double: true, ..Judged::default() })
}

pub(super) async fn edited_meanwhile(scene: &mut Scene) -> Result<Judged> {
    under_way(scene, When::After).await?;
    scene.patch(DATASET, ONE, json!({"spec": {"description": "edited"}})).await?;
    let id = id_of(&scene.ready(DATASET, ONE).await?);
    let edited = scene.emulator.dataset(&id).and_then(|dataset| dataset.description);
    ensure(edited.as_deref() == Some("edited"), "the edit was lost")?;
    ensure(scene.carried_out("CreateDataset") == 1, "it was made more than once")?;
    Ok(Judged::default())
}
