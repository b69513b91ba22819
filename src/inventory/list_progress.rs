//! What the pages of one list come to: whether another page is worth asking for, and whether the list was whole.
//!
//! Offset paging is no snapshot: items move between pages while they are read. The number of different items decides, and
//! `TotalCount` where it can only count all of them. The vendor's texts disagree on whether it counts all items or those
//! of its page, so a first page that may be a full one and that shows as many as `TotalCount` says proves nothing.

use std::collections::HashSet;

use crate::cloud::codec::Next;

/// A list longer than this is not believed: the service would be repeating itself.
const MOST_PAGES: u32 = 100_000;
/// The service's own page size. Pages may be smaller than the size that was asked for; a full page holds a multiple of
/// this.
const PAGE_UNIT: u64 = 10;

/// What the pages so far come to.
#[derive(Debug, Default)]
pub(super) struct ListProgress {
    /// Number of the list.
    pub(super) number: u32,
    /// Pages that were read.
    pub(super) pages: u32,
    /// Items of the first page.
    size: u64,
    /// `TotalCount` of the first page.
    total: Option<u64>,
    /// A later page had another `TotalCount`.
    moved: bool,
    /// The answers name what comes next. Items do not move between such pages.
    chained: bool,
    items: u64,
    distinct: u64,
    /// How many different ones there were before the last page.
    before: u64,
    /// Of those that concern us, how many were not known before.
    fresh: u64,
    /// Items that have no row: others' datasets that the filter let through, because it matches parts of labels, and
    /// what we know to be gone.
    others: HashSet<String>,
    /// The last page was empty, or the service says that there is no such page.
    ended: bool,
}

impl ListProgress {
    /// List number `number`, nothing read yet.
    pub(super) fn new(number: u32) -> Self {
        Self { number, ..Self::default() }
    }

    /// One more page came, with so many items, this `TotalCount`, and this after it.
    pub(super) fn page(&mut self, items: usize, total: Option<u64>, next: &Next) {
        let items = items as u64;
        if self.pages == 0 {
            (self.size, self.total) = (items, total);
        }
        self.pages += 1;
        self.items += items;
        self.before = self.distinct;
        (self.chained, self.ended) = match next {
            Next::Number => (false, items == 0),
            Next::Token(_) => (true, false),
            Next::End => (true, true),
        };
        self.moved |= total != self.total;
    }

    /// There is no further page: the service says so, or no more items were asked for.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    /// An item that has a row; `first`: this list did not show it before, `fresh`: nothing did.
    pub(super) fn known(&mut self, first: bool, fresh: bool) {
        self.distinct += u64::from(first);
        self.fresh += u64::from(fresh);
    }

    /// An item that has no row.
    pub(super) fn other(&mut self, id: &str) {
        self.distinct += u64::from(self.others.insert(id.to_owned()));
    }

    /// There may be another page. After one that showed nothing new the service would only repeat itself.
    pub(super) fn wants_more(&self) -> bool {
        let news = self.pages == 0 || self.distinct > self.before;
        !self.ended && news && self.pages < MOST_PAGES && self.counted().is_none_or(|total| self.items < total)
    }

    /// How many pages there are, as far as is known.
    pub(super) fn pages_expected(&self) -> u32 {
        let items = self.counted().unwrap_or_default().max(self.items);
        u32::try_from(items.div_ceil(self.size.max(1))).unwrap_or(MOST_PAGES).clamp(1, MOST_PAGES)
    }

    /// The list showed all there is.
    pub(super) fn is_whole(&self) -> bool {
        match self.counted() {
            Some(total) => !self.moved && self.distinct == total,
            None if self.chained => self.ended && self.distinct == self.items,
            // Without a count nothing tells whether items were left out. Two lists that agree must do.
            None => self.ended && self.distinct == self.items && self.fresh == 0,
        }
    }

