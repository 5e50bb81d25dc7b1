//! Transfers as they are kept: the newest in memory, older ones in a cold store.

use std::collections::VecDeque;
use std::sync::Arc;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::cold::{BLOCK_ROWS, Cold};
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
    /// Full pages; they follow what is cold.
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

    fn hot(&self) -> usize {
        self.full.len() * PAGE_ROWS + self.open.len()
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
        match number.checked_sub(self.first_hot()) {
            Some(hot) => self.get_hot(hot as usize),
            None => self.cold.row(number),
        }
    }

    fn get_hot(&self, hot: usize) -> Row {
        match self.full.get(hot / PAGE_ROWS) {
            Some(page) => page[hot % PAGE_ROWS],
            None => self.open[hot - self.full.len() * PAGE_ROWS],
        }
    }

    /// The rows in memory, in order.
    pub(crate) fn hot_rows(&self) -> impl Iterator<Item = &[Row]> {
        let full = self.full.iter().map(|page| page.as_slice());
        full.chain(std::iter::once(self.open.as_slice()))
    }

    /// The rows from `first` on.
    pub(crate) fn iter_from(&self, first: u32) -> impl Iterator<Item = Row> {
        (first..self.len()).map(|number| self.get(number))
    }

    /// How many rows, counted from the first, satisfy `before`; they must come first.
    pub(crate) fn partition_point(&self, before: impl Fn(&Row) -> bool) -> u32 {
        partition_point(self.len(), |number| before(&self.get(number)))
    }

    /// The oldest pages in memory that make a whole cold segment, if more than `keep` rows stay in memory without them.
    pub(crate) fn oldest(&self, keep: usize) -> Option<Vec<Page>> {
        let pages = self.cold.segment_pages();
        let stay = self.hot().checked_sub(pages * PAGE_ROWS)?;
        (stay >= keep && pages <= self.full.len()).then(|| self.full.iter().take(pages).cloned().collect())
    }

    /// Forgets the oldest pages, which are a cold segment now.
    pub(crate) fn forget_oldest(&mut self, pages: usize) {
        self.full.drain(..pages);
    }
}
