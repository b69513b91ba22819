//! The `pai-emulator` program as its own process (stories embed its library instead).

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::controlplane::install_tls_provider;
use crate::error::{Context, Error, Result};
use crate::operator::until_ok;
use crate::ports;
use crate::process::{Process, Session};

/// The access key that the emulator knows when nobody said otherwise.
pub const ACCESS_KEY_ID: &str = "testAccessKeyId";
/// Its secret.
pub const ACCESS_KEY_SECRET: &str = "testAccessKeySecret";
/// The default workspace of emulator and operator.
pub const WORKSPACE: &str = "12345";

/// A running emulator, empty at the start.
#[derive(Debug)]
pub struct Emulator {
    process: Process,
    url: String,
}

impl Emulator {
    /// Starts `bin` on a free loopback port and waits until it answers.
    pub async fn start(bin: &Path, log: &Path, session: Session) -> Result<Self> {
        let listen = format!("127.0.0.1:{}", ports::free()?);
        let arguments = [
            ("--listen", listen.as_str()),
            ("--access-key-id", ACCESS_KEY_ID),
            ("--access-key-secret", ACCESS_KEY_SECRET),
            ("--default-workspace", WORKSPACE),
        ];
        let arguments: Vec<String> =
            arguments.iter().flat_map(|&(flag, value)| [flag.into(), value.into()]).collect();
        let mut process = Process::spawn("emulator", bin, &arguments, &[], log, session)?;
        let url = format!("http://{listen}");
        let probe = format!("{url}/_emulator/stats");
        until_ok(&mut process, &probe, Duration::from_secs(15)).await?;
        Ok(Self { process, url })
    }

    /// Its base URL, for the API and for its control API.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A GET of its control API, for example `stats` or `state`.
    pub async fn get(&self, what: &str) -> Result<Value> {
        self.ask(reqwest::Method::GET, what, None).await
    }

    /// A PUT of its control API.
    pub async fn put(&self, what: &str, body: &Value) -> Result<Value> {
        self.ask(reqwest::Method::PUT, what, Some(body)).await
    }

    async fn ask(&self, method: reqwest::Method, what: &str, body: Option<&Value>) -> Result<Value> {
        install_tls_provider();
        let doing = format!("{method} /_emulator/{what}");
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10));
        let client = client.build().context(&doing)?;
        let mut request = client.request(method, format!("{}/_emulator/{what}", self.url));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.context(&doing)?;
        let status = answer.status();
        let text = answer.text().await.context(&doing)?;
        if !status.is_success() {
            return Err(Error::new(format!("{doing}: {status}: {text}")));
        }
        serde_json::from_str(&text).context(&doing)
    }

    /// Lets it stay when this process ends.
    pub fn detach(self) -> Result<(String, u32)> {
        Ok((self.process.name().to_owned(), self.process.detach()?))
    }
}
