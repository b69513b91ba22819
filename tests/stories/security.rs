//! What `docs/security.md` promises and only a real API server or a running operator can show: its rights, its Pod, and that no
//! credential is told by anything.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec, SelfSubjectRulesReview,
    SelfSubjectRulesReviewSpec,
};
use k8s_openapi::api::core::v1::{Event, Pod};
use k8s_openapi::api::rbac::v1::PolicyRule;
use kube::api::{Api, DynamicObject, ListParams, PostParams};
use pai_emulator::Credential;
use serde_json::{Value, json};
use testbed::ControlPlane;
use testbed::proxy::{Act, Answer, Match, Proxy};

use crate::hostile::always;
use crate::scene::{Scene, Setting, WORKSPACE, dataset_id, oss};

// --- rights ---

/// The rights in a rule, each by itself: `verb resource.group`, with the name if it is for one object alone.
fn rights(groups: &[String], resources: &[String], names: &[String], verbs: &[String]) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (group, resource) in groups.iter().flat_map(|group| resources.iter().map(move |resource| (group, resource))) {
        for verb in verbs {
            let right = format!("{verb} {resource}.{group}");
            all.extend(names.iter().map(|name| format!("{right} {name}")));
            all.extend(names.is_empty().then_some(right));
        }
    }
    all
}

/// What `rbac.yaml` grants by this kind of role.
fn shipped(kind: &str) -> BTreeSet<String> {
    let file = testbed::repository().join("deploy/kustomize/base/rbac.yaml");
    let roles = testbed::read(&file).unwrap().into_iter().filter(|object| object.types.as_ref().unwrap().kind == kind);
    let all = roles.flat_map(|role| serde_json::from_value::<Vec<PolicyRule>>(role.data["rules"].clone()).unwrap());
    all.flat_map(|rule| {
        let list = Option::unwrap_or_default;
        rights(&list(rule.api_groups), &list(rule.resources), &list(rule.resource_names), &rule.verbs)
    })
    .collect()
}

/// The API server itself lists what the shipped account may do, in a namespace of users and in its own. What everybody may do is to
/// ask about itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_server_lists_no_right_that_is_not_in_the_role() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let plane = ControlPlane::shared().await.unwrap();
    let namespace = testbed::new_namespace(&plane.client().await.unwrap(), "rightslist").await.unwrap();
    let kubeconfig = plane.kubeconfig_for(testbed::NAMESPACE, testbed::SERVICE_ACCOUNT).await.unwrap();
    let operator = testbed::client(&kubeconfig).await.unwrap();
    let everybody = [
        "create selfsubjectaccessreviews.authorization.k8s.io",
        "create selfsubjectreviews.authentication.k8s.io",
        "create selfsubjectrulesreviews.authorization.k8s.io",
    ];
    let own = shipped("Role");
    for (namespace, more) in [(namespace.as_str(), BTreeSet::new()), (testbed::NAMESPACE, own)] {
        let review = SelfSubjectRulesReview {
            spec: SelfSubjectRulesReviewSpec { namespace: Some(namespace.to_owned()) },
            ..SelfSubjectRulesReview::default()
        };
        let reviews: Api<SelfSubjectRulesReview> = Api::all(operator.clone());
        let told = reviews.create(&PostParams::default(), &review).await.unwrap().status.unwrap();
        let told: BTreeSet<String> = told
            .resource_rules
            .into_iter()
            .flat_map(|rule| {
                let list = Option::unwrap_or_default;
                rights(&list(rule.api_groups), &list(rule.resources), &list(rule.resource_names), &rule.verbs)
            })
            .filter(|right| !everybody.contains(&right.as_str()))
            .collect();
        assert_eq!(told, shipped("ClusterRole").union(&more).cloned().collect(), "in {namespace}");
    }
}

