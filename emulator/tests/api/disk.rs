//! The data directory: what was answered is there after any death.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pai_emulator::{DiskError, Emulator, Options, StartError};
use serde_json::{Value, json};

use crate::client::{Client, dataset, version};
use crate::program::{Program, program};

/// The program on a data directory, once it listens, with a client of it.
fn start(directory: &Path, more: &[&str]) -> (Program, Client) {
    let directory = directory.to_str().unwrap();
    let fixed = ["--listen", "127.0.0.1:0", "--print-env", "--default-workspace", "478", "--data-dir", directory];
    let mut running = Program(program(&[fixed.as_slice(), more].concat()).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let url =
        lines.find_map(|line| Some(line.strip_prefix("export EMULATOR_URL='")?.trim_end_matches('\'').to_owned()));
    (running, Client::at(&url.unwrap()))
}

/// SIGKILL: nothing of the program runs after it.
fn kill(mut running: Program) {
    running.0.kill().unwrap();
    running.0.wait().unwrap();
}

/// What a data directory keeps of a state.
async fn kept(client: &Client) -> Value {
    let state = client.control("GET", "/state", Value::Null).await.1;
    json!({"seed": state["seed"], "nextId": state["nextId"], "datasets": state["datasets"]})
}

#[tokio::test]
async fn content_and_ids_survive_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let (running, client) = start(directory.path(), &["--seed", "7", "--knob", "pageSizeMax=5"]);
    let first = client.create("x", json!({"Labels": [{"Key": "k", "Value": "v"}]})).await;
    let gone = client.create("gone", json!({})).await;
    client.create("y", json!({})).await;
    client.ok("POST", &format!("/{first}/versions"), version()).await;
    client.ok("PUT", &format!("/{first}"), json!({"Description": "later"})).await;
    client.ok("DELETE", &format!("/{gone}"), Value::Null).await;
    let before = kept(&client).await;
    kill(running);

    // The seed of the directory counts, not the one of the flag.
    let (running, client) = start(directory.path(), &["--seed", "8"]);
    assert_eq!(kept(&client).await, before);
    assert_eq!((&before["seed"], &before["nextId"]), (&json!(7), &json!(3)));
    assert_eq!(client.list("", "Name").await, ["x", "y"]);
    assert_eq!(client.ok("GET", &format!("/{first}/versions/v2"), Value::Null).await["VersionName"], "v2");
    assert_eq!(client.control("GET", "/knobs", Value::Null).await.1["pageSizeMax"], 100, "knobs are not kept");
    assert_eq!(client.control("GET", "/stats", Value::Null).await.1["calls"]["CreateDataset"], Value::Null);
    let fourth = client.create("z", json!({})).await;
    kill(running);

    let alone = Emulator::start(Options { seed: Some(7), ..Options::default() }).await.unwrap();
    let same = Client::of(&alone);
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d"] {
        ids.push(same.create(name, json!({"WorkspaceId": "478"})).await);
    }
    assert_eq!((&ids[0], &ids[1], &ids[3]), (&first, &gone, &fourth), "the ids are those of one uninterrupted run");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_before_the_kill_is_there_and_nothing_is_half_there() {
    let directory = tempfile::tempdir().unwrap();
    let mut answered = HashSet::new();
    for round in 0..4 {
        let (running, client) = start(directory.path(), &[]);
        let count = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..8)
            .map(|task| {
                let (client, count) = (client.clone(), Arc::clone(&count));
                tokio::spawn(async move {
                    let mut ids = Vec::new();
                    for index in 0.. {
                        let body = dataset(&format!("r{round}-{task}-{index}"));
                        let Ok(response) = client.send("POST", "", &body).await else { return ids };
                        let Ok(answer) = response.json::<Value>().await else { return ids };
                        ids.push(answer["DatasetId"].as_str().unwrap().to_owned());
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                    ids
                })
            })
            .collect();
        while count.load(Ordering::Relaxed) < 40 {
            tokio::task::yield_now().await;
        }
        kill(running);
        for task in tasks {
            answered.extend(task.await.unwrap());
        }

        let (running, client) = start(directory.path(), &[]);
        let kept = kept(&client).await;
        let datasets = kept["datasets"].as_array().unwrap();
        let there: HashSet<String> = datasets.iter().map(|one| one["DatasetId"].as_str().unwrap().to_owned()).collect();
        let lost: Vec<_> = answered.difference(&there).collect();
        assert!(lost.is_empty(), "answered and lost: {lost:?}");
        assert_eq!(kept["nextId"], there.len(), "an id and its dataset are written together");
        assert!(datasets.iter().all(|one| one["Versions"].as_array().unwrap().len() == 1));
        assert!(!there.contains(&client.create(&format!("fresh-{round}"), json!({})).await));
        answered.extend(there);
        kill(running);
    }
}

#[tokio::test]
async fn what_replaces_everything_replaces_it_on_disk_too() {
    let directory = tempfile::tempdir().unwrap();
    let seeded = json!({"nextId": 9, "datasets": [{"DatasetId": "d-1", "Name": "by-hand", "WorkspaceId": "478"}]});
    let (running, client) = start(directory.path(), &[]);
    client.create("x", json!({})).await;
    client.control("PUT", "/state", seeded).await;
    kill(running);
    let (running, client) = start(directory.path(), &[]);
    assert_eq!(
        (client.list("", "Name").await, &kept(&client).await["nextId"]),
        (vec!["by-hand".to_owned()], &json!(9))
    );
    client.control("POST", "/reset", Value::Null).await;
    kill(running);
    let (_running, client) = start(directory.path(), &[]);
    let kept = kept(&client).await;
    assert_eq!((&kept["datasets"], &kept["nextId"]), (&json!([]), &json!(0)));
}

