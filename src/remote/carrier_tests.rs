//! Marks in texts: written, read back, damaged and forged.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::remote::mark::{Identity, Owner, Ownership};

const UID: &str = "11111111-1111-1111-1111-111111111111";
const EARLIER: &str = "22222222-2222-2222-2222-222222222222";
const NONCE: &str = "c0123456789abcdef";
const HASH: &str = "5efd8903882438b7";
const TARGET: &str = "default cn-hangzhou 478 d-1";
const ROOM: Longest = Longest::Characters(1024);
const ENDLESS: Longest = Longest::Characters(usize::MAX);

fn owner() -> Owner {
    Owner { kind: "DatasetJob.pai.dataset-operator.dev".into(), namespace: "team".into(), name: "images".into() }
}

fn identity(domain: &str, cluster: &str) -> Identity {
    Identity::new(&[domain.to_owned()], &[], cluster)
}

fn mark(uid: &str) -> RawMark {
    identity("d", "c").text_mark(&owner(), TARGET, uid, NONCE, HASH).unwrap()
}

fn whose_to(identity: &Identity, mark: Option<&RawMark>, lives: &[&str], has_id: bool) -> Ownership {
    let lives = lives.iter().map(|uid| (*uid).to_owned()).collect();
    identity.ownership_by_text(mark, &owner(), TARGET, UID, &lives, has_id)
}

fn whose(mark: Option<&RawMark>) -> Ownership {
    whose_to(&identity("d", "c"), mark, &[], false)
}

fn mine(released: bool) -> Ownership {
    Ownership::Mine { nonce: NONCE.to_owned(), released }
}

/// Texts of users: any text, and texts with one or several marks, whole or cut.
fn texts() -> impl Strategy<Value = String> {
    let whole = write("", &mark(UID), ROOM).unwrap();
    let cut = (any::<String>(), 0..whole.len()).prop_map({
        let whole = whole.clone();
        move |(text, length)| format!("{text}{}", &whole[..length])
    });
    let several = (any::<String>(), 1..4_usize, any::<String>()).prop_map({
        let whole = whole.clone();
        move |(text, count, behind)| format!("{text}{}{behind}", whole.repeat(count))
    });
    let alike = r"[a-z ]{0,5} ?\[dso1\.[acACx][\w-]{10,12}\.[\w-]{11,13}\.[\w-]{8}\.[\w-]{4}\.[\w-]{16}\]";
    prop_oneof![any::<String>(), "\\PC*", cut, several, alike, Just(String::new()), Just(whole.trim().to_owned())]
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(text in texts(), released: bool, adopted: bool, number: u64, hash: u64) {
        let nonce = format!("{}{number:016x}", if adopted { 'a' } else { 'c' });
        let mark = identity("d", "c").text_mark(&owner(), TARGET, UID, &nonce, &format!("{hash:016x}")).unwrap();
        let mark = if released { mark.into_released() } else { mark };
        let written = write(&text, &mark, ENDLESS).unwrap();
        prop_assert_eq!(written.len(), text.len() + 64);
        prop_assert_eq!(split(&written), (text.as_str(), Some(mark.clone())));
        prop_assert_eq!(whose(Some(&mark)), Ownership::Mine { nonce, released });
        let same = [hash, hash ^ (1 << 60)].map(|hash| mark.is_of_spec(&format!("{hash:016x}")));
        prop_assert_eq!(same, [true, false]);
    }

    #[test]
    fn a_text_is_cut_only_where_a_mark_was_written(text in texts()) {
        match split(&text) {
            (own, None) => prop_assert_eq!(own, &text),
            (own, Some(mark)) => {
                let again = write(own, &mark, ENDLESS).unwrap();
                // The blank may have been trimmed where there is no text before it.
                prop_assert!(again == text || (own.is_empty() && again.trim_start() == text), "{again:?}");
            }
        }
    }

    #[test]
    fn of_a_damaged_mark_nothing_is_believed(text in any::<String>(), at in 1..64_usize, with in any::<char>()) {
        let written = write(&text, &mark(UID), ENDLESS).unwrap();
        let mut damaged: Vec<char> = written.chars().collect();
        let at = damaged.len() - 64 + at;
        prop_assume!(damaged[at] != with);
        damaged[at] = with;
        let damaged: String = damaged.into_iter().collect();
        let (own, read) = split(&damaged);
        let whose = whose(read.as_ref());
        // The letter is in upper case exactly if the remote was released, which anybody can write.
        let let_go = damaged.replace("[dso1.C", "[dso1.c") == written;
        prop_assert_eq!(let_go, whose == mine(true), "{:?}", &whose);
        prop_assert!(let_go || matches!(whose, Ownership::Forged | Ownership::Nobody), "{:?}", whose);
        prop_assert!(read.is_some() || own == damaged);
    }

    #[test]
    fn a_text_that_only_looks_like_a_mark_is_not_ours(text in texts()) {
        let (_, read) = split(&text);
        prop_assume!(!text.contains(write("", &mark(UID), ROOM).unwrap().trim()));
        let believed = matches!(whose(read.as_ref()), Ownership::Mine { .. } | Ownership::Predecessor { .. });
        prop_assert!(!believed);
    }

    #[test]
    fn a_member_keeps_the_users_text_while_marks_come_and_go(text in texts()) {
        let carrier = Carrier::Text("Description");
        let (mut labels, mut fields) = (Labels::new(), Fields::from_iter([("Description".to_owned(), json!(text))]));
        let before = carrier.take(&mut labels, &mut fields);
        let own = split(&text).0;
        prop_assert_eq!((&fields["Description"], before), (&json!(own), split(&text).1));
        // A new mark replaces an old one, so that `take` never leaves a mark behind.
        for mark in [mark(EARLIER), mark(UID)] {
            let taken = split(fields["Description"].as_str().unwrap()).0.to_owned();
            carrier.put(&mark, ENDLESS, &mut labels, &mut fields).unwrap();
            let shown = fields["Description"].as_str().unwrap();
            prop_assert_eq!(split(shown), (taken.as_str(), Some(mark)));
        }
        prop_assert!(labels.is_empty());
    }
}

