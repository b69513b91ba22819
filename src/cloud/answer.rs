//! Successful answers, read leniently: ids and labels are typed, because decisions depend on them; all other members
//! stay as they came, unknown ones included.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use super::operation::Shows;
use super::request::{NEXT_TOKEN, Request};

/// The body of a success, which may hold a secret, so `Debug` shows nothing of it. An answer that [`super::Client::send`] returns fits its request, so the reader for the
/// request's operation does not fail.
#[derive(Clone, PartialEq)]
pub struct Answer {
    /// The service's id of the call.
    pub request_id: Option<String>,
    /// The whole JSON object.
    pub body: Map<String, Value>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("request_id", &self.request_id).finish_non_exhaustive()
    }
}

/// A dataset as `GetDataset` and `ListDatasets` show it.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// `DatasetId`: letters, digits, `-` and `_`, 256 at most.
    pub id: String,
    /// `Labels`, all of them, ours and others'.
    pub labels: BTreeMap<String, String>,
    /// `LatestVersion`.
    pub latest_version: Option<Version>,
    /// The other members (`Name`, `Uri`, …) as they came.
    pub fields: Map<String, Value>,
}

/// A dataset version as `GetDatasetVersion`, `ListDatasetVersions` and `LatestVersion` show it.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// `VersionName`, of the same characters.
    pub name: String,
    /// `Labels`, all of them.
    pub labels: BTreeMap<String, String>,
    /// The other members as they came; from `GetDatasetVersion` also `DatasetId`.
    pub fields: Map<String, Value>,
}

/// A job of a dataset as `ListDatasetJobs` shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// `DatasetJobId`, of the same characters.
    pub id: String,
    /// The other members as they came. `Status` is among them.
    pub fields: Map<String, Value>,
}

/// A configuration of a dataset's jobs as `ListDatasetJobConfigs` shows it. Its `Config` may hold a secret in clear.
#[derive(Clone, PartialEq)]
pub struct JobConfig {
    /// `DatasetJobConfigId`, of the same characters.
    pub id: String,
    /// The other members as they came. `ConfigType` is among them.
    pub fields: Map<String, Value>,
}

/// A media dataset as IMM shows it. Project and name together are its id.
#[derive(Debug, Clone, PartialEq)]
pub struct MediaDataset {
    /// `ProjectName`: any text without slashes and blanks, 256 bytes at most.
    pub project: String,
    /// `DatasetName`: letters, digits, `-` and `_`, the first a letter or `_`, 128 at most.
    pub name: String,
    /// All members as they came, these two included.
    pub fields: Map<String, Value>,
}

/// A success whose body cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Malformed {
    /// What is wrong, naming the member.
    pub what: Cow<'static, str>,
    /// The service's id of the call.
    pub request_id: Option<String>,
}

pub(super) type Reading<T> = Result<T, Cow<'static, str>>;

impl Answer {
    /// The answer of `GetDataset`.
    pub fn dataset(&self) -> Result<Dataset, Malformed> {
        self.read(dataset)
    }

    /// The answer of `ListDatasets`, and its `TotalCount` if there is one.
    pub fn datasets(&self) -> Result<(Vec<Dataset>, Option<u64>), Malformed> {
        self.read(|body| {
            let items = items(body, "Datasets").ok_or("Datasets is not a list of objects")?;
            let datasets = items.into_iter().map(dataset).collect::<Reading<_>>()?;
            Ok((datasets, total(body)))
        })
    }

    /// The answer of `GetDatasetVersion`.
    pub fn version(&self) -> Result<Version, Malformed> {
        self.read(version)
    }

    /// The answer of `ListDatasetVersions`, and its `TotalCount` if there is one.
    pub fn versions(&self) -> Result<(Vec<Version>, Option<u64>), Malformed> {
        self.read(|body| {
            let items = items(body, "DatasetVersions");
            let items = items.ok_or("DatasetVersions is not a list of objects")?;
            let versions = items.into_iter().map(version).collect::<Reading<_>>()?;
            Ok((versions, total(body)))
        })
    }

    /// The members of the job in the answer of `GetDatasetJob`, which does not name its id.
    pub fn job(&self) -> Result<Map<String, Value>, Malformed> {
        self.read(job)
    }

    /// The answer of `ListDatasetJobs`, and its `TotalCount` if there is one.
    pub fn jobs(&self) -> Result<(Vec<Job>, Option<u64>), Malformed> {
        self.read(|body| {
            let items = items(body, "DatasetJobs").ok_or("DatasetJobs is not a list of objects")?;
            let jobs = items.into_iter().map(|item| Ok(Job { id: id(item, "DatasetJobId")?, fields: job(item)? }));
            Ok((jobs.collect::<Reading<_>>()?, total(body)))
        })
    }

