//! Batches: as many changes in one call as the service takes.

use std::collections::VecDeque;
use std::iter;
use std::sync::Arc;

use serde_json::{Value, json};

use super::item::Row;
use crate::cloud::{self, FilesOf, Request};

/// The most items in one batch. The vendor publishes no limit; lists have pages of 100.
pub const MOST_ITEMS: usize = 100;
/// The most bytes in the body of a call.
const MOST_BODY: usize = 1 << 20;
/// Room in the body for what stands beside the items.
const ENVELOPE: usize = 1024;
/// The most bytes of ids in a query.
const MOST_QUERY: usize = 4096 - 512;
/// A comma in a query.
const COMMA: usize = "%2C".len();

/// So many batches are under way at once at most.
const AT_A_TIME: usize = 10;
/// After so many batches in a row that the service took, larger ones are tried again.
const TAKEN: u32 = 10;

/// How large batches may be. The service may refuse what its pages do not forbid, so this is learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    items: usize,
    taken: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { items: MOST_ITEMS, taken: 0 }
    }
}

impl Limits {
    /// The service refused a batch of so many items as a whole. Returns whether smaller ones may help.
    pub const fn halve(&mut self, items: usize) -> bool {
        *self = Self { items: if items / 2 > 0 { items / 2 } else { 1 }, taken: 0 };
        items > 1
    }

    /// So many batches may be under way at once: only one, as long as it is not known whether the service takes this size.
    #[must_use]
    pub const fn at_a_time(&self) -> usize {
        if self.items < MOST_ITEMS && self.taken == 0 { 1 } else { AT_A_TIME }
    }

    /// The service took a batch.
    pub fn took(&mut self) {
        self.taken += 1;
        if self.taken >= TAKEN {
            *self = Self { items: (self.items * 2).min(MOST_ITEMS), taken: 0 };
        }
    }
}

/// The operation of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `CreateDatasetFileMetas`
    Create,
    /// `UpdateDatasetFileMetas`
    Update,
    /// `DeleteDatasetFileMetas`
    Delete,
}

impl Operation {
    /// The same among all operations of the service.
    #[must_use]
    pub const fn of_service(self) -> cloud::Operation {
        match self {
            Self::Create => cloud::Operation::CreateDatasetFileMetas,
            Self::Update => cloud::Operation::UpdateDatasetFileMetas,
            Self::Delete => cloud::Operation::DeleteDatasetFileMetas,
        }
    }
}

/// One change that is to be made.
#[derive(Debug, Clone, PartialEq)]
pub enum Act<'w> {
    /// The file gets metadata, with this tag beside those that are listed. There may be 100,000 of these.
    Create(&'w Row, Arc<str>),
    /// The metadata is made equal to the list (if it is listed), or only its tags change.
    Update {
        /// Hash of the Uri.
        key: u64,
        /// Id of the file.
        id: String,
        /// The file as it is listed.
        row: Option<&'w Row>,
        /// Tags that it must have.
        add: Vec<String>,
        /// Tags that it must not have.
        remove: Vec<String>,
        /// Whose it is afterwards.
        after: After,
    },
    /// The metadata is deleted.
    Delete {
        /// Hash of the Uri.
        key: u64,
        /// Id of the file.
        id: String,
    },
}

/// Whose a file is after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// The set's own. `created`: it may delete it.
    Ours {
        /// The set, or one before it, made it.
        created: bool,
    },
    /// Not the set's, or gone.
    NotOurs,
}

/// One item of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Hash of the Uri.
    pub key: u64,
    /// Hash of what is listed; 1 if the file is not listed.
    pub content: u64,
    /// The Uri, or the id of a file that is not listed.
    pub what: String,
    /// The id, if the file has one already.
    pub id: Option<String>,
    /// Whose it is afterwards.
    pub after: After,
    body: Value,
}

/// The changes of one call.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// What is called.
    pub operation: Operation,
    /// The changes.
    pub entries: Vec<Entry>,
}

/// The content under which refusals of files that are not listed are kept.
pub const UNLISTED: u64 = 1;

impl Act<'_> {
    /// What is called for it.
    pub const fn operation(&self) -> Operation {
        match self {
            Self::Create(..) => Operation::Create,
            Self::Update { .. } => Operation::Update,
            Self::Delete { .. } => Operation::Delete,
        }
    }

    fn entry(&self) -> Entry {
        match self {
            Self::Create(row, own) => {
                let tags: Vec<&str> = iter::once(&**own).chain(row.item.tags.iter().map(String::as_str)).collect();
                let mut body = row.item.members.fields();
                body.insert("Uri".to_owned(), json!(row.item.uri));
                body.insert("Tags".to_owned(), json!(json!({"user": {"add": tags}}).to_string()));
                Entry {
                    key: row.key,
                    content: row.content,
                    what: row.item.uri.clone(),
                    id: None,
                    after: After::Ours { created: true },
                    body: Value::Object(body),
                }
            }
            Self::Update { key, id, row, add, remove, after } => {
                let mut body = row.map(|row| row.item.members.fields()).unwrap_or_default();
                body.insert("DatasetFileMetaId".to_owned(), json!(id));
                let lists = [("add", add), ("remove", remove)].into_iter().filter(|(_, tags)| !tags.is_empty());
                let lists: serde_json::Map<String, Value> =
                    lists.map(|(name, tags)| (name.to_owned(), json!(tags))).collect();
                body.insert("Tags".to_owned(), json!(json!({"user": lists}).to_string()));
                Entry {
                    key: *key,
                    content: row.map_or(UNLISTED, |row| row.content),
                    what: row.map_or_else(|| id.clone(), |row| row.item.uri.clone()),
                    id: Some(id.clone()),
                    after: *after,
                    body: Value::Object(body),
                }
            }
            Self::Delete { key, id } => Entry {
                key: *key,
                content: UNLISTED,
                what: id.clone(),
                id: Some(id.clone()),
                after: After::NotOurs,
                body: Value::Null,
            },
        }
    }
}

