//! Quiet afterwards: over three resyncs the operator changes nothing in the cloud and writes nothing to Kubernetes. The
//! proxies' log and the API server's audit log show this.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use simulation::Miss;
use testbed::{Context, OPERATOR_USER, Result};
use tokio::time::{Instant, sleep};

use crate::scene::{LOOK, Scene};

/// Three resyncs, and a little more.
const WINDOW: Duration = Duration::from_millis(3300);
/// How long the operator may take until it is quiet.
const LIMIT: Duration = Duration::from_secs(90);

/// Waits until the goal is reached and stays reached without calls or writes; otherwise returns what is missing.
pub(crate) async fn settle(scene: &mut Scene) -> Result<Option<Miss>> {
    let deadline = Instant::now() + LIMIT;
    loop {
        scene.keeper.look()?;
        let miss = match scene.look() {
            Ok(()) => match quiet(scene).await? {
                None => scene.look().err(),
                restless => restless,
            },
            Err(miss) => Some(miss),
        };
        if miss.is_none() || Instant::now() >= deadline {
            return Ok(miss);
        }
        sleep(LOOK).await;
    }
}

/// A call or write within three resyncs.
async fn quiet(scene: &mut Scene) -> Result<Option<Miss>> {
    let (calls, audited, sweeps) = (scene.log.len(), length(scene)?, scene.sweeps());
    sleep(WINDOW).await;
    scene.until("three sweeps", LIMIT, |scene| Ok(scene.sweeps() >= sweeps + 3)).await?;
    let history = scene.history();
    let call = history.get(calls..).unwrap_or_default().iter().find(|entry| entry.class.writes());
    let told = call.map(ToString::to_string).or(write(scene, audited)?);
    Ok(told.map(Miss::Restless))
}

fn length(scene: &Scene) -> Result<u64> {
    let path = scene.bed.audit()?.path().to_owned();
    Ok(std::fs::metadata(path).context("looking at the audit log")?.len())
}

/// A write of the operator to an object of this namespace that the audit log has from there on.
fn write(scene: &Scene, from: u64) -> Result<Option<String>> {
    let mut file = File::open(scene.bed.audit()?.path()).context("opening the audit log")?;
    file.seek(SeekFrom::Start(from)).context("reading the audit log")?;
    let mut text = Vec::new();
    file.read_to_end(&mut text).context("reading the audit log")?;
    let text = String::from_utf8_lossy(&text);
    let namespace = format!("\"namespace\":\"{}\"", scene.users.namespace);
    let ours = |line: &&str| {
        line.contains("\"ResponseComplete\"")
            && line.contains(OPERATOR_USER)
            && line.contains(&namespace)
            && ["create", "update", "patch", "delete"].iter().any(|verb| line.contains(&format!("\"verb\":\"{verb}\"")))
            && !line.contains("\"resource\":\"events\"")
    };
    Ok(text.lines().find(ours).map(str::to_owned))
}
