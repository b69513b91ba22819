//! The rows with a name: stories that a fault of one call does not tell.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use simulation::apiserver::store::Resource::{Datasets, Media, Versions};
use simulation::{Job, Scenario};
use testbed::proxy::{Act, End, Match, Rule, Side};
use testbed::{Error, Result};
use tokio::time::{Instant, sleep};

use crate::bed::Bed;
use crate::play::{Outcome, look_back, part, told};
use crate::quiet::settle;
use crate::scene::Scene;

const SOON: Duration = Duration::from_secs(30);

/// A row with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// `M-10`
    pub id: &'static str,
    /// What happens, and what must come of it.
    pub what: &'static str,
}

/// All of them.
pub const NAMED: [Named; 2] = [
    Named { id: "M-10", what: "a dataset with v2 to v50 goes, with a crash before and after each step: nothing left" },
    Named {
        id: "M-20",
        what: "IMM hangs, then refuses connections: Datasets go on, and IMM has one dataset when it is back",
    },
];

/// Plays one.
pub(crate) async fn play_named(bed: &Arc<Bed>, named: Named) -> Outcome {
    let begun = Instant::now();
    let outcome = match Scene::new(bed, &Scenario::calm(3, Job::Create)).await {
        Ok(mut scene) => {
            let outcome = judge(&mut scene, named).await;
            told(&scene, outcome)
        }
        Err(error) => Outcome { miss: Some(simulation::Miss::Unfinished(error.to_string())), ..Outcome::default() },
    };
    Outcome { took: begun.elapsed(), ..outcome }
}

async fn judge(scene: &mut Scene, named: Named) -> Result<Outcome> {
    scene.start().await?;
    match named.id {
        "M-10" => fifty(scene).await?,
        _ => imm_away(scene).await?,
    }
    let last = scene.log.last_strike().max(scene.keeper.ended);
    let recovery = last.map(|last| last.elapsed()).unwrap_or_default();
    let mut miss = settle(scene).await?;
    if miss.is_none() {
        miss = part(scene).await?;
    }
    Ok(Outcome { recovery, miss: miss.or_else(|| look_back(scene).err()), took: Duration::ZERO })
}

fn dataset() -> serde_json::Value {
    json!({"name": "many", "property": "DIRECTORY", "dataSourceType": "OSS",
           "uri": "oss://bucket.oss-cn-hangzhou.aliyuncs.com/data/"})
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

async fn fifty(scene: &mut Scene) -> Result<()> {
    scene.users.create(Datasets, "many", &dataset()).await?;
    scene.says(Datasets, "many", "Ready", "True").await?;
    let names: Vec<_> = (2..=50).map(|number| format!("v-{number}")).collect();
    for name in &names {
        let uri = format!("oss://bucket.oss-cn-hangzhou.aliyuncs.com/{name}/");
        let spec =
            json!({"datasetRef": {"name": "many"}, "property": "DIRECTORY", "dataSourceType": "OSS", "uri": uri});
        scene.users.create(Versions, name, &spec).await?;
    }
    for name in &names {
        scene.says(Versions, name, "Ready", "True").await?;
    }
    scene.keeper.stop().await?;
    scene.users.delete(Datasets, "many").await?;
    for name in &names {
        scene.users.delete(Versions, name).await?;
    }
    for point in STEPS.iter().flat_map(|step| ["before", "after"].map(|when| format!("{when} {step}"))) {
        scene.keeper.launch(Some(&point))?;
        let deadline = Instant::now() + SOON;
        while !scene.keeper.has_ended()? {
            // A busy machine lets a process do all the rest before it comes to this point.
            if scene.users.mirror.objects().is_empty() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(Error::new(format!("no crash {point}")));
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
    scene.keeper.launch(None)?;
    scene.until("all to be gone", SOON, |scene| Ok(scene.users.mirror.objects().is_empty())).await
}

async fn imm_away(scene: &mut Scene) -> Result<()> {
    let hangs = |executed| Act::Lose { executed, end: End::Silence };
    let creates = |scene: &Scene| scene.log.count(|is| is.side == Side::Imm && is.operation == "CreateDataset");
    scene.imm.add(Rule::once(Match::operation("CreateDataset"), hangs(true)));
    scene.users.create(Media, "cats", &json!({"projectName": "photos", "description": "Cats"})).await?;
    scene.until("a create", SOON, |scene| Ok(creates(scene) == 1)).await?;
    scene.imm.add(Rule { of: Match::default(), skip: 0, times: u32::MAX, act: hangs(false) });
    scene.users.create(Datasets, "many", &dataset()).await?;
    scene.says(Datasets, "many", "Ready", "True").await?;
    scene.says(Media, "cats", "Ready", "CloudUnavailable").await?;

    // An operator that begins now lists everything first.
    scene.imm.clear();
    scene.imm.shut(u32::MAX);
    scene.keeper.stop().await?;
    scene.start().await?;
    scene.users.patch(Datasets, "many", &json!({"spec": {"description": "edited"}})).await?;
    scene.says(Datasets, "many", "Ready", "True").await?;
    scene.says(Media, "cats", "Ready", "CloudUnavailable").await?;

    scene.imm.clear();
    scene.says(Media, "cats", "Ready", "True").await?;
    let sent = creates(scene);
    if sent == 1 { Ok(()) } else { Err(Error::new(format!("it was made {sent} times"))) }
}
