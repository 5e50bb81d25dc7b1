//! Transfers that no longer stay in memory: the format of their segments, and the port to where those are kept.
//!
//! A segment holds consecutive transfers in order of creation. Little-endian:
//!
//! ```text
//! segment = block* column* trailer
//! block   = 4,096 bytes: checksum u32 | segment u32 | number of its first transfer u32 | zero (36) | 46 rows of 88
//! column  = 24 bytes for each transfer: id u128 | debit account u32 | credit account u32
//! trailer = 64 bytes: magic | first u32 | rows u32 | columns' checksum u32 | checksum u32 | last timestamp u64 | digest (32)
//! ```
//!
//! A checksum is CRC-32C: of what follows it in its block, of all columns, of the trailer with a zero in its place. The
//! digest is the SHA-256 of all blocks and
//! columns; a snapshot names a segment by it.

use std::fmt;
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::Arc;

use stdx::{Digest, Sha256, crc32c};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::rows::{PAGE_ROWS, Page, ROW_BYTES, Row, Wide};

/// Rows of a block.
pub(crate) const BLOCK_ROWS: usize = BLOCK_LEN as usize;
const BLOCK_LEN: u32 = 46;
const BLOCK_BYTES: usize = 4096;
const BLOCK_HEADER_BYTES: usize = BLOCK_BYTES - BLOCK_ROWS * ROW_BYTES;
const MAGIC: [u8; 8] = *b"TBCOLD01";
const COLUMN_BYTES: usize = size_of::<Column>();

/// Where segments are kept: a folder of files, or memory in a simulation.
///
/// A segment is written once, whole and durably, before the ledger hears of it, and never changes. It is known by its
/// digest: two segments of one number may exist, if one ledger was built with other options than another.
pub trait ColdStore: Send + Sync {
    /// Fills `bytes` from the content of `segment`, from byte `offset` on.
    fn read(&self, segment: &ColdSegment, offset: u64, bytes: &mut [u8]) -> Result<(), ColdError>;
}

/// A cold segment cannot be read, or is not what was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cold segment {segment}: {what}")]
pub struct ColdError {
    /// The segment.
    pub segment: u32,
    /// What is wrong with it.
    pub what: String,
}

impl stdx::Coded for ColdError {
    fn code(&self) -> &'static str {
        "LED-1501"
    }

    fn hint(&self) -> &'static str {
        "stop this site, delete its folders `cold` and `snapshots`, and start it again: it rebuilds them from the journal"
    }
}

/// How many transfers stay in memory, and how many move out at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColdOptions {
    /// Transfers that stay in memory at least.
    pub keep_rows: u32,
    /// The size of a segment, in blocks of 46 transfers (4 KiB).
    pub segment_blocks: u32,
}

impl ColdOptions {
    /// Four million transfers (352 MB) in memory, segments of 753,664 (64 MiB of rows).
    pub const DEFAULT: Self = Self { keep_rows: 4_000_000, segment_blocks: 16_384 };

    /// How many transfers may be in memory before the ledger waits for its disk: twice what shall stay, and room for
    /// two segments.
    pub fn hot_max(&self) -> usize {
        2 * (self.keep_rows as usize)
            .saturating_add((self.segment_blocks as usize).saturating_mul(BLOCK_ROWS))
    }
}

/// The name of a cold segment in a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct ColdSegment {
    /// Its number: 0, 1, …
    pub segment: u32,
    /// How many transfers it holds.
    pub rows: u32,
    digest: [u8; 32],
}

impl ColdSegment {
    /// The SHA-256 of its blocks and columns.
    pub fn digest(&self) -> Digest {
        Digest(self.digest)
    }

    /// How long its content is.
    pub fn bytes(&self) -> u64 {
        self.columns_at() + u64::from(self.rows) * COLUMN_BYTES as u64 + size_of::<Trailer>() as u64
    }

    /// Where its columns begin.
    fn columns_at(&self) -> u64 {
        u64::from(self.rows / BLOCK_LEN) * BLOCK_BYTES as u64
    }
}

/// Transfers to write to the cold store as one segment.
pub struct Spill {
    segment: u32,
    /// The number of its first transfer.
    first: u32,
    pages: Vec<Page>,
    /// Which rows of the pages.
    range: Range<usize>,
}

impl fmt::Debug for Spill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spill").field("segment", &self.segment).field("rows", &self.range.len()).finish()
    }
}

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct BlockHeader {
    checksum: u32,
    segment: u32,
    first: u32,
    reserved: [u8; BLOCK_HEADER_BYTES - 12],
}

