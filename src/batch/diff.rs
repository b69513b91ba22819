//! What must be done so that the service shows what a set lists. Pure.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::Instant;

use super::item::Wanted;
use super::pack::{Act, After, UNLISTED};
use super::refusals::{Refusals, Standing};
use super::shown::Shown;
use super::tags::SetTags;

/// A prune of more than half of so many files or more waits for a person.
const MANY: usize = 20;

/// The rules of one set.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// Its tags.
    pub tags: &'a SetTags,
    /// Files that it no longer lists are removed, or no longer tagged.
    pub prune: bool,
    /// What is shown comes from a complete walk.
    pub complete: bool,
    /// A prune of this list was allowed, by its hash, or needs nobody's leave because the set goes as a whole.
    pub allowed: Allowed<'a>,
}

/// Who allowed a large prune.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed<'a> {
    /// A person, for the list with this hash.
    For(Option<&'a str>),
    /// The set is being deleted.
    Always,
}

/// A prune that waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// Files that would be removed.
    pub pruned: usize,
    /// Files that the set has.
    pub own: usize,
}

/// What is to be done.
#[derive(Debug, Default)]
pub struct Todo<'w> {
    /// The changes, in the order in which they are sent.
    pub acts: VecDeque<Act<'w>>,
    /// The prune waits for a person, and so does everything else: otherwise what is created now would make the next prune
    /// look smaller.
    pub guard: Option<Guard>,
    /// When the first refused change is tried again.
    pub later: Option<Instant>,
    /// Changes that were refused too often, and listed files that are others'.
    pub failed: usize,
    /// The id of a file that must change is not known: only a walk tells it.
    pub lacks_ids: bool,
    /// Files of the set that it no longer lists and that stay, because the last walk was not complete.
    pub unpruned: usize,
}

/// Compares what is listed with what is shown.
#[must_use]
pub fn diff<'w>(wanted: &'w Wanted, shown: &Shown, refusals: &Refusals, rules: Rules<'_>, now: Instant) -> Todo<'w> {
    let mut todo = Todo::default();
    let unlisted = shown.own().iter().filter(|known| wanted.get(known.key).is_none());
    let pruned = if rules.prune { unlisted.clone().count() } else { 0 };
    // This is so whatever the last walk was: what is created now must not make a later prune look small.
    todo.guard = guard(pruned, shown.own().len(), wanted.hash(), rules.allowed);
    if todo.guard.is_some() {
        return todo;
    }
    todo.unpruned = if rules.complete { 0 } else { pruned };
    let due = |todo: &mut Todo<'_>, key: u64, content: u64| match refusals.standing(key, content, now) {
        Standing::Due => true,
        Standing::Later(at) => {
            todo.later = Some(todo.later.map_or(at, |first| first.min(at)));
            false
        }
        Standing::Failed => {
            todo.failed += 1;
            false
        }
    };
    let mut updates = VecDeque::new();
    let own: Arc<str> = rules.tags.own(true).into();
    for row in wanted.rows() {
        if let Some(known) = shown.get(row.key) {
            if known.is(row.content) || !due(&mut todo, row.key, row.content) {
                continue;
            }
            match shown.id(known) {
                Some(id) => {
                    let created = known.is_created();
                    let add = tags_of(rules.tags, created, &row.item.tags);
                    let (row, after) = (Some(row), After::Ours { created });
                    updates.push_back(Act::Update { key: known.key, id, row, add, remove: Vec::new(), after });
                }
                None => todo.lacks_ids = true,
            }
        } else if let Some(take) = shown.takes.get(&row.key) {
            if due(&mut todo, row.key, row.content) {
                let add = tags_of(rules.tags, take.created, &row.item.tags);
                updates.push_back(Act::Update {
                    key: row.key,
                    id: take.id.to_string(),
                    row: Some(row),
                    add,
                    remove: take.remove.clone(),
                    after: After::Ours { created: take.created },
                });
            }
        } else if shown.conflicts.contains_key(&row.key) {
            todo.failed += 1;
        } else if due(&mut todo, row.key, row.content) {
            todo.acts.push_back(Act::Create(row, own.clone()));
        }
    }
    todo.acts.append(&mut updates);
    let untag = |key: u64, id: String, remove: Vec<String>| {
        let (row, add, after) = (None, Vec::new(), After::NotOurs);
        Act::Update { key, id, row, add, remove, after }
    };
    for (key, (id, tags)) in &shown.yields {
        if due(&mut todo, *key, UNLISTED) {
            todo.acts.push_back(untag(*key, id.to_string(), tags.clone()));
        }
    }
    let mut deletes = VecDeque::new();
    for known in unlisted.filter(|_| rules.prune && rules.complete) {
        if !due(&mut todo, known.key, UNLISTED) {
            continue;
        }
        match shown.id(known) {
            None => todo.lacks_ids = true,
            Some(id) if known.is_created() => deletes.push_back(Act::Delete { key: known.key, id }),
            Some(id) => todo.acts.push_back(untag(known.key, id, rules.tags.all())),
        }
    }
    todo.acts.append(&mut deletes);
    todo
}

