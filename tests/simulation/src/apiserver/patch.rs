//! The two patches that are understood, with the server's own reading of a JSON Patch.

use json_patch::{AddOperation, PatchOperation};
use serde_json::Value;

use super::refusal::Refusal;

/// A patch.
#[derive(Debug, Clone)]
pub enum Patch {
    /// `application/merge-patch+json`
    Merge(Value),
    /// `application/json-patch+json`
    Json(json_patch::Patch),
}

impl Patch {
    /// Reads a patch of this content type.
    pub fn read(content_type: &str, body: &[u8]) -> Result<Self, Refusal> {
        let unreadable = |error: serde_json::Error| Refusal::bad(&error.to_string());
        match content_type {
            "application/merge-patch+json" => serde_json::from_slice(body).map(Self::Merge).map_err(unreadable),
            "application/json-patch+json" => serde_json::from_slice(body).map(Self::Json).map_err(unreadable),
            other => Err(Refusal::media_type(other)),
        }
    }
}

/// The object after the patch; all of it is done or nothing.
pub(super) fn apply(object: &Value, patch: &Patch) -> Result<Value, Refusal> {
    let mut patched = object.clone();
    match patch {
        Patch::Merge(patch) => json_patch::merge(&mut patched, patch),
        Patch::Json(operations) => {
            for operation in &operations.0 {
                step(&mut patched, operation)?;
            }
        }
    }
    Ok(patched)
}

/// A member that is not there equals `null` and can be replaced, as long as what would hold it is there.
fn step(object: &mut Value, operation: &PatchOperation) -> Result<(), Refusal> {
    let path = operation.path().as_str();
    let is = object.pointer(path);
    let has_place = path.rsplit_once('/').is_some_and(|(parent, _)| object.pointer(parent).is_some());
    let done = match operation {
        PatchOperation::Test(test) if has_place && *is.unwrap_or(&Value::Null) == test.value => return Ok(()),
        PatchOperation::Test(_) => return Err(Refusal::rejected()),
        PatchOperation::Replace(replace) if has_place && is.is_none() => {
            let add = AddOperation { path: replace.path.clone(), value: replace.value.clone() };
            json_patch::patch(object, &[PatchOperation::Add(add)])
        }
        other => json_patch::patch(object, std::slice::from_ref(other)),
    };
    done.map_err(|_| Refusal::rejected())
}
