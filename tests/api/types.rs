//! The public form of the types and definitions: names that must not change by accident, and
//! properties of every schema.

use dataset_operator::api::condition::{ConditionType, Reason};
use dataset_operator::api::rules::Immutable;
use dataset_operator::api::{
    ClusterProviderConfig, Dataset, DatasetFileSet, DatasetImmutables, DatasetJob, DatasetJobConfig,
    DatasetJobConfigStatus, DatasetJobStatus, DatasetStatus, DatasetVersion, DatasetVersionStatus, EventReason,
    JobConfigImmutables, JobImmutables, MediaDataset, ProviderConfig, VersionImmutables, crds, names,
};
use dataset_operator::api::{
    dataset_definition, file_set_definition, job_config_definition, job_definition, media_dataset_definition,
    version_definition,
};
use serde_json::{Map, Value, json};

use crate::cases::{self, By};
use crate::check::schema;

const KINDS: [&str; 8] = [
    "Dataset",
    "DatasetVersion",
    "DatasetJob",
    "DatasetJobConfig",
    "DatasetFileSet",
    "MediaDataset",
    "ProviderConfig",
    "ClusterProviderConfig",
];

fn texts(list: &[impl ToString]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

#[test]
fn reasons_and_condition_types_are_as_published() {
    let (stalled, other): (Vec<Reason>, Vec<Reason>) = Reason::ALL.iter().partition(|reason| reason.stalled());
    assert_eq!(
        texts(&other).join(" "),
        "Available Progressing Queued Uncertain DependencyNotReady CloudUnavailable Throttled QuotaExceeded WriteRefused \
         MalformedResponse InternalError Deleting Paused"
    );
    assert_eq!(
        texts(&stalled).join(" "),
        "DeletionBlocked InvalidSpec ImmutableChanged NameTaken OwnedByOther AdoptionNotFound RemoteDeleted AccessDenied \
         CredentialsInvalid AccountMismatch PartialFailed JobFailed JobStopped JobDeadlineExceeded JobLost PruneBlocked"
    );
    assert_eq!(
        texts(ConditionType::ALL).join(" "),
        "Ready Reconciling Stalled Drifted DuplicatesFound AccountKept Paused Complete Failed"
    );
}

#[test]
fn event_reasons_are_as_published() {
    let (warning, normal): (Vec<EventReason>, Vec<EventReason>) =
        EventReason::ALL.iter().partition(|reason| reason.is_warning());
    assert_eq!(
        texts(&normal).join(" "),
        "Created Adopted Recovered Updated DriftDetected DriftCorrected MarkRestored Deleted Retained LeftInCloud \
         Completed Stopped LeaderElection"
    );
    assert_eq!(
        texts(&warning).join(" "),
        "ServiceNormalises LeftBehind HandoverAtRisk DuplicatesFound OrphanFound UnknownAnnotation InvalidAnnotation EventsLeftOut"
    );
}

#[test]
fn annotations_finalizer_and_marks_are_as_published() {
    assert_eq!(
        names::ANNOTATIONS.map(|(name, _)| name),
        [
            "dataset-operator.dev/paused",
            "dataset-operator.dev/reconcile-requested-at",
            "dataset-operator.dev/poll-interval",
            "dataset-operator.dev/force-release",
            "dataset-operator.dev/allow-prune",
            "dataset-operator.dev/intent",
        ]
    );
    assert!(names::ANNOTATIONS.iter().all(|(name, _)| name.starts_with(names::PREFIX)));
    assert_eq!(names::FINALIZER, "dataset-operator.dev/remote");
    assert_eq!(names::MARKS, ["dso-domain", "dso-owner", "dso-attempt", "dso-released"]);
    assert!(names::MARKS.iter().all(|mark| mark.starts_with(names::MARK_PREFIX)));
}

#[test]
fn definitions_carry_the_published_names_and_columns() {
    let seen: Vec<Value> = crds::definitions()
        .unwrap()
        .iter()
        .map(|crd| {
            let version = &crd["spec"]["versions"][0];
            let columns: Vec<String> = version["additionalPrinterColumns"]
                .as_array()
                .unwrap()
                .iter()
                .map(|column| {
                    let wide = if column["priority"] == 1 { " (wide)" } else { "" };
                    format!("{}{wide}", column["name"].as_str().unwrap().to_uppercase())
                })
                .collect();
            json!([
                crd["metadata"]["name"],
                crd["spec"]["names"]["shortNames"],
                crd["spec"]["names"]["categories"],
                crd["spec"]["scope"],
                version["name"],
                columns.join(" "),
            ])
        })
        .collect();
    assert_eq!(
        json!(seen),
        json!([
            [
                "datasets.pai.dataset-operator.dev",
                ["paids"],
                ["pai", "alibabacloud"],
                "Namespaced",
                "v1alpha1",
                "ID READY REASON VERSION AGE TYPE (wide) URI (wide) WORKSPACE (wide) MESSAGE (wide)"
            ],
            [
                "datasetversions.pai.dataset-operator.dev",
                ["paidsv"],
                ["pai", "alibabacloud"],
                "Namespaced",
                "v1alpha1",
                "DATASET VERSION READY REASON AGE DATASETID (wide) URI (wide) MESSAGE (wide)"
            ],
            [
                "datasetjobs.pai.dataset-operator.dev",
                ["paidsj"],
                ["pai", "alibabacloud"],
                "Namespaced",
                "v1alpha1",
                "DATASET ACTION STATE PROGRESS AGE REASON (wide) MESSAGE (wide)"
            ],
            [
                "datasetjobconfigs.pai.dataset-operator.dev",
                ["paidsjc"],
                ["pai", "alibabacloud"],
                "Namespaced",
                "v1alpha1",
                "DATASET TYPE READY REASON AGE ID (wide) MESSAGE (wide)"
            ],
            [
                "datasetfilesets.pai.dataset-operator.dev",
                ["paidsf"],
                ["pai", "alibabacloud"],
                "Namespaced",
                "v1alpha1",
                "DATASET VERSION FILES READY REASON AGE MESSAGE (wide)"
            ],
            [
                "mediadatasets.imm.dataset-operator.dev",
                ["immds"],
                ["imm", "alibabacloud"],
                "Namespaced",
                "v1alpha1",
                "PROJECT NAME READY REASON FILES AGE MESSAGE (wide)"
            ],
            [
                "providerconfigs.dataset-operator.dev",
                null,
                ["alibabacloud"],
                "Namespaced",
                "v1alpha1",
                "ACCOUNT SOURCE READY REASON USERS AGE IDENTITY (wide) EXPIRES (wide) MESSAGE (wide)"
            ],
            [
                "clusterproviderconfigs.dataset-operator.dev",
                null,
                ["alibabacloud"],
                "Cluster",
                "v1alpha1",
                "ACCOUNT SOURCE READY REASON USERS AGE IDENTITY (wide) EXPIRES (wide) MESSAGE (wide)"
            ]
        ])
    );
}

#[test]
fn fields_are_as_published() {
    let fields = |kind: &str, part: &str| {
        let all = schema(kind)["properties"][part]["properties"].as_object().unwrap();
        all.keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        fields("Dataset", "spec"),
        "accessibility accessibleRoleIdList adoption dataCount dataSize dataSourceType dataType \
         datasetTaskRamRole deleteForeignVersions deletionPolicy description edition importInfo labels \
         mountAccessReadWriteRoleIdList name onExternalDeletion options property provider providerConfigRef \
         providerType sharingConfig sourceDatasetId sourceDatasetRef sourceDatasetVersion sourceId sourceType \
         uri userId userMetricsEndpoints versionDescription versionLabels workspaceId"
    );
    assert_eq!(
        fields("Dataset", "status"),
        "appliedLabelKeys appliedShares attempt conditions dataSourceType dataType datasetId importInfo \
         isShared lastError lastHandledReconcileAt latestVersion mountAccess mountPath name \
         observedGeneration origin ownerId principal property provider providerConfig providerType recovered \
         sharedFrom sharedTo sourceDatasetId sourceDatasetVersion sourceId sourceType uri userId workspaceId"
    );
    assert_eq!(
        fields("DatasetVersion", "spec"),
        "adoption dataCount dataSize dataSourceType datasetId datasetRef datasetTaskRamRole deletionPolicy \
         description importInfo labels onExternalDeletion options property providerConfigRef sourceId \
         sourceType uri userMetricsEndpoints"
    );
    assert_eq!(
        fields("DatasetVersion", "status"),
        "appliedLabelKeys attempt conditions dataSourceType datasetId importInfo lastError \
         lastHandledReconcileAt mountAccess mountPath observedGeneration origin principal property \
         providerConfig recovered sourceId sourceType uri versionName"
    );
    assert_eq!(
        fields("DatasetJob", "spec"),
        "activeDeadlineSeconds adoption backoffLimit datasetId datasetRef datasetVersion deletionPolicy \
         description jobAction jobMode jobSpec partialFailure providerConfigRef runId versionRef"
    );
    assert_eq!(
        fields("DatasetJob", "status"),
        "appliedLabelKeys attempt attempts completionTime conditions datasetId datasetJobId datasetVersion \
         jobAction jobMode jobSpec lastError lastHandledReconcileAt logs observedGeneration origin \
         partialFailure principal progress providerConfig recovered runId startTime state stopReason"
    );
    let members = |part: &str| {
        let all = &schema("DatasetJob")["properties"][part]["properties"]["jobSpec"]["properties"];
        all.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        members("spec"),
        "concurrency contentList databaseConnectionId databaseTableName embeddingConnectionId embeddingModel \
         exportDirUri filteredAttributes importMode intelligentTagConnectionId intelligentTagJobId manifestUri modelId \
         modelVersion promptId query srcDatasetId srcDatasetVersion srcWorkspaceId vectorIndexConfig"
    );
    assert_eq!(members("spec"), members("status"));
    assert_eq!(
        fields("DatasetJobConfig", "spec"),
        "adoption configType datasetId datasetRef deletionPolicy multimodalIntelligentTag \
         multimodalSemanticIndex onExternalDeletion providerConfigRef"
    );
    assert_eq!(
        fields("DatasetJobConfig", "status"),
        "appliedLabelKeys attempt conditions configType createTime datasetId datasetJobConfigId lastError \
         lastHandledReconcileAt modifyTime observedGeneration origin principal providerConfig recovered \
         secret"
    );
    assert_eq!(
        fields("DatasetFileSet", "spec"),
        "conflictPolicy datasetId datasetRef datasetVersion deletionPolicy files filesFrom providerConfigRef \
         prune statistics versionRef"
    );
    assert_eq!(
        fields("DatasetFileSet", "status"),
        "appliedLabelKeys attempt conditions contentHash datasetId datasetVersion failures files lastError \
         lastFullCheckTime lastHandledReconcileAt observedGeneration origin principal providerConfig \
         recovered statistics"
    );
    let items =
        schema("DatasetFileSet")["properties"]["spec"]["properties"]["files"]["items"]["properties"].as_object();
    assert_eq!(
        items.unwrap().keys().cloned().collect::<Vec<_>>().join(" "),
        "contentType dataSize fileCreateTime fileFingerPrint fileName fileType fileUpdateTime metaAttributes tags uri"
    );
    assert_eq!(
        fields("MediaDataset", "spec"),
        "adoption datasetConfig datasetMaxBindCount datasetMaxEntityCount datasetMaxFileCount \
         datasetMaxRelationCount datasetMaxTotalFileSize deletionPolicy description name onExternalDeletion \
         projectName providerConfigRef statistics templateId workflowParameters"
    );
    assert_eq!(
        fields("MediaDataset", "status"),
        "appliedLabelKeys attempt bindCount conditions createTime datasetConfig fileCount lastError \
         lastHandledReconcileAt name observedGeneration origin principal projectName providerConfig recovered \
         smartClusterTaskStatus totalFileSize updateTime"
    );
}

/// The types of a status write its members in this order.
#[test]
fn status_members_are_written_in_the_published_order() {
    let text = |object: &Value| object.as_object().unwrap().keys().map(|key| (key.clone(), json!("x"))).collect();
    let status = |kind: &str| -> Value {
        let mut status: serde_json::Map<String, Value> = text(&schema(kind)["properties"]["status"]["properties"]);
        let time = "2026-01-01T00:00:00Z";
        status.extend([
            ("observedGeneration".to_owned(), json!(1)),
            ("recovered".to_owned(), json!(true)),
            ("origin".to_owned(), json!("Created")),
            ("attempt".to_owned(), json!({"nonce": "c1", "outcome": "Created"})),
            ("appliedLabelKeys".to_owned(), json!(["x"])),
            ("lastError".to_owned(), json!({"code": "x", "requestId": "x", "operation": "x", "time": time})),
            (
                "conditions".to_owned(),
                json!([{"type": "x", "status": "x", "reason": "x", "message": "x", "lastTransitionTime": time}]),
            ),
        ]);
        let of_a_job = [
            ("jobSpec".to_owned(), json!({"modelId": "x"})),
            ("progress".to_owned(), json!({"total": 1})),
            ("attempts".to_owned(), json!([{"number": 1, "nonce": "c1"}])),
            ("logs".to_owned(), json!(["x"])),
        ];
        let of_a_dataset = [
            ("appliedShares".to_owned(), json!(["x"])),
            ("sharedTo".to_owned(), json!([{"status": "x"}])),
            ("isShared".to_owned(), json!(true)),
            ("sharedFrom".to_owned(), json!({"status": "x"})),
        ];
        status.insert("providerConfig".to_owned(), json!({"kind": "ProviderConfig", "name": "x"}));
        status.extend(match kind {
            "Dataset" => of_a_dataset.to_vec(),
            "DatasetJob" => of_a_job.to_vec(),
            _ => Vec::new(),
        });
        Value::Object(status)
    };
    // Members by where they begin in the text, the outermost ones only.
    let order = |status: &Value, written: &str| {
        let place = |key: &&String| written.find(&format!("\"{key}\":")).unwrap();
        let mut keys: Vec<&String> = status.as_object().unwrap().keys().collect();
        keys.sort_by_key(place);
        keys.into_iter().cloned().collect::<Vec<_>>().join(" ")
    };
    let (of_dataset, of_version, of_job) = (status("Dataset"), status("DatasetVersion"), status("DatasetJob"));
    let dataset: DatasetStatus = serde_json::from_value(of_dataset.clone()).unwrap();
    let version: DatasetVersionStatus = serde_json::from_value(of_version.clone()).unwrap();
    let job: DatasetJobStatus = serde_json::from_value(of_job.clone()).unwrap();
    let common = "observedGeneration origin recovered attempt appliedLabelKeys principal providerConfig lastHandledReconcileAt \
                  lastError conditions";
    assert_eq!(
        order(&of_dataset, &serde_json::to_string(&dataset).unwrap()),
        format!(
            "datasetId name property dataSourceType uri dataType sourceType sourceId userId workspaceId importInfo \
             provider providerType sourceDatasetId sourceDatasetVersion ownerId latestVersion mountPath mountAccess \
             appliedShares sharedTo isShared sharedFrom {common}"
        )
    );
    assert_eq!(
        order(&of_version, &serde_json::to_string(&version).unwrap()),
        format!(
            "datasetId versionName property dataSourceType uri sourceType sourceId importInfo mountPath mountAccess {common}"
        )
    );
    assert_eq!(
        order(&of_job, &serde_json::to_string(&job).unwrap()),
        format!(
            "datasetId datasetJobId datasetVersion jobAction jobMode jobSpec partialFailure runId state progress startTime \
             completionTime attempts stopReason logs {common}"
        )
    );
}

#[test]
fn the_status_of_a_configuration_names_its_secret_before_what_all_kinds_have() {
    let secret = json!({"uid": "u", "resourceVersion": "7"});
    let status = json!({"datasetId": "d-1", "datasetJobConfigId": "dscfg-1", "configType": "x", "secret": secret, "principal": "p"});
    let typed: DatasetJobConfigStatus = serde_json::from_value(status).unwrap();
    let written = serde_json::to_string(&typed).unwrap();
    let order = ["datasetId", "datasetJobConfigId", "configType", "secret", "principal"];
    let places = order.map(|key| written.find(&format!("\"{key}\":")).unwrap());
    assert!(places.is_sorted(), "{written}");
    assert!(written.contains(r#""secret":{"uid":"u","resourceVersion":"7"}"#), "{written}");
}

/// Calls `look` with the path and the schema of every field.
fn every_field(schema: &Value, path: &str, look: &mut impl FnMut(&str, &Value)) {
    look(path, schema);
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        every_field(field, &format!("{path}.{name}"), look);
    }
    if let Some(items) = schema.get("items") {
        every_field(items, &format!("{path}[]"), look);
    }
}

/// Whether this is one of the parameters of jobs whose form the vendor does not document.
fn is_any(path: &str) -> bool {
    let member = path.split_once(".jobSpec.").map(|(_, member)| member);
    member.is_some_and(|member| ["filteredAttributes", "query", "vectorIndexConfig"].contains(&member))
}

#[test]
fn schemas_are_structural_and_say_absent_in_one_way_only() {
    for kind in KINDS {
        every_field(schema(kind), kind, &mut |path, schema| {
            assert_eq!(schema["type"].is_string(), !is_any(path), "{path} has no one type");
            let keeps = schema["x-kubernetes-preserve-unknown-fields"] == true;
            assert_eq!(
                keeps,
                is_any(path) || path.ends_with(".jobSpec") || path.ends_with(".datasetConfig"),
                "{path} keeps what it does not know"
            );
            for word in ["nullable", "anyOf", "oneOf", "allOf", "additionalProperties"] {
                // The operations of the service are not listed a second time, and labels are anything.
                let free = [".operationQps", ".matchLabels"].iter().any(|end| path.ends_with(end));
                let names = word == "additionalProperties" && free;
                assert!(names || schema.get(word).is_none(), "{path} has {word}");
            }
            if let Some(values) = schema["enum"].as_array() {
                assert!(values.iter().all(Value::is_string), "{path}: {values:?}");
            }
            let default = (path == format!("{kind}.status")).then(|| json!({ "observedGeneration": -1 }));
            assert_eq!(schema.get("default"), default.as_ref(), "{path}");
        });
    }
}

#[test]
fn every_field_is_described() {
    for kind in KINDS {
        every_field(schema(kind), kind, &mut |path, schema| {
            let text = schema["description"].as_str().unwrap_or_default();
            // The items of a list of strings are described with the list.
            assert!(text.len() > 10 || path.ends_with("[]"), "{path} is not described");
        });
    }
}

/// Status shows what others wrote: a job that was adopted may have values that nobody may write here.
#[test]
fn recorded_values_have_no_bounds() {
    every_field(&schema("DatasetJob")["properties"]["status"], "status", &mut |path, schema| {
        let ours = ["status.origin", "status.attempt.outcome", "status.providerConfig.kind"].contains(&path);
        for bound in ["enum", "pattern", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"] {
            assert!(ours || schema.get(bound).is_none(), "{path} has {bound}");
        }
    });
}

/// Without bounds the apiserver must assume the worst cost of a rule, and a spec could fill the store.
#[test]
fn everything_in_a_spec_is_bounded() {
    for kind in KINDS {
        let spec = &schema(kind)["properties"]["spec"];
        every_field(spec, kind, &mut |path, schema| {
            let bound = match schema["type"].as_str().unwrap_or("any") {
                "string" if schema.get("enum").is_none() && schema["format"] != "date-time" => "maxLength",
                "array" => "maxItems",
                // A rule says how many, or 64 bits are the bound.
                "integer" if schema["format"] == "int64" => return,
                "integer" => "maximum",
                _ => return,
            };
            assert!(schema[bound].is_u64(), "{path} has no {bound}");
        });
    }
}

#[test]
fn every_rule_names_its_field_and_breaks_no_line() {
    for kind in KINDS {
        for rule in schema(kind)["x-kubernetes-validations"].as_array().unwrap() {
            let field = rule["fieldPath"].as_str().unwrap().trim_start_matches(".spec.");
            let message = rule["message"].as_str().unwrap();
            assert!(message.contains(field), "{field}: {message}");
            assert!(!message.contains('\n'), "{message}");
        }
    }
}

/// Every object that the apiserver admits can be read, and is written again unchanged.
#[test]
fn the_types_hold_all_that_is_admitted() {
    for case in cases::load() {
        if case.refused.is_some_and(|refusal| refusal.by != By::Rule) {
            continue;
        }
        let again = match case.kind.as_str() {
            "Dataset" => serde_json::from_value::<Dataset>(case.object.clone()).map(|o| json!(o)),
            "DatasetJob" => serde_json::from_value::<DatasetJob>(case.object.clone()).map(|o| json!(o)),
            "DatasetJobConfig" => serde_json::from_value::<DatasetJobConfig>(case.object.clone()).map(|o| json!(o)),
            "DatasetFileSet" => serde_json::from_value::<DatasetFileSet>(case.object.clone()).map(|o| json!(o)),
            "MediaDataset" => serde_json::from_value::<MediaDataset>(case.object.clone()).map(|o| json!(o)),
            "ProviderConfig" => serde_json::from_value::<ProviderConfig>(case.object.clone()).map(|o| json!(o)),
            "ClusterProviderConfig" => {
                serde_json::from_value::<ClusterProviderConfig>(case.object.clone()).map(|o| json!(o))
            }
            _ => serde_json::from_value::<DatasetVersion>(case.object.clone()).map(|o| json!(o)),
        };
        assert_eq!(again.unwrap(), case.object, "{}", case.name);
    }
}

/// Status records the values of an admitted spec unchanged.
#[test]
fn immutables_read_alike_from_spec_and_status() {
    for case in cases::load().iter().filter(|case| case.refused.is_none() && case.kind != "DatasetFileSet") {
        let spec = case.object["spec"].clone();
        let named = |field: &Immutable| Some((field.field.to_owned(), spec.get(field.field)?.clone()));
        let (said, recorded): (Map<_, _>, _) = if case.kind == "Dataset" {
            let recorded: DatasetImmutables = serde_json::from_value(spec.clone()).unwrap();
            (dataset_definition::IMMUTABLES.iter().filter_map(named).collect(), json!(recorded))
        } else if case.kind == "DatasetJob" {
            let recorded: JobImmutables = serde_json::from_value(spec.clone()).unwrap();
            (job_definition::IMMUTABLES.iter().filter_map(named).collect(), json!(recorded))
        } else if case.kind == "DatasetJobConfig" {
            let recorded: JobConfigImmutables = serde_json::from_value(spec.clone()).unwrap();
            (job_config_definition::IMMUTABLES.iter().filter_map(named).collect(), json!(recorded))
        } else if ["MediaDataset", "ProviderConfig", "ClusterProviderConfig"].contains(&case.kind.as_str()) {
            // Status has no copy of them beside the identity.
            continue;
        } else {
            let recorded: VersionImmutables = serde_json::from_value(spec.clone()).unwrap();
            (version_definition::IMMUTABLES.iter().filter_map(named).collect(), json!(recorded))
        };
        assert_eq!(recorded, json!(said), "{}", case.name);
    }
}

/// A field that is both in spec and in status cannot change, except the fields that name the remote.
#[test]
fn the_tables_of_immutables_and_the_schemas_agree() {
    for (kind, name, table) in [
        ("Dataset", "name", dataset_definition::IMMUTABLES),
        ("DatasetVersion", "datasetId", version_definition::IMMUTABLES),
        ("DatasetJob", "datasetId", job_definition::IMMUTABLES),
        ("DatasetJobConfig", "datasetId", job_config_definition::IMMUTABLES),
        ("DatasetFileSet", "datasetId", file_set_definition::IMMUTABLES),
        ("MediaDataset", "", media_dataset_definition::IMMUTABLES),
    ] {
        let [spec, status] =
            ["spec", "status"].map(|part| schema(kind)["properties"][part]["properties"].as_object().unwrap());
        // The members of `datasetConfig` are in no schema, so the operator compares it; and the status of a set counts the
        // files that its spec lists, and what its spec asks to count.
        let ours = [
            ("MediaDataset", "datasetConfig"),
            ("DatasetFileSet", "files"),
            ("DatasetFileSet", "statistics"),
            (kind, name),
        ];
        let both: Vec<_> = spec
            .keys()
            .filter(|field| status.contains_key(*field) && !ours.contains(&(kind, field.as_str())))
            .collect();
        let mut listed: Vec<_> = table.iter().map(|immutable| immutable.field).collect();
        listed.sort_unstable();
        assert_eq!(both, listed, "{kind}");
        for field in listed {
            let type_ = json!(if field == "jobSpec" { "object" } else { "string" });
            assert_eq!((&spec[field]["type"], &status[field]["type"]), (&type_, &type_), "{field}");
        }
    }
}
