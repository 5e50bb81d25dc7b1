//! Marks of the records of a page, field by field, so that a query walks over two bytes a record.

use std::ops::Range;

use crate::keys::{FIELDS, Fields, Keys, Marks, mark, mark_of};
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

    /// Adds the marks of records: of their fields but the ledger, whose marks are given. `most` are expected on the page.
    pub(crate) fn extend(&mut self, records: impl Iterator<Item = (Fields, u16)> + Clone, most: usize) {
        let [user_data_128, user_data_64, user_data_32, ledger, code] = &mut self.columns;
        let (len, fields) = (self.len, records.clone().map(|(fields, _)| fields));
        user_data_128.extend(fields.clone().map(|fields| mark_of(fields.user_data_128)), len, most);
        user_data_64.extend(fields.clone().map(|fields| mark_of(fields.user_data_64.into())), len, most);
        user_data_32.extend(fields.clone().map(|fields| mark_of(fields.user_data_32.into())), len, most);
        ledger.extend(records.map(|(_, ledger)| ledger), len, most);
        code.extend(fields.clone().map(|fields| fields.code), len, most);
        self.len += fields.count();
    }

    /// Takes back all but the first `len`.
    pub(crate) fn truncate(&mut self, len: usize) {
        for column in &mut self.columns {
            column.each.truncate(len);
        }
        self.len = self.len.min(len);
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
    /// Adds marks to `len` that are there.
    fn extend(&mut self, mut marks: impl Iterator<Item = u16>, mut len: usize, most: usize) {
        while self.each.is_empty() {
            let Some(mark) = marks.next() else { return };
            if len == 0 {
                self.all = mark;
            } else if mark != self.all {
                self.each.reserve_exact(most.max(len + 1));
                self.each.resize(len, self.all);
                self.each.push(mark);
            }
            len += 1;
        }
        self.each.extend(marks);
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
            at_once in 1usize..40,
            undone in 0usize..3,
            asked in (0u16..3, 0u16..4),
            (low, high) in (0usize..300, 0usize..300),
        ) {
            let mut columns = Columns::default();
            let record = |ledger: u16, code: u16| {
                (Fields { user_data_128: 0, user_data_64: 0, user_data_32: 5, ledger: 0, code }, ledger)
            };
            for some in records.chunks(at_once) {
                columns.extend(some.iter().map(|(ledger, code)| record(*ledger, *code)), records.len());
            }
            columns.extend(std::iter::repeat_n(record(9, 9), undone), records.len());
            columns.truncate(records.len());
            prop_assert_eq!(columns.len(), records.len());
            let range = low.min(high).min(records.len())..low.max(high).min(records.len());
            let of_five = u32::from(mark_of(5)) << 16;
            let asked = [0, 0, of_five, u32::from(asked.0) << 16, u32::from(asked.1) << 16];
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
