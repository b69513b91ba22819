//! The accounts of namespaces: ProviderConfigs with keys of several accounts, from the manifest to the deletion.

use std::time::Duration;

use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams};
use pai_emulator::{Credential, DEFAULT_ACCOUNT, Emulator, Knobs};
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::scene::{Scene, Setting, WORKSPACE, dataset_id, oss};

pub(crate) const CONFIG: &str = "ProviderConfig";
/// The accounts of two tenants. The flags' account is [`DEFAULT_ACCOUNT`].
pub(crate) const RED: &str = "2000000000000002";
pub(crate) const BLUE: &str = "3000000000000003";

/// A key of an account.
pub(crate) fn key(id: &str, account: &str) -> Credential {
    Credential {
        account_id: account.to_owned(),
        user_id: account.to_owned(),
        ..Credential::access_key(id, &format!("secret-of-{id}"))
    }
}

/// A scene whose operator may read the Secrets `red` and `blue`, in a cloud with three accounts.
pub(crate) async fn tenants(name: &str) -> Scene {
    let knobs = Knobs::default();
    let mut scene = Scene::with(name, Setting { knobs, without_operator: true, ..Setting::default() }).await;
    let own = Credential::access_key("testAccessKeyId", "testAccessKeySecret");
    scene.cloud().set_credentials(vec![own, key("red-1", RED), key("red-2", RED), key("blue-1", BLUE)]);
    scene.set("DATASET_OPERATOR_STS_ENDPOINT", scene.cloud().url());
    scene.let_read("secrets", &["red", "blue"]).await;
    scene.start_operator().await;
    scene
}

/// A config with the key in this Secret.
pub(crate) fn config(secret: &str, more: Value) -> Value {
    let mut spec =
        json!({"workspaceId": WORKSPACE, "credentials": {"source": "Secret", "secretRef": {"name": secret}}});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    spec
}

impl Scene {
    pub(crate) async fn set_key(&self, secret: &str, id: &str) {
        let data = json!({"accessKeyId": id, "accessKeySecret": format!("secret-of-{id}")});
        let secret_object =
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": secret}, "stringData": data});
        let params = PatchParams::apply("user").force();
        self.secrets().patch(secret, &params, &Patch::Apply(&secret_object)).await.unwrap();
    }

    /// Waits until the config has this reason; returns it.
    pub(crate) async fn config_is(&self, name: &str, reason: &str) -> DynamicObject {
        self.reason(CONFIG, name, reason).await;
        self.api(CONFIG).get(name).await.unwrap()
    }

    /// The account that owns the one dataset of this name.
    fn owner(&self, name: &str) -> String {
        let all = self.cloud().datasets();
        let named: Vec<_> = all.iter().filter(|dataset| &*dataset.name == name).collect();
        assert_eq!(named.len(), 1, "{name}");
        named[0].owner_id.clone()
    }

