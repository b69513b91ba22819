//! The Datasets that are created, by number: plain text, so that making them costs the loader next to nothing.

use http::Request;
use testbed::{Context as _, Result};

const PREFIX: &str = "d-";

/// The name of object number `index`.
pub(crate) fn name(index: usize) -> String {
    format!("{PREFIX}{index:06}")
}

/// The number in a name that [`name`] made.
pub(crate) fn index(name: &str) -> Option<usize> {
    name.strip_prefix(PREFIX)?.parse().ok()
}

/// A Dataset as a user would write it: an OSS directory with a description, options and two labels.
pub(crate) fn manifest(index: usize) -> String {
    let name = name(index);
    format!(
        r#"{{"apiVersion":"pai.dataset-operator.dev/v1alpha1","kind":"Dataset","metadata":{{"name":"{name}"}},"spec":{{"property":"DIRECTORY","dataSourceType":"OSS","dataType":"PIC","uri":"oss://example-bucket.oss-cn-hangzhou.aliyuncs.com/{name}/","description":"Pictures of the classification course","options":"{{\"mountPath\": \"/mnt/data/{name}\"}}","labels":[{{"key":"team","value":"vision"}},{{"key":"stage","value":"raw"}}]}}}}"#
    )
}

/// The path of the Datasets of a namespace in the Kubernetes API.
pub(crate) fn path(namespace: &str) -> String {
    format!("/apis/pai.dataset-operator.dev/v1alpha1/namespaces/{namespace}/datasets")
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
    use super::*;

    #[test]
    fn manifests_are_datasets_and_names_tell_their_number() {
        let parsed: dataset_operator::api::Dataset = serde_json::from_str(&manifest(1042)).unwrap();
        assert_eq!(parsed.metadata.name.as_deref(), Some("d-001042"));
        assert_eq!(index("d-001042"), Some(1042));
        assert_eq!(index("other"), None);
    }
}
