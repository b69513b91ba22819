//! What the proxies do for each fault of a call.

use std::time::Duration;

use simulation::Kind;
use testbed::proxy::{Act, Answer, Body, End, Part, Side};

/// Deeper than any parser should follow.
const DEPTH: usize = 100_000;
/// More than any answer has.
const HUGE: usize = 64 << 20;
/// For people.
const PAGE: &str = "<html><body>Sign in to continue</body></html>";
/// Members of either server that are no UTF-8.
const NOT_TEXT: &[u8] = b"{\"DatasetId\":\"d-\xff\xfe\",\"metadata\":{\"name\":\"\xff\"}}";
/// Members of both servers with values of other types.
const OTHER_TYPES: &str = r#"{"RequestId":1,"DatasetId":5,"VersionName":[],"DatasetJobId":{},"TotalCount":"many",
    "Datasets":"none","DatasetVersions":{},"DatasetFileMetas":7,"Dataset":[],"Name":7,"Labels":3,
    "kind":5,"apiVersion":[],"metadata":"none","items":{}}"#;
/// An answer to a create that names nothing.
const NO_ID: &str = r#"{"RequestId":"r","DatasetId":"","VersionName":"","DatasetJobId":""}"#;
/// How much later `late` is: longer than the operator waits for the API server, and shorter than the settle time.
pub(crate) const LATE: Duration = Duration::from_millis(2600);

/// What the proxy does; `None` if only simulated time plays this fault: the operator would wait an hour, or the fault is of
/// no single call.
pub(crate) fn act(kind: Kind, side: Side) -> Option<Act> {
    let lose = |executed, end| Act::Lose { executed, end };
    let answer = |executed, answer| Act::Answer { executed, answer };
    let cut = |within, end| Act::CutAnswer { within, end };
    let drip = |part, millis| Act::Drip { part, gap: Duration::from_millis(millis) };
    Some(match kind {
        Kind::Lost => lose(false, End::Close),
        Kind::Silent | Kind::CrashBefore => lose(false, End::Silence),
        Kind::AnswerLost => lose(true, End::Close),
        Kind::AnswerSilent | Kind::CrashAfter => lose(true, End::Silence),
        Kind::Late => Act::Late { after: LATE, end: End::Silence },
        Kind::Twice => Act::Twice { after: Duration::from_millis(20), second: false },
        Kind::TwiceSecond => Act::Twice { after: Duration::from_millis(20), second: true },
        Kind::Slow => Act::Delay(Duration::from_millis(800)),
        Kind::Handshake => Act::Shut { connections: 2 },
        Kind::CutRequest => Act::CutRequest,
        Kind::CutHead => cut(Part::Head, End::Close),
        Kind::CutBody => cut(Part::Body, End::Close),
        Kind::CutReset => cut(Part::Body, End::Reset),
        Kind::DripHead => drip(Part::Head, 1),
        Kind::DripBody => drip(Part::Body, 1),
        Kind::DripEndless => drip(Part::Head, 100),
        Kind::Throttled => answer(false, throttled(side)),
        Kind::ThrottledAfter => answer(false, throttled(side).header("retry-after", "2")),
        Kind::ThrottledDay => answer(false, throttled(side).header("retry-after", "86400")),
        Kind::Unavailable => answer(false, refusal(side, 503, "ServiceUnavailable")),
        Kind::Error => answer(false, refusal(side, 500, "InternalError")),
        Kind::ErrorDone => answer(true, refusal(side, 500, "InternalError")),
        Kind::ErrorAs200 => answer(true, Answer { status: 200, ..refusal(side, 500, "InternalError") }),
        Kind::GarbledDone => answer(true, body(Body::HalfOfTrue)),
        Kind::Huge => answer(true, body(Body::Blank(HUGE))),
        Kind::Hollow => answer(true, Answer::new(200, "{}")),
        Kind::Nested => answer(true, Answer::new(200, "[".repeat(DEPTH))),
        Kind::Page => answer(true, Answer::new(200, PAGE).header("content-type", "text/html")),
        Kind::NotText => answer(true, Answer::new(200, NOT_TEXT)),
        Kind::OtherTypes => answer(true, Answer::new(200, OTHER_TYPES)),
        Kind::NoId => answer(true, Answer::new(200, NO_ID)),
        Kind::Unconnected
        | Kind::Conflict
        | Kind::Forbidden
        | Kind::Denied
        | Kind::Unrouted
        | Kind::NotFound
        | Kind::Unknown
        | Kind::Garbled
        | Kind::Short
        | Kind::Break
        | Kind::Expired
        | Kind::Crash
        | Kind::Sleep
        | Kind::Edit
        | Kind::Delete
        | Kind::Recreate
        | Kind::Replace
        | Kind::Stranger => return None,
    })
}

fn body(body: Body) -> Answer {
    Answer { status: 200, headers: Vec::new(), body }
}

/// A refusal that passes by itself, in the words of this server.
fn refusal(side: Side, status: u16, code: &str) -> Answer {
    match side {
        Side::Kubernetes => Answer::kubernetes(status, code),
        Side::Cloud | Side::Imm => Answer::error(status, code),
    }
}

fn throttled(side: Side) -> Answer {
    refusal(side, 429, if side == Side::Kubernetes { "TooManyRequests" } else { "Throttling.User" })
}
