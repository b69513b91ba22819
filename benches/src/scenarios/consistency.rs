//! Exactly once, looked at from outside: what is in the cloud against what Kubernetes says is there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use testbed::{Context as _, Result};

use crate::objects;
use crate::record::Figures;
use crate::stage::Stage;

/// What does not fit together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flaws {
    /// Datasets beyond the first of a name (each object has a name of its own).
    duplicates: u32,
    /// Datasets whose id no object has recorded.
    orphans: u32,
    /// Objects whose recorded dataset does not exist, or that have none.
    lost: u32,
}

impl Flaws {
    /// Of this stage, now. It must be at rest.
    pub(super) async fn of(stage: &Stage<'_>) -> Result<Self> {
        let datasets = stage.cloud.remotes(stage.kind).await?;
        let path = stage.kind.path(&stage.namespace);
        let text = stage.rig.client.request_text(objects::get(&path)?).await.context("listing Datasets")?;
        let mut list: Value = serde_json::from_str(&text).context("listing Datasets")?;
        let items = list.get_mut("items").map(Value::take);
        Ok(Self::between(&datasets, items.as_ref().and_then(Value::as_array).map_or(&[], Vec::as_slice)))
    }

    fn between(datasets: &[Value], objects: &[Value]) -> Self {
        let text =
            |value: &Value, path: &str| value.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut names: BTreeMap<String, u32> = BTreeMap::new();
        let mut ids = BTreeSet::new();
        for dataset in datasets {
            *names.entry(text(dataset, "/Name")).or_default() += 1;
            ids.insert(text(dataset, "/DatasetId"));
        }
        let recorded: BTreeSet<String> = objects.iter().map(|object| text(object, "/status/datasetId")).collect();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            duplicates: names.values().map(|count| count - 1).sum(),
            orphans: number(ids.difference(&recorded).count()),
            lost: number(objects.iter().filter(|object| !ids.contains(&text(object, "/status/datasetId"))).count()),
        }
    }

    /// Whether there are none.
    pub(super) fn none(self) -> bool {
        self == Self::default()
    }

    /// Writes them down.
    pub(super) fn tell(self, figures: &mut Figures) {
        for (name, value) in [("duplicates", self.duplicates), ("orphans", self.orphans), ("lost", self.lost)] {
            super::put(figures, name, f64::from(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn finds_each_flaw() {
        let dataset = |id: &str, name: &str| json!({"DatasetId": id, "Name": name});
        let object = |id: &str| json!({"status": {"datasetId": id}});
        let datasets = [dataset("d-1", "a"), dataset("d-2", "b"), dataset("d-3", "b")];
        assert!(Flaws::between(&datasets[..2], &[object("d-1"), object("d-2")]).none());
        let flaws = Flaws::between(&datasets, &[object("d-1"), object("d-2"), object("d-9"), json!({})]);
        assert_eq!(flaws, Flaws { duplicates: 1, orphans: 1, lost: 2 });
    }
}
