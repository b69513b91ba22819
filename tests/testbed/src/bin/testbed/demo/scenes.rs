//! The scenes of the demo. Each does something as a user would, waits for the operator, and checks both sides.

use std::time::{Duration, Instant};

use kube::Client;
use kube::api::{Api, DynamicObject, ListParams};
use reqwest::Method;
use serde_json::json;
use testbed::{
    Context, Emulator, Error, Filter, Kubectl, Result, Wait, dataset_versions, datasets, is_ready, media_datasets,
    objects, repository,
};

use super::remote;
use crate::stack::Stack;
use crate::tell::Teller;

const EDITED: &str = "Flower pictures, relabelled in autumn";
/// The sample that is edited, here and in the cloud.
const STAR: &str = "flowers";
/// The sample that runs on it.
const JOB: &str = "flowers-metadata";
/// The sample that lists some of its files.
const FILES: &str = "flowers-files";
/// The sample with `deletionPolicy: Retain`.
const KEPT: &str = "golden-set";

/// What every scene needs.
pub(crate) struct Demo<'a> {
    stack: &'a Stack,
    teller: &'a Teller,
    namespace: &'a str,
    kubectl: Kubectl,
    datasets: Api<DynamicObject>,
    versions: Api<DynamicObject>,
    jobs: Api<DynamicObject>,
    configs: Api<DynamicObject>,
    files: Api<DynamicObject>,
    media: Api<DynamicObject>,
    samples: String,
    wait: Wait,
}

impl<'a> Demo<'a> {
    pub(crate) async fn new(stack: &'a Stack, teller: &'a Teller, namespace: &'a str) -> Result<Self> {
        let client: Client = stack.plane.client().await?;
        Ok(Self {
            stack,
            teller,
            namespace,
            kubectl: stack.plane.kubectl(),
            datasets: datasets(&client, namespace),
            versions: dataset_versions(&client, namespace),
            jobs: objects(&client, namespace, "DatasetJob"),
            configs: objects(&client, namespace, "DatasetJobConfig"),
            files: objects(&client, namespace, "DatasetFileSet"),
            media: media_datasets(&client, namespace),
            samples: repository().join("deploy/samples").display().to_string(),
            wait: Wait::new(Duration::from_secs(90)),
        })
    }

    fn emulator(&self) -> &Emulator {
        &self.stack.emulator
    }

    /// Shows a command with its output; the paths are shortened for the eye.
    async fn kubectl(&self, arguments: &[&str]) -> Result<()> {
        let quoted = |word: &&str| if word.contains('{') { format!("'{word}'") } else { (*word).to_owned() };
        let words: Vec<String> = arguments.iter().map(quoted).collect();
        let shown = words.join(" ").replace(&self.samples, "deploy/samples");
        self.teller.command(format!("kubectl {shown}"));
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--namespace", self.namespace]).collect();
        self.teller.output(&self.kubectl.run(&arguments).await?);
        Ok(())
    }

    /// Manifests become datasets: exactly one each, by one call each.
    pub(crate) async fn create(&self) -> Result<()> {
        self.teller.title("1. Apply: manifests become datasets");
        let began = Instant::now();
        self.kubectl(&["apply", "-k", &self.samples]).await?;
        let (datasets, versions) = (self.all_ready(&self.datasets).await?, self.all_ready(&self.versions).await?);
        let media = self.all_ready(&self.media).await?;
        self.all_ready(&self.configs).await?;
        let took = began.elapsed().as_secs_f64();
        let has_job = |job: &DynamicObject| !status(job, "datasetJobId").is_empty();
        self.wait.object(&self.jobs, JOB, "begun", has_job).await?;
        self.kubectl(&["get", "paids,paidsv,paidsj,paidsjc,paidsf,immds"]).await?;

        let remotes = remote::all(self.emulator()).await?;
        let mut missing = datasets.iter().filter(|object| !remotes.iter().any(|remote| remote.id() == id(object)));
        check(missing.next().is_none(), "an id in status is no dataset in the emulator")?;
        let creates = remote::calls(self.emulator(), "CreateDataset").await?;
        check(
            remotes.len() == datasets.len() && creates == count(&datasets),
            format!("{} objects, {} datasets, {creates} create calls", datasets.len(), remotes.len()),
        )?;
        let in_imm = remote::calls(self.emulator(), "imm:CreateDataset").await?;
        check(in_imm == count(&media), format!("{in_imm} create calls for {} MediaDatasets", media.len()))?;
        let (d, v, m) = (datasets.len(), versions.len(), media.len());
        let all = format!("{d} Datasets, {v} DatasetVersions and {m} MediaDataset");
        self.teller.fact(format!("{all} are Ready after {took:.1} s, and the DatasetJob has begun"));
        self.teller.fact(format!("the cloud has exactly those {d}, and got {creates} create calls"));
        self.count_writes().await
    }

