//! The caller of a request: every form of proof that the service's clients use, checked as strictly as the service does.
//!
//! A request is taken if its signature fits the bytes that arrived (headers by the client's own list), its date is
//! near ours and its nonce is new. Knows nothing about datasets; changes nothing but the set of used nonces, and that
//! only for proven callers, so that no caller can use up another's nonces.

mod acs3;
mod denial;
mod nonces;
mod roa;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(crate) use denial::Denial;
pub(crate) use nonces::Nonces;

use crate::credentials::Credential;
use crate::knobs::{Auth, Knobs};
use crate::request::Request;

/// The principal of a call.
pub(crate) type Caller = Arc<Credential>;

/// A caller that did not prove who it is, with the access key it claimed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rejected {
    pub(crate) access_key_id: String,
    pub(crate) denial: Denial,
}

/// What the caller offers as proof.
enum Claim {
    Acs3(acs3::Authorization),
    Roa(roa::Authorization),
    /// The SDK's bearer headers.
    BearerHeaders(String),
    /// `Authorization: Bearer`.
    BearerScheme(String),
    /// Nothing, or an unknown scheme.
    None(&'static str),
}

impl Claim {
    fn of(request: &Request) -> Self {
        if let Some(token) = request.header("x-acs-bearer-token") {
            // RPC clients say so in the query.
            let header = request.header("x-acs-signature-type");
            let kind = header.as_deref().or_else(|| request.parameter("SignatureType"));
            let bearer = kind == Some("BEARERTOKEN");
            return if bearer {
                Self::BearerHeaders(token)
            } else {
                Self::None("x-acs-signature-type is not BEARERTOKEN")
            };
        }
        let Some(authorization) = request.header("authorization") else {
            return Self::None("there is no Authorization header");
        };
        if let Some(claim) = acs3::Authorization::parse(&authorization) {
            return Self::Acs3(claim);
        }
        if let Some(claim) = roa::Authorization::parse(&authorization) {
            return Self::Roa(claim);
        }
        match authorization.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                Self::BearerScheme(token.trim().to_owned())
            }
            _ => Self::None("the Authorization header has no known form"),
        }
    }

    fn access_key_id(&self) -> &str {
        match self {
            Self::Acs3(claim) => &claim.access_key_id,
            Self::Roa(claim) => &claim.access_key_id,
            Self::BearerHeaders(_) | Self::BearerScheme(_) | Self::None(_) => "",
        }
    }
}

/// The caller of a request, or why it is not believed.
pub(crate) fn authenticate(
    request: &Request,
    credentials: &[Caller],
    knobs: &Knobs,
    nonces: &mut Nonces,
    now_ms: i64,
) -> Result<Caller, Rejected> {
    let claim = Claim::of(request);
    if knobs.auth == Auth::Off {
        return Ok(unproven(&claim, credentials));
    }
    let access_key_id = claim.access_key_id().to_owned();
    let checks = Checks { request, credentials, knobs, now_ms };
    let proven = checks.prove(&claim).and_then(|caller| checks.once(caller, nonces));
    proven.map_err(|denial| Rejected { access_key_id, denial })
}

/// With checks off: whom the claim names, else the first credential.
fn unproven(claim: &Claim, credentials: &[Caller]) -> Caller {
    let named = credentials.iter().find(|known| match claim {
        Claim::BearerHeaders(token) | Claim::BearerScheme(token) => known.bearer_token.as_ref() == Some(token),
        Claim::Acs3(_) | Claim::Roa(_) | Claim::None(_) => known.access_key_id == claim.access_key_id(),
    });
    let caller = named.or(credentials.first()).cloned();
    caller.unwrap_or_else(|| Arc::new(Credential::access_key("anonymous", "")))
}

struct Checks<'a> {
    request: &'a Request,
    credentials: &'a [Caller],
    knobs: &'a Knobs,
    now_ms: i64,
}

/// A caller whose proof holds, and until when its date would be taken.
struct Proven {
    caller: Caller,
    /// `None`: the request carries no date.
    stale_at_ms: Option<i64>,
}

