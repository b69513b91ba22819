//! Golden files: a line for each case with its number, a word, and a hash of the whole text.

use std::fs;
use std::path::{Path, PathBuf};

use crate::remote::fields::digest_hex;

/// The outcome of a case: a word, and the whole text.
pub(super) struct Outcome {
    pub(super) word: String,
    pub(super) text: String,
}

/// At most this many mismatches are shown in full.
const SHOWN: usize = 3;

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden").join(file)
}

fn regenerates() -> bool {
    std::env::var_os("REGENERATE").is_some()
}

/// Compares a file with this text; with `REGENERATE=1` it writes instead.
pub(super) fn compare_text(file: &str, text: &str) {
    let path = path(file);
    if regenerates() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        return;
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    let differs = text.lines().zip(golden.lines()).find(|(now, then)| now != then);
    let (now, then) = differs.unwrap_or(("", ""));
    assert!(golden == text, "{file}: it was\n  {then}\nand is\n  {now}\n{}", how(file));
}

/// Compares a file with these outcomes, one a line; `describe` shows a case in full.
pub(super) fn compare(file: &str, outcomes: &[Outcome], describe: impl Fn(u32) -> String) {
    let lines: Vec<String> = outcomes
        .iter()
        .enumerate()
        .map(|(case, outcome)| format!("{case} {} {}", outcome.word, digest_hex(outcome.text.as_bytes(), 16)))
        .collect();
    if regenerates() {
        compare_text(file, &(lines.join("\n") + "\n"));
        return;
    }
    let golden = fs::read_to_string(path(file)).unwrap_or_default();
    let then: Vec<&str> = golden.lines().collect();
    let changed: Vec<usize> = (0..lines.len()).filter(|at| then.get(*at) != Some(&lines[*at].as_str())).collect();
    for at in changed.iter().take(SHOWN) {
        let case = u32::try_from(*at).unwrap();
        let (was, now) = (then.get(*at).unwrap_or(&"nothing"), &outcomes[*at]);
        println!("case {at} was {was}\nand is {}\nfor {}\n", now.text, describe(case));
    }
    assert!(changed.is_empty(), "{file}: {} of {} cases came out otherwise; {}", changed.len(), lines.len(), how(file));
    assert_eq!(then.len(), lines.len(), "{file}: another number of cases; {}", how(file));
}

fn how(file: &str) -> String {
    format!(
        "if that is meant, REGENERATE=1 cargo test -p dataset-operator --lib golden writes tests/fixtures/golden/{file} anew"
    )
}
