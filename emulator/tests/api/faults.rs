//! Every fault, before and after the effect, down to the bytes and flags on the connection.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use pai_emulator::knobs::Garble;
use pai_emulator::{Effect, Emulator, Fault, When};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::{Client, dataset, emulator};

fn fault(effect: Effect, when: When) -> Fault {
    Fault { effect, when, ..Fault::default() }
}

/// Sends a create on a connection of its own.
async fn raw_create(emulator: &Emulator, name: &str) -> TcpStream {
    let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
    let body = dataset(name).to_string();
    let head = format!(
        "POST /api/v1/datasets HTTP/1.1\r\nHost: e\r\nAuthorization: Bearer testBearerToken\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    stream
}

/// Waits until the log has this many lines.
async fn logged(emulator: &Emulator, lines: usize) {
    let all = async {
        while emulator.log().len() < lines {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(Duration::from_secs(5), all).await.unwrap();
}

/// Status, code, changed, ok and fault of the newest line.
fn last(emulator: &Emulator) -> (u16, String, bool, bool, String) {
    let line = emulator.log().pop().unwrap();
    (line.status, line.code, line.changed, line.ok, line.fault.unwrap_or_default())
}

#[tokio::test]
async fn errors() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let throttle = Fault { status: 400, code: "Throttling".into(), retry_after_ms: 50, ..Fault::default() };
    emulator.add_faults([throttle, fault(Effect::Error, When::After)]);
    let response = client.send("POST", "", &dataset("x")).await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["x-acs-retry-after"]), (400, &"50".parse().unwrap()));
    assert_eq!(response.json::<Value>().await.unwrap()["Code"], "Throttling");
    assert_eq!(last(&emulator), (400, "Throttling".into(), false, false, "error/before".into()));
    assert!(emulator.datasets().is_empty());

    assert_eq!(client.refused("POST", "", dataset("x")).await, "503 ServiceUnavailable");
    assert_eq!(last(&emulator), (503, "ServiceUnavailable".into(), true, true, "error/after".into()));
    assert_eq!(emulator.datasets().len(), 1);
    assert!(emulator.faults().is_empty());
    let calls = emulator.stats().calls["CreateDataset"];
    assert_eq!((calls.ok, calls.failed, emulator.stats().faults), (1, 1, 2));
}

#[tokio::test]
async fn resets_are_rst() {
    let emulator = emulator().await;
    for (when, datasets, logged_status) in [(When::Before, 0, 0), (When::After, 1, 200)] {
        emulator.add_faults([fault(Effect::Reset, when)]);
        let mut stream = raw_create(&emulator, "x").await;
        let error = stream.read(&mut [0; 100]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        assert_eq!(emulator.datasets().len(), datasets);
        let (status, code, changed, ok, _) = last(&emulator);
        assert_eq!((status, code.as_str(), changed, ok), (logged_status, "", datasets == 1, datasets == 1));
    }
}

#[tokio::test]
async fn drops_leave_the_connection_open() {
    let emulator = emulator().await;
    for (when, datasets) in [(When::Before, 0), (When::After, 1)] {
        emulator.add_faults([fault(Effect::Drop, when)]);
        let mut stream = raw_create(&emulator, "x").await;
        logged(&emulator, datasets + 1).await;
        let silence = timeout(Duration::from_millis(200), stream.read(&mut [0; 100])).await;
        assert!(silence.is_err(), "neither bytes nor an end: {silence:?}");
        assert_eq!(emulator.datasets().len(), datasets);
    }
    emulator.stop().await;
}

#[tokio::test]
async fn garbled_answers_are_200_and_no_json() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    for (when, datasets) in [(When::Before, 0), (When::After, 1)] {
        emulator.add_faults([fault(Effect::Garble, when)]);
        let response = client.send("POST", "", &dataset("x")).await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        let body = response.text().await.unwrap();
        assert!(!body.is_empty() && serde_json::from_str::<Value>(&body).is_err(), "{body}");
        assert_eq!(emulator.datasets().len(), datasets);
        let (status, code, _, ok, _) = last(&emulator);
        assert_eq!((status, code.as_str(), ok), (200, "", datasets == 1));
    }
    emulator.set_knobs(|knobs| knobs.garble = Garble::Short);
    emulator.add_faults([fault(Effect::Garble, When::After)]);
    let response = client.send("POST", "", &dataset("y")).await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    assert!(response.bytes().await.is_err(), "the body ends before its Content-Length");
    client.create("z", json!({})).await;
}

