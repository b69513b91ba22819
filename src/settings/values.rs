//! Reads the value of one flag; each error shows how the value is written.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use jiff::SignedDuration;
use jiff::fmt::friendly::{Spacing, SpanPrinter};

use crate::cloud::{Limits, Operation, Secret, UnknownOperation};
use crate::plan::desired::Deletion;

/// The entry that stands for the vendor's limits.
const DOCUMENTED: &str = "documented";

/// An entry of `--operation-qps`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OperationQps {
    /// The limits that the vendor publishes, for operations that have no entry of their own.
    Documented,
    /// Calls per second of one operation.
    Stated(Operation, f64),
}

/// `100`
pub(super) fn qps(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.trim().parse().ok();
    match number.map(Limits::possible) {
        Some(Ok(qps)) => Ok(qps),
        Some(Err(_)) | None => Err(format!("{text:?} is not a number of calls per second from 0.001 to 1000000")),
    }
}

/// `CreateDataset=20`, `documented`
pub(super) fn operation_qps(text: &str) -> Result<OperationQps, String> {
    if text.trim() == DOCUMENTED {
        return Ok(OperationQps::Documented);
    }
    let (operation, number) = text.split_once('=').ok_or_else(|| {
        format!(
            "{text:?} is neither an operation and its calls per second, such as CreateDataset=20, nor {DOCUMENTED} (the \
             limits that the vendor publishes)"
        )
    })?;
    let operation: Operation = operation.trim().parse().map_err(|error: UnknownOperation| error.to_string())?;
    let number = qps(number).map_err(|error| format!("for {operation}, {error}, such as {operation}=20"))?;
    Ok(OperationQps::Stated(operation, number))
}

/// `10m`, `90s`, `1h30m`, `500ms`
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let parsed: SignedDuration =
        text.parse().map_err(|_| format!("{text:?} is not a duration such as 10m, 90s or 1h30m"))?;
    Duration::try_from(parsed).map_err(|_| format!("{text:?} must not be negative"))
}

/// A duration as text that [`duration`] reads.
pub(super) fn shown(duration: Duration) -> String {
    let printer = SpanPrinter::new().spacing(Spacing::None);
    SignedDuration::try_from(duration)
        .map_or_else(|_| format!("{duration:?}"), |whole| printer.duration_to_string(&whole))
}

/// `team-a`: a DNS label, as Kubernetes requires of namespaces. Blanks around it are removed; the caller decides about
/// an empty one.
pub(super) fn namespace(text: &str) -> Result<String, String> {
    let name = text.trim();
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let label = name.len() <= 63 && name.bytes().all(inside) && !name.starts_with('-') && !name.ends_with('-');
    if label {
        return Ok(name.to_owned());
    }
    Err(format!(
        "{name:?} is not the name of a namespace (lower-case letters, digits and '-', at most 63); several are \
         written with commas, such as team-a,team-b"
    ))
}

/// `12345`
pub(super) fn workspace_id(text: &str) -> Result<String, String> {
    let id = text.trim();
    if !id.is_empty() && id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(id.to_owned());
    }
    Err(format!(
        "{id:?} is not the id of a workspace: digits only, such as 12345 (the console shows it beside the name)"
    ))
}

/// `:8080` (all addresses of the machine), `127.0.0.1:8080`, `[::1]:8080`
///
/// # Errors
/// A text for people, if it is none of these.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    let all = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    let parsed = match text.trim().strip_prefix(':') {
        Some(port) => port.parse().ok().map(|port| SocketAddr::new(all, port)),
        None => text.trim().parse().ok(),
    };
    parsed.ok_or_else(|| {
        format!("{text:?} is not an address with a port, such as :8080, 127.0.0.1:8080 or [::1]:8080 (no host name)")
    })
}

/// A value that is never shown.
#[allow(clippy::unnecessary_wraps, reason = "a parser of clap's")]
pub(super) fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text))
}

/// `Delete`, `Retain`
pub(super) fn deletion_policy(text: &str) -> Result<Deletion, String> {
    match text {
        "Delete" => Ok(Deletion::Delete),
        "Retain" => Ok(Deletion::Retain),
        _ => Err("say Delete or Retain".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_have_limits_of_their_own() {
        assert_eq!(operation_qps("CreateDataset= 20"), Ok(OperationQps::Stated(Operation::CreateDataset, 20.0)));
        assert_eq!(operation_qps(" documented"), Ok(OperationQps::Documented));
        for text in ["CreateDataset=", "CreateDataset=many", "createdataset=20", "=20", "documented=20"] {
            assert!(operation_qps(text).is_err(), "{text}");
        }
        for text in ["", "CreateDataset", "Documented"] {
            let error = operation_qps(text).unwrap_err();
            assert!(error.contains("CreateDataset=20") && error.contains("nor documented"), "{error}");
        }
    }

    #[test]
    fn a_limit_out_of_range_names_the_operation_and_the_range() {
        for number in ["0", "-1", "NaN", "1e9", "many"] {
            let error = operation_qps(&format!("CreateDataset={number}")).unwrap_err();
            for part in ["CreateDataset", number, "from 0.001 to 1000000"] {
                assert!(error.contains(part), "{error}");
            }
            assert!(qps(number).unwrap_err().contains("from 0.001 to 1000000"), "{number}");
        }
        assert_eq!((qps("100"), qps("0.5")), (Ok(100.0), Ok(0.5)));
    }

    #[test]
    fn durations_read_as_in_go_and_are_shown_so() {
        for (text, millis, again) in [
            ("10m", 600_000, "10m"),
            ("1h30m", 5_400_000, "1h30m"),
            ("500ms", 500, "500ms"),
            ("90s", 90_000, "1m30s"),
            ("25s", 25_000, "25s"),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
            assert_eq!(shown(Duration::from_millis(millis)), again);
            assert_eq!(duration(again), Ok(Duration::from_millis(millis)), "{again}");
        }
        for text in ["", "10", "-5s", "ten"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn namespaces_and_workspaces_are_refused_with_an_example() {
        assert_eq!(namespace(" team-a ").as_deref(), Ok("team-a"));
        for text in ["A B", "team_a", "-a", "a-", "a.b", &"x".repeat(64), "*"] {
            let error = namespace(text).unwrap_err();
            assert!(error.contains(text) && error.contains("team-a,team-b"), "{error}");
        }
        assert_eq!(workspace_id("12345").as_deref(), Ok("12345"));
        for text in ["abc", "", "12 3", "-1", "ws-12", "１"] {
            assert!(workspace_id(text).unwrap_err().contains("such as 12345"), "{text}");
        }
    }

    #[test]
    fn addresses_are_understood_as_in_go() {
        for (text, is) in [
            (":8080", "[::]:8080"),
            ("0.0.0.0:1", "0.0.0.0:1"),
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("[::1]:8080", "[::1]:8080"),
        ] {
            assert_eq!(address(text), Ok(is.parse().unwrap()), "{text}");
        }
        for text in ["", "8080", ":", ":x", "::1:8080", "localhost:8080", "127.0.0.1", ":70000", "http://127.0.0.1:80"]
        {
            assert!(address(text).unwrap_err().contains(":8080, 127.0.0.1:8080 or [::1]:8080"), "{text}");
        }
    }
}
