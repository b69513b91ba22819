//! Who owns a remote that is not this object's, and how it is handed over: the words of `OwnedByOther` and `NameTaken`.

use std::sync::Arc;

use super::ends::told;
use crate::api::condition::Reason;
use crate::plan::neighbour::Neighbour;
use crate::plan::report::About;
use crate::plan::step::Step;
use crate::plan::view::View;
use crate::remote::Remote;
use crate::remote::mark::RawMark;

/// The remote carries the mark of another living owner: `what` begins the message, after the id.
pub(super) fn owned_by_other(view: &View, remote: &Remote, what: &str, instead: &str) -> Step {
    let (who, way_out) = owner(view, remote);
    let message = format!("{} {what} {who}; {instead}. To hand it over: {way_out}", remote.id);
    let about = About { owner: neighbour(view, remote).cloned(), ..About::shown(remote) };
    told(Reason::OwnedByOther, message, vec![about])
}

/// Who owns it, and how it is let go there.
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

/// The object here whose mark it carries, under a domain of ours.
fn neighbour<'a>(view: &'a View, remote: &Remote) -> Option<&'a Neighbour> {
    let mark = remote.mark.as_ref().filter(|mark| mark.is_under(view.config.identity.domains()))?;
    view.observed.neighbours.get(mark.uid()?)
}

/// Who has the name that the service says is taken, and what to do about it.
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
        adoption(first)
    );
    (message, others.iter().map(|remote| About::shown(remote)).collect())
}

/// What takes this remote, ready to be copied into a spec.
pub(super) fn adoption(remote: &Remote) -> String {
    match remote.id.child() {
        None => format!("adoption: {{datasetId: {}}}", remote.id.root()),
        Some(version) => format!("adoption: {{versionName: {version}}}"),
    }
}