    /// The number of all items, if `TotalCount` tells it: it exceeds the first page, or that page cannot be a full one,
    /// or no page after it had items.
    fn counted(&self) -> Option<u64> {
        let proven = self.ended && !self.moved && self.total == Some(self.items);
        self.total.filter(|total| *total > self.size || !self.size.is_multiple_of(PAGE_UNIT) || proven)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list with these pages, each so many new items and a count, as far as pages were wanted.
    fn progress(fresh: bool, pages: &[(usize, Option<u64>)]) -> ListProgress {
        let mut progress = ListProgress::new(1);
        for (items, total) in pages {
            progress.page(*items, *total, &Next::Number);
            (0..*items).for_each(|_| progress.known(true, fresh));
            if !progress.wants_more() {
                break;
            }
        }
        progress
    }

    /// Pages that were read, and whether the list counts as whole: if all of it was new, and if it was known.
    fn outcome(pages: &[(usize, Option<u64>)]) -> (u32, bool, bool) {
        let (new, known) = (progress(true, pages), progress(false, pages));
        (new.pages, new.is_whole(), known.is_whole())
    }

    #[test]
    fn a_count_that_exceeds_its_page_is_believed() {
        let pages = [(100, Some(250)), (100, Some(250)), (50, Some(250)), (0, None)];
        assert_eq!(outcome(&pages), (3, true, true));
        assert_eq!(progress(true, &pages[..1]).pages_expected(), 3);
    }

    #[test]
    fn a_count_of_a_page_that_may_be_full_is_proven_by_the_page_after_it() {
        assert_eq!(outcome(&[(70, Some(70)), (0, Some(70)), (0, None)]), (2, true, true));
        assert_eq!(outcome(&[(7, Some(7)), (0, None)]), (1, true, true), "no full page");
        assert_eq!(outcome(&[(101, Some(101)), (0, None)]), (1, true, true), "no full page");
    }

    #[test]
    fn two_lists_must_agree_where_a_count_is_that_of_its_page() {
        let pages = [(10, Some(10)), (10, Some(10)), (3, Some(3)), (0, Some(0)), (0, None)];
        assert_eq!(outcome(&pages), (4, false, true));
        assert_eq!(outcome(&[(100, Some(100)), (100, Some(100)), (0, Some(0))]), (3, false, true));
        assert_eq!(outcome(&[(10, Some(10)), (0, Some(0))]), (2, false, true));
    }

    #[test]
    fn without_a_count_two_lists_must_agree() {
        assert_eq!(outcome(&[(10, None), (3, None), (0, None), (0, None)]), (3, false, true));
    }

    #[test]
    fn an_empty_list_is_whole_unless_it_counts_something() {
        assert_eq!(outcome(&[(0, Some(0))]), (1, true, true));
        assert_eq!(outcome(&[(0, None)]), (1, true, true));
        assert_eq!(outcome(&[(0, Some(3))]), (1, false, false));
    }

    #[test]
    fn a_list_whose_answers_name_the_next_page_is_whole_at_its_end() {
        let mut progress = ListProgress::new(1);
        for next in [Next::Token("t".to_owned()), Next::End] {
            assert!(progress.wants_more() && !progress.is_whole());
            progress.page(200, None, &next);
            (0..200).for_each(|_| progress.known(true, true));
        }
        assert!(!progress.wants_more() && progress.is_whole());
        let mut empty = ListProgress::new(1);
        empty.page(0, None, &Next::End);
        assert!(!empty.wants_more() && empty.is_whole());
        let mut repeated = ListProgress::new(1);
        for first in [true, false] {
            repeated.page(200, None, &Next::Token("t".to_owned()));
            (0..200).for_each(|_| repeated.known(first, first));
        }
        assert!(!repeated.wants_more() && !repeated.is_whole(), "the service repeats itself");
    }

    #[test]
    fn a_list_that_moved_is_not_whole() {
        assert_eq!(outcome(&[(100, Some(101)), (2, Some(102))]), (2, false, false));
        assert_eq!(outcome(&[(100, Some(150)), (49, Some(150)), (0, Some(150)), (0, None)]), (3, false, false));
        let as_many = outcome(&[(100, Some(150)), (50, Some(149))]);
        assert_eq!(as_many, (2, false, false), "one went after the first page, so the second one left one out");
    }

    #[test]
    fn a_page_that_does_not_exist_ends_the_list() {
        let mut progress = progress(true, &[(70, Some(70))]);
        assert!(progress.wants_more() && !progress.is_whole());
        progress.end();
        assert!(!progress.wants_more() && progress.is_whole());
    }

    #[test]
    fn a_service_that_repeats_itself_is_not_asked_on() {
        let mut progress = ListProgress::new(1);
        for first in [true, false] {
            assert!(progress.wants_more());
            progress.page(10, Some(u64::MAX), &Next::Number);
            (0..10).for_each(|_| progress.known(first, first));
        }
        assert!(!progress.wants_more() && !progress.is_whole());
        assert_eq!(progress.pages_expected(), MOST_PAGES);
    }

    #[test]
    fn an_item_shown_twice_counts_once() {
        let mut progress = ListProgress::new(1);
        progress.page(4, Some(4), &Next::Number);
        progress.known(true, true);
        progress.known(false, false);
        progress.other("d-1");
        progress.other("d-1");
        assert!(!progress.is_whole());
    }
}
