//! Configurations on the wire: what is sent, what of an answer goes on, and that no key does.

use super::*;

const SECRET_KEY: &str = "sk-canary";

fn fields(value: Value) -> Fields {
    serde_json::from_value(value).unwrap()
}

fn version(number: u32) -> Value {
    json!({"uid": "u", "resourceVersion": number.to_string()})
}

fn sent(request: &Request) -> Value {
    serde_json::from_slice(&request.body_bytes().unwrap()).unwrap()
}

fn answer(body: Value) -> Answer {
    Answer { request_id: None, body: fields(body) }
}

#[test]
fn a_create_sends_the_model_as_a_text_and_the_key_only_when_it_is_completed() {
    let model = json!({"ConfigType": "MultimodalSemanticIndex", "WorkspaceId": "1", MODEL[0].0: "m", MODEL[1].0: "2"});
    let request = JobConfigs::PLAIN.create(Some("d-1"), &fields(model), &Labels::new(), None).unwrap();
    assert!(!JobConfigs::lacks_key(&request) && !request.is_private());
    assert_eq!(
        sent(&request),
        json!({"ConfigType": "MultimodalSemanticIndex", "WorkspaceId": "1",
               "Config": r#"{"defaultModelId":"m","defaultModelVersion":"2"}"#})
    );
    let tag = json!({"ConfigType": TAG, "WorkspaceId": "1", KEY: version(7)});
    let request = JobConfigs::PLAIN.create(Some("d-1"), &fields(tag), &Labels::new(), None).unwrap();
    assert!(JobConfigs::lacks_key(&request));
    assert_eq!(sent(&request), json!({"ConfigType": TAG, "WorkspaceId": "1"}));
    let request = JobConfigs::complete(request, &Hidden::new(SECRET_KEY));
    assert_eq!(sent(&request)["Config"], r#"{"apiKey":"sk-canary"}"#);
    let shown = format!("{request:?} {:?}", request.body());
    assert!(!shown.contains("canary") && request.is_private(), "{shown}");
}

#[test]
fn an_update_sends_the_configuration_as_a_whole() {
    let held =
        fields(json!({"ConfigType": "MultimodalSemanticIndex", "WorkspaceId": "1", MODEL[0].0: "m", MODEL[1].0: "2"}));
    let id = RemoteId::new("d-1").within(JOB_CONFIGS, "dscfg-1");
    let remote = Remote { id, labels: Labels::new(), fields: held, latest: None, mark: None };
    let request = JobConfigs::PLAIN.update(&remote, fields(json!({MODEL[0].0: "n"}))).unwrap();
    let text = r#"{"defaultModelId":"n","defaultModelVersion":"2"}"#;
    assert_eq!(sent(&request), json!({"ConfigType": "MultimodalSemanticIndex", "Config": text}));
    assert_eq!(request.ids().map(|(_, id)| id).collect::<Vec<_>>(), ["d-1", "dscfg-1"]);
}

#[test]
fn of_a_key_only_whether_it_is_the_wanted_one_goes_on() {
    let (key, seven) = (Hidden::new(SECRET_KEY), version(7));
    let knowing = JobConfigs::knowing(&key, &seven);
    let id = RemoteId::new("d-1").within(JOB_CONFIGS, "dscfg-1");
    for (held, told) in [
        (json!(r#"{"apiKey":"sk-canary","more":"sk-canary"}"#), Some(version(7))),
        (json!(r#"{"apiKey":"sk-canary-2"}"#), Some(json!(ANOTHER))),
        (json!(r#"{"apiKey":"sk-***"}"#), None),
        (json!(r#"{"apiKey":""}"#), None),
        (json!("{}"), None),
        (json!("sk-canary"), None),
        (json!({"apiKey": "sk-canary"}), None),
        (Value::Null, None),
    ] {
        let body =
            json!({"ConfigType": TAG, "Config": held, "CreateTime": "t", "Other": "sk-canary", "DatasetId": "d-1"});
        let remote = knowing.shown(&id, &answer(body.clone())).unwrap();
        assert_eq!(remote.fields.get(KEY).cloned(), told, "{held}");
        assert_eq!(remote.fields.get("CreateTime"), Some(&json!("t")));
        assert!(!format!("{remote:?} {knowing:?} {:?}", answer(body.clone())).contains("canary"), "{held}");
        assert!(
            !JobConfigs::PLAIN.shown(&id, &answer(body)).unwrap().fields.contains_key(KEY),
            "nothing to compare with"
        );
    }
}

#[test]
fn a_list_shows_configurations_by_their_ids_and_masked_models_as_unknown() {
    let item = |id: &str, config: &str| json!({"DatasetJobConfigId": id, "ConfigType": "MultimodalSemanticIndex", "Config": config});
    let body = json!({"TotalCount": 2, "DatasetJobConfigs": [
        item("dscfg-1", r#"{"defaultModelId":"m","defaultModelVersion":1}"#), item("dscfg-2", r#"{"defaultModelId":"******"}"#),
    ]});
    let page = JobConfigs::PLAIN.listed("d-1", &answer(body)).unwrap();
    assert_eq!(page.total, Some(2));
    let ids: Vec<_> = page.remotes.iter().map(|remote| remote.id.to_string()).collect();
    assert_eq!(ids, ["d-1/configs/dscfg-1", "d-1/configs/dscfg-2"]);
    assert_eq!(page.remotes[0].fields.get(MODEL[0].0), Some(&json!("m")));
    assert!(!page.remotes[0].fields.contains_key(MODEL[1].0) && !page.remotes[1].fields.contains_key(MODEL[0].0));
    let nameless = answer(json!({"DatasetJobConfigs": [{"DatasetJobConfigId": "dscfg-1"}]}));
    assert!(JobConfigs::PLAIN.listed("d-1", &nameless).is_err(), "the type decides");
}
