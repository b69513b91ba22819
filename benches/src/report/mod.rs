//! The page: tables, targets and plots out of raw results. It only reads what was measured; nothing is made up here.

mod groups;
mod plots;
mod svg;
mod tables;
mod targets;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use testbed::{Context as _, Result};

use crate::machine::Machine;
use crate::record::{self, Line};
use groups::Groups;

/// The page's name in the directory of the raw results.
const PAGE: &str = "bench.md";
/// What a person has to say about the figures: taken into the page as it is, if it is there.
const NOTES: &str = "notes.md";

/// Makes the page and its plots in `dir` out of the raw results there.
pub(crate) fn write(dir: &Path) -> Result<()> {
    let lines = record::read(dir)?;
    let notes = fs::read_to_string(dir.join(NOTES)).unwrap_or_default();
    let groups = Groups::of(&lines);
    let mut files = vec![(PAGE.to_owned(), page(&lines, &groups, &notes))];
    files.extend(plots::all(&groups).into_iter().map(|plot| (plot.file.to_owned(), plot.svg)));
    for (name, text) in files {
        let path = dir.join(name);
        fs::write(&path, text).context(format!("writing {}", path.display()))?;
    }
    println!("{}", dir.join(PAGE).display());
    Ok(())
}

fn page(lines: &[Line], groups: &Groups, notes: &str) -> String {
    let mut page = "# Performance: what was measured\n\n".to_owned();
    let machines: Vec<&Machine> =
        lines.iter().filter_map(|line| if let Line::Machine(machine) = line { Some(machine) } else { None }).collect();
    page.push_str(&provenance(&machines));
    page.push_str(&targets::section(groups));
    if !notes.trim().is_empty() {
        let _ = write!(page, "{}\n\n", notes.trim_end());
    }
    page.push_str("## Plots\n\n");
    for plot in plots::all(groups) {
        let _ = write!(page, "![{}]({})\n\n{}\n\n", plot.title, plot.file, plot.caption);
    }
    page.push_str(&tables::all(groups));
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

/// Where the figures come from, and how to read them.
fn provenance(machines: &[&Machine]) -> String {
    let mut text = String::new();
    if machines.is_empty() {
        return text;
    }
    text.push_str(
        "This page is made by `bench report` from [bench.jsonl](bench.jsonl), one line for each run.\n\
         [benches/README.md](../../benches/README.md) says how the rig works and what each scenario does.\n\n\
         | | |\n| --- | --- |\n",
    );
    let mut last = None;
    for machine in machines {
        let where_it_is = (&machine.cpu, machine.cores, machine.memory_mb, &machine.kernel, &machine.versions);
        // What follows it was measured on it.
        if last.replace(where_it_is) != Some(where_it_is) {
            let _ = write!(
                text,
                "| machine | {} cores, {} MB, {} |\n| kernel | Linux {} |\n| versions | {} |\n",
                machine.cores,
                machine.memory_mb,
                machine.cpu,
                machine.kernel,
                machine.versions.join("; "),
            );
        }
        let began = machine.began.get(..16).unwrap_or(&machine.began);
        let _ = writeln!(text, "| began {began}Z | commit `{}`, `{}` |", machine.commit, machine.command);
    }
    text.push_str(
        "\nEverything of a run is on one machine: etcd (not waiting for the disk), kube-apiserver, kube-controller-manager,\n\
         emulator, loader and candidate share its cores. Figures are medians, with least and greatest in parentheses where\n\
         there was more than one run. `L` is the emulator's latency; the account's limit is 100 calls/s. A run that did not\n\
         reach its end before its deadline is shown with what it reached, in *italics*.\n\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Figures, Parameters, Run};

    fn run(candidate: &str, n: usize, repeat: u32, ratio: f64) -> Line {
        let parameters = Parameters { n, latency_ms: 50, quota: "bucket".into(), ..Parameters::default() };
        let figures = [("ratio", ratio), ("seconds", ratio * 10.0), ("callsPerCreate", 1.0), ("writesPerCreate", 2.0)];
        let figures: Figures = figures.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        let scenario = "S1".to_owned();
        let candidate = candidate.to_owned();
        Line::Run(Run { scenario, candidate, parameters, repeat, finished: true, figures, ..Run::default() })
    }

    #[test]
    fn a_page_is_made_of_raw_lines() {
        let machine = Machine { cores: 2, cpu: "Some | CPU".into(), commit: "abc".into(), ..Machine::default() };
        let mut lines = vec![Line::Machine(machine)];
        lines.extend([1.03, 1.05, 1.04].iter().zip(1..).map(|(ratio, repeat)| run("ours", 1000, repeat, *ratio)));
        lines.push(run("go-best", 1000, 1, 2.5));
        let mut cut = run("go-best", 10_000, 1, 3.0);
        if let Line::Run(run) = &mut cut {
            run.finished = false;
            run.note = "cut | off\nwith its log".into();
        }
        lines.push(cut);
        let page = page(&lines, &Groups::of(&lines), "## Notes\n\nBy hand.\n");
        assert!(page.contains("| 1.040 (1.030–1.050) |"), "{page}");
        assert!(page.contains("By hand."));
        assert!(page.contains("*3.000*") && page.contains("cut / off"), "{page}");
        // A target that is met, and one that nobody measured.
        assert!(page.contains("| ≤ 1.06 | 1.040 (1.030–1.050) | yes |"), "{page}");
        assert!(page.contains("| not measured |"), "{page}");
        assert!(page.contains("commit `abc`"));
        let other = Machine { cpu: "Another".into(), commit: "def".into(), ..Machine::default() };
        lines.extend([Line::Machine(other.clone()), Line::Machine(other)]);
        let page = super::page(&lines, &Groups::of(&lines), "");
        let rows = ["Some", "`abc`", "Another", "`def`"].map(|text| page.find(text).unwrap());
        assert!(rows.is_sorted() && page.matches("| machine |").count() == 2, "{page}");
    }
}
