//! A remote, or a part of it, compared field by field with its spec. Only labels that the operator set are ever
//! removed.

use serde_json::Value;

use crate::cloud::Request;
use crate::cloud::codec::{Codec, LabelCodec};
use crate::plan::desired::Desired;
use crate::plan::edit::{Edit, Purpose};
use crate::plan::field::{Field, FieldChange, LABELS, SHARES};
use crate::plan::futile::print;
use crate::plan::view::View;
use crate::remote::Remote;
use crate::remote::carrier::{Carrier, Unwritable};
use crate::remote::fields::{Fields, difference, same};
use crate::remote::mark::{Labels, is_mark};

/// Prefix of the keys in `appliedLabelKeys` that are labels of v1 (`=` cannot occur in a label key).
pub(super) const FIRST: &str = "v1=";

/// A remote, or a part of it, together with its spec.
pub(super) struct Part<'a> {
    /// The remote as the service shows it.
    pub(super) remote: &'a Remote,
    /// The members that the spec wants.
    pub(super) fields: &'a Fields,
    /// The labels that the spec wants; `None` if it does not manage them.
    pub(super) labels: Option<&'a Labels>,
    /// Prefix of its keys in `appliedLabelKeys`, and of the names of its fields where updates are counted.
    pub(super) prefix: &'static str,
    /// The name of its label list in the spec.
    pub(super) list: &'static str,
    /// The spec's field for a member.
    pub(super) member: fn(name: &str) -> Field,
}

impl<'a> Part<'a> {
    pub(super) fn of(desired: &'a Desired, remote: &'a Remote) -> Self {
        let (fields, labels) = (&desired.mutable, Some(&desired.labels));
        Self { remote, fields, labels, prefix: "", list: "labels", member: Field::member }
    }

    /// The members to send: those that differ, without the futile ones.
    pub(super) fn members(&self, view: &View) -> Fields {
        let mut update = difference(self.fields, &self.remote.fields);
        update.retain(|name, value| !is_futile(view, &self.key(name), Some(value), self.remote.fields.get(name)));
        update
    }

    /// The edit that gives the remote these members, if there are any.
    pub(super) fn update(&self, codec: &dyn Codec, members: &Fields) -> Result<Option<Edit>, Unwritable> {
        if members.is_empty() {
            return Ok(None);
        }
        let edit = self.spec_edit(members, codec.update(self.remote, members.clone())?);
        let rewrites = matches!(codec.carrier(), Carrier::Text(member) if members.contains_key(member));
        Ok(Some(Edit { replaces: rewrites.then(|| self.remote.id.clone()), ..edit }))
    }

    /// A change from PRIVATE to PUBLIC, which has a call of its own.
    pub(super) fn publish(&self) -> Edit {
        let public = Fields::from_iter([("Accessibility".to_owned(), Value::from("PUBLIC"))]);
        self.spec_edit(&public, Request::publish_dataset(self.remote.id.root()))
    }

    /// A request that gives the remote these members.
    fn spec_edit(&self, members: &Fields, request: Request) -> Edit {
        let change = |(name, wanted): (&String, &Value)| FieldChange {
            field: (self.member)(name),
            found: self.remote.fields.get(name).cloned(),
            wanted: Some(wanted.clone()),
        };
        let mut after = self.remote.clone();
        after.fields.extend(members.clone());
        let purpose = Purpose::Spec(members.iter().map(change).collect());
        Edit { id: self.remote.id.clone(), request, after: vec![after], replaces: None, purpose }
    }

    /// First the edit that removes labels that we set and that are not wanted any more, then the one that sets labels.
    /// Labels with other keys are never touched.
    pub(super) fn label_edits(&self, view: &View, codec: &dyn LabelCodec) -> Vec<Edit> {
        let none = Labels::new();
        let (wanted, held) = (self.labels.unwrap_or(&none), &self.remote.labels);
        let left =
            |change: &FieldChange| is_futile(view, &change.field.key, change.wanted.as_ref(), change.found.as_ref());
        let unset: Vec<_> = self
            .applied(view)
            .filter(|key| !wanted.contains_key(*key) && held.contains_key(*key) && !is_mark(key))
            .map(|key| (key.to_owned(), self.label(key, None)))
            .filter(|(_, change)| !left(change))
            .collect();
        let set: Vec<_> = wanted
            .iter()
            .filter(|(key, value)| held.get(*key) != Some(value))
            .map(|(key, value)| ((key.clone(), value.clone()), self.label(key, Some(value))))
            .filter(|(_, change)| !left(change))
            .collect();
        let (unset, unset_fields): (Vec<_>, Vec<_>) = unset.into_iter().unzip();
        let (set, set_fields): (Labels, Vec<_>) = set.into_iter().unzip();
        let unset_edit = || Edit::unset_labels(codec, self.remote, &unset, Purpose::Spec(unset_fields));
        let unset_edit = (!unset.is_empty()).then(unset_edit);
        let set_edit = (!set.is_empty()).then(|| Edit::set_labels(codec, self.remote, &set, Purpose::Spec(set_fields)));
        unset_edit.into_iter().chain(set_edit).collect()
    }

    /// Fields that differ and are left as the service stores them.
    pub(super) fn left(&self, view: &View) -> Vec<FieldChange> {
        let text = |labels: &Labels, key: &str| labels.get(key).map(|value| Value::from(value.as_str()));
        let change = |key: &String| {
            let name = key.strip_prefix(self.prefix)?;
            let change = match name.strip_prefix(LABELS) {
                Some(label) => FieldChange {
                    field: Field::label(self.list, self.prefix, label),
                    found: text(&self.remote.labels, label),
                    wanted: self.labels.and_then(|labels| text(labels, label)),
                },
                None => FieldChange {
                    field: (self.member)(name),
                    found: self.remote.fields.get(name).cloned(),
                    wanted: self.fields.get(name).cloned(),
                },
            };
            let (found, wanted) = (change.found.as_ref(), change.wanted.as_ref());
            (!same(name, wanted, found) && is_futile(view, key, wanted, found)).then_some(change)
        };
        view.state.futile.keys().filter_map(change).collect()
    }

    /// Keys of the labels that already have the wanted value.
    pub(super) fn held(&self) -> Vec<String> {
        let wanted = self.labels.into_iter().flatten();
        let same = wanted.filter(|(key, value)| self.remote.labels.get(*key) == Some(value));
        same.map(|(key, _)| self.key(key)).collect()
    }

    pub(super) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub(super) fn label(&self, key: &str, wanted: Option<&str>) -> FieldChange {
        FieldChange {
            field: Field::label(self.list, self.prefix, key),
            found: self.remote.labels.get(key).map(|found| Value::from(found.as_str())),
            wanted: wanted.map(Value::from),
        }
    }

    /// Keys of the labels that we set on it.
    pub(super) fn applied<'v>(&self, view: &'v View) -> impl Iterator<Item = &'v str> + use<'v> {
        let prefix = self.prefix;
        let other = |key: &&str| !key.starts_with(FIRST) && !key.starts_with(SHARES);
        let keys = view.recorded.label_keys.iter().filter_map(move |key| key.strip_prefix(prefix));
        keys.filter(move |key| !prefix.is_empty() || other(key))
    }
}

/// Whether this field was sent in vain so often that it is left as the service stores it.
pub(super) fn is_futile(view: &View, field: &str, wanted: Option<&Value>, found: Option<&Value>) -> bool {
    view.state.futile.get(field).is_some_and(|futile| {
        futile.wanted == print(wanted) && futile.left.as_ref().is_none_or(|left| *left == print(found))
    })
}
