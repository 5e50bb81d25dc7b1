//! Transfers in segments, which need not stay in memory: the port to where they are kept, and the way to find them again.
//! Their format is in [`crate::spill`].

use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::Arc;

use stdx::{Digest, Sha256, crc32c};
use zerocopy::{FromBytes, FromZeros as _, Immutable, IntoBytes, KnownLayout};

use crate::block_cache::{Block, BlockCache};
use crate::guide::{Entry, Guide};
use crate::rows::{Oldest, PAGE_ROWS, Row};
use crate::spill::{
    BLOCK_HEADER_BYTES, BlockHeader, Column, Directory, LIST_HEADER_BYTES, Spill, WrittenSegment,
};

/// Rows of a block.
pub(crate) const BLOCK_ROWS: usize = BLOCK_LEN as usize;
pub(crate) const BLOCK_LEN: u32 = 46;
pub(crate) const BLOCK_BYTES: usize = 4096;

/// Where segments are kept: a folder of files, or memory in a simulation.
///
/// A segment is written once, whole and durably, before the ledger hears of it, and never changes. It is known by its
/// digest: two segments of one number may exist, if one ledger was built with other options than another.
pub trait ColdStore: Send + Sync {
    /// Fills `bytes` from the content of `segment`, from byte `offset` on.
    fn read(&self, segment: &ColdSegment, offset: u64, bytes: &mut [u8]) -> Result<(), ColdError>;

    /// These many bytes of `segment` from `offset` on will be read soon: a store that can begins to fetch them.
    fn expect(&self, segment: &ColdSegment, offset: u64, bytes: usize) {
        let _ = (segment, offset, bytes);
    }
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

/// How many transfers stay in memory, and how many are written and leave at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColdOptions {
    /// The newest transfers, which stay in memory at least.
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
    pub(crate) fn named(segment: u32, rows: u32, digest: Digest) -> Self {
        Self { segment, rows, digest: digest.0 }
    }

    /// The SHA-256 of all it holds.
    pub fn digest(&self) -> Digest {
        Digest(self.digest)
    }

    /// Where its columns begin.
    fn columns_at(&self) -> u64 {
        u64::from(self.blocks()) * BLOCK_BYTES as u64
    }

    /// Where its directory is.
    fn directory_at(&self) -> u64 {
        self.columns_at() + u64::from(self.rows) * size_of::<Column>() as u64
    }

    /// Where its guide begins.
    fn guide_at(&self) -> u64 {
        self.directory_at() + size_of::<Directory>() as u64
    }

    fn blocks(&self) -> u32 {
        self.rows / BLOCK_LEN
    }

    fn broken(&self, what: impl Into<String>) -> ColdError {
        ColdError { segment: self.segment, what: what.into() }
    }
}

/// The cold segments of a ledger.
pub(crate) struct Cold {
    store: Option<Arc<dyn ColdStore>>,
    options: ColdOptions,
    segments: Vec<ColdSegment>,
    /// The guide to each segment.
    guides: Vec<Guide>,
    blocks: BlockCache,
    rows: u32,
    bytes: u64,
}

impl Cold {
    /// Without a store nothing becomes cold.
    pub(crate) fn new(store: Option<Arc<dyn ColdStore>>, options: ColdOptions) -> Self {
        Self {
            store,
            options,
            segments: Vec::new(),
            guides: Vec::new(),
            blocks: BlockCache::new(),
            rows: 0,
            bytes: 0,
        }
    }

    /// How many transfers are in segments.
    pub(crate) fn rows(&self) -> u32 {
        self.rows
    }

