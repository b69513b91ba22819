//! The jobs: each brings the operator to one of its effects, and knows when the work is done.

#![allow(clippy::wildcard_enum_match_arm, reason = "of many jobs few are special in any one respect")]

use kube::api::DynamicObject;
use pai_emulator::{Dataset, Effect, Fault, When};
use serde_json::{Value, json};
use testbed::{Result, is_ready};

use crate::edits;
pub use crate::edits::Edit;
use crate::oracle::cost::Cost;
use crate::scene::{DATASET, Scene, VERSION, dataset, label, version};

/// The work for the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// A Dataset.
    Create,
    /// A Dataset that is there when the operator starts.
    CreateCold,
    /// A Dataset whose create loses its answer.
    Doubt,
    /// A Dataset whose create is lost.
    Lost,
    /// A Dataset whose create is refused once, and which is then asked for again.
    Refused,
    /// A Dataset for a dataset that is there.
    AdoptById,
    /// The same, found by its name.
    AdoptByName,
    /// A change of a spec.
    Edit(Edit),
    /// Somebody sets `dso-released` on a remote of ours.
    Unrelease,
    /// Somebody takes our mark off.
    Remark,
    /// A second remote with our mark.
    Surplus,
    /// A deletion.
    Delete,
    /// The deletion of one that had a lost create before.
    DeleteAfterDoubt,
    /// A deletion that keeps the remote.
    Retain,
    /// A deletion of Dataset and DatasetVersion.
    DeleteTree,
    /// A DatasetVersion.
    CreateVersion,
    /// One more, by an operator that has not seen the others.
    NextVersion,
    /// The deletion of a DatasetVersion.
    DeleteVersion,
    /// One that keeps the version.
    RetainVersion,
}

/// The name of the Dataset.
pub const ONE: &str = "one";
/// The name of the DatasetVersion.
pub const TWO: &str = "two";

/// The results of the preparation of a job.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// A dataset that somebody else made.
    pub foreign: Option<String>,
    /// The dataset of the Dataset `one`.
    pub id: Option<String>,
}

impl Job {
    /// The object whose pass has the effect.
    pub const fn subject(self) -> (&'static str, &'static str) {
        match self {
            Self::CreateVersion | Self::NextVersion | Self::DeleteVersion | Self::RetainVersion => (VERSION, TWO),
            Self::Edit(edit) if edit.of_version() => (VERSION, TWO),
            _ => (DATASET, ONE),
        }
    }

    /// Whether the work exists before the operator starts.
    pub const fn is_cold(self) -> bool {
        matches!(self, Self::CreateCold | Self::NextVersion)
    }

    /// Whether it may be that a remote stays when the objects are gone.
    pub const fn keeps(self) -> bool {
        matches!(self, Self::Retain | Self::AdoptById | Self::AdoptByName)
    }

    /// Whether there is more than one remote of an object on purpose.
    pub const fn has_surplus(self) -> bool {
        matches!(self, Self::Surplus)
    }

    /// The cost if nothing fails except the fault of the job itself (`docs/protocol.md`, section 9).
    pub const fn cost(self) -> Cost {
        let changes = match self {
            // A lost or refused request is sent again; a full set of labels may need a deletion too.
            Self::Lost
            | Self::Refused
            | Self::Edit(Edit::SetFirstLabels | Edit::RemoveFirstLabels | Edit::SetVersionLabels) => 2,
            _ => 1,
        };
        let looks = match self {
            // A create that made nothing is sent again after three lists.
            Self::Lost => 3,
            // Reads by name and by id; of the kept remote and the surplus; before the deletion, and for other remotes
            // of the attempts.
            Self::AdoptByName | Self::Surplus | Self::DeleteAfterDoubt => 2,
            // The list that finds the remote of a create; reads of a remote that is adopted, deleted, or gets a full
            // set of labels.
            Self::Doubt
            | Self::AdoptById
            | Self::Delete
            | Self::DeleteVersion
            | Self::DeleteTree
            | Self::RetainVersion
            | Self::Edit(Edit::SetFirstLabels | Edit::RemoveFirstLabels | Edit::SetVersionLabels) => 1,
            _ => 0,
        };
        Cost::new(changes, looks)
    }

    /// Whether an operator must run to prepare it.
    pub const fn prepares(self) -> bool {
        !matches!(
            self,
            Self::Create
                | Self::CreateCold
                | Self::Doubt
                | Self::Lost
                | Self::Refused
                | Self::AdoptById
                | Self::AdoptByName
        )
    }

    /// Makes everything that must exist before; an operator runs if [`Self::prepares`].
    pub async fn prepare(self, scene: &mut Scene) -> Result<Known> {
        let mut known = Known::default();
        if matches!(self, Self::AdoptById | Self::AdoptByName) {
            known.foreign = Some(scene.foreign(ONE, &json!([{"Key": "team", "Value": "vision"}]))?);
        }
        if !self.prepares() {
            return Ok(known);
        }
        if self == Self::DeleteAfterDoubt {
            scene.emulator.add_faults([fault(Effect::Reset, When::Before)]);
        }
        scene.create(DATASET, ONE, self.dataset_before()).await?;
        let object = scene.ready(DATASET, ONE).await?;
        known.id = object.data["status"]["datasetId"].as_str().map(str::to_owned);
        let before = match self {
            Self::NextVersion => Some(("zero", version("zero"))),
            Self::DeleteVersion | Self::DeleteTree => Some((TWO, version(TWO))),
            Self::RetainVersion => {
                let mut spec = version(TWO);
                spec["deletionPolicy"] = json!("Retain");
                Some((TWO, spec))
            }
            Self::Edit(edit) if edit.of_version() => Some((TWO, edits::before(edit))),
            _ => None,
        };
        if let Some((name, spec)) = before {
            scene.create(VERSION, name, spec).await?;
            scene.ready(VERSION, name).await?;
        }
        Ok(known)
    }

