//! The `pai-emulator` program.
fn main() {}
