//! A child process that logs to a file and never outlives its owner.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use crate::error::{Context, Error, Result};
use crate::leash;

/// How often a process that was asked to end is looked at.
pub(crate) const GLANCE: Duration = Duration::from_millis(10);

/// Whether a process belongs to this terminal's session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Session {
    /// It stays in the session, in its own process group: Ctrl-C reaches only its owner, which then
    /// stops it in order.
    Shared,
    /// It gets a session of its own, so that it can stay when the terminal goes.
    Own,
}

/// The end of a process when its handle is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDrop {
    /// SIGTERM, and SIGKILL after [`Process::PATIENCE`]; blocks until it has ended.
    End,
    /// SIGKILL.
    Kill,
    /// The process continues to run.
    Stay,
}

/// A running child.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    on_drop: OnDrop,
}

impl Process {
    /// How long a process may take to end after SIGTERM by default.
    pub const PATIENCE: Duration = Duration::from_secs(10);

    /// Starts `program` with `arguments` and exactly the environment `env` plus `PATH`; both its
    /// outputs are appended to `log`.
    pub fn spawn(
        name: &str,
        program: &Path,
        arguments: &[String],
        env: &[(String, String)],
        log: &Path,
        session: Session,
    ) -> Result<Self> {
        let mut command = match session {
            Session::Shared => {
                let mut command = Command::new(program);
                command.process_group(0);
                command
            }
            Session::Own => {
                // Not a group leader yet, so setsid(1) becomes the program under the same pid.
                let mut command = Command::new("setsid");
                command.arg(program);
                command
            }
        };
        let out = File::options().create(true).append(true).open(log);
        let out = out.context(format!("opening {}", log.display()))?;
        let err = out.try_clone().context("sharing the log")?;
        let child = command
            .args(arguments)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .envs(env.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()
            .context(format!("starting {name} ({})", program.display()))?;
        let process = Self { name: name.to_owned(), child, log: log.to_owned(), on_drop: OnDrop::End };
        leash::hold(process.id())?;
        Ok(process)
    }

    /// The same process, with another end.
    #[must_use]
    pub fn on_drop(mut self, on_drop: OnDrop) -> Self {
        self.on_drop = on_drop;
        self
    }

    /// What it was called at the start.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The file that has both its outputs.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// How it ended, if it has.
    pub fn exited(&mut self) -> Result<Option<ExitStatus>> {
        let status = self.child.try_wait();
        let status = status.context(format!("looking after {}", self.name))?;
        if status.is_some() {
            leash::release(self.id())?; // The number may soon be another's.
        }
        Ok(status)
    }

    /// Sends SIGTERM. Nothing happens if it has ended.
    pub fn ask_to_end(&mut self) -> Result<()> {
        if self.exited()?.is_some() {
            return Ok(());
        }
        kill_process(Pid::from_child(&self.child), Signal::TERM).context(format!("asking {} to end", self.name))
    }

    /// Stops it where it is (SIGSTOP), and returns once it stands still.
    pub(crate) fn freeze(&mut self) -> Result<()> {
        let pid = Pid::from_child(&self.child);
        let stopped = kill_process(pid, Signal::STOP).and_then(|()| waitpid(Some(pid), WaitOptions::UNTRACED));
        match stopped.context(format!("stopping {}", self.name))? {
            Some((_, status)) if status.stopped() => Ok(()),
            Some(_) | None => Err(Error::new(format!("{} ended instead of standing still", self.name))),
        }
    }

    /// Continues it (SIGCONT).
    pub(crate) fn thaw(&mut self) -> Result<()> {
        let what = format!("letting {} go on", self.name);
        kill_process(Pid::from_child(&self.child), Signal::CONT).context(what)
    }

    /// Sends SIGKILL and waits.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        let name = &self.name;
        self.child.kill().context(format!("killing {name}"))?;
        let status = self.child.wait().context(format!("killing {name}"))?;
        leash::release(self.id())?;
        Ok(status)
    }

    /// SIGTERM, and SIGKILL if it has not ended after `patience`. Blocks until it has ended.
    pub fn end(&mut self, patience: Duration) -> Result<ExitStatus> {
        self.ask_to_end()?;
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if let Some(status) = self.exited()? {
                return Ok(status);
            }
            thread::sleep(GLANCE);
        }
        self.kill()
    }

    /// The last `lines` of its log.
    pub fn log_tail(&self, lines: usize) -> String {
        tail(&self.log, lines)
    }

    /// Its name and process id, to record or to show.
    pub fn named_id(&self) -> (String, u32) {
        (self.name.clone(), self.id())
    }

    /// Lets it stay when this process ends.
    pub fn detach(mut self) -> Result<()> {
        self.on_drop = OnDrop::Stay;
        leash::release(self.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A failure cannot be reported here; the leash tries again at the end.
        let _ = match self.on_drop {
            OnDrop::End => self.end(Self::PATIENCE).map(drop),
            OnDrop::Kill => self.kill().map(drop),
            OnDrop::Stay => Ok(()),
        };
    }
}

/// The last `lines` lines of a file, or the reason why there are none.
pub fn tail(path: &Path, lines: usize) -> String {
    match std::fs::read(path) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            let all: Vec<&str> = text.lines().collect();
            let first = all.len().saturating_sub(lines);
            all.get(first..).unwrap_or_default().join("\n")
        }
        Err(error) => format!("(no log at {}: {error})", path.display()),
    }
}
