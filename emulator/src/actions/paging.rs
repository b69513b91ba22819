//! Sorting and paging of lists.
//!
//! Equal sort keys fall back to the order of creation, so that pages never overlap. A sort by time, being a coarser
//! form of that order, turns round with `Order=DESC`; for all other keys ties stay oldest first.

use std::cmp::Ordering;

use super::Members;
use crate::knobs::{Knobs, ListChaos, PageSizeOver, Rule, TotalCount};
use crate::refusal::Refusal;
use crate::request::Request;

/// What a list is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key<'a> {
    Time(&'a str),
    Text(&'a str),
    Number(Option<i64>),
}

/// The direction of a sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Ascending,
    Descending,
}

impl Order {
    pub(super) fn of(request: &Request) -> Result<Self, Refusal> {
        Self::or(request, Self::Ascending)
    }

    /// The direction that a request asks for, else this one.
    pub(super) fn or(request: &Request, default: Self) -> Result<Self, Refusal> {
        match request.parameter("Order").unwrap_or_default() {
            "" => Ok(default),
            "ASC" => Ok(Self::Ascending),
            "DESC" => Ok(Self::Descending),
            other => Err(Refusal::invalid("Order", format!("{other:?} is none of ASC, DESC"))),
        }
    }

    /// Which of two items comes first, each given by its key and its place in the order of creation.
    pub(super) fn compare(self, a: (Key, u64), b: (Key, u64)) -> Ordering {
        match (self, a.0) {
            (Self::Ascending, _) => a.cmp(&b),
            (Self::Descending, Key::Time(_)) => b.cmp(&a),
            (Self::Descending, Key::Text(_) | Key::Number(_)) => b.0.cmp(&a.0).then(a.1.cmp(&b.1)),
        }
    }

    /// Sorts items, each with its key and its place in the order of creation.
    pub(super) fn sort<T>(self, items: &mut [(Key, u64, T)]) {
        items.sort_by(|a, b| self.compare((a.0, a.1), (b.0, b.1)));
    }
}

/// One page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) number: usize,
    pub(super) size: usize,
}

impl Page {
    /// The page that a request asks for; `required` refuses requests that leave it open.
    pub(super) fn of(request: &Request, knobs: &Knobs, required: bool) -> Result<Self, Refusal> {
        let number = natural(request, "PageNumber", 1, required)?;
        let size = natural(request, "PageSize", 10, required)?;
        Self { number, size }.within(knobs.page_size_max, knobs)
    }

    /// The page that a request for jobs asks for.
    pub(super) fn of_jobs(request: &Request, knobs: &Knobs) -> Result<Self, Refusal> {
        let number = natural(request, "PageNumber", 1, false)?;
        let size = natural(request, "PageSize", 20, false)?;
        Self { number, size }.within(knobs.job_page_size_max, knobs)
    }

    fn within(self, most: u32, knobs: &Knobs) -> Result<Self, Refusal> {
        let Self { number, size } = self;
        let most = usize::try_from(most.max(1)).unwrap_or(usize::MAX);
        if size > most && knobs.page_size_over == PageSizeOver::Refuse {
            return Err(Refusal::invalid("PageSize", format!("the maximum is {most}")));
        }
        Ok(Self { number, size: size.min(most) })
    }

    /// The items of this page.
    pub(super) fn cut<'a, T>(self, items: &'a [T], knobs: &Knobs) -> Result<&'a [T], Refusal> {
        // The next page begins one item early or late, as if something had come or gone before it meanwhile. A page
        // of one item cannot begin early without standing still.
        let step = match knobs.list_chaos {
            ListChaos::None => self.size,
            ListChaos::Repeat => self.size.saturating_sub(1).max(1),
            ListChaos::Skip => self.size.saturating_add(1),
        };
        let start = (self.number - 1).saturating_mul(step).min(items.len());
        let page = items.get(start..items.len().min(start.saturating_add(self.size))).unwrap_or_default();
        if page.is_empty() && self.number > 1 && knobs.page_beyond_end == Rule::Refuse {
            return Err(Refusal::invalid("PageNumber", "there is no such page"));
        }
        Ok(page)
    }
}

/// The number of the page that a list call asks for, if it is one. Tokens begin with it; those of IMM have none.
pub(super) fn number(request: &Request) -> Option<usize> {
    if let Some(token) = request.parameter("NextToken").filter(|token| !token.is_empty()) {
        return token.split('.').next()?.parse().ok();
    }
    natural(request, "PageNumber", 1, false).ok()
}

