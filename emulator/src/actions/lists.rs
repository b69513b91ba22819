//! `ListDatasets` and `ListDatasetVersions`: filter, sort, page.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::paging::{Key, Order, Page, count};
use super::{Context, Done, Touched, view};
use crate::knobs::{Knobs, Match};
use crate::refusal::Refusal;
use crate::request::Request;
use crate::store::{Dataset, Version, is_home};

pub(super) fn datasets(context: &Context) -> Result<Done, Refusal> {
    let (request, knobs) = (context.request, context.knobs);
    let workspace = context.workspace(request.parameter("WorkspaceId").map(ToOwned::to_owned))?;
    let page = Page::of(request, knobs, false)?;
    let order = Order::of(request)?;
    let key = dataset_key(request)?;
    let filter = Filter::of(context, &workspace)?;
    let account = &context.caller.account_id;
    let (store, clock) = (&*context.store, context.clock());
    let seen: Vec<(u64, &Arc<Dataset>)> = if let Some(mut ids) = list(request, "DatasetIds") {
        ids.sort_unstable();
        ids.dedup();
        let seen = ids.into_iter().filter_map(|id| store.seen(id, account, &workspace, clock));
        seen.filter(|(_, dataset)| filter.takes(dataset)).collect()
    } else {
        let seen = store.seen_in(account, &workspace, clock);
        seen.filter(|(_, dataset)| filter.takes(dataset)).collect()
    };
    let mut found: Vec<(Key, u64, &Arc<Dataset>)> =
        seen.into_iter().map(|(at, dataset)| (key(dataset), at, dataset)).collect();
    order.sort(&mut found);
    let shown = page.cut(&found, knobs)?;
    let detail = match filter.scope {
        Scope::SharedByMe => view::Detail::ListedWithShares(workspace.clone()),
        Scope::All | Scope::SharedToMe => view::Detail::Listed(workspace.clone()),
    };
    let items: Vec<Value> =
        shown.iter().map(|(_, _, dataset)| Value::Object(view::dataset(dataset, context, &detail))).collect();
    let mut answer = Map::new();
    count(&mut answer, found.len(), shown.len(), knobs);
    answer.insert("Datasets".to_owned(), Value::Array(items));
    let touched = Touched { workspace_id: Some(workspace), ..Touched::default() };
    Ok(Done { touched, ..context.read(answer) })
}

fn dataset_key(request: &Request) -> Result<fn(&Dataset) -> Key<'_>, Refusal> {
    match request.parameter("SortBy").unwrap_or_default() {
        "" | "GmtCreateTime" => Ok(|dataset| Key::Time(&dataset.gmt_create_time)),
        "GmtModifiedTime" => Ok(|dataset| Key::Time(&dataset.gmt_modified_time)),
        "DataSourceType" => Ok(|dataset| Key::Text(&dataset.data_source_type)),
        "DataType" => Ok(|dataset| Key::Text(&dataset.data_type)),
        other => Err(unknown_key(other)),
    }
}

fn unknown_key(key: &str) -> Refusal {
    Refusal::invalid("SortBy", format!("{key:?} is no sort key"))
}

/// The values of a comma list; `None` when the parameter is absent or empty.
fn list<'a>(request: &'a Request, name: &str) -> Option<Vec<&'a str>> {
    let text = request.parameter(name).filter(|text| !text.is_empty())?;
    Some(text.split(',').map(str::trim).filter(|value| !value.is_empty()).collect())
}

fn text<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.parameter(name).filter(|text| !text.is_empty())
}

/// The two spellings of the platform's source type are one value.
fn source_type(value: &str) -> &str {
    if value == "PAI-PUBLIC-DATASET" { "PAI_PUBLIC_DATASET" } else { value }
}

fn any_of(wanted: Option<&Vec<&str>>, value: &str) -> bool {
    wanted.is_none_or(|wanted| wanted.iter().any(|wanted| source_type(wanted) == source_type(value)))
}

