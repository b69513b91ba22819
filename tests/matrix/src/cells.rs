//! The rows and cells. A row is a call that a job of the simulation makes there when nothing fails, or to look for what a
//! create without an answer made; of equal calls the first.

use std::collections::BTreeSet;
use std::sync::Arc;

use simulation::{Class, Entry, Job, Kind, Scenario, run};
use testbed::proxy::{Match, Side};

use crate::bed::domain_mark;
use crate::calls::cost;
use crate::strike::act;

/// The world of all cells: names repeat, so that a duplicate can come about.
const SEED: u64 = 3;
/// What an operator lists and watches when it starts, and what is left out: it does the same for these kinds as for Datasets,
/// and one that is told its namespaces does not watch them.
const LEFT_OUT: [&str; 5] =
    ["/clusterproviderconfigs", "/datasetjobs", "/datasetjobconfigs", "/datasetfilesets", "/namespaces"];

/// A call, and the job that brings it about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What the call is, for people.
    pub name: String,
    /// What users do.
    pub job: Job,
    /// The class of the call.
    pub class: Class,
    /// The call in the words of the simulation.
    pub what: String,
    /// A create that loses its answer before, if the call looks for its result.
    pub doubt: Option<String>,
    /// Changes and looks that the job costs without the fault.
    pub cost: (usize, usize),
}

/// One row with one fault.
#[derive(Debug, Clone)]
pub struct Cell {
    /// The call.
    pub row: Arc<Row>,
    /// What goes wrong.
    pub kind: Kind,
}

impl Cell {
    /// `CreateDataset=cut-body`
    pub fn id(&self) -> String {
        format!("{}={}", self.row.name, self.kind)
    }
}

/// A create of a remote.
fn creates(entry: &Entry) -> bool {
    let action = entry.action().trim_start_matches("imm:");
    entry.class == Class::CloudWrite && action.starts_with("Create") && !action.ends_with("Labels")
}

/// The name of a call: the operation of the service and what a list selects; of the API server what it is to the operator.
fn name(entry: &Entry) -> String {
    let path = entry.path();
    match entry.class {
        Class::CloudRead | Class::CloudWrite => {
            let by = path.find('?').and_then(|at| path.get(at..)).unwrap_or_default();
            format!("{}{by}", entry.action())
        }
        Class::KubeWrite if path.ends_with("/status") => "status".to_owned(),
        Class::KubeWrite if entry.attempt.is_some() => "claim".to_owned(),
        Class::KubeWrite => "finalizer".to_owned(),
        Class::KubeEvent => "event".to_owned(),
        Class::KubeRead if path.contains("simulated/") => "object".to_owned(),
        Class::KubeRead if path.contains("customresourcedefinitions") => "definition".to_owned(),
        Class::KubeRead | Class::KubeWatch | Class::Seam => format!("start {}", suffix(path)),
    }
}

/// The path behind the namespace, or all of it.
fn suffix(path: &str) -> String {
    let rest = path.split_once("simulated/").map_or(path, |(_, rest)| rest);
    if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") }
}

/// All rows. Simulated time begins on a thread of its own.
pub fn rows() -> Vec<Arc<Row>> {
    std::thread::spawn(simulated_rows).join().unwrap_or_default()
}

fn simulated_rows() -> Vec<Arc<Row>> {
    let (mut rows, mut seen) = (Vec::new(), BTreeSet::new());
    for (job, _) in Job::ALL {
        let calm = Scenario::calm(SEED, job);
        let calls = calls(&calm);
        let new: Vec<_> =
            calls.iter().filter(|entry| creates(entry) && !seen.contains(&name(entry))).cloned().collect();
        add(&mut rows, &mut seen, job, &calls, None);
        for create in new {
            let Some(place) = create.place else { continue };
            let doubtful = self::calls(&calm.with(place, Kind::AnswerLost));
            add(&mut rows, &mut seen, job, &doubtful, Some(&create.what));
        }
    }
    rows
}

/// The calls of a scenario from when the job began until it was done.
fn calls(scenario: &Scenario) -> Vec<Entry> {
    let outcome = run(scenario);
    assert_eq!(outcome.miss, None, "{scenario}");
    let done = outcome.history.into_iter().take(outcome.done);
    done.filter(|entry| entry.place.is_some() && entry.class != Class::Seam).collect()
}

