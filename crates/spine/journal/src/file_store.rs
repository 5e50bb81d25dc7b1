//! The journal in a folder of files, behind the port that shards use.

use std::io;
use std::path::Path;
use std::sync::Arc;

use ids::{Epoch, Seq};

use crate::chain::{Batch, Position, Record};
use crate::disk::Disk;
use crate::error::JournalError;
use crate::near::segment_before;
use crate::reader::Reader;
use crate::real::RealDisk;
use crate::store::{Appender, Claim, Left, Store, Tail, Told};
use crate::takeover::{Recovery, Takeover};
use crate::writer::{Options, Writer};

/// Batches that one sync may carry.
const GROUP_MAX: usize = 4;

/// A journal in a folder of this machine.
#[derive(Clone, Debug)]
pub struct FileStore {
    disk: Arc<dyn Disk>,
    shard: String,
    options: Options,
}

impl FileStore {
    /// The journal of `shard` on `disk`.
    pub fn new(disk: Arc<dyn Disk>, shard: &str, options: Options) -> Self {
        Self { disk, shard: shard.to_owned(), options }
    }

    /// The journal of `shard` in `folder`, which is created if need be.
    pub fn create(folder: &Path, shard: &str, options: Options) -> io::Result<Self> {
        Ok(Self::new(Arc::new(RealDisk::create(folder)?), shard, options))
    }

    /// The journal of `shard` in `folder`, which must exist.
    pub fn open(folder: &Path, shard: &str) -> io::Result<Self> {
        Ok(Self::new(Arc::new(RealDisk::open(folder)?), shard, Options::default()))
    }
}

impl Store for FileStore {
    fn shard(&self) -> &str {
        &self.shard
    }

    fn tail(&self, from: Position) -> Result<Box<dyn Tail>, JournalError> {
        Ok(Box::new(Reader::open(Arc::clone(&self.disk), &self.shard, from)?))
    }

    fn place_before(&self, seq: Seq) -> Result<Position, JournalError> {
        segment_before(&*self.disk, &self.shard, seq)
    }

    fn try_lead(&self, holder: &str, from: Position) -> Result<Option<Box<dyn Claim>>, JournalError> {
        match Writer::take_over(Arc::clone(&self.disk), &self.shard, self.options, from) {
            Ok(takeover) => Ok(Some(Box::new(FileClaim { takeover, holder: holder.to_owned() }))),
            Err(JournalError::Locked) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Tail for Reader {
    fn next_record(&mut self) -> Result<Option<Record>, JournalError> {
        Self::next_record(self)
    }

    fn position(&self) -> Position {
        Self::position(self)
    }

    fn durable(&self) -> Seq {
        Self::durable(self)
    }
}

#[derive(Debug)]
struct FileClaim {
    takeover: Takeover,
    holder: String,
}

impl Claim for FileClaim {
    fn next_left(&mut self) -> Result<Left, JournalError> {
        Ok(self.takeover.next_record()?.map_or(Left::Nothing, Left::Record))
    }

    fn lead(self: Box<Self>, told: Told) -> Result<(Box<dyn Appender>, Recovery), JournalError> {
        let (writer, recovery) = self.takeover.lead(&self.holder)?;
        Ok((Box::new(FileAppender { writer, told }), recovery))
    }
}

struct FileAppender {
    writer: Writer,
    told: Told,
}

impl std::fmt::Debug for FileAppender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileAppender").field("writer", &self.writer).finish_non_exhaustive()
    }
}

impl Appender for FileAppender {
    fn epoch(&self) -> Epoch {
        self.writer.epoch()
    }

    fn group_max(&self) -> usize {
        GROUP_MAX
    }

    fn append(&mut self, batches: &[Batch<'_>]) -> Result<(), JournalError> {
        let position = self.writer.append(batches)?;
        (self.told)(Ok(position.seq));
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Position, JournalError> {
        Ok(self.writer.position())
    }
}
