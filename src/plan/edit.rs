//! Changes to an existing remote as values: what is sent, and what the remote is once that is acknowledged.

use super::field::FieldChange;
use super::step::Step;
use crate::api::names::MARK_RELEASED;
use crate::cloud::Request;
use crate::cloud::codec::Codec;
use crate::remote::Remote;
use crate::remote::id::RemoteId;
use crate::remote::mark::Labels;

/// One change to an existing remote.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// The remote that the object stands for.
    pub id: RemoteId,
    /// What is sent.
    pub request: Request,
    /// What is known once it is acknowledged.
    pub after: Vec<Remote>,
    /// The request replaces all labels of this remote, so it must have been read in this pass: others' labels are kept only
    /// if they are known, and the inventory may not have seen the newest of them.
    pub replaces: Option<RemoteId>,
    /// What it is for.
    pub purpose: Purpose,
}

/// What an edit is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Purpose {
    /// Carries these fields of the spec out.
    Spec(Vec<FieldChange>),
    /// Writes our mark.
    Mark,
    /// Takes `dso-released` off again.
    ClearReleased,
    /// Lets the remote go, marked as released.
    Release,
}

/// What it takes to make a remote equal to its spec.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Comparison {
    /// The changes, in the order in which they are made.
    pub edits: Vec<Edit>,
    /// What must be looked at before it is known whether there are more.
    pub needs: Option<Step>,
    /// Fields that differ and are left as the service keeps them.
    pub left: Vec<FieldChange>,
    /// Keys for `appliedLabelKeys` of labels that the remote holds as the spec says.
    pub held: Vec<String>,
}

impl Comparison {
    /// There is nothing to do.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.edits.is_empty() && self.needs.is_none()
    }
}

impl Edit {
    /// Sets these labels on a remote.
    #[must_use]
    pub fn set_labels(codec: &dyn Codec, remote: &Remote, labels: &Labels, purpose: Purpose) -> Self {
        let (request, after) = codec.set_labels(remote, labels);
        Self {
            id: remote.id.clone(),
            request,
            after: vec![Remote { labels: after, ..remote.clone() }],
            replaces: codec.replaces_labels().then(|| remote.id.clone()),
            purpose,
        }
    }

    /// Takes these labels off a remote.
    #[must_use]
    pub fn unset_labels(codec: &dyn Codec, remote: &Remote, keys: &[String], purpose: Purpose) -> Self {
        let mut after = remote.clone();
        after.labels.retain(|key, _| !keys.contains(key));
        let request = codec.unset_labels(&remote.id, keys);
        Self { id: remote.id.clone(), request, after: vec![after], replaces: None, purpose }
    }

    /// Takes `dso-released` off again.
    #[must_use]
    pub fn clear_released(codec: &dyn Codec, remote: &Remote) -> Self {
        Self::unset_labels(codec, remote, &[MARK_RELEASED.to_owned()], Purpose::ClearReleased)
    }

    /// Lets a remote go, marked as released.
    #[must_use]
    pub fn release(codec: &dyn Codec, remote: &Remote) -> Self {
        let released = Labels::from([(MARK_RELEASED.to_owned(), "true".to_owned())]);
        Self::set_labels(codec, remote, &released, Purpose::Release)
    }

    /// Its name, for logs and for naming failpoints.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self.purpose {
            Purpose::Spec(_) => "Change",
            Purpose::Mark => "Mark",
            Purpose::ClearReleased => "ClearReleased",
            Purpose::Release => "Release",
        }
    }
}