#[tokio::test]
async fn an_embedded_emulator_frees_its_directory_when_it_stops() {
    let directory = tempfile::tempdir().unwrap();
    let options = || Options { data_dir: Some(directory.path().join("made/on/the/way")), ..Options::default() };
    let emulator = Emulator::start(options()).await.unwrap();
    let create =
        json!({"Name": "x", "WorkspaceId": "1", "Uri": "oss://b/", "Property": "FILE", "DataSourceType": "OSS"});
    emulator.console("POST", "/api/v1/datasets", &create).unwrap();
    let busy = Emulator::start(options()).await.unwrap_err().to_string();
    assert!(busy.contains("pai-emulator.redb") && busy.contains("already open"), "{busy}");
    let datasets = emulator.datasets();
    emulator.stop().await;
    let emulator = Emulator::start(options()).await.unwrap();
    assert_eq!((emulator.datasets(), datasets.len()), (datasets, 1));
    emulator.reset();
    assert!(emulator.datasets().is_empty(), "a reset goes back to an empty directory, not to what it held");
    emulator.stop().await;
}

#[tokio::test]
async fn directories_that_cannot_be_used_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let start = async |data_dir: std::path::PathBuf| {
        Emulator::start(Options { data_dir: Some(data_dir), ..Options::default() }).await.unwrap_err()
    };
    let file = directory.path().join("file");
    std::fs::write(&file, "not a directory").unwrap();
    let error = start(file.clone()).await;
    assert!(matches!(error, StartError::Disk(DiskError::Directory { .. })));
    assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");

    let other = directory.path().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("pai-emulator.redb"), "no database").unwrap();
    let error = start(other.clone()).await;
    assert!(error.to_string().contains(other.to_str().unwrap()), "{error}");

    let newer = directory.path().join("newer");
    std::fs::create_dir(&newer).unwrap();
    let database = redb::Database::create(newer.join("pai-emulator.redb")).unwrap();
    let transaction = database.begin_write().unwrap();
    let numbers = redb::TableDefinition::<&str, u64>::new("numbers");
    transaction.open_table(numbers).unwrap().insert("format", 2).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = start(newer).await.to_string();
    assert!(error.contains("has format 2, this emulator reads and writes format 1"), "{error}");

    let output = program(&["--listen", "127.0.0.1:0", "--data-dir", file.to_str().unwrap()])
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("data directory"));
}

#[tokio::test]
async fn what_hangs_on_datasets_survives_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let (running, client) = start(directory.path(), &["--knob", "jobRunMs=3600000"]);
    let id = client.create("x", json!({"Edition": "ADVANCED"})).await;
    let gone = client.create("gone", json!({})).await;
    let job = json!({"JobAction": "FileMetaBuild", "JobSpec": "{}", "WorkspaceId": "478"});
    client.ok("POST", &format!("/{id}/datasetjobs"), job.clone()).await;
    client.ok("POST", &format!("/{gone}/datasetjobs"), job).await;
    client.ok("DELETE", &format!("/{gone}"), Value::Null).await;
    let config = json!({"ConfigType": "MultimodalSemanticIndex", "Config": "{}", "WorkspaceId": "478"});
    client.ok("POST", &format!("/{id}/datasetjobconfigs"), config).await;
    let file = json!({"Uri": "oss://b/1", "FileType": "image", "ContentType": "image/png", "FileFingerPrint": "1",
        "FileUpdateTime": "2026-01-01T00:00:00Z"});
    let batch = json!({"DatasetVersion": "v1", "WorkspaceId": "478", "DatasetFileMetas": [file]});
    client.ok("POST", &format!("/{id}/datasetfilemetas"), batch).await;
    let kinds = ["jobs", "jobConfigs", "fileMetas", "mediaDatasets", "bindings"];
    let media = json!({"mediaDatasets": [{"AccountId": "1", "ProjectName": "p", "DatasetName": "m"}],
        "bindings": [{"AccountId": "1", "ProjectName": "p", "DatasetName": "m", "URI": "oss://b"}]});
    assert_eq!(client.control("PUT", "/state", media).await.0, 200);
    let before = client.control("GET", "/state", Value::Null).await.1;
    assert!(kinds.iter().all(|kind| before[kind].as_array().unwrap().len() == 1), "{before}");
    kill(running);
    let (running, client) = start(directory.path(), &[]);
    let after = client.control("GET", "/state", Value::Null).await.1;
    assert!(kinds.iter().all(|kind| before[kind] == after[kind]), "{after}");
    client.control("PUT", "/state", json!({"datasets": []})).await;
    kill(running);
    let (_running, client) = start(directory.path(), &[]);
    let left = client.control("GET", "/state", Value::Null).await.1;
    let counts = kinds.map(|kind| left[kind].as_array().map_or(0, Vec::len));
    assert_eq!(counts, [0, 0, 0, 1, 1], "what hung on datasets goes with them");
}
