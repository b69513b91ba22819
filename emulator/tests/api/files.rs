//! File metadata: batches whose items succeed or fail alone, lists by token, statistics, and what jobs do to it.

use std::time::Duration;

use pai_emulator::knobs::{ListChaos, Rule, TopKLimits};
use pai_emulator::{Emulator, Fault, Knobs, When};
use serde_json::{Value, json};

use crate::client::{Client, emulator_with, texts, with};

async fn stage(turn: impl FnOnce(&mut Knobs)) -> (Emulator, Client, String) {
    let emulator = emulator_with(|knobs| {
        (knobs.job_pending_ms, knobs.job_run_ms) = (0, 0);
        turn(knobs);
    })
    .await;
    let client = Client::of(&emulator);
    let dataset = client.create("x", json!({"Edition": "ADVANCED"})).await;
    (emulator, client, format!("/{dataset}/datasetfilemetas"))
}

fn item(number: usize) -> Value {
    let kind = if number.is_multiple_of(2) { "image" } else { "video" };
    json!({"Uri": format!("oss://b/dir{}/f-{number:03}.jpg", number % 3), "FileType": kind, "ContentType": "image/jpeg",
        "FileFingerPrint": "9B2C", "FileUpdateTime": format!("2026-11-01T00:00:{:02}Z", number % 60)})
}

fn tagged(number: usize, tags: &[&str]) -> Value {
    with(item(number), json!({"Tags": json!({"user": {"add": tags}}).to_string()}))
}

fn batch(items: Vec<Value>) -> Value {
    json!({"DatasetVersion": "v1", "WorkspaceId": "478", "DatasetFileMetas": items})
}

async fn create(client: &Client, files: &str, items: Vec<Value>) -> Vec<String> {
    let answer = client.ok("POST", files, batch(items)).await;
    assert_eq!((&answer["Status"], &answer["FailedDetails"]), (&json!(true), &json!([])), "{answer}");
    texts(&answer["SucceedDetails"], "DatasetFileMetaId")
}

async fn list(client: &Client, files: &str, query: &str) -> Value {
    client.ok("GET", &format!("{files}?DatasetVersion=v1&WorkspaceId=478&{query}"), Value::Null).await
}

/// The numbers in the names of the listed files.
fn numbers(answer: &Value) -> Vec<usize> {
    let names = texts(&answer["DatasetFileMetas"], "FileName");
    names.iter().map(|name| name.trim_start_matches("f-").trim_end_matches(".jpg").parse().unwrap()).collect()
}

