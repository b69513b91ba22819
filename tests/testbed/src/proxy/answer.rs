//! Answers that the proxy gives instead of the server.

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers besides length and type.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Body,
}

/// The body of an answer.
#[derive(Clone, Debug)]
pub enum Body {
    /// These bytes.
    Bytes(Vec<u8>),
    /// This number of blanks between the braces of an empty object; the proxy does not store them.
    Blank(usize),
    /// Half of the true answer's body, whole by its headers.
    HalfOfTrue,
}

impl Answer {
    /// A status and a text.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: Body::Bytes(body.into()) }
    }

    /// An error of the dataset API.
    pub fn error(status: u16, code: &str) -> Self {
        Self::new(
            status,
            format!(r#"{{"RequestId":"00000000-0000-0000-0000-000000000000","Code":"{code}","Message":"on order"}}"#),
        )
    }

    /// An error of the API server.
    pub fn kubernetes(status: u16, reason: &str) -> Self {
        Self::new(
            status,
            format!(
                r#"{{"kind":"Status","apiVersion":"v1","metadata":{{}},"status":"Failure","message":"on order","reason":"{reason}","code":{status}}}"#
            ),
        )
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Status line and headers for a body of this length.
    pub(crate) fn head(&self, length: usize) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} On Order\r\ncontent-length: {length}\r\n", self.status);
        if !self.headers.iter().any(|(name, _)| *name == "content-type") {
            head.push_str("content-type: application/json\r\n");
        }
        for (name, value) in &self.headers {
            head.extend([*name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        head.into_bytes()
    }
}
