//! The API for people: generated files, names, and the objects that the apiserver accepts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends by panicking, in its helpers too"
)]

mod admission;
mod apiserver;
mod cases;
mod check;
mod generated;
mod pages;
mod reference;
mod roles;
mod rooms;
mod samples;
mod security;
mod troubleshooting;
mod types;
mod upgrade;
