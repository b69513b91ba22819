//! Why a caller is not believed.

use crate::knobs::Knobs;
use crate::operation::Product;

/// The reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Denial {
    /// There is too little to check.
    Incomplete(String),
    /// The signature does not fit; carries the server's string to sign.
    SignatureMismatch(String),
    AccessKeyUnknown,
    AccessKeyInactive,
    TokenExpired,
    TokenMismatch,
    /// An unknown token in the SDK's bearer headers.
    BearerUnknown,
    /// An unknown token in `Authorization: Bearer`.
    Unauthorized,
    DateFormat,
    DateExpired,
    NonceUsed,
}

impl Denial {
    /// Status, code and message of this product under these knobs.
    pub(crate) fn worded(&self, knobs: &Knobs, product: Product) -> (u16, &'static str, String) {
        let inactive = match product {
            Product::AiWorkSpace | Product::Imm => 400,
            Product::Sts => 403,
        };
        let (status, code, message) = match self {
            Self::Incomplete(why) => {
                return (400, "IncompleteSignature", format!("The signature cannot be checked: {why}."));
            }
            Self::SignatureMismatch(ours) => {
                let message = format!("The signature does not match. The server's string to sign is: {ours}");
                return (knobs.signature_status, "SignatureDoesNotMatch", message);
            }
            Self::AccessKeyUnknown => {
                (knobs.unknown_access_key_status, "InvalidAccessKeyId.NotFound", "The access key id is not known.")
            }
            Self::AccessKeyInactive => (inactive, "InvalidAccessKeyId.Inactive", "The access key is switched off."),
            Self::TokenExpired => (400, "InvalidSecurityToken.Expired", "The security token is out of date."),
            Self::TokenMismatch => (
                400,
                "InvalidSecurityToken.MismatchWithAccessKey",
                "The security token does not belong to the access key.",
            ),
            Self::BearerUnknown => (400, "InvalidBearerToken", "The bearer token is not known."),
            Self::Unauthorized => (401, "Unauthorized", "The bearer token is not known."),
            Self::DateFormat => {
                (400, "InvalidTimeStamp.Format", "The date of the request is missing or not in the required form.")
            }
            Self::DateExpired => {
                (400, "InvalidTimeStamp.Expired", "The date of the request is too far from the server's.")
            }
            Self::NonceUsed => (400, "SignatureNonceUsed", "The signature nonce was used before."),
        };
        (status, code, message.to_owned())
    }
}
