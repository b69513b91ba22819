//! Cloud datasets and their versions as values. Nothing here sends, waits or knows Kubernetes.

pub mod backoff;
pub mod carrier;
pub mod fields;
pub mod id;
pub mod json;
pub mod mark;
pub mod place;
mod raw_mark;
pub mod uid;

use serde::{Deserialize, Serialize};

use fields::Fields;
use id::RemoteId;
use mark::{Labels, RawMark};

/// A dataset or a version as the service shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Remote {
    /// Its id.
    pub id: RemoteId,
    /// Its labels, without those of the mark.
    pub labels: Labels,
    /// Its other members by API name.
    pub fields: Fields,
    /// A dataset's newest version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<Box<Remote>>,
    /// Its mark, or what is left of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<RawMark>,
}

impl Remote {
    /// A remote with these labels, its mark among them.
    #[must_use]
    pub fn labelled(id: RemoteId, mut labels: Labels, fields: Fields, latest: Option<Box<Self>>) -> Self {
        let mark = RawMark::take(&mut labels);
        Self { id, labels, fields, latest, mark }
    }

    /// All its labels, as the service shows them.
    #[must_use]
    pub fn all_labels(&self) -> Labels {
        let mut labels = self.labels.clone();
        labels.extend(self.mark.iter().flat_map(RawMark::labels));
        labels
    }

    /// Does its mark say that the owner released it?
    #[must_use]
    pub fn is_released(&self) -> bool {
        self.mark.as_ref().is_some_and(|mark| mark.released.is_some())
    }
}
