//! The leader's side: appending, durably, while no later leader exists.

use std::sync::Arc;

use ids::{Epoch, Seq};
use stdx::crc32c;

use crate::chain::{Batch, Chain, Position, Sealed};
use crate::disk::{Access, Disk, DiskFile};
use crate::error::{JournalError, Refusal};
use crate::files::{read_epoch, segment_name};
use crate::format::{HEADER_BYTES, Hasher, PAYLOAD_BYTES_MAX};
use crate::mask;
use crate::segment::{SEGMENT_HEADER_BYTES, SegmentHeader};
use crate::takeover::Takeover;

/// The length at which a segment is full, in bytes, unless [`Options`] say otherwise.
pub const SEGMENT_BYTES_MAX: u64 = 64 << 20;
/// The most bytes that are written between two syncs.
pub const GROUP_BYTES_MAX: usize = 4 << 20;

const _: () = assert!(PAYLOAD_BYTES_MAX * 2 <= GROUP_BYTES_MAX, "JRN-INV-2: every record fits into a group");

/// What a writer may be told.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// A record that would make a segment longer than this starts a new one. A segment holds at least one record, however
    /// small this is. Default: [`SEGMENT_BYTES_MAX`].
    pub segment_bytes_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_bytes_max: SEGMENT_BYTES_MAX }
    }
}

/// The one process that may append to a journal, as long as nobody takes over.
///
/// After any error but [`JournalError::Refused`] the writer is of no use: what became of the last batches is unknown, and
/// only a new takeover can tell. The process should end.
#[derive(Debug)]
pub struct Writer {
    disk: Arc<dyn Disk>,
    shard: String,
    hasher: Hasher,
    options: Options,
    epoch: Epoch,
    /// Held, not used: the lock ends with it.
    _lock: Box<dyn DiskFile>,
    file: Box<dyn DiskFile>,
    /// After the last record written.
    head: Position,
    failed: bool,
}

impl Writer {
    /// Starts to take the lead of `shard`'s journal on `disk`, for a caller that has applied everything up to `from`.
    ///
    /// - Takes the lock first, so that nothing is appended from here on.
    /// - Errors: [`JournalError::Locked`] while another process leads; [`JournalError::PositionNotFound`] if the journal does
    ///   not contain `from`; everything that can be wrong with a journal.
    pub fn take_over(
        disk: Arc<dyn Disk>,
        shard: &str,
        options: Options,
        from: Position,
    ) -> Result<Takeover, JournalError> {
        Takeover::begin(disk, shard, options, from)
    }

    /// Continues at `head` under `epoch`; `takeover` has made everything before it durable.
    pub(crate) fn resume(
        disk: Arc<dyn Disk>,
        shard: String,
        options: Options,
        lock: Box<dyn DiskFile>,
        head: Position,
        epoch: Epoch,
    ) -> Result<Self, JournalError> {
        let name = segment_name(head.segment_first);
        let file = disk.open(&name, Access::Append).map_err(JournalError::io("open", &name))?;
        let hasher = Hasher::new(&shard);
        Ok(Self { disk, shard, hasher, options, epoch, _lock: lock, file, head, failed: false })
    }

    /// This leader's epoch.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The place after the last acknowledged record.
    pub fn position(&self) -> Position {
        self.head
    }

    /// The end of the chain, to seal batches elsewhere. Batches sealed on it must be appended before any others.
    pub fn chain(&self) -> Chain {
        Chain::new(self.hasher.clone(), &self.head, self.epoch)
    }

