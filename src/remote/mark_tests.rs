//! Whose is it? The rows of `docs/protocol.md`, one by one.

use super::*;
use crate::api::names::{MARK_ATTEMPT, MARK_DOMAIN, MARK_OWNER};

const UID: &str = "11111111-1111-1111-1111-111111111111";
const EARLIER: &str = "22222222-2222-2222-2222-222222222222";

fn owner() -> Owner {
    Owner { kind: "Dataset.pai.dataset-operator.dev".into(), namespace: "team".into(), name: "images".into() }
}

fn identity(domain: &str, cluster: &str) -> Identity {
    Identity::new(&[domain.to_owned()], &[], cluster)
}

fn whose(identity: &Identity, mark: &RawMark, lives: &[&str], has_id: bool) -> Ownership {
    let lives = lives.iter().map(|uid| (*uid).to_owned()).collect();
    identity.ownership(Some(mark), &owner(), UID, &lives, has_id)
}

fn released(mark: RawMark) -> RawMark {
    mark.into_released()
}

#[test]
fn marks_fit_into_labels() {
    let mark = identity("d", "c").mark(&owner(), UID, "c0123456789abcdef").labels();
    assert_eq!(mark.keys().map(String::as_str).collect::<Vec<_>>(), [MARK_ATTEMPT, MARK_DOMAIN, MARK_OWNER]);
    for (key, value) in &mark {
        assert!(key.len() <= 128 && value.len() <= 128, "{key}={value}");
        assert!(!value.contains([',', '=']), "{value}");
    }
}

#[test]
fn the_domains_that_are_looked_for_are_those_that_are_written_and_read() {
    let us = Identity::new(&["new".to_owned(), "old".to_owned()], &[], "c");
    let written = |identity: &Identity| identity.mark(&owner(), UID, "c1").domain.unwrap();
    assert_eq!(us.domains(), [written(&us), written(&identity("old", "c"))]);
}

#[test]
fn our_own_mark_is_ours_released_or_not() {
    let us = identity("d", "c");
    let mark = us.mark(&owner(), UID, "c1");
    assert_eq!((mark.uid(), RawMark::default().uid()), (Some(UID), None));
    assert_eq!(whose(&us, &mark, &[], false), Ownership::Mine { nonce: "c1".into(), released: false });
    assert_eq!(whose(&us, &released(mark), &[], true), Ownership::Mine { nonce: "c1".into(), released: true });
}

#[test]
fn an_earlier_life_of_the_same_name_is_a_predecessor_unless_it_lives_or_was_released() {
    let us = identity("d", "c");
    let mark = us.mark(&owner(), EARLIER, "c1");
    assert_eq!(whose(&us, &mark, &[], false), Ownership::Predecessor { nonce: "c1".into() });
    assert_eq!(whose(&us, &mark, &[EARLIER], false), Ownership::Other);
    assert_eq!(whose(&us, &released(mark), &[], false), Ownership::Released);
}

#[test]
fn a_declared_move_takes_over_but_never_from_under_a_recorded_id() {
    let (old, new) = (identity("d", "old-cluster"), identity("d", "new-cluster"));
    let mark = old.mark(&owner(), EARLIER, "c1");
    assert_eq!(whose(&new, &mark, &[], false), Ownership::Predecessor { nonce: "c1".into() });
    assert_eq!(whose(&new, &mark, &[], true), Ownership::Other);
}

#[test]
fn another_domain_is_another_owner_until_it_lets_go() {
    let (us, them) = (identity("d", "c"), identity("e", "c2"));
    let mark = them.mark(&owner(), EARLIER, "c1");
    assert_eq!(whose(&us, &mark, &[], false), Ownership::Other);
    assert_eq!(whose(&us, &released(mark), &[], false), Ownership::Dead);
}

#[test]
fn another_object_of_ours_counts_as_long_as_it_lives_here() {
    let us = identity("d", "c");
    let other = Owner { name: "other".into(), ..owner() };
    let mark = us.mark(&other, EARLIER, "c1");
    assert_eq!(whose(&us, &mark, &[EARLIER], false), Ownership::Other);
    assert_eq!(whose(&us, &mark, &[], false), Ownership::Dead);
    assert_eq!(whose(&us, &released(mark), &[EARLIER], false), Ownership::Dead);
}