/// Puts `TotalCount` into an answer.
pub(super) fn count(answer: &mut Members, all: usize, page: usize, knobs: &Knobs) {
    let total = match knobs.total_count {
        TotalCount::All => all,
        TotalCount::Page => page,
        TotalCount::Absent => return,
    };
    answer.put("TotalCount", &total);
}

/// A whole number from 1 in the query.
pub(super) fn natural(request: &Request, name: &'static str, default: usize, required: bool) -> Result<usize, Refusal> {
    match request.parameter(name).unwrap_or_default() {
        "" if required => Err(Refusal::Missing(name)),
        "" => Ok(default),
        text => match text.parse::<i32>() {
            Ok(number) if number >= 1 => Ok(usize::try_from(number).unwrap_or(usize::MAX)),
            _ => Err(Refusal::invalid(name, "it must be an integer from 1")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::tests::request;
    use proptest::prelude::*;

    fn asking(query: &str) -> Request {
        request("GET", &format!("/api/v1/datasets?{query}"), &[], "")
    }

    #[test]
    fn ties_follow_creation() {
        let sorted = |order: Order, key: fn(&'static str) -> Key<'static>| {
            let mut items: Vec<_> = [("a", 3), ("b", 2), ("a", 1)].map(|(k, at)| (key(k), at, ())).to_vec();
            order.sort(&mut items);
            items.into_iter().map(|(_, at, ())| at).collect::<Vec<_>>()
        };
        assert_eq!(sorted(Order::Ascending, Key::Text), [1, 3, 2]);
        assert_eq!(sorted(Order::Descending, Key::Text), [2, 1, 3]);
        assert_eq!(sorted(Order::Ascending, Key::Time), [1, 3, 2]);
        assert_eq!(sorted(Order::Descending, Key::Time), [2, 3, 1]);
    }

    #[test]
    fn pages_are_held_to_the_maximum() {
        let of = |query: &str, knobs: &Knobs| Page::of(&asking(query), knobs, false);
        let knobs = Knobs::default();
        assert_eq!(of("", &knobs), Ok(Page { number: 1, size: 10 }));
        assert_eq!(of("PageNumber=3&PageSize=1000", &knobs), Ok(Page { number: 3, size: 100 }));
        let refuse = Knobs { page_size_over: PageSizeOver::Refuse, ..knobs.clone() };
        assert!(of("PageSize=100", &refuse).is_ok() && of("PageSize=101", &refuse).is_err());
        for bad in ["PageNumber=0", "PageSize=-1", "PageSize=x", "PageNumber=99999999999"] {
            assert!(of(bad, &knobs).is_err(), "{bad}");
        }
        assert_eq!(Page::of(&asking("PageSize=5"), &knobs, true), Err(Refusal::Missing("PageNumber")));
    }

    #[test]
    fn a_page_beyond_the_end() {
        let page = Page { number: 3, size: 2 };
        assert_eq!(page.cut(&[1, 2, 3], &Knobs::default()), Ok(&[] as &[i32]));
        let refuse = Knobs { page_beyond_end: Rule::Refuse, ..Knobs::default() };
        assert!(page.cut(&[1, 2, 3], &refuse).is_err());
        assert_eq!(Page { number: 1, size: 2 }.cut(&[] as &[i32], &refuse), Ok(&[] as &[i32]));
    }

    #[test]
    fn chaos_strikes_between_pages() {
        let items: Vec<usize> = (0..10).collect();
        let pages = |list_chaos, size| {
            let knobs = Knobs { list_chaos, ..Knobs::default() };
            let cut = |number| Page { number, size }.cut(&items, &knobs).unwrap().to_vec();
            (1..=4).map(cut).collect::<Vec<_>>()
        };
        assert_eq!(pages(ListChaos::Repeat, 4), [vec![0, 1, 2, 3], vec![3, 4, 5, 6], vec![6, 7, 8, 9], vec![9]]);
        assert_eq!(pages(ListChaos::Skip, 4), [vec![0, 1, 2, 3], vec![5, 6, 7, 8], vec![], vec![]]);
        assert_eq!(pages(ListChaos::Repeat, 1), [[0], [1], [2], [3]]);
        assert_eq!(pages(ListChaos::Skip, 100)[0], items, "one page has no neighbour");
    }

    proptest! {
        #[test]
        fn pages_partition_the_list(items in prop::collection::vec(any::<u8>(), 0..50), size in 1_usize..12) {
            let pages = (1..=items.len() / size + 1).map(|number| Page { number, size });
            let cut: Vec<u8> = pages.flat_map(|page| page.cut(&items, &Knobs::default()).unwrap().to_vec()).collect();
            prop_assert_eq!(cut, items);
        }
    }
}
