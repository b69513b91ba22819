//! The pages for people: their links work, their commands name our kinds, the demo in README is the one that runs, and the
//! RAM policy grants the operations that the operator calls.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use dataset_operator::cloud::{Operation, Product};
use serde_json::Value;

use crate::check::problems;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The pages beside README.md and every page below docs, with its text.
fn pages() -> Vec<(PathBuf, String)> {
    let mut found =
        ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"].map(|name| root().join(name)).to_vec();
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// The lines of a page outside (or inside) its fenced blocks.
fn lines(page: &str, fenced: bool) -> Vec<&str> {
    let mut inside = false;
    page.lines()
        .filter(|line| {
            let fence = line.trim_start().starts_with("```");
            inside ^= fence;
            !fence && inside == fenced
        })
        .collect()
}

/// The anchors that GitHub gives the headings of a page.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for heading in lines(page, false).into_iter().filter(|line| line.starts_with('#')) {
        let text = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        let anchor: String = text.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect();
        let again = (1..).map(|number| format!("{anchor}-{number}"));
        let free = std::iter::once(anchor.clone()).chain(again).find(|name| !seen.contains(name));
        seen.extend(free);
    }
    seen
}

#[test]
fn every_relative_link_leads_to_a_file_and_its_anchor_to_a_heading() {
    let mut checked = 0;
    for (path, page) in pages() {
        let text = lines(&page, false).join("\n");
        let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link);
        for link in links.filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(target.exists(), "{}: no such file: {link}", path.display());
            if let Some(anchor) = anchor {
                let known = anchors(&fs::read_to_string(&target).unwrap());
                assert!(known.contains(anchor), "{}: no such heading: {link}", path.display());
            }
            checked += 1;
        }
    }
    assert!(checked > 50);
}

#[test]
fn every_page_is_in_the_index() {
    let index = fs::read_to_string(root().join("docs/README.md")).unwrap();
    for (path, _) in pages() {
        let Ok(below) = path.strip_prefix(root().join("docs")) else { continue };
        let name = below.to_str().unwrap();
        let of_its_own = !name.starts_with("decisions/") && !name.starts_with("results/") && name != "README.md";
        assert!(!of_its_own || index.contains(&format!("]({name})")), "docs/README.md does not list {name}");
    }
}

/// `kubectl get datasets` may be Fluid's, so commands say `paids`, `paidsv` or the full name. Troubleshooting shows the
/// wrong one on purpose, in its section about that.
#[test]
fn no_command_leaves_open_whose_datasets_it_means() {
    let (mut texts, mut commands) = (pages(), 0);
    for file in fs::read_dir(root().join("deploy/samples")).unwrap() {
        let path = file.unwrap().path();
        texts.push((path.clone(), fs::read_to_string(path).unwrap()));
    }
    texts.push((PathBuf::from("up.rs"), include_str!("../testbed/src/bin/testbed/up.rs").to_owned()));
    for (path, text) in texts {
        let sections = text.split("\n## ").filter(|section| !section.starts_with("The wrong kind of Dataset"));
        for line in sections.flat_map(str::lines).filter(|line| line.to_lowercase().contains("kubectl")) {
            commands += 1;
            let command = &line[line.to_lowercase().find("kubectl").unwrap()..];
            let words = command.split(|c: char| c.is_whitespace() || "`,\"'".contains(c));
            let after_a_verb = words.clone().zip(words.skip(1)).any(|(verb, name)| {
                let acts = ["get", "describe", "delete", "patch", "annotate", "wait", "edit", "label"].contains(&verb);
                acts && is_bare(name)
            });
            let named =
                command.split_whitespace().any(|word| word.starts_with("dataset/") || word.contains(",datasetv"));
            assert!(!after_a_verb && !named, "{}: whose datasets? {line}", path.display());
        }
    }
    assert!(commands > 20);
}

fn is_bare(name: &str) -> bool {
    let kinds = ["dataset", "datasetversion", "datasetjob", "datasetjobconfig", "mediadataset"];
    kinds.contains(&name.strip_suffix('s').unwrap_or(name))
}

