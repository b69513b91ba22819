//! One dataset version with 100,000 files of metadata, as an operator writes, lists, counts and deletes them.

use std::time::Instant;

use serde_json::{Value, json};

use crate::process::Child;
use crate::wire::Connection;
use crate::{Failure, MANY, seconds};

/// Items of a call, and of a page.
const BATCH: usize = 100;
/// How a list looks for what an operator tagged.
const TAGGED: &str = "QueryTagsIncludeAny=team-vision";
const VERSION: &str = "DatasetVersion=v1&WorkspaceId=478";

/// All of it on an emulator of its own, over one connection.
pub(crate) fn measure(program: Option<&str>) -> Result<Value, Failure> {
    let emulator = Child::start(program)?;
    let mut connection = Connection::to(emulator.address())?;
    let dataset = json!({"Name": "files", "WorkspaceId": "478", "Property": "DIRECTORY", "DataSourceType": "OSS",
        "Uri": "oss://training-bucket.oss-cn-hangzhou-internal.aliyuncs.com/team/", "Edition": "ADVANCED"});
    let id = connection.call("POST", "", &dataset)?["DatasetId"].as_str().ok_or("no dataset was made")?.to_owned();
    let path = format!("/{id}/datasetfilemetas");
    let mut figures = json!({"files": MANY, "rssMiBBefore": emulator.rss_mib()?});

    let mut ids = Vec::with_capacity(MANY);
    figures["create"] = timed(&emulator, MANY / BATCH, |batch| {
        let items: Vec<Value> = (batch * BATCH..(batch + 1) * BATCH).map(item).collect();
        let body = json!({"DatasetVersion": "v1", "WorkspaceId": "478", "DatasetFileMetas": items});
        let answer = connection.call("POST", &path, &body)?;
        let made = answer["SucceedDetails"].as_array().into_iter().flatten();
        ids.extend(made.filter_map(|one| Some(one["DatasetFileMetaId"].as_str()?.to_owned())));
        Ok(())
    })?;
    if ids.len() != MANY {
        return Err(format!("{} of {MANY} files were made", ids.len()).into());
    }
    figures["rssMiB"] = json!(emulator.rss_mib()?);

    figures["walk"] = walk(&emulator, &path, "Order=DESC", None)?;
    figures["walkByTag"] = walk(&emulator, &path, TAGGED, None)?;
    figures["walkAmongWrites"] = walk(&emulator, &path, TAGGED, Some(&ids))?;
    let of = |by: &str| format!("/api/v1/statistics/datasets{path}?AggregateBy={by}&{VERSION}");
    figures["statistics"] = timed(&emulator, 20, |call| {
        let by = ["filedir", "filetype", "tags.user", "tags.all"][call % 4];
        connection.signed_call("GET", &of(by), &Value::Null).map(drop)
    })?;
    figures["delete"] = timed(&emulator, MANY / BATCH / 2, |batch| {
        let list = ids[batch * BATCH..(batch + 1) * BATCH].join("%2C");
        connection.call("DELETE", &format!("{path}?DatasetFileMetaIds={list}&{VERSION}"), &Value::Null).map(drop)
    })?;
    figures["deleteDataset"] =
        timed(&emulator, 1, |_| connection.call("DELETE", &format!("/{id}"), &Value::Null).map(drop))?;
    figures["rssPeakMiB"] = json!(emulator.rss_peak_mib()?);
    Ok(figures)
}

/// Calls one after the other: how many, how long, and how long for the emulator's processor.
fn timed(emulator: &Child, calls: usize, mut call: impl FnMut(usize) -> Result<(), Failure>) -> Result<Value, Failure> {
    let (cpu, start) = (emulator.cpu_seconds()?, Instant::now());
    (0..calls).try_for_each(&mut call)?;
    let cpu = ((emulator.cpu_seconds()? - cpu) * 100.0).round() / 100.0;
    Ok(json!({"calls": calls, "seconds": seconds(start.elapsed()), "cpuSeconds": cpu}))
}

/// Lists all files page by page; with ids, a file changes before each page.
fn walk(emulator: &Child, path: &str, query: &str, changing: Option<&[String]>) -> Result<Value, Failure> {
    let mut connection = Connection::to(emulator.address())?;
    let (mut token, mut seen) = (String::new(), 0);
    let figures = timed(emulator, MANY / BATCH, |page| {
        if let Some(id) = changing.and_then(|ids| ids.get(page * 31 % MANY)) {
            let change = json!({"DatasetFileMetaId": id, "Comment": page.to_string()});
            connection.call("PUT", path, &json!({"DatasetFileMetas": [change]}))?;
        }
        let list = format!("{path}?MaxResults={BATCH}&NextToken={token}&{query}&{VERSION}");
        let answer = connection.call("GET", &list, &Value::Null)?;
        seen += answer["DatasetFileMetas"].as_array().map_or(0, Vec::len);
        answer["NextToken"].as_str().unwrap_or_default().clone_into(&mut token);
        Ok(())
    })?;
    if seen == MANY && token.is_empty() {
        Ok(figures)
    } else {
        Err(format!("the walk saw {seen} of {MANY} files").into())
    }
}

/// A picture with two tags.
fn item(number: usize) -> Value {
    json!({
        "Uri": format!("oss://training-bucket/team/{:03}/picture-{number:06}.jpg", number % 500), "FileType": "image",
        "ContentType": "image/jpeg", "FileFingerPrint": format!("{number:032X}"), "DataSize": 1_000_000 + number,
        "FileUpdateTime": "2026-11-01T00:00:00Z",
        "Tags": format!(r#"{{"user":{{"add":["team-vision","set-{}"]}}}}"#, number % 50),
    })
}
