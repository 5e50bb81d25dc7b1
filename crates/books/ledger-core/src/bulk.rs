//! Building indexes and lists of many transfers at once, for a snapshot.
//!
//! Entered one by one, every transfer would touch its place in the index and the ends of two lists, anywhere in gigabytes.
//! Sorted first by where they belong, millions of them touch one small part of the memory after the other. The index and the
//! lists have nothing to do with each other, so whoever has two cores builds them side by side.

use crate::ColdError;
use crate::accounts::Accounts;
use crate::id_index::{IdHash, IdIndex};
use crate::spill::Column;

/// Does two pieces of work, side by side if it can.
pub type Both = dyn Fn(&mut (dyn FnMut() + Send), &mut (dyn FnMut() + Send)) + Sync;

/// Does one piece of work after the other.
pub(crate) fn in_turn(one: &mut (dyn FnMut() + Send), other: &mut (dyn FnMut() + Send)) {
    one();
    other();
}

/// Transfers that are entered together: large enough that neighbours in memory meet, small beside the ledger. Few in unit
/// tests, so that they come to more rounds than one.
pub(crate) const ROUND: usize = if cfg!(test) { 1 << 7 } else { 1 << 22 };

/// Parts that the index or the accounts are cut into: each fits into a core's own cache.
const PARTS: usize = 1 << 10;

/// How far ahead of its use memory is asked for.
const AHEAD: usize = 64;

/// Numbers sorted by the part they belong to, in the order of their coming within each.
#[derive(Default)]
pub(crate) struct Sorted {
    items: Vec<u64>,
    /// Where each part ends.
    ends: Vec<usize>,
}

impl Sorted {
    /// Sorts `items`, which are gone over twice; each says its part, less than [`PARTS`].
    fn fill(&mut self, items: impl Iterator<Item = (usize, u64)> + Clone) {
        let mut places = vec![0; PARTS];
        let mut count = 0;
        items.clone().for_each(|(part, _)| {
            places[part] += 1;
            count += 1;
        });
        let mut start = 0;
        for place in &mut places {
            start += std::mem::replace(place, start);
        }
        self.items.resize(count, 0);
        items.for_each(|(part, item)| {
            self.items[places[part]] = item;
            places[part] += 1;
        });
        self.ends = places;
    }

    fn parts(&self) -> impl Iterator<Item = &[u64]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).map(|(start, end)| &self.items[*start..*end])
    }
}

impl IdIndex {
    /// Enters ids with consecutive numbers from `first` on. `is_same` tells whether the records with two numbers have the
    /// same id; the value is whether no id was there before.
    pub(crate) fn insert_all(
        &mut self,
        hashes: impl Iterator<Item = IdHash> + Clone,
        first: u32,
        sorted: &mut Sorted,
        mut is_same: impl FnMut(u32, u32) -> Result<bool, ColdError>,
    ) -> Result<bool, ColdError> {
        sorted.fill(hashes.zip(first..).map(|(hash, number)| (hash.table(), hash.slot(number))));
        for (table, slots) in sorted.parts().enumerate() {
            for (place, slot) in slots.iter().enumerate() {
                if let Some(next) = slots.get(place + AHEAD) {
                    self.ask_for_slot(table, *next);
                }
                if !self.insert_slot(table, *slot, &mut is_same)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

impl Accounts {
    /// Adds transfers with consecutive numbers from `first` on to the lists of their accounts, which must exist.
    pub(crate) fn list_all(&mut self, columns: &[Column], first: u32, sorted: &mut Sorted) {
        let shift = self.len().checked_ilog2().map_or(0, |log| (log + 1).saturating_sub(PARTS.ilog2()));
        sorted.fill(columns.iter().zip(first..).flat_map(|(column, number)| {
            [column.debit.get(), column.credit.get()]
                .map(|account| ((account >> shift) as usize, u64::from(account) << 32 | u64::from(number)))
        }));
        for group in sorted.parts().flat_map(|part| part.chunks(AHEAD)) {
            group.iter().for_each(|item| self.ask_for_list(high(*item)));
            for item in group {
                self.list(high(*item), low(*item));
            }
        }
    }
}

fn high(item: u64) -> u32 {
    u32::try_from(item >> 32).unwrap_or(0)
}

fn low(item: u64) -> u32 {
    u32::try_from(item & u64::from(u32::MAX)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_entered_in_rounds_are_found_and_none_twice() {
        let ids: Vec<u128> = (1..=20_000).map(|id: u128| id * 7).collect();
        let hashes = |ids: &[u128]| ids.iter().copied().map(IdHash::of).collect::<Vec<_>>().into_iter();
        let (mut index, mut sorted) = (IdIndex::default(), Sorted::default());
        let is_same = |a: u32, b: u32| Ok(ids[a as usize] == ids[b as usize]);
        assert_eq!(index.insert_all(hashes(&ids[..15_000]), 0, &mut sorted, is_same), Ok(true));
        assert_eq!(index.insert_all(hashes(&ids[15_000..]), 15_000, &mut sorted, is_same), Ok(true));
        for (number, id) in (0..).zip(&ids) {
            assert_eq!(index.find(IdHash::of(*id), |found| found == number), Some(number));
        }
        // The same id again, as the next number, and two of a kind in one round.
        let again = [&ids[..], &[7]].concat();
        let is_same = |a: u32, b: u32| Ok(again[a as usize] == again[b as usize]);
        assert_eq!(index.insert_all(hashes(&[7]), 20_000, &mut sorted, is_same), Ok(false));
        let mut fresh = IdIndex::default();
        assert_eq!(fresh.insert_all(hashes(&again), 0, &mut sorted, is_same), Ok(false));
        let lost = |_, _| Err(ColdError { segment: 3, what: "lost".to_owned() });
        assert_eq!(fresh.insert_all(hashes(&[7]), 30_000, &mut sorted, lost).unwrap_err().segment, 3);
    }
}
