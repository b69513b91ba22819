//! From a request line to one of the operations.
//!
//! Datasets have two forms of paths: the resources of the SDKs, and the operation's name as the vendor's overview page
//! has it. The token service and IMM share one path, and have version and operation in headers or in the query.

use crate::encoding::decode;
use crate::knobs::Rule;
use crate::operation::{Operation, Product, id_name};
use crate::request::Request;

/// What paths by name begin with.
const BY_NAME: &str = "/api/AIWorkSpace/2021-02-04/";

/// An operation with the ids that it is about; empty where there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) operation: Operation,
    pub(crate) dataset_id: String,
    pub(crate) version_name: String,
    /// The job, job configuration or file metadata that it is about.
    pub(crate) item_id: String,
}

impl Call {
    /// A call about these ids, outermost first.
    fn new(operation: Operation, mut ids: impl FnMut() -> String) -> Self {
        let dataset_id = ids();
        let second = ids();
        let of_version = operation.ids().nth(1) == Some("VersionName");
        let (version_name, item_id) = if of_version { (second, String::new()) } else { (String::new(), second) };
        Self { operation, dataset_id, version_name, item_id }
    }

    /// The id that the operation needs and the call does not have.
    pub(crate) fn lacks(&self) -> Option<&'static str> {
        let second = if self.version_name.is_empty() { &self.item_id } else { &self.version_name };
        let given = [&self.dataset_id, second];
        let mut needed = self.operation.ids().zip(given);
        needed.find(|(_, id)| id.is_empty()).map(|(name, _)| name)
    }
}

/// The call that a request stands for, if any; `by_name` says whether paths by name are served.
pub(crate) fn route(request: &Request, by_name: Rule) -> Option<Call> {
    match (request.path.strip_prefix(BY_NAME), by_name) {
        (Some(rest), Rule::Accept) => named(request, rest),
        (Some(_), Rule::Refuse) => None,
        (None, _) if request.path == "/" => by_action(request),
        (None, _) => resource(&request.method, &request.path),
    }
}

/// The operation that a request without a path names, as `x-acs-action` or as `Action`; not by two names.
fn by_action(request: &Request) -> Option<Call> {
    let header = request.header("x-acs-action");
    let names = [header.as_deref(), request.parameter("Action")];
    let name = names.into_iter().flatten().next()?;
    let header = request.header("x-acs-version");
    let version = header.as_deref().or_else(|| request.parameter("Version"));
    let product = if version == Some(Product::Imm.version()) { Product::Imm } else { Product::Sts };
    let operation = Operation::of(product).find(|operation| operation.action() == name)?;
    let agreed = names.into_iter().flatten().all(|other| other == name) && operation.takes(&request.method);
    agreed.then(|| Call::new(operation, String::new))
}

/// `Operation`, `Operation/id` or `Operation/id/version`; ids that the path does not have are looked for in the query.
fn named(request: &Request, rest: &str) -> Option<Call> {
    let mut segments = rest.split('/');
    let name = segments.next()?;
    let mut known = Operation::of(Product::AiWorkSpace);
    let operation = known.find(|known| known.name() == name && known.takes(&request.method))?;
    let mut ids = operation.ids();
    let id = || {
        let name = ids.next();
        let in_query = || request.parameter(name?).map(ToOwned::to_owned);
        segments.next().map(|segment| decode(segment, false)).or_else(in_query).unwrap_or_default()
    };
    let call = Call::new(operation, id);
    let too_many = rest.split('/').count() > 1 + operation.ids().count();
    (!too_many).then_some(call)
}

/// The call that a method and the undecoded path of a resource stand for.
fn resource(method: &str, path: &str) -> Option<Call> {
    let mut candidates = Operation::of(Product::AiWorkSpace).filter(|operation| operation.takes(method));
    let operation = candidates.find(|operation| fits(operation.path(), path))?;
    let segments = operation.path().split('/').zip(path.split('/'));
    let mut ids = segments.filter(|(named, _)| id_name(named).is_some()).map(|(_, id)| decode(id, false));
    Some(Call::new(operation, || ids.next().unwrap_or_default()))
}

