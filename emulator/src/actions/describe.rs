//! Reads the body of a create: the dataset and its v1, defaults filled in, or the first rule that it breaks.

use super::Context;
use super::input::{Body, check_name};
use crate::refusal::Refusal;
use crate::store::{Dataset, Text, Version};

pub(super) const PROPERTIES: [&str; 2] = ["FILE", "DIRECTORY"];
pub(super) const DATA_SOURCE_TYPES: [&str; 7] = ["OSS", "NAS", "EXTREMENAS", "CPFS", "BMCPFS", "MAXCOMPUTE", "URL"];
const DATA_TYPES: [&str; 5] = ["COMMON", "PIC", "TEXT", "VIDEO", "AUDIO"];
const SOURCE_TYPES: [&str; 3] = ["USER", "ITAG", "PAI_PUBLIC_DATASET"];
pub(super) const ACCESSIBILITIES: [&str; 3] = ["PRIVATE", "PUBLIC", "ROLE_PUBLIC"];
pub(super) const EDITIONS: [&str; 3] = ["BASIC", "ADVANCED", "LOGICAL"];

/// The dataset that a create body describes, without id and versions.
pub(super) fn described(context: &Context, body: &Body) -> Result<Dataset, Refusal> {
    let knobs = context.knobs;
    let name = body.required("Name")?;
    check_name(&name)?;
    let property = body.one_of("Property", &PROPERTIES)?.ok_or(Refusal::Missing("Property"))?;
    let data_source_type =
        body.one_of("DataSourceType", &DATA_SOURCE_TYPES)?.ok_or(Refusal::Missing("DataSourceType"))?;
    let uri = body.required("Uri")?;
    let accessibility = body.one_of("Accessibility", &ACCESSIBILITIES)?.unwrap_or_else(|| "PRIVATE".into());
    let roles = body.texts("AccessibleRoleIdList")?;
    check_roles(&accessibility, roles.as_deref())?;
    let edition = body.one_of("Edition", &EDITIONS)?.unwrap_or_else(|| "BASIC".into());
    if edition != "BASIC" && data_source_type != "OSS" {
        return Err(Refusal::invalid("Edition", "only OSS datasets can be other than BASIC"));
    }
    let provider = body.text("Provider")?;
    if provider.as_deref() == Some("pai") {
        return Err(Refusal::invalid("Provider", "pai marks datasets of the platform"));
    }
    let now = context.now();
    Ok(Dataset {
        name,
        workspace_id: context.workspace(body.text("WorkspaceId")?)?,
        user_id: owner(context, body.text("UserId")?)?,
        owner_id: context.caller.account_id.as_str().into(),
        gmt_create_time: now.clone(),
        gmt_modified_time: now,
        data_source_type,
        data_type: body.one_of("DataType", &DATA_TYPES)?.unwrap_or_else(|| "COMMON".into()),
        property,
        uri,
        source_type: body.one_of("SourceType", &SOURCE_TYPES)?.unwrap_or_else(|| "USER".into()),
        source_id: body.text_within("SourceId", knobs.source_id_max)?,
        description: body.description("Description", knobs)?,
        options: body.json_text("Options", knobs.options_max, knobs)?,
        accessibility,
        accessible_role_id_list: roles,
        provider_type: body.one_of("ProviderType", &["Ecs", "Lingjun"])?.unwrap_or_else(|| "Ecs".into()),
        provider,
        edition,
        labels: body.labels("Labels", knobs)?.unwrap_or_default(),
        mount_access_read_write_role_id_list: body.texts("MountAccessReadWriteRoleIdList")?,
        import_info: body.json_text("ImportInfo", 0, knobs)?,
        source_dataset_id: body.text("SourceDatasetId")?,
        source_dataset_version: body.text("SourceDatasetVersion")?,
        ..Dataset::default()
    })
}

/// The version v1 that a create body describes beside the dataset.
pub(super) fn first_version(context: &Context, body: &Body, dataset: &Dataset) -> Result<Version, Refusal> {
    Ok(Version {
        version_name: "v1".into(),
        gmt_create_time: dataset.gmt_create_time.clone(),
        gmt_modified_time: dataset.gmt_modified_time.clone(),
        property: dataset.property.clone(),
        data_source_type: dataset.data_source_type.clone(),
        uri: dataset.uri.clone(),
        labels: body.labels("VersionLabels", context.knobs)?.unwrap_or_default(),
        options: dataset.options.clone(),
        source_type: dataset.source_type.clone(),
        source_id: dataset.source_id.clone(),
        description: body.description("VersionDescription", context.knobs)?,
        data_count: body.size("DataCount")?,
        data_size: body.size("DataSize")?,
        import_info: dataset.import_info.clone(),
        dataset_task_ram_role: body.text("DatasetTaskRamRole")?,
        user_metrics_endpoints: body.endpoints("UserMetricsEndpoints")?,
    })
}

/// The owner of a new dataset: the caller, or whom an administrator names.
fn owner(context: &Context, named: Option<Text>) -> Result<Text, Refusal> {
    let caller = &context.caller.user_id;
    match named.filter(|user| !user.is_empty()) {
        None => Ok(caller.as_str().into()),
        Some(user) if !user.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err(Refusal::invalid("UserId", "it must be decimal digits"))
        }
        Some(user) if user == *caller || context.caller.list_all => Ok(user),
        Some(_) => Err(Refusal::NoPermission(context.call.operation)),
    }
}

/// `ROLE_PUBLIC` names the roles.
pub(super) fn check_roles(accessibility: &str, roles: Option<&[Text]>) -> Result<(), Refusal> {
    if accessibility == "ROLE_PUBLIC" && roles.is_none_or(<[Text]>::is_empty) {
        return Err(Refusal::Missing("AccessibleRoleIdList"));
    }
    Ok(())
}
