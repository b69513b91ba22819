//! The operations, one function each: from a call by a known caller to a change of the store and an answer.
//!
//! Synchronous and atomic: each runs to its end with the store in hand, and changes nothing when it refuses.

mod datasets;
mod describe;
mod files;
mod filters;
mod identity;
mod imm;
mod input;
mod job_configs;
mod jobs;
mod labels;
mod list_datasets;
mod list_versions;
mod members;
mod paging;
mod recall;
mod roles;
mod search;
mod sharing;
mod versions;
mod view;

use std::sync::Arc;

pub(crate) use members::Members;
pub(crate) use recall::Recall;

use crate::attached::Attached;
use crate::auth::Caller;
use crate::clock::timestamp;
use crate::faults::Faults;
use crate::ids::Ids;
use crate::knobs::{DefaultVersion, Knobs, Rule};
use crate::operation::Operation;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::route::Call;
use crate::store::{Clock, Dataset, Store, Text};

/// All that an operation works with.
pub(crate) struct Context<'a> {
    pub(crate) store: &'a mut Store,
    pub(crate) attached: &'a mut Attached,
    pub(crate) recall: &'a mut Recall,
    pub(crate) ids: &'a mut Ids,
    pub(crate) knobs: &'a Knobs,
    /// For the items of batch calls; those of whole calls have struck by now.
    pub(crate) faults: &'a mut Faults,
    /// For the sessions of roles.
    pub(crate) credentials: &'a mut Vec<Caller>,
    pub(crate) caller: &'a Caller,
    pub(crate) call: &'a Call,
    pub(crate) request: &'a Request,
    pub(crate) now_ms: i64,
}

/// A call that was carried out.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// The members of the answer besides `RequestId`.
    pub(crate) answer: Members,
    /// Whether the stored content changed (a moved `GmtModifiedTime` alone is no change).
    pub(crate) changed: bool,
    /// What was touched, for the request log.
    pub(crate) touched: Touched,
}

/// The ids that a call is about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Touched {
    pub(crate) dataset_id: Option<Text>,
    pub(crate) version_name: Option<Text>,
    pub(crate) workspace_id: Option<Text>,
    pub(crate) name: Option<Text>,
}

impl Touched {
    /// The ids in the path of a call.
    pub(crate) fn by(call: &Call) -> Self {
        let some = |text: &String| (!text.is_empty()).then(|| text.as_str().into());
        Self { dataset_id: some(&call.dataset_id), version_name: some(&call.version_name), ..Self::default() }
    }
}

/// The page that a list call asks for; `None` of other calls, and when it names none that can be.
pub(crate) fn page(call: &Call, request: &Request) -> Option<u32> {
    let number = if call.operation.is_list() { paging::number(request) } else { None };
    number.and_then(|number| u32::try_from(number).ok())
}

/// Carries out a call.
pub(crate) fn perform(context: &mut Context) -> Result<Done, Refusal> {
    if let Some(id) = context.call.lacks() {
        return Err(Refusal::Missing(id));
    }
    jobs::settle(context);
    match context.call.operation {
        Operation::CreateDataset => datasets::create(context),
        Operation::ListDatasets => list_datasets::datasets(context),
        Operation::GetDataset => datasets::get(context),
        Operation::UpdateDataset => datasets::update(context),
        Operation::DeleteDataset => datasets::delete(context),
        Operation::PublishDataset => datasets::publish(context),
        Operation::CreateDatasetLabels => labels::add_to_dataset(context),
        Operation::DeleteDatasetLabels => labels::remove_from_dataset(context),
        Operation::CreateDatasetVersion => versions::create(context),
        Operation::ListDatasetVersions => list_versions::versions(context),
        Operation::GetDatasetVersion => versions::get(context),
        Operation::UpdateDatasetVersion => versions::update(context),
        Operation::DeleteDatasetVersion => versions::delete(context),
        Operation::CreateDatasetVersionLabels => labels::add_to_version(context),
        Operation::DeleteDatasetVersionLabels => labels::remove_from_version(context),
        Operation::CreateDatasetFileMetas => files::create(context),
        Operation::UpdateDatasetFileMetas => files::update(context),
        Operation::DeleteDatasetFileMetas => files::delete(context),
        Operation::GetDatasetFileMeta => files::get(context),
        Operation::ListDatasetFileMetas => files::list(context),
        Operation::GetDatasetFileMetasStatistics => files::statistics(context),
        Operation::CreateDatasetJob => jobs::create(context),
        Operation::GetDatasetJob => jobs::get(context),
        Operation::ListDatasetJobs => jobs::list(context),
        Operation::UpdateDatasetJob => jobs::update(context),
        Operation::DeleteDatasetJob => jobs::delete(context),
        Operation::StopDatasetJob => jobs::stop(context),
        Operation::CreateDatasetJobConfig => job_configs::create(context),
        Operation::GetDatasetJobConfig => job_configs::get(context),
        Operation::ListDatasetJobConfigs => job_configs::list(context),
        Operation::UpdateDatasetJobConfig => job_configs::update(context),
        Operation::DeleteDatasetJobConfig => job_configs::delete(context),
        Operation::GetCallerIdentity => Ok(identity::caller(context)),
        Operation::AssumeRole => roles::assume(context),
        Operation::AssumeRoleWithOIDC => roles::assume_with_oidc(context),
        Operation::ImmCreateDataset => imm::datasets::create(context),
        Operation::ImmGetDataset => imm::datasets::get(context),
        Operation::ImmListDatasets => imm::datasets::list(context),
        Operation::ImmUpdateDataset => imm::datasets::update(context),
        Operation::ImmDeleteDataset => imm::datasets::delete(context),
        Operation::ImmCreateBinding => imm::bindings::create(context),
        Operation::ImmGetBinding => imm::bindings::get(context),
        Operation::ImmListBindings => imm::bindings::list(context),
        Operation::ImmDeleteBinding => imm::bindings::delete(context),
    }
}

