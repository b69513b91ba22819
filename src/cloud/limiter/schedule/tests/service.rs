//! A simulation of a service with quotas, an operator with a backlog of creates, and a network between them, in virtual
//! time.
//!
//! The operator behaves as the real one: an object that reserved a permit comes back a few milliseconds late, 32
//! objects are reconciled at a time, each writes its claim before it sends, and tries again with growing delays after a
//! throttled call.

use std::collections::VecDeque;

use super::*;

/// Reconciles at the same time.
pub(super) const SLOTS: usize = 32;

/// How a quota counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Form {
    /// A bucket that holds a second's worth.
    Bucket,
    /// This many in each second of the service's clock.
    Window,
}

pub(super) const FORMS: [Form; 2] = [Form::Bucket, Form::Window];

/// A quota that changes at given times: calls per second from then on.
pub(super) struct Quota {
    form: Form,
    rates: Vec<(Duration, f64)>,
    left: f64,
    at: Duration,
}

impl Quota {
    pub(super) fn new(form: Form, rates: &[(u64, f64)]) -> Self {
        let rates: Vec<_> = rates.iter().map(|(second, rate)| (Duration::from_secs(*second), *rate)).collect();
        Self { form, left: rates[0].1, rates, at: Duration::ZERO }
    }

    pub(super) fn constant(form: Form, rate: f64) -> Self {
        Self::new(form, &[(0, rate)])
    }

    /// Whether there is room for a call.
    fn has_room(&mut self, now: Duration) -> bool {
        let rate = self.rates.iter().rev().find(|(from, _)| *from <= now).unwrap().1;
        match self.form {
            Form::Bucket => self.left = (self.left + now.saturating_sub(self.at).as_secs_f64() * rate).min(rate),
            Form::Window => {
                let used = self.rates.iter().rev().find(|(from, _)| *from <= self.at).unwrap().1 - self.left;
                // The service's seconds do not begin with ours.
                let second = |time: Duration| (time + ms(370)).as_secs();
                self.left = if second(now) == second(self.at) { rate - used } else { rate };
            }
        }
        self.at = now;
        self.left >= 1.0
    }
}

#[derive(Debug, Clone, Copy)]
enum Event {
    /// An object is reconciled.
    Visit(u64),
    /// A call that has its permit is ready to leave: its claim is written.
    Ready(u64),
    /// A call reaches the service.
    Arrive { who: u64, sent: Duration },
    /// Its answer reaches the operator.
    Answer { who: u64, sent: Duration, accepted: bool },
    /// Another client calls.
    Stranger,
}

/// The world of one run.
pub(super) struct World {
    pub(super) schedule: Schedule,
    pub(super) account: Quota,
    /// The quota of creates, and whether the service names the operation when it throttles.
    pub(super) creates: Option<Quota>,
    /// Another client: its calls per second, its begin and its end.
    pub(super) stranger: Option<(f64, Duration, Duration)>,
    /// How long the service asks to wait.
    pub(super) after: Option<Duration>,
    /// Writing a claim takes 5 ms, and up to this many more.
    pub(super) slowest_claim: u64,
    seed: u64,
    now: Duration,
    events: BTreeMap<(Duration, u64), Event>,
    numbers: u64,
    busy: usize,
    waiting: VecDeque<u64>,
    failures: BTreeMap<u64, u32>,
    /// When our calls were accepted, and when they were throttled, by the service's clock.
    accepted: Vec<Duration>,
    rejected: Vec<Duration>,
    pub(super) visits: u64,
}

impl World {
    /// A world with `backlog` objects that are all to be created at once.
    pub(super) fn new(schedule: Schedule, account: Quota, backlog: u64, seed: u64) -> Self {
        let mut world = Self {
            schedule,
            account,
            creates: None,
            stranger: None,
            after: None,
            slowest_claim: 10,
            seed,
            now: Duration::ZERO,
            events: BTreeMap::new(),
            numbers: 0,
            busy: 0,
            waiting: VecDeque::new(),
            failures: BTreeMap::new(),
            accepted: Vec::new(),
            rejected: Vec::new(),
            visits: 0,
        };
        (0..backlog).for_each(|who| world.later(Duration::ZERO, Event::Visit(who)));
        world
    }

    /// Runs until this second.
    pub(super) fn until(&mut self, second: u64) {
        if let Some((_, from, _)) = self.stranger {
            self.later(from.saturating_sub(self.now), Event::Stranger);
        }
        while let Some(((now, number), event)) = self.events.pop_first() {
            if now > Duration::from_secs(second) {
                self.events.insert((now, number), event);
                return;
            }
            self.now = now;
            self.happen(event);
        }
    }

