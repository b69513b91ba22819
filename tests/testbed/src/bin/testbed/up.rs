//! `testbed up`: control plane, emulator and operator from an empty state, left running; `target/up/env` says how
//! to use them.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use testbed::{Context, ControlPlane, Options, Result, SHORT_TIMES, Session};

use crate::down::end_previous;
use crate::record::{Record, home};
use crate::stack::{Stack, inherited};
use crate::tell::Teller;

pub(crate) async fn run(with_operator: bool) -> Result<()> {
    let teller = Teller::new();
    if end_previous()?.is_some() {
        println!("ended what an earlier `make up` had left running");
    }
    let home = home();
    let _ = fs::remove_dir_all(&home); // One that was cut off leaves files but no record.
    fs::create_dir_all(&home).context(format!("making {}", home.display()))?;

    let dir = Some(home.join("controlplane"));
    let plane = ControlPlane::start(Options { dir, own_session: true, ..Options::default() }).await?;
    println!("control plane ready after {:.1} s", teller.seconds());
    let mut stack = Stack::start(plane, &home, inherited("DATASET_OPERATOR_"), Session::Own).await?;
    if with_operator {
        stack.start_operator().await?;
    }
    let project = stack.emulator.imm_project().await?;
    fs::write(home.join("env"), shell(&environment(&stack, project))).context("writing the environment")?;
    // The record first: should this be cut off now, `down` still finds everything.
    Record::of(stack.processes())?.save()?;
    println!("{}", summary(&stack, &home, teller.seconds()));
    stack.detach()
}

/// What `env` exports, with absolute paths only.
fn environment(stack: &Stack, imm_project: String) -> Vec<(String, String)> {
    let path = |path: &Path| path.display().to_string();
    let url = stack.emulator.url();
    let fixed = [
        ("KUBECONFIG", path(stack.plane.kubeconfig())),
        ("OPERATOR_KUBECONFIG", path(&stack.options.kubeconfig)),
        ("KUBECTL", path(stack.plane.kubectl().program())),
        ("PAI_ENDPOINT", url.to_owned()),
        ("PAI_WORKSPACE_ID", testbed::WORKSPACE.to_owned()),
        // One port serves both products: the version of a call tells them apart.
        ("IMM_ENDPOINT", url.to_owned()),
        ("IMM_PROJECT", imm_project),
        ("EMULATOR_URL", url.to_owned()),
        ("OPERATOR_METRICS_URL", format!("http://127.0.0.1:{}/metrics", stack.ports.metrics)),
        ("OPERATOR_BIN", path(&stack.options.bin)),
    ];
    let audit = stack.plane.audit().map(|audit| ("AUDIT_LOG", path(audit.path())));
    let short = SHORT_TIMES.map(|(key, value)| (key, value.to_owned()));
    let fixed = fixed.into_iter().chain(audit).chain(short).chain(stack.ports.env());
    // A setting that the caller gave comes last, and so wins.
    fixed.map(|(key, value)| (key.to_owned(), value)).chain(stack.options.env.iter().cloned()).collect()
}

fn shell(environment: &[(String, String)]) -> String {
    let mut text = "# Written by `make up`; source it in a POSIX shell.\n".to_owned();
    for (key, value) in environment {
        let quoted = value.replace('\'', r"'\''");
        // Writing to a String does not fail.
        let _ = writeln!(text, "export {key}='{quoted}'");
    }
    text
}

fn summary(stack: &Stack, home: &Path, seconds: f64) -> String {
    let operator = match &stack.operator {
        Some(operator) => {
            format!("http://127.0.0.1:{}/metrics (process {})", stack.ports.metrics, operator.process().id())
        }
        None => "not started; CRDs, RBAC and its ServiceAccount are installed".to_owned(),
    };
    let start = if stack.operator.is_some() {
        String::new()
    } else {
        "  KUBECONFIG=$OPERATOR_KUBECONFIG $OPERATOR_BIN run    # the operator, in the foreground\n".to_owned()
    };
    format!(
        "running after {seconds:.1} s, with logs in {home}\n\
         \x20 emulator  {emulator} (control API under /_emulator/)\n\
         \x20 operator  {operator}\n\
         \n\
         \x20 . {home}/env\n{start}\
         \x20 $KUBECTL apply -k deploy/samples\n\
         \x20 $KUBECTL get paids,paidsv,paidsj,paidsjc,immds\n\
         \x20 curl $EMULATOR_URL/_emulator/stats\n\
         \x20 make down",
        home = home.display(),
        emulator = stack.emulator.url(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_the_shell() {
        let hard = "it's $HOME `x` \"y\"\\";
        let script = format!("{}printf %s \"$KEY\"", shell(&[("KEY".to_owned(), hard.to_owned())]));
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), hard);
    }
}
