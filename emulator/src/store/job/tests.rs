//! A job follows the clock, a stop, a deletion and the control API.

use super::*;

fn job() -> Job {
    Job { created_ms: 1000, pending_ms: 100, run_ms: 1000, files: 10, failing_files: 2, ..Job::default() }
}

fn shown(job: &Job, times: &[i64]) -> Vec<(String, i64, i64)> {
    let at = |now: &i64| job.at(*now);
    times.iter().map(at).map(|moment| (moment.status.to_string(), moment.completed, moment.failed)).collect()
}

fn states(expected: &[(&str, i64, i64)]) -> Vec<(String, i64, i64)> {
    expected.iter().map(|(status, completed, failed)| ((*status).to_owned(), *completed, *failed)).collect()
}

#[test]
fn it_goes_through_its_states_and_counts_on_the_way() {
    let times = [1000, 1050, 1100, 1600, 2099, 2100, 9000];
    let way = [("Pending", 0, 0), ("Starting", 0, 0), ("Running", 0, 0)];
    let with = |rest: &[(&str, i64, i64)]| states(&[way.as_slice(), rest].concat());
    let succeeded = [("Running", 5, 0), ("Running", 9, 0), ("Succeeded", 10, 0), ("Succeeded", 10, 0)];
    assert_eq!(shown(&job(), &times), with(&succeeded));
    let partial = Job { outcome: JobOutcome::PartialFailed, ..job() };
    let expected = [("Running", 4, 1), ("Running", 7, 1), ("PartialFailed", 8, 2), ("PartialFailed", 8, 2)];
    assert_eq!(shown(&partial, &times), with(&expected));
    let failed = Job { outcome: JobOutcome::Failed, ..job() };
    assert_eq!(shown(&failed, &[2100]), states(&[("Failed", 0, 10)]));
    assert_eq!((job().at(2099).finished_ms, job().at(5000).finished_ms), (None, Some(2100)));
    assert_eq!([1600, 2100].map(|now| job().has_effect_at(now)), [None, Some(true)]);
    assert_eq!(failed.has_effect_at(2100), Some(false));
    assert_eq!(job().logs(2100).last().unwrap(), "1970-01-01T00:00:02Z Succeeded: 10 files completed, 0 failed");
}

#[test]
fn a_stop_ends_it_unless_it_ended_before() {
    let stopped = |at| Job { stopped_ms: Some(at), ..job() };
    let states_at = |job: Job, now| (job.at(now).status.to_string(), job.at(now).completed, job.at(now).finished_ms);
    assert_eq!(states_at(stopped(1600), 1599), ("Running".to_owned(), 4, None));
    assert_eq!(states_at(stopped(1600), 1700), ("ManuallyStop".to_owned(), 5, Some(1600)));
    assert_eq!(states_at(stopped(1010), 1700), ("ManuallyStop".to_owned(), 0, Some(1010)));
    assert_eq!(states_at(stopped(2500), 2600), ("Succeeded".to_owned(), 10, Some(2100)));
    let all_the_same = Job { stop_outcome: StopOutcome::Succeeded, ..stopped(1600) };
    assert_eq!(states_at(all_the_same, 1600), ("Succeeded".to_owned(), 10, Some(1600)));
}

#[test]
fn deletion_and_the_control_api_have_the_last_word() {
    let deleted = Job { deleted_ms: Some(3000), gone_ms: 3100, ..job() };
    let expected = [("Succeeded", 10, 0), ("Deleting", 10, 0), ("Deleted", 10, 0)];
    assert_eq!(shown(&deleted, &[2999, 3000, 3100]), states(&expected));
    let said = Said {
        status: Some("Odd".into()),
        since_ms: Some(1200),
        completed_file_count: Some(3),
        logs: Some(vec!["x".into()]),
        ..Said::default()
    };
    let told = Job { said, ..job() };
    assert_eq!(told.logs(5000), ["x"]);
    let moment = told.at(5000);
    assert_eq!((moment.status.as_str(), moment.completed, moment.finished_ms), ("Odd", 3, None));
}
