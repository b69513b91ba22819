//! Decides about the lease: who holds it, when it has run out, and what to write next.
//!
//! Like client-go, it compares no time in the lease with a clock, as clocks of machines differ: the lease of somebody else
//! has run out if this process has seen it unchanged for its whole duration. All times are times since boot.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};

/// The times of an election.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// Others take the lease if they saw it unchanged for this long.
    pub(super) duration: Duration,
    /// The holder gives up if it could not renew the lease for this long.
    pub(super) renew: Duration,
    /// The last part of the duration, in which the holder sends nothing that changes something.
    pub(super) margin: Duration,
}

/// What a candidate knows.
#[derive(Debug)]
pub(super) struct Election {
    me: String,
    times: Times,
    /// The lease as it was seen last, and since when it has looked so.
    seen: Option<(Lease, Duration)>,
    /// When the last write began that made this candidate the holder, or kept it so.
    renewed: Option<Duration>,
}

impl Election {
    pub(super) const fn new(me: String, times: Times) -> Self {
        Self { me, times, seen: None, renewed: None }
    }

    /// The lease was read: `None` if there is none.
    pub(super) fn sees(&mut self, lease: Option<Lease>, now: Duration) {
        let Some(lease) = lease else {
            self.seen = None;
            return;
        };
        let since = self.seen.as_ref().filter(|(before, _)| before.spec == lease.spec).map_or(now, |(_, since)| *since);
        self.seen = Some((lease, since));
    }

    /// A write that began at this time was carried out.
    pub(super) fn wrote(&mut self, lease: Lease, begun: Duration) {
        self.seen = Some((lease, begun));
        self.renewed = Some(begun);
    }

    /// The lease that takes or renews the lease, as it has to be written now; `None` as long as somebody else holds it.
    /// Its resource version is that of the lease as it was seen, so it replaces no other.
    pub(super) fn wanted(&self, now: Duration, clock: Timestamp) -> Option<Lease> {
        let time = Some(MicroTime(clock));
        let Some((lease, since)) = &self.seen else {
            return Some(self.with(ObjectMeta::default(), time.clone(), time, 0));
        };
        let spec = lease.spec.clone().unwrap_or_default();
        let turns = spec.lease_transitions.unwrap_or_default();
        match holder(lease) {
            Some(holder) if holder == self.me => {
                Some(self.with(lease.metadata.clone(), spec.acquire_time, time, turns))
            }
            Some(_) if now < *since + duration(&spec) => None,
            Some(_) | None => Some(self.with(lease.metadata.clone(), time.clone(), time, turns.saturating_add(1))),
        }
    }

    /// The lease without a holder, so that another candidate need not wait; `None` if this one does not hold it.
    pub(super) fn released(&self, clock: Timestamp) -> Option<Lease> {
        let (lease, _) = self.seen.as_ref().filter(|(lease, _)| holder(lease) == Some(&self.me))?;
        let mut lease = lease.clone();
        let spec = lease.spec.get_or_insert_default();
        (spec.holder_identity, spec.lease_duration_seconds) = (Some(String::new()), Some(1));
        spec.renew_time = Some(MicroTime(clock));
        Some(lease)
    }

    /// Who else holds the lease.
    pub(super) fn other_holder(&self) -> Option<&str> {
        self.seen.as_ref().and_then(|(lease, _)| holder(lease)).filter(|holder| *holder != self.me)
    }

    /// Until when this candidate may change something.
    pub(super) fn holds_until(&self) -> Duration {
        let renewed = self.renewed.filter(|_| self.other_holder().is_none());
        renewed.map_or(Duration::ZERO, |renewed| renewed + self.times.duration.saturating_sub(self.times.margin))
    }

    /// When this candidate gives up unless it renews the lease before; now if somebody else has it. `None` if it does not
    /// hold the lease.
    pub(super) fn gives_up_at(&self) -> Option<Duration> {
        let renewed = self.renewed?;
        Some(if self.other_holder().is_some() { Duration::ZERO } else { renewed + self.times.renew })
    }

    fn with(&self, metadata: ObjectMeta, acquired: Option<MicroTime>, renewed: Option<MicroTime>, turns: i32) -> Lease {
        let seconds = i32::try_from(self.times.duration.as_secs()).unwrap_or(i32::MAX);
        let spec = LeaseSpec {
            holder_identity: Some(self.me.clone()),
            lease_duration_seconds: Some(seconds),
            acquire_time: acquired,
            renew_time: renewed,
            lease_transitions: Some(turns),
            ..LeaseSpec::default()
        };
        Lease { metadata, spec: Some(spec) }
    }
}

fn holder(lease: &Lease) -> Option<&str> {
    lease.spec.as_ref()?.holder_identity.as_deref().filter(|holder| !holder.is_empty())
}

fn duration(spec: &LeaseSpec) -> Duration {
    Duration::from_secs(u64::try_from(spec.lease_duration_seconds.unwrap_or_default()).unwrap_or_default())
}

#[cfg(test)]
#[path = "lease_tests.rs"]
mod tests;
