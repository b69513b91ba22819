//! What the definition of `DatasetJob` has beside its type: columns, and rules for what a job needs and what must not
//! change.

use kube::CustomResourceExt;
use kube::core::{Reason, Rule};

use super::DatasetJob;
use super::columns::{AGE, Column, MESSAGE, WIDE_REASON, narrow};
use super::crds::Definition;
use super::rules::{
    Immutable, adoption_unchanged, immutable, object_unchanged, one_dataset, reference_unchanged, unchanged,
};
use super::values::JobAction;

const OTHER: &str = "create another DatasetJob";
/// The member of status that says that the job exists.
const ID: &str = "datasetJobId";

/// Its part of the custom resource definition that the type does not express.
pub(super) const DEFINITION: Definition = Definition { crd: DatasetJob::crd, columns: COLUMNS, rules };

/// The fields of a job that cannot change once it exists.
pub const IMMUTABLES: &[Immutable] = &[
    immutable("jobAction", OTHER),
    immutable("jobMode", OTHER),
    JOB_SPEC,
    immutable("datasetVersion", OTHER),
    immutable("partialFailure", OTHER),
    immutable("runId", "create another DatasetJob to run it again"),
];
const JOB_SPEC: Immutable = immutable("jobSpec", OTHER);

/// Its columns.
const COLUMNS: &[Column] = &[
    narrow("Dataset", ".status.datasetId", "Id of the dataset in PAI"),
    narrow("Action", ".spec.jobAction", "What the job does"),
    narrow("State", ".status.state", "State of the job as the service reports it"),
    narrow("Progress", ".status.progress.summary", "Files that the job has processed, of all"),
    AGE,
    WIDE_REASON,
    MESSAGE,
];

/// The members of `jobSpec` that an action needs.
const REQUIRED: &[(JobAction, &str)] = &[
    (JobAction::SemanticIndex, "contentList"),
    (JobAction::IntelligentTag, "modelId"),
    (JobAction::IntelligentTag, "intelligentTagConnectionId"),
    (JobAction::IntelligentTag, "promptId"),
    (JobAction::FileMetaExport, "exportDirUri"),
    (JobAction::IntelligentTagRevert, "intelligentTagJobId"),
];

/// Rules at its root.
fn rules() -> Vec<Rule> {
    let mut rules = vec![
        one_dataset(),
        Rule::new("!has(self.spec.versionRef) || !has(self.spec.datasetVersion)")
            .message("at most one of versionRef and datasetVersion may be set; without both the job takes the newest version")
            .field_path(".spec.versionRef"),
        Rule::new("has(self.spec.jobAction)")
            .message("jobAction is required: what the job does, such as SemanticIndex or FileMetaBuild")
            .reason(Reason::FieldValueRequired)
            .field_path(".spec.jobAction"),
        increment(),
    ];
    rules.extend(REQUIRED.iter().map(|(action, member)| required(*action, member)));
    rules.extend(import_sources());
    rules.extend(IMMUTABLES.iter().map(|field| {
        let rule = if *field == JOB_SPEC { object_unchanged } else { unchanged };
        rule(field, ID, "job")
    }));
    rules.push(unchanged(&immutable("datasetId", OTHER), ID, "job"));
    rules.extend(["datasetRef", "versionRef"].map(|field| reference_unchanged(&immutable(field, OTHER), ID, "job")));
    rules.push(adoption_unchanged(ID, "job"));
    rules
}

/// `jobMode: Increment` has a meaning for two actions only.
fn increment() -> Rule {
    Rule::new(
        "!has(self.spec.jobMode) || self.spec.jobMode != 'Increment' || !has(self.spec.jobAction) || \
         self.spec.jobAction in ['SemanticIndex', 'IntelligentTag']",
    )
    .message(
        "jobMode Increment is possible only with jobAction SemanticIndex or IntelligentTag: set jobMode to Full, or leave \
         it out",
    )
    .field_path(".spec.jobMode")
}

fn required(action: JobAction, member: &str) -> Rule {
    Rule::new(format!(
        "!has(self.spec.jobAction) || self.spec.jobAction != '{action}' || \
         (has(self.spec.jobSpec) && has(self.spec.jobSpec.{member}))"
    ))
    .message(format!("jobSpec.{member} is required with jobAction {action}").as_str())
    .reason(Reason::FieldValueRequired)
    .field_path(format!(".spec.jobSpec.{member}"))
}

/// Metadata is imported from a dataset or from a manifest, and not from both.
fn import_sources() -> [Rule; 2] {
    let any = Rule::new(
        "!has(self.spec.jobAction) || self.spec.jobAction != 'FileMetaImport' || (has(self.spec.jobSpec) && \
         (has(self.spec.jobSpec.srcDatasetId) || has(self.spec.jobSpec.manifestUri)))",
    );
    let from = "jobSpec.srcDatasetId (to import from a dataset) or jobSpec.manifestUri (to import from a manifest)";
    let one = Rule::new(
        "!has(self.spec.jobAction) || self.spec.jobAction != 'FileMetaImport' || !has(self.spec.jobSpec) || \
         !has(self.spec.jobSpec.srcDatasetId) || !has(self.spec.jobSpec.manifestUri)",
    );
    [
        any.message(format!("{from} is required with jobAction FileMetaImport").as_str())
            .reason(Reason::FieldValueRequired)
            .field_path(".spec.jobSpec.srcDatasetId"),
        one.message(format!("{from}: set one of the two, not both").as_str()).field_path(".spec.jobSpec.manifestUri"),
    ]
}
