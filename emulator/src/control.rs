//! The control API under `/_emulator/`: how tests and other programs read and steer the emulator. No signature needed.
//!
//! Every answer is JSON, the log JSON lines. Shapes are stable: other programs are written against them.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::bill::Bill;
use crate::faults::Fault;
use crate::ledger::Ledger;
use crate::request::Request;
use crate::server::Shared;
use crate::state::State;
use crate::store::job::Said;
use crate::world::World;

/// The path of every control call begins with it.
pub(crate) const PREFIX: &str = "/_emulator";
const JSON: &str = "application/json;charset=utf-8";

/// An answer of the control API.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn ok(value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self { status: 200, content_type: JSON, body },
            Err(error) => Self::error(500, &error.to_string()),
        }
    }

    fn error(status: u16, message: &str) -> Self {
        Self { status, content_type: JSON, body: json!({"error": message}).to_string().into_bytes() }
    }
}

/// Answers a control call. A whole state is read and written without holding up the calls of the API.
pub(crate) fn answer(shared: &Shared, request: &Request) -> Answer {
    let path = request.path.strip_prefix(PREFIX).unwrap_or_default();
    match (request.method.as_str(), path) {
        ("GET", "/state") => {
            let view = shared.world().view();
            Answer::ok(&view)
        }
        ("PUT", "/state") => put_state(shared, &request.body),
        _ => answer_at_once(&mut shared.world(), path, request),
    }
}

fn answer_at_once(world: &mut World, path: &str, request: &Request) -> Answer {
    match (request.method.as_str(), path) {
        ("GET", "" | "/") => Answer::ok(&json!({
            "endpoints": ["POST reset", "GET|PUT state", "GET|DELETE log", "GET stats", "GET bill", "GET|PUT knobs",
                "GET|POST|DELETE faults", "PUT jobs/{DatasetJobId}"]
        })),
        ("POST", "/reset") => {
            world.reset();
            Answer::ok(&json!({}))
        }
        ("GET", "/log") => log(world, request),
        ("DELETE", "/log") => {
            world.ledger = Ledger::default();
            Answer::ok(&json!({}))
        }
        ("GET", "/stats") => Answer::ok(world.ledger.stats()),
        ("GET", "/bill") => Answer::ok(&Bill::of(world.ledger.stats())),
        ("GET", "/knobs") => Answer::ok(&world.knobs),
        ("PUT", "/knobs") => put_knobs(world, &request.body),
        ("GET", "/faults") => Answer::ok(&world.faults.list()),
        ("POST", "/faults") => post_faults(world, &request.body),
        ("DELETE", "/faults") => {
            world.faults.clear();
            Answer::ok(&world.faults.list())
        }
        (_, "/reset" | "/state" | "/log" | "/stats" | "/bill" | "/knobs" | "/faults" | "" | "/") => {
            Answer::error(405, "this path takes another method")
        }
        (method, _) => match (path.strip_prefix("/jobs/"), method) {
            (Some(id), "PUT") => put_job(world, id, &request.body),
            (Some(_), _) => Answer::error(405, "this path takes another method"),
            (None, _) => Answer::error(404, "no such control path"),
        },
    }
}

/// Makes a job say what the body says, whatever its clock says; a `null` gives it back to the clock.
fn put_job(world: &mut World, id: &str, body: &[u8]) -> Answer {
    let Some(was) = world.attached.jobs.get(id).map(|job| job.said.clone()) else {
        return Answer::error(404, "no such job");
    };
    let told = serde_json::from_slice::<Map<String, Value>>(body).and_then(|change| {
        let mut said = serde_json::to_value(&was)?;
        if let Value::Object(members) = &mut said {
            if change.contains_key("status") {
                members.remove("sinceMs");
            }
            members.extend(change);
        }
        serde_json::from_value::<Said>(said)
    });
    match told {
        Err(error) => Answer::error(400, &error.to_string()),
        Ok(said) => {
            world.tell_job(id, said.clone());
            Answer::ok(&said)
        }
    }
}

fn put_state(shared: &Shared, body: &[u8]) -> Answer {
    // A JSON list would pass for a state without parts.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Answer::error(400, "a state is a JSON object");
    }
    let state = match serde_json::from_slice::<State>(body) {
        Ok(state) => state,
        Err(error) => return Answer::error(400, &error.to_string()),
    };
    let mut world = shared.world();
    match world.set_state(state) {
        Err(error) => Answer::error(400, &error.to_string()),
        Ok(()) => Answer::ok(&json!({"datasets": world.store.len()})),
    }
}

fn put_knobs(world: &mut World, body: &[u8]) -> Answer {
    let change = serde_json::from_slice::<Map<String, Value>>(body);
    match change.map_err(Into::into).and_then(|change| world.knobs.merged(change)) {
        Err(error) => Answer::error(400, &error.to_string()),
        Ok(knobs) => {
            world.knobs = knobs;
            Answer::ok(&world.knobs)
        }
    }
}

/// Appends one fault or a list of them; answers the whole list.
fn post_faults(world: &mut World, body: &[u8]) -> Answer {
    match read_faults(body) {
        Err(error) => Answer::error(400, &error.to_string()),
        Ok(list) => {
            if let Some(flaw) = list.iter().find_map(Fault::flaw) {
                return Answer::error(400, flaw);
            }
            world.faults.append(list);
            Answer::ok(&world.faults.list())
        }
    }
}

fn read_faults(body: &[u8]) -> serde_json::Result<Vec<Fault>> {
    let sent = serde_json::from_slice::<Value>(body)?;
    if sent.is_array() { serde_json::from_value(sent) } else { Ok(vec![serde_json::from_value(sent)?]) }
}

/// The log as JSON lines; `?after=N` leaves out all up to line N.
fn log(world: &World, request: &Request) -> Answer {
    let Ok(after) = request.parameter("after").unwrap_or("0").parse() else {
        return Answer::error(400, "after must be the number of a line");
    };
    let mut body = Vec::new();
    for line in world.ledger.after(after) {
        // Writing to memory cannot fail, and a log line is plain text and numbers.
        if serde_json::to_writer(&mut body, &line).is_ok() {
            body.push(b'\n');
        }
    }
    Answer { status: 200, content_type: "application/x-ndjson", body }
}
