//! No process outlives the process that started it, not even after `kill -9`.
//!
//! One small shell process per harness process waits for a pipe to close. The kernel closes it
//! when the owner ends, for whatever reason. The shell then kills the processes that are still registered and removes the
//! registered directories. It works the same for binaries of this project and for prebuilt ones.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::error::{Context, Result};

static LEASH: Mutex<Option<Child>> = Mutex::new(None);

/// Ends process `pid` when this process ends.
pub(crate) fn hold(pid: u32) -> Result<()> {
    tell(&format!("hold {pid}"))
}

/// Unregisters `pid`: the process has ended, or must stay.
pub(crate) fn release(pid: u32) -> Result<()> {
    tell(&format!("release {pid}"))
}

/// Removes `path` when this process ends.
pub(crate) fn directory(path: &Path) -> Result<()> {
    tell(&format!("directory {}", path.display()))
}

fn tell(line: &str) -> Result<()> {
    let mut leash = LEASH.lock().unwrap_or_else(PoisonError::into_inner);
    let child = match leash.take() {
        Some(child) => child,
        None => start()?,
    };
    let child = leash.insert(child);
    let Some(pipe) = child.stdin.as_mut() else {
        return Ok(()); // It was started with one.
    };
    writeln!(pipe, "{line}").context("telling the leash")
}

fn start() -> Result<Child> {
    Command::new("sh")
        .args(["-c", include_str!("leash.sh"), "leash"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Its own group: Ctrl-C is for the owner, and the leash acts after the owner has ended.
        .process_group(0)
        .spawn()
        .context("starting sh, which ends the test's processes")
}
