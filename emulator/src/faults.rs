//! Faults on order: what goes wrong, with which operation, how often.
//!
//! The list is tried in order. The first fault that fires wins, and only its count goes down.

use serde::{Deserialize, Serialize};

use crate::operation::Operation;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// The answer is an error with the fault's status and code.
    Error,
    /// The connection ends with RST instead of an answer.
    Reset,
    /// No answer comes and the connection stays open.
    Drop,
    /// The answer comes late; `before`: the call also takes effect late.
    Delay,
    /// The answer is 200 with a truncated body.
    Garble,
}

/// When it goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// Before the call does anything: a call that got an error, reset, drop or garble has no effect.
    Before,
    /// After the call succeeded and took effect; calls that fail by themselves are not touched.
    After,
}

/// One entry of the fault list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Fault {
    /// The operation it waits for; `*` is any.
    pub operation: String,
    /// What goes wrong.
    pub effect: Effect,
    /// When it goes wrong.
    pub when: When,
    /// Strikes only list calls that ask for this page; absent = all calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// Strikes no call but the single items of batch calls whose Uri or id has this in it: the item fails with `code` as
    /// its result, `after`: although it took effect. Absent = strikes calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// How many times it still fires.
    pub count: u32,
    /// The chance, 0 to 1, that it fires on a matching call.
    pub probability: f64,
    /// HTTP status of an `error`.
    pub status: u16,
    /// `Code` of an `error`.
    pub code: String,
    /// Milliseconds to wait before the effect, whichever it is.
    pub delay_ms: u64,
    /// Milliseconds in `x-acs-retry-after` of an `error`; 0 = no header.
    pub retry_after_ms: u64,
}

impl Default for Fault {
    fn default() -> Self {
        Self {
            operation: "CreateDataset".to_owned(),
            effect: Effect::Error,
            when: When::Before,
            page: None,
            item: None,
            count: 1,
            probability: 1.0,
            status: 503,
            code: "ServiceUnavailable".to_owned(),
            delay_ms: 0,
            retry_after_ms: 0,
        }
    }
}

impl Fault {
    /// Why this fault cannot be served, if it cannot.
    pub(crate) fn flaw(&self) -> Option<&'static str> {
        if !(0.0..=1.0).contains(&self.probability) {
            Some("probability must be 0 to 1")
        } else if self.effect == Effect::Error && !(400..=599).contains(&self.status) {
            Some("status must be 400 to 599")
        } else if self.page == Some(0) {
            Some("page must be 1 or more")
        } else if self.page.is_some() && !self.of_lists() {
            Some("page is for the operations that list and *")
        } else if self.item.is_some() && self.effect != Effect::Error {
            Some("an item can only meet the effect error")
        } else {
            None
        }
    }

    /// Whether it waits for an operation that has pages.
    fn of_lists(&self) -> bool {
        self.operation == "*" || Operation::named(&self.operation).is_some_and(Operation::is_list)
    }

    /// How the request log names it.
    pub(crate) fn label(&self) -> String {
        let effect = match self.effect {
            Effect::Error => "error",
            Effect::Reset => "reset",
            Effect::Drop => "drop",
            Effect::Delay => "delay",
            Effect::Garble => "garble",
        };
        let when = match self.when {
            When::Before => "before",
            When::After => "after",
        };
        format!("{effect}/{when}")
    }
}

/// The faults on order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    list: Vec<Fault>,
}

impl Faults {
    pub(crate) fn list(&self) -> &[Fault] {
        &self.list
    }

    pub(crate) fn clear(&mut self) {
        self.list.clear();
    }

    pub(crate) fn append(&mut self, more: Vec<Fault>) {
        self.list.extend(more);
        self.list.retain(|fault| fault.count > 0);
    }

    /// The index of the first fault that would fire on a call of `operation`, of this page if it is a list. `chance`
    /// yields numbers in 0..1.
    pub(crate) fn choose(&self, operation: &str, page: Option<u32>, mut chance: impl FnMut() -> f64) -> Option<usize> {
        self.list.iter().position(|fault| {
            fault.item.is_none()
                && (fault.operation == "*" || fault.operation == operation)
                && (fault.page.is_none() || fault.page == page)
                && (fault.probability >= 1.0 || chance() < fault.probability)
        })
    }

    /// The fault that strikes an item of a batch call, if any; it uses one of its count.
    pub(crate) fn strike(
        &mut self,
        operation: &str,
        names: [&str; 2],
        mut chance: impl FnMut() -> f64,
    ) -> Option<Fault> {
        let index = self.list.iter().position(|fault| {
            fault.item.as_ref().is_some_and(|item| names.iter().any(|name| name.contains(item.as_str())))
                && (fault.operation == "*" || fault.operation == operation)
                && (fault.probability >= 1.0 || chance() < fault.probability)
        })?;
        self.fire(index)
    }

