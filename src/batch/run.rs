//! Sends one batch, and notes what came of each of its items.

use tokio::time::Instant;

use super::pack::{After, Batch, Operation};
use super::refusals::Refusals;
use super::shown::Shown;
use crate::cloud::{self, CallError, Client, FilesOf, Permit};

/// What came of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Came {
    /// Files that got metadata.
    pub created: usize,
    /// Files whose metadata or tags changed.
    pub changed: usize,
    /// Files whose metadata was deleted.
    pub deleted: usize,
    /// Items that the service refused.
    pub refused: usize,
    /// Of some items the answer does not say whether they failed: only a walk tells.
    pub unclear: bool,
    /// A file that was to be created exists: somebody else made it since the last walk.
    pub exists: bool,
}

impl Came {
    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            created: self.created + other.created,
            changed: self.changed + other.changed,
            deleted: self.deleted + other.deleted,
            refused: self.refused + other.refused,
            unclear: self.unclear || other.unclear,
            exists: self.exists || other.exists,
        }
    }
}

/// Sends it once. An error says whether it may have been carried out.
pub async fn send(
    client: &Client,
    permit: &mut Permit,
    at: FilesOf<'_>,
    batch: &Batch,
) -> Result<cloud::Batch, CallError> {
    let request = batch.request(at);
    let answer = client.call_in(permit, &request).await?;
    answer.batch().map_err(|malformed| CallError::malformed(request.operation(), malformed))
}

