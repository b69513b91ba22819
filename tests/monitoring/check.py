#!/usr/bin/env python3
"""Checks deploy/monitoring: rules, their tests and runbooks, boards, and what kustomize makes of it. Call tests/monitoring/run."""

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

import boards
from boards import DASHBOARDS, MONITORING, ROOT, TARGET

KNOWN = boards.metrics()
RULES = boards.rules()
passed = failed = 0


def test(name: str, problems: list[str]) -> None:
    global passed, failed
    if problems:
        failed += 1
        print(f"FAILED {name}")
        for problem in problems:
            print(f"    {problem}")
    else:
        passed += 1
        print(f"ok     {name}")


def promtool(*words: str, folder: str) -> list[str]:
    """Nothing if it succeeds, else what it said."""
    done = subprocess.run(["promtool", *words], cwd=folder, capture_output=True, text=True)
    said = (done.stdout + done.stderr).strip()
    return said.splitlines() or ["it failed without a word"] if done.returncode else []


def parsed(queries: list[str]) -> list[str]:
    """What promtool says about these queries, as rules."""
    text = "groups:\n- name: queries\n  rules:\n"
    text += "".join(f"  - record: query_{at}\n    expr: {json.dumps(query)}\n" for at, query in enumerate(queries))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "queries.yaml").write_text(text)
        return promtool("check", "rules", "queries.yaml", folder=folder)


def anchors(page: Path) -> set[str]:
    """The anchors of the headings of a page, as tests/api/pages.rs has them."""
    text, seen = re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.S | re.M), set()
    for heading in re.findall(r"^#+(.*)$", text, flags=re.M):
        seen.add("".join(c for c in heading.strip().lower().replace(" ", "-") if c.isalnum() or c in "-_"))
    return seen


def check_rules() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "rules.yaml").write_text(boards.rules_text())
        Path(folder, "alerts.yaml").write_text((ROOT / "tests/monitoring/alerts.yaml").read_text())
        test("the rules are right for promtool", promtool("check", "rules", "rules.yaml", folder=folder))
        test("the tests of the rules pass", promtool("test", "rules", "alerts.yaml", folder=folder))
    count = len(re.findall(r"^\s*expr:", boards.rules_text(), flags=re.M))
    test("this reads every rule", [] if len(RULES) == count > 0 else [f"{count} rules, {len(RULES)} read"])
    tests = (ROOT / "tests/monitoring/alerts.yaml").read_text()
    names = [rule["alert"] for rule in RULES]
    asked = re.findall(r'alertname="(\w+)"', tests) + re.findall(r"alertname: (\w+)", tests)
    test("every alert has its own name, every test an alert", sorted(set(asked) ^ set(names)) + [n for n in names if names.count(n) > 1])
    for rule in RULES:
        name, problems = rule["alert"], []
        for field in ("for", "severity", "summary", "description", "runbook_url"):
            if not rule.get(field):
                problems.append(f"no {field}")
        if rule.get("severity") not in ("critical", "warning", "info"):
            problems.append("severity is critical, warning or info")
        problems += boards.wrong(rule["expr"], KNOWN)
        named = [metric for metric in KNOWN if re.search(rf'\b{metric}\b(?!{{job="dataset-operator")', rule["expr"])]
        problems += [f"{metric} of other jobs counts too" for metric in named]
        page, _, anchor = rule.get("runbook_url", "").partition("#")
        if not page.startswith("docs/") or anchor not in anchors(ROOT / page):
            problems.append(f"no such section: {page}#{anchor}")
        lines = [line for line in tests.splitlines() if f'alertname="{name}"' in line]
        if not any(line.endswith("exp_samples: []}") for line in lines):
            problems.append("no test in which it does not fire")
        if not (any("value: 1" in line for line in lines) or f"alertname: {name}\n        exp_alerts:\n" in tests):
            problems.append("no test in which it fires")
        test(f"alert {name}", problems)


