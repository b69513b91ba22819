//! Requests to the API server, from its own counter `apiserver_request_total`.
//!
//! The harness only creates, deletes, lists and watches; so every PATCH or PUT on the operator's kinds is the
//! candidate's, apart from the edits that a scenario makes and counts itself.

use std::collections::BTreeMap;

const COUNTER: &str = "apiserver_request_total{";
const GROUPS: [&str; 2] = ["pai.dataset-operator.dev", "imm.dataset-operator.dev"];

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    verb: String,
    group: String,
    resource: String,
    code: u16,
}

/// Counts of requests by verb, resource and outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Requests(BTreeMap<Kind, u64>);

impl Requests {
    /// Reads the counter out of the text of `/metrics`.
    pub(crate) fn parse(metrics: &str) -> Self {
        let mut counts = BTreeMap::new();
        for line in metrics.lines() {
            if let Some((kind, count)) = line.strip_prefix(COUNTER).and_then(read) {
                *counts.entry(kind).or_default() += count;
            }
        }
        Self(counts)
    }

    /// What came after `before`.
    pub(crate) fn since(&self, before: &Self) -> Self {
        let new = |(kind, now): (&Kind, &u64)| {
            let then = before.0.get(kind).copied().unwrap_or_default();
            (*now > then).then(|| (kind.clone(), now - then))
        };
        Self(self.0.iter().filter_map(new).collect())
    }

    /// Writes to objects of our kinds, status included, that were carried out. Creating and deleting is the user's.
    pub(crate) fn writes(&self) -> u64 {
        self.sum(|kind| is_ours(kind) && is_write(&kind.verb) && kind.code < 300)
    }

    /// The same, refused: conflicts, failed tests, throttling.
    pub(crate) fn refused(&self) -> u64 {
        self.sum(|kind| is_ours(kind) && is_write(&kind.verb) && kind.code >= 300)
    }

    /// Reads of our kinds other than watches.
    pub(crate) fn reads(&self) -> u64 {
        self.sum(|kind| is_ours(kind) && matches!(kind.verb.as_str(), "GET" | "LIST"))
    }

    /// Events written, by anyone.
    pub(crate) fn events(&self) -> u64 {
        self.sum(|kind| kind.resource == "events" && (kind.verb == "POST" || is_write(&kind.verb)))
    }

    /// Leases written, by anyone: the control plane keeps some itself.
    pub(crate) fn leases(&self) -> u64 {
        self.sum(|kind| kind.resource == "leases" && (kind.verb == "POST" || is_write(&kind.verb)))
    }

    fn sum(&self, which: impl Fn(&Kind) -> bool) -> u64 {
        self.0.iter().filter(|(kind, _)| which(kind)).map(|(_, count)| count).sum()
    }
}

fn is_ours(kind: &Kind) -> bool {
    GROUPS.contains(&kind.group.as_str())
}

fn is_write(verb: &str) -> bool {
    matches!(verb, "PATCH" | "PUT" | "APPLY")
}

/// `code="200",…,verb="PATCH",…} 12`
fn read(rest: &str) -> Option<(Kind, u64)> {
    let (labels, count) = rest.rsplit_once("} ")?;
    let label = |name: &str| {
        let all = labels.split(',').filter_map(|pair| pair.split_once('='));
        let value = all.into_iter().find(|(key, _)| *key == name)?.1;
        value.strip_prefix('"')?.strip_suffix('"').map(str::to_owned)
    };
    let kind = Kind {
        verb: label("verb")?,
        group: label("group")?,
        resource: label("resource")?,
        code: label("code")?.parse().ok()?,
    };
    Some((kind, count.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const METRICS: &str = r#"# TYPE apiserver_request_total counter
apiserver_request_total{code="200",component="apiserver",dry_run="",group="pai.dataset-operator.dev",resource="datasets",scope="resource",subresource="",verb="PATCH",version="v1alpha1"} 3
apiserver_request_total{code="200",component="apiserver",dry_run="",group="pai.dataset-operator.dev",resource="datasets",scope="resource",subresource="status",verb="PATCH",version="v1alpha1"} 4
apiserver_request_total{code="409",component="apiserver",dry_run="",group="pai.dataset-operator.dev",resource="datasets",scope="resource",subresource="",verb="PUT",version="v1alpha1"} 1
apiserver_request_total{code="201",component="apiserver",dry_run="",group="pai.dataset-operator.dev",resource="datasets",scope="resource",subresource="",verb="POST",version="v1alpha1"} 9
apiserver_request_total{code="200",component="apiserver",dry_run="",group="pai.dataset-operator.dev",resource="datasets",scope="cluster",subresource="",verb="LIST",version="v1alpha1"} 2
apiserver_request_total{code="0",component="apiserver",dry_run="",group="pai.dataset-operator.dev",resource="datasets",scope="cluster",subresource="",verb="WATCH",version="v1alpha1"} 5
apiserver_request_total{code="201",component="apiserver",dry_run="",group="events.k8s.io",resource="events",scope="resource",subresource="",verb="POST",version="v1"} 6
apiserver_request_total{code="200",component="apiserver",dry_run="",group="coordination.k8s.io",resource="leases",scope="resource",subresource="",verb="PUT",version="v1"} 7
apiserver_request_duration_seconds_bucket{verb="PATCH",le="1"} 8
"#;

    #[test]
    fn tells_the_candidates_requests_from_the_others() {
        let requests = Requests::parse(METRICS);
        assert_eq!((requests.writes(), requests.refused(), requests.reads()), (7, 1, 2));
        assert_eq!((requests.events(), requests.leases()), (6, 7));
    }

    #[test]
    fn counts_what_is_new() {
        let before = Requests::parse(METRICS);
        let after = Requests::parse(&METRICS.replace("} 3", "} 5"));
        let new = after.since(&before);
        assert_eq!((new.writes(), new.refused(), new.events()), (2, 0, 0));
    }
}
