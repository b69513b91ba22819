//! Two candidates and one lease, with a clock of the test's own, and all short orders of what they do.

use super::*;

const TIMES: Times =
    Times { duration: Duration::from_secs(15), renew: Duration::from_secs(10), margin: Duration::from_secs(10) };

/// The API server: it replaces a lease only by one that was made from it.
#[derive(Default)]
struct Server {
    lease: Option<Lease>,
    version: u64,
}

impl Server {
    fn write(&mut self, mut lease: Lease) -> Option<Lease> {
        let now = self.lease.as_ref().and_then(|lease| lease.metadata.resource_version.as_ref());
        if lease.metadata.resource_version.as_ref() != now {
            return None;
        }
        self.version += 1;
        lease.metadata.resource_version = Some(self.version.to_string());
        self.lease = Some(lease.clone());
        Some(lease)
    }
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A clock that is never right.
fn clock(seconds: u64) -> Timestamp {
    Timestamp::from_second(i64::try_from(seconds * 7919 % 100_000).unwrap()).unwrap()
}

/// A candidate reads and writes, as it does every few seconds. Returns whether it wrote.
fn turn(server: &mut Server, one: &mut Election, seconds: u64) -> bool {
    one.sees(server.lease.clone(), at(seconds));
    let Some(lease) = one.wanted(at(seconds), clock(seconds)) else { return false };
    let written = server.write(lease).expect("it was just read");
    one.wrote(written, at(seconds));
    true
}

#[test]
fn the_first_takes_it_and_the_other_waits_until_it_has_not_changed_for_its_duration() {
    let mut server = Server::default();
    let (mut first, mut second) = (Election::new("a".to_owned(), TIMES), Election::new("b".to_owned(), TIMES));
    assert!(turn(&mut server, &mut first, 100));
    assert_eq!((first.holds_until(), first.gives_up_at()), (at(105), Some(at(110))));
    assert!(!turn(&mut server, &mut second, 101));
    assert_eq!((second.other_holder(), second.holds_until(), second.gives_up_at()), (Some("a"), at(0), None));
    assert!(turn(&mut server, &mut first, 104));
    // It saw the lease change at 105.
    for seconds in [105, 110, 119] {
        assert!(!turn(&mut server, &mut second, seconds), "{seconds}");
    }
    assert!(turn(&mut server, &mut second, 120));
    let spec = server.lease.clone().unwrap().spec.unwrap();
    assert_eq!((spec.holder_identity.as_deref(), spec.lease_transitions), (Some("b"), Some(1)));
    first.sees(server.lease.clone(), at(121));
    assert_eq!((first.gives_up_at(), first.holds_until()), (Some(at(0)), at(0)), "it is over for the first");
}

#[test]
fn a_lease_that_was_released_is_free_at_once() {
    let mut server = Server::default();
    let (mut first, mut second) = (Election::new("a".to_owned(), TIMES), Election::new("b".to_owned(), TIMES));
    assert!(first.released(clock(0)).is_none(), "it holds nothing");
    assert!(turn(&mut server, &mut first, 100));
    assert!(!turn(&mut server, &mut second, 101));
    server.write(first.released(clock(102)).unwrap()).unwrap();
    assert!(turn(&mut server, &mut second, 102));
    assert!(second.released(clock(103)).is_some());
    // One that somebody deleted is made anew.
    server.lease = None;
    assert!(turn(&mut server, &mut first, 103));
}

#[test]
fn a_write_without_an_answer_is_made_again_and_does_not_count() {
    let mut server = Server::default();
    let mut one = Election::new("a".to_owned(), TIMES);
    one.sees(None, at(100));
    server.write(one.wanted(at(100), clock(100)).unwrap()).unwrap();
    assert_eq!(one.holds_until(), at(0));
    assert!(turn(&mut server, &mut one, 102), "the lease names it");
    assert_eq!(one.holds_until(), at(107));
    assert_eq!(server.lease.unwrap().spec.unwrap().lease_transitions, Some(0));
}

/// What may happen next in the search below.
#[derive(Debug, Clone, Copy)]
enum Happens {
    /// A candidate reads, and writes if it may.
    Turn(usize),
    /// A candidate reads, and its write is carried out with the next event only, or never if the lease has changed.
    Late(usize),
    /// A candidate gives the lease back.
    Release(usize),
    /// Nothing for four seconds.
    Time,
}

/// Whatever two candidates do in whatever order once one has the lease, never both may change something. Each stops by its
/// own clock.
#[test]
fn never_two_may_change_something() {
    const ALL: [Happens; 7] = [
        Happens::Turn(0),
        Happens::Turn(1),
        Happens::Late(0),
        Happens::Late(1),
        Happens::Release(0),
        Happens::Release(1),
        Happens::Time,
    ];
    const LONG: u32 = 6;
    let count = u32::try_from(ALL.len()).unwrap();
    for order in 0..count.pow(LONG) {
        let events = (0..LONG).map(|place| ALL[usize::try_from(order / count.pow(place) % count).unwrap()]);
        let events: Vec<_> = events.collect();
        let mut server = Server::default();
        let mut two = ["a", "b"].map(|name| Election::new(name.to_owned(), TIMES));
        let mut late: Option<(usize, Lease, u64)> = None;
        let mut now = 100;
        assert!(turn(&mut server, &mut two[0], now));
        for event in &events {
            let waiting = late.take();
            match *event {
                Happens::Turn(one) => drop(turn(&mut server, &mut two[one], now)),
                Happens::Late(one) => {
                    two[one].sees(server.lease.clone(), at(now));
                    late = two[one].wanted(at(now), clock(now)).map(|lease| (one, lease, now));
                }
                Happens::Release(one) => {
                    // As the operator does: it sends nothing from then on.
                    if let Some(written) = two[one].released(clock(now)).and_then(|lease| server.write(lease)) {
                        two[one].sees(Some(written), at(now));
                        two[one].renewed = None;
                    }
                }
                Happens::Time => now += 4,
            }
            if let Some((one, lease, begun)) = waiting
                && let Some(written) = server.write(lease)
            {
                two[one].wrote(written, at(begun));
            }
            let may = two.iter().filter(|one| at(now) < one.holds_until()).count();
            assert!(may <= 1, "{events:?}");
        }
    }
}
