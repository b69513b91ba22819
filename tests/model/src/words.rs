//! From the small numbers of the model to the words of production, and back: remotes, marks and intents here, plain
//! values in `values`, and in `status` what status says.

mod run;
mod status;
mod values;

use dataset_operator::cloud::{CallError, ErrorClass, Operation};
use dataset_operator::kinds;
use dataset_operator::plan::intent;
use dataset_operator::plan::profile::Profile;
use dataset_operator::remote::Remote;
use dataset_operator::remote::fields::{Fields, hash};
use dataset_operator::remote::id::{JOBS, RemoteId};
use dataset_operator::remote::mark::{Identity, Labels, Owner, RawMark};
use serde_json::json;

use crate::world::{ATTEMPTS, Attempt, Call, Domain, Id, Intent, Look, Mark, Nonce, REMOTES, Uid};
pub use run::{course, ended, of_run};
pub use status::{of_ended, of_reason, outcome, reason, report, told};
use values::VALUES;
pub use values::{
    description, digits, name, nonce, of_description, of_name, of_nonce, of_principal, of_uid, of_uri, principal,
    ticks, uid, uri,
};

/// The dataset of all versions.
pub const DATASET: &str = "d-p";

/// Is this the dataset of the versions?
pub fn is_dataset_of_versions(id: &RemoteId) -> bool {
    *id == RemoteId::new(DATASET)
}
/// The account that is configured.
pub const ACCOUNT: &str = "default";
/// The workspace of everything.
pub const WORKSPACE: &str = "478";
/// The kinds, with the one fixed member that the model has.
static DATASETS: Profile = Profile { fixed: &["Uri"], ..kinds::dataset::PROFILE };
static VERSIONS: Profile = Profile { fixed: &["Uri"], ..kinds::version::PROFILE };
static RUNS: Profile = Profile { fixed: &["Uri"], unshown: &[], ..kinds::job::PROFILE };

/// The marks of three operators, and which kind of object they speak of.
#[derive(Debug, Clone)]
pub struct Words {
    /// Remotes in a dataset: versions or runs.
    pub versioned: bool,
    /// Runs.
    pub runs: bool,
    /// Ours.
    pub ours: Identity,
    other_cluster: Identity,
    foreign: Identity,
    hashes: Vec<(u8, String)>,
}

impl Words {
    /// The words for datasets, for versions or for runs, which are `versioned` too.
    #[must_use]
    pub fn new(versioned: bool, runs: bool) -> Self {
        let identity = |domain: &str, cluster: &str| Identity::new(&[domain.to_owned()], &[], cluster);
        let codes = (0..VALUES).flat_map(|fixed| (0..4).map(move |name| hash_code(fixed, name)));
        let hashes = codes.map(|code| (code, hash(&identity_of(code)))).collect();
        Self {
            versioned,
            runs,
            ours: identity("domain", "cluster"),
            other_cluster: identity("domain", "cluster-2"),
            foreign: identity("domain-2", "cluster-2"),
            hashes,
        }
    }

    /// What a remote is called.
    #[must_use]
    pub fn id(&self, id: Id) -> RemoteId {
        if self.runs {
            RemoteId::new(DATASET).within(JOBS, run::name(id))
        } else if self.versioned {
            RemoteId::new(DATASET).join(format!("v{}", id + 1))
        } else {
            RemoteId::new(format!("d-{id}"))
        }
    }

    /// Which remote that is.
    #[must_use]
    pub fn of_id(&self, id: &RemoteId) -> Option<Id> {
        (1..=u8::try_from(REMOTES).ok()?).find(|number| self.id(*number) == *id)
    }

    /// The owner name in the marks of an object in this slot.
    #[must_use]
    pub fn owner(&self, slot: u8) -> Owner {
        let kind = self.profile().name;
        Owner { kind: format!("{kind}.pai.dataset-operator.dev"), namespace: "ns".into(), name: name(slot + 1).into() }
    }

    /// A mark as production sees it, on a remote that was made with this immutable member.
    #[must_use]
    pub fn raw(&self, mark: &Mark, fixed: u8) -> RawMark {
        let identity = match mark.domain {
            Domain::Ours => &self.ours,
            Domain::OtherCluster => &self.other_cluster,
            Domain::Foreign => &self.foreign,
        };
        let (owner, uid, nonce) = (self.owner(mark.owner), uid(mark.uid), nonce(mark.nonce));
        let in_text = || identity.text_mark(&owner, run::TARGET, &uid, &nonce, &self.hash(hash_code(fixed, 0)));
        let mut raw = if self.runs { in_text().unwrap_or_default() } else { identity.mark(&owner, &uid, &nonce) };
        if mark.forged
            && let Some(attempt) = &mut raw.attempt
        {
            attempt.push('0');
        }
        raw
    }

    /// What a mark says, if it is one of ours.
    #[must_use]
    pub fn mark(&self, raw: &RawMark, fixed: u8) -> Option<Mark> {
        if self.runs {
            return self.mark_in_text(raw, fixed);
        }
        let nonce = of_nonce(raw.attempt.as_ref()?.split('.').next()?)?;
        let uid = raw.uid().and_then(of_uid)?;
        let made = |owner| Mark { domain: Domain::Ours, owner, uid, nonce, forged: false };
        (0..2).map(made).find(|mark| self.raw(mark, fixed) == *raw)
    }

