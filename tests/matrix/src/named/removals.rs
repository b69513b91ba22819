//! Objects that go in unusual ways.

use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams};
use serde_json::Value;
use testbed::proxy::{Act, End, Match, Rule, Side};
use testbed::{Context, Error, Result};
use tokio::time::sleep;

use super::{Judged, ensure, id_of};
use crate::jobs::ONE;
use crate::scene::{DATASET, Scene, dataset};

pub(super) async fn namespace_without_cloud(scene: &mut Scene) -> Result<Judged> {
    scene.create(DATASET, ONE, dataset(ONE)).await?;
    scene.ready(DATASET, ONE).await?;
    let away = Act::Lose { executed: false, end: End::Reset };
    scene.cloud.add(Rule { of: Match::default(), skip: 0, times: u32::MAX, act: away });
    let namespaces: Api<Namespace> = Api::all(scene.bed.client.clone());
    namespaces.delete(&scene.namespace, &DeleteParams::default()).await.map(drop).context("deleting the namespace")?;
    scene.reason(DATASET, ONE, "CloudUnavailable").await?;
    let calls = |scene: &Scene| scene.log.count(|entry| entry.side == Side::Cloud);
    let before = calls(scene);
    sleep(Duration::from_secs(5)).await;
    let made = calls(scene) - before;
    ensure(made <= 20, format!("{made} calls in 5 s"))?;
    ensure(scene.get(DATASET, ONE).is_some(), "the object was let go")?;
    scene.cloud.clear();
    scene.gone(DATASET, ONE).await?;
    let name = scene.namespace.clone();
    let gone = async |_: &mut Scene| -> Result<bool> {
        let left = namespaces.get_opt(&name).await.context("reading the namespace")?;
        Ok(left.is_none())
    };
    scene.until("the namespace to be gone", Duration::from_secs(60), gone).await?;
    ensure(scene.datasets().is_empty(), "a dataset is left")?;
    Ok(Judged::default())
}

pub(super) async fn finalizer_stripped(scene: &mut Scene) -> Result<Judged> {
    scene.create(DATASET, ONE, dataset(ONE)).await?;
    let id = id_of(&scene.ready(DATASET, ONE).await?);
    scene.keeper.leave()?;
    scene.force_off(DATASET, ONE).await?;
    scene.start().await?;
    let reported = async |scene: &mut Scene| -> Result<bool> {
        let url = scene.keeper.metrics_url().ok_or_else(|| Error::new("no operator runs"))?;
        Ok(metrics(&url).await?.lines().any(|line| line.starts_with("pai_index_orphans") && line.ends_with(" 1")))
    };
    scene.until("the report of an orphan", Duration::from_secs(20), reported).await?;
    ensure(scene.emulator.dataset(&id).is_some(), "a sweep deleted it")?;
    ensure(scene.sent("DeleteDataset") == 0, "a deletion was sent")?;
    // A person who has read the report.
    scene.console("DELETE", &format!("/api/v1/datasets/{id}"), &Value::Null)?;
    Ok(Judged::default())
}

/// A plain GET on loopback.
async fn metrics(url: &str) -> Result<String> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let rest = url.trim_start_matches("http://");
    let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = tokio::net::TcpStream::connect(address).await.context("reading metrics")?;
    let request = format!("GET /{path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.context("reading metrics")?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await.context("reading metrics")?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
