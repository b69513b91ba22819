//! Shares against a service that takes the whole list, and against one that adds what it is sent to what it has.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;
use tokio::time::{Duration, Instant};

use super::*;
use crate::plan::marked::cases::{desire, fields, kept};
use crate::reconcile::repairs::Repairs;
use crate::remote::id::RemoteId;

/// The service's list of shares: whether it replaces the list or adds to it, and whether a share can end by its time.
struct Service {
    replaces: bool,
    ends: bool,
    shares: Vec<Value>,
}

impl Service {
    fn new(replaces: bool, shares: &[Value]) -> Self {
        Self { replaces, ends: true, shares: shares.to_vec() }
    }

    /// What a read shows.
    fn shown(&self, now: Timestamp) -> Value {
        let state = |share: &Value| {
            let mut share = share.clone();
            let ended = self.ends && has_ended(&share, now);
            share["Status"] = json!(if ended { "EXPIRED" } else { "ACTIVE" });
            share
        };
        json!({"SharedTo": self.shares.iter().map(state).collect::<Vec<_>>()})
    }

    fn update(&mut self, edit: &Edit) {
        let body = edit.request.body().unwrap();
        let sent: Vec<Value> = list(body.get(SHARING)).cloned().collect();
        if self.replaces {
            self.shares = sent;
            return;
        }
        for share in sent {
            self.shares.retain(|known| key(known) != key(&share));
            self.shares.push(share);
        }
    }
}

fn share(workspace: &str, more: &Value) -> Value {
    over(None, &json!({"TenantId": "1", "WorkspaceId": workspace})).as_object().map_or(Value::Null, |share| {
        let mut share = share.clone();
        share.extend(more.as_object().cloned().unwrap_or_default());
        Value::Object(share)
    })
}

/// A settled Dataset that wants these shares, and recorded those.
fn wishes(wanted: &[Value], applied: &[&str]) -> (View, Remote) {
    let (mut view, remote) = kept(&RemoteId::new("d-1"), json!({"Name": "o"}), &[]);
    let desired = desire(&mut view);
    desired.mutable = fields(json!({"Name": "o", SHARING: {"SharedTo": wanted}}));
    view.recorded.label_keys = applied.iter().map(|key| format!("{SHARES}{key}")).collect();
    view.state.now = "2026-12-01T00:00:00Z".parse().unwrap();
    (view, (*remote).clone())
}

/// Reads and edits until nothing is left to do. Returns the numbers of reads and of edits, and the last comparison.
fn settle(view: &mut View, remote: &Remote, service: &mut Service) -> (u32, u32, Shares) {
    let (mut remote, mut repairs) = (remote.clone(), Repairs::default());
    let (mut reads, mut edits) = (0, 0);
    loop {
        view.state.futile = repairs.futile(&view.object);
        let desired = view.desired.clone().unwrap();
        let shares = compare(view, &desired, &remote).unwrap();
        assert!(reads + edits < 30, "it never ends: {shares:?}");
        if shares.needs.is_some() {
            reads += 1;
            remote.fields.insert(SHARING.to_owned(), service.shown(view.state.now));
        } else if let Some(edit) = &shares.edit {
            edits += 1;
            service.update(edit);
            let Purpose::Spec(changes) = &edit.purpose else { panic!("{edit:?}") };
            let sent = changes.iter().map(FieldChange::sent).collect();
            repairs.sent(&view.object, sent, Instant::now(), Duration::from_secs(600));
            remote = edit.after[0].clone();
        } else {
            return (reads, edits, shares);
        }
    }
}

fn active(service: &Service, now: Timestamp) -> Vec<String> {
    let shown = service.shown(now);
    let mut keys: Vec<_> = list(Some(&shown)).filter(|share| is_active(share)).map(key).collect();
    keys.sort();
    keys
}

#[test]
fn a_share_costs_a_read_an_update_and_a_read_and_others_stay() {
    let others = share("90", &json!({"Extra": "{\"AllowExportModel\":true}"}));
    for replaces in [true, false] {
        let wanted = share("20", &json!({"AllowedMountAccessLevels": ["RW"], "ExpiresAt": "2027-01-01T00:00:00Z"}));
        let (mut view, remote) = wishes(&[wanted], &[]);
        let mut service = Service::new(replaces, std::slice::from_ref(&others));
        let (reads, edits, shares) = settle(&mut view, &remote, &mut service);
        assert_eq!((reads, edits, shares.held), (2, 1, vec!["share=1/20".to_owned()]), "replaces: {replaces}");
        assert_eq!(active(&service, view.state.now), ["1/20", "1/90"]);
        assert!(service.shares.contains(&others), "{:?}", service.shares);
    }
}

