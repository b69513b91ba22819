//! The speed of light: what every operator must do for a create (two guarded writes to Kubernetes and one call), with
//! the same libraries and limiter, and nothing else: no watch, no queue, no decisions. It is told which objects exist.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::Args;
use dataset_operator::cloud::{self, BearerStyle, Environment, Lane, Limiter, Request};
use http::Method;
use serde_json::{Map, Value, json};
use testbed::{Context as _, Error, Result, WORKSPACE};
use tokio::task::JoinSet;

use crate::objects::{self, Kind};

/// What `bench light` is told.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[arg(long)]
    kubeconfig: PathBuf,
    #[arg(long)]
    endpoint: String,
    #[arg(long)]
    namespace: String,
    #[arg(long)]
    count: usize,
    #[arg(long)]
    qps: f64,
    #[arg(long)]
    workers: usize,
}

/// Makes all of them Ready, then waits to be ended.
pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    let kube = testbed::client(&arguments.kubeconfig).await?;
    let limiter = Arc::new(Limiter::new(arguments.qps).context("the limiter")?);
    let settings = cloud::Settings::for_endpoint(&arguments.endpoint, Duration::from_secs(10)).context("the client")?;
    let credentials = Arc::new(Environment::of_process(BearerStyle::Sdk));
    let client = cloud::Client::new(settings, credentials, limiter, Arc::new(())).context("the client")?;
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..arguments.workers {
        let (kube, client, next) = (kube.clone(), client.clone(), next.clone());
        let (path, count) = (Kind::Dataset.path(&arguments.namespace), arguments.count);
        workers.spawn(async move {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    return Ok::<(), Error>(());
                }
                one(&kube, &client, &path, index).await?;
            }
        });
    }
    while let Some(joined) = workers.join_next().await {
        joined.map_err(|error| Error::new(error.to_string()))??;
    }
    std::future::pending().await
}

async fn one(kube: &kube::Client, client: &cloud::Client, path: &str, index: usize) -> Result<()> {
    let name = objects::name(index);
    let path = format!("{path}/{name}");
    let claim = json!({"metadata": {
        "finalizers": ["dataset-operator.dev/remote"],
        "annotations": {"dataset-operator.dev/intent": format!("{{\"attempt\":\"{name}\"}}")},
    }});
    patch(kube, &path, &claim).await?;
    let body = json!({
        "Name": name, "WorkspaceId": WORKSPACE, "Property": "DIRECTORY", "DataSourceType": "OSS", "DataType": "PIC",
        "Uri": format!("oss://example-bucket.oss-cn-hangzhou.aliyuncs.com/{name}/"),
        "Description": "Pictures of the classification course",
        "Options": format!("{{\"mountPath\": \"/mnt/data/{name}\"}}"),
        "Labels": [{"Key": "team", "Value": "vision"}, {"Key": "stage", "Value": "raw"}],
    });
    let body: Map<String, Value> = serde_json::from_value(body).context("the create body")?;
    let answer = client.call(Lane::Create, &Request::create_dataset(body)).await.context("CreateDataset")?;
    let id = answer.id("DatasetId").context("CreateDataset")?;
    let status = json!({"status": {
        "observedGeneration": 1, "datasetId": id, "name": name,
        "conditions": [{
            "type": "Ready", "status": "True", "reason": "Available", "message": "", "observedGeneration": 1,
            "lastTransitionTime": jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        }],
    }});
    patch(kube, &format!("{path}/status"), &status).await
}

async fn patch(kube: &kube::Client, path: &str, change: &Value) -> Result<()> {
    let request = objects::send(Method::PATCH, path, "application/merge-patch+json", change.to_string())?;
    kube.request_text(request).await.map(drop).context(format!("patching {path}"))
}
