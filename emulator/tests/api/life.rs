//! Starting, stopping, and coming back.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use pai_emulator::{Effect, Emulator, Fault, Options, StartError, When};
use serde_json::{Value, json};

use crate::client::{Client, emulator};

#[tokio::test]
async fn down_for_a_while() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let (address, id) = (emulator.address(), client.create("x", json!({})).await);
    let state = emulator.state();
    emulator.stop().await;
    assert!(TcpStream::connect(address).is_err());
    assert!(client.send("GET", "", &Value::Null).await.unwrap_err().is_connect());

    let back = Options { port: address.port(), state: Some(state), ..Options::default() };
    let emulator = Emulator::start(back).await.unwrap();
    assert_eq!(emulator.address(), address);
    assert_eq!(client.ok("GET", &format!("/{id}"), Value::Null).await["Name"], "x");
    assert_ne!(client.create("y", json!({})).await, id, "ids go on, they do not start again");
    assert_eq!(client.list("", "Name").await, ["x", "y"], "knobs are part of the state");
}

#[tokio::test]
async fn stopping_ends_open_connections_and_forgets_delayed_calls() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let late = Fault { effect: Effect::Delay, when: When::Before, delay_ms: 60_000, ..Fault::default() };
    emulator.add_faults([late, Fault { effect: Effect::Drop, ..Fault::default() }]);
    let calls: Vec<_> = ["a", "b"]
        .map(|name| {
            let client = client.clone();
            tokio::spawn(async move { client.send("POST", "", &crate::client::dataset(name)).await.is_err() })
        })
        .into();
    while !emulator.faults().is_empty() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let start = Instant::now();
    emulator.stop().await;
    assert!(start.elapsed() < Duration::from_secs(2), "stopping waits for no fault");
    for call in calls {
        assert!(call.await.unwrap());
    }
}

#[tokio::test]
async fn dropping_stops_too() {
    let emulator = emulator().await;
    let address = emulator.address();
    drop(emulator);
    let gone = async {
        while TcpStream::connect(address).is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), gone).await.unwrap();
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let emulator = emulator().await;
    let error = Emulator::start(Options { port: emulator.address().port(), ..Options::default() }).await.unwrap_err();
    assert!(matches!(error, StartError::Listen { .. }));
    assert!(error.to_string().contains(&emulator.address().to_string()), "{error}");
}

#[tokio::test]
async fn seeds_make_the_same_ids() {
    let ids = async |seed| {
        let emulator = Emulator::start(Options { seed: Some(seed), ..Options::default() }).await.unwrap();
        let client = Client::of(&emulator);
        let name = |n: u32| json!({"WorkspaceId": "1", "Description": n.to_string()});
        [client.create("a", name(1)).await, client.create("b", name(2)).await]
    };
    assert_eq!(ids(3).await, ids(3).await);
    assert_ne!(ids(3).await, ids(4).await);
}

#[tokio::test]
async fn many_clients_at_once_lose_nothing() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let workers: Vec<_> = (0..20)
        .map(|worker| {
            let client = client.clone();
            tokio::spawn(async move {
                for index in 0..10 {
                    client.create(&format!("w{worker}-{index}"), json!({})).await;
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    assert_eq!(emulator.datasets().len(), 200);
    assert_eq!(emulator.stats().calls["CreateDataset"].ok, 200);
    assert_eq!(client.ok("GET", "", Value::Null).await["TotalCount"], 200);
}
