//! The objects that are created, by kind and number: plain text, so that making them costs the loader next to nothing.

use http::Request;
use serde_json::{Value, json};
use testbed::{Context as _, Result};

const PREFIX: &str = "d-";
/// Datasets that jobs run on; job number n runs on the one of its last digit.
pub(crate) const JOBS_ON: usize = 10;
/// `ConfigMap`s that list the files of a set.
pub(crate) const MAPS: usize = 25;
/// Their key with the files.
pub(crate) const FILES: &str = "files.jsonl";
const PROJECT: &str = "test-project";

/// A kind of objects that runs make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Dataset,
    MediaDataset,
    DatasetJob,
    DatasetFileSet,
}

impl Kind {
    /// Every one.
    pub(crate) const ALL: [Self; 4] = [Self::Dataset, Self::MediaDataset, Self::DatasetJob, Self::DatasetFileSet];

    /// As manifests name it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Dataset => "Dataset",
            Self::MediaDataset => "MediaDataset",
            Self::DatasetJob => "DatasetJob",
            Self::DatasetFileSet => "DatasetFileSet",
        }
    }

    /// Its API group.
    pub(crate) const fn group(self) -> &'static str {
        match self {
            Self::MediaDataset => "imm.dataset-operator.dev",
            Self::Dataset | Self::DatasetJob | Self::DatasetFileSet => "pai.dataset-operator.dev",
        }
    }

    const fn plural(self) -> &'static str {
        match self {
            Self::Dataset => "datasets",
            Self::MediaDataset => "mediadatasets",
            Self::DatasetJob => "datasetjobs",
            Self::DatasetFileSet => "datasetfilesets",
        }
    }

    /// The condition of an object that has reached what its spec wants.
    pub(crate) const fn reached(self) -> &'static str {
        match self {
            Self::DatasetJob => "Complete",
            Self::Dataset | Self::MediaDataset | Self::DatasetFileSet => "Ready",
        }
    }

    /// The path of its objects of a namespace in the Kubernetes API.
    pub(crate) fn path(self, namespace: &str) -> String {
        format!("/apis/{}/v1alpha1/namespaces/{namespace}/{}", self.group(), self.plural())
    }

    /// The key in etcd of all its objects of a namespace, or of one.
    pub(crate) fn key(self, namespace: &str, name: &str) -> String {
        format!("/registry/{}/{}/{namespace}/{name}", self.group(), self.plural())
    }

    /// Object number `index` as a user would write it. A Dataset is an OSS directory with a description, options and two
    /// labels; a job builds metadata; a set lists what is in all [`MAPS`].
    pub(crate) fn manifest(self, index: usize) -> String {
        let name = name(index);
        let spec = match self {
            Self::Dataset => format!(
                r#"{{"property":"DIRECTORY","dataSourceType":"OSS","dataType":"PIC","uri":"oss://example-bucket.oss-cn-hangzhou.aliyuncs.com/{name}/","description":"Pictures of the classification course","options":"{{\"mountPath\": \"/mnt/data/{name}\"}}","labels":[{{"key":"team","value":"vision"}},{{"key":"stage","value":"raw"}}]}}"#
            ),
            Self::MediaDataset => format!(
                r#"{{"projectName":"{PROJECT}","description":"Pictures of the classification course","templateId":"Official:ImageManagement","datasetMaxFileCount":100000}}"#
            ),
            Self::DatasetJob => format!(
                r#"{{"datasetRef":{{"name":"{}"}},"jobAction":"FileMetaBuild","description":"Metadata of all pictures"}}"#,
                self::name(index % JOBS_ON)
            ),
            Self::DatasetFileSet => {
                let from = |map| json!({"configMapKeyRef": {"name": map_name(map), "key": FILES}});
                let from: Vec<Value> = (0..MAPS).map(from).collect();
                json!({"datasetRef": {"name": name}, "filesFrom": from}).to_string()
            }
        };
        format!(
            r#"{{"apiVersion":"{}/v1alpha1","kind":"{}","metadata":{{"name":"{name}"}},"spec":{spec}}}"#,
            self.group(),
            self.name()
        )
    }
}

/// The name of object number `index`.
pub(crate) fn name(index: usize) -> String {
    format!("{PREFIX}{index:06}")
}

/// The number in a name that [`name`] made.
pub(crate) fn index(name: &str) -> Option<usize> {
    name.strip_prefix(PREFIX)?.parse().ok()
}

/// The name of a `ConfigMap` that lists files.
pub(crate) fn map_name(map: usize) -> String {
    format!("files-{map:02}")
}

/// `GET path`.
pub(crate) fn get(path: &str) -> Result<Request<Vec<u8>>> {
    Request::get(path).body(Vec::new()).context("asking")
}

/// A request with a JSON body of this type.
pub(crate) fn send(method: http::Method, path: &str, content_type: &str, body: String) -> Result<Request<Vec<u8>>> {
    let request = Request::builder().method(method).uri(path).header("content-type", content_type);
    request.body(body.into_bytes()).context("asking")
}

#[cfg(test)]
mod tests {
    use dataset_operator::api::{Dataset, DatasetFileSet, DatasetJob, MediaDataset};

    use super::*;

    #[test]
    fn manifests_are_objects_of_their_kind_and_names_tell_their_number() {
        fn parsed<T: serde::de::DeserializeOwned>(kind: Kind) -> T {
            serde_json::from_str(&kind.manifest(1042)).unwrap()
        }
        assert_eq!(parsed::<Dataset>(Kind::Dataset).metadata.name.as_deref(), Some("d-001042"));
        assert_eq!(parsed::<MediaDataset>(Kind::MediaDataset).spec.project_name.as_deref(), Some(PROJECT));
        assert_eq!(parsed::<DatasetJob>(Kind::DatasetJob).spec.dataset_ref.unwrap().name, "d-000002");
        let set = parsed::<DatasetFileSet>(Kind::DatasetFileSet).spec;
        assert_eq!((set.dataset_ref.unwrap().name.as_str(), set.files_from.unwrap().len()), ("d-001042", MAPS));
        assert_eq!(index("d-001042"), Some(1042));
        assert_eq!(index("other"), None);
    }
}
