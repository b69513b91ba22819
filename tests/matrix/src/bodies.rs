//! Column k: answers that are not valid. The service carried the request out all the same.

use testbed::proxy::{Act, Answer, Body, Side};

use crate::columns::{Fault, Variant};
use crate::rows::{Class, Row};

/// Deeper than any parser should follow.
const DEPTH: usize = 100_000;
/// More than any answer has.
const HUGE: usize = 64 << 20;

/// The bodies that make sense for a row.
pub(crate) fn variants(row: &Row) -> Vec<Variant> {
    let cloud = row.matches().is_some_and(|(side, _)| side == Side::Cloud);
    let mut all = vec![
        ("truncated", Answer { status: 200, headers: Vec::new(), body: Body::HalfOfTrue }),
        ("html", Answer::new(200, "<html><body>Sign in to continue</body></html>").header("content-type", "text/html")),
        (
            "utf8",
            Answer::new(
                200,
                [&b"{\"DatasetId\":\"d-\xff\xfe"[..], &b"\",\"metadata\":{\"name\":\"\xff\"}}"[..]].concat(),
            ),
        ),
        ("nested", Answer::new(200, "[".repeat(DEPTH))),
        ("huge", Answer { status: 200, headers: Vec::new(), body: Body::Blank(HUGE) }),
    ];
    if cloud {
        let types = r#"{"RequestId":1,"DatasetId":5,"VersionName":[],"TotalCount":"many","Datasets":"none","DatasetVersions":{},"Name":7,"Labels":3}"#;
        all.push(("types", Answer::new(200, types)));
        let error = Answer { status: 200, ..Answer::error(200, "InternalError") };
        all.push(("error-as-200", error));
        all.push(("empty", Answer::new(200, "{}")));
    } else {
        all.push(("types", Answer::new(200, r#"{"kind":5,"apiVersion":[],"metadata":"none","items":{}}"#)));
        all.push(("error-as-200", Answer { status: 200, ..Answer::kubernetes(500, "InternalError") }));
    }
    if row.class == Class::Create {
        all.push(("no-id", Answer::new(200, r#"{"RequestId":"r","DatasetId":"","VersionName":""}"#)));
    }
    let of = |(name, answer)| Variant {
        column: 'k',
        name,
        fault: Fault::Strike(Act::Answer { executed: true, answer }),
        replay: false,
        late: std::time::Duration::ZERO,
        stops: false,
    };
    all.into_iter().map(of).collect()
}
