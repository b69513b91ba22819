//! Files that are generated from the types and checked in.

use std::fs;
use std::path::Path;

use dataset_operator::api::crds;

/// Path below the repository root, and content, of every generated file.
fn generated() -> Vec<(String, String)> {
    crds::files()
        .unwrap()
        .into_iter()
        .map(|(name, text)| (format!("crds/{name}"), text))
        .collect()
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
