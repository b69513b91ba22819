//! Quiet afterwards: over three resyncs the operator changes nothing in the cloud and writes nothing to Kubernetes. The
//! proxies' log and the API server's audit log show this.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use testbed::{Context, OPERATOR_USER, Result};
use tokio::time::{Instant, sleep};

use crate::oracle::{Sort, Violation, alive, doings, violation};
use crate::scene::Scene;

/// Three resyncs, and a little more.
const WINDOW: Duration = Duration::from_millis(3300);
/// How long the operator may take until it is quiet.
const LIMIT: Duration = Duration::from_secs(90);
/// How often the state is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Waits until the goal is reached and stays reached; otherwise returns the violation.
pub(crate) async fn settle(scene: &mut Scene) -> Result<Vec<Violation>> {
    let deadline = Instant::now() + LIMIT;
    loop {
        scene.keeper.look()?;
        let wrong = alive(scene);
        if wrong.is_empty() {
            let done = quiet(scene).await?;
            if done.is_empty() && alive(scene).is_empty() {
                return Ok(Vec::new());
            }
            if Instant::now() >= deadline {
                return Ok(vec![violation(Sort::Stuck, format!("it is never quiet: {done:?}"))]);
            }
        } else if Instant::now() >= deadline {
            return Ok(wrong);
        }
        sleep(LOOK).await;
    }
}

/// The calls and writes within three resyncs.
async fn quiet(scene: &mut Scene) -> Result<Vec<String>> {
    let (mark, audited, sweeps) = (scene.log.len(), length(scene)?, scene.sweeps());
    sleep(WINDOW).await;
    scene.until("three sweeps", LIMIT, async |scene: &mut Scene| Ok(scene.sweeps() >= sweeps + 3)).await?;
    let mut done = doings(scene, mark);
    done.extend(writes(scene, audited)?);
    Ok(done)
}

fn length(scene: &Scene) -> Result<u64> {
    let path = scene.bed.audit()?.path().to_owned();
    Ok(std::fs::metadata(path).context("looking at the audit log")?.len())
}

/// The operator's writes to objects of this namespace that the audit log has from there on.
fn writes(scene: &Scene, from: u64) -> Result<Vec<String>> {
    let mut file = File::open(scene.bed.audit()?.path()).context("opening the audit log")?;
    file.seek(SeekFrom::Start(from)).context("reading the audit log")?;
    let mut text = Vec::new();
    file.read_to_end(&mut text).context("reading the audit log")?;
    let text = String::from_utf8_lossy(&text);
    let namespace = format!("\"namespace\":\"{}\"", scene.namespace);
    let ours = |line: &&str| {
        line.contains("\"ResponseComplete\"")
            && line.contains(OPERATOR_USER)
            && line.contains(&namespace)
            && ["create", "update", "patch", "delete"].iter().any(|verb| line.contains(&format!("\"verb\":\"{verb}\"")))
            && !line.contains("\"resource\":\"events\"")
    };
    Ok(text.lines().filter(ours).map(str::to_owned).collect())
}
