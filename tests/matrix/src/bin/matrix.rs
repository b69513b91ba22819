//! The program of the crash matrix; `matrix::program` says what it does.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(debug_assertions)]
    return matrix::program::main();
    #[cfg(not(debug_assertions))]
    {
        eprintln!("the matrix needs a build with debug assertions: make matrix");
        ExitCode::FAILURE
    }
}
