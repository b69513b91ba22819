//! The model's index beside production's inventory: after the same news, in every order, both answer the same.
//!
//! The sweep of a workspace is left out: production's calls the service, so that only its parts can be told here. That
//! are the list (`put_listed`) and the rule for what a whole list does not show, which versions share (`put_children`).

use std::sync::Arc;
use std::time::Duration;

use dataset_operator::inventory::{Inventory, Settings};
use dataset_operator::plan::index::Index;
use dataset_operator::remote::Remote;
use dataset_operator::remote::id::{RemoteId, VERSIONS};
use model::look::question;
use model::model::Model;
use model::rows;
use model::scenario::Scenario;
use model::words::{DATASET, own_mark, ticks};
use model::world::{Doing, Id, Look, Looks, Object, Pass, REMOTES, State, index};
use tokio::time::{Instant, advance};

/// So many pieces of news at most, one after the other.
const LONG: u32 = 4;

/// Something that an index is told. Reads and writes say which value a remote has; lists show the value 0, so that it
/// is seen whether they replaced anything.
#[derive(Debug, Clone, Copy)]
enum News {
    Read(Id, u8),
    Written(Id, u8),
    Deleted(Id),
    NotFound(Id),
    Unanswered(Id),
    /// Some datasets, by one list.
    Listed(&'static [Id]),
    /// All versions.
    Whole(&'static [Id]),
    DatasetGone,
    Tick,
}

/// Where it begins: nothing is known.
struct Beginning {
    model: Model,
    state: State,
    object: Object,
}

/// The two that are compared.
struct Both<'a> {
    model: &'a Model,
    object: Object,
    state: State,
    inventory: Arc<Inventory>,
}

fn look(mutable: u8) -> Look {
    Look { mark: Some(own_mark(0, 1, 1)), released: false, fixed: 0, mutable, name: 1, doing: Doing::Nothing }
}

fn looks(ids: &[Id]) -> Looks {
    let mut looks = [None; REMOTES];
    ids.iter().filter_map(|id| index(*id)).for_each(|at| looks[at] = Some(look(0)));
    looks
}

impl<'a> Both<'a> {
    fn new(beginning: &'a Beginning) -> Self {
        let Beginning { model, state, object } = beginning;
        let domains = model.oracle.world().identity.domains().to_vec();
        let resync = Duration::from_secs(3600);
        // Lists lag by one tick, as in the model.
        let (inventory, _) = Inventory::new(Settings { domains, resync, list_lag: ticks(1) });
        Self { model, object: *object, state: state.clone(), inventory }
    }

    fn id(&self, id: Id) -> RemoteId {
        self.model.oracle.words().id(id)
    }

    fn remote(&self, id: Id, mutable: u8) -> Remote {
        self.model.oracle.words().remote(id, &look(mutable), false)
    }

    fn listed(&self, ids: &[Id]) -> Vec<Arc<Remote>> {
        ids.iter().map(|id| Arc::new(self.remote(*id, 0))).collect()
    }

    async fn tell(&mut self, news: News) {
        let versioned = self.model.scenario.versioned;
        let now = Instant::now();
        match news {
            News::Read(id, value) => {
                rows::believe(&mut self.state, 0, id, look(value));
                self.inventory.put_read(&self.remote(id, value), now);
            }
            News::Written(id, value) => {
                rows::believe(&mut self.state, 0, id, look(value));
                self.inventory.put_created(&self.remote(id, value));
            }
            News::Deleted(id) => {
                rows::gone(&mut self.state, 0, id);
                self.inventory.remove(&self.id(id));
            }
            News::NotFound(id) => {
                rows::missed(&mut self.state, 0, id);
                self.inventory.missed(&self.id(id), "");
            }
            News::Unanswered(id) => {
                rows::doubt(&mut self.state, 0, id, versioned);
                self.inventory.doubt(&self.id(id));
            }
            News::Listed(ids) => {
                rows::put_listed(&mut self.state, 0, &looks(ids));
                self.inventory.put_listed(&self.listed(ids), now);
            }
            News::Whole(ids) => {
                rows::put_versions(&mut self.state, 0, &looks(ids));
                self.inventory.put_children((DATASET, VERSIONS), &self.listed(ids), now);
            }
            News::DatasetGone => {
                rows::dataset_gone(&mut self.state, 0);
                self.inventory.remove(&RemoteId::new(DATASET));
            }
            News::Tick => {
                rows::tick(&mut self.state.processes[0]);
                advance(ticks(1)).await;
            }
        }
    }

    /// Asks both the questions of [`Index`] that rows answer.
    fn compare(&self, way: &[News]) {
        let (question, _) = question(self.model, &self.state, (0, 0), &Pass::new(self.object));
        let (ours, theirs) = (self.model.oracle.index(&question), &self.inventory);
        for id in [self.id(1), self.id(2), RemoteId::new(DATASET)] {
            assert_eq!(ours.is_gone(&id), theirs.is_gone(&id), "is {id} gone, after {way:?}");
            assert_eq!(ours.get(&id), theirs.get(&id), "the row of {id}, after {way:?}");
        }
        let words = self.model.oracle.words();
        let owners = words.ours.owner_values(&words.owner(0));
        let within = words.versioned.then_some((DATASET, VERSIONS));
        assert_eq!(ours.owned(&owners, within), theirs.owned(&owners, within), "by their owner, after {way:?}");
        if let Some((dataset, collection)) = within {
            let known = theirs.children_known(dataset, collection);
            assert_eq!(ours.children_known(dataset, collection), known, "are all versions known, after {way:?}");
        }
    }
}

/// Tells both every sequence of at most [`LONG`] of these, and compares them at its end.
async fn compare_all(versioned: bool, news: &[News]) {
    let model = Model::new(Scenario { versioned, ..Scenario::new("index") });
    let state = model.start();
    let object = state.objects.iter().flatten().copied().next();
    assert!(object.is_some(), "a scenario begins with an object");
    let Some(object) = object else { return };
    let beginning = Beginning { model, state, object };
    for long in 1..=LONG {
        for number in 0..news.len().pow(long) {
            let digit = |at: u32| news[number / news.len().pow(at) % news.len()];
            let way: Vec<News> = (0..long).map(digit).collect();
            let mut both = Both::new(&beginning);
            for one in &way {
                both.tell(*one).await;
            }
            both.compare(&way);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_index_of_datasets_answers_as_the_inventory_does() {
    compare_all(
        false,
        &[
            News::Read(1, 0),
            News::Read(1, 1),
            News::Written(1, 1),
            News::Deleted(1),
            News::NotFound(1),
            News::Unanswered(1),
            News::Listed(&[1]),
            News::Listed(&[1, 2]),
            News::Tick,
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_index_of_versions_answers_as_the_inventory_does() {
    compare_all(
        true,
        &[
            News::Read(1, 1),
            News::Written(2, 1),
            News::Deleted(1),
            News::NotFound(1),
            News::Unanswered(1),
            News::Whole(&[]),
            News::Whole(&[1]),
            News::Whole(&[1, 2]),
            News::DatasetGone,
            News::Tick,
        ],
    )
    .await;
}