async fn statistics(client: &Client, files: &str, query: &str) -> Value {
    let at = Client { url: client.url.clone(), ..client.clone() };
    let path = format!("{}/api/v1/statistics/datasets{files}?DatasetVersion=v1&WorkspaceId=478{query}", at.url);
    at.http.get(path).bearer_auth(&at.token).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn an_item_is_made_changed_read_and_deleted() {
    let (emulator, client, files) = stage(|_| {}).await;
    let more = json!({"DataSize": 5, "Comment": "c", "MetaAttributes": "{}", "FileCreateTime": "2026-10-01T00:00Z"});
    let id = create(&client, &files, vec![with(tagged(1, &["red"]), more)]).await.remove(0);
    assert_eq!(id.len(), 64);
    let change = json!({"DatasetFileMetaId": id, "FileFingerPrint": "new", "SemanticIndexJobId": "dsjob-1",
        "Tags": r#"{"user":{"add":["blue"],"remove":["red"]}}"#});
    let answer = client.ok("PUT", &files, json!({"DatasetFileMetas": [change]})).await;
    assert_eq!((&answer["Status"], answer.get("SucceedDetails")), (&json!(true), None));
    let got = client.ok("GET", &format!("{files}/{id}?DatasetVersion=v1&WorkspaceId=478"), Value::Null).await;
    assert_eq!((&got["DatasetVersion"], &got["WorkspaceId"]), (&json!("v1"), &json!("478")));
    let mut meta = got["DatasetFileMeta"].clone();
    assert!(meta.as_object_mut().unwrap().remove("TagUpdateTime").unwrap().is_string());
    let expected = json!({"DatasetFileMetaId": id, "Uri": "oss://b/dir1/f-001.jpg", "FileName": "f-001.jpg",
        "FileType": "video", "ContentType": "image/jpeg", "FileFingerPrint": "new", "DataSize": 5, "Comment": "c",
        "FileCreateTime": "2026-10-01T00:00Z", "FileUpdateTime": "2026-11-01T00:00:01Z", "MetaAttributes": "{}",
        "Tags": r#"{"user":["blue"]}"#, "SemanticIndexJobId": "dsjob-1", "FileDir": "oss://b/dir1/", "Status": "ACTIVE"});
    assert_eq!(meta, expected);

    let path = format!("{files}?DatasetFileMetaIds={id},none&DatasetVersion=v1");
    let answer = client.ok("DELETE", &path, Value::Null).await;
    let failed = json!([{"DatasetFileMetaId": "none", "Result": "Not Found"}]);
    assert_eq!((&answer["Status"], &answer["FailedDetails"]), (&json!(false), &failed));
    assert_eq!(list(&client, &files, "").await["TotalCount"], 0);
    for status in ["DELETED", "ALL"] {
        assert_eq!(numbers(&list(&client, &files, &format!("Status={status}")).await), [1], "{status}");
    }
    let got = client.ok("GET", &format!("{files}/{id}"), Value::Null).await;
    assert_eq!(got["DatasetFileMeta"]["Status"], "DELETED", "deletion is logical");
    emulator.set_knobs(|knobs| knobs.recreate_file_meta = Rule::Refuse);
    let answer = client.ok("POST", &files, batch(vec![item(1)])).await;
    assert_eq!(texts(&answer["FailedDetails"], "Result"), ["Already Deleted"]);
    emulator.set_knobs(|knobs| knobs.recreate_file_meta = Rule::Accept);
    assert_eq!(create(&client, &files, vec![item(1)]).await, [id]);
}

#[tokio::test]
async fn items_fail_alone() {
    let (emulator, client, files) = stage(|_| {}).await;
    create(&client, &files, vec![item(1)]).await;
    let fault = |item: &str, when| Fault {
        operation: "CreateDatasetFileMetas".into(),
        item: Some(item.into()),
        code: "Busy".into(),
        when,
        ..Fault::default()
    };
    emulator.add_faults([fault("f-003", When::Before), fault("f-004", When::After)]);
    let wrong = with(item(5), json!({"FileType": "folder"}));
    let items = vec![item(1), item(2), item(2), item(3), item(4), wrong, tagged(6, &["a"])];
    let answer = client.ok("POST", &files, batch(items)).await;
    assert_eq!(answer["Status"], false);
    let failed = &answer["FailedDetails"];
    let results = ["Already Exists", "Already Exists", "Busy", "Busy", "Invalid FileType"];
    assert_eq!(texts(failed, "Result"), results);
    assert_eq!(texts(failed, "Uri")[2], "oss://b/dir0/f-003.jpg");
    assert_eq!(texts(&answer["SucceedDetails"], "Uri"), ["oss://b/dir2/f-002.jpg", "oss://b/dir0/f-006.jpg"]);
    assert_eq!(numbers(&list(&client, &files, "SortBy=FileUpdateTime&Order=ASC").await), [1, 2, 4, 6]);
    assert!(emulator.faults().is_empty());

    emulator.set_knobs(|knobs| {
        (knobs.failed_details_ids, knobs.duplicate_file_meta) = (false, Rule::Accept);
        "dso-".clone_into(&mut knobs.refused_tag);
    });
    let answer = client.ok("POST", &files, batch(vec![item(1), tagged(9, &["dso-c-1"])])).await;
    let failed = json!([{"Uri": "oss://b/dir0/f-009.jpg", "Result": "Invalid Tag dso-c-1"}]);
    assert_eq!(answer["FailedDetails"], failed);
    let whole = Fault { operation: "CreateDatasetFileMetas".into(), ..Fault::default() };
    emulator.add_faults([whole, fault("", When::Before)]);
    assert_eq!(client.refused("POST", &files, batch(vec![item(7)])).await, "503 ServiceUnavailable");
    assert_eq!(emulator.faults().len(), 1, "a fault of items strikes no call");
}

#[tokio::test]
async fn calls_are_held_to_the_rules() {
    let (emulator, client, files) = stage(|knobs| knobs.file_meta_batch_max = 2).await;
    for (body, refusal) in [
        (batch(vec![]), "400 MissingDatasetFileMetas"),
        (batch(vec![item(1), item(2), item(3)]), "400 InvalidDatasetFileMetas"),
        (batch(vec![json!("x")]), "400 InvalidDatasetFileMetas"),
        (with(batch(vec![item(1)]), json!({"DatasetVersion": null})), "400 MissingDatasetVersion"),
        (with(batch(vec![item(1)]), json!({"DatasetVersion": "v2"})), "404 201300003"),
        (with(batch(vec![item(1)]), json!({"WorkspaceId": "1"})), "400 InvalidWorkspaceId"),
    ] {
        assert_eq!(client.refused("POST", &files, body.clone()).await, refusal, "{body}");
    }
    assert_eq!(client.refused("DELETE", &files, Value::Null).await, "400 MissingDatasetFileMetaIds");
    let three = format!("{files}?DatasetFileMetaIds=a,b,c");
    assert_eq!(client.refused("DELETE", &three, Value::Null).await, "400 InvalidDatasetFileMetaIds");
    assert_eq!(client.refused("GET", &format!("{files}/none"), Value::Null).await, "404 201300003");
    assert_eq!(client.refused("GET", &files, Value::Null).await, "400 MissingDatasetVersion");
    for (query, parameter) in [
        ("MaxResults=101", "MaxResults"),
        ("TopK=5001", "TopK"),
        ("QueryType=NEAR", "QueryType"),
        ("SortBy=Uri", "SortBy"),
        ("NextToken=x", "NextToken"),
        ("NextToken=1.2.+a%C3%A4b", "NextToken"),
        ("Status=GONE", "Status"),
        ("StartFileUpdateTime=now", "StartFileUpdateTime"),
        ("ScoreThreshold=x", "ScoreThreshold"),
        ("QueryExpression=x", "QueryExpression"),
        ("QueryFileTypeIncludeAny=image,folder", "QueryFileTypeIncludeAny"),
    ] {
        let path = format!("{files}?DatasetVersion=v1&WorkspaceId=478&{query}");
        assert_eq!(client.refused("GET", &path, Value::Null).await, format!("400 Invalid{parameter}"), "{query}");
    }
    let answer = client.ok("PUT", &files, json!({"DatasetFileMetas": [{"Comment": "x"}]})).await;
    assert_eq!(texts(&answer["FailedDetails"], "Result"), ["Missing DatasetFileMetaId"]);
    let basic = format!("/{}/datasetfilemetas", client.create("basic", json!({})).await);
    assert_eq!(client.refused("POST", &basic, batch(vec![item(1)])).await, "400 InvalidDatasetId");
    emulator.set_knobs(|knobs| knobs.file_metas_on_basic = Rule::Accept);
    create(&client, &basic, vec![item(1)]).await;
}

#[tokio::test]
async fn lists_filter_and_sort() {
    let (_emulator, client, files) = stage(|_| {}).await;
    let mut items: Vec<Value> = (0..6).map(item).collect();
    items[1] = tagged(1, &["red", "wet"]);
    items[2] = tagged(2, &["red"]);
    items[3] = with(item(3), json!({"DataSize": 500, "ContentType": "image/png"}));
    let ids = create(&client, &files, items).await;
    let two = format!("DatasetFileMetaIds={},{}", ids[0], ids[4]);
    for (query, expected) in [
        ("", vec![5, 4, 3, 2, 1, 0]),
        ("Order=ASC", vec![0, 1, 2, 3, 4, 5]),
        ("SortBy=FileUpdateTime", vec![5, 4, 3, 2, 1, 0]),
        ("QueryTagsIncludeAll=red,wet", vec![1]),
        ("QueryTagsIncludeAny=wet,none&QueryType=TAG", vec![1]),
        ("QueryTagsIncludeAny=red&QueryTagsExclude=wet", vec![2]),
        ("QueryType=TAG&QueryText=red", vec![2, 1]),
        ("QueryFileTypeIncludeAny=video", vec![5, 3, 1]),
        ("QueryContentTypeIncludeAny=image/png", vec![3]),
        ("QueryFileName=F-00&QueryFileDir=DIR1", vec![4, 1]),
        ("StartFileUpdateTime=2026-11-01T00:00:02Z&EndFileUpdateTime=2026-11-01T00:00:03.000Z", vec![3, 2]),
        ("StartTagUpdateTime=2020-01-01T00:00:00Z", vec![2, 1]),
        ("QueryExpression=DataSize%20%3E%20100%20OR%20Tags%20HAS%20wet", vec![3, 1]),
        (two.as_str(), vec![4, 0]),
    ] {
        assert_eq!(numbers(&list(&client, &files, query).await), expected, "{query}");
    }
    let shown = &list(&client, &files, "ThumbnailMode=w_100&MaxResults=1").await["DatasetFileMetas"][0];
    assert!(shown["ThumbnailUrl"].is_string() && shown["DownloadUrl"].is_string() && shown.get("Score").is_none());
}

#[tokio::test]
async fn tokens_lead_through_a_list_that_changes() {
    let (emulator, client, files) = stage(|_| {}).await;
    let ids = create(&client, &files, (0..25).map(item).collect()).await;
    let first = list(&client, &files, "MaxResults=10&SortBy=FileUpdateTime&Order=ASC").await;
    assert_eq!(numbers(&first), (0..10).collect::<Vec<_>>());
    assert_eq!((&first["TotalCount"], &first["MaxResults"], first.get("RequestId")), (&json!(25), &json!(10), None));
    client.ok("DELETE", &format!("{files}?DatasetFileMetaIds={},{}", ids[0], ids[9]), Value::Null).await;
    let token = first["NextToken"].as_str().unwrap();
    let next = async |more: &str| {
        let query = format!("MaxResults=10&SortBy=FileUpdateTime&Order=ASC&NextToken={token}{more}");
        list(&client, &files, &query).await
    };
    assert_eq!(numbers(&next("").await), (10..20).collect::<Vec<_>>(), "deletions move nothing");
    emulator.set_knobs(|knobs| knobs.list_chaos = ListChaos::Skip);
    assert_eq!(numbers(&next("").await), (11..21).collect::<Vec<_>>());
    emulator.set_knobs(|knobs| knobs.list_chaos = ListChaos::None);
    let fault = Fault { operation: "ListDatasetFileMetas".into(), page: Some(2), ..Fault::default() };
    emulator.add_faults([fault]);
    list(&client, &files, "").await;
    let path = format!("{files}?DatasetVersion=v1&WorkspaceId=478&SortBy=FileUpdateTime&NextToken={token}");
    assert_eq!(client.refused("GET", &path, Value::Null).await, "503 ServiceUnavailable", "a token tells its page");
    let last = list(&client, &files, "PageSize=50").await;
    assert_eq!((numbers(&last).len(), last.get("NextToken")), (23, None));
    for limits in [TopKLimits::Mix, TopKLimits::All] {
        emulator.set_knobs(|knobs| knobs.top_k_limits = limits);
        assert_eq!(list(&client, &files, "TopK=5").await["TotalCount"], 5, "{limits:?}");
    }
    assert_eq!(list(&client, &files, "QueryType=TAG&TopK=5").await["TotalCount"], 5);
}

#[tokio::test]
async fn statistics_count_what_is_there() {
    let (_emulator, client, files) = stage(|_| {}).await;
    let mut items: Vec<Value> = (0..5).map(item).collect();
    items.push(tagged(5, &["red", "wet"]));
    items.push(tagged(6, &["red"]));
    let ids = create(&client, &files, items).await;
    client.ok("DELETE", &format!("{files}?DatasetFileMetaIds={}", ids[0]), Value::Null).await;
    let total = statistics(&client, &files, "").await;
    assert!(total["requestId"].is_string() && total.get("RequestId").is_none());
    assert_eq!((&total["TotalCount"], total.get("DatasetFileMetasStats")), (&json!(6), None));
    for (query, expected) in [
        ("&AggregateBy=tags.user", json!([{"Key": "red", "Count": 2}, {"Key": "wet", "Count": 1}])),
        ("&AggregateBy=Tags.All&MaxResults=1", json!([{"Key": "red", "Count": 2}])),
        ("&AggregateBy=filetype", json!([{"Key": "image", "Count": 3}, {"Key": "video", "Count": 3}])),
        ("&AggregateBy=tags.ai", json!([])),
    ] {
        assert_eq!(statistics(&client, &files, query).await["DatasetFileMetasStats"], expected, "{query}");
    }
    assert_eq!(statistics(&client, &files, "&AggregateBy=size").await["Code"], "InvalidAggregateBy");
}

#[tokio::test]
async fn jobs_do_what_they_say() {
    let (emulator, client, files) = stage(|knobs| knobs.job_files = 3).await;
    let jobs = files.replace("datasetfilemetas", "datasetjobs");
    let run = async |jobs: &str, action: &str, spec: Value| {
        let body = json!({"JobAction": action, "JobSpec": spec.to_string(), "WorkspaceId": "478"});
        let id = client.ok("POST", jobs, body).await["DatasetJobId"].as_str().unwrap().to_owned();
        let job = client.ok("GET", &format!("{jobs}/{id}"), Value::Null).await;
        (id, job["CompletedFileCount"].as_i64().unwrap())
    };
    assert_eq!(run(&jobs, "FileMetaBuild", json!({})).await.1, 3);
    let built = list(&client, &files, "").await;
    assert_eq!(texts(&built["DatasetFileMetas"], "Uri")[2], "oss://bucket/data/file-00001.jpg");
    let (indexed, done) = run(&jobs, "SemanticIndex", json!({"contentList": ["file"]})).await;
    assert_eq!(done, 3);
    let near = list(&client, &files, "QueryType=VECTOR&QueryText=FILE+00002").await;
    assert_eq!(texts(&near["DatasetFileMetas"], "FileName")[0], "file-00002.jpg");
    assert_eq!(near["DatasetFileMetas"][0]["Score"], 1.0);
    assert_eq!(near["DatasetFileMetas"][0]["SemanticIndexJobId"], indexed);
    assert_eq!(list(&client, &files, "QueryText=00002&ScoreThreshold=0.6").await["TotalCount"], 1);
    let tag = json!({"modelId": "m", "intelligentTagConnectionId": "c", "promptId": "p"});
    let (tagged, _) = run(&jobs, "IntelligentTag", tag).await;
    assert_eq!(list(&client, &files, "QueryType=TAG&QueryText=ai-image").await["TotalCount"], 3);
    assert_eq!(run(&jobs, "IntelligentTagRevert", json!({"intelligentTagJobId": tagged})).await.1, 3);
    assert_eq!(list(&client, &files, "QueryType=TAG&QueryText=ai-image").await["TotalCount"], 0);

    let other = client.create("y", json!({"Edition": "ADVANCED"})).await;
    let (their_files, their_jobs) = (format!("/{other}/datasetfilemetas"), format!("/{other}/datasetjobs"));
    create(&client, &their_files, vec![item(1)]).await;
    let source = files.trim_start_matches('/').split('/').next().unwrap().to_owned();
    assert_eq!(run(&their_jobs, "FileMetaImport", json!({"srcDatasetId": source})).await.1, 3);
    assert_eq!(list(&client, &their_files, "").await["TotalCount"], 4);
    let replace = json!({"srcDatasetId": source, "importMode": "replace"});
    run(&their_jobs, "FileMetaImport", replace).await;
    assert_eq!(list(&client, &their_files, "").await["TotalCount"], 3);
    assert_eq!(run(&their_jobs, "FileMetaExport", json!({"exportDirUri": "oss://b/out/"})).await.1, 3);
    emulator.set_knobs(|knobs| knobs.list_lag_ms = 100);
    create(&client, &their_files, vec![item(9)]).await;
    assert_eq!(list(&client, &their_files, "").await["TotalCount"], 3, "lists lag");
    tokio::time::sleep(Duration::from_millis(110)).await;
    assert_eq!(list(&client, &their_files, "").await["TotalCount"], 4);
}