    /// The kind of object that they speak of.
    #[must_use]
    pub const fn profile(&self) -> &'static Profile {
        match (self.runs, self.versioned) {
            (true, _) => &RUNS,
            (false, true) => &VERSIONS,
            (false, false) => &DATASETS,
        }
    }

    /// A remote as production sees it. `versions`: the newest version of the dataset is not v1.
    #[must_use]
    pub fn remote(&self, id: Id, look: &Look, versions: bool) -> Remote {
        let mut mark = look.mark.map(|mark| self.raw(&mark, look.fixed));
        if look.released {
            mark = Some(mark.unwrap_or_default().into_released());
        }
        let mut fields = Fields::new();
        if !self.versioned {
            fields.insert("Name".into(), json!(name(look.name)));
        }
        fields.insert("Uri".into(), json!(uri(look.fixed)));
        fields.insert("Description".into(), json!(description(look.mutable)));
        fields.extend(run::members(id, look.doing));
        let newest = || {
            let id = RemoteId::new(self.id(id).root()).join(if versions { "v2" } else { "v1" });
            Box::new(Remote::labelled(id, Labels::new(), Fields::new(), None))
        };
        let latest = (!self.versioned).then(newest);
        Remote { mark, ..Remote::labelled(self.id(id), Labels::new(), fields, latest) }
    }

    /// How production's client tells that this call failed.
    #[must_use]
    pub fn failed(&self, call: &Call, class: ErrorClass) -> CallError {
        let codec = self.profile().codec;
        let operation = match *call {
            Call::Create(_) => codec.creates(),
            Call::Delete(id) => codec.delete(&self.id(id)).operation(),
            Call::Stop(_) => Operation::StopDatasetJob,
            Call::Update { .. } | Call::Mark(..) | Call::Release(_) | Call::Unrelease(_) => Operation::UpdateDataset,
        };
        CallError { class, operation, status: None, code: None, message: String::new(), request_id: None }
    }

    /// An intent as production reads it.
    #[must_use]
    pub fn intent(&self, intent: &Intent) -> intent::Intent {
        let attempts = intent.attempts.iter().filter(|attempt| attempt.nonce != 0);
        intent::Intent {
            uid: uid(intent.uid),
            target: self.target(intent.elsewhere),
            principal: principal(intent.principal),
            attempts: attempts
                .map(|attempt| intent::Attempt { nonce: nonce(attempt.nonce), hash: self.hash(attempt.hash) })
                .collect(),
            ..intent::Intent::default()
        }
    }

    /// The intent that production wants to store; `None` if the model does not know it.
    #[must_use]
    pub fn of_intent(&self, intent: &intent::Intent) -> Option<Intent> {
        let mut attempts = [Attempt::default(); ATTEMPTS];
        for (at, attempt) in intent.attempts.iter().enumerate() {
            *attempts.get_mut(at)? = Attempt { nonce: of_nonce(&attempt.nonce)?, hash: self.of_hash(&attempt.hash)? };
        }
        let elsewhere = intent.target != self.target(false);
        Some(Intent { uid: of_uid(&intent.uid)?, principal: of_principal(&intent.principal)?, elsewhere, attempts })
    }

    /// Where remotes are.
    #[must_use]
    pub fn target(&self, elsewhere: bool) -> intent::Target {
        intent::Target {
            account: if elsewhere { "unknown" } else { ACCOUNT }.into(),
            workspace: WORKSPACE.into(),
            dataset_id: self.versioned.then(|| DATASET.to_owned()),
            ..intent::Target::default()
        }
    }

    fn hash(&self, code: u8) -> String {
        self.hashes.iter().find(|(known, _)| *known == code).map(|(_, hash)| hash.clone()).unwrap_or_default()
    }

    fn of_hash(&self, text: &str) -> Option<u8> {
        self.hashes.iter().find(|(_, hash)| hash == text).map(|(code, _)| *code)
    }
}

const fn hash_code(fixed: u8, name: u8) -> u8 {
    fixed * 4 + name
}

fn identity_of(code: u8) -> Fields {
    let mut fields = Fields::new();
    fields.insert("Uri".into(), json!(uri(code / 4)));
    if !code.is_multiple_of(4) {
        fields.insert("Name".into(), json!(name(code % 4)));
    }
    fields
}

/// The mark that an object writes.
#[must_use]
pub const fn own_mark(slot: u8, uid: Uid, nonce: Nonce) -> Mark {
    Mark { domain: Domain::Ours, owner: slot, uid, nonce, forged: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::ADOPTED;

    #[test]
    fn what_is_translated_comes_back_the_same() {
        for (versioned, runs) in [(false, false), (true, false), (true, true)] {
            let words = Words::new(versioned, runs);
            for id in 1..=4 {
                assert_eq!(words.of_id(&words.id(id)), Some(id));
            }
            let mark = Mark { domain: Domain::Ours, owner: 1, uid: 4, nonce: 3 | ADOPTED, forged: false };
            assert_eq!(words.mark(&words.raw(&mark, 0), 0), Some(mark));
            let forged = Mark { forged: true, ..mark };
            assert_eq!(words.mark(&words.raw(&forged, 0), 0), None);
            let mut attempts = [Attempt::default(); ATTEMPTS];
            attempts[0] = Attempt { nonce: 5, hash: 6 };
            let intent = Intent { uid: 2, principal: 1, elsewhere: false, attempts };
            assert_eq!(words.of_intent(&words.intent(&intent)), Some(intent));
        }
    }
}
