//! The validation rules (CEL) that the apiserver runs on every write: no webhook is needed.
//!
//! The message and the `fieldPath` of each rule name its field, and the message says what to do instead. Rules that
//! compare spec with status are at the root, which contains both.
//!
//! Objects outlive rules. A rule that is added to a released kind is either at a single field, where the API server
//! accepts a value that did not change, or accepts an unchanged value itself. So an object that was stored before can
//! still be claimed, recorded, edited elsewhere and deleted.

use kube::core::{Reason, Rule};

/// A field that the service cannot change after creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Immutable {
    /// Name in spec and in status, lower-camel.
    pub field: &'static str,
    /// What to do instead of changing it.
    pub instead: &'static str,
}

pub(super) const fn immutable(field: &'static str, instead: &'static str) -> Immutable {
    Immutable { field, instead }
}

/// The field must be set, unless the field `by` is: `adopted` says whether it is.
pub(super) fn required_unless(field: &str, adopted: &str, by: &str) -> Rule {
    Rule::new(format!("has(self.spec.{field}) || ({adopted})"))
        .message(format!("{field} is required unless {by} is set").as_str())
        .reason(Reason::FieldValueRequired)
        .field_path(format!(".spec.{field}"))
}

/// A new value is accepted while no id is recorded, or if it is the recorded one: so a refused create
/// can be corrected, and an edit made while a create was on its way can be taken back. Removing the
/// field is accepted too: it is then no longer managed.
pub(super) fn unchanged(immutable: &Immutable, id: &str, what: &str) -> Rule {
    kept(immutable, id, what, &format!("self.status.{}", immutable.field))
}

/// As [`unchanged`], for an object. CEL takes the objects of two fields for two types, and compares them only if it does
/// not know one of the types. It misses a member that is in no schema and was renamed, so the operator compares too.
pub(super) fn object_unchanged(immutable: &Immutable, id: &str, what: &str) -> Rule {
    kept(immutable, id, what, &format!("dyn(self.status.{})", immutable.field))
}

fn kept(Immutable { field, instead }: &Immutable, id: &str, what: &str, recorded: &str) -> Rule {
    Rule::new(format!(
        "!has(self.spec.{field}) || (has(oldSelf.spec.{field}) && self.spec.{field} == oldSelf.spec.{field}) || \
         !has(self.status) || !has(self.status.{id}) || \
         (has(self.status.{field}) && self.spec.{field} == {recorded})"
    ))
    .message(
        format!(
            "{field} cannot change once the {what} exists: {instead}, or set it back to the value in status.{field}"
        )
        .as_str(),
    )
    .reason(Reason::FieldValueForbidden)
    .field_path(format!(".spec.{field}"))
}

/// The object that a field refers to by name stays the same; status does not record its name.
pub(super) fn reference_unchanged(Immutable { field, instead }: &Immutable, id: &str, what: &str) -> Rule {
    Rule::new(format!(
        "!has(self.spec.{field}) || \
         (has(oldSelf.spec.{field}) && self.spec.{field}.name == oldSelf.spec.{field}.name) || \
         !has(self.status) || !has(self.status.{id})"
    ))
    .message(format!("{field} cannot change once the {what} exists: {instead}, or set it back").as_str())
    .reason(Reason::FieldValueForbidden)
    .field_path(format!(".spec.{field}"))
}

/// The job, version or other part of a dataset says which dataset.
pub(super) fn one_dataset() -> Rule {
    Rule::new("has(self.spec.datasetRef) != has(self.spec.datasetId)")
        .message("exactly one of datasetRef and datasetId must be set")
        .field_path(".spec.datasetRef")
}

/// The schemes that a `uri` may have, by `dataSourceType`, as far as the vendor's pages or the field show any.
/// `MAXCOMPUTE` and `URL` are not restricted.
const SCHEMES: [(&str, &[&str]); 5] = [
    ("OSS", &["oss"]),
    ("NAS", &["nas"]),
    ("EXTREMENAS", &["nas", "extremenas"]),
    ("CPFS", &["nas", "cpfs"]),
    ("BMCPFS", &["bmcpfs", "cpfs", "nas"]),
];

/// The scheme of `uri` is one of its `dataSourceType`; case does not matter, as on the vendor's own pages. Neither
/// field can be changed later, so a wrong pair would stay forever. A pair that was stored before passes.
pub(super) fn scheme_fits() -> Rule {
    let same = |field: &str| {
        format!(
            "has(oldSelf.value().spec.{field}) == has(self.spec.{field}) && \
             (!has(self.spec.{field}) || oldSelf.value().spec.{field} == self.spec.{field})"
        )
    };
    let fits = SCHEMES.map(|(kind, schemes)| {
        let alternatives = schemes.join("|");
        format!("(self.spec.dataSourceType != '{kind}' || self.spec.uri.lowerAscii().matches('^({alternatives})://'))")
    });
    let forms = SCHEMES.map(|(kind, schemes)| {
        let forms: Vec<_> = schemes.iter().map(|scheme| format!("{scheme}://")).collect();
        format!("{kind} {}", forms.join(" or "))
    });
    Rule::new(format!(
        "!has(self.spec.uri) || !has(self.spec.dataSourceType) || (oldSelf.hasValue() && {} && {}) || ({})",
        same("uri"),
        same("dataSourceType"),
        fits.join(" && ")
    ))
    .message(
        format!(
            "the scheme of uri does not fit dataSourceType, and neither can be changed later; uri begins with: {}",
            forms.join(", ")
        )
        .as_str(),
    )
    .field_path(".spec.uri")
    .optional_old_self(true)
}

/// The id in `adoption` stands for the one remote that the object has recorded.
pub(super) fn adoption_unchanged(id: &str, what: &str) -> Rule {
    Rule::new(format!(
        "!has(self.spec.adoption) || !has(self.spec.adoption.{id}) || \
         (has(oldSelf.spec.adoption) && has(oldSelf.spec.adoption.{id}) && \
         self.spec.adoption.{id} == oldSelf.spec.adoption.{id}) || \
         !has(self.status) || !has(self.status.{id}) || self.spec.adoption.{id} == self.status.{id}"
    ))
    .message(
        format!(
            "adoption.{id} cannot change once a {what} is recorded: this object stands for the one in status.{id}; \
             adopt the other with an object of its own"
        )
        .as_str(),
    )
    .reason(Reason::FieldValueForbidden)
    .field_path(format!(".spec.adoption.{id}"))
}
