//! A small client: bearer by default, with a signer of its own for tests about signatures.

use pai_emulator::{Emulator, Knobs, Options};
use reqwest::{Method, Response};
use ring::{digest, hmac};
use serde_json::{Value, json};

/// An emulator on a free port whose default workspace is 478.
pub(crate) async fn emulator() -> Emulator {
    emulator_with(|_| {}).await
}

/// The same with other knobs.
pub(crate) async fn emulator_with(turn: impl FnOnce(&mut Knobs)) -> Emulator {
    let mut options = Options { seed: Some(1), ..Options::default() };
    "478".clone_into(&mut options.knobs.default_workspace);
    turn(&mut options.knobs);
    Emulator::start(options).await.unwrap()
}

/// A client of one emulator.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) token: String,
}

impl Client {
    pub(crate) fn of(emulator: &Emulator) -> Self {
        Self::at(&emulator.url())
    }

    pub(crate) fn at(url: &str) -> Self {
        // A second call finds the provider installed, which is all it wants.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { http, url: url.to_owned(), token: "testBearerToken".to_owned() }
    }

    /// The same client with another bearer token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// Sends a call; `path` begins after `/api/v1/datasets`.
    pub(crate) async fn send(&self, method: &str, path: &str, body: &Value) -> reqwest::Result<Response> {
        let url = format!("{}/api/v1/datasets{path}", self.url);
        let request = self.http.request(Method::from_bytes(method.as_bytes()).unwrap(), url).bearer_auth(&self.token);
        if body.is_null() { request.send().await } else { request.json(body).send().await }
    }

    /// Status and JSON of a call.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let response = self.send(method, path, &body).await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// The JSON of a call that must succeed.
    pub(crate) async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(method, path, body).await;
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    }

    /// Status and code of a call that must be refused, as `400 MissingName`.
    pub(crate) async fn refused(&self, method: &str, path: &str, body: Value) -> String {
        let (status, answer) = self.call(method, path, body).await;
        assert!(status >= 400, "{method} {path}: {answer}");
        for member in ["RequestId", "HostId", "Message", "Recommend"] {
            assert!(answer[member].is_string(), "{member} in {answer}");
        }
        format!("{status} {}", answer["Code"].as_str().unwrap())
    }

    /// Makes a dataset of this name with more members; its id.
    pub(crate) async fn create(&self, name: &str, more: Value) -> String {
        let answer = self.ok("POST", "", with(dataset(name), more)).await;
        answer["DatasetId"].as_str().unwrap().to_owned()
    }

    /// One string member of every listed dataset.
    pub(crate) async fn list(&self, query: &str, member: &str) -> Vec<String> {
        texts(&self.ok("GET", query, Value::Null).await["Datasets"], member)
    }

    /// A call of the control API.
    pub(crate) async fn control(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let request =
            self.http.request(Method::from_bytes(method.as_bytes()).unwrap(), format!("{}/_emulator{path}", self.url));
        let response = if body.is_null() { request.send().await } else { request.json(&body).send().await };
        let response = response.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }
}

/// The least that a create needs.
pub(crate) fn dataset(name: &str) -> Value {
    json!({"Name": name, "Property": "DIRECTORY", "DataSourceType": "OSS", "Uri": "oss://bucket/data/"})
}

/// The least that a version needs.
pub(crate) fn version() -> Value {
    json!({"Property": "DIRECTORY", "DataSourceType": "OSS", "Uri": "oss://bucket/v/"})
}

/// An object with the members of another put over it.
pub(crate) fn with(mut object: Value, more: Value) -> Value {
    object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    object
}

/// One string member of every item.
pub(crate) fn texts(items: &Value, member: &str) -> Vec<String> {
    items.as_array().unwrap().iter().map(|item| item[member].as_str().unwrap_or_default().to_owned()).collect()
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

/// Headers of a `GET /api/v1/datasets?PageSize=1` signed with ACS3.
pub(crate) fn signed(
    emulator: &Emulator,
    id: &str,
    secret: &str,
    token: Option<&str>,
    nonce: &str,
) -> Vec<(String, String)> {
    signed_at(emulator, id, secret, token, nonce, &now())
}

/// The present in the form of signatures.
pub(crate) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The same with a date of one's own.
pub(crate) fn signed_at(
    emulator: &Emulator,
    id: &str,
    secret: &str,
    token: Option<&str>,
    nonce: &str,
    date: &str,
) -> Vec<(String, String)> {
    signed_over(emulator, "/api/v1/datasets", id, secret, token, nonce, date)
}

/// The same over another path.
pub(crate) fn signed_over(
    emulator: &Emulator,
    path: &str,
    id: &str,
    secret: &str,
    token: Option<&str>,
    nonce: &str,
    date: &str,
) -> Vec<(String, String)> {
    let line = Line { method: "GET", path, query: "PageSize=1", action: "ListDatasets", version: "2021-02-04" };
    line.signed(emulator, (id, secret, token), nonce, date)
}

/// What a request without a body asks for.
pub(crate) struct Line<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) action: &'a str,
    pub(crate) version: &'a str,
}

impl Line<'_> {
    /// Its headers with the ACS3 signature of a key, its secret and its token.
    pub(crate) fn signed(
        &self,
        emulator: &Emulator,
        (id, secret, token): (&str, &str, Option<&str>),
        nonce: &str,
        date: &str,
    ) -> Vec<(String, String)> {
        let Self { method, path, query, action, version } = self;
        let hash = hex(digest::digest(&digest::SHA256, b"").as_ref());
        let mut headers = vec![
            ("host".to_owned(), emulator.address().to_string()),
            ("x-acs-action".to_owned(), (*action).to_owned()),
            ("x-acs-content-sha256".to_owned(), hash.clone()),
            ("x-acs-date".to_owned(), date.to_owned()),
            ("x-acs-signature-nonce".to_owned(), nonce.to_owned()),
            ("x-acs-version".to_owned(), (*version).to_owned()),
        ];
        headers.extend(token.map(|token| ("x-acs-security-token".to_owned(), token.to_owned())));
        headers.sort();
        let lines: Vec<String> = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(";");
        let canonical = format!("{method}\n{path}\n{query}\n{}\n{names}\n{hash}", lines.concat());
        let to_sign =
            format!("ACS3-HMAC-SHA256\n{}", hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref()));
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), to_sign.as_bytes());
        let authorization =
            format!("ACS3-HMAC-SHA256 Credential={id},SignedHeaders={names},Signature={}", hex(signature.as_ref()));
        headers.push(("authorization".to_owned(), authorization));
        headers
    }
}
