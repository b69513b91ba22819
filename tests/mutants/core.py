#!/usr/bin/env python3
"""The page about cargo-mutants on the pure core: core.py DIRECTORY... prints it from what `cargo mutants` left there."""

import collections
import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def outcomes(directories):
    """All changes that were tried, once each: file, what it is, what came of it."""
    for directory in directories:
        for outcome in json.loads(Path(directory, "mutants.out", "outcomes.json").read_text())["outcomes"]:
            if outcome["scenario"] != "Baseline":
                mutant = outcome["scenario"]["Mutant"]
                yield mutant["file"], mutant["name"], outcome["summary"]


def page(tried, shards):
    commit = subprocess.check_output(["git", "describe", "--always", "--dirty"], cwd=ROOT, text=True).strip()
    counts, missed = collections.defaultdict(collections.Counter), []
    for file, name, summary in sorted(tried):
        counts[file][summary] += 1
        if summary == "MissedMutant":
            missed.append(name)
    caught = sum(count["CaughtMutant"] + count["Timeout"] for count in counts.values())
    viable = caught + len(missed)
    yield "# cargo-mutants on the pure core\n"
    yield "Each function of the [pure core](../../.cargo/mutants.toml) is changed in small ways, one at a time: another result, a"
    yield "condition turned round, an arm left out. Only the unit tests are asked. What they miss may still be noticed by the model,"
    yield "the simulation or a story.\n"
    yield f"Made by `make core` on {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}, commit {commit}. {shards}\n"
    yield f"```\nchanges: {viable}\nnoticed: {caught}\nscore: {100 * caught / viable:.0f} %\n```\n"
    yield "| file | changes | noticed | missed | do not compile |\n| --- | ---: | ---: | ---: | ---: |"
    for file, count in counts.items():
        noticed = count["CaughtMutant"] + count["Timeout"]
        lost = count["MissedMutant"]
        yield f"| `{file}` | {noticed + lost} | {noticed} | {lost} | {count['Unviable']} |"
    yield "\n## Missed\n"
    yield from (f"* `{name}`" for name in missed)


if __name__ == "__main__":
    said = sys.argv[1].removeprefix("--shards=") if sys.argv[1].startswith("--shards=") else ""
    directories = sys.argv[2:] if said else sys.argv[1:]
    about = f"Of the list of all changes, shards {said}, each taken evenly from all of it." if said else "All changes were tried."
    print("\n".join(page(outcomes(directories), about)))