#[test]
fn a_settled_dataset_is_not_read_for_its_shares() {
    let (mut view, remote) = wishes(&[share("20", &json!({}))], &["1/20"]);
    view.recorded.observed_generation = view.object.generation;
    view.recorded.conditions = serde_json::from_value(json!([{
        "type": "Ready", "status": "True", "reason": "Available", "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }]))
    .unwrap();
    assert!(view.carried_out());
    let mut service = Service::new(true, &[]);
    let (reads, edits, _) = settle(&mut view, &remote, &mut service);
    assert_eq!((reads, edits), (0, 0));
}

#[test]
fn only_what_was_granted_here_is_revoked() {
    let all = ["20", "30", "90"].map(|workspace| share(workspace, &json!({})));
    for (replaces, edits) in [(true, 1), (false, TRIES_AND_END)] {
        let (mut view, remote) = wishes(&all[..1], &["1/20", "1/30"]);
        let mut service = Service::new(replaces, &all);
        let settled = settle(&mut view, &remote, &mut service);
        assert_eq!((settled.1, settled.2.left.len()), (edits, 0), "replaces: {replaces}");
        assert_eq!(active(&service, view.state.now), ["1/20", "1/90"]);
    }
}

/// Updates that leave the share out, and one that ends it now.
const TRIES_AND_END: u32 = crate::plan::futile::TRIES + 1;

#[test]
fn a_share_that_cannot_be_ended_is_left_and_told() {
    let (mut view, remote) = wishes(&[], &["1/20"]);
    let mut service = Service { ends: false, ..Service::new(false, &[share("20", &json!({}))]) };
    let (_, _, shares) = settle(&mut view, &remote, &mut service);
    let told: Vec<_> = shares.left.iter().map(|change| change.field.path()).collect();
    assert_eq!(told, ["spec.sharingConfig.sharedTo[1/20]"]);
}

#[test]
fn an_entry_past_its_end_means_nothing() {
    let ended = share("20", &json!({"ExpiresAt": "2026-11-30T23:59:59Z"}));
    for there in [vec![], vec![ended.clone()]] {
        let (mut view, remote) = wishes(std::slice::from_ref(&ended), &[]);
        let (_, edits, _) = settle(&mut view, &remote, &mut Service::new(true, &there));
        assert_eq!(edits, 0);
    }
}

#[test]
fn values_are_compared_by_meaning_and_what_is_absent_is_not_managed() {
    let there = share(
        "20",
        &json!({"AllowedMountAccessLevels": ["RW", "RO"], "IsSecureMode": false, "ExpiresAt": "2027-01-01T08:00:00+08:00",
                "Extra": "{\"a\":1,\"b\":2}"}),
    );
    let same = share(
        "20",
        &json!({"AllowedMountAccessLevels": ["RO", "RW"], "ExpiresAt": "2027-01-01T00:00:00Z", "Extra": "{ \"b\": 2, \"a\": 1 }"}),
    );
    for (wanted, expected) in
        [(same, 0), (share("20", &json!({})), 0), (share("20", &json!({"IsSecureMode": true})), 1)]
    {
        let (mut view, remote) = wishes(&[wanted], &[]);
        let mut service = Service::new(true, std::slice::from_ref(&there));
        let (_, edits, _) = settle(&mut view, &remote, &mut service);
        assert_eq!(edits, expected);
        assert_eq!(service.shares[0]["Extra"], there["Extra"], "what the spec leaves out stays");
    }
}

#[test]
fn a_share_with_the_own_workspace_or_an_extra_that_is_no_object_is_invalid() {
    let told = |share: Value| {
        check(&fields(json!({SHARING: {"SharedTo": [share]}})), "12345").map_err(|blocked| blocked.message)
    };
    assert_eq!(told(share("20", &json!({"Extra": "{}"}))), Ok(()));
    assert!(told(share("12345", &json!({}))).unwrap_err().contains("sharedTo[1/12345] is the workspace"));
    assert!(told(share("20", &json!({"Extra": "[1]"}))).unwrap_err().contains("extra is not a JSON object"));
    assert!(told(share("20", &json!({"Extra": "{x"}))).unwrap_err().contains("extra is not a JSON object:"));
}

proptest! {
    /// Whatever is wanted, was granted here, and exists: in the end what is wanted is there, what was granted here and is
    /// not wanted is not in force, and everything else is as it was.
    #[test]
    fn shares_settle_and_others_stay(
        wanted in prop::collection::btree_map(0..6_u8, prop::option::of(any::<bool>()), 0..4),
        applied in prop::collection::btree_set(0..6_u8, 0..4),
        there in prop::collection::btree_map(0..6_u8, prop::option::of(any::<bool>()), 0..6),
        replaces in any::<bool>(),
    ) {
        let shares = |all: &BTreeMap<u8, Option<bool>>| -> Vec<Value> {
            let secure = |secure: &Option<bool>| secure.map_or_else(|| json!({}), |secure| json!({"IsSecureMode": secure}));
            all.iter().map(|(workspace, mode)| share(&workspace.to_string(), &secure(mode))).collect()
        };
        let keys: Vec<_> = applied.iter().map(|workspace| format!("1/{workspace}")).collect();
        let (mut view, remote) = wishes(&shares(&wanted), &keys.iter().map(String::as_str).collect::<Vec<_>>());
        let mut service = Service::new(replaces, &shares(&there));
        let (_, _, settled) = settle(&mut view, &remote, &mut service);
        prop_assert!(settled.left.is_empty());
        let here = active(&service, view.state.now);
        for workspace in 0..6_u8 {
            let key = format!("1/{workspace}");
            let kept = there.contains_key(&workspace) && !applied.contains(&workspace);
            prop_assert_eq!(here.contains(&key), wanted.contains_key(&workspace) || kept, "{}", key);
            if kept && !wanted.contains_key(&workspace) {
                prop_assert!(shares(&there).iter().any(|share| service.shares.contains(share)));
            }
        }
    }
}
