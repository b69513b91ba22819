//! A model of the service, its files shared by two sets and by people: whatever fails, both sets reach what they list, and
//! nobody else's file or tag is touched.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::diff::Allowed;
use super::pack::Operation;
use super::tags::tests::set;
use super::walk::Look;
use super::*;
use crate::cloud::{self, FileMeta, FileMetas, FilesOf};

const AT: FilesOf<'_> = FilesOf { dataset: "d-1", version: "v1", workspace: "478" };

#[derive(Debug, Clone, PartialEq, Eq)]
struct File {
    uri: String,
    print: String,
    tags: BTreeSet<String>,
}

/// The files of a version by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Service(BTreeMap<String, File>);

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy)]
enum Fault {
    None,
    /// The item of this number in the batch fails.
    Item(usize),
    /// The batch takes effect, and the answer is lost.
    Lost,
    /// The batch does not arrive.
    NotSent,
}

impl Service {
    fn page(&self) -> FileMetas {
        let files = self.0.iter().map(|(id, file)| {
            let tags = json!({"user": file.tags}).to_string();
            let fields = json!({"FileFingerPrint": file.print, "Tags": tags});
            FileMeta { id: id.clone(), uri: file.uri.clone(), fields: serde_json::from_value(fields).unwrap() }
        });
        let files: Vec<_> = files.collect();
        FileMetas { total: Some(files.len() as u64), files, next: None }
    }

    fn perform(&mut self, batch: &Batch, fault: Fault) -> Option<cloud::Batch> {
        let (mut answer, request) = (cloud::Batch::default(), batch.request(AT));
        if matches!(fault, Fault::NotSent) {
            return None;
        }
        let bodies = request.body().map(|body| body["DatasetFileMetas"].as_array().unwrap().clone());
        for (number, entry) in batch.entries.iter().enumerate() {
            let body = bodies.as_ref().map_or(Value::Null, |bodies| bodies[number].clone());
            let fails = matches!(fault, Fault::Item(failing) if failing == number);
            let result = if fails { Err("Busy") } else { self.item(batch.operation, entry.id.as_deref(), &body) };
            match result {
                Ok(id) => answer.made.push((entry.what.clone(), Some(id))),
                Err(why) => answer.failed.push(cloud::Failed {
                    id: entry.id.clone(),
                    uri: entry.id.is_none().then(|| entry.what.clone()),
                    result: why.to_owned(),
                }),
            }
        }
        answer.all_well = answer.failed.is_empty();
        (!matches!(fault, Fault::Lost)).then_some(answer)
    }

    fn item(&mut self, operation: Operation, id: Option<&str>, body: &Value) -> Result<String, &'static str> {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let tags: Value = serde_json::from_str(body["Tags"].as_str().unwrap_or("{}")).unwrap();
        let list = |name: &str| {
            let all = tags["user"][name].as_array().cloned().unwrap_or_default();
            all.into_iter().map(|tag| tag.as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
        };
        match operation {
            Operation::Create => {
                if self.0.values().any(|file| file.uri == body["Uri"]) {
                    return Err("Already Exists");
                }
                let id = format!("{:0>64}", text("Uri").trim_start_matches('u'));
                self.0.insert(id.clone(), File { uri: text("Uri"), print: text("FileFingerPrint"), tags: list("add") });
                Ok(id)
            }
            Operation::Update => {
                let file = self.0.get_mut(id.unwrap()).ok_or("Not Found")?;
                file.tags.retain(|tag| !list("remove").contains(tag));
                file.tags.extend(list("add"));
                if body.get("FileFingerPrint").is_some() {
                    file.print = text("FileFingerPrint");
                }
                Ok(id.unwrap().to_owned())
            }
            Operation::Delete => self.0.remove(id.unwrap()).map(|_| id.unwrap().to_owned()).ok_or("Not Found"),
        }
    }
}

/// A set that works on the service.
struct Worker {
    tags: SetTags,
    others: Vec<SetTags>,
    wanted: Wanted,
    adopt: bool,
    shown: Option<Shown>,
    refusals: Refusals,
    limits: Limits,
}

impl Worker {
    fn new(name: &str, other: &str, uris: &BTreeMap<u8, u8>, adopt: bool) -> Self {
        let item = |(number, print): (&u8, &u8)| Item {
            uri: format!("u{number}"),
            members: [("FileFingerPrint".to_owned(), json!(format!("p{print}")))].into_iter().collect(),
            tags: vec![format!("t{}", number % 2)],
        };
        let wanted = Wanted::new(uris.iter().map(item).collect()).unwrap();
        let (tags, others) = (set(name), vec![set(other)]);
        Self { tags, others, wanted, adopt, shown: None, refusals: Refusals::default(), limits: Limits::default() }
    }

