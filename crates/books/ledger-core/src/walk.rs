//! Walks over the records that a query may ask for, without looking at the others.
//!
//! In memory a walk compares marks, two bytes a record and field. In a cold segment it asks the guide whether there is
//! anything at all, and then steps through the sorted lists of the fields asked for, from one place that all of them have to
//! the next. Either way it finds every record asked for, in order, and rarely one that is not: who walks compares.

use std::ops::Range;

use crate::accounts::Accounts;
use crate::cold::{Cold, or_unwind};
use crate::guide::{Field, List, entry, key_of, place_of};
use crate::keys::{FIELDS, Keys};
use crate::rows::Rows;
use crate::scan::Direction;

/// Records whose keys can be searched.
pub(crate) trait Keyed {
    /// The first number of `range`, from the end where the walk begins, whose record has the keys asked for, as far as it can
    /// be told without the record. Without one, or when `looks` are used up, what is left of the range, which is less.
    fn find(
        &self,
        asked: &Keys,
        range: Range<u32>,
        direction: Direction,
        looks: &mut usize,
    ) -> Result<u32, Range<u32>>;
}

/// A walk over the numbers of a range.
pub(crate) struct Walk<'a, Records> {
    records: &'a Records,
    asked: Keys,
    range: Range<u32>,
    /// The whole range.
    all: Range<u32>,
    direction: Direction,
}

impl<'a, Records: Keyed> Walk<'a, Records> {
    pub(crate) fn new(records: &'a Records, asked: Keys, range: Range<u32>, direction: Direction) -> Self {
        Self { records, asked, all: range.clone(), range, direction }
    }

    /// The next number, unless `looks` are used up before one is found.
    pub(crate) fn next(&mut self, looks: &mut usize) -> Option<u32> {
        while !self.range.is_empty() && *looks > 0 {
            *looks -= 1;
            match self.records.find(&self.asked, self.range.clone(), self.direction, looks) {
                Ok(found) => {
                    self.range = match self.direction {
                        Direction::Ascending => found + 1..self.range.end,
                        Direction::Descending => self.range.start..found,
                    };
                    return Some(found);
                }
                Err(rest) => self.range = rest,
            }
        }
        None
    }

    /// All next numbers.
    pub(crate) fn all(mut self) -> impl Iterator<Item = u32> {
        let mut looks = usize::MAX;
        std::iter::from_fn(move || self.next(&mut looks))
    }

    /// Up to `most` next numbers.
    pub(crate) fn take(&mut self, most: usize, looks: &mut usize) -> Vec<u32> {
        std::iter::from_fn(|| self.next(looks)).take(most).collect()
    }

    /// The last number that was passed, if there are more.
    pub(crate) fn passed(&self) -> Option<u32> {
        let passed = match self.direction {
            Direction::Ascending => (self.range.start > self.all.start).then(|| self.range.start - 1),
            Direction::Descending => (self.range.end < self.all.end).then_some(self.range.end),
        };
        passed.filter(|_| !self.range.is_empty())
    }
}

impl Keyed for Accounts {
    fn find(
        &self,
        asked: &Keys,
        range: Range<u32>,
        direction: Direction,
        _: &mut usize,
    ) -> Result<u32, Range<u32>> {
        self.find_on_page(asked, range, direction)
    }
}

impl Keyed for Rows {
    fn find(
        &self,
        asked: &Keys,
        range: Range<u32>,
        direction: Direction,
        looks: &mut usize,
    ) -> Result<u32, Range<u32>> {
        // Where no segment helps: what lies in segments is found by their lists, even while it is in memory, too.
        let open = self.cold.rows();
        let begins_open = match direction {
            Direction::Ascending => range.start >= open,
            Direction::Descending => range.end > open,
        };
        let (within, beyond) = match direction {
            Direction::Ascending if begins_open => (range, None),
            Direction::Descending if begins_open => {
                (open.max(range.start)..range.end, Some(range.start..open))
            }
            Direction::Ascending => {
                let next = self.cold.first_of(self.cold.segment_of(range.start) + 1);
                (range.start..next.min(range.end), Some(next..range.end))
            }
            Direction::Descending => {
                let first = self.cold.first_of(self.cold.segment_of(range.end - 1));
                (first.max(range.start)..range.end, Some(range.start..first))
            }
        };
        let found = if begins_open {
            self.find_on_page(asked, within, direction)
        } else {
            Segment::of(&self.cold, within.start).find(asked, within, direction, looks)
        };
        match (found, beyond) {
            (Ok(found), _) => Ok(found),
            (Err(rest), Some(beyond)) if rest.is_empty() => Err(beyond),
            (Err(rest), Some(beyond)) if !beyond.is_empty() => Err(match direction {
                Direction::Ascending => rest.start..beyond.end,
                Direction::Descending => beyond.start..rest.end,
            }),
            (Err(rest), _) => Err(rest),
        }
    }
}

