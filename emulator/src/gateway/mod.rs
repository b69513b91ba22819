//! The way of a request through the service: route, caller, quota, permission, faults, operation, answer, log line.
//!
//! Synchronous: what must be waited for, or be done to the connection, is handed back as a [`Step`].

mod reply;

pub(crate) use reply::{Reply, Spoil};

use crate::actions::{self, Context, Done, Touched};
use crate::auth::{Caller, authenticate};
use crate::credentials::Credential;
use crate::faults::{Effect, Fault, When};
use crate::knobs::{Auth, Knobs};
use crate::ledger::Entry;
use crate::operation::{Operation, Product};
use crate::refusal::Refusal;
use crate::request::Request;
use crate::route::{Call, route};
use crate::world::World;

/// What comes next for a request.
#[derive(Debug)]
pub(crate) enum Step {
    /// The call is decided: after the delay the reply goes out, whole or spoiled.
    Send { reply: Reply, spoil: Option<Spoil>, delay_ms: u64 },
    /// The call takes effect after the delay: come back with the ticket.
    Wait { delay_ms: u64, ticket: Ticket },
}

/// An admitted call that a fault holds back.
#[derive(Debug)]
pub(crate) struct Ticket {
    call: Call,
    caller: Caller,
    fault: Fault,
}

/// The caller and the operation of a request, as far as they are known.
#[derive(Debug)]
struct Asked {
    operation: &'static str,
    request_id_member: Option<&'static str>,
    access_key_id: String,
    touched: Touched,
}

impl Asked {
    fn of(call: &Call, access_key_id: &str) -> Self {
        let (operation, request_id_member) = (call.operation.name(), call.operation.request_id_member());
        Self { operation, request_id_member, access_key_id: access_key_id.to_owned(), touched: Touched::by(call) }
    }
}

impl World {
    /// Takes in a request.
    pub(crate) fn arrive(&mut self, request: &Request, now_ms: i64) -> Step {
        let Some(call) = route(request, self.knobs.gateway_form) else {
            let asked = Asked {
                operation: "Unknown",
                request_id_member: None,
                access_key_id: String::new(),
                touched: Touched::default(),
            };
            return self.end(request, asked, Err(Refusal::ApiNotFound), None, now_ms);
        };
        let caller = match self.admit(request, &call, now_ms) {
            Ok(caller) => caller,
            Err((claimed, refusal)) => {
                let asked = Asked::of(&call, &claimed);
                return self.end(request, asked, Err(refusal), None, now_ms);
            }
        };
        let asked = Asked::of(&call, &caller.access_key_id);
        let Self { faults, ids, .. } = self;
        let chosen = faults.choose(asked.operation, actions::page(&call, request), || ids.chance());
        let struck = match chosen.and_then(|index| faults.when(index)) {
            Some(When::Before) => chosen.and_then(|index| faults.fire(index)),
            Some(When::After) | None => None,
        };
        match struck {
            Some(fault) if fault.effect == Effect::Delay => {
                Step::Wait { delay_ms: fault.delay_ms, ticket: Ticket { call, caller, fault } }
            }
            Some(fault) => {
                let refusal = reply::injected(&fault);
                self.end(request, asked, Err(refusal), Some(fault), now_ms)
            }
            None => {
                let result = self.perform(request, &call, &caller, now_ms);
                let after = chosen.filter(|_| result.is_ok());
                let fault = after.and_then(|index| self.faults.fire(index));
                self.end(request, asked, result, fault, now_ms)
            }
        }
    }

    /// Carries out a call that a fault had delayed.
    pub(crate) fn resume(&mut self, request: &Request, ticket: Ticket, now_ms: i64) -> Step {
        let Ticket { call, caller, fault } = ticket;
        let asked = Asked::of(&call, &caller.access_key_id);
        let result = self.perform(request, &call, &caller, now_ms);
        // The wait is over; only the note of the fault in the log remains.
        let fault = Fault { delay_ms: 0, ..fault };
        self.end(request, asked, result, Some(fault), now_ms)
    }

