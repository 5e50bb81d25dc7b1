//! When pending transfers expire.

use std::collections::BTreeSet;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// That a pending transfer expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct Expiry {
    /// The number of the transfer.
    pub(crate) transfer: u32,
    /// How many transfers there were: it expired after these and before the next.
    pub(crate) transfers: u32,
    /// When: at its due time, or at the next moment that no other event has.
    pub(crate) timestamp: u64,
    /// The number of the debit account.
    pub(crate) debit: u32,
    /// The number of the credit account.
    pub(crate) credit: u32,
}

/// The pending transfers that have a timeout, and those whose timeout has passed.
///
/// Transfers expire in the order of their due time, then of their creation. A transfer falls due after it is
/// created, so this is also the order over the ledger's whole life, and a replay that only knows the set can
/// restore it.
#[derive(Default)]
pub(crate) struct Expiries {
    due: BTreeSet<(u64, u32)>,
    expired: Vec<Expiry>,
}

impl Expiries {
    pub(crate) fn arm(&mut self, due: u64, transfer: u32) {
        self.due.insert((due, transfer));
    }

    pub(crate) fn disarm(&mut self, due: u64, transfer: u32) {
        let was_armed = self.due.remove(&(due, transfer));
        assert!(was_armed, "LED-INV-4: a pending transfer with a timeout has a timer");
    }

    /// The earliest time at which a transfer falls due.
    pub(crate) fn next(&self) -> Option<u64> {
        self.due.first().map(|(due, _)| *due)
    }

    /// The timers that are running: when a transfer is due, and its number.
    pub(crate) fn timers(&self) -> impl Iterator<Item = (u64, u32)> + '_ {
        self.due.iter().copied()
    }

    /// Takes the transfer that falls due next.
    pub(crate) fn pop(&mut self) -> Option<u32> {
        self.due.pop_first().map(|(_, transfer)| transfer)
    }

    /// Notes that a transfer expired.
    pub(crate) fn push(&mut self, expiry: Expiry) {
        self.expired.push(expiry);
    }

    /// How many transfers have a timer running.
    pub(crate) fn armed(&self) -> usize {
        self.due.len()
    }

    /// What expired, in the order of the timestamps.
    pub(crate) fn expired(&self) -> &[Expiry] {
        &self.expired
    }

    /// What expired at `timestamp` or later.
    pub(crate) fn expired_since(&self, timestamp: u64) -> &[Expiry] {
        &self.expired[self.expired.partition_point(|expiry| expiry.timestamp < timestamp)..]
    }

    /// Whether a transfer expired at `timestamp`.
    pub(crate) fn has_at(&self, timestamp: u64) -> bool {
        self.expired_since(timestamp).first().is_some_and(|expiry| expiry.timestamp == timestamp)
    }
}
