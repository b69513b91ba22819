#!/usr/bin/env python3
"""The basic stories of the Go operator, on a real apiserver and the emulator: `stories.py BINARY`.

Needs the environment of `make up OPERATOR=no` (`. target/up/env`), with no other operator running. Prints each story
and what the creates cost, and exits 1 at the first thing that is not so.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager

SETTINGS = ("scaffold", "best-effort")
USER_AGENT = "controller-runtime-peer"
CREDENTIALS = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "testAccessKeyId",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "testAccessKeySecret",
}
LONG, SHORT = "10m", "3s"
PATIENCE = 180  # Seconds until something that should happen is taken for not happening.


def http(method, path, body=None, headers=None):
    """One request to the emulator; the decoded answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(os.environ["EMULATOR_URL"] + path, data, headers or {}, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or b"null")


def as_someone_else(method, path, body=None):
    """A call as another client of the account, past the operator."""
    headers = {"Authorization": "Bearer testBearerToken", "Content-Type": "application/json"}
    return http(method, "/api/v1/datasets" + path, body, headers)


def knobs(**values):
    http("PUT", "/_emulator/knobs", values)


def datasets():
    """What is in the cloud, by name."""
    return {dataset["Name"]: dataset for dataset in http("GET", "/_emulator/state")["datasets"]}


def labels(dataset):
    return {label["Key"]: label["Value"] for label in dataset["Labels"]}


def calls():
    """Calls so far: (accepted by operation, throttled)."""
    stats = http("GET", "/_emulator/stats")
    return {name: count["ok"] for name, count in stats["calls"].items() if count["ok"]}, stats["throttled"]


def since(before):
    now, start = calls()[0], before[0]
    return {name: count - start.get(name, 0) for name, count in now.items() if count > start.get(name, 0)}


def writes():
    """The operator's accepted writes so far, by verb and resource."""
    count = {}
    with open(os.environ["AUDIT_LOG"], encoding="utf-8") as log:
        for line in log:
            if USER_AGENT not in line or not line.endswith("\n"):
                continue
            event = json.loads(line)
            if event["stage"] != "ResponseComplete" or event["responseStatus"].get("code", 0) >= 300:
                continue
            if event["verb"] in ("create", "update", "patch", "delete"):
                what = event["objectRef"]
                key = " ".join((event["verb"], "/".join(filter(None, (what["resource"], what.get("subresource"))))))
                count[key] = count.get(key, 0) + 1
    return count


def quiet_writes():
    """The writes once no more are logged."""
    seen = writes()
    while True:
        time.sleep(0.5)
        now = writes()
        if now == seen:
            return now
        seen = now


