//! Metrics of the process itself, read from procfs at a scrape. Values that cannot be read are left out.

use std::fmt;
use std::fs;

use jiff::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet};

use super::{counter, gauge, gauges};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: &'static str,
}

/// This process.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) started: Timestamp,
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let e = &mut encoder;
        counter(e, "process_cpu_seconds", "CPU time used, user and system", cpu_seconds())?;
        let build = (Build { version: env!("CARGO_PKG_VERSION") }, 1_u64);
        gauges(e, "build_info", "1; the label says which build", [build])?;
        let started = self.started.as_duration().as_secs_f64();
        gauge(e, "process_start_time_seconds", "When the process started, in seconds since 1970", started)?;
        sizes().into_iter().try_for_each(|(name, help, value)| gauge(e, name, help, value))
    }
}

fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let seconds = std::time::Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    );
    seconds.as_secs_f64()
}

fn sizes() -> Vec<(&'static str, &'static str, u64)> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let descriptors = fs::read_dir("/proc/self/fd").ok().and_then(|list| u64::try_from(list.count()).ok());
    [
        ("process_resident_memory_bytes", "Memory in use", kilobytes(&status, "VmRSS:")),
        ("process_virtual_memory_bytes", "Address space in use", kilobytes(&status, "VmSize:")),
        ("process_virtual_memory_max_bytes", "Address space allowed", limit(&limits, "Max address space")),
        // One of the descriptors is that of the directory that is being read.
        ("process_open_fds", "Open file descriptors", descriptors.map(|count| count.saturating_sub(1))),
        ("process_max_fds", "File descriptors allowed", limit(&limits, "Max open files")),
    ]
    .into_iter()
    .filter_map(|(name, help, value)| Some((name, help, value?)))
    .collect()
}

/// Reads a line such as `VmRSS:      1234 kB`, in bytes.
fn kilobytes(status: &str, key: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// Reads the soft limit of a line such as `Max open files            1024                 4096                 files`.
fn limit(limits: &str, key: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix(key))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn procfs_is_read_as_it_is_written() {
        assert_eq!(kilobytes("VmSize:\t   10 kB\nVmRSS:\t    2 kB\n", "VmRSS:"), Some(2048));
        assert_eq!(kilobytes("VmRSS:\t many kB\n", "VmRSS:"), None);
        let limits = "Max open files            1024                 4096                 files     \n\
                      Max address space         unlimited            unlimited            bytes     \n";
        assert_eq!(limit(limits, "Max open files"), Some(1024));
        assert_eq!(limit(limits, "Max address space"), Some(u64::MAX));
        assert_eq!(limit("", "Max open files"), None);
    }

    #[test]
    fn this_process_uses_memory_and_time() {
        let value = |name: &str| sizes().iter().find(|(other, _, _)| *other == name).map(|(_, _, value)| *value);
        assert!(value("process_resident_memory_bytes").unwrap() > 100_000);
        assert!(value("process_open_fds").unwrap() >= 3);
        assert!(cpu_seconds() > 0.0);
    }
}
