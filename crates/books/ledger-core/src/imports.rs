//! When imported records were created, which their own timestamps do not say.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A request that imported records of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct Import {
    /// The stamp of the request.
    pub(crate) stamp: u64,
    /// The number of the first record it created.
    pub(crate) first: u32,
    pub(crate) reserved: u32,
}

/// The requests that imported records of one kind, in order. They follow from the requests, and so are no part of the
/// state hash.
#[derive(Default)]
pub(crate) struct Imports(Vec<Import>);

impl Imports {
    /// Notes that the request stamped `stamp` imported the records from `first` to before `end`, if there are any.
    pub(crate) fn note(&mut self, stamp: u64, first: u32, end: u32) {
        if first < end {
            self.0.push(Import { stamp, first, reserved: 0 });
        }
    }

    /// Takes in the next request of a snapshot. Whether it fits `records` numbered records and a `clock` is the value.
    pub(crate) fn restore(&mut self, import: Import, records: u32, clock: u64) -> bool {
        let follows = self.0.last().is_none_or(|last| last.stamp < import.stamp && last.first < import.first);
        let fits = follows && import.stamp <= clock && import.first < records && import.reserved == 0;
        if fits {
            self.0.push(import);
        }
        fits
    }

    pub(crate) fn all(&self) -> &[Import] {
        &self.0
    }

    /// How many records had been created by the requests up to `stamp`, of which `candidates` have timestamps up to
    /// there: an imported record may be younger than its timestamp, and none is older.
    pub(crate) fn created_through(&self, stamp: u64, candidates: u32) -> u32 {
        let later = self.0.partition_point(|import| import.stamp <= stamp);
        self.0.get(later).map_or(candidates, |import| candidates.min(import.first))
    }

    /// The stamp of the request that imported the record with this number, if one did that began with it or before.
    pub(crate) fn stamp_of(&self, number: u32) -> Option<u64> {
        let next = self.0.partition_point(|import| import.first <= number);
        next.checked_sub(1).map(|last| self.0[last].stamp)
    }
}
