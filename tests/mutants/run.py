#!/usr/bin/env python3
"""Tests of the tests: builds all seeded bugs of corpus.toml into one copy of the sources, switches them on one by one
and asks the layers of the tests which of them notice. A bug is killed when two layers do, or one where the corpus says
why a second cannot.

The copy is target/mutants/tree; production sources never contain a mutant. A test that fails with a mutant counts only
if it passes without one. Each layer is first asked the test that noticed the last time, as the page says. Results are
kept in target/mutants/results.jsonl until something they depend on changes.
"""

import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "target" / "mutants"
TREE = WORK / "tree"
RESULTS = WORK / "results.jsonl"
SWITCH = "DATASET_OPERATOR_MUTANT"
# The matrix plans its cells with code of the operator, so only the processes that it starts have the bug.
CHILDREN = "DATASET_OPERATOR_MUTANT_OF_CHILDREN"
PAGE = ROOT / "docs" / "results" / "mutants.md"

SWITCH_SOURCE = f"""//! Which seeded bug is on, by the environment of the process.

use std::sync::OnceLock;

/// Is it this one?
pub fn on(id: &str) -> bool {{
    static NOW: OnceLock<String> = OnceLock::new();
    NOW.get_or_init(|| std::env::var("{SWITCH}").unwrap_or_default()) == id
}}
"""

# The testbed starts programs with an empty environment; the switch has to go through.
PASSED_ON = (
    "tests/testbed/src/process.rs",
    ".env_clear()",
    f'.env_clear()\n            .envs(["{SWITCH}", "{CHILDREN}"].into_iter().filter_map(std::env::var_os).map(|value| ("{SWITCH}", value)))',
)

# In the order in which they are asked: package, kind and name of the program.
PROGRAMS = {
    "unit": ("dataset-operator", "lib", "dataset_operator"),
    "model": ("model", "test", "explore"),
    "explorer": ("model", "bin", "model"),
    "simulation": ("simulation", "test", "simulation"),
    "stories": ("dataset-operator", "test", "stories"),
    "matrix": ("matrix", "test", "sample"),
    "cells": ("matrix", "bin", "matrix"),
}
LAYERS = ["unit", "model", "simulation", "stories", "matrix"]
# Those of the simulation that are the same each day, and that compare nothing with a real API server.
SIMULATED = ["without_faults_each_job_costs", "is_not_sent", "is_recognised"]

Question = collections.namedtuple("Question", "layer program arguments seconds environment named", defaults=((), None))


def questions(mutant, layer, last=None):
    """What is asked of this layer: what noticed `last`, then the others, cheapest first."""
    scenario, test = (last, None) if last and " " in last else (None, last)
    if scenario and layer == "model":
        yield Question(layer, "explorer", ("--only", scenario), 300, (), scenario)
    elif scenario and layer == "simulation":
        yield Question(layer, "simulation", ("faults::repro", "--exact"), 60, (("SIMULATION", scenario),), scenario)
    elif test and layer != "matrix":
        yield Question(layer, layer, (test, "--exact"), 240)
    if layer == "unit":
        yield Question(layer, "unit", (), 180)
    elif layer == "model":
        yield Question(layer, "model", (), 180)
        for name in mutant.get("model", []):
            yield Question(layer, "explorer", ("--only", name), 300, (), name)
    elif layer == "simulation":
        yield Question(layer, "simulation", tuple(SIMULATED), 180)
        jobs = (("JOBS", mutant["jobs"]),) if "jobs" in mutant else ()
        yield Question(layer, "simulation", ("faults::single_faults_end_well", "--exact"), 300, (*jobs, ("SINGLES", "all")))
    elif layer == "stories" and mutant.get("stories"):
        yield Question(layer, "stories", tuple(mutant["stories"]), 240)
    elif layer == "matrix" and mutant.get("matrix"):
        cells = ",".join(mutant["matrix"])
        yield Question(layer, "matrix", (), 300, (("MATRIX_CELL", cells),), cells)


def enough(mutant):
    """So many layers have to notice it."""
    return 1 if "why" in mutant else 2


def corpus():
    with open(Path(__file__).with_name("corpus.toml"), "rb") as file:
        return tomllib.load(file)["mutant"]


# --- building -----------------------------------------------------------------------------------------------------


def edit(files, path, find, replace):
    text = files[path].decode()
    if text.count(find) != 1:
        sys.exit(f"{path}: {text.count(find)} places look like this, not one:\n{find}")
    files[path] = text.replace(find, replace).encode()