    fn dataset_before(self) -> Value {
        let mut spec = match self {
            Self::Edit(edit) if !edit.of_version() => edits::before(edit),
            _ => dataset(ONE),
        };
        if self == Self::Retain {
            spec["deletionPolicy"] = json!("Retain");
        }
        // So that the dataset can go in the end.
        if self == Self::RetainVersion {
            spec["deleteForeignVersions"] = json!(true);
        }
        spec
    }

    /// The fault of the service that makes the effect necessary.
    pub fn trouble(self, scene: &Scene) {
        match self {
            Self::Doubt => scene.emulator.add_faults([fault(Effect::Reset, When::After)]),
            Self::Lost => scene.emulator.add_faults([fault(Effect::Reset, When::Before)]),
            Self::Refused => {
                let refusal =
                    Fault { status: 400, code: "InvalidParameter".to_owned(), ..fault(Effect::Error, When::Before) };
                scene.emulator.add_faults([refusal]);
            }
            _ => {}
        }
    }

    /// Asks for it.
    pub async fn trigger(self, scene: &Scene, known: &mut Known) -> Result<()> {
        match self {
            Self::Create | Self::CreateCold | Self::Doubt | Self::Lost | Self::Refused => {
                scene.create(DATASET, ONE, dataset(ONE)).await
            }
            Self::AdoptById | Self::AdoptByName => {
                let mut spec = dataset(ONE);
                spec["adoption"] = match self {
                    Self::AdoptById => json!({"datasetId": known.foreign}),
                    _ => json!({"policy": "AdoptByName"}),
                };
                scene.create(DATASET, ONE, spec).await
            }
            Self::Edit(edit) => {
                let (kind, name) = self.subject();
                scene.patch(kind, name, json!({"spec": edits::patch(edit)})).await
            }
            Self::Unrelease | Self::Remark | Self::Surplus => self.meddle(scene, known),
            Self::Delete | Self::DeleteAfterDoubt | Self::Retain => scene.delete(DATASET, ONE).await,
            Self::DeleteTree => {
                scene.delete(DATASET, ONE).await?;
                scene.delete(VERSION, TWO).await
            }
            Self::CreateVersion | Self::NextVersion => scene.create(VERSION, TWO, version(TWO)).await,
            Self::DeleteVersion | Self::RetainVersion => scene.delete(VERSION, TWO).await,
        }
    }

    /// Somebody in the console.
    fn meddle(self, scene: &Scene, known: &mut Known) -> Result<()> {
        let id = known.id.clone().unwrap_or_default();
        let labels = format!("/api/v1/datasets/{id}/labels");
        match self {
            Self::Unrelease => {
                let released = json!({"Labels": [{"Key": "dso-released", "Value": "true"}]});
                scene.console("POST", &labels, &released).map(drop)
            }
            Self::Remark => {
                let path = format!("{labels}?LabelKeys=dso-domain,dso-owner,dso-attempt");
                scene.console("DELETE", &path, &Value::Null).map(drop)
            }
            _ => {
                let ours = scene.emulator.dataset(&id).map(|dataset| dataset.labels).unwrap_or_default();
                let ours: Vec<_> = ours.iter().map(|label| json!({"Key": label.key, "Value": label.value})).collect();
                known.foreign = Some(scene.foreign(ONE, &json!(ours))?);
                Ok(())
            }
        }
    }

    /// Whether the work is done.
    pub fn reached(self, scene: &Scene, known: &Known) -> bool {
        let (kind, name) = self.subject();
        let object = scene.get(kind, name);
        let gone = object.is_none();
        let ready = object.as_ref().is_some_and(is_ready);
        let ours = known.id.as_ref().and_then(|id| scene.emulator.dataset(id));
        let marked = |dataset: &Dataset| label(&dataset.labels, "dso-attempt").is_some();
        match self {
            Self::Create
            | Self::CreateCold
            | Self::Doubt
            | Self::Lost
            | Self::Refused
            | Self::CreateVersion
            | Self::NextVersion => ready,
            Self::AdoptById | Self::AdoptByName => ready && recorded(object.as_ref()) == known.foreign,
            Self::Edit(edit) => ready && ours.is_some_and(|dataset| edits::done(edit, &dataset)),
            Self::Unrelease => ready && ours.is_some_and(|dataset| label(&dataset.labels, "dso-released").is_none()),
            Self::Remark => ready && ours.as_ref().is_some_and(marked),
            Self::Surplus => ready && scene.datasets().len() == 1 && ours.is_some(),
            Self::Delete | Self::DeleteAfterDoubt => gone && scene.datasets().is_empty(),
            Self::Retain => gone && ours.is_some_and(|dataset| label(&dataset.labels, "dso-released").is_some()),
            Self::DeleteTree => gone && scene.get(VERSION, TWO).is_none() && scene.datasets().is_empty(),
            Self::DeleteVersion => gone && ours.is_some_and(|dataset| dataset.versions.len() == 1),
            Self::RetainVersion => {
                let kept = ours.as_ref().and_then(|dataset| dataset.version("v2"));
                gone && kept.is_some_and(|version| label(&version.labels, "dso-released").is_some())
            }
        }
    }
}

fn recorded(object: Option<&DynamicObject>) -> Option<String> {
    object?.data["status"]["datasetId"].as_str().map(str::to_owned)
}

/// One fault of `CreateDataset`.
fn fault(effect: Effect, when: When) -> Fault {
    Fault { effect, when, ..Fault::default() }
}
