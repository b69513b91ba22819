//! `ListDatasets`: filters, sorts, pages, lag.

use std::time::Duration;

use pai_emulator::knobs::ListChaos;
use pai_emulator::{Credential, Fault};
use serde_json::{Value, json};

use crate::client::{Client, emulator, emulator_with, version};

#[tokio::test]
async fn pages_of_equal_keys_follow_creation_and_never_overlap() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let mut names = Vec::new();
    for index in 0..25 {
        names.push(format!("n{index}"));
        client.create(&names[index], json!({"DataType": "TEXT"})).await;
    }
    for query in ["", "&SortBy=DataType", "&SortBy=DataType&Order=DESC", "&SortBy=GmtCreateTime"] {
        let mut seen = Vec::new();
        for page in 1..=4 {
            seen.extend(client.list(&format!("?PageSize=7&PageNumber={page}{query}"), "Name").await);
        }
        assert_eq!(seen, names, "{query}");
    }
    let newest_first: Vec<String> = names.iter().rev().cloned().collect();
    for key in ["GmtCreateTime", "GmtModifiedTime"] {
        assert_eq!(client.list(&format!("?PageSize=100&SortBy={key}&Order=DESC"), "Name").await, newest_first);
    }
    let beyond = client.ok("GET", "?PageNumber=9", Value::Null).await;
    assert_eq!((&beyond["Datasets"], &beyond["TotalCount"]), (&json!([]), &json!(25)));
    assert_eq!(client.list("", "Name").await.len(), 10, "the default page");
    assert_eq!(client.list("?PageSize=1000", "Name").await.len(), 25);
}

#[tokio::test]
async fn filters() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let a = client
        .create("Alpha", json!({"Labels": [{"Key": "env", "Value": "prod"}], "SourceId": "s-1", "DataType": "PIC"}))
        .await;
    let b = client
        .create(
            "beta",
            json!({"DataSourceType": "NAS", "Property": "FILE", "SourceDatasetId": "d-s", "Provider": "acme"}),
        )
        .await;
    let c = client
        .create("数据", json!({"SourceType": "PAI_PUBLIC_DATASET", "Edition": "LOGICAL", "Accessibility": "PUBLIC"}))
        .await;
    client.create("elsewhere", json!({"WorkspaceId": "1"})).await;
    for (query, expected) in [
        ("", vec![&a, &b, &c]),
        ("?WorkspaceId=478", vec![&a, &b, &c]),
        ("?Name=ALPHA", vec![&a]),
        ("?Name=%E6%95%B0", vec![&c]),
        ("?Label=env", vec![&a]),
        ("?Label=pro", vec![&a]),
        ("?Label=PROD", vec![]),
        ("?SourceId=s-1", vec![&a]),
        ("?SourceId=s", vec![]),
        ("?SourceTypes=USER", vec![&a, &b]),
        ("?SourceTypes=ITAG%2CPAI-PUBLIC-DATASET", vec![&c]),
        ("?DataSourceTypes=NAS,CPFS", vec![&b]),
        ("?DataTypes=PIC", vec![&a]),
        ("?Properties=FILE", vec![&b]),
        ("?Accessibility=PUBLIC", vec![&c]),
        ("?Edition=LOGICAL", vec![&c]),
        ("?Provider=acme", vec![&b]),
        ("?Provider=pai", vec![]),
        ("?SourceDatasetId=d-s", vec![&b]),
        ("?ShareScope=BY_ME", vec![]),
        ("?SortBy=DataSourceType", vec![&b, &a, &c]),
        ("?SortBy=DataType&Order=DESC", vec![&a, &b, &c]),
        ("?Name=&Label=&DatasetIds=&ShareScope=&SortBy=", vec![&a, &b, &c]),
    ] {
        assert_eq!(client.list(query, "DatasetId").await.iter().collect::<Vec<_>>(), expected, "{query}");
    }
    let ids = format!("?DatasetIds={c}%2Cd-none%2C{a}%2C{c}");
    assert_eq!(client.list(&ids, "DatasetId").await, [a.clone(), c.clone()]);
    assert_eq!(client.list(&format!("?DatasetIds={a}&WorkspaceId=1"), "DatasetId").await, [] as [&str; 0]);
    for (query, code) in [
        ("?SortBy=Name", "400 InvalidSortBy"),
        ("?Order=UP", "400 InvalidOrder"),
        ("?PageSize=0", "400 InvalidPageSize"),
        ("?PageNumber=x", "400 InvalidPageNumber"),
        ("?Accessibility=public", "400 InvalidAccessibility"),
        ("?Edition=X", "400 InvalidEdition"),
        ("?ShareScope=ALL", "400 InvalidShareScope"),
        ("?WorkspaceId=abc", "404 100400027"),
    ] {
        assert_eq!(client.refused("GET", query, Value::Null).await, code);
    }
}

