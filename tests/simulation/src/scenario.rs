//! One run as a line of text: `seed=1 job=delete kube:3=late seam:2=crash`.

use std::fmt;
use std::str::FromStr;

use crate::job::Job;
use crate::kind::Kind;

/// Where things go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Calls to the API server.
    Kube,
    /// Calls to the service.
    Cloud,
    /// Between two steps.
    Seam,
}

impl Side {
    const ALL: [(Self, &'static str); 3] = [(Self::Kube, "kube"), (Self::Cloud, "cloud"), (Self::Seam, "seam")];
}

/// The n-th call of a side, or seam, since the job began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The side.
    pub side: Side,
    /// From 1.
    pub number: u32,
}

/// What goes wrong, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What.
    pub kind: Kind,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// Decides everything random: ids, delays, and the properties of the servers.
    pub seed: u64,
    /// What users do.
    pub job: Job,
    /// What goes wrong.
    pub faults: Vec<Fault>,
}

impl Scenario {
    /// A run in which nothing goes wrong.
    pub const fn calm(seed: u64, job: Job) -> Self {
        Self { seed, job, faults: Vec::new() }
    }

    /// The same with one more fault.
    #[must_use]
    pub fn with(&self, place: Place, kind: Kind) -> Self {
        let mut scenario = self.clone();
        scenario.faults.push(Fault { place, kind });
        scenario
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Side::ALL.iter().find(|(side, _)| *side == self.side).map_or("", |(_, word)| word);
        f.pad(&format!("{word}:{}", self.number))
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed={} job={}", self.seed, self.job)?;
        self.faults.iter().try_for_each(|fault| write!(f, " {}={}", fault.place, fault.kind))
    }
}

impl FromStr for Scenario {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let (mut seed, mut job, mut faults) = (None, None, Vec::new());
        for word in line.split_whitespace() {
            let (name, value) = word.split_once('=').ok_or_else(|| format!("{word:?} has no `=`"))?;
            match name {
                "seed" => seed = Some(value.parse().map_err(|_| format!("{value:?} is no seed"))?),
                "job" => job = Some(value.parse()?),
                place => faults.push(Fault { place: place.parse()?, kind: value.parse()? }),
            }
        }
        let job = job.ok_or_else(|| "which job? say job=create".to_owned())?;
        Ok(Self { seed: seed.unwrap_or(1), job, faults })
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let place = text.split_once(':').and_then(|(word, number)| {
            let (side, _) = Side::ALL.into_iter().find(|(_, known)| *known == word)?;
            Some(Self { side, number: number.parse().ok()? })
        });
        place.ok_or_else(|| format!("{text:?} is no place such as kube:3"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_a_line_of_text() {
        for line in ["seed=7 job=create", "seed=1 job=version-edit kube:3=late cloud:12=answer-lost seam:2=crash"] {
            assert_eq!(line.parse::<Scenario>().unwrap().to_string(), line);
        }
        for line in
            ["", "seed=1", "job=sleep", "job=create kube=late", "job=create kube:1=storm", "job=create x:1=late"]
        {
            assert!(line.parse::<Scenario>().is_err(), "{line}");
        }
    }
}
