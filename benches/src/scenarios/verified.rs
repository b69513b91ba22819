//! When has a candidate compared every settled object with the cloud?

use std::time::Duration;

use testbed::{Context as _, Result};
use tokio::time::{Instant, sleep};

use crate::candidate::Subject;
use crate::counters::cloud::Calls;
use crate::objects::Kind;
use crate::stage::Stage;

const LOOK_EVERY: Duration = Duration::from_millis(25);

/// How a kind's remotes are read: the operation that lists them, how many it shows at most, and the one that reads one.
pub(super) const fn reads(kind: Kind) -> (&'static str, usize, &'static str) {
    match kind {
        Kind::Dataset => ("ListDatasets", 100, "GetDataset"),
        Kind::MediaDataset => ("imm:ListDatasets", 200, "imm:GetDataset"),
        Kind::DatasetJob => ("ListDatasetJobs", 100, "GetDatasetJob"),
        Kind::DatasetFileSet => ("ListDatasetFileMetas", 100, "GetDatasetFileMeta"),
    }
}

/// Waits until the candidate, started after `before` was counted, has read all `n` objects from the cloud, in whatever
/// way, and (where it can be asked) has looked at each once. At the end of the run's time, how far it came.
pub(super) async fn verified(stage: &mut Stage<'_>, before: &Calls, n: usize) -> Result<Result<Instant, String>> {
    let at_least = |calls: &Calls, operation: &str, n: usize| {
        calls.ok(operation).saturating_sub(before.ok(operation)) >= u64::try_from(n).unwrap_or(u64::MAX)
    };
    let (lists, page, reads) = reads(stage.kind);
    loop {
        let calls = stage.cloud.counts().await?;
        let read = at_least(&calls, lists, n.div_ceil(page)) || at_least(&calls, reads, n);
        if read && looks(stage).await?.is_none_or(|passes| passes >= u64::try_from(n).unwrap_or(u64::MAX)) {
            return Ok(Ok(Instant::now()));
        }
        stage.check_alive()?;
        if stage.left().is_zero() {
            let new = |operation: &str| calls.ok(operation).saturating_sub(before.ok(operation));
            let passes = looks(stage).await?.map_or("unknown".to_owned(), |passes| passes.to_string());
            let text = format!(
                "not all of {n} objects were verified: {} lists, {} reads, {passes} passes without anything to do",
                new(lists),
                new(reads),
            );
            return Ok(Err(text));
        }
        sleep(LOOK_EVERY).await;
    }
}

/// How many objects our operator says that it has looked at; others cannot be asked.
async fn looks(stage: &Stage<'_>) -> Result<Option<u64>> {
    let Some(url) = stage.subject.as_ref().and_then(Subject::metrics_url) else {
        return Ok(None);
    };
    let answer = reqwest::Client::new().get(url).send().await.context("reading the operator's metrics")?;
    let text = answer.text().await.context("reading the operator's metrics")?;
    Ok(Some(passes(&text, stage.kind)))
}

/// Passes over objects of a kind that left nothing to do.
fn passes(metrics: &str, kind: Kind) -> u64 {
    let lines = metrics.lines().filter(|line| line.starts_with("controller_runtime_reconcile_total{"));
    let controller = format!("controller=\"{}\"", kind.name());
    let ours = lines.filter(|line| line.contains(&controller) && line.contains("result=\"success\""));
    ours.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_only_passes_over_objects_of_the_kind() {
        let metrics = "\
controller_runtime_reconcile_total{controller=\"Dataset\",result=\"success\"} 41
controller_runtime_reconcile_total{controller=\"Dataset\",result=\"error\"} 5
controller_runtime_reconcile_total{controller=\"DatasetVersion\",result=\"success\"} 7
controller_runtime_reconcile_errors_total{controller=\"Dataset\"} 5
";
        assert_eq!(passes(metrics, Kind::Dataset), 41);
    }
}