/// What would lead to more, asked for one by one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_may_do_nothing_that_leads_to_more_rights() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let plane = ControlPlane::shared().await.unwrap();
    let namespace = testbed::new_namespace(&plane.client().await.unwrap(), "rightsnot").await.unwrap();
    let kubeconfig = plane.kubeconfig_for(testbed::NAMESPACE, testbed::SERVICE_ACCOUNT).await.unwrap();
    let reviews: Api<SelfSubjectAccessReview> = Api::all(testbed::client(&kubeconfig).await.unwrap());
    let may = async |verb: &str, group: &str, resource: &str, subresource: &str, namespace: &str| {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let attributes = ResourceAttributes {
            verb: text(verb),
            group: text(group),
            resource: text(resource),
            subresource: text(subresource),
            namespace: text(namespace),
            ..ResourceAttributes::default()
        };
        let spec = SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() };
        let review = SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() };
        reviews.create(&PostParams::default(), &review).await.unwrap().status.unwrap().allowed
    };
    assert!(may("patch", "pai.dataset-operator.dev", "datasets", "", &namespace).await, "the question is understood");
    let (rbac, admission) = ("rbac.authorization.k8s.io", "admissionregistration.k8s.io");
    for (verb, group, resource, subresource) in [
        ("get", "", "secrets", ""),
        ("list", "", "secrets", ""),
        ("watch", "", "secrets", ""),
        ("get", "", "configmaps", ""),
        ("create", "", "serviceaccounts", "token"),
        ("create", "", "pods", ""),
        ("create", "", "pods", "exec"),
        ("get", "", "pods", "log"),
        ("impersonate", "", "users", ""),
        ("impersonate", "", "serviceaccounts", ""),
        ("create", rbac, "rolebindings", ""),
        ("bind", rbac, "clusterroles", ""),
        ("escalate", rbac, "clusterroles", ""),
        ("patch", "apiextensions.k8s.io", "customresourcedefinitions", ""),
        ("create", admission, "validatingwebhookconfigurations", ""),
        ("create", admission, "mutatingwebhookconfigurations", ""),
        ("create", "certificates.k8s.io", "certificatesigningrequests", ""),
        ("create", "pai.dataset-operator.dev", "datasets", ""),
        ("update", "pai.dataset-operator.dev", "datasets", ""),
        ("delete", "pai.dataset-operator.dev", "datasets", ""),
        ("get", "", "nodes", "proxy"),
    ] {
        for namespace in [namespace.as_str(), testbed::NAMESPACE, "kube-system", ""] {
            assert!(
                !may(verb, group, resource, subresource, namespace).await,
                "{verb} {resource}/{subresource} in {namespace:?}"
            );
        }
    }
}

// --- the Pod ---

/// A change of the spec of a Pod.
type Change = dyn Fn(&mut Value);

/// The Pod of the Deployment in a namespace that enforces the level `restricted`, as ours does, and what the level refuses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pod_is_admitted_where_pods_are_restricted_and_weaker_ones_are_not() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let plane = ControlPlane::shared().await.unwrap();
    let pods: Api<Pod> = Api::namespaced(plane.client().await.unwrap(), testbed::NAMESPACE);
    let file = testbed::repository().join("deploy/kustomize/base/deployment.yaml");
    let template = testbed::read(&file).unwrap()[0].data["spec"]["template"].clone();
    let params = PostParams { dry_run: true, ..PostParams::default() };
    let admitted = async |change: &Change| {
        let mut pod = template.clone();
        pod["metadata"]["name"] = json!("probe");
        change(&mut pod["spec"]);
        pods.create(&params, &serde_json::from_value(pod).unwrap()).await.map(drop)
    };
    admitted(&|_| {}).await.unwrap();
    let weaker: [(&str, &Change); 8] = [
        ("runAsNonRoot", &|pod| pod["securityContext"]["runAsNonRoot"] = json!(false)),
        ("runAsUser", &|pod| pod["securityContext"]["runAsUser"] = json!(0)),
        ("seccompProfile", &|pod| pod["securityContext"]["seccompProfile"] = Value::Null),
        ("allowPrivilegeEscalation", &|pod| {
            pod["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = json!(true);
        }),
        ("capabilities", &|pod| pod["containers"][0]["securityContext"]["capabilities"]["add"] = json!(["NET_ADMIN"])),
        ("capabilities", &|pod| pod["containers"][0]["securityContext"]["capabilities"] = Value::Null),
        ("hostPath", &|pod| pod["volumes"] = json!([{"name": "host", "hostPath": {"path": "/"}}])),
        ("hostNetwork", &|pod| pod["hostNetwork"] = json!(true)),
    ];
    for (word, change) in weaker {
        let refused = admitted(change).await.unwrap_err().to_string();
        assert!(refused.contains("violates PodSecurity \"restricted") && refused.contains(word), "{word}: {refused}");
    }
}

// --- canaries ---

