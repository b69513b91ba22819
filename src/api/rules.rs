//! The validation rules (CEL) that the apiserver runs on every write: no webhook is needed.
//!
//! Each rule names the field it speaks of, in the message and as `fieldPath`, and says what to do
//! instead. Rules that compare spec with status sit at the root, where both are in sight.
//!
//! Objects outlive rules. A rule that is added to a kind that has been released either sits at a single field, where the
//! API server lets pass what did not change, or passes by itself when the old value was the same. So what was stored
//! before can still be claimed, recorded, edited elsewhere and deleted.

use kube::core::{Reason, Rule};

use super::names;

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

/// The schemes that a `uri` may have, by `dataSourceType`, as far as the vendor's pages or the field show any. What lies
/// in MaxCompute or under a URL is not held to one.
const SCHEMES: [(&str, &[&str]); 5] = [
    ("OSS", &["oss"]),
    ("NAS", &["nas"]),
    ("EXTREMENAS", &["nas", "extremenas"]),
    ("CPFS", &["nas", "cpfs"]),
    ("BMCPFS", &["bmcpfs", "cpfs", "nas"]),
];

/// The scheme of `uri` is one of its `dataSourceType`; upper and lower case are alike, as on the vendor's own pages.
/// Neither can be changed later, so a wrong pair would stay for ever. A pair that was stored before passes.
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

// Rules of single fields. Where one stands for a pattern of the schema, it takes exactly what the pattern took, and says
// in words what is wrong.

/// No blank, tab or line break around: it would be part of an address that cannot be changed later.
pub(super) fn uri() -> Rule {
    Rule::new(r"!self.matches('^\\s|\\s$')")
        .message("uri must not begin or end with a blank or a line break: it cannot be changed later")
}

pub(super) fn name() -> Rule {
    Rule::new("self.matches('^[a-zA-Z0-9一-鿿㐀-䶿][a-zA-Z0-9一-鿿㐀-䶿_-]*$')").message(
        "name must begin with a letter, a digit or a Chinese character, and go on with these, '_' and '-' only",
    )
}

/// The text of a JSON object, by its braces; the rest is checked by the operator.
pub(super) fn json_object(field: &str) -> Rule {
    Rule::new(r"self.matches('^\\s*\\{[\\s\\S]*\\}\\s*$')").message(
        format!(
            "{field} must be the text of a JSON object, such as '{{\"key\": \"value\"}}'; for none use '{{}}' or leave it \
             out"
        )
        .as_str(),
    )
}

pub(super) fn decimal(field: &str, example: &str) -> Rule {
    Rule::new("self.matches('^[0-9]+$')")
        .message(format!("{field} must be the number, not the name: decimal digits such as \"{example}\"").as_str())
}

pub(super) fn dataset_id() -> Rule {
    Rule::new("self.matches('^[a-zA-Z0-9_-]+$')")
        .message("datasetId must be an id as the console shows it, such as d-0a1b: letters, digits, '_' and '-' only")
}

pub(super) fn version_name() -> Rule {
    Rule::new("self.matches('^v[1-9][0-9]*$')")
        .message("versionName must be a name as the service gives it: v1, v2 and so on")
}

/// No other name can ever exist, so the reference would wait for ever.
pub(super) fn object_name() -> Rule {
    Rule::new("self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')").message(
        "datasetRef.name must be the metadata.name of a Dataset in the same namespace: lower-case letters, digits, '-' \
         and '.' only; a Dataset of another namespace cannot be referred to",
    )
}

/// The largest size or count that `CreateDataset` takes.
pub(super) fn of_first_version(field: &str) -> Rule {
    Rule::new("self <= 999999999999").message(
        format!(
            "{field} of a Dataset must be at most 999999999999, the limit of the service; for more, leave it out here and \
             set {field} in a DatasetVersion that binds v1 (adoption.versionName: v1)"
        )
        .as_str(),
    )
}

pub(super) fn label_count(field: &str) -> Rule {
    Rule::new("size(self) <= 16").message(
        format!(
            "{field} must have at most 16 labels: of the 20 that the service allows, the operator keeps {} for its own \
             ({})",
            names::MARKS.len(),
            names::MARKS.join(", ")
        )
        .as_str(),
    )
}

pub(super) fn label_alphabet() -> Rule {
    Rule::new("!self.key.matches('[=,]') && !self.value.matches('[=,]')")
        .message("the key and the value of a label must not contain '=' or ','")
}

pub(super) fn label_bytes() -> Rule {
    Rule::new("size(bytes(self.key)) <= 128 && size(bytes(self.value)) <= 128")
        .message("the key and the value of a label must not be longer than 128 bytes in UTF-8")
}

pub(super) fn label_prefix() -> Rule {
    Rule::new("!self.key.matches('^(aliyun|acs|http://|https://)')")
        .message("the key of a label must not begin with 'aliyun', 'acs', 'http://' or 'https://'")
        .field_path(".key")
}

pub(super) fn label_mark() -> Rule {
    Rule::new("!self.key.startsWith('dso-')")
        .message("the key of a label must not begin with 'dso-': the operator keeps its own marks there")
        .reason(Reason::FieldValueForbidden)
        .field_path(".key")
}
