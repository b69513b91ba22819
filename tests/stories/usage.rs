//! The message of the program for wrong flags: one message, with an example, and one exit code.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::mpsc;
use std::thread;

/// Runs the program in an empty environment but for these variables; its exit code, and what it said on both outputs.
fn run(arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_dataset-operator"))
        .arg("run")
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn wrong_usage_is_told_once_with_an_example_and_ends_with_2() {
    let region = ["--region", "cn-hangzhou"];
    for (arguments, words) in [
        (&["--namespaces", "A B"][..], "\"A B\" is not the name of a namespace"),
        (&["--namespaces", "a,,b"], "--namespaces has an empty entry"),
        (&["--workspace-id", "abc"], "such as 12345"),
        (
            &["--operation-qps", "CreateDataset=0"],
            "for CreateDataset, \"0\" is not a number of calls per second from 0.001",
        ),
        (&["--qps", "0"], "from 0.001 to 1000000"),
        (&["--settle-time", "1s"], "--settle-time 1s is too short"),
        (&["--health-addr", "8081"], "such as :8080, 127.0.0.1:8080 or [::1]:8080"),
        (&["--ca-file", "/nowhere/ca.pem"], "--ca-file: /nowhere/ca.pem cannot be read"),
        (&["--log-level", "loud"], "[possible values: error, warn, info, debug, trace]"),
        (&["--no-such-flag"], "--no-such-flag"),
    ] {
        let (code, said) = run(&[&region[..], arguments].concat(), &[]);
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        assert!(said.matches("error:").count() == 1 && said.matches(words).count() == 1, "{arguments:?}: {said}");
    }
    let (code, said) = run(&[], &[]);
    assert!(code == Some(2) && said.contains("DATASET_OPERATOR_REGION"), "{said}");
}

#[test]
fn a_variable_is_checked_as_its_flag_is_and_a_password_is_not_told() {
    let region = ("DATASET_OPERATOR_REGION", "cn-hangzhou");
    let (code, said) = run(&[], &[region, ("DATASET_OPERATOR_NAMESPACES", "A B")]);
    assert!(code == Some(2) && said.contains("team-a,team-b"), "{said}");
    for variable in ["DATASET_OPERATOR_HTTPS_PROXY", "HTTPS_PROXY"] {
        let (code, said) = run(&[], &[region, (variable, "socks5://user:canary@proxy:1")]);
        assert!(code == Some(2) && said.contains("such as http://proxy.example.com:3128"), "{said}");
        assert!(!said.contains("canary"), "{said}");
    }
    let (code, said) = run(&["--help"], &[("DATASET_OPERATOR_HTTPS_PROXY", "http://user:canary@proxy:1")]);
    assert!(code == Some(0) && said.contains("DATASET_OPERATOR_LOG_LEVEL"), "{said}");
    assert!(!said.contains("canary"), "{said}");
}

/// A later failure is a line of the log. The proxies are in the log before anything is called, without their passwords.
#[test]
fn a_start_that_fails_is_one_line_of_the_log_and_ends_with_1() {
    let directory = tempfile::tempdir().unwrap();
    let kubeconfig = directory.path().join("kubeconfig");
    let nobody = "{apiVersion: v1, kind: Config, current-context: a, users: [], contexts: [{name: a, context: {cluster: a, \
                  user: ''}}], clusters: [{name: a, cluster: {server: 'http://127.0.0.1:1'}}]}";
    std::fs::write(&kubeconfig, nobody).unwrap();
    let environment = [
        ("KUBECONFIG", kubeconfig.to_str().unwrap()),
        ("HTTPS_PROXY", "http://user:canary@proxy.test:3128"),
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "id"),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "canary"),
        ("DATASET_OPERATOR_REGION", "cn-hangzhou"),
        ("DATASET_OPERATOR_METRICS_ADDR", "127.0.0.1:0"),
        ("DATASET_OPERATOR_HEALTH_ADDR", "127.0.0.1:0"),
    ];
    let (code, said) = run(&[], &environment);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.matches("stopped").count() == 1 && !said.contains("error: "), "{said}");
    assert!(said.contains(r#""service":"http://***@proxy.test:3128 (HTTPS_PROXY)","api_server":"direct""#), "{said}");
    assert!(!said.contains("canary"), "{said}");
    let (code, said) = run(&["--log-level", "error"], &environment);
    assert!(code == Some(1) && !said.contains("api_server") && said.contains("stopped"), "{said}");
}

/// The API server is called through the proxy of the kubeconfig. This one refuses, having seen what was asked of it.
#[test]
fn the_api_server_is_called_through_the_proxy_of_the_kubeconfig() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = proxy.local_addr().unwrap();
    let (sender, asked) = mpsc::channel();
    thread::spawn(move || {
        let (mut stream, _) = proxy.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let head: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
        sender.send(head).unwrap();
        stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").unwrap();
    });
    let directory = tempfile::tempdir().unwrap();
    let kubeconfig = directory.path().join("kubeconfig");
    let text = format!(
        "{{apiVersion: v1, kind: Config, current-context: a, users: [], contexts: [{{name: a, context: {{cluster: a, \
         user: ''}}}}], clusters: [{{name: a, cluster: {{server: 'https://api.invalid:6443', \
         proxy-url: 'http://user:canary@{address}'}}}}]}}"
    );
    std::fs::write(&kubeconfig, text).unwrap();
    let environment = [
        ("KUBECONFIG", kubeconfig.to_str().unwrap()),
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "id"),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "secret"),
        ("DATASET_OPERATOR_REGION", "cn-hangzhou"),
        ("DATASET_OPERATOR_METRICS_ADDR", "127.0.0.1:0"),
        ("DATASET_OPERATOR_HEALTH_ADDR", "127.0.0.1:0"),
    ];
    let (code, said) = run(&[], &environment);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&format!("http://***@{address} (proxy-url of the kubeconfig)")), "{said}");
    assert!(!said.contains("canary"), "{said}");
    let head = asked.recv().unwrap();
    assert_eq!(head[0], "CONNECT api.invalid:6443 HTTP/1.1");
    assert!(head.iter().any(|line| line.to_lowercase() == "proxy-authorization: basic dxnlcjpjyw5hcnk="), "{head:?}");
}
