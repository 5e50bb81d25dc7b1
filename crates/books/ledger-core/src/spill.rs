//! Writing a cold segment: its format.
//!
//! A segment holds consecutive transfers in order of creation. Little-endian:
//!
//! ```text
//! segment    = block* column* directory guide list*
//! block      = 4,096 bytes: checksum u32 | segment u32 | number of its first transfer u32 | zero (36) | 46 rows of 88
//! column     = 24 bytes for each transfer: id u128 | debit account u32 | credit account u32
//! directory  = 80 bytes: magic | first u32 | rows u32 | columns' checksum u32 | checksum u32 | last timestamp u64 |
//!              guide's length u32 | guide's checksum u32 | zero (8) | digest (32)
//! guide      = see crate::guide
//! list block = 4,096 bytes: checksum u32 | segment u32 | number of the block u32 | zero u32 | 510 entries of 8
//! ```
//!
//! A checksum is CRC-32C: of what follows it in its block, of all columns, of the guide, of the directory with a zero in its
//! place. The digest is the SHA-256 of everything but the directory; a snapshot names a segment by it.

use std::fmt;
use std::ops::Range;

use stdx::{Digest, Sha256, crc32c};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::ColdSegment;
use crate::cold::{BLOCK_BYTES, BLOCK_LEN, BLOCK_ROWS};
use crate::guide::{BLOCK_ENTRIES, Field, Guide};
use crate::keys::{FIELDS, ledger_mark};
use crate::rows::{PAGE_ROWS, Page, ROW_BYTES, Row, Wide};

pub(crate) const BLOCK_HEADER_BYTES: usize = BLOCK_BYTES - BLOCK_ROWS * ROW_BYTES;
pub(crate) const LIST_HEADER_BYTES: usize = BLOCK_BYTES - BLOCK_ENTRIES * 8;
const MAGIC: [u8; 8] = *b"TBCOLD02";

/// Transfers to write to the cold store as one segment.
pub struct Spill {
    segment: u32,
    /// The number of its first transfer.
    first: u32,
    pages: Vec<Page>,
    /// Which rows of the pages.
    range: Range<usize>,
}

/// A segment that was written, and what stays in memory of it.
#[derive(Debug)]
pub struct WrittenSegment {
    /// Its name.
    pub name: ColdSegment,
    pub(crate) guide: Guide,
}

impl fmt::Debug for Spill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spill").field("segment", &self.segment).field("rows", &self.range.len()).finish()
    }
}

/// How a block begins; zeros follow up to its content.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct BlockHeader {
    pub(crate) checksum: u32,
    pub(crate) segment: u32,
    pub(crate) first: u32,
}

/// What the indexes need of a transfer.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Column {
    pub(crate) id: Wide,
    pub(crate) debit: zerocopy::U32<zerocopy::LE>,
    pub(crate) credit: zerocopy::U32<zerocopy::LE>,
}

/// What is found at a known place of every segment.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct Directory {
    magic: [u8; 8],
    first: u32,
    rows: u32,
    pub(crate) columns_checksum: u32,
    checksum: u32,
    pub(crate) last_timestamp: u64,
    pub(crate) guide_bytes: u32,
    pub(crate) guide_checksum: u32,
    reserved: u64,
    digest: [u8; 32],
}

impl Spill {
    pub(crate) fn new(segment: u32, first: u32, pages: Vec<Page>, range: Range<usize>) -> Self {
        Self { segment, first, pages, range }
    }

    /// The segment's number.
    pub fn segment(&self) -> u32 {
        self.segment
    }