    /// Appends batches with one sync for all of them (up to [`GROUP_BYTES_MAX`] at a time). When it returns, they are
    /// durable. After [`JournalError::Refused`] nothing was written and the writer is as before.
    pub fn append(&mut self, batches: &[Batch<'_>]) -> Result<Position, JournalError> {
        let mut chain = self.chain();
        let sealed = batches.iter().map(|batch| chain.seal(batch)).collect::<Result<_, _>>()?;
        self.append_sealed(sealed)
    }

    /// Like [`Writer::append`], for batches that were sealed on this writer's [`Chain`], in order.
    pub fn append_sealed(&mut self, batches: Vec<Sealed>) -> Result<Position, JournalError> {
        if self.failed {
            return Err(JournalError::Poisoned);
        }
        self.check_chain(&batches)?;
        if batches.is_empty() {
            return Ok(self.head);
        }
        let result = self.check_epoch().and_then(|()| self.write(batches));
        self.failed = result.is_err();
        result.map(|()| self.head)
    }

    fn check_chain(&self, batches: &[Sealed]) -> Result<(), Refusal> {
        let (mut seq, mut hash) = (self.head.seq, self.head.hash);
        for Sealed { header, .. } in batches {
            if header.seq != seq.next() || header.prev_hash != hash || header.epoch != self.epoch {
                return Err(Refusal::Order { expected: seq.next(), found: header.seq });
            }
            (seq, hash) = (header.seq, header.hash);
        }
        Ok(())
    }

    /// The lock already keeps others out. This is for the day when somebody removes the lock file.
    fn check_epoch(&self) -> Result<(), JournalError> {
        match read_epoch(&*self.disk)? {
            Some(current) if current == self.epoch => Ok(()),
            Some(current) => Err(JournalError::Fenced { own: self.epoch, current }),
            None => Err(JournalError::EpochFile),
        }
    }

    fn write(&mut self, batches: Vec<Sealed>) -> Result<(), JournalError> {
        let mut unsynced = 0;
        for mut record in batches {
            let full = self.is_full(record.bytes.len());
            if unsynced > 0 && (full || unsynced + record.bytes.len() > GROUP_BYTES_MAX) {
                self.sync()?;
                unsynced = 0;
            }
            if full {
                self.roll()?;
            }
            finish(&mut record, self.head.offset, unsynced == 0);
            let name = segment_name(self.head.segment_first);
            self.file.append(&record.bytes).map_err(JournalError::io("append to", &name))?;
            unsynced += record.bytes.len();
            self.head = self.head.after(&record.header);
        }
        self.sync()
    }

    fn is_full(&self, record_bytes: usize) -> bool {
        let has_records = self.head.offset > SEGMENT_HEADER_BYTES as u64;
        has_records && self.head.offset + record_bytes as u64 > self.options.segment_bytes_max
    }

    fn sync(&self) -> Result<(), JournalError> {
        self.file.sync().map_err(JournalError::io("sync", &segment_name(self.head.segment_first)))
    }

    /// Starts the next segment. Everything in the last one is durable by now.
    fn roll(&mut self) -> Result<(), JournalError> {
        self.file = create_segment(&*self.disk, &self.shard, &self.head)?;
        self.head.segment_first = self.head.seq.next();
        self.head.offset = SEGMENT_HEADER_BYTES as u64;
        Ok(())
    }
}

/// Fills in what depends on where the record is stored.
pub(crate) fn finish(record: &mut Sealed, offset: u64, first_of_group: bool) {
    let Sealed { header, bytes } = record;
    let payload = &mut bytes[HEADER_BYTES..][..header.payload_len as usize];
    header.mask = mask::choose(payload, offset + HEADER_BYTES as u64);
    mask::apply(header.mask, payload);
    header.payload_crc = crc32c(payload);
    header.first_of_group = first_of_group;
    header.encode(&mut bytes[..HEADER_BYTES]);
}

/// Creates the segment that follows `head`: durable, header and name, before any record goes into it.
pub(crate) fn create_segment(
    disk: &dyn Disk,
    shard: &str,
    head: &Position,
) -> Result<Box<dyn DiskFile>, JournalError> {
    let first_seq: Seq = head.seq.next();
    let name = segment_name(first_seq);
    let header =
        SegmentHeader { shard: shard.to_owned(), first_seq, epoch: head.epoch, prev_hash: head.hash };
    let file = disk.open(&name, Access::Create).map_err(JournalError::io("create", &name))?;
    file.append(&header.encode()).map_err(JournalError::io("write", &name))?;
    file.sync().map_err(JournalError::io("sync", &name))?;
    disk.sync().map_err(JournalError::io("sync", "."))?;
    Ok(file)
}
