//! Method, path, query and body of every operation, as captured from the official SDK.

use super::*;

fn map(value: Value) -> Map<String, Value> {
    serde_json::from_value(value).unwrap()
}

fn labels() -> BTreeMap<String, String> {
    BTreeMap::from([("env".to_owned(), "prod".to_owned())])
}

fn keys() -> Vec<String> {
    vec!["env".to_owned(), "managed-by".to_owned()]
}

const FILES: FilesOf<'_> = FilesOf { dataset: "d-1", version: "v1", workspace: "478" };

/// One request of every operation, in the order of [`Operation::ALL`].
pub(in crate::cloud) fn one_of_each() -> Vec<Request> {
    let body = map(json!({ "Name": "n" }));
    let list = ListDatasets { page_number: 1, page_size: 100, ..ListDatasets::default() };
    vec![
        Request::create_dataset(body.clone()),
        Request::list_datasets(&list),
        Request::get_dataset("d-1"),
        Request::update_dataset("d-1", body.clone()),
        Request::delete_dataset("d-1"),
        Request::publish_dataset("d-1"),
        Request::create_dataset_labels("d-1", &labels()),
        Request::delete_dataset_labels("d-1", &keys()),
        Request::create_dataset_version("d-1", body.clone()),
        Request::list_dataset_versions("d-1", 2, 50, Some("dso-owner")),
        Request::get_dataset_version("d-1", "v2"),
        Request::update_dataset_version("d-1", "v2", body),
        Request::delete_dataset_version("d-1", "v2"),
        Request::create_dataset_version_labels("d-1", "v2", &labels()),
        Request::delete_dataset_version_labels("d-1", "v2", &keys()),
        Request::create_dataset_job("d-1", map(json!({ "JobAction": "FileMetaBuild" }))),
        Request::get_dataset_job("d-1", "j"),
        Request::list_dataset_jobs("d-1", Order::NewestFirst, 2, 50),
        Request::update_dataset_job("d-1", "j", map(json!({ "Description": "d" }))),
        Request::delete_dataset_job("d-1", "j"),
        Request::stop_dataset_job("d-1", "j"),
        Request::create_dataset_job_config("d-1", map(json!({ "ConfigType": "MultimodalSemanticIndex" }))),
        Request::get_dataset_job_config("d-1", "c"),
        Request::list_dataset_job_configs("d-1", 2, 50),
        Request::update_dataset_job_config("d-1", "c", map(json!({ "Config": "{}" }))),
        Request::delete_dataset_job_config("d-1", "c"),
        Request::create_file_metas(FILES, vec![json!({ "Uri": "oss://b/1.jpg" })]),
        Request::update_file_metas(FILES, vec![json!({ "DatasetFileMetaId": "07" })]),
        Request::delete_file_metas(FILES, &["m1".to_owned(), "m2".to_owned()]),
        Request::list_file_metas(FILES, &["a".to_owned(), "b".to_owned()], Some("tok==")),
        Request::file_metas_statistics(FILES, "tags.user"),
        Request::create_media_dataset("p", "m", &map(json!({ "TemplateId": "t" }))),
        Request::get_media_dataset("p", "m", false),
        Request::list_media_datasets("p", None),
        Request::update_media_dataset("p", "m", &map(json!({ "Description": "d" }))),
        Request::delete_media_dataset("p", "m"),
        Request::get_caller_identity(),
        Request::assume_role("acs:ram::1:role/r", "s-1", "3600", Some("a b")),
    ]
}

