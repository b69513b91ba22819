//! Plain values: names, members, uids, nonces, principals, times.

use std::time::Duration;

use dataset_operator::remote::fields::Fields;
use serde_json::json;

use crate::world::{ADOPTED, Nonce, Uid};

const NAMES: [&str; 4] = ["", "a", "b", "other"];
/// Values of a member.
pub(super) const VALUES: u8 = 3;

/// The name with this number.
#[must_use]
pub fn name(number: u8) -> &'static str {
    NAMES.get(usize::from(number)).copied().unwrap_or_default()
}

/// The number of this name.
#[must_use]
pub fn of_name(text: &str) -> Option<u8> {
    (1..4).find(|number| name(*number) == text)
}

/// The immutable member with this value.
#[must_use]
pub fn uri(value: u8) -> String {
    format!("oss://b/{value}/")
}

/// The value of the immutable member.
#[must_use]
pub fn of_uri(fields: &Fields) -> Option<u8> {
    (0..VALUES).find(|value| fields.get("Uri") == Some(&json!(uri(*value))))
}

/// The mutable member with this value.
#[must_use]
pub fn description(value: u8) -> String {
    format!("m{value}")
}

/// The value of the mutable member.
#[must_use]
pub fn of_description(value: &serde_json::Value) -> Option<u8> {
    (0..VALUES).find(|number| *value == json!(description(*number)))
}

/// The uid of a life.
#[must_use]
pub fn uid(number: Uid) -> String {
    format!("u{number}")
}

/// The life with this uid.
#[must_use]
pub fn of_uid(text: &str) -> Option<Uid> {
    text.strip_prefix('u')?.parse().ok()
}

/// The text of a nonce.
#[must_use]
pub fn nonce(number: Nonce) -> String {
    format!("{}{}", if number & ADOPTED == 0 { 'c' } else { 'a' }, digits(number & !ADOPTED))
}

/// The digits of a nonce that nobody has used.
#[must_use]
pub fn digits(number: Nonce) -> String {
    format!("{number:016x}")
}

/// The nonce with this text.
#[must_use]
pub fn of_nonce(text: &str) -> Option<Nonce> {
    let digits = text.get(1..).filter(|digits| digits.len() == 16)?;
    let number = Nonce::from_str_radix(digits, 16).ok().filter(|number| *number < ADOPTED)?;
    match text.get(..1)? {
        "c" => Some(number),
        "a" => Some(number | ADOPTED),
        _ => None,
    }
}

/// A principal.
#[must_use]
pub fn principal(number: u8) -> String {
    format!("p{number}")
}

/// Its number.
#[must_use]
pub fn of_principal(text: &str) -> Option<u8> {
    text.strip_prefix('p')?.parse().ok()
}

/// So many ticks as a duration.
#[must_use]
pub const fn ticks(count: u8) -> Duration {
    Duration::from_secs(count as u64)
}
