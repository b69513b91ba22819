//! Who may write what: the shipped policy asks for the verbs "adopt", "destroy" and "share" where an object reaches beyond
//! the datasets of its namespace.

use std::time::Duration;

use serde_json::{Value, json};

use crate::files::file;
use crate::jobs::index;
use crate::looks::version_of;
use crate::scene::{Scene, Setting, dataset_id, oss};

const POLICY: &str = "dataset-operator-rights";

/// The specs, what they need, and the field that the refusal names. Nothing is needed where no verb is named.
fn cases() -> Vec<(&'static str, Value, &'static [&'static str], &'static str)> {
    let with = |mut spec: Value, more: Value| {
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        spec
    };
    let by_id = |mut spec: Value| {
        spec.as_object_mut().unwrap().remove("datasetRef");
        with(spec, json!({"datasetId": "d-1"}))
    };
    let dataset = |more| with(oss("x"), more);
    let config = json!({
        "datasetRef": {"name": "x"}, "configType": "MultimodalSemanticIndex",
        "multimodalSemanticIndex": {"defaultModelId": "m"},
    });
    let files = json!({"datasetRef": {"name": "x"}, "files": [file(1)]});
    let media = |policy: &str| json!({"projectName": "photos", "adoption": {"policy": policy}});
    let takes = json!({"policy": "AdoptByName"});
    let shared = json!({"sharedTo": [{"tenantId": "1", "workspaceId": "2", "allowedMountAccessLevels": ["RO"]}]});
    vec![
        ("Dataset", dataset(json!({})), &[], ""),
        ("Dataset", dataset(json!({"adoption": {"policy": "CreateOnly"}, "deletionPolicy": "Delete"})), &[], ""),
        ("Dataset", json!({"adoption": {"datasetId": "d-1"}}), &["adopt"], "spec.adoption"),
        ("Dataset", dataset(json!({"adoption": takes})), &["adopt"], "spec.adoption"),
        ("Dataset", dataset(json!({"adoption": {"policy": "AdoptOnly"}})), &["adopt"], "spec.adoption"),
        ("Dataset", dataset(json!({"sourceDatasetId": "d-1"})), &["adopt"], "spec.sourceDatasetId"),
        ("Dataset", dataset(json!({"deleteForeignVersions": true})), &["destroy"], "spec.deleteForeignVersions"),
        ("Dataset", dataset(json!({"adoption": takes, "deletionPolicy": "Retain"})), &["adopt"], "spec.adoption"),
        (
            "Dataset",
            dataset(json!({"adoption": takes, "deletionPolicy": "Delete"})),
            &["adopt", "destroy"],
            "spec.deletionPolicy",
        ),
        ("Dataset", dataset(json!({"sharingConfig": shared})), &["share"], "spec.sharingConfig"),
        ("DatasetVersion", version_of("x", "v2"), &[], ""),
        ("DatasetVersion", with(version_of("x", "v1"), json!({"adoption": {"versionName": "v1"}})), &[], ""),
        ("DatasetVersion", by_id(version_of("x", "v2")), &["adopt"], "spec.datasetId"),
        ("DatasetJob", index(json!({})), &[], ""),
        ("DatasetJob", by_id(index(json!({}))), &["adopt"], "spec.datasetId"),
        (
            "DatasetJob",
            index(json!({"jobSpec": {"contentList": ["file"], "srcDatasetId": "d-1"}})),
            &["adopt"],
            "spec.jobSpec.srcDatasetId",
        ),
        ("DatasetJobConfig", config.clone(), &[], ""),
        ("DatasetJobConfig", by_id(config), &["adopt"], "spec.datasetId"),
        ("DatasetFileSet", with(files.clone(), json!({"conflictPolicy": "Adopt"})), &[], ""),
        ("DatasetFileSet", by_id(files), &["adopt"], "spec.datasetId"),
        ("MediaDataset", media("CreateOnly"), &[], ""),
        ("MediaDataset", media("AdoptByName"), &["adopt"], "spec.adoption"),
    ]
}

impl Scene {
    /// Lets a person edit objects here, with the roles of these verbs as well.
    async fn let_edit(&self, person: &str, verbs: &[&str]) {
        for role in ["view", "edit"].iter().chain(verbs) {
            let name = format!("{person}-{role}");
            let role = format!("--clusterrole=dataset-operator-{role}");
            let arguments = ["create", "rolebinding", &name, &role, "--user", person, "-n", &self.namespace];
            self.kubectl().run(&arguments).await.unwrap();
        }
    }

    /// What kubectl says when this person sends a manifest.
    async fn sends(&self, person: &str, arguments: &[&str], manifest: &Value) -> Result<String, String> {
        let person = format!("--as={person}");
        let arguments: Vec<_> = arguments.iter().copied().chain([person.as_str(), "-f", "-"]).collect();
        let sent = self.kubectl().run_with(&arguments, &manifest.to_string()).await;
        sent.map_err(|error| error.to_string())
    }

    async fn would_create(&self, person: &str, manifest: &Value) -> Result<String, String> {
        self.sends(person, &["create", "--dry-run=server"], manifest).await
    }

    /// Waits until the API server knows the policy and the rights of all.
    async fn guarded(&self, people: &[&str]) {
        let wait = self.wait_for(Duration::from_secs(60));
        let adopting = self.manifest("Dataset", "probe", json!({"adoption": {"datasetId": "d-1"}}));
        let plain = self.manifest("Dataset", "probe", oss("probe"));
        for person in people {
            let known = async || Ok(self.would_create(person, &plain).await.ok());
            wait.until("the rights of a person", known).await.unwrap();
        }
        let refused = async || Ok(self.would_create(people[0], &adopting).await.err());
        wait.until("the policy to be in force", refused).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_reaches_beyond_the_namespace_needs_its_verb() {
    let scene = Scene::with("verbs", Setting { without_operator: true, ..Setting::default() }).await;
    let people: [(&str, &[&str]); 5] = [
        ("verbs-editor", &[]),
        ("verbs-adopter", &["adopt"]),
        ("verbs-destroyer", &["destroy"]),
        ("verbs-sharer", &["share"]),
        ("verbs-owner", &["adopt", "destroy"]),
    ];
    for (person, verbs) in people {
        scene.let_edit(person, verbs).await;
    }
    scene.guarded(&people.map(|(person, _)| person)).await;
    for (kind, spec, needs, field) in cases() {
        let manifest = scene.manifest(kind, "x", spec);
        for (person, verbs) in people {
            let missing: Vec<_> = needs.iter().filter(|verb| !verbs.contains(verb)).collect();
            match scene.would_create(person, &manifest).await {
                Ok(_) => assert!(missing.is_empty(), "{person} may: {manifest}"),
                Err(said) => {
                    let named = missing.iter().any(|verb| said.contains(&format!("you need the verb \"{verb}\" on ")));
                    assert!(named && said.contains("Forbidden"), "{person}, {manifest}: {said}");
                    // The last verb is that of the field.
                    assert!(missing != [needs.last().unwrap()] || said.contains(field), "{field}: {said}");
                }
            }
        }
    }
    let mut abandoned = scene.manifest("Dataset", "x", oss("x"));
    abandoned["metadata"]["annotations"] = json!({"dataset-operator.dev/force-release": "none"});
    let said = scene.would_create("verbs-adopter", &abandoned).await.unwrap_err();
    assert!(said.contains("the annotation dataset-operator.dev/force-release can delete or abandon"), "{said}");
    scene.would_create("verbs-destroyer", &abandoned).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_was_allowed_to_write_others_may_keep() {
    let scene = Scene::new("verbs-kept").await;
    let editor = "verbs-kept-editor";
    scene.let_edit(editor, &[]).await;
    scene.guarded(&[editor]).await;
    let theirs = scene.console(
        "POST",
        "/api/v1/datasets",
        json!({
            "Name": "theirs", "Property": "DIRECTORY", "DataSourceType": "OSS", "WorkspaceId": "478",
            "Uri": "oss://bucket.oss-cn-hangzhou.aliyuncs.com/theirs/",
        }),
    );
    let theirs = theirs["DatasetId"].as_str().unwrap();
    let share = json!({"sharedTo": [{"tenantId": "1", "workspaceId": "2", "allowedMountAccessLevels": ["RO"]}]});
    let spec = json!({"adoption": {"datasetId": theirs}, "sharingConfig": share, "description": "one"});
    // The administrator writes it, and the operator adopts it with rights of its own that have none of the verbs.
    scene.create("Dataset", "taken", spec.clone()).await;
    assert_eq!(dataset_id(&scene.ready("Dataset", "taken").await), theirs);

    let patch = async |patch: Value| {
        let (person, patch) = (format!("--as={editor}"), patch.to_string());
        let arguments = ["patch", "paids", "taken", "--type=merge", "-p", &patch, "-n", &scene.namespace, &person];
        scene.kubectl().run(&arguments).await.map_err(|error| error.to_string())
    };
    for (change, needs) in [
        (json!({"spec": {"adoption": {"policy": "AdoptByName"}}}), "adopt"),
        (json!({"spec": {"deletionPolicy": "Delete"}}), "destroy"),
        (json!({"spec": {"deleteForeignVersions": true}}), "destroy"),
        (json!({"metadata": {"annotations": {"dataset-operator.dev/force-release": theirs}}}), "destroy"),
        (
            json!({"spec": {"sharingConfig": {"sharedTo": [{"tenantId": "1", "workspaceId": "3", "allowedMountAccessLevels": ["RO"]}]}}}),
            "share",
        ),
    ] {
        let said = patch(change.clone()).await.unwrap_err();
        assert!(
            said.contains(&format!("you need the verb \"{needs}\" on datasets.pai.dataset-operator.dev")),
            "{said}"
        );
    }
    patch(json!({"spec": {"description": "two", "deletionPolicy": "Retain"}})).await.unwrap();
    // What took the dataset may be forgotten: its origin stays known.
    let mut own = oss("theirs");
    own["uri"] = json!("oss://bucket.oss-cn-hangzhou.aliyuncs.com/theirs/");
    own["adoption"] = Value::Null;
    own["sharingConfig"] = Value::Null;
    patch(json!({"spec": own})).await.unwrap();
    let said = patch(json!({"spec": {"deletionPolicy": "Delete"}})).await.unwrap_err();
    assert!(said.contains("spec.deletionPolicy can delete or abandon what this object did not make"), "{said}");
    scene.ready("Dataset", "taken").await;
    scene.patch("Dataset", "taken", json!({"spec": {"deletionPolicy": "Delete"}})).await;
    patch(json!({"spec": {"description": "three"}})).await.unwrap();
    scene.ready("Dataset", "taken").await;
    let person = format!("--as={editor}");
    scene.kubectl().run(&["delete", "paids", "taken", "-n", &scene.namespace, "--timeout=60s", &person]).await.unwrap();
    assert!(scene.cloud().datasets().is_empty());
}

/// The way out that the file itself describes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_want_the_policy_leaves_it_out_by_name() {
    let scene = Scene::with("verbs-none", Setting { without_operator: true, ..Setting::default() }).await;
    let base = testbed::repository().join("deploy/kustomize/base");
    let shipped = std::fs::read_to_string(base.join("rights.yaml")).unwrap();
    let described: Vec<_> = shipped
        .lines()
        .skip_while(|line| *line != "#   patches:")
        .map_while(|line| line.strip_prefix("#   "))
        .collect();
    let dir = tempfile::tempdir_in(testbed::repository().join("target")).unwrap();
    let resources = "resources: [../../deploy/kustomize/base]";
    let text = format!("{resources}\n{}\n", described.join("\n"));
    std::fs::write(dir.path().join("kustomization.yaml"), text).unwrap();
    let built = scene.kubectl().run(&["kustomize", &dir.path().display().to_string()]).await;
    let whole = scene.kubectl().run(&["kustomize", &base.display().to_string()]).await.unwrap();
    let (built, kind) = (built.unwrap(), "kind: ValidatingAdmissionPolicyBinding");
    assert!(whole.contains(POLICY) && whole.contains(kind));
    assert!(!built.contains(kind), "{built}");
    assert_eq!(built.matches("kind: ClusterRole\n").count(), whole.matches("kind: ClusterRole\n").count());
}