/// Why a prune waits; `None` if it does not.
fn guard(pruned: usize, own: usize, hash: &str, allowed: Allowed<'_>) -> Option<Guard> {
    let many = pruned > 0 && (pruned == own || (own >= MANY && pruned * 2 > own));
    (many && allowed != Allowed::Always && allowed != Allowed::For(Some(hash))).then_some(Guard { pruned, own })
}

fn tags_of(tags: &SetTags, created: bool, listed: &[String]) -> Vec<String> {
    std::iter::once(tags.own(created)).chain(listed.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::item::{Item, key_of};
    use crate::batch::shown::Take;
    use crate::batch::tags::tests::set;

    fn item(uri: &str) -> Item {
        Item { uri: uri.to_owned(), tags: vec!["red".to_owned()], ..Item::default() }
    }

    fn wanted(uris: &[&str]) -> Wanted {
        Wanted::new(uris.iter().map(|uri| item(uri)).collect()).unwrap()
    }

    fn said(todo: &Todo<'_>) -> Vec<String> {
        let one = |act: &Act<'_>| match act {
            Act::Create(row, own) => format!("create {} {own} {}", row.item.uri, row.item.tags.join(" ")),
            Act::Update { id, row, add, remove, after, .. } => {
                let row = row.map_or("-", |row| row.item.uri.as_str());
                format!("update {id} {row} +{} -{} {after:?}", add.len(), remove.len())
            }
            Act::Delete { id, .. } => format!("delete {id}"),
        };
        todo.acts.iter().map(one).collect()
    }

    /// Each state in which a file can be, listed and not.
    #[tokio::test(start_paused = true)]
    async fn each_file_gets_what_it_needs_and_nothing_else() {
        let (tags, now) = (set("us"), Instant::now());
        let content = item("x").content();
        let own = |content, created| {
            let mut shown = Shown::default();
            shown.put(key_of("x"), "m1", content, created);
            shown
        };
        let take = |created: bool, remove: &[&str]| {
            let mut shown = Shown::default();
            let remove = remove.iter().map(|tag| (*tag).to_owned()).collect();
            shown.takes.insert(key_of("x"), Take { id: "m1".into(), created, remove });
            shown
        };
        let mut conflict = Shown::default();
        conflict.conflicts.insert(key_of("x"), "no".to_owned());
        let mut yields = conflict.clone();
        yields.yields.insert(key_of("x"), ("m1".into(), vec![tags.own(false)]));
        let (ours, adopted) = ("Ours { created: true }", "Ours { created: false }");
        for (what, shown, listed, expected) in [
            ("nothing there", Shown::default(), true, vec![format!("create x {} red", tags.own(true))]),
            ("nothing there, not listed", Shown::default(), false, vec![]),
            ("ours and equal", own(Some(content), true), true, vec![]),
            ("adopted and equal", own(Some(content), false), true, vec![]),
            ("ours and different", own(None, true), true, vec![format!("update m1 x +2 -0 {ours}")]),
            ("adopted and different", own(None, false), true, vec![format!("update m1 x +2 -0 {adopted}")]),
            ("ours with an earlier content", own(Some(4), true), true, vec![format!("update m1 x +2 -0 {ours}")]),
            ("ours, not listed", own(Some(content), true), false, vec!["delete m1".to_owned()]),
            ("adopted, not listed", own(Some(content), false), false, vec!["update m1 - +0 -2 NotOurs".to_owned()]),
            ("to be taken", take(false, &[]), true, vec![format!("update m1 x +2 -0 {adopted}")]),
            ("left by a dead set", take(true, &["dso-c-x"]), true, vec![format!("update m1 x +2 -1 {ours}")]),
            ("somebody else's", conflict.clone(), true, vec![]),
            ("somebody else's, with a tag of ours", yields, true, vec!["update m1 - +0 -1 NotOurs".to_owned()]),
        ] {
            let wanted = wanted(if listed { &["x"] } else { &[] });
            let rules = Rules { tags: &tags, prune: true, complete: true, allowed: Allowed::Always };
            let todo = diff(&wanted, &shown, &Refusals::default(), rules, now);
            assert_eq!(said(&todo), expected, "{what}");
            assert_eq!(todo.failed, usize::from(what.starts_with("somebody")), "{what}");
            for rules in [Rules { prune: false, ..rules }, Rules { complete: false, ..rules }] {
                let todo = diff(&wanted, &shown, &Refusals::default(), rules, now);
                assert!(listed || said(&todo).is_empty(), "{what}: nothing is removed");
            }
            if let Some(act) = diff(&wanted, &shown, &Refusals::default(), rules, now).acts.front() {
                let (key, of) = (key_of("x"), if expected[0].contains(" x ") { content } else { UNLISTED });
                let mut refusals = Refusals::default();
                refusals.refused((key, of), "x", "Busy", now);
                let todo = diff(&wanted, &shown, &refusals, rules, now);
                assert!(todo.acts.is_empty() && todo.later.is_some(), "{what}: {act:?} waits");
                for _ in 0..5 {
                    refusals.refused((key, of), "x", "Busy", now);
                }
                let todo = diff(&wanted, &shown, &refusals, rules, now);
                assert!(todo.acts.is_empty() && todo.later.is_none() && todo.failed > 0, "{what}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_created_goes_first_and_what_is_deleted_last() {
        let (tags, now) = (set("us"), Instant::now());
        let mut shown = Shown::default();
        shown.put(key_of("kept"), "m1", None, true);
        shown.put(key_of("gone"), "m2", None, true);
        let wanted = wanted(&["new", "kept"]);
        let rules = Rules { tags: &tags, prune: true, complete: true, allowed: Allowed::For(None) };
        let todo = diff(&wanted, &shown, &Refusals::default(), rules, now);
        let first: Vec<_> = said(&todo).iter().map(|act| act.split(' ').next().unwrap().to_owned()).collect();
        assert_eq!(first, ["create", "update", "delete"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_whose_id_was_not_told_is_changed_after_a_walk() {
        let (tags, now) = (set("us"), Instant::now());
        let mut shown = Shown::default();
        shown.put(key_of("x"), "", None, true);
        let rules = Rules { tags: &tags, prune: true, complete: true, allowed: Allowed::Always };
        for uris in [&["x"][..], &[]] {
            let wanted = wanted(uris);
            let todo = diff(&wanted, &shown, &Refusals::default(), rules, now);
            assert!(todo.acts.is_empty() && todo.lacks_ids);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_prune_waits_for_a_person_and_everything_with_it() {
        let (tags, now) = (set("us"), Instant::now());
        for (own, listed, blocked) in [
            (1, 0, true),
            (19, 0, true),
            (19, 1, false),
            (20, 10, false),
            (20, 9, true),
            (30, 15, false),
            (30, 14, true),
            (0, 0, false),
            (5, 5, false),
        ] {
            let mut shown = Shown::default();
            for number in 0..own {
                shown.put(key_of(&number.to_string()), "m", None, number % 2 == 0);
            }
            let uris: Vec<String> = (0..listed).map(|number| number.to_string()).chain(["new".to_owned()]).collect();
            let wanted = Wanted::new(uris.iter().map(|uri| item(uri)).collect()).unwrap();
            let guard = |allowed, prune| {
                let rules = Rules { tags: &tags, prune, complete: true, allowed };
                let todo = diff(&wanted, &shown, &Refusals::default(), rules, now);
                assert_eq!(todo.guard.is_some(), todo.acts.is_empty(), "{own} {listed}");
                let rules = Rules { complete: false, ..rules };
                let incomplete = diff(&wanted, &shown, &Refusals::default(), rules, now).guard;
                assert_eq!(incomplete, todo.guard, "whatever the last walk was");
                todo.guard
            };
            let expected = blocked.then(|| Guard { pruned: own - listed, own });
            assert_eq!(guard(Allowed::For(None), true), expected, "{own} {listed}");
            assert_eq!(guard(Allowed::For(Some("another list")), true), expected, "{own} {listed}");
            assert_eq!(guard(Allowed::For(Some(wanted.hash())), true), None);
            assert_eq!((guard(Allowed::Always, true), guard(Allowed::For(None), false)), (None, None));
        }
    }
}
