//! Faults of a create, a sample of pairs of faults of all jobs, and a check that a scenario has the same history each time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use simulation::explore::{self, Tally};
use simulation::{Class, Entry, Job, Kind, Place, Scenario, Side, run};

/// Time for the sample; `make simulate` runs everything.
const TIME: Duration = Duration::from_secs(30);

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn clean(tally: &Tally) {
    let told = tally.misses.iter().take(20).map(|(scenario, miss)| format!("SIMULATION=\"{scenario}\"   {miss}"));
    let told: Vec<String> = told.collect();
    println!("runs: {}, slowest: {:?}", tally.runs, tally.slowest);
    assert!(tally.misses.is_empty(), "{} of {} runs:\n{}", tally.misses.len(), tally.runs, told.join("\n"));
}

/// Calls that change something by their names, and writes to Kubernetes.
fn cost(job: Job, seed: u64) -> (BTreeMap<String, usize>, usize) {
    let outcome = run(&Scenario::calm(seed, job));
    assert_eq!(outcome.miss, None, "{job}");
    let (mut calls, mut writes) = (BTreeMap::new(), 0);
    for entry in outcome.history.iter().filter(|entry| entry.place.is_some()) {
        match entry.class {
            Class::CloudWrite => {
                let name = entry.what.split(' ').next().unwrap_or_default();
                *calls.entry(name.to_owned()).or_default() += 1;
            }
            Class::KubeWrite => writes += 1,
            _ => {}
        }
    }
    (calls, writes)
}

#[test]
fn without_faults_each_job_costs_what_the_protocol_says() {
    let expected: [(Job, &[&str], usize); 13] = [
        (Job::Create, &["CreateDataset"], 2),
        (Job::Edit, &["CreateDatasetLabels", "DeleteDatasetLabels", "PublishDataset", "UpdateDataset"], 1),
        (Job::Delete, &["DeleteDataset"], 1),
        (Job::Retain, &["CreateDatasetLabels"], 1),
        // And that v1 is the newest one again, once a sweep shows it.
        (Job::VersionDelete, &["DeleteDatasetVersion"], 2),
        (Job::Recreate, &["CreateDataset", "DeleteDataset"], 3),
        (Job::ConfigCreate, &["CreateDatasetJobConfig"], 2),
        (Job::ConfigEdit, &["UpdateDatasetJobConfig"], 1),
        (Job::ConfigDelete, &["DeleteDatasetJobConfig"], 1),
        (Job::FilesCreate, &["CreateDatasetFileMetas"], 2),
        (Job::FilesEdit, &["CreateDatasetFileMetas", "DeleteDatasetFileMetas", "UpdateDatasetFileMetas"], 1),
        // And that lists do not show the deletion yet.
        (Job::FilesDelete, &["DeleteDatasetFileMetas"], 2),
        (Job::Share, &["UpdateDataset"], 1),
    ];
    for (job, calls, writes) in expected {
        for seed in [1, 2, 3] {
            let calls = calls.iter().map(|call| ((*call).to_owned(), 1)).collect();
            assert_eq!(cost(job, seed), (calls, writes), "{job}, seed {seed}");
        }
    }
}

#[test]
fn the_same_scenario_has_the_same_history() {
    for line in
        ["seed=3 job=create cloud:2=answer-lost", "seed=4 job=tree cloud:2=late", "seed=5 job=edit kube:1=silent"]
    {
        let scenario: Scenario = line.parse().unwrap();
        let (first, second) = (run(&scenario), run(&scenario));
        assert!(first.history.iter().any(|entry| entry.fault.is_some()), "{line}: nothing was struck");
        let differs = first.history.iter().zip(&second.history).find(|(first, second)| first != second);
        assert_eq!(differs, None, "{line}");
        assert_eq!(first.history.len(), second.history.len(), "{line}");
        let other = run(&Scenario { seed: scenario.seed + 3, ..scenario });
        assert_ne!(first.history, other.history, "{line}: the seed decides nothing");
    }
}

/// The delays between tries grow; the pass that reports a failure does not wait for them.
#[test]
fn a_failure_that_lasts_is_told_after_five_seconds() {
    for seed in [1, 2, 3] {
        let fails = |scenario: Scenario, number| scenario.with(Place { side: Side::Cloud, number }, Kind::Error);
        let outcome = run(&(1..=8).fold(Scenario::calm(seed, Job::Adopt), fails));
        assert_eq!(outcome.miss, None);
        let mut struck = outcome.history.iter().skip_while(|entry| entry.fault.is_none());
        let begun = struck.next().unwrap().at;
        let told = struck.find(|entry| entry.class == Class::KubeWrite && entry.what.ends_with("/status")).unwrap();
        let waited = told.at.saturating_sub(begun);
        assert!((Duration::from_secs(5)..Duration::from_secs(6)).contains(&waited), "{waited:?}: {told}");
    }
}

