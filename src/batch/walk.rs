//! A walk through all files of a version, page by page: which are ours, which may be taken, which are others'.

use std::collections::HashSet;

use serde_json::Value;

use super::item::{Wanted, key_of};
use super::shown::{Shown, Take};
use super::tags::{SetTags, Whose};
use crate::cloud::{FileMeta, FileMetas};

/// A walk with more pages than this does not end by itself.
const MOST_PAGES: u32 = 100_000;

/// What a walk compares the files with.
pub struct Look<'a> {
    /// The files that are listed.
    pub wanted: &'a Wanted,
    /// The tags of the set.
    pub tags: &'a SetTags,
    /// A listed file that somebody else made is taken.
    pub adopt: bool,
    /// The living set that an owner in a tag names, in words; `None` if none here does.
    pub who: &'a mut dyn FnMut(&str) -> Option<String>,
}

/// A walk that has begun.
#[derive(Debug, Clone, Default)]
pub struct Walk {
    /// The hash of the list that the files are compared with.
    hash: String,
    token: Option<String>,
    pages: u32,
    seen: HashSet<u64>,
    shown: Shown,
}

/// What follows a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// Another page.
    More,
    /// Nothing. `complete`: as many files were shown as the service counts.
    End {
        /// Files that were not shown do not exist.
        complete: bool,
    },
}

impl Walk {
    /// A walk that compares the files with the list of this hash.
    #[must_use]
    pub fn new(hash: &str) -> Self {
        Self { hash: hash.to_owned(), ..Self::default() }
    }

    /// Does it compare the files with the list of this hash?
    #[must_use]
    pub fn is_of(&self, hash: &str) -> bool {
        self.hash == hash
    }

    /// The page that comes next; `None`: the first one.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Takes the page that was asked for.
    pub fn take(&mut self, page: FileMetas, look: &mut Look<'_>) -> Page {
        for file in page.files {
            // A file that moves while the pages are read may come twice.
            if self.seen.insert(key_of(&file.uri)) {
                judge(&mut self.shown, &file, look);
            }
        }
        self.pages += 1;
        self.token = page.next;
        if self.token.is_some() && self.pages < MOST_PAGES {
            return Page::More;
        }
        let count = u64::try_from(self.seen.len()).unwrap_or(u64::MAX);
        self.shown.total = page.total.unwrap_or(count);
        Page::End { complete: self.token.is_none() && page.total == Some(count) }
    }

    /// What the pages showed.
    #[must_use]
    pub fn end(mut self) -> Shown {
        self.shown.sort();
        self.shown
    }
}

/// The tags of the user group; `None` if the text cannot be read.
#[must_use]
pub fn user_tags(file: &FileMeta) -> Option<Vec<String>> {
    let text = match file.fields.get("Tags") {
        None | Some(Value::Null) => return Some(Vec::new()),
        Some(text) => text.as_str()?,
    };
    if text.is_empty() {
        return Some(Vec::new());
    }
    let groups: Value = serde_json::from_str(text).ok()?;
    match groups.as_object()?.get("user") {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(tags) => tags.as_array()?.iter().map(|tag| tag.as_str().map(str::to_owned)).collect(),
    }
}

