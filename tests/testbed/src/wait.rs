//! Waiting with a limit: after the limit the error shows the object and the operator's log.

use std::path::{Path, PathBuf};
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{Api, DynamicObject};
use serde::Deserialize;
use tokio::time::Instant;

use crate::error::{Context, Error, Result};
use crate::process;

const LOOK_EVERY: Duration = Duration::from_millis(50);
const LOG_LINES: usize = 40;

/// How long to wait, and the log that explains a failure.
#[derive(Clone, Debug)]
pub struct Wait {
    timeout: Duration,
    log: Option<PathBuf>,
}

impl Wait {
    /// Waits at most `timeout`.
    pub fn new(timeout: Duration) -> Self {
        Self { timeout, log: None }
    }

    /// Shows the end of this log when the time is up.
    #[must_use]
    pub fn explained_by(mut self, log: &Path) -> Self {
        self.log = Some(log.to_owned());
        self
    }

    /// Waits until `look` finds something. It may fail at once with an error of its own.
    pub async fn until<T>(&self, what: &str, mut look: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
        let deadline = Instant::now() + self.timeout;
        loop {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            if Instant::now() >= deadline {
                return Err(self.in_vain(what, ""));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until the object `name` is there and `done`; returns it as it was then.
    pub async fn object(
        &self,
        api: &Api<DynamicObject>,
        name: &str,
        what: &str,
        done: impl Fn(&DynamicObject) -> bool,
    ) -> Result<DynamicObject> {
        let deadline = Instant::now() + self.timeout;
        loop {
            let now = api.get_opt(name).await.context(format!("reading {name}"))?;
            match now {
                Some(object) if done(&object) => return Ok(object),
                Some(_) | None if Instant::now() < deadline => {
                    tokio::time::sleep(LOOK_EVERY).await;
                }
                seen => {
                    let what = format!("{name} to be {what}");
                    return Err(self.in_vain(&what, &yaml(seen.as_ref())));
                }
            }
        }
    }

    /// Waits for `Ready=True` of this generation.
    pub async fn ready(&self, api: &Api<DynamicObject>, name: &str) -> Result<DynamicObject> {
        self.object(api, name, "Ready", is_ready).await
    }

    /// Waits until there is no object of that name.
    pub async fn gone(&self, api: &Api<DynamicObject>, name: &str) -> Result<()> {
        let deadline = Instant::now() + self.timeout;
        loop {
            let now = api.get_opt(name).await.context(format!("reading {name}"))?;
            if now.is_none() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(self.in_vain(&format!("{name} to be gone"), &yaml(now.as_ref())));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn in_vain(&self, what: &str, seen: &str) -> Error {
        let mut text = format!("waited {:?} in vain for {what}\n{seen}", self.timeout);
        if let Some(log) = &self.log {
            text.push_str("--- the operator's log ends with ---\n");
            text.push_str(&process::tail(log, LOG_LINES));
        }
        Error::new(text)
    }
}

/// The condition of this type, if the object has one.
pub fn condition(object: &DynamicObject, type_: &str) -> Option<Condition> {
    let conditions = object.data.get("status")?.get("conditions")?.as_array()?;
    conditions
        .iter()
        .filter_map(|condition| Condition::deserialize(condition).ok())
        .find(|condition| condition.type_ == type_)
}

/// Whether `Ready` is True for the object's present generation.
pub fn is_ready(object: &DynamicObject) -> bool {
    let observed = object.data.pointer("/status/observedGeneration").and_then(serde_json::Value::as_i64);
    observed == object.metadata.generation && condition(object, "Ready").is_some_and(|ready| ready.status == "True")
}

fn yaml(object: Option<&DynamicObject>) -> String {
    let Some(object) = object else {
        return "there is no such object\n".to_owned();
    };
    let mut object = object.clone();
    object.metadata.managed_fields = None; // Long, and never the reason.
    serde_saphyr::to_string(&object).unwrap_or_else(|error| format!("(not YAML: {error})\n"))
}
