//! Snapshots on disk: written aside and renamed, the newest two kept, a bad one passed over aloud and removed.

use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::thread;

use ids::Seq;

use crate::machine::StateMachine;
use crate::snapshot::{FrozenSnapshot, Snapshot};

const KEEP: usize = 2;
const SUFFIX: &str = ".snapshot";
const ASIDE: &str = "partial";

/// The snapshots of one shard in one site's folder.
#[derive(Clone, Debug)]
pub struct SnapshotStore {
    folder: PathBuf,
    shard: String,
}

impl SnapshotStore {
    /// The store in `folder`, which is created. What a process left there that ended while it wrote is removed: one process
    /// at a time may use the folder.
    pub fn open(folder: PathBuf, shard: &str) -> io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == ASIDE) {
                std::fs::remove_file(path)?;
            }
        }
        Ok(Self { folder, shard: shard.to_owned() })
    }

    fn path(&self, seq: Seq) -> PathBuf {
        self.folder.join(format!("{:020}{SUFFIX}", seq.0))
    }

    /// Stores a snapshot taken after `seq`, durably, and removes old ones.
    pub fn store(&self, seq: Seq, snapshot: FrozenSnapshot) -> io::Result<()> {
        let path = self.path(seq);
        let aside = path.with_extension(ASIDE);
        write_durably(&aside, snapshot)?;
        std::fs::rename(&aside, &path)?;
        sync_folder(&self.folder)?;
        for old in self.newest_first()?.into_iter().skip(KEEP) {
            std::fs::remove_file(old)?;
        }
        Ok(())
    }

    /// The newest usable snapshot. Older ones are tried when a newer one is damaged; the journal fills the difference. Those
    /// passed over are removed: who goes on from an older state drops what only they needed, and they would take the places
    /// of usable ones.
    pub fn newest<M: StateMachine>(&self, context: &M::Context) -> io::Result<Option<Snapshot<M>>> {
        let (mut found, mut passed_over) = (None, Vec::new());
        for path in self.newest_first()? {
            match Snapshot::decode(&self.shard, &read(&path)?, context) {
                Ok(snapshot) => {
                    found = Some(snapshot);
                    break;
                }
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "a snapshot cannot be used; trying an older one");
                    passed_over.push(path);
                }
            }
        }
        if let Err(error) = self.remove(&passed_over) {
            tracing::warn!(%error, "snapshots that cannot be used cannot be removed either");
        }
        Ok(found)
    }

    /// Removes files, durably, so that none of them comes back when what it needs is gone.
    fn remove(&self, paths: &[PathBuf]) -> io::Result<()> {
        if paths.is_empty() {
            return Ok(());
        }
        paths.iter().try_for_each(std::fs::remove_file)?;
        sync_folder(&self.folder)
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
fn write_durably(path: &Path, snapshot: FrozenSnapshot) -> io::Result<()> {
    let mut file = std::fs::File::create(path)?;
    snapshot.write(&mut file)?;
    file.sync_all()
}

#[expect(clippy::disallowed_methods, reason = "the store is the shard's edge to the disk")]
fn sync_folder(path: &Path) -> io::Result<()> {
    std::fs::File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "the tests damage files on purpose")]

    use std::fs;

    use ids::Timestamp;
    use journal::Position;
    use stdx::Digest;

    use super::*;
    use crate::machine::Frozen;
    use crate::replica::Replica;

    /// A machine without a state, which can be restored while nothing it needs is missing.
    struct Empty;

    impl StateMachine for Empty {
        type Context = Option<Seq>;

        fn genesis(_: &Self::Context) -> Self {
            Self
        }
        fn check(_: u16, _: &[u8]) -> Result<u32, String> {
            Ok(1)
        }
        fn apply(&mut self, _: u16, _: Timestamp, _: &[u8], _: &mut Vec<u8>) {}
        fn due(&self, _: Timestamp) -> Option<u16> {
            None
        }
        fn state_hash(&self) -> Digest {
            Digest([0; 32])
        }
        fn freeze(&mut self) -> Frozen {
            Vec::new().into()
        }
        fn restore(_: &[u8], missing: &Self::Context) -> Result<Self, String> {
            missing.map_or(Ok(Self), |seq| Err(format!("what snapshot {seq} needs is missing")))
        }
    }

    fn names(store: &SnapshotStore) -> Vec<u64> {
        let paths = store.newest_first().unwrap();
        paths.iter().map(|path| path.file_stem().unwrap().to_str().unwrap().parse().unwrap()).collect()
    }

    fn store(folder: &tempfile::TempDir, seqs: &[u64]) -> SnapshotStore {
        let store = SnapshotStore::open(folder.path().to_owned(), "test").unwrap();
        for seq in seqs.iter().copied().map(Seq) {
            let mut replica =
                Replica::from_parts(Empty, crate::window::Window::default(), seq, Timestamp(1), None);
            let position = Position { seq, ..Position::genesis() };
            store.store(seq, Snapshot::freeze("test", position, &mut replica)).unwrap();
        }
        store
    }

    #[test]
    fn a_snapshot_that_was_passed_over_is_gone_and_takes_no_place_of_a_usable_one() {
        let folder = tempfile::tempdir().unwrap();
        let kept = store(&folder, &[10, 500]);
        fs::write(kept.path(Seq(500)), b"damaged").unwrap();
        let found = kept.newest::<Empty>(&None).unwrap().unwrap();
        assert_eq!(found.position.seq, Seq(10));
        assert_eq!(names(&kept), [10]);
        // The site goes on from an older place: its next snapshots come before the damaged one.
        assert_eq!(names(&store(&folder, &[20, 30])), [30, 20]);
    }

    #[test]
    fn snapshots_that_lack_what_they_name_are_removed_even_if_none_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let kept = store(&folder, &[10, 20]);
        assert!(kept.newest::<Empty>(&Some(Seq(20))).unwrap().is_none());
        assert_eq!(names(&kept), [0; 0]);
    }

    #[test]
    fn what_was_written_halfway_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let kept = store(&folder, &[10]);
        let halfway = kept.path(Seq(20)).with_extension(ASIDE);
        fs::write(&halfway, b"half").unwrap();
        assert_eq!(names(&store(&folder, &[])), [10]);
        assert!(!halfway.exists());
    }
}
