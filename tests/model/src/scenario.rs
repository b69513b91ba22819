//! What a scenario is: which objects there are, what may go wrong how often, and what people do. Each is a line of
//! [`crate::scenarios`].

use crate::faults::{FAULTS, Fault};
use crate::properties::Breach;
use crate::question::Wish;
use crate::world::{Doing, Kin, Life, Look, Mark, REMOTES, Remote, Spec};

/// The settle time in ticks that is long enough: a request arrives within one tick after the claim's, and lists show
/// it before the next.
pub const SETTLE: u8 = 2;

/// One closed world.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// The remotes are in one dataset: DatasetVersions, or with `runs` DatasetJobs. Otherwise they are Datasets.
    pub versioned: bool,
    /// DatasetJobs.
    pub runs: bool,
    /// Operator processes, without a fence between them.
    pub processes: u8,
    /// What never changes, by slot.
    pub wishes: Vec<Wish>,
    /// Specs at the beginning, by slot.
    pub specs: Vec<Spec>,
    /// Remotes at the beginning.
    pub remotes: [Option<Remote>; REMOTES],
    /// How often each fault may occur.
    pub budget: [u8; FAULTS],
    /// The settle time in ticks.
    pub settle: u8,
    /// The settle time is too short on purpose; the scenario shows the consequences.
    pub short_settle_is_shown: bool,
    /// The service refuses a second dataset of a name.
    pub unique_names: bool,
    /// Relatives of slot 0 at the beginning.
    pub kin: Kin,
    /// Somebody else's version exists.
    pub stranger_version: bool,
    /// A Dataset here owns the dataset of the versions: its deletion is known at once.
    pub dataset_is_ours: bool,
    /// A copied intent names an account that is not configured.
    pub copied_elsewhere: bool,
    /// A refused create is tried again for ever, an hour later each time: this circle is intended.
    pub retries: bool,
    /// Promises that are known to be broken in it, and how. Everything else that is wrong counts.
    pub known: Vec<(Breach, &'static str)>,
    /// States that differ only in which replica is which count as different.
    pub replicas_differ: bool,
    /// It begins when everything is settled.
    pub settled: bool,
    /// Some object becomes Ready.
    pub becomes_ready: bool,
}

impl Scenario {
    /// One new Dataset, one process, nothing goes wrong.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            versioned: false,
            runs: false,
            processes: 1,
            wishes: vec![Wish::default()],
            specs: vec![Spec::default()],
            remotes: [None; REMOTES],
            budget: [0; FAULTS],
            settle: SETTLE,
            short_settle_is_shown: false,
            unique_names: false,
            kin: Kin::Quiet,
            stranger_version: false,
            dataset_is_ours: true,
            copied_elsewhere: false,
            retries: false,
            known: Vec::new(),
            replicas_differ: false,
            settled: false,
            becomes_ready: true,
        }
    }

    /// With these faults, each so often.
    #[must_use]
    pub fn with(mut self, faults: &[(Fault, u8)]) -> Self {
        for (fault, times) in faults {
            self.budget[fault.at()] = *times;
        }
        self
    }

    /// This promise is known to be broken.
    #[must_use]
    pub fn known(mut self, breach: Breach, how: &'static str) -> Self {
        self.known.push((breach, how));
        self
    }

    /// Is this promise known to be broken?
    #[must_use]
    pub fn is_known(&self, breach: Breach) -> bool {
        self.how_known(breach).is_some()
    }

    /// How this promise is known to be broken.
    #[must_use]
    pub fn how_known(&self, breach: Breach) -> Option<&'static str> {
        self.known.iter().find(|(known, _)| *known == breach).map(|(_, how)| *how)
    }

    pub(crate) fn settled(mut self) -> Self {
        self.settled = true;
        self
    }

    pub(crate) fn processes(mut self, count: u8) -> Self {
        self.processes = count;
        self
    }

    pub(crate) fn wish(mut self, wish: Wish) -> Self {
        self.wishes = vec![wish];
        self
    }

    pub(crate) fn spec(mut self, spec: Spec) -> Self {
        self.specs = vec![spec];
        self
    }

    pub(crate) fn version(mut self) -> Self {
        self.versioned = true;
        self
    }

    pub(crate) fn run(mut self) -> Self {
        (self.versioned, self.runs) = (true, true);
        self
    }

    pub(crate) fn kin(mut self, kin: Kin) -> Self {
        self.kin = kin;
        self
    }

    pub(crate) fn remote(mut self, mark: Option<Mark>, released: bool) -> Self {
        if let Some(place) = self.remotes.iter_mut().find(|place| place.is_none()) {
            let look = Look { mark, released, fixed: 0, mutable: 0, name: 1, doing: Doing::Nothing };
            *place = Some(Remote { look, life: Life::Listed, maker: 0, principal: 1 });
        }
        self
    }

    /// The remotes of the beginning have another immutable member than any object wants.
    pub(crate) fn made_otherwise(mut self) -> Self {
        self.remotes.iter_mut().flatten().for_each(|remote| remote.look.fixed = 1);
        self
    }

    pub(crate) fn two_slots(mut self) -> Self {
        self.wishes.push(self.wishes[0]);
        self.specs.push(self.specs[0]);
        self
    }

    /// Stands for the hash in a copied intent: what the object sent.
    #[must_use]
    pub fn copied_hash(&self) -> u8 {
        u8::from(!self.versioned)
    }
}

impl Scenario {
    pub(crate) fn unready(mut self) -> Self {
        self.becomes_ready = false;
        self
    }
}
