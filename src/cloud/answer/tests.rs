//! The reading is lenient where no decision depends on a member, and strict where an id or a mark could be overlooked.

use serde_json::json;

use super::*;

fn answer(body: Value) -> Answer {
    Answer { request_id: Some("R".to_owned()), body: map(body) }
}

fn map(value: Value) -> Map<String, Value> {
    serde_json::from_value(value).unwrap()
}

#[test]
fn a_dataset_keeps_unknown_members_and_types_what_decisions_hang_on() {
    let dataset = answer(json!({
        "RequestId": "R", "DatasetId": "d-1", "Name": "n", "Uri": "oss://b/", "New": { "a": 1e9 },
        "Labels": [{ "Key": "env", "Value": "prod" }, { "Key": "bare" }, { "Key": "n", "Value": null }],
        "LatestVersion": { "VersionName": "v2", "Labels": [{ "Key": "k", "Value": "v" }], "DataSize": 9 },
    }))
    .dataset()
    .unwrap();
    assert_eq!(dataset.id, "d-1");
    assert_eq!(dataset.labels["env"], "prod");
    assert_eq!((&dataset.labels["bare"][..], &dataset.labels["n"][..]), ("", ""));
    let latest = dataset.latest_version.unwrap();
    assert_eq!((&latest.name[..], &latest.labels["k"][..]), ("v2", "v"));
    assert_eq!(latest.fields, map(json!({ "DataSize": 9 })));
    assert_eq!(dataset.fields, map(json!({ "Name": "n", "Uri": "oss://b/", "New": { "a": 1e9 } })));
}

#[test]
fn absent_labels_and_latest_version_are_none() {
    for body in [
        json!({ "DatasetId": "d-1" }),
        json!({ "DatasetId": "d-1", "Labels": null, "LatestVersion": null }),
        json!({ "DatasetId": "d-1", "Labels": [], "LatestVersion": {} }),
    ] {
        let dataset = answer(body).dataset().unwrap();
        assert!(dataset.labels.is_empty() && dataset.latest_version.is_none());
    }
}

#[test]
fn what_could_hide_an_owner_or_an_id_is_malformed() {
    for body in [
        json!({}),
        json!({ "DatasetId": "" }),
        json!({ "DatasetId": 7 }),
        json!({ "DatasetId": "../d-1" }),
        json!({ "DatasetId": "d-1\nd-2" }),
        json!({ "DatasetId": "d-1,d-2" }),
        json!({ "DatasetId": "d-٣" }),
        json!({ "DatasetId": "d".repeat(257) }),
        json!({ "DatasetId": "d-1", "LatestVersion": { "VersionName": "v1/../v2" } }),
        json!({ "DatasetId": "d-1", "Labels": "none" }),
        json!({ "DatasetId": "d-1", "Labels": [{ "key": "small" }] }),
        json!({ "DatasetId": "d-1", "Labels": [{ "Key": "k", "Value": 1 }] }),
        json!({ "DatasetId": "d-1", "LatestVersion": "v1" }),
        json!({ "DatasetId": "d-1", "LatestVersion": { "Uri": "oss://b/" } }),
    ] {
        let error = answer(body.clone()).dataset().unwrap_err();
        assert_eq!(error.request_id.as_deref(), Some("R"), "{body}");
    }
}

#[test]
fn an_id_is_read_by_the_name_of_its_member() {
    let read = |body, name| answer(body).id(name).map_err(|error| error.what.into_owned());
    let of = |body: Value| read(body, "CopyId");
    assert_eq!(of(json!({ "CopyId": "c-1", "DatasetId": "d-1" })), Ok("c-1".to_owned()));
    assert_eq!(of(json!({ "DatasetId": "d-1" })), Err("CopyId is missing".to_owned()));
    assert_eq!(of(json!({ "CopyId": "c/1" })), Err("CopyId is not an id".to_owned()));
    assert_eq!(read(json!({ "VersionName": "v 1" }), "VersionName"), Err("VersionName is not a name".to_owned()));
}

#[test]
fn a_list_may_leave_itself_out_only_if_it_is_empty() {
    let datasets = |body| answer(body).datasets();
    let (one, total) = datasets(json!({ "Datasets": [{ "DatasetId": "d-1" }], "TotalCount": "12" })).unwrap();
    assert_eq!((one.len(), total), (1, Some(12)));
    assert_eq!(datasets(json!({ "TotalCount": 0 })).unwrap(), (vec![], Some(0)));
    assert_eq!(datasets(json!({ "Datasets": [] })).unwrap(), (vec![], None));
    for body in [
        json!({}),
        json!({ "TotalCount": 3 }),
        json!({ "Datasets": {}, "TotalCount": 0 }),
        json!({ "Datasets": [null], "TotalCount": 1 }),
        json!({ "Datasets": [{ "Name": "no id" }], "TotalCount": 1 }),
    ] {
        assert!(datasets(body.clone()).is_err(), "{body}");
    }
    let versions = answer(json!({ "DatasetVersions": [{ "VersionName": "v1" }], "TotalCount": -1 }));
    let (versions, total) = versions.versions().unwrap();
    assert_eq!((&versions[0].name[..], total), ("v1", None));
}

fn media(extra: Value) -> Value {
    let mut dataset = map(json!({ "ProjectName": "p", "DatasetName": "m_1", "DatasetMaxTotalFileSize": i64::MAX }));
    dataset.extend(map(extra));
    Value::Object(dataset)
}