#[test]
fn every_operation_has_the_method_path_and_query_of_the_official_sdk() {
    let sorted = "Order=ASC&PageNumber=1&PageSize=100&SortBy=GmtCreateTime";
    let versions = "LabelKeys=dso-owner&Order=ASC&PageNumber=2&PageSize=50&SortBy=GmtCreateTime";
    let expected = [
        ("CreateDataset", "POST", "", ""),
        ("ListDatasets", "GET", "", sorted),
        ("GetDataset", "GET", "/d-1", ""),
        ("UpdateDataset", "PUT", "/d-1", ""),
        ("DeleteDataset", "DELETE", "/d-1", ""),
        ("PublishDataset", "PUT", "/d-1/publish", ""),
        ("CreateDatasetLabels", "POST", "/d-1/labels", ""),
        ("DeleteDatasetLabels", "DELETE", "/d-1/labels", "LabelKeys=env%2Cmanaged-by"),
        ("CreateDatasetVersion", "POST", "/d-1/versions", ""),
        ("ListDatasetVersions", "GET", "/d-1/versions", versions),
        ("GetDatasetVersion", "GET", "/d-1/versions/v2", ""),
        ("UpdateDatasetVersion", "PUT", "/d-1/versions/v2", ""),
        ("DeleteDatasetVersion", "DELETE", "/d-1/versions/v2", ""),
        ("CreateDatasetVersionLabels", "PUT", "/d-1/versions/v2/labels", ""),
        ("DeleteDatasetVersionLabels", "DELETE", "/d-1/versions/v2/labels", "Keys=env%2Cmanaged-by"),
        ("CreateDatasetJob", "POST", "/d-1/datasetjobs", ""),
        ("GetDatasetJob", "GET", "/d-1/datasetjobs/j", ""),
        ("ListDatasetJobs", "GET", "/d-1/datasetjobs", "Order=DESC&PageNumber=2&PageSize=50&SortBy=CreateTime"),
        ("UpdateDatasetJob", "PUT", "/d-1/datasetjobs/j", ""),
        ("DeleteDatasetJob", "DELETE", "/d-1/datasetjobs/j", ""),
        ("StopDatasetJob", "PUT", "/d-1/datasetjobs/j/action/stop", ""),
        ("CreateDatasetJobConfig", "POST", "/d-1/datasetjobconfigs", ""),
        ("GetDatasetJobConfig", "GET", "/d-1/datasetjobconfigs/c", ""),
        ("ListDatasetJobConfigs", "GET", "/d-1/datasetjobconfigs/", "PageNumber=2&PageSize=50"),
        ("UpdateDatasetJobConfig", "PUT", "/d-1/datasetjobconfigs/c", ""),
        ("DeleteDatasetJobConfig", "DELETE", "/d-1/datasetjobconfigs/c", ""),
        ("CreateDatasetFileMetas", "POST", "/d-1/datasetfilemetas", ""),
        ("UpdateDatasetFileMetas", "PUT", "/d-1/datasetfilemetas", ""),
        (
            "DeleteDatasetFileMetas",
            "DELETE",
            "/d-1/datasetfilemetas",
            "DatasetFileMetaIds=m1%2Cm2&DatasetVersion=v1&WorkspaceId=478",
        ),
        (
            "ListDatasetFileMetas",
            "GET",
            "/d-1/datasetfilemetas",
            "DatasetVersion=v1&MaxResults=100&NextToken=tok%3D%3D&Order=ASC&QueryTagsIncludeAny=a%2Cb&QueryType=TAG&\
             SortBy=FileUpdateTime&TopK=5000&WorkspaceId=478",
        ),
    ];
    let requests = one_of_each();
    let operations: Vec<_> = requests.iter().map(Request::operation).collect();
    assert_eq!(operations, Operation::ALL);
    for (request, (operation, method, path, query)) in requests.iter().zip(expected) {
        assert_eq!(request.operation().as_str(), operation);
        assert_eq!(request.method().as_str(), method, "{operation}");
        assert_eq!(request.path(EndpointForm::Roa), format!("/api/v1/datasets{path}"), "{operation}");
        assert_eq!(request.query(EndpointForm::Roa), query, "{operation}");
        assert_eq!(request.operation().reads(), method == "GET", "{operation}");
        assert_eq!(request.body().is_some(), matches!(method, "POST" | "PUT") && !path.ends_with("publish"));
        assert_eq!(request.defect(), None, "{operation}");
    }
    assert_eq!(requests[6].body(), Some(&map(json!({ "Labels": [{ "Key": "env", "Value": "prod" }] }))));
}

