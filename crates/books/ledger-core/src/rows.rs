//! Transfers as they are kept: the newest in memory, older ones in a cold store.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::cold::{BLOCK_ROWS, Cold, ColdSegment};
use crate::pages::partition_point;

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
pub(crate) type Page = Arc<Vec<Row>>;

/// Rows in order of creation. Only the newest can be taken back.
pub(crate) struct Rows {
    pub(crate) cold: Cold,
    /// Full pages. Blocks at the beginning of the first one may be cold already.
    full: VecDeque<Page>,
    /// The page that grows.
    open: Vec<Row>,
}

impl Rows {
    pub(crate) fn new(cold: Cold) -> Self {
        Self { cold, full: VecDeque::new(), open: Vec::new() }
    }

    /// The number of the first row in memory.
    pub(crate) fn first_hot(&self) -> u32 {
        self.cold.rows()
    }

    /// The place in memory of the row with this number, which is not cold. Pages stay aligned with the numbers.
    fn place(&self, number: u32) -> usize {
        (number - self.first_hot()) as usize + self.skipped()
    }

    /// Rows at the beginning of the first page that are cold.
    fn skipped(&self) -> usize {
        self.first_hot() as usize % PAGE_ROWS
    }

    /// How many rows are in memory and not cold.
    pub(crate) fn hot(&self) -> usize {
        self.full.len() * PAGE_ROWS + self.open.len() - self.skipped()
    }

    pub(crate) fn len(&self) -> u32 {
        // Numbers are checked against TRANSFERS_MAX before a row is added.
        self.first_hot() + u32::try_from(self.hot()).unwrap_or(u32::MAX)
    }

    pub(crate) fn push(&mut self, row: Row) {
        if self.open.capacity() == 0 {
            self.open.reserve_exact(PAGE_ROWS);
        }
        self.open.push(row);
        if self.open.len() == PAGE_ROWS {
            self.full.push_back(Arc::new(std::mem::take(&mut self.open)));
        }
    }

    /// After the last cold segment of a snapshot: begins the page it ends in with stand-ins for its rows there.
    pub(crate) fn align(&mut self) {
        self.open.reserve_exact(PAGE_ROWS);
        self.open.resize(self.skipped(), Row::default());
    }

    /// Takes back the newest row, which is in memory: a request is undone before pages become cold.
    pub(crate) fn pop(&mut self) -> Option<Row> {
        if self.open.is_empty() {
            self.open = Arc::unwrap_or_clone(self.full.pop_back()?);
        }
        self.open.pop()
    }

    /// The row with this number, which must exist. Panics if the cold store fails: without its transfers the ledger
    /// cannot go on.
    pub(crate) fn get(&self, number: u32) -> Row {
        if number < self.first_hot() {
            return self.cold.row(number);
        }
        let place = self.place(number);
        match self.full.get(place / PAGE_ROWS) {
            Some(page) => page[place % PAGE_ROWS],
            None => self.open[place - self.full.len() * PAGE_ROWS],
        }
    }

    /// The rows in memory that are not cold, in order.
    pub(crate) fn hot_rows(&self) -> impl Iterator<Item = &[Row]> {
        let full = self.full.iter().map(|page| page.as_slice());
        let pages = full.chain(std::iter::once(self.open.as_slice()));
        let mut skip = self.skipped();
        pages.map(move |page| &page[std::mem::take(&mut skip)..])
    }

    /// The rows from `first` on.
    pub(crate) fn iter_from(&self, first: u32) -> impl Iterator<Item = Row> {
        (first..self.len()).map(|number| self.get(number))
    }

    /// How many rows, counted from the first, satisfy `before`; they must come first.
    pub(crate) fn partition_point(&self, before: impl Fn(&Row) -> bool) -> u32 {
        partition_point(self.len(), |number| before(&self.get(number)))
    }

    /// The `wanted` oldest rows in memory, as pages and a range of their rows, if `keep` rows or more stay in memory
    /// without them.
    pub(crate) fn oldest(&self, wanted: usize, keep: usize) -> Option<(Vec<Page>, Range<usize>)> {
        let stay = self.hot().checked_sub(wanted)?;
        if stay < keep {
            return None;
        }
        let range = self.skipped()..self.skipped() + wanted;
        let wanted = range.end.div_ceil(PAGE_ROWS);
        let mut pages: Vec<Page> = self.full.iter().take(wanted).cloned().collect();
        if pages.len() < wanted {
            // Only segments smaller than a page come to this.
            pages.push(Arc::new(self.open.clone()));
        }
        Some((pages, range))
    }

    /// Takes in a cold segment, and forgets the pages that are cold as a whole.
    pub(crate) fn became_cold(&mut self, segment: ColdSegment) {
        let cold = self.skipped() + segment.rows as usize;
        self.cold.add(segment);
        self.full.drain(..cold / PAGE_ROWS);
    }
}