    /// The members of the configuration in the answer of `GetDatasetJobConfig`, which does not name its id.
    pub fn job_config(&self) -> Result<Map<String, Value>, Malformed> {
        self.read(job_config)
    }

    /// The answer of `ListDatasetJobConfigs`, and its `TotalCount` if there is one.
    pub fn job_configs(&self) -> Result<(Vec<JobConfig>, Option<u64>), Malformed> {
        self.read(|body| {
            let items = items(body, "DatasetJobConfigs").ok_or("DatasetJobConfigs is not a list of objects")?;
            let config = |item| Ok(JobConfig { id: id(item, "DatasetJobConfigId")?, fields: job_config(item)? });
            Ok((items.into_iter().map(config).collect::<Reading<_>>()?, total(body)))
        })
    }

    /// The dataset in an answer of IMM.
    pub fn media_dataset(&self) -> Result<MediaDataset, Malformed> {
        self.read(|body| media_dataset(body.get("Dataset").and_then(Value::as_object).ok_or("Dataset is missing")?))
    }

    /// The answer of IMM's `ListDatasets`, and the token of the next page unless it is the last.
    pub fn media_datasets(&self) -> Result<(Vec<MediaDataset>, Option<String>), Malformed> {
        self.read(|body| {
            let items = items(body, "Datasets").ok_or("Datasets is not a list of objects")?;
            let datasets = items.into_iter().map(media_dataset).collect::<Reading<_>>()?;
            Ok((datasets, next_token(body)?))
        })
    }

    /// The id in the member of this name, which a create returns: `DatasetId`.
    pub fn id(&self, name: &str) -> Result<String, Malformed> {
        self.read(|body| id(body, name))
    }

    /// Fails unless this answers `request`: an answer to a create names what was created, and an answer to a read is
    /// about the id that was asked for.
    pub(super) fn fits(&self, request: &Request) -> Result<(), Malformed> {
        match request.operation().shows() {
            Shows::Nothing => {}
            Shows::Id(name) => self.id(name).map(drop)?,
            Shows::Dataset => self.dataset().map(drop)?,
            Shows::Datasets => self.datasets().map(drop)?,
            Shows::Version => self.version().map(drop)?,
            Shows::Versions => self.versions().map(drop)?,
            Shows::Job => self.job().map(drop)?,
            Shows::Jobs => self.jobs().map(drop)?,
            Shows::Batch => self.batch().map(drop)?,
            Shows::Statistics => self.statistics().map(drop)?,
            Shows::FileMetas => {
                let page = self.file_metas()?;
                if page.next.is_some() && page.next.as_deref() == request.next_token() {
                    return Err(self.malformed("NextToken is that of the page itself".into()));
                }
            }
            Shows::JobConfig => self.job_config().map(drop)?,
            Shows::JobConfigs => self.job_configs().map(drop)?,
            Shows::Key | Shows::MediaDataset => self.media_dataset().map(drop)?,
            Shows::MediaDatasets => {
                let (_, next) = self.media_datasets()?;
                if next.is_some() && next.as_deref() == request.next_token() {
                    return Err(self.malformed("NextToken is that of the page itself".into()));
                }
            }
            Shows::Identity => self.caller_identity().map(drop)?,
            Shows::Session => {
                self.read(|body| body.get("Credentials").map(drop).ok_or("Credentials is missing".into()))?;
            }
        }
        let differs = |name, asked| self.described().any(|it| text(it, name).is_some_and(|got| got != asked));
        let another = request.ids().find(|(name, asked)| differs(name, *asked));
        let told = |(name, _)| Err(self.malformed(format!("the answer is about another {name}").into()));
        another.map_or(Ok(()), told)
    }

    /// What the answer may describe: itself, the dataset in it, or the datasets in it.
    fn described(&self) -> impl Iterator<Item = &Map<String, Value>> {
        let one = self.body.get("Dataset").into_iter();
        let many = self.body.get("Datasets").and_then(Value::as_array).into_iter().flatten();
        std::iter::once(&self.body).chain(one.chain(many).filter_map(Value::as_object))
    }

    pub(super) fn read<T>(&self, reader: impl FnOnce(&Map<String, Value>) -> Reading<T>) -> Result<T, Malformed> {
        reader(&self.body).map_err(|what| self.malformed(what))
    }

    fn malformed(&self, what: Cow<'static, str>) -> Malformed {
        Malformed { what, request_id: self.request_id.clone() }
    }
}

/// The longest text that is accepted as an id.
const LONGEST_ID: usize = 256;
/// The longest name of a media dataset.
const LONGEST_MEDIA_NAME: usize = 128;

