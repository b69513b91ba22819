//! What `docs/security.md` promises, as far as types, schemas and sources show it: the page names tests that exist and the rights
//! that the role has, no reference leaves its namespace, and nothing that holds a secret prints it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use dataset_operator::accounts::alias;
use dataset_operator::accounts::switch::Switch;
use dataset_operator::admin::{Readiness, serve};
use dataset_operator::cloud::codec::JobConfigs;
use dataset_operator::cloud::{Answer, BearerStyle, Credentials, Environment, Hidden, Proxy, Request, Secret};
use dataset_operator::kinds::{ForEachKind, for_each};
use dataset_operator::metrics::Metrics;
use dataset_operator::reconcile::kind::{AnyKind, Managed as _};
use dataset_operator::reconcile::parsed::Parsed;
use dataset_operator::reconcile::references::Reference;
use dataset_operator::remote::mark::Identity;
use dataset_operator::settings::{Flags, Settings};
use regex::Regex;
use serde_json::{Map, Value, json};

use crate::cases::By;
use crate::check::{problems, schema};
use crate::roles::granted;

const PAGE: &str = include_str!("../../docs/security.md");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

// --- the page ---

/// The attacks of the list, each of which has one row.
fn ids() -> Vec<String> {
    let numbers = [1..=9, 20..=35, 40..=48, 50..=55, 60..=63].into_iter().flatten();
    numbers.map(|number| format!("S-{number}")).collect()
}

/// The cells of the rows that begin with this.
fn rows(begin: &str) -> Vec<Vec<&'static str>> {
    let rows = PAGE.lines().filter(|line| line.starts_with(begin));
    rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

#[test]
fn the_table_has_each_attack_once_with_tests_that_exist_or_a_reason() {
    let named = Regex::new(r"`((?:src|tests|emulator)/[a-z0-9_/]+\.rs)::([a-z0-9_]+)`").unwrap();
    let rows = rows("| S-");
    assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), ids());
    let mut tests = 0;
    for row in rows {
        assert_eq!(row.len(), 4, "{row:?}");
        let mut found = 0;
        for test in named.captures_iter(row[3]) {
            let source = fs::read_to_string(root().join(&test[1])).unwrap_or_default();
            let function = source.find(&format!("fn {}(", &test[2])).unwrap_or_else(|| panic!("no test {}", &test[0]));
            // Its attribute is on one of the lines before.
            let before = source[..function].lines().rev().take(4).any(|line| line.trim_start().starts_with("#["));
            let generated = source[..function].contains("proptest! {");
            assert!(before || generated, "{} is no test", &test[0]);
            found += 1;
        }
        assert!(found > 0 || row[3].starts_with("not here: "), "{} has neither a test nor a reason", row[0]);
        tests += found;
    }
    assert!(tests > 80, "{tests}");
}

/// The rights in a rule of a table: `verb resource.group`, with the name if the row has one.
fn rights_of(row: &[&str]) -> BTreeSet<String> {
    let list = |cell: &str| -> Vec<String> {
        cell.split(", ").map(|word| word.trim_matches('`').to_owned()).filter(|word| !word.is_empty()).collect()
    };
    let (group, names) = (row[0].trim_start_matches("| ").trim_matches('`'), list(row[2]));
    let group = if group == "core" { "" } else { group };
    let mut all = BTreeSet::new();
    for resource in list(row[1]) {
        for verb in list(row[3]) {
            let right = format!("{verb} {resource}.{group}");
            all.extend(names.iter().filter(|name| *name != "–").map(|name| format!("{right} {name}")));
            all.extend(names.contains(&"–".to_owned()).then(|| right.clone()));
        }
    }
    all
}

