//! When sessions are renewed, by an issuer that does as it is told.

use std::collections::VecDeque;

use super::*;
use crate::cloud::secret::Secret;

/// Issues these sessions, each of them by its life in seconds or its failure, and counts.
#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<Result<i64, CredentialError>>>,
    calls: Mutex<usize>,
}

impl Issuer for Arc<Script> {
    fn subject(&self) -> String {
        "a script".to_owned()
    }

    fn issue(&self) -> BoxFuture<'_, Result<Issued, CredentialError>> {
        async move {
            *lock(&self.calls) += 1;
            let number = *lock(&self.calls);
            let answer = lock(&self.answers).pop_front();
            // Others come meanwhile.
            tokio::task::yield_now().await;
            let seconds =
                answer.unwrap_or_else(|| Err(CredentialError::Unavailable("no answer is left".to_owned())))?;
            Ok(issued(&format!("STS.{number}"), seconds))
        }
        .boxed()
    }
}

/// A session that lasts so many seconds from now.
pub(super) fn issued(id: &str, seconds: i64) -> Issued {
    let credentials =
        Credentials::AccessKey { id: id.to_owned(), secret: Secret::new("s"), security_token: Some(Secret::new("t")) };
    Issued { credentials, expires: environment::now() + jiff::SignedDuration::from_secs(seconds) }
}

fn unavailable() -> Result<i64, CredentialError> {
    Err(CredentialError::Unavailable("HTTP status 503".to_owned()))
}

struct Bench {
    script: Arc<Script>,
    sessions: Sessions,
}

fn bench(answers: impl IntoIterator<Item = Result<i64, CredentialError>>) -> Bench {
    let script = Arc::new(Script { answers: Mutex::new(answers.into_iter().collect()), calls: Mutex::default() });
    Bench { sessions: Sessions::of(script.clone()), script }
}

impl Bench {
    async fn key(&self) -> String {
        self.sessions.credentials().await.unwrap().key()
    }

    fn calls(&self) -> usize {
        *lock(&self.script.calls)
    }

    /// So many calls have ended.
    async fn settled(&self, calls: usize) {
        while self.calls() < calls || self.sessions.0.calls.try_lock().is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[test]
fn a_session_is_renewed_ahead_of_its_end_but_not_in_its_first_half() {
    let after = |life: u64, jitter| renewed_after(Duration::from_secs(life), jitter).as_secs();
    assert_eq!((after(3600, 0), after(3600, 255)), (2700, 2610));
    assert_eq!(after(36_000, 0), 28_800);
    assert_eq!((after(900, 0), after(0, 0)), (450, 0));
}

#[tokio::test]
async fn all_wait_for_one_call_and_its_session_is_used_again() {
    let bench = bench([Ok(3600)]);
    let all = futures::future::join_all((0..20).map(|_| bench.key())).await;
    assert!(all.iter().all(|key| key == "STS.1"), "{all:?}");
    assert_eq!(bench.calls(), 1);
}

#[tokio::test]
async fn a_session_is_used_until_its_end_whatever_its_renewal_says() {
    let bench = bench([Ok(3600), unavailable(), Ok(3600)]);
    assert_eq!(bench.key().await, "STS.1");
    lock(&bench.sessions.0.session).as_mut().unwrap().renewed_from = Duration::ZERO;
    assert_eq!(bench.key().await, "STS.1", "nobody waits for the renewal");
    bench.settled(2).await;
    assert_eq!(bench.key().await, "STS.1", "the renewal failed");
    // It is not tried again at once.
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(bench.calls(), 2);
    bench.sessions.0.calls.lock().await.failed.as_mut().unwrap().until = Duration::ZERO;
    assert_eq!(bench.key().await, "STS.1");
    bench.settled(3).await;
    assert_eq!(bench.key().await, "STS.3");
    lock(&bench.sessions.0.session).as_mut().unwrap().ends = Duration::ZERO;
    let error = bench.sessions.credentials().await.unwrap_err();
    assert!(matches!(error, CredentialError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn an_issuer_that_failed_is_left_alone_for_a_while() {
    let bench = bench([unavailable(), Ok(3600)]);
    for _ in 0..3 {
        bench.sessions.credentials().await.unwrap_err();
    }
    assert_eq!(bench.calls(), 1);
    bench.sessions.0.calls.lock().await.failed.as_mut().unwrap().until = Duration::ZERO;
    assert_eq!(bench.key().await, "STS.2");
}

#[tokio::test]
async fn a_session_that_is_over_when_it_comes_is_no_session() {
    for seconds in [-1, -3600] {
        let bench = bench([Ok(seconds), Ok(3600)]);
        let error = bench.sessions.credentials().await.unwrap_err();
        let told = error.to_string();
        assert!(matches!(error, CredentialError::Source(_)), "{told}");
        assert!(told.starts_with("a script: ") && told.contains("in the past") && told.contains("clocks"), "{told}");
        bench.sessions.credentials().await.unwrap_err();
        assert_eq!(bench.calls(), 1, "it is not asked again at once");
    }
}
