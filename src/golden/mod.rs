//! What the operator does, frozen: the step that is decided for thousands of seeded views, the status that is written for
//! thousands of seeded reports, and what is read of stored objects are as `tests/fixtures/golden` says.
//!
//! A change of what the operator does shows here as changed lines. A change of how the code is written shows nowhere:
//! [`outside`] turns a step into what it does outside of the process, and is the place to adapt when steps get other
//! names. `REGENERATE=1 cargo test -p dataset-operator --lib golden` writes the files anew.

mod dice;
mod files;
mod lean;
mod objects;
mod outside;
mod plans;
mod seen;
mod statuses;
mod stored;
mod views;
mod wishes;
