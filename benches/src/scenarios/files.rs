//! S14: a set of N files that `ConfigMap`s list. How long until their metadata is there, with how many calls, and what does
//! the operator remember of them?

use std::fmt::Write as _;
use std::time::Duration;

use http::Method;
use serde_json::json;
use testbed::{Context as _, NAMESPACE, Result, SERVICE_ACCOUNT};
use tokio::time::{Instant, sleep};

use super::verified::reads;
use super::{Outcome, parents, put, until};
use crate::candidate::Tuning;
use crate::counters::proc::Usage;
use crate::loader::Act;
use crate::objects::{self, FILES, MAPS};
use crate::record::Figures;
use crate::stage::{LIMIT, Stage};
use crate::stats::count;

/// The most files of a call.
const BATCH: usize = 100;
/// Until memory is what it will be, before the set and after it.
const SETTLE: Duration = Duration::from_secs(20);

pub(super) async fn run(stage: &mut Stage<'_>, figures: &mut Figures) -> Result<Outcome> {
    let n = stage.n();
    stage.start(Tuning::default()).await?;
    parents::make(stage, 1).await?;
    list_files(stage, n).await?;
    let observer = stage.observe().await?;
    sleep(SETTLE).await;
    let (before, memory) = (stage.snapshot().await?, memory(stage));
    let load = stage.load_some(Act::Create, 0..1);
    let began = load.began();
    load.finish().await?;
    let done = until(stage, &observer, |seen| seen.ready >= 1).await?;
    let took = began.elapsed().as_secs_f64();
    // What the last write does to memory and counters shows a bit later.
    sleep(SETTLE.min(stage.left())).await;
    let difference = stage.snapshot().await?.since(&before, 0);
    difference.tell(figures);
    let (lists, page, _) = reads(stage.kind);
    let calls = |operation: &str| count(usize::try_from(difference.calls.ok(operation)).unwrap_or_default());
    let allowed = count(n.div_ceil(BATCH)) / f64::from(LIMIT);
    put(figures, "seconds", took);
    put(figures, "ratio", took / allowed);
    put(figures, "lists", calls(lists));
    put(figures, "creates", calls("CreateDatasetFileMetas"));
    put(figures, "statistics", calls("GetDatasetFileMetasStatistics"));
    put(figures, "mbBefore", memory);
    put(figures, "mbAfter", self::memory(stage));
    put(figures, "mbOfSet", self::memory(stage) - memory);

    // The next process knows none of them: it lists them all.
    stage.stop().await?;
    let before = stage.snapshot().await?;
    let began = Instant::now();
    stage.start(Tuning::default()).await?;
    let pages = u64::try_from(n.div_ceil(page)).unwrap_or_default();
    while stage.cloud.counts().await?.ok(lists) - before.calls.ok(lists) < pages && !stage.left().is_zero() {
        stage.check_alive()?;
        sleep(Duration::from_millis(100)).await;
    }
    put(figures, "walkSeconds", began.elapsed().as_secs_f64());
    sleep(SETTLE.min(stage.left())).await;
    let difference = stage.snapshot().await?.since(&before, 0);
    put(figures, "mbAfterRestart", self::memory(stage));
    let walked = difference.calls.ok(lists);
    put(figures, "walkLists", count(usize::try_from(walked).unwrap_or_default()));
    put(figures, "walkWrites", count(usize::try_from(difference.writes()).unwrap_or_default()));
    let there = stage.cloud.remotes(stage.kind).await?.len();
    Ok(Outcome::of(done && walked >= pages && there == n))
}

fn memory(stage: &Stage<'_>) -> f64 {
    stage.operator_id().and_then(Usage::of).unwrap_or_default().rss_mb
}

/// Makes the `ConfigMap`s that list `n` files, and lets the operator read them.
async fn list_files(stage: &Stage<'_>, n: usize) -> Result<()> {
    let namespace = &stage.namespace;
    let rbac = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}");
    let names: Vec<String> = (0..MAPS).map(objects::map_name).collect();
    let role = json!({
        "metadata": {"name": "files"},
        "rules": [{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": names, "verbs": ["get", "list", "watch"]}],
    });
    let binding = json!({
        "metadata": {"name": "files"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "files"},
        "subjects": [{"kind": "ServiceAccount", "name": SERVICE_ACCOUNT, "namespace": NAMESPACE}],
    });
    let mut all = vec![(format!("{rbac}/roles"), role), (format!("{rbac}/rolebindings"), binding)];
    for (map, name) in names.iter().enumerate() {
        let mut lines = String::new();
        for file in (map..n).step_by(MAPS) {
            let _ = writeln!(lines, "{}", line(file));
        }
        let object = json!({"metadata": {"name": name}, "data": {FILES: lines}});
        all.push((format!("/api/v1/namespaces/{namespace}/configmaps"), object));
    }
    for (path, object) in all {
        let request = objects::send(Method::POST, &path, "application/json", object.to_string())?;
        stage.rig.client.request_text(request).await.context(format!("POST {path}"))?;
    }
    Ok(())
}

/// A picture with two tags: some 220 bytes.
fn line(file: usize) -> String {
    json!({
        "uri": format!("oss://example-bucket/pictures/{:03}/{file:06}.jpg", file / 1000),
        "contentType": "image/jpeg",
        "fileType": "image",
        "fileFingerPrint": format!("{file:032X}"),
        "fileUpdateTime": "2026-11-01T00:00:00Z",
        "tags": [format!("class-{}", file % 100), "raw"],
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_thousand_files_fit_into_the_config_maps() {
        let file: dataset_operator::api::FileItem = serde_json::from_str(&line(99_999)).unwrap();
        assert_eq!(file.uri, "oss://example-bucket/pictures/099/099999.jpg");
        assert!((line(99_999).len() + 1) * 100_000_usize.div_ceil(MAPS) < 1 << 20);
    }
}
