//! The operator's rights in Kubernetes, its account, and its clean end even without any right.

use std::time::{Duration, Instant};

use kube::api::DeleteParams;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::scene::{Scene, Setting, oss};

const GROUP: &str = "pai.dataset-operator.dev";
const IMM_GROUP: &str = "imm.dataset-operator.dev";
/// Much longer than a clean end takes, and much shorter than the tests' own time limit.
const SOON: Duration = Duration::from_secs(10);

/// A scene whose operator acts by a Role of the scene's namespace alone, with these verbs on Datasets.
async fn with_role(name: &str, verbs: &[&str]) -> Scene {
    limited(name, verbs, vec![("DATASET_OPERATOR_OWNER_DOMAIN", format!("domain-of-{name}"))]).await
}

async fn limited(name: &str, verbs: &[&str], env: Vec<(&'static str, String)>) -> Scene {
    let mut scene = Scene::with(name, Setting { env, without_operator: true, ..Setting::default() }).await;
    let mut subject = json!({"apiVersion": "v1", "kind": "ServiceAccount"});
    subject["metadata"] = json!({"name": account(&scene)["name"], "namespace": testbed::NAMESPACE});
    apply(&scene, &subject).await;
    bind(&scene, &scene.namespace).await;
    grant(&scene, &scene.namespace, verbs).await;
    let name = scene.namespace.clone();
    scene.act_as(&name).await;
    scene
}

/// The operator's account: it lives in the operator's namespace, and is named as the scene's.
fn account(scene: &Scene) -> Value {
    json!({"kind": "ServiceAccount", "name": scene.namespace, "namespace": testbed::NAMESPACE})
}

async fn bind(scene: &Scene, namespace: &str) {
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "limited", "namespace": namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "limited"},
        "subjects": [account(scene)],
    });
    apply(scene, &binding).await;
}

/// The Role of this namespace, with these verbs on Datasets.
async fn grant(scene: &Scene, namespace: &str, verbs: &[&str]) {
    let all = ["get", "list", "watch", "patch"];
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": {"name": "limited", "namespace": namespace},
        "rules": [
            {"apiGroups": [GROUP], "resources": ["datasets"], "verbs": verbs},
            {"apiGroups": [GROUP], "resources": ["datasetversions", "datasetjobs", "datasetjobconfigs", "datasetfilesets"], "verbs": all},
            {
                "apiGroups": [GROUP],
                "resources": ["datasets/status", "datasetversions/status", "datasetjobs/status", "datasetjobconfigs/status", "datasetfilesets/status"],
                "verbs": ["patch"],
            },
            {"apiGroups": [IMM_GROUP], "resources": ["mediadatasets"], "verbs": all},
            {"apiGroups": [IMM_GROUP], "resources": ["mediadatasets/status"], "verbs": ["patch"]},
            {"apiGroups": ["dataset-operator.dev"], "resources": ["providerconfigs"], "verbs": all},
            {"apiGroups": ["dataset-operator.dev"], "resources": ["providerconfigs/status"], "verbs": ["patch"]},
            {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch"]},
        ],
    });
    apply(scene, &role).await;
}

async fn apply(scene: &Scene, object: &Value) {
    scene.kubectl().run_with(&["apply", "-f", "-"], &object.to_string()).await.unwrap();
}

