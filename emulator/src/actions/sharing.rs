//! `SharingConfig` of `UpdateDataset`: which other workspaces may use a dataset.

use super::Context;
use super::input::Body;
use crate::knobs::Write;
use crate::refusal::Refusal;
use crate::store::{Dataset, ShareRelationship, SharingConfig, Text};

/// Puts the shares of the body into the dataset; nothing happens without them.
pub(super) fn update(context: &Context, body: &Body, dataset: &mut Dataset) -> Result<(), Refusal> {
    let form = "it must be an object with SharedTo";
    let Some(config) = body.object::<SharingConfig>("SharingConfig", form)? else {
        return Ok(());
    };
    let before = dataset.sharing_config.take().unwrap_or_default().shared_to;
    let mut kept = match context.knobs.sharing_update {
        Write::Upsert => before.clone(),
        Write::Replace => Vec::new(),
    };
    for sent in config.shared_to {
        let share = completed(context, dataset, sent, &before)?;
        kept.retain(|known| !same_target(known, &share));
        kept.push(share);
    }
    dataset.sharing_config = Some(SharingConfig { shared_to: kept });
    Ok(())
}

fn same_target(a: &ShareRelationship, b: &ShareRelationship) -> bool {
    a.tenant_id == b.tenant_id && a.workspace_id == b.workspace_id
}

/// A share as stored: the target as sent, the rest filled in by the service.
fn completed(
    context: &Context,
    dataset: &Dataset,
    sent: ShareRelationship,
    before: &[ShareRelationship],
) -> Result<ShareRelationship, Refusal> {
    if sent.tenant_id.is_empty() || sent.workspace_id.is_empty() {
        return Err(Refusal::invalid("SharingConfig", "TenantId and WorkspaceId are required"));
    }
    if sent.tenant_id == dataset.owner_id && sent.workspace_id == dataset.workspace_id {
        return Err(Refusal::invalid("SharingConfig", "a dataset cannot be shared to its own workspace"));
    }
    if sent.allowed_mount_access_levels.iter().any(|level| level != "RO" && level != "RW") {
        return Err(Refusal::invalid("SharingConfig", "AllowedMountAccessLevels are RO and RW"));
    }
    let present = before.iter().find(|known| same_target(known, &sent));
    Ok(ShareRelationship {
        source_tenant_id: dataset.owner_id.clone(),
        source_workspace_id: dataset.workspace_id.clone(),
        allowed_mount_access_levels: if sent.allowed_mount_access_levels.is_empty() {
            vec!["RO".into()]
        } else {
            sent.allowed_mount_access_levels.clone()
        },
        shared_at: present.map_or_else(|| context.now(), |known| known.shared_at.clone()),
        status: Text::default(),
        ..sent
    })
}

/// A share as answered: its status at this time.
pub(super) fn at(share: &ShareRelationship, now_ms: i64) -> ShareRelationship {
    let ends = share.expires_at.as_deref().and_then(|time| time.parse::<jiff::Timestamp>().ok());
    let expired = ends.is_some_and(|ends| ends.as_millisecond() <= now_ms);
    ShareRelationship { status: if expired { "EXPIRED" } else { "ACTIVE" }.into(), ..share.clone() }
}
