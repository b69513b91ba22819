//! What status says: outcomes of attempts, reasons, `Ready`.

use dataset_operator::api::condition::Reason;
use dataset_operator::plan::recorded::{self, Recorded};
use dataset_operator::plan::report::{Next, Ready, Report};
use dataset_operator::remote::mark::Origin;

use super::run::of_course;
use super::{Words, of_name, of_nonce, of_principal, of_uri};
use crate::world::{Course, Nonce, Outcome, Status, Told};

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

/// A report that makes this of `Ready`; `None` if nothing was told.
#[must_use]
pub fn report(told: Told) -> Option<Report> {
    let reason = |number: u8| Reason::ALL.get(usize::from(number)).copied().unwrap_or(Reason::InternalError);
    let ready = match told {
        Told::Nothing => return None,
        Told::Ready => Ready::Available(String::new()),
        Told::PausedReady => Ready::PausedReady(String::new()),
        Told::Paused => Ready::Paused(String::new()),
        Told::Working(number) => Ready::Working(reason(number), String::new()),
        Told::Stuck(number) => Ready::Stuck(reason(number), String::new()),
    };
    Some(Report::new(ready, Next::Event))
}

impl Words {
    /// The status that production writes; `None` if it is none that the model knows.
    #[must_use]
    pub fn of_recorded(&self, recorded: &Recorded) -> Option<Status> {
        let attempt = match &recorded.attempt {
            Some(ended) => Some(of_ended(ended)?),
            None => None,
        };
        Some(Status {
            observed: u8::try_from(recorded.observed_generation).unwrap_or_default(),
            id: recorded.id.as_ref().map_or(Some(0), |id| self.of_id(id))?,
            origin: match recorded.origin {
                None => 0,
                Some(Origin::Created) => 1,
                Some(Origin::Adopted) => 2,
            },
            recovered: recorded.recovered,
            fixed: of_uri(&recorded.fixed),
            name: recorded.info.get("name").and_then(|name| of_name(name.as_str()?)).unwrap_or_default(),
            attempt,
            principal: recorded.principal.as_deref().map_or(Some(0), of_principal)?,
            told: of_conditions(recorded),
            duplicates: recorded.condition("DuplicatesFound").is_some(),
            course: if self.runs { of_course(&recorded.info, of_end(recorded))? } else { Course::default() },
        })
    }
}

/// What was told when a run ended for good.
fn of_end(recorded: &Recorded) -> Told {
    match (recorded.condition("Complete"), recorded.condition("Failed")) {
        (Some(_), _) => Told::Ready,
        (None, Some(failed)) => Told::Stuck(number_of(&failed.reason)),
        (None, None) => Told::Nothing,
    }
}

/// The number of the reason with this name.
fn number_of(name: &str) -> u8 {
    Reason::ALL.iter().find(|reason| reason.as_str() == name).map(|reason| of_reason(*reason)).unwrap_or_default()
}

/// What conditions say.
fn of_conditions(recorded: &Recorded) -> Told {
    let is = |kind| recorded.condition(kind).is_some();
    let Some(ready) = recorded.condition("Ready") else { return Told::Nothing };
    let number = number_of(&ready.reason);
    match (recorded.was_ready(), is("Paused")) {
        (true, false) => Told::Ready,
        (true, true) => Told::PausedReady,
        (false, true) => Told::Paused,
        (false, false) if is("Stalled") => Told::Stuck(number),
        (false, false) => Told::Working(number),
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
