//! Create, get, update, delete and publish a dataset.

use super::describe::{ACCESSIBILITIES, EDITIONS, check_roles, described, first_version};
use super::input::{Body, check_name};
use super::{Context, Done, Members, Touched, jobs, sharing, view};
use crate::knobs::{DeleteWithVersions, NameScope, Rule};
use crate::refusal::Refusal;
use crate::store::{Dataset, Text};

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
    let mut answer = Members::default();
    if !dry || context.knobs.dry_run_id {
        dataset.dataset_id = fresh_id(context);
        answer.put("DatasetId", &dataset.dataset_id);
    }
    if !dry {
        touched.dataset_id = Some(dataset.dataset_id.clone());
        context.store.put(dataset, context.clock());
    }
    Ok(Done { answer, changed: !dry, touched })
}

fn fresh_id(context: &mut Context) -> Text {
    loop {
        let id = context.ids.dataset();
        if !context.store.knows(&id) {
            return id;
        }
    }
}

/// No other dataset within the scope of names has this one's name.
fn check_name_is_free(context: &Context, dataset: &Dataset) -> Result<(), Refusal> {
    let rival = |other: &Dataset| {
        let in_scope = match context.knobs.name_scope {
            NameScope::None => false,
            NameScope::Workspace => other.owner_id == dataset.owner_id && other.workspace_id == dataset.workspace_id,
            NameScope::Account => other.owner_id == dataset.owner_id,
        };
        let same = other.name == dataset.name || !context.knobs.name_case_sensitive;
        in_scope && same && other.dataset_id != dataset.dataset_id
    };
    if context.knobs.name_scope != NameScope::None && context.store.named(&dataset.name).any(|other| rival(other)) {
        return Err(Refusal::NameTaken(dataset.name.to_string()));
    }
    Ok(())
}

pub(super) fn get(context: &Context) -> Result<Done, Refusal> {
    let dataset = context.dataset()?;
    let answer = view::dataset(&dataset, context, &view::Detail::Whole);
    let touched = Touched { workspace_id: Some(dataset.workspace_id.clone()), ..context.touched() };
    Ok(Done { touched, ..context.read(answer) })
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
    if let Some(description) = body.description("Description", knobs)? {
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
        if was.accessibility == "PUBLIC" && accessibility != "PUBLIC" && knobs.unpublish == Rule::Refuse {
            return Err(Refusal::invalid("Accessibility", "a PUBLIC dataset stays PUBLIC"));
        }
        check_roles(&accessibility, next.accessible_role_id_list.as_deref())?;
        next.accessibility = accessibility;
    }
    if let Some(edition) = body.one_of("Edition", &EDITIONS)? {
        let documented = was.edition == "BASIC" && edition == "ADVANCED" && was.data_source_type == "OSS";
        if edition != was.edition && !documented && knobs.edition_change == Rule::Refuse {
            let why = format!("{} to {edition} on {} is not possible", was.edition, was.data_source_type);
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
    let later = dataset.versions.iter().any(|version| version.version_name != "v1");
    if later && context.knobs.delete_with_versions == DeleteWithVersions::Refuse {
        return Err(Refusal::VersionsExist(context.call.dataset_id.clone()));
    }
    let running = jobs::running(context, &dataset);
    if running > 0 && context.knobs.delete_with_running_jobs == Rule::Refuse {
        return Err(Refusal::JobState(format!("Dataset {} has {running} running jobs", dataset.dataset_id)));
    }
    context.store.remove(&context.call.dataset_id, context.clock());
    let clock = context.clock();
    context.attached.remove_dataset(&dataset, clock);
    let touched = Touched { workspace_id: Some(dataset.workspace_id.clone()), ..context.touched() };
    Ok(Done { answer: Members::default(), changed: true, touched })
}

pub(super) fn publish(context: &mut Context) -> Result<Done, Refusal> {
    let was = context.dataset_to_change()?;
    if was.accessibility == "PUBLIC" && context.knobs.republish == Rule::Refuse {
        return Err(Refusal::invalid("Accessibility", "the dataset is PUBLIC already"));
    }
    let next = Dataset { accessibility: "PUBLIC".into(), ..Dataset::clone(&was) };
    let moves = next != *was;
    Ok(context.store(&was, next, moves))
}
