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

/// The form that the service uses for the times of jobs and job configurations.
pub(crate) fn seconds(ms: i64) -> Text {
    let time = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    compact_str::format_compact!("{}", time.strftime("%Y-%m-%dT%H:%M:%SZ"))
}

/// The form that IMM uses: nanoseconds, and the time of China.
pub(crate) fn nanoseconds(ms: i64) -> Text {
    let time = jiff::Timestamp::from_millisecond(ms.saturating_add(8 * 3_600_000));
    let time = time.unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    compact_str::format_compact!("{}", time.strftime("%Y-%m-%dT%H:%M:%S.%9f+08:00"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn timestamps_have_three_digits_of_milliseconds() {
        assert_eq!(super::timestamp(1_612_011_093_028), "2021-01-30T12:51:33.028Z");
        assert_eq!(super::timestamp(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(super::seconds(1_612_011_093_028), "2021-01-30T12:51:33Z");
        assert_eq!(super::nanoseconds(1_612_011_093_028), "2021-01-30T20:51:33.028000000+08:00");
    }
}
