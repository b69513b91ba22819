//! The production view of a question.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use dataset_operator::api::condition::Reason;
use dataset_operator::plan;
use dataset_operator::plan::desired::{Deletion, Desired, FirstVersion, Policy};
use dataset_operator::plan::object::{ObjectFacts, Stored};
use dataset_operator::plan::recorded::{Ended, Recorded};
use dataset_operator::plan::report::Blocked;
use dataset_operator::plan::run::Run;
use dataset_operator::plan::view::{Hold, Observation, Observed, Relations, StateView, View};
use dataset_operator::reconcile::conditions;
use dataset_operator::remote::Remote;
use dataset_operator::remote::fields::Fields;
use dataset_operator::remote::id::{RemoteId, VERSIONS};
use dataset_operator::remote::mark::{Labels, Origin};
use serde_json::json;

use super::Oracle;
use crate::memory::STOPPING;
use crate::question::Question;
use crate::words::{self, ticks};
use crate::world::{self, Flight, Id, Kin, Landed, Looks, Object, STRANGER, Sight, each, slot_of};

impl Oracle {
    /// The production view of a question.
    #[must_use]
    pub fn view(&self, question: &Question) -> View {
        let object = &question.object;
        let mut view = View {
            object: self.facts(question.slot, object),
            recorded: self.recorded(object),
            owner: self.words.owner(question.slot),
            profile: self.words.profile(),
            desired: self.desired(question),
            deletion: object.spec.retain.then_some(Deletion::Retain),
            relations: self.relations(question),
            state: self.process(question),
            observed: self.seen(question),
            account: Arc::new(self.account(question.principal)),
            config: Arc::new(self.world()),
        };
        view.look_at_index(&self.index(question), question.in_hand);
        view
    }

    /// The object as production reads it.
    #[must_use]
    pub fn facts(&self, slot: u8, object: &Object) -> ObjectFacts {
        let intent = match &object.intent {
            None => Stored::Absent,
            Some(intent) if intent.uid == object.uid => Stored::Own(self.words.intent(intent)),
            Some(intent) => Stored::Foreign(self.words.intent(intent)),
        };
        let force = match object.spec.force {
            0 => None,
            1 => Some("none".to_owned()),
            id => Some(self.words.id(id - 1).to_string()),
        };
        ObjectFacts {
            uid: words::uid(object.uid),
            namespace: "ns".into(),
            name: words::name(slot + 1).into(),
            resource_version: object.version.to_string(),
            generation: i64::from(object.generation),
            deleting: object.deleting,
            finalizer: object.finalizer,
            intent,
            paused: object.spec.paused,
            force_release: force,
            ..ObjectFacts::default()
        }
    }

    /// Status as production reads it.
    #[must_use]
    pub fn recorded(&self, object: &Object) -> Recorded {
        let status = &object.status;
        let mut recorded = Recorded {
            id: (status.id > 0).then(|| self.words.id(status.id)),
            origin: origin(status.origin),
            recovered: status.recovered,
            attempt: status
                .attempt
                .map(|(nonce, outcome)| Ended { nonce: words::nonce(nonce), outcome: words::outcome(outcome) }),
            principal: (status.principal > 0).then(|| words::principal(status.principal)),
            ..Recorded::default()
        };
        if let Some(fixed) = status.fixed {
            recorded.fixed.insert("Uri".into(), json!(words::uri(fixed)));
        }
        if self.words.runs {
            recorded.info.extend(words::course(&status.course));
        }
        if status.name > 0 {
            recorded.info.insert("name".into(), json!(words::name(status.name)));
        }
        let observed = if status.observed == 0 { -1 } else { i64::from(status.observed) };
        if let Some(report) = recorded.id.clone().and_then(|id| words::ended(id, status.course.ended)) {
            recorded = conditions::next_status(&recorded, &report, observed, jiff::Timestamp::UNIX_EPOCH);
        }
        if let Some(mut report) = words::report(status.told) {
            report.duplicates = status.duplicates.then(String::new);
            recorded = conditions::next_status(&recorded, &report, observed, jiff::Timestamp::UNIX_EPOCH);
        }
        recorded.observed_generation = observed;
        recorded
    }

    fn desired(&self, question: &Question) -> Result<Desired, Blocked> {
        let (spec, wish) = (&question.object.spec, &question.wish);
        // What `kinds/version.rs` says of a dataset that is not there.
        if self.words.versioned && question.object.status.id == 0 && matches!(question.kin, Kin::Holds | Kin::Gone) {
            return Err(Blocked::waiting(Reason::DependencyNotReady, "the dataset is not Ready yet"));
        }
        let mut fixed = Fields::new();
        fixed.insert("Uri".into(), json!(words::uri(spec.fixed)));
        let mut mutable = Fields::new();
        if !self.words.versioned && spec.adopt == 0 {
            mutable.insert("Name".into(), json!(words::name(question.slot + 1)));
        }
        mutable.insert("Description".into(), json!(words::description(spec.mutable)));
        let mut create = fixed.clone();
        create.extend(mutable.clone());
        if self.words.runs {
            create.insert("DatasetVersion".into(), json!("v1"));
        }
        Ok(Desired {
            target: self.words.target(false),
            create,
            fixed,
            mutable,
            label_keys: Vec::new(),
            labels: BTreeMap::new(),
            first: FirstVersion::default(),
            adopt: (spec.adopt > 0).then(|| self.words.id(spec.adopt)),
            policy: match wish.policy {
                1 => Policy::CreateOnly,
                2 => Policy::ByName,
                3 => Policy::Only,
                _ => Policy::IfMarked,
            },
            bind: false,
            recreate: wish.recreate,
            run: self.words.runs.then(|| Run { backoff_limit: u32::from(wish.backoff), ..Run::default() }),
            secret: None,
        })
    }

