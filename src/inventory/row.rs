//! One row of the inventory: the compressed state of one dataset or version, and the time from which it is true.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::Instant;

use crate::compressed::{Compressed, Compressible};
use crate::remote::Remote;
use crate::remote::fields::{Fields, SHARING, same};
use crate::remote::uid::Uid;

/// Members that change without any edit and on which no decision depends, and those that only a read of the single dataset
/// shows.
const LEFT_OUT: [&str; 5] = ["GmtCreateTime", "GmtModifiedTime", SHARING, "FileCount", "TotalFileSize"];

impl Compressible for Remote {
    // The compressor looks up every third byte of this text, so its length matters: two bytes less cost 20 bytes per
    // row.
    const TYPICAL: &'static str = concat!(
        r#"{"Accessibility":"PUBLIC","DataSourceType":"NAS","Property":"FILE","VersionName":"v2"},"#,
        r#"{"id":{"dataset":"d-0123456789abcdefgh"},"labels":{},"fields":{"Accessibility":"PRIVATE","#,
        r#""DataSourceType":"OSS","DataType":"COMMON","DatasetId":"d-","Description":"","Edition":"BASIC","#,
        r#""ImportInfo":"{\"region\":\"${Region}\",\"","IsShared":false,"MountAccess":"RW","Name":"","#,
        r#""MountAccessReadWriteRoleIdList":["*"],"Options":"{\"mountPath\":\"/mnt/data/\"}","#,
        r#""OwnerId":"1234567890123456","Property":"DIRECTORY","ProviderType":"Ecs","SourceId":"","#,
        r#""SourceType":"USER","TagTemplateType":"","Uri":"oss://.oss-cn-hangzhou.aliyuncs.com/","#,
        r#""UserId":"1234567890123456","WorkspaceId":"12345"},"latest":{"id":{"dataset":"d-","version":"v1"},"#,
        r#""labels":{},"fields":{"DataCount":0,"DataSize":0,"DataSourceType":"OSS","Description":"","Options":"","#,
        r#""Property":"DIRECTORY","SourceId":"","SourceType":"USER","Uri":"oss://","VersionName":"v1"}},"mark":{"#,
        r#""domain":"","owner":"","attempt":"c0123456789abcdef.01234567-89ab-","released":"true"}}"#,
    );

    fn learnt() -> &'static OnceLock<Box<[u8]>> {
        static LEARNT: OnceLock<Box<[u8]>> = OnceLock::new();
        &LEARNT
    }
}

/// Where the content of a row comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The service showed the whole remote.
    Shown,
    /// Our own acknowledged write: the service may have filled in members that we did not send.
    Sent,
}

/// What is known of one dataset or version.
#[derive(Debug)]
pub(super) struct Row {
    shown: Compressed<Remote>,
    /// The shown state is not older than this.
    pub(super) as_of: Instant,
    /// Number of the last list of its workspace that showed it.
    pub(super) list: u32,
    newest: u32,
    /// Hash of the owner in its mark, 0 without a mark.
    pub(super) owner: u64,
    /// The uid in its mark, if the mark is ours and not released.
    pub(super) marked: Option<Uid>,
    /// Its newest version carries such a mark.
    pub(super) newest_is_marked: bool,
    source: Source,
    /// The last content is that of our own write.
    pub(super) written: bool,
    /// One of our writes may or may not have changed it.
    doubtful: bool,
}

impl Row {
    /// A row for this remote. `None` if it cannot be compressed.
    pub(super) fn new(remote: &Remote, as_of: Instant, source: Source, domains: &[String]) -> Option<Self> {
        let newest = remote.latest.as_ref().and_then(|latest| latest.id.child());
        Some(Self {
            shown: Compressed::new(&without_times(remote))?,
            as_of,
            list: 0,
            newest: newest.map_or(0, version_hash),
            owner: remote.mark.as_ref().and_then(|mark| mark.owner.as_ref()).map_or(0, |owner| owner_hash(owner)),
            marked: marked(remote, domains),
            newest_is_marked: remote.latest.as_ref().is_some_and(|latest| marked(latest, domains).is_some()),
            source,
            written: source == Source::Sent,
            doubtful: false,
        })
    }