    /// Gives the segment's bytes to `write`, piece by piece, and returns its name and what is to be known of it.
    pub fn encode<E>(&self, mut write: impl FnMut(&[u8]) -> Result<(), E>) -> Result<WrittenSegment, E> {
        let (mut sha, mut columns) = (Sha256::default(), Vec::with_capacity(self.range.len()));
        let (mut first, mut last_timestamp, mut times) = (self.first, 0, Vec::new());
        let mut bytes = Vec::with_capacity(PAGE_ROWS / BLOCK_ROWS * BLOCK_BYTES);
        for rows in self.rows() {
            bytes.clear();
            for rows in rows.chunks(BLOCK_ROWS) {
                encode_block(self.segment, first, BLOCK_HEADER_BYTES, rows.as_bytes(), &mut bytes);
                times.extend(rows.first().map(|row| row.timestamp.get()));
                first += BLOCK_LEN;
            }
            sha.update(&bytes);
            write(&bytes)?;
            columns.extend(rows.iter().map(Column::of));
            last_timestamp = rows.last().map_or(last_timestamp, |row| row.timestamp.get());
        }
        sha.update(columns.as_bytes());
        write(columns.as_bytes())?;
        let (fields, lists) = self.lists();
        let guide = Guide::new(times.into(), fields);
        let guide_bytes = guide.encode();
        sha.update(&guide_bytes);
        sha.update(&lists);
        let digest = sha.finish();
        let mut directory = Directory {
            magic: MAGIC,
            first: self.first,
            rows: first - self.first,
            columns_checksum: crc32c(columns.as_bytes()),
            checksum: 0,
            last_timestamp,
            guide_bytes: u32::try_from(guide_bytes.len()).unwrap_or(u32::MAX),
            guide_checksum: crc32c(&guide_bytes),
            reserved: 0,
            digest: digest.0,
        };
        directory.checksum = directory.checksum();
        write(&[directory.as_bytes(), &guide_bytes, &lists].concat())?;
        Ok(WrittenSegment { name: ColdSegment::named(self.segment, directory.rows, digest), guide })
    }

    /// The pages, and which rows of each.
    fn parts(&self) -> impl Iterator<Item = (&Page, Range<usize>)> + Clone {
        self.pages.iter().enumerate().map(|(index, page)| {
            let start = index * PAGE_ROWS;
            let from = self.range.start.saturating_sub(start);
            (page, from..self.range.end.saturating_sub(start).min(PAGE_ROWS))
        })
    }

    /// The rows, page by page.
    fn rows(&self) -> impl Iterator<Item = &[Row]> {
        self.parts().map(|(page, range)| &page.rows[range])
    }

    /// What queries compare, field by field, and the blocks of the lists one after the other.
    fn lists(&self) -> ([Field; FIELDS], Vec<u8>) {
        let places = self.parts().flat_map(|(page, range)| range.map(move |place| (page, place)));
        let keys: Vec<_> = places
            .map(|(page, place)| {
                let ledger = ledger_mark(&page.marks.get(place));
                page.rows[place].keys(ledger)
            })
            .collect();
        let (mut entries, mut blocks, mut number) = (Vec::new(), Vec::new(), 0);
        let fields = std::array::from_fn(|field| {
            let field = Field::of(keys.iter().map(|keys| keys[field]), &mut entries);
            if field.blocks() > 0 {
                for entries in entries.chunks(BLOCK_ENTRIES) {
                    encode_block(self.segment, number, LIST_HEADER_BYTES, entries.as_bytes(), &mut blocks);
                    number += 1;
                }
            }
            field
        });
        (fields, blocks)
    }
}

impl Directory {
    /// What its checksum must be.
    fn checksum(&self) -> u32 {
        crc32c(Self { checksum: 0, ..*self }.as_bytes())
    }

    /// Whether it is whole, and of this segment with this first transfer.
    pub(crate) fn is_of(&self, segment: &ColdSegment, first: u32) -> bool {
        self.magic == MAGIC
            && self.checksum == self.checksum()
            && Digest(self.digest) == segment.digest()
            && self.first == first
            && self.rows == segment.rows
    }
}

impl Column {
    pub(crate) fn of(row: &Row) -> Self {
        Self { id: row.id, debit: row.debit, credit: row.credit }
    }
}

/// Appends a block whose content begins after `header_bytes`.
fn encode_block(segment: u32, first: u32, header_bytes: usize, content: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(BlockHeader { checksum: 0, segment, first }.as_bytes());
    out.resize(start + header_bytes, 0);
    out.extend_from_slice(content);
    out.resize(start + BLOCK_BYTES, 0);
    let checksum = crc32c(&out[start + 4..]);
    out[start..start + 4].copy_from_slice(&checksum.to_le_bytes());
}
