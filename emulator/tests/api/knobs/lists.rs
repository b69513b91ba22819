//! What lists show.

use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};

use super::Stage;

/// Datasets a, b, c, … so many.
async fn letters(stage: &Stage, count: usize) {
    for name in ["a", "b", "c", "d", "e", "f"].iter().take(count) {
        stage.dataset(name, json!({"SourceId": format!("source-{name}")})).await;
    }
}

cases! {
    list_lag_ms [0 => "a, a, b, ", 1000 => ", a, a, b"] |stage| {
        let path = stage.dataset("a", json!({})).await;
        let created = stage.names("").await;
        stage.later(1000);
        let shown = stage.names("").await;
        stage.put(&path, json!({"Name": "b"})).await;
        let changed = stage.names("").await;
        stage.later(1000);
        stage.delete(&path).await;
        format!("{created}, {shown}, {changed}, {}", stage.names("").await)
    }
    page_size_max [100 => "a b c", 2 => "a b"] |stage| {
        letters(&stage, 3).await;
        stage.names("?PageSize=100").await
    }
    page_size_over ["clamp" => "200", "refuse" => "400 InvalidPageSize"] |stage| {
        stage.says("GET", "?PageSize=101", Value::Null).await
    }
    page_beyond_end ["accept" => "200", "refuse" => "400 InvalidPageNumber"] |stage| {
        letters(&stage, 1).await;
        stage.says("GET", "?PageNumber=2", Value::Null).await
    }
    total_count ["all" => "3", "page" => "2", "absent" => "null"] |stage| {
        letters(&stage, 3).await;
        stage.get("?PageSize=2").await["TotalCount"].to_string()
    }
    list_chaos ["none" => "a b, c d, e f, 6", "repeat" => "a b, b c, c d, 6", "skip" => "a b, d e, , 6"] |stage| {
        letters(&stage, 6).await;
        let page = async |number| stage.names(&format!("?PageSize=2&PageNumber={number}")).await;
        let total = stage.get("?PageSize=2&PageNumber=2").await["TotalCount"].clone();
        format!("{}, {}, {}, {total}", page(1).await, page(2).await, page(3).await)
    }
    source_id_match ["exact" => "", "substring" => "a b"] |stage| {
        letters(&stage, 2).await;
        stage.names("?SourceId=source").await
    }
    name_match ["substring" => "a ab", "exact" => "a"] |stage| {
        letters(&stage, 2).await;
        stage.dataset("ab", json!({})).await;
        stage.names("?Name=A").await
    }
    version_paging_required [true => "400 MissingPageNumber", false => "200"] |stage| {
        let path = stage.dataset("a", json!({})).await;
        stage.says("GET", &format!("{path}/versions"), Value::Null).await
    }
    shares_listed ["byMe" => "no, yes", "never" => "no, no", "always" => "yes, yes"] |stage| {
        let path = stage.dataset("a", json!({})).await;
        let share = json!({"TenantId": "1000000000000001", "WorkspaceId": "9"});
        stage.put(&path, json!({"SharingConfig": {"SharedTo": [share]}})).await;
        let shown = async |query: &str| {
            let shares = stage.get(query).await["Datasets"][0]["SharingConfig"].clone();
            if shares.is_null() { "no" } else { "yes" }
        };
        format!("{}, {}", shown("").await, shown("?ShareScope=BY_ME").await)
    }
}
