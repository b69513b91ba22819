//! Create, get, update, delete and publish a dataset.

use serde_json::{Map, Value};

use super::input::{Body, check_name};
use super::{Context, Done, Touched, sharing, view};
use crate::knobs::{DeleteWithVersions, NameScope, Rule};
use crate::refusal::Refusal;
use crate::store::{Dataset, Version};

pub(super) const PROPERTIES: [&str; 2] = ["FILE", "DIRECTORY"];
pub(super) const DATA_SOURCE_TYPES: [&str; 7] = [
    "OSS",
    "NAS",
    "EXTREMENAS",
    "CPFS",
    "BMCPFS",
    "MAXCOMPUTE",
    "URL",
];
const DATA_TYPES: [&str; 5] = ["COMMON", "PIC", "TEXT", "VIDEO", "AUDIO"];
const SOURCE_TYPES: [&str; 3] = ["USER", "ITAG", "PAI_PUBLIC_DATASET"];
const ACCESSIBILITIES: [&str; 3] = ["PRIVATE", "PUBLIC", "ROLE_PUBLIC"];
const EDITIONS: [&str; 3] = ["BASIC", "ADVANCED", "LOGICAL"];

pub(super) fn create(context: &mut Context) -> Result<Done, Refusal> {
    let body = Body::parse(&context.request.body)?;
    let mut dataset = described(context, &body)?;
    dataset.versions = vec![first_version(context, &body, &dataset)?];
    dataset.next_version = 2;
    check_name_is_free(context, &dataset)?;
    let mut touched = Touched {
        workspace_id: Some(dataset.workspace_id.clone()),
        name: Some(dataset.name.clone()),
        ..Touched::default()
    };
    let dry = body.boolean("DryRun")?;
    let mut answer = Map::new();
    if !dry || context.knobs.dry_run_id {
        dataset.dataset_id = fresh_id(context);
        answer.insert(
            "DatasetId".to_owned(),
            Value::String(dataset.dataset_id.clone()),
        );
    }
    if !dry {
        touched.dataset_id = Some(dataset.dataset_id.clone());
        context.store.put(dataset, context.clock());
    }
    Ok(Done {
        answer,
        changed: !dry,
        touched,
    })
}

fn fresh_id(context: &mut Context) -> String {
    loop {
        let id = context.ids.dataset();
        if !context.store.knows(&id) {
            return id;
        }
    }
}

