//! A record of the processes that `up` left running. With it `down` ends exactly these, and never another process that got
//! the same process id later.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use testbed::{Context, Error, Process, Result, repository};

/// The directory of everything `up` writes.
pub(crate) fn home() -> PathBuf {
    repository().join("target/up")
}

/// Processes in the order in which they are stopped.
#[derive(Serialize, Deserialize)]
pub(crate) struct Record {
    processes: Vec<Entry>,
}

/// One process. Together, id and start time name it for as long as the machine runs.
#[derive(Serialize, Deserialize)]
struct Entry {
    name: String,
    pid: u32,
    /// Clock ticks from the start of the machine, field 22 of `/proc/PID/stat`.
    started: u64,
}

impl Record {
    pub(crate) fn of(processes: Vec<(String, u32)>) -> Result<Self> {
        let entry = |(name, pid)| {
            let started = start_time(pid).ok_or_else(|| Error::new(format!("{name} has ended")))?;
            Ok(Entry { name, pid, started })
        };
        let processes = processes.into_iter().map(entry).collect::<Result<_>>()?;
        Ok(Self { processes })
    }

    /// `None` if nothing was left running.
    pub(crate) fn load() -> Result<Option<Self>> {
        let path = path();
        if !path.exists() {
            return Ok(None);
        }
        let what = format!("reading {}", path.display());
        let text = fs::read(path).context(&what)?;
        serde_json::from_slice(&text).map(Some).context(&what)
    }

    pub(crate) fn save(&self) -> Result<()> {
        let text = serde_json::to_string_pretty(self).context("recording the processes")?;
        let path = path();
        fs::write(&path, text).context(format!("writing {}", path.display()))
    }

    /// Ends each in turn and waits for it. Returns the names of those that still ran.
    pub(crate) fn end_all(&self) -> Result<Vec<&str>> {
        let running = self.processes.iter().filter(|entry| entry.is_running());
        running.map(|entry| entry.end().map(|()| entry.name.as_str())).collect()
    }
}

impl Entry {
    fn is_running(&self) -> bool {
        start_time(self.pid) == Some(self.started)
    }

    fn end(&self) -> Result<()> {
        for signal in [Signal::TERM, Signal::KILL] {
            self.send(signal)?;
            let deadline = Instant::now() + Process::PATIENCE;
            while Instant::now() < deadline {
                if !self.is_running() {
                    return Ok(());
                }
                thread::sleep(Duration::from_millis(20));
            }
        }
        Err(Error::new(format!("{} (process {}) does not end", self.name, self.pid)))
    }

    fn send(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| Error::new(format!("{} is no process id", self.pid)))?;
        match kill_process(pid, signal) {
            Err(error) if self.is_running() => Err(error).context(format!("ending {}", self.name)),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

fn path() -> PathBuf {
    home().join("processes.json")
}

/// When a process started, unless it has ended (one that waits for its parent to notice has).
fn start_time(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
    // The second field is the program's name in brackets, and may hold anything.
    let mut fields = text.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?;
    let started = fields.nth(18)?.parse().ok()?;
    (state != "Z").then_some(started)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn ends_its_own_and_no_stranger() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let mut record = Record::of(vec![("sleeper".to_owned(), child.id())]).unwrap();
        record.processes[0].started += 1; // Another process under the same number.
        assert_eq!(record.end_all().unwrap(), Vec::<&str>::new());
        assert!(child.try_wait().unwrap().is_none(), "the stranger lives");
        record.processes[0].started -= 1;
        assert_eq!(record.end_all().unwrap(), ["sleeper"]);
        assert!(!child.wait().unwrap().success());
        assert!(Record::of(vec![("gone".to_owned(), child.id())]).is_err());
    }
}
