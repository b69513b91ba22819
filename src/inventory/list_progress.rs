//! What the pages of one list come to: whether another page is worth asking for, and whether the list was whole.
//!
//! Offset paging is no snapshot: items move between pages while they are read. What counts is how many different items
//! were shown, and `TotalCount` once it is proven to count them all.

use std::collections::HashSet;

/// A list longer than this is not believed: the service would be repeating itself.
const MOST_PAGES: u32 = 100_000;
/// The service's own page size: a page with fewer items is not a full one that stands before another.
const SMALLEST_FULL: u64 = 10;

/// What `TotalCount` in the lists of a workspace counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Count {
    /// Not known yet: it was never more than what its page showed.
    #[default]
    Unproven,
    /// All items: it was more than what its page showed.
    All,
    /// The items of its page: another page had items all the same.
    Page,
}

/// What the pages so far come to.
#[derive(Debug)]
pub(super) struct ListProgress {
    /// Number of the list.
    pub(super) number: u32,
    /// What its count is worth.
    pub(super) count: Count,
    /// Pages that were read.
    pub(super) pages: u32,
    /// Items of the first page.
    size: u64,
    items: u64,
    distinct: u64,
    /// How many different ones there were before the last page.
    before: u64,
    /// Of those that concern us, how many were not known before.
    fresh: u64,
    /// Items that have no row: others' datasets that the filter let through, because it matches parts of labels, and
    /// what we know to be gone.
    others: HashSet<String>,
    total: Option<u64>,
    held_still: bool,
    /// The last page was empty, or the service says that there is no such page.
    ended: bool,
}

impl ListProgress {
    /// List number `number`, nothing read yet; `count` is what was learnt from earlier ones.
    pub(super) fn new(number: u32, count: Count) -> Self {
        Self {
            number,
            count,
            pages: 0,
            size: 0,
            items: 0,
            distinct: 0,
            before: 0,
            fresh: 0,
            others: HashSet::new(),
            total: None,
            held_still: true,
            ended: false,
        }
    }

    /// One more page came, with so many items and this `TotalCount`.
    pub(super) fn page(&mut self, items: usize, total: Option<u64>) {
        let items = items as u64;
        if self.pages == 0 {
            (self.size, self.total) = (items, total);
        }
        self.pages += 1;
        self.items += items;
        self.before = self.distinct;
        self.ended = items == 0;
        self.held_still &= total == self.total;
        match total {
            Some(total) if total > items => self.count = Count::All,
            Some(_) if self.pages > 1 && self.count == Count::Unproven => self.count = Count::Page,
            Some(_) | None => {}
        }
    }

