//! Changes to an existing remote as values: what is sent, and what the remote is once that is acknowledged.

use super::field::FieldChange;
use super::step::Step;
use crate::cloud::Request;
use crate::cloud::codec::{Change, Codec};
use crate::remote::Remote;
use crate::remote::id::RemoteId;
use crate::remote::mark::{Labels, RawMark};

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
        Self::of(remote, codec.set_labels(remote, labels), purpose)
    }

    /// Takes these labels off a remote.
    #[must_use]
    pub fn unset_labels(codec: &dyn Codec, remote: &Remote, keys: &[String], purpose: Purpose) -> Self {
        Self::of(remote, codec.unset_labels(remote, keys), purpose)
    }

    /// Writes our mark on a remote. One that is released stays so until [`Edit::clear_released`].
    #[must_use]
    pub fn mark(codec: &dyn Codec, remote: &Remote, mark: &RawMark) -> Self {
        Self::of(remote, codec.set_mark(remote, mark), Purpose::Mark)
    }

    /// Takes `dso-released` off again.
    #[must_use]
    pub fn clear_released(codec: &dyn Codec, remote: &Remote) -> Self {
        let mark = RawMark { released: None, ..remote.mark.clone().unwrap_or_default() };
        Self::of(remote, codec.set_mark(remote, &mark), Purpose::ClearReleased)
    }

    /// Lets a remote go, marked as released.
    #[must_use]
    pub fn release(codec: &dyn Codec, remote: &Remote) -> Self {
        let mark = remote.mark.clone().unwrap_or_default().into_released();
        Self::of(remote, codec.set_mark(remote, &mark), Purpose::Release)
    }

    fn of(remote: &Remote, change: Change, purpose: Purpose) -> Self {
        Self {
            id: remote.id.clone(),
            request: change.request,
            after: vec![change.after],
            replaces: change.replaces.then(|| remote.id.clone()),
            purpose,
        }
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
