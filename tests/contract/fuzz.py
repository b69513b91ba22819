"""Sends generated calls to a running emulator: schemathesis makes them from the OpenAPI documents, right and wrong ones.

No answer may be a 5xx, and each must be as the document says; an undeclared member is an error too. fuzz_hooks.py tells
schemathesis what the documents cannot: how to sign, and which datasets, jobs and files exist. An operation of which no
call succeeded was not tested, and so it fails. The seed is always the same.
Prints the number of calls and a last line `N passed, N failed`, counted by operation.

    fuzz.py 127.0.0.1:8080
"""

import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request

import yaml

from wire import METHODS, closed

HERE = pathlib.Path(__file__).parent
DOCUMENTS = ["pai-dataset-openapi.yaml", "imm-dataset-openapi.yaml"]
# Generated calls per operation, besides those that walk along the limits of its schemas.
EXAMPLES = 10
# Of the processor, for all documents together; on a busy machine that takes longer, though never this many minutes.
SECONDS, MINUTES = 120, 10
CHECKS = [
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "signature_is_taken",
]
KNOBS = {"defaultWorkspace": "478", "jobPendingMs": 0, "jobRunMs": 3_600_000}
FILE = {
    "Uri": "oss://bucket/a/1.png", "FileType": "image", "ContentType": "image/png", "FileFingerPrint": "9B2C",
    "FileUpdateTime": "2026-11-01T00:00:00Z", "Tags": '{"user":{"add":["red"]}}',
}


class Emulator:
    """What is planted in the emulator, by calls that need no signature."""

    def __init__(self, target):
        self.url = f"http://{target}"

    def ask(self, method, path, body=None, **headers):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": "Bearer testBearerToken", **{name.replace("_", "-"): headers[name] for name in headers}}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    def imm(self, action, query):
        self.ask("POST", f"/?ProjectName=p&DatasetName=pics{query}", x_acs_action=action, x_acs_version="2020-09-30")

    def plant(self):
        """Makes one of everything; the ids, and the state in which each call finds the emulator."""
        self.ask("POST", "/_emulator/reset", {})
        self.ask("PUT", "/_emulator/knobs", KNOBS)
        whole = {"Property": "DIRECTORY", "DataSourceType": "OSS", "Uri": "oss://bucket.oss-cn-hangzhou.aliyuncs.com/a/"}
        label = {"Labels": [{"Key": "team", "Value": "red"}]}
        dataset = self.ask("POST", "/api/v1/datasets", {**whole, **label, "Name": "planted", "Edition": "ADVANCED"})
        dataset = dataset["DatasetId"]
        path = f"/api/v1/datasets/{dataset}"
        self.ask("POST", f"{path}/versions", {**whole, **label})
        place = {"WorkspaceId": "478", "DatasetVersion": "v2"}
        files = self.ask("POST", f"{path}/datasetfilemetas", {**place, "DatasetFileMetas": [FILE]})
        config = {"ConfigType": "MultimodalSemanticIndex", "Config": '{"defaultModelId":"m"}'}
        config = self.ask("POST", f"{path}/datasetjobconfigs", {**place, **config})
        # One that runs and so can be stopped, and one that has ended and so can be deleted.
        running, ended = (
            self.ask("POST", f"{path}/datasetjobs", {**place, "JobAction": "FileMetaBuild", "JobSpec": "{}"})["DatasetJobId"]
            for _ in range(2)
        )
        self.ask("PUT", f"/_emulator/jobs/{ended}", {"status": "Succeeded"})
        self.imm("CreateDataset", "")
        state = self.ask("GET", "/_emulator/state")
        kept = ("nextId", "datasets", "jobs", "jobConfigs", "fileMetas", "mediaDatasets", "bindings")
        return {
            "url": self.url,
            "state": {part: state[part] for part in kept if part in state},
            "known": {
                "DatasetId": dataset, "VersionName": "v2", "DatasetVersion": "v2", "WorkspaceId": "478",
                "DatasetFileMetaId": files["SucceedDetails"][0]["DatasetFileMetaId"],
                "DatasetJobConfigId": config["DatasetJobConfigId"], "DatasetJobId": ended, "ProjectName": "p",
                "DatasetName": "pics", "Uri": whole["Uri"], "JobSpec": '{"contentList":["file"],"modelId":"m","exportDirUri":"oss://b/e/"}',
            },
            "running": running,
        }


def for_schemathesis(name):
    """A document whose objects have no other members than declared, without the headers of signatures."""
    with open(HERE / name, encoding="utf-8") as file:
        document = closed(yaml.safe_load(file))

    def ours(parameter):
        return "/Acs" not in parameter.get("$ref", "") and not parameter.get("name", "").startswith("x-acs-")

    for item in document["paths"].values():
        for holder in [item, *(item[method] for method in METHODS if method in item)]:
            holder["parameters"] = [parameter for parameter in holder.get("parameters", []) if ours(parameter)]
    return document


def spent():
    """Processor time of the documents so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return int(usage.ru_utime + usage.ru_stime)


def fuzz(name, planted, work, end):
    """Runs one document; its statuses by operation, and whether schemathesis found nothing."""
    document = for_schemathesis(name)
    for file, content in (("document.json", document), ("planted.json", planted)):
        (work / file).write_text(json.dumps(content), encoding="utf-8")
    command = [
        str(pathlib.Path(sys.executable).with_name("schemathesis")), "run", str(work / "document.json"),
        "--url", planted["url"], "--seed", "1", "--max-examples", str(EXAMPLES), "--generation-database", "none",
        "--phases", "examples,coverage,fuzzing", "--checks", ",".join(CHECKS), "--warnings", "off", "--no-color",
    ]
    environment = {
        **os.environ, "SCHEMATHESIS_HOOKS": str(HERE / "fuzz_hooks.py"), "FUZZ_WORK": str(work),
        "FUZZ_VERSION": document["info"]["version"],
    }
    left = max(1, SECONDS - spent())
    with open(work / "output", "w+", encoding="utf-8", errors="replace") as output:
        process = subprocess.Popen(
            command, cwd=work, env=environment, stdout=output, stderr=subprocess.STDOUT,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (left, left)),
        )
        try:
            ended = process.wait(max(1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            ended = process.wait()
        good = ended == 0
        if not good:
            output.seek(0)
            print(output.read(), f"{name}: " + ("took too long" if ended < 0 else "schemathesis found something"), sep="\n")
    answers = work / "answers.json"
    statuses = json.loads(answers.read_text(encoding="utf-8")) if answers.exists() else {}
    return document, statuses, good


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    # Loopback must not go through a proxy that the machine may have.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    planted = Emulator(sys.argv[1]).plant()
    passed, failed, end = 0, 0, time.monotonic() + 60 * MINUTES
    for name in DOCUMENTS:
        with tempfile.TemporaryDirectory() as work:
            document, statuses, good = fuzz(name, planted, pathlib.Path(work), end)
        operations = [item[m]["operationId"] for item in document["paths"].values() for m in METHODS if m in item]
        untested = [operation for operation in operations if "200" not in statuses.get(operation, {})]
        for operation in untested:
            print(f"FAILED {name}: no call of {operation} succeeded: {statuses.get(operation, {})}")
        calls = sum(sum(counts.values()) for counts in statuses.values())
        accepted = sum(counts.get("200", 0) for counts in statuses.values())
        print(f"{name}: {len(operations)} operations, {calls} calls, {accepted} of them succeeded, {spent()} s so far")
        failed += len(untested) + (not good)
        passed += len(operations) - len(untested)
    print(f"\n{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