fn judge(shown: &mut Shown, file: &FileMeta, look: &mut Look<'_>) {
    if file.fields.get("Status").is_some_and(|status| status == "DELETED") {
        return;
    }
    let key = key_of(&file.uri);
    let row = look.wanted.get(key);
    let Some(tags) = user_tags(file) else {
        if row.is_some() {
            shown.conflicts.insert(key, "the service shows tags of it that cannot be read".to_owned());
        }
        return;
    };
    let equal = row.filter(|row| row.item.equals(file, &tags)).map(|row| row.content);
    let whose = look.tags.whose(&tags, |owner| (look.who)(owner).is_some());
    match (whose, row) {
        (Whose::Mine { created }, _) => shown.push(key, &file.id, equal, created),
        (Whose::Others { owner, mine }, row) => {
            if !mine.is_empty() {
                shown.yields.insert(key, (file.id.as_str().into(), mine));
            }
            if row.is_some() {
                let who = (look.who)(&owner);
                let who = who.unwrap_or_else(|| "a DatasetFileSet that this operator does not see".to_owned());
                let why = format!("the file belongs to {who}, which lists this uri too: list it in one of the two");
                shown.conflicts.insert(key, why);
            }
        }
        (Whose::Left { created, tags: remove }, Some(_)) => {
            shown.takes.insert(key, Take { id: file.id.as_str().into(), created, remove });
        }
        (Whose::Nobody, Some(row)) => {
            let print = "FileFingerPrint";
            let wanted = row.item.members.fields();
            let same = wanted.get(print).is_some_and(|wanted| file.fields.get(print) == Some(wanted));
            if same || look.adopt {
                shown.takes.insert(key, Take { id: file.id.as_str().into(), created: false, remove: Vec::new() });
            } else {
                let why = "somebody else made metadata of this uri, with another fileFingerPrint: set conflictPolicy: Adopt \
                           to take it over, or take the uri off the list";
                shown.conflicts.insert(key, why.to_owned());
            }
        }
        (Whose::Left { .. } | Whose::Nobody, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::batch::item::Item;
    use crate::batch::tags::tests::set;

    fn file(uri: &str, print: &str, tags: &[&str]) -> FileMeta {
        let fields = json!({"FileFingerPrint": print, "Tags": json!({"user": tags, "ai": ["x"]}).to_string()});
        FileMeta { id: format!("m-{uri}"), uri: uri.to_owned(), fields: serde_json::from_value(fields).unwrap() }
    }

    fn wanted(uris: &[&str]) -> Wanted {
        let item = |uri: &&str| Item {
            uri: (*uri).to_owned(),
            members: [("FileFingerPrint".to_owned(), json!("p"))].into_iter().collect(),
            tags: vec!["red".to_owned()],
        };
        Wanted::new(uris.iter().map(item).collect()).unwrap()
    }

    /// What walks of these pages end with; each page announces another one but the last.
    fn walked(pages: Vec<Vec<FileMeta>>, total: Option<u64>, adopt: bool) -> (bool, Shown) {
        let (wanted, tags) = (wanted(&["a", "b", "c"]), set("us"));
        let (mut walk, last) = (Walk::new("h"), pages.len() - 1);
        for (number, files) in pages.into_iter().enumerate() {
            let mut who = |owner: &str| set("them").is(owner).then(|| "the set them".to_owned());
            let mut look = Look { wanted: &wanted, tags: &tags, adopt, who: &mut who };
            let next = (number < last).then(|| number.to_string());
            match walk.take(FileMetas { files, total, next: next.clone() }, &mut look) {
                Page::More => assert_eq!(walk.token(), next.as_deref()),
                Page::End { complete } => return (complete, walk.end()),
            }
        }
        panic!("it does not end")
    }

    #[test]
    fn a_walk_is_complete_if_it_showed_as_many_files_as_are_counted() {
        let (a, b) = (|| file("a", "p", &[]), || file("b", "p", &[]));
        for (pages, total, complete) in [
            (vec![vec![]], Some(0), true),
            (vec![vec![a()], vec![b()]], Some(2), true),
            (vec![vec![a()], vec![a(), b()]], Some(2), true),
            (vec![vec![a()], vec![a()]], Some(2), false),
            (vec![vec![a()], vec![b()]], Some(3), false),
            (vec![vec![a()], vec![b()]], Some(1), false),
            (vec![vec![a()]], None, false),
        ] {
            assert_eq!(walked(pages.clone(), total, false).0, complete, "{pages:?} {total:?}");
        }
    }

    #[test]
    fn each_file_is_judged_by_its_tags_and_by_what_is_listed() {
        let (us, them, dead) = (set("us"), set("them"), set("dead"));
        let [ours, adopted, theirs, left] = [us.own(true), us.own(false), them.own(true), dead.own(true)];
        let content = wanted(&["a"]).rows().next().unwrap().content;
        let judged = |shown: &FileMeta, adopt: bool| {
            let (_, shown) = walked(vec![vec![shown.clone()]], Some(1), adopt);
            let key = key_of("a");
            let own = shown.get(key).map(|known| (known.is_created(), known.is(content)));
            let take = shown.takes.get(&key).map(|take| (take.created, take.remove.len()));
            (own, take, shown.conflicts.contains_key(&key), shown.yields.contains_key(&key))
        };
        let nothing = (None, None, false, false);
        for (what, shown, adopt, expected) in [
            ("ours, equal", file("a", "p", &[&ours, "red"]), false, (Some((true, true)), None, false, false)),
            ("ours, without a tag", file("a", "p", &[&ours]), false, (Some((true, false)), None, false, false)),
            ("ours, changed", file("a", "q", &[&ours, "red"]), false, (Some((true, false)), None, false, false)),
            ("adopted, equal", file("a", "p", &[&adopted, "red"]), false, (Some((false, true)), None, false, false)),
            ("ours, not listed", file("z", "p", &[&ours]), false, nothing),
            ("theirs", file("a", "p", &[&theirs]), true, (None, None, true, false)),
            ("theirs, with our tag", file("a", "p", &[&theirs, &adopted]), true, (None, None, true, true)),
            ("of a dead set", file("a", "q", &[&left]), false, (None, Some((true, 1)), false, false)),
            ("nobody's, the same file", file("a", "p", &[]), false, (None, Some((false, 0)), false, false)),
            ("nobody's, another file", file("a", "q", &[]), false, (None, None, true, false)),
            ("nobody's, to be adopted", file("a", "q", &[]), true, (None, Some((false, 0)), false, false)),
            ("nobody's, not listed", file("z", "q", &[]), true, nothing),
        ] {
            assert_eq!(judged(&shown, adopt), expected, "{what}");
        }
        let mut odd = file("a", "p", &[]);
        for tags in [json!(5), json!("["), json!("{\"user\": 5}")] {
            odd.fields.insert("Tags".to_owned(), tags);
            assert_eq!(judged(&odd, true), (None, None, true, false), "tags that cannot be read are somebody's");
        }
        odd.fields.insert("Status".to_owned(), json!("DELETED"));
        assert_eq!(judged(&odd, true), nothing);
    }
}
