//! Times: milliseconds since 1970 inside, `YYYY-MM-DDTHH:mm:ss.sssZ` on the wire.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::store::Text;

/// Milliseconds since 1970, UTC, by the clock of the machine.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The form that the service uses for the times of datasets and versions.
pub(crate) fn timestamp(ms: i64) -> Text {
    let time = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    compact_str::format_compact!("{}", time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn timestamps_have_three_digits_of_milliseconds() {
        assert_eq!(super::timestamp(1_612_011_093_028), "2021-01-30T12:51:33.028Z");
        assert_eq!(super::timestamp(0), "1970-01-01T00:00:00.000Z");
    }
}