    /// How long the content of all segments is.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn segments(&self) -> &[ColdSegment] {
        &self.segments
    }

    /// The guide to a segment.
    pub(crate) fn guide(&self, segment: usize) -> &Guide {
        &self.guides[segment]
    }

    /// Rows of the next segment. All have the size of the first, so that a transfer's segment follows from its number.
    pub(crate) fn segment_rows(&self) -> usize {
        let rows = self.segments.first().map(|segment| segment.rows as usize);
        rows.unwrap_or((self.options.segment_blocks.max(1) as usize).saturating_mul(BLOCK_ROWS))
    }

    /// What shall be written next: `oldest` gives the oldest rows that are in no segment, if there are as many as it is
    /// asked for.
    pub(crate) fn spill(&self, oldest: impl FnOnce(usize) -> Option<Oldest>) -> Option<Spill> {
        self.store.as_ref()?;
        let (pages, range) = oldest(self.segment_rows())?;
        let segment = u32::try_from(self.segments.len()).ok()?;
        Some(Spill::new(segment, self.rows, pages, range))
    }

    /// Takes in a segment that was written.
    pub(crate) fn add(&mut self, segment: WrittenSegment) {
        let WrittenSegment { name, guide } = segment;
        assert_eq!(name.segment as usize, self.segments.len(), "segments become cold in order");
        self.rows += name.rows;
        let lists = u64::from(guide.list_blocks()) * BLOCK_BYTES as u64;
        self.bytes += name.guide_at() + guide.encoded_len() as u64 + lists;
        self.segments.push(name);
        self.guides.push(guide);
    }

    /// How many rows shall leave the memory at once, of the `hot` that are there from `first_hot` on: the oldest segment
    /// there, if enough rows stay without it.
    pub(crate) fn leaves(&self, first_hot: u32, hot: usize) -> Option<u32> {
        let oldest = self.segments.get(self.segment_of(first_hot))?;
        let stay = hot.checked_sub(oldest.rows as usize)?;
        (stay >= self.options.keep_rows as usize).then_some(oldest.rows)
    }

    /// Which segment a transfer is in.
    pub(crate) fn segment_of(&self, number: u32) -> usize {
        number as usize / self.segment_rows()
    }

    /// The number of a segment's first transfer.
    pub(crate) fn first_of(&self, segment: usize) -> u32 {
        // Every number before the last cold one fits.
        u32::try_from(segment * self.segment_rows()).unwrap_or(u32::MAX)
    }

    /// The row with this number. Panics if the store fails.
    pub(crate) fn row(&self, number: u32) -> Row {
        or_unwind(self.try_row(number))
    }

    pub(crate) fn try_row(&self, number: u32) -> Result<Row, ColdError> {
        let place = (number - self.first_of(self.segment_of(number))) % BLOCK_LEN;
        self.look_at_block(number, |rows| rows[place as usize])
    }

    /// Looks at the rows of the block that the row with this number is in.
    fn look_at_block<T>(&self, number: u32, look: impl FnOnce(&[Row]) -> T) -> Result<T, ColdError> {
        let index = self.segment_of(number);
        let (segment, first) = (&self.segments[index], self.first_of(index));
        let block = (number - first) / BLOCK_LEN;
        let offset = u64::from(block) * BLOCK_BYTES as u64;
        let read = |bytes: &mut Block| {
            self.read(segment, offset, bytes)?;
            check(segment, bytes, "block", block, first + block * BLOCK_LEN)
        };
        self.blocks.look(segment.segment, offset, read, |bytes| {
            // A header and rows fill a block.
            look(<[Row]>::ref_from_bytes(&bytes[BLOCK_HEADER_BYTES..]).unwrap_or_default())
        })
    }

    /// Looks at a block of the list of one of the segment's fields.
    pub(crate) fn look_at_list<T>(
        &self,
        segment: usize,
        block: u32,
        look: impl FnOnce(&[Entry]) -> T,
    ) -> Result<T, ColdError> {
        let (name, offset) = (&self.segments[segment], self.list_block_at(segment, block));
        let read = |bytes: &mut Block| {
            self.read(name, offset, bytes)?;
            check(name, bytes, "list block", block, block)
        };
        self.blocks.look(name.segment, offset, read, |bytes| {
            look(<[Entry]>::ref_from_bytes(&bytes[LIST_HEADER_BYTES..]).unwrap_or_default())
        })
    }

    /// Has the store begin to fetch blocks of the segment's lists.
    pub(crate) fn expect_list(&self, segment: usize, first: u32, blocks: usize) {
        if let Some(store) = &self.store {
            store.expect(&self.segments[segment], self.list_block_at(segment, first), blocks * BLOCK_BYTES);
        }
    }

    /// Where a block of a segment's lists lies in its file.
    fn list_block_at(&self, segment: usize, block: u32) -> u64 {
        let lists_at = self.segments[segment].guide_at() + self.guides[segment].encoded_len() as u64;
        lists_at + u64::from(block) * BLOCK_BYTES as u64
    }

    /// Has the store begin to fetch the blocks of these rows, all at once.
    pub(crate) fn expect(&self, numbers: impl Iterator<Item = u32>) {
        let Some(store) = &self.store else { return };
        let mut last = None;
        for number in numbers {
            let segment = self.segment_of(number);
            let block = (number - self.first_of(segment)) / BLOCK_LEN;
            if last.replace((segment, block)) != Some((segment, block)) {
                store.expect(&self.segments[segment], u64::from(block) * BLOCK_BYTES as u64, BLOCK_BYTES);
            }
        }
    }

    /// How many cold transfers were created before `timestamp`. Cost: one block.
    pub(crate) fn before(&self, timestamp: u64) -> u32 {
        let starts_before = |guide: &Guide| guide.times.first().is_some_and(|first| *first < timestamp);
        let Some(index) = self.guides.partition_point(starts_before).checked_sub(1) else { return 0 };
        let blocks = self.guides[index].times.partition_point(|first| *first < timestamp);
        let first = self.first_of(index) + (u32::try_from(blocks).unwrap_or(1) - 1) * BLOCK_LEN;
        let before = |rows: &[Row]| rows.partition_point(|row| row.timestamp.get() < timestamp);
        first + u32::try_from(or_unwind(self.look_at_block(first, before))).unwrap_or(0)
    }

    fn read(&self, segment: &ColdSegment, offset: u64, bytes: &mut [u8]) -> Result<(), ColdError> {
        match &self.store {
            Some(store) => store.read(segment, offset, bytes),
            None => Err(segment.broken("this ledger has no cold store")),
        }
    }

    /// Takes in a segment named by a snapshot, appends what the indexes need of it to `columns`, and returns its last
    /// timestamp.
    pub(crate) fn open(&mut self, segment: ColdSegment, columns: &mut Vec<Column>) -> Result<u64, ColdError> {
        let same_size = self.segments.first().is_none_or(|first| first.rows == segment.rows);
        let rows = segment.rows as usize;
        if segment.segment as usize != self.segments.len()
            || !same_size
            || rows == 0
            || !rows.is_multiple_of(BLOCK_ROWS)
        {
            return Err(segment.broken("it does not fit the others"));
        }
        let mut directory = Directory::new_zeroed();
        self.read(&segment, segment.directory_at(), directory.as_mut_bytes())?;
        if !directory.is_of(&segment, self.rows) {
            return Err(segment.broken("its directory is not that of the segment asked for"));
        }
        let start = columns.len();
        columns.resize(start + rows, Column::new_zeroed());
        let new = columns[start..].as_mut_bytes();
        self.read(&segment, segment.columns_at(), new)?;
        if directory.columns_checksum != crc32c(new) {
            return Err(segment.broken("the checksum of its columns does not match"));
        }
        let guide = self.open_guide(&segment, &directory)?;
        self.add(WrittenSegment { name: segment, guide });
        Ok(directory.last_timestamp)
    }

    fn open_guide(&self, segment: &ColdSegment, directory: &Directory) -> Result<Guide, ColdError> {
        let (blocks, rows) = (segment.blocks() as usize, segment.rows as usize);
        let length = directory.guide_bytes as usize;
        if length > Guide::bytes_max(blocks, rows) {
            return Err(segment.broken("its guide is too long"));
        }
        let mut bytes = vec![0; length];
        self.read(segment, segment.guide_at(), &mut bytes)?;
        if directory.guide_checksum != crc32c(&bytes) {
            return Err(segment.broken("the checksum of its guide does not match"));
        }
        Guide::decode(&bytes, blocks, rows).ok_or_else(|| segment.broken("its guide leads nowhere"))
    }

    /// Reads everything again.
    pub(crate) fn verify(&self) -> Result<(), ColdError> {
        for (segment, guide) in self.segments.iter().zip(&self.guides) {
            let mut sha = Sha256::default();
            let lists_at = segment.guide_at() + guide.encoded_len() as u64;
            let end = lists_at + u64::from(guide.list_blocks()) * BLOCK_BYTES as u64;
            for part in [0..segment.directory_at(), segment.guide_at()..end] {
                self.digest(segment, part, &mut sha)?;
            }
            if sha.finish() != segment.digest() {
                return Err(segment.broken("its content is not what was written"));
            }
        }
        Ok(())
    }

    fn digest(&self, segment: &ColdSegment, part: Range<u64>, sha: &mut Sha256) -> Result<(), ColdError> {
        let mut bytes = vec![0; PAGE_ROWS / BLOCK_ROWS * BLOCK_BYTES];
        let mut offset = part.start;
        while offset < part.end {
            let left = usize::try_from(part.end - offset).unwrap_or(usize::MAX);
            let bytes = &mut bytes[..left.min(PAGE_ROWS / BLOCK_ROWS * BLOCK_BYTES)];
            self.read(segment, offset, bytes)?;
            sha.update(bytes);
            offset += bytes.len() as u64;
        }
        Ok(())
    }
}

/// The value, or the end of the ledger: without its transfers it cannot go on.
pub(crate) fn or_unwind<T>(result: Result<T, ColdError>) -> T {
    result.unwrap_or_else(|error| resume_unwind(Box::new(error)))
}

/// Whether a block that was read is the one asked for.
fn check(segment: &ColdSegment, bytes: &Block, kind: &str, number: u32, first: u32) -> Result<(), ColdError> {
    let header = BlockHeader::read_from_prefix(bytes).map_err(|_| segment.broken("no block"))?.0;
    if header.checksum != crc32c(&bytes[4..]) {
        return Err(segment.broken(format!("the checksum of {kind} {number} does not match")));
    }
    if header.segment != segment.segment || header.first != first {
        return Err(segment.broken(format!("{kind} {number} belongs elsewhere")));
    }
    Ok(())
}
