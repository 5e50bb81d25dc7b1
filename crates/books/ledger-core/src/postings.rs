//! Which transfers an account took part in.

use std::ops::Range;

use crate::prefetch::prefetch;

/// A cell of an account's list: thirteen transfers, and the way back to earlier cells. One cache line.
#[derive(Clone, Copy, Default)]
#[repr(C, align(64))]
struct Cell {
    /// The cell before this one; 0 before the first.
    previous: u32,
    /// An earlier cell, so far back that a search takes a logarithmic number of steps.
    jump: u32,
    /// How many cells come before this one in the list.
    depth: u32,
    transfers: [u32; CELL_LEN],
}

const CELL_LEN: usize = FULL as usize;
const FULL: u32 = 13;

/// Where an account's list ends: 16 × cell + how many transfers that cell holds. `Tail::EMPTY` without transfers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tail(u32);

impl Tail {
    pub(crate) const EMPTY: Self = Self(0);

    fn cell(self) -> u32 {
        self.0 >> 4
    }

    fn filled(self) -> usize {
        self.0 as usize & 15
    }
}

/// The numbers of every account's transfers in ascending order, as lists of cells in one arena.
///
/// A list is walked backwards cell by cell; `jump` makes it a skew-binary list (Myers, "An applicative random-access
/// stack", 1983), so that a place in a long list is found in O(log length).
pub(crate) struct Postings {
    cells: Vec<Vec<Cell>>,
    len: u32,
}

/// How many cells of a list lie between two milestones: 104 transfers.
const MILESTONE_CELLS: u32 = 8;

/// The most cells: a [`Tail`] has 28 bits for them.
const CELLS_MAX: u32 = 1 << 28;
const PAGE_BITS: u32 = 13;
const PAGE_LEN: usize = 1 << PAGE_BITS;

impl Postings {
    pub(crate) fn new() -> Self {
        let mut new = Self { cells: Vec::new(), len: 0 };
        // Cell 0 stands for "none".
        new.push_cell(Cell::default());
        new
    }

    /// Whether `transfers` more transfers fit, whatever their accounts.
    pub(crate) fn has_room(&self, transfers: u32) -> bool {
        transfers
            .checked_mul(2)
            .and_then(|cells| self.len.checked_add(cells))
            .is_some_and(|len| len <= CELLS_MAX)
    }

    fn cell(&self, number: u32) -> &Cell {
        &self.cells[(number >> PAGE_BITS) as usize][number as usize % PAGE_LEN]
    }

    fn cell_mut(&mut self, number: u32) -> &mut Cell {
        &mut self.cells[(number >> PAGE_BITS) as usize][number as usize % PAGE_LEN]
    }

    fn push_cell(&mut self, cell: Cell) -> u32 {
        let number = self.len;
        if (number >> PAGE_BITS) as usize == self.cells.len() {
            self.cells.push(Vec::with_capacity(PAGE_LEN));
        }
        self.cells[(number >> PAGE_BITS) as usize].push(cell);
        self.len += 1;
        number
    }

    /// Adds `transfer` to the list that ends at `tail`, and returns its new end.
    #[inline]
    pub(crate) fn push(&mut self, tail: Tail, transfer: u32) -> Tail {
        let filled = tail.filled();
        if tail != Tail::EMPTY && filled < CELL_LEN {
            self.cell_mut(tail.cell()).transfers[filled] = transfer;
            return Tail(tail.0 + 1);
        }
        let mut cell = self.cell_behind(tail);
        cell.transfers[0] = transfer;
        Tail(self.push_cell(cell) << 4 | 1)
    }

    fn cell_behind(&self, tail: Tail) -> Cell {
        let previous = tail.cell();
        if previous == 0 {
            return Cell::default();
        }
        let last = self.cell(previous);
        let depth = last.depth + 1;
        let jump = if jumps_over_one(depth) { previous } else { self.cell(last.jump).jump };
        Cell { previous, jump, depth, transfers: [0; CELL_LEN] }
    }

    /// Whether the transfer at the end of a list begins its 9th cell, its 17th, and so on.
    #[inline]
    pub(crate) fn is_milestone(&self, tail: Tail) -> bool {
        if tail.filled() != 1 {
            return false;
        }
        let depth = self.cell(tail.cell()).depth;
        depth > 0 && depth.is_multiple_of(MILESTONE_CELLS)
    }

    /// Takes back the last [`push`](Self::push) to this list, which must be the last to its cell's arena as well.
    pub(crate) fn pop(&mut self, tail: Tail) -> Tail {
        let (number, filled) = (tail.cell(), tail.filled());
        if filled > 1 {
            return Tail(tail.0 - 1);
        }
        let previous = self.cell(number).previous;
        assert_eq!(number + 1, self.len, "LED-INV-5: what is undone was done last");
        self.cells[(number >> PAGE_BITS) as usize].pop();
        self.len -= 1;
        if previous == 0 { Tail::EMPTY } else { Tail(previous << 4 | FULL) }
    }

    /// Asks for the cell in which a list ends.
    #[inline]
    pub(crate) fn ask_for_end(&self, tail: Tail) {
        prefetch(self.cell(tail.cell()));
    }

    /// Asks for the earlier cell that the next [`push`](Self::push) reads if it begins a new one.
    #[inline]
    pub(crate) fn ask_for_jump(&self, tail: Tail) {
        if tail.filled() == CELL_LEN {
            prefetch(self.cell(self.cell(tail.cell()).jump));
        }
    }

