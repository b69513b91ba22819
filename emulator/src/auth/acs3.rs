//! Signature version 3, ACS3-HMAC-SHA256, over the header list that the client signed.
//!
//! The secret is the HMAC key itself; there is no derived key and no scope.

use ring::digest::{SHA256, digest};
use ring::hmac;

use super::Denial;
use crate::encoding::{encode, hex};
use crate::request::Request;

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// Headers that must be among the signed ones when they are sent: what they say is acted upon.
const MUST_BE_SIGNED: [&str; 8] = [
    "host",
    "x-acs-action",
    "x-acs-version",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-content-sha256",
    "x-acs-security-token",
    "x-acs-accesskey-id",
];

/// The parsed header `ACS3-HMAC-SHA256 Credential=…,SignedHeaders=a;b,Signature=…`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Authorization {
    pub(super) access_key_id: String,
    signed_headers: String,
    signature: String,
}

impl Authorization {
    /// `None` when the header is of another scheme or lacks a part.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let parts = header.strip_prefix(ALGORITHM)?.strip_prefix(' ')?;
        let part = |name: &str| {
            let mut parts = parts.split(',').filter_map(|part| part.trim().split_once('='));
            parts.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
        };
        Some(Self {
            access_key_id: part("Credential")?,
            signed_headers: part("SignedHeaders")?,
            signature: part("Signature")?,
        })
    }

    fn signs(&self, name: &str) -> bool {
        self.signed_headers.split(';').any(|signed| signed == name)
    }

    /// The list covers what the service acts upon, and the hash it signs is that of the body.
    pub(super) fn check_list(&self, request: &Request) -> Result<(), Denial> {
        let unsigned = MUST_BE_SIGNED.iter().find(|name| request.headers.contains_key(**name) && !self.signs(name));
        if let Some(name) = unsigned {
            return Err(Denial::Incomplete(format!("header {name} is sent but not signed")));
        }
        match request.header("x-acs-content-sha256") {
            None => Err(Denial::Incomplete("x-acs-content-sha256 is missing".to_owned())),
            Some(hash) if hash != request.body_hash => {
                Err(Denial::SignatureMismatch(format!("x-acs-content-sha256 of the body is {}", request.body_hash)))
            }
            Some(_) => Ok(()),
        }
    }

    pub(super) fn verify(&self, request: &Request, secret: &str) -> Result<(), Denial> {
        let string_to_sign = self.string_to_sign(request);
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let signature = unhex(&self.signature).unwrap_or_default();
        hmac::verify(&key, string_to_sign.as_bytes(), &signature)
            .map_err(|_| Denial::SignatureMismatch(string_to_sign.replace('\n', " ")))
    }

    pub(super) fn string_to_sign(&self, request: &Request) -> String {
        let hash = digest(&SHA256, self.canonical_request(request).as_bytes());
        format!("{ALGORITHM}\n{}", hex(hash.as_ref()))
    }

    /// The request as both sides hash it. The path is used as it came, the query is encoded again: clients differ in
    /// how they write a blank on the wire, not in how they sign it.
    pub(super) fn canonical_request(&self, request: &Request) -> String {
        let mut query: Vec<(String, String)> =
            request.query.iter().map(|(name, value)| (encode(name), encode(value))).collect();
        query.sort_unstable();
        let query: Vec<String> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut names: Vec<&str> = self.signed_headers.split(';').filter(|name| !name.is_empty()).collect();
        names.sort_unstable();
        let line = |name: &&str| format!("{name}:{}\n", request.header(name).unwrap_or_default());
        let headers: Vec<String> = names.iter().map(line).collect();
        let headers = headers.concat();
        format!(
            "{}\n{}\n{}\n{headers}\n{}\n{}",
            request.method,
            request.path,
            query.join("&"),
            self.signed_headers,
            request.body_hash
        )
    }
}

/// `x-acs-date` in milliseconds since 1970; `None` when it is absent or not `YYYY-MM-DDTHH:MM:SSZ`.
pub(super) fn date(request: &Request) -> Option<i64> {
    let text = request.header("x-acs-date")?;
    let civil = jiff::civil::DateTime::strptime("%Y-%m-%dT%H:%M:%SZ", text).ok()?;
    Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}
