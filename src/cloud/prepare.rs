//! Turns a [`Request`] and credentials into the exact headers and bytes on the wire, without IO.

use std::collections::BTreeMap;

use super::credentials::{BearerStyle, Credentials};
use super::product::Style;
use super::request::Request;
use super::settings::EndpointForm;
use super::sign::{Unsigned, sha256_hex};

/// The type of signature that a bearer token stands for.
const BEARER_TOKEN: &str = "BEARERTOKEN";

/// The values that differ each time a request is sent.
pub(super) struct Occasion {
    /// The endpoint's host, with the port if it is not the scheme's own.
    pub(super) host: String,
    /// UTC, `YYYY-MM-DDTHH:MM:SSZ`.
    pub(super) date: String,
    /// Never used before with this access key.
    pub(super) nonce: String,
}

/// A request ready to be sent. The headers contain credentials, so it has no `Debug`.
pub(super) struct Prepared {
    /// The path on the request line, percent-encoded.
    pub(super) path: String,
    /// The query on the request line, encoded, without `?`; empty if there is none.
    pub(super) query: String,
    /// All headers except those that the HTTP library sets, with names in lower case.
    pub(super) headers: BTreeMap<&'static str, String>,
    /// The body, empty if there is none.
    pub(super) body: Vec<u8>,
}

/// Makes the headers and signs them: `host`, `content-type` and every `x-acs-*` header are signed.
pub(super) fn prepare(
    request: &Request,
    form: EndpointForm,
    credentials: &Credentials,
    occasion: Occasion,
) -> Prepared {
    let (path, mut query) = (request.path(form), request.query(form));
    let body = request.body_bytes();
    let payload = sha256_hex(body.as_deref().unwrap_or_default());
    let mut headers = BTreeMap::from([
        ("host", occasion.host),
        ("x-acs-action", request.operation().action().to_owned()),
        ("x-acs-content-sha256", payload.clone()),
        ("x-acs-date", occasion.date),
        ("x-acs-signature-nonce", occasion.nonce),
        ("x-acs-version", request.operation().product().version().to_owned()),
    ]);
    if body.is_some() {
        headers.insert("content-type", "application/json; charset=utf-8".to_owned());
    }
    match credentials {
        Credentials::AccessKey { id, secret, security_token } => {
            if let Some(token) = security_token {
                headers.insert("x-acs-accesskey-id", id.clone());
                headers.insert("x-acs-security-token", token.expose().to_owned());
            }
            let unsigned =
                Unsigned { method: request.method(), path: &path, query: &query, headers: &headers, payload: &payload };
            let authorization = unsigned.authorization(id, secret);
            headers.insert("authorization", authorization);
        }
        Credentials::Bearer { token, style: BearerStyle::Sdk } => {
            headers.insert("x-acs-bearer-token", token.expose().to_owned());
            match request.operation().product().style() {
                Style::Roa => drop(headers.insert("x-acs-signature-type", BEARER_TOKEN.to_owned())),
                // As the official SDK does. Nothing is signed, so the order does not matter.
                Style::Rpc => {
                    let separator = if query.is_empty() { "" } else { "&" };
                    query.extend([separator, "SignatureType=", BEARER_TOKEN]);
                }
            }
        }
        Credentials::Bearer { token, style: BearerStyle::Authorization } => {
            headers.insert("authorization", format!("Bearer {}", token.expose()));
        }
    }
    headers.insert("accept", "application/json".to_owned());
    Prepared { path, query, headers, body: body.unwrap_or_default() }
}

#[cfg(test)]
mod tests;
