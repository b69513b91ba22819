//! `QueryExpression`: conditions on the members of a file, joined by AND and OR.
//!
//! `FileType = "image" AND (DataSize > 100 OR Tags HAS "red")`. A field is a member of the file metadata in any case of
//! letters; `Tags` are those that a search sees.

use crate::refusal::Refusal;
use crate::store::file_meta::FileMeta;

/// A condition, or some of them.
#[derive(Debug, PartialEq)]
pub(super) enum Expression {
    All(Vec<Self>),
    Any(Vec<Self>),
    Is { field: Field, operator: Operator, value: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Uri,
    FileName,
    FileDir,
    FileType,
    ContentType,
    FileFingerPrint,
    DataSize,
    FileCreateTime,
    FileUpdateTime,
    TagUpdateTime,
    Tags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// A word of the value; `:`.
    Token,
    Equal,
    /// One of several values; `HAS`.
    Has,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    NotToken,
    NotEqual,
    HasNot,
}

/// Longest first, so that none hides another.
const OPERATORS: [(&str, Operator); 10] = [
    ("NOT-HAS", Operator::HasNot),
    ("NOT:", Operator::NotToken),
    ("NOT=", Operator::NotEqual),
    ("HAS", Operator::Has),
    (">=", Operator::GreaterOrEqual),
    ("<=", Operator::LessOrEqual),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("=", Operator::Equal),
    (":", Operator::Token),
];

/// How deep parentheses may be.
const DEPTH_MAX: usize = 20;

impl Expression {
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let mut parser = Parser { rest: text };
        let parsed = parser.any(0).filter(|_| parser.rest.trim_start().is_empty());
        parsed.ok_or_else(|| Refusal::invalid("QueryExpression", format!("cannot be read at {:?}", parser.rest)))
    }

    pub(super) fn takes(&self, meta: &FileMeta) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.takes(meta)),
            Self::Any(parts) => parts.iter().any(|part| part.takes(meta)),
            Self::Is { field, operator, value } => operator.holds(&field.values(meta), value),
        }
    }
}

impl Field {
    fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "uri" => Self::Uri,
            "filename" => Self::FileName,
            "filedir" => Self::FileDir,
            "filetype" => Self::FileType,
            "contenttype" => Self::ContentType,
            "filefingerprint" => Self::FileFingerPrint,
            "datasize" => Self::DataSize,
            "filecreatetime" => Self::FileCreateTime,
            "fileupdatetime" => Self::FileUpdateTime,
            "tagupdatetime" => Self::TagUpdateTime,
            "tags" => Self::Tags,
            _ => return None,
        })
    }

    fn values(self, meta: &FileMeta) -> Vec<String> {
        let one = |text: &str| vec![text.to_owned()];
        match self {
            Self::Uri => one(&meta.uri),
            Self::FileName => one(&meta.file_name),
            Self::FileDir => one(meta.dir()),
            Self::FileType => one(&meta.file_type),
            Self::ContentType => one(&meta.content_type),
            Self::FileFingerPrint => one(&meta.file_finger_print),
            Self::DataSize => meta.data_size.iter().map(ToString::to_string).collect(),
            Self::FileCreateTime => meta.file_create_time.iter().map(ToString::to_string).collect(),
            Self::FileUpdateTime => one(&meta.file_update_time),
            Self::TagUpdateTime => meta.tag_update_time.iter().map(ToString::to_string).collect(),
            Self::Tags => meta.tags().map(ToString::to_string).collect(),
        }
    }
}

