//! Stories: the shipped operator, as its own process and with its own rights, on a real apiserver and the emulator.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "a test ends by panicking, in its helpers too"
)]

mod accounts;
mod admission;
mod adoption;
mod answers;
mod apply;
mod broken;
mod cluster;
mod configs;
mod configs_faults;
mod configs_owners;
mod configs_secrets;
mod controls;
mod definitions;
mod drift;
mod duplicates;
mod edits;
mod events;
mod files;
mod files_deletion;
mod files_faults;
mod files_sources;
mod handover;
mod health;
mod hostile;
mod inventory;
mod inventory_strangers;
mod jobs;
mod jobs_datasets;
mod jobs_deletion;
mod jobs_ends;
mod jobs_input;
mod jobs_lost;
mod jobs_many;
mod jobs_restored;
mod kills;
mod leases;
mod lifecycle;
mod limits;
mod long_names;
mod looks;
mod lost;
mod meddling;
mod media;
mod media_faults;
mod moving;
mod namespaces_go;
mod normalised;
mod orphaned_versions;
mod orphans;
mod outage;
mod provider_config_changes;
mod provider_configs;
mod recovery;
mod recovery_copy;
mod recovery_move;
mod refused;
mod removal;
mod rights;
mod scene;
mod security;
mod settled;
mod sharing;
mod trees;
mod trouble;
mod upgrade;
mod usage;
mod versions;
