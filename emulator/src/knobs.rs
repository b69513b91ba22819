//! Every switchable behaviour of the service that is not confirmed, as one flat set of named switches.
//!
//! The defaults are the emulator's best guess; `docs/emulator.md` lists each with its source. On the wire (`PUT
//! /_emulator/knobs`, `--knob`) names are camelCase and unknown ones are refused, so that a typing error cannot pass.

mod choices;
mod quotas;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use choices::{
    Auth, DefaultVersion, DeleteWithVersions, Garble, InvalidCode, JobOutcome, JobsListed, LabelUnit, ListChaos, Match,
    NameScope, PageSizeOver, QuotaForm, Rule, SharesListed, StopOutcome, TopKLimits, TotalCount, Write,
};
pub use quotas::{OperationQuotas, QuotasError};

macro_rules! knobs {
    ($( $(#[doc = $doc:literal])+ $name:ident : $type:ty = $default:expr; )+) => {
        /// The switches; see each field, and `docs/emulator.md` for what is known about the real service.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields, default)]
        #[allow(clippy::struct_excessive_bools, reason = "each is an independent switch")]
        pub struct Knobs { $( $(#[doc = $doc])+ pub $name: $type, )+ }

        impl Default for Knobs {
            fn default() -> Self {
                Self { $( $name: $default, )+ }
            }
        }
    };
}

knobs! {
    /// Whether requests must prove who they are.
    auth: Auth = Auth::Strict;
    /// How far, in seconds, a request's date may be off in either direction.
    skew_seconds: u32 = 900;
    /// Whether a nonce may be used only once per access key.
    nonce_check: bool = true;
    /// Whether `Authorization: Bearer` is taken besides the SDK's own bearer headers.
    authorization_bearer: bool = true;
    /// Whether a bearer token that is not configured is taken too (for the first credential).
    any_bearer_token: bool = false;
    /// Whether `x-acs-action`, when sent, must name the operation of the path.
    action_check: bool = true;
    /// Calls by the paths `/api/AIWorkSpace/2021-02-04/{operation}`.
    gateway_form: Rule = Rule::Accept;
    /// Status of `SignatureDoesNotMatch`.
    signature_status: u16 = 400;
    /// Status of `InvalidAccessKeyId.NotFound`.
    unknown_access_key_status: u16 = 404;
    /// Calls per second and parent account, all operations together; 0 = no limit.
    quota_per_second: u32 = 0;
    /// Size of the token bucket; 0 = as many as `quotaPerSecond`.
    quota_burst: u32 = 0;
    /// How the quotas count.
    quota_form: QuotaForm = QuotaForm::Bucket;
    /// Calls per second of single operations and parent account, beside `quotaPerSecond`.
    operation_quotas: OperationQuotas = OperationQuotas::default();
    /// Status of a throttled call.
    throttle_status: u16 = 400;
    /// Code of a call that the account's quota rejected.
    throttle_code: String = "Throttling.User".to_owned();
    /// Code of a call that its operation's quota rejected.
    operation_throttle_code: String = "Throttling.Api".to_owned();
    /// Milliseconds in `x-acs-retry-after` of a throttled call; 0 = no header.
    throttle_retry_after_ms: u64 = 0;
    /// Seconds in `Retry-After` of a throttled call; 0 = no header.
    throttle_retry_after_s: u64 = 0;
    /// Milliseconds between a call taking effect and its answer.
    latency_ms: u64 = 0;
    /// How many milliseconds more it may be, drawn evenly for each call.
    latency_jitter_ms: u64 = 0;
    /// How many milliseconds old the state is that lists show; reads by id are always current.
    list_lag_ms: u64 = 0;
    /// Status of a missing dataset or version.
    not_found_status: u16 = 404;
    /// Code of a missing dataset or version.
    not_found_code: String = "201300003".to_owned();
    /// Code of a name that is taken (status 400).
    name_taken_code: String = "201300003".to_owned();
    /// How an invalid parameter is named in `Code`.
    invalid_code: InvalidCode = InvalidCode::Specific;
    /// Status of an unknown workspace.
    workspace_not_found_status: u16 = 404;
    /// Code of an unknown workspace.
    workspace_not_found_code: String = "100400027".to_owned();
    /// Where a dataset name must be unique.
    name_scope: NameScope = NameScope::Workspace;
    /// Whether names that differ only in case are different.
    name_case_sensitive: bool = true;
    /// The workspace of calls that name none; empty = such calls are refused.
    default_workspace: String = String::new();
    /// Comma-separated ids of the workspaces that exist; empty = every decimal id does.
    workspaces: String = String::new();
    /// Largest page of the list operations.
    page_size_max: u32 = 100;
    /// What a larger page size leads to.
    page_size_over: PageSizeOver = PageSizeOver::Clamp;
    /// A page beyond the last one: an empty list, or 400.
    page_beyond_end: Rule = Rule::Accept;
    /// What `TotalCount` counts.
    total_count: TotalCount = TotalCount::All;
    /// What goes wrong between the pages of one list.
    list_chaos: ListChaos = ListChaos::None;
    /// How the `SourceId` filters compare.
    source_id_match: Match = Match::Exact;
    /// How the `Name` filter compares (case is ignored).
    name_match: Match = Match::Substring;
    /// Whether `ListDatasetVersions` insists on `PageNumber` and `PageSize`.
    version_paging_required: bool = true;
    /// Labels that a dataset or a version may have.
    labels_max: u32 = 20;
    /// Unit of the length limit of label keys and values.
    label_unit: LabelUnit = LabelUnit::Bytes;
    /// Deleting a label key that is not there.
    unknown_label_key: Rule = Rule::Accept;
    /// Deleting labels without naming a key.
    empty_label_keys: Rule = Rule::Refuse;
    /// How `CreateDatasetVersionLabels` (a PUT) meets present labels.
    version_labels_put: Write = Write::Upsert;
    /// Whether a label change moves `GmtModifiedTime`.
    labels_move_modified: bool = false;
    /// What `DeleteDataset` does to versions above v1.
    delete_with_versions: DeleteWithVersions = DeleteWithVersions::Cascade;
    /// Code of that refusal (invented).
    versions_exist_code: String = "201300102".to_owned();
    /// Code of the refusal to delete v1 alone (invented).
    delete_v1_code: String = "201300101".to_owned();
    /// Whether the number of a deleted version is given again.
    version_number_reuse: bool = false;
    /// Whether a version change moves the dataset's `GmtModifiedTime`.
    versions_move_modified: bool = true;
    /// Whether `Options` of the dataset and of v1 are one value.
    options_shared: bool = true;
    /// Changing a PUBLIC dataset's accessibility through `UpdateDataset`.
    unpublish: Rule = Rule::Refuse;
    /// Publishing a PUBLIC dataset.
    republish: Rule = Rule::Accept;
    /// Edition changes other than BASIC to ADVANCED.
    edition_change: Rule = Rule::Refuse;
    /// How `SharingConfig` of `UpdateDataset` meets the present shares.
    sharing_update: Write = Write::Replace;
    /// Whether a dry run answers with an id although nothing was made.
    dry_run_id: bool = false;
    /// `Options` or `ImportInfo` that are not the text of a JSON object.
    malformed_json_text: Rule = Rule::Refuse;
    /// Whether descriptions and label values are kept without the blanks around them.
    trim_texts: bool = false;
    /// Whether `Options` and `ImportInfo` are kept in the service's own form: compact, numbers as doubles of 6 digits.
    rewrite_json_text: bool = false;
    /// Longest `SourceId` in characters; 0 = no limit.
    source_id_max: u32 = 0;
    /// Longest `Description` in characters; 0 = no limit.
    description_max: u32 = 0;
    /// Longest `Options` in characters; 0 = no limit.
    options_max: u32 = 0;
    /// What a `garble` fault does to the framing of the answer.
    garble: Garble = Garble::Complete;
    /// Whether the `RequestId` is also sent as header `x-acs-request-id`.
    request_id_header: bool = true;
    /// In which lists shares are shown.
    shares_listed: SharesListed = SharesListed::ByMe;
    /// `WorkspaceId` of a job, configuration or file metadata call that is not the dataset's.
    foreign_workspace: Rule = Rule::Refuse;
    /// The version of a job or file metadata call that names none.
    default_version: DefaultVersion = DefaultVersion::Latest;
    /// Code of a missing job, job configuration or file metadata; the status is `notFoundStatus`.
    item_not_found_code: String = "201300003".to_owned();
    /// How long a job is Pending and then, for the second half, Starting.
    job_pending_ms: u32 = 1000;
    /// How long a job is Running.
    job_run_ms: u32 = 5000;
    /// How a job ends.
    job_outcome: JobOutcome = JobOutcome::Succeeded;
    /// Percent of its files, one at least, at which a job fails that ends as `PartialFailed`.
    job_fail_percent: u32 = 10;
    /// Files that a job works on when its version has no file metadata and no `DataCount`, and that `FileMetaBuild` and
    /// an import from a manifest find.
    job_files: u32 = 10;
    /// Jobs on a dataset of the edition BASIC.
    jobs_on_basic: Rule = Rule::Accept;
    /// What `ListDatasetJobs` without `DatasetVersion` lists.
    jobs_listed: JobsListed = JobsListed::Dataset;
    /// Largest page of `ListDatasetJobs`.
    job_page_size_max: u32 = 100;
    /// Whether `JobSpec` is kept in the service's own form, as `rewriteJsonText` does it to others.
    rewrite_job_spec: bool = false;
    /// After how many characters the description of a job is cut; 0 = never.
    job_description_cut: u32 = 0;
    /// How long a stop takes to have its effect.
    job_stop_ms: u32 = 0;
    /// What becomes of a job that is stopped.
    job_stop_outcome: StopOutcome = StopOutcome::ManuallyStop;
    /// Stopping a job that has ended.
    stop_ended_job: Rule = Rule::Refuse;
    /// Deleting a job that has not ended; accepted, it ends at once.
    delete_running_job: Rule = Rule::Refuse;
    /// Deleting a dataset with jobs that have not ended; accepted, they go with it.
    delete_with_running_jobs: Rule = Rule::Accept;
    /// Code of these refusals (invented).
    job_state_code: String = "201300201".to_owned();
    /// How long a deleted job is Deleting.
    job_deleting_ms: u32 = 0;
    /// How long after that it is still shown as Deleted.
    deleted_jobs_shown_ms: u32 = 0;
    /// A second configuration of one type on one dataset.
    duplicate_job_config: Rule = Rule::Refuse;
    /// Code of that refusal (invented).
    job_config_exists_code: String = "201300202".to_owned();
    /// Whether answers show asterisks in place of the values of `Config`.
    mask_job_config: bool = false;
    /// Items that a call with file metadata may have.
    file_meta_batch_max: u32 = 100;
    /// File metadata on a dataset of the edition BASIC.
    file_metas_on_basic: Rule = Rule::Refuse;
    /// Creating file metadata for a Uri that has some; accepted, it is overwritten.
    duplicate_file_meta: Rule = Rule::Refuse;
    /// Creating file metadata for a Uri whose own was deleted.
    recreate_file_meta: Rule = Rule::Accept;
    /// Items with a user tag that has this in it fail; empty = none.
    refused_tag: String = String::new();
    /// Whether `FailedDetails` tell the ids.
    failed_details_ids: bool = true;
    /// Which lists of file metadata `TopK` limits.
    top_k_limits: TopKLimits = TopKLimits::Similar;
    /// Comma-separated IMM projects that exist; empty = every name does.
    imm_projects: String = String::new();
    /// How long reads of IMM show a media dataset as it was before an update.
    imm_update_lag_ms: u32 = 0;
    /// Media datasets that a project may have; 0 = no limit.
    imm_datasets_max: u32 = 0;
    /// Files that a bucket brings into the index of a media dataset.
    imm_binding_files: u32 = 0;
    /// Binding a bucket that is bound.
    imm_rebind: Rule = Rule::Refuse;
    /// Status of a missing project, media dataset or binding.
    imm_not_found_status: u16 = 400;
    /// Deleting a media dataset that has bindings or files.
    imm_delete_in_use: Rule = Rule::Refuse;
    /// Code of that refusal.
    imm_in_use_code: String = "StatusConflict".to_owned();
    /// Comma-separated roles that exist, each by its name, or as `name=externalId` if callers must give an external id; empty
    /// = every role, without one.
    roles: String = String::new();
    /// Comma-separated subjects of OIDC tokens that may assume roles; empty = every one.
    oidc_subjects: String = String::new();
    /// How long a session of a role lasts, whatever was asked for; 0 = as asked for.
    sts_session_ms: u32 = 0;
    /// The role of the machine whose metadata is served; empty = none is.
    ecs_role: String = String::new();
    /// Tokens of the metadata service; refused, their path does not exist.
    ecs_tokens: Rule = Rule::Accept;
    /// Reads of metadata without a token.
    ecs_without_token: Rule = Rule::Accept;
    /// Lines that the request log keeps; the oldest go first.
    log_limit: u32 = 500_000;
}

/// A change of knobs that names none of ours, or has a value of the wrong type.
#[derive(Debug, thiserror::Error)]
#[error("knob refused: {0}")]
pub struct KnobError(#[from] serde_json::Error);

impl Knobs {
    /// These knobs with the members of `change` put over them; nothing changes if any of them is refused.
    pub fn merged(&self, change: Map<String, Value>) -> Result<Self, KnobError> {
        let mut merged = serde_json::to_value(self)?;
        if let Value::Object(members) = &mut merged {
            members.extend(change);
        }
        Ok(serde_json::from_value(merged)?)
    }

    /// Whether IMM has a project of this name.
    pub(crate) fn knows_project(&self, name: &str) -> bool {
        self.imm_projects.is_empty() || self.imm_projects.split(',').any(|known| known.trim() == name)
    }

    /// Whether a workspace of this id exists.
    pub(crate) fn knows_workspace(&self, id: &str) -> bool {
        if self.workspaces.is_empty() {
            !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())
        } else {
            self.workspaces.split(',').any(|known| known.trim() == id)
        }
    }
}

#[cfg(test)]
mod tests;