def planted(mutants):
    """The sources with all mutants in them, by path."""
    names = subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, text=True)
    names = [name for name in names.split("\0") if name and (ROOT / name).is_file()]
    files = {name: (ROOT / name).read_bytes() for name in names}
    for mutant in mutants:
        call = f'crate::mutant::on("{mutant["id"]}")'
        edit(files, mutant["file"], mutant["find"], re.sub(r"\bmutated\b", call, mutant["replace"]))
    files["src/mutant.rs"] = SWITCH_SOURCE.encode()
    edit(files, "src/lib.rs", "pub mod metrics;\n", "pub mod metrics;\npub mod mutant;\n")
    edit(files, *PASSED_ON)
    return files


def plant(files):
    """Makes the tree these files and no others. What did not change keeps its time, so that it is not built again."""
    for path in list(TREE.rglob("*")):
        if path.is_file() and str(path.relative_to(TREE)) not in files:
            path.unlink()
    for name, content in files.items():
        path = TREE / name
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            if (ROOT / name).is_file():
                shutil.copymode(ROOT / name, path)


def fingerprint(files):
    """Of all that a result depends on, but for the corpus itself."""
    digest = hashlib.sha256()
    for name in sorted(files):
        if re.match(r"(src|emulator|tests|deploy|crds)/|Cargo", name) and not name.startswith("tests/mutants/"):
            digest.update(name.encode() + b"\0" + files[name] + b"\0")
    return digest.hexdigest()[:16]


def build():
    """Builds the tests; returns their programs, and where they are run."""
    command = ["cargo", "test", "--no-run", "--message-format=json-render-diagnostics", "-p", "pai-emulator"]
    for package in sorted({package for package, _, _ in PROGRAMS.values()}):
        command += ["-p", package]
    # Optimised: the exhaustive tests run once for each mutant. Crash points need debug assertions.
    env = dict(os.environ, CARGO_TARGET_DIR=str(WORK / "build"), CARGO_PROFILE_DEV_OPT_LEVEL="2")
    built = subprocess.run(command, cwd=TREE, env=env, stdout=subprocess.PIPE, text=True)
    if built.returncode != 0:
        sys.exit("the copy with all mutants does not build")
    programs = {}
    for message in map(json.loads, built.stdout.splitlines()):
        if message.get("reason") != "compiler-artifact" or not message.get("executable"):
            continue
        target, manifest = message["target"], Path(message["manifest_path"]).parent
        name_of_package = re.search(r'^name = "(.*)"$', (manifest / "Cargo.toml").read_text(), re.M).group(1)
        for program, (package, kind, name) in PROGRAMS.items():
            is_test = kind != "bin"
            if (name_of_package, target["name"]) == (package, name) and kind in target["kind"] and message["profile"]["test"] == is_test:
                programs[program] = (message["executable"], manifest)
    if missing := PROGRAMS.keys() - programs.keys():
        sys.exit(f"not built: {', '.join(missing)}")
    return programs


def check():
    """Whether the copy compiles: the status of cargo. It uses what was built of the dependencies."""
    env = {"CARGO_TARGET_DIR": str(ROOT / "target")} | os.environ
    return subprocess.run(["cargo", "check", "-q", "--workspace", "--locked"], cwd=TREE, env=env).returncode


def check_names(mutants, programs):
    """Stops if the corpus names a story, a scenario or a cell that is not there."""
    executable, directory = programs["stories"]
    listed = subprocess.check_output([executable, "--list"], cwd=directory, text=True)
    stories = re.findall(r"^(\S+): test$", listed, re.M)
    # The explorer takes parts of names, and the matrix their beginnings.
    sources = sorted((ROOT / "tests/model/src").glob("**/*.rs"))
    scenarios = [name for source in sources for name in re.findall(r'Scenario::new\(\s*"([^"]*)"', source.read_text())]
    executable, directory = programs["cells"]
    cells = subprocess.check_output([executable, "list"], cwd=directory, text=True).split("\n")
    for layer, there in (("stories", stories), ("model", scenarios), ("matrix", cells)):
        for mutant in mutants:
            for name in mutant.get(layer, []):
                if not any(name in other for other in there):
                    sys.exit(f"{mutant['id']} names {name!r}, which none of the {layer} is called")


# --- asking -------------------------------------------------------------------------------------------------------


