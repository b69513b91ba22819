"""What belongs to a dataset: file metadata, jobs, job configurations. Part of a walk."""

import json
import time


def tags(**groups):
    return json.dumps(groups, separators=(",", ":"))


class Belongings:
    def __init__(self, walk, dataset):
        self.walk, self.dataset, self.api = walk, dataset, walk.api
        self.whole = {"DatasetVersion": "v1", "WorkspaceId": walk.workspace}

    def call(self, operation, *ids, **parameters):
        return self.api(operation, self.dataset, *ids, **parameters)

    def all(self):
        files = self.create_files()
        self.list_files()
        self.statistics()
        self.delete_files(files)
        self.jobs()
        self.configs()

    def create_files(self):
        items = [
            {
                "Uri": f"oss://bucket/a b/{n}.png", "FileName": f"猫-{n}.png", "FileType": "image",
                "ContentType": "image/png", "FileFingerPrint": "9B2C", "DataSize": n,
                "FileCreateTime": "2026-10-01T00:00:00Z", "FileUpdateTime": f"2026-11-01T00:00:0{n}.000Z",
                "Comment": "c", "MetaAttributes": '{"ImageWidth":1}', "Tags": tags(user={"add": ["红", f"t{n}"]}),
            }
            for n in range(5)
        ]
        answer = self.call("CreateDatasetFileMetas", **self.whole, DatasetFileMetas=items + items[:1])
        ids = [done["DatasetFileMetaId"] for done in answer["SucceedDetails"]]
        failed = [(one["Uri"], bool(one["Result"])) for one in answer["FailedDetails"]]
        self.walk.same("CreateDatasetFileMetas", (len(ids), answer["Status"], failed), (5, False, [(items[0]["Uri"], True)]))
        change = {"DatasetFileMetaId": ids[0], "FileFingerPrint": "new", "Comment": "",
                  "Tags": tags(user={"add": ["x"], "remove": ["红"]})}
        ai = {"DatasetFileMetaId": ids[1], "Tags": tags(ai=["y"]), "SemanticIndexJobId": "dsjob-1",
              "SemanticIndexUpdateTime": "2026-11-02T00:00:00Z"}
        answer = self.call("UpdateDatasetFileMetas", **self.whole, TagJobId="dsjob-2", DatasetFileMetas=[change, ai])
        self.walk.same("UpdateDatasetFileMetas", (answer["Status"], answer["FailedDetails"]), (True, []))
        got = self.call("GetDatasetFileMeta", ids[0], **self.whole)
        self.walk.has("GetDatasetFileMeta", got, {**self.whole, "DatasetId": self.dataset})
        expected = {**items[0], "FileFingerPrint": "new", "Comment": "", "Tags": tags(user=["t0", "x"]),
                    "FileDir": "oss://bucket/a b/", "Status": "ACTIVE"}
        self.walk.has("GetDatasetFileMeta", got["DatasetFileMeta"], expected)
        return ids

    def list_files(self):
        def names(**query):
            answer = self.call("ListDatasetFileMetas", **self.whole, **query)
            return [item["Uri"][-5] for item in answer["DatasetFileMetas"]], answer

        for query, expected in [
            ({"SortBy": "FileUpdateTime", "Order": "ASC"}, "01234"),
            ({"QueryType": "TAG", "QueryTagsIncludeAll": ["红"], "SortBy": "FileUpdateTime"}, "4321"),
            ({"QueryTagsIncludeAny": ["t2", "t3"], "QueryTagsExclude": ["t3", "y"]}, "2"),
            ({"QueryType": "TAG", "QueryText": "y"}, "1"),
            ({"QueryType": "VECTOR", "QueryText": "猫 1 png", "TopK": 5, "ScoreThreshold": 0.5}, "1"),
            ({"QueryFileName": "-4", "QueryFileDir": "A B", "QueryFileTypeIncludeAny": ["image", "video"]}, "4"),
            ({"QueryContentTypeIncludeAny": ["image/gif"]}, ""),
            ({"StartFileUpdateTime": "2026-11-01T00:00:03Z", "EndFileUpdateTime": "2026-11-02T00:00:00Z"}, "43"),
            ({"QueryExpression": "DataSize > 3 AND Tags HAS t4"}, "4"),
            ({"Status": "DELETED"}, ""),
        ]:
            self.walk.same("ListDatasetFileMetas", "".join(names(**query)[0]), expected)
        order = {"SortBy": "FileUpdateTime", "Order": "ASC", "MaxResults": 2, "ThumbnailMode": "w_100"}
        pages, token = [], {}
        while len(pages) < 9:
            found, answer = names(**order, **token)
            pages.append("".join(found))
            self.walk.has("ListDatasetFileMetas", answer, {**self.whole, "MaxResults": 2, "TotalCount": 5})
            if not answer.get("NextToken"):
                break
            token = {"NextToken": answer["NextToken"]}
        self.walk.same("ListDatasetFileMetas", pages, ["01", "23", "4"])

    def statistics(self):
        answer = self.call("GetDatasetFileMetasStatistics", **self.whole, AggregateBy="tags.user", MaxResults=1)
        found = (answer["TotalCount"], answer["DatasetFileMetasStats"])
        self.walk.same("GetDatasetFileMetasStatistics", found, (5, [{"Key": "红", "Count": 4}]))
        self.walk.check("GetDatasetFileMetasStatistics", len(answer["requestId"]) == 36, answer)

    def delete_files(self, ids):
        answer = self.call("DeleteDatasetFileMetas", **self.whole, DatasetFileMetaIds=",".join([ids[0], "none"]))
        failed = [{"DatasetFileMetaId": "none", "Result": "Not Found"}]
        self.walk.same("DeleteDatasetFileMetas", (answer["Status"], answer["FailedDetails"]), (False, failed))
        gone = self.call("ListDatasetFileMetas", **self.whole, Status="DELETED")["DatasetFileMetas"]
        self.walk.same("DeleteDatasetFileMetas", [item["DatasetFileMetaId"] for item in gone], ids[:1])

    def jobs(self):
        sent = {"JobAction": "SemanticIndex", "JobMode": "Increment", "Description": "夜",
                "JobSpec": '{"contentList":["file"],"concurrency":4}'}
        first = self.call("CreateDatasetJob", **self.whole, **sent)["DatasetJobId"]
        second = self.call("CreateDatasetJob", JobAction="FileMetaBuild", JobSpec="{}", **self.whole)["DatasetJobId"]
        self.walk.check("CreateDatasetJob", first.startswith("dsjob-") and first != second, (first, second))
        self.walk.has("GetDatasetJob", self.call("GetDatasetJob", first, **self.whole), {**sent, "Status": "Running"})
        self.call("StopDatasetJob", second, **self.whole)
        self.walk.same("StopDatasetJob", self.call("GetDatasetJob", second)["Status"], "ManuallyStop")
        self.call("UpdateDatasetJob", first, **self.whole, Description="")
        for _ in range(100):
            got = self.call("GetDatasetJob", first)
            if got["Status"] != "Running":
                break
            time.sleep(0.1)
        ended = {**sent, "Description": "", "Status": "Succeeded", "TotalFileCount": 3, "CompletedFileCount": 3}
        self.walk.has("UpdateDatasetJob", got, ended)
        self.walk.check("GetDatasetJob", got["FinishTime"] >= got["CreateTime"] and got["Logs"], got)

        def listed(**query):
            return self.call("ListDatasetJobs", **query)

        for query, expected in [
            ({"Order": "ASC"}, [first, second]),
            ({"JobAction": "FileMetaBuild"}, [second]),
            ({"Status": "Succeeded", "DatasetVersion": "v1"}, [first]),
            ({"DatasetVersion": "v2"}, []),
            ({"SortBy": "Status", "PageNumber": 2, "PageSize": 1, "WorkspaceId": self.walk.workspace}, [second]),
        ]:
            found = [item["DatasetJobId"] for item in listed(**query)["DatasetJobs"]]
            self.walk.same("ListDatasetJobs", found, expected)
        item = listed(WithLogs=True, Status="Succeeded")["DatasetJobs"][0]
        self.walk.has("ListDatasetJobs", item, {**self.whole, **ended, "Logs": got["Logs"]})
        for job in (first, second):
            self.call("DeleteDatasetJob", job)
        self.walk.same("DeleteDatasetJob", listed()["TotalCount"], 0)

    def configs(self):
        sent = {"ConfigType": "MultimodalIntelligentTag", "Config": '{"apiKey":"sk-1"}'}
        made = self.call("CreateDatasetJobConfig", **self.whole, **sent)["DatasetJobConfigId"]
        self.walk.check("CreateDatasetJobConfig", made.startswith("dscfg-"), made)
        workspace = {"WorkspaceId": self.walk.workspace}
        got = self.call("GetDatasetJobConfig", made, **workspace)
        self.walk.has("GetDatasetJobConfig", got, {**sent, **workspace, "DatasetId": self.dataset})
        self.call("UpdateDatasetJobConfig", made, **workspace, Config='{"apiKey":"sk-2"}')
        page = {"PageNumber": "1", "PageSize": "10"}
        listed = self.call("ListDatasetJobConfigs", **self.whole, **page, ConfigType=sent["ConfigType"])
        self.walk.same("ListDatasetJobConfigs", listed["TotalCount"], 1)
        expected = {**self.whole, **sent, "DatasetJobConfigId": made, "Config": '{"apiKey":"sk-2"}'}
        self.walk.has("UpdateDatasetJobConfig", listed["DatasetJobConfigs"][0], expected)
        self.call("DeleteDatasetJobConfig", made, **workspace)
        self.walk.same("DeleteDatasetJobConfig", self.call("ListDatasetJobConfigs")["TotalCount"], 0)
