//! Job configurations, secret and all.

use pai_emulator::knobs::Rule;
use serde_json::{Value, json};

use crate::client::{Client, emulator, texts, with};

fn config(kind: &str, config: &str) -> Value {
    json!({"ConfigType": kind, "Config": config, "WorkspaceId": "478"})
}

const TAG: &str = "MultimodalIntelligentTag";
const INDEX: &str = "MultimodalSemanticIndex";
const KEY: &str = r#"{"apiKey":"sk-1"}"#;

#[tokio::test]
async fn a_configuration_lives() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let dataset = client.create("x", json!({})).await;
    let configs = format!("/{dataset}/datasetjobconfigs");
    let made = client.ok("POST", &configs, with(config(TAG, KEY), json!({"DatasetVersion": "v1"}))).await;
    let id = made["DatasetJobConfigId"].as_str().unwrap().to_owned();
    assert!(id.starts_with("dscfg-"), "{id}");
    let path = format!("{configs}/{id}");
    let got = client.ok("GET", &format!("{path}?WorkspaceId=478"), Value::Null).await;
    let members = (got["Config"].clone(), got["ConfigType"].clone(), got["DatasetId"].clone());
    assert_eq!(members, (json!(KEY), json!(TAG), json!(dataset)), "in clear");
    assert_eq!((&got["WorkspaceId"], got["CreateTime"].as_str().unwrap().len()), (&json!("478"), 20));

    assert_eq!(client.refused("POST", &configs, config(TAG, KEY)).await, "400 201300202");
    let model = r#"{"defaultModelId":"m","defaultModelVersion":"1"}"#;
    client.ok("POST", &configs, config(INDEX, model)).await;
    let listed = async |query: &str| client.ok("GET", &format!("{configs}{query}"), Value::Null).await;
    let all = listed("/?PageNumber=1&PageSize=10").await;
    assert_eq!(
        (texts(&all["DatasetJobConfigs"], "Config"), &all["TotalCount"]),
        (vec![KEY.into(), model.into()], &json!(2))
    );
    assert_eq!(all["DatasetJobConfigs"][0]["DatasetJobConfigId"], id);
    assert_eq!(texts(&listed(&format!("?ConfigType={INDEX}")).await["DatasetJobConfigs"], "ConfigType"), [INDEX]);
    assert_eq!(listed("?DatasetVersion=v1").await["TotalCount"], 1);
    assert_eq!(texts(&listed("?PageSize=1&PageNumber=2").await["DatasetJobConfigs"], "ConfigType"), [INDEX]);

    client.ok("PUT", &path, json!({"Config": r#"{"apiKey":"sk-2"}"#, "ConfigType": TAG})).await;
    assert_eq!(client.ok("GET", &path, Value::Null).await["Config"], r#"{"apiKey":"sk-2"}"#);
    emulator.set_knobs(|knobs| knobs.mask_job_config = true);
    assert_eq!(client.ok("GET", &path, Value::Null).await["Config"], r#"{"apiKey":"******"}"#);
    client.ok("DELETE", &format!("{path}?WorkspaceId=478"), Value::Null).await;
    assert_eq!(client.refused("GET", &path, Value::Null).await, "404 201300003");
    client.ok("DELETE", &format!("/{dataset}"), Value::Null).await;
    assert_eq!(emulator.state().job_configs, Some(Vec::new()));
}

#[tokio::test]
async fn what_is_refused() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let configs = format!("/{}/datasetjobconfigs", client.create("x", json!({})).await);
    for (body, refusal) in [
        (config("", KEY), "400 MissingConfigType"),
        (config("Other", KEY), "400 InvalidConfigType"),
        (config(TAG, ""), "400 MissingConfig"),
        (config(TAG, "sk-secret"), "400 InvalidConfig"),
        (with(config(TAG, KEY), json!({"WorkspaceId": "1"})), "400 InvalidWorkspaceId"),
        (with(config(TAG, KEY), json!({"DatasetVersion": "v2"})), "404 201300003"),
    ] {
        let (_, answer) = client.call("POST", &configs, body.clone()).await;
        assert!(!answer["Message"].as_str().unwrap().contains("secret"), "{answer}");
        assert_eq!(client.refused("POST", &configs, body).await, refusal);
    }
    assert_eq!(
        client.refused("GET", &format!("{configs}?ConfigType=Other"), Value::Null).await,
        "400 InvalidConfigType"
    );
    assert_eq!(client.refused("PUT", &format!("{configs}/dscfg-none"), json!({})).await, "404 201300003");
    emulator.set_knobs(|knobs| knobs.duplicate_job_config = Rule::Accept);
    client.ok("POST", &configs, config(TAG, KEY)).await;
    client.ok("POST", &configs, config(TAG, KEY)).await;
}
