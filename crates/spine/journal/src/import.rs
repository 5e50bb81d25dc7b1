//! Writing records that another store holds into a folder of segments, hash for hash.

use std::sync::Arc;

use crate::chain::{Position, Record, Sealed};
use crate::cursor::{Cursor, Step};
use crate::disk::{Access, Disk, DiskFile};
use crate::error::{Corruption, Fault, JournalError};
use crate::files::{LOCK_FILE, read_epoch, segment_name, write_epoch};
use crate::format::check_name;
use crate::segment::SEGMENT_HEADER_BYTES;
use crate::verifier::{Verifier, header};
use crate::writer::{GROUP_BYTES_MAX, Options, create_segment, finish};

/// Copies another store's records to the end of a journal of files: an archive, or a journal that moves.
///
/// The folder is locked meanwhile. Everything that lies in it is checked first, every record before it is written, and
/// nothing counts before [`Import::finish`].
#[derive(Debug)]
pub struct Import {
    disk: Arc<dyn Disk>,
    shard: String,
    options: Options,
    _lock: Box<dyn DiskFile>,
    verifier: Verifier,
    file: Option<Box<dyn DiskFile>>,
    /// After the last record written, as the files count.
    head: Position,
    unsynced: usize,
}

impl Import {
    /// Opens the journal of `shard` on `disk`, which may be empty, and checks all of it.
    ///
    /// Errors: [`JournalError::Locked`] while somebody else writes there; whatever is wrong with what is there, a torn end
    /// included: an import that was cut short is removed and made again.
    pub fn begin(disk: Arc<dyn Disk>, shard: &str, options: Options) -> Result<Self, JournalError> {
        check_name(shard)?;
        let lock = disk.try_lock(LOCK_FILE).map_err(JournalError::io("lock", LOCK_FILE))?;
        let lock = lock.ok_or(JournalError::Locked)?;
        let mut cursor = Cursor::open(Arc::clone(&disk), shard, Position::genesis())?;
        loop {
            match cursor.step()? {
                Step::Record(_) => {}
                Step::End => break,
                Step::Torn(torn) => {
                    let fault = Fault::Incomplete { missing: 0 };
                    return Err(Corruption { file: torn.file, offset: torn.offset, fault }.into());
                }
                Step::Unsettled(corruption) => return Err(corruption.into()),
            }
        }
        let head = cursor.position();
        let file = if cursor.has_segment() {
            let name = segment_name(head.segment_first);
            Some(disk.open(&name, Access::Append).map_err(JournalError::io("open", &name))?)
        } else {
            None
        };
        let verifier = Verifier::new(shard, head)?;
        let shard = shard.to_owned();
        Ok(Self { disk, shard, options, _lock: lock, verifier, file, head, unsynced: 0 })
    }

    /// The place after the last record.
    pub fn position(&self) -> Position {
        self.head
    }

    /// Writes the next record. `first_of_group` says whether everything before it was durable when it was first written.
    pub fn put(&mut self, record: &Record, first_of_group: bool) -> Result<(), JournalError> {
        self.verifier.check(record).map_err(|fault| self.fault(fault))?;
        let header = header(record).map_err(|fault| self.fault(fault))?;
        let mut sealed = Sealed::new(header, &record.payload);
        let length = sealed.bytes.len();
        let has_records = self.head.offset > SEGMENT_HEADER_BYTES as u64;
        if has_records && self.head.offset + length as u64 > self.options.segment_bytes_max {
            self.sync()?;
            self.file = None;
            self.head.segment_first = record.seq;
            self.head.offset = SEGMENT_HEADER_BYTES as u64;
        }
        if self.file.is_none() {
            self.file = Some(create_segment(&*self.disk, &self.shard, &self.head)?);
        }
        if self.unsynced + length > GROUP_BYTES_MAX {
            self.sync()?;
        }
        finish(&mut sealed, self.head.offset, first_of_group);
        let name = segment_name(self.head.segment_first);
        if let Some(file) = &self.file {
            file.append(&sealed.bytes).map_err(JournalError::io("append to", &name))?;
        }
        self.unsynced += length;
        self.head = self.head.after(&sealed.header);
        Ok(())
    }

    /// Makes everything durable and gives the folder its epoch, so that a leader can go on from there.
    pub fn finish(mut self) -> Result<Position, JournalError> {
        self.sync()?;
        if self.head.epoch > read_epoch(&*self.disk)?.unwrap_or_default() {
            write_epoch(&*self.disk, self.head.epoch)?;
        }
        self.disk.sync().map_err(JournalError::io("sync", "."))?;
        Ok(self.head)
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        self.unsynced = 0;
        match &self.file {
            Some(file) => {
                file.sync().map_err(JournalError::io("sync", &segment_name(self.head.segment_first)))
            }
            None => Ok(()),
        }
    }

    /// The record that was to be written is not the one that belongs here.
    fn fault(&self, fault: Fault) -> JournalError {
        let file = segment_name(self.head.segment_first);
        Corruption { file, offset: self.head.offset, fault }.into()
    }
}
