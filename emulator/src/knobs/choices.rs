//! The values that the switches choose from. On the wire they are lower-case words.

use serde::{Deserialize, Serialize};

/// Whether requests must prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// Signatures, dates, nonces and tokens are verified.
    Strict,
    /// Nothing is verified; a known access key id still decides who the caller is.
    Off,
}

/// What happens to a request that the service may or may not tolerate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// It is carried out, or has no effect, and is answered with 200.
    Accept,
    /// It is answered with 400.
    Refuse,
}

/// Where a dataset name must be unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NameScope {
    /// Nowhere: any number of datasets may share a name.
    None,
    /// Within one workspace.
    Workspace,
    /// Within one parent account.
    Account,
}

/// How a text filter compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Match {
    /// The whole value.
    Exact,
    /// Any part of the value.
    Substring,
}

/// What a page size above the maximum leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PageSizeOver {
    /// The maximum is used.
    Clamp,
    /// 400.
    Refuse,
}

/// What `TotalCount` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TotalCount {
    /// All matches.
    All,
    /// The items of this page.
    Page,
    /// The member is left out.
    Absent,
}

/// What `DeleteDataset` does to versions above v1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeleteWithVersions {
    /// They go with the dataset.
    Cascade,
    /// 400 while there are any.
    Refuse,
}

/// How a written list meets the stored one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Write {
    /// New keys are added, present ones overwritten, the others stay.
    Upsert,
    /// The new list takes the place of the old one.
    Replace,
}

/// How an invalid parameter is named in `Code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InvalidCode {
    /// `InvalidName`, `InvalidProperty`, and so on.
    Specific,
    /// `InvalidParameter` for all.
    Generic,
}

/// The unit of the 128 that limits label keys and values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LabelUnit {
    /// UTF-8 bytes.
    Bytes,
    /// Unicode characters.
    Characters,
}

/// What a `garble` fault does to the framing of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Garble {
    /// `Content-Length` fits the truncated body: only the JSON is broken.
    Complete,
    /// `Content-Length` promises the whole body, then the connection closes.
    Short,
}

/// How a quota counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QuotaForm {
    /// A token bucket, refilled evenly.
    Bucket,
    /// So many calls in each second of the emulator's clock.
    Window,
}

/// What goes wrong between the pages of one list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ListChaos {
    /// Nothing: the pages partition the list.
    None,
    /// Each page begins with the last item of the one before.
    Repeat,
    /// Each page leaves out the item that should have been its first.
    Skip,
}

/// In which lists of datasets shares are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SharesListed {
    /// Those that ask for `ShareScope=BY_ME`.
    ByMe,
    /// None.
    Never,
    /// All.
    Always,
}

/// The version of a call that names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DefaultVersion {
    /// The newest.
    Latest,
    /// v1.
    First,
}

/// How a job ends, in the service's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobOutcome {
    /// Every file was completed.
    #[default]
    Succeeded,
    /// Some files failed.
    PartialFailed,
    /// All files failed.
    Failed,
}

/// What becomes of a job that is stopped, in the service's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopOutcome {
    /// It ends where it is.
    #[default]
    ManuallyStop,
    /// It had all but ended and succeeds.
    Succeeded,
}

/// What a list of jobs that names no version lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobsListed {
    /// The jobs of all versions.
    Dataset,
    /// Those of the version that other calls mean when they name none.
    Version,
}

/// Which lists of file metadata `TopK` limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TopKLimits {
    /// Those that look for something similar to a text, a picture or a video.
    Similar,
    /// All of the types MIX and VECTOR.
    Mix,
    /// All, those of the type TAG too.
    All,
}
