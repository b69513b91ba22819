//! The rights of the operator, compared with its requests: what `rbac.yaml` grants and was never used, and what was asked for and
//! is granted nowhere. `make test` does so at its end, with the audit logs of all control planes that the tests started.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::audit::{OPERATOR_USER, ObjectRef};
use crate::binaries::repository;
use crate::error::{Context, Result};
use crate::install;

/// Names a directory for the audit logs of all control planes, each with a file of its own.
pub const AUDIT_LOGS: &str = "DATASET_OPERATOR_AUDIT_LOGS";

/// How the operator calls itself; tests that only act as its account do not.
const AGENT: &str = "\"userAgent\":\"dataset-operator/";
/// What everybody may ask for, by default.
const FOR_ALL: [&str; 2] = ["create selfsubjectaccessreviews.authorization.k8s.io", "get /version"];
/// What a namespace grants besides, object by object (`docs/credentials.md`); stories also ask before that is granted.
const BY_NAME: [&str; 3] = [" configmaps.", " secrets.", " serviceaccounts/token."];

/// The result of a comparison. A right is `verb resource.group`, with the name of the object if it is granted for that alone.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Different requests: by verb, resource and, where it has one, name.
    pub requests: usize,
    /// What is granted and was used.
    pub used: BTreeSet<String>,
    /// What is granted and was not.
    pub unused: BTreeSet<String>,
    /// What was asked for and is not granted.
    pub missing: BTreeSet<String>,
}

/// A right that was used, and the object.
type Request = (String, String);

impl Rights {
    /// Compares `rbac.yaml` with the logs in this directory.
    pub fn compare(logs: &Path) -> Result<Self> {
        let mut granted = Vec::new();
        for object in install::read(&repository().join("deploy/kustomize/base/rbac.yaml"))? {
            let rules: Option<Vec<Rule>> =
                serde_json::from_value(object.data["rules"].clone()).context("reading a rule")?;
            granted.extend(rules.into_iter().flatten());
        }
        let mut requests = BTreeSet::new();
        for entry in fs::read_dir(logs).context(format!("listing {}", logs.display()))? {
            let path = entry.context("listing the logs")?.path();
            let text = fs::read(&path).context(format!("reading {}", path.display()))?;
            requests.extend(String::from_utf8_lossy(&text).lines().filter_map(request));
        }
        Ok(Self::of(&granted, &requests))
    }

    fn of(granted: &[Rule], requests: &BTreeSet<Request>) -> Self {
        let mut rights = Self { requests: requests.len(), ..Self::default() };
        let mut covered = BTreeSet::new();
        for (right, only) in granted.iter().flat_map(Rule::rights) {
            let is_by = |(asked, name): &&Request| *asked == right && only.as_ref().is_none_or(|only| only == name);
            let found: Vec<&Request> = requests.iter().filter(is_by).collect();
            let list = if found.is_empty() { &mut rights.unused } else { &mut rights.used };
            list.insert(only.map_or_else(|| right.clone(), |only| format!("{right} {only}")));
            covered.extend(found);
        }
        let by_name = |right: &str, name: &str| !name.is_empty() && BY_NAME.iter().any(|kind| right.contains(kind));
        let strange = requests.iter().filter(|request| !covered.contains(request));
        let strange = strange.filter(|(right, name)| !FOR_ALL.contains(&right.as_str()) && !by_name(right, name));
        rights.missing = strange.map(|(right, name)| format!("{right} {name}").trim_end().to_owned()).collect();
        rights
    }
}

/// A rule of a Role.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    api_groups: Vec<String>,
    resources: Vec<String>,
    verbs: Vec<String>,
    #[serde(default)]
    resource_names: Vec<String>,
}

impl Rule {
    /// Each right by itself, with the only name that it is for, if there is one.
    fn rights(&self) -> Vec<(String, Option<String>)> {
        let mut names: Vec<Option<String>> = self.resource_names.iter().cloned().map(Some).collect();
        if names.is_empty() {
            names.push(None);
        }
        let mut all = Vec::new();
        for (group, resource) in
            self.api_groups.iter().flat_map(|group| self.resources.iter().map(move |of| (group, of)))
        {
            for verb in &self.verbs {
                all.extend(names.iter().map(|name| (format!("{verb} {resource}.{group}"), name.clone())));
            }
        }
        all
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    verb: String,
    #[serde(rename = "requestURI")]
    uri: String,
    object_ref: Option<ObjectRef>,
}

/// The request of the operator that a line of a log is about.
fn request(line: &str) -> Option<Request> {
    if !line.contains(AGENT) || !line.contains(OPERATOR_USER) {
        return None;
    }
    let whole: Value = serde_json::from_str(line).ok()?;
    let by_operator = whole["user"]["username"] == OPERATOR_USER;
    let Line { verb, uri, object_ref } = Line::deserialize(whole).ok().filter(|_| by_operator)?;
    let Some(ObjectRef { api_group, resource, subresource, name, .. }) = object_ref else {
        return Some((format!("{verb} {}", uri.split('?').next().unwrap_or_default()), String::new()));
    };
    let part = if subresource.is_empty() { String::new() } else { format!("/{subresource}") };
    Some((format!("{verb} {resource}{part}.{api_group}"), name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(user: &str, agent: &str, verb: &str, object: &Value) -> String {
        json!({"stage": "ResponseComplete", "verb": verb, "requestURI": "/version?timeout=1s", "user": {"username": user},
               "userAgent": agent, "objectRef": object})
        .to_string()
    }

    #[test]
    fn what_is_granted_and_what_is_asked_for_are_compared() {
        let rule = |resource: &str, verbs: &[&str], names: &[&str]| Rule {
            api_groups: vec!["g".into()],
            resources: vec![resource.into()],
            verbs: verbs.iter().map(|verb| (*verb).to_owned()).collect(),
            resource_names: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        let granted = [rule("a", &["get", "list"], &[]), rule("b", &["get"], &["x", "y"])];
        let object = |resource: &str, sub: &str, name: &str| json!({"apiGroup": "g", "resource": resource, "subresource": sub, "name": name});
        let ours = |verb: &str, object: &Value| line(OPERATOR_USER, "dataset-operator/0.1.0", verb, object);
        let lines = [
            ours("list", &object("a", "", "")),
            ours("get", &object("b", "", "x")),
            ours("get", &object("b", "", "z")),
            ours("patch", &object("a", "status", "n")),
            ours("get", &Value::Null),
            ours("watch", &json!({"resource": "secrets", "name": "key"})),
            ours("watch", &json!({"resource": "secrets"})),
            line(OPERATOR_USER, "kubectl/1", "get", &object("a", "", "n")),
            line("ann", "dataset-operator/0.1.0", "get", &object("a", "", "n")),
            ours("get", &object("a", "", "n"))[..80].to_owned(),
        ];
        let requests = lines.iter().filter_map(|line| request(line)).collect();
        let set = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<BTreeSet<_>>();
        let expected = Rights {
            requests: 7,
            used: set(&["list a.g", "get b.g x"]),
            unused: set(&["get a.g", "get b.g y"]),
            missing: set(&["get b.g z", "patch a/status.g n", "watch secrets."]),
        };
        assert_eq!(Rights::of(&granted, &requests), expected);
    }
}
