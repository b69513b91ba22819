//! Changes to an existing remote as values: the request, and the remote as it is once the service acknowledged that.

use super::field::FieldChange;
use super::step::Step;
use crate::cloud::Request;
use crate::cloud::codec::{Change, Codec, Jobs, LabelCodec};
use crate::remote::Remote;
use crate::remote::carrier::Unwritable;
use crate::remote::id::RemoteId;
use crate::remote::mark::{Labels, RawMark};

/// One change to an existing remote.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// The remote that the object stands for.
    pub id: RemoteId,
    /// The request to send.
    pub request: Request,
    /// The remotes as they are once the service acknowledged the request.
    pub after: Vec<Remote>,
    /// The request replaces all labels of this remote, or the text that carries its mark. The remote must have been read
    /// in this reconcile: what others wrote there is kept only if it is known, and the inventory may lack the newest of it.
    pub replaces: Option<RemoteId>,
    /// The reason for the change.
    pub purpose: Purpose,
}

/// The reason for an edit.
#[derive(Debug, Clone, PartialEq)]
pub enum Purpose {
    /// Makes these fields equal to the spec.
    Spec(Vec<FieldChange>),
    /// Writes our mark.
    Mark,
    /// Makes a released remote ours again.
    ClearReleased,
    /// Releases the remote: its mark says so from then on.
    Release,
    /// Stops a run.
    Stop,
}

/// The changes that make a remote equal to its spec.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Comparison {
    /// The changes, in the order in which they are made.
    pub edits: Vec<Edit>,
    /// A step that must come first: only then it is known whether there are more changes.
    pub needs: Option<Step>,
    /// Fields that differ and are left as the service keeps them.
    pub left: Vec<FieldChange>,
    /// Entries for `appliedLabelKeys`: the remote already has these labels as the spec wants them.
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
    pub fn set_labels(codec: &dyn LabelCodec, remote: &Remote, labels: &Labels, purpose: Purpose) -> Self {
        Self::of(remote, codec.set(remote, labels), purpose)
    }

    /// Removes these labels from a remote.
    #[must_use]
    pub fn unset_labels(codec: &dyn LabelCodec, remote: &Remote, keys: &[String], purpose: Purpose) -> Self {
        Self::of(remote, codec.unset(remote, keys), purpose)
    }

    /// Writes our mark on a remote. A released remote stays released until [`Edit::clear_released`].
    pub fn mark(codec: &dyn Codec, remote: &Remote, mark: &RawMark) -> Result<Self, Unwritable> {
        Ok(Self::of(remote, codec.set_mark(remote, mark)?, Purpose::Mark))
    }

    /// Makes a released remote ours again.
    pub fn clear_released(codec: &dyn Codec, remote: &Remote) -> Result<Self, Unwritable> {
        let mark = RawMark { released: None, ..remote.mark.clone().unwrap_or_default() };
        Ok(Self::of(remote, codec.set_mark(remote, &mark)?, Purpose::ClearReleased))
    }

    /// Releases a remote: its mark says so from then on.
    pub fn release(codec: &dyn Codec, remote: &Remote) -> Result<Self, Unwritable> {
        let mark = remote.mark.clone().unwrap_or_default().into_released();
        Ok(Self::of(remote, codec.set_mark(remote, &mark)?, Purpose::Release))
    }

    /// Stops a run. What it does then is not known before it is shown.
    #[must_use]
    pub fn stop(id: &RemoteId) -> Self {
        Self { id: id.clone(), request: Jobs::stop(id), after: Vec::new(), replaces: None, purpose: Purpose::Stop }
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
            Purpose::Stop => "Stop",
        }
    }
}
