//! An object as the API server shows it. If one does not parse (a definition that was loosened, a restore from another
//! version), it fails alone, and not the whole list that shows it.
//!
//! Promises: every object with metadata can be shown. If it does not parse, its identity and status are read all the
//! same, so that no other object takes its remote.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::plan::recorded::Recorded;
use crate::reconcile::kind::{AnyKind, Managed, resource_of};

/// An object as the API server shows it.
#[derive(Debug, Clone)]
pub enum Parsed<O> {
    /// The object parses.
    Whole(O),
    /// The object does not parse.
    Unparsable(Box<Unparsable>),
}

/// An object that does not parse.
#[derive(Debug, Clone)]
pub struct Unparsable {
    /// Its metadata.
    pub metadata: ObjectMeta,
    /// The place of the error in the object, and the error: `spec.uri: invalid type: integer 5, expected a string`.
    pub error: String,
    /// The whole object, as it came.
    body: Value,
}

impl Unparsable {
    /// Its status, as far as it can be read.
    #[must_use]
    pub fn recorded<K: AnyKind>(&self) -> Recorded {
        Recorded::of(&self.body["status"], K::shape())
    }

    /// The text at this JSON pointer in its spec.
    #[must_use]
    pub fn spec(&self, pointer: &str) -> Option<&str> {
        self.body["spec"].pointer(pointer)?.as_str()
    }
}

impl<'de, O: Managed> Deserialize<'de> for Parsed<O> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let body = Value::deserialize(deserializer)?;
        match O::deserialize(&body) {
            Ok(object) => Ok(Self::Whole(object)),
            Err(error) => {
                // Only a second read, by another reader, tells the place of the error.
                let placed = serde_path_to_error::deserialize::<_, O>(&body).err().map(|error| error.to_string());
                let error = placed.unwrap_or_else(|| error.to_string());
                let metadata =
                    ObjectMeta::deserialize(&body["metadata"]).unwrap_or_else(|_| identity(&body["metadata"]));
                Ok(Self::Unparsable(Box::new(Unparsable { metadata, error, body })))
            }
        }
    }
}

/// The identity of an object whose metadata does not parse.
fn identity(metadata: &Value) -> ObjectMeta {
    let text = |key: &str| metadata[key].as_str().map(str::to_owned);
    ObjectMeta {
        name: text("name"),
        namespace: text("namespace"),
        uid: text("uid"),
        resource_version: text("resourceVersion"),
        generation: metadata["generation"].as_i64(),
        ..ObjectMeta::default()
    }
}

impl<O: Managed> Resource for Parsed<O> {
    resource_of!(O);

    fn meta(&self) -> &ObjectMeta {
        match self {
            Self::Whole(object) => object.meta(),
            Self::Unparsable(broken) => &broken.metadata,
        }
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        match self {
            Self::Whole(object) => object.meta_mut(),
            Self::Unparsable(broken) => &mut broken.metadata,
        }
    }
}

#[cfg(test)]
mod tests {
    use kube::ResourceExt;
    use kube::api::ObjectList;
    use serde_json::json;

    use super::*;
    use crate::api::{Dataset, DatasetVersion};
    use crate::kinds::{DatasetVersions, Datasets};
    use crate::remote::id::RemoteId;

    fn dataset(name: &str, spec: &Value) -> Value {
        json!({
            "apiVersion": "pai.dataset-operator.dev/v1alpha1", "kind": "Dataset",
            "metadata": {"name": name, "namespace": "ns", "uid": name, "resourceVersion": "7", "generation": 3},
            "spec": spec,
            "status": {"observedGeneration": 2, "datasetId": "d-1", "workspaceId": "478"},
        })
    }

    fn shown(value: &Value) -> Parsed<Dataset> {
        // A list is read from text, and a line of a watch from a value that was read before.
        let text: Parsed<Dataset> = serde_json::from_str(&value.to_string()).unwrap();
        let tree: Parsed<Dataset> = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(matches!(text, Parsed::Whole(_)), matches!(tree, Parsed::Whole(_)));
        text
    }

    #[test]
    fn an_object_that_does_not_parse_says_where_and_breaks_no_list() {
        let good =
            json!({"property": "DIRECTORY", "dataSourceType": "OSS", "uri": "oss://b.oss-cn-hangzhou.aliyuncs.com/u/"});
        let mut bad = good.clone();
        bad["labels"] = json!([{"key": "team", "value": 5}]);
        let list = json!({
            "apiVersion": "pai.dataset-operator.dev/v1alpha1", "kind": "DatasetList", "metadata": {"resourceVersion": "9"},
            "items": [dataset("good", &good), dataset("bad", &bad), dataset("other", &good)],
        });
        let list: ObjectList<Parsed<Dataset>> = serde_json::from_str(&list.to_string()).unwrap();
        let whole: Vec<_> = list.items.iter().map(|shown| matches!(shown, Parsed::Whole(_))).collect();
        assert_eq!(whole, [true, false, true]);
        let Parsed::Unparsable(broken) = &list.items[1] else { panic!("it parses") };
        assert!(broken.error.starts_with("spec.labels[0].value: "), "{}", broken.error);
        assert_eq!(list.items[1].name_any(), "bad");
    }

    #[test]
    fn its_identity_and_what_it_recorded_are_known() {
        for spec in [json!({"property": 5}), json!("none"), json!({"property": "DIRECTORY", "dataSourceType": "TAPE"})]
        {
            let Parsed::Unparsable(broken) = shown(&dataset("bad", &spec)) else { panic!("{spec} parses") };
            let recorded = broken.recorded::<Datasets>();
            assert_eq!(recorded.id, Some(RemoteId::new("d-1")), "{spec}");
            assert_eq!(recorded.fixed["WorkspaceId"], json!("478"), "{spec}");
            assert_eq!((broken.metadata.uid.as_deref(), broken.metadata.generation), (Some("bad"), Some(3)), "{spec}");
        }
        let mut odd = dataset("bad", &json!({}));
        odd["metadata"]["labels"] = json!("none");
        let Parsed::Unparsable(broken) = shown(&odd) else { panic!("it parses") };
        assert_eq!((broken.metadata.uid.as_deref(), broken.metadata.name.as_deref()), (Some("bad"), Some("bad")));
        let version = json!({
            "metadata": {"name": "v"}, "spec": {"datasetRef": {"name": "flowers"}, "uri": 5},
            "status": {"datasetId": "d-1", "versionName": "v2"},
        });
        let version: Parsed<DatasetVersion> = serde_json::from_value(version).unwrap();
        let Parsed::Unparsable(broken) = version else { panic!("it parses") };
        assert_eq!(broken.recorded::<DatasetVersions>().id, Some(RemoteId::new("d-1").join("v2")));
        assert_eq!(broken.spec("/datasetRef/name"), Some("flowers"));
    }
}
