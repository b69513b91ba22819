//! What `ListDatasets` looks for: conditions and order, over the whole store or one change of it.

use std::sync::Arc;

use super::Context;
use super::filters::{any_of, list, matches, text, unknown_key};
use super::paging::{Key, Order};
use crate::auth::Caller;
use crate::knobs::{Knobs, Match};
use crate::refusal::Refusal;
use crate::request::Request;
use crate::store::{Change, Clock, Dataset, Store, Text, belongs, is_home};

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

/// What a `ListDatasets` call looks for, and in which order.
pub(super) struct Search<'a> {
    caller: &'a Caller,
    knobs: &'a Knobs,
    workspace: &'a str,
    order: Order,
    key: fn(&Dataset) -> Key<'_>,
    /// Sorted, each once.
    ids: Option<Vec<&'a str>>,
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

/// A dataset with its place in the order of creation.
pub(super) type Found = (u64, Arc<Dataset>);

impl<'a> Search<'a> {
    pub(super) fn of(context: &Context<'a>, workspace: &'a str) -> Result<Self, Refusal> {
        let request = context.request;
        let mut ids = list(request, "DatasetIds");
        if let Some(ids) = &mut ids {
            ids.sort_unstable();
            ids.dedup();
        }
        Ok(Self {
            caller: context.caller,
            knobs: context.knobs,
            workspace,
            order: Order::of(request)?,
            key: dataset_key(request)?,
            ids,
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

    /// Whether it asks for datasets by their ids.
    pub(super) fn is_by_id(&self) -> bool {
        self.ids.is_some()
    }

    /// Whether it asks for what the caller shares.
    pub(super) fn shows_shares(&self) -> bool {
        self.scope == Scope::SharedByMe
    }

    /// All that it finds, in its order.
    pub(super) fn all(&self, store: &Store, clock: Clock) -> Vec<Found> {
        let account = &self.caller.account_id;
        let mut found: Vec<Found> = if let Some(ids) = &self.ids {
            let seen = ids.iter().filter_map(|id| store.seen(id, account, self.workspace, clock));
            seen.filter(|(_, dataset)| self.takes(dataset)).map(owned).collect()
        } else {
            let seen = store.seen_in(account, self.workspace, clock);
            seen.filter(|(_, dataset)| self.takes(dataset)).map(owned).collect()
        };
        // Stable, because lists mostly come in order already and this sort then makes one pass.
        found.sort_by(|a, b| self.order.compare(self.place(a.0, &a.1), self.place(b.0, &b.1)));
        found
    }

    /// Makes what it found before a change into what it finds after it.
    pub(super) fn follow(&self, found: &mut Vec<Found>, change: &Change) {
        let wanted =
            |dataset: &&Arc<Dataset>| belongs(dataset, &self.caller.account_id, self.workspace) && self.takes(dataset);
        let at = |found: &[Found], dataset: &Dataset| {
            let place = self.place(change.order, dataset);
            found.partition_point(|(order, other)| self.order.compare(self.place(*order, other), place).is_lt())
        };
        if let Some(was) = change.was.as_ref().filter(wanted) {
            let at = at(found, was);
            if found.get(at).is_some_and(|(order, _)| *order == change.order) {
                found.remove(at);
            }
        }
        if let Some(now) = change.now.as_ref().filter(wanted) {
            found.insert(at(found, now), (change.order, Arc::clone(now)));
        }
    }

    fn place<'d>(&self, order: u64, dataset: &'d Dataset) -> (Key<'d>, u64) {
        ((self.key)(dataset), order)
    }

    fn takes(&self, dataset: &Dataset) -> bool {
        let knobs = self.knobs;
        let exact = |wanted, value: &Option<Text>| matches(Match::Exact, wanted, value.as_deref().unwrap_or_default());
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
        let caller = self.caller;
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

fn owned((order, dataset): (u64, &Arc<Dataset>)) -> Found {
    (order, Arc::clone(dataset))
}
