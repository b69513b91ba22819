//! The changes that make a remote equal to its spec, in the order in which they are made.

use std::borrow::Cow;

use serde_json::Value;

use super::first_version::{self, first_of, needs_first};
use super::part::Part;
use super::shares;
use crate::cloud::codec::{Datasets, Versions};
use crate::plan::desired::Desired;
use crate::plan::edit::Comparison;
use crate::plan::view::View;
use crate::remote::Remote;
use crate::remote::carrier::{Carrier, Unwritable};
use crate::remote::fields::{Fields, SHARING};
use crate::remote::mark::Ownership;

/// Compares a dataset with its spec, and also its v1 if the spec manages that.
pub(super) fn dataset(view: &View, desired: &Desired, remote: &Remote) -> Result<Comparison, Unwritable> {
    let own = Part::of(desired, remote);
    let mut update = own.members(view);
    update.remove(SHARING);
    let access = access_last(&mut update, remote);
    let mut edits = Vec::new();
    edits.extend(own.update(&Datasets, &update)?);
    edits.extend(own.label_edits(view, &Datasets));
    match access {
        Some(Access::Publish) => edits.push(own.publish()),
        Some(Access::Update(fields)) => edits.extend(own.update(&Datasets, &fields)?),
        None => {}
    }
    let (mut left, mut held) = (own.left(view), own.held());
    let shares = shares::compare(view, desired, remote)?;
    edits.extend(shares.edit);
    left.extend(shares.left);
    held.extend(shares.held);
    if let Some(first) = first_of(view, remote) {
        let part = first_version::part(desired, first);
        if !desired.first.is_empty() {
            let update = part.update(&Versions, &part.members(view))?;
            let found = update.into_iter().chain(part.label_edits(view, &Versions));
            edits.extend(found.map(|edit| first_version::within(view, remote, edit)));
        }
        left.extend(part.left(view));
        held.extend(part.held());
    }
    let needs = needs_first(view, desired, remote).or(shares.needs);
    Ok(Comparison { edits, needs, left, held })
}

/// Compares a remote that has nothing in it, such as a version, with its spec.
pub(super) fn plain(view: &View, desired: &Desired, remote: &Remote) -> Result<Comparison, Unwritable> {
    let codec = view.profile.codec;
    let marked = with_its_mark(view, remote);
    let own = Part::of(desired, &marked);
    let mut members = own.members(view);
    if let (Carrier::Text(text), Cow::Owned(marked), false) = (codec.carrier(), &marked, members.is_empty()) {
        members.entry(text).or_insert_with(|| marked.fields.get(text).cloned().unwrap_or_else(|| Value::from("")));
    }
    let update = own.update(codec, &members)?;
    let labels = codec.labels().map(|codec| own.label_edits(view, codec)).unwrap_or_default();
    let edits = update.into_iter().chain(labels).collect();
    Ok(Comparison { edits, needs: None, left: own.left(view), held: own.held() })
}

/// The remote with the mark that it is to have: somebody may have edited the text that carried it, and the next change of
/// the remote puts it back.
fn with_its_mark<'a>(view: &View, remote: &'a Remote) -> Cow<'a, Remote> {
    let attempt = view.recorded.attempt.as_ref().filter(|_| matches!(view.profile.codec.carrier(), Carrier::Text(_)));
    match attempt.filter(|_| view.ownership(remote) == Ownership::Nobody) {
        Some(attempt) => Cow::Owned(Remote { mark: Some(view.mark(&attempt.nonce)), ..remote.clone() }),
        None => Cow::Borrowed(remote),
    }
}

/// A change of who may see a dataset.
enum Access {
    Publish,
    Update(Fields),
}

/// The access to a dataset is changed last if the service has a call of its own for it (`PublishDataset`) or is known
/// to refuse it (from PUBLIC back): so a refusal cannot keep other changes from being made.
fn access_last(update: &mut Fields, remote: &Remote) -> Option<Access> {
    let wanted = update.get("Accessibility")?;
    let now = remote.fields.get("Accessibility").and_then(Value::as_str).unwrap_or("PRIVATE");
    if now == "PRIVATE" && wanted == "PUBLIC" {
        update.remove("Accessibility");
        return Some(Access::Publish);
    }
    if now != "PUBLIC" {
        return None;
    }
    let access = ["Accessibility", "AccessibleRoleIdList"];
    Some(Access::Update(access.iter().filter_map(|name| update.remove_entry(*name)).collect()))
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
