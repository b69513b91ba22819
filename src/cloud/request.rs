//! One call of an API as a value: what to send, not yet signed.
//!
//! The path and the query are encoded here, once, by RFC 3986 (a blank is `%20`, never `+`), and exactly this text is
//! both signed and sent.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value, json};

use super::hidden::Hidden;
use super::operation::{Operation, id_name};
use super::product::Style;
use super::settings::EndpointForm;

/// The time of creation, as lists of datasets and versions name it.
const CREATED: &str = "GmtCreateTime";

/// The most media datasets that a page may have.
const MEDIA_PAGE: u32 = 200;

/// The largest `TopK`. The vendor's pages do not say whether it limits lists that look for tags: a list of just so many files
/// may be cut.
pub const MOST_FILES: u64 = 5000;

/// The parameter that asks for another page than the first, and the member that announces it.
pub(super) const NEXT_TOKEN: &str = "NextToken";

/// One call: operation, ids in the path or the query, further query pairs, optional JSON body.
#[derive(Clone, PartialEq)]
pub struct Request {
    operation: Operation,
    /// The ids, one for each of [`Operation::id_names`].
    ids: Vec<String>,
    query: Vec<(Cow<'static, str>, String)>,
    body: Option<Map<String, Value>>,
    /// A member of the body that must not be seen.
    hidden: Option<(&'static str, Hidden)>,
}

/// Leaves out what is hidden.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, ids, query, body, hidden: _ } = self;
        let parts = (&mut f.debug_struct("Request"), operation, ids, query, body);
        parts
            .0
            .field("operation", parts.1)
            .field("ids", parts.2)
            .field("query", parts.3)
            .field("body", parts.4)
            .finish()
    }
}

/// The version of a dataset whose file metadata a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilesOf<'a> {
    /// `DatasetId`
    pub dataset: &'a str,
    /// `DatasetVersion`
    pub version: &'a str,
    /// `WorkspaceId`
    pub workspace: &'a str,
}

impl FilesOf<'_> {
    /// The vendor's pages differ about which calls need version and workspace, so every call has both.
    fn query(self) -> [(Cow<'static, str>, String); 2] {
        [("DatasetVersion".into(), self.version.to_owned()), ("WorkspaceId".into(), self.workspace.to_owned())]
    }

    fn body(self, items: Vec<Value>) -> Map<String, Value> {
        let named = self.query().map(|(name, value)| (name.into_owned(), Value::String(value)));
        named.into_iter().chain([("DatasetFileMetas".to_owned(), Value::Array(items))]).collect()
    }
}

/// The order of a list by the time of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// What is created meanwhile appears at the end.
    OldestFirst,
    /// The first page has the newest.
    NewestFirst,
}

impl Order {
    const fn as_str(self) -> &'static str {
        match self {
            Self::OldestFirst => "ASC",
            Self::NewestFirst => "DESC",
        }
    }
}

/// The query of [`Request::list_datasets`]. Absent members are not sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListDatasets {
    /// The workspace to list; absent means the account's default workspace.
    pub workspace_id: Option<String>,
    /// Matches as a substring of a label's key or value, so every hit must be checked.
    pub label: Option<String>,
    /// Matches fuzzily, so every hit must be checked.
    pub name: Option<String>,
    /// Only these ids; empty means no filter.
    pub dataset_ids: Vec<String>,
    /// From 1.
    pub page_number: u32,
    /// At most 100 is known to work.
    pub page_size: u32,
}

impl Request {
    /// `CreateDataset` with the members of `body` as they are.
    pub fn create_dataset(body: Map<String, Value>) -> Self {
        Self::new(Operation::CreateDataset, &[]).with_body(body)
    }

