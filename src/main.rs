//! The `dataset-operator` program.
fn main() {}
