//! The way of a request through the service: route, caller, quota, permission, faults, operation, answer, log line.
//!
//! Synchronous: what must be waited for, or be done to the connection, is handed back as a [`Step`].

use serde_json::{Map, Value};

use crate::actions::{self, Context, Done, Touched};
use crate::auth::{Caller, authenticate};
use crate::clock::timestamp;
use crate::faults::{Effect, Fault, When};
use crate::knobs::{Auth, Garble, Knobs};
use crate::ledger::LogLine;
use crate::refusal::{Refusal, Worded};
use crate::request::Request;
use crate::route::{Call, route};
use crate::world::World;

/// The API version that is served.
const VERSION: &str = "2021-02-04";

/// An HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) request_id: Option<String>,
    /// Milliseconds for `x-acs-retry-after`; 0 = no header.
    pub(crate) retry_after_ms: u64,
}

/// What a fault does to the connection in place of a whole answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoil {
    Reset,
    Drop,
    Garble(Garble),
}

/// What comes next for a request.
#[derive(Debug)]
pub(crate) enum Step {
    /// The call is decided: after the delay the reply goes out, whole or spoiled.
    Send {
        reply: Reply,
        spoil: Option<Spoil>,
        delay_ms: u64,
    },
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

/// How a call ended, before it is worded and logged.
struct Ending {
    operation: &'static str,
    access_key_id: String,
    result: Result<Done, Refusal>,
    /// The ids of the call, for refusals.
    touched: Touched,
    fault: Option<Fault>,
}

impl World {
    /// Takes in a request.
    pub(crate) fn arrive(&mut self, request: &Request, now_ms: i64) -> Step {
        let call = match routed(request, &self.knobs) {
            Ok(call) => call,
            Err((operation, refusal)) => {
                let ending = Ending {
                    operation,
                    ..Ending::refused(refusal)
                };
                return self.end(request, ending, now_ms);
            }
        };
        let operation = call.operation.name();
        let touched = touched(&call);
        let caller = match self.admit(request, operation, now_ms) {
            Ok(caller) => caller,
            Err((access_key_id, refusal)) => {
                let ending = Ending {
                    operation,
                    access_key_id,
                    touched,
                    ..Ending::refused(refusal)
                };
                return self.end(request, ending, now_ms);
            }
        };
        let chosen = {
            let Self { faults, ids, .. } = self;
            faults
                .choose(operation, || ids.chance())
                .and_then(|index| Some((index, faults.when(index)?)))
        };
        let mut ending = Ending {
            operation,
            access_key_id: caller.access_key_id.clone(),
            touched,
            ..Ending::refused(Refusal::ApiNotFound)
        };
        match chosen {
            Some((index, When::Before)) => {
                let Some(fault) = self.faults.fire(index) else {
                    return self.carry_out(request, ending, &call, &caller, now_ms);
                };
                if fault.effect == Effect::Delay {
                    return Step::Wait {
                        delay_ms: fault.delay_ms,
                        ticket: Ticket {
                            call,
                            caller,
                            fault,
                        },
                    };
                }
                ending.result = Err(injected(&fault));
                ending.fault = Some(fault);
                self.end(request, ending, now_ms)
            }
            Some((index, When::After)) => {
                ending.result = self.perform(request, &call, &caller, now_ms);
                if ending.result.is_ok() {
                    ending.fault = self.faults.fire(index);
                }
                self.end(request, ending, now_ms)
            }
            None => self.carry_out(request, ending, &call, &caller, now_ms),
        }
    }

    /// Carries out a call that a fault had held back.
    pub(crate) fn resume(&mut self, request: &Request, ticket: Ticket, now_ms: i64) -> Step {
        let Ticket {
            call,
            caller,
            fault,
        } = ticket;
        let ending = Ending {
            operation: call.operation.name(),
            access_key_id: caller.access_key_id.clone(),
            touched: touched(&call),
            // The wait is over; what is left is the note in the log.
            fault: Some(Fault {
                delay_ms: 0,
                ..fault
            }),
            ..Ending::refused(Refusal::ApiNotFound)
        };
        self.carry_out(request, ending, &call, &caller, now_ms)
    }

    /// Carries out a call for `caller` past all gates, unlogged.
    pub(crate) fn perform(
        &mut self,
        request: &Request,
        call: &Call,
        caller: &Caller,
        now_ms: i64,
    ) -> Result<Done, Refusal> {
        let Self {
            store, ids, knobs, ..
        } = self;
        actions::perform(&mut Context {
            store,
            ids,
            knobs,
            caller,
            call,
            request,
            now_ms,
        })
    }

    fn carry_out(
        &mut self,
        request: &Request,
        ending: Ending,
        call: &Call,
        caller: &Caller,
        now_ms: i64,
    ) -> Step {
        let result = self.perform(request, call, caller, now_ms);
        self.end(request, Ending { result, ..ending }, now_ms)
    }

    /// The caller, if it is known, within its quota and permitted; else the key it claimed and the refusal.
    fn admit(
        &mut self,
        request: &Request,
        operation: &'static str,
        now_ms: i64,
    ) -> Result<Caller, (String, Refusal)> {
        let Self {
            credentials,
            knobs,
            nonces,
            quota,
            ..
        } = self;
        let caller = authenticate(request, credentials, knobs, nonces, now_ms)
            .map_err(|rejected| (rejected.access_key_id, Refusal::Identity(rejected.denial)))?;
        if !quota.take(&caller.account_id, knobs, now_ms) {
            return Err((caller.access_key_id.clone(), Refusal::Throttled));
        }
        if caller.denies(operation) {
            return Err((
                caller.access_key_id.clone(),
                Refusal::NoPermission(operation),
            ));
        }
        Ok(caller)
    }