/// What the indexes need of a transfer.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Column {
    pub(crate) id: Wide,
    pub(crate) debit: zerocopy::U32<zerocopy::LE>,
    pub(crate) credit: zerocopy::U32<zerocopy::LE>,
}

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Trailer {
    magic: [u8; 8],
    first: u32,
    rows: u32,
    columns_checksum: u32,
    checksum: u32,
    last_timestamp: u64,
    digest: [u8; 32],
}

impl Spill {
    /// The segment's number.
    pub fn segment(&self) -> u32 {
        self.segment
    }

    /// Gives the segment's bytes to `write`, piece by piece, and returns its name.
    pub fn encode<E>(&self, mut write: impl FnMut(&[u8]) -> Result<(), E>) -> Result<ColdSegment, E> {
        let (mut sha, mut columns) = (Sha256::default(), Vec::with_capacity(self.range.len()));
        let (mut first, mut last_timestamp) = (self.first, 0);
        let mut bytes = Vec::with_capacity(PAGE_ROWS / BLOCK_ROWS * BLOCK_BYTES);
        for rows in self.rows() {
            bytes.clear();
            for rows in rows.chunks(BLOCK_ROWS) {
                encode_block(self.segment, first, rows, &mut bytes);
                first += BLOCK_LEN;
            }
            sha.update(&bytes);
            write(&bytes)?;
            columns.extend(rows.iter().map(Column::of));
            last_timestamp = rows.last().map_or(last_timestamp, |row| row.timestamp.get());
        }
        sha.update(columns.as_bytes());
        write(columns.as_bytes())?;
        let digest = sha.finish().0;
        let mut trailer = Trailer {
            magic: MAGIC,
            first: self.first,
            rows: first - self.first,
            columns_checksum: crc32c(columns.as_bytes()),
            checksum: 0,
            last_timestamp,
            digest,
        };
        trailer.checksum = trailer.checksum();
        write(trailer.as_bytes())?;
        Ok(ColdSegment { segment: self.segment, rows: trailer.rows, digest })
    }

    /// The rows, page by page.
    fn rows(&self) -> impl Iterator<Item = &[Row]> {
        self.pages.iter().enumerate().map(|(index, page)| {
            let start = index * PAGE_ROWS;
            let from = self.range.start.saturating_sub(start);
            &page[from..self.range.end.saturating_sub(start).min(PAGE_ROWS)]
        })
    }
}

impl Trailer {
    /// What its checksum must be.
    fn checksum(&self) -> u32 {
        crc32c(Self { checksum: 0, ..*self }.as_bytes())
    }
}

impl Column {
    pub(crate) fn of(row: &Row) -> Self {
        Self { id: row.id, debit: row.debit, credit: row.credit }
    }
}

fn encode_block(segment: u32, first: u32, rows: &[Row], out: &mut Vec<u8>) {
    let start = out.len();
    let header = BlockHeader { checksum: 0, segment, first, reserved: [0; BLOCK_HEADER_BYTES - 12] };
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(rows.as_bytes());
    out.resize(start + BLOCK_BYTES, 0);
    let checksum = crc32c(&out[start + 4..]);
    out[start..start + 4].copy_from_slice(&checksum.to_le_bytes());
}

/// The cold segments of a ledger.
pub(crate) struct Cold {
    store: Option<Arc<dyn ColdStore>>,
    options: ColdOptions,
    segments: Vec<ColdSegment>,
    rows: u32,
}

impl Cold {
    /// Without a store nothing becomes cold.
    pub(crate) fn new(store: Option<Arc<dyn ColdStore>>, options: ColdOptions) -> Self {
        Self { store, options, segments: Vec::new(), rows: 0 }
    }

    /// How many transfers are cold.
    pub(crate) fn rows(&self) -> u32 {
        self.rows
    }

    pub(crate) fn segments(&self) -> &[ColdSegment] {
        &self.segments
    }

    /// Rows of the next segment. All have the size of the first, so that a transfer's segment follows from its number.
    fn segment_rows(&self) -> usize {
        let rows = self.segments.first().map(|segment| segment.rows as usize);
        rows.unwrap_or((self.options.segment_blocks.max(1) as usize).saturating_mul(BLOCK_ROWS))
    }

    /// What shall become cold: `oldest` gives the oldest rows in memory, as many as it is asked for if some more stay.
    pub(crate) fn spill(
        &self,
        oldest: impl FnOnce(usize, usize) -> Option<(Vec<Page>, Range<usize>)>,
    ) -> Option<Spill> {
        self.store.as_ref()?;
        let (pages, range) = oldest(self.segment_rows(), self.options.keep_rows as usize)?;
        let segment = u32::try_from(self.segments.len()).ok()?;
        Some(Spill { segment, first: self.rows, pages, range })
    }