/// The text in hexadecimal digits.
fn hex(text: &str) -> String {
    let digits = text.bytes().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// What may be told of a text that must not be: its ends as they are, whatever is escaped between them, and in hexadecimal digits;
/// and all of it in base64, at whatever place it begins. Only for texts of letters and digits.
fn forms(canary: &str) -> Vec<String> {
    let ends = [&canary[..8], &canary[canary.len() - 8..]];
    let plain = ends.iter().flat_map(|end| [(*end).to_owned(), hex(end), hex(end).to_uppercase()]);
    let encoded = (0..3).map(|ahead| {
        let text = STANDARD.encode(format!("{}{canary}", "-".repeat(ahead)));
        // Groups of which each letter comes from the canary alone.
        let (from, to) = (ahead.div_ceil(3) * 4, (ahead + canary.len()) / 3 * 4);
        text[from..to].to_owned()
    });
    plain.chain(encoded).collect()
}

/// The sinks that tell one of the canaries, each with what is around it.
pub(crate) fn leaks<'a>(sinks: &'a [(&'a str, String)], canaries: &[&str]) -> Vec<(&'a str, String)> {
    let forms: Vec<String> = canaries.iter().flat_map(|canary| forms(canary)).collect();
    let around = |text: &str, at: usize| {
        let (mut from, mut to) = (at.saturating_sub(300), (at + 60).min(text.len()));
        while !text.is_char_boundary(from) {
            from -= 1;
        }
        while !text.is_char_boundary(to) {
            to += 1;
        }
        text[from..to].to_owned()
    };
    let told = |(sink, text): &'a (&'a str, String)| {
        let at = forms.iter().find_map(|form| text.find(form.as_str()))?;
        Some((*sink, around(text, at)))
    };
    sinks.iter().filter_map(told).collect()
}

/// The scan finds a canary in each form, wherever somebody might have written it.
#[test]
fn a_leak_would_be_found_in_every_form() {
    const CANARY: &str = "Qm4TzXw9RkV2cL7sYb1N";
    let planted = [
        CANARY.to_owned(),
        format!("key={CANARY}&x=%20"),
        format!("{{\"error\":\"\\\"{CANARY}\\\"\"}}"),
        format!("{}…", &CANARY[..12]),
        format!("…{}", &CANARY[8..]),
        hex(CANARY),
        hex(CANARY).to_uppercase(),
        STANDARD.encode(CANARY),
        STANDARD.encode(format!("x{CANARY}")),
        STANDARD.encode(format!("user:{CANARY}")),
        STANDARD.encode(format!("a:{CANARY}@host")),
        STANDARD.encode(format!("ab:{CANARY}, and more")),
    ];
    for text in planted {
        let sinks = [("clean", "nothing".to_owned()), ("dirty", format!("数据 {text} 数据"))];
        let found: Vec<_> = leaks(&sinks, &["Zz9Zz9Zz9Zz9", CANARY]).into_iter().map(|(sink, _)| sink).collect();
        assert_eq!(found, ["dirty"], "{text}");
    }
}

/// The credentials of this story. Each is unique, so whoever tells it is found.
const SECRET: &str = "Fk3pVt8QzL5xWd2JmR7hB9cN";
const TOKEN: &str = "Hs6yGn1XvE4uKa8PqT3wD5zM";
const OWNER: &str = "Jb2rCf7MxS9kYe4LtV6nQ1gW";
const PROXY: &str = "Ld5wZh3BqN8mUg1KvX7tR4cP";
const TEAM: &str = "Nx9tRk4WcJ6bSf2HzM8vG3qY";
const BEARER: &str = "Pv1zDm7YhT5gXn3CkL9wF6sB";
const ALL: [&str; 6] = [SECRET, TOKEN, OWNER, PROXY, TEAM, BEARER];
/// Longer than the wait after some failures in a row.
const PATIENCE: Duration = Duration::from_secs(60);

impl Scene {
    /// Everything that the operator tells somebody, besides what it sends.
    async fn told_everywhere(&self, kinds: &[&str]) -> Vec<(&'static str, String)> {
        let mut objects = String::new();
        for kind in kinds {
            let all: Vec<DynamicObject> = self.api(kind).list(&ListParams::default()).await.unwrap().items;
            objects.push_str(&serde_json::to_string(&all).unwrap());
        }
        let events: Api<Event> = Api::namespaced(self.client.clone(), &self.namespace);
        let events = serde_json::to_string(&events.list(&ListParams::default()).await.unwrap().items).unwrap();
        let health = [self.health("/healthz").await.unwrap().1, self.health("/readyz").await.unwrap().1].concat();
        vec![
            ("objects", objects),
            ("events", events),
            ("metrics", self.metrics().await),
            ("health", health),
            ("log", self.log_text()),
            ("audit", self.audited().unwrap_or_default().concat()),
            ("arguments", self.arguments()),
        ]
    }
}

/// What the service says when it repeats what it was sent: as an error in each spelling, as text, and as JSON that is no object.
fn echoes(canaries: &[&str]) -> Vec<(u16, String)> {
    let echo = canaries.join(" and ");
    let error = json!({"Code": echo, "Message": format!("Authorization: {echo}"), "RequestId": echo}).to_string();
    let lower = json!({"code": "Refused", "message": echo, "requestId": "R"}).to_string();
    vec![
        (400, error.clone()),
        (403, lower),
        (500, error),
        (502, format!("<html><pre>{echo}</pre>")),
        (200, json!(echo).to_string()),
        (200, json!([echo]).to_string()),
        (200, json!({"DatasetId": echo, "Code": echo}).to_string()),
    ]
}

/// The proxy answers in place of the service.
fn answer(status: u16, body: &str) -> Act {
    Act::Answer { executed: false, answer: Answer::new(status, body.to_owned()) }
}

/// A scene whose operator has canaries in its environment, and a proxy before its service.
async fn with_canaries() -> (Scene, Proxy) {
    let env = vec![
        ("RUST_LOG", "trace".to_owned()),
        ("DATASET_OPERATOR_LOG_LEVEL", "trace".to_owned()),
        ("DATASET_OPERATOR_RESYNC", "1s".to_owned()),
        ("DATASET_OPERATOR_OWNER_KEY", OWNER.to_owned()),
        // Not used, as the service is on loopback, but read and told.
        ("DATASET_OPERATOR_HTTPS_PROXY", format!("http://user:{PROXY}@127.0.0.1:9")),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET.to_owned()),
        ("ALIBABA_CLOUD_SECURITY_TOKEN", TOKEN.to_owned()),
    ];
    let mut scene = Scene::with("canary", Setting { env, without_operator: true, ..Setting::default() }).await;
    let own =
        Credential { security_token: Some(TOKEN.to_owned()), ..Credential::access_key("testAccessKeyId", SECRET) };
    scene.cloud().set_credentials(vec![own, Credential::access_key("team", TEAM)]);
    let proxy = Proxy::before(scene.cloud().address()).await.unwrap();
    let endpoint = format!("http://{}", proxy.address());
    scene.set("DATASET_OPERATOR_ENDPOINT", endpoint.clone());
    scene.set("DATASET_OPERATOR_STS_ENDPOINT", endpoint);
    scene.let_read("secrets", &["team", "bearer"]).await;
    (scene, proxy)
}

