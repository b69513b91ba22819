//! One life of the operator: from its start to its death. A dead process sends nothing.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Parser;
use dataset_operator::admin::Readiness;
use dataset_operator::fence::Fence;
use dataset_operator::metrics::Metrics;
use dataset_operator::operator::{Dependencies, operate};
use dataset_operator::settings::{Flags, Settings};
use tokio::sync::Notify;

use crate::identity;
use crate::job::WORKSPACE;
use crate::wire;
use crate::world::World;

/// A dead operator comes back after this time.
const PAUSE: Duration = Duration::from_secs(2);

/// A process. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Life {
    /// From 1.
    pub(crate) number: u32,
    dead: Arc<AtomicBool>,
    death: Arc<Notify>,
}

impl Life {
    /// The one after this.
    pub(crate) fn next(&self) -> Self {
        Self { number: self.number + 1, ..Self::default() }
    }

    /// The process has not died yet.
    pub(crate) fn lives(&self) -> bool {
        !self.dead.load(Ordering::Relaxed)
    }

    /// The process dies.
    pub(crate) fn end(&self) {
        self.dead.store(true, Ordering::Relaxed);
        self.death.notify_one();
    }
}

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    flags: Flags,
}

/// The settings of all lives: the defaults.
fn settings() -> Settings {
    let cloud = "http://cloud.simulated";
    let arguments =
        ["operator", "--endpoint", cloud, "--imm-endpoint", cloud, "--workspace-id", WORKSPACE, "--leader-elect=false"];
    Settings::new(Command::parse_from(arguments).flags).unwrap()
}

/// Keeps an operator running, life after life, for ever.
pub(crate) async fn keep_alive(world: &Arc<World>) -> Infallible {
    loop {
        let life = world.begin_life();
        let stranger_for = world.stranger_for();
        let stranger = !stranger_for.is_zero();
        let dependencies = Dependencies {
            kube: wire::kube(world, &life),
            leases: wire::kube(world, &life),
            fence: Fence::open(),
            transport: Arc::new(wire::Cloud::new(world, &life)),
            credentials: Arc::new(identity::environment(stranger)),
            metrics: Arc::new(Metrics::default()),
            ready: Readiness::default(),
            refused: Arc::default(),
        };
        tokio::select! {
            biased;
            () = life.death.notified() => {}
            () = tokio::time::sleep(stranger_for), if stranger => life.end(),
            // The operator could not start, and ends by itself.
            result = operate(settings(), dependencies, std::future::pending()) => {
                assert!(result.is_err(), "nobody asked it to stop");
                life.end();
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}