    /// `ListDatasets`, oldest first, so that a dataset that is created meanwhile appears at the end.
    pub fn list_datasets(list: &ListDatasets) -> Self {
        let joined = (!list.dataset_ids.is_empty()).then(|| comma_list(&list.dataset_ids));
        let filters = [
            ("WorkspaceId", list.workspace_id.clone()),
            ("Label", list.label.clone()),
            ("Name", list.name.clone()),
            ("DatasetIds", joined),
        ];
        let mut request = Self::new(Operation::ListDatasets, &[]);
        for (name, value) in filters {
            request.query.extend(value.map(|value| (name.into(), value)));
        }
        request.paged(CREATED, Order::OldestFirst, list.page_number, list.page_size)
    }

    /// `GetDataset`.
    pub fn get_dataset(id: &str) -> Self {
        Self::new(Operation::GetDataset, &[id])
    }

    /// `UpdateDataset`: absent members stay, empty ones are set to empty.
    pub fn update_dataset(id: &str, body: Map<String, Value>) -> Self {
        Self::new(Operation::UpdateDataset, &[id]).with_body(body)
    }

    /// `DeleteDataset`: the dataset, its v1 and perhaps later versions.
    pub fn delete_dataset(id: &str) -> Self {
        Self::new(Operation::DeleteDataset, &[id])
    }

    /// `PublishDataset`: PRIVATE becomes PUBLIC.
    pub fn publish_dataset(id: &str) -> Self {
        Self::new(Operation::PublishDataset, &[id])
    }

    /// `CreateDatasetLabels`: sets these keys, other keys stay.
    pub fn create_dataset_labels(id: &str, labels: &BTreeMap<String, String>) -> Self {
        Self::new(Operation::CreateDatasetLabels, &[id]).with_body(label_body(labels))
    }

    /// `DeleteDatasetLabels`.
    pub fn delete_dataset_labels(id: &str, keys: &[String]) -> Self {
        let mut request = Self::new(Operation::DeleteDatasetLabels, &[id]);
        request.query.push(("LabelKeys".into(), comma_list(keys)));
        request
    }

    /// `CreateDatasetVersion` with the members of `body` as they are; the service picks the name.
    pub fn create_dataset_version(id: &str, body: Map<String, Value>) -> Self {
        Self::new(Operation::CreateDatasetVersion, &[id]).with_body(body)
    }

    /// `ListDatasetVersions`, oldest first, optionally only those with a label of key `label_key`.
    pub fn list_dataset_versions(id: &str, page_number: u32, page_size: u32, label_key: Option<&str>) -> Self {
        let mut request = Self::new(Operation::ListDatasetVersions, &[id]);
        request.query.extend(label_key.map(|key| ("LabelKeys".into(), key.to_owned())));
        request.paged(CREATED, Order::OldestFirst, page_number, page_size)
    }

    /// `GetDatasetVersion`.
    pub fn get_dataset_version(id: &str, version: &str) -> Self {
        Self::new(Operation::GetDatasetVersion, &[id, version])
    }

    /// `UpdateDatasetVersion`: absent members stay.
    pub fn update_dataset_version(id: &str, version: &str, body: Map<String, Value>) -> Self {
        Self::new(Operation::UpdateDatasetVersion, &[id, version]).with_body(body)
    }

    /// `DeleteDatasetVersion`; v1 cannot be deleted this way.
    pub fn delete_dataset_version(id: &str, version: &str) -> Self {
        Self::new(Operation::DeleteDatasetVersion, &[id, version])
    }

    /// `CreateDatasetVersionLabels`. It is a PUT, and whether it replaces the labels it does not name is
    /// not documented: send the full set.
    pub fn create_dataset_version_labels(id: &str, version: &str, labels: &BTreeMap<String, String>) -> Self {
        Self::new(Operation::CreateDatasetVersionLabels, &[id, version]).with_body(label_body(labels))
    }

    /// `DeleteDatasetVersionLabels`.
    pub fn delete_dataset_version_labels(id: &str, version: &str, keys: &[String]) -> Self {
        let mut request = Self::new(Operation::DeleteDatasetVersionLabels, &[id, version]);
        request.query.push(("Keys".into(), comma_list(keys)));
        request
    }

