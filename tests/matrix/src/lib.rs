//! The crash matrix: every effect of the operator under every fault, on real parts.
//!
//! A *row* is an effect, with a *job* that brings it about; a *column* is a fault, in several *variants*; a *cell* is both,
//! played in its own *scene* and judged by an *oracle*. `README.md` has the details.

pub mod bed;
mod bodies;
pub mod cells;
pub mod columns;
mod edits;
pub mod history;
pub mod jobs;
pub mod keeper;
pub mod named;
pub mod oracle;
pub mod page;
pub mod play;
mod quiet;
pub mod rows;
pub mod run;
pub mod scene;
pub mod steps;
