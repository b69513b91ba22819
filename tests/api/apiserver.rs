//! Every case of `cases.yaml`, and every sample, against a real apiserver.

use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind, Request, Status};
use kube::{Client, Error, Resource};
use serde_json::{Value, json};
use testbed::ControlPlane;

use crate::cases::{self, Case};
use crate::samples::samples;

#[tokio::test]
async fn the_apiserver_does_as_the_table_says() {
    let plane = ControlPlane::shared().await.unwrap();
    let client = plane.client().await.unwrap();
    let namespace = testbed::new_namespace(&client, "admission").await.unwrap();
    let wrong = disagreements(&client, &namespace).await.unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn the_apiserver_takes_every_sample() {
    let plane = ControlPlane::shared().await.unwrap();
    let client = plane.client().await.unwrap();
    let namespace = testbed::new_namespace(&client, "samples").await.unwrap();
    for (file, objects) in samples() {
        for object in objects {
            let (_, requests) = api(&client, &namespace, object["kind"].as_str().unwrap());
            let create = requests.create(&PostParams::default(), object.to_string().into());
            let answer = strict(&client, create).await.unwrap();
            assert!(answer.is_ok(), "{file}: {answer:?}");
        }
    }
}

fn api(client: &Client, namespace: &str, kind: &str) -> (Api<DynamicObject>, Request) {
    let (group, version) =
        testbed::api_version(kind).split_once('/').map(|(g, v)| (g.to_owned(), v.to_owned())).unwrap();
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(&group, &version, kind));
    if kind == "ClusterProviderConfig" {
        let requests = Request::new(DynamicObject::url_path(&resource, None));
        return (Api::all_with(client.clone(), &resource), requests);
    }
    let requests = Request::new(DynamicObject::url_path(&resource, Some(namespace)));
    (Api::namespaced_with(client.clone(), namespace, &resource), requests)
}

/// Every case that does not end as the table says, with the actual result.
async fn disagreements(client: &Client, namespace: &str) -> Result<Vec<String>, Error> {
    let mut wrong = Vec::new();
    for case in cases::load() {
        let (api, requests) = api(client, namespace, &case.kind);
        let answer = write(client, &api, &requests, &case).await?;
        wrong.extend(disagreement(&case, answer.as_ref().err().map(|status| &**status)));
        // No controller runs, so there is no finalizer.
        match api.delete(name(&case.object), &DeleteParams::default()).await {
            Ok(_) => {}
            Err(Error::Api(status)) if status.code == 404 => {}
            Err(error) => return Err(error),
        }
    }
    Ok(wrong)
}

/// Makes the stored object, then does the one write of the case.
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
    // A replace also removes absent members; the merge patch of kubectl has the same effect.
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
