//! Seeded views. Any facts may meet; half of the views lean towards common states, so that every decision occurs often.

use std::sync::Arc;
use std::time::Duration;

use super::dice::Dice;
use super::lean::Lean;
use super::objects;
use super::seen::see;
use super::wishes::{Scene, UID, desired};
use crate::api::condition::Reason;
use crate::kinds::{dataset, version};
use crate::plan::desired::{Deletion, Desired, Policy};
use crate::plan::object::Stored;
use crate::plan::profile::Profile;
use crate::plan::recorded::{Ended, Outcome};
use crate::plan::report::Blocked;
use crate::plan::view::{Observation, Observed, Relations, View};
use crate::remote::Remote;
use crate::remote::id::RemoteId;
use crate::remote::mark::{Origin, Owner};

const FIXED: &[&str] = &["Uri", "DataSourceType", "Provider", "ImportInfo", "WorkspaceId"];

/// The kinds, with fixed members that both have.
static DATASETS: Profile = Profile { fixed: FIXED, ..dataset::PROFILE };
static VERSIONS: Profile = Profile { fixed: FIXED, ..version::PROFILE };

const fn profile(versioned: bool) -> &'static Profile {
    if versioned { &VERSIONS } else { &DATASETS }
}

/// The view of this case.
pub(super) fn view(case: u32, scenes: &[Scene]) -> View {
    let part = |name: &str| Dice::of(case, name);
    let scene = &scenes[usize::try_from(part("scene").below(4)).unwrap()];
    let versioned = part("kind").chance(35);
    let leans = [
        (12, Lean::Anywhere),
        (23, Lean::Settled),
        (12, Lean::Free),
        (7, Lean::Doubt),
        (12, Lean::Leaving),
        (4, Lean::Flying),
        (8, Lean::Unmarked),
        (8, Lean::Gone),
        (3, Lean::Named),
        (10, Lean::Adopting),
        (2, Lean::Taken),
        (3, Lean::Twice),
        (2, Lean::Empty),
    ];
    let lean = part("lean").pick(&leans);
    let mut wanted = desired(&mut part("spec"), versioned, &scene.account);
    if lean == Lean::Named && !versioned {
        (wanted.policy, wanted.adopt) = (Policy::ByName, None);
    }
    if lean == Lean::Free && !versioned && part("policy").chance(25) {
        (wanted.policy, wanted.adopt) = (Policy::CreateOnly, None);
    }
    if lean == Lean::Adopting && wanted.adopt.is_none() {
        let dataset = RemoteId::new("d-1");
        wanted.adopt = Some(if versioned { dataset.join("v2") } else { dataset });
    }
    let kind = if versioned { "DatasetVersion" } else { "Dataset" };
    let owner = Owner { kind: format!("{kind}.pai.dataset-operator.dev"), namespace: "ns".into(), name: "o".into() };
    let object = objects::facts(&mut part("object"), &wanted);
    let state = objects::process(&mut part("process"), &object);
    let mut view = View {
        recorded: objects::recorded(&mut part("status"), &object, &wanted),
        owner,
        profile: profile(versioned),
        desired: Ok(wanted.clone()),
        deletion: objects::deletion(&mut part("deletion")),
        relations: Relations::default(),
        state,
        observed: Observed::default(),
        account: scene.account.clone(),
        config: scene.config.clone(),
        object,
    };
    stand(&mut part("stand"), &mut view, &wanted, lean);
    if view.object.deleting {
        view.relations = objects::relations(&mut part("relations"), versioned);
    }
    if part("in vain").chance(if wanted.first.is_empty() { 12 } else { 45 }) {
        view.state.futile = objects::futile(&mut part("futile"), &wanted);
    }
    see(&part, &mut view, &wanted, scene, lean);
    if part("hold").chance(if view.object.intent.own().is_some() { 5 } else { 12 }) {
        let holds = [
            Blocked::stuck(Reason::InvalidSpec, "spec.options is not a JSON object"),
            Blocked::waiting(Reason::DependencyNotReady, "Dataset flowers is not Ready yet"),
        ];
        view.desired = Err(part("which hold").one(&holds));
    }
    view
}