#[tokio::test]
async fn delays_hold_back_the_effect_or_the_answer() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    for (when, at_once) in [(When::Before, false), (When::After, true)] {
        emulator.add_faults([Fault { delay_ms: 300, ..fault(Effect::Delay, when) }]);
        let before = emulator.datasets().len();
        let start = Instant::now();
        let call = tokio::spawn({
            let client = client.clone();
            async move { client.create(&format!("x{at_once}"), json!({})).await }
        });
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert_eq!(emulator.datasets().len() > before, at_once, "{when:?}");
        call.await.unwrap();
        assert!(start.elapsed() >= Duration::from_millis(300));
        assert_eq!(emulator.datasets().len(), before + 1);
    }
}

#[tokio::test]
async fn a_call_takes_effect_even_if_its_client_has_gone() {
    let emulator = emulator().await;
    emulator.add_faults([Fault { delay_ms: 200, ..fault(Effect::Delay, When::Before) }]);
    let stream = raw_create(&emulator, "x").await;
    while !emulator.faults().is_empty() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    drop(stream);
    assert!(emulator.datasets().is_empty());
    logged(&emulator, 1).await;
    assert_eq!(last(&emulator), (200, String::new(), true, true, "delay/before".into()));
    assert_eq!(emulator.datasets().len(), 1);
}

#[tokio::test]
async fn after_faults_wait_for_a_success() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    emulator.add_faults([fault(Effect::Error, When::After)]);
    assert_eq!(client.refused("POST", "", json!({})).await, "400 MissingName");
    assert_eq!(last(&emulator).4, "");
    assert_eq!(emulator.faults().len(), 1);
    assert_eq!(client.refused("POST", "", dataset("x")).await, "503 ServiceUnavailable");
}

#[tokio::test]
async fn faults_are_tried_in_order_and_only_by_admitted_calls() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let named = |code: &str, count, operation: &str| Fault {
        code: code.into(),
        count,
        operation: operation.into(),
        ..Fault::default()
    };
    emulator.add_faults([named("A", 2, "CreateDataset"), named("B", 1, "*"), named("never", 1, "GetDataset")]);
    assert_eq!(client.with_token("wrong").refused("POST", "", dataset("x")).await, "401 Unauthorized");
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.push(client.refused("POST", "", dataset("x")).await);
    }
    assert_eq!(codes, ["503 A", "503 A", "503 B"]);
    client.create("x", json!({})).await;
    assert_eq!(emulator.faults(), [named("never", 1, "GetDataset")]);
}

#[tokio::test]
async fn probability_is_rolled_per_call() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let half = Fault { operation: "ListDatasets".into(), count: 1000, probability: 0.5, ..Fault::default() };
    emulator.add_faults([Fault { probability: 0.0, ..half.clone() }, half]);
    for _ in 0..60 {
        client.call("GET", "", Value::Null).await;
    }
    let calls = emulator.stats().calls["ListDatasets"];
    assert!(calls.ok > 5 && calls.failed > 5, "{calls:?}");
    assert_eq!(emulator.faults()[0].count, 1000);
}

#[tokio::test]
async fn latency_comes_after_the_effect() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    emulator.set_knobs(|knobs| knobs.latency_ms = 200);
    let start = Instant::now();
    let _stream = raw_create(&emulator, "x").await;
    logged(&emulator, 1).await;
    assert_eq!(emulator.datasets().len(), 1);
    assert!(start.elapsed() < Duration::from_millis(200));
    let start = Instant::now();
    client.call("GET", "/d-none", Value::Null).await;
    assert!(start.elapsed() >= Duration::from_millis(200), "errors take their time too");
    emulator.set_knobs(|knobs| (knobs.latency_ms, knobs.latency_jitter_ms) = (50, 10));
    let start = Instant::now();
    client.call("GET", "/d-none", Value::Null).await;
    assert!(start.elapsed() >= Duration::from_millis(50), "jitter only adds");
}
