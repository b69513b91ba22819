//! One row: what was shown of one dataset or version, packed, and since when that is true.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::Instant;

use crate::compressed::{Compressed, Compressible};
use crate::remote::Remote;
use crate::remote::fields::{Fields, same};
use crate::remote::uid::Uid;

/// Members that change without anybody's doing, and on which nothing hangs.
const LEFT_OUT: [&str; 2] = ["GmtCreateTime", "GmtModifiedTime"];

impl Compressible for Remote {
    // The compressor looks up every third byte of it, so that its length matters: two bytes less cost 20 bytes a row.
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

/// How a row came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The service showed it, whole.
    Shown,
    /// Our own create: the service fills in what we did not send.
    Sent,
}

/// A row.
#[derive(Debug)]
pub(super) struct Row {
    shown: Compressed<Remote>,
    /// The row shows at least what was true then.
    pub(super) as_of: Instant,
    /// Number of the last list of its workspace that showed it.
    pub(super) list: u32,
    newest: u32,
    /// Hash of its owner mark, 0 without one.
    pub(super) owner: u64,
    /// The uid that a mark of ours names, unless it was released.
    pub(super) marked: Option<Uid>,
    /// Its newest version carries such a mark.
    pub(super) newest_is_marked: bool,
    source: Source,
    /// A write of ours may or may not have changed it.
    doubtful: bool,
}

impl Row {
    /// A row for this remote. `None` if it cannot be packed.
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
            doubtful: false,
        })
    }

    /// What was shown, if it was no longer than `trusted` ago and no write of ours makes it doubtful.
    pub(super) fn believed(&self, now: Instant, trusted: Duration) -> Option<Arc<Remote>> {
        let fresh = now.saturating_duration_since(self.as_of) <= trusted;
        if fresh && !self.doubtful { self.remote() } else { None }
    }

    /// What was shown last, however long ago.
    pub(super) fn remote(&self) -> Option<Arc<Remote>> {
        self.shown.open().map(Arc::new)
    }

    /// Is this its newest version? (Whoever acts on it compares in full.)
    pub(super) fn newest_is(&self, version: &str) -> bool {
        self.newest == version_hash(version)
    }

    /// It has a newest version.
    pub(super) const fn has_newest(&self) -> bool {
        self.newest != 0
    }

    /// A write of ours ended without an answer: until the service shows the row again, later than now, it is not
    /// believed.
    pub(super) const fn doubt(&mut self, now: Instant) {
        self.doubtful = true;
        self.as_of = now;
    }

    /// Takes the place of an older row. Returns whether it says something else.
    pub(super) fn supersedes(&mut self, older: &Self) -> bool {
        self.list = self.list.max(older.list);
        if self.source == Source::Sent && older.source == Source::Shown {
            self.source = Source::Shown;
        }
        match older.source {
            _ if older.doubtful => true,
            // Values that were packed before and after the dictionary learnt differ even if they are equal.
            Source::Shown => self.shown != older.shown && self.remote() != older.remote(),
            Source::Sent => match (self.remote(), older.remote()) {
                (Some(now), Some(sent)) => !holds(&now, &sent),
                _ => true,
            },
        }
    }
}

/// The uid that a mark of ours on this remote names, unless it was released.
pub(super) fn marked(remote: &Remote, domains: &[String]) -> Option<Uid> {
    let mark = remote.mark.as_ref().filter(|mark| mark.is_under(domains) && mark.released.is_none())?;
    mark.uid().map(Uid::of)
}

/// A hash by which remotes of one owner are found; what is found is compared in full.
pub(super) fn owner_hash(owner: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    owner.hash(&mut hasher);
    hasher.finish().max(1)
}

fn version_hash(version: &str) -> u32 {
    u32::try_from(owner_hash(version) >> 32).unwrap_or(1).max(1)
}

/// A remote as it is kept.
pub(super) fn without_times(remote: &Remote) -> Remote {
    let mut remote = remote.clone();
    for name in LEFT_OUT {
        remote.fields.remove(name);
    }
    remote.latest = remote.latest.map(|latest| Box::new(without_times(&latest)));
    remote
}

/// Does `now` hold everything that was sent?
fn holds(now: &Remote, sent: &Remote) -> bool {
    let all = |sent: &Fields| sent.iter().all(|(name, value)| same(name, Some(value), now.fields.get(name)));
    let latest = match (&now.latest, &sent.latest) {
        (Some(now), Some(sent)) => now.id == sent.id && holds(now, sent),
        (Some(_) | None, None) => true,
        (None, Some(_)) => false,
    };
    now.labels == sent.labels && now.mark == sent.mark && all(&sent.fields) && latest
}
