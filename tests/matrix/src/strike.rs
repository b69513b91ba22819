//! What the proxies do for each fault of a call.

use std::time::Duration;

use simulation::Kind;
use testbed::proxy::{Act, Answer, Body, End, Part, Side};

/// Deeper than any parser should follow.
const DEPTH: usize = 100_000;
/// More than any answer has.
const HUGE: usize = 64 << 20;
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
        Kind::Error | Kind::Unavailable | Kind::Throttled | Kind::ThrottledAfter | Kind::ThrottledDay => {
            answer(false, refusal(kind, side))
        }
        Kind::ErrorDone => answer(true, refusal(Kind::Error, side)),
        Kind::GarbledDone
        | Kind::Hollow
        | Kind::Page
        | Kind::NotText
        | Kind::Nested
        | Kind::Huge
        | Kind::OtherTypes
        | Kind::ErrorAs200
        | Kind::NoId => answer(true, no_answer(kind, side)),
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

/// A refusal that passes by itself, in the words of this server.
fn refusal(kind: Kind, side: Side) -> Answer {
    let of = |status, reason, code| match side {
        Side::Kubernetes => Answer::kubernetes(status, reason),
        Side::Cloud | Side::Imm => Answer::error(status, code),
    };
    let throttled = || of(429, "TooManyRequests", "Throttling.User");
    if kind == Kind::Unavailable {
        return of(503, "ServiceUnavailable", "ServiceUnavailable");
    }
    match kind {
        Kind::Throttled => throttled(),
        Kind::ThrottledAfter => throttled().header("retry-after", "2"),
        Kind::ThrottledDay => throttled().header("retry-after", "86400"),
        _ => of(500, "InternalError", "InternalError"),
    }
}

/// A body that is not the answer.
fn no_answer(kind: Kind, side: Side) -> Answer {
    let half = Answer { status: 200, headers: Vec::new(), body: Body::HalfOfTrue };
    let of_the_service = side != Side::Kubernetes;
    match kind {
        Kind::Page => {
            Answer::new(200, "<html><body>Sign in to continue</body></html>").header("content-type", "text/html")
        }
        Kind::NotText => Answer::new(
            200,
            [&b"{\"DatasetId\":\"d-\xff\xfe"[..], &b"\",\"metadata\":{\"name\":\"\xff\"}}"[..]].concat(),
        ),
        Kind::Nested => Answer::new(200, "[".repeat(DEPTH)),
        Kind::Huge => Answer { body: Body::Blank(HUGE), ..half },
        Kind::OtherTypes if of_the_service => Answer::new(
            200,
            r#"{"RequestId":1,"DatasetId":5,"VersionName":[],"DatasetJobId":{},"TotalCount":"many","Datasets":"none",
                "DatasetVersions":{},"DatasetFileMetas":7,"Dataset":[],"Name":7,"Labels":3}"#,
        ),
        Kind::OtherTypes => Answer::new(200, r#"{"kind":5,"apiVersion":[],"metadata":"none","items":{}}"#),
        Kind::ErrorAs200 if of_the_service => Answer { status: 200, ..Answer::error(200, "InternalError") },
        Kind::ErrorAs200 => Answer { status: 200, ..Answer::kubernetes(500, "InternalError") },
        Kind::Hollow => Answer::new(200, "{}"),
        Kind::NoId => Answer::new(200, r#"{"RequestId":"r","DatasetId":"","VersionName":"","DatasetJobId":""}"#),
        _ => half,
    }
}
