//! The custom resources: groups `pai.dataset-operator.dev` and `imm.dataset-operator.dev`, version `v1alpha1`.
//!
//! This module is the contract with people and their tools, and nothing else: types, their schema, the
//! rules the apiserver checks, and the names and reasons that appear on objects. It knows no HTTP and
//! decides nothing. `spec` belongs to the user and is never written by the operator.

#![allow(unreachable_pub, reason = "KubeSchema repeats each public struct inside a function")]

mod columns;
pub mod common;
pub mod condition;
pub mod crds;
pub mod dataset;
pub mod dataset_definition;
pub mod dataset_status;
pub mod event;
mod field_rules;
pub mod file_set;
pub mod file_set_definition;
pub mod job;
pub mod job_config;
pub mod job_config_definition;
pub mod job_definition;
pub mod media_dataset;
pub mod media_dataset_definition;
pub mod names;
pub mod provider_config;
pub mod provider_config_definition;
mod provider_credentials;
pub mod rules;
mod schema;
pub mod sharing;
mod sparse;
pub mod values;
pub mod version;
pub mod version_definition;

pub use common::{Attempt, CommonStatus, Label, LastError, UserMetricsEndpoint};
pub use condition::{ConditionType, Reason};
pub use dataset::{Adoption, Dataset, DatasetSpec, SourceDatasetRef};
pub use dataset_status::{DatasetImmutables, DatasetStatus};
pub use event::{EventReason, News};
pub use file_set::{
    ConfigMapKeyRef, DatasetFileSet, DatasetFileSetSpec, DatasetFileSetStatus, FileCount, FileCounts, FileFailure,
    FileItem, FileSource, FileStatistics,
};
pub use job::{
    DatasetJob, DatasetJobSpec, DatasetJobStatus, JobAdoption, JobAttempt, JobImmutables, JobProgress, JobSpec,
    VersionRef,
};
pub use job_config::{
    DatasetJobConfig, DatasetJobConfigSpec, DatasetJobConfigStatus, IntelligentTagConfig, JobConfigAdoption,
    JobConfigImmutables, SecretKeyRef, SecretState, SemanticIndexConfig,
};
pub use media_dataset::{MediaAdoption, MediaDataset, MediaDatasetSpec, MediaDatasetStatus, WorkflowParameter};
pub use provider_config::{
    AdoptionScope, AllowedNamespaces, ClusterProviderConfig, ClusterProviderConfigSpec, LabelCondition, LabelOperator,
    LimitsSpec, NamespaceSelector, ProviderConfig, ProviderConfigKind, ProviderConfigRef, ProviderConfigSpec,
    ProviderConfigStatus, UsedProviderConfig,
};
pub use provider_credentials::{
    AssumedRole, CredentialKeys, CredentialsSecretRef, CredentialsSource, CredentialsSpec, EcsRole, RrsaSpec,
    ServiceAccountRef,
};
pub use sharing::{GrantedShare, ReceivedShare, Share, SharingConfig};
pub use values::{
    Accessibility, AdoptionPolicy, AggregateBy, ConfigType, ConflictPolicy, DataSourceType, DataType, DeletionPolicy,
    Edition, FileType, JobAction, JobMode, MountAccessLevel, OnExternalDeletion, Origin, Outcome, PartialFailure,
    Property, ProviderType, SourceType, StopReason,
};
pub use version::{
    DatasetRef, DatasetVersion, DatasetVersionSpec, DatasetVersionStatus, VersionAdoption, VersionImmutables,
};