    async fn users(&self, name: &str, count: u64) {
        let what = format!("{count} users of {name}");
        let counts = |object: &DynamicObject| object.data["status"]["users"] == count;
        self.wait().object(&self.api(CONFIG), name, &what, counts).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_are_made_in_the_account_of_their_namespace_and_those_of_before_stay() {
    let scene = tenants("configs-life").await;
    scene.create("Dataset", "before", oss("before")).await;
    let before = scene.ready("Dataset", "before").await;
    assert_eq!(scene.owner("before"), DEFAULT_ACCOUNT);
    scene.set_key("red", "red-1").await;
    scene.apply(CONFIG, "default", config("red", json!({}))).await;
    let ready = scene.config_is("default", "Available").await;
    assert_eq!(ready.data["status"]["accountId"], RED);
    assert_eq!(ready.data["status"]["arn"], format!("acs:ram::{RED}:root"));
    scene.create("Dataset", "after", oss("after")).await;
    let after = scene.ready("Dataset", "after").await;
    assert_eq!(scene.owner("after"), RED);
    let used = json!({"kind": CONFIG, "namespace": scene.namespace, "name": "default", "accountId": RED});
    assert_eq!(after.data["status"]["providerConfig"], used);
    // What is in a Dataset is in its account, and so is what names another config.
    scene
        .create(
            "DatasetVersion",
            "second",
            json!({"datasetRef": {"name": "after"}, "dataSourceType": "OSS", "property": "DIRECTORY",
        "uri": "oss://bucket.oss-cn-hangzhou.aliyuncs.com/more/"}),
        )
        .await;
    let second = scene.ready("DatasetVersion", "second").await;
    assert_eq!(second.data["status"]["providerConfig"], used);
    scene.set_key("blue", "blue-1").await;
    scene.apply(CONFIG, "other", config("blue", json!({}))).await;
    let mut spec = oss("blue");
    spec["providerConfigRef"] = json!({"name": "other"});
    scene.create("Dataset", "blue", spec).await;
    scene.ready("Dataset", "blue").await;
    assert_eq!(scene.owner("blue"), BLUE);
    scene.users("default", 2).await;
    let shown = scene.kubectl().run(&["get", "providerconfigs", "-n", &scene.namespace]).await.unwrap();
    assert!(shown.contains("ACCOUNT") && shown.contains(RED) && shown.contains("Secret"), "{shown}");
    // The one of before stays where it is, and says so.
    let now = scene.datasets().get("before").await.unwrap();
    assert!(
        testbed::condition(&now, "AccountKept").is_some_and(|kept| kept.status == "True"),
        "{}",
        now.data["status"]
    );
    assert_eq!((dataset_id(&now), scene.owner("before")), (dataset_id(&before), DEFAULT_ACCOUNT.to_owned()));
    // Each is found and deleted in its own account.
    for name in ["before", "after", "blue"] {
        scene.delete("Dataset", name).await;
    }
    scene.delete("DatasetVersion", "second").await;
    for name in ["before", "after", "blue"] {
        scene.gone("Dataset", name).await;
    }
    assert!(scene.cloud().datasets().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_a_dataset_is_in_its_account() {
    let scene = tenants("configs-parent").await;
    scene.set_key("red", "red-1").await;
    scene.set_key("blue", "blue-1").await;
    scene.apply(CONFIG, "default", config("red", json!({}))).await;
    scene.apply(CONFIG, "other", config("blue", json!({}))).await;
    let version = json!({"datasetRef": {"name": "parent"}, "dataSourceType": "OSS", "property": "DIRECTORY",
        "uri": "oss://bucket.oss-cn-hangzhou.aliyuncs.com/more/"});
    scene.create("DatasetVersion", "second", version).await;
    scene.create("DatasetJob", "tags", json!({"datasetRef": {"name": "parent"}, "jobAction": "FileMetaBuild"})).await;
    let mut spec = oss("parent");
    spec["providerConfigRef"] = json!({"name": "other"});
    spec["edition"] = json!("ADVANCED");
    scene.create("Dataset", "parent", spec).await;
    for (kind, name) in [("Dataset", "parent"), ("DatasetVersion", "second")] {
        let object = scene.ready(kind, name).await;
        assert_eq!(object.data["status"]["providerConfig"]["accountId"], BLUE, "{kind}");
    }
    let begun = |object: &DynamicObject| object.data["status"]["datasetJobId"].is_string();
    let job = scene.wait().object(&scene.api("DatasetJob"), "tags", "the job to begin", begun).await.unwrap();
    assert_eq!(job.data["status"]["providerConfig"]["name"], "other");
    scene.users("default", 0).await;
    scene.users("other", 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_is_named_and_waited_for() {
    let scene = tenants("configs-missing").await;
    let mut spec = oss("flowers");
    spec["providerConfigRef"] = json!({"name": "red"});
    scene.create("Dataset", "flowers", spec).await;
    let message = scene.reason("Dataset", "flowers", "DependencyNotReady").await;
    assert_eq!(message, "ProviderConfig red does not exist in this namespace");
    scene.apply(CONFIG, "red", config("red", json!({}))).await;
    scene.config_is("red", "DependencyNotReady").await;
    let says = async |part: &str| {
        let what = format!("the Dataset to say {part}");
        let has = |object: &DynamicObject| {
            testbed::condition(object, "Ready").is_some_and(|ready| ready.message.contains(part))
        };
        scene.wait().object(&scene.datasets(), "flowers", &what, has).await.unwrap();
    };
    says("ProviderConfig red is not ready: Secret red does not exist in namespace").await;
    scene.set_secret("red", "no key of an account").await;
    scene.config_is("red", "CredentialsInvalid").await;
    says("Secret red has no key accessKeyId (or ALIBABA_CLOUD_ACCESS_KEY_ID)").await;
    scene.delete_secret("red").await;
    scene.set_key("red", "red-9").await;
    says("GetCallerIdentity").await;
    scene.set_key("red", "red-1").await;
    scene.ready("Dataset", "flowers").await;
    assert_eq!(scene.owner("flowers"), RED);
    assert_eq!(scene.calls("CreateDataset"), (1, 0));
    assert!(!scene.log_text().contains("secret-of-"), "no secret is logged");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_rotated_without_a_failed_call_and_one_of_another_account_is_not_used() {
    let scene = tenants("configs-rotated").await;
    scene.set_key("red", "red-1").await;
    scene.apply(CONFIG, "default", config("red", json!({}))).await;
    for name in ["a", "b"] {
        scene.create("Dataset", name, oss(name)).await;
        scene.ready("Dataset", name).await;
    }
    scene.users("default", 2).await;
    scene.set_key("red", "blue-1").await;
    let message = scene.reason(CONFIG, "default", "AccountMismatch").await;
    assert!(message.contains(RED) && message.contains(BLUE) && message.contains("2 objects"), "{message}");
    scene.patch("Dataset", "a", json!({"spec": {"description": "with the key of before"}})).await;
    scene.ready("Dataset", "a").await;
    // The former key goes as soon as the new one is in use.
    scene.set_key("red", "red-2").await;
    scene.config_is("default", "Available").await;
    let own = Credential::access_key("testAccessKeyId", "testAccessKeySecret");
    scene.cloud().set_credentials(vec![own, key("red-2", RED)]);
    let failed = || scene.cloud().stats().calls.values().map(|count| count.failed).sum::<u64>();
    let before = failed();
    for name in ["c", "d"] {
        scene.create("Dataset", name, oss(name)).await;
        scene.ready("Dataset", name).await;
        assert_eq!(scene.owner(name), RED);
    }
    assert_eq!(failed(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_config_in_use_is_kept_and_everything_ends_in_any_order() {
    let mut scene = tenants("configs-deleted").await;
    scene.set_key("red", "red-1").await;
    scene.apply(CONFIG, "default", config("red", json!({}))).await;
    scene.create("Dataset", "a", oss("a")).await;
    scene.create("Dataset", "b", oss("b")).await;
    scene.ready("Dataset", "a").await;
    scene.ready("Dataset", "b").await;
    scene.users("default", 2).await;
    scene.delete(CONFIG, "default").await;
    let message = scene.reason(CONFIG, "default", "DeletionBlocked").await;
    assert!(
        message.contains("2 objects are in its account") && message.contains(&format!("{}/a", scene.namespace)),
        "{message}"
    );
    scene.create("Dataset", "late", oss("late")).await;
    let message = scene.reason("Dataset", "late", "DependencyNotReady").await;
    assert_eq!(message, "ProviderConfig default is being deleted");
    scene.delete("Dataset", "late").await;
    scene.gone("Dataset", "late").await;
    // The credentials stay in memory.
    scene.delete_secret("red").await;
    scene.delete("Dataset", "a").await;
    scene.gone("Dataset", "a").await;
    // They are gone with the process: the object waits until they are there again.
    scene.kill_operator();
    scene.delete("Dataset", "b").await;
    scene.start_operator().await;
    scene.reason("Dataset", "b", "CredentialsInvalid").await;
    scene.set_key("red", "red-2").await;
    scene.gone("Dataset", "b").await;
    scene.gone(CONFIG, "default").await;
    assert!(scene.cloud().datasets().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_goes_with_everything_in_it() {
    let scene = tenants("configs-namespace").await;
    scene.set_key("red", "red-1").await;
    scene.apply(CONFIG, "default", config("red", json!({}))).await;
    for name in ["a", "b", "c"] {
        scene.create("Dataset", name, oss(name)).await;
        scene.ready("Dataset", name).await;
    }
    let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(scene.client.clone());
    namespaces.delete(&scene.namespace, &kube::api::DeleteParams::default()).await.unwrap();
    let patient = || scene.wait_for(Duration::from_secs(60));
    for name in ["a", "b", "c"] {
        patient().gone(&scene.datasets(), name).await.unwrap();
    }
    patient().gone(&scene.api(CONFIG), "default").await.unwrap();
    assert!(scene.cloud().datasets().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_editor_takes_nothing_that_the_config_does_not_allow() {
    let scene = tenants("configs-deputy").await;
    scene.set_key("red", "red-1").await;
    scene.apply(CONFIG, "default", config("red", json!({}))).await;
    scene.create("Dataset", "own", oss("own")).await;
    let id = dataset_id(&scene.ready("Dataset", "own").await);
    // Another team of the account has a dataset too.
    scene.apply(CONFIG, "team", config("red", json!({"adoption": "Any", "workspaces": ["*"]}))).await;
    let refused = async |name: &str, spec: Value, part: &str| {
        scene.create("Dataset", name, spec).await;
        let message = scene.reason("Dataset", name, "InvalidSpec").await;
        assert!(message.contains(part), "{message}");
    };
    let mut elsewhere = oss("elsewhere");
    elsewhere["workspaceId"] = json!("999");
    refused("elsewhere", elsewhere, "ProviderConfig default does not allow workspace 999: add it to spec.workspaces")
        .await;
    let mut taken = oss("taken");
    taken["adoption"] = json!({"datasetId": "d-of-others"});
    refused(
        "taken",
        taken.clone(),
        "an adoption by id needs adoption: Any in ProviderConfig default, which has Marked",
    )
    .await;
    let mut by_name = oss("by-name");
    by_name["adoption"] = json!({"policy": "AdoptByName"});
    refused("by-name", by_name, "adoption.policy AdoptByName needs adoption: Any").await;
    scene
        .create(
            "DatasetVersion",
            "stranger",
            json!({"datasetId": "d-of-others", "dataSourceType": "OSS", "property": "DIRECTORY",
        "uri": "oss://bucket.oss-cn-hangzhou.aliyuncs.com/more/"}),
        )
        .await;
    let message = scene.reason("DatasetVersion", "stranger", "InvalidSpec").await;
    assert!(message.contains("no Dataset of this namespace stands for needs adoption: Any"), "{message}");
    let before = scene.calls_without_sweeps();
    // Narrowing concerns what begins from then on.
    scene.patch(CONFIG, "default", json!({"spec": {"workspaces": ["1"], "adoption": "Never"}})).await;
    scene.patch("Dataset", "own", json!({"spec": {"description": "still edited"}})).await;
    scene.ready("Dataset", "own").await;
    assert_eq!(dataset_id(&scene.datasets().get("own").await.unwrap()), id);
    let mut touched = scene.calls_without_sweeps();
    touched.retain(|name, count| name != "GetCallerIdentity" && before.get(name) != Some(count));
    assert_eq!(touched.keys().map(String::as_str).collect::<Vec<_>>(), ["UpdateDataset"], "nobody else's was called");
    // Another account does not know what was made.
    scene.patch("Dataset", "own", json!({"spec": {"providerConfigRef": {"name": "team"}}})).await;
    let message = scene.reason("Dataset", "own", "AccountMismatch").await;
    assert!(message.starts_with("the object belongs to ProviderConfig default"), "{message}");
    scene.patch("Dataset", "own", json!({"spec": {"providerConfigRef": null}})).await;
    scene.ready("Dataset", "own").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_account_of_the_namespace_assumes_a_role_with_tokens_of_its_own() {
    let scene = tenants("configs-rrsa").await;
    let subject = format!("system:serviceaccount:{}:team", scene.namespace);
    scene.cloud().set_knobs(|knobs| {
        knobs.oidc_subjects = subject;
        knobs.sts_session_ms = 6000;
    });
    let credentials = json!({"source": "RRSA", "rrsa": {
        "roleArn": format!("acs:ram::{RED}:role/team"), "oidcProviderArn": format!("acs:ram::{RED}:oidc-provider/cluster"),
        "serviceAccountRef": {"name": "team"},
    }});
    scene.apply(CONFIG, "default", json!({"workspaceId": WORKSPACE, "credentials": credentials})).await;
    let message = scene.reason(CONFIG, "default", "CredentialsInvalid").await;
    assert!(
        message.contains("resources: [serviceaccounts/token], resourceNames: [team], verbs: [create]"),
        "{message}"
    );
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "team"}});
    scene.kubectl().run_with(&["create", "-n", &scene.namespace, "-f", "-"], &account.to_string()).await.unwrap();
    let rule = json!({"apiGroups": [""], "resources": ["serviceaccounts/token"], "resourceNames": ["team"], "verbs": ["create"]});
    scene.allow("team-token", json!([rule])).await;
    // Nothing tells when the right is there.
    let config = scene.api(CONFIG);
    scene.wait_for(Duration::from_secs(60)).ready(&config, "default").await.unwrap();
    let ready = config.get("default").await.unwrap();
    assert_eq!(ready.data["status"]["arn"], format!("acs:ram::{RED}:role/team"));
    // The sessions last for six seconds, and are renewed.
    for name in ["a", "b", "c"] {
        scene.create("Dataset", name, oss(name)).await;
        scene.ready("Dataset", name).await;
        assert_eq!(scene.owner(name), RED);
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    assert!(scene.calls("AssumeRoleWithOIDC").0 >= 2);
    // So do all tokens of a cluster begin.
    assert!(!scene.log_text().contains("eyJhbGciOi"), "a token is logged");
    let failed = scene.cloud().stats().calls.into_iter().filter(|(name, _)| name.ends_with("Dataset"));
    assert_eq!(failed.map(|(_, count)| count.failed).sum::<u64>(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_of_another_account_is_assumed_with_the_external_id() {
    let scene = tenants("configs-chain").await;
    scene.cloud().set_knobs(|knobs| knobs.roles = "first,second=shared-text".to_owned());
    let user = Credential { user_id: "400".to_owned(), ..key("red-1", RED) };
    let own = Credential::access_key("testAccessKeyId", "testAccessKeySecret");
    scene.cloud().set_credentials(vec![own, user]);
    scene.set_key("red", "red-1").await;
    let chain = |external: &str| {
        let roles = json!([
            {"roleArn": format!("acs:ram::{RED}:role/first")},
            {"roleArn": format!("acs:ram::{BLUE}:role/second"), "externalId": external},
        ]);
        config("red", json!({"credentials": {"source": "Secret", "secretRef": {"name": "red"}, "assumeRole": roles}}))
    };
    scene.apply(CONFIG, "default", chain("wrong-text")).await;
    let message = scene.reason(CONFIG, "default", "CredentialsInvalid").await;
    assert!(message.contains("role/second") && !message.contains("wrong-text"), "{message}");
    scene.apply(CONFIG, "default", chain("shared-text")).await;
    let ready = scene.config_is("default", "Available").await;
    assert_eq!(ready.data["status"]["accountId"], BLUE);
    scene.create("Dataset", "a", oss("a")).await;
    scene.ready("Dataset", "a").await;
    assert_eq!(scene.owner("a"), BLUE);
    let (assumed, _) = scene.calls("AssumeRole");
    assert!((3..=5).contains(&assumed), "sessions are kept: {assumed}");
}

/// An operator of the whole cluster, its own identity, and a role that it assumes for others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_of_the_cluster_serves_the_namespaces_that_it_names() {
    let Some(mut cluster) = Cluster::start().await else { return };
    let cloud = Emulator::start(pai_emulator::Options::default()).await.unwrap();
    let own =
        Credential { user_id: "400".to_owned(), ..Credential::access_key("testAccessKeyId", "testAccessKeySecret") };
    cloud.set_credentials(vec![own]);
    cluster.work_on(&cloud, &[("DATASET_OPERATOR_STS_ENDPOINT", &cloud.url())]);
    let resource =
        ApiResource::from_gvk(&GroupVersionKind::gvk("dataset-operator.dev", "v1alpha1", "ClusterProviderConfig"));
    let configs: Api<DynamicObject> = Api::all_with(cluster.client.clone(), &resource);
    let config = json!({
        "apiVersion": "dataset-operator.dev/v1alpha1", "kind": "ClusterProviderConfig", "metadata": {"name": "default"},
        "spec": {
            "workspaceId": WORKSPACE, "allowedNamespaces": {"names": ["team-a"]},
            "credentials": {"source": "Environment", "assumeRole": [{"roleArn": format!("acs:ram::{RED}:role/datasets")}]},
        },
    });
    configs.create(&PostParams::default(), &serde_json::from_value(config).unwrap()).await.unwrap();
    cluster.start_operator().await;
    let owner = |name: &str| {
        let all = cloud.datasets();
        all.iter().find(|dataset| &*dataset.name == name).map(|dataset| dataset.owner_id.clone()).unwrap()
    };
    for (namespace, account) in [("team-a", RED), ("team-b", DEFAULT_ACCOUNT)] {
        cluster.in_namespace(namespace).await;
        cluster.create("Dataset", "flowers", oss(namespace)).await;
        cluster.ready("Dataset", "flowers").await;
        assert_eq!(owner(namespace), account);
    }
    let mut spec = oss("named");
    spec["providerConfigRef"] = json!({"kind": "ClusterProviderConfig", "name": "default"});
    cluster.create("Dataset", "named", spec).await;
    let message = cluster.reason("Dataset", "named", "DependencyNotReady").await;
    assert_eq!(
        message,
        "ClusterProviderConfig default does not allow this namespace: add team-b to its allowedNamespaces.names"
    );
    let allow = Patch::Merge(json!({"spec": {"allowedNamespaces": {"names": ["team-b"]}}}));
    configs.patch("default", &PatchParams::default(), &allow).await.unwrap();
    cluster.ready("Dataset", "named").await;
    assert_eq!(owner("named"), RED);
    // Its labels allow a namespace too.
    cluster.in_namespace("team-c").await;
    let mut spec = oss("labelled");
    spec["providerConfigRef"] = json!({"kind": "ClusterProviderConfig", "name": "default"});
    let allow = Patch::Merge(json!({"spec": {"allowedNamespaces": {"selector": {"matchLabels": {"team": "c"}}}}}));
    configs.patch("default", &PatchParams::default(), &allow).await.unwrap();
    cluster.create("Dataset", "labelled", spec).await;
    let message = cluster.reason("Dataset", "labelled", "DependencyNotReady").await;
    assert!(
        message.contains("give namespace team-c the labels that its allowedNamespaces.selector asks for"),
        "{message}"
    );
    let kubectl = cluster.plane.kubectl();
    kubectl.run(&["label", "namespace", "team-c", "team=c"]).await.unwrap();
    cluster.ready("Dataset", "labelled").await;
    assert_eq!(owner("labelled"), RED);
    kubectl.run(&["label", "namespace", "team-c", "team-"]).await.unwrap();
    cluster.delete("Dataset", &["labelled"]).await;
    // Narrowing does not concern what exists.
    cluster.namespace = "team-a".to_owned();
    cluster.edit("Dataset", "flowers", json!({"description": "still edited"})).await;
    cluster.ready("Dataset", "flowers").await;
    cluster.delete("Dataset", &["flowers"]).await;
    cluster.namespace = "team-b".to_owned();
    cluster.delete("Dataset", &["flowers", "named"]).await;
    assert!(cloud.datasets().is_empty());
    cluster.stop_operator().await;
}

/// A URI in a Secret of the operator's namespace, which only an account of the cluster may have.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_of_the_cluster_has_its_sessions_from_a_uri() {
    let Some(mut cluster) = Cluster::start().await else { return };
    let knobs = Knobs { ecs_role: "node".to_owned(), ..Knobs::default() };
    let cloud = Emulator::start(pai_emulator::Options { knobs, ..pai_emulator::Options::default() }).await.unwrap();
    cluster.work_on(&cloud, &[("DATASET_OPERATOR_STS_ENDPOINT", &cloud.url())]);
    let uri = format!("{}/latest/meta-data/ram/security-credentials/node?token=canary", cloud.url());
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "sessions", "namespace": testbed::NAMESPACE},
        "stringData": {"credentialsUri": uri},
    });
    let kubectl = cluster.plane.kubectl();
    kubectl.run_with(&["apply", "-f", "-"], &secret.to_string()).await.unwrap();
    let rule = json!([{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["sessions"], "verbs": ["get", "list", "watch"]}]);
    testbed::allow(&cluster.client, testbed::NAMESPACE, "sessions", rule).await.unwrap();
    let config = json!({
        "apiVersion": "dataset-operator.dev/v1alpha1", "kind": "ClusterProviderConfig", "metadata": {"name": "default"},
        "spec": {
            "workspaceId": WORKSPACE, "allowedNamespaces": {"selector": {}},
            "credentials": {"source": "URI", "secretRef": {"name": "sessions"}},
        },
    });
    kubectl.run_with(&["apply", "-f", "-"], &config.to_string()).await.unwrap();
    cluster.start_operator().await;
    cluster.in_namespace("team-a").await;
    cluster.create("Dataset", "flowers", oss("flowers")).await;
    let object = cluster.ready("Dataset", "flowers").await;
    assert_eq!(object.data["status"]["providerConfig"]["kind"], "ClusterProviderConfig");
    let shown = kubectl.run(&["get", "clusterproviderconfig", "default", "-o", "yaml"]).await.unwrap();
    assert!(shown.contains("expiresAt: ") && shown.contains("role/node"), "{shown}");
    assert!(!shown.contains("canary") && !cluster.said().contains("canary"), "the URI is told");
    cluster.delete("Dataset", &["flowers"]).await;
    cluster.stop_operator().await;
}

/// Two accounts whose services take calls and never answer, with more objects than reconciles that may run at a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_hangs_delays_no_other() {
    let Some(mut cluster) = Cluster::start().await else { return };
    let cloud = Emulator::start(pai_emulator::Options::default()).await.unwrap();
    let few = ("DATASET_OPERATOR_CONCURRENCY", "6");
    // What hangs does so until the end.
    let long = [("DATASET_OPERATOR_REQUEST_TIMEOUT", "300s"), ("DATASET_OPERATOR_SETTLE_TIME", "310s")];
    cluster.work_on(&cloud, &[few, long[0], long[1], ("DATASET_OPERATOR_STS_ENDPOINT", &cloud.url())]);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("http://{}", listener.local_addr().unwrap());
    let taken = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let taking = taken.clone();
    let serving = tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            taking.lock().unwrap().push(connection);
        }
    });
    let kubectl = cluster.plane.kubectl();
    for name in ["red", "blue"] {
        let config = json!({
            "apiVersion": "dataset-operator.dev/v1alpha1", "kind": "ClusterProviderConfig", "metadata": {"name": name},
            "spec": {
                "workspaceId": WORKSPACE, "endpoint": silent, "adoption": "Any", "allowedNamespaces": {"names": ["*"]},
                "credentials": {"source": "Environment"},
            },
        });
        kubectl.run_with(&["apply", "-f", "-"], &config.to_string()).await.unwrap();
    }
    cluster.start_operator().await;
    cluster.in_namespace("fair").await;
    for name in ["red", "blue"] {
        for number in 0..12 {
            let id = format!("d-{name}{number}");
            let spec = json!({
                "adoption": {"datasetId": id},
                "providerConfigRef": {"kind": "ClusterProviderConfig", "name": name},
            });
            cluster.create("Dataset", &format!("{name}-{number}"), spec).await;
        }
    }
    let hang = async || Ok((taken.lock().unwrap().len() >= 5).then_some(()));
    cluster.wait().until("calls that hang", hang).await.unwrap();
    for number in 0..5 {
        let name = format!("flowers-{number}");
        cluster.create("Dataset", &name, oss(&name)).await;
        cluster.ready("Dataset", &name).await;
    }
    assert_eq!(cloud.datasets().len(), 5);
    serving.abort();
    cluster.kill_operator();
}
