//! The messages of `OwnedByOther` and `NameTaken`: which object owns a remote, and how a person hands it over.

use std::sync::Arc;

use super::ends::told;
use crate::api::condition::Reason;
use crate::plan::neighbour::Neighbour;
use crate::plan::report::About;
use crate::plan::step::Step;
use crate::plan::view::View;
use crate::remote::Remote;
use crate::remote::mark::RawMark;

/// Ends the reconcile: the remote carries the mark of another living owner. In the message, `what` follows the id.
pub(super) fn owned_by_other(view: &View, remote: &Remote, what: &str, instead: &str) -> Step {
    let (who, way_out) = owner(view, remote);
    let message = format!("{} {what} {who}; {instead}. To hand it over: {way_out}", remote.id);
    let about = About { owner: neighbour(view, remote).cloned(), ..About::shown(remote) };
    told(Reason::OwnedByOther, message, vec![about])
}

/// The owner of the remote, and how a person releases the remote there.
fn owner(view: &View, remote: &Remote) -> (String, String) {
    if let Some(owner) = neighbour(view, remote) {
        return (owner.to_string(), owner.way_out());
    }
    let there = "set deletionPolicy: Retain on that object, then delete it".to_owned();
    let (domain, cluster) = remote.mark.as_ref().map(RawMark::place).unwrap_or_default();
    let cluster = cluster.map(|hash| format!(" of the cluster with hash {hash}")).unwrap_or_default();
    match domain.filter(|domain| !view.config.identity.domains().iter().any(|ours| ours == domain)) {
        Some(domain) => (format!("another owner{cluster}, under the owner domain with hash {domain}"), there),
        None => (format!("another owner{cluster}"), there),
    }
}

/// The owner of the remote, in words.
pub(super) fn owner_of(view: &View, remote: &Remote) -> String {
    owner(view, remote).0
}

/// The object here whose mark the remote carries, unless the mark has an owner domain that is not ours.
fn neighbour<'a>(view: &'a View, remote: &Remote) -> Option<&'a Neighbour> {
    let mark = remote.mark.as_ref().filter(|mark| mark.may_be_under(view.config.identity.domains()))?;
    view.observed.neighbours.get(mark.named()?)
}

/// The message about a name that is taken: which datasets have it, and what a person can do.
pub(super) fn name_taken(view: &View, name: &str) -> (String, Vec<About>) {
    let others: Vec<&Arc<Remote>> =
        view.observed.named.iter().flatten().filter(|remote| Some(&remote.id) != view.id()).collect();
    let Some(first) = others.first() else {
        let message = format!(
            "another dataset is named {name} (it may not be visible to this identity); change spec.name, or take it \
             with adoption.datasetId"
        );
        return (message, Vec::new());
    };
    let named = others.iter().map(|remote| match neighbour(view, remote) {
        Some(owner) => format!("{} of {owner}", remote.id),
        None => remote.id.to_string(),
    });
    let message = format!(
        "another dataset is named {name}: {}; change spec.name, or take it with {}",
        named.collect::<Vec<_>>().join(", "),
        adoption(view, first)
    );
    (message, others.iter().map(|remote| About::shown(remote)).collect())
}

/// The `adoption` that takes this remote, ready to be copied into a spec.
pub(super) fn adoption(view: &View, remote: &Remote) -> String {
    let keys = view.profile.id_keys;
    let member = if remote.id.child().is_none() { keys.first() } else { keys.last() };
    format!("adoption: {{{}: {}}}", member.copied().unwrap_or_default(), remote.id.name())
}
