//! What status says: outcomes of attempts, reasons, `Ready`.

use dataset_operator::api::condition::Reason;
use dataset_operator::plan::recorded;
use dataset_operator::plan::report::{Ready, Report};

use super::of_nonce;
use crate::world::{Nonce, Outcome, Told};

/// An outcome, for production.
#[must_use]
pub const fn outcome(outcome: Outcome) -> recorded::Outcome {
    match outcome {
        Outcome::Created => recorded::Outcome::Created,
        Outcome::Adopted => recorded::Outcome::Adopted,
        Outcome::Refused => recorded::Outcome::Refused,
    }
}

/// An outcome, of production.
#[must_use]
pub fn of_ended(ended: &recorded::Ended) -> Option<(Nonce, Outcome)> {
    let outcome = match ended.outcome {
        recorded::Outcome::Created => Outcome::Created,
        recorded::Outcome::Adopted => Outcome::Adopted,
        recorded::Outcome::Refused => Outcome::Refused,
    };
    Some((of_nonce(&ended.nonce)?, outcome))
}

/// The reason with this number.
#[must_use]
pub fn reason(number: u8) -> &'static str {
    Reason::ALL.get(usize::from(number)).map_or("", |reason| reason.as_str())
}

/// The number of a reason.
#[must_use]
pub fn of_reason(reason: Reason) -> u8 {
    Reason::ALL.iter().position(|one| *one == reason).and_then(|at| u8::try_from(at).ok()).unwrap_or_default()
}

/// What a report makes of `Ready`.
#[must_use]
pub fn told(report: &Report) -> Told {
    match &report.ready {
        Ready::Available(_) => Told::Ready,
        Ready::PausedReady(_) => Told::PausedReady,
        Ready::Paused(_) => Told::Paused,
        Ready::Working(reason, _) => Told::Working(of_reason(*reason)),
        Ready::Stuck(reason, _) => Told::Stuck(of_reason(*reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_comes_back_the_same() {
        for reason in Reason::ALL {
            assert_eq!(super::reason(of_reason(*reason)), reason.as_str());
        }
    }
}