#[test]
fn a_media_dataset_is_known_by_two_names_and_keeps_all_its_digits() {
    let text = format!(r#"{{"RequestId":"R","Dataset":{}}}"#, media(json!({ "ClusterType": "New", "FileCount": 0 })));
    let dataset = answer(serde_json::from_str(&text).unwrap()).media_dataset().unwrap();
    assert_eq!((&dataset.project[..], &dataset.name[..]), ("p", "m_1"));
    assert_eq!(Value::Object(dataset.fields.clone()), media(json!({ "ClusterType": "New", "FileCount": 0 })));
    assert_eq!(dataset.fields["DatasetMaxTotalFileSize"].to_string(), "9223372036854775807");
}

#[test]
fn a_media_dataset_without_its_names_is_malformed() {
    let read = |extra: Value| answer(json!({ "Dataset": media(extra) })).media_dataset();
    for name in ["a", "_", "A-b_9", &"x".repeat(128)] {
        assert_eq!(read(json!({ "DatasetName": name })).unwrap().name, name);
    }
    for name in ["", "1a", "-a", "a b", "a/b", "ä", "a.b", &"x".repeat(129)] {
        assert!(read(json!({ "DatasetName": name })).is_err(), "{name:?}");
    }
    for project in ["", "a/b", "a b", "a\n", &"x".repeat(257)] {
        assert!(read(json!({ "ProjectName": project })).is_err(), "{project:?}");
    }
    assert!(read(json!({ "ProjectName": "图片.1" })).is_ok());
    assert!(read(json!({ "DatasetName": 7 })).is_err() && read(json!({ "ProjectName": null })).is_err());
    assert!(answer(media(json!({}))).media_dataset().is_err(), "not at the top");
    assert!(answer(json!({ "Dataset": [] })).media_dataset().is_err());
}

#[test]
fn a_page_of_media_datasets_says_whether_another_follows() {
    let page = |body: Value| answer(body).media_datasets().map(|(datasets, next)| (datasets.len(), next));
    let items = || json!([media(json!({})), media(json!({ "DatasetName": "m_2" }))]);
    for next in [json!({}), json!({ "NextToken": null }), json!({ "NextToken": "" })] {
        let mut body = map(next);
        body.insert("Datasets".to_owned(), items());
        assert_eq!(page(Value::Object(body)).unwrap(), (2, None));
    }
    let next = json!({ "Datasets": items(), "NextToken": "1:p:m_2" });
    assert_eq!(page(next).unwrap(), (2, Some("1:p:m_2".to_owned())));
    assert_eq!(page(json!({ "Datasets": [] })).unwrap(), (0, None));
    for body in [
        json!({}),
        json!({ "Datasets": null }),
        json!({ "Datasets": [null] }),
        json!({ "Datasets": [{ "DatasetName": "m" }] }),
        json!({ "Datasets": [], "NextToken": 7 }),
    ] {
        assert!(page(body.clone()).is_err(), "{body}");
    }
}

#[test]
fn an_answer_of_imm_is_about_the_project_and_the_name_that_were_asked_for() {
    let fits = |request: &Request, body| answer(body).fits(request).is_ok();
    let one = |extra| json!({ "Dataset": media(extra) });
    let reads = [Request::create_media_dataset("p", "m_1", &Map::new()), Request::get_media_dataset("p", "m_1", true)];
    for request in &reads {
        assert!(fits(request, one(json!({}))));
        assert!(!fits(request, one(json!({ "DatasetName": "M_1" }))));
        assert!(!fits(request, one(json!({ "ProjectName": "q" }))));
        assert!(!fits(request, json!({ "RequestId": "R" })));
    }
    let update = Request::update_media_dataset("p", "m_1", &Map::new());
    assert!(fits(&update, json!({ "RequestId": "R" })) && fits(&update, one(json!({}))));
    assert!(!fits(&update, one(json!({ "DatasetName": "m_2" }))));
    assert!(fits(&Request::delete_media_dataset("p", "m_1"), json!({})));
    let page = |token: &str, extra| json!({ "Datasets": [media(json!({})), media(extra)], "NextToken": token });
    let list = Request::list_media_datasets("p", Some("t1"));
    assert!(fits(&list, page("t2", json!({ "DatasetName": "m_2" }))));
    assert!(!fits(&list, page("t2", json!({ "ProjectName": "q" }))));
    assert!(!fits(&list, page("t1", json!({}))), "the list would never end");
}

#[test]
fn an_answer_fits_only_the_question_that_was_asked() {
    let fits = |request: &Request, body| answer(body).fits(request).is_ok();
    let create = Request::create_dataset(Map::new());
    assert!(fits(&create, json!({ "DatasetId": "d-1" })));
    assert!(!fits(&create, json!({ "RequestId": "R" })));
    let create = Request::create_dataset_version("d-1", Map::new());
    assert!(fits(&create, json!({ "VersionName": "v2" })));
    assert!(fits(&create, json!({ "VersionName": "v2", "DatasetId": "d-1" })));
    assert!(!fits(&create, json!({ "VersionName": "v2", "DatasetId": "d-2" })));
    assert!(!fits(&create, json!({ "VersionName": "v2 " })));
    assert!(!fits(&create, json!({})));
    let get = Request::get_dataset("d-1");
    assert!(fits(&get, json!({ "DatasetId": "d-1" })));
    assert!(!fits(&get, json!({ "DatasetId": "d-2" })));
    let get = Request::get_dataset_version("d-1", "v2");
    assert!(fits(&get, json!({ "VersionName": "v2" })));
    assert!(!fits(&get, json!({ "VersionName": "v3" })));
    assert!(!fits(&get, json!({ "VersionName": "v2", "DatasetId": "d-2" })));
    assert!(fits(&Request::delete_dataset("d-1"), json!({})));
}
