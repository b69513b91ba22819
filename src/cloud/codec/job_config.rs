//! Configurations of a dataset's jobs on the wire. One type of them holds an API key: it goes into the body of a request at
//! the last moment, and of what an answer shows of it only whether it is the wanted one goes on from here.

use std::fmt;

use serde_json::{Map, Value, json};

use super::{Codec, Nested, Next, PAGE, Page};
use crate::cloud::hidden::is_masked;
use crate::cloud::{Answer, Hidden, Malformed, Operation, Request};
use crate::remote::Remote;
use crate::remote::carrier::{Carrier, Unwritable};
use crate::remote::fields::Fields;
use crate::remote::id::{JOB_CONFIGS, RemoteId};
use crate::remote::mark::{Labels, RawMark};

/// The member that stands for the API key: the version of the Secret that has it, or a text if it is another key.
pub const KEY: &str = "MultimodalIntelligentTag.apiKeySecretRef";
/// What stands for a key that is not the wanted one.
pub const ANOTHER: &str = "another key";
/// The members of a configuration for semantic indexes, each with its name in the JSON text.
pub const MODEL: &[(&str, &str)] = &[
    ("MultimodalSemanticIndex.defaultModelId", "defaultModelId"),
    ("MultimodalSemanticIndex.defaultModelVersion", "defaultModelVersion"),
];

const TYPE: &str = "ConfigType";
/// The type that holds the key.
const TAG: &str = "MultimodalIntelligentTag";
/// The member that is the text of a JSON object on the wire.
const CONFIG: &str = "Config";
/// The member of that object that is the key.
const API_KEY: &str = "apiKey";
/// The members of answers that are kept as they are.
const PLAIN: &[&str] = &[TYPE, "CreateTime", "ModifyTime", "WorkspaceId", "DatasetVersion"];

/// Configurations of the jobs of PAI datasets.
#[derive(Clone, Copy)]
pub struct JobConfigs<'k> {
    /// The wanted key, and the version of the Secret that it is from.
    key: Option<(&'k Hidden, &'k Value)>,
}

impl fmt::Debug for JobConfigs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JobConfigs")
    }
}

impl<'k> JobConfigs<'k> {
    /// For what needs no key.
    pub const PLAIN: JobConfigs<'static> = JobConfigs { key: None };

    /// Answers are compared with this key, which is from this version of its Secret.
    #[must_use]
    pub const fn knowing(key: &'k Hidden, version: &'k Value) -> Self {
        Self { key: Some((key, version)) }
    }

    /// Whether a request is complete only with the key.
    #[must_use]
    pub fn lacks_key(request: &Request) -> bool {
        let writes = [Operation::CreateDatasetJobConfig, Operation::UpdateDatasetJobConfig];
        let body = request.body().filter(|_| writes.contains(&request.operation()));
        body.is_some_and(|body| body.get(TYPE).is_some_and(|held| held == TAG))
    }

    /// A read, whose failures must not repeat the key.
    fn guarded(&self, request: Request) -> Request {
        match self.key {
            Some((key, _)) => request.with_hidden(CONFIG, key.clone()),
            None => request,
        }
    }

    /// The request with the key.
    #[must_use]
    pub fn complete(request: Request, key: &Hidden) -> Request {
        request.with_hidden(CONFIG, key.in_object(API_KEY))
    }