/// The id in the member of this name. Ids are stored, compared and put into paths, so a text that could mean more than a
/// name is not accepted.
pub(super) fn id(body: &Map<String, Value>, name: &str) -> Reading<String> {
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let id = text(body, name).ok_or_else(|| format!("{name} is missing"))?;
    if id.len() > LONGEST_ID || !id.bytes().all(usual) {
        let kind = if name.ends_with("Name") { "a name" } else { "an id" };
        return Err(format!("{name} is not {kind}").into());
    }
    Ok(id.to_owned())
}

fn dataset(body: &Map<String, Value>) -> Reading<Dataset> {
    let latest_version = match body.get("LatestVersion") {
        None | Some(Value::Null) => None,
        Some(Value::Object(latest)) if latest.is_empty() => None,
        Some(Value::Object(latest)) => Some(version(latest)?),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            return Err("LatestVersion is not an object".into());
        }
    };
    Ok(Dataset {
        id: id(body, "DatasetId")?,
        labels: labels(body)?,
        latest_version,
        fields: without(body, &["DatasetId", "Labels", "LatestVersion", "RequestId"]),
    })
}

fn version(body: &Map<String, Value>) -> Reading<Version> {
    Ok(Version {
        name: id(body, "VersionName")?,
        labels: labels(body)?,
        fields: without(body, &["VersionName", "Labels", "RequestId"]),
    })
}

/// Strict about the state: whether the job runs decides what is done with it.
fn job(body: &Map<String, Value>) -> Reading<Map<String, Value>> {
    text(body, "Status").ok_or("Status is missing")?;
    Ok(without(body, &["DatasetJobId", "RequestId"]))
}

/// Strict about the type: a dataset has one configuration of each.
fn job_config(body: &Map<String, Value>) -> Reading<Map<String, Value>> {
    text(body, "ConfigType").ok_or("ConfigType is missing")?;
    Ok(without(body, &["DatasetJobConfigId", "RequestId"]))
}

fn media_dataset(body: &Map<String, Value>) -> Reading<MediaDataset> {
    let project = text(body, "ProjectName").ok_or("ProjectName is missing")?;
    let stray = |c: char| c == '/' || c.is_whitespace() || c.is_control();
    if project.len() > LONGEST_ID || project.contains(stray) {
        return Err("ProjectName is not a name".into());
    }
    let name = id(body, "DatasetName")?;
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !first || name.len() > LONGEST_MEDIA_NAME {
        return Err("DatasetName is not a name".into());
    }
    Ok(MediaDataset { project: project.to_owned(), name, fields: body.clone() })
}

/// Strict: an overlooked token would make the rest of the datasets look gone.
pub(super) fn next_token(body: &Map<String, Value>) -> Reading<Option<String>> {
    match body.get(NEXT_TOKEN) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(token)) => Ok(Some(token.clone()).filter(|token| !token.is_empty())),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err("NextToken is not a text".into())
        }
    }
}

/// Strict, unlike the rest: an overlooked label could be an owner's mark.
fn labels(body: &Map<String, Value>) -> Reading<BTreeMap<String, String>> {
    let wrong = "Labels is not a list of Key and Value";
    let list = match body.get("Labels") {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(labels) => labels.as_array().ok_or(wrong)?,
    };
    let pair = |label: &Value| {
        let key = label.get("Key").and_then(Value::as_str)?;
        let value = match label.get("Value") {
            None | Some(Value::Null) => "",
            Some(value) => value.as_str()?,
        };
        Some((key.to_owned(), value.to_owned()))
    };
    list.iter().map(|label| pair(label).ok_or(Cow::Borrowed(wrong))).collect()
}

/// A list of objects. A missing list counts as empty only if the total says so too.
pub(super) fn items<'a>(body: &'a Map<String, Value>, member: &str) -> Option<Vec<&'a Map<String, Value>>> {
    match body.get(member) {
        None | Some(Value::Null) => (total(body) == Some(0)).then(Vec::new),
        Some(list) => list.as_array()?.iter().map(Value::as_object).collect(),
    }
}

pub(super) fn total(body: &Map<String, Value>) -> Option<u64> {
    let total = body.get("TotalCount")?;
    total.as_u64().or_else(|| total.as_str()?.parse().ok())
}

pub(super) fn text<'a>(body: &'a Map<String, Value>, member: &str) -> Option<&'a str> {
    let text = body.get(member)?.as_str()?;
    (!text.is_empty()).then_some(text)
}

pub(super) fn without(body: &Map<String, Value>, members: &[&str]) -> Map<String, Value> {
    let kept = body.iter().filter(|(name, _)| !members.contains(&name.as_str()));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests;