    /// When `count` calls were accepted.
    pub(super) fn reached(&self, count: usize) -> Option<Duration> {
        self.accepted.get(count.checked_sub(1)?).copied()
    }

    /// How long after second `from` the first second begins in which `calls` calls were accepted.
    pub(super) fn recovered(&self, from: u64, calls: usize) -> Option<Duration> {
        let from = Duration::from_secs(from);
        let later: Vec<_> = self.accepted.iter().filter(|time| **time >= from).collect();
        let full = later.windows(calls).find(|calls| calls[calls.len() - 1].saturating_sub(*calls[0]) <= ms(1000))?;
        Some(full[0].saturating_sub(from))
    }

    /// Calls accepted per second between two seconds.
    pub(super) fn accepted(&self, from: u64, to: u64) -> f64 {
        between(&self.accepted, from, to) / count(usize::try_from(to - from).unwrap())
    }

    /// Calls throttled between two seconds.
    pub(super) fn rejected(&self, from: u64, to: u64) -> f64 {
        between(&self.rejected, from, to)
    }

    /// The part of all calls between two seconds that was throttled.
    pub(super) fn rejected_part(&self, from: u64, to: u64) -> f64 {
        let rejected = between(&self.rejected, from, to);
        rejected / (rejected + between(&self.accepted, from, to))
    }

    fn happen(&mut self, event: Event) {
        let now = self.now;
        match event {
            Event::Visit(who) if self.busy >= SLOTS => self.waiting.push_back(who),
            Event::Visit(who) => {
                self.visits += 1;
                match create(&mut self.schedule, now, who) {
                    Verdict::Granted => {
                        self.busy += 1;
                        let claim = ms(5) + self.chance(self.slowest_claim);
                        self.later(claim, Event::Ready(who));
                    }
                    Verdict::At(time) => {
                        let late = self.chance(5);
                        self.later(time.saturating_sub(now) + late, Event::Visit(who));
                    }
                    Verdict::Spent(_) => panic!("there is no budget"),
                }
            }
            Event::Ready(who) => {
                let sent = self.schedule.leave(now, CREATE);
                let way = ms(25) + self.chance(10);
                self.later(sent.saturating_sub(now) + way, Event::Arrive { who, sent });
            }
            Event::Arrive { who, sent } => {
                let room = self.creates.as_mut().is_none_or(|quota| quota.has_room(now));
                let accepted = self.account.has_room(now) && room;
                if accepted {
                    self.account.left -= 1.0;
                    self.creates.iter_mut().for_each(|quota| quota.left -= 1.0);
                    self.accepted.push(now);
                } else {
                    self.rejected.push(now);
                }
                let way = ms(25) + self.chance(10);
                self.later(way, Event::Answer { who, sent, accepted });
            }
            Event::Answer { who, sent, accepted } => {
                if accepted {
                    self.schedule.succeeded(now, CREATE);
                } else {
                    let scope = if self.creates.is_some() { Scope::Operation } else { Scope::Account };
                    self.schedule.throttled(now, sent, CREATE, Throttling { scope, after: self.after });
                    let failures = self.failures.entry(who).or_insert(0);
                    let delay = ms(1000 << (*failures).min(8));
                    *failures += 1;
                    self.later(delay, Event::Visit(who));
                }
                self.busy -= 1;
                if let Some(next) = self.waiting.pop_front() {
                    self.later(Duration::ZERO, Event::Visit(next));
                }
            }
            Event::Stranger => {
                let (rate, _, to) = self.stranger.unwrap();
                if self.account.has_room(now) {
                    self.account.left -= 1.0;
                }
                if now < to {
                    self.later(time(1.0 / rate), Event::Stranger);
                }
            }
        }
    }

    fn later(&mut self, delay: Duration, event: Event) {
        self.numbers += 1;
        self.events.insert((self.now + delay, self.numbers), event);
    }

    fn chance(&mut self, most: u64) -> Duration {
        self.numbers += 1;
        scattered(self.numbers + self.seed * 1_000_003, most)
    }
}

fn between(times: &[Duration], from: u64, to: u64) -> f64 {
    let within = Duration::from_secs(from)..Duration::from_secs(to);
    count(times.iter().filter(|time| within.contains(*time)).count())
}
