//! Files that are generated from the types and checked in.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use dataset_operator::api::crds;

use crate::reference;

/// Path below the repository root, and content, of every generated file.
fn generated() -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> =
        crds::files().unwrap().into_iter().map(|(name, text)| (format!("crds/{name}"), text)).collect();
    files.push(("docs/reference/api.md".into(), reference::markdown().unwrap()));
    files
}

/// Compares; with `REGENERATE=1` (that is what `make generate` sets) it writes instead.
#[test]
fn checked_in_files_are_what_the_types_generate() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let regenerate = std::env::var_os("REGENERATE").is_some();
    let mut stale = Vec::new();
    for (path, text) in generated() {
        let file = root.join(&path);
        if fs::read_to_string(&file).ok().as_deref() == Some(text.as_str()) {
            continue;
        }
        if regenerate {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
        } else {
            stale.push(path);
        }
    }
    assert!(stale.is_empty(), "stale: {stale:?}; run `make generate`");
}

/// A kind that is renamed must not leave its old definition behind.
#[test]
fn crds_holds_every_definition_and_nothing_else() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("crds");
    let kustomization = fs::read_to_string(root.join("kustomization.yaml")).unwrap();
    let listed: serde_json::Value = serde_saphyr::from_str(&kustomization).unwrap();
    let wanted: BTreeSet<String> = crds::files().unwrap().into_iter().map(|(name, _)| name).collect();
    let present: BTreeSet<String> = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "kustomization.yaml")
        .collect();
    let resources: BTreeSet<String> = serde_json::from_value(listed["resources"].clone()).unwrap();
    assert_eq!(present, wanted);
    assert_eq!(resources, wanted);
}

/// `dataset-operator crds` prints the same definitions that `kubectl apply -f crds/` reads.
#[test]
fn the_printed_stream_holds_both_definitions() {
    let documents: Vec<serde_json::Value> = serde_saphyr::from_multiple(&crds::yaml().unwrap()).unwrap();
    assert_eq!(documents, crds::definitions().unwrap());
}