/// Blocks of a list that are fetched at once: a quarter of a mebibyte.
const BLOCKS_AHEAD: usize = 64;

/// A cold segment and its lists.
struct Segment<'a> {
    cold: &'a Cold,
    index: usize,
    first: u32,
}

impl<'a> Segment<'a> {
    /// The segment of a cold transfer.
    fn of(cold: &'a Cold, number: u32) -> Self {
        let index = cold.segment_of(number);
        Self { cold, index, first: cold.first_of(index) }
    }

    fn find(
        &self,
        asked: &Keys,
        range: Range<u32>,
        direction: Direction,
        looks: &mut usize,
    ) -> Result<u32, Range<u32>> {
        let nothing = range.end..range.end;
        let guide = self.cold.guide(self.index);
        let mut lists: [Option<(usize, &List, u32)>; FIELDS] = [None; FIELDS];
        for (field, key) in asked.iter().enumerate().filter(|(_, key)| **key != 0) {
            if !guide.field(field).may_have(*key) {
                return Err(nothing);
            }
            if let Field::Listed(list) = guide.field(field) {
                lists[field] = Some((field, list, *key));
            }
        }
        if lists.iter().flatten().count() > 1 && self.is_entered(&range, direction) {
            for (field, list, key) in lists.iter().flatten() {
                self.fetch_ahead(*field, list, *key, &range, direction);
            }
        }
        let mut left = range.clone();
        'place: while !left.is_empty() {
            let number = match direction {
                Direction::Ascending => left.start,
                Direction::Descending => left.end - 1,
            };
            for (field, list, key) in lists.iter().flatten() {
                if *looks == 0 && left != range {
                    return Err(left);
                }
                *looks = looks.saturating_sub(1);
                let place = number - self.first;
                let found = match direction {
                    Direction::Ascending => self.at_or_after(*field, list, entry(*key, place)),
                    Direction::Descending => self.at_or_before(*field, list, entry(*key, place)),
                };
                let Some(found) = found.filter(|entry| key_of(*entry) == *key) else {
                    return Err(nothing);
                };
                let found = self.first + place_of(found);
                if found != number {
                    left = match direction {
                        Direction::Ascending => found.min(left.end)..left.end,
                        Direction::Descending => left.start..left.start.max(found + 1),
                    };
                    continue 'place;
                }
            }
            return Ok(number);
        }
        Err(nothing)
    }

    /// Whether a walk over `range` comes to this segment from another one.
    fn is_entered(&self, range: &Range<u32>, direction: Direction) -> bool {
        match direction {
            Direction::Ascending => range.start == self.first,
            Direction::Descending => range.end == self.cold.first_of(self.index + 1),
        }
    }

    /// Has the store begin to fetch the blocks that list the key within `range`: lists that are stepped through together are
    /// looked at here and there, one block after the other.
    fn fetch_ahead(&self, field: usize, list: &List, key: u32, range: &Range<u32>, direction: Direction) {
        let block_of = |number: u32| list.block_of(entry(key, number - self.first)).map(|(block, _)| block);
        let Some(last) = block_of(range.end - 1) else { return };
        let first = block_of(range.start).unwrap_or(0);
        let blocks = match direction {
            Direction::Ascending => first..(last + 1).min(first + BLOCKS_AHEAD),
            Direction::Descending => first.max((last + 1).saturating_sub(BLOCKS_AHEAD))..last + 1,
        };
        if blocks.len() > 1 {
            self.cold.expect_list(self.index, self.number_of(field, blocks.start), blocks.len());
        }
    }

    fn at_or_after(&self, field: usize, list: &List, wanted: u64) -> Option<u64> {
        let Some((block, next)) = list.block_of(wanted) else { return list.first() };
        let within = self.look(field, list, block, |entries| {
            entries.get(entries.partition_point(|entry| entry.get() < wanted)).map(|entry| entry.get())
        });
        within.or(next)
    }

    fn at_or_before(&self, field: usize, list: &List, wanted: u64) -> Option<u64> {
        let (block, _) = list.block_of(wanted)?;
        self.look(field, list, block, |entries| {
            let after = entries.partition_point(|entry| entry.get() <= wanted);
            entries[..after].last().map(|entry| entry.get())
        })
    }

    /// The number of a list's block among those of all lists.
    fn number_of(&self, field: usize, block: usize) -> u32 {
        self.cold.guide(self.index).first_block(field) + u32::try_from(block).unwrap_or(u32::MAX)
    }

    /// Looks at a block of a list.
    fn look<T>(
        &self,
        field: usize,
        list: &List,
        block: usize,
        look: impl FnOnce(&[crate::guide::Entry]) -> T,
    ) -> T {
        let number = self.number_of(field, block);
        let count = list.entries_of(block);
        or_unwind(self.cold.look_at_list(self.index, number, |entries| look(&entries[..count])))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ids::Timestamp;

    use super::*;
    use crate::cold_memory::Memory;
    use crate::{Account, ColdOptions, Ledger, Operation, QueryFilter, Transfer};

    /// Three hundred transfers with few codes and user data, most of them in segments of 46 and no longer in memory.
    fn ledger() -> Ledger {
        let store = Arc::new(Memory::default());
        let options = ColdOptions { keep_rows: 100, segment_blocks: 1 };
        let mut ledger = Ledger::with_cold_store(store.clone(), options);
        let account = |id| Account { id, ledger: 1, code: 1, ..Account::default() };
        let accounts = [account(1), account(2)].map(|account| account.as_bytes().to_vec()).concat();
        ledger.apply(Operation::CreateAccounts, Timestamp(1_000), &accounts, &mut Vec::new()).unwrap();
        let transfer = |id: u16| Transfer {
            id: id.into(),
            debit_account_id: 1,
            credit_account_id: 2,
            user_data_64: u64::from(id % 7),
            user_data_32: u32::from(id / 100),
            ledger: 1,
            code: 1 + id % 2,
            ..Transfer::default()
        };
        let transfers: Vec<u8> = (1..=300).flat_map(|id| transfer(id).as_bytes().to_vec()).collect();
        ledger.apply(Operation::CreateTransfers, Timestamp(2_000), &transfers, &mut Vec::new()).unwrap();
        store.take_all(&mut ledger);
        ledger
    }

    #[test]
    fn a_walk_that_stops_again_and_again_finds_everything() {
        let ledger = ledger();
        assert_eq!((ledger.cold_segments().len(), ledger.hot_transfers()), (6, 300 - 4 * 46));
        let rows = &ledger.transfers.rows;
        let filters = [
            QueryFilter { code: 2, user_data_64: 3, ..QueryFilter::default() },
            QueryFilter { user_data_32: 1, user_data_64: 1, ..QueryFilter::default() },
            QueryFilter { user_data_64: 8, ..QueryFilter::default() },
            QueryFilter { ledger: 1, ..QueryFilter::default() },
            QueryFilter::default(),
        ];
        for filter in filters {
            let keys = filter.fields().keys();
            for direction in [Direction::Ascending, Direction::Descending] {
                let whole: Vec<u32> = Walk::new(rows, keys, 5..295, direction).all().collect();
                let mut expected: Vec<u32> =
                    (5..295).filter(|number| ledger.is_asked_for(&filter, &rows.get(*number))).collect();
                if direction == Direction::Descending {
                    expected.reverse();
                }
                assert_eq!(whole, expected, "{filter:?} {direction:?}");
                for looks in [1, 2, 5] {
                    let (mut found, mut range) = (Vec::new(), 5..295);
                    loop {
                        let mut walk = Walk::new(rows, keys, range.clone(), direction);
                        found.extend(walk.take(3, &mut looks.clone()));
                        let Some(passed) = walk.passed() else { break };
                        range = match direction {
                            Direction::Ascending => passed + 1..range.end,
                            Direction::Descending => range.start..passed,
                        };
                    }
                    assert_eq!(found, expected, "{filter:?} {direction:?}, {looks} looks at a time");
                }
            }
        }
    }
}
