//! The metadata service of a machine (ECS), as far as it gives sessions of the machine's role. Off unless the knob `ecsRole`
//! names that role. Nothing is signed, logged or counted.
//!
//! The address of a role's session also serves as a credentials URI: both have the same answer.

use crate::control::Answer;
use crate::credentials::DEFAULT_ACCOUNT;
use crate::ids::derived;
use crate::knobs::Rule;
use crate::request::Request;
use crate::session::Sessions;
use crate::world::World;

/// The path of every call begins with it.
pub(crate) const PREFIX: &str = "/latest/";
const TOKEN: &str = "/latest/api/token";
const ROLES: &str = "/latest/meta-data/ram/security-credentials/";

/// The longest life of a token, and how long a session lasts, in seconds.
const LONGEST: i64 = 21_600;

/// Answers a call; `None` if no machine has a role.
pub(crate) fn answer(world: &mut World, request: &Request) -> Option<Answer> {
    let role = Some(world.knobs.ecs_role.clone()).filter(|role| !role.is_empty())?;
    let tokens = world.knobs.ecs_tokens == Rule::Accept;
    Some(match (request.method.as_str(), request.path.strip_prefix(ROLES)) {
        ("PUT", None) if request.path == TOKEN && tokens => token(world, request),
        ("GET", Some(_)) if !may_read(world, request) => text(403, "a token is needed, and this is none".to_owned()),
        ("GET", Some("")) => text(200, role),
        ("GET", Some(named)) if named == role => session(world, &role),
        _ => text(404, "not found".to_owned()),
    })
}

fn text(status: u16, text: String) -> Answer {
    Answer { status, content_type: "text/plain", body: text.into_bytes() }
}

/// A token for as long as the caller wants.
fn token(world: &World, request: &Request) -> Answer {
    let seconds = request.header("x-aliyun-ecs-metadata-token-ttl-seconds").and_then(|text| text.parse::<i64>().ok());
    match seconds.filter(|seconds| (1..=LONGEST).contains(seconds)) {
        Some(seconds) => text(200, token_until(world, (world.clock)().saturating_add(seconds * 1000))),
        None => text(400, "X-aliyun-ecs-metadata-token-ttl-seconds is 1 to 21600".to_owned()),
    }
}

/// Tokens are known by their end, and nobody else can make one.
fn token_until(world: &World, ends_ms: i64) -> String {
    format!("{ends_ms}.{}", derived("t-", &world.ids.seed.to_string(), 0, ends_ms))
}

/// Whether a read has a token that is good, or none where none is needed.
fn may_read(world: &World, request: &Request) -> bool {
    let Some(given) = request.header("x-aliyun-ecs-metadata-token") else {
        return world.knobs.ecs_without_token == Rule::Accept;
    };
    let ends_ms = given.split('.').next().and_then(|text| text.parse::<i64>().ok());
    ends_ms.is_some_and(|ends_ms| ends_ms > (world.clock)() && token_until(world, ends_ms) == given)
}

/// A new session of the machine's role.
fn session(world: &mut World, role: &str) -> Answer {
    let account = world.credentials.first().map_or(DEFAULT_ACCOUNT, |known| &known.account_id).to_owned();
    let now_ms = (world.clock)();
    let World { credentials, ids, knobs, .. } = world;
    let mut members = Sessions { credentials, ids, knobs, now_ms }.open(&account, role, "i-emulator", LONGEST);
    members.insert("Code".to_owned(), "Success".into());
    let body = serde_json::Value::Object(members).to_string();
    Answer { status: 200, content_type: "application/json", body: body.into_bytes() }
}
