//! When pending transfers expire.

use std::collections::BTreeSet;

/// The pending transfers that have a timeout, and those whose timeout has passed.
///
/// Transfers expire in the order of their due time, then of their creation. A transfer falls due after it is
/// created, so this is also the order over the ledger's whole life, and a replay that only knows the set can
/// restore it.
#[derive(Default)]
pub(crate) struct Expiries {
    due: BTreeSet<(u64, u32)>,
    expired: Vec<u32>,
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

    /// Notes a transfer that expired before a snapshot, in its order.
    pub(crate) fn restore_expired(&mut self, transfer: u32) {
        self.expired.push(transfer);
    }

    /// Takes the earliest transfer due at `now` or before.
    pub(crate) fn pop(&mut self, now: u64) -> Option<u32> {
        let (due, transfer) = *self.due.first()?;
        if due > now {
            return None;
        }
        self.due.pop_first();
        self.expired.push(transfer);
        Some(transfer)
    }

    /// How many transfers have a timer running.
    pub(crate) fn armed(&self) -> usize {
        self.due.len()
    }

    /// The transfers that expired, in order.
    pub(crate) fn expired(&self) -> &[u32] {
        &self.expired
    }
}