    /// The remote, if it was shown at most `trusted` ago and no write of ours makes it doubtful.
    pub(super) fn believed(&self, now: Instant, trusted: Duration) -> Option<Arc<Remote>> {
        let fresh = now.saturating_duration_since(self.as_of) <= trusted;
        if fresh && !self.doubtful { self.remote() } else { None }
    }

    /// The remote as it was shown last, however long ago.
    pub(super) fn remote(&self) -> Option<Arc<Remote>> {
        self.shown.open().map(Arc::new)
    }

    /// Whether a read or list as of this time may still show the remote as it was before our write, as the service takes
    /// up to `lag` to show one.
    pub(super) fn hides(&self, as_of: Instant, lag: Duration) -> bool {
        self.written && !self.doubtful && !lag.is_zero() && self.as_of + lag > as_of
    }

    /// The service shows our write at once.
    pub(super) const fn shows_at_once(&mut self) {
        self.written = false;
    }

    /// Whether this is its newest version, by a hash. (The caller compares the names in full before it acts.)
    pub(super) fn newest_is(&self, version: &str) -> bool {
        self.newest == version_hash(version)
    }

    /// It has a newest version.
    pub(super) const fn has_newest(&self) -> bool {
        self.newest != 0
    }

    /// A write of ours ended without an answer: the row is not believed until a read or list that begins later than
    /// `now` shows it again.
    pub(super) const fn doubt(&mut self, now: Instant) {
        self.doubtful = true;
        self.as_of = now;
    }

    /// Takes the place of an older row. Returns whether the content differs.
    pub(super) fn supersedes(&mut self, older: &Self) -> bool {
        self.list = self.list.max(older.list);
        if self.source == Source::Sent && older.source == Source::Shown {
            self.source = Source::Shown;
        }
        match older.source {
            _ if older.doubtful => true,
            // Equal values that were compressed before and after the dictionary was learnt differ as bytes.
            Source::Shown => self.shown != older.shown && self.remote() != older.remote(),
            Source::Sent => match (self.remote(), older.remote()) {
                (Some(now), Some(sent)) => !holds(&now, &sent),
                _ => true,
            },
        }
    }
}

/// The uid in the mark of this remote, if the mark is ours and not released. A mark in a text names none.
pub(super) fn marked(remote: &Remote, domains: &[String]) -> Option<Uid> {
    let mark = remote.mark.as_ref().filter(|mark| mark.may_be_under(domains) && mark.released.is_none())?;
    mark.uid().map(Uid::of)
}

/// A hash by which the remotes of one owner are found; the caller compares the owners in full.
pub(super) fn owner_hash(owner: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    owner.hash(&mut hasher);
    hasher.finish().max(1)
}

fn version_hash(version: &str) -> u32 {
    u32::try_from(owner_hash(version) >> 32).unwrap_or(1).max(1)
}

/// The remote without the members that are not kept.
pub(super) fn without_times(remote: &Remote) -> Remote {
    let mut remote = remote.clone();
    for name in LEFT_OUT {
        remote.fields.remove(name);
    }
    remote.latest = remote.latest.map(|latest| Box::new(without_times(&latest)));
    remote
}

/// Whether `now` holds everything that was sent.
fn holds(now: &Remote, sent: &Remote) -> bool {
    let all = |sent: &Fields| sent.iter().all(|(name, value)| same(name, Some(value), now.fields.get(name)));
    let latest = match (&now.latest, &sent.latest) {
        (Some(now), Some(sent)) => now.id == sent.id && holds(now, sent),
        (Some(_) | None, None) => true,
        (None, Some(_)) => false,
    };
    now.labels == sent.labels && now.mark == sent.mark && all(&sent.fields) && latest
}
