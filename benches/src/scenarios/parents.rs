//! The Datasets that jobs and sets of files belong to: of the edition that has metadata of files.

use http::Method;
use serde_json::{Value, json};
use testbed::{Context as _, Error, Result};

use crate::objects::{self, Kind};
use crate::observer::Observer;
use crate::stage::Stage;

/// Makes Datasets 0 to `count - 1`, and waits until they are Ready. The candidate runs.
pub(super) async fn make(stage: &Stage<'_>, count: usize) -> Result<()> {
    let (client, path) = (&stage.rig.client, Kind::Dataset.path(&stage.namespace));
    let observer = Observer::start(client, Kind::Dataset, &stage.namespace).await?;
    for index in 0..count {
        let mut dataset: Value = serde_json::from_str(&Kind::Dataset.manifest(index)).context("a Dataset")?;
        dataset["spec"]["edition"] = json!("ADVANCED");
        let request = objects::send(Method::POST, &path, "application/json", dataset.to_string())?;
        client.request_text(request).await.context(format!("creating Dataset {index}"))?;
    }
    if observer.until(stage.deadline, |seen| seen.ready >= count).await? {
        Ok(())
    } else {
        Err(Error::new(format!("{count} Datasets do not become Ready")))
    }
}
