//! Cold segments as files of one folder.
//!
//! ```text
//! 0000000007-<digest>.cold    segment 7, whole and durable
//! writing.partial             the segment that is being written
//! ```
//!
//! A segment is written aside, synced, and renamed to a name that says its number and its digest; then the folder is
//! synced. So a file that has its name is complete, no file ever replaces another one's content, and whatever snapshot a
//! site restarts from finds the segments it names or none: after a replay from an older snapshot or from empty the same
//! transfers become the same bytes under the same names, and other sizes make other names.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::num::NonZeroU64;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use ledger_core::{ColdError, ColdSegment, ColdStore, Spill, WrittenSegment};
use rustix::fs::{Advice, fadvise};
use stdx::Digest;

use crate::cold_writer::Writer;
use crate::storage::ColdKeeper;

const SUFFIX: &str = ".cold";
const ASIDE: &str = "writing.partial";
/// How much of a segment is left for the disk to write at once. The journal's own syncs wait for what is written at that
/// moment, and with them every payment.
const SYNC_BYTES: usize = 2 << 20;

/// The cold segments of one ledger, in a folder of its own, which is created when it is needed. One ledger at a time may
/// use it.
#[derive(Debug)]
pub struct ColdFiles {
    folder: Arc<Folder>,
    writer: Mutex<Option<Writer>>,
}

/// What the shard's thread and the writer's share.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Open files: a segment once found stays readable, whatever becomes of its name.
    open: RwLock<BTreeMap<Digest, Arc<File>>>,
    failure: Mutex<Option<String>>,
}

impl ColdFiles {
    /// The segments in `folder`.
    pub fn new(folder: PathBuf) -> Self {
        let folder = Folder { path: folder, open: RwLock::default(), failure: Mutex::default() };
        Self { folder: Arc::new(folder), writer: Mutex::default() }
    }

    fn writer(&self) -> MutexGuard<'_, Option<Writer>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ColdStore for ColdFiles {
    fn read(&self, segment: &ColdSegment, offset: u64, bytes: &mut [u8]) -> Result<(), ColdError> {
        let read = self.folder.file(segment).and_then(|file| file.read_exact_at(bytes, offset));
        read.map_err(|error| ColdError { segment: segment.segment, what: error.to_string() })
    }

    fn expect(&self, segment: &ColdSegment, offset: u64, bytes: usize) {
        // Without the advice, or without the file, the read that follows takes longer or says what is wrong.
        if let Ok(file) = self.folder.file(segment) {
            let _ = fadvise(&*file, offset, NonZeroU64::new(bytes as u64), Advice::WillNeed);
        }
    }
}

impl ColdKeeper for ColdFiles {
    fn begin(&self, needed: &[ColdSegment]) {
        let mut writer = self.writer();
        // An earlier writer ends before the next one uses the folder.
        *writer = None;
        match Writer::start(Arc::clone(&self.folder), needed.to_vec()) {
            Ok(started) => *writer = Some(started),
            Err(error) => self.folder.failed(&error),
        }
    }

    fn write(&self, spill: Spill) {
        if let Some(writer) = &*self.writer() {
            writer.write(spill);
        }
    }

    fn written(&self, wait: bool) -> Option<WrittenSegment> {
        self.writer().as_ref()?.written(wait && self.folder.failure().is_none())
    }

    /// The attempt is repeated every second.
    fn failure(&self) -> Option<String> {
        self.folder.failure()
    }
}

impl Folder {
    fn path_of(&self, segment: &ColdSegment) -> PathBuf {
        self.path.join(format!("{:010}-{}{SUFFIX}", segment.segment, segment.digest()))
    }

    fn file(&self, segment: &ColdSegment) -> io::Result<Arc<File>> {
        let digest = segment.digest();
        if let Some(file) = self.open.read().unwrap_or_else(PoisonError::into_inner).get(&digest) {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(open_for_lookups(&self.path_of(segment))?);
        self.keep_open(digest, Arc::clone(&file));
        Ok(file)
    }

    fn keep_open(&self, digest: Digest, file: Arc<File>) {
        self.open.write().unwrap_or_else(PoisonError::into_inner).insert(digest, file);
    }

    /// Writes a segment, durably.
    pub(crate) fn store(&self, spill: &Spill) -> io::Result<WrittenSegment> {
        std::fs::create_dir_all(&self.path)?;
        let aside = self.path.join(ASIDE);
        let mut file = create(&aside)?;
        let mut unsynced = 0;
        let segment = spill.encode(|part| write_evenly(&mut file, part, &mut unsynced))?;
        file.sync_all()?;
        let path = self.path_of(&segment.name);
        std::fs::rename(&aside, &path)?;
        open(&self.path)?.sync_all()?;
        self.keep_open(segment.name.digest(), Arc::new(open_for_lookups(&path)?));
        Ok(segment)
    }

    /// Removes what is not one of these segments. A snapshot that the site could restart from names these or the first of
    /// these: it was taken by the same ledger, and a ledger built anew is one that no older snapshot could be used for.
    pub(crate) fn keep_only(&self, needed: &[ColdSegment]) -> io::Result<()> {
        std::fs::create_dir_all(&self.path)?;
        let needed: Vec<PathBuf> = needed.iter().map(|segment| self.path_of(segment)).collect();
        for entry in std::fs::read_dir(&self.path)? {
            let path = entry?.path();
            let is_ours = path.to_str().is_some_and(|name| name.ends_with(SUFFIX) || name.ends_with(ASIDE));
            if is_ours && !needed.contains(&path) {
                std::fs::remove_file(&path)?;
            }
        }
        Ok(())
    }

    pub(crate) fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn failed(&self, error: &io::Error) {
        let path = self.path.display();
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        if failure.is_none() {
            tracing::warn!(%path, %error, "LED-1502: a cold segment cannot be written; its transfers stay in memory");
        }
        *failure = Some(error.to_string());
    }

    pub(crate) fn recovered(&self) {
        if self.failure.lock().unwrap_or_else(PoisonError::into_inner).take().is_some() {
            tracing::info!(path = %self.path.display(), "cold segments can be written again");
        }
    }
}

/// Writes a part of a segment, and waits for the disk whenever [`SYNC_BYTES`] are `unsynced`.
fn write_evenly(file: &mut File, part: &[u8], unsynced: &mut usize) -> io::Result<()> {
    for piece in part.chunks(SYNC_BYTES) {
        file.write_all(piece)?;
        *unsynced += piece.len();
        if *unsynced >= SYNC_BYTES {
            file.sync_data()?;
            *unsynced = 0;
        }
    }
    Ok(())
}

/// Opens a segment, of which mostly single blocks are read: nothing is gained by reading on behind them.
fn open_for_lookups(path: &Path) -> io::Result<File> {
    let file = open(path)?;
    // It is only advice.
    let _ = fadvise(&file, 0, None, Advice::Random);
    Ok(file)
}

#[expect(clippy::disallowed_methods, reason = "the store is the ledger's edge to the disk")]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

#[expect(clippy::disallowed_methods, reason = "the store is the ledger's edge to the disk")]
fn create(path: &Path) -> io::Result<File> {
    File::create(path)
}
