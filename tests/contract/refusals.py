"""Every refusal, as the SDK reports it."""

from alibabacloud_tea_openapi import exceptions

URI = "oss://bucket.oss-cn-hangzhou-internal.aliyuncs.com/data/"
WORKSPACE = "500"
LEAST = {"Name": "x", "Property": "FILE", "DataSourceType": "OSS", "Uri": URI, "WorkspaceId": WORKSPACE}
VERSION = {"Property": "FILE", "DataSourceType": "OSS", "Uri": URI}
LABELS = [{"Key": "k", "Value": "v"}]
FILE = {
    "Uri": "oss://bucket/1.png", "FileType": "image", "ContentType": "image/png", "FileFingerPrint": "9B",
    "FileUpdateTime": "2026-11-01T00:00:00Z",
}
JOB = {"JobAction": "FileMetaBuild", "JobSpec": "{}", "WorkspaceId": WORKSPACE}
CONFIG = {"ConfigType": "MultimodalIntelligentTag", "Config": '{"apiKey":"k"}', "WorkspaceId": WORKSPACE}
KEY, SECRET = "testAccessKeyId", "testAccessKeySecret"
STS = {"type": "sts", "access_key_id": "STS.testAccessKeyId", "access_key_secret": "testStsAccessKeySecret"}