fn matches(how: Match, wanted: Option<&str>, value: &str) -> bool {
    wanted.is_none_or(|wanted| match how {
        Match::Exact => value == wanted,
        Match::Substring => value.contains(wanted),
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    All,
    SharedToMe,
    SharedByMe,
}

/// The conditions of a `ListDatasets` call.
struct Filter<'a> {
    context: &'a Context<'a>,
    workspace: &'a str,
    scope: Scope,
    name: Option<String>,
    label: Option<&'a str>,
    source_id: Option<&'a str>,
    source_dataset_id: Option<&'a str>,
    accessibility: Option<&'a str>,
    edition: Option<&'a str>,
    provider: Option<&'a str>,
    source_types: Option<Vec<&'a str>>,
    data_source_types: Option<Vec<&'a str>>,
    data_types: Option<Vec<&'a str>>,
    properties: Option<Vec<&'a str>>,
}

impl<'a> Filter<'a> {
    fn of(context: &'a Context, workspace: &'a str) -> Result<Self, Refusal> {
        let request = context.request;
        let one_of = |name: &'static str, set: &[&str]| match text(request, name) {
            Some(value) if !set.contains(&value) => {
                Err(Refusal::invalid(name, format!("{value:?} is none of {}", set.join(", "))))
            }
            value => Ok(value),
        };
        let scope = match one_of("ShareScope", &["TO_ME", "BY_ME"])? {
            Some("TO_ME") => Scope::SharedToMe,
            Some(_) => Scope::SharedByMe,
            None => Scope::All,
        };
        Ok(Self {
            context,
            workspace,
            scope,
            name: text(request, "Name").map(str::to_lowercase),
            label: text(request, "Label"),
            source_id: text(request, "SourceId"),
            source_dataset_id: text(request, "SourceDatasetId"),
            accessibility: one_of("Accessibility", &["PUBLIC", "PRIVATE", "ROLE_PUBLIC"])?,
            edition: one_of("Edition", &["BASIC", "ADVANCED", "LOGICAL"])?,
            provider: text(request, "Provider"),
            source_types: list(request, "SourceTypes"),
            data_source_types: list(request, "DataSourceTypes"),
            data_types: list(request, "DataTypes"),
            properties: list(request, "Properties"),
        })
    }

    fn takes(&self, dataset: &Dataset) -> bool {
        let knobs = self.context.knobs;
        let exact =
            |wanted, value: &Option<String>| matches(Match::Exact, wanted, value.as_deref().unwrap_or_default());
        self.label.is_none_or(|text| dataset.has_label_like(text))
            && matches(knobs.source_id_match, self.source_id, dataset.source_id.as_deref().unwrap_or_default())
            && self
                .name
                .as_deref()
                .is_none_or(|name| matches(knobs.name_match, Some(name), &dataset.name.to_lowercase()))
            && exact(self.source_dataset_id, &dataset.source_dataset_id)
            && exact(self.provider, &dataset.provider)
            && matches(Match::Exact, self.accessibility, &dataset.accessibility)
            && matches(Match::Exact, self.edition, &dataset.edition)
            && any_of(self.source_types.as_ref(), &dataset.source_type)
            && any_of(self.data_source_types.as_ref(), &dataset.data_source_type)
            && any_of(self.data_types.as_ref(), &dataset.data_type)
            && any_of(self.properties.as_ref(), &dataset.property)
            && self.visible(dataset)
    }

    /// Whether the caller may list it, within the asked share scope.
    fn visible(&self, dataset: &Dataset) -> bool {
        let caller = self.context.caller;
        let home = is_home(dataset, &caller.account_id, self.workspace);
        let shares = dataset.sharing_config.as_ref().is_some_and(|config| !config.shared_to.is_empty());
        let in_scope = match self.scope {
            Scope::All => true,
            Scope::SharedToMe => !home,
            Scope::SharedByMe => home && shares,
        };
        let may = !home || caller.list_all || dataset.accessibility == "PUBLIC" || dataset.user_id == caller.user_id;
        in_scope && may
    }
}

pub(super) fn versions(context: &Context) -> Result<Done, Refusal> {
    let (request, knobs) = (context.request, context.knobs);
    context.dataset()?;
    let page = Page::of(request, knobs, knobs.version_paging_required)?;
    let order = Order::of(request)?;
    let key = version_key(request)?;
    // A dataset younger than the lag has no versions yet, as far as lists know.
    let seen = context.store.seen_anywhere(&context.call.dataset_id, context.clock());
    let versions = seen.iter().flat_map(|dataset| &dataset.versions);
    let mut found: Vec<(Key, u64, &Version)> = versions
        .filter(|version| takes_version(request, knobs, version))
        .map(|version| (key(version), u64::from(version.number().unwrap_or(0)), version))
        .collect();
    order.sort(&mut found);
    let shown = page.cut(&found, knobs)?;
    let view = |version: &Version| seen.map(|dataset| Value::Object(view::version(version, dataset, context)));
    let items: Vec<Value> = shown.iter().filter_map(|(_, _, version)| view(version)).collect();
    let mut answer = Map::new();
    count(&mut answer, found.len(), shown.len(), knobs);
    answer.insert("PageNumber".to_owned(), json!(page.number));
    answer.insert("PageSize".to_owned(), json!(page.size));
    answer.insert("DatasetVersions".to_owned(), Value::Array(items));
    Ok(context.read(answer))
}

fn version_key(request: &Request) -> Result<fn(&Version) -> Key<'_>, Refusal> {
    match request.parameter("SortBy").unwrap_or_default() {
        "" | "GmtCreateTime" => Ok(|version| Key::Time(&version.gmt_create_time)),
        "GmtModifiedTime" => Ok(|version| Key::Time(&version.gmt_modified_time)),
        "SourceType" => Ok(|version| Key::Text(&version.source_type)),
        "DataSourceType" => Ok(|version| Key::Text(&version.data_source_type)),
        "Property" => Ok(|version| Key::Text(&version.property)),
        "DataSize" => Ok(|version| Key::Number(version.data_size)),
        "DataCount" => Ok(|version| Key::Number(version.data_count)),
        // All versions of a list have the same dataset.
        "DatasetId" => Ok(|_| Key::Text("")),
        other => Err(unknown_key(other)),
    }
}

fn takes_version(request: &Request, knobs: &Knobs, version: &Version) -> bool {
    let labelled = |parameter: &str, part: fn(&crate::store::Label) -> &str| {
        list(request, parameter).is_none_or(|wanted| {
            wanted.iter().any(|wanted| version.labels.iter().any(|label| part(label).contains(wanted)))
        })
    };
    let source_id = version.source_id.as_deref().unwrap_or_default();
    labelled("LabelKeys", |label| &label.key)
        && labelled("LabelValues", |label| &label.value)
        && matches(knobs.source_id_match, text(request, "SourceId"), source_id)
        && any_of(list(request, "SourceTypes").as_ref(), &version.source_type)
        && any_of(list(request, "Properties").as_ref(), &version.property)
}
