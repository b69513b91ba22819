//! The meaning of each product's codes, as far as it is documented or was seen. The gateway in front of the products
//! has codes of its own, which are the same for all of them.

use crate::cloud::product::Product;

/// The meaning of a code that the gateway's rules leave to the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// "Name already existed" or "not found": the operation decides.
    NameOrMissing,
    /// The name is taken.
    NameTaken,
    /// The media dataset that the call names does not exist; if the call makes one or lists them, their project.
    Missing,
    /// The resource that the call names does not exist, if the status is 404.
    MissingAt404,
    /// The version that the call reads does not exist.
    MissingVersion,
    /// The workspace that the spec names does not exist.
    NoWorkspace,
    /// The call is wrong.
    Refused,
    /// What the resource holds, or does just now, does not allow it.
    Conflict,
    /// The identity is valid but may not make this call, whatever the status.
    Permission,
}

/// A code, or a prefix of codes.
enum Code {
    Is(&'static str),
    Begins(&'static str),
}

/// Sources: `201300003` was seen in the field (name taken) and is in the official Terraform provider (not found);
/// `201300002` is in that provider since 2.0.0-beta1; `ResourceNotFound` is in the vendor's sample of the error body;
/// the codes of a missing workspace are in the provider.
const AI_WORK_SPACE: &[(Code, Meaning)] = &[
    (Code::Is("201300003"), Meaning::NameOrMissing),
    (Code::Is("201300002"), Meaning::MissingVersion),
    (Code::Is("ResourceNotFound"), Meaning::MissingAt404),
    (Code::Is("100400008"), Meaning::NoWorkspace),
    (Code::Is("100400027"), Meaning::NoWorkspace),
    (Code::Is("100700008"), Meaning::NoWorkspace),
];

/// Source: the vendor's pages about the operations and about error codes. A repeated create ends in
/// `ResourceAlreadyExists`; "not found" has status 400. `StatusConflict` is documented for a project that still has
/// content; that a dataset with bindings or files has the same code is a guess.
const IMM: &[(Code, Meaning)] = &[
    (Code::Is("ResourceNotFound"), Meaning::Missing),
    (Code::Is("ResourceAlreadyExists"), Meaning::NameTaken),
    (Code::Is("StatusConflict"), Meaning::Conflict),
    (Code::Begins("Invalid"), Meaning::Refused),
    (Code::Begins("Missing"), Meaning::Refused),
];

/// Source: the vendor's pages about the operations. "There is no permission" has status 401; a role that does not exist
/// is one that the settings name.
const STS: &[(Code, Meaning)] = &[
    (Code::Begins("AuthenticationFail.NoPermission"), Meaning::Permission),
    (Code::Begins("EntityNotExist"), Meaning::Refused),
    (Code::Begins("InvalidParameter"), Meaning::Refused),
];

impl Meaning {
    /// The meaning of this code of the product, if it is known.
    pub(super) fn of(product: Product, code: &str) -> Option<Self> {
        let rows = match product {
            Product::AiWorkSpace => AI_WORK_SPACE,
            Product::Imm => IMM,
            Product::Sts => STS,
        };
        let fits = |known: &Code| match known {
            Code::Is(known) => code == *known,
            Code::Begins(known) => code.starts_with(known),
        };
        rows.iter().find(|(known, _)| fits(known)).map(|(_, meaning)| *meaning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_code_says_something_else_of_another_product() {
        let meanings = |code| Product::ALL.map(|product| Meaning::of(product, code));
        assert_eq!(meanings("ResourceNotFound"), [Some(Meaning::MissingAt404), Some(Meaning::Missing), None]);
        assert_eq!(meanings("ResourceAlreadyExists"), [None, Some(Meaning::NameTaken), None]);
        assert_eq!(meanings("201300003"), [Some(Meaning::NameOrMissing), None, None]);
        assert_eq!(meanings("InvalidParameter.RoleArn"), [None, Some(Meaning::Refused), Some(Meaning::Refused)]);
        assert_eq!(meanings("AuthenticationFail.NoPermission"), [None, None, Some(Meaning::Permission)]);
        assert_eq!(meanings("2013000031"), [None; 3]);
    }
}