/// Notes the answer to a batch.
///
/// An item is refused if the details name it, by Uri or id. If the service says that not all went well, an item that the
/// details do not name went well only if a create names it among its successes, or if every detail names an item of ours.
pub fn note(batch: &Batch, answer: &cloud::Batch, shown: &mut Shown, refusals: &mut Refusals, now: Instant) -> Came {
    let mut came = Came::default();
    let names = |failed: &cloud::Failed, (uri, id): (&str, Option<&str>)| {
        failed.uri.as_deref() == Some(uri) || (id.is_some() && failed.id.as_deref() == id)
    };
    let one = |failed: &&cloud::Failed| {
        batch.entries.iter().any(|entry| names(failed, (entry.what.as_str(), entry.id.as_deref())))
    };
    let explains = answer.failed.iter().filter(one).count();
    let explained = answer.all_well || (explains > 0 && explains == answer.failed.len());
    for entry in &batch.entries {
        let refused = answer.failed.iter().find(|failed| names(failed, (entry.what.as_str(), entry.id.as_deref())));
        let made = answer.made.iter().find(|(uri, _)| *uri == entry.what);
        if let Some(refused) = refused {
            let says = |word: &str| refused.result.to_ascii_lowercase().contains(word);
            if says("not found") && batch.operation != Operation::Create {
                // Somebody else deleted it: what is listed is created again.
                shown.remove(entry.key);
                shown.total = shown.total.saturating_sub(1);
                refusals.accepted(entry.key);
                continue;
            }
            came.exists |= says("exist") && batch.operation == Operation::Create;
            came.refused += 1;
            refusals.refused((entry.key, entry.content), &entry.what, &refused.result, now);
            continue;
        }
        if !explained && made.is_none() {
            // It is not sent again at once, whatever the walk shows.
            came.unclear = true;
            let why = "the service does not say whether it was done";
            refusals.refused((entry.key, entry.content), &entry.what, why, now);
            continue;
        }
        refusals.accepted(entry.key);
        match (batch.operation, entry.after) {
            (Operation::Create, _) => {
                let id = made.and_then(|(_, id)| id.as_deref()).unwrap_or_default();
                shown.put(entry.key, id, Some(entry.content), true);
                shown.total = shown.total.saturating_add(1);
                came.created += 1;
            }
            (Operation::Delete, _) => {
                shown.remove(entry.key);
                shown.total = shown.total.saturating_sub(1);
                came.deleted += 1;
            }
            (Operation::Update, After::Ours { created }) => {
                shown.put(entry.key, entry.id.as_deref().unwrap_or_default(), Some(entry.content), created);
                came.changed += 1;
            }
            (Operation::Update, After::NotOurs) => {
                shown.remove(entry.key);
                came.changed += 1;
            }
        }
    }
    came
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::Operation::{Create, Delete, Update};
    use super::*;
    use crate::batch::item::{Item, Wanted};
    use crate::batch::pack::{Act, Limits};
    use crate::cloud::Failed;

    fn wanted() -> Wanted {
        let item = |uri: &str| Item { uri: uri.to_owned(), ..Item::default() };
        Wanted::new(["a", "b"].map(item).to_vec()).unwrap()
    }

    fn failed(uri: Option<&str>, id: Option<&str>, result: &str) -> Failed {
        Failed { id: id.map(str::to_owned), uri: uri.map(str::to_owned), result: result.to_owned() }
    }

    /// What came of a create (or update, delete) of two files `a` and `b` with the ids `m-a` and `m-b`.
    fn came(operation: Operation, answer: &cloud::Batch) -> (Came, usize, usize) {
        let (wanted, mut shown, mut refusals) = (wanted(), Shown::default(), Refusals::default());
        let mut acts = VecDeque::new();
        for row in wanted.rows() {
            let id = format!("m-{}", row.item.uri);
            if operation != Operation::Create {
                shown.put(row.key, &id, None, true);
            }
            acts.push_back(match operation {
                Operation::Create => Act::Create(row, "own".into()),
                Operation::Update => Act::Update {
                    key: row.key,
                    id,
                    row: Some(row),
                    add: Vec::new(),
                    remove: Vec::new(),
                    after: After::Ours { created: true },
                },
                Operation::Delete => Act::Delete { key: row.key, id },
            });
        }
        let batch = Batch::next(&mut acts, Limits::default()).unwrap();
        let came = note(&batch, answer, &mut shown, &mut refusals, Instant::now());
        (came, shown.own().len(), refusals.all().count())
    }

    #[tokio::test(start_paused = true)]
    async fn status_and_details_both_count_and_what_neither_explains_is_unclear() {
        let answer = |all_well, failed: &[&Failed], made: &[&str]| cloud::Batch {
            all_well,
            failed: failed.iter().map(|failed| (*failed).clone()).collect(),
            made: made.iter().map(|uri| ((*uri).to_owned(), Some(format!("m-{uri}")))).collect(),
        };
        let came_of =
            |created, changed, deleted, refused| Came { created, changed, deleted, refused, ..Came::default() };
        let unclear = |came: Came| Came { unclear: true, ..came };
        let a = failed(Some("a"), None, "Busy");
        let by_id = failed(None, Some("m-a"), "Busy");
        let unnamed = failed(None, None, "Busy");
        for (operation, answer, expected) in [
            (Create, answer(true, &[], &[]), (came_of(2, 0, 0, 0), 2, 0)),
            (Create, answer(true, &[], &["a", "b"]), (came_of(2, 0, 0, 0), 2, 0)),
            (Create, answer(true, &[&a], &["b"]), (came_of(1, 0, 0, 1), 1, 1)),
            (Create, answer(false, &[&a], &["b"]), (came_of(1, 0, 0, 1), 1, 1)),
            (Create, answer(false, &[&a], &[]), (came_of(1, 0, 0, 1), 1, 1)),
            (Create, answer(false, &[], &["a"]), (unclear(came_of(1, 0, 0, 0)), 1, 1)),
            (Create, answer(false, &[&unnamed], &["b"]), (unclear(came_of(1, 0, 0, 0)), 1, 1)),
            (Create, answer(false, &[], &[]), (unclear(Came::default()), 0, 2)),
            (Update, answer(true, &[], &[]), (came_of(0, 2, 0, 0), 2, 0)),
            (Update, answer(false, &[&by_id], &[]), (came_of(0, 1, 0, 1), 2, 1)),
            (Update, answer(false, &[&unnamed], &[]), (unclear(Came::default()), 2, 2)),
            (Delete, answer(true, &[], &[]), (came_of(0, 0, 2, 0), 0, 0)),
            (Delete, answer(false, &[&by_id], &[]), (came_of(0, 0, 1, 1), 1, 1)),
            (Delete, answer(false, &[&failed(None, Some("m-a"), "Not Found")], &[]), (came_of(0, 0, 1, 0), 0, 0)),
            (Update, answer(false, &[&failed(Some("a"), Some("m-a"), "Not Found")], &[]), (came_of(0, 1, 0, 0), 1, 0)),
        ] {
            assert_eq!(came(operation, &answer), expected, "{operation:?} {answer:?}");
        }
        let exists = answer(false, &[&failed(Some("a"), None, "Already Exists")], &["b"]);
        assert!(came(Create, &exists).0.exists);
    }
}
