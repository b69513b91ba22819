//! Media datasets of IMM and their bindings.

use std::time::Duration;

use pai_emulator::knobs::Rule;
use pai_emulator::{Credential, Emulator, Fault, Knobs};
use serde_json::{Value, json};

use crate::client::{Client, Line, emulator, emulator_with, now, texts};

struct Imm {
    emulator: Emulator,
    client: Client,
}

impl Imm {
    async fn with(turn: impl FnOnce(&mut Knobs)) -> Self {
        let emulator = emulator_with(turn).await;
        Self { client: Client::of(&emulator), emulator }
    }

    /// Status and answer of a call by its parameters.
    async fn call(&self, action: &str, parameters: &[(&str, &str)]) -> (u16, Value) {
        let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
        let query: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let url = format!("{}/?{}", self.client.url, query.join("&"));
        let request = self.client.http.post(url).bearer_auth(&self.client.token);
        let request = request.header("x-acs-action", action).header("x-acs-version", "2020-09-30");
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn ok(&self, action: &str, parameters: &[(&str, &str)]) -> Value {
        let all = [&[("ProjectName", "p")], parameters].concat();
        let (status, answer) = self.call(action, &all).await;
        assert_eq!(status, 200, "{action} {parameters:?}: {answer}");
        assert!(answer["RequestId"].is_string());
        answer
    }

    async fn refused(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        let all = [&[("ProjectName", "p")], parameters].concat();
        let (status, answer) = self.call(action, &all).await;
        format!("{status} {}", answer["Code"].as_str().unwrap_or_default())
    }
}

#[tokio::test]
async fn a_media_dataset_lives() {
    let imm = Imm::with(|_| {}).await;
    let parameters = r#"[{"Name":"n","Value":"v"}]"#;
    let config = r#"{"SmartCluster":{"Enable":true}}"#;
    let sent = [
        ("DatasetName", "pics"),
        ("Description", "图片 集"),
        ("TemplateId", "Official:ImageManagement"),
        ("DatasetMaxBindCount", "2"),
        ("DatasetMaxTotalFileSize", "9007199254740993"),
        ("WorkflowParameters", parameters),
        ("DatasetConfig", config),
    ];
    let made = imm.ok("CreateDataset", &sent).await["Dataset"].clone();
    let time = made["CreateTime"].as_str().unwrap();
    assert!(time.len() == 35 && time.ends_with("+08:00"), "{time}");
    let expected = json!({
        "ProjectName": "p", "DatasetName": "pics", "TemplateId": "Official:ImageManagement", "Description": "图片 集",
        "CreateTime": time, "UpdateTime": time, "DatasetMaxBindCount": 2, "DatasetMaxFileCount": 100_000_000,
        "DatasetMaxEntityCount": 10_000_000_000_i64, "DatasetMaxRelationCount": 100_000_000_000_i64,
        "DatasetMaxTotalFileSize": 9_007_199_254_740_993_i64, "BindCount": 0, "FileCount": 0, "TotalFileSize": 0,
        "WorkflowParameters": [{"Name": "n", "Value": "v"}], "DatasetConfig": {"SmartCluster": {"Enable": true}},
        "SmartClusterTaskStatus": {"Status": "Succeeded", "StartTime": time, "LastSucceededTime": time},
    });
    assert_eq!(made, expected);
    let name = [("DatasetName", "pics")];
    assert_eq!(imm.ok("GetDataset", &name).await["Dataset"], made);
    assert_eq!(imm.refused("CreateDataset", &name).await, "400 ResourceAlreadyExists");
    tokio::time::sleep(Duration::from_millis(2)).await;
    let updated = imm.ok("UpdateDataset", &[name[0], ("Description", "")]).await["Dataset"].clone();
    assert_eq!((&updated["Description"], &updated["TemplateId"]), (&json!(""), &made["TemplateId"]));
    assert!(updated["UpdateTime"].as_str() > made["UpdateTime"].as_str());
    imm.ok("DeleteDataset", &name).await;
    for action in ["GetDataset", "UpdateDataset", "DeleteDataset", "CreateBinding", "ListBindings"] {
        assert_eq!(imm.refused(action, &name).await, "400 ResourceNotFound", "{action}");
    }
    let calls = imm.emulator.stats().calls;
    assert_eq!((calls["imm:GetDataset"].ok, calls["imm:GetDataset"].failed), (1, 1));
    assert_eq!(imm.emulator.log()[0].name.as_deref(), Some("pics"));
}

#[tokio::test]
async fn lists_are_in_the_order_of_names() {
    let imm = Imm::with(|_| {}).await;
    for name in ["b", "a1", "a2", "_c"] {
        imm.ok("CreateDataset", &[("DatasetName", name)]).await;
    }
    imm.call("CreateDataset", &[("ProjectName", "other"), ("DatasetName", "z")]).await;
    let all = imm.ok("ListDatasets", &[("MaxResults", "0")]).await;
    assert_eq!(
        (texts(&all["Datasets"], "DatasetName"), &all["NextToken"]),
        (vec!["_c".into(), "a1".into(), "a2".into(), "b".into()], &json!(""))
    );
    let first = imm.ok("ListDatasets", &[("MaxResults", "1"), ("Prefix", "a")]).await;
    let token = first["NextToken"].as_str().unwrap();
    assert_eq!((texts(&first["Datasets"], "DatasetName"), token), (vec!["a1".into()], "1000000000000001:p:a1"));
    let second = imm.ok("ListDatasets", &[("MaxResults", "1"), ("Prefix", "a"), ("NextToken", token)]).await;
    assert_eq!((texts(&second["Datasets"], "DatasetName"), &second["NextToken"]), (vec!["a2".into()], &json!("")));
    for (name, value) in [("MaxResults", "201"), ("MaxResults", "x"), ("NextToken", "1:other:a")] {
        assert_eq!(imm.refused("ListDatasets", &[(name, value)]).await, "400 InvalidArgument", "{name}={value}");
    }
}

#[tokio::test]
async fn bindings_and_files_keep_a_dataset() {
    let imm = Imm::with(|knobs| knobs.imm_binding_files = 3).await;
    let name = ("DatasetName", "pics");
    imm.ok("CreateDataset", &[name, ("DatasetMaxBindCount", "1")]).await;
    let bucket = ("URI", "oss://bucket");
    let made = imm.ok("CreateBinding", &[name, bucket]).await["Binding"].clone();
    let members = ["URI", "State", "Phase"].map(|member| made[member].as_str().unwrap().to_owned());
    assert_eq!(members, ["oss://bucket", "Running", "IncrementalScanning"]);
    assert_eq!(imm.ok("GetBinding", &[name, bucket]).await["Binding"], made);
    assert_eq!(texts(&imm.ok("ListBindings", &[name]).await["Bindings"], "URI"), ["oss://bucket"]);
    assert_eq!(imm.refused("CreateBinding", &[name, bucket]).await, "400 ResourceAlreadyExists");
    assert_eq!(imm.refused("CreateBinding", &[name, ("URI", "oss://two")]).await, "400 LimitExceededError");
    assert_eq!(imm.refused("CreateBinding", &[name, ("URI", "oss://b/path")]).await, "400 InvalidArgument");
    assert_eq!(imm.refused("CreateBinding", &[name]).await, "400 MissingURI");
    let counted = imm.ok("GetDataset", &[name, ("WithStatistics", "True")]).await["Dataset"].clone();
    let counts = (counted["BindCount"].as_i64(), counted["FileCount"].as_i64(), counted["TotalFileSize"].as_i64());
    assert_eq!(counts, (Some(1), Some(3), Some(3 << 20)));
    assert_eq!(imm.ok("GetDataset", &[name]).await["Dataset"]["FileCount"], 0, "not counted");
    assert_eq!(imm.refused("DeleteDataset", &[name]).await, "400 StatusConflict");
    imm.ok("DeleteBinding", &[name, bucket]).await;
    assert_eq!(imm.refused("DeleteDataset", &[name]).await, "400 StatusConflict", "the files are left");
    assert_eq!(imm.refused("DeleteBinding", &[name, bucket]).await, "400 ResourceNotFound");
    imm.emulator.set_knobs(|knobs| {
        (knobs.imm_rebind, knobs.imm_binding_files) = (Rule::Accept, 0);
        "InUse".clone_into(&mut knobs.imm_in_use_code);
    });
    imm.ok("CreateBinding", &[name, bucket]).await;
    imm.ok("CreateBinding", &[name, bucket]).await;
    assert_eq!(imm.refused("DeleteDataset", &[name]).await, "400 InUse");
    imm.emulator.set_knobs(|knobs| knobs.imm_delete_in_use = Rule::Accept);
    imm.ok("DeleteDataset", &[name]).await;
    assert_eq!(imm.emulator.state().bindings, Some(Vec::new()));
}

#[tokio::test]
async fn wrong_calls_and_knobs() {
    let imm = Imm::with(|knobs| {
        "p,q".clone_into(&mut knobs.imm_projects);
        (knobs.imm_update_lag_ms, knobs.imm_datasets_max, knobs.imm_not_found_status) = (60, 1, 404);
    })
    .await;
    for (parameter, expected) in [
        (("DatasetName", ""), "400 MissingDatasetName"),
        (("DatasetName", "1a"), "400 InvalidArgument"),
        (("DatasetName", "a.b"), "400 InvalidArgument"),
        (("DatasetMaxBindCount", "11"), "400 MissingDatasetName"),
    ] {
        assert_eq!(imm.refused("CreateDataset", &[parameter]).await, expected, "{parameter:?}");
    }
    let long = "x".repeat(257);
    for parameter in [
        ("Description", long.as_str()),
        ("Description", ""),
        ("DatasetMaxBindCount", "11"),
        ("WorkflowParameters", "{"),
    ] {
        let refused = imm.refused("CreateDataset", &[("DatasetName", "a"), parameter]).await;
        assert_eq!(refused, "400 InvalidArgument", "{parameter:?}");
    }
    let missing = imm.call("ListDatasets", &[]).await;
    assert_eq!((missing.0, &missing.1["Code"]), (400, &json!("MissingProjectName")));
    let wrong = imm.call("ListDatasets", &[("ProjectName", "other")]).await;
    assert_eq!((wrong.0, &wrong.1["Code"]), (404, &json!("ResourceNotFound")));
    assert_eq!(imm.call("Dance", &[]).await.0, 404);
    imm.ok("CreateDataset", &[("DatasetName", "a")]).await;
    assert_eq!(imm.refused("CreateDataset", &[("DatasetName", "b")]).await, "400 LimitExceededError");
    imm.ok("UpdateDataset", &[("DatasetName", "a"), ("Description", "new")]).await;
    let described = async || imm.ok("GetDataset", &[("DatasetName", "a")]).await["Dataset"]["Description"].clone();
    assert_eq!(described().await, "", "updates take their time");
    tokio::time::sleep(Duration::from_millis(70)).await;
    assert_eq!(described().await, "new");
    imm.emulator.add_faults([Fault { operation: "imm:GetDataset".into(), ..Fault::default() }]);
    assert_eq!(imm.refused("GetDataset", &[("DatasetName", "a")]).await, "503 ServiceUnavailable");
    let denied = Credential { denied: vec!["*".into()], ..Credential::bearer("bearer", "testBearerToken") };
    imm.emulator.set_credentials(vec![denied]);
    let (status, answer) = imm.call("GetDataset", &[]).await;
    assert_eq!((status, &answer["AccessDeniedDetail"]["AuthAction"]), (403, &json!("imm:GetDataset")));
}

#[tokio::test]
async fn signed_or_with_the_bearer_headers_of_the_sdk() {
    let emulator = emulator().await;
    let client = Client::of(&emulator);
    let query = "DatasetName=a&ProjectName=p";
    let line = Line { method: "POST", path: "/", query, action: "CreateDataset", version: "2020-09-30" };
    let key = ("STS.testAccessKeyId", "testStsAccessKeySecret", Some("testSecurityToken"));
    let headers = line.signed(&emulator, key, "n-1", &now());
    let request = client.http.post(format!("{}/?{query}", client.url));
    let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    assert_eq!(request.send().await.unwrap().status().as_u16(), 200);
    for (kind, expected) in [("&SignatureType=BEARERTOKEN", 200), ("", 400)] {
        let url = format!("{}/?Action=GetDataset&Version=2020-09-30&{query}{kind}", client.url);
        let request = client.http.get(url).header("x-acs-bearer-token", "testBearerToken");
        let request = request.header("x-acs-date", now()).header("x-acs-signature-nonce", format!("n{kind}"));
        assert_eq!(request.send().await.unwrap().status().as_u16(), expected, "{kind}");
    }
}

#[tokio::test]
async fn the_console_reaches_it_too() {
    let emulator = emulator().await;
    let path = "/?Action=CreateDataset&Version=2020-09-30&ProjectName=p&DatasetName=a";
    assert_eq!(emulator.console("POST", path, &Value::Null).unwrap()["Dataset"]["DatasetName"], "a");
    assert_eq!(emulator.state().media_datasets.unwrap().len(), 1);
}
