//! The emulator over HTTP, as clients meet it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::needless_pass_by_value, reason = "calls with json!(…) in place read best")]

#[path = "api/client.rs"]
mod client;
#[path = "api/control.rs"]
mod control;
#[path = "api/datasets.rs"]
mod datasets;
#[path = "api/disk.rs"]
mod disk;
#[path = "api/errors.rs"]
mod errors;
#[path = "api/faults.rs"]
mod faults;
#[path = "api/files.rs"]
mod files;
#[path = "api/identity.rs"]
mod identity;
#[path = "api/imm.rs"]
mod imm;
#[path = "api/job_configs.rs"]
mod job_configs;
#[path = "api/jobs.rs"]
mod jobs;
#[path = "api/knobs.rs"]
mod knobs;
#[path = "api/life.rs"]
mod life;
#[path = "api/lists.rs"]
mod lists;
#[path = "api/metadata.rs"]
mod metadata;
#[path = "api/names.rs"]
mod names;
#[path = "api/nonsense.rs"]
mod nonsense;
#[path = "api/program.rs"]
mod program;
#[path = "api/roles.rs"]
mod roles;
#[path = "api/sharing.rs"]
mod sharing;
#[path = "api/versions.rs"]
mod versions;
#[path = "api/visibility.rs"]
mod visibility;
