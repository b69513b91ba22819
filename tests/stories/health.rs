//! The first checks of a person: is the operator ready, which part is not, and why.

use std::time::Duration;

use kube::ResourceExt;
use kube::api::ListParams;
use pai_emulator::{Credential, Knobs};

use crate::scene::{Scene, Setting, WORKSPACE, oss};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_key_is_told_by_readiness_and_once_a_minute_in_the_log() {
    let env = vec![("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "wrong".to_owned())];
    let scene = Scene::with("wrongkey", Setting { env, ..Setting::default() }).await;
    let names: Vec<_> = (0..20).map(|number| format!("d-{number}")).collect();
    for name in &names {
        scene.create("Dataset", name, oss(name)).await;
    }
    for name in &names {
        scene.reason("Dataset", name, "CredentialsInvalid").await;
    }
    let (status, body) = scene.readiness().await;
    assert_eq!(status, 503, "{body}");
    assert!(
        body.contains("\ncredentials: the service refuses them: ") && body.contains("SignatureDoesNotMatch"),
        "{body}"
    );
    let warnings = |text: &str| {
        let lines = scene.log_lines();
        let about = |line: &&serde_json::Value| line["level"] == "WARN" && line["error"].to_string().contains(text);
        lines.iter().filter(about).cloned().collect::<Vec<_>>()
    };
    let told = warnings("SignatureDoesNotMatch");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["message"], "the workspace could not be listed");
    scene
        .wait_for(Duration::from_secs(90))
        .until("the count", async || Ok((warnings("SignatureDoesNotMatch").len() > 1).then_some(())))
        .await
        .unwrap();
    let told = warnings("SignatureDoesNotMatch");
    assert!(told[1]["objects"] == 20 && told[1]["count"].as_u64() >= Some(20), "{}", told[1]);

    scene.cloud().set_credentials(vec![Credential::access_key("testAccessKeyId", "wrong")]);
    scene
        .wait_for(Duration::from_secs(60))
        .until("ready", async || Ok((scene.readiness().await.0 == 200).then_some(())))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_workspace_is_told_by_readiness_and_metrics() {
    let knobs = Knobs { workspaces: "999".to_owned(), ..Knobs::default() };
    let scene = Scene::with("unknownspace", Setting { knobs, ..Setting::default() }).await;
    let refused = format!("workspace {WORKSPACE}: not listed: ListDatasets ");
    scene.until("the refusal", async |scene| scene.readiness().await.1.contains(&refused)).await;
    let (status, body) = scene.readiness().await;
    assert_eq!(status, 503, "{body}");
    let listed = async |scene: &Scene, number: u64| {
        let series = format!("pai_workspace_listed{{workspace=\"{WORKSPACE}\"}} {number}\n");
        scene.metrics().await.contains(&series)
    };
    assert!(listed(&scene, 0).await);
    scene.cloud().set_knobs(|knobs| knobs.workspaces = WORKSPACE.to_owned());
    scene
        .wait_for(Duration::from_secs(60))
        .until("ready", async || Ok((scene.readiness().await.0 == 200).then_some(())))
        .await
        .unwrap();
    assert!(listed(&scene, 1).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_long_for_the_rate_limit_says_so_once_and_is_counted() {
    let env = vec![("DATASET_OPERATOR_QPS", "1".to_owned())];
    let mut scene = Scene::with("queued", Setting { env, without_operator: true, ..Setting::default() }).await;
    let names: Vec<_> = (0..60).map(|number| format!("d-{number}")).collect();
    for name in &names {
        scene.create("Dataset", name, oss(name)).await;
    }
    scene.start_operator().await;
    let queued = async |scene: &Scene| {
        let objects = scene.datasets().list(&ListParams::default()).await.unwrap();
        let ready = objects.iter().filter_map(|object| Some((object.name_any(), testbed::condition(object, "Ready")?)));
        ready
            .filter(|(_, ready)| ready.reason == "Queued")
            .map(|(name, ready)| (name, ready.message))
            .collect::<Vec<_>>()
    };
    // Thirty of them wait for more than 30 s, unless the machine is slow.
    scene.until("20 that say so", async |scene| queued(scene).await.len() >= 20).await;
    let metrics = scene.metrics().await;
    let figure = |series: &str| -> u64 {
        let line = metrics.lines().find_map(|line| line.strip_prefix(series));
        line.unwrap_or_else(|| panic!("no {series} in {metrics}")).trim().parse().unwrap()
    };
    assert!(figure("workqueue_depth{name=\"Dataset\",controller=\"Dataset\"}") >= 20);
    assert!(figure("pai_resources_not_ready{kind=\"Dataset\",reason=\"Queued\"}") >= 20);
    assert!(metrics.contains("pai_resources_not_ready{kind=\"Dataset\",reason=\"none\"}"), "{metrics}");
    let (name, message) = queued(&scene).await.pop().unwrap();
    assert!(message.starts_with("in line for the operator's rate limit (--qps): "), "{message}");
    assert!(message.contains(" before it, which takes about "), "{message}");
    let object = scene.get("Dataset", &name).await;
    assert!(testbed::condition(&object, "Reconciling").is_some() && testbed::condition(&object, "Stalled").is_none());
    assert_eq!(scene.writes("datasets", Some(&name)).await, 1, "no claim yet, and no heartbeat");
    // The object of the message waits for its turn and needs no more than any other.
    scene.wait_for(Duration::from_secs(90)).ready(&scene.datasets(), &name).await.unwrap();
    assert_eq!(scene.writes("datasets", Some(&name)).await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_in_the_pod_changes_the_log_level_while_the_operator_works() {
    let env = vec![("RUST_LOG", "warn".to_owned())];
    let scene = Scene::with("loglevel", Setting { env, ..Setting::default() }).await;
    let address = scene.health_url().replace("http://", "");
    let log_level = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_dataset-operator"))
            .args([&["log-level", "--health-addr", &address], arguments].concat())
            .env_clear()
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let seen = |level: &str| scene.log_lines().iter().filter(|line| line["level"] == level).count();

    assert_eq!(log_level(&[]), (Some(0), "warn\n".to_owned()), "that of RUST_LOG");
    scene.create("Dataset", "quiet", oss("quiet")).await;
    scene.ready("Dataset", "quiet").await;
    assert_eq!((seen("INFO"), seen("DEBUG")), (0, 0));

    let (code, said) = log_level(&["debug"]);
    assert!(code == Some(0) && said.contains("dataset_operator=debug") && said.contains("kube_client=error"), "{said}");
    scene.create("Dataset", "loud", oss("loud")).await;
    scene.ready("Dataset", "loud").await;
    scene.until("lines of debug", async |_| seen("DEBUG") > 0).await;
    assert!(scene.log_lines().iter().any(|line| line["message"].to_string().contains("changed the log level")));

    let (code, said) = log_level(&["loud"]);
    assert!(code == Some(2) && said.contains("possible values: error, warn, info, debug, trace"), "{said}");
    let client = reqwest::Client::new();
    let wrong = client.put(format!("{}/log-level", scene.health_url())).body("loud").send().await.unwrap();
    assert_eq!(wrong.status(), 400);
    drop(scene);
    let (code, said) = log_level(&["info"]);
    assert!(code == Some(1) && said.contains("no operator answers at") && said.contains("--health-addr"), "{said}");
}