#[test]
fn the_page_lists_the_rights_of_the_operator_and_no_other() {
    let section =
        PAGE.split("## What the operator may do in Kubernetes").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let told: BTreeSet<String> = rows
        .flat_map(|row| rights_of(&row.trim_matches('|').split(" | ").map(str::trim).collect::<Vec<_>>()))
        .collect();
    let of_role = granted("rbac.yaml", "ClusterRole", "dataset-operator");
    let of_lease = granted("rbac.yaml", "Role", "dataset-operator-leader-election");
    assert_eq!(told, of_role.union(&of_lease).cloned().collect());
}

// --- references ---

/// What would be an object of another namespace, if a name could have a slash.
const ELSEWHERE: &str = "team-b/theirs";

/// One step on the way to a field.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    Item,
    /// A member of any name.
    Any,
}

/// The ways to all fields of these schema types in a schema.
fn ways(schema: &Value, type_: &str, way: &[Step], found: &mut Vec<Vec<Step>>) {
    if schema["type"] == type_ {
        found.push(way.to_vec());
    }
    let with = |step: Step| [way, &[step]].concat();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        ways(field, type_, &with(Step::Member(name.clone())), found);
    }
    for (key, step) in [("items", Step::Item), ("additionalProperties", Step::Any)] {
        if let Some(inner) = schema.get(key) {
            ways(inner, type_, &with(step), found);
        }
    }
}

fn all(schema: &Value, type_: &str) -> Vec<Vec<Step>> {
    let mut found = Vec::new();
    ways(schema, type_, &[], &mut found);
    found
}

/// The way as the API server writes it: `filesFrom[0].configMapKeyRef.name`.
fn written(way: &[Step]) -> String {
    let mut text = String::new();
    for step in way {
        match step {
            Step::Member(name) if text.is_empty() => text.push_str(name),
            Step::Member(name) => text.extend([".", name]),
            Step::Item => text.push_str("[0]"),
            Step::Any => text.push_str(".x"),
        }
    }
    text
}

/// A value that a schema takes, with what it requires and no more.
fn least(schema: &Value) -> Value {
    match schema["type"].as_str() {
        Some("string") if schema["enum"].is_array() => schema["enum"][0].clone(),
        Some("string") => json!("x"),
        Some("integer") => json!(schema["minimum"].as_i64().unwrap_or(1)),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        _ => {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let member = |name: &str| (name.to_owned(), least(&schema["properties"][name]));
            Value::Object(required.map(member).collect::<Map<_, _>>())
        }
    }
}

/// The least value of a schema, with `value` at the end of the way.
fn with(schema: &Value, way: &[Step], value: &Value) -> Value {
    let Some((step, rest)) = way.split_first() else { return value.clone() };
    match step {
        Step::Member(name) => {
            let mut object = least(schema);
            object[name] = with(&schema["properties"][name], rest, value);
            object
        }
        Step::Item => json!([with(&schema["items"], rest, value)]),
        Step::Any => json!({"x": with(&schema["additionalProperties"], rest, value)}),
    }
}

fn object(kind: &str, spec: &Value) -> Value {
    let metadata = json!({"name": "mine", "namespace": "team-a", "uid": "u"});
    json!({"apiVersion": testbed::api_version(kind), "kind": kind, "metadata": metadata, "spec": spec})
}

/// Every field that names an object of Kubernetes.
const REFERENCES: [(&str, &[&str]); 8] = [
    ("Dataset", &["providerConfigRef", "sourceDatasetRef"]),
    ("DatasetVersion", &["datasetRef", "providerConfigRef"]),
    ("DatasetJob", &["datasetRef", "providerConfigRef", "versionRef"]),
    ("DatasetJobConfig", &["datasetRef", "multimodalIntelligentTag.apiKeySecretRef", "providerConfigRef"]),
    ("DatasetFileSet", &["datasetRef", "filesFrom[0].configMapKeyRef", "providerConfigRef", "versionRef"]),
    ("MediaDataset", &["providerConfigRef"]),
    ("ProviderConfig", &["credentials.rrsa.serviceAccountRef", "credentials.secretRef"]),
    ("ClusterProviderConfig", &["credentials.rrsa.serviceAccountRef", "credentials.secretRef"]),
];