    /// The transfers of the list with numbers in `range`, newest first.
    pub(crate) fn descending(&self, tail: Tail, range: Range<u32>) -> impl Iterator<Item = u32> + '_ {
        let mut place = self.seek(tail, range.end);
        std::iter::from_fn(move || {
            let (cell, filled) = place;
            let number = self.cell(cell).transfers[filled.checked_sub(1)?];
            if number < range.start {
                return None;
            }
            place = match filled {
                1 => self.end_of(self.cell(cell).previous),
                _ => (cell, filled - 1),
            };
            Some(number)
        })
    }

    /// The transfers of the list with numbers in `range`, oldest first. A step over to the next cell costs a search.
    pub(crate) fn ascending(&self, tail: Tail, range: Range<u32>) -> impl Iterator<Item = u32> + '_ {
        let (last, end) = self.seek(tail, range.end);
        let (first, below) = self.seek(tail, range.start);
        // Begin behind what lies below the range.
        let mut place = match (first, below) {
            _ if range.is_empty() => (0, 0),
            (0, _) => (self.at_depth(last, 0), 0),
            place => place,
        };
        std::iter::from_fn(move || {
            let (mut cell, mut next) = place;
            if cell == 0 {
                return None;
            }
            if next == CELL_LEN && cell != last {
                cell = self.at_depth(last, self.cell(cell).depth + 1);
                next = 0;
            }
            if cell == last && next >= end {
                return None;
            }
            place = (cell, next + 1);
            Some(self.cell(cell).transfers[next])
        })
    }

    fn end_of(&self, cell: u32) -> (u32, usize) {
        if cell == 0 { (0, 0) } else { (cell, CELL_LEN) }
    }

    /// The cell with the last transfer below `end`, and how many of its transfers are; (0, 0) if there is none.
    fn seek(&self, tail: Tail, end: u32) -> (u32, usize) {
        let (mut number, mut filled) = (tail.cell(), tail.filled());
        while number != 0 && self.cell(number).transfers[0] >= end {
            let cell = self.cell(number);
            let far = cell.jump != 0 && self.cell(cell.jump).transfers[0] >= end;
            (number, filled) = self.end_of(if far { cell.jump } else { cell.previous });
        }
        if number == 0 {
            return (0, 0);
        }
        (number, self.cell(number).transfers[..filled].partition_point(|transfer| *transfer < end))
    }

    /// The cell at this depth of the list that `cell` belongs to, at or before it; 0 if `cell` is 0.
    fn at_depth(&self, cell: u32, depth: u32) -> u32 {
        let mut number = cell;
        while number != 0 && self.cell(number).depth > depth {
            let cell = self.cell(number);
            let far = cell.jump != 0 && self.cell(cell.jump).depth >= depth;
            number = if far { cell.jump } else { cell.previous };
        }
        number
    }
}

/// Whether the jump of a cell at this depth leads to the cell before it. The length of a jump is the last digit of the depth
/// as a skew-binary number: one whose digits stand for 1, 3, 7, 15 and so on, the largest that fits first.
fn jumps_over_one(depth: u32) -> bool {
    let mut rest = depth;
    while rest > 2 {
        // The largest number 2^k − 1 that fits.
        rest -= u32::MAX >> (rest + 1).leading_zeros() >> 1;
    }
    rest > 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lists_are_sorted_sequences(
            owners in prop::collection::vec(0usize..3, 0..600),
            undo in 0usize..80,
            (low, high) in (0u32..2_000, 0u32..2_000),
        ) {
            let mut postings = Postings::new();
            let mut tails = [Tail::EMPTY; 3];
            let mut lists: [Vec<u32>; 3] = Default::default();
            for (owner, number) in owners.iter().zip((0u32..).step_by(3)) {
                tails[*owner] = postings.push(tails[*owner], number);
                lists[*owner].push(number);
            }
            for owner in owners.iter().rev().take(undo) {
                tails[*owner] = postings.pop(tails[*owner]);
                lists[*owner].pop();
            }
            for (tail, list) in tails.iter().zip(&lists) {
                let within: Vec<u32> = list.iter().copied().filter(|n| (low..high).contains(n)).collect();
                prop_assert_eq!(postings.ascending(*tail, low..high).collect::<Vec<_>>(), within.clone());
                let backwards: Vec<u32> = within.into_iter().rev().collect();
                prop_assert_eq!(postings.descending(*tail, low..high).collect::<Vec<_>>(), backwards);
            }
        }
    }

    #[test]
    fn a_place_in_a_long_list_is_found_in_few_steps() {
        let mut postings = Postings::new();
        let mut tail = Tail::EMPTY;
        for number in 0..1_000_000 {
            tail = postings.push(tail, number);
        }
        let mut number = tail.cell();
        let mut steps = 0;
        while postings.cell(number).depth > 7 {
            let cell = postings.cell(number);
            let far = cell.jump != 0 && postings.cell(cell.jump).depth >= 7;
            number = if far { cell.jump } else { cell.previous };
            steps += 1;
        }
        assert!(steps < 60, "{steps} steps over 76,924 cells");
        assert_eq!(
            postings.ascending(tail, 500_000..500_003).collect::<Vec<_>>(),
            [500_000, 500_001, 500_002]
        );
    }
}