impl Batch {
    /// The next batch of these changes, which leave the queue; `None` if there are none. All of its changes are of one
    /// operation. A change that is too large by itself is a batch of its own: the service says so.
    pub fn next(acts: &mut VecDeque<Act<'_>>, limits: Limits) -> Option<Self> {
        let operation = acts.front()?.operation();
        let mut entries: Vec<Entry> = Vec::new();
        let mut size = 0;
        while let Some(act) = acts.front().filter(|act| act.operation() == operation) {
            let entry = act.entry();
            let (takes, most) = match operation {
                Operation::Delete => (entry.what.len() + COMMA, MOST_QUERY),
                Operation::Create | Operation::Update => (entry.body.to_string().len() + 1, MOST_BODY - ENVELOPE),
            };
            if !entries.is_empty() && (entries.len() >= limits.items || size + takes > most) {
                break;
            }
            size += takes;
            entries.push(entry);
            acts.pop_front();
        }
        Some(Self { operation, entries })
    }

    /// The call that makes these changes.
    #[must_use]
    pub fn request(&self, at: FilesOf<'_>) -> Request {
        let bodies = || self.entries.iter().map(|entry| entry.body.clone()).collect();
        match self.operation {
            Operation::Create => Request::create_file_metas(at, bodies()),
            Operation::Update => Request::update_file_metas(at, bodies()),
            Operation::Delete => {
                let ids: Vec<String> = self.entries.iter().filter_map(|entry| entry.id.clone()).collect();
                Request::delete_file_metas(at, &ids)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::item::{Item, Wanted};

    const AT: FilesOf<'_> = FilesOf { dataset: "d-1", version: "v1", workspace: "478" };

    fn wanted(count: usize, size: usize) -> Wanted {
        let item = |number| Item {
            uri: format!("oss://b/{number}"),
            members: [("FileName".to_owned(), json!("x".repeat(size)))].into_iter().collect(),
            tags: Vec::new(),
        };
        Wanted::new((0..count).map(item).collect()).unwrap()
    }

    fn sizes(acts: Vec<Act<'_>>, limits: Limits) -> Vec<usize> {
        let mut acts: VecDeque<_> = acts.into();
        let mut sizes = Vec::new();
        while let Some(batch) = Batch::next(&mut acts, limits) {
            let request = batch.request(AT);
            let body = request.body().map_or(0, |body| serde_json::to_string(body).unwrap().len());
            assert!(body <= MOST_BODY || batch.entries.len() == 1, "{body}");
            assert!(request.query(crate::cloud::EndpointForm::Roa).len() <= 4096);
            sizes.push(batch.entries.len());
        }
        sizes
    }

    #[test]
    fn batches_are_as_large_as_they_may_be() {
        let create =
            |wanted: &Wanted, limits| sizes(wanted.rows().map(|row| Act::Create(row, "own".into())).collect(), limits);
        assert_eq!(create(&wanted(0, 1), Limits::default()), Vec::<usize>::new());
        assert_eq!(create(&wanted(250, 1), Limits::default()), [100, 100, 50]);
        assert_eq!(create(&wanted(5, 500_000), Limits::default()), [2, 2, 1]);
        assert_eq!(create(&wanted(2, 2 << 20), Limits::default()), [1, 1], "the service says what it thinks of them");
        let delete = |number: u64| Act::Delete { key: number, id: format!("{number:064}") };
        assert_eq!(sizes((0..120).map(delete).collect(), Limits::default()), [53, 53, 14]);
    }

    #[test]
    fn what_the_service_refuses_as_a_whole_is_halved() {
        let mut limits = Limits::default();
        assert!(limits.halve(100) && limits.halve(50) && limits.halve(25));
        let files = wanted(30, 1);
        let acts = files.rows().map(|row| Act::Create(row, "own".into())).collect();
        assert_eq!(sizes(acts, limits), [12, 12, 6]);
        assert!(!limits.halve(1));
        assert_eq!((limits.items, limits.at_a_time()), (1, 1));
        limits.took();
        assert!(limits.at_a_time() > 1 && Limits::default().at_a_time() > 1);
        limits = Limits { items: 1, taken: 0 };
        let after = |taken: u32| {
            let mut limits = limits;
            (0..taken).for_each(|_| limits.took());
            limits.items
        };
        assert_eq!([9, 10, 19, 20, 100].map(after), [1, 2, 2, 4, 100], "what was wrong may be gone");
    }

    #[test]
    fn a_batch_has_one_operation() {
        let files = wanted(2, 1);
        let mut acts: VecDeque<_> = files.rows().map(|row| Act::Create(row, "own".into())).collect();
        acts.push_back(Act::Delete { key: 1, id: "m1".to_owned() });
        let operations: Vec<_> =
            std::iter::from_fn(|| Batch::next(&mut acts, Limits::default())).map(|batch| batch.operation).collect();
        assert_eq!(operations, [Operation::Create, Operation::Delete]);
    }
}
