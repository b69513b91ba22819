//! Who sees which dataset: own and others', other accounts', shared ones.

use pai_emulator::{Credential, Options};
use serde_json::{Value, json};

use crate::client::{Client, emulator};

#[tokio::test]
async fn without_list_all_others_private_datasets_are_hidden() {
    let mut credentials = Credential::defaults();
    credentials.push(Credential { user_id: "7".into(), list_all: false, ..Credential::bearer("seven", "seven") });
    credentials.push(Credential {
        account_id: "5".into(),
        user_id: "5".into(),
        ..Credential::bearer("other", "other")
    });
    let mut options = Options { credentials, ..Options::default() };
    "478".clone_into(&mut options.knobs.default_workspace);
    let emulator = pai_emulator::Emulator::start(options).await.unwrap();
    let admin = Client::of(&emulator);
    let (seven, other) = (admin.with_token("seven"), admin.with_token("other"));
    let hidden = admin.create("hidden", json!({})).await;
    let public = admin.create("public", json!({"Accessibility": "PUBLIC"})).await;
    let own = seven.create("own", json!({})).await;
    assert_eq!(seven.list("", "Name").await, ["public", "own"]);
    assert_eq!(admin.list("", "Name").await, ["hidden", "public", "own"]);
    assert_eq!(seven.refused("POST", "", crate::client::dataset("hidden")).await, "400 201300003", "taken unseen");
    let path = |id: &str| format!("/{id}");
    assert_eq!(seven.ok("GET", &path(&hidden), Value::Null).await["MountAccess"], "RO");
    for id in [&hidden, &public] {
        assert_eq!(seven.refused("PUT", &path(id), json!({})).await, "403 NoPermission");
    }
    seven.ok("PUT", &path(&own), json!({"Description": "mine"})).await;
    seven.ok("PUT", &format!("/{own}/publish"), Value::Null).await;
    assert_eq!(seven.refused("DELETE", &path(&own), Value::Null).await, "403 NoPermission", "published");
    let foreign = crate::client::with(crate::client::dataset("z"), json!({"UserId": "8"}));
    assert_eq!(seven.refused("POST", "", foreign).await, "403 NoPermission");

    assert!(other.list("", "Name").await.is_empty());
    assert_eq!(other.refused("GET", &path(&public), Value::Null).await, "404 201300003");
    other.create("hidden", json!({})).await;
}

#[tokio::test]
async fn shared_datasets_show_up_in_the_other_workspace() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let id = client.create("x", json!({})).await;
    let path = format!("/{id}");
    let share = |workspace: &str| json!({"SharingConfig": {"SharedTo": [{"TenantId": "1000000000000001", "WorkspaceId": workspace}]}});
    client.ok("PUT", &path, share("9")).await;
    let there = client.ok("GET", "?WorkspaceId=9", Value::Null).await["Datasets"][0].clone();
    assert_eq!((&there["DatasetId"], &there["IsShared"]), (&json!(id), &json!(true)));
    let from = &there["SharedFrom"];
    assert_eq!(
        (&from["SourceWorkspaceId"], &from["Status"], &from["AllowedMountAccessLevels"]),
        (&json!("478"), &json!("ACTIVE"), &json!(["RO"]))
    );
    assert_eq!(client.list("?WorkspaceId=9&ShareScope=TO_ME", "Name").await, ["x"]);
    assert_eq!(client.list("?WorkspaceId=9&ShareScope=BY_ME", "Name").await, [] as [&str; 0]);
    let by_me = client.ok("GET", "?ShareScope=BY_ME", Value::Null).await;
    assert_eq!(by_me["Datasets"][0]["SharingConfig"]["SharedTo"][0]["WorkspaceId"], "9");
    assert!(client.ok("GET", "", Value::Null).await["Datasets"][0].get("SharingConfig").is_none());
    client.ok("PUT", &path, share("10")).await;
    assert!(client.list("?WorkspaceId=9", "Name").await.is_empty(), "the new list replaces the old one");
    assert_eq!(client.refused("PUT", &path, share("478")).await, "400 InvalidSharingConfig");
}
