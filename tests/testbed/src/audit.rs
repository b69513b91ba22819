//! The apiserver's audit log: each write, with its user.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::error::{Context, Result};

/// The user name of the operator under test.
pub const OPERATOR_USER: &str = "system:serviceaccount:dataset-operator-system:dataset-operator";

const WRITE_VERBS: [&str; 5] = ["create", "update", "patch", "delete", "deletecollection"];
/// An answer may reach its client a moment before its line reaches the log.
const QUIET: Duration = Duration::from_millis(200);

/// The audit log of a control plane.
#[derive(Clone, Debug)]
pub struct Audit {
    path: PathBuf,
}

/// One write that the apiserver has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The user, for example [`OPERATOR_USER`].
    pub user: String,
    /// `create`, `update`, `patch`, `delete` or `deletecollection`.
    pub verb: String,
    /// API group; empty for the core group.
    pub group: String,
    /// Plural resource name, for example `datasets`.
    pub resource: String,
    /// For example `status`; empty for the object itself.
    pub subresource: String,
    /// Empty for cluster-scoped objects.
    pub namespace: String,
    /// The object's name; may be empty for a create with a generated name.
    pub name: String,
    /// The HTTP status of the answer.
    pub code: u16,
}

impl Write {
    /// Whether the apiserver carried it out.
    pub fn succeeded(&self) -> bool {
        (200..300).contains(&self.code)
    }
}

/// A filter for writes; a member that is not set matches all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Exact user name.
    pub user: Option<String>,
    /// Exact namespace.
    pub namespace: Option<String>,
    /// Plural resource name.
    pub resource: Option<String>,
    /// Exact object name.
    pub name: Option<String>,
    /// Also those that the apiserver refused (a conflict, for example).
    pub refused: bool,
}

impl Filter {
    /// The operator's writes to one namespace.
    pub fn operator_in(namespace: &str) -> Self {
        Self { user: Some(OPERATOR_USER.to_owned()), namespace: Some(namespace.to_owned()), ..Self::default() }
    }

    /// Only this resource, for example `datasets` (events have a name of their own).
    #[must_use]
    pub fn resource(mut self, resource: &str) -> Self {
        self.resource = Some(resource.to_owned());
        self
    }

    /// Only the object of this name.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    fn lets_through(&self, write: &Write) -> bool {
        let same = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|w| w == is);
        same(&self.user, &write.user)
            && same(&self.namespace, &write.namespace)
            && same(&self.resource, &write.resource)
            && same(&self.name, &write.name)
            && (self.refused || write.succeeded())
    }
}

impl Audit {
    /// The log at `path`.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The file: JSON lines, one for each answered request.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The writes that are in the log now, oldest first.
    pub fn writes(&self, filter: &Filter) -> Result<Vec<Write>> {
        let text = fs::read(&self.path).context("reading the audit log")?;
        let mut writes = parse(&String::from_utf8_lossy(&text));
        writes.retain(|write| filter.lets_through(write));
        Ok(writes)
    }

    /// The writes once no further one has come for a moment.
    pub async fn settled_writes(&self, filter: &Filter) -> Result<Vec<Write>> {
        let mut seen = self.writes(filter)?;
        loop {
            tokio::time::sleep(QUIET).await;
            let now = self.writes(filter)?;
            if now.len() == seen.len() {
                return Ok(now);
            }
            seen = now;
        }
    }
}

/// Reads whole lines; the last line may not be complete yet, and is read the next time.
fn parse(text: &str) -> Vec<Write> {
    text.lines()
        // Most lines are reads: a look at the text avoids parsing them.
        .filter(|line| line.contains("\"ResponseComplete\""))
        .filter_map(|line| serde_json::from_str::<Line>(line).ok())
        .filter(|line| WRITE_VERBS.contains(&line.verb.as_str()))
        .filter_map(Line::into_write)
        .collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    stage: String,
    verb: String,
    user: User,
    object_ref: Option<ObjectRef>,
    response_status: Option<ResponseStatus>,
}

#[derive(Deserialize)]
struct User {
    username: String,
}

/// What a request is about.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ObjectRef {
    pub(crate) api_group: String,
    pub(crate) resource: String,
    pub(crate) subresource: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

#[derive(Deserialize)]
struct ResponseStatus {
    #[serde(default)]
    code: u16,
}

impl Line {
    fn into_write(self) -> Option<Write> {
        let object = self.object_ref.filter(|_| self.stage == "ResponseComplete")?;
        Some(Write {
            user: self.user.username,
            verb: self.verb,
            group: object.api_group,
            resource: object.resource,
            subresource: object.subresource,
            namespace: object.namespace,
            name: object.name,
            code: self.response_status.map_or(0, |status| status.code),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(stage: &str, verb: &str, name: &str, code: u16) -> String {
        serde_json::json!({
            "stage": stage, "verb": verb, "user": {"username": "ann"},
            "objectRef": {"resource": "datasets", "apiGroup": "pai.dataset-operator.dev",
                          "namespace": "team", "name": name},
            "responseStatus": {"code": code},
        })
        .to_string()
    }

    #[test]
    fn counts_only_complete_writes() {
        let text = [
            line("ResponseComplete", "create", "a", 201),
            line("ResponseStarted", "patch", "a", 200),
            line("ResponseComplete", "get", "a", 200),
            line("ResponseComplete", "patch", "b", 409),
            "{\"stage\":\"ResponseComplete\",\"verb\":\"pat".to_owned(),
        ]
        .join("\n");
        let writes = parse(&text);
        let seen: Vec<_> = writes.iter().map(|w| (w.verb.as_str(), w.name.as_str())).collect();
        assert_eq!(seen, [("create", "a"), ("patch", "b")]);

        let filter = Filter::default();
        assert!(filter.lets_through(&writes[0]));
        assert!(!filter.lets_through(&writes[1]), "a refused write is none");
        assert!(!filter.clone().name("b").lets_through(&writes[0]));
        assert!(!Filter::operator_in("team").lets_through(&writes[0]));
        assert!(filter.resource("datasets").lets_through(&writes[0]));
    }
}
