//! Versions.

use std::time::Duration;

use futures::StreamExt;
use pai_emulator::{Effect, When};
use serde_json::json;
use testbed::{Error, Result};
use tokio::time::{Instant, sleep};

use super::{Judged, ensure, fault};
use crate::jobs::ONE;
use crate::play::state;
use crate::scene::{DATASET, Scene, VERSION, dataset, version};

const SOON: Duration = Duration::from_secs(30);

pub(super) async fn first_alone(scene: &mut Scene) -> Result<Judged> {
    scene.create(DATASET, ONE, dataset(ONE)).await?;
    scene.ready(DATASET, ONE).await?;
    scene.create(VERSION, "first", json!({"datasetRef": {"name": ONE}, "adoption": {"versionName": "v1"}})).await?;
    scene.ready(VERSION, "first").await?;
    let before = scene.log.len();
    scene.delete(VERSION, "first").await?;
    scene.gone(VERSION, "first").await?;
    let done = crate::oracle::doings(scene, before);
    ensure(done.is_empty(), format!("something was done: {done:?}"))?;
    scene.delete(DATASET, ONE).await?;
    scene.gone(DATASET, ONE).await?;
    Ok(Judged::default())
}

/// The steps at which it dies while a tree goes, in the order in which they come. Versions report only if they must wait long
/// enough, so reports are left out: a process that waits for one in vain does all the rest meanwhile.
const STEPS: [&str; 7] = [
    "Reread of DatasetVersion",
    "Reread of Dataset",
    "Read of Dataset",
    "ListChildren of Dataset",
    "Delete of Dataset",
    "RemoveFinalizer of Dataset",
    "RemoveFinalizer of DatasetVersion",
];

pub(super) async fn fifty(scene: &mut Scene) -> Result<Judged> {
    scene.create(DATASET, ONE, dataset(ONE)).await?;
    scene.ready(DATASET, ONE).await?;
    let names: Vec<_> = (2..=50).map(|number| format!("v-{number}")).collect();
    let here = &*scene;
    let made: Vec<Result<()>> = futures::stream::iter(&names)
        .map(|name| async move {
            here.create(VERSION, name, version(name)).await?;
            here.ready(VERSION, name).await.map(drop)
        })
        .buffer_unordered(49)
        .collect()
        .await;
    made.into_iter().collect::<Result<Vec<()>>>()?;
    scene.keeper.stop().await?;
    scene.delete(DATASET, ONE).await?;
    for name in &names {
        scene.delete(VERSION, name).await?;
    }
    for point in STEPS.iter().flat_map(|step| ["before", "after"].map(|when| format!("{when} {step}"))) {
        scene.keeper.launch(Some(&point))?;
        let deadline = Instant::now() + SOON;
        while !scene.keeper.has_ended()? {
            if Instant::now() >= deadline {
                return Err(Error::new(format!("no crash {point}\n{}", state(scene))));
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
    scene.keeper.launch(None)?;
    scene.until("all to be gone", SOON, async |scene: &mut Scene| Ok(scene.objects().is_empty())).await?;
    ensure(scene.datasets().is_empty(), "something is left")?;
    Ok(Judged::default())
}

pub(super) async fn two_at_once(scene: &mut Scene) -> Result<Judged> {
    scene.create(DATASET, ONE, dataset(ONE)).await?;
    let id = super::id_of(&scene.ready(DATASET, ONE).await?);
    let slow = fault("CreateDatasetVersion", Effect::Delay, When::After, 500);
    scene.emulator.add_faults([slow.clone(), slow]);
    for name in ["a", "b"] {
        scene.create(VERSION, name, version(name)).await?;
    }
    for name in ["a", "b"] {
        let object = scene.ready(VERSION, name).await?;
        let version = object.data["status"]["versionName"].as_str().unwrap_or_default().to_owned();
        let remote = scene.emulator.dataset(&id).ok_or_else(|| Error::new("the dataset is gone"))?;
        let uri = remote.version(&version).map(|version| version.uri.clone()).unwrap_or_default();
        ensure(object.data["spec"]["uri"] == json!(uri), format!("{name} has {version} with {uri}"))?;
    }
    Ok(Judged::default())
}
