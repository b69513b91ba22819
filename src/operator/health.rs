//! The cloud's part of readiness, in words: the service must accept the credentials, and the default workspace
//! (`--workspace-id`) must be listed. A workspace that only an object names does not count: that object reports it.

use std::sync::Arc;

use tokio::sync::watch;

use crate::admin::Readiness;
use crate::inventory::{Inventory, WorkspaceState};

/// The name of this part of readiness.
const CREDENTIALS: &str = "credentials";

/// The name of the part of readiness for a workspace.
fn part(workspace: &str) -> String {
    format!("workspace {workspace}")
}

/// At first the default workspace is not listed.
pub(super) fn begin(ready: &Readiness, workspace: Option<&str>) {
    if let Some(workspace) = workspace {
        ready.missing(&part(workspace), "not listed yet");
    }
}

/// Updates readiness whenever the inventory's workspaces change. Never ends by itself.
pub(super) async fn watch(
    inventory: Arc<Inventory>,
    ready: Readiness,
    workspace: Option<String>,
    mut changed: watch::Receiver<u64>,
) {
    loop {
        tell(&ready, &inventory.standing(), workspace.as_deref());
        if changed.changed().await.is_err() {
            return;
        }
    }
}

fn tell(ready: &Readiness, standing: &[WorkspaceState], workspace: Option<&str>) {
    match standing.iter().find_map(WorkspaceState::refused_credentials) {
        Some(error) => {
            let text = format!(
                "the service refuses them: {error}; correct the role, or the Secret and then restart the Pod, whose environment \
                 does not change"
            );
            ready.missing(CREDENTIALS, &text);
        }
        None => drop(ready.met(CREDENTIALS)),
    }
    let Some(workspace) = workspace else { return };
    let part = part(workspace);
    match standing.iter().find(|standing| standing.workspace == workspace) {
        Some(standing) if standing.listed => drop(ready.met(&part)),
        Some(WorkspaceState { trouble: Some(trouble), .. }) => {
            ready.missing(&part, &format!("not listed: {trouble}"));
        }
        Some(_) | None => drop(ready.missing(&part, "not listed yet")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::{CallError, ErrorClass, Operation, Unauthorised};
    use crate::inventory::ListError;

    fn standing(workspace: &str, listed: bool, trouble: Option<ListError>) -> WorkspaceState {
        WorkspaceState { workspace: workspace.to_owned(), listed, trouble }
    }

    fn refused(unauthorised: Unauthorised, code: &str) -> ListError {
        ListError::Call(CallError {
            class: ErrorClass::Unauthorised(unauthorised),
            operation: Operation::ListDatasets,
            status: Some(403),
            code: Some(code.to_owned()),
            message: String::new(),
            request_id: None,
        })
    }

    #[test]
    fn a_refused_key_and_a_workspace_that_is_not_listed_are_told_in_words() {
        let ready = Readiness::default();
        begin(&ready, Some("478"));
        ready.needs([]);
        assert_eq!(ready.lacks(), "workspace 478: not listed yet\n");
        let wrong_key = refused(Unauthorised::Credentials, "SignatureDoesNotMatch");
        tell(&ready, &[standing("478", false, Some(wrong_key))], Some("478"));
        let lacks = ready.lacks();
        assert!(lacks.contains("credentials: the service refuses them: ListDatasets was not authenticated"), "{lacks}");
        assert!(lacks.contains("workspace 478: not listed: "), "{lacks}");
        tell(&ready, &[standing("478", false, Some(refused(Unauthorised::Permission, "NoPermission")))], Some("478"));
        let lacks = ready.lacks();
        assert!(lacks.starts_with("workspace 478: not listed: ListDatasets was not permitted"), "{lacks}");
        tell(&ready, &[standing("478", true, None)], Some("478"));
        assert_eq!(ready.lacks(), "");
    }

    #[test]
    fn a_workspace_that_only_an_object_names_makes_nobody_wait_but_a_refused_key_does() {
        let ready = Readiness::default();
        begin(&ready, None);
        ready.needs([]);
        assert_eq!(ready.lacks(), "");
        tell(&ready, &[standing("typo", false, Some(refused(Unauthorised::Permission, "NoPermission")))], None);
        assert_eq!(ready.lacks(), "");
        tell(&ready, &[standing("typo", false, Some(refused(Unauthorised::Credentials, "Nope")))], None);
        assert!(ready.lacks().starts_with("credentials: "), "{}", ready.lacks());
    }
}
