//! What a DatasetJobConfig wants, and how what is shown of a configuration compares with it.

use super::super::members::tests::every_member;
use super::*;
use crate::api::job_config_definition::IMMUTABLES;
use crate::plan::edit::Purpose;
use crate::plan::marked::cases::{desire, fields};
use crate::plan::marked::tests::view;
use crate::plan::secret::SecretVersion;

#[test]
fn every_field_of_the_spec_is_a_member_or_says_how_the_operator_works() {
    const OURS: &[&str] =
        &["adoption", "datasetId", "datasetRef", "deletionPolicy", "onExternalDeletion", "providerConfigRef"];
    let (_, mut names) = every_member::<DatasetJobConfig, DatasetJobConfigSpec>();
    names.retain(|name| !OURS.contains(&name.as_str()));
    assert_eq!(names, ["configType", "multimodalIntelligentTag", "multimodalSemanticIndex"]);
    assert_eq!(IMMUTABLES.iter().map(|it| it.field).collect::<Vec<_>>(), ["configType"]);
    let spec: DatasetJobConfigSpec = serde_json::from_value(json!({
        "configType": "MultimodalSemanticIndex", "multimodalSemanticIndex": {"defaultModelId": "m"},
    }))
    .unwrap();
    assert_eq!(members(&spec).unwrap(), fields(json!({MODEL[0].0: "m"})), "what is absent is not managed");
    for config_type in ["MultimodalSemanticIndex", "MultimodalIntelligentTag"] {
        let bare: DatasetJobConfigSpec = serde_json::from_value(json!({"configType": config_type})).unwrap();
        assert!(members(&bare).unwrap_err().message.contains("is not set"), "{config_type}");
    }
}

fn version(number: &str) -> SecretVersion {
    SecretVersion { uid: "u".into(), resource_version: number.into() }
}

/// The fields that differ, by their names in the spec.
fn differing(wanted: Value, recorded: Option<&str>, secret: Option<&str>, shown: Value) -> Vec<String> {
    of_spec(wanted, recorded, secret, shown, false)
}

/// The same; the spec was `edited` since it was carried out.
fn of_spec(wanted: Value, recorded: Option<&str>, secret: Option<&str>, shown: Value, edited: bool) -> Vec<String> {
    let mut view = View { profile: &PROFILE, ..view() };
    let mut desired = desire(&mut view).clone();
    desired.mutable = fields(wanted);
    if let Some(secret) = secret {
        desired = desired.with_secret(version(secret));
    }
    view.recorded.observed_generation = view.object.generation - i64::from(edited);
    view.recorded.conditions = serde_json::from_value(json!([{
        "type": "Ready", "status": "True", "reason": "Available", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z",
    }]))
    .unwrap();
    view.recorded.info.extend(recorded.map(|number| (SECRET.to_owned(), json!(version(number)))));
    let id = RemoteId::new("d-1").within(JOB_CONFIGS, "dscfg-1");
    let remote = Remote::labelled(id, Labels::new(), fields(shown), None);
    let found = compare(&view, &desired, &remote).unwrap();
    assert!(found.edits.len() <= 1 && found.needs.is_none());
    let changes = found.edits.into_iter().flat_map(|edit| {
        let Purpose::Spec(fields) = edit.purpose else { panic!("{:?}", edit.purpose) };
        fields
    });
    changes.map(|change| change.field.path()).collect()
}

#[test]
fn what_is_not_shown_is_not_compared_and_status_tells_which_key_was_sent() {
    let key = "spec.multimodalIntelligentTag.apiKeySecretRef";
    let none: [&str; 0] = [];
    assert_eq!(differing(json!({}), Some("1"), Some("1"), json!({})), none, "masked");
    assert_eq!(differing(json!({}), Some("1"), Some("2"), json!({})), [key], "masked, and the Secret has changed");
    assert_eq!(differing(json!({}), None, Some("1"), json!({})), [key], "masked, and never sent");
    assert_eq!(differing(json!({}), Some("1"), Some("1"), json!({KEY: "another key"})), [key], "changed by somebody");
    assert_eq!(
        differing(json!({}), Some("1"), Some("2"), json!({KEY: version("2")})),
        none,
        "it has the new one already"
    );
    let model = json!({MODEL[0].0: "m"});
    assert_eq!(differing(model.clone(), None, None, json!({MODEL[0].0: "m", MODEL[1].0: "9"})), none);
    assert_eq!(differing(model.clone(), None, None, json!({})), none, "masked");
    assert_eq!(of_spec(model.clone(), None, None, json!({}), true).len(), 1, "masked, and the spec was edited");
    assert_eq!(of_spec(model.clone(), None, None, json!({MODEL[0].0: "m"}), true), none);
    let changed = differing(model, None, None, json!({MODEL[0].0: "n"}));
    assert_eq!(changed, ["spec.multimodalSemanticIndex.defaultModelId"]);
}
