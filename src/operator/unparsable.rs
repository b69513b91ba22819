//! Objects that do not parse: each reports it on itself, and nothing else is done for it.
//!
//! Its status is patched without a read; its event and its log line say where the parsing fails. Each state is reported
//! once: a report that is already in status is not repeated.

use std::sync::Arc;

use kube::Api;
use kube::Resource;
use kube::api::{Patch, PatchParams};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

use crate::api::condition::Reason;
use crate::environment;
use crate::plan::report::Report;
use crate::reconcile::conditions;
use crate::reconcile::context::Context;
use crate::reconcile::kind::AnyKind;
use crate::reconcile::parsed::{Parsed, Unparsable};
use crate::refusals::refuses;

/// Reports the objects that come in, until the sender is dropped.
pub(super) async fn tell<K: AnyKind>(context: Arc<Context>, mut broken: UnboundedReceiver<Box<Unparsable>>) {
    while let Some(object) = broken.recv().await {
        tell_of::<K>(&context, object).await;
    }
}

async fn tell_of<K: AnyKind>(context: &Context, broken: Box<Unparsable>) {
    let message = format!(
        "the object does not parse, so nothing is done for it and it is not let go: {}; correct it, or apply the \
         CustomResourceDefinition of this operator's version",
        broken.error
    );
    let before = broken.recorded::<K>();
    let report = Report::stuck(Reason::InvalidSpec, message.clone());
    let after =
        conditions::next_status(&before, &report, broken.metadata.generation.unwrap_or_default(), environment::now());
    let uid = broken.metadata.uid.clone().unwrap_or_default();
    let Some(patch) = conditions::patch(K::shape(), &uid, &before, &after) else { return };
    let shown = Parsed::<K::Object>::Unparsable(broken);
    let (namespace, name) = (shown.meta().namespace.as_deref().unwrap_or_default(), shown.meta().name.as_deref());
    let name = name.unwrap_or_default();
    tracing::warn!(controller = K::NAME, namespace, name, error = message, "an object does not parse");
    context.recorder.tell(shown.object_ref(&()), Reason::InvalidSpec, &message);
    let Ok(patch) = serde_json::from_value::<json_patch::Patch>(patch) else { return };
    let api: Api<Parsed<K::Object>> = Api::namespaced(context.kube.clone(), namespace);
    let (params, patch) = (PatchParams::default(), Patch::Json::<()>(patch));
    let write = api.patch_status(name, &params, &patch);
    let error = match timeout(context.limits.kube_call, write).await {
        Ok(Ok(_)) => return,
        Ok(Err(error)) => {
            if let kube::Error::Api(status) = &error
                && refuses(status)
            {
                context.metrics.write_refused(K::NAME, "status", status.code);
            }
            error.to_string()
        }
        Err(_) => "no answer in time".to_owned(),
    };
    tracing::warn!(
        controller = K::NAME,
        namespace,
        name,
        error,
        "the status of an object that does not parse was not written"
    );
}
