//! Whatever a client sends, the answer is the service's: an operation done or a refusal in its words.

use std::sync::atomic::{AtomicU64, Ordering};

use pai_emulator::{Emulator, Operation, Options};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const NAMES: [&str; 30] = [
    "DatasetVersion",
    "WorkspaceId",
    "DatasetFileMetas",
    "TagJobId",
    "DatasetFileMetaIds",
    "QueryType",
    "QueryText",
    "QueryTagsIncludeAll",
    "QueryExpression",
    "ScoreThreshold",
    "TopK",
    "SortBy",
    "Order",
    "MaxResults",
    "NextToken",
    "AggregateBy",
    "JobAction",
    "JobMode",
    "JobSpec",
    "Description",
    "Status",
    "PageNumber",
    "PageSize",
    "Config",
    "ConfigType",
    "ProjectName",
    "DatasetName",
    "WorkflowParameters",
    "URI",
    "StartTagUpdateTime",
];
const TEXTS: [&str; 26] = [
    "",
    "v1",
    "478",
    "479",
    "x",
    "猫",
    "{}",
    "[]",
    "null",
    "0",
    "-1",
    "99999999999999999999",
    "1e400",
    "MIX",
    "TAG",
    "VECTOR",
    "SemanticIndex",
    "FileMetaImport",
    r#"{"contentList":["file"],"srcDatasetId":"d-1"}"#,
    "Increment",
    "MultimodalIntelligentTag",
    "1.2.e7",
    "2026-01-01T00:00:00Z",
    "oss://b/1",
    "(DataSize>1",
    "tags.user",
];

fn value() -> impl Strategy<Value = Value> {
    let text = prop::sample::select(&TEXTS[..]).prop_map(Value::from);
    let leaf = prop_oneof![4 => text, 1 => any::<i64>().prop_map(Value::from), 1 => Just(Value::Null)];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec(
                (prop::sample::select(&["Uri", "Tags", "FileType", "DataSize", "DatasetFileMetaId"][..]), inner),
                0..4
            )
            .prop_map(|members| Value::Object(
                members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            )),
        ]
    })
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()
}

/// A request for an operation, by the paths that name it.
fn target(operation: Operation, item: &str, members: &Map<String, Value>) -> (&'static str, String) {
    let query: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value.as_str().unwrap_or(&value.to_string()))))
        .collect();
    let query = query.join("&");
    let name = operation.name();
    if let Some(action) = name.strip_prefix("imm:") {
        return ("POST", format!("/?Action={action}&Version=2020-09-30&{query}"));
    }
    if matches!(operation, Operation::GetCallerIdentity | Operation::AssumeRole | Operation::AssumeRoleWithOIDC) {
        return ("GET", format!("/?Action={name}&{query}"));
    }
    let begins = |word: &str| name.starts_with(word);
    let method = if begins("Create") && operation != Operation::CreateDatasetVersionLabels {
        "POST"
    } else if begins("Get") || begins("List") {
        "GET"
    } else if begins("Delete") {
        "DELETE"
    } else {
        "PUT"
    };
    let ids = format!("DatasetId=d-1&VersionName=v1&DatasetJobId={item}&DatasetJobConfigId={item}");
    (method, format!("/api/AIWorkSpace/2021-02-04/{name}?{ids}&DatasetFileMetaId={item}&{query}"))
}

/// The time goes on, so that jobs end.
fn clock() -> i64 {
    static NOW: AtomicU64 = AtomicU64::new(0);
    i64::try_from(NOW.fetch_add(700, Ordering::Relaxed)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn is_answered(calls in prop::collection::vec(
        (0..Operation::ALL.len(), prop::collection::vec((prop::sample::select(&NAMES[..]), value()), 0..6)), 1..40,
    )) {
        let emulator = Emulator::without_port(Options { clock, ..Options::default() }).unwrap();
        emulator.set_knobs(|knobs| "478".clone_into(&mut knobs.default_workspace));
        let start = json!({"datasets": [{"DatasetId": "d-1", "Name": "x", "WorkspaceId": "478", "Edition": "ADVANCED"}]});
        emulator.set_state(serde_json::from_value(start).unwrap()).unwrap();
        let mut item = "dsjob-none".to_owned();
        for (index, members) in calls {
            let operation = Operation::ALL[index];
            let members: Map<String, Value> = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            let (method, target) = target(operation, &item, &members);
            match emulator.console(method, &target, &Value::Object(members)) {
                Ok(answer) => {
                    let made = ["DatasetJobId", "DatasetJobConfigId"].iter().find_map(|name| answer[name].as_str());
                    item = made.map_or(item, ToOwned::to_owned);
                }
                Err(refused) => {
                    prop_assert!((400..500).contains(&refused.status), "{}: {refused}", operation.name());
                    prop_assert!(refused.code != "InvalidApi.NotFound", "{}: {target}", operation.name());
                }
            }
        }
    }
}
