"""One credential's way through all operations, in a workspace of its own, reading back what it wrote."""

from belongings import Belongings

URI = "oss://bucket.oss-cn-hangzhou-internal.aliyuncs.com/a b/"

# Members of CreateDataset that describe v1, with their names there.
OF_VERSION = {
    "VersionDescription": "Description", "VersionLabels": "Labels", "DataSize": "DataSize", "DataCount": "DataCount",
    "DatasetTaskRamRole": "DatasetTaskRamRole", "UserMetricsEndpoints": "UserMetricsEndpoints",
}


def label(key, value):
    return {"Key": key, "Value": value}


class Walk:
    def __init__(self, report, column, api, workspace):
        self.report, self.column, self.api, self.workspace = report, column, api, workspace

    def check(self, operation, good, what):
        self.report.check(operation, self.column, good, what)

    def same(self, operation, got, expected):
        self.check(operation, got == expected, f"{got!r} is not {expected!r}")

    def has(self, operation, got, expected):
        """`got` has these members; None stands for an absent one."""
        for member, value in expected.items():
            self.check(operation, got.get(member) == value, f"{member} is {got.get(member)!r}, not {value!r}")

    def all(self):
        dataset = self.create_and_get()
        self.update(dataset)
        self.labels(dataset)
        self.versions(dataset)
        self.version_labels(dataset)
        self.list_datasets(dataset)
        self.list_versions(dataset)
        Belongings(self, dataset).all()
        self.delete(dataset)

    def create_and_get(self):
        sent = {
            "Name": "demo-数据集", "Property": "DIRECTORY", "DataSourceType": "OSS", "Uri": URI, "DataType": "PIC",
            "Labels": [label("env", "测试")], "SourceType": "USER", "SourceId": "ns.name.uid",
            "Description": "用于标注的数据。", "WorkspaceId": self.workspace, "Options": '{"mountPath":"/mnt/data/"}',
            "Accessibility": "PRIVATE", "AccessibleRoleIdList": ["PAI.AlgoDeveloper"], "ProviderType": "Ecs",
            "Provider": "acme", "UserId": "2000000000000002", "SourceDatasetId": "d-source",
            "SourceDatasetVersion": "v3", "VersionDescription": "the first", "VersionLabels": [label("v", "1")],
            "DataSize": 10000, "DataCount": 500, "MountAccessReadWriteRoleIdList": ["PAI.AlgoOperator"],
            "ImportInfo": '{"region":"cn-hangzhou"}', "Edition": "BASIC", "DatasetTaskRamRole": "role",
            "UserMetricsEndpoints": [{"Path": "/metrics", "Port": 9090}],
        }
        answer = self.api("CreateDataset", **sent)
        dataset = answer["DatasetId"]
        self.check("CreateDataset", dataset.startswith("d-") and len(answer["RequestId"]) == 36, answer)
        got = self.api("GetDataset", dataset)
        self.has("GetDataset", got, {m: value for m, value in sent.items() if m not in OF_VERSION})
        latest = {OF_VERSION[m]: value for m, value in sent.items() if m in OF_VERSION}
        self.has("GetDataset", got["LatestVersion"], {**latest, "VersionName": "v1", "Uri": URI})
        self.same("GetDataset", got["DatasetId"], dataset)
        dry = self.api("CreateDataset", **{**sent, "Name": "dry", "DryRun": True})
        self.check("CreateDataset", "DatasetId" not in dry, "a dry run made something")
        return dataset

    def update(self, dataset):
        change = {
            "Name": "renamed-数据集", "Description": "", "Options": '{"mountPath":"/mnt/data2/"}', "Edition": "ADVANCED",
            "MountAccessReadWriteRoleIdList": [], "Accessibility": "ROLE_PUBLIC", "AccessibleRoleIdList": ["owner"],
        }
        share = {"TenantId": "1000000000000001", "WorkspaceId": "9"}
        answer = self.api("UpdateDataset", dataset, **change, SharingConfig={"SharedTo": [share]})
        self.check("UpdateDataset", len(answer["RequestId"]) == 36, answer)
        got = self.api("GetDataset", dataset)
        self.has("UpdateDataset", got, {**change, "Uri": URI, "DataType": "PIC"})
        self.has("UpdateDataset", got["SharingConfig"]["SharedTo"][0], {**share, "Status": "ACTIVE"})
        self.api("PublishDataset", dataset)
        self.same("PublishDataset", self.api("GetDataset", dataset)["Accessibility"], "PUBLIC")

    def labels(self, dataset):
        labels = [label("env", "prod"), label("team", "红")]
        self.api("CreateDatasetLabels", dataset, Labels=labels)
        self.same("CreateDatasetLabels", self.api("GetDataset", dataset)["Labels"], labels)
        self.api("DeleteDatasetLabels", dataset, LabelKeys="env,absent")
        self.same("DeleteDatasetLabels", self.api("GetDataset", dataset)["Labels"], labels[1:])

    def versions(self, dataset):
        sent = {
            "Property": "DIRECTORY", "DataSourceType": "OSS", "Uri": URI + "v2/", "Labels": [label("k", "v")],
            "SourceType": "USER", "SourceId": "ns.name.v2", "Options": "{}", "Description": "second", "DataSize": 2,
            "DataCount": 1, "ImportInfo": "{}", "DatasetTaskRamRole": "r",
            "UserMetricsEndpoints": [{"Path": "/m", "Port": 1}],
        }
        names = [self.api("CreateDatasetVersion", dataset, **sent)["VersionName"] for _ in range(3)]
        self.same("CreateDatasetVersion", names, ["v2", "v3", "v4"])
        dry = self.api("CreateDatasetVersion", dataset, **sent, DryRun=True)
        self.check("CreateDatasetVersion", "VersionName" not in dry, "a dry run made something")
        got = self.api("GetDatasetVersion", dataset, "v2")
        self.has("GetDatasetVersion", got, {**sent, "DatasetId": dataset, "VersionName": "v2"})
        change = {
            "Description": "", "Options": '{"a":1}', "DataSize": 7, "DataCount": 8, "DatasetTaskRamRole": "r2",
            "UserMetricsEndpoints": [{"Path": "/n", "Port": 2}],
        }
        self.api("UpdateDatasetVersion", dataset, "v2", **change)
        self.has("UpdateDatasetVersion", self.api("GetDatasetVersion", dataset, "v2"), {**sent, **change})
        self.api("DeleteDatasetVersion", dataset, "v4")
        latest = self.api("GetDataset", dataset)["LatestVersion"]
        self.same("DeleteDatasetVersion", latest["VersionName"], "v3")

    def version_labels(self, dataset):
        self.api("CreateDatasetVersionLabels", dataset, "v2", Labels=[label("x", "1"), label("k", "w")])
        labels = self.api("GetDatasetVersion", dataset, "v2")["Labels"]
        self.same("CreateDatasetVersionLabels", labels, [label("k", "w"), label("x", "1")])
        self.api("DeleteDatasetVersionLabels", dataset, "v2", Keys="k,absent")
        labels = self.api("GetDatasetVersion", dataset, "v2")["Labels"]
        self.same("DeleteDatasetVersionLabels", labels, [label("x", "1")])

    def list_datasets(self, dataset):
        least = {"Property": "DIRECTORY", "DataSourceType": "OSS", "Uri": URI, "WorkspaceId": self.workspace}
        more = [
            self.api("CreateDataset", **least, Name=f"more-{n}", Labels=[label("set", "more")])["DatasetId"]
            for n in range(4)
        ]

        def listed(**query):
            return self.api("ListDatasets", WorkspaceId=self.workspace, **query)

        pages = [listed(PageNumber=n, PageSize=2) for n in (1, 2, 3, 4)]
        ids = [item["DatasetId"] for page in pages for item in page["Datasets"]]
        self.same("ListDatasets", ids, [dataset, *more])
        self.same("ListDatasets", [page["TotalCount"] for page in pages], [5] * 4)
        for query, expected in [
            ({"Name": "MORE-"}, more),
            ({"Name": "数据"}, [dataset]),
            ({"Label": "mor"}, more),
            ({"Label": "team", "SourceId": "ns.name.uid", "SourceTypes": "USER,ITAG"}, [dataset]),
            ({"DatasetIds": f"{more[2]},{dataset}"}, [dataset, more[2]]),
            ({"DataSourceTypes": "NAS,CPFS"}, []),
            ({"DataTypes": "PIC", "Properties": "DIRECTORY,FILE", "Edition": "ADVANCED"}, [dataset]),
            ({"Accessibility": "PUBLIC", "Provider": "acme", "SourceDatasetId": "d-source"}, [dataset]),
            ({"ShareScope": "BY_ME"}, [dataset]),
            ({"SortBy": "GmtCreateTime", "Order": "DESC", "PageSize": 100}, [*reversed(more), dataset]),
            ({"SortBy": "DataType", "Order": "DESC"}, [dataset, *more]),
        ]:
            self.same("ListDatasets", [item["DatasetId"] for item in listed(**query)["Datasets"]], expected)
        whole, item = self.api("GetDataset", dataset), listed(DatasetIds=dataset)["Datasets"][0]
        of_get = ("RequestId", "Provider", "SharingConfig")
        self.same("ListDatasets", item, {m: value for m, value in whole.items() if m not in of_get})
        for extra in more:
            self.api("DeleteDataset", extra)

    def list_versions(self, dataset):
        def listed(**query):
            return self.api("ListDatasetVersions", dataset, **{"PageNumber": 1, "PageSize": 2, **query})

        def names(page):
            return [item["VersionName"] for item in page["DatasetVersions"]]

        pages = [listed(PageNumber=n) for n in (1, 2)]
        self.same("ListDatasetVersions", [names(page) for page in pages], [["v1", "v2"], ["v3"]])
        shown = [(page["PageNumber"], page["PageSize"], page["TotalCount"]) for page in pages]
        self.same("ListDatasetVersions", shown, [(1, 2, 3), (2, 2, 3)])
        for query, expected in [
            ({"Order": "DESC"}, ["v3", "v2"]),
            ({"SortBy": "DataSize"}, ["v3", "v2"]),
            ({"LabelKeys": "x"}, ["v2"]),
            ({"LabelKeys": "k,nothing"}, ["v3"]),
            ({"LabelValues": "v"}, ["v3"]),
            ({"SourceId": "ns.name.v2"}, ["v2", "v3"]),
            ({"SourceTypes": "ITAG"}, []),
            ({"Properties": "FILE"}, []),
        ]:
            self.same("ListDatasetVersions", names(listed(**query)), expected)

    def delete(self, dataset):
        answer = self.api("DeleteDataset", dataset)
        self.check("DeleteDataset", len(answer["RequestId"]) == 36, answer)
        self.same("DeleteDataset", self.api("ListDatasets", WorkspaceId=self.workspace)["TotalCount"], 0)
