//! The same cases run on both API servers, the one in memory and the real one, and each answer must be the expected
//! one. If a case passed on one server and failed on the other, the simulation would prove nothing.

mod deletion;
mod place;
mod reads;
mod watches;
mod writes;

use futures::future::BoxFuture;
use jiff::Timestamp;
use simulation::apiserver::Apiserver;
use testbed::ControlPlane;

use place::Place;

/// A case and its expected answers.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    tried: for<'a> fn(&'a Place) -> BoxFuture<'a, Vec<String>>,
    expected: &'static [&'static str],
}

/// Plays all cases; returns those with unexpected answers.
async fn play(server: &str, place: impl AsyncFn() -> Place) -> Vec<String> {
    let mut wrong = Vec::new();
    let cases = [writes::CASES, deletion::CASES, reads::CASES, watches::CASES].concat();
    for Case { name, tried, expected } in cases {
        let came = tried(&place().await).await;
        if came != expected {
            wrong.push(format!("{server}: {name}:\n  expected {expected:?}\n  came     {came:?}"));
        }
    }
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_in_memory_is_like_the_real_one() {
    let plane = ControlPlane::shared().await.unwrap();
    let real = play("real", async || {
        let client = plane.client().await.unwrap();
        let namespace = testbed::new_namespace(&client, "conformance").await.unwrap();
        Place { client, namespace }
    });
    let memory = play("memory", async || {
        let client = Apiserver::new(36, Timestamp::now).client();
        Place { client, namespace: "conformance".to_owned() }
    });
    let (real, memory) = tokio::join!(real, memory);
    let wrong = [real, memory].concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
