"""Datasets and bindings of IMM, driven with its own official SDK by each kind of credential.

They have no rows of their own in the table: their checks count in the last line.
"""

import pathlib
import re
import traceback

from alibabacloud_credentials.client import Client as CredentialClient
from alibabacloud_credentials.models import Config as CredentialConfig
from alibabacloud_imm20200930 import models
from alibabacloud_imm20200930.client import Client
from alibabacloud_tea_openapi.models import Config

from wire import RpcContract

HERE = pathlib.Path(__file__).parent
CREDENTIALS = {
    "AK": {"type": "access_key", "access_key_id": "testAccessKeyId", "access_key_secret": "testAccessKeySecret"},
    "STS": {
        "type": "sts", "access_key_id": "STS.testAccessKeyId", "access_key_secret": "testStsAccessKeySecret",
        "security_token": "testSecurityToken",
    },
    "bearer": {"type": "bearer", "bearer_token": "testBearerToken"},
}


class Media:
    """Part of a conformance run; `run` has the recorder, the control API and the report."""

    def __init__(self, run):
        self.run, self.column, self.client = run, "", None
        self.contract = RpcContract(HERE / "imm-dataset-openapi.yaml")

    def __call__(self, operation, **parameters):
        """The answer's body, or the code of the SDK's exception."""
        method = getattr(self.client, re.sub(r"(?<!^)([A-Z])", r"_\1", operation).lower())
        request = getattr(models, operation + "Request")().from_map({"ProjectName": "p", **parameters})
        try:
            return method(request).body.to_map()
        except Exception as error:  # pylint: disable=broad-except
            return getattr(error, "code", repr(error))

    def same(self, operation, got, expected):
        self.run.report.check(f"imm:{operation}", self.column, got == expected, f"{got!r} is not {expected!r}")

    def has(self, operation, answer, member, expected):
        got = answer.get(member) if isinstance(answer, dict) else answer
        found = {name: got.get(name) for name in expected} if isinstance(got, dict) else got
        self.same(operation, found, expected)

    def all(self):
        for self.column, credential in CREDENTIALS.items():
            config = Config(endpoint=self.run.recorder.endpoint, protocol="http")
            config.credential = CredentialClient(CredentialConfig(**credential))
            self.client = Client(config)
            try:
                self.walk()
            except Exception as error:  # pylint: disable=broad-except
                traceback.print_exc()
                self.run.report.check("imm:CreateDataset", self.column, False, f"stopped by {error!r}")
            self.hold_to_contract()

    def hold_to_contract(self):
        for exchange in self.run.recorder.take():
            # Bindings are not in the document.
            name = self.contract.operation_of(exchange)
            if name is not None:
                errors = self.contract.answer_errors(exchange) + self.contract.request_errors(exchange)
                self.run.report.check(f"imm:{name}", "schema", not errors, f"{exchange.query}: {'; '.join(errors)}")

    def walk(self):
        name = {"DatasetName": "pics"}
        sent = {
            **name, "Description": "图片 集", "TemplateId": "Official:ImageManagement", "DatasetMaxBindCount": 1,
            "DatasetMaxFileCount": 5, "DatasetMaxEntityCount": 6, "DatasetMaxRelationCount": 7,
            "DatasetMaxTotalFileSize": 9007199254740993, "WorkflowParameters": [{"Name": "n", "Value": "v"}],
        }
        self.has("CreateDataset", self("CreateDataset", **sent), "Dataset", {**sent, "ProjectName": "p"})
        self.same("CreateDataset", self("CreateDataset", **sent), "ResourceAlreadyExists")
        counted = {**sent, "BindCount": 0, "FileCount": 0, "TotalFileSize": 0}
        self.has("GetDataset", self("GetDataset", **name, WithStatistics=True), "Dataset", counted)
        change = {"Description": "", "TemplateId": "t", "DatasetMaxFileCount": 8, "WorkflowParameters": []}
        self.has("UpdateDataset", self("UpdateDataset", **name, **change), "Dataset", {**sent, **change})
        self("CreateDataset", DatasetName="pict")
        page = self("ListDatasets", MaxResults=1, Prefix="pic")
        self.same("ListDatasets", [one["DatasetName"] for one in page["Datasets"]], ["pics"])
        page = self("ListDatasets", MaxResults=1, Prefix="pic", NextToken=page["NextToken"])
        found = [one["DatasetName"] for one in page["Datasets"]], page["NextToken"]
        self.same("ListDatasets", found, (["pict"], ""))
        bucket = {**name, "URI": "oss://bucket"}
        binding = {**bucket, "ProjectName": "p", "State": "Running"}
        self.has("CreateBinding", self("CreateBinding", **bucket), "Binding", binding)
        self.has("GetBinding", self("GetBinding", **bucket), "Binding", binding)
        listed = self("ListBindings", **name)["Bindings"]
        self.same("ListBindings", [one["URI"] for one in listed], ["oss://bucket"])
        self.same("DeleteDataset", self("DeleteDataset", **name), "StatusConflict")
        self.same("DeleteBinding", list(self("DeleteBinding", **bucket)), ["RequestId"])
        self.same("DeleteDataset", list(self("DeleteDataset", **name)), ["RequestId"])
        self("DeleteDataset", DatasetName="pict")
        self.same("GetDataset", self("GetDataset", **name), "ResourceNotFound")