    /// Two writes of the operator for each Dataset, where the audit log can be read. A Dataset that got a newer version
    /// since may have a third write for that.
    async fn count_writes(&self) -> Result<()> {
        let Some(audit) = self.stack.plane.audit() else {
            return Ok(());
        };
        let filter = Filter::operator_in(self.namespace).resource("datasets");
        let writes = audit.settled_writes(&filter).await?;
        // Read after the log: an object that hears of a version in between has one write less in the log, not one more.
        let objects = self.list(&self.datasets).await?;
        for object in &objects {
            let name = object.metadata.name.as_deref().unwrap_or_default();
            let count = writes.iter().filter(|write| write.name == name).count();
            let most = if has_newer_version(object) { 3 } else { 2 };
            check((2..=most).contains(&count), format!("{count} writes for {name}, not 2"))?;
        }
        let versioned = objects.iter().filter(|&object| has_newer_version(object)).count();
        let plain = objects.len() - versioned;
        self.teller.fact(format!(
            "the apiserver's audit log: 2 writes by the operator for each of the {plain} Datasets without newer versions"
        ));
        Ok(())
    }

    /// Files get their metadata in one batch. A job runs once, and the operator follows it to its end.
    pub(crate) async fn job(&self) -> Result<()> {
        self.teller.title("2. Files and a job: one batch of metadata, and one run followed to its end");
        self.wait.ready(&self.files, FILES).await?;
        self.kubectl(&["get", "paidsf"]).await?;
        let object = self.files.get(FILES).await.context("reading the set of files")?;
        let files = object.data.pointer("/status/files/present").and_then(serde_json::Value::as_u64);
        let creates = remote::calls(self.emulator(), "CreateDatasetFileMetas").await?;
        check(files == Some(2) && creates == 1, format!("{files:?} files are there after {creates} create calls"))?;
        self.teller.fact("2 files have metadata in the cloud, after 1 create call for both");
        let under_way = |job: &DynamicObject| !["", "Pending", "Starting"].contains(&status(job, "state"));
        self.wait.object(&self.jobs, JOB, "under way", under_way).await?;
        self.kubectl(&["get", "paidsj"]).await?;
        self.kubectl(&["wait", "--for=condition=Complete", "paidsj/flowers-metadata", "--timeout=90s"]).await?;
        self.kubectl(&["get", "paidsj"]).await?;
        let object = self.jobs.get(JOB).await.context("reading the job")?;
        let (job, state) = (status(&object, "datasetJobId"), status(&object, "state"));
        check(state == "Succeeded", format!("the job that is Complete is {state}"))?;
        let dataset = self.datasets.get(STAR).await.context("reading the dataset")?;
        let remotes = remote::jobs(self.emulator()).await?;
        let its = |remote: &remote::Remote| remote.text("DatasetJobId") == job && remote.id() == id(&dataset);
        let creates = remote::calls(self.emulator(), "CreateDatasetJob").await?;
        check(
            remotes.len() == 1 && remotes.iter().all(its) && creates == 1,
            format!("{} jobs in the cloud after {creates} create calls", remotes.len()),
        )?;
        self.teller.fact(format!("{job} has succeeded; the cloud has exactly this job, and got 1 create call"));
        Ok(())
    }

    /// One edit, one call, and nothing else is touched.
    pub(crate) async fn edit(&self) -> Result<()> {
        self.teller.title("3. Edit: one field, one call");
        let before = remote::calls(self.emulator(), "UpdateDataset").await?;
        let patch = json!({"spec": {"description": EDITED}}).to_string();
        self.kubectl(&["patch", "paids", STAR, "--type=merge", "--patch", &patch]).await?;
        let object = self.wait.ready(&self.datasets, STAR).await?;
        let remote = remote::one(self.emulator(), id(&object)).await?;
        check(remote.text("Description") == EDITED, "the description in the cloud is not the new one")?;
        let calls = remote::calls(self.emulator(), "UpdateDataset").await? - before;
        check(calls == 1, format!("{calls} update calls"))?;
        self.teller.fact(format!("{} now says {EDITED:?} in the cloud too, after 1 update call", id(&object)));
        Ok(())
    }

