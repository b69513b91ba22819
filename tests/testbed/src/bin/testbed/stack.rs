//! Control plane, emulator and operator together, as `up` and the demo start them.

use std::env;
use std::path::{Path, PathBuf};

use testbed::{
    ACCESS_KEY_ID, ACCESS_KEY_SECRET, Context, ControlPlane, Emulator, Error, NAMESPACE, Operator, OperatorOptions,
    Ports, Result, SERVICE_ACCOUNT, Session, WORKSPACE, install,
};

/// Everything that runs. Dropped from the top: the operator ends before the servers that it calls.
pub(crate) struct Stack {
    pub(crate) operator: Option<Operator>,
    pub(crate) emulator: Emulator,
    pub(crate) plane: ControlPlane,
    /// How an operator is started here, also if none is.
    pub(crate) options: OperatorOptions,
    pub(crate) ports: Ports,
}

impl Stack {
    /// Installs CRDs and RBAC on `plane` and starts the emulator; logs go to `logs`, `settings` to the operator.
    pub(crate) async fn start(
        plane: ControlPlane,
        logs: &Path,
        settings: Vec<(String, String)>,
        session: Session,
    ) -> Result<Self> {
        install(&plane.client().await?).await?;
        let kubeconfig = plane.kubeconfig_for(NAMESPACE, SERVICE_ACCOUNT).await?;
        let emulator_log = logs.join("emulator.log");
        let emulator =
            Emulator::start(&program("pai-emulator")?, &inherited("PAI_EMULATOR_"), &emulator_log, session).await?;
        let own = [
            ("DATASET_OPERATOR_ENDPOINT", emulator.url()),
            ("DATASET_OPERATOR_IMM_ENDPOINT", emulator.url()),
            ("DATASET_OPERATOR_WORKSPACE_ID", WORKSPACE),
            ("ALIBABA_CLOUD_ACCESS_KEY_ID", ACCESS_KEY_ID),
            ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ACCESS_KEY_SECRET),
        ];
        let own = own.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let options = OperatorOptions {
            bin: program("dataset-operator")?,
            kubeconfig,
            env: own.into_iter().chain(settings).collect(),
            log: logs.join("operator.log"),
            session,
        };
        Ok(Self { operator: None, emulator, plane, options, ports: Ports::free()? })
    }

    /// Starts the operator and waits until it is ready.
    pub(crate) async fn start_operator(&mut self) -> Result<()> {
        let operator = Operator::start_on(&self.options, self.ports).await?;
        self.operator = Some(operator);
        Ok(())
    }

    /// Names and ids of all processes, in the order in which they are stopped.
    pub(crate) fn processes(&self) -> Vec<(String, u32)> {
        let operator = self.operator.iter().map(|operator| operator.process().named_id());
        operator.chain([self.emulator.process().named_id()]).chain(self.plane.processes()).collect()
    }

    /// Lets everything stay when this process ends.
    pub(crate) fn detach(self) -> Result<()> {
        if let Some(operator) = self.operator {
            operator.detach()?;
        }
        self.emulator.detach()?;
        self.plane.detach()
    }
}

/// A binary that was built together with this one.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    let own = env::current_exe().context("looking for this program")?;
    let path = own.with_file_name(name);
    if path.exists() { Ok(path) } else { Err(Error::new(format!("{} is not built; use make", path.display()))) }
}

/// Settings that the caller gave in the environment, by the beginning of their names.
pub(crate) fn inherited(prefix: &str) -> Vec<(String, String)> {
    env::vars().filter(|(key, _)| key.starts_with(prefix) && key != testbed::TEST_KUBECONFIG).collect()
}
