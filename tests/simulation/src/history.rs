//! The history of a run, call by call and step by step.

use std::fmt;
use std::time::Duration;

use dataset_operator::api::names;
use dataset_operator::plan::intent::Intent;
use serde_json::Value;

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
    /// The answers of the server: one for each time that it carried the call out.
    pub said: Vec<Said>,
    /// The nonce of the attempt that a claim stores, or that a create of a dataset or version carries.
    pub attempt: Option<String>,
}

/// One answer of a server, wherever it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// When.
    pub at: Duration,
    /// The HTTP status.
    pub status: u16,
}

impl Entry {
    /// A call or a step that begins now.
    pub const fn new(at: Duration, life: u32, class: Class, what: String) -> Self {
        Self { at, life, place: None, class, what, fault: None, said: Vec::new(), attempt: None }
    }

    /// The operator has heard the true answer, and this was its status.
    pub fn heard(&self) -> Option<u16> {
        let whole = self.fault.is_none_or(Kind::is_heard);
        let said = if self.fault == Some(Kind::Twice) { self.said.first() } else { self.said.last() };
        said.filter(|_| whole).map(|said| said.status)
    }

    /// A server had done it by then.
    pub fn was_done_by(&self, then: Duration) -> bool {
        self.said.iter().any(|said| said.status < 300 && said.at <= then)
    }

    /// The operation of a call of the service, with `imm:` before one of IMM; of other calls the HTTP method.
    pub fn action(&self) -> &str {
        self.what.split(' ').next().unwrap_or_default()
    }

    /// What the call is about.
    pub fn path(&self) -> &str {
        self.what.split_once(' ').map_or("", |(_, path)| path)
    }
}

/// The nonce that a request stores as a claim, or with which it creates something.
pub fn attempt_of(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    if let Some(intent) = body["metadata"]["annotations"][names::INTENT].as_str() {
        return Intent::parse(intent)?.newest().map(str::to_owned);
    }
    let labels = body["Labels"].as_array()?;
    let mark = labels.iter().find(|label| label["Key"] == names::MARK_ATTEMPT)?;
    mark["Value"].as_str()?.split('.').next().map(str::to_owned)
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place.map(|place| place.to_string()).unwrap_or_default();
        write!(f, "{:10.3} #{} {place:9} {}", self.at.as_secs_f64(), self.life, self.what)?;
        for said in &self.said {
            write!(f, " {}", said.status)?;
        }
        match self.fault {
            Some(fault) => write!(f, "   <- {fault}"),
            None => Ok(()),
        }
    }
}