#[test]
fn the_form_is_the_one_that_is_documented() {
    let written = write("All flowers", &mark(UID), Longest::Characters(75)).unwrap();
    assert_eq!(written, "All flowers [dso1.cASNFZ4mrze8.OBDU0WMcCetz.Xv2JA4gk.efn5.6kZjFx5gZtj9-z2r]");
    let released = write("", &mark(UID).into_released(), Longest::Characters(64)).unwrap();
    assert!(released.starts_with(" [dso1.CASNFZ4mrze8."), "{released}");
    assert_eq!(whose(split(released.trim()).1.as_ref()), mine(true), "a service may trim it");
}

#[test]
fn the_room_is_counted_and_what_does_not_fit_is_told() {
    assert_eq!(write("数据", &mark(UID), Longest::Characters(66)).unwrap().chars().count(), 66);
    let refused = write("数据!", &mark(UID), Longest::Characters(66)).unwrap_err();
    assert_eq!(refused, Unwritable::TooLong { length: 3, unit: "characters", longest: 2 });
    assert!(refused.to_string().contains("3 characters long, and at most 2"), "{refused}");
    assert!(write("", &mark(UID), Longest::Characters(63)).is_err());
    // Or in bytes, of which a character may have several.
    assert_eq!(write("数据", &mark(UID), Longest::Bytes(70)).unwrap().len(), 70);
    let refused = write("数据", &mark(UID), Longest::Bytes(69)).unwrap_err();
    assert!(refused.to_string().contains("6 bytes long, and at most 5"), "{refused}");
}

#[test]
fn only_a_mark_of_a_text_is_written_into_one() {
    let of_labels = identity("d", "c").mark(&owner(), UID, NONCE);
    assert!(!of_labels.is_of_spec(HASH));
    for mark in [of_labels, RawMark::default(), RawMark { owner: None, ..mark(UID) }] {
        assert_eq!(write("", &mark, ROOM), Err(Unwritable::Shape));
        assert_eq!(whose(Some(&mark)), Ownership::Nobody);
    }
    let nobody = identity("d", "c").ownership(Some(&mark(UID)), &owner(), UID, &BTreeSet::new(), false);
    assert_eq!((nobody, mark(UID).uid(), mark(UID).place()), (Ownership::Nobody, None, (None, None)));
    for (nonce, hash) in [("c1", HASH), ("", HASH), ("é1", HASH), (NONCE, "5efd"), (NONCE, "not hex digits!!")] {
        assert_eq!(identity("d", "c").text_mark(&owner(), TARGET, UID, nonce, hash), None);
    }
}