#[test]
fn a_reference_is_a_name_without_a_namespace_and_without_a_slash() {
    for (kind, references) in REFERENCES {
        let spec = &schema(kind)["properties"]["spec"];
        let is_reference = |way: &&Vec<Step>| matches!(way.last(), Some(Step::Member(name)) if name.ends_with("Ref"));
        let found = all(spec, "object");
        let found: Vec<&Vec<Step>> = found.iter().filter(is_reference).collect();
        assert_eq!(found.iter().map(|way| written(way)).collect::<Vec<_>>(), references, "{kind}");
        for way in found {
            let name = [way.as_slice(), &[Step::Member("name".to_owned())]].concat();
            let field = format!("spec.{}", written(&name));
            let refused = problems(kind, &object(kind, &with(spec, &name, &json!(ELSEWHERE))), None);
            assert!(refused.iter().any(|problem| problem.field == field), "{kind}: {field} takes a slash: {refused:?}");
            // kubectl is told; a client that does not ask for it has the field dropped.
            let space = [way.as_slice(), &[Step::Member("namespace".to_owned())]].concat();
            let field = format!("spec.{}", written(&space));
            let mut outside = with(spec, &name, &json!("mine"));
            let pointer = format!("/{}", written(way).replace("[0]", "/0").replace('.', "/"));
            outside.pointer_mut(&pointer).unwrap()["namespace"] = json!("team-b");
            let refused = problems(kind, &object(kind, &outside), None);
            let unknown = refused.iter().any(|problem| problem.by == By::Strict && problem.field == field);
            assert!(unknown, "{kind}: {field} is known: {refused:?}");
        }
    }
}

/// No field of any spec is a namespace, whatever it is called; who may use an account of the cluster is said by those who run it.
#[test]
fn no_field_of_a_spec_is_a_namespace() {
    for (kind, _) in REFERENCES {
        let spec = &schema(kind)["properties"]["spec"];
        let types = ["string", "object", "array"].into_iter();
        for way in types.flat_map(|type_| all(spec, type_)) {
            let names =
                way.iter().any(|step| matches!(step, Step::Member(name) if name.to_lowercase().contains("namespace")));
            let cluster = kind == "ClusterProviderConfig" && written(&way).starts_with("allowedNamespaces");
            assert!(!names || cluster, "{kind}: {}", written(&way));
        }
    }
}

/// Follows what objects of all kinds refer to, whatever is written into any one of their fields.
#[derive(Default)]
struct Follower {
    followed: BTreeSet<String>,
}

impl ForEachKind for Follower {
    fn visit<K: AnyKind>(&mut self) {
        let spec = &schema(K::NAME)["properties"]["spec"];
        for way in all(spec, "string") {
            for other in variants(spec) {
                // The API server would refuse it; here it is read as if the schema were not there.
                let mut whole = with(spec, &way, &json!(ELSEWHERE));
                let set: Vec<_> = other.into_iter().filter(|(name, _)| whole.get(name.as_str()).is_none()).collect();
                whole.as_object_mut().unwrap().extend(set);
                let shown: Parsed<K::Object> = serde_json::from_value(object(K::NAME, &whole)).unwrap();
                self.follow::<K>(&shown, &written(&way));
            }
        }
    }
}

/// Each value of each choice at the top of a spec, alone: it may decide which other fields count.
fn variants(spec: &Value) -> Vec<Map<String, Value>> {
    let fields = spec["properties"].as_object().unwrap();
    let choices = fields.iter().flat_map(|(name, field)| {
        let values = field["enum"].as_array().into_iter().flatten();
        values.map(|value| Map::from_iter([(name.clone(), value.clone())]))
    });
    std::iter::once(Map::new()).chain(choices).collect()
}