/// The service repeats the credentials of the process in its answers, also when it is asked whose they are.
async fn echo_those_of_the_process(scene: &mut Scene, proxy: &Proxy) {
    let all = echoes(&[SECRET, TOKEN]);
    proxy.add(always(Match::operation("GetCallerIdentity"), answer(all[0].0, &all[0].1)));
    scene.start_operator().await;
    scene.create("Dataset", "first", oss("first")).await;
    scene.until("a look at the caller", async |scene| scene.log_text().contains("GetCallerIdentity")).await;
    proxy.clear();
    scene.ready("Dataset", "first").await;
    for (number, (status, body)) in all.iter().enumerate() {
        for operation in ["UpdateDataset", "ListDatasets", "GetDataset"] {
            proxy.add(always(Match::operation(operation), answer(*status, body)));
        }
        scene.patch("Dataset", "first", json!({"spec": {"description": format!("edit {number}")}})).await;
        let refused = |object: &DynamicObject| {
            let ready = testbed::condition(object, "Ready");
            ready.is_some_and(|ready| ready.status != "True" && ready.observed_generation == object.metadata.generation)
        };
        scene.wait().object(&scene.datasets(), "first", "told of the failure", refused).await.unwrap();
        proxy.clear();
    }
    // Later echoes have the keys of others in them, which only their own calls may repeat.
    scene.until("the caller", async |scene| scene.calls("GetCallerIdentity").0 > 0).await;
    // Who edits need not wait for the next try.
    scene.edit("Dataset", "first", json!({"description": "at last"})).await;
}

