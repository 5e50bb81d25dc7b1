//! Marks of the records of a page, field by field, so that a query walks over two bytes a record.

use std::ops::Range;

use crate::keys::{FIELDS, Keys, Marks, mark};
use crate::scan::Direction;

/// Marks that are compared at once.
const STRIDE: usize = 64;

/// The marks of up to a page of records.
#[derive(Clone, Default)]
pub(crate) struct Columns {
    columns: [Column; FIELDS],
    len: usize,
}

/// One field's marks. As long as all are the same, one is kept.
#[derive(Clone, Default)]
struct Column {
    all: u16,
    /// Empty while all are the same.
    each: Vec<u16>,
}

impl Columns {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Adds a record's marks; `most` are expected on the page.
    pub(crate) fn push(&mut self, marks: Marks, most: usize) {
        for (column, mark) in self.columns.iter_mut().zip(marks) {
            column.push(mark, self.len, most);
        }
        self.len += 1;
    }

    pub(crate) fn pop(&mut self) {
        for column in &mut self.columns {
            column.each.pop();
        }
        self.len = self.len.saturating_sub(1);
    }

    pub(crate) fn get(&self, place: usize) -> Marks {
        self.columns.each_ref().map(|column| column.each.get(place).copied().unwrap_or(column.all))
    }

    /// The first place in `range` from the end where a walk begins whose marks are those asked for.
    pub(crate) fn find(&self, asked: &Keys, range: Range<usize>, direction: Direction) -> Option<usize> {
        let mut each: [(&[u16], u16); FIELDS] = [(&[], 0); FIELDS];
        let mut found = 0;
        for (column, asked) in self.columns.iter().zip(asked).filter(|(_, asked)| **asked != 0) {
            let mark = mark(*asked);
            if !column.each.is_empty() {
                each[found] = (&column.each, mark);
                found += 1;
            } else if column.all != mark {
                return None;
            }
        }
        let Some(((first, mark), others)) = each[..found].split_first() else {
            return match direction {
                Direction::Ascending => (!range.is_empty()).then_some(range.start),
                Direction::Descending => range.clone().next_back(),
            };
        };
        let is_asked = |place: &usize| others.iter().all(|(marks, mark)| marks[*place] == *mark);
        match direction {
            Direction::Ascending => ascending(first, *mark, range).find(is_asked),
            Direction::Descending => descending(first, *mark, range).find(is_asked),
        }
    }
}

impl Column {
    fn push(&mut self, mark: u16, len: usize, most: usize) {
        if !self.each.is_empty() {
            self.each.push(mark);
        } else if len == 0 {
            self.all = mark;
        } else if mark != self.all {
            self.each.reserve_exact(most.max(len + 1));
            self.each.resize(len, self.all);
            self.each.push(mark);
        }
    }
}

/// The places of `mark` in `range`, a stride at a time: most strides have none.
fn ascending(marks: &[u16], mark: u16, range: Range<usize>) -> impl Iterator<Item = usize> {
    let strides = marks[range.clone()].chunks(STRIDE).enumerate();
    strides.filter(move |(_, stride)| has(stride, mark)).flat_map(move |(number, stride)| {
        let first = range.start + number * STRIDE;
        let places = stride.iter().enumerate().filter(move |(_, found)| **found == mark);
        places.map(move |(place, _)| first + place)
    })
}

fn descending(marks: &[u16], mark: u16, range: Range<usize>) -> impl Iterator<Item = usize> {
    let strides = marks[range.clone()].rchunks(STRIDE).enumerate();
    strides.filter(move |(_, stride)| has(stride, mark)).flat_map(move |(number, stride)| {
        let end = range.end - number * STRIDE;
        let places = stride.iter().rev().enumerate().filter(move |(_, found)| **found == mark);
        places.map(move |(place, _)| end - 1 - place)
    })
}

/// Compares all of them, which is faster than to stop at the first.
fn has(marks: &[u16], mark: u16) -> bool {
    marks.iter().fold(false, |found, other| found | (*other == mark))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn columns_find_what_a_walk_over_all_finds(
            records in prop::collection::vec((0u16..3, 0u16..3), 1..300),
            pops in 0usize..3,
            asked in (0u16..3, 0u16..4),
            (low, high) in (0usize..300, 0usize..300),
        ) {
            let mut columns = Columns::default();
            for (first, last) in &records {
                columns.push([*first, 0, 0, 7, *last], records.len());
            }
            for _ in 0..pops {
                columns.push([9, 9, 9, 9, 9], records.len());
            }
            for _ in 0..pops {
                columns.pop();
            }
            prop_assert_eq!(columns.len(), records.len());
            let range = low.min(high).min(records.len())..low.max(high).min(records.len());
            let asked = [u32::from(asked.0) << 16, 0, 0, 7 << 16, u32::from(asked.1) << 16];
            let is_asked = |place: &usize| {
                let marks = columns.get(*place);
                asked.iter().zip(marks).all(|(asked, mark)| *asked == 0 || *asked == u32::from(mark) << 16)
            };
            let first = columns.find(&asked, range.clone(), Direction::Ascending);
            prop_assert_eq!(first, range.clone().find(is_asked));
            let last = columns.find(&asked, range.clone(), Direction::Descending);
            prop_assert_eq!(last, range.rev().find(is_asked));
        }
    }
}
