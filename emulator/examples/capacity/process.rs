//! An emulator in a process of its own, and what Linux says about that process.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use pai_emulator::{Emulator, Options};
use serde_json::Value;

use crate::Failure;
use crate::wire::Connection;

/// Clock ticks per second in `/proc/<pid>/stat`, the same on every Linux.
const TICKS: f64 = 100.0;

/// What the child does: serves until its standard input ends.
#[tokio::main]
pub(crate) async fn serve() -> Result<(), Failure> {
    let emulator = Emulator::start(Options::default()).await?;
    println!("export EMULATOR_URL='{}'", emulator.url());
    tokio::task::spawn_blocking(|| std::io::stdin().lines().count()).await?;
    Ok(())
}

/// A running emulator, gone with this value.
#[derive(Debug)]
pub(crate) struct Child {
    process: std::process::Child,
    address: SocketAddr,
}

impl Drop for Child {
    fn drop(&mut self) {
        // One that has ended by itself is what is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Child {
    /// Starts this `pai-emulator`, or without one this program as an emulator.
    pub(crate) fn start(program: Option<&str>) -> Result<Self, Failure> {
        let mut command = if let Some(program) = program {
            let mut command = Command::new(program);
            command.args(["--listen", "127.0.0.1:0", "--print-env"]);
            command
        } else {
            let mut command = Command::new(std::env::current_exe()?);
            command.arg("serve");
            command
        };
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdout = process.stdout.take().ok_or("the emulator has no stdout")?;
        let mut child = Self { process, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        for line in BufReader::new(stdout).lines() {
            if let Some(url) = line?.strip_prefix("export EMULATOR_URL='http://") {
                child.address = url.trim_end_matches('\'').parse()?;
                return Ok(child);
            }
        }
        Err("the emulator ended without saying where it listens".into())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A call of the control API.
    pub(crate) fn control(&self, method: &str, path: &str, body: &Value) -> Result<Value, Failure> {
        Connection::to(self.address)?.control(method, path, body)
    }

    /// Processor seconds that the emulator has used, all threads together.
    pub(crate) fn cpu_seconds(&self) -> Result<f64, Failure> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // After the name in parentheses; user and system time are the 14th and 15th field of the line.
        let (_, rest) = stat.rsplit_once(") ").ok_or("an odd /proc/<pid>/stat")?;
        let ticks: Result<Vec<f64>, _> = rest.split(' ').skip(11).take(2).map(str::parse).collect();
        Ok(ticks?.iter().sum::<f64>() / TICKS)
    }

    /// Memory in use now, in MiB.
    pub(crate) fn rss_mib(&self) -> Result<u64, Failure> {
        self.status("VmRSS:")
    }

    /// The most memory that ever was in use, in MiB.
    pub(crate) fn rss_peak_mib(&self) -> Result<u64, Failure> {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> Result<u64, Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("an odd /proc/<pid>/status")?;
        let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024)
    }
}
