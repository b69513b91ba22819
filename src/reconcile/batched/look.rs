//! Looks at the files: walks, counts, and what a refused call means.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::time::Instant;

use super::report::{basic, goes_on};
use super::{Batched, Slice, Then};
use crate::api::condition::Reason;
use crate::batch::memory::{Listed, Memory, Place};
use crate::batch::tags::is_ours;
use crate::batch::walk::Look;
use crate::batch::{Page, SetTags, Walk};
use crate::cloud::{CallError, ErrorClass, MOST_FILES, Request, Statistics, codec};
use crate::environment;
use crate::plan::account::absence_counts;
use crate::plan::report::{Next, Report};
use crate::reconcile::gather::owner;
use crate::reconcile::pass::{Flow, Pass};
use crate::remote::id::RemoteId;

impl<K: Batched> Pass<'_, K> {
    /// One walk through the files, or those with one of these `tags` of ours.
    pub(super) async fn walk(
        &mut self,
        memory: &mut Memory,
        (listed, tags, adopt): (&Arc<Listed>, &SetTags, bool),
        place: &Place,
        filter: &[String],
        slice: &mut Slice,
    ) -> Then<()> {
        let wanted = &listed.wanted;
        let hash = wanted.hash();
        let question = format!("{hash} {adopt} {filter:?}");
        if memory.walk.as_ref().is_none_or(|walk| !walk.is_of(&question)) {
            (memory.walk, memory.began) = (Some(Walk::new(&question)), Some(Instant::now()));
        }
        let mut known: HashMap<String, Option<String>> = HashMap::new();
        loop {
            if self.is_over(slice) {
                return Then::End(goes_on(memory, listed));
            }
            self.tell_progress(memory, wanted, slice).await;
            let Some(walk) = memory.walk.as_ref() else { return Then::Go(()) };
            let request = Request::list_file_metas(place.files(), filter, walk.token());
            let page = match self.ask(&request).await {
                Then::Go(answer) => answer.and_then(|answer| {
                    answer.file_metas().map_err(|malformed| CallError::malformed(request.operation(), malformed))
                }),
                Then::End(flow) => return Then::End(flow),
            };
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    // A token may be refused because it is old.
                    memory.walk = None;
                    return Then::End(self.refused(memory, place, &error).await);
                }
            };
            let (lookups, config, everywhere) = (&self.ctx.lookups, &self.ctx.config, self.ctx.everywhere);
            let mut who = |named: &str| {
                let find = || {
                    let is = |object: &_| SetTags::of(&config.identity, &owner::<K>(object)).is(named);
                    let found = lookups.live.neighbour_of(K::NAME, &is, config.default_deletion);
                    let found = found.map(|set| format!("{} {}/{}", K::NAME, set.namespace, set.name));
                    // Sets of other namespaces may live where this operator does not look.
                    found.or_else(|| (!everywhere).then(|| format!("a {} of another namespace", K::NAME)))
                };
                known.entry(named.to_owned()).or_insert_with(find).clone()
            };
            let Some(walk) = memory.walk.as_mut() else { return Then::Go(()) };
            let Page::End { complete } = walk.take(page, &mut Look { wanted, tags, adopt, who: &mut who }) else {
                continue;
            };
            let shown = memory.walk.take().map(Walk::end).unwrap_or_default();
            let cut = shown.total() == MOST_FILES && complete;
            let complete = if cut {
                match self.has_no_more(place).await {
                    Then::Go(complete) => complete,
                    Then::End(flow) => return Then::End(flow),
                }
            } else {
                complete
            };
            memory.walked(shown, complete, (hash, adopt), Instant::now());
            memory.checked = Some(environment::now());
            return Then::Go(());
        }
    }

    /// Counts the files of the set, and notes whether there are others than are known.
    pub(super) async fn count(&mut self, memory: &mut Memory, tags: &SetTags, place: &Place) -> Then<()> {
        let request = Request::file_metas_statistics(place.files(), "tags.user");
        let answer = match self.ask(&request).await {
            Then::Go(answer) => answer.and_then(|answer| {
                answer.statistics().map_err(|malformed| CallError::malformed(request.operation(), malformed))
            }),
            Then::End(flow) => return Then::End(flow),
        };
        let counted = match answer {
            Ok(counted) => counted,
            Err(error) => return Then::End(self.refused(memory, place, &error).await),
        };
        memory.counted(&counted, tags, Instant::now());
        Then::Go(())
    }

    /// Counts the files of the version for people.
    pub(super) async fn tell_statistics(
        &mut self,
        memory: &mut Memory,
        by: Option<&'static str>,
        place: &Place,
    ) -> Then<()> {
        let Some(by) = by else { return Then::Go(()) };
        let request = Request::file_metas_statistics(place.files(), by);
        let answer = match self.ask(&request).await {
            Then::Go(answer) => answer.and_then(|answer| {
                answer.statistics().map_err(|malformed| CallError::malformed(request.operation(), malformed))
            }),
            Then::End(flow) => return Then::End(flow),
        };
        match answer {
            Ok(Statistics { mut counts, .. }) => {
                counts.retain(|(key, _)| !is_ours(key));
                memory.statistics = Some((by, Instant::now(), counts));
                Then::Go(())
            }
            Err(error) => Then::End(self.refused(memory, place, &error).await),
        }
    }

    /// Do the statistics count no more files than a walk showed that may have been cut?
    pub(super) async fn has_no_more(&mut self, place: &Place) -> Then<bool> {
        let request = Request::file_metas_statistics(place.files(), "filetype");
        match self.ask(&request).await {
            Then::Go(answer) => {
                let total = answer.ok().and_then(|answer| answer.statistics().ok()).map(|counted| counted.total);
                Then::Go(total == Some(MOST_FILES))
            }
            Then::End(flow) => Then::End(flow),
        }
    }

    /// Ends the reconcile after a call that failed for good or for now. The list that shows the dataset decides whether it
    /// is gone: then an object that is being deleted has nothing left to do.
    pub(super) async fn refused(&mut self, memory: &mut Memory, place: &Place, error: &CallError) -> Flow {
        let explained = !matches!(error.class, ErrorClass::NotFound | ErrorClass::Unexplained | ErrorClass::Refused);
        if explained {
            return self.call_failed(error).await;
        }
        let dataset = RemoteId::new(&place.dataset);
        let exists = self.account.reader.exists(&mut self.permit, &codec::Datasets, &place.workspace, &dataset).await;
        let exists = match exists {
            Ok(true) if self.facts.deleting => {
                let version = dataset.join(&place.version);
                let read = self.account.reader.read(&mut self.permit, &codec::Versions, &place.workspace, &version);
                read.await.map(|version| version.is_some())
            }
            exists => exists,
        };
        match exists {
            Ok(false) if self.facts.deleting => {
                let named = self.facts.intent.own().map(|intent| intent.principal.clone());
                let seen = |named: &str| self.account.inventory.can_see(named);
                if absence_counts(named.as_deref(), &self.account_view.caller, seen) {
                    return self.leave().await;
                }
                let message = format!(
                    "{dataset} is not visible to this identity, which is not the one that worked on it; restore that \
                     identity, grant ListAllDatasets, or annotate force-release: none"
                );
                self.stuck(Reason::AccountMismatch, message).await
            }
            Ok(false) => {
                memory.walk = None;
                let message = format!("{dataset} does not exist, or is hidden from the operator");
                let report = Report::working(Reason::DependencyNotReady, message, Next::Backoff);
                Flow::End(self.finish(report).await)
            }
            Ok(true) => {
                let request = Request::get_dataset(&place.dataset);
                let read = self.account.client.call_in(&mut self.permit, &request).await;
                let edition = read.ok().and_then(|answer| answer.dataset().ok());
                let edition = edition.and_then(|dataset| Some(dataset.fields.get("Edition")?.as_str()?.to_owned()));
                if edition.as_deref() == Some("BASIC") {
                    return self.stuck(Reason::InvalidSpec, basic(&place.dataset)).await;
                }
                self.call_failed(error).await
            }
            Err(unknown) => self.call_failed(&unknown).await,
        }
    }
}
