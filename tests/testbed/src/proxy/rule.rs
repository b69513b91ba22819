//! A script of rules: each says what the proxy does with certain requests.

use std::sync::Arc;
use std::time::Duration;

use super::answer::Answer;

/// Which requests a rule is about.
#[derive(Clone, Debug, Default)]
pub struct Match {
    /// The HTTP method; empty is any.
    pub method: &'static str,
    /// `x-acs-action`, the operation of the dataset API; empty is any.
    pub operation: &'static str,
    /// The end of the target without its query; empty is any.
    pub path_ends: String,
    /// Texts that target or body contain, all of them.
    pub contains: Vec<String>,
    /// Texts that neither contains.
    pub lacks: Vec<String>,
}

impl Match {
    /// Calls of this operation of the dataset API.
    pub fn operation(operation: &'static str) -> Self {
        Self { operation, ..Self::default() }
    }

    /// Requests to the API server by method and end of path.
    pub fn path(method: &'static str, path_ends: impl Into<String>) -> Self {
        Self { method, path_ends: path_ends.into(), ..Self::default() }
    }

    /// And with this text in target or body.
    #[must_use]
    pub fn with(mut self, text: impl Into<String>) -> Self {
        self.contains.push(text.into());
        self
    }

    /// And without this text.
    #[must_use]
    pub fn without(mut self, text: impl Into<String>) -> Self {
        self.lacks.push(text.into());
        self
    }

    pub(crate) fn fits(&self, method: &str, target: &str, operation: &str, body: &str) -> bool {
        let has = |text: &String| target.contains(text.as_str()) || body.contains(text.as_str());
        let path = target.split('?').next().unwrap_or_default();
        (self.method.is_empty() || self.method == method)
            && (self.operation.is_empty() || self.operation == operation)
            && path.ends_with(&self.path_ends)
            && self.contains.iter().all(has)
            && !self.lacks.iter().any(has)
    }
}

/// How a connection ends without an answer, or within one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The connection stays open, and nothing more comes.
    Silence,
    /// In order (FIN).
    Close,
    /// With RST.
    Reset,
}

/// A part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Status line and headers.
    Head,
    /// The body.
    Body,
}

/// An action on a request.
#[derive(Clone, Debug)]
pub enum Act {
    /// The proxy sends this answer, whether or not the request was carried out.
    Answer {
        /// It was.
        executed: bool,
        /// What is answered.
        answer: Answer,
    },
    /// The proxy answers with these bytes, including the head, and then repeats the second part, if it is not empty. After
    /// that it closes the connection.
    Raw {
        /// The request was carried out.
        executed: bool,
        /// What comes once.
        bytes: Arc<Vec<u8>>,
        /// What comes for ever.
        endless: Arc<Vec<u8>>,
    },
    /// Nothing is answered.
    Lose {
        /// The request was carried out.
        executed: bool,
        /// What becomes of the connection.
        end: End,
    },
    /// The request is carried out, and a part of the answer is delivered.
    CutAnswer {
        /// The part in which it breaks off.
        within: Part,
        /// What becomes of the connection.
        end: End,
    },
    /// Half of the request is delivered.
    CutRequest,
    /// Nothing is answered, and the request is carried out this much later.
    Late {
        /// How much later.
        after: Duration,
        /// What becomes of the connection.
        end: End,
    },
    /// The request is delivered twice.
    Twice {
        /// The second time this much later.
        after: Duration,
        /// The second answer is the one that is delivered.
        second: bool,
    },
    /// The request is carried out, and the answer comes one byte at a time from this part on.
    Drip {
        /// What is slow.
        part: Part,
        /// From byte to byte.
        gap: Duration,
    },
    /// The request is carried out after a while, and answered.
    Delay(Duration),
    /// The connection is reset, and the next ones do not get beyond their first bytes.
    Shut {
        /// How many.
        connections: u32,
    },
}

/// A rule: the n-th matching requests, and what is done with them.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Which requests.
    pub of: Match,
    /// This number of requests goes through unchanged first.
    pub skip: u32,
    /// Then the rule applies to this number of requests.
    pub times: u32,
    /// How.
    pub act: Act,
}

impl Rule {
    /// Applies to the next matching request.
    pub fn once(of: Match, act: Act) -> Self {
        Self { of, skip: 0, times: 1, act }
    }

    /// Whether the rule applies to this request; counts the request if it matches.
    pub(crate) fn strikes(&mut self, method: &str, target: &str, operation: &str, body: &str) -> bool {
        if self.times == 0 || !self.of.fits(method, target, operation, body) {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times -= 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_waits_for_the_nth_match() {
        let of = Match::path("PATCH", "/status").with("datasetId").without("Refused");
        let mut rule = Rule { of, skip: 1, times: 1, act: Act::CutRequest };
        let mut strikes = |target: &str, body: &str| rule.strikes("PATCH", target, "", body);
        assert!(!strikes("/a/status", "datasetId"), "the first passes");
        assert!(!strikes("/a", "datasetId") && !strikes("/a/status", "") && !strikes("/a/status", "datasetId Refused"));
        assert!(strikes("/a/status?x=y", "datasetId"));
        assert!(!strikes("/a/status", "datasetId"), "it is used up");
    }
}