#[test]
fn a_forged_or_copied_mark_proves_nothing() {
    let us = identity("d", "c");
    let mut mark = us.mark(&owner(), UID, "c1");
    mark.attempt = mark.attempt.map(|attempt| attempt.replace("c1.", "c2."));
    assert_eq!(whose(&us, &mark, &[], false), Ownership::Forged);
    // The attempt label of one remote copied beside the owner label of another.
    let other = Owner { name: "other".into(), ..owner() };
    let mut copied = us.mark(&other, EARLIER, "c1");
    copied.attempt = us.mark(&owner(), EARLIER, "c1").attempt;
    assert_eq!(whose(&us, &copied, &[], false), Ownership::Dead);
    for text in ["", ".", "...", "c1.u.c.m.x", "ünï.cödé.x.y"] {
        mark.attempt = Some(text.to_owned());
        assert_eq!(whose(&us, &mark, &[], false), Ownership::Forged, "{text}");
    }
}

#[test]
fn marks_that_are_incomplete_are_no_marks() {
    let us = identity("d", "c");
    for key in [MARK_DOMAIN, MARK_OWNER, MARK_ATTEMPT] {
        let mut labels = us.mark(&owner(), UID, "c1").labels();
        labels.remove(key);
        let mark = RawMark::take(&mut labels).unwrap();
        assert_eq!(whose(&us, &mark, &[], false), Ownership::Nobody, "{key}");
    }
    assert_eq!(us.ownership(None, &owner(), UID, &BTreeSet::new(), false), Ownership::Nobody);
}

#[test]
fn old_domains_and_keys_are_still_read_as_ours() {
    let old = Identity::new(&["old".into()], &["k1".into()], "c");
    let rotated = Identity::new(&["new".into(), "old".into()], &["k2".into(), "k1".into()], "c");
    let mark = old.mark(&owner(), UID, "c1");
    assert_eq!(whose(&rotated, &mark, &[], true), Ownership::Mine { nonce: "c1".into(), released: false });
    assert_eq!(whose(&old, &rotated.mark(&owner(), UID, "c1"), &[], true), Ownership::Other);
}

/// The operator may not read `kube-system`. Marks that it wrote while it could stay its own, and vice versa.
#[test]
fn without_its_cluster_it_keeps_what_is_its_own_and_takes_no_cluster_for_its_own() {
    let (knows, knows_not) = (identity("d", "c"), Identity::without_cluster(&["d".to_owned()], &[]));
    for (writer, reader) in [(&knows, &knows_not), (&knows_not, &knows), (&knows_not, &knows_not)] {
        let (own, earlier) = (writer.mark(&owner(), UID, "c1"), writer.mark(&owner(), EARLIER, "c1"));
        assert!(matches!(whose(reader, &own, &[], true), Ownership::Mine { .. }));
        assert!(matches!(whose(reader, &own, &[], false), Ownership::Mine { .. }));
        assert!(matches!(whose(reader, &earlier, &[], false), Ownership::Predecessor { .. }));
        // The mark may be of a cluster that took this one's place, so the operator leaves it alone.
        assert_eq!(whose(reader, &earlier, &[], true), Ownership::Other);
        assert_eq!(whose(reader, &earlier, &[EARLIER], false), Ownership::Other);
        assert_eq!(whose(reader, &released(earlier.clone()), &[], false), Ownership::Released);
        let stranger = Owner { name: "another".into(), ..owner() };
        let theirs = writer.mark(&stranger, EARLIER, "c1");
        assert_eq!(whose(reader, &theirs, &[], true), Ownership::Other);
        assert_eq!(whose(reader, &released(theirs), &[], true), Ownership::Dead);
    }
}

#[test]
fn a_mark_comes_out_of_the_labels_whole_and_leaves_those_that_merely_look_like_it() {
    let mark = released(identity("d", "c").mark(&owner(), UID, "c1"));
    let theirs: Labels = [("dso-owners", "x"), ("dso-", "y"), ("team", "z")].map(|(k, v)| (k.into(), v.into())).into();
    let mut labels = theirs.clone();
    labels.extend(mark.labels());
    assert_eq!((RawMark::take(&mut labels), &labels), (Some(mark), &theirs));
    assert_eq!((RawMark::take(&mut labels), labels), (None, theirs));
}
