//! `ListDatasets`: search, page.

use std::sync::Arc;

use super::paging::{Page, count};
use super::recall::Question;
use super::search::Search;
use super::{Context, Done, Members, Touched, view};
use crate::knobs::SharesListed;
use crate::refusal::Refusal;
use crate::store::{Dataset, Text};

pub(super) fn datasets(context: &mut Context) -> Result<Done, Refusal> {
    let (request, knobs) = (context.request, context.knobs);
    let workspace = context.workspace(request.parameter("WorkspaceId").map(Text::from))?;
    let page = Page::of(request, knobs, false)?;
    let search = Search::of(context, &workspace)?;
    let searched;
    // Lists that lag change with time alone, and a few ids are looked up faster than remembered.
    let found = if knobs.list_lag_ms > 0 || search.is_by_id() {
        searched = search.all(context.store, context.clock());
        &searched
    } else {
        let question = Question::of(context);
        context.recall.found(question, &search, context.store)
    };
    let total = found.len();
    let shown: Vec<Arc<Dataset>> = page.cut(found, knobs)?.iter().map(|(_, dataset)| Arc::clone(dataset)).collect();
    let with_shares = match knobs.shares_listed {
        SharesListed::ByMe => search.shows_shares(),
        SharesListed::Never => false,
        SharesListed::Always => true,
    };
    let detail = if with_shares {
        view::Detail::ListedWithShares(workspace.clone())
    } else {
        view::Detail::Listed(workspace.clone())
    };
    let mut answer = Members::default();
    answer.put_objects("Datasets", shown.iter().map(|dataset| view::dataset(dataset, context, &detail)));
    count(&mut answer, total, shown.len(), knobs);
    let touched = Touched { workspace_id: Some(workspace), ..Touched::default() };
    Ok(Done { touched, ..context.read(answer) })
}