    /// Takes in a segment that was written.
    pub(crate) fn add(&mut self, segment: ColdSegment) {
        assert_eq!(segment.segment as usize, self.segments.len(), "segments become cold in order");
        self.rows += segment.rows;
        self.segments.push(segment);
    }

    /// The segment of a transfer, and the number of the segment's first.
    fn place(&self, number: u32) -> (&ColdSegment, u32) {
        let rows = self.segments.first().map_or(1, |segment| segment.rows);
        let index = number / rows;
        (&self.segments[index as usize], index * rows)
    }

    pub(crate) fn row(&self, number: u32) -> Row {
        let (segment, first) = self.place(number);
        match self.read_row(segment, number, first) {
            Ok(row) => row,
            Err(error) => resume_unwind(Box::new(error)),
        }
    }

    fn read_row(&self, segment: &ColdSegment, number: u32, first: u32) -> Result<Row, ColdError> {
        let (block, place) = ((number - first) / BLOCK_LEN, ((number - first) % BLOCK_LEN) as usize);
        let mut bytes = [0; BLOCK_BYTES];
        self.read(segment, u64::from(block) * BLOCK_BYTES as u64, &mut bytes)?;
        let broken = |what: &str| ColdError { segment: segment.segment, what: what.to_owned() };
        let (header, rows) = BlockHeader::read_from_prefix(&bytes).map_err(|_| broken("no block"))?;
        if header.checksum != crc32c(&bytes[4..]) {
            return Err(broken(&format!("the checksum of block {block} does not match")));
        }
        if header.segment != segment.segment || header.first != first + block * BLOCK_LEN {
            return Err(broken(&format!("block {block} belongs elsewhere")));
        }
        Row::read_from_prefix(&rows[place * ROW_BYTES..]).map(|(row, _)| row).map_err(|_| broken("no row"))
    }

    fn read(&self, segment: &ColdSegment, offset: u64, bytes: &mut [u8]) -> Result<(), ColdError> {
        match &self.store {
            Some(store) => store.read(segment, offset, bytes),
            None => {
                let what = "this ledger has no cold store".to_owned();
                Err(ColdError { segment: segment.segment, what })
            }
        }
    }

    /// Takes in a segment named by a snapshot, and returns what the indexes need of it and its last timestamp. `bytes` is
    /// room to read into, good for the next segment, too.
    pub(crate) fn open<'a>(
        &mut self,
        segment: ColdSegment,
        bytes: &'a mut Vec<u8>,
    ) -> Result<(&'a [Column], u64), ColdError> {
        let number = segment.segment;
        let broken = |what: &str| ColdError { segment: number, what: what.to_owned() };
        let same_size = self.segments.first().is_none_or(|first| first.rows == segment.rows);
        let rows = segment.rows as usize;
        if number as usize != self.segments.len()
            || !same_size
            || rows == 0
            || !rows.is_multiple_of(BLOCK_ROWS)
        {
            return Err(broken("it does not fit the others"));
        }
        bytes.resize(rows * COLUMN_BYTES + size_of::<Trailer>(), 0);
        self.read(&segment, segment.columns_at(), bytes)?;
        let (columns, trailer) = bytes.split_at(rows * COLUMN_BYTES);
        let trailer = Trailer::read_from_bytes(trailer).map_err(|_| broken("no trailer"))?;
        let is_named = trailer.magic == MAGIC
            && trailer.checksum == trailer.checksum()
            && trailer.digest == segment.digest
            && trailer.first == self.rows
            && trailer.rows == segment.rows;
        if !is_named {
            return Err(broken("its trailer is not that of the segment asked for"));
        }
        if trailer.columns_checksum != crc32c(columns) {
            return Err(broken("the checksum of its columns does not match"));
        }
        let columns = <[Column]>::ref_from_bytes(columns).map_err(|_| broken("no columns"))?;
        self.add(segment);
        Ok((columns, trailer.last_timestamp))
    }

    /// Reads every block again.
    pub(crate) fn verify(&self) -> Result<(), ColdError> {
        for segment in &self.segments {
            let mut sha = Sha256::default();
            let mut bytes = vec![0; PAGE_ROWS / BLOCK_ROWS * BLOCK_BYTES];
            let end = segment.bytes() - size_of::<Trailer>() as u64;
            let mut offset = 0;
            while offset < end {
                let left = usize::try_from(end - offset).unwrap_or(usize::MAX);
                let part = bytes.len().min(left);
                self.read(segment, offset, &mut bytes[..part])?;
                sha.update(&bytes[..part]);
                offset += part as u64;
            }
            if sha.finish() != Digest(segment.digest) {
                let what = "its content is not what was written".to_owned();
                return Err(ColdError { segment: segment.segment, what });
            }
        }
        Ok(())
    }
}