    fn relations(&self, question: &Question) -> Relations {
        let mut relations = Relations::default();
        if !question.object.deleting {
            return relations;
        }
        if self.words.versioned {
            let retains = question.object.spec.retain || question.object.status.origin == 2;
            let recorded = question.object.status.id > 0;
            relations.swept_along = question.kin == Kin::Doomed && recorded && !retains && !question.delete_refused;
            relations.alone = question.kin == Kin::Leaving && recorded && !retains;
            return relations;
        }
        relations.delete_foreign = question.wish.delete_foreign;
        match question.kin {
            Kin::Holds => relations.hold("DatasetVersion", "v".into(), Hold::Living),
            Kin::Leaving => relations.hold("DatasetVersion", "v".into(), Hold::Leaving),
            Kin::Doomed => relations.hold("DatasetVersion", "v".into(), Hold::Doomed("v2".into())),
            Kin::Quiet | Kin::Gone => {}
        }
        relations
    }

    fn seen(&self, question: &Question) -> Observed {
        let remote = |id: Id, look: &world::Look| self.remote(question, id, look);
        let all = |looks: &Looks| each(looks).map(|(id, look)| remote(id, look)).collect::<Vec<_>>();
        let mut sights = BTreeMap::new();
        for (id, sight) in (1..).zip(&question.sights) {
            let sight = match sight {
                Sight::Unknown => continue,
                Sight::Indexed(look) => Observation::Listed(remote(id, look)),
                Sight::Read(look) => Observation::Read(remote(id, look)),
                Sight::Gone => Observation::Gone,
            };
            sights.insert(self.words.id(id), sight);
        }
        if let Some(exists) = question.dataset {
            let dataset = RemoteId::new(words::DATASET);
            let read = || Arc::new(Remote::labelled(dataset.clone(), Labels::new(), Fields::new(), None));
            sights.insert(dataset.clone(), if exists { Observation::Read(read()) } else { Observation::Gone });
        }
        Observed {
            object_is_fresh: question.object_is_fresh,
            remotes: sights,
            owned: question.owned.as_ref().map(all).unwrap_or_default(),
            owned_is_fresh: question.owned.is_some(),
            named: question.named.as_ref().map(all),
            children: question.versions.iter().map(|_| (VERSIONS, self.versions(question))).collect(),
            permit: question.permit,
            flight: question.flight.map(|flight| self.flight(&flight)),
            live_here: self.namesake(question),
            // Names of other owners and the result of a rename appear in messages only and decide nothing.
            ..Observed::default()
        }
    }

    /// A remote as production sees it.
    pub(crate) fn remote(&self, question: &Question, id: Id, look: &world::Look) -> Arc<Remote> {
        let versions = question.stranger_version || matches!(question.kin, Kin::Holds | Kin::Doomed | Kin::Leaving);
        Arc::new(self.words.remote(id, look, versions))
    }

    /// A mark in a text may be of the object that has this name now, as `gather.rs` says.
    fn namesake(&self, question: &Question) -> BTreeSet<String> {
        let uids = (1..STRANGER).filter(|uid| self.words.runs && question.live_here & (1 << uid) > 0);
        let others = uids.filter(|uid| slot_of(*uid) == question.slot && *uid != question.object.uid);
        others.map(words::uid).collect()
    }

    /// The versions of a dataset: v1, one of a relative, one of a stranger.
    fn versions(&self, question: &Question) -> Vec<Arc<Remote>> {
        let dataset = self.words.id(question.object.status.id.max(1)).root().to_owned();
        let relative = matches!(question.kin, Kin::Holds | Kin::Doomed | Kin::Leaving).then_some("v2");
        let stranger = question.stranger_version.then_some("v3");
        let names = std::iter::once("v1").chain(relative).chain(stranger);
        let version = |name: &str| {
            Remote::labelled(RemoteId::new(dataset.clone()).join(name), Labels::new(), Fields::new(), None)
        };
        names.map(|name| Arc::new(version(name))).collect()
    }

    fn flight(&self, flight: &Flight) -> plan::Flight {
        match *flight {
            Flight::Create { nonce, landed } => plan::Flight::Create {
                nonce: words::nonce(nonce),
                landed: match landed {
                    Landed::Not => None,
                    Landed::At(id) => Some(plan::Landed::At(self.words.id(id))),
                    Landed::Refused(told) => words::report(told).map(|report| plan::Landed::Refused(Box::new(report))),
                },
            },
            Flight::Take { nonce, id, recovered } => {
                plan::Flight::Take { nonce: words::nonce(nonce), id: self.words.id(id), recovered }
            }
        }
    }

    fn process(&self, question: &Question) -> StateView {
        let memory = &question.memory;
        StateView {
            uncertain_for: ticks(memory.doubt_age),
            lists: u32::from(memory.lists),
            settled_lists: u32::from(memory.settled_lists),
            resolved: memory.resolved,
            never_executed: memory.never_executed.map(words::nonce),
            name_taken: memory.name_taken.map(ticks),
            deleting_age: ticks(memory.deleting_age),
            recorded_age: memory.recorded_age.map(ticks),
            fresh: words::digits(question.fresh),
            stopped: memory.stopped.map(|(id, long)| (self.words.id(id), if long { STOPPING } else { Duration::ZERO })),
            // The model's service keeps what it is sent, so that nothing is futile.
            ..StateView::default()
        }
    }
}

fn origin(number: u8) -> Option<Origin> {
    match number {
        1 => Some(Origin::Created),
        2 => Some(Origin::Adopted),
        _ => None,
    }
}