#[tokio::test]
async fn lists_lag_and_reads_do_not() {
    let emulator = emulator_with(|knobs| knobs.list_lag_ms = 400).await;
    let client = Client::of(&emulator);
    let id = client.create("x", json!({})).await;
    let path = format!("/{id}");
    let versions = format!("{path}/versions");
    let listed_versions = async || {
        let answer = client.ok("GET", &format!("{versions}?PageNumber=1&PageSize=10"), Value::Null).await;
        answer["TotalCount"].as_u64().unwrap()
    };
    assert_eq!(client.ok("GET", &path, Value::Null).await["Name"], "x");
    assert!(client.list("", "Name").await.is_empty() && listed_versions().await == 0);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!((client.list("", "Name").await, listed_versions().await), (vec!["x".to_owned()], 1));
    client.ok("POST", &format!("{path}/labels"), json!({"Labels": [{"Key": "k", "Value": "v"}]})).await;
    client.ok("POST", &versions, version()).await;
    assert!(client.list("?Label=k", "Name").await.is_empty() && listed_versions().await == 1);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!((client.list("?Label=k", "Name").await.len(), listed_versions().await), (1, 2));
    client.ok("DELETE", &path, Value::Null).await;
    assert_eq!(client.refused("GET", &path, Value::Null).await, "404 201300003");
    assert_eq!(client.list(&format!("?DatasetIds={id}"), "Name").await, ["x"]);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(client.list("", "Name").await.is_empty());
}

#[tokio::test]
async fn the_same_question_gets_todays_answer() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let ask = async || client.list("?Label=k&PageSize=100", "Name").await.join(" ");
    assert_eq!(ask().await, "");
    let label = json!({"Labels": [{"Key": "k", "Value": "v"}]});
    let first = client.create("a", label.clone()).await;
    assert_eq!(ask().await, "a");
    let second = client.create("b", json!({})).await;
    assert_eq!(ask().await, "a");
    client.ok("POST", &format!("/{second}/labels"), label).await;
    assert_eq!(ask().await, "a b");
    assert_eq!(client.list("?Label=k&PageSize=1&PageNumber=2", "Name").await, ["b"]);
    client.ok("PUT", &format!("/{second}"), json!({"Name": "c"})).await;
    assert_eq!(ask().await, "a c");
    let state = emulator.state();
    client.ok("DELETE", &format!("/{first}"), Value::Null).await;
    assert_eq!(ask().await, "c");
    emulator.set_state(state).unwrap();
    assert_eq!(ask().await, "a c");
    emulator.set_knobs(|knobs| "479".clone_into(&mut knobs.default_workspace));
    assert_eq!(ask().await, "");
    emulator.set_knobs(|knobs| "478".clone_into(&mut knobs.default_workspace));
    let mut credential = Credential::bearer("b", "testBearerToken");
    (credential.user_id, credential.list_all) = ("7".into(), false);
    emulator.set_credentials(vec![credential]);
    assert_eq!(ask().await, "");
}

#[tokio::test]
async fn lists_misbehave_on_order() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    for name in ["a", "b", "c", "d", "e"] {
        client.create(name, json!({})).await;
    }
    for (chaos, expected) in [(ListChaos::None, "abcde"), (ListChaos::Repeat, "abbccdde"), (ListChaos::Skip, "abde")] {
        emulator.set_knobs(|knobs| knobs.list_chaos = chaos);
        let mut seen = Vec::new();
        for page in 1..=4 {
            let query = format!("?PageSize=2&PageNumber={page}");
            assert_eq!(client.ok("GET", &query, Value::Null).await["TotalCount"], 5, "{chaos:?}");
            seen.extend(client.list(&query, "Name").await);
        }
        assert_eq!(seen.concat(), expected, "{chaos:?}");
    }
}

#[tokio::test]
async fn a_list_fails_half_way() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let of = |operation: &str| Fault { operation: operation.into(), page: Some(2), ..Fault::default() };
    emulator.add_faults([of("ListDatasets"), of("*")]);
    client.create("x", json!({})).await;
    for (query, status) in [("", 200), ("?PageNumber=1", 200), ("?PageNumber=3", 200), ("?PageNumber=x", 400)] {
        assert_eq!(client.call("GET", query, Value::Null).await.0, status, "{query}");
    }
    for _ in 0..2 {
        assert_eq!(client.refused("GET", "?PageNumber=2", Value::Null).await, "503 ServiceUnavailable");
    }
    client.ok("GET", "?PageNumber=2", Value::Null).await;
}
