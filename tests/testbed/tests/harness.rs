//! The harness itself: its control plane is real, denies what it should, counts writes, and leaves nothing behind.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret};
use kube::Client;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use testbed::{ControlPlane, Filter, Wait};

/// Process ids whose parent is `parent` and which are not zombies.
fn children(parent: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|&pid| stat(pid).is_some_and(|(state, ppid)| state != "Z" && ppid == parent)).collect()
}

/// State and parent of a process.
fn stat(pid: u32) -> Option<(String, u32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = text.rsplit_once(") ")?.1.split(' ');
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}

fn is_alive(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != "Z")
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn config_map(name: &str) -> ConfigMap {
    serde_json::from_value(json!({"metadata": {"name": name}})).unwrap()
}

#[tokio::test]
async fn rbac_denies_and_the_audit_log_counts() {
    let plane = ControlPlane::shared().await.unwrap();
    let admin = plane.client().await.unwrap();
    let namespace = testbed::new_namespace(&admin, "harness").await.unwrap();

    let kubeconfig = plane.kubeconfig_for(testbed::NAMESPACE, testbed::SERVICE_ACCOUNT).await;
    let operator = testbed::client(&kubeconfig.unwrap()).await.unwrap();
    let forbidden = |error: kube::Error| matches!(error, kube::Error::Api(s) if s.code == 403);
    let secrets: Api<Secret> = Api::namespaced(operator.clone(), &namespace);
    assert!(forbidden(secrets.list(&ListParams::default()).await.unwrap_err()));
    let maps: Api<ConfigMap> = Api::namespaced(operator.clone(), &namespace);
    let refused = maps.create(&PostParams::default(), &config_map("no")).await;
    assert!(forbidden(refused.unwrap_err()));
    let datasets = testbed::datasets(&operator, &namespace);
    assert_eq!(datasets.list(&ListParams::default()).await.unwrap().items.len(), 0);
    let namespaces: Api<Namespace> = Api::all(operator);
    assert!(namespaces.get("kube-system").await.unwrap().metadata.uid.is_some());
    assert!(forbidden(namespaces.get(&namespace).await.unwrap_err()));

    let maps: Api<ConfigMap> = Api::namespaced(admin, &namespace);
    for name in ["a", "b"] {
        maps.create(&PostParams::default(), &config_map(name)).await.unwrap();
    }
    let patch = Patch::Merge(json!({"data": {"k": "v"}}));
    maps.patch("a", &PatchParams::default(), &patch).await.unwrap();
    maps.get("a").await.unwrap();
    maps.delete("b", &DeleteParams::default()).await.unwrap();

    let Some(audit) = plane.audit() else {
        return; // An existing cluster: nobody here can read its log.
    };
    let ours = Filter { user: Some("admin".into()), ..Filter::default() };
    let ours = Filter { namespace: Some(namespace.clone()), ..ours };
    let writes = audit.settled_writes(&ours).await.unwrap();
    let seen: Vec<_> = writes.iter().map(|w| (w.verb.as_str(), w.name.as_str())).collect();
    assert_eq!(seen, [("create", "a"), ("create", "b"), ("patch", "a"), ("delete", "b")]);
    let one = audit.writes(&ours.resource("configmaps").name("a")).unwrap();
    assert_eq!(one.len(), 2);
    let tried = Filter { refused: true, ..Filter::operator_in(&namespace) };
    let tried = audit.writes(&tried).unwrap();
    assert_eq!(tried.iter().map(|w| w.code).collect::<Vec<_>>(), [403]);
    assert_eq!(audit.writes(&Filter::operator_in(&namespace)).unwrap(), []);
}

#[tokio::test]
async fn kubectl_and_the_controllers_work() {
    let plane = ControlPlane::shared().await.unwrap();
    let client = plane.client().await.unwrap();
    let kubectl = plane.kubectl();
    let version = kubectl.run(&["version", "--output=json"]).await.unwrap();
    assert!(version.contains("serverVersion"), "{version}");
    let namespace = testbed::new_namespace(&client, "harness").await.unwrap();
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: given}\n";
    kubectl.run_with(&["apply", "-n", &namespace, "-f", "-"], map).await.unwrap();
    let error = kubectl.run(&["get", "configmap", "absent", "-n", &namespace]).await.unwrap_err();
    assert!(error.to_string().contains("not found"), "{error}");

    // A namespace that ends shows that the controllers do what RBAC lets them.
    let wait = Wait::new(Duration::from_secs(60));
    let account = async || has_default_account(&client, &namespace).await;
    wait.until("the default ServiceAccount", account).await.unwrap();
    kubectl.run(&["delete", "namespace", &namespace, "--wait=false"]).await.unwrap();
    let namespaces: Api<Namespace> = Api::all(client);
    let gone = async || {
        let now = namespaces.get_opt(&namespace).await;
        Ok(now.unwrap().is_none().then_some(()))
    };
    wait.until("the namespace to end", gone).await.unwrap();
}

async fn has_default_account(client: &Client, namespace: &str) -> testbed::Result<Option<()>> {
    let accounts: Api<k8s_openapi::api::core::v1::ServiceAccount> = Api::namespaced(client.clone(), namespace);
    Ok(accounts.get_opt("default").await.unwrap().map(drop))
}

/// `testbed cluster` and the directory of its control plane, once it is ready.
fn cluster() -> (Child, PathBuf) {
    let mut owner = Command::new(env!("CARGO_BIN_EXE_testbed")).arg("cluster").stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(owner.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let kubeconfig = line.trim_end().strip_prefix("KUBECONFIG=").unwrap();
    (owner, Path::new(kubeconfig).parent().unwrap().to_owned())
}

#[test]
fn nothing_outlives_its_owner() {
    if std::env::var_os(testbed::TEST_KUBECONFIG).is_some() {
        return; // Nothing is started.
    }
    for (signal, in_order) in [(Signal::TERM, true), (Signal::KILL, false)] {
        let (mut owner, dir) = cluster();
        let pids = children(owner.id());
        assert!(pids.len() >= 3, "etcd, apiserver and the leash at least: {pids:?}");
        kill_process(Pid::from_child(&owner), signal).unwrap();
        let status = owner.wait().unwrap();
        assert_eq!(status.signal().is_none(), in_order, "{status}");
        until("all processes have ended", || !pids.iter().any(|&pid| is_alive(pid)));
        until("its files are gone", || !dir.exists());
    }
}