/// Whether a path is one of these; an empty id names nothing. A slash at the end of a template may be left out.
fn fits(template: &str, path: &str) -> bool {
    let (template, path) = match template.strip_suffix('/') {
        Some(bare) => (bare, path.strip_suffix('/').unwrap_or(path)),
        None => (template, path),
    };
    let mut segments = path.split('/');
    let all = template.split('/').all(|named| {
        segments
            .next()
            .is_some_and(|segment| if id_name(named).is_some() { !segment.is_empty() } else { named == segment })
    });
    all && segments.next().is_none()
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
            ("POST", "/api/v1/datasets/d-1/datasetfilemetas"),
            ("PUT", "/api/v1/datasets/d-1/datasetfilemetas"),
            ("DELETE", "/api/v1/datasets/d-1/datasetfilemetas"),
            ("GET", "/api/v1/datasets/d-1/datasetfilemetas/0a"),
            ("GET", "/api/v1/datasets/d-1/datasetfilemetas"),
            ("GET", "/api/v1/statistics/datasets/d-1/datasetfilemetas"),
            ("POST", "/api/v1/datasets/d-1/datasetjobs"),
            ("GET", "/api/v1/datasets/d-1/datasetjobs/dsjob-1"),
            ("GET", "/api/v1/datasets/d-1/datasetjobs"),
            ("PUT", "/api/v1/datasets/d-1/datasetjobs/dsjob-1"),
            ("DELETE", "/api/v1/datasets/d-1/datasetjobs/dsjob-1"),
            ("PUT", "/api/v1/datasets/d-1/datasetjobs/dsjob-1/action/stop"),
            ("POST", "/api/v1/datasets/d-1/datasetjobconfigs"),
            ("GET", "/api/v1/datasets/d-1/datasetjobconfigs/dscfg-1"),
            ("GET", "/api/v1/datasets/d-1/datasetjobconfigs/"),
            ("PUT", "/api/v1/datasets/d-1/datasetjobconfigs/dscfg-1"),
            ("DELETE", "/api/v1/datasets/d-1/datasetjobconfigs/dscfg-1"),
        ];
        let routed: Vec<_> = paths.iter().map(|(method, path)| resource(method, path).unwrap().operation).collect();
        assert_eq!(routed, Operation::of(Product::AiWorkSpace).collect::<Vec<_>>());
        let call = resource("GET", "/api/v1/datasets/d%2F%E7%8C%AB%20x/versions/v2").unwrap();
        assert_eq!((call.dataset_id.as_str(), call.version_name.as_str()), ("d/猫 x", "v2"));
        let job = resource("PUT", "/api/v1/datasets/d-1/datasetjobs/dsjob-1/action/stop").unwrap();
        assert_eq!((job.item_id.as_str(), job.version_name.as_str()), ("dsjob-1", ""));
        let bare = resource("GET", "/api/v1/datasets/d-1/datasetjobconfigs").unwrap();
        assert_eq!(bare.operation, Operation::ListDatasetJobConfigs, "the slash at the end may be left out");
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
    fn the_token_service_has_one_path() {
        use crate::request::tests::request;
        let asked = |method: &str, target: &str, headers: &[(&str, &str)]| {
            route(&request(method, target, headers, ""), Rule::Accept).map(|call| call.operation)
        };
        let named = [("x-acs-action", "GetCallerIdentity")];
        let found = Some(Operation::GetCallerIdentity);
        assert_eq!(asked("POST", "/", &named), found);
        assert_eq!(asked("GET", "/?Action=GetCallerIdentity", &[]), found);
        assert_eq!(asked("POST", "/?Action=GetCallerIdentity", &named), found);
        for (method, target, headers) in [
            ("POST", "/", &[][..]),
            ("PUT", "/", &named),
            ("POST", "/?Action=AssumeRoleWithSAML", &named),
            ("POST", "/", &[("x-acs-action", "CreateDataset")]),
            ("POST", "/x", &named),
            ("POST", "/api/AIWorkSpace/2021-02-04/GetCallerIdentity", &named),
        ] {
            assert_eq!(asked(method, target, headers), None, "{method} {target}");
        }
    }

    #[test]
    fn the_version_tells_imm_from_the_token_service() {
        use crate::request::tests::request;
        let asked = |method: &str, target: &str, headers: &[(&str, &str)]| {
            route(&request(method, target, headers, ""), Rule::Accept).map(|call| call.operation)
        };
        let headers = [("x-acs-action", "CreateDataset"), ("x-acs-version", "2020-09-30")];
        let found = Some(Operation::ImmCreateDataset);
        assert_eq!(asked("POST", "/?ProjectName=p", &headers), found);
        assert_eq!(asked("GET", "/?Action=CreateDataset&Version=2020-09-30", &[]), found);
        for (method, target) in [
            ("GET", "/?Action=DeleteDataset&Version=2020-09-30"),
            ("POST", "/?Action=GetCallerIdentity&Version=2020-09-30"),
            ("POST", "/?Action=CreateDataset&Version=2021-02-04"),
        ] {
            assert_eq!(asked(method, target, &[]), None, "{method} {target}");
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
