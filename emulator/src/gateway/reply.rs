//! Answers in the service's words, and what a fault makes of them.

use crate::actions::Members;
use crate::faults::{Effect, Fault};
use crate::knobs::{Garble, Knobs};
use crate::refusal::{Refusal, Worded};

/// An HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) request_id: Option<String>,
    /// Milliseconds for `x-acs-retry-after`; 0 = no header.
    pub(crate) retry_after_ms: u64,
    /// Seconds for `Retry-After`; 0 = no header.
    pub(crate) retry_after_s: u64,
}

/// The effect of a fault on the connection, instead of a whole answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoil {
    Reset,
    Drop,
    Garble(Garble),
}

/// An answer with what the log says about it.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) reply: Reply,
    pub(super) spoil: Option<Spoil>,
    pub(super) logged_status: u16,
    pub(super) logged_code: String,
}

/// What all answers to one request have in common.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) knobs: &'a Knobs,
    pub(super) host: String,
    pub(super) request_id: String,
    /// What a good answer calls it, if it has it.
    pub(super) request_id_member: Option<&'static str>,
}

/// The refusal that an `error` fault stands for.
pub(super) fn injected(fault: &Fault) -> Refusal {
    Refusal::Injected { status: fault.status, code: fault.code.clone(), retry_after_ms: fault.retry_after_ms }
}

impl Scene<'_> {
    /// The answer to a call that ended like this and met this fault.
    pub(super) fn sent(self, answer: Result<Members, Refusal>, fault: Option<&Fault>) -> Sent {
        let executed = answer.is_ok();
        let answer = match fault {
            Some(fault) if fault.effect == Effect::Error => Err(injected(fault)),
            Some(_) | None => answer,
        };
        let (mut reply, code) = self.worded(answer);
        let spoil = match fault.map(|fault| fault.effect) {
            Some(Effect::Reset) => Some(Spoil::Reset),
            Some(Effect::Drop) => Some(Spoil::Drop),
            Some(Effect::Garble) => Some(Spoil::Garble(self.knobs.garble)),
            Some(Effect::Error | Effect::Delay) | None => None,
        };
        let garbled = matches!(spoil, Some(Spoil::Garble(_)));
        if garbled {
            reply.status = 200;
        }
        // A call that a fault kept back never had an answer of its own.
        let (logged_status, logged_code) = match spoil {
            Some(_) if !executed => (if garbled { 200 } else { 0 }, String::new()),
            Some(_) | None => (reply.status, code),
        };
        Sent { reply, spoil, logged_status, logged_code }
    }

    fn worded(&self, answer: Result<Members, Refusal>) -> (Reply, String) {
        let (worded, mut members) = match answer {
            Ok(members) => (None, members),
            Err(refusal) => {
                let worded = refusal.worded(self.knobs);
                let members = self.error_members(&refusal, &worded);
                (Some(worded), members)
            }
        };
        let member = if worded.is_some() { Some("RequestId") } else { self.request_id_member };
        if let Some(member) = member {
            members.put(member, &self.request_id);
        }
        let reply = Reply {
            status: worded.as_ref().map_or(200, |worded| worded.status),
            body: members.json(),
            request_id: self.knobs.request_id_header.then(|| self.request_id.clone()),
            retry_after_ms: worded.as_ref().map_or(0, |worded| worded.retry_after_ms),
            retry_after_s: worded.as_ref().map_or(0, |worded| worded.retry_after_s),
        };
        (reply, worded.map(|worded| worded.code).unwrap_or_default())
    }

    fn error_members(&self, refusal: &Refusal, worded: &Worded) -> Members {
        let texts =
            [("HostId", self.host.as_str()), ("Code", &worded.code), ("Message", &worded.message), ("Recommend", "")];
        let mut members = Members::default();
        for (name, text) in texts {
            members.put(name, text);
        }
        if let Refusal::NoPermission(operation) = refusal {
            let detail = serde_json::json!({
                "AuthAction": operation.ram_action(),
                "AuthPrincipalType": "SubUser",
                "NoPermissionType": "ImplicitDeny",
                "PolicyType": "AccountLevelIdentityBasedPolicy",
            });
            members.put("AccessDeniedDetail", &detail);
        }
        members
    }
}