    /// A configuration in `dataset` as an answer describes it. Whatever `Config` holds besides what is named here stays
    /// behind.
    fn remote(&self, dataset: &str, config: &str, shown: &Fields) -> Remote {
        let plain = PLAIN.iter().filter_map(|name| Some(((*name).to_owned(), shown.get(*name)?.clone())));
        let mut fields: Fields = plain.collect();
        let text = shown.get(CONFIG).and_then(Value::as_str);
        let held: Map<String, Value> = text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        if shown.get(TYPE).is_some_and(|held| held == TAG) {
            let same = self.key.and_then(|(key, version)| Some((key.equals(held.get(API_KEY))?, version)));
            let told = same.map(|(same, version)| if same { version.clone() } else { ANOTHER.into() });
            fields.extend(told.map(|told| (KEY.to_owned(), told)));
        } else {
            let clear = |name| held.get(name).filter(|value| value.as_str().is_some_and(|text| !is_masked(text)));
            fields
                .extend(MODEL.iter().filter_map(|(member, name)| Some(((*member).to_owned(), clear(*name)?.clone()))));
        }
        let id = RemoteId::new(dataset).within(JOB_CONFIGS, config);
        Remote { id, labels: Labels::new(), fields, latest: None, mark: None }
    }
}

/// The body of a request with these members; the key is not among them.
fn body(members: &Fields) -> Map<String, Value> {
    let mut body = Map::new();
    body.extend(
        [TYPE, "WorkspaceId"].iter().filter_map(|name| Some(((*name).to_owned(), members.get(*name)?.clone()))),
    );
    if members.get(TYPE).is_none_or(|held| held != TAG) {
        let model = MODEL.iter().filter_map(|(member, name)| Some(((*name).to_owned(), members.get(*member)?.clone())));
        body.insert(CONFIG.to_owned(), json!(Value::Object(model.collect()).to_string()));
    }
    body
}

impl Nested for JobConfigs<'_> {
    fn collection(&self) -> &'static str {
        JOB_CONFIGS
    }

    fn lists(&self) -> Operation {
        Operation::ListDatasetJobConfigs
    }

    fn list(&self, dataset: &str, page: u32) -> Request {
        self.guarded(Request::list_dataset_job_configs(dataset, page, PAGE))
    }

    fn listed(&self, dataset: &str, answer: &Answer) -> Result<Page, Malformed> {
        let (items, total) = answer.job_configs()?;
        let remotes = items.iter().map(|item| self.remote(dataset, &item.id, &item.fields)).collect();
        Ok(Page { remotes, total, next: Next::Number })
    }

    /// Their objects read them one by one.
    fn is_swept(&self) -> bool {
        false
    }
}

impl Codec for JobConfigs<'_> {
    fn nested(&self) -> Option<&dyn Nested> {
        Some(self)
    }

    fn carrier(&self) -> Carrier {
        Carrier::Nowhere
    }

    fn creates(&self) -> Operation {
        Operation::CreateDatasetJobConfig
    }

    fn create(
        &self,
        parent: Option<&str>,
        members: &Fields,
        _: &Labels,
        _: Option<&RawMark>,
    ) -> Result<Request, Unwritable> {
        Ok(Request::create_dataset_job_config(parent.unwrap_or_default(), body(members)))
    }

    fn created(&self, parent: Option<&str>, answer: &Answer) -> Result<RemoteId, Malformed> {
        answer
            .id("DatasetJobConfigId")
            .map(|config| RemoteId::new(parent.unwrap_or_default()).within(JOB_CONFIGS, config))
    }

    fn get(&self, id: &RemoteId) -> Request {
        self.guarded(Request::get_dataset_job_config(id.root(), id.name()))
    }

    fn shown(&self, id: &RemoteId, answer: &Answer) -> Result<Remote, Malformed> {
        answer.job_config().map(|fields| self.remote(id.root(), id.name(), &fields))
    }

    /// `Config` is replaced as a whole, so what these members leave out is sent as the remote has it.
    fn update(&self, remote: &Remote, members: Fields) -> Result<Request, Unwritable> {
        let mut sent = remote.fields.clone();
        sent.remove("WorkspaceId");
        sent.extend(members);
        Ok(Request::update_dataset_job_config(remote.id.root(), remote.id.name(), body(&sent)))
    }

    fn delete(&self, id: &RemoteId) -> Request {
        Request::delete_dataset_job_config(id.root(), id.name())
    }
}

#[cfg(test)]
#[path = "job_config_tests.rs"]
mod tests;
