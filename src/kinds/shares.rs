//! The shares of a dataset: which other workspaces may use it. The service takes only the whole list, so an edit sends
//! all shares that stay, as a read has just shown them, and the operator grants and revokes only its own.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::part::is_futile;
use crate::api::Reason;
use crate::cloud::codec::{Codec, Datasets};
use crate::plan::desired::Desired;
use crate::plan::edit::{Edit, Purpose};
use crate::plan::field::{Field, FieldChange, SHARES};
use crate::plan::report::Blocked;
use crate::plan::step::Step;
use crate::plan::view::View;
use crate::remote::Remote;
use crate::remote::carrier::Unwritable;
use crate::remote::fields::{Fields, SHARING, same};
use crate::remote::json::{self, Json};

/// Members of a share that the spec can set.
const SET: [&str; 4] = ["AllowedMountAccessLevels", "IsSecureMode", "Extra", "ExpiresAt"];
/// Members that name the workspace a share is for.
const TARGET: [&str; 2] = ["TenantId", "WorkspaceId"];
/// What stands in messages for a share that the spec does not have (any more).
const REVOKED: &str = "revoked";

/// What is to be done about the shares.
#[derive(Debug, Default)]
pub(super) struct Shares {
    /// The edit that makes them equal to the spec.
    pub(super) edit: Option<Edit>,
    /// They must be read first.
    pub(super) needs: Option<Step>,
    /// Shares that differ and are left as the service keeps them.
    pub(super) left: Vec<FieldChange>,
    /// The wanted shares that exist, for `appliedShares`.
    pub(super) held: Vec<String>,
}

/// Compares the shares of a dataset with its spec.
pub(super) fn compare(view: &View, desired: &Desired, remote: &Remote) -> Result<Shares, Unwritable> {
    let now = view.state.now;
    let wanted: Vec<&Value> = list(desired.mutable.get(SHARING)).filter(|share| !has_ended(share, now)).collect();
    let applied: Vec<&str> = view.recorded.label_keys.iter().filter_map(|key| key.strip_prefix(SHARES)).collect();
    if wanted.is_empty() && applied.is_empty() {
        return Ok(Shares::default());
    }
    let Some(shown) = remote.fields.get(SHARING) else {
        // Only a read shows them. It is worth its call if the spec was edited, or after an edit of the shares.
        let looks = !view.carried_out() || view.observed.drifted.is_some();
        return Ok(Shares { needs: looks.then(|| Step::Read(remote.id.clone())), ..Shares::default() });
    };
    let mut shares = Shares::default();
    let (mut changes, mut sent) = (Vec::new(), Vec::new());
    for share in &wanted {
        let key = key(share);
        let found = list(Some(shown)).find(|found| self::key(found) == key);
        let change = FieldChange { field: field(&key), found: found.map(gist), wanted: Some(gist(share)) };
        let equal = found.is_some_and(|found| is_active(found) && holds(found, share));
        let left = !equal && is_futile(view, &change.field.key, change.wanted.as_ref(), change.found.as_ref());
        match found {
            Some(found) if equal || left => sent.extend(is_active(found).then(|| settable(found))),
            _ if left => {}
            found => sent.push(over(found, share)),
        }
        if equal {
            shares.held.push(format!("{SHARES}{key}"));
        } else if left {
            shares.left.push(change);
        } else {
            changes.push(change);
        }
    }
    for found in list(Some(shown)).filter(|found| is_active(found)) {
        let key = key(found);
        if wanted.iter().any(|share| self::key(share) == key) {
            continue;
        }
        if !applied.contains(&key.as_str()) {
            sent.push(settable(found));
            continue;
        }
        let dropped = FieldChange { field: field(&key), found: Some(gist(found)), wanted: None };
        if !is_futile(view, &dropped.field.key, None, dropped.found.as_ref()) {
            changes.push(dropped);
            continue;
        }
        // The service adds what it is sent to what it has. So the share stays, but it may end now.
        let ended = FieldChange { field: counted(&key, " ends"), wanted: Some(json!(REVOKED)), ..dropped };
        if is_futile(view, &ended.field.key, ended.wanted.as_ref(), ended.found.as_ref()) {
            sent.push(settable(found));
            shares.left.push(ended);
        } else {
            sent.push(over(Some(found), &json!({"ExpiresAt": now.to_string()})));
            changes.push(ended);
        }
    }
    if !changes.is_empty() {
        let members = Fields::from_iter([(SHARING.to_owned(), json!({"SharedTo": sent}))]);
        let mut after = remote.clone();
        // Only a read shows what the service made of it.
        after.fields.remove(SHARING);
        shares.edit = Some(Edit {
            id: remote.id.clone(),
            request: Datasets.update(remote, members)?,
            after: vec![after],
            replaces: Some(remote.id.clone()),
            purpose: Purpose::Spec(changes),
        });
    }
    Ok(shares)
}

