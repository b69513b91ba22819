//! Every knob has a case: what one and the same story tells at each of its settings, the default first.

use std::sync::atomic::{AtomicI64, Ordering};

use pai_emulator::{Emulator, Knobs, Options};
use reqwest::{Response, header};
use serde_json::{Map, Value, json};

use crate::client::{Client, dataset, with};

/// Cases, each a test: a knob, its settings with what the story tells at them, the story.
macro_rules! cases {
    ($( $knob:ident [ $( $setting:expr => $told:expr ),+ $(,)? ] |$stage:ident| $story:block )+) => {
        pub(super) const KNOBS: &[&str] = &[$( stringify!($knob) ),+];

        $(
            #[tokio::test]
            async fn $knob() {
                static NOW: AtomicI64 = AtomicI64::new(0);
                let settings = [$( (json!($setting), $told) ),+];
                crate::knobs::check(stringify!($knob), &settings);
                for (setting, told) in settings {
                    let $stage = crate::knobs::Stage::of(stringify!($knob), &setting, &NOW, || NOW.load(Ordering::Relaxed)).await;
                    let story: String = $story;
                    assert_eq!(story, told, "{} = {setting}", stringify!($knob));
                }
            }
        )+
    };
}

#[path = "knobs/access.rs"]
mod access;
#[path = "knobs/datasets.rs"]
mod datasets;
#[path = "knobs/files.rs"]
mod files;
#[path = "knobs/imm.rs"]
mod imm;
#[path = "knobs/jobs.rs"]
mod jobs;
#[path = "knobs/lists.rs"]
mod lists;

/// The name of a knob on the wire.
fn wire_name(field: &str) -> String {
    let mut words = field.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    let rest = words.map(|word| format!("{}{}", word[..1].to_uppercase(), &word[1..]));
    first + &rest.collect::<String>()
}

/// A case begins with the default, and no two settings look the same.
fn check(field: &str, settings: &[(Value, &str)]) {
    let defaults = serde_json::to_value(Knobs::default()).unwrap();
    assert_eq!(settings[0].0, defaults[wire_name(field)], "the default of {field}");
    for (index, (setting, told)) in settings.iter().enumerate() {
        assert!(settings[..index].iter().all(|(_, earlier)| earlier != told), "{field} = {setting} changes nothing");
    }
    assert!(settings.len() > 1, "{field} has one setting");
}

/// An emulator with one knob set, on a clock of the test's own.
struct Stage {
    emulator: Emulator,
    client: Client,
    now: &'static AtomicI64,
}

impl Stage {
    async fn of(field: &str, setting: &Value, now: &'static AtomicI64, clock: fn() -> i64) -> Self {
        // In the middle of a second, and the present, because signatures say so.
        now.store(jiff::Timestamp::now().as_second() * 1000 + 500, Ordering::Relaxed);
        let knobs = json!({"defaultWorkspace": "478"});
        let knobs = with(knobs, Value::Object(Map::from_iter([(wire_name(field), setting.clone())])));
        let Value::Object(knobs) = knobs else { unreachable!() };
        let knobs = Knobs::default().merged(knobs).unwrap();
        let emulator = Emulator::start(Options { seed: Some(1), knobs, clock, ..Options::default() }).await.unwrap();
        let client = Client::of(&emulator);
        Self { emulator, client, now }
    }

    /// Turns other knobs than that of the case.
    fn turn(&self, turn: impl FnOnce(&mut Knobs)) {
        self.emulator.set_knobs(turn);
    }

    fn later(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::Relaxed);
    }

    /// `200`, or status and code of a refusal; the path begins after `/api/v1/datasets`.
    async fn says(&self, method: &str, path: &str, body: Value) -> String {
        said(self.client.send(method, path, &body).await.unwrap()).await
    }

    async fn get(&self, path: &str) -> Value {
        self.client.ok("GET", path, Value::Null).await
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.client.ok("POST", path, body).await
    }

    async fn put(&self, path: &str, body: Value) -> Value {
        self.client.ok("PUT", path, body).await
    }

    async fn delete(&self, path: &str) -> Value {
        self.client.ok("DELETE", path, Value::Null).await
    }

    /// The path of a new dataset.
    async fn dataset(&self, name: &str, more: Value) -> String {
        format!("/{}", self.client.create(name, with(json!({"Edition": "ADVANCED"}), more)).await)
    }

    /// The names of listed datasets, with a blank between.
    async fn names(&self, query: &str) -> String {
        self.client.list(query, "Name").await.join(" ")
    }
}

/// `200`, or status and code of a refusal.
async fn said(response: Response) -> String {
    let status = response.status().as_u16();
    let answer: Value = response.json().await.unwrap();
    answer["Code"].as_str().map_or_else(|| status.to_string(), |code| format!("{status} {code}"))
}

/// A header of an answer, or `none`.
fn header_of(response: &Response, name: &str) -> String {
    let value = response.headers().get(header::HeaderName::from_bytes(name.as_bytes()).unwrap());
    value.map_or_else(|| "none".to_owned(), |value| value.to_str().unwrap().to_owned())
}

/// The create of a dataset that is named x.
fn another(more: Value) -> Value {
    with(dataset("x"), more)
}

#[test]
fn every_documented_knob_has_a_case() {
    let page = include_str!("../../../docs/emulator.md");
    let (_, table) = page.split_once("\n## Knobs\n").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let mut documented: Vec<&str> =
        table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    documented.sort_unstable();
    let cases = [access::KNOBS, datasets::KNOBS, files::KNOBS, imm::KNOBS, jobs::KNOBS, lists::KNOBS].concat();
    let mut cases: Vec<String> = cases.into_iter().map(wire_name).collect();
    cases.sort_unstable();
    assert_eq!(cases, documented);
    let Value::Object(knobs) = serde_json::to_value(Knobs::default()).unwrap() else { unreachable!() };
    let mut knobs: Vec<String> = knobs.into_iter().map(|(name, _)| name).collect();
    knobs.sort_unstable();
    assert_eq!(knobs, documented);
}
