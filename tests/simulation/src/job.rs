//! What users do.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde_json::{Value, json};

use crate::apiserver::store::Resource::{self, Configs, Datasets, Files, Media, Runs, Versions};
use crate::evidence::Evidence;
use crate::files;
use crate::kind::Kind;
use crate::shares;
use crate::specs::{config, dataset, edited, first_labels, media, retained, run, version, with, with_first};
use crate::users::Action;

/// The workspace of all datasets.
pub const WORKSPACE: &str = "478";
/// The project of all media datasets.
pub const PROJECT: &str = "photos";
/// The namespace of all objects.
pub const NAMESPACE: &str = "simulated";

/// A user's job: the objects before it, and the user's actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Job {
    /// A Dataset is made, and only then the operator starts.
    Create,
    /// Members and labels of a Dataset are edited, and it is published.
    Edit,
    /// A Dataset is deleted.
    Delete,
    /// A Dataset with policy Retain is deleted.
    Retain,
    /// A dataset of somebody else is taken over by id.
    Adopt,
    /// A `DatasetVersion` is made.
    VersionCreate,
    /// A `DatasetVersion` is edited.
    VersionEdit,
    /// A `DatasetVersion` is deleted.
    VersionDelete,
    /// A Dataset is deleted together with its two `DatasetVersions`.
    Tree,
    /// A Dataset is deleted, and made again under the same name.
    Recreate,
    /// Somebody else deletes a dataset in the cloud; then its Dataset and its two `DatasetVersions` are deleted.
    Missing,
    /// A `MediaDataset` is made.
    MediaCreate,
    /// A `MediaDataset` is edited.
    MediaEdit,
    /// A `MediaDataset` is deleted.
    MediaDelete,
    /// A `MediaDataset` is deleted, and made again under the same name.
    MediaRecreate,
    /// A `MediaDataset` with policy Retain is deleted.
    MediaRetain,
    /// A media dataset of somebody else is taken over by name.
    MediaAdopt,
    /// A `DatasetJob` is made, and runs to its end.
    RunCreate,
    /// A `DatasetJob` whose first attempt fails, and the second one too.
    RunRetry,
    /// A `DatasetJob` is deleted while it runs.
    RunDelete,
    /// A `DatasetJobConfig` is made.
    ConfigCreate,
    /// A `DatasetJobConfig` is edited.
    ConfigEdit,
    /// A `DatasetJobConfig` is deleted.
    ConfigDelete,
    /// A `DatasetFileSet` is made, of which a ConfigMap lists a part.
    FilesCreate,
    /// A file of a `DatasetFileSet` is changed, one is added, and one is taken from the ConfigMap.
    FilesEdit,
    /// A `DatasetFileSet` is deleted.
    FilesDelete,
    /// A Dataset is shared with another workspace, and no longer with one of two others.
    Share,
    /// A dataset of somebody else is taken over by name.
    AdoptName,
    /// The members and labels of v1 of a Dataset are edited.
    FirstEdit,
    /// A `DatasetVersion` with policy Retain is deleted.
    VersionRetain,
    /// Somebody else says that a dataset is released.
    Unrelease,
    /// Somebody else takes the mark off a dataset.
    Unmark,
}