impl Checks<'_> {
    fn prove(&self, claim: &Claim) -> Result<Proven, Denial> {
        match claim {
            Claim::Acs3(claim) => {
                let caller = self.key_holder(&claim.access_key_id)?;
                claim.check_list(self.request)?;
                let stale_at_ms = Some(self.fresh(acs3::date(self.request))?);
                claim.verify(self.request, &caller.access_key_secret)?;
                Ok(Proven { caller, stale_at_ms })
            }
            Claim::Roa(claim) => {
                let caller = self.key_holder(&claim.access_key_id)?;
                let stale_at_ms = Some(self.fresh(roa::date(self.request))?);
                claim.verify(self.request, &caller.access_key_secret)?;
                Ok(Proven { caller, stale_at_ms })
            }
            Claim::BearerHeaders(token) => {
                let caller = self.token_holder(token, Denial::BearerUnknown)?;
                Ok(Proven { caller, stale_at_ms: Some(self.fresh(acs3::date(self.request))?) })
            }
            Claim::BearerScheme(token) if self.knobs.authorization_bearer => {
                let caller = self.token_holder(token, Denial::Unauthorized)?;
                Ok(Proven { caller, stale_at_ms: None })
            }
            Claim::BearerScheme(_) => Err(Denial::Incomplete("Authorization: Bearer is switched off".to_owned())),
            Claim::None(why) => Err(Denial::Incomplete((*why).to_owned())),
        }
    }

    /// The holder of an access key, with the STS token that belongs to it.
    fn key_holder(&self, access_key_id: &str) -> Result<Caller, Denial> {
        let token = self.request.header("x-acs-security-token");
        let keys = || {
            self.credentials.iter().filter(|known| known.bearer_token.is_none() && known.access_key_id == access_key_id)
        };
        let caller =
            keys().find(|known| known.security_token == token).ok_or_else(|| match (keys().next(), &token) {
                (Some(_), Some(_)) => Denial::TokenMismatch,
                // An STS key without its token is no key that RAM knows.
                _ => Denial::AccessKeyUnknown,
            })?;
        self.usable(caller)
    }

    fn token_holder(&self, token: &str, unknown: Denial) -> Result<Caller, Denial> {
        let holder = self.credentials.iter().find(|known| known.bearer_token.as_deref() == Some(token));
        let anyone = || self.credentials.first().filter(|_| self.knobs.any_bearer_token && !token.is_empty());
        self.usable(holder.or_else(anyone).ok_or(unknown)?)
    }

    fn usable(&self, caller: &Caller) -> Result<Caller, Denial> {
        let expired = caller.expired || caller.expires_ms.is_some_and(|expires_ms| expires_ms <= self.now_ms);
        if !caller.active {
            Err(Denial::AccessKeyInactive)
        } else if expired {
            Err(Denial::TokenExpired)
        } else {
            Ok(Arc::clone(caller))
        }
    }

    /// Until when this date is taken; refused if that is past or the date is too far ahead.
    fn fresh(&self, date_ms: Option<i64>) -> Result<i64, Denial> {
        let date_ms = date_ms.ok_or(Denial::DateFormat)?;
        let skew_ms = i64::from(self.knobs.skew_seconds) * 1000;
        if self.now_ms.abs_diff(date_ms) > skew_ms.unsigned_abs() {
            return Err(Denial::DateExpired);
        }
        Ok(date_ms.saturating_add(skew_ms))
    }

    /// A dated request has a nonce that its caller never used before.
    fn once(&self, proven: Proven, nonces: &mut Nonces) -> Result<Caller, Denial> {
        let Proven { caller, stale_at_ms } = proven;
        let (Some(stale_at_ms), true) = (stale_at_ms, self.knobs.nonce_check) else {
            return Ok(caller);
        };
        let Some(nonce) = self.request.header("x-acs-signature-nonce").filter(|nonce| !nonce.is_empty()) else {
            return Err(Denial::Incomplete("x-acs-signature-nonce is missing".to_owned()));
        };
        if !nonces.first_use(&caller.access_key_id, &nonce, stale_at_ms, self.now_ms) {
            return Err(Denial::NonceUsed);
        }
        Ok(caller)
    }
}