/// The rows of "Whose is it?", as far as a text tells them apart.
#[test]
fn a_text_tells_whose_it_is() {
    let us = identity("d", "c");
    let earlier = mark(EARLIER);
    let predecessor = Ownership::Predecessor { nonce: NONCE.to_owned() };
    assert_eq!(whose(None), Ownership::Nobody);
    assert_eq!(whose(Some(&earlier)), predecessor);
    assert_eq!(whose_to(&us, Some(&earlier), &[], true), Ownership::Other, "it may be of another cluster");
    assert_eq!(whose_to(&us, Some(&earlier), &[EARLIER], false), Ownership::Other);
    assert_eq!(whose(Some(&earlier.into_released())), Ownership::Released);
    let of = |identity: &Identity, owner: &Owner, target: &str, uid: &str| {
        identity.text_mark(owner, target, uid, NONCE, HASH).unwrap()
    };
    let other = Owner { name: "other".into(), ..owner() };
    let theirs = of(&us, &other, TARGET, EARLIER);
    assert_eq!(whose(Some(&theirs)), Ownership::Other);
    assert_eq!(whose(Some(&theirs.into_released())), Ownership::Dead);
    assert_eq!(whose(Some(&of(&us, &other, TARGET, UID))), Ownership::Forged, "our uid under another name");
    assert_eq!(whose(Some(&of(&us, &owner(), "elsewhere", UID))), Ownership::Forged, "copied from elsewhere");
    assert_eq!(whose(Some(&of(&identity("e", "c2"), &owner(), TARGET, EARLIER))), Ownership::Other);
    // Former keys and domains, and a cluster that was not known then.
    let rotated = Identity::new(&["new".into(), "d".into()], &["k2".into(), "d".into()], "c");
    assert_eq!(whose_to(&rotated, Some(&mark(UID)), &[], true), mine(false));
    let unknown = Identity::without_cluster(&["d".to_owned()], &[]);
    assert_eq!(whose_to(&us, Some(&of(&unknown, &owner(), TARGET, UID)), &[], true), mine(false));
    assert_eq!(whose_to(&unknown, Some(&of(&unknown, &owner(), TARGET, UID)), &[], true), mine(false));
    assert_eq!(whose_to(&identity("d", "new"), Some(&mark(EARLIER)), &[], false), predecessor, "a declared move");
}

#[test]
fn labels_carry_a_mark_of_their_own() {
    let mark = identity("d", "c").mark(&owner(), UID, NONCE);
    let theirs = Labels::from([("team".to_owned(), "x".to_owned())]);
    let (mut labels, mut fields) = (theirs.clone(), Fields::new());
    Carrier::Labels.put(&mark, Longest::Characters(0), &mut labels, &mut fields).unwrap();
    assert_eq!(labels.len(), 4);
    assert_eq!((Carrier::Labels.take(&mut labels, &mut fields), labels), (Some(mark), theirs));
    let (mut labels, mut fields) = (Labels::new(), Fields::from_iter([("Description".to_owned(), json!(1))]));
    assert_eq!(Carrier::Text("Description").take(&mut labels, &mut fields), None);
}

#[test]
fn a_mark_in_a_text_names_its_object_by_a_hash_and_no_domain() {
    let (in_text, in_labels) = (mark(UID), identity("d", "c").mark(&owner(), UID, NONCE));
    assert_eq!((in_text.uid(), in_text.named()), (None, in_text.owner.as_deref()));
    assert_eq!((in_labels.uid(), in_labels.named()), (Some(UID), Some(UID)));
    let under = |mark: &RawMark, domain| mark.may_be_under(identity(domain, "c").domains());
    assert_eq!([under(&in_labels, "d"), under(&in_labels, "e"), under(&in_text, "e")], [true, false, true]);
    let stripped = RawMark { domain: None, ..in_labels };
    assert_eq!((under(&stripped, "d"), stripped.named()), (false, Some(UID)), "labels without their domain");
}
