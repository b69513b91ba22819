//! The faults.

use std::fmt;
use std::str::FromStr;

use crate::history::Class;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $variant:ident = $word:literal;)+) => {
        /// The fault at one place.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind { $($(#[doc = $doc])+ $variant,)+ }

        impl Kind {
            /// Its word in a scenario.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl FromStr for Kind {
            type Err = String;

            fn from_str(word: &str) -> Result<Self, String> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    other => Err(format!("{other:?} is no fault")),
                }
            }
        }
    };
}

kinds! {
    /// The request never arrives, and the connection breaks.
    Lost = "lost";
    /// The request never arrives, and the connection stays open.
    Silent = "silent";
    /// No connection is made.
    Unconnected = "unconnected";
    /// It is done, and the connection breaks before the answer.
    AnswerLost = "answer-lost";
    /// It is done, and no answer comes.
    AnswerSilent = "answer-silent";
    /// It is done a minute later, when the operator no longer waits for it.
    Late = "late";
    /// It is done twice; the first answer comes.
    Twice = "twice";
    /// It is done twice; the second answer comes.
    TwiceSecond = "twice-second";
    /// Refused: somebody else wrote, or the service does not want it.
    Conflict = "conflict";
    /// Refused by flow control.
    Throttled = "throttled";
    /// The same, with a time to wait.
    ThrottledAfter = "throttled-after";
    /// The same, with a whole day to wait.
    ThrottledDay = "throttled-day";
    /// Refused: this identity may not do that.
    Forbidden = "forbidden";
    /// From here on the API server refuses every write to an object, though not to its status, for five minutes.
    Denied = "denied";
    /// A gateway does not know the call.
    Unrouted = "unrouted";
    /// Nothing is done; the answer says that the object or remote of the call does not exist.
    NotFound = "not-found";
    /// Refused with 400, 404, 409 or 412 and a code that nobody knows; which, the number of the call decides.
    Unknown = "unknown";
    /// An internal error before anything was done.
    Error = "error";
    /// It is done, and the answer is an internal error.
    ErrorDone = "error-done";
    /// The service is not available.
    Unavailable = "unavailable";
    /// Nothing is done, and half a body comes.
    Garbled = "garbled";
    /// It is done, and half the body comes.
    GarbledDone = "garbled-done";
    /// It is done, and the answer is an empty object if it succeeded.
    Hollow = "hollow";
    /// From here on lists leave out their first item for five minutes, though they count it.
    Short = "short";
    /// It takes nearly as long as the operator waits.
    Slow = "slow";
    /// The operator dies before the request leaves.
    CrashBefore = "crash-before";
    /// It is done, and the operator dies before the answer.
    CrashAfter = "crash-after";
    /// The watch breaks after one line.
    Break = "break";
    /// The watch ends after one line, because its revision is forgotten.
    Expired = "expired";
    /// The operator dies here, between two steps.
    Crash = "crash";
    /// The machine sleeps for a minute here. Only the clock that counts that shows it.
    Sleep = "sleep";
    /// The user edits the object.
    Edit = "edit";
    /// The user deletes the object.
    Delete = "delete";
    /// The user deletes the object and makes it again once it is gone.
    Recreate = "recreate";
    /// The user replaces the object, whatever its finalizer says.
    Replace = "replace";
    /// The operator dies here, and for five minutes it has an identity that does not see what is private.
    Stranger = "stranger";
    /// Real connections only, as all that follow. It is done, and the answer is a page for people.
    Page = "page";
    /// It is done, and the answer is no UTF-8.
    NotText = "not-text";
    /// It is done, and the answer is nested deeper than any parser should follow.
    Nested = "nested";
    /// It is done, and the answer is larger than any true one.
    Huge = "huge";
    /// It is done, and the members of the answer have other types.
    OtherTypes = "other-types";
    /// It is done, and the answer is an error with status 200.
    ErrorAs200 = "error-as-200";
    /// It is done, and the answer of the create has no id.
    NoId = "no-id";
    /// The connection and the next ones break within the handshake.
    Handshake = "handshake";
    /// Half of the request leaves.
    CutRequest = "cut-request";
    /// It is done, and the connection ends within the head of the answer.
    CutHead = "cut-head";
    /// It is done, and the connection ends within the body.
    CutBody = "cut-body";
    /// It is done, and the connection is reset within the body.
    CutReset = "cut-reset";
    /// It is done, and the head of the answer comes byte by byte.
    DripHead = "drip-head";
    /// The same with the body.
    DripBody = "drip-body";
    /// The same, so slowly that the answer does not end while the operator waits.
    DripEndless = "drip-endless";
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Kind {
    /// What only real connections show of a call of this class.
    pub fn of_connections(class: Class, creates: bool) -> Vec<Self> {
        let mut all = vec![
            Self::GarbledDone,
            Self::Page,
            Self::NotText,
            Self::Nested,
            Self::Huge,
            Self::OtherTypes,
            Self::ErrorAs200,
            Self::Handshake,
            Self::CutRequest,
            Self::CutHead,
            Self::CutBody,
            Self::CutReset,
            Self::DripHead,
            Self::DripBody,
            Self::Slow,
        ];
        if matches!(class, Class::CloudRead | Class::CloudWrite) {
            // The answer never ends, so the request timeout ends the call.
            all.extend([Self::Hollow, Self::DripEndless]);
        }
        if creates {
            all.push(Self::NoId);
        }
        all
    }

    /// What can go wrong with a call of this class in a simulated world.
    pub const fn of(class: Class) -> &'static [Self] {
        use Kind::{
            AnswerLost, AnswerSilent, Break, Conflict, Crash, CrashAfter, CrashBefore, Delete, Denied, Edit, Error,
            ErrorDone, Expired, Forbidden, Garbled, GarbledDone, Hollow, Late, Lost, NotFound, Recreate, Replace,
            Short, Silent, Sleep, Slow, Stranger, Throttled, ThrottledAfter, ThrottledDay, Twice, TwiceSecond,
            Unavailable, Unconnected, Unknown, Unrouted,
        };
        match class {
            Class::KubeRead => {
                &[Lost, Silent, Throttled, ThrottledAfter, Error, Unavailable, Garbled, Slow, CrashBefore, CrashAfter]
            }
            Class::KubeWatch => &[Lost, Silent, Throttled, Error, Break, Expired, CrashAfter],
            Class::KubeWrite => &[
                Lost,
                Silent,
                AnswerLost,
                AnswerSilent,
                Late,
                Twice,
                TwiceSecond,
                Conflict,
                Throttled,
                ThrottledAfter,
                Forbidden,
                Denied,
                Error,
                ErrorDone,
                Unavailable,
                GarbledDone,
                Slow,
                CrashBefore,
                CrashAfter,
            ],
            Class::KubeEvent => &[Silent, Error],
            Class::CloudRead => &[
                Lost,
                Silent,
                Unconnected,
                Throttled,
                ThrottledAfter,
                ThrottledDay,
                Forbidden,
                Unrouted,
                Unknown,
                Error,
                Unavailable,
                Garbled,
                Hollow,
                Short,
                Slow,
                CrashBefore,
                CrashAfter,
            ],
            Class::CloudWrite => &[
                Lost,
                Silent,
                Unconnected,
                AnswerLost,
                AnswerSilent,
                Late,
                Twice,
                TwiceSecond,
                Throttled,
                ThrottledAfter,
                ThrottledDay,
                Forbidden,
                Unrouted,
                Unknown,
                NotFound,
                Error,
                ErrorDone,
                Unavailable,
                Garbled,
                GarbledDone,
                Hollow,
                Slow,
                CrashBefore,
                CrashAfter,
            ],
            Class::Seam => &[Crash, Sleep, Edit, Delete, Recreate, Replace, Stranger],
        }
    }

    /// Whether this fault is possible for this call. A create names nothing that can be missing. If the service says
    /// that the remote of a delete is missing although it exists, no promise can hold.
    pub fn befalls(self, what: &str) -> bool {
        let action = what.split(' ').next().unwrap_or_default();
        match self {
            Self::NotFound => {
                let action = action.trim_start_matches("imm:");
                !matches!(
                    action,
                    "CreateDataset"
                        | "CreateDatasetJob"
                        | "CreateDatasetJobConfig"
                        | "DeleteDataset"
                        | "DeleteDatasetVersion"
                        | "DeleteDatasetJob"
                        | "DeleteDatasetJobConfig"
                )
            }
            // A list of IMM has no count that could tell.
            Self::Short => action.starts_with("List"),
            _ => true,
        }
    }

    /// The operator hears the true answer all the same.
    pub const fn is_heard(self) -> bool {
        matches!(self, Self::Slow | Self::Twice | Self::TwiceSecond | Self::Short | Self::DripHead | Self::DripBody)
    }

    /// The fault can make a second remote for a while, which the client cannot prevent: something between client and
    /// service delivers one request twice.
    pub const fn doubles(self) -> bool {
        matches!(self, Self::Twice | Self::TwiceSecond)
    }
}