    /// When the chosen fault goes off.
    pub(crate) fn when(&self, index: usize) -> Option<When> {
        self.list.get(index).map(|fault| fault.when)
    }

    /// Fires the chosen fault: its count goes down, and it leaves the list at 0.
    pub(crate) fn fire(&mut self, index: usize) -> Option<Fault> {
        let fault = self.list.get_mut(index)?;
        fault.count = fault.count.saturating_sub(1);
        let fired = fault.clone();
        self.list.retain(|fault| fault.count > 0);
        Some(fired)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn missing_members_have_the_documented_defaults() {
        let fault: Fault = serde_json::from_value(json!({})).unwrap();
        assert_eq!(fault, Fault::default());
        let shown = serde_json::to_value(fault).unwrap();
        assert_eq!(
            shown,
            json!({"operation": "CreateDataset", "effect": "error", "when": "before", "count": 1, "probability": 1.0,
                "status": 503, "code": "ServiceUnavailable", "delayMs": 0, "retryAfterMs": 0})
        );
    }

    #[test]
    fn the_first_that_fires_wins_and_alone_uses_its_count() {
        let of = |operation: &str, count| Fault { operation: operation.to_owned(), count, ..Fault::default() };
        let list = vec![of("GetDataset", 1), of("CreateDataset", 1), of("*", 2), of("CreateDataset", 0)];
        let mut faults = Faults::default();
        faults.append(list);
        let mut fire = |operation: &str| {
            let index = faults.choose(operation, None, || 0.0)?;
            faults.fire(index).map(|fault| fault.operation)
        };
        assert_eq!(fire("CreateDataset").as_deref(), Some("CreateDataset"));
        assert_eq!(fire("CreateDataset").as_deref(), Some("*"));
        assert_eq!(fire("DeleteDataset").as_deref(), Some("*"));
        assert_eq!(fire("CreateDataset"), None);
        assert_eq!(faults.list().len(), 1, "the fault of GetDataset was never touched");
    }

    #[test]
    fn a_fault_that_loses_its_roll_leaves_the_call_to_the_next() {
        let list = vec![
            Fault { probability: 0.5, ..Fault::default() },
            Fault { code: "second".to_owned(), ..Fault::default() },
        ];
        let faults = Faults { list };
        assert_eq!(faults.choose("CreateDataset", None, || 0.4), Some(0));
        assert_eq!(faults.choose("CreateDataset", None, || 0.6), Some(1));
    }

    #[test]
    fn a_page_is_waited_for() {
        let mut faults = Faults::default();
        faults.append(vec![Fault { operation: "*".to_owned(), page: Some(2), ..Fault::default() }]);
        let chosen = [None, Some(1), Some(2)].map(|page| faults.choose("ListDatasets", page, || 0.0));
        assert_eq!(chosen, [None, None, Some(0)]);
    }

    #[test]
    fn an_item_is_struck_and_no_call() {
        let mut faults = Faults::default();
        let item = Some("1.jpg".to_owned());
        faults.append(vec![Fault { operation: "*".to_owned(), item, code: "Busy".to_owned(), ..Fault::default() }]);
        assert_eq!(faults.choose("CreateDatasetFileMetas", None, || 0.0), None);
        let mut strike = |uri: &str| faults.strike("CreateDatasetFileMetas", [uri, "id"], || 0.0).map(|one| one.code);
        let struck = ["oss://b/2.jpg", "oss://b/1.jpg", "oss://b/1.jpg"].map(&mut strike);
        assert_eq!(struck, [None, Some("Busy".to_owned()), None]);
    }

    #[test]
    fn impossible_faults_are_named() {
        assert!(Fault { probability: f64::NAN, ..Fault::default() }.flaw().is_some());
        assert!(Fault { status: 200, ..Fault::default() }.flaw().is_some());
        let of_item = Fault { item: Some("x".to_owned()), ..Fault::default() };
        assert!(of_item.flaw().is_none() && Fault { effect: Effect::Delay, ..of_item }.flaw().is_some());
        assert!(Fault { status: 200, effect: Effect::Reset, ..Fault::default() }.flaw().is_none());
        let paged = |operation: &str, page| Fault { operation: operation.to_owned(), page, ..Fault::default() };
        assert!(paged("CreateDataset", Some(1)).flaw().is_some() && paged("ListDatasets", Some(0)).flaw().is_some());
        assert!(paged("ListDatasetVersions", Some(1)).flaw().is_none() && paged("*", Some(1)).flaw().is_none());
    }
}
