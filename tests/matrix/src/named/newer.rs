//! The newer kinds behind a bad network: jobs, files in batches, and a service that has an endpoint of its own.

use std::time::Duration;

use serde_json::{Value, json};
use testbed::proxy::{Act, End, Match, Part, Rule, Side};
use testbed::{Context, Result};

use super::{Judged, ensure};
use crate::jobs::ONE;
use crate::scene::{DATASET, FILES, JOB, MEDIA, Scene, dataset};

const SOON: Duration = Duration::from_secs(30);
/// Nine batches.
const MANY: usize = 900;
/// The whole answer of a create takes longer than the operator waits.
const DRIP: Act = Act::Drip { part: Part::Body, gap: Duration::from_millis(100) };

/// An answer that ends in the middle of its body.
const fn cut(end: End) -> Act {
    Act::CutAnswer { within: Part::Body, end }
}

pub(super) async fn job_ids_cut(scene: &mut Scene) -> Result<Judged> {
    scene.create(DATASET, ONE, dataset(ONE)).await?;
    scene.ready(DATASET, ONE).await?;
    let ways = [("reset", cut(End::Reset)), ("closed", cut(End::Close)), ("silent", cut(End::Silence)), ("slow", DRIP)];
    for (name, act) in ways {
        scene.cloud.add(Rule::once(Match::operation("CreateDatasetJob").with(name), act));
        let spec = json!({
            "datasetRef": {"name": ONE}, "jobAction": "SemanticIndex", "jobSpec": {"contentList": ["file"]},
            "description": name,
        });
        scene.create(JOB, name, spec).await?;
    }
    for name in ["reset", "closed", "silent", "slow"] {
        let object = scene.ready(JOB, name).await?;
        let jobs = scene.emulator.state().jobs.unwrap_or_default();
        let own = jobs.iter().filter(|job| job.description.as_ref().is_some_and(|text| text.starts_with(name)));
        let own: Vec<_> = own.map(|job| json!(job.dataset_job_id)).collect();
        let recorded = &object.data["status"]["datasetJobId"];
        ensure(own == [recorded.clone()], format!("{name} records {recorded}, and has {own:?}"))?;
    }
    ensure(scene.log.strikes() == 4, format!("{} answers were cut", scene.log.strikes()))?;
    ensure(scene.sent("CreateDatasetJob") == 4, "a job was made again")?;
    Ok(Judged::default())
}

fn uri(number: usize) -> String {
    format!("oss://bucket/data/{number:05}.jpg")
}

/// A ConfigMap with the list of the files, and the right to read it.
async fn manifest(scene: &Scene) -> Result<()> {
    let line = |number| {
        json!({"uri": uri(number), "contentType": "image/jpeg", "fileType": "image", "fileFingerPrint": "9B2C",
               "fileUpdateTime": "2026-11-01T00:00:00Z"})
        .to_string()
    };
    let lines = (0..MANY).map(line).collect::<Vec<_>>().join("\n");
    let (client, namespace) = (&scene.bed.client, &scene.namespace);
    let rule = json!({"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["manifest"],
                      "verbs": ["get", "list", "watch"]});
    testbed::allow(client, namespace, "manifest", json!([rule])).await?;
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "manifest", "namespace": namespace},
                     "data": {"files.jsonl": lines}});
    let map = serde_json::from_value(map).context("writing a ConfigMap")?;
    testbed::apply(client, &map).await.map(drop)
}

/// The files of all batches that were carried out, whether or not the operator heard of it.
fn made(scene: &Scene) -> Vec<String> {
    let entries = scene.log.entries().into_iter();
    let batches = entries.filter(|entry| {
        entry.operation == "CreateDatasetFileMetas" && entry.answers.iter().any(|answer| answer.status == 200)
    });
    let bodies = batches.map(|batch| serde_json::from_str::<Value>(&batch.body).unwrap_or_default());
    let files = bodies.flat_map(|body| body["DatasetFileMetas"].as_array().cloned().unwrap_or_default());
    let mut uris: Vec<_> = files.map(|file| file["Uri"].as_str().unwrap_or_default().to_owned()).collect();
    uris.sort_unstable();
    uris
}

pub(super) async fn batches_cut(scene: &mut Scene) -> Result<Judged> {
    let mut spec = dataset(ONE);
    spec["edition"] = json!("ADVANCED");
    scene.create(DATASET, ONE, spec).await?;
    scene.ready(DATASET, ONE).await?;
    manifest(scene).await?;
    for (number, act) in [(150, cut(End::Reset)), (450, cut(End::Silence)), (750, DRIP)] {
        let batch = Match::operation("CreateDatasetFileMetas").with(uri(number));
        scene.cloud.add(Rule::once(batch, act));
    }
    let source = json!({"configMapKeyRef": {"name": "manifest", "key": "files.jsonl"}});
    scene.create(FILES, "files", json!({"datasetRef": {"name": ONE}, "filesFrom": [source]})).await?;
    scene.ready(FILES, "files").await?;
    ensure(scene.log.strikes() == 3, format!("{} answers were cut", scene.log.strikes()))?;
    let (made, listed) = (made(scene), (0..MANY).map(uri).collect::<Vec<_>>());
    ensure(made == listed, format!("of {MANY} files {} were made, some of them again", made.len()))?;
    Ok(Judged::default())
}

pub(super) async fn imm_away(scene: &mut Scene) -> Result<Judged> {
    let hangs = |executed| Act::Lose { executed, end: End::Silence };
    scene.imm.add(Rule::once(Match::operation("CreateDataset"), hangs(true)));
    scene.create(MEDIA, "cats", json!({"projectName": "photos", "description": "Cats"})).await?;
    let made = async |scene: &mut Scene| Ok(scene.carried_out("imm:CreateDataset") == 1);
    scene.until("a create", SOON, made).await?;
    scene.imm.add(Rule { of: Match::default(), skip: 0, times: u32::MAX, act: hangs(false) });
    scene.create(DATASET, ONE, dataset(ONE)).await?;
    scene.ready(DATASET, ONE).await?;
    scene.reason(MEDIA, "cats", "CloudUnavailable").await?;

    // An operator that begins now lists everything first.
    scene.imm.clear();
    scene.imm.shut(u32::MAX);
    scene.keeper.stop().await?;
    scene.start().await?;
    scene.create(DATASET, "two", dataset("two")).await?;
    scene.ready(DATASET, "two").await?;
    scene.patch(DATASET, ONE, json!({"spec": {"description": "edited"}})).await?;
    scene.ready(DATASET, ONE).await?;
    scene.reason(MEDIA, "cats", "CloudUnavailable").await?;

    scene.imm.clear();
    scene.ready(MEDIA, "cats").await?;
    let sent = scene.log.count(|entry| entry.side == Side::Imm && entry.operation == "CreateDataset");
    ensure(sent == 1, format!("it was made {sent} times"))?;
    Ok(Judged::default())
}