    /// `CreateDatasetJob` with the members of `body` as they are.
    pub fn create_dataset_job(id: &str, body: Map<String, Value>) -> Self {
        Self::new(Operation::CreateDatasetJob, &[id]).with_body(body)
    }

    /// `ListDatasetJobs`, without logs.
    pub fn list_dataset_jobs(id: &str, order: Order, page_number: u32, page_size: u32) -> Self {
        Self::new(Operation::ListDatasetJobs, &[id]).paged("CreateTime", order, page_number, page_size)
    }

    /// `GetDatasetJob`, with logs.
    pub fn get_dataset_job(id: &str, job: &str) -> Self {
        Self::new(Operation::GetDatasetJob, &[id, job])
    }

    /// `UpdateDatasetJob`, which can change the description alone.
    pub fn update_dataset_job(id: &str, job: &str, body: Map<String, Value>) -> Self {
        Self::new(Operation::UpdateDatasetJob, &[id, job]).with_body(body)
    }

    /// `DeleteDatasetJob`, for a job that has ended.
    pub fn delete_dataset_job(id: &str, job: &str) -> Self {
        Self::new(Operation::DeleteDatasetJob, &[id, job])
    }

    /// `StopDatasetJob`: a job that runs ends as `ManuallyStop`, perhaps later.
    pub fn stop_dataset_job(id: &str, job: &str) -> Self {
        Self::new(Operation::StopDatasetJob, &[id, job]).with_body(Map::new())
    }

    /// `CreateDatasetJobConfig` with the members of `body` as they are.
    pub fn create_dataset_job_config(id: &str, body: Map<String, Value>) -> Self {
        Self::new(Operation::CreateDatasetJobConfig, &[id]).with_body(body)
    }

    /// `ListDatasetJobConfigs`. The service has no order for them.
    pub fn list_dataset_job_configs(id: &str, page_number: u32, page_size: u32) -> Self {
        let mut request = Self::new(Operation::ListDatasetJobConfigs, &[id]);
        let page = [("PageNumber", page_number), ("PageSize", page_size)];
        request.query.extend(page.map(|(name, number)| (name.into(), number.to_string())));
        request
    }

    /// `GetDatasetJobConfig`.
    pub fn get_dataset_job_config(id: &str, config: &str) -> Self {
        Self::new(Operation::GetDatasetJobConfig, &[id, config])
    }

    /// `UpdateDatasetJobConfig`: absent members stay, and `Config` is replaced as a whole.
    pub fn update_dataset_job_config(id: &str, config: &str, body: Map<String, Value>) -> Self {
        Self::new(Operation::UpdateDatasetJobConfig, &[id, config]).with_body(body)
    }

    /// `DeleteDatasetJobConfig`.
    pub fn delete_dataset_job_config(id: &str, config: &str) -> Self {
        Self::new(Operation::DeleteDatasetJobConfig, &[id, config])
    }

    /// `CreateDatasetFileMetas`: each of the items is made or fails by itself. At most 100 items are known to work.
    pub fn create_file_metas(at: FilesOf<'_>, items: Vec<Value>) -> Self {
        Self::new(Operation::CreateDatasetFileMetas, &[at.dataset]).with_body(at.body(items))
    }

    /// `UpdateDatasetFileMetas`: each of the items names its file by the id; absent members stay.
    pub fn update_file_metas(at: FilesOf<'_>, items: Vec<Value>) -> Self {
        Self::new(Operation::UpdateDatasetFileMetas, &[at.dataset]).with_body(at.body(items))
    }