#[test]
fn the_gateway_form_names_the_operation_and_keeps_its_method() {
    let sorted = "Order=ASC&PageNumber=1&PageSize=100&SortBy=GmtCreateTime";
    let versions = "LabelKeys=dso-owner&Order=ASC&PageNumber=2&PageSize=50&SortBy=GmtCreateTime";
    let ids = "DatasetId=d-1&VersionName=v2";
    let expected = [
        ("CreateDataset", ""),
        ("ListDatasets", sorted),
        ("GetDataset/d-1", ""),
        ("UpdateDataset/d-1", ""),
        ("DeleteDataset/d-1", ""),
        ("PublishDataset/d-1", ""),
        ("CreateDatasetLabels/d-1", ""),
        ("DeleteDatasetLabels/d-1", "LabelKeys=env%2Cmanaged-by"),
        ("CreateDatasetVersion/d-1", ""),
        ("ListDatasetVersions/d-1", versions),
        ("GetDatasetVersion", ids),
        ("UpdateDatasetVersion", ids),
        ("DeleteDatasetVersion", ids),
        ("CreateDatasetVersionLabels", ids),
        ("DeleteDatasetVersionLabels", "DatasetId=d-1&Keys=env%2Cmanaged-by&VersionName=v2"),
    ];
    for (request, (path, query)) in one_of_each().iter().zip(expected) {
        assert_eq!(request.path(EndpointForm::Gateway), format!("/api/AIWorkSpace/2021-02-04/{path}"));
        assert_eq!(request.query(EndpointForm::Gateway), query, "{path}");
    }
    let strange = Request::get_dataset_version("d/1", "v 2");
    assert_eq!(strange.query(EndpointForm::Gateway), "DatasetId=d%2F1&VersionName=v%202");
    assert!(Request::get_dataset("d/../1").path(EndpointForm::Gateway).ends_with("/GetDataset/d%2F..%2F1"));
}

#[test]
fn an_operation_without_a_path_is_named_in_its_headers_alone() {
    let request = Request::get_caller_identity();
    assert_eq!((request.method().as_str(), request.body(), request.defect()), ("POST", None, None));
    for form in [EndpointForm::Roa, EndpointForm::Gateway] {
        assert_eq!(
            (&request.path(form)[..], &request.query(form)[..]),
            ("/", ""),
            "the form is that of the dataset API"
        );
    }
}

#[test]
fn a_role_and_its_external_id_are_in_the_query() {
    let request = |external_id| Request::assume_role("acs:ram::1:role/r", "s-1", "3600", external_id);
    let query = "DurationSeconds=3600&RoleArn=acs%3Aram%3A%3A1%3Arole%2Fr&RoleSessionName=s-1";
    assert_eq!(request(None).query(EndpointForm::Gateway), query);
    let with_id = query.replace("&RoleArn", "&ExternalId=a%20%26&RoleArn");
    assert_eq!(request(Some("a &")).query(EndpointForm::Roa), with_id);
    assert_eq!((&request(None).path(EndpointForm::Gateway)[..], request(None).operation().reads()), ("/", true));
}

/// The queries are those of the official SDK, except that it writes a blank as `+` and booleans with a capital.
#[test]
fn an_operation_of_imm_has_all_its_parameters_in_the_query() {
    let (project, name) = ("test-project", "dataset001");
    let members = map(json!({
        "ProjectName": project, "DatasetName": name, "Description": "图片 集", "DatasetMaxBindCount": 10,
        "TemplateId": "Official:ImageManagement", "WorkflowParameters": [{ "Name": "n", "Value": "v" }],
    }));
    for (request, query) in [
        (
            Request::create_media_dataset(project, name, &members),
            "DatasetMaxBindCount=10&DatasetName=dataset001&Description=%E5%9B%BE%E7%89%87%20%E9%9B%86\
             &ProjectName=test-project&TemplateId=Official%3AImageManagement\
             &WorkflowParameters=%5B%7B%22Name%22%3A%22n%22%2C%22Value%22%3A%22v%22%7D%5D",
        ),
        (
            Request::get_media_dataset(project, name, true),
            "DatasetName=dataset001&ProjectName=test-project&WithStatistics=true",
        ),
        (Request::get_media_dataset(project, name, false), "DatasetName=dataset001&ProjectName=test-project"),
        (Request::list_media_datasets(project, None), "MaxResults=200&ProjectName=test-project"),
        (
            Request::list_media_datasets(project, Some("1:p:n")),
            "MaxResults=200&NextToken=1%3Ap%3An&ProjectName=test-project",
        ),
        (
            Request::update_media_dataset(project, name, &map(json!({ "Description": "new" }))),
            "DatasetName=dataset001&Description=new&ProjectName=test-project",
        ),
        (Request::delete_media_dataset(project, name), "DatasetName=dataset001&ProjectName=test-project"),
    ] {
        let operation = request.operation();
        assert_eq!((request.method().as_str(), request.body(), request.defect()), ("POST", None, None), "{operation}");
        for form in [EndpointForm::Roa, EndpointForm::Gateway] {
            assert_eq!((&request.path(form)[..], &request.query(form)[..]), ("/", query), "{operation}");
        }
        let reads = query.contains("WithStatistics") || operation.as_str().contains("Get") || query.contains("Max");
        assert_eq!(operation.reads(), reads && operation != Operation::CreateMediaDataset, "{operation}");
    }
}

