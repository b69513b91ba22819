//! The older ROA signature, HMAC-SHA1 over the undecorated request, which the vendor's Terraform provider still sends.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use super::Denial;
use crate::request::Request;

/// The parsed header `acs <access key id>:<base64>`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Authorization {
    pub(super) access_key_id: String,
    signature: String,
}

impl Authorization {
    /// `None` when the header is of another scheme.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let (access_key_id, signature) = header.strip_prefix("acs ")?.trim().split_once(':')?;
        Some(Self { access_key_id: access_key_id.to_owned(), signature: signature.to_owned() })
    }

    pub(super) fn verify(&self, request: &Request, secret: &str) -> Result<(), Denial> {
        let string_to_sign = string_to_sign(request);
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
        let signature = STANDARD.decode(&self.signature).unwrap_or_default();
        // The string to sign holds the security token in clear, so it is not shown.
        hmac::verify(&key, string_to_sign.as_bytes(), &signature)
            .map_err(|_| Denial::SignatureMismatch("(not shown for this signature version)".to_owned()))
    }
}

/// Method and four headers, the `x-acs-` headers, then the path with the decoded query; an empty value loses its `=`.
fn string_to_sign(request: &Request) -> String {
    let mut text = request.method.clone();
    for name in ["accept", "content-md5", "content-type", "date"] {
        text.push('\n');
        text.push_str(&request.header(name).unwrap_or_default());
    }
    text.push('\n');
    let mut names: Vec<&str> = request.headers.keys().map(hyper::header::HeaderName::as_str).collect();
    names.retain(|name| name.starts_with("x-acs-"));
    names.sort_unstable();
    for name in names {
        for part in [name, ":", &request.header(name).unwrap_or_default(), "\n"] {
            text.push_str(part);
        }
    }
    text.push_str(&request.path);
    let mut query: Vec<&(String, String)> = request.query.iter().collect();
    query.sort_unstable();
    let pairs: Vec<String> = query
        .into_iter()
        .map(|(name, value)| if value.is_empty() { name.clone() } else { format!("{name}={value}") })
        .collect();
    if !pairs.is_empty() {
        text.push('?');
        text.push_str(&pairs.join("&"));
    }
    text
}

/// The `date` header in milliseconds since 1970; `None` when it is absent or not in the form of HTTP dates.
pub(super) fn date(request: &Request) -> Option<i64> {
    let text = request.header("date")?;
    Some(jiff::fmt::rfc2822::parse(&text).ok()?.timestamp().as_millisecond())
}
