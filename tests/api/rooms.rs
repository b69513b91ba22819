//! The rooms of `src`: each imports only the rooms below it, and the rooms that decide neither wait nor call.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room with the rooms and crates it may name besides itself, from the ground up. Modules that are not listed
/// here hold one thing each, and all rooms may name them.
const ROOMS: &[(&str, &[&str])] = &[
    ("api", &[]),
    ("remote", &["api"]),
    ("cloud", &["remote"]),
    ("plan", &["api", "remote", "cloud"]),
    ("batch", &["remote", "cloud"]),
    ("inventory", &["api", "remote", "plan", "cloud"]),
    ("accounts", &["api", "remote", "plan", "cloud", "inventory"]),
    ("reconcile", &["api", "remote", "plan", "cloud", "batch", "inventory", "accounts"]),
    ("kinds", &["api", "remote", "plan", "cloud", "batch", "inventory", "accounts", "reconcile"]),
    ("operator", &["api", "remote", "plan", "cloud", "batch", "inventory", "accounts", "reconcile", "kinds"]),
];

/// These rooms do not wait, call, or ask for the time.
const PURE: &[&str] = &["remote", "plan"];
const WAITS_OR_CALLS: &[&str] = &[
    "kube::",
    "reqwest",
    "tokio",
    "futures",
    "axum",
    "async fn",
    "async move",
    ".await",
    "SystemTime",
    "Instant::now",
    "crate::environment",
];

fn sources(room: &str) -> Vec<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![source.join(format!("{room}.rs"))];
    let mut folders = vec![source.join(room)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    let is_test = |path: &Path| path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("tests"));
    files.retain(|path| path.is_file() && !is_test(path) && !path.iter().any(|part| part == "tests"));
    files
}

/// The lines that are built into the program.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().take_while(|line| *line != "#[cfg(test)]" || !text.contains("mod tests {"));
    lines.filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_room_names_only_rooms_below_it() {
    let mut wrong = Vec::new();
    for (room, allowed) in ROOMS {
        let files = sources(room);
        assert!(!files.is_empty(), "src/{room} is not there");
        for file in files {
            let code = code(&file);
            let named: BTreeSet<&str> = code
                .split("crate::")
                .skip(1)
                .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default())
                .collect();
            let above = ROOMS.iter().map(|(name, _)| *name).filter(|name| name != room && !allowed.contains(name));
            for other in above.filter(|other| named.contains(other)) {
                wrong.push(format!("{} names crate::{other}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_decides_neither_waits_nor_calls() {
    let mut wrong = Vec::new();
    for file in PURE.iter().flat_map(|room| sources(room)) {
        let code = code(&file);
        wrong.extend(
            WAITS_OR_CALLS
                .iter()
                .filter(|word| code.contains(**word))
                .map(|word| format!("{}: {word}", file.display())),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_client_of_the_service_knows_no_kubernetes() {
    for file in sources("cloud") {
        let code = code(&file);
        for word in ["kube::", "k8s_openapi"] {
            assert!(!code.contains(word), "{}: {word}", file.display());
        }
    }
}
