//! Transfers as they are kept: the newest in memory, older ones in a cold store.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::ColdError;
use crate::cold::{BLOCK_ROWS, Cold, ColdSegment};
use crate::columns::Columns;
use crate::keys::{Fields, Keys, mark_of, with_ledger_mark};
use crate::pages::partition_point;
use crate::prefetch::prefetch;
use crate::scan::Direction;
use crate::spill::{Column, WrittenSegment};

/// A transfer as it is kept. Accounts and the pending transfer are numbers, and what follows from them is left out.
#[derive(Clone, Copy, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Row {
    pub(crate) id: Wide,
    pub(crate) amount: Wide,
    pub(crate) user_data_128: Wide,
    pub(crate) user_data_64: zerocopy::U64<zerocopy::LE>,
    pub(crate) timestamp: zerocopy::U64<zerocopy::LE>,
    pub(crate) debit: zerocopy::U32<zerocopy::LE>,
    pub(crate) credit: zerocopy::U32<zerocopy::LE>,
    pub(crate) pending: zerocopy::U32<zerocopy::LE>,
    pub(crate) user_data_32: zerocopy::U32<zerocopy::LE>,
    pub(crate) timeout: zerocopy::U32<zerocopy::LE>,
    pub(crate) code: zerocopy::U16<zerocopy::LE>,
    pub(crate) flags: zerocopy::U16<zerocopy::LE>,
}

/// 128 bits without their alignment, which would pad a row by eight bytes.
pub(crate) type Wide = zerocopy::U128<zerocopy::LE>;

/// Bytes of a row.
pub(crate) const ROW_BYTES: usize = size_of::<Row>();
const _: () = assert!(ROW_BYTES == 88);

/// Rows of a page: sixteen blocks of the cold store.
pub(crate) const PAGE_ROWS: usize = 16 * BLOCK_ROWS;

/// A page that is full.
pub(crate) type Page = Arc<PageRows>;

/// Rows of a page, and what queries compare of them.
#[derive(Clone, Default)]
pub(crate) struct PageRows {
    pub(crate) rows: Vec<Row>,
    pub(crate) marks: Columns,
}

/// The oldest rows that are in no segment yet: pages, and which of their rows.
pub(crate) type Oldest = (Vec<Page>, Range<usize>);

/// Rows in order of creation. Only the newest can be taken back.
///
/// ```text
/// |<- segments of the cold store: cold.rows() ->|
/// |  left the memory   |                        |
/// 0                first_hot                           len
/// ```
///
/// A segment is written as soon as it is full, and leaves the memory when enough others are there: what lies in segments
/// need not be written again with every snapshot.
pub(crate) struct Rows {
    pub(crate) cold: Cold,
    /// How many rows are in the cold store only: whole segments.
    first_hot: u32,
    /// Full pages. Blocks at the beginning of the first one may have left the memory already.
    full: VecDeque<Page>,
    /// The page that grows.
    open: PageRows,
    /// The marks of the ledgers of the newest rows, whose other marks are still to be [made](Self::mark).
    fresh: Vec<u16>,
    /// The ledger of the last row, and its mark: mostly that of the next one, too.
    ledger: (u32, u16),
}

impl Rows {
    pub(crate) fn new(cold: Cold) -> Self {
        Self {
            cold,
            first_hot: 0,
            full: VecDeque::new(),
            open: PageRows::default(),
            fresh: Vec::new(),
            ledger: (0, 0),
        }
    }

    /// The number of the first row in memory.
    pub(crate) fn first_hot(&self) -> u32 {
        self.first_hot
    }

    /// The place in memory of the row with this number, which is there. Pages stay aligned with the numbers.
    fn place(&self, number: u32) -> usize {
        (number - self.first_hot()) as usize + self.skipped()
    }

    /// Rows at the beginning of the first page that have left the memory.
    fn skipped(&self) -> usize {
        self.first_hot() as usize % PAGE_ROWS
    }

    /// How many rows are in memory.
    pub(crate) fn hot(&self) -> usize {
        self.full.len() * PAGE_ROWS + self.open.rows.len() - self.skipped()
    }

