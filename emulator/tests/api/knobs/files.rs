//! What calls with file metadata do.

use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};

use super::Stage;
use crate::client::texts;

fn file(name: &str) -> Value {
    json!({"Uri": format!("oss://b/{name}"), "FileType": "image", "ContentType": "image/jpeg", "FileFingerPrint": "9B2C",
        "FileUpdateTime": "2026-11-01T00:00:00Z", "Tags": r#"{"user":{"add":["red"]}}"#})
}

fn batch(items: Vec<Value>) -> Value {
    json!({"DatasetVersion": "v1", "WorkspaceId": "478", "DatasetFileMetas": items})
}

async fn files(stage: &Stage) -> String {
    format!("{}/datasetfilemetas", stage.dataset("x", json!({})).await)
}

/// The result of creating a file, which fails alone; and its id.
async fn made(stage: &Stage, files: &str) -> (String, String) {
    let answer = stage.post(files, batch(vec![file("a")])).await;
    let details = [&answer["SucceedDetails"][0], &answer["FailedDetails"][0]];
    let detail = details.into_iter().find(|detail| !detail.is_null()).unwrap();
    let text = |member: &str| detail[member].as_str().unwrap_or("no id").to_owned();
    (text("Result"), text("DatasetFileMetaId"))
}

cases! {
    file_meta_batch_max [
        100 => "200, 400 InvalidDatasetFileMetas",
        1 => "400 InvalidDatasetFileMetas, 400 InvalidDatasetFileMetas",
    ] |stage| {
        let files = files(&stage).await;
        let of = async |count| stage.says("POST", &files, batch((0..count).map(|n: u8| file(&n.to_string())).collect())).await;
        format!("{}, {}", of(2).await, of(101).await)
    }
    file_metas_on_basic ["refuse" => "400 InvalidDatasetId", "accept" => "200"] |stage| {
        let path = stage.dataset("x", json!({"Edition": "BASIC"})).await;
        stage.says("POST", &format!("{path}/datasetfilemetas"), batch(vec![file("a")])).await
    }
    duplicate_file_meta ["refuse" => "Already Exists", "accept" => "Success"] |stage| {
        let files = files(&stage).await;
        made(&stage, &files).await;
        made(&stage, &files).await.0
    }
    recreate_file_meta ["accept" => "Success, same id", "refuse" => "Already Deleted, same id"] |stage| {
        let files = files(&stage).await;
        let (_, id) = made(&stage, &files).await;
        stage.delete(&format!("{files}?DatasetFileMetaIds={id}")).await;
        let (result, again) = made(&stage, &files).await;
        format!("{result}, {} id", if again == id { "same" } else { "another" })
    }
    refused_tag ["" => "Success", "re" => "Invalid Tag red"] |stage| {
        let files = files(&stage).await;
        made(&stage, &files).await.0
    }
    failed_details_ids [true => "none", false => "no id"] |stage| {
        let files = files(&stage).await;
        let answer = stage.delete(&format!("{files}?DatasetFileMetaIds=none")).await;
        answer["FailedDetails"][0]["DatasetFileMetaId"].as_str().unwrap_or("no id").to_owned()
    }
    top_k_limits ["similar" => "2, 2", "mix" => "1, 2", "all" => "1, 1"] |stage| {
        let files = files(&stage).await;
        stage.post(&files, batch(vec![file("a"), file("b")])).await;
        let listed = async |query: &str| {
            let path = format!("{files}?DatasetVersion=v1&WorkspaceId=478&TopK=1{query}");
            texts(&stage.get(&path).await["DatasetFileMetas"], "Uri").len()
        };
        format!("{}, {}", listed("").await, listed("&QueryType=TAG").await)
    }
}
