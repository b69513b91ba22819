//! `ListDatasets`: filter, sort, page.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::filters::{any_of, list, matches, text, unknown_key};
use super::paging::{Key, Order, Page, count};
use super::recall::Question;
use super::{Context, Done, Touched, view};
use crate::knobs::Match;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::store::{Dataset, is_home};

pub(super) fn datasets(context: &mut Context) -> Result<Done, Refusal> {
    let (request, knobs) = (context.request, context.knobs);
    let workspace = context.workspace(request.parameter("WorkspaceId").map(ToOwned::to_owned))?;
    let page = Page::of(request, knobs, false)?;
    let question = Question::of(context);
    let known = context.recall.answer(&question, context.store);
    let found = if let Some(found) = known {
        found
    } else {
        let found = Arc::new(search(context, &workspace)?);
        context.recall.keep(question, context.store, &found);
        found
    };
    let shown = page.cut(&found, knobs)?;
    let detail = match Scope::of(request)? {
        Scope::SharedByMe => view::Detail::ListedWithShares(workspace.clone()),
        Scope::All | Scope::SharedToMe => view::Detail::Listed(workspace.clone()),
    };
    let items = shown.iter().map(|dataset| Value::Object(view::dataset(dataset, context, &detail)));
    let mut answer = Map::new();
    answer.insert("Datasets".to_owned(), Value::Array(items.collect()));
    count(&mut answer, found.len(), shown.len(), knobs);
    let touched = Touched { workspace_id: Some(workspace), ..Touched::default() };
    Ok(Done { touched, ..context.read(answer) })
}

/// All datasets that the call asks for, in its order.
fn search(context: &Context, workspace: &str) -> Result<Vec<Arc<Dataset>>, Refusal> {
    let (request, store, clock) = (context.request, &*context.store, context.clock());
    let account = &context.caller.account_id;
    let order = Order::of(request)?;
    let key = dataset_key(request)?;
    let filter = Filter::of(context, workspace)?;
    let seen: Vec<(u64, &Arc<Dataset>)> = if let Some(mut ids) = list(request, "DatasetIds") {
        ids.sort_unstable();
        ids.dedup();
        let seen = ids.into_iter().filter_map(|id| store.seen(id, account, workspace, clock));
        seen.filter(|(_, dataset)| filter.takes(dataset)).collect()
    } else {
        let seen = store.seen_in(account, workspace, clock);
        seen.filter(|(_, dataset)| filter.takes(dataset)).collect()
    };
    let mut found: Vec<(Key, u64, &Arc<Dataset>)> =
        seen.into_iter().map(|(at, dataset)| (key(dataset), at, dataset)).collect();
    order.sort(&mut found);
    Ok(found.into_iter().map(|(_, _, dataset)| Arc::clone(dataset)).collect())
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    All,
    SharedToMe,
    SharedByMe,
}

impl Scope {
    fn of(request: &Request) -> Result<Self, Refusal> {
        match one_of(request, "ShareScope", &["TO_ME", "BY_ME"])? {
            Some("TO_ME") => Ok(Self::SharedToMe),
            Some(_) => Ok(Self::SharedByMe),
            None => Ok(Self::All),
        }
    }
}

/// A parameter of a closed set; `None` when it is absent or empty.
fn one_of<'a>(request: &'a Request, name: &'static str, set: &[&str]) -> Result<Option<&'a str>, Refusal> {
    match text(request, name) {
        Some(value) if !set.contains(&value) => {
            Err(Refusal::invalid(name, format!("{value:?} is none of {}", set.join(", "))))
        }
        value => Ok(value),
    }
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
        Ok(Self {
            context,
            workspace,
            scope: Scope::of(request)?,
            name: text(request, "Name").map(str::to_lowercase),
            label: text(request, "Label"),
            source_id: text(request, "SourceId"),
            source_dataset_id: text(request, "SourceDatasetId"),
            accessibility: one_of(request, "Accessibility", &["PUBLIC", "PRIVATE", "ROLE_PUBLIC"])?,
            edition: one_of(request, "Edition", &["BASIC", "ADVANCED", "LOGICAL"])?,
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
