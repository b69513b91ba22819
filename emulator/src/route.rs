//! From a request line to one of the operations.

use crate::encoding::decode;

macro_rules! operations {
    ($( $name:ident )+) => {
        /// The operations of the dataset API that are served.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Operation { $( #[allow(missing_docs, reason = "the vendor's name says it")] $name, )+ }

        impl Operation {
            /// All of them.
            pub const ALL: &[Self] = &[ $( Self::$name, )+ ];

            /// The vendor's name of the operation, as in `x-acs-action`.
            pub fn name(self) -> &'static str {
                match self { $( Self::$name => stringify!($name), )+ }
            }
        }
    };
}

operations! {
    CreateDataset ListDatasets GetDataset UpdateDataset DeleteDataset PublishDataset
    CreateDatasetLabels DeleteDatasetLabels
    CreateDatasetVersion ListDatasetVersions GetDatasetVersion UpdateDatasetVersion DeleteDatasetVersion
    CreateDatasetVersionLabels DeleteDatasetVersionLabels
}

/// An operation with the ids of its path; empty where the path has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) operation: Operation,
    pub(crate) dataset_id: String,
    pub(crate) version_name: String,
}

/// The call that a method and an undecoded path stand for, if any.
pub(crate) fn route(method: &str, path: &str) -> Option<Call> {
    let rest = path.strip_prefix("/api/v1/datasets")?;
    let segments: Vec<&str> = rest.split('/').collect();
    // "" before the first slash; an empty id names nothing.
    let (first, ids) = segments.split_first()?;
    if !first.is_empty() || ids.iter().any(|segment| segment.is_empty()) {
        return None;
    }
    let operation = match (method, ids) {
        ("POST", []) => Operation::CreateDataset,
        ("GET", []) => Operation::ListDatasets,
        ("GET", [_]) => Operation::GetDataset,
        ("PUT", [_]) => Operation::UpdateDataset,
        ("DELETE", [_]) => Operation::DeleteDataset,
        ("PUT", [_, "publish"]) => Operation::PublishDataset,
        ("POST", [_, "labels"]) => Operation::CreateDatasetLabels,
        ("DELETE", [_, "labels"]) => Operation::DeleteDatasetLabels,
        ("POST", [_, "versions"]) => Operation::CreateDatasetVersion,
        ("GET", [_, "versions"]) => Operation::ListDatasetVersions,
        ("GET", [_, "versions", _]) => Operation::GetDatasetVersion,
        ("PUT", [_, "versions", _]) => Operation::UpdateDatasetVersion,
        ("DELETE", [_, "versions", _]) => Operation::DeleteDatasetVersion,
        ("PUT", [_, "versions", _, "labels"]) => Operation::CreateDatasetVersionLabels,
        ("DELETE", [_, "versions", _, "labels"]) => Operation::DeleteDatasetVersionLabels,
        _ => return None,
    };
    let id = |index: usize| ids.get(index).map(|segment| decode(segment, false)).unwrap_or_default();
    Some(Call { operation, dataset_id: id(0), version_name: id(2) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_its_path() {
        let paths = [
            ("POST", "/api/v1/datasets"),
            ("GET", "/api/v1/datasets"),
            ("GET", "/api/v1/datasets/d-1"),
            ("PUT", "/api/v1/datasets/d-1"),
            ("DELETE", "/api/v1/datasets/d-1"),
            ("PUT", "/api/v1/datasets/d-1/publish"),
            ("POST", "/api/v1/datasets/d-1/labels"),
            ("DELETE", "/api/v1/datasets/d-1/labels"),
            ("POST", "/api/v1/datasets/d-1/versions"),
            ("GET", "/api/v1/datasets/d-1/versions"),
            ("GET", "/api/v1/datasets/d-1/versions/v2"),
            ("PUT", "/api/v1/datasets/d-1/versions/v2"),
            ("DELETE", "/api/v1/datasets/d-1/versions/v2"),
            ("PUT", "/api/v1/datasets/d-1/versions/v2/labels"),
            ("DELETE", "/api/v1/datasets/d-1/versions/v2/labels"),
        ];
        let routed: Vec<_> = paths.iter().map(|(method, path)| route(method, path).unwrap().operation).collect();
        assert_eq!(routed, Operation::ALL);
        let call = route("GET", "/api/v1/datasets/d%2F%E7%8C%AB%20x/versions/v2").unwrap();
        assert_eq!((call.dataset_id.as_str(), call.version_name.as_str()), ("d/猫 x", "v2"));
    }

    #[test]
    fn anything_else_is_no_operation() {
        let others = [
            ("PATCH", "/api/v1/datasets"),
            ("GET", "/api/v1/datasetsx"),
            ("GET", "/api/v1/datasets/"),
            ("GET", "/api/v1/datasets//versions"),
            ("POST", "/api/v1/datasets/d-1/versions/v2/labels"),
            ("GET", "/api/v2/datasets"),
            ("GET", "/"),
        ];
        for (method, path) in others {
            assert_eq!(route(method, path), None, "{method} {path}");
        }
    }
}
