//! The limiter as a pure state machine: it gets the time as a value and never waits.
//!
//! Two limits stand in front of each call, that of the account and that of its operation, each with a [`Guard`] that
//! gives no permit faster than its rate. An owner that gets no permit now takes a place in a line ([`Queues`]) and is
//! told when to ask again; it holds nothing meanwhile. When it comes back it gets a permit if
//!
//! * there is one, its turn has come, and no line before its own could use that permit; or
//! * the permit would be lost otherwise: the buckets are full, so no owner that goes before it came for the permit.
//!
//! So owners that are late, gone or impatient lose only their own turn. Lines are ordered by lane. A lane that had less
//! than its share goes first, until it has had a permit.
//!
//! A turn is an estimate: the time at which the permits of all those before will have been used. If others came in
//! between, it is estimated again when the owner comes back. While a rate is lowered, owners are asked to come back
//! when their turn would be at the full rate, so that there are enough of them to use the rate as it rises.

use std::cmp::Ordering;
use std::time::Duration;

use super::bucket::time;
use super::budget::Budget;
use super::guard::Guard;
use super::lane::Lane;
use super::limits::Limits;
use super::queues::{Key, Line, Place, Queues};
use super::throttling::{Scope, Throttling};
use crate::cloud::operation::Operation;

/// The part of a quota that is used. It is below 1 as the service's seconds may be a little longer or shorter than
/// ours.
const SHARE: f64 = 0.98;
/// This many places at the head of a line may take a permit at their turn before the ones ahead of them have come.
const FEW: usize = 32;
/// No owner is asked to come back sooner than this only because the rate might rise.
const NEAR: Duration = Duration::from_millis(200);

/// The answer to an owner that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A permit; the place is used up.
    Granted,
    /// When to ask again; the place is kept.
    At(Duration),
    /// The budget of the day is spent for this lane until then; no place is kept.
    Spent(Duration),
}

#[derive(Debug)]
pub(super) struct Schedule {
    account: Guard,
    /// In the order of [`Operation::ALL`].
    operations: [Guard; Operation::ALL.len()],
    /// Operations with a quota of their own.
    stated: Vec<Operation>,
    budget: Option<Budget>,
    queues: Queues,
    /// The time from which on a lane has had less than its share, in the order of [`Lane::ALL`].
    owed_at: [Duration; Lane::ALL.len()],
}

