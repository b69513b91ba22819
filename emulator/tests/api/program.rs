//! The program: its settings on stdout, its flags and variables, its way to end.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::client::Client;

/// A running program that ends with the test.
pub(crate) struct Program(pub(crate) Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended already when the test went well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pai-emulator"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

#[tokio::test]
async fn it_says_what_a_client_needs_and_ends_when_told() {
    for signal in ["TERM", "INT"] {
        let mut command =
            program(&["--listen", "127.0.0.1:0", "--print-env", "--seed", "1", "--knob", "pageSizeMax=7"]);
        command.env("PAI_EMULATOR_DEFAULT_WORKSPACE", "478").env("PAI_EMULATOR_ACCESS_KEY_SECRET", "it's");
        let mut running = Program(command.spawn().unwrap());
        let stdout = BufReader::new(running.0.stdout.take().unwrap());
        let settings: Vec<String> = stdout.lines().take(5).map(Result::unwrap).collect();
        assert_eq!(settings[0], "export ALIBABA_CLOUD_ACCESS_KEY_ID='testAccessKeyId'");
        assert_eq!(settings[1], r"export ALIBABA_CLOUD_ACCESS_KEY_SECRET='it'\''s'");
        assert_eq!(settings[3], "export PAI_WORKSPACE_ID='478'");
        let url = settings[2].trim_start_matches("export PAI_ENDPOINT='").trim_end_matches('\'').to_owned();
        assert_eq!(settings[4], format!("export EMULATOR_URL='{url}'"));

        let client = Client::at(&url);
        client.create("x", json!({})).await;
        assert_eq!(client.control("GET", "/knobs", Value::Null).await.1["pageSizeMax"], 7);
        let sent = Command::new("kill").args([&format!("-{signal}"), &running.0.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert_eq!(running.0.wait().unwrap().code(), Some(0), "SIG{signal}");
    }
}

#[test]
fn what_it_cannot_do_it_says_with_status_1() {
    for wrong in [["--knob", "nonsense=1"], ["--state", "/does/not/exist"], ["--listen", "192.0.2.1:1"]] {
        let mut arguments = vec!["--listen", "127.0.0.1:0"];
        if wrong[0] == "--listen" {
            arguments.clear();
        }
        arguments.extend(wrong);
        let output = program(&arguments).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{wrong:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("ERROR"), "{said}");
    }
}