/// The same of a key of a namespace, as kubectl leaves it, with a copy in an annotation of the Secret; and a Secret that holds no
/// credential but the header of another one.
async fn echo_those_of_a_config(scene: &Scene, proxy: &Proxy) {
    for (name, data) in [
        ("team", json!({"accessKeyId": "team", "accessKeySecret": TEAM})),
        ("bearer", json!({"bearerToken": format!("{BEARER}\r\nX-Header: {BEARER}\u{0}")})),
    ] {
        let metadata = json!({"name": name, "namespace": scene.namespace});
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data});
        scene.kubectl().run_with(&["apply", "-f", "-"], &secret.to_string()).await.unwrap();
    }
    let config = |source: &str, secret: &str| json!({"workspaceId": WORKSPACE, "credentials": {"source": source, "secretRef": {"name": secret}}});
    scene.apply("ProviderConfig", "broken", config("Bearer", "bearer")).await;
    let message = scene.reason("ProviderConfig", "broken", "CredentialsInvalid").await;
    assert_eq!(message, "key bearerToken of Secret bearer contains characters other than printable ASCII");
    let all = echoes(&[TEAM]);
    proxy.add(always(Match::operation("GetCallerIdentity"), answer(all[1].0, &all[1].1)));
    scene.apply("ProviderConfig", "default", config("Secret", "team")).await;
    let refused = |object: &DynamicObject| {
        testbed::condition(object, "Ready").is_some_and(|ready| ready.message.contains("GetCallerIdentity"))
    };
    scene.wait().object(&scene.api("ProviderConfig"), "default", "refused", refused).await.unwrap();
    proxy.clear();
    scene.wait_for(PATIENCE).ready(&scene.api("ProviderConfig"), "default").await.unwrap();
    proxy.add(always(Match::operation("CreateDataset"), answer(all[0].0, &all[0].1)));
    scene.create("Dataset", "second", oss("second")).await;
    let told = async |scene: &Scene| scene.get("Dataset", "second").await.data["status"]["lastError"].is_object();
    scene.until("the refusal", told).await;
}

/// Keys, tokens and passwords of the process and of a ProviderConfig are told by nothing, at the most talkative log level, and not
/// if the service repeats them in its answers. What is planted in the same places at the end is found.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_credential_is_told_by_anything() {
    let (mut scene, proxy) = with_canaries().await;
    echo_those_of_the_process(&mut scene, &proxy).await;
    echo_those_of_a_config(&scene, &proxy).await;
    let kinds = ["Dataset", "ProviderConfig"];
    let told = scene.told_everywhere(&kinds).await;
    assert!(told.iter().all(|(sink, text)| *sink == "audit" || !text.is_empty()), "a sink is empty");
    assert!(told.iter().any(|(sink, text)| *sink == "log" && text.contains("TRACE")), "the log has every level");
    assert_eq!(leaks(&told, &ALL), []);
    // Metrics name no object, no dataset and no address.
    let id = dataset_id(&scene.get("Dataset", "first").await);
    let metrics = &told.iter().find(|(sink, _)| *sink == "metrics").unwrap().1;
    for word in [id.as_str(), "\"first\"", "oss://", scene.namespace.as_str()] {
        assert!(!metrics.contains(word), "{word} in {metrics}");
    }

    // Somebody tells them in the places where the operator tells things.
    scene.annotate("Dataset", "first", "reconcile-requested-at", json!(TEAM)).await;
    let about = json!({"kind": "Dataset", "namespace": scene.namespace, "name": "first"});
    let event = json!({"metadata": {"name": "planted"}, "involvedObject": about, "message": format!("it is {OWNER}")});
    let events: Api<Event> = Api::namespaced(scene.client.clone(), &scene.namespace);
    events.create(&PostParams::default(), &serde_json::from_value(event).unwrap()).await.unwrap();
    scene.append_to_log(&format!("the key is {}\n", STANDARD.encode(SECRET)));
    let told = scene.told_everywhere(&kinds).await;
    let sinks: BTreeSet<&str> = leaks(&told, &ALL).into_iter().map(|(sink, _)| sink).collect();
    assert_eq!(sinks.into_iter().collect::<Vec<_>>(), ["events", "log", "objects"]);
}
