//! The API people write: generated files, names, and what the apiserver accepts.

mod generated;
