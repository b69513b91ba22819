//! The samples of `deploy/samples`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use dataset_operator::api::{
    Dataset, DatasetFileSet, DatasetJob, DatasetJobConfig, DatasetVersion, MediaDataset, ProviderConfig,
};
use kube::ResourceExt;
use serde_json::Value;

use crate::check::problems;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/samples")
}

/// Name of each sample file and the objects in it.
pub(crate) fn samples() -> Vec<(String, Vec<Value>)> {
    fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with("kustomization.yaml"))
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, serde_saphyr::from_multiple(&text).unwrap())
        })
        .collect()
}

/// The name of the object in a value, after a check that its typed form has the same members.
fn parse(sample: &Value) -> (String, String) {
    let kind = sample["kind"].as_str().unwrap().to_owned();
    let (name, again) = match kind.as_str() {
        "Dataset" => {
            let typed: Dataset = serde_json::from_value(sample.clone()).unwrap();
            (typed.name_any(), serde_json::to_value(typed).unwrap())
        }
        "DatasetVersion" => {
            let typed: DatasetVersion = serde_json::from_value(sample.clone()).unwrap();
            (typed.name_any(), serde_json::to_value(typed).unwrap())
        }
        "DatasetJob" => {
            let typed: DatasetJob = serde_json::from_value(sample.clone()).unwrap();
            (typed.name_any(), serde_json::to_value(typed).unwrap())
        }
        "DatasetFileSet" => {
            let typed: DatasetFileSet = serde_json::from_value(sample.clone()).unwrap();
            (typed.name_any(), serde_json::to_value(typed).unwrap())
        }
        "DatasetJobConfig" => {
            let typed: DatasetJobConfig = serde_json::from_value(sample.clone()).unwrap();
            (typed.name_any(), serde_json::to_value(typed).unwrap())
        }
        "MediaDataset" => {
            let typed: MediaDataset = serde_json::from_value(sample.clone()).unwrap();
            (typed.name_any(), serde_json::to_value(typed).unwrap())
        }
        "ProviderConfig" => {
            let typed: ProviderConfig = serde_json::from_value(sample.clone()).unwrap();
            (typed.name_any(), serde_json::to_value(typed).unwrap())
        }
        other => panic!("a sample of kind {other}"),
    };
    assert_eq!(&again, sample, "the type drops or adds something");
    (kind, name)
}

#[test]
fn every_sample_would_be_admitted() {
    let mut seen = BTreeSet::new();
    for (file, objects) in samples() {
        for object in objects {
            let (kind, name) = parse(&object);
            let found = problems(&kind, &object, None);
            assert!(found.is_empty(), "{file}: {found:?}");
            assert!(seen.insert((kind, name)), "{file}: the name is used twice");
        }
    }
    assert!(seen.len() >= 9);
}

#[test]
fn every_reference_leads_to_a_sample() {
    let objects: Vec<Value> = samples().into_iter().flat_map(|(_, objects)| objects).collect();
    let datasets: BTreeSet<&str> = objects
        .iter()
        .filter(|object| object["kind"] == "Dataset")
        .filter_map(|object| object["metadata"]["name"].as_str())
        .collect();
    let inside = ["DatasetVersion", "DatasetJob", "DatasetJobConfig", "DatasetFileSet"];
    for object in objects.iter().filter(|object| inside.iter().any(|kind| object["kind"] == *kind)) {
        let parent = object["spec"]["datasetRef"]["name"].as_str().unwrap();
        assert!(datasets.contains(parent), "{parent} is in no sample");
    }
}

#[test]
fn the_kustomization_lists_all_but_those_that_need_ids() {
    let text = fs::read_to_string(folder().join("kustomization.yaml")).unwrap();
    let listed: Value = serde_saphyr::from_str(&text).unwrap();
    let mut listed: BTreeSet<String> = serde_json::from_value(listed["resources"].clone()).unwrap();
    assert!(listed.insert("adopted.yaml".into()), "its dataset does not exist");
    assert!(listed.insert("shared.yaml".into()), "its workspaces do not exist");
    let files: BTreeSet<String> = samples().into_iter().map(|(file, _)| file).collect();
    assert_eq!(listed, files);
}
