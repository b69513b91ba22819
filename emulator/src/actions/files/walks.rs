//! Remembers what the last lists of file metadata found, so that the pages of one walk cost one search and not one each.
//!
//! What is remembered follows the changes of the files, so it always equals what a new search would find.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use crate::store::Text;
use crate::store::file_meta::FileMeta;

/// Lists that are remembered; walks of different clients take turns.
const KEPT: usize = 4;

/// A file that was found: its sort key, its place in the order of creation, and its likeness.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) key: Text,
    pub(super) place: u64,
    pub(super) meta: Arc<FileMeta>,
    pub(super) score: Option<f32>,
}

/// All that the finds of a list depend on, besides the file metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// The version whose files are listed.
    pub(super) owner: Text,
    /// The query without the page.
    pub(super) query: Vec<(String, String)>,
}

/// A list as of a revision of the files, in its order.
#[derive(Debug)]
struct Known {
    question: Question,
    revision: u64,
    found: Arc<Vec<Found>>,
}

/// The last lists, the latest asked last.
#[derive(Debug, Default)]
pub(in crate::actions) struct Walks {
    known: VecDeque<Known>,
}

impl Walks {
    /// Takes what a question found, and the revision of then.
    pub(super) fn take(&mut self, question: &Question) -> Option<(u64, Arc<Vec<Found>>)> {
        let asked = self.known.iter().position(|known| known.question == *question)?;
        self.known.remove(asked).map(|known| (known.revision, known.found))
    }

    pub(super) fn remember(&mut self, question: Question, revision: u64, found: Arc<Vec<Found>>) {
        if self.known.len() == KEPT {
            self.known.pop_front();
        }
        self.known.push_back(Known { question, revision, found });
    }
}

/// Puts files that changed where they belong now: out of the list at their places, and in again if they are among `now`.
/// Costs one pass over the list, however many there are.
pub(super) fn follow(
    found: &mut Vec<Found>,
    places: &BTreeSet<u64>,
    now: Vec<Found>,
    before: impl Fn(&Found, &Found) -> bool,
) {
    found.retain(|one| !places.contains(&one.place));
    if now.is_empty() {
        return;
    }
    let mut merged = Vec::with_capacity(found.len() + now.len());
    let mut now = now.into_iter().peekable();
    for one in found.drain(..) {
        while let Some(earlier) = now.next_if(|next| before(next, &one)) {
            merged.push(earlier);
        }
        merged.push(one);
    }
    merged.extend(now);
    *found = merged;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::auth::Caller;
    use crate::credentials::Credential;
    use crate::knobs::Rule;
    use crate::request::Request;
    use crate::route::route;
    use crate::world::World;

    const QUERIES: [&str; 7] = [
        "",
        "&Order=ASC",
        "&QueryTagsIncludeAny=red",
        "&Status=ALL&SortBy=FileUpdateTime",
        "&QueryText=red&TopK=2",
        "&QueryType=TAG&QueryText=red&SortBy=FileUpdateTime&Order=ASC",
        "&Status=DELETED",
    ];

    fn call(world: &mut World, caller: &Caller, now_ms: i64, method: &str, path: &str, body: &Value) -> Value {
        let request = Request::direct(method, &format!("/api/v1/datasets{path}"), body.to_string().into_bytes());
        let call = route(&request, Rule::Accept).unwrap();
        world.perform(&request, &call, caller, now_ms).map(|done| done.answer.tree()).unwrap_or_default()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn what_is_remembered_is_what_a_search_finds(steps in prop::collection::vec((0..6_usize, 0..8_u8), 1..30)) {
            let mut world = World::new(crate::state::State::default()).unwrap();
            let caller = Arc::new(Credential::access_key("k", ""));
            let dataset = json!({"Name": "a", "WorkspaceId": "7", "Uri": "x", "Property": "FILE", "Edition": "ADVANCED",
                "DataSourceType": "OSS"});
            let id = call(&mut world, &caller, 0, "POST", "", &dataset)["DatasetId"].as_str().unwrap().to_owned();
            let version = json!({"Property": "FILE", "DataSourceType": "OSS", "Uri": "y"});
            call(&mut world, &caller, 0, "POST", &format!("/{id}/versions"), &version);
            let files = format!("/{id}/datasetfilemetas");
            let mut ids: Vec<String> = Vec::new();
            for (now_ms, (which, action)) in (0..).zip(steps) {
                let known = ids.get(which).map_or("none", String::as_str).to_owned();
                let mut act = |method: &str, path: &str, body: &Value| call(&mut world, &caller, now_ms, method, path, body);
                let change = |more: Value| {
                    let mut item = json!({"DatasetFileMetaId": known});
                    item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                    json!({"DatasetFileMetas": [item]})
                };
                match action {
                    0..=2 => {
                        // Two files at a time, of either version, some with equal times.
                        let item = |number: i64| json!({"Uri": format!("oss://b/f-{number}"), "FileType": "image",
                            "ContentType": "image/png", "FileFingerPrint": "9", "FileUpdateTime":
                            format!("2026-11-01T00:00:0{}Z", number % 3), "Tags": r#"{"user":{"add":["red"]}}"#});
                        let version = if which == 0 { "v1" } else { "v2" };
                        let body = json!({"DatasetVersion": version, "WorkspaceId": "7",
                            "DatasetFileMetas": [item(now_ms), item(now_ms % 5 + 100)]});
                        let made = act("POST", &files, &body)["SucceedDetails"].clone();
                        let made = made.as_array().unwrap().iter();
                        ids.extend(made.map(|one| one["DatasetFileMetaId"].as_str().unwrap().to_owned()));
                    }
                    3 => drop(act("PUT", &files, &change(json!({"FileUpdateTime": "2026-11-01T00:00:02Z"})))),
                    4 => drop(act("PUT", &files, &change(json!({"Tags": r#"{"user":{"remove":["red"]}}"#})))),
                    5 => drop(act("PUT", &files, &change(json!({"SemanticIndexJobId": "dsjob-1"})))),
                    _ => drop(act("DELETE", &format!("{files}?DatasetFileMetaIds={known}"), &Value::Null)),
                }
                for query in QUERIES {
                    let list = format!("{files}?DatasetVersion=v2&WorkspaceId=7&MaxResults=100{query}");
                    let remembered = call(&mut world, &caller, now_ms, "GET", &list, &Value::Null);
                    let known = std::mem::take(&mut world.recall);
                    let searched = call(&mut world, &caller, now_ms, "GET", &list, &Value::Null);
                    prop_assert_eq!(&remembered, &searched, "{}", query);
                    world.recall = known;
                }
            }
        }
    }
}
