//! The columns: thirteen faults, each with the variants that make sense for a row.

use std::time::Duration;

use jiff::Timestamp;
use testbed::proxy::{Act, Answer, End, Part, Side};

use crate::bodies;
use crate::rows::{Class, Row};

/// The fault of each column.
pub const COLUMNS: [(char, &str); 13] = [
    ('a', "crash before it is sent"),
    ('b', "crash after it was executed"),
    ('c', "answer lost"),
    ('d', "request lost"),
    ('e', "executed late"),
    ('f', "delivered twice"),
    ('g', "conflict"),
    ('h', "429 with Retry-After"),
    ('i', "throttled without a header"),
    ('j', "5xx"),
    ('k', "body that is not an answer"),
    ('l', "connection cut"),
    ('m', "slow"),
];

/// What goes wrong in a cell.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The process ends itself `before` or `after` the step.
    Crash(&'static str),
    /// The process is killed while the request or its answer is under way.
    Kill {
        /// The request was carried out.
        executed: bool,
    },
    /// The proxy does this.
    Strike(Act),
}

/// One way in which the fault of a column can be.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The column.
    pub column: char,
    /// Its name in the column; with the column's letter unique.
    pub name: &'static str,
    /// What goes wrong.
    pub fault: Fault,
    /// The service lets a signature nonce be used twice.
    pub replay: bool,
    /// How much later the service may still execute the request.
    pub late: Duration,
    /// The operator asks the user to act: this is intended, because the service refused.
    pub stops: bool,
}

fn variant(column: char, name: &'static str, fault: Fault) -> Variant {
    Variant { column, name, fault, replay: false, late: Duration::ZERO, stops: false }
}

fn strike(column: char, name: &'static str, act: Act) -> Variant {
    variant(column, name, Fault::Strike(act))
}

/// Why a column has no cell in a row; otherwise its variants.
pub fn variants(row: &Row, column: char) -> Result<Vec<Variant>, &'static str> {
    use Class::{Boot, Change, Create, Delete, Event, Get, List, Nothing, Read, Write};
    let side = row.matches().map(|(side, _)| side);
    let writes = matches!(row.class, Write | Event | Create | Change | Delete);
    match (column, row.class) {
        ('a' | 'b', _) => Ok(crashes(row, column)),
        (_, Nothing) => Err("nothing is sent"),
        ('e' | 'f', Boot | Read | List | Get) => Err("a read changes nothing, late or twice"),
        ('g', Boot | Read | List | Get) => Err("a read conflicts with nothing"),
        ('i', _) if side == Some(Side::Kubernetes) => Err("a code of the dataset API"),
        ('c' | 'd', _) => Ok(lost(column)),
        ('e', _) => Ok(late(side)),
        ('f', _) => Ok(twice(side)),
        ('g', _) => Ok(conflicts(row)),
        ('h', _) => Ok(throttled(side)),
        ('i', _) => Ok(dialects()),
        ('j', _) => Ok(failures(side, writes)),
        ('k', _) => Ok(bodies::variants(row)),
        ('l', _) => Ok(cuts()),
        ('m', _) => Ok(slow(side)),
        _ => Err("there is no such column"),
    }
}

fn crashes(row: &Row, column: char) -> Vec<Variant> {
    let (when, executed) = if column == 'a' { ("before", false) } else { ("after", true) };
    let mut all = Vec::new();
    if !row.step.is_empty() {
        all.push(variant(column, "abort", Fault::Crash(when)));
    }
    if row.class != Class::Nothing {
        all.push(variant(column, "kill", Fault::Kill { executed }));
    }
    all
}

fn lost(column: char) -> Vec<Variant> {
    let executed = column == 'c';
    [("silence", End::Silence), ("close", End::Close)]
        .map(|(name, end)| strike(column, name, Act::Lose { executed, end }))
        .to_vec()
}

fn late(side: Option<Side>) -> Vec<Variant> {
    let late = |name, after, end| Variant { late: after, ..strike('e', name, Act::Late { after, end }) };
    let mut all = vec![late("close", Duration::from_millis(1500), End::Close)];
    if side == Some(Side::Cloud) {
        // Longer than a request may take, shorter than the settle time.
        all.push(late("silence", Duration::from_millis(2600), End::Silence));
    }
    all
}

