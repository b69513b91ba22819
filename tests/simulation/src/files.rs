//! A set of files: what users list, what others do beside it, and what must be there in the end. Each listed file has
//! metadata once, as the lists want it and with the tag of the set. No other file has that tag.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use pai_emulator::FileMeta;
use serde_json::{Value, json};

use crate::apiserver::store::{Change, Resource, Store};
use crate::evidence::Evidence;
use crate::goal::Miss;
use crate::job::WORKSPACE;
use crate::users::Action;
use crate::world::key;

/// The set.
pub(crate) const SET: &str = "set";
/// The ConfigMap that lists a part of its files.
const MAP: &str = "list";
/// The key in it.
const KEY: &str = "files";
/// The tag that somebody else gives to a file of the set.
const TEAM: &str = "team";

/// The set as it is made. The ConfigMap lists further files.
pub(crate) fn before() -> Value {
    json!({
        "datasetRef": {"name": "parent"}, "files": [file("a", "1"), file("b", "1")],
        "filesFrom": [{"configMapKeyRef": {"name": MAP, "key": KEY}}],
    })
}

/// One file is changed, and one is new.
pub(crate) fn edited() -> Value {
    json!({"files": [file("a", "2"), file("b", "1"), file("e", "1")]})
}

/// One file is changed again, and the others are taken away.
pub(crate) fn meddled() -> Value {
    json!({"files": [file("a", "3")]})
}

fn file(name: &str, content: &str) -> Value {
    json!({
        "uri": uri(name), "contentType": "image/jpeg", "fileType": "image", "fileFingerPrint": content,
        "fileUpdateTime": "2025-11-01T00:00:00Z", "tags": ["red"],
    })
}

fn uri(name: &str) -> String {
    format!("oss://bucket/data/{name}.jpg")
}

/// A user lists these files in the ConfigMap, and no others.
pub(crate) fn list(names: &[&str]) -> Action {
    let lines: Vec<String> = names.iter().map(|name| file(name, "1").to_string()).collect();
    Action::Apply(MAP, json!({KEY: lines.join("\n")}))
}

impl Evidence {
    /// Somebody else makes metadata of a file that the set does not list.
    pub(crate) fn add_file_of_others(&self) {
        let item = json!({
            "Uri": uri("theirs"), "ContentType": "image/jpeg", "FileType": "image", "FileFingerPrint": "theirs",
            "FileUpdateTime": "2025-11-01T00:00:00Z", "Tags": tags(TEAM),
        });
        let body = json!({"DatasetVersion": "v1", "WorkspaceId": WORKSPACE, "DatasetFileMetas": [item]});
        self.cloud.console("POST", &self.metas(), &body).unwrap();
        let theirs = there(self).into_iter().find(|meta| *meta.uri == uri("theirs"));
        self.note_others(|others| others.files.extend(theirs));
    }

    /// Somebody else gives a tag to a file of the set.
    pub(crate) fn add_tag_of_others(&self) {
        let file = there(self).into_iter().find(|meta| *meta.uri == uri("a")).unwrap();
        let item = json!({"DatasetFileMetaId": file.dataset_file_meta_id, "Tags": tags(TEAM)});
        let body = json!({"DatasetVersion": "v1", "WorkspaceId": WORKSPACE, "DatasetFileMetas": [item]});
        self.cloud.console("PUT", &self.metas(), &body).unwrap();
        self.note_others(|others| others.tagged = true);
    }

    /// Where the metadata of the files is.
    fn metas(&self) -> String {
        let parent = self.cloud.datasets().into_iter().find(|dataset| dataset.name == "parent").unwrap();
        format!("/api/v1/datasets/{}/datasetfilemetas", parent.dataset_id)
    }
}

/// The text that gives a file this tag.
fn tags(tag: &str) -> String {
    json!({"user": {"add": [tag]}}).to_string()
}

/// All metadata that is there.
fn there(evidence: &Evidence) -> Vec<FileMeta> {
    let mut all = evidence.cloud.state().file_metas.unwrap_or_default();
    all.retain(|meta| !meta.deleted);
    all
}