/// Waits until `/readyz` says no, with all of these in it.
async fn lacks(scene: &Scene, parts: &[&str]) -> String {
    let what = format!("/readyz to say {parts:?}");
    let says = async || {
        let answer = scene.health("/readyz").await;
        Ok(answer.filter(|(code, text)| *code == 503 && parts.iter().all(|part| text.contains(part))))
    };
    scene.wait().until(&what, says).await.unwrap().1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_is_missing_is_named_until_it_is_there() {
    let mut scene = with_role("rightsmissing", &["get", "list", "patch"]).await;
    scene.launch_operator();
    let namespace = format!("in namespace {}", scene.namespace);
    let said = lacks(&scene, &["rights to datasets", "watch datasets", GROUP, &namespace]).await;
    assert!(!said.contains("datasetversions") && !said.contains("Status {"), "{said}");
    assert_eq!(scene.health("/healthz").await.unwrap().0, 200);
    assert!(scene.log_tail().contains("may not watch datasets"), "{}", scene.log_tail());

    grant(&scene, &scene.namespace, &["get", "list", "watch", "patch"]).await;
    let ready = async || Ok(scene.health("/readyz").await.filter(|(code, _)| *code == 200));
    scene.wait_for(Duration::from_secs(90)).until("/readyz to say yes", ready).await.unwrap();
    // A Role is enough, as the owner domain is given.
    scene.create("Dataset", "one", oss("one")).await;
    scene.ready("Dataset", "one").await;
    scene.delete("Dataset", "one").await;
    scene.gone("Dataset", "one").await;
    scene.stop_operator().await;
}

/// Each namespace has a Role, and nothing is granted in the whole cluster.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_in_each_of_two_namespaces_is_enough() {
    const ALL: [&str; 4] = ["get", "list", "watch", "patch"];
    let mut scene = with_role("rightstwo", &ALL).await;
    let (one, two) = (scene.namespace.clone(), testbed::new_namespace(&scene.client, "rightstwo-b").await.unwrap());
    let third = testbed::new_namespace(&scene.client, "rightstwo-c").await.unwrap();
    let of = |namespace: &str| testbed::datasets(&scene.client, namespace);
    let (second, others) = (of(&two), of(&third));
    scene.set("DATASET_OPERATOR_NAMESPACES", format!("{one},{two}"));
    bind(&scene, &two).await;
    grant(&scene, &two, &["get", "list", "patch"]).await;
    scene.launch_operator();
    let said = lacks(&scene, &["watch datasets", &format!("in namespace {two}: add that to its Role there")]).await;
    assert!(!said.contains(&format!("in namespace {one}")), "{said}");
    grant(&scene, &two, &ALL).await;
    let ready = async || Ok(scene.health("/readyz").await.filter(|(code, _)| *code == 200));
    scene.wait_for(Duration::from_secs(90)).until("/readyz to say yes", ready).await.unwrap();

    let object = |namespace: &str, name: &str| {
        let mut object = scene.manifest("Dataset", name, oss(name));
        object["metadata"]["namespace"] = json!(namespace);
        object
    };
    for (namespace, name) in [(&one, "a"), (&two, "b"), (&two, "c"), (&third, "d")] {
        apply(&scene, &object(namespace, name)).await;
    }
    scene.ready("Dataset", "a").await;
    for name in ["b", "c"] {
        scene.wait().ready(&second, name).await.unwrap();
    }
    assert_eq!(scene.calls("CreateDataset").0, 3, "the third namespace is not its own");
    assert_eq!(others.get("d").await.unwrap().metadata.finalizers, None);

    // What goes while nobody looks is not missed, in either of them.
    scene.stop_operator().await;
    second.delete("b", &DeleteParams::default()).await.unwrap();
    scene.start_operator().await;
    scene.wait().gone(&second, "b").await.unwrap();
    scene.delete("Dataset", "a").await;
    scene.gone("Dataset", "a").await;
    assert_eq!(scene.calls("DeleteDataset"), (2, 0));
    scene.wait().ready(&second, "c").await.unwrap();
    scene.stop_operator().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_domain_kube_system_must_be_readable_and_a_role_there_is_enough() {
    let mut scene = limited("rightssystem", &["get", "list", "watch", "patch"], Vec::new()).await;
    scene.launch_operator();
    let told = async |scene: &Scene| {
        let said = scene.log_tail();
        said.contains("namespaces \\\"kube-system\\\" is forbidden") && said.contains("--owner-domain")
    };
    scene.until("the operator to say what it needs", told).await;
    scene.kill_operator();

    let name = scene.namespace.clone();
    let metadata = json!({"name": name, "namespace": "kube-system"});
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata,
        "rules": [{"apiGroups": [""], "resources": ["namespaces"], "resourceNames": ["kube-system"], "verbs": ["get"]}],
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [account(&scene)],
    });
    for object in [&role, &binding] {
        apply(&scene, object).await;
    }
    scene.start_operator().await;
    scene.stop_operator().await;
    let both = format!("role/{name}");
    scene.kubectl().run(&["delete", "-n", "kube-system", &both, &format!("rolebinding/{name}")]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_that_never_got_its_first_list_ends_when_it_is_asked_to() {
    let mut scene = with_role("rightsnone", &["get"]).await;
    scene.launch_operator();
    lacks(&scene, &["may not list, watch, patch datasets", "Dataset: the objects could not be listed yet"]).await;
    let asked = Instant::now();
    scene.stop_operator().await;
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_whose_api_server_is_silent_ends_when_it_is_asked_to() {
    let mut scene = Scene::with("silent", Setting { without_operator: true, ..Setting::default() }).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    scene.use_kubeconfig(&json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "silent", "users": [],
        "clusters": [{"name": "silent", "cluster": {"server": format!("http://{}", silent.local_addr().unwrap())}}],
        "contexts": [{"name": "silent", "context": {"cluster": "silent", "user": ""}}],
    }));
    scene.launch_operator();
    let _open = silent.accept().await.unwrap();
    lacks(&scene, &["operator: it is starting"]).await;
    let asked = Instant::now();
    scene.stop_operator().await;
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_operator_writes_carries_its_name() {
    let scene = Scene::new("managers").await;
    scene.create("Dataset", "one", oss("one")).await;
    let object = scene.ready("Dataset", "one").await;
    let fields = object.metadata.managed_fields.unwrap();
    let managers = |of: &dyn Fn(&Value) -> bool| -> Vec<String> {
        let all = fields.iter().map(|entry| serde_json::to_value(entry).unwrap());
        all.filter(|entry| of(entry)).map(|entry| entry["manager"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(managers(&|entry| entry["subresource"] == "status"), ["dataset-operator"]);
    assert_eq!(managers(&|entry| !entry["fieldsV1"]["f:metadata"]["f:finalizers"].is_null()), ["dataset-operator"]);
    let Some(lines) = scene.audited() else { return };
    let ours = lines.iter().filter(|line| line.contains("serviceaccount:dataset-operator-system:dataset-operator"));
    let ours: Vec<_> = ours.collect();
    let agent = format!("\"userAgent\":\"dataset-operator/{}\"", env!("CARGO_PKG_VERSION"));
    assert!(!ours.is_empty() && ours.iter().all(|line| line.contains(&agent)), "{ours:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_whose_role_binding_went_first_goes_once_a_cluster_role_helps() {
    let mut scene = with_role("rightsgone", &["get", "list", "watch", "patch"]).await;
    scene.start_operator().await;
    scene.create("Dataset", "one", oss("one")).await;
    scene.ready("Dataset", "one").await;
    let namespace = scene.namespace.clone();
    let kubectl = scene.kubectl();
    kubectl.run(&["delete", "rolebinding", "limited", "-n", &namespace]).await.unwrap();
    kubectl.run(&["delete", "namespace", &namespace, "--wait=false"]).await.unwrap();
    lacks(&scene, &["rights to datasets", "list, watch, get, patch datasets", &namespace]).await;

    // As docs/troubleshooting.md says it.
    let account = format!("--serviceaccount={}:{namespace}", testbed::NAMESPACE);
    let rescue = ["create", "clusterrolebinding", &namespace, "--clusterrole=dataset-operator", &account];
    kubectl.run(&rescue).await.unwrap();
    let gone = async || Ok(kubectl.run(&["get", "namespace", &namespace]).await.is_err().then_some(()));
    scene.wait_for(Duration::from_secs(120)).until("the namespace to be gone", gone).await.unwrap();
    assert_eq!(scene.calls("DeleteDataset"), (1, 0));
    kubectl.run(&["delete", "clusterrolebinding", &namespace]).await.unwrap();
}
