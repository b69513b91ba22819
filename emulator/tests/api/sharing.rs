//! Sharing: where its details are shown.

use pai_emulator::knobs::{SharesListed, Write};
use serde_json::{Value, json};

use crate::client::{Client, emulator, texts};

#[tokio::test]
async fn shares_are_set_shown_and_taken_back() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let id = format!("/{}", client.create("x", json!({})).await);
    let share = |workspace: &str, more: Value| {
        let share = json!({"TenantId": "1000000000000001", "WorkspaceId": workspace});
        crate::client::with(share, more)
    };
    let extra =
        json!({"Extra": r#"{"AllowExportModel":false}"#, "IsSecureMode": true, "AllowedMountAccessLevels": ["RW"]});
    let set = async |shares: Value| client.ok("PUT", &id, json!({"SharingConfig": {"SharedTo": shares}})).await;
    set(json!([share("9", extra.clone()), share("10", json!({"ExpiresAt": "2020-01-01T00:00:00Z"}))])).await;
    let shown = client.ok("GET", &id, Value::Null).await["SharingConfig"]["SharedTo"].clone();
    assert_eq!(
        (texts(&shown, "WorkspaceId"), texts(&shown, "Status")),
        (vec!["9".into(), "10".into()], vec!["ACTIVE".into(), "EXPIRED".into()])
    );
    assert_eq!((&shown[0]["Extra"], &shown[1]["AllowedMountAccessLevels"]), (&extra["Extra"], &json!(["RO"])));
    let listed = async |query: &str| client.ok("GET", query, Value::Null).await["Datasets"][0]["SharingConfig"].clone();
    for (knob, all, by_me) in
        [(SharesListed::ByMe, false, true), (SharesListed::Never, false, false), (SharesListed::Always, true, true)]
    {
        emulator.set_knobs(|knobs| knobs.shares_listed = knob);
        let found = (listed("").await.is_object(), listed("?ShareScope=BY_ME").await.is_object());
        assert_eq!(found, (all, by_me), "{knob:?}");
    }
    emulator.set_knobs(|knobs| knobs.sharing_update = Write::Upsert);
    set(json!([share("10", json!({"ExpiresAt": "2999-01-01T00:00:00Z"}))])).await;
    let shown = client.ok("GET", &id, Value::Null).await["SharingConfig"]["SharedTo"].clone();
    assert_eq!(texts(&shown, "Status"), ["ACTIVE", "ACTIVE"], "a service that merges");
    emulator.set_knobs(|knobs| knobs.sharing_update = Write::Replace);
    set(json!([])).await;
    assert_eq!(client.ok("GET", &id, Value::Null).await["SharingConfig"]["SharedTo"], json!([]));
}

#[tokio::test]
async fn jobs_are_open_to_the_workspace_that_a_dataset_is_shared_to() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let id = format!("/{}", client.create("x", json!({})).await);
    let path = format!("{id}/datasetjobs?WorkspaceId=9");
    assert_eq!(client.refused("GET", &path, Value::Null).await, "400 InvalidWorkspaceId");
    let share = json!({"TenantId": "1000000000000001", "WorkspaceId": "9"});
    client.ok("PUT", &id, json!({"SharingConfig": {"SharedTo": [share]}})).await;
    client.ok("GET", &path, Value::Null).await;
}
