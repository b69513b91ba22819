//! How many reconciles of one account may run at a time, so that an account whose service hangs delays no other one.
//!
//! An account may begin a reconcile as long as it has fewer under way than twice as many as are free: one account uses two thirds
//! of all, the next one two thirds of the rest, and so on. The last free one is for an account that has none. Whoever must wait comes back soon, and so that all who wait together
//! come back a hundred times a second at most.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use crate::lock::lock;

/// The shortest wait.
const SOON: Duration = Duration::from_millis(200);
/// Time between two that come back.
const GAP: Duration = Duration::from_millis(10);

/// The reconciles of one kind, by account.
#[derive(Debug)]
pub struct Shares {
    most: usize,
    accounts: Mutex<BTreeMap<String, Account>>,
}

#[derive(Debug, Default)]
struct Account {
    running: usize,
    /// When the last of those that wait comes back.
    last: Option<Instant>,
}

/// A reconcile that runs; dropped at its end.
#[derive(Debug)]
pub struct Share<'a> {
    of: &'a Shares,
    alias: String,
}

impl Shares {
    /// So many reconciles may run at a time.
    #[must_use]
    pub const fn new(most: u16) -> Self {
        Self { most: most as usize, accounts: Mutex::new(BTreeMap::new()) }
    }

    /// A reconcile of this account begins, or comes back after a time. Nothing is limited for an account that is `alone`.
    pub fn begin(&self, alias: &str, alone: bool) -> Result<Share<'_>, Duration> {
        let mut accounts = lock(&self.accounts);
        let free = self.most.saturating_sub(accounts.values().map(|account| account.running).sum());
        let account = accounts.entry(alias.to_owned()).or_default();
        let fair = if free > 1 { account.running < 2 * free } else { free == 1 && account.running == 0 };
        if alone || fair {
            account.running += 1;
            return Ok(Share { of: self, alias: alias.to_owned() });
        }
        let now = Instant::now();
        let at = account.last.map_or(now + SOON, |last| (last + GAP).max(now + SOON));
        account.last = Some(at);
        Err(at - now)
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let mut accounts = lock(&self.of.accounts);
        let Some(account) = accounts.get_mut(&self.alias) else { return };
        account.running -= 1;
        if account.running == 0 {
            accounts.remove(&self.alias);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that this account may have under way, but a thousand at most.
    fn all<'a>(shares: &'a Shares, alias: &str) -> Vec<Share<'a>> {
        std::iter::from_fn(|| shares.begin(alias, false).ok()).take(1000).collect()
    }

    #[test]
    fn an_account_leaves_something_to_each_other_one() {
        let shares = Shares::new(32);
        let hung = all(&shares, "red");
        assert_eq!((hung.len(), all(&shares, "red").len()), (22, 0));
        let (second, third) = (all(&shares, "blue"), all(&shares, "green"));
        assert_eq!((second.len(), third.len()), (7, 2));
        drop(second);
        assert_eq!(all(&shares, "blue").len(), 6, "of the eight that are free");
        assert_eq!(all(&shares, "red").len(), 0);
        drop((hung, third));
        assert_eq!(all(&shares, "red").len(), 22);
    }

    #[test]
    fn the_last_one_is_for_an_account_that_has_none() {
        let shares = Shares::new(6);
        let (hung, too) = (all(&shares, "red"), all(&shares, "blue"));
        assert_eq!((hung.len(), too.len(), all(&shares, "green").len()), (4, 1, 1));
    }

    #[test]
    fn one_reconcile_at_a_time_is_enough_for_all() {
        let shares = Shares::new(1);
        let one = all(&shares, "red");
        assert_eq!((one.len(), all(&shares, "blue").len()), (1, 0));
        drop(one);
        assert_eq!(all(&shares, "blue").len(), 1);
    }

    #[test]
    fn an_account_that_is_alone_is_not_limited() {
        let shares = Shares::new(2);
        let running: Vec<_> = (0..5).map(|_| shares.begin("red", true).unwrap()).collect();
        assert!(shares.begin("red", false).is_err());
        drop(running);
        assert!(shares.begin("red", false).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_thousand_that_wait_come_back_a_hundred_times_a_second() {
        let shares = Shares::new(3);
        let _running = all(&shares, "red");
        let waits: Vec<_> = (0..1000).map(|_| shares.begin("red", false).unwrap_err()).collect();
        assert_eq!(waits[0] + GAP * 999, waits[999]);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(shares.begin("red", false).unwrap_err(), SOON);
    }
}