/// A refusal delays its object for an hour, but an edit by the user during the write of the refusal takes effect at once.
#[test]
fn an_edit_while_a_refusal_is_written_is_not_held_back_with_it() {
    let refused: Scenario = "seed=1 job=create cloud:2=conflict".parse().unwrap();
    let outcome = run(&refused);
    assert_eq!(outcome.miss, None);
    assert!(outcome.took > Duration::from_secs(3600), "{:?}", outcome.took);
    for moment in ["before Refuse", "after Refuse"] {
        let seam = outcome.history.iter().find(|entry| entry.what == moment).and_then(|entry| entry.place).unwrap();
        let outcome = run(&refused.with(seam, Kind::Edit));
        assert_eq!(outcome.miss, None, "{moment}");
        assert!(outcome.took < Duration::from_secs(60), "{moment}: {:?}", outcome.took);
    }
}

/// A set of files whose status was not written, or whose spec was edited in the meantime, is not taken for settled.
#[test]
fn what_a_set_of_files_does_not_say_yet_is_said_soon() {
    for job in [Job::FilesCreate, Job::FilesEdit] {
        let calm = Scenario::calm(3, job);
        let history = run(&calm).history;
        let is_status = |entry: &Entry| entry.class == Class::KubeWrite && entry.what.ends_with("set/status");
        let find = |is: &dyn Fn(&Entry) -> bool| {
            history.iter().find(|entry| entry.place.is_some() && is(entry)).and_then(|entry| entry.place).unwrap()
        };
        let (status, batch) = (find(&is_status), find(&|entry| entry.what == "after Batch"));
        for (place, kind) in [(status, Kind::Conflict), (status, Kind::Lost), (batch, Kind::Edit)] {
            let scenario = calm.with(place, kind);
            let outcome = run(&scenario);
            assert_eq!(outcome.miss, None, "{scenario}");
            assert!(outcome.took < Duration::from_secs(60), "{scenario}: {:?}", outcome.took);
        }
    }
}

/// The machine sleeps between claim and create: the create is too late and is not sent; another claim follows.
#[test]
fn a_create_after_a_sleep_is_not_sent() {
    let calm = Scenario::calm(3, Job::Create);
    let points = ["after Claim", "before Create"];
    let places: Vec<_> = run(&calm).history.into_iter().filter(|entry| points.contains(&entry.what.as_str())).collect();
    assert_eq!(places.len(), 2);
    for place in places.into_iter().filter_map(|entry| entry.place) {
        let outcome = run(&calm.with(place, Kind::Sleep));
        assert_eq!(outcome.miss, None, "{place}");
        let mut then = outcome.history.iter().skip_while(|entry| entry.fault.is_none());
        let change = then.find(|entry| entry.class.writes()).unwrap();
        assert_eq!(change.class, Class::KubeWrite, "{place}: {change}");
        assert!(then.any(|entry| entry.what.starts_with("CreateDataset ")), "{place}: it is made all the same");
    }
}

/// The operator recognises a claim or a create that was done but not answered: the claim by its nonce, the create by
/// its mark. It does neither again, and does not wait for a sweep.
#[test]
fn what_was_done_without_an_answer_is_recognised() {
    for seed in [3, 4] {
        recognised(&Scenario::calm(seed, Job::Create));
    }
}

fn recognised(calm: &Scenario) {
    let history = run(calm).history;
    let done = [Kind::AnswerLost, Kind::AnswerSilent, Kind::ErrorDone, Kind::GarbledDone, Kind::TwiceSecond];
    // The object also reports a create that no list shows yet.
    for (class, writes) in [(Class::KubeWrite, 2), (Class::CloudWrite, 3)] {
        let place = history.iter().find(|entry| entry.class == class).and_then(|entry| entry.place).unwrap();
        for kind in done {
            let outcome = run(&calm.with(place, kind));
            assert_eq!(outcome.miss, None, "{calm} {class:?} {kind}");
            assert!(outcome.took < Duration::from_secs(300), "{calm} {class:?} {kind}: {:?}", outcome.took);
            let number = |class| outcome.history.iter().filter(|entry| entry.class == class).count();
            let numbers = (number(Class::KubeWrite), number(Class::CloudWrite));
            assert!(numbers.0 <= writes && numbers.1 == 1, "{calm} {class:?} {kind}: {numbers:?}");
        }
    }
}

/// Worlds in which the service executes a copy of a request, and every job in worlds in which it refuses the copy: a tenth
/// of the single faults, or with `SINGLES=all` every one. With `JOBS=run,media` only jobs whose words begin so.
#[test]
fn single_faults_end_well() {
    let jobs = Job::asked_for().into_iter().map(|(job, _)| Scenario::calm(3, job));
    let worlds: Vec<_> = [Scenario::calm(1, Job::Create)].into_iter().chain(jobs).collect();
    clean(&explore::singles(&worlds, threads(), part()));
}