/// The entries of `appliedShares` once the remote equals the spec, as they stand among the label keys.
pub(super) fn keys(mutable: &Fields) -> impl Iterator<Item = String> {
    list(mutable.get(SHARING)).map(|share| format!("{SHARES}{}", key(share)))
}

/// Checks what admission cannot: the text of `extra`, and that no share is for the workspace of the dataset itself.
pub(super) fn check(mutable: &Fields, workspace: &str) -> Result<(), Blocked> {
    let invalid = |message: String| Err(Blocked::stuck(Reason::InvalidSpec, message));
    for share in list(mutable.get(SHARING)) {
        let path = field(&key(share)).path();
        if share.get("WorkspaceId").and_then(Value::as_str) == Some(workspace) {
            return invalid(format!(
                "{path} is the workspace of the dataset itself, which needs no share; remove the entry"
            ));
        }
        match share.get("Extra").and_then(Value::as_str).map(json::parse) {
            None | Some(Ok(Json::Object(_))) => {}
            Some(Ok(_)) => return invalid(format!("{path}.extra is not a JSON object")),
            Some(Err(fault)) => return invalid(format!("{path}.extra is not a JSON object: {fault}")),
        }
    }
    Ok(())
}

/// What status says of the shares: those of the dataset if this remote shows them, and where it comes from.
pub(super) fn info(remote: &Remote, info: &mut Map<String, Value>) {
    let some = |value: Value| Some(value).filter(|value| *value != json!([]) && *value != json!({}));
    let named = |share: &Value, names: &[&str]| -> Value {
        let text = |name: &&str| Some((crate::remote::fields::lower_camel(name), json!(share.get(*name)?.as_str()?)));
        names.iter().filter_map(text).collect()
    };
    if let Some(shown) = remote.fields.get(SHARING) {
        let of_share = ["TenantId", "WorkspaceId", "Status", "SharedAt", "ExpiresAt"];
        let all = list(Some(shown)).map(|share| named(share, &of_share)).collect();
        super::info::put(info, "sharedTo", some(all));
    }
    let is_shared = remote.fields.get("IsShared").and_then(Value::as_bool) == Some(true);
    super::info::put(info, "isShared", is_shared.then_some(json!(true)));
    let of_source = ["SourceTenantId", "SourceWorkspaceId", "Status", "ExpiresAt"];
    let from = remote.fields.get("SharedFrom").filter(|_| is_shared).map(|from| named(from, &of_source));
    super::info::put(info, "sharedFrom", from.and_then(some));
}

/// The shares of a `SharingConfig`.
fn list(config: Option<&Value>) -> impl Iterator<Item = &Value> {
    config.and_then(|config| config.get("SharedTo")?.as_array()).into_iter().flatten()
}

/// `<tenantId>/<workspaceId>`
fn key(share: &Value) -> String {
    TARGET.map(|name| share.get(name).and_then(Value::as_str).unwrap_or_default()).join("/")
}

/// The field of a share.
fn field(key: &str) -> Field {
    counted(key, "")
}

/// The same, where its updates are counted apart from the others.
fn counted(key: &str, apart: &str) -> Field {
    Field::counted_as(format!("{SHARES}{key}{apart}"), &format!("{SHARING}.sharedTo[{key}]"))
}

/// Has this share ended? Its entry in the spec then means nothing.
fn has_ended(share: &Value, now: Timestamp) -> bool {
    time(share).is_some_and(|end| end <= now)
}

fn time(share: &Value) -> Option<Timestamp> {
    share.get("ExpiresAt")?.as_str()?.parse().ok()
}

/// A share without a state counts as one that is in force.
fn is_active(share: &Value) -> bool {
    share.get("Status").and_then(Value::as_str).is_none_or(|status| status == "ACTIVE" || status.is_empty())
}

/// Whether a share has everything that the spec says of it.
fn holds(found: &Value, wanted: &Value) -> bool {
    SET.iter().filter_map(|name| Some((name, wanted.get(*name)?))).all(|(name, value)| match *name {
        "ExpiresAt" => time(found) == time(wanted),
        "IsSecureMode" => found.get(*name).and_then(Value::as_bool).unwrap_or_default() == *value,
        name => same(name, Some(value), found.get(name)),
    })
}

/// The members of a share that can be sent.
fn settable(share: &Value) -> Value {
    let names = TARGET.iter().chain(&SET);
    names.filter_map(|name| Some(((*name).to_owned(), share.get(*name)?.clone()))).collect()
}

/// The share as found, with these members in place of its own.
fn over(found: Option<&Value>, members: &Value) -> Value {
    let mut share = found.map_or_else(|| json!({}), settable);
    let own = settable(members);
    if let (Some(share), Some(own)) = (share.as_object_mut(), own.as_object()) {
        share.extend(own.clone());
    }
    share
}

/// A share in messages: its state and its settings.
fn gist(share: &Value) -> Value {
    let names = SET.iter().chain(&["Status"]);
    names.filter_map(|name| Some(((*name).to_owned(), share.get(*name)?.clone()))).collect()
}

#[cfg(test)]
#[path = "shares_tests.rs"]
mod tests;
