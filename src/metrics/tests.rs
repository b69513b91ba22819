//! The metrics: their names and labels are those of the page that documents them, and each moves when it should.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Request, Response};
use tower::{Layer as _, ServiceExt as _};

use super::*;
use crate::cloud::{Lane, Limiter, Limits, Observer as _, Operation, Quota, Statement};

/// Name, type and label names of all metrics that a busy operator serves.
fn served(text: &str) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let mut types = BTreeMap::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        let name = if kind == "counter" { format!("{name}_total") } else { name.to_owned() };
        types.insert(name, (kind.to_owned(), BTreeSet::new()));
    }
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, labels) = line.split_once([' ', '{']).unwrap();
        let labels = if line.contains('{') { labels.split_once('}').unwrap().0 } else { "" };
        let (_, (_, known)) = types
            .iter_mut()
            .filter(|(name, _)| series.starts_with(name.as_str()))
            .max_by_key(|(name, _)| name.len())
            .unwrap_or_else(|| panic!("{line} has no type"));
        let names = labels.split(',').filter_map(|label| label.split_once('=')).map(|(name, _)| name.to_owned());
        known.extend(names.filter(|name| name != "le"));
    }
    types
}

/// The same from the page: rows of `| name | type | labels | meaning |`.
fn documented() -> BTreeMap<String, (String, BTreeSet<String>)> {
    let page = include_str!("../../docs/metrics.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 4, "{row}");
        assert!(!cells[3].is_empty(), "{row}");
        let labels = cells[2].split(", ").map(|label| label.trim_matches('`').to_owned());
        let labels = labels.filter(|label| label != "–").collect();
        (cells[0].trim_matches('`').to_owned(), (cells[1].to_owned(), labels))
    })
    .collect()
}

fn limiters() -> Arc<Limiters> {
    let limits = Limits::new(100.0).unwrap().with_operation(Operation::CreateDataset, 20.0).unwrap();
    let limiter = Limiter::of(&limits).with_daily_budget(1000, "2026-07-01T12:00:00Z".parse().unwrap());
    for uid in ["a", "b", "c", "d"] {
        limiter.reserve(uid, Lane::Create, Operation::CreateDatasetVersion);
    }
    let limiters = Limiters::default();
    let quota = Quota { account: "1".to_owned(), region: "r".to_owned() };
    limiters.share(quota, "default", Statement { of_administrator: true, limits }, Arc::new(limiter));
    Arc::new(limiters)
}

/// Metrics of an operator in which each event happened once.
async fn busy() -> Metrics {
    let metrics = Metrics::default();
    metrics.controller("Dataset", 32);
    metrics.leads("dataset-operator", true);
    metrics.woken("Dataset", Some("team-a"), "flowers");
    metrics.begin("Dataset", "team-a", "flowers").end(Outcome::Done);
    metrics.write_refused("Dataset", "claim", 403);
    metrics.call_finished(Operation::CreateDataset, "OK", Duration::from_millis(20));
    metrics.throttled(Operation::CreateDataset);
    metrics.limited_by(limiters());
    metrics.count_with(|| Counts {
        kinds: vec![(
            "Dataset",
            Count { exists: 3, ready: 2, stalled: 1, duplicates: 0, not_ready: BTreeMap::from([("NameTaken", 1)]) },
        )],
        workspaces: vec![("478".to_owned(), true), ("479".to_owned(), false)],
        remotes: 7,
        sweeps: 2,
        orphans: Some(1),
    });
    let answer = tower::service_fn(|_: Request<()>| std::future::ready(Response::builder().status(409).body(())));
    let counted = metrics.kube_layer("10.0.0.1:6443").layer(answer);
    let patch = Request::patch("/apis/x/namespaces/team-a/datasets/flowers").body(()).unwrap();
    counted.oneshot(patch).await.unwrap();
    metrics
}

#[tokio::test]
async fn the_page_documents_exactly_what_is_served() {
    let (served, documented) = (served(&busy().await.encode()), documented());
    for (name, facts) in &served {
        assert_eq!(documented.get(name), Some(facts), "docs/metrics.md and {name}");
    }
    let missing: Vec<_> = documented.keys().filter(|name| !served.contains_key(*name)).collect();
    assert!(missing.is_empty(), "documented but not served: {missing:?}");
}

#[tokio::test]
async fn no_series_names_an_object() {
    let text = busy().await.encode();
    for word in ["flowers", "team-a"] {
        assert!(!text.contains(word), "{word} in\n{text}");
    }
}

/// The value of one series, with name and labels as they are served. All values here are whole.
fn value(metrics: &Metrics, series: &str) -> u64 {
    let text = metrics.encode();
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    let number = line.unwrap_or_else(|| panic!("no {series} in\n{text}"));
    number.trim_end_matches(".0").parse().unwrap()
}