    pub(crate) fn len(&self) -> u32 {
        // Numbers are checked against TRANSFERS_MAX before a row is added.
        self.first_hot() + u32::try_from(self.hot()).unwrap_or(u32::MAX)
    }

    /// Adds a transfer of `ledger`. Queries find it after the next [`mark`](Self::mark).
    #[inline]
    pub(crate) fn push(&mut self, row: Row, ledger: u32) {
        if self.ledger.0 != ledger {
            self.ledger = (ledger, mark_of(ledger.into()));
        }
        let rows = &mut self.open.rows;
        if rows.capacity() == 0 {
            rows.reserve_exact(PAGE_ROWS);
        }
        rows.push(row);
        self.fresh.push(self.ledger.1);
        if rows.len() == PAGE_ROWS {
            self.mark();
            self.full.push_back(Arc::new(std::mem::take(&mut self.open)));
        }
    }

    /// Makes the marks of the rows that have none yet: many at once, for that takes a fraction of the time.
    pub(crate) fn mark(&mut self) {
        let PageRows { rows, marks } = &mut self.open;
        let fresh = rows[marks.len()..].iter().zip(&self.fresh);
        marks.extend(fresh.map(|(row, ledger)| (row.fields(0), *ledger)), PAGE_ROWS);
        self.fresh.clear();
    }

    /// Takes in a segment named by a snapshot, of which nothing is in memory; see [`Cold::open`].
    pub(crate) fn open(&mut self, segment: ColdSegment, columns: &mut Vec<Column>) -> Result<u64, ColdError> {
        let last_timestamp = self.cold.open(segment, columns)?;
        self.first_hot = self.cold.rows();
        Ok(last_timestamp)
    }

    /// After the last cold segment of a snapshot: begins the page it ends in with stand-ins for its rows there.
    pub(crate) fn align(&mut self) {
        for _ in 0..self.skipped() {
            self.push(Row::default(), 0);
        }
    }

    /// Takes back the newest row, which is in memory: a request is undone before pages become cold.
    pub(crate) fn pop(&mut self) -> Option<Row> {
        if self.open.rows.is_empty() {
            self.open = Arc::unwrap_or_clone(self.full.pop_back()?);
        }
        let row = self.open.rows.pop();
        self.fresh.pop();
        self.open.marks.truncate(self.open.rows.len());
        row
    }

    /// The row with this number, which must exist. Panics if the cold store fails: without its transfers the ledger
    /// cannot go on.
    pub(crate) fn get(&self, number: u32) -> Row {
        if number < self.first_hot() { self.cold.row(number) } else { *self.hot_row(number) }
    }

    /// The row with this number, which must exist.
    pub(crate) fn try_get(&self, number: u32) -> Result<Row, ColdError> {
        if number < self.first_hot() { self.cold.try_row(number) } else { Ok(*self.hot_row(number)) }
    }

    fn hot_row(&self, number: u32) -> &Row {
        let place = self.place(number);
        &self.page(place / PAGE_ROWS).rows[place % PAGE_ROWS]
    }

    fn page(&self, index: usize) -> &PageRows {
        self.full.get(index).map_or(&self.open, |page| page)
    }

    /// The next row in memory within `range`, which begins in memory, whose marks are those asked for; only the page in
    /// which the walk begins is looked at. Without one, what is left of the range.
    pub(crate) fn find_on_page(
        &self,
        asked: &Keys,
        range: Range<u32>,
        direction: Direction,
    ) -> Result<u32, Range<u32>> {
        let from = match direction {
            Direction::Ascending => range.start,
            Direction::Descending => range.end - 1,
        };
        let place = self.place(from);
        // The number of the page's first place; less than none if it lies in a page that begins cold.
        let page_at = place - place % PAGE_ROWS;
        let places = match direction {
            Direction::Ascending => place..(place + range.len()).min(page_at + PAGE_ROWS),
            Direction::Descending => (place + 1).saturating_sub(range.len()).max(page_at)..place + 1,
        };
        let number = |place: usize| {
            // The place lies within a page of a number, and numbers fit.
            self.first_hot() + u32::try_from(place - self.skipped()).unwrap_or(0)
        };
        let on_page = places.start - page_at..places.end - page_at;
        match (self.page(page_at / PAGE_ROWS).marks.find(asked, on_page, direction), direction) {
            (Some(found), _) => Ok(number(page_at + found)),
            (None, Direction::Ascending) => Err(number(places.end)..range.end),
            (None, Direction::Descending) => Err(range.start..number(places.start)),
        }
    }

