//! The validation rules (CEL) of single fields: the values that are allowed, described in words.
//!
//! A rule that stands for a pattern or a bound of the schema accepts exactly the same values, but its message is not a
//! regular expression. The apiserver does not check a value again that did not change, so a new rule here does not
//! block objects that were stored before.

use kube::core::{Reason, Rule};

use super::names;

/// No blank, tab or line break at either end: it would be part of an address that cannot be changed later.
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

pub(super) fn dataset_job_id() -> Rule {
    Rule::new("self.matches('^[a-zA-Z0-9_-]+$')").message(
        "datasetJobId must be an id as the console shows it, such as dsjob-0a1b: letters, digits, '_' and '-' only",
    )
}

pub(super) fn dataset_job_config_id() -> Rule {
    Rule::new("self.matches('^[a-zA-Z0-9_-]+$')").message(
        "datasetJobConfigId must be an id as the console shows it, such as dscfg-0a1b: letters, digits, '_' and '-' only",
    )
}

/// No Secret can have another key, so the object would wait forever.
pub(super) fn secret_key() -> Rule {
    Rule::new("self.matches('^[-._a-zA-Z0-9]+$')").message(
        "apiKeySecretRef.key must be a key in the data of the Secret: letters, digits, '-', '_' and '.' only; the API key \
         itself belongs into the Secret",
    )
}

pub(super) fn project_name() -> Rule {
    Rule::new("self.matches('^[a-zA-Z0-9_-]+$')")
        .message("projectName must be the name of an IMM project: letters, digits, '_' and '-' only")
}

pub(super) fn media_dataset_name() -> Rule {
    Rule::new("self.matches('^[a-zA-Z_][a-zA-Z0-9_-]*$')")
        .message("name must begin with a letter or '_', and go on with letters, digits, '_' and '-' only")
}

/// A description that the mark is written behind.
pub(super) fn marked_description() -> Rule {
    Rule::new("size(bytes(self)) <= 192").message(
        "description must not be longer than 192 bytes in UTF-8: the service takes 256, and the operator's ownership mark \
         needs 64",
    )
}

pub(super) fn version_name(field: &str) -> Rule {
    Rule::new("self.matches('^v[1-9][0-9]*$')")
        .message(format!("{field} must be a name as the service gives it: v1, v2 and so on").as_str())
}

/// No object can have another name, so the reference would wait forever.
pub(super) fn object_name(field: &str, kind: &str) -> Rule {
    Rule::new("self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')").message(
        format!(
            "{field}.name must be the metadata.name of a {kind} in the same namespace: lower-case letters, digits, '-' \
             and '.' only; a {kind} of another namespace cannot be referred to"
        )
        .as_str(),
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
        .message("the key of a label must not begin with 'dso-': the operator keeps its ownership labels there")
        .reason(Reason::FieldValueForbidden)
        .field_path(".key")
}

pub(super) fn file_uri() -> Rule {
    Rule::new("self.matches('^(oss|nas)://[^/]+/.+')").message(
        "uri must name a file, such as oss://bucket/flowers/1.jpg (the bucket without its endpoint) or nas://fsid/flowers/1.jpg",
    )
}

/// The service has no pattern for it; a time that it cannot read fails its item.
pub(super) fn file_time(field: &str) -> Rule {
    Rule::new(
        "self.matches('^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})$')",
    )
    .message(format!("{field} must be a time in ISO 8601 with its zone, such as 2026-11-01T00:00:00Z").as_str())
}

pub(super) fn file_tags() -> Rule {
    Rule::new("self.all(tag, !tag.startsWith('dso-') && !tag.contains(','))").message(
        "tags must not begin with 'dso-', where the operator keeps its ownership tags, and must not contain ','",
    )
}

pub(super) fn region() -> Rule {
    Rule::new("self.matches('^[a-z0-9-]+$')")
        .message("region must be a name such as cn-hangzhou: lower-case letters, digits and '-' only")
}

pub(super) fn url(field: &str) -> Rule {
    Rule::new("self.matches('^https?://[^/?#@]+/?$')")
        .message(format!("{field} must be https:// or http:// with a host, and without user, path or query").as_str())
}

pub(super) fn credentials() -> Rule {
    Rule::new(
        "has(self.source) && (self.source in ['Secret', 'Bearer', 'URI']) == (has(self.secretRef) && has(self.secretRef.name)) && \
         (self.source in ['Secret', 'Bearer', 'URI']) == has(self.secretRef) && (self.source == 'ECSRole' || !has(self.ecsRole)) && \
         (self.source == 'RRSA') == (has(self.rrsa) && has(self.rrsa.roleArn) && has(self.rrsa.oidcProviderArn) && \
         has(self.rrsa.serviceAccountRef) && has(self.rrsa.serviceAccountRef.name)) && \
         (self.source == 'RRSA') == has(self.rrsa) && !(self.source == 'Bearer' && has(self.assumeRole))",
    )
    .message(
        "credentials needs source; only Secret, Bearer and URI need secretRef, with the name of a Secret, and only RRSA needs rrsa, with \
         roleArn, oidcProviderArn and serviceAccountRef; only ECSRole may have ecsRole; a bearer token can assume no role",
    )
}

pub(super) fn label_condition() -> Rule {
    Rule::new("has(self.key) && has(self.operator) && (self.operator in ['In', 'NotIn']) == has(self.values)")
        .message("each entry of matchExpressions needs key and operator, and values with In and NotIn only")
}

pub(super) fn role_name() -> Rule {
    Rule::new("self.matches('^[a-zA-Z0-9._-]+$')").message("ecsRole.name must be the name of a RAM role, not its ARN")
}

pub(super) fn role_arn() -> Rule {
    Rule::new("self.matches('^acs:ram::[0-9]+:role/[a-zA-Z0-9._-]+$')")
        .message("roleArn must be the ARN of a RAM role, such as acs:ram::1234567890123456:role/datasets")
}

pub(super) fn provider_arn() -> Rule {
    Rule::new("self.matches('^acs:ram::[0-9]+:oidc-provider/[a-zA-Z0-9._-]+$')").message(
        "oidcProviderArn must be the ARN of an OIDC provider, such as acs:ram::1234567890123456:oidc-provider/ack-rrsa-c0a1",
    )
}

pub(super) fn assumed_role() -> Rule {
    Rule::new("has(self.roleArn)").message("each entry of assumeRole needs roleArn")
}

/// No Secret can have another key.
pub(super) fn credential_key(field: &str) -> Rule {
    Rule::new("self.matches('^[-._a-zA-Z0-9]+$')").message(
        format!(
            "keys.{field} must be the name of a key of the Secret: letters, digits, '-', '_' and '.' only; the value itself \
             belongs into the Secret"
        )
        .as_str(),
    )
}