#[test]
fn all_results_are_there_from_the_start() {
    let metrics = Metrics::default();
    metrics.controller("Dataset", 32);
    for result in ["success", "error", "requeue", "requeue_after"] {
        let series = format!("controller_runtime_reconcile_total{{controller=\"Dataset\",result=\"{result}\"}}");
        assert_eq!(value(&metrics, &series), 0);
    }
    assert_eq!(value(&metrics, "controller_runtime_max_concurrent_reconciles{controller=\"Dataset\"}"), 32);
}

#[tokio::test(start_paused = true)]
async fn the_limiter_is_seen() {
    const OF: &str = "account=\"1\",region=\"r\"";
    let metrics = Metrics::default();
    assert!(!metrics.encode().contains("pai_api_rate_limiter_rate"));
    metrics.limited_by(limiters());
    let places = |lane: &str| value(&metrics, &format!("pai_api_rate_limiter_places{{{OF},lane=\"{lane}\"}}"));
    assert_eq!((places("user-change"), places("create"), places("sweep")), (0, 2, 0));
    assert_eq!(value(&metrics, &format!("pai_api_rate_limiter_rate{{{OF},scope=\"account\"}}")), 98);
    let operation = format!("pai_api_rate_limiter_rate{{{OF},scope=\"CreateDataset\"}} 19.6\n");
    assert!(metrics.encode().contains(&operation));
    assert_eq!(value(&metrics, &format!("pai_api_budget_calls{{{OF}}}")), 1000);
    assert_eq!(value(&metrics, &format!("pai_api_budget_spent_calls{{{OF}}}")), 2);
}

#[test]
fn each_reading_of_the_price_list_is_a_sum() {
    let metrics = Metrics::default();
    let calls = [
        (Operation::CreateDataset, "OK", 3),
        (Operation::CreateDataset, "Throttling.User", 2),
        (Operation::CreateDataset, "connect", 9),
        (Operation::GetDataset, "OK", 5),
        (Operation::GetDataset, "201300003", 7),
        (Operation::ListDatasets, "OK", 4),
        (Operation::ListDatasets, "timeout", 1),
        (Operation::UpdateDataset, "OK", 6),
    ];
    for (operation, code, times) in calls {
        (0..times).for_each(|_| metrics.call_finished(operation, code, Duration::ZERO));
    }
    let text = metrics.encode();
    let lines = text.lines().filter_map(|line| line.strip_prefix("pai_api_cost_units_total{"));
    let shares: Vec<_> = lines.filter_map(|line| line.split_once("} ")).collect();
    let sum = |words: &[&str]| -> i64 {
        let chosen = shares.iter().filter(|(labels, _)| words.iter().all(|word| labels.contains(word)));
        let thousandths = chosen.map(|(_, units)| units.parse::<f64>().unwrap() * 10_000.0).sum::<f64>();
        format!("{thousandths:.0}").parse().unwrap()
    };
    assert_eq!(sum(&["CreateDataset"]), 50, "failed calls are billed");
    assert_eq!(sum(&["CreateDataset", "outcome=\"ok\""]), 30, "failed calls are free");
    assert_eq!(sum(&["GetDataset"]), 5);
    assert_eq!(sum(&["ListDatasets"]), 40 + 40 + 10, "input and output");
    assert_eq!(sum(&["ListDatasets", "part=\"input\""]), 50, "one unit a call");
    assert_eq!(sum(&["UpdateDataset"]), 0);
    assert_eq!(sum(&["DeleteDataset"]), 0, "it is there from the start");
    assert!(text.contains("pai_api_cost_units_total{action=\"DeleteDataset\""));
}

#[tokio::test(start_paused = true)]
async fn each_ending_counts_where_dashboards_look_for_it() {
    let metrics = Metrics::default();
    metrics.controller("Dataset", 32);
    let endings =
        [Outcome::Done, Outcome::Requeued, Outcome::Requeued, Outcome::Failed, Outcome::TimedOut, Outcome::Panicked];
    for outcome in endings {
        metrics.begin("Dataset", "ns", "name").end(outcome);
    }
    metrics.stalled("Dataset");
    let of = |name: &str| value(&metrics, &format!("controller_runtime_{name}{{controller=\"Dataset\"}}"));
    let result = |result: &str| {
        value(&metrics, &format!("controller_runtime_reconcile_total{{controller=\"Dataset\",result=\"{result}\"}}"))
    };
    assert_eq!((result("success"), result("requeue_after"), result("error")), (1, 2, 3));
    assert_eq!((of("reconcile_errors_total"), of("terminal_reconcile_errors_total")), (3, 1));
    assert_eq!((of("reconcile_panics_total"), of("reconcile_timeouts_total")), (1, 1));
    assert_eq!(of("reconcile_time_seconds_count"), 6);
    let retries = "workqueue_retries_total{name=\"Dataset\",controller=\"Dataset\"}";
    assert_eq!(value(&metrics, retries), 5);
}