#[test]
fn parameters_keep_what_they_say() {
    let query = |members: Value| {
        let request = Request::update_media_dataset("p", "m", &map(members));
        let query = request.query(EndpointForm::Roa);
        let others = query.split('&').filter(|pair| !["DatasetName=m", "ProjectName=p"].contains(pair));
        others.collect::<Vec<_>>().join("&")
    };
    assert_eq!(query(json!({ "DatasetMaxTotalFileSize": i64::MAX })), "DatasetMaxTotalFileSize=9223372036854775807");
    assert_eq!(
        query(json!({ "DatasetMaxFileCount": 9_007_199_254_740_993_u64 })),
        "DatasetMaxFileCount=9007199254740993"
    );
    assert_eq!(query(json!({ "Description": "" })), "Description=", "set to nothing");
    assert_eq!(query(json!({ "Description": null })), "", "left alone");
    assert_eq!(query(json!({ "DatasetConfig": { "Insights": true } })), "DatasetConfig=%7B%22Insights%22%3Atrue%7D");
    assert_eq!(query(json!({ "WorkflowParameters": [] })), "WorkflowParameters=%5B%5D");
    for (project, name) in [("", "m"), ("p", ""), ("p", "..")] {
        assert!(Request::delete_media_dataset(project, name).defect().is_some(), "{project:?} {name:?}");
    }
}

#[test]
fn the_list_sends_only_the_filters_that_are_set() {
    let list = ListDatasets {
        workspace_id: Some("478".to_owned()),
        label: Some("数 +".to_owned()),
        name: Some("n".to_owned()),
        dataset_ids: vec!["d-1".to_owned(), "d-2".to_owned()],
        page_number: 3,
        page_size: 7,
    };
    assert_eq!(
        Request::list_datasets(&list).query(EndpointForm::Roa),
        "DatasetIds=d-1%2Cd-2&Label=%E6%95%B0%20%2B&Name=n&Order=ASC&PageNumber=3&PageSize=7\
         &SortBy=GmtCreateTime&WorkspaceId=478"
    );
}

#[test]
fn ids_cannot_leave_their_place_in_the_path() {
    let request = Request::get_dataset_version("d/../x?y#z%2F", "v 2");
    assert_eq!(request.path(EndpointForm::Roa), "/api/v1/datasets/d%2F..%2Fx%3Fy%23z%252F/versions/v%202");
    for id in ["", ".", ".."] {
        assert!(Request::delete_dataset(id).defect().is_some(), "{id:?}");
        assert!(Request::get_dataset_version("d-1", id).defect().is_some(), "{id:?}");
    }
}

#[test]
fn a_list_that_would_mean_something_else_is_not_sent() {
    let with = |keys: &[&str]| {
        let keys: Vec<String> = keys.iter().map(|&key| key.to_owned()).collect();
        Request::delete_dataset_labels("d-1", &keys).defect()
    };
    assert_eq!(with(&["a", "b"]), None);
    for keys in [&[] as &[&str], &[""], &["a", ""], &["a,b"]] {
        assert!(with(keys).is_some(), "{keys:?}");
    }
    let list = ListDatasets { dataset_ids: vec!["d-1,d-2".to_owned()], ..ListDatasets::default() };
    assert!(Request::list_datasets(&list).defect().is_some());
}

proptest::proptest! {
    /// The URL library takes the path and the query as they are, so what is signed is what is sent.
    #[test]
    fn any_id_and_any_filter_reach_the_wire_as_signed(id in ".*", name in ".*") {
        let list = ListDatasets { name: Some(name), ..ListDatasets::default() };
        let requests = [Request::get_dataset(&id), Request::get_dataset_version(&id, &id), Request::list_datasets(&list)];
        for request in requests.iter().filter(|request| request.defect().is_none()) {
            for form in [EndpointForm::Roa, EndpointForm::Gateway] {
                let mut url = reqwest::Url::parse("http://127.0.0.1:1").unwrap();
                url.set_path(&request.path(form));
                url.set_query(Some(&request.query(form)));
                proptest::prop_assert_eq!(url.path(), request.path(form));
                proptest::prop_assert_eq!(url.query().unwrap(), request.query(form));
            }
        }
    }
}
