//! From a 128-bit id to the number of its record.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use crate::prefetch::prefetch;

/// Numbers found by id. The ids themselves stay with the records: an entry is eight bytes.
///
/// Many small open-addressing tables instead of a large one, and each grows at a load of its own: growing never stops
/// the ledger for longer than it takes to move a thousandth of the entries.
pub(crate) struct IdIndex {
    tables: Box<[Table]>,
}

/// The hash of an id. Computed once, then good for all questions about the id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct IdHash(u64);

/// A table with linear probing. A slot is half of the id's hash above the number, so that growing reads no records.
#[derive(Clone, Default)]
struct Table {
    slots: Vec<u64>,
    used: usize,
}

const TABLE_BITS: u32 = 10;
const TABLES: usize = 1 << TABLE_BITS;
const SLOTS_MIN: usize = 8;

/// No number: [`NONE`](crate::transfers::NONE) is never entered.
const EMPTY: u64 = u64::MAX;

/// A fixed seed: the same ids take the same time on every site.
const SEED: u64 = 0x746f_6e67_6261_6f31;

impl IdHash {
    pub(crate) fn of(id: u128) -> Self {
        Self(FixedState::with_seed(SEED).hash_one(id))
    }

    /// The table it belongs to.
    pub(crate) fn table(self) -> usize {
        (self.0 >> (u64::BITS - TABLE_BITS)) as usize
    }

    pub(crate) fn tag(self) -> u32 {
        low(self.0)
    }

    /// The slot of an id with this hash and `number`.
    pub(crate) fn slot(self, number: u32) -> u64 {
        slot(self.tag(), number)
    }
}

