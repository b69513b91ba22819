//! Remembers what the last lists found, so that the pages of one sweep cost one search and not one each.
//!
//! The stored result follows the changes of the store, so it always equals the result of a new search.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Context;
use super::search::{Found, Search};
use crate::auth::Caller;
use crate::knobs::Knobs;
use crate::store::{Clock, Store};

/// Lists that are remembered; sweeps of different clients take turns.
const KEPT: usize = 8;

/// All that the finds of a list depend on, besides the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    caller: Caller,
    knobs: Knobs,
    /// The query without the page.
    query: Vec<(String, String)>,
}

impl Question {
    pub(super) fn of(context: &Context) -> Self {
        let mut query = context.request.query.clone();
        query.retain(|(name, _)| name != "PageNumber" && name != "PageSize");
        Self { caller: Arc::clone(context.caller), knobs: context.knobs.clone(), query }
    }
}

/// A list as of a revision of the store.
#[derive(Debug)]
struct Known {
    question: Question,
    revision: u64,
    found: Vec<Found>,
}

/// The last lists, the latest asked last.
#[derive(Debug, Default)]
pub(crate) struct Recall {
    known: VecDeque<Known>,
    /// Those of file metadata.
    pub(super) walks: super::files::Walks,
}

impl Recall {
    /// What `search`, which is this question, finds in the store as it is now, without lag.
    pub(super) fn found(&mut self, question: Question, search: &Search, store: &Store) -> &[Found] {
        let asked = self.known.iter().position(|known| known.question == question);
        let known = asked.and_then(|index| self.known.remove(index)).and_then(|mut known| {
            for change in store.changes_since(known.revision)? {
                search.follow(&mut known.found, change);
            }
            Some(known.found)
        });
        let found = known.unwrap_or_else(|| search.all(store, Clock { now_ms: 0, lag_ms: 0 }));
        if self.known.len() == KEPT {
            self.known.pop_front();
        }
        self.known.push_back(Known { question, revision: store.revision(), found });
        self.known.back().map(|known| known.found.as_slice()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::credentials::Credential;
    use crate::knobs::Rule;
    use crate::request::Request;
    use crate::route::route;
    use crate::world::World;

    const QUERIES: [&str; 6] = [
        "",
        "&Label=mine",
        "&SortBy=GmtModifiedTime&Order=DESC",
        "&SortBy=DataType&Order=DESC&Label=mine",
        "&Name=a&SortBy=DataType",
        "&Accessibility=PUBLIC",
    ];

    fn call(world: &mut World, caller: &Caller, now_ms: i64, method: &str, path: &str, body: &Value) -> Value {
        let request = Request::direct(method, &format!("/api/v1/datasets{path}"), body.to_string().into_bytes());
        let call = route(&request, Rule::Accept).unwrap();
        world.perform(&request, &call, caller, now_ms).map(|done| done.answer.tree()).unwrap_or_default()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn what_is_remembered_is_what_a_search_finds(steps in prop::collection::vec((0..8_usize, 0..6_u8), 1..40)) {
            let mut world = World::new(crate::state::State::default()).unwrap();
            let caller = Arc::new(Credential::access_key("k", ""));
            let mut ids: Vec<String> = Vec::new();
            for (now_ms, (which, action)) in (0..).zip(steps) {
                let id = ids.get(which).map_or_else(|| "d-none".to_owned(), ToOwned::to_owned);
                // Steps share times, so that ties are met too.
                let (path, time) = (format!("/{id}"), now_ms / 3);
                let mut act = |method: &str, path: &str, body: &Value| {
                    call(&mut world, &caller, time, method, path, body)
                };
                match action {
                    0 | 1 => {
                        let (data_type, label) = (["PIC", "TEXT"][which % 2], ["mine", "other"][which / 4]);
                        let made = act("POST", "", &json!({"Name": format!("a{now_ms}"), "WorkspaceId": "7", "Uri": "x",
                            "Property": "FILE", "DataSourceType": "OSS", "DataType": data_type,
                            "Labels": [{"Key": label, "Value": "v"}]}));
                        ids.push(made["DatasetId"].as_str().unwrap().to_owned());
                    }
                    2 => drop(act("PUT", &path, &json!({"Name": format!("b{now_ms}")}))),
                    3 => drop(act("POST", &format!("{path}/labels"), &json!({"Labels": [{"Key": "mine", "Value": "w"}]}))),
                    4 => drop(act("PUT", &format!("{path}/publish"), &Value::Null)),
                    _ => drop(act("DELETE", &path, &Value::Null)),
                }
                for query in QUERIES {
                    let list = format!("?WorkspaceId=7&PageSize=100{query}");
                    let remembered = call(&mut world, &caller, time, "GET", &list, &Value::Null);
                    let known = std::mem::take(&mut world.recall);
                    let searched = call(&mut world, &caller, time, "GET", &list, &Value::Null);
                    prop_assert_eq!(&remembered, &searched, "{}", query);
                    world.recall = known;
                }
            }
        }
    }
}
