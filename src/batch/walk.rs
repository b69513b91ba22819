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
            let same = row.item.members.get(print).is_some_and(|wanted| file.fields.get(print) == Some(wanted));
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
