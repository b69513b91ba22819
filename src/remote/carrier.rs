//! Where the mark of a remote is written: in labels of its own, or at the end of a text that users may write too.
//!
//! A text ends with ` [dso1.<nonce>.<owner>.<hash>.<tag>.<mac>]`, always 64 characters: the nonce as a letter (in upper
//! case once released) and 11 digits of base64url, the owner in 12, the hash of the spec in 8, that of uid and cluster
//! in 4, the MAC in 16. Only a text at the very end that has exactly this form is a mark; all text before it is the
//! user's, whatever it looks like. The mark is verified later.

use serde_json::Value;

use super::fields::Fields;
use super::mark::Labels;
use super::raw_mark::RawMark;

const OPENING: &str = "[dso1.";
/// Length of a mark without the blank before it, which a service may trim if the user's text is empty.
const LENGTH: usize = 63;
/// Length of each part: nonce, owner, hash, tag, MAC.
const PARTS: [usize; 5] = [12, 12, 8, 4, 16];

/// Where remotes of one kind carry their mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// In labels of its own.
    Labels,
    /// At the end of this member, which is a text.
    Text(&'static str),
    /// Nowhere: these remotes have no place for one.
    Nowhere,
}

/// How long a text may become, its mark included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Longest {
    /// In characters.
    Characters(usize),
    /// In bytes of UTF-8, for a service that may count these.
    Bytes(usize),
}

/// A mark that cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// The text leaves no room for it.
    #[error(
        "it is {length} {unit} long, and at most {longest} leave room for the operator's ownership mark; shorten it"
    )]
    TooLong {
        /// How long the user's text is.
        length: usize,
        /// What is counted, in words.
        unit: &'static str,
        /// The longest text that leaves room.
        longest: usize,
    },
    /// The mark lacks parts, was made for labels, or has no place on these remotes.
    #[error("the ownership mark is not one that these remotes can carry")]
    Shape,
}

impl Carrier {
    /// What messages call the mark.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Labels => "ownership labels",
            Self::Text(_) => "ownership mark",
            Self::Nowhere => "content",
        }
    }

    /// Where a person finds the mark on a remote.
    #[must_use]
    pub fn place(self) -> String {
        match self {
            Self::Labels => "its labels that begin with dso-".to_owned(),
            Self::Text(member) => format!("what is in brackets at the end of its {member}"),
            Self::Nowhere => "nothing".to_owned(),
        }
    }

    /// Takes the mark out of what the service shows of a remote; the rest is the user's.
    #[must_use]
    pub fn take(self, labels: &mut Labels, fields: &mut Fields) -> Option<RawMark> {
        match self {
            Self::Labels => RawMark::take(labels),
            Self::Text(member) => {
                let Some(Value::String(text)) = fields.get_mut(member) else { return None };
                let (own, mark) = split(text);
                *text = own.to_owned();
                mark
            }
            Self::Nowhere => None,
        }
    }

    /// Puts the mark where it belongs, in place of an older one.
    pub fn put(
        self,
        mark: &RawMark,
        longest: Longest,
        labels: &mut Labels,
        fields: &mut Fields,
    ) -> Result<(), Unwritable> {
        match self {
            Self::Labels => labels.extend(mark.labels()),
            Self::Text(member) => {
                let text = fields.get(member).and_then(Value::as_str).unwrap_or_default();
                let marked = write(split(text).0, mark, longest)?;
                fields.insert(member.to_owned(), Value::String(marked));
            }
            Self::Nowhere => return Err(Unwritable::Shape),
        }
        Ok(())
    }
}

/// The user's text with a mark behind it.
pub fn write(text: &str, mark: &RawMark, longest: Longest) -> Result<String, Unwritable> {
    let shown = shown(mark).ok_or(Unwritable::Shape)?;
    let (length, longest, unit) = match longest {
        Longest::Characters(longest) => (text.chars().count(), longest, "characters"),
        Longest::Bytes(longest) => (text.len(), longest, "bytes"),
    };
    if length + LENGTH + 1 > longest {
        return Err(Unwritable::TooLong { length, unit, longest: longest.saturating_sub(LENGTH + 1) });
    }
    Ok(format!("{text} {shown}"))
}

/// The user's text, and the mark behind it.
#[must_use]
pub fn split(text: &str) -> (&str, Option<RawMark>) {
    let found = text.len().checked_sub(LENGTH).and_then(|at| text.split_at_checked(at));
    let own = found.and_then(|(before, _)| if before.is_empty() { Some("") } else { before.strip_suffix(' ') });
    match (own, found.and_then(|(_, shown)| parse(shown))) {
        (Some(own), Some(mark)) => (own, Some(mark)),
        (Some(_) | None, Some(_) | None) => (text, None),
    }
}

fn shown(mark: &RawMark) -> Option<String> {
    let (owner, attempt) = (mark.owner.as_ref()?, mark.attempt.as_ref()?);
    let (nonce, rest) = attempt.split_once(':')?;
    let (letter, digits) = nonce.split_at_checked(1)?;
    let letter = if mark.released.is_some() { letter.to_ascii_uppercase() } else { letter.to_owned() };
    let shown = format!("{OPENING}{letter}{digits}.{owner}.{}]", rest.replace(':', "."));
    // A mark that could not be read back is not written.
    parse(&shown).is_some().then_some(shown)
}

fn parse(shown: &str) -> Option<RawMark> {
    let parts: Vec<_> = shown.strip_prefix(OPENING)?.strip_suffix(']')?.split('.').collect();
    let usual = |part: &&str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let ([nonce, owner, hash, tag, mac], true) = (<[&str; 5]>::try_from(parts).ok()?, shown.len() == LENGTH) else {
        return None;
    };
    let fits =
        [nonce, owner, hash, tag, mac].iter().zip(PARTS).all(|(part, length)| part.len() == length && usual(part));
    let letter = nonce.chars().next().filter(|letter| fits && matches!(letter.to_ascii_lowercase(), 'a' | 'c'))?;
    let (lower, digits) = (letter.to_ascii_lowercase(), nonce.get(1..)?);
    let attempt = Some(format!("{lower}{digits}:{hash}:{tag}:{mac}"));
    let mark = RawMark { domain: None, owner: Some(owner.to_owned()), attempt, released: None };
    Some(if letter.is_ascii_uppercase() { mark.into_released() } else { mark })
}

#[cfg(test)]
#[path = "carrier_tests.rs"]
mod tests;
