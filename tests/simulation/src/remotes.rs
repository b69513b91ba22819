//! Remotes as the service has them, each with its mark and its content; and whether one equals its spec.

use pai_emulator::{Dataset, Job as Run, JobConfig, Label, MediaDataset};
use serde_json::Value;

use crate::apiserver::store::Store;
use crate::evidence::{Evidence, marked};
use crate::goal::recorded;
use crate::likeness::{Labels, unlike};

/// A remote with a mark.
pub(crate) struct Remote<'a> {
    pub(crate) id: String,
    pub(crate) is_released: bool,
    content: Content<'a>,
}

/// What is compared with the spec.
enum Content<'a> {
    /// A dataset or version whose mark is in its labels: all of it.
    Labelled(Value),
    /// The user's part of the description, in which the mark is.
    Text(&'a str),
    /// The JSON text of a configuration.
    Model(&'a str),
}

/// The remotes whose mark names this uid.
pub(crate) fn remotes_of<'a>(datasets: &'a [Dataset], uid: &str) -> Vec<Remote<'a>> {
    let mut found = Vec::new();
    for dataset in datasets {
        if marked(&dataset.labels) == Some(uid) {
            found.push(Remote {
                id: dataset.dataset_id.clone(),
                is_released: is_released(&dataset.labels),
                content: Content::Labelled(serde_json::to_value(dataset).unwrap_or_default()),
            });
        }
        let versions = dataset.versions.iter().filter(|version| marked(&version.labels) == Some(uid));
        found.extend(versions.map(|version| Remote {
            id: format!("{}/{}", dataset.dataset_id, version.version_name),
            is_released: is_released(&version.labels),
            content: Content::Labelled(serde_json::to_value(version).unwrap_or_default()),
        }));
    }
    found
}

fn is_released(labels: &[Label]) -> bool {
    labels.iter().any(|label| label.key == "dso-released")
}

/// The media dataset of this name, if it has a mark. (A mark in a text names no uid.)
pub(crate) fn media_of<'a>(all: &'a [MediaDataset], name: &str) -> Vec<Remote<'a>> {
    let ours = |one: &&MediaDataset| &*one.dataset_name == name && one.description.contains("[dso1.");
    all.iter().filter(ours).map(media_remote).collect()
}

/// The jobs with a mark that are not deleted; of those with the same mark, which a call that was carried out twice made, the
/// first.
pub(crate) fn runs(evidence: &Evidence, store: &Store) -> Vec<Run> {
    let mut all: Vec<Run> = evidence.cloud.state().jobs.unwrap_or_default();
    let mark =
        |job: &Run| job.description.as_deref().and_then(|text| text.split_once("[dso1.")).map(|(_, m)| m.to_owned());
    all.retain(|job| job.deleted_ms.is_none() && mark(job).is_some());
    let recorded: Vec<_> = store.all().filter_map(|(key, object)| recorded(key.resource, object)).collect();
    let own = |job: &Run| recorded.contains(&run_id(job));
    let copies: Vec<_> = all.iter().filter(|job| !own(job)).map(run_id).collect();
    let is_copy = |job: &Run, all: &[Run]| {
        copies.contains(&run_id(job))
            && (evidence.made_twice()
                || all.iter().any(|other| run_id(other) != run_id(job) && mark(other) == mark(job)))
    };
    let kept = all.clone();
    all.retain(|job| !is_copy(job, &kept));
    all
}

fn run_id(job: &Run) -> String {
    format!("{}/jobs/{}", job.dataset_id, job.dataset_job_id)
}

pub(crate) fn run_remote(job: &Run) -> Remote<'_> {
    text_remote(run_id(job), job.description.as_deref().unwrap_or_default())
}

/// A configuration. It has no mark, so there is no other one in the world.
pub(crate) fn config_remote(config: &JobConfig) -> Remote<'_> {
    let id = format!("{}/configs/{}", config.dataset_id, config.dataset_job_config_id);
    Remote { content: Content::Model(&config.config), ..text_remote(id, "") }
}

fn media_remote(media: &MediaDataset) -> Remote<'_> {
    text_remote(format!("{}/{}", media.project_name, media.dataset_name), &media.description)
}

/// A remote whose mark is in its description.
fn text_remote(id: String, description: &str) -> Remote<'_> {
    let (own, mark) = description.split_once("[dso1.").unwrap_or_default();
    Remote { id, is_released: mark.starts_with(char::is_uppercase), content: Content::Text(own.trim_end()) }
}

impl Remote<'_> {
    /// Does the remote equal this spec? `theirs` are labels of others that it must have too.
    pub(crate) fn check(&self, spec: &Value, theirs: Option<&Labels>) -> Result<(), String> {
        let wrong = match &self.content {
            Content::Labelled(remote) => unlike(spec, remote, theirs),
            Content::Text(own) => {
                let wanted = spec["description"].as_str();
                wanted.filter(|wanted| wanted != own).map(|_| format!("description is {own:?}"))
            }
            Content::Model(model) => {
                let is: Value = serde_json::from_str(model).unwrap_or_default();
                let differs = is["defaultModelId"] != spec["multimodalSemanticIndex"]["defaultModelId"];
                differs.then(|| format!("it holds {model}"))
            }
        };
        wrong.map_or(Ok(()), Err)
    }
}
