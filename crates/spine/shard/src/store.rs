//! Snapshots on disk: written aside and renamed, the newest two kept, a bad one passed over aloud.

use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::thread;

use ids::Seq;

use crate::machine::StateMachine;
use crate::snapshot::Snapshot;

const KEEP: usize = 2;
const SUFFIX: &str = ".snapshot";

/// The snapshots of one shard in one site's folder.
#[derive(Clone, Debug)]
pub struct SnapshotStore {
    folder: PathBuf,
    shard: String,
}

impl SnapshotStore {
    /// The store in `folder`, which is created.
    pub fn open(folder: PathBuf, shard: &str) -> io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder, shard: shard.to_owned() })
    }

    fn path(&self, seq: Seq) -> PathBuf {
        self.folder.join(format!("{:020}{SUFFIX}", seq.0))
    }

    /// Stores the bytes of a snapshot taken after `seq`, durably, and removes old ones.
    pub fn store(&self, seq: Seq, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(seq);
        let aside = path.with_extension("partial");
        write_durably(&aside, bytes)?;
        std::fs::rename(&aside, &path)?;
        sync_folder(&self.folder)?;
        for old in self.newest_first()?.into_iter().skip(KEEP) {
            std::fs::remove_file(old)?;
        }
        Ok(())
    }

    /// The newest usable snapshot. Older ones are tried when a newer one is damaged; the journal fills the difference.
    pub fn newest<M: StateMachine>(&self, context: &M::Context) -> io::Result<Option<Snapshot<M>>> {
        for path in self.newest_first()? {
            match Snapshot::decode(&self.shard, &read(&path)?, context) {
                Ok(snapshot) => return Ok(Some(snapshot)),
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "a snapshot cannot be used; trying an older one");
                }
            }
        }
        Ok(None)
    }

    fn newest_first(&self) -> io::Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.to_str().is_some_and(|name| name.ends_with(SUFFIX)) {
                paths.push(path);
            }
        }
        paths.sort_unstable_by(|a, b| b.cmp(a));
        Ok(paths)
    }
}

/// Reads a file, which may be large, in two halves side by side: most of the time goes into new memory.
#[expect(clippy::disallowed_methods, reason = "the store is the shard's edge to the disk")]
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = std::fs::File::open(path)?;
    let length = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    let (first, second) = bytes.split_at_mut(length / 2);
    let at = first.len() as u64;
    thread::scope(|scope| {
        let second = thread::Builder::new().spawn_scoped(scope, || file.read_exact_at(second, at))?;
        file.read_exact_at(first, 0)?;
        second.join().map_err(|_| io::Error::other("the thread that read one half panicked"))?
    })?;
    Ok(bytes)
}

#[expect(clippy::disallowed_methods, reason = "the store is the shard's edge to the disk")]
fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = std::fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[expect(clippy::disallowed_methods, reason = "the store is the shard's edge to the disk")]
fn sync_folder(path: &Path) -> io::Result<()> {
    std::fs::File::open(path)?.sync_all()
}
