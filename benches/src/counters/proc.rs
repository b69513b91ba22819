//! Processor time and memory of a process, from `/proc`.

use std::fs;

/// What a process has used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    /// User and system time since it started, in steps of one tick (10 ms).
    pub(crate) cpu_seconds: f64,
    /// Resident memory now.
    pub(crate) rss_mb: f64,
    /// The most there ever was.
    pub(crate) peak_mb: f64,
}

impl Usage {
    /// Of process `pid`; `None` if there is none.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        Some(parse(&stat, &status, rustix::param::clock_ticks_per_second()))
    }
}

#[allow(clippy::cast_precision_loss, reason = "kilobytes and ticks of one machine")]
fn parse(stat: &str, status: &str, ticks_per_second: u64) -> Usage {
    // The name of the program is in parentheses and may hold anything; state is the field after it.
    let fields = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks: u64 = fields.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    let mb = |key| kilobytes(status, key).unwrap_or_default() as f64 / 1024.0;
    Usage { cpu_seconds: ticks as f64 / ticks_per_second.max(1) as f64, rss_mb: mb("VmRSS"), peak_mb: mb("VmHWM") }
}

/// `Key:   123 kB` in the files of `/proc`.
pub(crate) fn kilobytes(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_kernel_writes() {
        let stat = "42 (a b) c) S 1 42 42 0 -1 4194560 9001 0 1 0 150 50 0 0 20 0 9 0 77 1000 200 18446744073709551615";
        let status = "Name:\ta b) c\nVmPeak:\t  999999 kB\nVmHWM:\t    4096 kB\nVmRSS:\t    2048 kB\nThreads:\t9\n";
        assert_eq!(parse(stat, status, 100), Usage { cpu_seconds: 2.0, rss_mb: 2.0, peak_mb: 4.0 });
        assert_eq!(kilobytes(status, "Vm"), None);
        let own = Usage::of(std::process::id()).unwrap();
        assert!(own.rss_mb > 0.5 && own.peak_mb >= own.rss_mb, "{own:?}");
        assert_eq!(Usage::of(u32::MAX), None);
    }
}