impl Follower {
    fn follow<K: AnyKind>(&mut self, shown: &Parsed<K::Object>, way: &str) {
        let mut objects: Vec<_> = K::references(shown).into_iter().filter_map(Reference::name).collect();
        if let Parsed::Whole(object) = shown {
            objects.extend(K::secret(object).map(|secret| secret.object));
            if let Some(by) = object.provider_config_ref() {
                let config = alias::named("team-a", by);
                let read = alias::config(&alias::alias(&config));
                for config in std::iter::once(config).chain(read) {
                    assert!(
                        config.namespace.is_none_or(|of| of == "team-a"),
                        "{}: {way} leads to a config elsewhere",
                        K::NAME
                    );
                    self.followed.insert(format!("{} to a config", K::NAME));
                }
            }
        }
        for object in objects {
            assert_eq!(object.place().0, "team-a", "{}: {way} leads to a {} elsewhere", K::NAME, object.kind);
            self.followed.insert(format!("{} to a {}", K::NAME, object.kind));
        }
    }
}

#[test]
fn whatever_a_field_says_only_objects_of_the_same_namespace_are_followed() {
    let mut follower = Follower::default();
    for_each(&mut follower);
    let found: Vec<&str> = follower.followed.iter().map(String::as_str).collect();
    assert_eq!(
        found,
        [
            "Dataset to a Dataset",
            "Dataset to a config",
            "DatasetFileSet to a ConfigMap",
            "DatasetFileSet to a Dataset",
            "DatasetFileSet to a DatasetVersion",
            "DatasetFileSet to a config",
            "DatasetJob to a Dataset",
            "DatasetJob to a DatasetVersion",
            "DatasetJob to a config",
            "DatasetJobConfig to a Dataset",
            "DatasetJobConfig to a Secret",
            "DatasetJobConfig to a config",
            "DatasetVersion to a Dataset",
            "DatasetVersion to a config",
            "MediaDataset to a config",
        ]
    );
}

// --- secrets ---

/// The sources of the program, each without its tests and comments.
fn sources() -> Vec<(PathBuf, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join("src")]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = path.to_str().unwrap();
            if path.is_dir() && !text.ends_with("/tests") && !text.ends_with("/golden") {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs")
                && !text.ends_with("tests.rs")
                && !text.ends_with("/fake_server.rs")
            {
                let whole = fs::read_to_string(&path).unwrap();
                let program = whole.split("\nmod tests {").next().unwrap();
                let lines = program.lines().filter(|line| !line.trim_start().starts_with("//"));
                let code = lines.collect::<Vec<_>>().join("\n");
                found.push((path.strip_prefix(root()).unwrap().to_owned(), code));
            }
        }
    }
    found.sort();
    found
}

/// Fields whose names say that they hold a secret, as plain texts, in types that have `Debug`: `file Type.field`.
fn plain_secrets(path: &str, code: &str) -> Vec<String> {
    let defined = Regex::new(r"(?m)^[ ]*(?:pub(?:\([^)]*\))? )?(?:struct|enum) (\w+)[^{;]*\{").unwrap();
    let field = Regex::new(
        r"(?m)^\s*(?:pub(?:\([^)]*\))? )?(\w*(?:secret|password|token|owner_key|api_key|private_key)): .*(?:\bString\b|Vec<u8>|\bByteString\b|\bstr\b)",
    )
    .unwrap();
    let mut found = Vec::new();
    for definition in defined.captures_iter(code) {
        let whole = definition.get(0).unwrap();
        let before = &code[..whole.start()];
        let header = &before[before.rfind("\n\n").max(before.rfind("{\n")).unwrap_or_default()..];
        let mut depth = 1;
        let body = &code[whole.end()..];
        let end = body.find(|c: char| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            depth == 0
        });
        let body = &body[..end.unwrap_or(body.len())];
        if header.contains("Debug") {
            found.extend(field.captures_iter(body).map(|field| format!("{path} {}.{}", &definition[1], &field[1])));
        }
    }
    found
}