#[tokio::test(start_paused = true)]
async fn the_queue_knows_who_waits_how_long_and_what_runs() {
    let metrics = Metrics::default();
    metrics.controller("Dataset", 32);
    let queue = |name: &str| value(&metrics, &format!("{name}{{name=\"Dataset\",controller=\"Dataset\"}}"));
    for name in ["a", "b", "b", "gone"] {
        metrics.woken("Dataset", Some("ns"), name);
    }
    metrics.vanished("Dataset", Some("ns"), "gone");
    assert_eq!((queue("workqueue_adds_total"), queue("workqueue_depth")), (3, 2));
    tokio::time::advance(Duration::from_secs(3)).await;
    let first = metrics.begin("Dataset", "ns", "a");
    tokio::time::advance(Duration::from_secs(2)).await;
    let second = metrics.begin("Dataset", "ns", "b");
    assert_eq!(queue("workqueue_queue_duration_seconds_sum"), 8);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(value(&metrics, "controller_runtime_active_workers{controller=\"Dataset\"}"), 2);
    assert_eq!(queue("workqueue_unfinished_work_seconds"), 4);
    assert_eq!(queue("workqueue_longest_running_processor_seconds"), 3);
    first.end(Outcome::Done);
    drop(second);
    assert_eq!(value(&metrics, "controller_runtime_active_workers{controller=\"Dataset\"}"), 0);
    assert_eq!(queue("workqueue_work_duration_seconds_sum"), 3);
    // An object that comes back by a timer was not woken.
    metrics.begin("Dataset", "ns", "a").end(Outcome::Done);
    assert_eq!((queue("workqueue_adds_total"), queue("workqueue_depth")), (4, 0));
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_permit_is_in_the_depth_of_the_queue_once() {
    let metrics = Metrics::default();
    metrics.controller("Dataset", 32);
    let depth = || value(&metrics, "workqueue_depth{name=\"Dataset\",controller=\"Dataset\"}");
    for name in ["a", "b", "gone"] {
        let pass = metrics.begin("Dataset", "ns", name);
        metrics.in_line("Dataset", "ns", name);
        pass.end(Outcome::Requeued);
    }
    assert_eq!(depth(), 3);
    metrics.woken("Dataset", Some("ns"), "a");
    metrics.vanished("Dataset", Some("ns"), "gone");
    assert_eq!(depth(), 2, "a waits for two reasons and is one");
    metrics.begin("Dataset", "ns", "a").end(Outcome::Done);
    metrics.begin("Dataset", "ns", "b").end(Outcome::Done);
    assert_eq!(depth(), 0);
}

#[tokio::test]
async fn what_is_not_ready_is_told_by_reason_and_each_workspace_by_whether_it_is_listed() {
    let metrics = busy().await;
    assert_eq!(value(&metrics, "pai_resources_not_ready{kind=\"Dataset\",reason=\"NameTaken\"}"), 1);
    assert_eq!(value(&metrics, "pai_workspace_listed{workspace=\"478\"}"), 1);
    assert_eq!(value(&metrics, "pai_workspace_listed{workspace=\"479\"}"), 0);
    assert_eq!(value(&metrics, &format!("build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))), 1);
}

#[test]
fn readiness_counts_only_what_this_process_saw_from_the_start() {
    let metrics = Metrics::default();
    let now = Timestamp::now();
    metrics.first_ready("Dataset", now, now + jiff::SignedDuration::from_secs(4));
    metrics.first_ready("Dataset", now - jiff::SignedDuration::from_secs(3600), now);
    metrics.let_go("Dataset", now + jiff::SignedDuration::from_secs(1), now);
    let first = "pai_dataset_managed_resource_first_time_to_readiness_seconds";
    assert_eq!(value(&metrics, &format!("{first}_count{{kind=\"Dataset\"}}")), 1);
    assert_eq!(value(&metrics, &format!("{first}_sum{{kind=\"Dataset\"}}")), 4);
    assert_eq!(value(&metrics, "pai_dataset_managed_resource_deletion_seconds_sum{kind=\"Dataset\"}"), 0);
}

#[test]
fn refused_writes_are_counted_by_a_few_codes() {
    let metrics = Metrics::default();
    for code in [403, 403, 418, 451, 503] {
        metrics.write_refused("Dataset", "status", code);
    }
    let count = |code: &str| {
        let labels = format!("kind=\"Dataset\",write=\"status\",code=\"{code}\"");
        value(&metrics, &format!("pai_kubernetes_refused_writes_total{{{labels}}}"))
    };
    assert_eq!((count("403"), count("4xx"), count("other")), (2, 2, 1));
}

#[tokio::test]
async fn requests_to_the_apiserver_are_counted_by_code() {
    let metrics = busy().await;
    let series = "rest_client_requests_total{code=\"409\",method=\"PATCH\",host=\"10.0.0.1:6443\"}";
    assert_eq!(value(&metrics, series), 1);
    let broken = tower::service_fn(|_: Request<()>| std::future::ready(Err::<Response<()>, _>("no route")));
    let get = Request::get("/healthz").body(()).unwrap();
    assert_eq!(metrics.kube_layer("10.0.0.1:6443").layer(broken).oneshot(get).await.unwrap_err(), "no route");
    let series = "rest_client_requests_total{code=\"<error>\",method=\"GET\",host=\"10.0.0.1:6443\"}";
    assert_eq!(value(&metrics, series), 1);
}
