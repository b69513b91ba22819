//! The history of a run, call by call and step by step.

use std::fmt;
use std::time::Duration;

use crate::kind::Kind;
use crate::scenario::Place;

/// The class of a call or a step; it decides which faults are possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Reads from the API server.
    KubeRead,
    /// Watches.
    KubeWatch,
    /// Writes an object or its status.
    KubeWrite,
    /// Writes an event.
    KubeEvent,
    /// Reads from the service.
    CloudRead,
    /// Changes something in the service.
    CloudWrite,
    /// Between two steps of a pass.
    Seam,
}

impl Class {
    /// It changes objects or remotes.
    pub const fn writes(self) -> bool {
        matches!(self, Self::KubeWrite | Self::CloudWrite)
    }
}

/// One call or step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, since the beginning.
    pub at: Duration,
    /// In which life of the operator.
    pub life: u32,
    /// Its number on its side; before the faults are armed it has none.
    pub place: Option<Place>,
    /// What it is.
    pub class: Class,
    /// In words.
    pub what: String,
    /// What went wrong.
    pub fault: Option<Kind>,
    /// The answer of the server: one HTTP status for each time that it carried the call out.
    pub said: Vec<u16>,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place.map(|place| place.to_string()).unwrap_or_default();
        write!(f, "{:10.3} #{} {place:9} {}", self.at.as_secs_f64(), self.life, self.what)?;
        for said in &self.said {
            write!(f, " {said}")?;
        }
        match self.fault {
            Some(fault) => write!(f, "   <- {fault}"),
            None => Ok(()),
        }
    }
}
