//! The API people write: generated files, names, and what the apiserver accepts.

mod admission;
mod cases;
mod check;
mod generated;