class Asker:
    """Runs programs with and without mutants."""

    def __init__(self, programs):
        self.programs = programs
        # One control plane at a time: a story has times to keep.
        self.stories = threading.Lock()
        self.guard = threading.Lock()
        self.without = {}

    def run(self, question, mutant):
        """The first test that failed (None: all passed), and the seconds it took."""
        executable, directory = self.programs[question.program]
        scratch = WORK / "scratch" / f"{threading.get_ident()}"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        env = {name: value for name, value in os.environ.items() if name != SWITCH}
        env |= dict(question.environment) | {"TMPDIR": str(scratch)} | ({CHILDREN if question.layer == "matrix" else SWITCH: mutant} if mutant else {})
        began = time.monotonic()
        process = subprocess.Popen([executable, *question.arguments], cwd=directory, env=env, text=True, errors="replace",
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)

        def end():
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

        late = threading.Event()
        timer = threading.Timer(question.seconds, lambda: (late.set(), end()))
        timer.start()
        failed, ran = None, False
        for line in process.stdout:
            ran |= bool(re.match(r"running [1-9]|scenarios: ", line))
            if found := re.match(r"test (\S+)(?: - should panic)? \.\.\. FAILED", line):
                failed = found.group(1)
            elif failed and (found := re.search('SIMULATION="(.*?)"', line)):
                failed = found.group(1)
            # A test of the simulation then says the scenario; what others would say further is not needed.
            if failed and (question.layer != "simulation" or " " in failed):
                end()
                break
        process.stdout.close()
        code = process.wait()
        timer.cancel()
        seconds = time.monotonic() - began
        if late.is_set():
            failed = "(no end)"
        elif code != 0:
            failed = question.named or failed or "(ended early)"
        elif not ran and "--exact" not in question.arguments:
            sys.exit(f"nothing was run: {question}")
        return failed, seconds

    def passes_without(self, question):
        """Does it pass without a mutant, in a third of its time? Asked once."""
        with self.guard:
            lock, known = self.without.setdefault(question, (threading.Lock(), []))
        with lock:
            if not known:
                known.append(self.run(question, None))
        failed, seconds = known[0]
        if failed:
            sys.stderr.write(f"without a mutant {question.layer}: {failed} fails too\n")
        return failed is None, failed is None and seconds < question.seconds / 3

    def notices(self, mutant, layer, last):
        """A test or scenario of this layer that fails because of this mutant."""
        for question in questions(mutant, layer, last):
            failed, _ = self.run(question, mutant["id"])
            if not failed:
                continue
            again = question
            if layer == "stories" and not failed.startswith("("):
                again = question._replace(arguments=(failed, "--exact"))
            good, quick = self.passes_without(again)
            if quick or (good and failed != "(no end)"):
                return failed
        return None

    def ask(self, mutant, layers, last, ask_all):
        noticed = {}
        # Those that noticed the last time are asked first.
        for layer in sorted(layers, key=lambda layer: layer not in last):
            if len(noticed) >= enough(mutant) and not ask_all:
                break
            if layer in ("stories", "matrix"):
                with self.stories:
                    test = self.notices(mutant, layer, last.get(layer))
            else:
                test = self.notices(mutant, layer, last.get(layer))
            if test:
                noticed[layer] = test
        return noticed


# --- telling ------------------------------------------------------------------------------------------------------


def verdict(mutant, noticed):
    return "killed" if len(noticed) >= enough(mutant) else "ONE LAYER" if noticed else "SURVIVES"


def said(mutant, noticed):
    """The verdict, and why one layer is enough, where the corpus says it."""
    return verdict(mutant, noticed) + (f" by one layer: {mutant['why']}" if "why" in mutant and noticed else "")


def noticed_last():
    """By mutant and layer what the page of the last run says: a test, or a scenario."""
    text, last = PAGE.read_text() if PAGE.exists() else "", {}
    for mutant, told in re.findall(r"^\| `([\w-]+)` \| .*? \| ((?:\w+: `[^`]*`(?:<br>)?)*) \|", text, re.M):
        last[mutant] = {layer: test for layer, test in re.findall(r"(\w+): `([^`(][^`]*)`", told)}
    return last