    /// Carries out a call for `caller` past all gates, unlogged.
    pub(crate) fn perform(
        &mut self,
        request: &Request,
        call: &Call,
        caller: &Caller,
        now_ms: i64,
    ) -> Result<Done, Refusal> {
        let Self { store, attached, recall, ids, knobs, faults, credentials, .. } = self;
        let mut context =
            Context { store, attached, recall, ids, knobs, faults, credentials, caller, call, request, now_ms };
        actions::perform(&mut context)
    }

    /// The caller, if it is known, within its quota and permitted; else the key it claimed and why not.
    fn admit(&mut self, request: &Request, call: &Call, now_ms: i64) -> Result<Caller, (String, Refusal)> {
        let Self { credentials, knobs, nonces, quota, .. } = self;
        let operation = call.operation;
        check_headers(request, call.operation, knobs).map_err(|refusal| (String::new(), refusal))?;
        if operation.is_unsigned() {
            return Ok(Caller::new(Credential::access_key("", "")));
        }
        let caller = authenticate(request, credentials, knobs, nonces, now_ms).map_err(|rejected| {
            (rejected.access_key_id, Refusal::Identity(rejected.denial, call.operation.product()))
        })?;
        if let Err(spent) = quota.take(&caller.account_id, operation, knobs, now_ms) {
            return Err((caller.access_key_id.clone(), Refusal::Throttled(spent)));
        }
        if caller.denies(operation) {
            return Err((caller.access_key_id.clone(), Refusal::NoPermission(operation)));
        }
        Ok(caller)
    }

    /// Words how a call ended, writes its log line, and says how the answer leaves.
    fn end(
        &mut self,
        request: &Request,
        asked: Asked,
        result: Result<Done, Refusal>,
        fault: Option<Fault>,
        now_ms: i64,
    ) -> Step {
        let throttled = matches!(result, Err(Refusal::Throttled(_)));
        let (changed, ok) = (result.as_ref().is_ok_and(|done| done.changed), result.is_ok());
        let (answer, touched) = match result {
            Ok(done) => (Ok(done.answer), done.touched),
            Err(refusal) => (Err(refusal), asked.touched),
        };
        let request_id = self.ids.request();
        let scene = reply::Scene {
            knobs: &self.knobs,
            host: request.header("host").unwrap_or_default(),
            request_id: request_id.to_string(),
            request_id_member: asked.request_id_member,
        };
        let sent = scene.sent(answer, fault.as_ref());
        let entry = Entry {
            time_ms: now_ms,
            operation: asked.operation,
            access_key_id: asked.access_key_id,
            status: sent.logged_status,
            code: sent.logged_code,
            request_id,
            changed,
            ok,
            throttled,
            fault: fault.as_ref().map(Fault::label),
            touched,
        };
        self.ledger.write(entry, self.knobs.log_limit);
        let waits = [
            fault.map_or(0, |fault| fault.delay_ms),
            self.knobs.latency_ms,
            self.ids.up_to(self.knobs.latency_jitter_ms),
        ];
        let delay_ms = waits.into_iter().fold(0, u64::saturating_add);
        Step::Send { reply: sent.reply, spoil: sent.spoil, delay_ms }
    }
}

/// Version and action fit the operation; without a path the version may be in the query.
fn check_headers(request: &Request, operation: Operation, knobs: &Knobs) -> Result<(), Refusal> {
    let scheme = request.header("authorization").unwrap_or_default().to_ascii_lowercase();
    let unversioned = knobs.auth == Auth::Off || scheme.starts_with("bearer ");
    let in_query = match operation.product() {
        Product::AiWorkSpace => None,
        Product::Sts | Product::Imm => request.parameter("Version").map(ToOwned::to_owned),
    };
    match request.header("x-acs-version").or(in_query) {
        Some(version) if version != operation.product().version() => return Err(Refusal::ApiNotFound),
        None if !unversioned => return Err(Refusal::Missing("Version")),
        Some(_) | None => {}
    }
    match request.header("x-acs-action") {
        Some(action) if knobs.action_check && action != operation.action() => Err(Refusal::ApiNotFound),
        Some(_) | None => Ok(()),
    }
}