    /// There is no further page: the service says so, or no more items were asked for.
    pub(super) fn end(&mut self) {
        self.ended = true;
        if self.count == Count::Unproven && self.total == Some(self.items) {
            self.count = Count::All;
        }
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

    /// The next page only shows what `TotalCount` is worth.
    pub(super) fn is_proving(&self) -> bool {
        self.count == Count::Unproven && self.total == Some(self.items) && self.wants_more()
    }

    /// How many pages there are, as far as is known.
    pub(super) fn pages_expected(&self) -> u32 {
        let items = self.counted().unwrap_or_default().max(self.items);
        u32::try_from(items.div_ceil(self.size.max(1))).unwrap_or(MOST_PAGES).clamp(1, MOST_PAGES)
    }

    /// The list showed all there is.
    pub(super) fn is_whole(&self) -> bool {
        match self.counted() {
            Some(total) => self.held_still && self.distinct == total,
            // Without a count nothing tells whether items were left out. Two lists that agree must do.
            None => self.ended && self.distinct == self.items && self.fresh == 0,
        }
    }

    /// The number of all items, if it is told.
    fn counted(&self) -> Option<u64> {
        let short = self.count == Count::Unproven && self.pages == 1 && self.size < SMALLEST_FULL;
        self.total.filter(|_| short || self.count == Count::All)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list with these pages, each so many new items and a count. Pages are read as long as more are wanted.
    fn progress(known: Count, fresh: bool, pages: &[(usize, Option<u64>)]) -> (ListProgress, usize) {
        let (mut progress, mut read) = (ListProgress::new(1, known), 0);
        for (items, total) in pages {
            progress.page(*items, *total);
            (0..*items).for_each(|_| progress.known(true, fresh));
            read += 1;
            if !progress.wants_more() {
                break;
            }
        }
        (progress, read)
    }

    #[test]
    fn a_count_that_exceeds_its_page_is_believed() {
        let (progress, read) =
            progress(Count::Unproven, true, &[(100, Some(250)), (100, Some(250)), (50, Some(250)), (0, None)]);
        assert_eq!((progress.count, progress.pages_expected(), read), (Count::All, 3, 3));
        assert!(progress.is_whole());
    }

    #[test]
    fn a_count_that_is_its_page_is_proven_by_one_page_more() {
        let (one, read) = progress(Count::Unproven, true, &[(70, Some(70)), (0, Some(70)), (0, None)]);
        assert_eq!((one.count, read, one.is_whole()), (Count::All, 2, true));
        let (again, read) = progress(one.count, true, &[(70, Some(70)), (0, None)]);
        assert_eq!((read, again.is_whole()), (1, true));
        let (few, read) = progress(Count::Unproven, true, &[(7, Some(7)), (0, None)]);
        assert_eq!((few.count, read, few.is_whole()), (Count::Unproven, 1, true), "not a full page");
    }

    #[test]
    fn a_count_of_the_page_alone_is_not_believed() {
        let pages = [(10, Some(10)), (10, Some(10)), (3, Some(3)), (0, Some(0)), (0, None)];
        let (first, read) = progress(Count::Unproven, true, &pages);
        assert_eq!((first.count, read, first.is_whole()), (Count::Page, 4, false));
        let (second, read) = progress(first.count, false, &pages);
        assert_eq!((read, second.is_whole()), (4, true), "two that agree");
        let (ten, _) = progress(Count::Unproven, true, &[(10, Some(10)), (0, Some(0))]);
        assert_eq!((ten.count, ten.is_whole()), (Count::Page, false));
    }

    #[test]
    fn without_a_count_two_lists_must_agree() {
        let pages = [(10, None), (3, None), (0, None), (0, None)];
        let (first, read) = progress(Count::Unproven, true, &pages);
        assert_eq!((read, first.is_whole()), (3, false));
        assert!(progress(Count::Unproven, false, &pages).0.is_whole());
    }

    #[test]
    fn an_empty_list_is_whole_unless_it_counts_something() {
        assert!(progress(Count::Unproven, true, &[(0, Some(0))]).0.is_whole());
        assert!(progress(Count::Unproven, true, &[(0, None)]).0.is_whole());
        assert!(!progress(Count::Unproven, true, &[(0, Some(3))]).0.is_whole());
    }

    #[test]
    fn a_list_that_moved_is_not_whole() {
        let moved = progress(Count::Unproven, true, &[(100, Some(101)), (2, Some(102))]);
        assert!(!moved.0.is_whole());
        let short = progress(Count::All, true, &[(100, Some(150)), (49, Some(150)), (0, Some(150)), (0, None)]);
        assert_eq!((short.1, short.0.is_whole()), (3, false));
    }

    #[test]
    fn a_list_whose_count_moved_is_not_whole_though_as_many_items_came() {
        let (progress, read) = progress(Count::All, true, &[(100, Some(150)), (50, Some(149))]);
        assert_eq!((read, progress.distinct, progress.is_whole()), (2, 150, false));
    }

    #[test]
    fn a_page_that_does_not_exist_ends_the_list() {
        let (mut progress, _) = progress(Count::Unproven, true, &[(70, Some(70))]);
        assert!(progress.is_proving() && !progress.is_whole());
        progress.end();
        assert!(!progress.wants_more() && progress.is_whole());
    }

    #[test]
    fn a_service_that_repeats_itself_is_not_asked_on() {
        let mut progress = ListProgress::new(1, Count::Unproven);
        for first in [true, false] {
            assert!(progress.wants_more());
            progress.page(10, Some(u64::MAX));
            (0..10).for_each(|_| progress.known(first, first));
        }
        assert!(!progress.wants_more() && !progress.is_whole());
        assert_eq!(progress.pages_expected(), MOST_PAGES);
    }

    #[test]
    fn an_item_shown_twice_counts_once() {
        let mut progress = ListProgress::new(1, Count::All);
        progress.page(4, Some(4));
        progress.known(true, true);
        progress.known(false, false);
        progress.other("d-1");
        progress.other("d-1");
        assert!(!progress.is_whole());
    }
}
