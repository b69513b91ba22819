//! Starts real parts for tests, the demo and local use: a Kubernetes control plane, the emulator
//! and the operator, each as its own process;
//! and a fault proxy to put between them.
//!
//! Promises: everything is on loopback; everything that a process started ends with this process, however it ends; waiting
//! always has a limit, and its error says what was seen.
//! The operator is a program here, not a crate: objects are plain JSON.
//!
//! ```no_run
//! # async fn story() -> testbed::Result<()> {
//! let plane = testbed::ControlPlane::shared().await?; // CRDs and RBAC are installed
//! let client = plane.client().await?;
//! let namespace = testbed::new_namespace(&client, "rename").await?;
//! let kubeconfig = plane.kubeconfig_for(testbed::NAMESPACE, testbed::SERVICE_ACCOUNT).await?;
//! # Ok(())
//! # }
//! ```

mod audit;
mod binaries;
mod components;
mod controlplane;
mod emulator;
mod error;
mod files;
mod install;
mod kubeconfig;
mod kubectl;
mod leash;
mod objects;
mod operator;
mod pki;
mod ports;
mod process;
pub mod proxy;
mod rights;
mod wait;

pub use audit::{Audit, Filter, OPERATOR_USER, Write};
pub use binaries::{ASSETS, repository};
pub use controlplane::{ControlPlane, Options, TEST_KUBECONFIG};
pub use emulator::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Emulator, WORKSPACE};
pub use error::{Context, Error, Result};
pub use install::{NAMESPACE, SERVICE_ACCOUNT, allow, apply, install, read, uninstall};
pub use kubeconfig::{client, for_service_account};
pub use kubectl::Kubectl;
pub use objects::{api_version, dataset_versions, datasets, media_datasets, new_namespace, objects};
pub use operator::{Operator, OperatorOptions, Ports, SHORT_TIMES};
pub use ports::free as free_port;
pub use process::{OnDrop, Process, Session, tail};
pub use rights::{AUDIT_LOGS, Rights};
pub use wait::{Wait, condition, is_ready};