fn add(rows: &mut Vec<Arc<Row>>, seen: &mut BTreeSet<String>, job: Job, calls: &[Entry], doubt: Option<&String>) {
    for entry in calls {
        let (name, class, what) = (name(entry), entry.class, entry.what.clone());
        if !LEFT_OUT.iter().any(|path| name.ends_with(path)) && seen.insert(name.clone()) {
            rows.push(Arc::new(Row { name, job, class, what, doubt: doubt.cloned(), cost: cost(calls.iter()) }));
        }
    }
}

/// All cells.
pub fn all() -> Vec<Cell> {
    let of = |row: Arc<Row>| row.kinds().into_iter().map(move |kind| Cell { row: row.clone(), kind });
    rows().into_iter().flat_map(of).collect()
}

impl Row {
    /// A create of a remote, or a call that an operator makes when it starts: here every fault is played.
    fn is_vital(&self) -> bool {
        self.creates() || self.name.starts_with("start ")
    }

    fn creates(&self) -> bool {
        creates(&Entry::new(std::time::Duration::ZERO, 0, self.class, self.what.clone()))
    }

    /// The faults of this row.
    fn kinds(&self) -> Vec<Kind> {
        let mut kinds = Kind::of_connections(self.class, self.creates());
        if self.is_vital() {
            let simulated = Kind::of(self.class).iter().copied();
            kinds.extend(simulated.filter(|kind| kind.befalls(&self.what) && act(*kind, self.side()).is_some()));
        }
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    /// The server of the call.
    pub(crate) fn side(&self) -> Side {
        match self.class {
            Class::CloudRead | Class::CloudWrite if self.what.starts_with("imm:") => Side::Imm,
            Class::CloudRead | Class::CloudWrite => Side::Cloud,
            Class::KubeRead | Class::KubeWatch | Class::KubeWrite | Class::KubeEvent | Class::Seam => Side::Kubernetes,
        }
    }

    /// How a proxy recognises the call.
    pub(crate) fn matches(&self) -> Match {
        let (intent, path) = ("dataset-operator.dev/intent", self.what.split_once(' ').map_or("", |(_, path)| path));
        match (self.side(), self.class, self.name.as_str()) {
            (Side::Cloud | Side::Imm, ..) => of_service(&self.what),
            (_, Class::KubeEvent, _) => Match::path("POST", "/events"),
            (_, _, "claim") => Match::path("PATCH", suffix(path)).with(intent),
            (_, _, "finalizer") => Match::path("PATCH", suffix(path)).with("finalizers").without(intent),
            (_, Class::KubeWrite, _) => Match::path("PATCH", suffix(path)),
            _ => Match::path("GET", suffix(path)),
        }
    }
}

/// How a proxy recognises a call of the service.
pub(crate) fn of_service(what: &str) -> Match {
    let action = what.split(' ').next().unwrap_or_default().trim_start_matches("imm:");
    let of = Match { operation: action.to_owned().leak(), ..Match::default() };
    match what.split_once('?').map_or("", |(_, by)| by) {
        "sweep" => of.with(domain_mark()),
        "owner" => of.with("Label=").without(domain_mark()),
        "name" => of.with("Name="),
        "ids" => of.with("DatasetIds="),
        _ => of,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_create_and_each_start_meets_every_fault_and_every_other_call_those_of_connections() {
        let cells = all();
        let ids: BTreeSet<_> = cells.iter().map(Cell::id).collect();
        assert_eq!(ids.len(), cells.len(), "each has a name of its own");
        let kinds =
            |name: &str| cells.iter().filter(|cell| cell.row.name == name).map(|cell| cell.kind).collect::<Vec<_>>();
        let files = ["CreateDatasetFileMetas", "CreateDatasetJob", "CreateDatasetJobConfig", "imm:CreateDataset"];
        for create in ["CreateDataset", "CreateDatasetVersion"].into_iter().chain(files) {
            for kind in [Kind::CrashBefore, Kind::CrashAfter, Kind::Late, Kind::Twice, Kind::CutBody, Kind::NoId] {
                assert!(kinds(create).contains(&kind), "{create} {kind}");
            }
        }
        for start in ["start /datasets", "start /mediadatasets", "start /version"] {
            assert!(kinds(start).contains(&Kind::CrashAfter) && kinds(start).contains(&Kind::Nested), "{start}");
        }
        for other in ["claim", "status", "finalizer", "object", "event", "ListDatasets?sweep", "ListDatasets?owner"] {
            assert!(kinds(other).contains(&Kind::DripHead), "{other}");
            assert!(!kinds(other).contains(&Kind::CrashAfter), "{other}");
        }
    }
}
