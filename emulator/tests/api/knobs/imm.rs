//! What media datasets and bindings of IMM do.

use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};

use super::Stage;

/// Status and answer of a call about the dataset `pics` of project `p`.
async fn call(stage: &Stage, action: &str, more: &str) -> (u16, Value) {
    let url = format!("{}/?ProjectName=p&DatasetName=pics{more}", stage.client.url);
    let request = stage.client.http.post(url).bearer_auth(&stage.client.token);
    let request = request.header("x-acs-action", action).header("x-acs-version", "2020-09-30");
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn says(stage: &Stage, action: &str, more: &str) -> String {
    let (status, answer) = call(stage, action, more).await;
    answer["Code"].as_str().map_or_else(|| status.to_string(), |code| format!("{status} {code}"))
}

/// Makes the dataset and binds a bucket to it.
async fn bound(stage: &Stage) -> String {
    says(stage, "CreateDataset", "").await;
    says(stage, "CreateBinding", "&URI=oss%3A%2F%2Fbucket").await
}

cases! {
    imm_projects ["" => "200", "q, r" => "400 ResourceNotFound"] |stage| {
        says(&stage, "CreateDataset", "").await
    }
    imm_update_lag_ms [0 => r#""new", "new""#, 1000 => r#""", "new""#] |stage| {
        says(&stage, "CreateDataset", "").await;
        says(&stage, "UpdateDataset", "&Description=new").await;
        let read = async || call(&stage, "GetDataset", "").await.1["Dataset"]["Description"].clone();
        let at_once = read().await;
        stage.later(1000);
        format!("{at_once}, {}", read().await)
    }
    imm_datasets_max [0 => "200", 1 => "400 LimitExceededError"] |stage| {
        says(&stage, "CreateDataset", "").await;
        let url = format!("{}/?ProjectName=p&DatasetName=more", stage.client.url);
        let request = stage.client.http.post(url).bearer_auth(&stage.client.token);
        let request = request.header("x-acs-action", "CreateDataset").header("x-acs-version", "2020-09-30");
        super::said(request.send().await.unwrap()).await
    }
    imm_binding_files [0 => "0 files, 0 bytes", 3 => "3 files, 3145728 bytes"] |stage| {
        bound(&stage).await;
        let counted = call(&stage, "GetDataset", "&WithStatistics=true").await.1["Dataset"].clone();
        format!("{} files, {} bytes", counted["FileCount"], counted["TotalFileSize"])
    }
    imm_rebind ["refuse" => "400 ResourceAlreadyExists", "accept" => "200"] |stage| {
        bound(&stage).await;
        bound(&stage).await
    }
    imm_not_found_status [400 => "400 ResourceNotFound", 404 => "404 ResourceNotFound"] |stage| {
        says(&stage, "GetDataset", "").await
    }
    imm_delete_in_use ["refuse" => "400 StatusConflict", "accept" => "200"] |stage| {
        bound(&stage).await;
        says(&stage, "DeleteDataset", "").await
    }
    imm_in_use_code ["StatusConflict" => "400 StatusConflict", "InUse" => "400 InUse"] |stage| {
        bound(&stage).await;
        says(&stage, "DeleteDataset", "").await
    }
}
