"""The boards, rules and metrics of this repository, for check.py and picture.py."""

import json
import re
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MONITORING = ROOT / "deploy" / "monitoring"
DASHBOARDS = [MONITORING / "dashboards" / name for name in ("controller.json", "datasets.json")]
# What Prometheus itself adds: the labels of a target, and a series for each.
TARGET = {"namespace", "job", "instance"}
AGGREGATIONS = {"sum", "min", "max", "avg", "count", "topk", "bottomk", "quantile", "group", "stddev", "stdvar", "count_values"}
WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan", "atan2"}
GROUPING = {"by", "without", "on", "ignoring", "group_left", "group_right"}
TOKEN = re.compile(
    r"""\s+|(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<range>\[[^\]]*\])|(?P<number>\d[\w.]*)"""
    r"""|(?P<word>[a-zA-Z_:][\w:]*)|(?P<sign>=~|!~|!=|==|>=|<=|.)""",
    re.S,
)


def metrics() -> dict[str, set[str]]:
    """Each series name that docs/metrics.md promises, with its labels. A test compares that page with what is served."""
    known = {"up": set(TARGET)}
    for line in (ROOT / "docs" / "metrics.md").read_text().splitlines():
        if line.startswith("| `"):
            name, kind, labels, _ = [cell.strip() for cell in line.strip("|").split("|")]
            name, labels = name.strip("`"), set(re.findall(r"`(\w+)`", labels)) | TARGET
            if kind == "histogram":
                known |= {f"{name}_bucket": labels | {"le"}, f"{name}_sum": labels, f"{name}_count": labels}
            else:
                known[name] = labels
    return known


def rules_text() -> str:
    """The rules as Prometheus itself reads them: the spec of the PrometheusRule."""
    return textwrap.dedent((MONITORING / "rules.yaml").read_text().split("\nspec:\n", 1)[1])


def rules() -> list[dict[str, str]]:
    """Each rule with its fields in one level. Not a YAML reader: the file has one field a line."""
    found = []
    for block in re.split(r"^\s*- (?=alert:|record:)", rules_text(), flags=re.M)[1:]:
        block = re.split(r"^\s*- name:", block, flags=re.M)[0]
        fields = re.findall(r"^\s*(\w+): *(\S.*)$", block, flags=re.M)
        found.append({key: value.strip('"') for key, value in fields})
    return found


def dashboard(path: Path) -> dict:
    return json.loads(path.read_text())


def plain(query: str, interval: str = "5m", whole: str = "1h") -> str:
    """A query without Grafana's variables."""
    query = query.replace("$__rate_interval", interval).replace("$__range", whole)
    return re.sub(r"\$(?:namespace|job)\b", ".*", query)


def wrong(query: str, known: dict[str, set[str]]) -> list[str]:
    """Names of metrics and labels in a query (that promtool has parsed) which nothing serves."""
    tokens = [(match.lastgroup, match.group()) for match in TOKEN.finditer(query) if match.lastgroup]
    problems, labels, grouped, at = [], set(), set(), 0
    while at < len(tokens):
        kind, text = tokens[at]
        following = tokens[at + 1][1] if at + 1 < len(tokens) else ""
        at += 1
        if kind != "word" or text.lower() in WORDS or text in AGGREGATIONS:
            continue
        if text in GROUPING:
            if following == "(":
                end = next(i for i in range(at, len(tokens)) if tokens[i][1] == ")")
                grouped |= {word for kind, word in tokens[at:end] if kind == "word"}
                at = end + 1
            continue
        if following == "(":
            continue
        if text not in known:
            problems.append(f"no metric {text}")
            known = known | {text: TARGET}
        labels |= known[text]
        if following == "{":
            end = next(i for i in range(at, len(tokens)) if tokens[i][1] == "}")
            named = {word for kind, word in tokens[at:end] if kind == "word"}
            problems += [f"{text} has no label {label}" for label in sorted(named - known[text])]
            at = end + 1
    return problems + [f"no metric in it has the label {label}" for label in sorted(grouped - labels)]