#[test]
fn no_type_with_debug_output_holds_a_secret_as_a_plain_text() {
    // They are names of keys in a Secret, and the place in a list that a service goes on from.
    let names = [
        "src/api/provider_credentials.rs CredentialKeys.access_key_secret",
        "src/api/provider_credentials.rs CredentialKeys.bearer_token",
        "src/api/provider_credentials.rs CredentialKeys.security_token",
        "src/batch/walk.rs Walk.token",
    ];
    let mut found: Vec<String> =
        sources().iter().flat_map(|(path, code)| plain_secrets(path.to_str().unwrap(), code)).collect();
    found.sort();
    found.retain(|field| !names.contains(&field.as_str()));
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_plain_secret_would_be_noticed() {
    let planted = "\n\n#[derive(Debug, Clone)]\npub struct Key {\n    pub id: String,\n    pub(super) access_key_secret: Option<String>,\n}\n";
    assert_eq!(plain_secrets("x.rs", planted), ["x.rs Key.access_key_secret"]);
    assert_eq!(plain_secrets("x.rs", &planted.replace("Debug, ", "")), Vec::<String>::new());
    assert_eq!(plain_secrets("x.rs", &planted.replace("Option<String>", "Option<Secret>")), Vec::<String>::new());
}

/// The text of a secret is taken out only where it is sent, signed with, compared, or read as a URL.
#[test]
fn a_secret_is_exposed_only_where_it_is_needed() {
    let exposing: Vec<_> = sources()
        .into_iter()
        .filter(|(_, code)| code.contains(".expose()") || code.contains("Secret::expose"))
        .map(|(path, _)| path.to_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        exposing,
        [
            "src/cloud/credentials.rs",
            "src/cloud/prepare.rs",
            "src/cloud/request.rs",
            "src/cloud/sessions/oidc.rs",
            "src/cloud/sessions/uri.rs",
            "src/cloud/sign.rs",
            "src/cloud/wire.rs",
            "src/operator/clients.rs",
            "src/operator/identity.rs",
            "src/settings/outbound.rs",
            "src/settings.rs",
        ]
    );
}

#[derive(Debug, Parser)]
struct Program {
    #[command(flatten)]
    flags: Flags,
}

/// Each public type that holds a secret and has `Debug`. What is made of them derives its own.
#[test]
fn debug_output_of_what_holds_a_secret_shows_none() {
    let secret = || Secret::new("canary-1");
    let key = Credentials::AccessKey { id: "id".to_owned(), secret: secret(), security_token: Some(secret()) };
    let bearer = Credentials::Bearer { token: secret(), style: BearerStyle::Sdk };
    let environment = Environment::new(|_| Some("canary-2".to_owned()), BearerStyle::Sdk);
    let switch = Switch::failed("no key yet".to_owned());
    let proxy = Proxy::parse("http://canary-3:canary-4@proxy:3128").unwrap();
    let arguments = [
        "x",
        "--region",
        "cn-hangzhou",
        "--owner-key",
        "canary-5,canary-6",
        "--https-proxy",
        "http://u:canary-7@proxy:1",
    ];
    let program = Program::parse_from(arguments);
    let settings = Settings::new(program.flags.clone()).unwrap();
    let identity = Identity::new(&["domain".to_owned()], &["canary-8".to_owned()], "uid");
    let hidden = Hidden::new("canary-9");
    let request =
        Request::create_dataset_job_config("d-1", Map::new()).with_hidden("Config", hidden.in_object("apiKey"));
    let body = json!({"Config": "canary-10"}).as_object().unwrap().clone();
    let answer = Answer { request_id: None, body };
    let version = json!({"uid": "u"});
    let codec = JobConfigs::knowing(&hidden, &version);
    for shown in [
        format!("{:?}", secret()),
        format!("{key:?} {bearer:?} {} {}", key.key(), bearer.key()),
        format!("{environment:?} {switch:?}"),
        format!("{proxy:?} {}", proxy.shown()),
        format!("{program:?}"),
        format!("{settings:?} {}", settings.outbound.way_to_service()),
        format!("{identity:?}"),
        format!("{request:?} {answer:?} {codec:?}"),
    ] {
        assert!(!shown.is_empty() && !shown.contains("canary"), "{shown}");
    }
}

/// A text that must not be seen has no `Debug` and no `Display`, so nothing that holds one can derive them.
#[test]
fn a_hidden_text_cannot_be_printed() {
    let (_, code) = sources().into_iter().find(|(path, _)| path.ends_with("cloud/hidden.rs")).unwrap();
    assert!(code.contains("pub struct Hidden"));
    for word in ["Debug", "Display", "Serialize"] {
        assert!(!code.contains(word), "{word}");
    }
    let (_, code) = sources().into_iter().find(|(path, _)| path.ends_with("cloud/secret.rs")).unwrap();
    assert!(!code.contains("Display") && !code.contains("Serialize") && !code.contains("derive(Debug"));
}

// --- the ports ---

#[tokio::test]
async fn nothing_is_served_but_health_and_metrics() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let [health, metrics] = [(), ()].map(|()| format!("127.0.0.1:{}", testbed::free_port().unwrap()));
    let (at, metrics_at) = (health.parse().unwrap(), metrics.parse().unwrap());
    let serving = tokio::spawn(serve(at, metrics_at, Readiness::default(), Metrics::default().into()));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = async |url: String| loop {
        assert!(!serving.is_finished());
        match client.get(&url).send().await {
            Ok(answer) => return answer.status().as_u16(),
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    };
    for (path, on_health, on_metrics) in [
        ("/healthz", 200, 404),
        ("/readyz", 503, 404),
        ("/metrics", 404, 200),
        ("/log-level", 404, 404), // A test does not log; a story asks the whole operator.
        ("/", 404, 404),
        ("/debug/pprof/", 404, 404),
        ("/debug/pprof/heap", 404, 404),
        ("/debug/vars", 404, 404),
        ("/config", 404, 404),
    ] {
        assert_eq!(ask(format!("http://{health}{path}")).await, on_health, "{path}");
        assert_eq!(ask(format!("http://{metrics}{path}")).await, on_metrics, "{path}");
    }
    assert_eq!(client.post(format!("http://{health}/healthz")).send().await.unwrap().status(), 405);
    serving.abort();
}

// --- the Pod ---

/// What Kubernetes' own levels of Pods do not ask for; a story shows that they take this Pod and refuse weaker ones.
#[test]
fn the_pod_writes_nothing_to_its_root_and_has_an_account_of_its_own() {
    let text = fs::read_to_string(root().join("deploy/kustomize/base/deployment.yaml")).unwrap();
    let deployment: Value = serde_saphyr::from_str(&text).unwrap();
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(pod["serviceAccountName"], "dataset-operator");
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert!(pod["securityContext"]["runAsUser"].as_u64().unwrap() > 0);
    for forbidden in ["hostNetwork", "hostPID", "hostIPC", "volumes", "initContainers"] {
        assert_eq!(pod[forbidden], Value::Null, "{forbidden}");
    }
    for container in pod["containers"].as_array().unwrap() {
        assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
        assert_eq!(container["securityContext"]["allowPrivilegeEscalation"], false);
        assert_eq!(container["securityContext"]["capabilities"], json!({"drop": ["ALL"]}));
        assert!(container["resources"]["limits"]["memory"].is_string());
    }
    let image = fs::read_to_string(root().join("Containerfile")).unwrap();
    let last = image.rsplit("\nFROM ").next().unwrap();
    assert!(last.starts_with("scratch\n"), "an image with a shell: {last}");
    assert!(last.contains("\nUSER 65532:65532\n"), "{last}");
    assert_eq!(pod["securityContext"]["runAsUser"], 65532);
}
