//! `testbed demo`: the operator's main job in scenes. The demo checks everything that it prints; the first check that fails
//! ends it.

mod cluster;
mod remote;
mod scenes;

use serde_json::json;
use tempfile::TempDir;
use testbed::{Context, ControlPlane, Error, Options, Result, Session, uninstall};

use crate::stack::Stack;
use crate::tell::Teller;
use crate::unless_interrupted;
use scenes::Demo;

/// Short, so that drift is seen and repaired while one watches.
const RESYNC: &str = "5s";
/// Short, so that a job ends while one watches; long enough that one sees it run.
const JOB_RUN_MS: u32 = 2500;
/// Where the samples go.
const NAMESPACE: &str = "dataset-demo";

pub(crate) async fn run(users_cluster: bool) -> Result<()> {
    let teller = Teller::new();
    if !users_cluster {
        let title = "A real Kubernetes, the emulator, the operator";
        unless_interrupted(async { play(ControlPlane::start(Options::default()).await?, &teller, title).await })
            .await?;
        teller.end();
        return Ok(());
    }
    let plane = cluster::users().await?;
    let client = plane.client().await?;
    let told = unless_interrupted(play(plane, &teller, "Your cluster, the emulator, the operator")).await;
    // After success and failure, and on Ctrl-C too.
    uninstall(&client, NAMESPACE).await?;
    told?;
    teller.fact("your cluster is as it was: CRDs, RBAC and namespaces of the demo are removed");
    teller.end();
    Ok(())
}

/// Everything that needs the operator; its processes have ended when this returns.
async fn play(plane: ControlPlane, teller: &Teller, title: &str) -> Result<()> {
    teller.title(title);
    let version = plane.client().await?.apiserver_version().await.context("asking for the version")?;
    teller.fact(format!("kube-apiserver {} answers after {:.1} s", version.git_version, teller.seconds()));
    let logs = TempDir::with_prefix("dataset-operator-demo-").context("making a temporary directory")?;
    let settings = [("DATASET_OPERATOR_RESYNC", RESYNC), ("DATASET_OPERATOR_NAMESPACES", NAMESPACE)];
    let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    let mut stack = Stack::start(plane, logs.path(), settings, Session::Shared).await?;
    stack.emulator.turn(&json!({"jobRunMs": JOB_RUN_MS})).await?;
    teller.fact(format!("pai-emulator serves the dataset API on {}", stack.emulator.url()));
    tell(&mut stack, teller).await.map_err(|error| {
        let log = testbed::tail(&stack.options.log, 30);
        Error::new(format!("{error}\n--- the operator's log ends with ---\n{log}"))
    })
}

async fn tell(stack: &mut Stack, teller: &Teller) -> Result<()> {
    stack.plane.kubectl().run(&["create", "namespace", NAMESPACE]).await?;
    stack.start_operator().await?;
    teller.fact("the operator is ready, as ServiceAccount dataset-operator with the RBAC of deploy/");
    let demo = Demo::new(stack, teller, NAMESPACE).await?;
    demo.create().await?;
    demo.job().await?;
    demo.edit().await?;
    demo.drift().await?;
    demo.delete().await?;
    let Some(operator) = stack.operator.take() else {
        return Err(Error::new("the operator is not running"));
    };
    let status = operator.stop().await?;
    if !status.success() {
        return Err(Error::new(format!("the operator did not end cleanly: {status}")));
    }
    teller.fact("asked to end, the operator ended cleanly");
    Ok(())
}