class Refusals:
    def __init__(self, conformance):
        self.conformance = conformance
        self.api = conformance.apis()["AK"]

    def expect(self, status, code, operation, *ids, api=None, valid=True, kind=exceptions.ClientException,
               retry_after=None, **parameters):
        """The call must raise this; `valid` says that the request itself keeps to the document."""
        def check(good, what):
            self.conformance.report.check(operation, "errors", good, what)

        try:
            answer = (api or self.api)(operation, *ids, **parameters)
            check(False, f"{answer} instead of {status} {code}")
        except exceptions.AlibabaCloudException as error:
            got, wanted = (type(error), error.status_code, str(error.code)), (kind, status, code)
            check(got == wanted and bool(error.request_id), f"{got} is not {wanted}, RequestId {error.request_id}")
            if retry_after is not None:
                check(error.retry_after == retry_after, f"retry after {error.retry_after}")
        self.conformance.hold_to_contract(requests_too=valid)

    def all(self):
        dataset = self.api("CreateDataset", **LEAST)["DatasetId"]
        self.missing(dataset)
        self.invalid_creates()
        self.invalid_others(dataset)
        self.switched(dataset)
        self.weather(dataset)
        self.identity()
        self.api("DeleteDataset", dataset)
        self.conformance.hold_to_contract()

    def missing(self, dataset):
        """What is not there."""
        for operation, parameters in {
            "GetDataset": {}, "UpdateDataset": {"Name": "y"}, "DeleteDataset": {}, "PublishDataset": {},
            "CreateDatasetLabels": {"Labels": LABELS}, "DeleteDatasetLabels": {"LabelKeys": "k"},
            "CreateDatasetVersion": VERSION, "ListDatasetVersions": {"PageNumber": 1, "PageSize": 1},
        }.items():
            for absent in ("d-none", "d/猫 x"):
                self.expect(404, "201300003", operation, absent, **parameters)
        for operation, parameters in {
            "GetDatasetVersion": {}, "UpdateDatasetVersion": {"Description": "y"}, "DeleteDatasetVersion": {},
            "CreateDatasetVersionLabels": {"Labels": LABELS}, "DeleteDatasetVersionLabels": {"Keys": "k"},
        }.items():
            for absent in (("d-none", "v1"), (dataset, "v9")):
                self.expect(404, "201300003", operation, *absent, **parameters)
        whole = {"DatasetVersion": "v1", "WorkspaceId": WORKSPACE}
        for operation, parameters in {
            "CreateDatasetFileMetas": {**whole, "DatasetFileMetas": [FILE]},
            "UpdateDatasetFileMetas": {"DatasetFileMetas": [{"DatasetFileMetaId": "a"}]},
            "DeleteDatasetFileMetas": {"DatasetFileMetaIds": "a"}, "ListDatasetFileMetas": whole,
            "GetDatasetFileMetasStatistics": whole, "CreateDatasetJob": JOB, "ListDatasetJobs": {},
            "CreateDatasetJobConfig": CONFIG, "ListDatasetJobConfigs": {},
        }.items():
            self.expect(404, "201300003", operation, "d-none", **parameters)
        for operation in (
            "GetDatasetFileMeta", "GetDatasetJob", "UpdateDatasetJob", "StopDatasetJob", "DeleteDatasetJob",
            "GetDatasetJobConfig", "UpdateDatasetJobConfig", "DeleteDatasetJobConfig",
        ):
            for absent in (("d-none", "x"), (dataset, "x")):
                self.expect(404, "201300003", operation, *absent)

    def invalid_creates(self):
        """Creates that break a rule."""
        self.expect(400, "201300003", "CreateDataset", **LEAST)
        self.expect(404, "100400027", "CreateDataset", **{**LEAST, "WorkspaceId": "none"})
        self.expect(400, "MissingWorkspaceId", "CreateDataset", **{**LEAST, "WorkspaceId": ""})
        roles = {"Accessibility": "ROLE_PUBLIC"}
        self.expect(400, "MissingAccessibleRoleIdList", "CreateDataset", **{**LEAST, "Name": "y", **roles})
        nas = {"DataSourceType": "NAS", "Edition": "ADVANCED"}
        self.expect(400, "InvalidEdition", "CreateDataset", **{**LEAST, "Name": "y", **nas})
        self.expect(400, "MissingUri", "CreateDataset", **{**LEAST, "Name": "y", "Uri": ""})
        for code, change in {
            "MissingName": {"Name": ""}, "InvalidName": {"Name": "-y"}, "InvalidProperty": {"Property": "TABULAR"},
            "InvalidDataSize": {"DataSize": 0}, "InvalidLabels": {"Labels": [{"Key": "a=b", "Value": "c"}]},
            "InvalidProvider": {"Provider": "pai"},
        }.items():
            self.expect(400, code, "CreateDataset", valid=False, **{**LEAST, "Name": "y", **change})

    def invalid_others(self, dataset):
        """Other calls that break a rule."""
        for code, query in {
            "InvalidSortBy": {"SortBy": "Name"}, "InvalidPageSize": {"PageSize": 0}, "InvalidOrder": {"Order": "UP"},
        }.items():
            self.expect(400, code, "ListDatasets", WorkspaceId=WORKSPACE, valid=False, **query)
        self.expect(400, "MissingPageNumber", "ListDatasetVersions", dataset, PageSize=1, valid=False)
        self.expect(400, "InvalidEdition", "UpdateDataset", dataset, Edition="LOGICAL")
        nas = {**VERSION, "DataSourceType": "NAS"}
        self.expect(400, "InvalidDataSourceType", "CreateDatasetVersion", dataset, **nas)
        self.expect(400, "201300101", "DeleteDatasetVersion", dataset, "v1")
        self.expect(400, "MissingLabelKeys", "DeleteDatasetLabels", dataset)
        self.expect(400, "MissingKeys", "DeleteDatasetVersionLabels", dataset, "v1", valid=False)
        files = {"DatasetVersion": "v1", "WorkspaceId": WORKSPACE, "DatasetFileMetas": [FILE]}
        self.expect(400, "InvalidDatasetId", "CreateDatasetFileMetas", dataset, **files)
        for code, change in {
            "MissingJobAction": {"JobAction": ""}, "InvalidJobAction": {"JobAction": "Dance"},
            "InvalidJobMode": {"JobMode": "Half"},
        }.items():
            self.expect(400, code, "CreateDatasetJob", dataset, valid=False, **{**JOB, **change})
        self.expect(400, "InvalidJobSpec", "CreateDatasetJob", dataset, **{**JOB, "JobAction": "SemanticIndex"})
        self.expect(400, "InvalidWorkspaceId", "CreateDatasetJob", dataset, **{**JOB, "WorkspaceId": "1"})
        self.expect(400, "InvalidStatus", "ListDatasetJobs", dataset, valid=False, Status="Done")
        job = self.api("CreateDatasetJob", dataset, **JOB)["DatasetJobId"]
        self.expect(400, "201300201", "DeleteDatasetJob", dataset, job)
        self.api("StopDatasetJob", dataset, job)
        self.expect(400, "201300201", "StopDatasetJob", dataset, job)
        self.api("DeleteDatasetJob", dataset, job)
        config = self.api("CreateDatasetJobConfig", dataset, **CONFIG)["DatasetJobConfigId"]
        self.expect(400, "201300202", "CreateDatasetJobConfig", dataset, **CONFIG)
        self.expect(400, "InvalidConfig", "UpdateDatasetJobConfig", dataset, config, Config="[")

    def switched(self, dataset):
        """What the emulator refuses only on demand."""
        knobs = lambda **turned: self.conformance.control("PUT", "/knobs", turned)
        knobs(deleteWithVersions="refuse", republish="refuse")
        self.api("CreateDatasetVersion", dataset, **VERSION)
        self.api("PublishDataset", dataset)
        self.expect(400, "201300102", "DeleteDataset", dataset)
        self.expect(400, "InvalidAccessibility", "PublishDataset", dataset)
        knobs(deleteWithVersions="cascade", republish="accept")

    def weather(self, dataset):
        """Throttling, server errors, and a write whose answer is an error."""
        order = lambda **fault: self.conformance.control("POST", "/faults", [fault])
        for status in (400, 429):
            throttle = {"operation": "GetDataset", "status": status, "code": "Throttling.User"}
            order(**throttle, retryAfterMs=1500)
            self.expect(status, "Throttling.User", "GetDataset", dataset, kind=exceptions.ThrottlingException,
                        retry_after=1500)
            order(**throttle)
            self.expect(status, "Throttling.User", "GetDataset", dataset)
        order(operation="GetDataset")
        self.expect(503, "ServiceUnavailable", "GetDataset", dataset, kind=exceptions.ServerException)
        order(when="after", status=500, code="InternalError")
        after = {**LEAST, "Name": "after"}
        self.expect(500, "InternalError", "CreateDataset", kind=exceptions.ServerException, **after)
        found = self.api("ListDatasets", WorkspaceId=WORKSPACE, Name="after")["Datasets"]
        self.conformance.report.check("CreateDataset", "errors", len(found) == 1, "the write was lost with its answer")
        for item in found:
            self.api("DeleteDataset", item["DatasetId"])

    def identity(self):
        """Callers that are not who they say, or may not do it."""
        conformance = self.conformance
        wrong = {"access_key_id": KEY, "access_key_secret": "wrong"}
        for status, code, api in [
            (400, "SignatureDoesNotMatch", conformance.api(**wrong)),
            (400, "SignatureDoesNotMatch", conformance.api(**wrong, signature_algorithm="v2")),
            (404, "InvalidAccessKeyId.NotFound", conformance.api(access_key_id="nobody", access_key_secret=SECRET)),
            (400, "InvalidSecurityToken.MismatchWithAccessKey", conformance.api_with(**STS, security_token="stale")),
            (400, "InvalidBearerToken", conformance.api_with(type="bearer", bearer_token="wrong")),
        ]:
            self.expect(status, code, "ListDatasets", api=api, WorkspaceId=WORKSPACE)
        known = conformance.control("GET", "/state")["credentials"]
        change = lambda **how: conformance.control("PUT", "/state", {"credentials": [{**one, **how} for one in known]})
        change(denied=["CreateDataset"])
        self.expect(403, "NoPermission", "CreateDataset", **{**LEAST, "Name": "y"})
        change(expired=True)
        sts = conformance.api_with(**STS, security_token="testSecurityToken")
        self.expect(400, "InvalidSecurityToken.Expired", "ListDatasets", api=sts, WorkspaceId=WORKSPACE)
        change()
