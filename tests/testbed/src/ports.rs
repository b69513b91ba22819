//! Free loopback ports.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::SystemTime;

use crate::error::{Error, Result};

/// Below the range from which the kernel takes ports for outgoing connections: a port that is free
/// now cannot be lost to a client between this look and the server's `bind`.
const FIRST: u16 = 15_000;
const COUNT: u16 = 15_000;

/// A loopback TCP port that nobody listens on, never the same twice in one process. Another
/// process may still take it first; the caller then tries again with another port.
pub fn free() -> Result<u16> {
    static NEXT: OnceLock<AtomicU16> = OnceLock::new();
    let next = NEXT.get_or_init(|| AtomicU16::new(somewhere()));
    for _ in 0..COUNT {
        let port = FIRST + next.fetch_add(1, Ordering::Relaxed) % COUNT;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(Error::new("no free loopback port"))
}

/// Different processes begin at different places.
fn somewhere() -> u16 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seed = now.map_or(0, |now| now.subsec_nanos()) ^ (std::process::id() << 12);
    u16::try_from(seed % u32::from(COUNT)).unwrap_or_default()
}