impl Operator {
    fn holds(self, values: &[String], wanted: &str) -> bool {
        let equal = || values.iter().any(|value| value == wanted);
        let token = || {
            let wanted = wanted.to_lowercase();
            values.iter().any(|value| value.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|w| w == wanted))
        };
        // Numbers compare as such, all else, times among it, as text.
        let ordered = |holds: fn(std::cmp::Ordering) -> bool| {
            values.iter().any(|value| match (value.parse::<f64>(), wanted.parse::<f64>()) {
                (Ok(value), Ok(wanted)) => value.partial_cmp(&wanted).is_some_and(holds),
                _ => holds(value.as_str().cmp(wanted)),
            })
        };
        match self {
            Self::Token => token(),
            Self::NotToken => !token(),
            Self::Equal | Self::Has => equal(),
            Self::NotEqual | Self::HasNot => !equal(),
            Self::Greater => ordered(std::cmp::Ordering::is_gt),
            Self::GreaterOrEqual => ordered(std::cmp::Ordering::is_ge),
            Self::Less => ordered(std::cmp::Ordering::is_lt),
            Self::LessOrEqual => ordered(std::cmp::Ordering::is_le),
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn eat(&mut self, text: &str) -> bool {
        let rest = self.rest.trim_start();
        match rest.get(..text.len()).filter(|start| start.eq_ignore_ascii_case(text)) {
            Some(_) => {
                self.rest = rest.get(text.len()..).unwrap_or_default();
                true
            }
            None => false,
        }
    }

    /// A word that stands alone.
    fn eat_word(&mut self, word: &str) -> bool {
        let before = self.rest;
        let alone = self.eat(word) && !self.rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        if !alone {
            self.rest = before;
        }
        alone
    }

    fn any(&mut self, depth: usize) -> Option<Expression> {
        let mut parts = vec![self.all(depth)?];
        while self.eat_word("OR") {
            parts.push(self.all(depth)?);
        }
        Some(Expression::Any(parts))
    }

    fn all(&mut self, depth: usize) -> Option<Expression> {
        let mut parts = vec![self.one(depth)?];
        while self.eat_word("AND") {
            parts.push(self.one(depth)?);
        }
        Some(Expression::All(parts))
    }

    fn one(&mut self, depth: usize) -> Option<Expression> {
        if self.eat("(") {
            let inner = if depth < DEPTH_MAX { self.any(depth + 1)? } else { return None };
            return self.eat(")").then_some(inner);
        }
        let field = Field::named(self.while_chars(|c| c.is_ascii_alphanumeric())?)?;
        let operator = OPERATORS.into_iter().find(|(text, _)| self.eat(text))?.1;
        let value = self.value()?;
        Some(Expression::Is { field, operator, value })
    }

    fn while_chars(&mut self, takes: impl Fn(char) -> bool) -> Option<&'a str> {
        let rest = self.rest.trim_start();
        let end = rest.find(|c| !takes(c)).unwrap_or(rest.len());
        let (word, rest) = rest.split_at_checked(end)?;
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    /// A text in quotes, or a word.
    fn value(&mut self) -> Option<String> {
        for quote in ['"', '\''] {
            if let Some(quoted) = self.rest.trim_start().strip_prefix(quote) {
                let (value, rest) = quoted.split_once(quote)?;
                self.rest = rest;
                return Some(value.to_owned());
            }
        }
        self.while_chars(|c| !c.is_whitespace() && !"()".contains(c)).map(ToOwned::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(text: &str) -> bool {
        let meta = FileMeta {
            uri: "oss://b/cars/red-1.jpg".into(),
            file_name: "red-1.jpg".into(),
            file_type: "image".into(),
            data_size: Some(120),
            file_update_time: "2026-11-01T00:00:00Z".into(),
            user_tags: vec!["red".into(), "wet road".into()],
            ..FileMeta::default()
        };
        Expression::parse(text).unwrap().takes(&meta)
    }

    #[test]
    fn conditions_hold_or_not() {
        for good in [
            "FileType = image",
            "FileType=\"image\" AND DataSize > 100",
            "filename : RED and datasize<=120",
            "Tags HAS 'wet road' AND Tags NOT-HAS blue",
            "FileType NOT= text AND FileName NOT: blue",
            "DataSize < 9 OR (DataSize >= 120 AND Tags HAS red)",
            "FileUpdateTime > 2026-10-01 AND FileUpdateTime < '2026-12-01T00:00:00Z'",
        ] {
            assert!(takes(good), "{good}");
        }
        for other in ["FileType = text", "Tags HAS wet", "DataSize > 120", "FileDir : boats", "FileCreateTime > 0"] {
            assert!(!takes(other), "{other}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let deep = format!("{}DataSize>1{}", "(".repeat(50), ")".repeat(50));
        for wrong in
            ["", "x", "Other = 1", "DataSize", "DataSize >", "(DataSize > 1", "DataSize > 1 OR", "Tags HAS 'a", &deep]
        {
            assert!(Expression::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Expression::parse("DataSize > 1 FileType = image").is_err());
    }
}