fn twice(side: Option<Side>) -> Vec<Variant> {
    let at_once = Duration::from_millis(20);
    let soon = Duration::from_secs(1);
    let twice = |name, after, second| Variant { late: after, ..strike('f', name, Act::Twice { after, second }) };
    let mut all = vec![twice("first", at_once, false), twice("second", at_once, true), twice("later", soon, false)];
    if side == Some(Side::Cloud) {
        all.push(Variant { replay: true, ..twice("replayed", at_once, false) });
        all.push(Variant { replay: true, ..twice("replayed-later", soon, false) });
    }
    all
}

fn conflicts(row: &Row) -> Vec<Variant> {
    let not = |answer| Act::Answer { executed: false, answer };
    if row.matches().is_some_and(|(side, _)| side == Side::Kubernetes) {
        return vec![strike('g', "409", not(Answer::kubernetes(409, "Conflict")))];
    }
    let stops = |variant| Variant { stops: true, ..variant };
    let mut all = vec![stops(strike('g', "409", not(Answer::error(409, "Conflict"))))];
    if row.id == "C5" {
        let taken = || Answer::error(400, "201300003");
        all.push(stops(strike('g', "name-taken", not(taken()))));
        all.push(strike('g', "name-taken-by-us", Act::Answer { executed: true, answer: taken() }));
    }
    all
}

fn throttled(side: Option<Side>) -> Vec<Variant> {
    let soon = Timestamp::now() + Duration::from_secs(2);
    let date = soon.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let by = |name, header: &'static str, value: &str| {
        let answer = match side {
            Some(Side::Kubernetes) => Answer::kubernetes(429, "TooManyRequests"),
            _ => Answer::error(429, "Throttling.User"),
        };
        strike('h', name, Act::Answer { executed: false, answer: answer.header(header, value) })
    };
    let standard = "retry-after";
    let mut all = vec![by("2s", standard, "2"), by("86400", standard, "86400")];
    // The operator ignores this header of the API server: its objects have their own backoff.
    if side == Some(Side::Cloud) {
        all.extend([
            by("date", standard, &date),
            by("0", standard, "0"),
            by("-1", standard, "-1"),
            by("2^64-1", standard, "18446744073709551615"),
            by("acs-ms", "x-acs-retry-after", "1500"),
        ]);
    }
    all
}

fn dialects() -> Vec<Variant> {
    [("429", 429), ("400", 400), ("403", 403), ("503", 503)]
        .map(|(name, status)| {
            strike('i', name, Act::Answer { executed: false, answer: Answer::error(status, "Throttling.User") })
        })
        .to_vec()
}

fn failures(side: Option<Side>, writes: bool) -> Vec<Variant> {
    let error = |status, code: &str| match side {
        Some(Side::Kubernetes) => Answer::kubernetes(status, code),
        _ => Answer::error(status, code),
    };
    let answer = |name, executed, answer| strike('j', name, Act::Answer { executed, answer });
    let gateway = || Answer::new(502, "<html><h1>502 Bad Gateway</h1></html>").header("content-type", "text/html");
    let mut all = vec![
        answer("500-not", false, error(500, "InternalError")),
        answer("503-not", false, error(503, "ServiceUnavailable")),
        answer("502-not", false, gateway()),
    ];
    if writes {
        all.push(answer("500-executed", true, error(500, "InternalError")));
        all.push(answer("502-executed", true, gateway()));
    }
    all
}

fn cuts() -> Vec<Variant> {
    vec![
        strike('l', "handshake", Act::Shut { connections: 2 }),
        strike('l', "request", Act::CutRequest),
        strike('l', "head", Act::CutAnswer { within: Part::Head, end: End::Close }),
        strike('l', "body", Act::CutAnswer { within: Part::Body, end: End::Close }),
        strike('l', "reset", Act::CutAnswer { within: Part::Body, end: End::Reset }),
    ]
}

fn slow(side: Option<Side>) -> Vec<Variant> {
    let drip = |name, part, millis| strike('m', name, Act::Drip { part, gap: Duration::from_millis(millis) });
    let mut all = vec![
        drip("headers", Part::Head, 1),
        drip("body", Part::Body, 1),
        strike('m', "start", Act::Delay(Duration::from_millis(800))),
    ];
    if side == Some(Side::Cloud) {
        // The answer never ends, so the request timeout ends the call.
        all.push(drip("endless", Part::Head, 100));
    }
    all
}
