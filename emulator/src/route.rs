//! From a request line to one of the operations.
//!
//! There are two forms of paths: the resources of the SDKs, and the operation's name as the vendor's overview page has
//! it.

use crate::encoding::decode;
use crate::knobs::Rule;
use crate::request::Request;

/// What paths by name begin with.
const BY_NAME: &str = "/api/AIWorkSpace/2021-02-04/";

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

            /// The operation of this name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|operation| operation.name() == name)
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

impl Operation {
    /// Whether its answers come in pages.
    pub fn is_list(self) -> bool {
        matches!(self, Self::ListDatasets | Self::ListDatasetVersions)
    }

    /// The HTTP method that it takes in either form.
    fn method(self) -> &'static str {
        match self {
            Self::CreateDataset | Self::CreateDatasetLabels | Self::CreateDatasetVersion => "POST",
            Self::ListDatasets | Self::GetDataset | Self::ListDatasetVersions | Self::GetDatasetVersion => "GET",
            Self::UpdateDataset
            | Self::PublishDataset
            | Self::UpdateDatasetVersion
            | Self::CreateDatasetVersionLabels => "PUT",
            Self::DeleteDataset
            | Self::DeleteDatasetLabels
            | Self::DeleteDatasetVersion
            | Self::DeleteDatasetVersionLabels => "DELETE",
        }
    }

    /// The ids that it needs, outermost first, under the names they have in a query.
    fn ids(self) -> &'static [&'static str] {
        match self {
            Self::CreateDataset | Self::ListDatasets => &[],
            Self::GetDataset
            | Self::UpdateDataset
            | Self::DeleteDataset
            | Self::PublishDataset
            | Self::CreateDatasetLabels
            | Self::DeleteDatasetLabels
            | Self::CreateDatasetVersion
            | Self::ListDatasetVersions => &["DatasetId"],
            Self::GetDatasetVersion
            | Self::UpdateDatasetVersion
            | Self::DeleteDatasetVersion
            | Self::CreateDatasetVersionLabels
            | Self::DeleteDatasetVersionLabels => &["DatasetId", "VersionName"],
        }
    }
}

/// An operation with the ids that it is about; empty where there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) operation: Operation,
    pub(crate) dataset_id: String,
    pub(crate) version_name: String,
}

impl Call {
    /// The id that the operation needs and the call does not have.
    pub(crate) fn lacks(&self) -> Option<&'static str> {
        let given = [&self.dataset_id, &self.version_name];
        let mut needed = self.operation.ids().iter().zip(given);
        needed.find(|(_, id)| id.is_empty()).map(|(name, _)| *name)
    }
}

/// The call that a request stands for, if any; `by_name` says whether paths by name are served.
pub(crate) fn route(request: &Request, by_name: Rule) -> Option<Call> {
    match (request.path.strip_prefix(BY_NAME), by_name) {
        (Some(rest), Rule::Accept) => named(request, rest),
        (Some(_), Rule::Refuse) => None,
        (None, _) => resource(&request.method, &request.path),
    }
}

/// `Operation`, `Operation/id` or `Operation/id/version`; ids that the path does not have are looked for in the query.
fn named(request: &Request, rest: &str) -> Option<Call> {
    let mut segments = rest.split('/');
    let operation = Operation::named(segments.next()?).filter(|operation| operation.method() == request.method)?;
    let mut id = |index: usize| {
        let in_query = || request.parameter(operation.ids().get(index)?).map(ToOwned::to_owned);
        segments.next().map(|segment| decode(segment, false)).or_else(in_query).unwrap_or_default()
    };
    let call = Call { operation, dataset_id: id(0), version_name: id(1) };
    let too_many = rest.split('/').count() > 1 + operation.ids().len();
    (!too_many).then_some(call)
}

/// The call that a method and the undecoded path of a resource stand for.
fn resource(method: &str, path: &str) -> Option<Call> {
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
        let routed: Vec<_> = paths.iter().map(|(method, path)| resource(method, path).unwrap().operation).collect();
        assert_eq!(routed, Operation::ALL);
        let call = resource("GET", "/api/v1/datasets/d%2F%E7%8C%AB%20x/versions/v2").unwrap();
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
            assert_eq!(resource(method, path), None, "{method} {path}");
        }
    }

    #[test]
    fn operations_are_served_by_name_too() {
        let call = |method: &str, rest: &str| {
            let request = Request::direct(method, &format!("{BY_NAME}{rest}"), Vec::new());
            assert_eq!(route(&request, Rule::Refuse), None, "the knob turns it off");
            route(&request, Rule::Accept).map(|call| (call.operation, call.dataset_id, call.version_name))
        };
        let found = |operation, id: &str, version: &str| Some((operation, id.to_owned(), version.to_owned()));
        assert_eq!(call("POST", "CreateDataset"), found(Operation::CreateDataset, "", ""));
        assert_eq!(call("DELETE", "DeleteDataset/d-1"), found(Operation::DeleteDataset, "d-1", ""));
        assert_eq!(call("PUT", "PublishDataset?DatasetId=d-1"), found(Operation::PublishDataset, "d-1", ""));
        let version = found(Operation::GetDatasetVersion, "d-1", "v2");
        for rest in ["/d-1/v2", "/d-1?VersionName=v2", "?VersionName=v2&DatasetId=d-1"] {
            assert_eq!(call("GET", &format!("GetDatasetVersion{rest}")), version, "{rest}");
        }
        assert_eq!(call("GET", "ListDatasets?DatasetId=d-1"), found(Operation::ListDatasets, "", ""));
        for (method, rest) in
            [("GET", "CreateDataset"), ("GET", "GetDataset/d-1/v1"), ("GET", "ListDatasets/"), ("GET", "Other")]
        {
            assert_eq!(call(method, rest), None, "{method} {rest}");
        }
        let lacking = |rest: &str| {
            let request = Request::direct("GET", &format!("{BY_NAME}GetDatasetVersion{rest}"), Vec::new());
            route(&request, Rule::Accept).unwrap().lacks()
        };
        assert_eq!(
            ["", "/d-1", "/d-1/v1", "//v1"].map(lacking),
            [Some("DatasetId"), Some("VersionName"), None, Some("DatasetId")]
        );
    }
}
