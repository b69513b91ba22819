//! The least of an HTTP client: signs, sends, reads. Cheap, so that what is measured is the emulator.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};

use ring::{digest, hmac};
use serde_json::Value;

use crate::Failure;

const ACCESS_KEY: (&str, &str) = ("testAccessKeyId", "testAccessKeySecret");

/// A connection that is kept open.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
}

impl Connection {
    pub(crate) fn to(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), host: address.to_string() })
    }

    /// A signed call that must succeed; `rest` follows `/api/v1/datasets`.
    pub(crate) fn call(&mut self, method: &str, rest: &str, body: &Value) -> Result<Value, Failure> {
        self.signed_call(method, &format!("/api/v1/datasets{rest}"), body)
    }

    /// The same for any path.
    pub(crate) fn signed_call(&mut self, method: &str, target: &str, body: &Value) -> Result<Value, Failure> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = self.signed(method, target, &body);
        self.send(method, target, &headers, &body)
    }

    /// A call of the control API that must succeed.
    pub(crate) fn control(&mut self, method: &str, path: &str, body: &Value) -> Result<Value, Failure> {
        self.send(method, &format!("/_emulator/{path}"), "", &body.to_string())
    }

    fn send(&mut self, method: &str, target: &str, headers: &str, body: &str) -> Result<Value, Failure> {
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\n{headers}\r\n",
            self.host,
            body.len()
        );
        let stream = self.stream.get_mut();
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
        let (mut line, mut length, mut status) = (String::new(), 0, String::new());
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            if status.is_empty() {
                line.trim_end().clone_into(&mut status);
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            if line.trim_end().is_empty() {
                break;
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer)?;
        if !status.contains(" 200 ") {
            return Err(format!("{method} {target}: {status}: {}", String::from_utf8_lossy(&answer)).into());
        }
        Ok(serde_json::from_slice(&answer)?)
    }

    /// The headers of an `ACS3-HMAC-SHA256` signature. Query parameters must come in order and need no escapes.
    fn signed(&self, method: &str, target: &str, body: &str) -> String {
        static NONCE: AtomicU64 = AtomicU64::new(0);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut query: Vec<&str> = query.split('&').collect();
        query.sort_unstable();
        let date = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
        let nonce = NONCE.fetch_add(1, Ordering::Relaxed);
        let hash = sha256(body);
        let signed = format!(
            "host:{}\nx-acs-content-sha256:{hash}\nx-acs-date:{date}\nx-acs-signature-nonce:{nonce}\n\
             x-acs-version:2021-02-04\n",
            self.host
        );
        let names = "host;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
        let canonical = format!("{method}\n{path}\n{}\n{signed}\n{names}\n{hash}", query.join("&"));
        let to_sign = format!("ACS3-HMAC-SHA256\n{}", sha256(&canonical));
        let key = hmac::Key::new(hmac::HMAC_SHA256, ACCESS_KEY.1.as_bytes());
        let signature = hex(hmac::sign(&key, to_sign.as_bytes()).as_ref());
        let lines = signed.lines().filter(|line| !line.starts_with("host:")).map(|line| format!("{line}\r\n"));
        format!(
            "{}authorization: ACS3-HMAC-SHA256 Credential={},SignedHeaders={names},Signature={signature}\r\n",
            lines.collect::<String>(),
            ACCESS_KEY.0
        )
    }
}

fn sha256(text: &str) -> String {
    hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