/// One of so many single faults is played.
fn part() -> usize {
    if std::env::var("SINGLES").is_ok_and(|singles| singles == "all") { 1 } else { 10 }
}

/// The codes of the service are not published: it may say "not found" with any code, at any of these statuses.
/// Deletions end with all of them.
#[test]
fn whatever_code_says_missing_deletions_end() {
    let jobs = [Job::Missing, Job::Delete, Job::Tree, Job::VersionDelete, Job::Recreate];
    let worlds: Vec<_> = (64..80).flat_map(|seed| jobs.map(|job| Scenario::calm(seed, job))).collect();
    let mut tally = Tally::default();
    for scenario in &worlds {
        tally.play(scenario);
    }
    clean(&tally);
    clean(&explore::singles(&[Scenario::calm(67, Job::Missing)], threads(), part()));
}

/// The API server refuses a write for five minutes. The operator reports this once, does nothing that depends on the
/// write, and does not repeat earlier work.
#[test]
fn a_refused_write_is_told_once_and_nothing_follows_from_it() {
    for job in [Job::Create, Job::Adopt, Job::Delete] {
        for seed in [1, 2, 3] {
            let calm = Scenario::calm(seed, job);
            let place =
                run(&calm).history.iter().filter(|entry| to_object(entry)).find_map(|entry| entry.place).unwrap();
            let outcome = run(&calm.with(place, Kind::Denied));
            assert_eq!(outcome.miss, None, "{calm}");
            let mut struck = outcome.history.iter().skip_while(|entry| entry.fault.is_none());
            let begun = struck.next().unwrap().at;
            let spell: Vec<_> = struck.take_while(|entry| entry.at < begun + Duration::from_secs(300)).collect();
            let told: Vec<_> = spell.iter().filter(|entry| entry.what.ends_with("/status")).collect();
            assert_eq!(told.len(), 1, "{calm}: {told:?}");
            let waited = told[0].at.saturating_sub(begun);
            // An object that is being deleted does not stay Ready meanwhile. The operator counts five seconds from the
            // moment it sends the write; requests are seen here after their way, which is not always equally long.
            let least = Duration::from_millis(if job == Job::Delete { 0 } else { 4_900 });
            assert!((least..Duration::from_secs(7)).contains(&waited), "{calm}: {waited:?}");
            assert!(spell.iter().all(|entry| entry.class != Class::CloudWrite), "{calm}: {spell:?}");
            let tries = spell.into_iter().filter(|entry| to_object(entry)).count();
            assert!((5..=12).contains(&tries), "{calm}: {tries} tries");
        }
    }
}

/// The operator also reports a write that gets no clear answer again and again, but not at once.
#[test]
fn a_write_that_fails_for_half_a_minute_is_told() {
    let mut scenario = Scenario::calm(1, Job::Create);
    for _ in 0..9 {
        let history = run(&scenario).history;
        let unhurt = |entry: &&Entry| to_object(entry) && entry.fault.is_none() && entry.place.is_some();
        let place = history.iter().find(unhurt).and_then(|entry| entry.place).unwrap();
        scenario = scenario.with(place, Kind::Error);
    }
    let outcome = run(&scenario);
    assert_eq!(outcome.miss, None);
    let struck: Vec<_> = outcome.history.iter().filter(|entry| entry.fault.is_some()).map(|entry| entry.at).collect();
    let (begun, ended) = (struck[0], struck[8]);
    let while_it_fails = outcome.history.iter().filter(|entry| (begun..ended).contains(&entry.at));
    let told: Vec<_> = while_it_fails.filter(|entry| entry.what.ends_with("/status")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].at.saturating_sub(begun) >= Duration::from_secs(30), "{told:?}");
}

fn to_object(entry: &Entry) -> bool {
    entry.class == Class::KubeWrite && !entry.what.ends_with("/status")
}

/// Another one each day.
#[test]
fn a_sample_of_pairs_ends_well() {
    let days = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 86_400;
    println!("the sample of day {days}");
    let all = [2, 3].map(|seed| Job::ALL.map(|(job, _)| Scenario::calm(seed, job))).concat();
    clean(&explore::some_pairs(&all, threads(), days, Instant::now() + TIME));
}

/// `SIMULATION="seed=1 job=create cloud:2=late" cargo test -p simulation repro -- --nocapture` tells what happens.
#[test]
fn repro() {
    let line = std::env::var("SIMULATION").unwrap_or_else(|_| "seed=1 job=create cloud:2=late".to_owned());
    if std::env::var_os("RUST_LOG").is_some() {
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
    }
    let scenario: Scenario = line.parse().unwrap();
    let outcome = run(&scenario);
    println!("{scenario}");
    for (at, entry) in outcome.history.iter().enumerate() {
        let done = if at == outcome.done { "--- done for the first time\n" } else { "" };
        println!("{done}{entry}");
    }
    assert_eq!(outcome.miss, None, "{scenario}");
}