    /// Somebody edits the dataset in the cloud; the next sweep finds and repairs it.
    pub(crate) async fn drift(&self) -> Result<()> {
        self.teller.title("4. Drift: a change by hand in the cloud is repaired");
        let object = self.datasets.get(STAR).await.context("reading the dataset")?;
        let id = id(&object);
        let body = json!({"Description": "oops"});
        self.teller.command(format!("curl -X PUT $PAI/api/v1/datasets/{id} -d '{body}'    # as someone else"));
        self.emulator().console(Method::PUT, &format!("/api/v1/datasets/{id}"), &body).await?;
        let changed = remote::one(self.emulator(), id).await?;
        check(changed.text("Description") == "oops", "the change by hand did not work")?;
        let began = Instant::now();
        let repaired = async || {
            let now = remote::one(self.emulator(), id).await?;
            Ok((now.text("Description") == EDITED).then_some(()))
        };
        self.wait.until("the drift to be repaired", repaired).await?;
        let took = began.elapsed().as_secs_f64();
        self.wait.ready(&self.datasets, STAR).await?;
        self.teller.fact(format!("{took:.1} s later it says {EDITED:?} again (resync is {} here)", super::RESYNC));
        Ok(())
    }

    /// Everything goes, except what shall be kept.
    pub(crate) async fn delete(&self) -> Result<()> {
        self.teller.title("5. Delete: nothing is left, except what shall be kept");
        let objects = self.list(&self.datasets).await?;
        self.kubectl(&["delete", "-k", &self.samples]).await?;
        let mut left = 0;
        for kind in [&self.datasets, &self.versions, &self.jobs, &self.configs, &self.files, &self.media] {
            left += self.list(kind).await?.len();
        }
        check(left == 0, format!("{left} objects are left"))?;
        self.teller.fact("no object is left in Kubernetes");

        let remotes = remote::all(self.emulator()).await?;
        let kept: Vec<&str> = remotes.iter().map(remote::Remote::id).collect();
        let wanted: Vec<&str> = objects.iter().filter(|object| is_kept(object)).map(id).collect();
        check(kept == wanted, format!("the cloud still has {kept:?}, and should have {wanted:?}"))?;
        check(
            remotes.iter().all(|remote| remote.has_label("dso-released")),
            "what was kept is not labelled as released",
        )?;
        let calls = remote::calls(self.emulator(), "DeleteDataset").await?;
        let gone = count(&objects) - 1;
        check(calls == gone, format!("{calls} delete calls for {gone} datasets"))?;
        check(remote::jobs(self.emulator()).await?.is_empty(), "the job is left in the cloud")?;
        self.teller.fact(format!("{gone} datasets are gone from the cloud, with 1 delete call each; so is their job"));
        self.teller.fact(format!(
            "{} ({KEPT}) was kept and labelled as released: deletionPolicy is Retain",
            wanted.join(", ")
        ));
        for id in kept {
            self.emulator().console(Method::DELETE, &format!("/api/v1/datasets/{id}"), &json!({})).await?;
        }
        check(remote::all(self.emulator()).await?.is_empty(), "something is left in the cloud")?;
        self.teller.fact("deleted that one by hand too: nothing is left in the cloud");
        Ok(())
    }

    async fn list(&self, api: &Api<DynamicObject>) -> Result<Vec<DynamicObject>> {
        Ok(api.list(&ListParams::default()).await.context("listing objects")?.items)
    }

    /// All objects of a kind once all of them are Ready.
    async fn all_ready(&self, api: &Api<DynamicObject>) -> Result<Vec<DynamicObject>> {
        for object in self.list(api).await? {
            self.wait.ready(api, object.metadata.name.as_deref().unwrap_or_default()).await?;
        }
        let objects = self.list(api).await?;
        check(!objects.is_empty() && objects.iter().all(is_ready), "an object was Ready and is no more")?;
        Ok(objects)
    }
}

/// The dataset's id in an object's status.
fn id(object: &DynamicObject) -> &str {
    status(object, "datasetId")
}

/// A text in an object's status.
fn status<'a>(object: &'a DynamicObject, member: &str) -> &'a str {
    object.data.pointer(&format!("/status/{member}")).and_then(|text| text.as_str()).unwrap_or_default()
}

fn has_newer_version(object: &DynamicObject) -> bool {
    object.data.pointer("/status/latestVersion").is_some_and(|version| version != "v1")
}

fn is_kept(object: &DynamicObject) -> bool {
    object.metadata.name.as_deref() == Some(KEPT)
}

fn count(objects: &[DynamicObject]) -> u64 {
    u64::try_from(objects.len()).unwrap_or(u64::MAX)
}

fn check(holds: bool, otherwise: impl Into<String>) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::new(format!("not as promised: {}", otherwise.into()))) }
}