def kubectl(*arguments, stdin=None):
    command = [os.environ["KUBECTL"], *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


def check(what, truth, seen=""):
    if not truth:
        raise SystemExit(f"  FAILED {what} {seen}")
    print(f"  ok     {what}", flush=True)


def until(what, condition):
    """Waits until `condition` is true, and counts it as a check."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            check(what, False, f"(not within {PATIENCE} s)")
        time.sleep(0.2)
    check(what, True)


class Stories:
    """The stories with one setting, in a namespace of their own."""

    def __init__(self, binary, setting, logs):
        self.binary, self.setting, self.namespace = binary, setting, f"peer-{setting}"
        self.log = open(os.path.join(logs, setting + ".log"), "a", encoding="utf-8")
        self.process = None

    # The operator's process.

    def start(self, resync):
        flags = ["--setting", self.setting, "--resync", resync, "--endpoint", os.environ["PAI_ENDPOINT"]]
        flags += ["--workspace-id", os.environ["PAI_WORKSPACE_ID"]]
        environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
        self.process = subprocess.Popen([self.binary, *flags], env=environment | CREDENTIALS, stderr=self.log)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE)
        check("SIGTERM ends it cleanly", status == 0, status)

    def kill(self):
        self.process.kill()
        self.process.wait()

    @contextmanager
    def running(self, resync=LONG):
        self.start(resync)
        yield
        self.stop()

    # Objects.

    def create(self, *names, **spec):
        base = {"property": "DIRECTORY", "dataSourceType": "OSS", "description": "as created"}
        items = [
            {
                "apiVersion": "pai.dataset-operator.dev/v1alpha1", "kind": "Dataset",
                "metadata": {"name": name, "namespace": self.namespace},
                "spec": base | {"uri": f"oss://bucket.oss-cn-hangzhou.aliyuncs.com/{name}/"} | spec,
            }
            for name in names
        ]
        kubectl("create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))

    def edit(self, which, **spec):
        kubectl("-n", self.namespace, "patch", "paids", which, "--type=merge", "-p", json.dumps({"spec": spec}))

    def delete(self, *names):
        kubectl("-n", self.namespace, "delete", "paids", "--wait=false", *names)

    def objects(self):
        return json.loads(kubectl("-n", self.namespace, "get", "paids", "-o", "json"))["items"]

    def ready(self, *names, status="True", reason="Available"):
        """Whether these objects say so, of their present generation."""
        found = {item["metadata"]["name"]: item for item in self.objects()}
        for item in (found[name] for name in names):
            generation = item["metadata"]["generation"]
            of = {c["type"]: c for c in item.get("status", {}).get("conditions", [])}.get("Ready")
            if not of or (of["status"], of["reason"]) != (status, reason) or of.get("observedGeneration") != generation:
                return False
            if item["status"].get("observedGeneration") != generation:
                return False
        return True

    def recorded(self, *names):
        """Whether these objects have the ids of their datasets, each of which exists once."""
        remote = http("GET", "/_emulator/state")["datasets"]
        ids = {item["metadata"]["name"]: item["status"]["datasetId"] for item in self.objects()}
        return all([d["DatasetId"] for d in remote if d["Name"] == name] == [ids[name]] for name in names)

    # The stories.

    def costs(self):
        print(f"{self.setting}: a hundred creates")
        names = [f"many-{n:03}" for n in range(100)]
        with self.running():
            before, written = calls(), writes()
            self.create(*names)
            until("100 are Ready", lambda: self.ready(*names))
            check("each has one dataset, and its id", self.recorded(*names))
            made = since(before)
            wrote = {key: n - written.get(key, 0) for key, n in quiet_writes().items() if n > written.get(key, 0)}
            rejected = calls()[1] - before[1]
            print(f"         calls  {sum(made.values()) / 100:.2f} per create: {made}, throttled besides: {rejected}")
            print(f"         writes {sum(wrote.values()) / 100:.2f} per create: {wrote}")
            sweeps = made.pop("ListDatasets", 0)
            if self.setting == "scaffold":
                verb, calls_due = "update", {"CreateDataset": 100, "GetDataset": 100}
            else:
                verb, calls_due = "patch", {"CreateDataset": 100}
            check("the calls that were expected, and no more than 5 lists", made == calls_due and sweeps <= 5, made)
            check("two writes each", wrote == {f"{verb} datasets": 100, f"{verb} datasets/status": 100}, wrote)

            before, written = calls(), quiet_writes()
            self.delete(*names)
            until("100 are gone from Kubernetes", lambda: not self.objects())
            check("and from the cloud", not datasets())
            check("one delete call each", since(before) == {"DeleteDataset": 100}, since(before))
            check("one write each", sum(quiet_writes().values()) - sum(written.values()) == 100)

    def edits(self):
        print(f"{self.setting}: an edit")
        old = [{"key": "a", "value": "1"}, {"key": "b", "value": "1"}]
        self.create("edited", options='{"mountPath":"/a"}', labels=old)
        until("it is Ready", lambda: self.ready("edited"))
        remote = datasets()["edited"]
        as_someone_else("POST", f"/{remote['DatasetId']}/labels", {"Labels": [{"Key": "foreign", "Value": "x"}]})
        before = calls()
        new = [{"key": "b", "value": "2"}, {"key": "c", "value": "3"}]
        self.edit("edited", description="as edited", options='{"mountPath":"/b"}', labels=new)
        until("it is Ready again, for the new generation", lambda: self.ready("edited"))
        print(f"         calls  {since(before)}")
        remote = datasets()["edited"]
        check("description", remote["Description"] == "as edited", remote)
        check("options", remote["Options"] == '{"mountPath":"/b"}', remote)
        mine = labels(remote)
        mine.pop("peer-owner")
        check("labels: one changed, one new, one gone, one foreign", mine == {"b": "2", "c": "3", "foreign": "x"}, mine)

    def drift(self):
        print(f"{self.setting}: drift")
        written = quiet_writes()
        as_someone_else("PUT", "/" + datasets()["edited"]["DatasetId"], {"Description": "meddled"})
        until("the description is repaired", lambda: datasets()["edited"]["Description"] == "as edited")
        as_someone_else("DELETE", f"/{datasets()['edited']['DatasetId']}/labels?LabelKeys=c")
        until("the label is repaired", lambda: labels(datasets()["edited"]).get("c") == "3")
        check("without a write to Kubernetes", quiet_writes() == written)

    def external_deletion(self):
        print(f"{self.setting}: deleted by someone else")
        self.create("phoenix", onExternalDeletion="Recreate")
        self.create("ash")
        until("they are Ready", lambda: self.ready("phoenix", "ash"))
        old = datasets()
        for name in ("phoenix", "ash"):
            as_someone_else("DELETE", "/" + old[name]["DatasetId"])
        until("one is reported", lambda: self.ready("ash", status="False", reason="RemoteDeleted"))
        until("the other is created again", lambda: "phoenix" in datasets() and self.recorded("phoenix"))
        check("under a new id", datasets()["phoenix"]["DatasetId"] != old["phoenix"]["DatasetId"])
        check("and the first was not", "ash" not in datasets())

    def retained(self):
        print(f"{self.setting}: Retain")
        self.create("kept", deletionPolicy="Retain")
        until("it is Ready", lambda: self.ready("kept"))
        self.delete("kept", "edited", "phoenix", "ash")
        until("all objects are gone", lambda: not self.objects())
        check("what is to be kept is there, the rest is gone", list(datasets()) == ["kept"], list(datasets()))
        as_someone_else("DELETE", "/" + datasets()["kept"]["DatasetId"])

    def refused(self):
        print(f"{self.setting}: a name that is taken")
        body = {"Name": "taken", "Property": "FILE", "DataSourceType": "OSS", "Uri": "oss://b/"}
        other = as_someone_else("POST", "", body | {"WorkspaceId": os.environ["PAI_WORKSPACE_ID"]})["DatasetId"]
        self.create("taken")
        until("it is reported", lambda: self.ready("taken", status="False", reason="Refused"))
        check("the other's dataset is untouched", datasets()["taken"]["DatasetId"] == other)
        self.edit("taken", name="free")
        until("another name helps", lambda: self.ready("taken"))
        self.delete("taken")
        until("its dataset goes with it", lambda: not self.objects())
        check("the other's stays", list(datasets()) == ["taken"], list(datasets()))
        as_someone_else("DELETE", "/" + other)

    def killed(self):
        print(f"{self.setting}: killed between create and record")
        http("POST", "/_emulator/faults", [{"operation": "CreateDataset", "effect": "drop", "when": "after"}])
        before = calls()
        self.start(LONG)
        self.create("orphan")
        until("the dataset exists, its id is not known here", lambda: "orphan" in datasets())
        self.kill()
        check("nothing is recorded", "datasetId" not in self.objects()[0].get("status", {}))
        with self.running():
            until("after a restart it is Ready", lambda: self.ready("orphan"))
            check("with the one dataset there is", self.recorded("orphan"))
            check("one create call in all", since(before)["CreateDataset"] == 1, since(before))
            print(f"         calls  {since(before)}")

            print(f"{self.setting}: the answer to a create is lost")
            http("POST", "/_emulator/faults", [{"operation": "CreateDataset", "effect": "reset", "when": "after"}])
            before = calls()
            self.create("lost")
            until("it is Ready", lambda: self.ready("lost"))
            check("with the one dataset there is", self.recorded("lost"))
            check("one create call in all", since(before)["CreateDataset"] == 1, since(before))

    def restarted(self):
        print(f"{self.setting}: changes while it is down")
        self.edit("lost", description="edited while it was down")
        as_someone_else("PUT", "/" + datasets()["orphan"]["DatasetId"], {"Description": "meddled"})
        written, before = quiet_writes(), calls()
        with self.running():
            until("the edit is carried out", lambda: self.ready("lost"))
            check("in the cloud, too", datasets()["lost"]["Description"] == "edited while it was down")
            until("the drift is repaired", lambda: datasets()["orphan"]["Description"] == "as created")
            check("nothing was created", "CreateDataset" not in since(before), since(before))
            wrote = sum(quiet_writes().values()) - sum(written.values())
            check("one write, for the edit", wrote == 1, wrote)
        self.delete("lost", "orphan")
        with self.running():
            until("deleted while it was down: gone", lambda: not self.objects() and not datasets())

    def throttled(self):
        print(f"{self.setting}: throttled to 20 calls a second")
        names = [f"slow-{n:02}" for n in range(50)]
        knobs(quotaPerSecond=20)
        refusal = {"operation": "*", "effect": "error", "status": 400, "code": "Throttling.User", "count": 20}
        http("POST", "/_emulator/faults", [refusal])
        before, struck = calls(), http("GET", "/_emulator/stats")["faults"]
        with self.running():
            self.create(*names)
            until("50 are Ready", lambda: self.ready(*names))
            check("each has one dataset, and its id", self.recorded(*names))
            check("50 creates succeeded", since(before)["CreateDataset"] == 50, since(before))
            check("20 calls were rejected at least", http("GET", "/_emulator/stats")["faults"] - struck == 20)
            print(f"         calls  {since(before)}, throttled besides: {calls()[1] - before[1] + 20}")
            knobs(quotaPerSecond=100)
        knobs(pageSizeMax=10)
        print(f"{self.setting}: drift, with pages of 10")
        with self.running(SHORT):
            for name in ("slow-00", "slow-49"):
                as_someone_else("PUT", "/" + datasets()[name]["DatasetId"], {"Description": "meddled"})
            until("it is repaired", lambda: all(d["Description"] == "as created" for d in datasets().values()))
            check("nobody was taken for gone", self.ready(*names))
            self.delete(*names)
            until("all are gone", lambda: not self.objects() and not datasets())

    def run(self):
        http("POST", "/_emulator/reset")
        knobs(quotaPerSecond=100)
        kubectl("create", "namespace", self.namespace)
        try:
            self.costs()
            with self.running(SHORT):
                self.edits()
                self.drift()
                self.external_deletion()
                self.retained()
                self.refused()
            self.killed()
            self.restarted()
            self.throttled()
            check("no dataset is left", not datasets(), datasets())
        finally:
            if self.process and self.process.poll() is None:
                self.kill()
        kubectl("delete", "namespace", self.namespace, "--wait=false")


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    logs = tempfile.mkdtemp(prefix="peer-stories-")
    print(f"logs of the operator: {logs}")
    for setting in SETTINGS:
        Stories(sys.argv[1], setting, logs).run()
    print("all stories passed in both settings")


if __name__ == "__main__":
    main()
