//! The `pai-emulator` program as its own process (stories embed its library instead).

use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::controlplane::install_tls_provider;
use crate::error::{Context, Error, Result};
use crate::operator::until_ok;
use crate::ports;
use crate::process::{Process, Session};

/// The access key that the emulator knows by default.
pub const ACCESS_KEY_ID: &str = "testAccessKeyId";
/// Its secret.
pub const ACCESS_KEY_SECRET: &str = "testAccessKeySecret";
const BEARER_TOKEN: &str = "testBearerToken";
/// The default workspace of emulator and operator.
pub const WORKSPACE: &str = "12345";
/// An IMM project that exists, unless the knob `immProjects` names others.
const IMM_PROJECT: &str = "test-project";

/// A running emulator, empty at the start.
#[derive(Debug)]
pub struct Emulator {
    process: Process,
    url: String,
}

impl Emulator {
    /// Starts `bin` with the environment `env` (`PAI_EMULATOR_*`) on a free loopback port and waits until it
    /// answers.
    pub async fn start(bin: &Path, env: &[(String, String)], log: &Path, session: Session) -> Result<Self> {
        let listen = format!("127.0.0.1:{}", ports::free()?);
        let arguments = [
            ("--listen", listen.as_str()),
            ("--access-key-id", ACCESS_KEY_ID),
            ("--access-key-secret", ACCESS_KEY_SECRET),
            ("--default-workspace", WORKSPACE),
        ];
        let arguments: Vec<String> = arguments.iter().flat_map(|&(flag, value)| [flag.into(), value.into()]).collect();
        let mut process = Process::spawn("emulator", bin, &arguments, env, log, session)?;
        let url = format!("http://{listen}");
        let probe = format!("{url}/_emulator/stats");
        until_ok(&mut process, &probe, Duration::from_secs(15)).await?;
        Ok(Self { process, url })
    }

    /// Its base URL, for the API and for its control API.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The name of an IMM project that exists in it.
    pub async fn imm_project(&self) -> Result<String> {
        Ok(project(&self.get("knobs").await?).to_owned())
    }

    /// A GET of its control API, for example `stats` or `state`.
    pub async fn get(&self, what: &str) -> Result<Value> {
        self.ask(Method::GET, &format!("/_emulator/{what}"), None).await
    }

    /// Turns knobs, such as `{"jobRunMs": 100}`; all others stay.
    pub async fn turn(&self, knobs: &Value) -> Result<()> {
        self.ask(Method::PUT, "/_emulator/knobs", Some(knobs)).await.map(drop)
    }

    /// A call of the API by someone other than the operator, as from the vendor's console: the bearer token that
    /// the emulator knows by default, a `path` such as `/api/v1/datasets/ID`.
    pub async fn console(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        self.ask(method, path, Some(body)).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        install_tls_provider();
        let doing = format!("{method} {path}");
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build();
        let mut request = client.context(&doing)?.request(method, format!("{}{path}", self.url));
        if let Some(body) = body {
            request = request.bearer_auth(BEARER_TOKEN).json(body);
        }
        let answer = request.send().await.context(&doing)?;
        let status = answer.status();
        let text = answer.text().await.context(&doing)?;
        if !status.is_success() {
            return Err(Error::new(format!("{doing}: {status}: {text}")));
        }
        serde_json::from_str(&text).context(&doing)
    }

    /// The process, for its name and id.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Lets it stay when this process ends.
    pub fn detach(self) -> Result<()> {
        self.process.detach()
    }
}

/// The first of the projects that exist under these knobs.
fn project(knobs: &Value) -> &str {
    let named = knobs["immProjects"].as_str().and_then(|names| names.split(',').next()).unwrap_or_default().trim();
    if named.is_empty() { IMM_PROJECT } else { named }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_project_exists_under_all_knobs() {
        assert_eq!(project(&json!({"immProjects": ""})), IMM_PROJECT);
        assert_eq!(project(&json!({"immProjects": " q, r"})), "q");
    }
}
