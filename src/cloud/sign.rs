//! ACS3-HMAC-SHA256, the signature of the Alibaba Cloud gateway, as pure functions.
//!
//! Method and vectors: the official SDK's `alibabacloud-openapi-util`. The key is the secret itself; no
//! derived key, no scope.

use std::collections::BTreeMap;

use reqwest::Method;
use ring::hmac;

use super::secret::Secret;
use crate::remote::fields::{digest_hex, hex};

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// What is signed: everything as it appears on the wire.
pub(super) struct Unsigned<'a> {
    /// HTTP method.
    pub(super) method: Method,
    /// Path as on the request line, percent-encoded.
    pub(super) path: &'a str,
    /// Query as on the request line, encoded by RFC 3986 and sorted.
    pub(super) query: &'a str,
    /// The headers to sign, names in lower case.
    pub(super) headers: &'a BTreeMap<&'static str, String>,
    /// [`sha256_hex`] of the body.
    pub(super) payload: &'a str,
}

impl Unsigned<'_> {
    /// The value of the `Authorization` header.
    pub(super) fn authorization(&self, key_id: &str, secret: &Secret) -> String {
        let names = self.signed_headers();
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        let signature = hex(hmac::sign(&key, self.string_to_sign().as_bytes()).as_ref(), 64);
        format!("{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}")
    }

    fn string_to_sign(&self) -> String {
        let hash = sha256_hex(self.canonical_request().as_bytes());
        format!("{ALGORITHM}\n{hash}")
    }

    fn canonical_request(&self) -> String {
        let mut headers = String::new();
        for (name, value) in self.headers {
            headers.extend([*name, ":", value.trim(), "\n"]);
        }
        let parts = [self.method.as_str(), self.path, self.query, &headers, &self.signed_headers(), self.payload];
        parts.join("\n")
    }

    fn signed_headers(&self) -> String {
        let names: Vec<&str> = self.headers.keys().copied().collect();
        names.join(";")
    }
}

/// SHA-256 as lower-case hex.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    digest_hex(bytes, 64)
}

#[cfg(test)]
mod tests;
