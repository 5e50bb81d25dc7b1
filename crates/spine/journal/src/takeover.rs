//! Becoming the leader.

use std::io;
use std::sync::Arc;

use ids::Epoch;

use crate::chain::{Position, Record};
use crate::cursor::{Cursor, Step};
use crate::disk::{Access, Disk, DiskFile};
use crate::error::JournalError;
use crate::files::{LOCK_FILE, read_epoch, segment_name, write_epoch};
use crate::format::check_name;
use crate::tail::Torn;
use crate::writer::{GROUP_BYTES_MAX, Options, Writer, create_segment};

/// A process that holds the lock and reads what it has not applied yet, before it leads. Dropping it gives the lock back and
/// leaves the journal as it was.
#[derive(Debug)]
pub struct Takeover {
    disk: Arc<dyn Disk>,
    shard: String,
    options: Options,
    lock: Box<dyn DiskFile>,
    cursor: Cursor,
    end: Option<End>,
}

/// The journal has been read to its end.
#[derive(Debug)]
struct End {
    torn: Option<Torn>,
}

/// What a takeover found.
#[derive(Clone, Debug)]
pub struct Recovery {
    /// The place after the new leader's epoch record; the next batch has the sequence number after it.
    pub position: Position,
    /// The new leader's epoch.
    pub epoch: Epoch,
    /// A torn write that was cut off the journal's end. It had not been acknowledged.
    pub torn: Option<Torn>,
}

impl Takeover {
    pub(crate) fn begin(
        disk: Arc<dyn Disk>,
        shard: &str,
        options: Options,
        from: Position,
    ) -> Result<Self, JournalError> {
        check_name(shard)?;
        let lock = disk.try_lock(LOCK_FILE).map_err(JournalError::io("lock", LOCK_FILE))?;
        let lock = lock.ok_or(JournalError::Locked)?;
        let cursor = Cursor::open(Arc::clone(&disk), shard, from)?;
        Ok(Self { disk, shard: shard.to_owned(), options, lock, cursor, end: None })
    }

    /// The next record to apply; `None` at the end of the journal. A follower that is up to date gets `None` at once.
    pub fn next_record(&mut self) -> Result<Option<Record>, JournalError> {
        if self.end.is_some() {
            return Ok(None);
        }
        // Nobody else writes while the lock is held, so what the first look shows is final.
        let torn = match self.cursor.step()? {
            Step::Record(record) => return Ok(Some(record)),
            Step::End => None,
            Step::Torn(torn) => Some(torn),
            Step::Unsettled(corruption) => return Err(corruption.into()),
        };
        self.end = Some(End { torn });
        Ok(None)
    }

    /// The place after the last record handed out.
    pub fn position(&self) -> Position {
        self.cursor.position()
    }

    /// Takes the lead: cuts a torn tail, makes the rest durable, raises the epoch (durably), appends an epoch record that
    /// names `holder` (durably).
    ///
    /// # Panics
    /// If [`Takeover::next_record`] has not said that there are no more: to lead without having applied every record is to
    /// acknowledge from a wrong state.
    pub fn lead(self, holder: &str) -> Result<(Writer, Recovery), JournalError> {
        check_name(holder)?;
        let Self { disk, shard, options, lock, cursor, end } = self;
        let end = end.expect("JRN-INV-1: a leader has applied every record");
        let head = cursor.position();
        if let Some(torn) = &end.torn {
            cut(&*disk, torn)?;
        }
        // Of two claims, the journal's epoch or the epoch file's, the file is never behind, unless somebody removed it.
        let epoch = head.epoch.max(read_epoch(&*disk)?.unwrap_or_default()).next();
        if cursor.has_segment() {
            settle(&*disk, &head)?;
        } else {
            create_segment(&*disk, &shard, &head)?;
        }
        write_epoch(&*disk, epoch)?;
        let mut writer = Writer::resume(disk, shard, options, lock, head, epoch)?;
        let sealed = writer.chain().seal_epoch(holder);
        let position = writer.append_sealed(vec![sealed])?;
        Ok((writer, Recovery { position, epoch, torn: end.torn }))
    }
}

/// Cuts a torn write off. What follows makes it durable before anything is written in its place.
fn cut(disk: &dyn Disk, torn: &Torn) -> Result<(), JournalError> {
    if torn.offset == 0 {
        return disk.remove(&torn.file).map_err(JournalError::io("remove", &torn.file));
    }
    let file = disk.open(&torn.file, Access::Rewrite).map_err(JournalError::io("open", &torn.file))?;
    file.truncate(torn.offset).map_err(JournalError::io("cut", &torn.file))
}

/// Makes durable that a torn write was cut off, and what a former leader may have written but not synced: its records are about
/// to count.
///
/// A sync alone would not do. If a sync failed before, the kernel has dropped the error and calls the pages clean though they
/// are only in memory; a second sync then succeeds without writing them. So the last group is written again.
fn settle(disk: &dyn Disk, head: &Position) -> Result<(), JournalError> {
    let name = segment_name(head.segment_first);
    let file = disk.open(&name, Access::Rewrite).map_err(JournalError::io("open", &name))?;
    let start = head.offset.saturating_sub(GROUP_BYTES_MAX as u64);
    let length = usize::try_from(head.offset - start).expect("at most a group's length");
    let mut bytes = vec![0; length];
    let read = file.read_at(start, &mut bytes).map_err(JournalError::io("read", &name))?;
    if read < length {
        return Err(JournalError::io("read", &name)(io::ErrorKind::UnexpectedEof.into()));
    }
    file.write_at(start, &bytes).map_err(JournalError::io("write", &name))?;
    file.sync().map_err(JournalError::io("sync", &name))?;
    disk.sync().map_err(JournalError::io("sync", "."))
}