    /// One round; returns whether anything was sent.
    fn round(&mut self, service: &mut Service, fault: Fault, now: Instant) -> bool {
        let others = &self.others;
        let shown = self.shown.take().unwrap_or_else(|| {
            let mut walk = Walk::new(self.wanted.hash());
            let mut who = |owner: &str| others.iter().any(|set| set.is(owner)).then(|| "the other".to_owned());
            let mut look = Look { wanted: &self.wanted, tags: &self.tags, adopt: self.adopt, who: &mut who };
            assert_eq!(walk.take(service.page(), &mut look), Page::End { complete: true });
            walk.end()
        });
        let shown = self.shown.insert(shown);
        let rules = Rules { tags: &self.tags, prune: true, complete: true, allowed: Allowed::Always };
        let mut todo = diff(&self.wanted, shown, &self.refusals, rules, now);
        let Some(batch) = Batch::next(&mut todo.acts, self.limits) else { return false };
        assert!(batch.entries.len() <= pack::MOST_ITEMS);
        match service.perform(&batch, fault) {
            Some(answer) => {
                let came = run::note(&batch, &answer, shown, &mut self.refusals, now);
                if came.unclear || came.exists {
                    self.shown = None;
                }
            }
            None => self.shown = None,
        }
        true
    }

    fn has(&self, file: &File) -> bool {
        file.tags.iter().any(|tag| self.tags.all().contains(tag))
    }
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        4 => Just(Fault::None),
        2 => (0..4_usize).prop_map(Fault::Item),
        1 => Just(Fault::Lost),
        1 => Just(Fault::NotSent),
    ]
}

fn uris() -> impl Strategy<Value = BTreeMap<u8, u8>> {
    prop::collection::btree_map(0..12_u8, 0..3_u8, 0..10)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn sets_reach_what_they_list_and_touch_nothing_of_others(
        people in uris(), first in uris(), second in uris(), edit in uris(), adopt: bool,
        faults in prop::collection::vec((0..2_usize, fault()), 0..40),
    ) {
        let mut service = Service::default();
        for (number, print) in &people {
            let (uri, id) = (format!("u{number}"), format!("{number:0>64}"));
            let (print, tags) = (format!("p{print}"), ["people's".to_owned()].into());
            service.0.insert(id, File { uri, print, tags });
        }
        let before = service.clone();
        let mut workers = [Worker::new("one", "two", &first, adopt), Worker::new("two", "one", &second, false)];
        let mut now = Instant::now();
        let mut edited = false;
        for round in 0..400 {
            now += Duration::from_secs(30);
            let (which, fault) = faults.get(round).copied().unwrap_or((round % 2, Fault::None));
            if round == 20 {
                workers[0].wanted = Worker::new("one", "two", &edit, adopt).wanted;
                edited = true;
            }
            if round % 50 == 49 {
                for worker in &mut workers {
                    worker.shown = None;
                }
            }
            workers[which].round(&mut service, fault, now);
            for (id, file) in &before.0 {
                let kept = service.0.get(id);
                prop_assert!(kept.is_some_and(|kept| kept.tags.contains("people's")), "{file:?} is people's");
                let kept = kept.unwrap();
                let ours = workers.iter().any(|worker| worker.has(kept)) || kept.tags.len() > 1;
                prop_assert!(ours || kept.print == file.print, "{kept:?} was {file:?}");
            }
        }
        prop_assert!(edited);
        for (at, worker) in workers.iter().enumerate() {
            for row in worker.wanted.rows() {
                let file = service.0.values().find(|file| file.uri == row.item.uri);
                let file = file.ok_or_else(|| TestCaseError::fail(format!("{} is missing", row.item.uri)))?;
                if worker.has(file) {
                    let listed = row.item.members.fields();
                    prop_assert_eq!(&file.print, listed["FileFingerPrint"].as_str().unwrap());
                    prop_assert!(row.item.tags.iter().all(|tag| file.tags.contains(tag)));
                    prop_assert!(!workers[1 - at].has(file), "two have it: {:?}", file);
                } else {
                    let others = workers[1 - at].has(file) || file.tags.contains("people's");
                    prop_assert!(others, "{file:?} is nobody's");
                }
            }
            for file in service.0.values().filter(|file| worker.has(file)) {
                prop_assert!(worker.wanted.rows().any(|row| row.item.uri == file.uri), "{file:?} is not listed any more");
            }
        }
        prop_assert!(service.0.values().all(|file| file.tags.contains("people's") || workers.iter().any(|w| w.has(file))));
    }
}
