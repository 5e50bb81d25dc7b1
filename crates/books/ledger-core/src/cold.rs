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
use std::sync::Arc;

use stdx::{Digest, Sha256, crc32c};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

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
/// A segment is written once, whole and durably, before the ledger hears of it, and never changes.
pub trait ColdStore: Send + Sync {
    /// Fills `bytes` from the segment called `segment`, from byte `offset` on.
    fn read(&self, segment: u32, offset: u64, bytes: &mut [u8]) -> Result<(), ColdError>;
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
        "stop this site, delete its snapshots and cold segments, and start it again: it rebuilds them from the journal"
    }
}

/// How many transfers stay in memory, and how many move out at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColdOptions {
    /// Transfers that stay in memory at least.
    pub keep_rows: u32,
    /// The size of a segment, in pages of 736 transfers.
    pub segment_pages: u32,
}

impl ColdOptions {
    /// Four million transfers (352 MB) in memory, segments of 753,664 (64 MiB of rows).
    pub const DEFAULT: Self = Self { keep_rows: 4_000_000, segment_pages: 1_024 };
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

/// Transfers to write to the cold store as one segment.
pub struct Spill {
    segment: u32,
    first: u32,
    pages: Vec<Page>,
}

impl fmt::Debug for Spill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spill").field("segment", &self.segment).field("pages", &self.pages.len()).finish()
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
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
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
        let (mut sha, mut columns) = (Sha256::default(), Vec::new());
        let mut first = self.first;
        let mut bytes = Vec::with_capacity(PAGE_ROWS / BLOCK_ROWS * BLOCK_BYTES);
        for page in &self.pages {
            bytes.clear();
            for rows in page.chunks(BLOCK_ROWS) {
                encode_block(self.segment, first, rows, &mut bytes);
                first += BLOCK_LEN;
            }
            sha.update(&bytes);
            write(&bytes)?;
            columns.extend(page.iter().map(Column::of));
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
            last_timestamp: self
                .pages
                .last()
                .and_then(|page| page.last())
                .map_or(0, |row| row.timestamp.get()),
            digest,
        };
        trailer.checksum = trailer.checksum();
        write(trailer.as_bytes())?;
        Ok(ColdSegment { segment: self.segment, rows: trailer.rows, digest })
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

    /// Pages of the next segment. All have the size of the first, so that a transfer's segment follows from its number.
    pub(crate) fn segment_pages(&self) -> usize {
        let pages = self.segments.first().map(|segment| segment.rows as usize / PAGE_ROWS);
        pages.unwrap_or(self.options.segment_pages.max(1) as usize)
    }

    /// What shall become cold of `oldest`, the oldest pages in memory.
    pub(crate) fn spill(&self, oldest: impl FnOnce(usize) -> Option<Vec<Page>>) -> Option<Spill> {
        self.store.as_ref()?;
        let pages = oldest(self.options.keep_rows as usize)?;
        let segment = self.rows / self.segments.first().map_or(1, |segment| segment.rows);
        Some(Spill { segment, first: self.rows, pages })
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
            Err(error) => panic!("{}: {error}", stdx::Coded::code(&error)),
        }
    }

    fn read_row(&self, segment: &ColdSegment, number: u32, first: u32) -> Result<Row, ColdError> {
        let (block, place) = ((number - first) / BLOCK_LEN, ((number - first) % BLOCK_LEN) as usize);
        let mut bytes = [0; BLOCK_BYTES];
        self.read(segment.segment, u64::from(block) * BLOCK_BYTES as u64, &mut bytes)?;
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

    fn read(&self, segment: u32, offset: u64, bytes: &mut [u8]) -> Result<(), ColdError> {
        match &self.store {
            Some(store) => store.read(segment, offset, bytes),
            None => Err(ColdError { segment, what: "this ledger has no cold store".to_owned() }),
        }
    }

    /// Takes in a segment named by a snapshot, and returns what the indexes need of it and its last timestamp.
    pub(crate) fn open(&mut self, segment: ColdSegment) -> Result<(Vec<Column>, u64), ColdError> {
        let number = segment.segment;
        let broken = |what: &str| ColdError { segment: number, what: what.to_owned() };
        let same_size = self.segments.first().is_none_or(|first| first.rows == segment.rows);
        let rows = segment.rows as usize;
        if number as usize != self.segments.len()
            || !same_size
            || rows == 0
            || !rows.is_multiple_of(PAGE_ROWS)
        {
            return Err(broken("it does not fit the others"));
        }
        let columns_at = rows / BLOCK_ROWS * BLOCK_BYTES;
        let mut bytes = vec![0; rows * COLUMN_BYTES + size_of::<Trailer>()];
        self.read(number, columns_at as u64, &mut bytes)?;
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
        let columns =
            columns.chunks_exact(COLUMN_BYTES).filter_map(|bytes| Column::read_from_bytes(bytes).ok());
        let columns = columns.collect();
        self.add(segment);
        Ok((columns, trailer.last_timestamp))
    }

    /// Reads every block again.
    pub(crate) fn verify(&self) -> Result<(), ColdError> {
        for segment in &self.segments {
            let mut sha = Sha256::default();
            let mut bytes = vec![0; PAGE_ROWS / BLOCK_ROWS * BLOCK_BYTES];
            let end = segment.rows as usize / BLOCK_ROWS * BLOCK_BYTES;
            for offset in (0..end).step_by(bytes.len()) {
                self.read(segment.segment, offset as u64, &mut bytes)?;
                sha.update(&bytes);
            }
            let mut columns = vec![0; segment.rows as usize * COLUMN_BYTES];
            self.read(segment.segment, end as u64, &mut columns)?;
            sha.update(&columns);
            if sha.finish() != Digest(segment.digest) {
                let what = "its content is not what was written".to_owned();
                return Err(ColdError { segment: segment.segment, what });
            }
        }
        Ok(())
    }
}
