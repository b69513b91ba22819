//! Media datasets on the wire: what is sent, where the mark goes, and what comes back.

use serde_json::json;

use super::*;
use crate::cloud::EndpointForm;
use crate::remote::carrier::split;
use crate::remote::mark::{Identity, Owner};

fn fields(value: Value) -> Fields {
    serde_json::from_value(value).unwrap()
}

fn mark() -> RawMark {
    let owner = Owner { kind: "MediaDataset.imm.dataset-operator.dev".into(), namespace: "n".into(), name: "o".into() };
    let identity = Identity::new(&["d".to_owned()], &[], "c");
    identity.text_mark(&owner, "default cn-hangzhou p", "u", "c0123456789abcdef", "5efd8903882438b7").unwrap()
}

fn members(description: &str) -> Fields {
    fields(json!({ "ProjectName": "p", "Name": "m", "Description": description }))
}

fn answered(dataset: &Value) -> Answer {
    Answer { request_id: None, body: fields(json!({ "Dataset": dataset })) }
}

/// The decoded parameter of this name.
fn sent(request: &Request, name: &str) -> Option<String> {
    let url = format!("http://a/?{}", request.query(EndpointForm::Roa));
    let url = reqwest::Url::parse(&url).unwrap();
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

fn create(description: &str) -> Result<Request, Unwritable> {
    MediaDatasets::PLAIN.create(Some("elsewhere"), &members(description), &Labels::new(), Some(&mark()))
}

#[test]
fn a_create_names_project_and_dataset_and_carries_the_mark() {
    let request = create("图片 集").unwrap();
    assert_eq!(request.operation(), Operation::CreateMediaDataset);
    assert_eq!([sent(&request, "ProjectName"), sent(&request, "DatasetName")], [Some("p".into()), Some("m".into())]);
    let text = sent(&request, "Description").unwrap();
    assert_eq!(split(&text), ("图片 集", Some(mark())));
    let shown = json!({ "ProjectName": "p", "DatasetName": "m", "Description": text, "FileCount": i64::MAX });
    let (answer, id) = (answered(&shown), RemoteId::keyed("p", "m"));
    assert_eq!(MediaDatasets::PLAIN.created(None, &answer).unwrap(), id);
    let remote = MediaDatasets::COUNTING.shown(&id, &answer).unwrap();
    let mut expected =
        fields(json!({ "ProjectName": "p", "Name": "m", "Description": "图片 集", "FileCount": i64::MAX }));
    assert_eq!((&remote.id, &remote.mark, &remote.fields), (&id, &Some(mark()), &expected));
    expected.remove("FileCount");
    assert_eq!(MediaDatasets::PLAIN.shown(&id, &answer).unwrap().fields, expected, "nobody asked for a count");
    assert!(remote.labels.is_empty() && remote.latest.is_none());
    let unnamed = MediaDatasets::PLAIN.create(Some("p"), &fields(json!({})), &Labels::new(), Some(&mark())).unwrap();
    assert_ne!(unnamed, Request::create_media_dataset("p", "", &Fields::new()), "the place is a member");
}

#[test]
fn the_mark_leaves_192_bytes_of_the_description() {
    for fits in ["x".repeat(192), "图".repeat(64), format!("{}xyz", "é".repeat(94)), String::new()] {
        let text = sent(&create(&fits).unwrap(), "Description").unwrap();
        assert!(text.len() <= 256 && split(&text) == (&fits, Some(mark())), "{text}");
    }
    for (long, length) in [("x".repeat(193), 193), ("图".repeat(65), 195), ("é".repeat(97), 194)] {
        let refused = create(&long).unwrap_err();
        assert_eq!(refused, Unwritable::TooLong { length, unit: "bytes", longest: 192 });
    }
    // Nothing is cut or counted where no mark is written.
    let plain = MediaDatasets::PLAIN.create(None, &members(&"x".repeat(256)), &Labels::new(), None).unwrap();
    assert_eq!(sent(&plain, "Description").unwrap().len(), 256);
}

#[test]
fn a_mark_without_a_description_is_the_description_even_if_the_service_trims_it() {
    let missing = fields(json!({ "ProjectName": "p", "Name": "m" }));
    let created = MediaDatasets::PLAIN.create(None, &missing, &Labels::new(), Some(&mark())).unwrap();
    assert_eq!(created, create("").unwrap());
    let text = sent(&created, "Description").unwrap();
    for text in [text.as_str(), text.trim()] {
        let answer = answered(&json!({ "ProjectName": "p", "DatasetName": "m", "Description": text }));
        let remote = MediaDatasets::PLAIN.shown(&RemoteId::keyed("p", "m"), &answer).unwrap();
        assert_eq!((&remote.fields["Description"], remote.mark), (&json!(""), Some(mark())), "{text:?}");
    }
}

fn remote(mark: Option<RawMark>) -> Remote {
    let fields = fields(json!({ "Description": "theirs", "TemplateId": "t" }));
    Remote { id: RemoteId::keyed("p", "m"), labels: Labels::new(), fields, latest: None, mark }
}

#[test]
fn an_update_sends_what_can_change_and_never_drops_the_mark() {
    let changed = |mark, members| MediaDatasets::PLAIN.update(&remote(mark), fields(members)).unwrap();
    let request =
        changed(Some(mark()), json!({ "ProjectName": "q", "DatasetName": "n", "DatasetConfig": {}, "New": 1 }));
    assert_eq!(request, Request::update_media_dataset("p", "m", &Fields::new()));
    let request = changed(Some(mark()), json!({ "TemplateId": "t2", "DatasetMaxFileCount": 7 }));
    assert_eq!(sent(&request, "Description"), None, "absent members stay");
    assert_eq!(
        (sent(&request, "TemplateId").as_deref(), sent(&request, "DatasetMaxFileCount").as_deref()),
        (Some("t2"), Some("7"))
    );
    for text in ["new", ""] {
        let request = changed(Some(mark()), json!({ "Description": text }));
        assert_eq!(split(&sent(&request, "Description").unwrap()), (text, Some(mark())));
        let request = changed(None, json!({ "Description": text }));
        assert_eq!(sent(&request, "Description").as_deref(), Some(text), "there is no mark to keep");
    }
    let long = fields(json!({ "Description": "x".repeat(193) }));
    assert!(MediaDatasets::PLAIN.update(&remote(Some(mark())), long.clone()).is_err());
    let torn = RawMark { attempt: None, ..mark() };
    assert_eq!(MediaDatasets::PLAIN.update(&remote(Some(torn)), long), Err(Unwritable::Shape));
}

#[test]
fn a_mark_is_set_behind_the_text_that_is_there() {
    for (held, wanted) in [(None, mark()), (Some(mark()), mark().into_released())] {
        let change = MediaDatasets::PLAIN.set_mark(&remote(held), &wanted).unwrap();
        let text = sent(&change.request, "Description").unwrap();
        assert_eq!(split(&text), ("theirs", Some(wanted.clone())));
        assert_eq!((change.after.mark, change.replaces), (Some(wanted), true), "a text that others write too");
    }
}

#[test]
fn one_is_asked_for_by_its_key_and_a_project_page_by_page() {
    let id = RemoteId::keyed("p", "m");
    assert_eq!(MediaDatasets::PLAIN.get(&id), Request::get_media_dataset("p", "m", false));
    assert_eq!(MediaDatasets::COUNTING.get(&id), Request::get_media_dataset("p", "m", true));
    assert_eq!(MediaDatasets::PLAIN.delete(&id), Request::delete_media_dataset("p", "m"));
    assert!(MediaDatasets::PLAIN.delete(&RemoteId::new("d-1")).defect().is_some(), "an id of another kind");
    let list = |start| MediaDatasets::PLAIN.list(&place::of_project("p"), Select::All, &start);
    assert_eq!(list(Start::Token("t".into())), Request::list_media_datasets("p", Some("t")));
    assert_eq!(list(Start::Number(1)), Request::list_media_datasets("p", None));
    let own =
        json!({ "ProjectName": "p", "DatasetName": "m", "Description": sent(&create("d").unwrap(), "Description") });
    let page = json!({ "Datasets": [own, { "ProjectName": "p", "DatasetName": "n" }], "NextToken": "t2" });
    let Page { remotes, total, next } =
        MediaDatasets::PLAIN.listed(&Answer { request_id: None, body: fields(page) }).unwrap();
    assert_eq!((total, next), (None, Next::Token("t2".into())));
    assert_eq!(remotes.iter().map(|remote| remote.id.to_string()).collect::<Vec<_>>(), ["p/m", "p/n"]);
    assert_eq!((&remotes[0].mark, &remotes[1].mark), (&Some(mark()), &None));
}
