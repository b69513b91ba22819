//! The members of status that describe a remote, in addition to its identity.
//!
//! Members that the service computes are refreshed only when status is written anyway: a change of them alone is not
//! worth a write.

use serde_json::{Map, Value};

use crate::remote::Remote;
use crate::remote::json::{self, Json};

/// The members that datasets and versions have in common.
pub(super) fn common(remote: &Remote, info: &mut Map<String, Value>, written: bool) {
    put(info, "mountPath", mount_path(remote));
    for (key, name) in [("ownerId", "OwnerId"), ("mountAccess", "MountAccess")] {
        if let (true, Some(value)) = (written, text(remote, name)) {
            info.insert(key.to_owned(), value);
        }
    }
}

/// A member that is a text.
pub(super) fn text(remote: &Remote, name: &str) -> Option<Value> {
    remote.fields.get(name).filter(|value| value.is_string()).cloned()
}

/// Sets a member, or removes it.
pub(super) fn put(info: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    match value {
        Some(value) => drop(info.insert(key.to_owned(), value)),
        None => drop(info.remove(key)),
    }
}

fn mount_path(remote: &Remote) -> Option<Value> {
    let Ok(Json::Object(mut options)) = json::parse(remote.fields.get("Options")?.as_str()?) else { return None };
    match options.remove("mountPath")? {
        Json::Text(path) => Some(Value::from(path)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => None,
    }
}