    /// `DeleteDatasetFileMetas`. The deletion is logical: the service still shows the files to who asks for deleted ones.
    pub fn delete_file_metas(at: FilesOf<'_>, ids: &[String]) -> Self {
        let mut request = Self::new(Operation::DeleteDatasetFileMetas, &[at.dataset]);
        request.query.extend(at.query());
        request.query.push(("DatasetFileMetaIds".into(), comma_list(ids)));
        request
    }

    /// `ListDatasetFileMetas`: a page of the files that are not deleted, the earliest `FileUpdateTime` first: the first page, or
    /// that of `token`. With `tags`, only files that have one of them.
    pub fn list_file_metas(at: FilesOf<'_>, tags: &[String], token: Option<&str>) -> Self {
        let mut request = Self::new(Operation::ListDatasetFileMetas, &[at.dataset]);
        request.query.extend(at.query());
        // Without these the service looks for likeness, sorts by it, and may stop after ten files.
        let top = MOST_FILES.to_string();
        let more = [
            ("QueryType", "TAG"),
            ("SortBy", "FileUpdateTime"),
            ("Order", "ASC"),
            ("MaxResults", "100"),
            ("TopK", &top),
        ];
        request.query.extend(more.map(|(name, value)| (name.into(), value.to_owned())));
        request.query.extend((!tags.is_empty()).then(|| ("QueryTagsIncludeAny".into(), comma_list(tags))));
        request.query.extend(token.map(|token| (NEXT_TOKEN.into(), token.to_owned())));
        request
    }

    /// `GetDatasetFileMetasStatistics`: how many files there are, and the 100 most frequent values of `aggregate_by`, such
    /// as `tags.user`.
    pub fn file_metas_statistics(at: FilesOf<'_>, aggregate_by: &str) -> Self {
        let mut request = Self::new(Operation::GetDatasetFileMetasStatistics, &[at.dataset]);
        request.query.extend(at.query());
        let more = [("AggregateBy", aggregate_by), ("MaxResults", "100")];
        request.query.extend(more.map(|(name, value)| (name.into(), value.to_owned())));
        request
    }

    /// `CreateDataset` of IMM with these members as parameters, except those that name the dataset.
    pub fn create_media_dataset(project: &str, name: &str, members: &Map<String, Value>) -> Self {
        Self::new(Operation::CreateMediaDataset, &[project, name]).with_parameters(members)
    }

    /// `ListDatasets` of IMM: a page of the project's datasets in the order of their names, the first one or that of
    /// `token`.
    pub fn list_media_datasets(project: &str, token: Option<&str>) -> Self {
        let mut request = Self::new(Operation::ListMediaDatasets, &[project]);
        request.query.push(("MaxResults".into(), MEDIA_PAGE.to_string()));
        request.query.extend(token.map(|token| (NEXT_TOKEN.into(), token.to_owned())));
        request
    }

    /// `GetDataset` of IMM. Only with `statistics` the service counts the files; other reads may show any number.
    pub fn get_media_dataset(project: &str, name: &str, statistics: bool) -> Self {
        let mut request = Self::new(Operation::GetMediaDataset, &[project, name]);
        request.query.extend(statistics.then(|| ("WithStatistics".into(), true.to_string())));
        request
    }

    /// `UpdateDataset` of IMM: absent members stay. Reads may show it up to five minutes later.
    pub fn update_media_dataset(project: &str, name: &str, members: &Map<String, Value>) -> Self {
        Self::new(Operation::UpdateMediaDataset, &[project, name]).with_parameters(members)
    }

    /// `DeleteDataset` of IMM: refused while the dataset has bindings or files.
    pub fn delete_media_dataset(project: &str, name: &str) -> Self {
        Self::new(Operation::DeleteMediaDataset, &[project, name])
    }

    /// `GetCallerIdentity`: the identity of these credentials.
    pub fn get_caller_identity() -> Self {
        Self::new(Operation::GetCallerIdentity, &[])
    }

