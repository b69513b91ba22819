//! How much one emulator carries: `cargo run -p pai-emulator --example capacity --release`.
//!
//! Starts an emulator in a process of its own (this program again, or the `pai-emulator` named as argument), sends it
//! signed calls over four connections, and prints one JSON line: calls per second, calls per CPU second of the
//! emulator's process (the figure that does not depend on who else uses the machine), and its memory at 100,000
//! datasets; then the same for one dataset with the metadata of 100,000 files (with `files` as argument, only that).
//! Takes about 30 seconds.

mod files;
mod process;
mod wire;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use process::Child;
use wire::Connection;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const CONNECTIONS: usize = 4;
const PHASE: Duration = Duration::from_secs(2);
const MANY: usize = 100_000;
const PAGES: usize = 1_000;
/// How an operator looks for what is its own.
const FILTER: &str = "WorkspaceId=478&Label=operator-of-this-cluster&PageSize=100";

fn main() -> Result<(), Failure> {
    let program = std::env::args().nth(1);
    if program.as_deref() == Some("serve") {
        return process::serve();
    }
    if program.as_deref() == Some("files") {
        println!("{}", files::measure(None)?);
        return Ok(());
    }
    let emulator = Child::start(program.as_deref())?;
    let mut figures = json!({});
    figures["create"] =
        load(&emulator, &|thread, call| ("POST", String::new(), dataset(&format!("c{thread}-{call}"))))?;
    let id = first_id(&emulator)?;
    figures["get"] = load(&emulator, &|_, _| ("GET", format!("/{id}"), Value::Null))?;
    emulator.control("POST", "reset", &Value::Null)?;

    let datasets: Vec<Value> = (0..MANY).map(planted).collect();
    let start = Instant::now();
    emulator.control("PUT", "state", &json!({"datasets": datasets}))?;
    figures["preload"] = json!({
        "datasets": MANY, "seconds": seconds(start.elapsed()), "rssMiB": emulator.rss_mib()?,
        "rssPeakMiB": emulator.rss_peak_mib()?,
    });
    figures["sweep"] = sweep(&emulator, false)?;
    figures["sweepAmongWrites"] = sweep(&emulator, true)?;
    let mixed = |thread: usize, call: usize| match call % 10 {
        0 => ("GET", format!("?{FILTER}&PageNumber={}", 1 + call % PAGES), Value::Null),
        even if even % 2 == 0 => ("GET", format!("/{}", name(call * 7 % MANY)), Value::Null),
        _ => ("POST", String::new(), dataset(&format!("m{thread}-{call}"))),
    };
    figures["mixedAtMany"] = load(&emulator, &mixed)?;
    figures["rssMiB"] = json!(emulator.rss_mib()?);
    drop(emulator);
    figures["fileMetas"] = files::measure(program.as_deref())?;
    println!("{figures}");
    Ok(())
}

fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

/// Calls of one kind from all connections for one phase.
fn load(
    emulator: &Child,
    call: &(dyn Fn(usize, usize) -> (&'static str, String, Value) + Sync),
) -> Result<Value, Failure> {
    let (cpu, start) = (emulator.cpu_seconds()?, Instant::now());
    let counts = std::thread::scope(|scope| {
        let work = |thread: usize| {
            let mut connection = Connection::to(emulator.address())?;
            let mut calls = 0;
            while start.elapsed() < PHASE {
                let (method, rest, body) = call(thread, calls);
                connection.call(method, &rest, &body)?;
                calls += 1;
            }
            Ok::<usize, Failure>(calls)
        };
        let threads: Vec<_> = (0..CONNECTIONS).map(|thread| scope.spawn(move || work(thread))).collect();
        let joined = threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err("a thread died".into())));
        joined.collect::<Result<Vec<usize>, Failure>>()
    })?;
    rates(emulator, counts.iter().sum(), start, cpu)
}

/// Calls per second of both clocks.
fn rates(emulator: &Child, calls: usize, start: Instant, cpu: f64) -> Result<Value, Failure> {
    let (wall, cpu) = (start.elapsed().as_secs_f64(), emulator.cpu_seconds()? - cpu);
    let per = |time: f64| (f64::from(u32::try_from(calls).unwrap_or(u32::MAX)) / time).round();
    Ok(
        json!({"calls": calls, "perSecond": per(wall), "perCpuSecond": per(cpu), "cpuSeconds": (cpu * 100.0).round() / 100.0}),
    )
}

/// Lists all pages once, with or without a write before each.
fn sweep(emulator: &Child, writes: bool) -> Result<Value, Failure> {
    let mut connection = Connection::to(emulator.address())?;
    let (cpu, start) = (emulator.cpu_seconds()?, Instant::now());
    let mut seen = 0;
    for page in 1..=PAGES {
        if writes {
            let change = json!({"Description": page.to_string()});
            connection.call("PUT", &format!("/{}", name(page * 31 % MANY)), &change)?;
        }
        let answer = connection.call("GET", &format!("?{FILTER}&PageNumber={page}"), &Value::Null)?;
        seen += answer["Datasets"].as_array().map_or(0, Vec::len);
    }
    if seen != MANY {
        return Err(format!("the sweep saw {seen} of {MANY} datasets").into());
    }
    let mut figures = rates(emulator, if writes { PAGES * 2 } else { PAGES }, start, cpu)?;
    figures["seconds"] = json!(seconds(start.elapsed()));
    Ok(figures)
}

fn first_id(emulator: &Child) -> Result<String, Failure> {
    let list = Connection::to(emulator.address())?.call("GET", "?WorkspaceId=478", &Value::Null)?;
    Ok(list["Datasets"][0]["DatasetId"].as_str().ok_or("no dataset was made")?.to_owned())
}

/// The create of an operator: a description, a mount, labels that say whose it is.
fn dataset(name: &str) -> Value {
    json!({
        "Name": name, "WorkspaceId": "478", "Property": "DIRECTORY", "DataSourceType": "OSS",
        "Uri": format!("oss://training-bucket.oss-cn-hangzhou-internal.aliyuncs.com/team/{name}/"),
        "Description": "Images for the nightly training run", "DataType": "PIC",
        "Options": r#"{"mountPath":"/mnt/data/"}"#,
        "Labels": [
            {"Key": "dso-domain", "Value": "operator-of-this-cluster"},
            {"Key": "dso-uid", "Value": format!("6f1d2c3b-{name}")},
            {"Key": "team", "Value": "vision"},
        ],
    })
}

fn name(number: usize) -> String {
    format!("d-{number:018}")
}

/// The same as the emulator's state has it.
fn planted(number: usize) -> Value {
    let mut planted = dataset(&format!("planted-{number}"));
    planted["DatasetId"] = json!(name(number));
    planted
}