    /// The rows that are in no segment, as they are now. Cost: a copy of the page that grows.
    pub(crate) fn freeze(&self) -> FrozenRows {
        let place = self.place(self.cold.rows());
        FrozenRows {
            full: self.full.iter().skip(place / PAGE_ROWS).cloned().collect(),
            open: self.open.rows.clone(),
            skipped: place % PAGE_ROWS,
        }
    }

    /// The rows from `first` on.
    pub(crate) fn iter_from(&self, first: u32) -> impl Iterator<Item = Row> {
        (first..self.len()).map(|number| self.get(number))
    }

    /// How many rows were created before `timestamp`. Cost: a block of the cold store at most.
    pub(crate) fn before(&self, timestamp: u64) -> u32 {
        let first_hot = self.first_hot();
        let hot = partition_point(self.len() - first_hot, |hot| {
            self.hot_row(first_hot + hot).timestamp.get() < timestamp
        });
        if hot > 0 { first_hot + hot } else { self.cold.before(timestamp) }
    }

    /// Asks for these rows: the processor for those in memory, the cold store for the others.
    pub(crate) fn ask_for(&self, numbers: impl Iterator<Item = u32>) {
        let mut cold = Vec::new();
        for number in numbers {
            if number < self.first_hot {
                cold.push(number);
            } else {
                prefetch(self.hot_row(number));
            }
        }
        // One alone is read as soon by asking for it.
        if cold.len() > 1 {
            self.cold.expect(cold.into_iter());
        }
    }

    /// The `wanted` oldest rows that are in no segment, if there are so many.
    pub(crate) fn oldest(&self, wanted: usize) -> Option<Oldest> {
        let written = (self.cold.rows() - self.first_hot) as usize;
        if self.hot() - written < wanted {
            return None;
        }
        let place = self.place(self.cold.rows());
        let range = place % PAGE_ROWS..place % PAGE_ROWS + wanted;
        let wanted = range.end.div_ceil(PAGE_ROWS);
        let mut pages: Vec<Page> = self.full.iter().skip(place / PAGE_ROWS).take(wanted).cloned().collect();
        if pages.len() < wanted {
            // Only segments smaller than a page come to this.
            pages.push(Arc::new(self.open.clone()));
        }
        Some((pages, range))
    }

    /// Takes in a segment that was written, and forgets the oldest segments in memory as long as enough rows stay there.
    pub(crate) fn written(&mut self, segment: WrittenSegment) {
        self.cold.add(segment);
        while let Some(leaves) = self.cold.leaves(self.first_hot, self.hot()) {
            let out = self.skipped() + leaves as usize;
            self.full.drain(..out / PAGE_ROWS);
            self.first_hot += leaves;
        }
    }
}

/// Rows as they were at some moment.
pub(crate) struct FrozenRows {
    full: Vec<Page>,
    open: Vec<Row>,
    /// Rows at the beginning that are in a segment.
    skipped: usize,
}

impl FrozenRows {
    pub(crate) fn len(&self) -> usize {
        self.full.len() * PAGE_ROWS + self.open.len() - self.skipped
    }

    /// The rows, page by page.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &[Row]> {
        let pages = self.full.iter().map(|page| page.rows.as_slice());
        let mut skip = self.skipped;
        pages.chain([self.open.as_slice()]).map(move |page| &page[std::mem::take(&mut skip)..])
    }
}

impl Row {
    /// The fields that queries compare; the ledger, which follows from the accounts, is given.
    pub(crate) fn fields(&self, ledger: u32) -> Fields {
        Fields {
            user_data_128: self.user_data_128.get(),
            user_data_64: self.user_data_64.get(),
            user_data_32: self.user_data_32.get(),
            ledger,
            code: self.code.get(),
        }
    }

    /// The keys of these fields; the ledger is given as its mark.
    pub(crate) fn keys(&self, ledger: u16) -> Keys {
        with_ledger_mark(&self.fields(0), ledger)
    }
}
