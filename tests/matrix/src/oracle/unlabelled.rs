//! Remotes without labels: jobs, metadata of files, datasets of IMM. In a scene nobody but the operator makes any, so what
//! is there must be what the objects record, each once, and nothing else.

use std::collections::BTreeSet;

use kube::api::DynamicObject;
use pai_emulator::{FileMeta, State};
use serde_json::Value;

use super::{Sort, Violation, violation};
use crate::history::sight;
use crate::scene::{FILES, JOB, MEDIA};

/// Each object of these kinds is Ready at its generation, and the service has exactly what they record.
pub(super) fn each_once(objects: &[(&'static str, DynamicObject)], state: &State) -> Vec<Violation> {
    let newer = objects.iter().filter(|(kind, _)| [JOB, FILES, MEDIA].contains(kind));
    let unready = newer.map(|(kind, object)| sight(kind, object)).filter(|sight| !sight.is_ready());
    let mut wrong: Vec<_> =
        unready.map(|sight| violation(Sort::Stuck, format!("{} is not Ready: {sight:?}", sight.name))).collect();
    let statuses = |of| objects.iter().filter(move |(kind, _)| *kind == of).map(|(_, object)| &object.data["status"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();

    let recorded = statuses(JOB).map(|status| text(&status["datasetJobId"])).collect();
    let there = state.jobs.iter().flatten().map(|job| job.dataset_job_id.to_string()).collect();
    wrong.extend(differ("jobs", recorded, there));
    let recorded = statuses(MEDIA).map(|status| format!("{}/{}", text(&status["projectName"]), text(&status["name"])));
    let there = state.media_datasets.iter().flatten().map(|it| format!("{}/{}", it.project_name, it.dataset_name));
    wrong.extend(differ("datasets of IMM", recorded.collect(), there.collect()));

    let listed: u64 = statuses(FILES).filter_map(|status| status["files"]["desired"].as_u64()).sum();
    let made = state.file_metas.iter().flatten().filter(|meta| !meta.deleted && is_made(meta));
    let made: Vec<_> = made.map(|meta| &meta.uri).collect();
    let different = made.iter().collect::<BTreeSet<_>>().len();
    if made.len() as u64 != listed || different != made.len() {
        let text = format!("{listed} files are listed, {} were made, {different} of them different", made.len());
        wrong.push(violation(sort(listed > 0, made.len() as u64 > listed), text));
    }
    wrong
}

/// One set says that it made this file.
fn is_made(meta: &FileMeta) -> bool {
    meta.user_tags.iter().filter(|tag| tag.starts_with("dso-")).map(|tag| tag.starts_with("dso-c-")).eq([true])
}

fn differ(what: &str, mut recorded: Vec<String>, mut there: Vec<String>) -> Option<Violation> {
    recorded.sort_unstable();
    there.sort_unstable();
    let sort = sort(!recorded.is_empty(), there.len() > recorded.len());
    (recorded != there).then(|| violation(sort, format!("{what}: recorded are {recorded:?}, there are {there:?}")))
}

fn sort(wanted: bool, more: bool) -> Sort {
    match (wanted, more) {
        (false, _) => Sort::Orphan,
        (true, true) => Sort::Duplicate,
        (true, false) => Sort::Stuck,
    }
}