/// Puts the object into this state.
fn stand(dice: &mut Dice, view: &mut View, wanted: &Desired, lean: Lean) {
    let mut own = |nonces: &[&str]| Stored::Own(objects::intent(dice, wanted, nonces));
    let object = &mut view.object;
    match lean {
        Lean::Anywhere => return,
        Lean::Settled | Lean::Leaving | Lean::Unmarked | Lean::Gone | Lean::Twice => {
            let again = lean == Lean::Twice || (lean == Lean::Gone && view.state.lists == 0);
            object.intent = own(if again { &["c1", "c2"] } else { &["c1"] });
            view.recorded.attempt = Some(Ended { nonce: "c1".into(), outcome: Outcome::Created });
            view.recorded.origin = Some(Origin::Created);
            view.recorded.fixed = wanted.fixed.clone();
            let name = if wanted.bind { "v1" } else { "v2" };
            let dataset = RemoteId::new("d-1");
            let id = if wanted.target.dataset_id.is_some() { dataset.join(name) } else { dataset };
            view.recorded.id = Some(id);
        }
        Lean::Free | Lean::Named | Lean::Adopting => {
            object.intent = Stored::Absent;
            object.finalizer = false;
            view.recorded.id = None;
            view.state.resolved = true;
        }
        Lean::Empty => {
            object.intent = own(&["c1", "c2"]);
            view.recorded.id = None;
            view.recorded.attempt = Some(Ended { nonce: "c2".into(), outcome: Outcome::Refused });
            view.state.resolved = true;
        }
        Lean::Doubt | Lean::Flying | Lean::Taken => {
            object.intent = own(&["c1", "c2"]);
            view.recorded.id = None;
            view.recorded.attempt = None;
            view.state.resolved = false;
            view.state.never_executed = None;
        }
    }
    object.deleting = match lean {
        Lean::Leaving | Lean::Twice | Lean::Empty => true,
        Lean::Unmarked | Lean::Doubt | Lean::Gone => dice.chance(40),
        Lean::Anywhere | Lean::Settled | Lean::Free | Lean::Flying | Lean::Named | Lean::Adopting | Lean::Taken => {
            false
        }
    };
    object.finalizer |= !matches!(lean, Lean::Free | Lean::Named | Lean::Adopting);
    object.paused = dice.chance(if lean == Lean::Empty { 20 } else { 4 });
    object.unclear_pause = None;
    if dice.chance(90) {
        object.force_release = None;
        object.requested.clone_from(&view.recorded.handled);
    }
    if lean == Lean::Unmarked && dice.chance(50) {
        view.state.recorded_age = Some(Duration::from_millis(400));
    }
    if lean == Lean::Taken {
        view.state.name_taken = Some(Duration::from_secs(dice.one(&[0, 2, 2, 2])));
    } else if dice.chance(80) {
        view.state.name_taken = None;
    }
    if dice.chance(15) {
        // The spec was edited while the create was under way, or the adopted remote has other values.
        view.recorded.fixed.remove("DataSourceType");
        view.recorded.fixed.insert("Uri".into(), "oss://other/".into());
        view.recorded.origin = Some(dice.one(&[Origin::Created, Origin::Adopted]));
    }
    if !matches!(lean, Lean::Empty) && dice.chance(50) {
        view.deletion = Some(Deletion::Delete);
    }
}

/// The uid that all seeded objects have.
pub(super) const fn uid() -> &'static str {
    UID
}

/// A remote that the view knows for the recorded id.
pub(super) fn sighted(view: &View) -> Option<&Arc<Remote>> {
    view.id().and_then(|id| view.observation(id)).and_then(Observation::remote)
}