impl Context<'_> {
    fn clock(&self) -> Clock {
        let lag_ms = i64::try_from(self.knobs.list_lag_ms).unwrap_or(i64::MAX / 2);
        Clock { now_ms: self.now_ms, lag_ms }
    }

    fn now(&self) -> Text {
        timestamp(self.now_ms)
    }

    /// The dataset of the path, if the caller's account can see it.
    fn dataset(&self) -> Result<Arc<Dataset>, Refusal> {
        let account = &self.caller.account_id;
        let dataset = self.store.get(&self.call.dataset_id);
        let seen = dataset.filter(|dataset| dataset.owner_id == *account || dataset.is_shared_with(account));
        seen.cloned().ok_or_else(|| Refusal::DatasetNotFound(self.call.dataset_id.clone()))
    }

    /// The dataset of the path, if the caller may change it: administrators may, owners while it is PRIVATE.
    fn dataset_to_change(&self) -> Result<Arc<Dataset>, Refusal> {
        let dataset = self.dataset()?;
        let private = dataset.accessibility == "PRIVATE";
        let own = dataset.owner_id == self.caller.account_id;
        let may = own && (self.caller.list_all || (private && dataset.user_id == self.caller.user_id));
        may.then_some(dataset).ok_or(Refusal::NoPermission(self.call.operation))
    }

    /// Stores the dataset if its content differs from `was`; `moves` says whether the call moves `GmtModifiedTime`.
    fn store(&mut self, was: &Dataset, mut next: Dataset, moves: bool) -> Done {
        let changed = next != *was;
        if moves {
            next.gmt_modified_time = self.now();
        }
        let touched = Touched { workspace_id: Some(next.workspace_id.clone()), ..self.touched() };
        if next != *was {
            self.store.put(next, self.clock());
        }
        Done { answer: Members::default(), changed, touched }
    }

    /// The ids of the path.
    fn touched(&self) -> Touched {
        Touched::by(self.call)
    }

    /// A call that changed nothing, with this answer.
    fn read(&self, answer: Members) -> Done {
        Done { answer, changed: false, touched: self.touched() }
    }

    /// The workspace of a call about something of a dataset, which is the dataset's own.
    fn workspace_of(&self, dataset: &Dataset, named: Option<Text>, required: bool) -> Result<Text, Refusal> {
        if !required && named.as_ref().is_none_or(Text::is_empty) {
            return Ok(dataset.workspace_id.clone());
        }
        let id = self.workspace(named)?;
        let its = id == dataset.workspace_id || dataset.share_with(&self.caller.account_id, &id).is_some();
        if !its && self.knobs.foreign_workspace == Rule::Refuse {
            return Err(Refusal::invalid("WorkspaceId", format!("the dataset's is {}", dataset.workspace_id)));
        }
        Ok(id)
    }

    /// The version of a call about something of a version: the one it names, which must exist, else the newest.
    fn version_of(&self, dataset: &Dataset, named: Option<&str>) -> Result<Text, Refusal> {
        let default = match self.knobs.default_version {
            DefaultVersion::Latest => dataset.versions.last(),
            DefaultVersion::First => dataset.versions.first(),
        };
        let version = match named.filter(|name| !name.is_empty()) {
            Some(name) => dataset.version(name),
            None => default,
        };
        version.map(|version| version.version_name.clone()).ok_or_else(|| {
            Refusal::VersionNotFound(dataset.dataset_id.to_string(), named.unwrap_or_default().to_owned())
        })
    }

    /// A call that changed something, with this answer.
    fn wrote(&self, answer: Members, changed: bool) -> Done {
        Done { answer, changed, touched: self.touched() }
    }

    /// The workspace that a call is about: the one it names, else the default one.
    fn workspace(&self, named: Option<Text>) -> Result<Text, Refusal> {
        let named = named.filter(|id| !id.is_empty());
        let default = || Some(self.knobs.default_workspace.as_str().into()).filter(|id: &Text| !id.is_empty());
        let id = named.or_else(default).ok_or(Refusal::Missing("WorkspaceId"))?;
        if self.knobs.knows_workspace(&id) { Ok(id) } else { Err(Refusal::WorkspaceNotFound(id.into())) }
    }
}