    /// Words the ending, writes its log line, and says how the answer leaves.
    fn end(&mut self, request: &Request, ending: Ending, now_ms: i64) -> Step {
        let Ending {
            operation,
            access_key_id,
            result,
            touched,
            fault,
        } = ending;
        let request_id = self.ids.request();
        let ok = result.is_ok();
        let (changed, touched) = result
            .as_ref()
            .map_or((false, &touched), |done| (done.changed, &done.touched));
        let mut line = LogLine {
            time: timestamp(now_ms),
            operation: operation.to_owned(),
            access_key_id,
            request_id: request_id.clone(),
            changed,
            ok,
            fault: fault.as_ref().map(Fault::label),
            dataset_id: touched.dataset_id.clone(),
            version_name: touched.version_name.clone(),
            workspace_id: touched.workspace_id.clone(),
            name: touched.name.clone(),
            ..LogLine::default()
        };
        let throttled = matches!(result, Err(Refusal::Throttled));
        let host = request.header("host").unwrap_or_default();
        let effect = fault.as_ref().map(|fault| fault.effect);
        let (mut reply, code) = match (result, &fault) {
            (Ok(_), Some(fault)) if effect == Some(Effect::Error) => {
                failure(&injected(fault), &self.knobs, operation, request_id, &host)
            }
            (Ok(done), _) => (success(done.answer, request_id), String::new()),
            (Err(refusal), _) => failure(&refusal, &self.knobs, operation, request_id, &host),
        };
        if !self.knobs.request_id_header {
            reply.request_id = None;
        }
        let spoil = match effect {
            Some(Effect::Reset) => Some(Spoil::Reset),
            Some(Effect::Drop) => Some(Spoil::Drop),
            Some(Effect::Garble) => Some(Spoil::Garble(self.knobs.garble)),
            Some(Effect::Error | Effect::Delay) | None => None,
        };
        (line.status, line.code) = (reply.status, code);
        if spoil.is_some() && !ok {
            // There never was an answer, or it was nothing but a garbled 200.
            (line.status, line.code) = (0, String::new());
        }
        if let Some(Spoil::Garble(_)) = spoil {
            (line.status, reply.status) = (200, 200);
        }
        self.ledger.write(line, throttled, self.knobs.log_limit);
        let delay_ms = fault
            .map_or(0, |fault| fault.delay_ms)
            .saturating_add(self.knobs.latency_ms);
        Step::Send {
            reply,
            spoil,
            delay_ms,
        }
    }
}

impl Ending {
    fn refused(refusal: Refusal) -> Self {
        Self {
            operation: "Unknown",
            access_key_id: String::new(),
            result: Err(refusal),
            touched: Touched::default(),
            fault: None,
        }
    }
}

/// The call, if path, version and action agree on one.
fn routed(request: &Request, knobs: &Knobs) -> Result<Call, (&'static str, Refusal)> {
    let call = route(&request.method, &request.path).ok_or(("Unknown", Refusal::ApiNotFound))?;
    let operation = call.operation.name();
    let bearer = request
        .header("authorization")
        .is_some_and(|value| value.to_ascii_lowercase().starts_with("bearer "));
    match request.header("x-acs-version") {
        Some(version) if version != VERSION => return Err((operation, Refusal::ApiNotFound)),
        None if knobs.auth == Auth::Strict && !bearer => {
            return Err((operation, Refusal::Missing("Version")));
        }
        Some(_) | None => {}
    }
    match request.header("x-acs-action") {
        Some(action) if knobs.action_check && action != operation => {
            Err((operation, Refusal::ApiNotFound))
        }
        Some(_) | None => Ok(call),
    }
}

fn touched(call: &Call) -> Touched {
    let some = |text: &String| (!text.is_empty()).then(|| text.clone());
    Touched {
        dataset_id: some(&call.dataset_id),
        version_name: some(&call.version_name),
        ..Touched::default()
    }
}

fn injected(fault: &Fault) -> Refusal {
    Refusal::Injected {
        status: fault.status,
        code: fault.code.clone(),
        retry_after_ms: fault.retry_after_ms,
    }
}

fn success(mut answer: Map<String, Value>, request_id: String) -> Reply {
    answer.insert("RequestId".to_owned(), Value::String(request_id.clone()));
    Reply {
        status: 200,
        body: Value::Object(answer).to_string().into_bytes(),
        request_id: Some(request_id),
        retry_after_ms: 0,
    }
}

fn failure(
    refusal: &Refusal,
    knobs: &Knobs,
    operation: &str,
    request_id: String,
    host: &str,
) -> (Reply, String) {
    let Worded {
        status,
        code,
        message,
        retry_after_ms,
    } = refusal.worded(knobs);
    let mut answer = Map::new();
    let mut put =
        |name: &str, text: &str| answer.insert(name.to_owned(), Value::String(text.to_owned()));
    put("RequestId", &request_id);
    put("HostId", host);
    put("Code", &code);
    put("Message", &message);
    put("Recommend", "");
    if matches!(refusal, Refusal::NoPermission(_)) {
        let detail = serde_json::json!({
            "AuthAction": format!("paidataset:{operation}"),
            "AuthPrincipalType": "SubUser",
            "NoPermissionType": "ImplicitDeny",
            "PolicyType": "AccountLevelIdentityBasedPolicy",
        });
        answer.insert("AccessDeniedDetail".to_owned(), detail);
    }
    let body = Value::Object(answer).to_string().into_bytes();
    (
        Reply {
            status,
            body,
            request_id: Some(request_id),
            retry_after_ms,
        },
        code,
    )
}