/// The dataset that a create body describes, without id and versions.
fn described(context: &Context, body: &Body) -> Result<Dataset, Refusal> {
    let knobs = context.knobs;
    let name = body.required("Name")?;
    check_name(&name)?;
    let property = body
        .one_of("Property", &PROPERTIES)?
        .ok_or(Refusal::Missing("Property"))?;
    let data_source_type = body
        .one_of("DataSourceType", &DATA_SOURCE_TYPES)?
        .ok_or(Refusal::Missing("DataSourceType"))?;
    let uri = body.required("Uri")?;
    let accessibility = body
        .one_of("Accessibility", &ACCESSIBILITIES)?
        .unwrap_or_else(|| "PRIVATE".to_owned());
    let roles = body.texts("AccessibleRoleIdList")?;
    check_roles(&accessibility, roles.as_deref())?;
    let edition = body
        .one_of("Edition", &EDITIONS)?
        .unwrap_or_else(|| "BASIC".to_owned());
    if edition != "BASIC" && data_source_type != "OSS" {
        return Err(Refusal::invalid(
            "Edition",
            "only OSS datasets can be other than BASIC",
        ));
    }
    let provider = body.text("Provider")?;
    if provider.as_deref() == Some("pai") {
        return Err(Refusal::invalid(
            "Provider",
            "pai marks datasets of the platform",
        ));
    }
    let now = context.now();
    Ok(Dataset {
        name,
        workspace_id: context.workspace(body.text("WorkspaceId")?)?,
        user_id: owner(context, body.text("UserId")?)?,
        owner_id: context.caller.account_id.clone(),
        gmt_create_time: now.clone(),
        gmt_modified_time: now,
        data_source_type,
        data_type: body
            .one_of("DataType", &DATA_TYPES)?
            .unwrap_or_else(|| "COMMON".to_owned()),
        property,
        uri,
        source_type: body
            .one_of("SourceType", &SOURCE_TYPES)?
            .unwrap_or_else(|| "USER".to_owned()),
        source_id: body.text_within("SourceId", knobs.source_id_max)?,
        description: body.text_within("Description", knobs.description_max)?,
        options: body.json_text("Options", knobs.options_max, knobs)?,
        accessibility,
        accessible_role_id_list: roles,
        provider_type: body
            .one_of("ProviderType", &["Ecs", "Lingjun"])?
            .unwrap_or_else(|| "Ecs".to_owned()),
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
fn first_version(context: &Context, body: &Body, dataset: &Dataset) -> Result<Version, Refusal> {
    Ok(Version {
        version_name: "v1".to_owned(),
        gmt_create_time: dataset.gmt_create_time.clone(),
        gmt_modified_time: dataset.gmt_modified_time.clone(),
        property: dataset.property.clone(),
        data_source_type: dataset.data_source_type.clone(),
        uri: dataset.uri.clone(),
        labels: body
            .labels("VersionLabels", context.knobs)?
            .unwrap_or_default(),
        options: dataset.options.clone(),
        source_type: dataset.source_type.clone(),
        source_id: dataset.source_id.clone(),
        description: body.text_within("VersionDescription", context.knobs.description_max)?,
        data_count: body.size("DataCount")?,
        data_size: body.size("DataSize")?,
        import_info: dataset.import_info.clone(),
        dataset_task_ram_role: body.text("DatasetTaskRamRole")?,
        user_metrics_endpoints: body.endpoints("UserMetricsEndpoints")?,
    })
}

/// The owner of a new dataset: the caller, or whom an administrator names.
fn owner(context: &Context, named: Option<String>) -> Result<String, Refusal> {
    let caller = &context.caller.user_id;
    match named.filter(|user| !user.is_empty()) {
        None => Ok(caller.clone()),
        Some(user) if !user.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err(Refusal::invalid("UserId", "it must be decimal digits"))
        }
        Some(user) if user == *caller || context.caller.list_all => Ok(user),
        Some(_) => Err(Refusal::NoPermission(context.call.operation.name())),
    }
}

fn check_roles(accessibility: &str, roles: Option<&[String]>) -> Result<(), Refusal> {
    if accessibility == "ROLE_PUBLIC" && roles.is_none_or(<[String]>::is_empty) {
        return Err(Refusal::Missing("AccessibleRoleIdList"));
    }
    Ok(())
}

/// No other dataset within the scope of names has this one's name.
fn check_name_is_free(context: &Context, dataset: &Dataset) -> Result<(), Refusal> {
    let rival = |other: &Dataset| {
        let in_scope = match context.knobs.name_scope {
            NameScope::None => false,
            NameScope::Workspace => {
                other.owner_id == dataset.owner_id && other.workspace_id == dataset.workspace_id
            }
            NameScope::Account => other.owner_id == dataset.owner_id,
        };
        let same = other.name == dataset.name || !context.knobs.name_case_sensitive;
        in_scope && same && other.dataset_id != dataset.dataset_id
    };
    if context.knobs.name_scope != NameScope::None
        && context.store.named(&dataset.name).any(|other| rival(other))
    {
        return Err(Refusal::NameTaken(dataset.name.clone()));
    }
    Ok(())
}

pub(super) fn get(context: &Context) -> Result<Done, Refusal> {
    let dataset = context.dataset()?;
    let answer = view::dataset(&dataset, context, &view::Detail::Whole);
    let touched = Touched {
        workspace_id: Some(dataset.workspace_id.clone()),
        ..context.touched()
    };
    Ok(Done {
        touched,
        ..context.read(answer)
    })
}

pub(super) fn update(context: &mut Context) -> Result<Done, Refusal> {
    let was = context.dataset_to_change()?;
    let body = Body::parse(&context.request.body)?;
    let knobs = context.knobs;
    let mut next = Dataset::clone(&was);
    if let Some(name) = body.text("Name")? {
        check_name(&name)?;
        next.name = name;
        check_name_is_free(context, &next)?;
    }
    if let Some(description) = body.text_within("Description", knobs.description_max)? {
        next.description = Some(description);
    }
    if let Some(options) = body.json_text("Options", knobs.options_max, knobs)? {
        if knobs.options_shared
            && let Some(first) = next.version_mut("v1")
        {
            first.options = Some(options.clone());
        }
        next.options = Some(options);
    }
    if let Some(roles) = body.texts("AccessibleRoleIdList")? {
        next.accessible_role_id_list = Some(roles);
    }
    if let Some(accessibility) = body.one_of("Accessibility", &ACCESSIBILITIES)? {
        if was.accessibility == "PUBLIC"
            && accessibility != "PUBLIC"
            && knobs.unpublish == Rule::Refuse
        {
            return Err(Refusal::invalid(
                "Accessibility",
                "a PUBLIC dataset stays PUBLIC",
            ));
        }
        check_roles(&accessibility, next.accessible_role_id_list.as_deref())?;
        next.accessibility = accessibility;
    }
    if let Some(edition) = body.one_of("Edition", &EDITIONS)? {
        let documented =
            was.edition == "BASIC" && edition == "ADVANCED" && was.data_source_type == "OSS";
        if edition != was.edition && !documented && knobs.edition_change == Rule::Refuse {
            let why = format!(
                "{} to {edition} on {} is not possible",
                was.edition, was.data_source_type
            );
            return Err(Refusal::invalid("Edition", why));
        }
        next.edition = edition;
    }
    if let Some(roles) = body.texts("MountAccessReadWriteRoleIdList")? {
        next.mount_access_read_write_role_id_list = Some(roles);
    }
    sharing::update(context, &body, &mut next)?;
    Ok(context.store(&was, next, true))
}

pub(super) fn delete(context: &mut Context) -> Result<Done, Refusal> {
    let dataset = context.dataset_to_change()?;
    let later = dataset
        .versions
        .iter()
        .any(|version| version.version_name != "v1");
    if later && context.knobs.delete_with_versions == DeleteWithVersions::Refuse {
        return Err(Refusal::VersionsExist(context.call.dataset_id.clone()));
    }
    context
        .store
        .remove(&context.call.dataset_id, context.clock());
    let touched = Touched {
        workspace_id: Some(dataset.workspace_id.clone()),
        ..context.touched()
    };
    Ok(Done {
        answer: Map::new(),
        changed: true,
        touched,
    })
}

pub(super) fn publish(context: &mut Context) -> Result<Done, Refusal> {
    let was = context.dataset_to_change()?;
    if was.accessibility == "PUBLIC" && context.knobs.republish == Rule::Refuse {
        return Err(Refusal::invalid(
            "Accessibility",
            "the dataset is PUBLIC already",
        ));
    }
    let next = Dataset {
        accessibility: "PUBLIC".to_owned(),
        ..Dataset::clone(&was)
    };
    let moves = next != *was;
    Ok(context.store(&was, next, moves))
}