fn low(bits: u64) -> u32 {
    let [a, b, c, d, ..] = bits.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

fn slot(tag: u32, number: u32) -> u64 {
    u64::from(tag) << 32 | u64::from(number)
}

fn tag_of(slot: u64) -> u32 {
    low(slot >> 32)
}

fn number_of(slot: u64) -> u32 {
    low(slot)
}

/// How many entries fit before a table with so many slots grows: from a half to three quarters, other for each table.
fn room(slots: usize, table: usize) -> usize {
    slots / 2 + slots * table / (4 * TABLES)
}

impl Default for IdIndex {
    fn default() -> Self {
        Self { tables: vec![Table::default(); TABLES].into() }
    }
}

impl IdIndex {
    /// The number entered for the id with this hash; `has_id` tells whether the record with a number has that id.
    #[inline]
    pub(crate) fn find(&self, hash: IdHash, has_id: impl Fn(u32) -> bool) -> Option<u32> {
        self.tables[hash.table()].find(hash.tag(), has_id)
    }

    /// Enters `number` for an id that [`find`](Self::find) did not find.
    #[inline]
    pub(crate) fn insert(&mut self, hash: IdHash, number: u32) {
        let table = hash.table();
        self.tables[table].insert(hash.tag(), number, table);
    }

    /// Enters a slot into a table. `is_same` tells whether the records with two numbers have the same id; the value is whether
    /// there was none.
    pub(crate) fn insert_slot<E>(
        &mut self,
        table: usize,
        slot: u64,
        mut is_same: impl FnMut(u32, u32) -> Result<bool, E>,
    ) -> Result<bool, E> {
        self.tables[table].insert_new(slot, table, |found| is_same(number_of(slot), found))
    }

    /// Asks for the place where a slot of a table would be.
    #[inline]
    pub(crate) fn ask_for_slot(&self, table: usize, slot: u64) {
        let table = &self.tables[table];
        if let Some(slot) = table.slots.get(table.home(tag_of(slot))) {
            prefetch(slot);
        }
    }

    /// Makes room for so many entries in an empty index. Its tables are then as large as if they had grown.
    pub(crate) fn reserve(&mut self, entries: usize) {
        for (number, table) in self.tables.iter_mut().enumerate() {
            let mut slots = SLOTS_MIN;
            while room(slots, number) < entries / TABLES {
                slots *= 2;
            }
            table.slots = vec![EMPTY; slots];
        }
    }

    /// Takes out the entry of the id with this hash and `number`.
    pub(crate) fn remove(&mut self, hash: IdHash, number: u32) {
        self.tables[hash.table()].remove(slot(hash.tag(), number));
    }

    /// Asks for the slot that [`find`](Self::find) will look at first.
    #[inline]
    pub(crate) fn ask_for(&self, hash: IdHash) {
        self.ask_for_slot(hash.table(), hash.slot(0));
    }
}

impl Table {
    /// Where the search for a tag begins. An empty table has no slot there.
    fn home(&self, tag: u32) -> usize {
        tag as usize & self.slots.len().wrapping_sub(1)
    }

    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.slots.len() - 1)
    }

    #[inline]
    fn find(&self, tag: u32, has_id: impl Fn(u32) -> bool) -> Option<u32> {
        let mut at = self.home(tag);
        loop {
            let slot = *self.slots.get(at)?;
            if slot == EMPTY {
                return None;
            }
            if tag_of(slot) == tag && has_id(number_of(slot)) {
                return Some(number_of(slot));
            }
            at = self.after(at);
        }
    }

    #[inline]
    fn insert(&mut self, tag: u32, number: u32, table: usize) {
        if self.used >= room(self.slots.len(), table) {
            self.grow();
        }
        self.place(slot(tag, number));
        self.used += 1;
    }

    /// Enters a slot unless one with its tag has the same id.
    fn insert_new<E>(
        &mut self,
        slot: u64,
        table: usize,
        mut is_same: impl FnMut(u32) -> Result<bool, E>,
    ) -> Result<bool, E> {
        if self.used >= room(self.slots.len(), table) {
            self.grow();
        }
        let mut at = self.home(tag_of(slot));
        while self.slots[at] != EMPTY {
            if tag_of(self.slots[at]) == tag_of(slot) && is_same(number_of(self.slots[at]))? {
                return Ok(false);
            }
            at = self.after(at);
        }
        self.slots[at] = slot;
        self.used += 1;
        Ok(true)
    }

    fn grow(&mut self) {
        let larger = vec![EMPTY; (self.slots.len() * 2).max(SLOTS_MIN)];
        let old = std::mem::replace(&mut self.slots, larger);
        old.into_iter().filter(|slot| *slot != EMPTY).for_each(|slot| self.place(slot));
    }

    #[inline]
    fn place(&mut self, slot: u64) {
        let mut at = self.home(tag_of(slot));
        while self.slots[at] != EMPTY {
            at = self.after(at);
        }
        self.slots[at] = slot;
    }

    /// Empties the slot, and moves up those behind it that a search would no longer reach.
    fn remove(&mut self, slot: u64) {
        let mut hole = self.home(tag_of(slot));
        while self.slots[hole] != slot {
            assert_ne!(self.slots[hole], EMPTY, "LED-INV-5: what is undone was done");
            hole = self.after(hole);
        }
        let mask = self.slots.len() - 1;
        let mut at = self.after(hole);
        while self.slots[at] != EMPTY {
            let from_home = at.wrapping_sub(self.home(tag_of(self.slots[at]))) & mask;
            if from_home >= at.wrapping_sub(hole) & mask {
                self.slots[hole] = self.slots[at];
                hole = at;
            }
            at = self.after(at);
        }
        self.slots[hole] = EMPTY;
        self.used -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Few tags in one table, so that they collide and wrap around its end.
        #[test]
        fn a_table_is_a_map(steps in prop::collection::vec((0u32..24, any::<bool>()), 0..300)) {
            let (mut table, mut model) = (Table::default(), BTreeMap::new());
            for (number, insert) in steps {
                // Tags at the end of the table, three numbers on each.
                let tag = u32::MAX - number / 3;
                if insert && !model.contains_key(&number) {
                    table.insert(tag, number, TABLES - 1);
                    model.insert(number, tag);
                } else if !insert && model.remove(&number).is_some() {
                    table.remove(slot(tag, number));
                }
                for number in 0..24 {
                    let found = table.find(u32::MAX - number / 3, |found| found == number);
                    prop_assert_eq!(found.is_some(), model.contains_key(&number));
                }
            }
        }
    }

    #[test]
    fn what_was_entered_is_found_after_growing() {
        for reserved in [0, 10, 50_000] {
            let mut index = IdIndex::default();
            index.reserve(reserved);
            for number in 0..50_000u32 {
                index.insert(IdHash::of(number.into()), number);
            }
            for number in 0..50_000u32 {
                assert_eq!(index.find(IdHash::of(number.into()), |found| found == number), Some(number));
            }
            assert_eq!(index.find(IdHash::of(50_000), |_| false), None);
        }
    }
}
