//! What jobs and their configurations do.

use std::sync::atomic::{AtomicI64, Ordering};

use pai_emulator::knobs::{JobOutcome, Rule};
use serde_json::{Value, json};

use super::Stage;
use crate::client::{texts, version, with};

fn job(more: Value) -> Value {
    let job = json!({"JobAction": "SemanticIndex", "JobSpec": r#"{"contentList":["file"]}"#, "WorkspaceId": "478"});
    with(job, more)
}

/// The paths of a new dataset with ten files and of its jobs.
async fn jobs(stage: &Stage) -> (String, String) {
    let path = stage.dataset("x", json!({"DataCount": 10})).await;
    let jobs = format!("{path}/datasetjobs");
    (path, jobs)
}

/// The path of a new job of a new dataset.
async fn made(stage: &Stage, more: Value) -> String {
    let (_, jobs) = jobs(stage).await;
    let id = stage.post(&jobs, job(more)).await["DatasetJobId"].as_str().unwrap().to_owned();
    format!("{jobs}/{id}")
}

async fn status(stage: &Stage, path: &str) -> String {
    stage.get(path).await["Status"].as_str().unwrap().to_owned()
}

/// The status of a job so many milliseconds after it was made.
async fn status_after(stage: &Stage, ms: i64) -> String {
    let path = made(stage, json!({})).await;
    stage.later(ms);
    status(stage, &path).await
}

async fn stopped(stage: &Stage) -> String {
    let path = made(stage, json!({})).await;
    stage.put(&format!("{path}/action/stop"), json!({})).await;
    path
}

fn config() -> Value {
    json!({"ConfigType": "MultimodalIntelligentTag", "Config": r#"{"apiKey":"sk-1"}"#, "WorkspaceId": "478"})
}

cases! {
    foreign_workspace ["refuse" => "400 InvalidWorkspaceId", "accept" => "200"] |stage| {
        let (_, jobs) = jobs(&stage).await;
        stage.says("POST", &jobs, job(json!({"WorkspaceId": "9"}))).await
    }
    default_version ["latest" => "v2", "first" => "v1"] |stage| {
        let (path, jobs) = jobs(&stage).await;
        stage.post(&format!("{path}/versions"), version()).await;
        stage.post(&jobs, job(json!({}))).await;
        texts(&stage.get(&jobs).await["DatasetJobs"], "DatasetVersion").join(" ")
    }
    item_not_found_code ["201300003" => "404 201300003, 404 201300003", "NoItem" => "404 NoItem, 404 201300003"] |stage| {
        let (_, jobs) = jobs(&stage).await;
        let item = stage.says("GET", &format!("{jobs}/dsjob-none"), Value::Null).await;
        format!("{item}, {}", stage.says("GET", "/d-none", Value::Null).await)
    }
    job_pending_ms [1000 => "Pending", 200 => "Starting", 100 => "Running"] |stage| {
        status_after(&stage, 100).await
    }
    job_run_ms [5000 => "Running", 100 => "Succeeded"] |stage| {
        status_after(&stage, 1100).await
    }
    job_outcome ["Succeeded" => "Succeeded", "PartialFailed" => "PartialFailed", "Failed" => "Failed"] |stage| {
        status_after(&stage, 6000).await
    }
    job_fail_percent [10 => "1", 50 => "5"] |stage| {
        stage.turn(|knobs| knobs.job_outcome = JobOutcome::PartialFailed);
        let path = made(&stage, json!({})).await;
        stage.later(6000);
        stage.get(&path).await["FailedFileCount"].to_string()
    }
    job_files [10 => "10", 3 => "3"] |stage| {
        let path = made(&stage, json!({"JobAction": "FileMetaBuild", "JobSpec": "{}"})).await;
        stage.get(&path).await["TotalFileCount"].to_string()
    }
    jobs_on_basic ["accept" => "200", "refuse" => "400 InvalidDatasetId"] |stage| {
        let path = stage.dataset("x", json!({"Edition": "BASIC"})).await;
        stage.says("POST", &format!("{path}/datasetjobs"), job(json!({}))).await
    }
    jobs_listed ["dataset" => "v2 v1", "version" => "v2"] |stage| {
        let (path, jobs) = jobs(&stage).await;
        stage.post(&format!("{path}/versions"), version()).await;
        for version in ["v1", "v2"] {
            stage.post(&jobs, job(json!({"DatasetVersion": version}))).await;
        }
        texts(&stage.get(&jobs).await["DatasetJobs"], "DatasetVersion").join(" ")
    }
    job_page_size_max [100 => "2", 1 => "1"] |stage| {
        let (_, jobs) = jobs(&stage).await;
        stage.post(&jobs, job(json!({}))).await;
        stage.post(&jobs, job(json!({}))).await;
        stage.get(&format!("{jobs}?PageSize=50")).await["DatasetJobs"].as_array().unwrap().len().to_string()
    }
    rewrite_job_spec [
        false => r#"{ "contentList": ["file"], "concurrency": 4 }"#,
        true => r#"{"concurrency":4.0,"contentList":["file"]}"#,
    ] |stage| {
        let path = made(&stage, json!({"JobSpec": r#"{ "contentList": ["file"], "concurrency": 4 }"#})).await;
        stage.get(&path).await["JobSpec"].as_str().unwrap().to_owned()
    }
    job_description_cut [0 => "数据集x", 3 => "数据集"] |stage| {
        let path = made(&stage, json!({"Description": "数据集x"})).await;
        stage.get(&path).await["Description"].as_str().unwrap().to_owned()
    }
    job_stop_ms [0 => "ManuallyStop, ManuallyStop", 100 => "Pending, ManuallyStop"] |stage| {
        let path = stopped(&stage).await;
        let at_once = status(&stage, &path).await;
        stage.later(100);
        format!("{at_once}, {}", status(&stage, &path).await)
    }
    job_stop_outcome ["ManuallyStop" => "ManuallyStop", "Succeeded" => "Succeeded"] |stage| {
        let path = stopped(&stage).await;
        status(&stage, &path).await
    }
    stop_ended_job ["refuse" => "400 201300201", "accept" => "200"] |stage| {
        let path = stopped(&stage).await;
        stage.says("PUT", &format!("{path}/action/stop"), json!({})).await
    }
    delete_running_job ["refuse" => "400 201300201", "accept" => "200"] |stage| {
        let path = made(&stage, json!({})).await;
        stage.says("DELETE", &path, Value::Null).await
    }
    delete_with_running_jobs ["accept" => "200", "refuse" => "400 201300201"] |stage| {
        let (path, jobs) = jobs(&stage).await;
        stage.post(&jobs, job(json!({}))).await;
        stage.says("DELETE", &path, Value::Null).await
    }
    job_state_code [
        "201300201" => "400 201300201, 400 201300201, 400 201300201",
        "Busy" => "400 Busy, 400 Busy, 400 Busy",
    ] |stage| {
        stage.turn(|knobs| knobs.delete_with_running_jobs = Rule::Refuse);
        let path = made(&stage, json!({})).await;
        let (dataset, _) = path.split_once("/datasetjobs").unwrap();
        let deletions = [stage.says("DELETE", &path, Value::Null).await, stage.says("DELETE", dataset, Value::Null).await];
        let stop = format!("{path}/action/stop");
        stage.put(&stop, json!({})).await;
        format!("{}, {}", deletions.join(", "), stage.says("PUT", &stop, json!({})).await)
    }
    job_deleting_ms [0 => "404 201300003, 404 201300003", 1000 => "Deleting, 404 201300003"] |stage| {
        let path = stopped(&stage).await;
        stage.delete(&path).await;
        let read = async || match stage.client.call("GET", &path, Value::Null).await {
            (200, job) => job["Status"].as_str().unwrap().to_owned(),
            (status, refusal) => format!("{status} {}", refusal["Code"].as_str().unwrap()),
        };
        let at_once = read().await;
        stage.later(1000);
        format!("{at_once}, {}", read().await)
    }
    deleted_jobs_shown_ms [0 => ", ", 60_000 => "Deleted, "] |stage| {
        let path = stopped(&stage).await;
        stage.delete(&path).await;
        let jobs = path.rsplit_once('/').unwrap().0;
        let shown = async || texts(&stage.get(jobs).await["DatasetJobs"], "Status").join(" ");
        let at_once = shown().await;
        stage.later(60_000);
        format!("{at_once}, {}", shown().await)
    }
    duplicate_job_config ["refuse" => "400 201300202", "accept" => "200"] |stage| {
        let configs = format!("{}/datasetjobconfigs", stage.dataset("x", json!({})).await);
        stage.post(&configs, config()).await;
        stage.says("POST", &configs, config()).await
    }
    job_config_exists_code ["201300202" => "400 201300202", "TwoConfigs" => "400 TwoConfigs"] |stage| {
        let configs = format!("{}/datasetjobconfigs", stage.dataset("x", json!({})).await);
        stage.post(&configs, config()).await;
        stage.says("POST", &configs, config()).await
    }
    mask_job_config [
        false => r#"{"apiKey":"sk-1"}, {"apiKey":"sk-1"}"#,
        true => r#"{"apiKey":"******"}, {"apiKey":"******"}"#,
    ] |stage| {
        let configs = format!("{}/datasetjobconfigs", stage.dataset("x", json!({})).await);
        let id = stage.post(&configs, config()).await["DatasetJobConfigId"].as_str().unwrap().to_owned();
        let read = stage.get(&format!("{configs}/{id}")).await["Config"].as_str().unwrap().to_owned();
        format!("{read}, {}", texts(&stage.get(&configs).await["DatasetJobConfigs"], "Config").join(" "))
    }
}