/// The demo's scenes run each kubectl command that README shows, and README shows each of theirs.
#[test]
fn readme_shows_the_commands_of_the_demo() {
    const SCENES: &str = include_str!("../testbed/src/bin/testbed/demo/scenes.rs");
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let block = readme.split("```console\n").nth(1).unwrap().split("\n```").next().unwrap();
    let shown: Vec<Vec<&str>> = block
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("$ kubectl "))
        .map(|command| command.split('\'').next().unwrap().split_whitespace().collect())
        .collect();
    let run: Vec<Vec<&str>> = SCENES
        .split("self.kubectl(&[")
        .skip(1)
        .map(|rest| rest.split(']').next().unwrap().split(", ").map(|word| word.trim_matches('"')).collect())
        .collect();
    assert_eq!(shown.len(), run.len());
    for (shown, run) in shown.iter().zip(&run) {
        for (shown, run) in shown.iter().zip(run) {
            let same = match *run {
                "&self.samples" => *shown == "deploy/samples",
                "STAR" => SCENES.contains(&format!("const STAR: &str = {shown:?};")),
                word => word == *shown,
            };
            assert!(same, "README has {shown}, the demo {run}");
        }
    }
}

/// The manifests that pages show would be admitted.
#[test]
fn every_manifest_of_a_page_is_valid() {
    let mut checked = 0;
    for (path, page) in pages() {
        for block in page.split("```yaml\n").skip(1) {
            let block = block.split("```").next().unwrap();
            let indent = block.len() - block.trim_start_matches(' ').len();
            let lines: Vec<&str> = block.lines().map(|line| line.get(indent..).unwrap_or_default()).collect();
            let objects: Vec<Value> = serde_saphyr::from_multiple(&lines.join("\n")).unwrap();
            for object in objects.iter().filter(|object| object["apiVersion"] == "pai.dataset-operator.dev/v1alpha1") {
                let found = problems(object["kind"].as_str().unwrap(), object, None);
                assert!(found.is_empty(), "{}: {found:?}", path.display());
                checked += 1;
            }
        }
    }
    assert!(checked >= 6);
}

const POLICY: &str = include_str!("../../docs/ram-policy.md");

/// The actions in the n-th JSON block of the page.
fn granted(block: usize) -> BTreeSet<String> {
    let json = POLICY.split("```json\n").nth(block).unwrap().split("```").next().unwrap();
    let policy: Value = serde_json::from_str(json).unwrap();
    assert_eq!(
        (&policy["Statement"][0]["Effect"], &policy["Statement"][0]["Resource"]),
        (&"Allow".into(), &"*".into())
    );
    serde_json::from_value(policy["Statement"][0]["Action"].clone()).unwrap()
}

#[test]
fn the_ram_policy_grants_every_operation_and_nothing_else() {
    // Those of IMM are called by their actions.
    let action = |operation: Operation| match operation.product() {
        Product::AiWorkSpace => format!("paidataset:{operation}"),
        Product::Imm | Product::Sts => operation.to_string(),
    };
    let actions = |operations: &[Operation]| operations.iter().copied().map(action).collect::<BTreeSet<String>>();
    // The token service asks for no permission.
    let [datasets, media] = [Product::AiWorkSpace, Product::Imm].map(|it| Operation::of(it).collect::<Vec<_>>());
    let reads: Vec<Operation> = datasets.iter().copied().filter(|operation| operation.reads()).collect();
    assert_eq!(granted(1), actions(&datasets));
    assert_eq!(granted(2), actions(&reads));
    assert_eq!(granted(3), actions(&media));
    for operation in datasets.into_iter().chain(media) {
        let level = if operation.reads() { "read" } else { "write" };
        let row = format!("| `{operation}` | `{}` | {level} |", action(operation));
        assert!(POLICY.contains(&row), "docs/ram-policy.md needs a row {row}");
    }
}
