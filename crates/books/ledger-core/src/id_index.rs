//! From a 128-bit id to the number of its record.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// Numbers found by id. The ids themselves stay with the records: an entry is eight bytes.
///
/// The table is never iterated, so the order of its buckets cannot reach a result.
#[derive(Default)]
pub(crate) struct IdIndex {
    table: HashTable<Slot>,
}

/// Half of the id's hash is kept, so that growing the table reads no records.
#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u32,
    number: u32,
}

/// A fixed seed: the same ids take the same time on every site.
const SEED: u64 = 0x746f_6e67_6261_6f31;

fn hash_of(id: u128) -> u32 {
    (FixedState::with_seed(SEED).hash_one(id) >> 32) as u32
}

/// Spreads 32 bits over 64: the table takes its bucket from the low bits and its tag from the high ones.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl IdIndex {
    /// The number entered for `id`; `has_id` tells whether the record with a number has that id.
    pub(crate) fn find(&self, id: u128, has_id: impl Fn(u32) -> bool) -> Option<u32> {
        let hash = hash_of(id);
        let found = self.table.find(spread(hash), |slot| slot.hash == hash && has_id(slot.number));
        found.map(|slot| slot.number)
    }

    /// Enters `number` for an id that [`find`](Self::find) did not find.
    pub(crate) fn insert(&mut self, id: u128, number: u32) {
        let hash = hash_of(id);
        self.table.insert_unique(spread(hash), Slot { hash, number }, |slot| spread(slot.hash));
    }

    /// Takes out the entry of `id` with this `number`.
    pub(crate) fn remove(&mut self, id: u128, number: u32) {
        let entry = self.table.find_entry(spread(hash_of(id)), |slot| slot.number == number);
        entry.expect("LED-INV-5: what is undone was done").remove();
    }
}