    /// `AssumeRole`: a session of so many seconds. `external_id` is what the trust policy of the role may ask for.
    pub(super) fn assume_role(role: &str, session: &str, seconds: &str, external_id: Option<&str>) -> Self {
        let mut request = Self::new(Operation::AssumeRole, &[]);
        let more = [("RoleArn", role), ("RoleSessionName", session), ("DurationSeconds", seconds)];
        request.query.extend(more.map(|(name, value)| (name.into(), value.to_owned())));
        request.query.extend(external_id.map(|id| ("ExternalId".into(), id.to_owned())));
        request
    }

    /// The operation that is called.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// The HTTP method.
    pub fn method(&self) -> reqwest::Method {
        self.operation.method().into()
    }

    /// The path on the request line, percent-encoded. `form` matters only for products whose operations have paths.
    pub fn path(&self, form: EndpointForm) -> String {
        match (self.operation.product().style(), form) {
            (Style::Rpc, _) => "/".to_owned(),
            (Style::Roa, EndpointForm::Roa) => self.resource_path(),
            (Style::Roa, EndpointForm::Gateway) => self.operation_path(),
        }
    }

    fn resource_path(&self) -> String {
        let mut ids = self.ids.iter();
        let segments = self.operation.path().split('/').map(|segment| match id_name(segment) {
            Some(_) => ids.next().map(|id| encode(id)).unwrap_or_default(),
            None => segment.to_owned(),
        });
        segments.collect::<Vec<_>>().join("/")
    }

    /// The vendor's page shows one id as a further segment of the path and no example with two: these go into the
    /// query.
    fn operation_path(&self) -> String {
        let product = self.operation.product();
        let operation = format!("/api/{}/{}/{}", product.as_str(), product.version(), self.operation.action());
        match &self.ids[..] {
            [id] => format!("{operation}/{}", encode(id)),
            _ => operation,
        }
    }

    /// The query on the request line: encoded, sorted by name, without `?`; empty if there is none.
    pub fn query(&self, form: EndpointForm) -> String {
        let in_query = match (self.operation.product().style(), form) {
            (Style::Rpc, _) => true,
            (Style::Roa, EndpointForm::Gateway) => self.ids.len() > 1,
            (Style::Roa, EndpointForm::Roa) => false,
        };
        let given = self.query.iter().map(|(name, value)| (&**name, value.as_str()));
        encode_query(given.chain(self.ids().filter(|_| in_query)))
    }

    /// The JSON body, without the member that must not be seen.
    pub fn body(&self) -> Option<&Map<String, Value>> {
        self.body.as_ref()
    }

    /// The same with one more member in its body, if it has one, and nothing shows that member or tells of its text.
    #[must_use]
    pub fn with_hidden(mut self, member: &'static str, text: Hidden) -> Self {
        self.hidden = Some((member, text));
        self
    }

    /// The bytes of the JSON body, with everything.
    pub(super) fn body_bytes(&self) -> Option<Vec<u8>> {
        // A map of JSON values always serialises.
        let bytes = |body: &Map<String, Value>| serde_json::to_vec(body).unwrap_or_default();
        let body = self.body.as_ref()?;
        let Some((member, text)) = &self.hidden else { return Some(bytes(body)) };
        let mut whole = body.clone();
        whole.insert((*member).to_owned(), text.expose().into());
        Some(bytes(&whole))
    }

    /// Whether the answer may repeat what must not be seen: then none of the service's words are shown.
    pub(super) fn is_private(&self) -> bool {
        self.hidden.is_some() || self.operation.shows().may_hold_a_secret()
    }

    /// Whether a text repeats what must not be seen.
    pub(super) fn tells(&self, text: &str) -> bool {
        self.hidden.as_ref().is_some_and(|(_, hidden)| hidden.is_told_by(text))
    }

    /// The ids, each with the service's name for it.
    pub(super) fn ids(&self) -> impl Iterator<Item = (&str, &str)> {
        self.operation.id_names().zip(&self.ids).map(|(name, id)| (name, id.as_str()))
    }

