//! A received request in the form that routing, signature checks and actions need.

use hyper::HeaderMap;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use ring::digest::{SHA256, digest};

use crate::encoding::{hex, query_pairs};

/// One whole request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path as it was on the request line, still percent-encoded.
    pub(crate) path: String,
    /// The decoded query, in its order.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Lower-case hex SHA-256 of the body.
    pub(crate) body_hash: String,
}

impl Request {
    pub(crate) fn new(parts: &Parts, body: Bytes) -> Self {
        Self {
            method: parts.method.as_str().to_owned(),
            path: parts.uri.path().to_owned(),
            query: query_pairs(parts.uri.query().unwrap_or_default()),
            headers: parts.headers.clone(),
            body_hash: hex(digest(&SHA256, &body).as_ref()),
            body,
        }
    }

    /// A request that never was on a wire.
    /// Its body has no hash, because no client signed it.
    pub(crate) fn direct(method: &str, target: &str, body: impl Into<Bytes>) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query_pairs(query),
            headers: HeaderMap::new(),
            body_hash: String::new(),
            body: body.into(),
        }
    }

    /// The value of a header as signatures see it: trimmed; several values sorted and joined by commas. `None` when
    /// the header is absent.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let values = self.headers.get_all(name).iter();
        let mut values: Vec<String> =
            values.map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned()).collect();
        values.sort_unstable();
        (!values.is_empty()).then(|| values.join(","))
    }

    /// The first parameter of this name in the query, or else in a form in the body.
    pub(crate) fn query_or_form(&self, name: &str) -> Option<String> {
        let in_query = self.parameter(name).map(ToOwned::to_owned);
        in_query.or_else(|| {
            let form = query_pairs(std::str::from_utf8(&self.body).unwrap_or_default());
            form.into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
        })
    }

    /// The first query parameter of this name.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A request for unit tests.
    pub(crate) fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Request {
        let mut builder = hyper::Request::builder().method(method).uri(target);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let (parts, ()) = builder.body(()).unwrap().into_parts();
        Request::new(&parts, body.to_owned().into())
    }

    #[test]
    fn several_values_of_a_header_are_sorted_and_joined() {
        let request = request("GET", "/", &[("x-a", " b "), ("x-a", "a")], "");
        assert_eq!(request.header("x-a").as_deref(), Some("a,b"));
        assert_eq!(request.header("x-b"), None);
        assert_eq!(request.body_hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