/// Is all metadata as it must be?
pub(crate) fn look(evidence: &Evidence, store: &Store) -> Result<(), Miss> {
    let (all, others) = (there(evidence), evidence.others());
    // With a dataset all its files go.
    let dataset_is_there = |id: &str| evidence.cloud.dataset(id).is_some();
    let mut files = others.files.iter().filter(|theirs| dataset_is_there(&theirs.dataset_id));
    if let Some(theirs) = files.find(|theirs| !all.contains(theirs)) {
        return Err(Miss::Foreign(format!("{} was changed", theirs.uri)));
    }
    let mut ours = BTreeMap::new();
    for meta in all.iter().filter(|meta| marks(meta).next().is_some()) {
        if ours.insert(meta.uri.to_string(), meta).is_some() {
            return Err(Miss::Duplicate(format!("{} has metadata twice", meta.uri)));
        }
    }
    let sets: BTreeSet<&str> = ours.values().flat_map(|meta| marks(meta)).collect();
    if sets.len() > 1 {
        return Err(Miss::Duplicate(format!("the files of one set have {sets:?}")));
    }
    let wanted = listed(store);
    // Nobody knows of the files of a set that was forced away, if no other one takes its place.
    let unknown = wanted.is_empty() && evidence.has_forced_any();
    if let Some(left) = ours.keys().filter(|_| !unknown).find(|uri| !wanted.contains_key(*uri)) {
        return Err(Miss::Orphan(format!("{left} is left, although no set lists it")));
    }
    for (uri, item) in &wanted {
        let meta = ours.get(uri).ok_or_else(|| Miss::Unfinished(format!("{uri} has no metadata of the set")))?;
        check(meta, item)?;
    }
    // A set that was deleted and made again has files that nobody else has ever seen.
    let renewed =
        || store.log().iter().any(|event| event.key.resource == Resource::Files && event.change == Change::Deleted);
    let tagged = ours.get(&uri("a")).is_none_or(|meta| meta.user_tags.iter().any(|tag| tag == TEAM));
    if others.tagged && !tagged && !renewed() {
        return Err(Miss::Foreign("the tag of somebody else is gone".to_owned()));
    }
    Ok(())
}

/// The tags of sets on a file.
fn marks(meta: &FileMeta) -> impl Iterator<Item = &str> {
    meta.user_tags.iter().map(|tag| &**tag).filter(|tag| tag.starts_with("dso-"))
}

/// What the set lists itself and in the ConfigMap, by Uri; nothing if there is no set.
fn listed(store: &Store) -> BTreeMap<String, Value> {
    let Ok(set) = store.get(&key(Resource::Files, SET)) else { return BTreeMap::new() };
    let map = store.get(&key(Resource::Maps, MAP)).ok().and_then(|map| map["data"][KEY].as_str());
    let lines = map.into_iter().flat_map(str::lines).map(|line| serde_json::from_str(line).unwrap());
    let files = set["spec"]["files"].as_array().into_iter().flatten().cloned().chain(lines);
    files.map(|item: Value| (item["uri"].as_str().unwrap_or_default().to_owned(), item)).collect()
}

/// Is the metadata of a file as the set wants it?
fn check(meta: &FileMeta, item: &Value) -> Result<(), Miss> {
    let time = |text: &str| text.parse::<Timestamp>().ok();
    let texts = [
        ("contentType", &meta.content_type),
        ("fileType", &meta.file_type),
        ("fileFingerPrint", &meta.file_finger_print),
    ];
    let equal = texts.iter().all(|(member, is)| item[*member] == is.as_str())
        && time(&meta.file_update_time) == item["fileUpdateTime"].as_str().and_then(time);
    let own = |tag: &str| !tag.starts_with("dso-") && tag != TEAM;
    let tags: Vec<&str> = meta.user_tags.iter().map(|tag| &**tag).filter(|tag| own(tag)).collect();
    let is_made = marks(meta).count() == 1 && marks(meta).all(|mark| mark.starts_with("dso-c-"));
    if equal && json!(tags) == item["tags"] && is_made {
        return Ok(());
    }
    Err(Miss::Unfinished(format!("{} is {meta:?}", meta.uri)))
}