def check_board(path: Path) -> None:
    board = boards.dashboard(path)
    name, panels = path.name, board["panels"]
    graphs = [panel for panel in panels if panel["type"] != "row"]
    queries = [(panel, target) for panel in graphs for target in panel["targets"]]
    test(f"{name}: every query parses", parsed([boards.plain(target["expr"]) for _, target in queries]))
    problems = [f"{panel['title']}: {p}" for panel, target in queries for p in boards.wrong(boards.plain(target["expr"]), KNOWN)]
    test(f"{name}: every query names metrics and labels of docs/metrics.md", problems)
    problems = []
    for panel, target in queries:
        if target["expr"].count("{") != target["expr"].count('{namespace=~"$namespace", job=~"$job"'):
            problems.append(f"{panel['title']}: not every metric is chosen by $namespace and $job")
        for label in re.findall(r"{{(\w+)}}", target["legendFormat"]):
            if not re.search(rf"by \([^)]*\b{label}\b", target["expr"]):
                problems.append(f"{panel['title']}: the legend has {label}, the query has not")
    test(f"{name}: variables and legends fit the queries", problems)
    problems = []
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            inner = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["definition"])
            if not inner or variable["query"]["query"] != variable["definition"]:
                problems.append(f"{variable['name']}: {variable['definition']}")
                continue
            problems += boards.wrong(boards.plain(inner[1]), KNOWN) + sorted({inner[2]} - TARGET)
    names = [variable["name"] for variable in board["templating"]["list"]]
    test(f"{name}: variables", problems + ([] if names == ["datasource", "namespace", "job"] else names))
    problems, taken, ids = [], {}, set()
    for panel in panels:
        title, at = panel["title"], panel["gridPos"]
        if panel["id"] in ids:
            problems.append(f"{title}: its id is taken")
        ids.add(panel["id"])
        for cell in ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])):
            if cell[0] >= 24 or cell in taken:
                problems.append(f"{title} lies over {taken.get(cell, 'the edge')}")
                break
            taken[cell] = title
        if panel["type"] != "row" and not panel.get("description"):
            problems.append(f"{title} has no description")
    sources = set(re.findall(r'"uid": "([^"]*)"', path.read_text())) - {board["uid"], "${datasource}"}
    test(f"{name}: panels", problems + [f"a fixed data source: {source}" for source in sources])
    picture = ROOT / "docs" / "dashboards" / f"{path.stem}.svg"
    drawn = picture.read_text() if picture.exists() else ""
    problems = [] if drawn else [f"no {picture.relative_to(ROOT)}"]
    test(f"{name}: its picture has every panel", problems + [panel["title"] for panel in panels if f">{panel['title']}<" not in drawn])


def kustomized(folder: Path) -> str:
    done = subprocess.run([os.environ["KUBECTL"], "kustomize", str(folder)], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else done.stderr


def check_kustomize() -> None:
    def kinds(text: str) -> list[str]:
        return sorted(re.findall(r"^kind: (\w+)$", text, flags=re.M))

    built = kustomized(MONITORING)
    problems = [] if kinds(built) == ["ConfigMap", "PrometheusRule", "ServiceMonitor"] else [built[:500]]
    for word in ('grafana_dashboard: "1"', "controller.json: |", "datasets.json: |", "name: dataset-operator-dashboards\n"):
        if word not in built:
            problems.append(f"it has no {word}")
    test("kustomize builds deploy/monitoring", problems)
    with tempfile.TemporaryDirectory() as folder:
        up = os.path.relpath(MONITORING, os.path.realpath(folder))
        Path(folder, "kustomization.yaml").write_text(f"resources: [{up}]\ncomponents: [{up}/pod-monitor]\n")
        built = kustomized(Path(os.path.realpath(folder)))
    test("with pod-monitor it has a PodMonitor instead", [] if kinds(built) == ["ConfigMap", "PodMonitor", "PrometheusRule"] else [built[:500]])
    base = ROOT / "deploy/kustomize/base"
    problems = []
    for monitor, scraped in (
        ("kustomize/components/service-monitor/service-monitor.yaml", "service.yaml"),
        ("monitoring/pod-monitor/pod-monitor.yaml", "deployment.yaml"),
    ):
        text, of = (MONITORING.parent / monitor).read_text(), (base / scraped).read_text()
        label = re.search(r"matchLabels:\n\s+(\S+: \S+)", text)[1]
        port = re.search(r"Endpoints:\n\s+- port: (\S+)|endpoints:\n\s+- port: (\S+)", text)
        port = port[1] or port[2]
        if f" {label}\n" not in of or f"- name: {port}\n" not in of:
            problems.append(f"{monitor} does not find {scraped}")
        if "jobLabel: app.kubernetes.io/name\n" not in text or label != "app.kubernetes.io/name: dataset-operator":
            problems.append(f"{monitor}: the job is not dataset-operator, which the rules choose")
    test("the monitors find the Service and the Pods", problems)


def check_this() -> None:
    """Wrong names are found."""
    for query in (
        "pai_index_orphan",
        "rate(pai_api_throttled[5m])",
        "pai_api_request_duration_seconds",
        'sum by (le) (rate(pai_api_requests_total{action="x"}[5m]))',
        'pai_index_orphans{kind="Dataset"}',
        'max by (namespace, workspac) (pai_workspace_listed{job="x"})',
        "absent(up) or on (job) nothing",
    ):
        found = boards.wrong(query, KNOWN)
        test(f"found: {query}", [] if len(found) == 1 else [f"not one problem: {found}"])
    test("found: a query that does not parse", [] if parsed(["sum by (x"]) else ["promtool takes it"])


check_rules()
for path in DASHBOARDS:
    check_board(path)
check_kustomize()
check_this()
print(f"{passed} passed, {failed} failed")
raise SystemExit(1 if failed else 0)