def page(rows, seconds, kept):
    commit = subprocess.check_output(["git", "describe", "--always", "--dirty"], cwd=ROOT, text=True).strip()
    killed = sum(verdict(mutant, noticed) == "killed" for mutant, noticed in rows)
    alone = sum("why" in mutant for mutant, _ in rows)
    lines = [
        "# Tests of the tests", "",
        "Each row is a bug that was put into the operator on purpose ([corpus](../../tests/mutants/corpus.toml)): it takes one",
        "rule of [the protocol](../protocol.md) away. The layers of the tests are asked in turn, until two have noticed: *unit*",
        "(tests beside the code), *model* (`plan` explored exhaustively), *simulation* (single faults of the jobs), *stories* (the",
        "whole operator on a real API server) and *matrix* (its calls on faulty connections), those that the corpus names.",
        "The table names one test or scenario of each layer that",
        "fails with the bug and passes without. A bug is killed when two layers notice it; where the last column says why a second",
        "layer cannot, or need not, one is enough, and no other is asked.", "",
        f"Made by `make mutants` on {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}, commit {commit}, in {seconds / 60:.0f} minutes;",
        f"{kept} results were kept from an earlier run of the same sources.", "",
        "```", f"bugs: {len(rows)}", f"killed: {killed}", f"of these with one layer enough: {alone}", "```", "",
        "| bug | rule it takes away | noticed by | |", "| --- | --- | --- | --- |",
    ]
    for mutant, noticed in rows:
        told = "<br>".join(f"{layer}: `{test}`" for layer, test in noticed.items())
        lines.append(f"| `{mutant['id']}` | {mutant['rule']} | {told} | {said(mutant, noticed)} |")
    return "\n".join(lines) + "\n"


def results_of(marker):
    """Results that are still good, by mutant."""
    if not RESULTS.exists():
        return {}
    rows = map(json.loads, RESULTS.read_text().splitlines())
    return {row["id"]: row for row in rows if row["of"] == marker(row["id"])}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    arguments.add_argument("--only", help="these mutants: ID,ID")
    arguments.add_argument("--layers", default=",".join(LAYERS), help="these layers: unit,model (all)")
    arguments.add_argument("--all", action="store_true", help="ask every layer, even if two noticed already")
    arguments.add_argument("--jobs", type=int, default=2, help="so many mutants at a time (2)")
    arguments.add_argument("--anew", action="store_true", help="believe no earlier result")
    arguments.add_argument("--page", type=Path, help="write the results here")
    arguments.add_argument("--check", action="store_true", help="only see whether the sources can be built with all of them")
    options = arguments.parse_args()
    began = time.time()
    mutants, layers = corpus(), options.layers.split(",")
    files = planted(mutants)
    plant(files)
    if options.check:
        sys.exit(check())
    sources, by_id = fingerprint(files), {mutant["id"]: mutant for mutant in mutants}
    chosen = [mutant for mutant in mutants if not options.only or mutant["id"] in options.only.split(",")]

    def marker(mutant):
        asked = {key: by_id.get(mutant, {}).get(key) for key in [*LAYERS, "jobs", "why"]}
        return f"{sources} {hashlib.sha256(json.dumps([asked, layers, options.all]).encode()).hexdigest()[:8]}"

    known = {} if options.anew else results_of(marker)
    programs = build()
    check_names(mutants, programs)
    asker = Asker(programs)
    print(f"built in {time.time() - began:.0f} s; {sum(mutant['id'] in known for mutant in chosen)} results are known", flush=True)
    # A layer that fails anyway would make every mutant look noticed.
    for layer in layers:
        for question in list(questions({}, layer))[:1]:
            good, quick = asker.passes_without(question)
            print(f"without a mutant {layer} takes {asker.without[question][1][0][1]:.0f} s", flush=True)
            if not (good and quick):
                sys.exit(f"without a mutant the layer {layer} fails, or takes too long")
    done, lock, last = dict(known), threading.Lock(), noticed_last()

    def one(mutant):
        if mutant["id"] in known:
            return
        since = time.time()
        noticed = asker.ask(mutant, layers, last.get(mutant["id"], {}), options.all)
        with lock:
            done[mutant["id"]] = {"id": mutant["id"], "of": marker(mutant["id"]), "noticed": noticed}
            with open(RESULTS, "a") as file:
                file.write(json.dumps(done[mutant["id"]]) + "\n")
            told = "; ".join(f"{layer}: {test}" for layer, test in noticed.items())
            count = sum(mutant["id"] in done for mutant in chosen)
            print(f"[{count}/{len(chosen)}] {verdict(mutant, noticed):9} {mutant['id']:34} {time.time() - since:4.0f} s  {told}", flush=True)

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for future in [pool.submit(one, mutant) for mutant in chosen]:
            future.result()
    shutil.rmtree(WORK / "scratch", ignore_errors=True)
    rows = [(mutant, done[mutant["id"]]["noticed"]) for mutant in chosen]
    killed = sum(verdict(mutant, noticed) == "killed" for mutant, noticed in rows)
    print(f"bugs: {len(rows)}\nkilled: {killed}\nseconds: {time.time() - began:.0f}")
    if options.page:
        options.page.write_text(page(rows, time.time() - began, len(known)))
    sys.exit(killed < len(rows))


if __name__ == "__main__":
    main()