impl Schedule {
    /// A schedule for an account with these limits.
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            account: Guard::new(SHARE * limits.qps),
            operations: Operation::ALL.map(|operation| Guard::new(SHARE * limits.of(operation))),
            stated: limits.operations.keys().copied().collect(),
            budget: None,
            queues: Queues::default(),
            owed_at: [Duration::ZERO; Lane::ALL.len()],
        }
    }

    /// From now on, these are the limits. A rate that throttling has lowered rises again as before.
    pub(super) fn set(&mut self, now: Duration, limits: &Limits) {
        self.account.set_ceiling(now, SHARE * limits.qps);
        for operation in Operation::ALL {
            self.operation_mut(operation).set_ceiling(now, SHARE * limits.of(operation));
        }
        self.stated = limits.operations.keys().copied().collect();
    }

    pub(super) fn set_budget(&mut self, budget: Budget) {
        self.budget = Some(budget);
    }

    /// Gives `key` a permit, or tells it when to ask again.
    pub(super) fn ask(&mut self, now: Duration, key: &Key, line: Line) -> Verdict {
        if let Some(until) = self.closed(now, line.lane) {
            self.queues.remove(key);
            return Verdict::Spent(until);
        }
        let place = self.queues.place(now, key, line);
        let (estimate, at_best) = self.estimate(now, &place);
        let turn = estimate <= now || place.rank < FEW && place.due.is_some_and(|due| due <= now);
        let permit = self.account.bucket.has_one(now) && self.operation(line.operation).bucket.has_one(now);
        if permit && (turn && !self.is_outranked(now, &place) || self.is_lost(now, line.operation)) {
            self.grant(now, key, line);
            return Verdict::Granted;
        }
        // An owner whose turn has come but that is outranked gets the permit once it would be lost.
        let due = if estimate > now { estimate } else { self.lost_at(now, line.operation) };
        let due = due.max(now + Duration::from_micros(1));
        self.queues.postpone(key, due);
        Verdict::At(if due.saturating_sub(now) < NEAR { due } else { at_best.clamp(now + NEAR, due) })
    }

    /// How many are before `key`, and its turn.
    pub(super) fn ahead(&self, key: &Key) -> Option<(usize, Duration)> {
        self.queues.ahead(key)
    }

    /// Frees the place of `key`.
    pub(super) fn forget(&mut self, key: &Key) {
        self.queues.remove(key);
    }

    /// A call that was sent at `sent` was throttled.
    pub(super) fn throttled(&mut self, now: Duration, sent: Duration, operation: Operation, throttling: Throttling) {
        let after = throttling.after.unwrap_or_default();
        match throttling.scope {
            Scope::Account => self.account.throttled(now, sent, after),
            Scope::Operation => self.operation_mut(operation).throttled(now, sent, after),
        }
    }

    /// A call was carried out.
    pub(super) fn succeeded(&mut self, now: Duration, operation: Operation) {
        self.account.succeeded(now);
        self.operation_mut(operation).succeeded(now);
    }

    /// When a call that has its permit and is ready now may leave; it is counted as leaving then.
    pub(super) fn leave(&mut self, now: Duration, operation: Operation) -> Duration {
        let at = self.account.leave(now);
        self.operation_mut(operation).leave(at)
    }

    /// A permit was not used: no call was sent.
    pub(super) fn unused(&mut self, now: Duration) {
        if let Some(budget) = &mut self.budget {
            budget.refund(now);
        }
    }

    /// The account's present rate.
    pub(super) fn rate(&self) -> f64 {
        self.account.pace.rate()
    }

    /// The rates of operations that have a stated limit or are still slowed down by throttling.
    pub(super) fn operation_rates(&self) -> impl Iterator<Item = (Operation, f64)> {
        let all = Operation::ALL.into_iter().zip(&self.operations);
        let own = all.filter(|(operation, guard)| self.stated.contains(operation) || guard.pace.is_lowered());
        own.map(|(operation, guard)| (operation, guard.pace.rate()))
    }

    /// The number of places in a lane.
    pub(super) fn waiting(&self, lane: Lane) -> usize {
        self.queues.lines().filter(|(line, ..)| line.lane == lane).map(|(.., count)| count).sum()
    }

    /// The budget and how much of it is spent today.
    pub(super) fn budget(&self, now: Duration) -> Option<(u64, u64)> {
        self.budget.as_ref().map(|budget| budget.state(now))
    }

    fn closed(&self, now: Duration, lane: Lane) -> Option<Duration> {
        self.budget.as_ref()?.closed(now, lane)
    }

    fn grant(&mut self, now: Duration, key: &Key, line: Line) {
        self.queues.remove(key);
        self.account.bucket.take(now);
        self.operation_mut(line.operation).bucket.take(now);
        if let Some(budget) = &mut self.budget {
            budget.spend(now);
        }
        if let Some(interval) = self.share_interval(line.lane) {
            let owed_at = &mut self.owed_at[line.lane as usize];
            *owed_at = (*owed_at).clamp(now.saturating_sub(interval), now) + interval;
        }
    }

    /// Whether an owner in another line goes before this one for a permit of this moment.
    fn is_outranked(&self, now: Duration, place: &Place) -> bool {
        let order = |line: Line, ticket| (!self.is_owed(now, line.lane), line.lane, line.waiting, ticket);
        let own = order(place.line, place.ticket);
        let mut others = self.queues.lines().filter(|(other, ..)| *other != place.line);
        others.any(|(other, first, _)| order(other, first) < own && self.operation(other.operation).bucket.has_one(now))
    }

    fn is_owed(&self, now: Duration, lane: Lane) -> bool {
        lane.share().is_some() && self.owed_at[lane as usize] <= now && self.closed(now, lane).is_none()
    }

    /// The time in which the share of a lane is worth one permit.
    fn share_interval(&self, lane: Lane) -> Option<Duration> {
        lane.share().map(|share| time(1.0 / (share * self.rate())))
    }

    /// Whether a permit that is not taken now is lost.
    fn is_lost(&self, now: Duration, operation: Operation) -> bool {
        self.account.bucket.is_full(now) && self.operation(operation).bucket.is_full(now)
    }

    fn lost_at(&self, now: Duration, operation: Operation) -> Duration {
        self.account.bucket.when_full(now).max(self.operation(operation).bucket.when_full(now))
    }

    /// The turn of a place: the estimate at the present rate, and the one at best.
    fn estimate(&self, now: Duration, place: &Place) -> (Duration, Duration) {
        let line = place.line;
        let rank = count(place.rank);
        // How many permits are used before it: of the account, of the lane, of the operation.
        let (mut by_account, mut by_lane, mut by_operation) = (rank, rank, rank);
        for (other, first, waiting) in self.queues.lines().filter(|(other, ..)| *other != line) {
            let (waiting, allowed) = (count(waiting), self.operation(other.operation).bucket.rate());
            match (other.lane, other.waiting).cmp(&(line.lane, line.waiting)) {
                // Only as many of them as can go within a second.
                Ordering::Less => {
                    by_account += waiting.min(allowed.max(1.0));
                    by_lane += if other.lane == line.lane { waiting } else { 0.0 };
                    by_operation += if other.operation == line.operation { waiting } else { 0.0 };
                }
                // These take turns with its own line.
                Ordering::Equal if first < place.ticket => by_account += waiting.min(rank * allowed / self.rate()),
                Ordering::Equal | Ordering::Greater => {}
            }
        }
        let (mut at, mut at_best) = self.account.when(now, 1.0 + by_account);
        if let Some(interval) = self.share_interval(line.lane) {
            let owed = self.owed_at[line.lane as usize].saturating_add(interval.mul_f64(by_lane));
            at = at.min(owed.max(self.account.bucket.when(now, 1.0)));
        }
        at_best = at_best.min(at);
        let own = self.operation(line.operation).when(now, 1.0 + by_operation);
        (at.max(own.0), at_best.max(own.1))
    }

    fn operation(&self, operation: Operation) -> &Guard {
        &self.operations[operation as usize]
    }

    fn operation_mut(&mut self, operation: Operation) -> &mut Guard {
        &mut self.operations[operation as usize]
    }
}

#[allow(clippy::cast_precision_loss)] // no crowd has 2^52 members
fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests;
