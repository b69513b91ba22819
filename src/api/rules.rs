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

const fn immutable(field: &'static str, instead: &'static str) -> Immutable {
    Immutable { field, instead }
}

const NEW_VERSION: &str = "create a DatasetVersion to describe other data";
const NEW_DATASET: &str = "create another Dataset";
const OTHER_VERSION: &str = "create another DatasetVersion";

/// The fields of a dataset that cannot change once it exists.
pub const DATASET_IMMUTABLES: [Immutable; 13] = [
    immutable("property", NEW_VERSION),
    immutable("dataSourceType", NEW_DATASET),
    immutable("uri", "create a DatasetVersion to point at new data"),
    immutable("dataType", NEW_DATASET),
    immutable("sourceType", NEW_VERSION),
    immutable("sourceId", NEW_VERSION),
    immutable("userId", NEW_DATASET),
    immutable("workspaceId", NEW_DATASET),
    immutable("importInfo", NEW_VERSION),
    immutable("provider", NEW_DATASET),
    immutable("providerType", NEW_DATASET),
    immutable("sourceDatasetId", NEW_DATASET),
    immutable("sourceDatasetVersion", NEW_DATASET),
];

/// The fields of a version that cannot change once it exists.
pub const VERSION_IMMUTABLES: [Immutable; 6] = [
    immutable("property", OTHER_VERSION),
    immutable("dataSourceType", OTHER_VERSION),
    immutable("uri", "create another DatasetVersion to point at new data"),
    immutable("sourceType", OTHER_VERSION),
    immutable("sourceId", OTHER_VERSION),
    immutable("importInfo", OTHER_VERSION),
];

/// Rules at the root of a `Dataset`.
pub(super) fn dataset() -> Vec<Rule> {
    let adopted = "has(self.spec.adoption) && has(self.spec.adoption.datasetId)";
    let mut rules: Vec<Rule> =
        ["property", "dataSourceType", "uri"].map(|field| required_unless(field, adopted, "adoption.datasetId")).into();
    rules.push(
        Rule::new(format!(
            "has(self.spec.name) || ({adopted}) || (size(self.metadata.name) <= 127 && !self.metadata.name.contains('.'))"
        ))
        .message(
            "metadata.name is not a valid dataset name (at most 127 characters, no '.'): set spec.name",
        )
        .reason(Reason::FieldValueRequired)
        .field_path(".spec.name"),
    );
    rules.push(
        Rule::new("!has(self.spec.provider) || self.spec.provider != 'pai'")
            .message("provider 'pai' is reserved for the platform's own datasets")
            .field_path(".spec.provider"),
    );
    rules.push(
        Rule::new(
            "!has(self.spec.accessibility) || self.spec.accessibility != 'ROLE_PUBLIC' || \
             (has(self.spec.accessibleRoleIdList) && size(self.spec.accessibleRoleIdList) > 0)",
        )
        .message("accessibility ROLE_PUBLIC needs at least one role in accessibleRoleIdList")
        .reason(Reason::FieldValueRequired)
        .field_path(".spec.accessibleRoleIdList"),
    );
    rules.push(
        Rule::new(
            "!has(self.spec.accessibleRoleIdList) || size(self.spec.accessibleRoleIdList) == 0 || \
             (has(self.spec.accessibility) && self.spec.accessibility == 'ROLE_PUBLIC')",
        )
        .message("accessibleRoleIdList has a meaning only with accessibility: ROLE_PUBLIC")
        .reason(Reason::FieldValueForbidden)
        .field_path(".spec.accessibleRoleIdList"),
    );
    rules.push(
        Rule::new(
            "!has(self.spec.edition) || !has(oldSelf.spec.edition) || self.spec.edition == oldSelf.spec.edition || \
             !has(self.status) || !has(self.status.datasetId) || \
             (oldSelf.spec.edition == 'BASIC' && self.spec.edition == 'ADVANCED')",
        )
        .message(
            "edition can only change from BASIC to ADVANCED once the dataset exists; create another Dataset, \
             or remove the field to leave the edition as it is",
        )
        .reason(Reason::FieldValueForbidden)
        .field_path(".spec.edition"),
    );
    rules.push(scheme_fits());
    rules.extend(DATASET_IMMUTABLES.map(|field| unchanged(field, "datasetId", "dataset")));
    rules.push(adoption_unchanged("datasetId", "dataset"));
    rules
}

/// Rules at the root of a `DatasetVersion`.
pub(super) fn dataset_version() -> Vec<Rule> {
    let adopted = "has(self.spec.adoption) && has(self.spec.adoption.versionName)";
    let mut rules = vec![
        Rule::new("has(self.spec.datasetRef) != has(self.spec.datasetId)")
            .message("exactly one of datasetRef and datasetId must be set")
            .field_path(".spec.datasetRef"),
    ];
    rules.extend(
        ["property", "dataSourceType", "uri"].map(|field| required_unless(field, adopted, "adoption.versionName")),
    );
    rules.push(scheme_fits());
    rules.extend(VERSION_IMMUTABLES.map(|field| unchanged(field, "versionName", "version")));
    rules.push(unchanged(immutable("datasetId", OTHER_VERSION), "versionName", "version"));
    rules.push(
        Rule::new(
            "!has(self.spec.datasetRef) || \
             (has(oldSelf.spec.datasetRef) && self.spec.datasetRef.name == oldSelf.spec.datasetRef.name) || \
             !has(self.status) || !has(self.status.versionName)",
        )
        .message("datasetRef cannot change once the version exists: create another DatasetVersion, or set it back")
        .reason(Reason::FieldValueForbidden)
        .field_path(".spec.datasetRef"),
    );
    rules.push(adoption_unchanged("versionName", "version"));
    rules
}

fn required_unless(field: &str, adopted: &str, by: &str) -> Rule {
    Rule::new(format!("has(self.spec.{field}) || ({adopted})"))
        .message(format!("{field} is required unless {by} is set").as_str())
        .reason(Reason::FieldValueRequired)
        .field_path(format!(".spec.{field}"))
}

/// A new value is accepted while no id is recorded, or if it is the recorded one: so a refused create
/// can be corrected, and an edit made while a create was on its way can be taken back. Removing the
/// field is accepted too: it is then no longer managed.
fn unchanged(Immutable { field, instead }: Immutable, id: &str, what: &str) -> Rule {
    Rule::new(format!(
        "!has(self.spec.{field}) || (has(oldSelf.spec.{field}) && self.spec.{field} == oldSelf.spec.{field}) || \
         !has(self.status) || !has(self.status.{id}) || \
         (has(self.status.{field}) && self.spec.{field} == self.status.{field})"
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
fn scheme_fits() -> Rule {
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

fn adoption_unchanged(id: &str, what: &str) -> Rule {
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