    /// The dataset that the path names.
    pub fn dataset_id(&self) -> Option<&str> {
        self.ids().find(|(name, _)| *name == "DatasetId").map(|(_, id)| id)
    }

    /// The version that the path names.
    pub fn version_name(&self) -> Option<&str> {
        self.ids().find(|(name, _)| *name == "VersionName").map(|(_, id)| id)
    }

    /// The page that the call asks for, if it is not the first.
    pub(super) fn next_token(&self) -> Option<&str> {
        self.query.iter().find(|(name, _)| name == NEXT_TOKEN).map(|(_, token)| token.as_str())
    }

    /// Whether the call sets a name.
    pub(super) fn names(&self) -> bool {
        self.body.as_ref().is_some_and(|body| body.contains_key("Name"))
    }

    /// Why the request must not be sent; `None` if it may. A request with a defect would not do what it says.
    pub(super) fn defect(&self) -> Option<&'static str> {
        // URL parsers take a segment of dots, also an encoded one, as a step up.
        let strays = |id: &String| matches!(id.as_str(), "" | "." | "..");
        let lists = ["LabelKeys", "Keys", "DatasetIds", "DatasetFileMetaIds", "QueryTagsIncludeAny"];
        if self.ids.iter().any(strays) {
            return Some("an id is empty or consists of dots");
        }
        let mut joined = self.query.iter().filter(|(name, _)| lists.contains(&&**name));
        // Without keys the effect of a label deletion is undefined.
        joined
            .any(|(_, value)| value.split(',').any(str::is_empty))
            .then_some("a list in the query is empty, or a member is empty or contains a comma")
    }

    fn new(operation: Operation, ids: &[&str]) -> Self {
        Self {
            operation,
            ids: ids.iter().map(|&id| id.to_owned()).collect(),
            query: Vec::new(),
            body: None,
            hidden: None,
        }
    }

    fn with_body(mut self, body: Map<String, Value>) -> Self {
        self.body = Some(body);
        self
    }

    /// Adds members as parameters: texts and numbers as they are, lists and objects as JSON. What names the resource is
    /// among the ids already.
    fn with_parameters(mut self, members: &Map<String, Value>) -> Self {
        for (name, value) in members {
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text.clone(),
                Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
            };
            if self.operation.id_names().all(|id| id != name) {
                self.query.push((name.clone().into(), text));
            }
        }
        self
    }

    fn paged(mut self, by: &str, order: Order, number: u32, size: u32) -> Self {
        self.query.extend([
            ("SortBy".into(), by.to_owned()),
            ("Order".into(), order.as_str().to_owned()),
            ("PageNumber".into(), number.to_string()),
            ("PageSize".into(), size.to_string()),
        ]);
        self
    }
}

/// Joins a list for the query. A member with a comma would be read as two, so it makes the list empty,
/// which [`Request::defect`] refuses.
fn comma_list(members: &[String]) -> String {
    if members.iter().any(|member| member.contains(',')) {
        return String::new();
    }
    members.join(",")
}

/// Percent-encodes and sorts query pairs the way both the wire and the signature want them.
pub(super) fn encode_query<'a, 'b>(pairs: impl Iterator<Item = (&'a str, &'b str)>) -> String {
    let mut encoded: Vec<_> = pairs.map(|(name, value)| (encode(name), encode(value))).collect();
    encoded.sort();
    let joined: Vec<_> = encoded.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    joined.join("&")
}

/// RFC 3986: everything but the unreserved characters becomes `%XX`.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.extend(["%", &format!("{byte:02X}")]),
        }
    }
    encoded
}

fn label_body(labels: &BTreeMap<String, String>) -> Map<String, Value> {
    let list: Vec<Value> = labels.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    Map::from_iter([("Labels".to_owned(), Value::Array(list))])
}

#[cfg(test)]
pub(super) mod tests;
