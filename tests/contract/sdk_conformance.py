"""Drives every dataset operation with the official Python SDK against a running emulator.

Each credential walks through all 32 operations and reads back what it wrote (walk.py, belongings.py); then every documented
refusal is provoked (refusals.py), the SDK of IMM drives its datasets and bindings (media.py), and the token service's SDK
asks who calls (identity.py). All requests and answers pass a recording proxy and are held to the OpenAPI documents (wire.py).
Prints a table and a last line `N passed, N failed`; the exit code is 1 if anything failed.

    sdk_conformance.py 127.0.0.1:8080
"""

import json
import os
import pathlib
import re
import sys
import traceback
import urllib.request

from alibabacloud_aiworkspace20210204 import models
from alibabacloud_aiworkspace20210204.client import Client
from alibabacloud_credentials.client import Client as CredentialClient
from alibabacloud_credentials.models import Config as CredentialConfig
from alibabacloud_tea_openapi.models import Config

from identity import Identity
from media import Media
from refusals import Refusals
from walk import Walk
from wire import Contract, Recorder

HERE = pathlib.Path(__file__).parent
OPERATIONS = [
    "CreateDataset", "ListDatasets", "GetDataset", "UpdateDataset", "DeleteDataset", "PublishDataset",
    "CreateDatasetLabels", "DeleteDatasetLabels", "CreateDatasetVersion", "ListDatasetVersions", "GetDatasetVersion",
    "UpdateDatasetVersion", "DeleteDatasetVersion", "CreateDatasetVersionLabels", "DeleteDatasetVersionLabels",
    "CreateDatasetFileMetas", "UpdateDatasetFileMetas", "DeleteDatasetFileMetas", "GetDatasetFileMeta",
    "ListDatasetFileMetas", "GetDatasetFileMetasStatistics", "CreateDatasetJob", "GetDatasetJob", "ListDatasetJobs",
    "UpdateDatasetJob", "DeleteDatasetJob", "StopDatasetJob", "CreateDatasetJobConfig", "GetDatasetJobConfig",
    "ListDatasetJobConfigs", "UpdateDatasetJobConfig", "DeleteDatasetJobConfig",
]
COLUMNS = ["AK", "STS", "bearer", "AK (ROA)", "errors", "schema"]


class Report:
    """Counts checks per operation and column."""

    def __init__(self):
        self.cells = {}

    def check(self, operation, column, good, what):
        cell = self.cells.setdefault((operation, column), [0, 0])
        cell[0 if good else 1] += 1
        if not good:
            print(f"FAILED {operation} [{column}]: {what}")

    def show(self):
        """Prints the table; true when nothing failed. An operation that a column never reached has failed."""
        for operation in OPERATIONS:
            for column in COLUMNS:
                if (operation, column) not in self.cells:
                    self.check(operation, column, False, "never reached")
        print(f"\n{'operation':<30}" + "".join(f"| {column:<10}" for column in COLUMNS))
        print("-" * 30 + "|-----------" * len(COLUMNS))
        for operation in OPERATIONS:
            row = [self.cells[operation, column] for column in COLUMNS]
            shown = [f"{good} ok" if not bad else f"{bad} FAILED" for good, bad in row]
            print(f"{operation:<30}" + "".join(f"| {cell:<10}" for cell in shown))
        good = sum(cell[0] for cell in self.cells.values())
        bad = sum(cell[1] for cell in self.cells.values())
        print(f"\n{good} passed, {bad} failed")
        return bad == 0


class Api:
    """The SDK's client with one way to call all its operations."""

    def __init__(self, client):
        self.client = client
        self.last = OPERATIONS[0]

    def __call__(self, operation, *ids, **parameters):
        """The answer's body; `parameters` have the names of the service."""
        self.last = operation
        method = getattr(self.client, re.sub(r"(?<!^)([A-Z])", r"_\1", operation).lower())
        request = getattr(models, operation + "Request")().from_map(parameters)
        return method(*ids, request).body.to_map()


class Conformance:
    """What walks and refusals share: the emulator, the recording in between, the report."""

    def __init__(self, target):
        self.target = target
        self.recorder = Recorder(target)
        self.contract = Contract(HERE / "pai-dataset-openapi.yaml")
        self.report = Report()

    def control(self, method, path, body=None):
        """A call of the emulator's control API."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{self.target}/_emulator{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    def api(self, **config):
        """A client with an access key."""
        return Api(Client(Config(endpoint=self.recorder.endpoint, protocol="http", **config)))

    def api_with(self, **credential):
        """A client with any credential of the vendor's credential library."""
        return self.api(credential=CredentialClient(CredentialConfig(**credential)))

    def apis(self):
        key = {"access_key_id": "testAccessKeyId", "access_key_secret": "testAccessKeySecret"}
        return {
            "AK": self.api(**key),
            "STS": self.api_with(
                type="sts", access_key_id="STS.testAccessKeyId", access_key_secret="testStsAccessKeySecret",
                security_token="testSecurityToken",
            ),
            "bearer": self.api_with(type="bearer", bearer_token="testBearerToken"),
            "AK (ROA)": self.api(**key, signature_algorithm="v2"),
        }

    def hold_to_contract(self, requests_too=True):
        """Checks all exchanges since the last call against the document."""
        for exchange in self.recorder.take():
            operation = self.contract.operation_of(exchange) or "ListDatasets"
            errors = self.contract.answer_errors(exchange)
            if requests_too:
                errors += self.contract.request_errors(exchange)
            call = f"{exchange.method} {exchange.path}?{exchange.query} -> {exchange.status}"
            self.report.check(operation, "schema", not errors, f"{call}: {'; '.join(errors)}")

    def attempt(self, part, column):
        """Runs a part to its end; what stops it is a failure of the operation that was called last."""
        try:
            part.all()
        except Exception as error:  # pylint: disable=broad-except
            traceback.print_exc()
            self.report.check(part.api.last, column, False, f"stopped by {error!r}")

    def run(self):
        # Short enough to wait for, long enough to be stopped on the way.
        self.control("PUT", "/knobs", {"jobPendingMs": 0, "jobRunMs": 1500})
        for number, (column, api) in enumerate(self.apis().items()):
            self.attempt(Walk(self.report, column, api, str(478 + number)), column)
            self.hold_to_contract()
        self.attempt(Refusals(self), "errors")
        left = self.control("GET", "/state")["datasets"]
        self.report.check("DeleteDataset", "errors", left == [], f"{len(left)} datasets are left")
        Media(self).all()
        self.recorder.close()
        Identity(self).all()
        return self.report.show()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    # Loopback must not go through a proxy that the machine may have.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    sys.exit(0 if Conformance(sys.argv[1]).run() else 1)


if __name__ == "__main__":
    main()
