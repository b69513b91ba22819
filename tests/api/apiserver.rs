//! Asks a real apiserver about every case of `cases.yaml`.
//!
//! The custom resource definitions must be installed and established. Everything is written to
//! namespace `default` and deleted again; no controller of ours may run.

use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind, Request, Status};
use kube::{Client, Error, Resource};
use serde_json::{Value, json};

use crate::cases::{self, Case};

/// Every case that does not end as the table says, with what happened instead.
pub(crate) async fn disagreements(client: &Client) -> Result<Vec<String>, Error> {
    let mut wrong = Vec::new();
    for case in cases::load() {
        let gvk = GroupVersionKind::gvk("pai.dataset-operator.dev", "v1alpha1", &case.kind);
        let resource = ApiResource::from_gvk(&gvk);
        let api = Api::namespaced_with(client.clone(), "default", &resource);
        let requests = Request::new(DynamicObject::url_path(&resource, Some("default")));
        let answer = write(client, &api, &requests, &case).await?;
        wrong.extend(disagreement(&case, answer.as_ref().err().map(|status| &**status)));
        match api.delete(name(&case.object), &DeleteParams::default()).await {
            Ok(_) => {}
            Err(Error::Api(status)) if status.code == 404 => {}
            Err(error) => return Err(error),
        }
    }
    Ok(wrong)
}

/// Brings the stored object about, then makes the one write that the case is about.
async fn write(
    client: &Client,
    api: &Api<DynamicObject>,
    requests: &Request,
    case: &Case,
) -> Result<Result<(), Box<Status>>, Error> {
    let Some(old) = &case.old else {
        return strict(client, requests.create(&PostParams::default(), case.object.to_string().into())).await;
    };
    let stored: DynamicObject = serde_json::from_value(old.clone()).map_err(Error::SerdeError)?;
    api.create(&PostParams::default(), &stored).await?;
    if let Some(status) = old.get("status") {
        let patch = Patch::Merge(json!({ "status": status }));
        api.patch_status(name(old), &PatchParams::default(), &patch).await?;
    }
    // A replace says what is absent; the merge patch that kubectl makes comes to the same.
    let mut next = case.object.clone();
    next["metadata"]["resourceVersion"] = json!(api.get(name(old)).await?.metadata.resource_version);
    let body = next.to_string().into();
    strict(client, requests.replace(name(old), &PostParams::default(), body)).await
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

/// Sends a write with the field validation that kubectl asks for and kube's `PostParams` cannot.
async fn strict(
    client: &Client,
    request: Result<axum::http::Request<Vec<u8>>, kube::core::request::Error>,
) -> Result<Result<(), Box<Status>>, Error> {
    let mut request = request.map_err(Error::BuildRequest)?;
    let path = request.uri().path();
    *request.uri_mut() = format!("{path}?fieldValidation=Strict").parse().expect("a path of letters");
    match client.request::<DynamicObject>(request).await {
        Ok(_) => Ok(Ok(())),
        Err(Error::Api(status)) => Ok(Err(status)),
        Err(error) => Err(error),
    }
}

fn disagreement(case: &Case, refused: Option<&Status>) -> Option<String> {
    let as_said = match (&case.refused, refused) {
        (None, None) => true,
        (Some(refusal), Some(status)) => {
            status.message.contains(&refusal.field) && status.message.contains(&refusal.says)
        }
        (None, Some(_)) | (Some(_), None) => false,
    };
    let said = refused.map_or("accepted", |status| &status.message);
    (!as_said).then(|| format!("{}: expected {:?}, the apiserver said: {said}", case.name, case.refused))
}