impl Job {
    /// Every job with its word.
    pub const ALL: [(Self, &'static str); 32] = [
        (Self::Create, "create"),
        (Self::Edit, "edit"),
        (Self::Delete, "delete"),
        (Self::Retain, "retain"),
        (Self::Adopt, "adopt"),
        (Self::VersionCreate, "version-create"),
        (Self::VersionEdit, "version-edit"),
        (Self::VersionDelete, "version-delete"),
        (Self::Tree, "tree"),
        (Self::Recreate, "recreate"),
        (Self::Missing, "missing"),
        (Self::MediaCreate, "media-create"),
        (Self::MediaEdit, "media-edit"),
        (Self::MediaDelete, "media-delete"),
        (Self::MediaRecreate, "media-recreate"),
        (Self::MediaRetain, "media-retain"),
        (Self::MediaAdopt, "media-adopt"),
        (Self::RunCreate, "run-create"),
        (Self::RunRetry, "run-retry"),
        (Self::RunDelete, "run-delete"),
        (Self::ConfigCreate, "config-create"),
        (Self::ConfigEdit, "config-edit"),
        (Self::ConfigDelete, "config-delete"),
        (Self::FilesCreate, "files-create"),
        (Self::FilesEdit, "files-edit"),
        (Self::FilesDelete, "files-delete"),
        (Self::Share, "share"),
        (Self::AdoptName, "adopt-name"),
        (Self::FirstEdit, "first-edit"),
        (Self::VersionRetain, "version-retain"),
        (Self::Unrelease, "unrelease"),
        (Self::Unmark, "unmark"),
    ];

    /// The jobs whose words begin as one of `JOBS=create,run` in the environment; all without.
    pub fn asked_for() -> Vec<(Self, &'static str)> {
        let named = std::env::var("JOBS").unwrap_or_default();
        Self::ALL.into_iter().filter(|(_, word)| named.split(',').any(|begin| word.starts_with(begin))).collect()
    }

    /// Whether this fault is possible during this job. Five are left out: an object that is made again correctly finds
    /// its name taken by a kept dataset; an object that replaces another does not know which labels that one had set
    /// or which shares it had granted, may see files as lists showed them before the last batches of that one, and finds
    /// a configuration that no mark tells to be that one's; an attempt in doubt of another identity waits for
    /// that identity; and what has no mark, or one that says it is released, is nobody's when its object goes.
    pub fn allows(self, kind: Kind) -> bool {
        match kind {
            Kind::Delete if matches!(self, Self::Unrelease | Self::Unmark) => false,
            Kind::Recreate => !matches!(
                self,
                Self::Retain
                    | Self::Adopt
                    | Self::AdoptName
                    | Self::MediaRetain
                    | Self::VersionRetain
                    | Self::Unrelease
                    | Self::Unmark
            ),
            Kind::Replace => {
                let configs = matches!(self, Self::ConfigCreate | Self::ConfigEdit | Self::ConfigDelete);
                let others = [
                    Self::Retain,
                    Self::Adopt,
                    Self::Edit,
                    Self::VersionEdit,
                    Self::MediaRetain,
                    Self::Share,
                    Self::FilesEdit,
                    Self::AdoptName,
                    Self::FirstEdit,
                    Self::VersionRetain,
                    Self::Unrelease,
                    Self::Unmark,
                ];
                !configs && !others.contains(&self)
            }
            Kind::Stranger => matches!(self, Self::Delete | Self::Retain | Self::VersionDelete | Self::Tree),
            _ => true,
        }
    }

    /// The operator starts after the user's work.
    pub fn is_first(self) -> bool {
        self == Self::Create
    }

    /// The object that other users change.
    pub(crate) fn main(self) -> (Resource, &'static str, Value) {
        match self {
            Self::Create | Self::Edit | Self::Delete | Self::Recreate | Self::Unrelease | Self::Unmark => {
                (Datasets, "one", dataset("one"))
            }
            Self::FirstEdit => (Datasets, "one", with_first()),
            Self::Retain => (Datasets, "one", retained()),
            Self::Adopt => (Datasets, "taken", dataset("theirs")),
            Self::AdoptName => {
                (Datasets, "taken", with(dataset("theirs"), "adoption", json!({"policy": "AdoptByName"})))
            }
            Self::VersionRetain => (Versions, "second", with(version("second"), "deletionPolicy", json!("Retain"))),
            Self::VersionCreate | Self::VersionEdit | Self::VersionDelete => (Versions, "second", version("second")),
            Self::Tree | Self::Missing => (Datasets, "parent", dataset("parent")),
            Self::MediaCreate | Self::MediaEdit | Self::MediaDelete | Self::MediaRecreate => (Media, "cats", media()),
            Self::MediaRetain => (Media, "cats", with(media(), "deletionPolicy", json!("Retain"))),
            Self::MediaAdopt => (Media, "theirs", with(media(), "adoption", json!({"policy": "AdoptByName"}))),
            Self::RunCreate | Self::RunDelete => (Runs, "run", run()),
            Self::RunRetry => (Runs, "run", with(run(), "backoffLimit", json!(1))),
            Self::ConfigCreate | Self::ConfigEdit | Self::ConfigDelete => (Configs, "model", config()),
            Self::FilesCreate | Self::FilesEdit | Self::FilesDelete => (Files, files::SET, files::before()),
            Self::Share => (Datasets, "one", with(dataset("one"), "sharingConfig", shares::before())),
        }
    }

    /// What another user makes of the spec of that object.
    pub(crate) fn meddling(self) -> Value {
        match self {
            Self::FilesCreate | Self::FilesEdit | Self::FilesDelete => files::meddled(),
            _ => json!({"description": "meddled with"}),
        }
    }

    /// What users do before the job.
    pub fn prepare(self) -> Vec<Action> {
        let (resource, name, spec) = self.main();
        let parent = || Action::Create(Datasets, "parent", dataset("parent"));
        match self {
            Self::Create | Self::Adopt | Self::AdoptName | Self::MediaCreate | Self::MediaAdopt => Vec::new(),
            Self::Edit
            | Self::Delete
            | Self::Retain
            | Self::Recreate
            | Self::FirstEdit
            | Self::Unrelease
            | Self::Unmark
            | Self::MediaEdit
            | Self::MediaDelete
            | Self::MediaRecreate
            | Self::MediaRetain
            | Self::Share => vec![Action::Create(resource, name, spec)],
            Self::VersionCreate | Self::RunCreate | Self::RunRetry | Self::RunDelete | Self::ConfigCreate => {
                vec![parent()]
            }
            Self::ConfigEdit | Self::ConfigDelete | Self::VersionEdit | Self::VersionDelete => {
                vec![parent(), Action::Create(resource, name, spec)]
            }
            // So that the dataset can go in the end.
            Self::VersionRetain => {
                let parent = with(dataset("parent"), "deleteForeignVersions", json!(true));
                vec![Action::Create(Datasets, "parent", parent), Action::Create(resource, name, spec)]
            }
            Self::FilesCreate | Self::FilesEdit | Self::FilesDelete => {
                let parent = with(dataset("parent"), "edition", json!("ADVANCED"));
                let mut all = vec![Action::Create(Datasets, "parent", parent), files::list(&["c", "d"])];
                if self != Self::FilesCreate {
                    all.push(Action::Create(resource, name, spec));
                }
                all
            }
            Self::Tree | Self::Missing => {
                let versions = ["second", "third"].map(|name| Action::Create(Versions, name, version(name)));
                std::iter::once(parent()).chain(versions).collect()
            }
        }
    }

    /// What others do at once, and what users do then.
    pub fn act(self, evidence: &Evidence) -> Vec<Action> {
        let (resource, name, spec) = self.main();
        let edit = |spec| vec![Action::Edit(resource, name, spec)];
        match self {
            Self::Create
            | Self::VersionCreate
            | Self::MediaCreate
            | Self::MediaAdopt
            | Self::AdoptName
            | Self::RunCreate
            | Self::RunRetry
            | Self::ConfigCreate => vec![Action::Create(resource, name, spec)],
            Self::MediaEdit => edit(json!({"description": "after", "templateId": null, "datasetMaxFileCount": 7})),
            Self::Edit => edit(edited()),
            Self::FirstEdit => edit(json!({"versionDescription": "after", "versionLabels": first_labels("night")})),
            Self::FilesCreate => {
                evidence.add_file_of_others();
                vec![Action::Create(resource, name, spec)]
            }
            Self::FilesEdit => {
                evidence.add_file_of_others();
                evidence.add_tag_of_others();
                vec![Action::Edit(resource, name, files::edited()), files::list(&["d"])]
            }
            Self::FilesDelete => {
                evidence.add_file_of_others();
                vec![Action::Delete(resource, name)]
            }
            Self::Share => {
                evidence.add_share_of_others(name);
                edit(json!({"sharingConfig": shares::edited()}))
            }
            Self::ConfigEdit => edit(json!({"multimodalSemanticIndex": {"defaultModelId": "after"}})),
            Self::VersionEdit => {
                let labels = json!([{"key": "keep", "value": "1"}, {"key": "turn", "value": "2"}]);
                edit(json!({"description": "after", "labels": labels}))
            }
            Self::Delete
            | Self::Retain
            | Self::VersionDelete
            | Self::VersionRetain
            | Self::MediaDelete
            | Self::MediaRetain
            | Self::ConfigDelete => vec![Action::Delete(resource, name)],
            Self::RunDelete => {
                let later = Action::DeleteLater(resource, name, Duration::from_secs(20));
                vec![Action::Create(resource, name, spec), later]
            }
            Self::Adopt => {
                let theirs = evidence.cloud.datasets().into_iter().find(|dataset| dataset.name == "theirs");
                let adoption = json!({"datasetId": theirs.map(|dataset| dataset.dataset_id)});
                vec![Action::Create(resource, name, with(spec, "adoption", adoption))]
            }
            Self::Tree | Self::Missing => {
                if self == Self::Missing {
                    evidence.delete_remote("parent");
                }
                [(Datasets, "parent"), (Versions, "second"), (Versions, "third")]
                    .map(|(resource, name)| Action::Delete(resource, name))
                    .to_vec()
            }
            Self::Recreate | Self::MediaRecreate => {
                vec![Action::Recreate(resource, name, spec), Action::Delete(resource, name)]
            }
            Self::Unrelease => {
                let released = json!({"Labels": [{"Key": "dso-released", "Value": "true"}]});
                evidence.change_labels("POST", "", &released);
                Vec::new()
            }
            Self::Unmark => {
                evidence.change_labels("DELETE", "?LabelKeys=dso-domain,dso-owner,dso-attempt", &Value::Null);
                Vec::new()
            }
        }
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(Self::ALL.iter().find(|(job, _)| job == self).map_or("", |(_, word)| word))
    }
}

impl FromStr for Job {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|(_, known)| *known == word);
        found.map(|(job, _)| job).ok_or_else(|| format!("{word:?} is no job"))
    }
}
