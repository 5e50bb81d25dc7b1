//! Walks over the stored records. Whoever iterates over accounts or transfers does it through here, so that
//! only this file depends on how they are laid out.

use std::ops::Range;

use crate::accounts::Accounts;
use crate::transfers::Transfers;

/// Timestamps, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeRange {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

/// Which end a walk starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the oldest record to the newest.
    Ascending,
    /// From the newest record to the oldest.
    Descending,
}

/// Accounts and transfers, both numbered in the order of their timestamps.
#[derive(Clone, Copy)]
pub(crate) struct Scan<'a> {
    pub(crate) accounts: &'a Accounts,
    pub(crate) transfers: &'a Transfers,
}

impl<'a> Scan<'a> {
    /// The numbers of the accounts created in `range`.
    pub(crate) fn account_numbers(self, range: TimeRange) -> Range<u32> {
        self.accounts_before(range.first)..self.accounts_before(range.last.saturating_add(1))
    }

    /// The numbers of the transfers created in `range`.
    pub(crate) fn transfer_numbers(self, range: TimeRange) -> Range<u32> {
        self.transfers_before(range.first)..self.transfers_before(range.last.saturating_add(1))
    }

    /// The numbers of the transfers created in `range`.
    pub(crate) fn transfers(
        self,
        range: TimeRange,
        direction: Direction,
    ) -> impl Iterator<Item = u32> + use<'a> {
        let Range { start, end } = self.transfer_numbers(range);
        numbers(start, end, direction)
    }

    /// The numbers of the transfers created in `range` that debit or credit `account`.
    pub(crate) fn account_transfers(
        self,
        account: u32,
        range: TimeRange,
        direction: Direction,
    ) -> impl Iterator<Item = u32> + use<'a> {
        let numbers = self.transfer_numbers(range);
        let (forwards, backwards) = match direction {
            Direction::Ascending => (Some(self.accounts.listed(account, numbers)), None),
            Direction::Descending => (None, Some(self.accounts.listed_back(account, numbers))),
        };
        forwards.into_iter().flatten().chain(backwards.into_iter().flatten())
    }

    /// How many accounts were created before `timestamp`.
    fn accounts_before(self, timestamp: u64) -> u32 {
        self.accounts.created_before(timestamp)
    }

    /// How many transfers were created before `timestamp`.
    pub(crate) fn transfers_before(self, timestamp: u64) -> u32 {
        self.transfers.rows.before(timestamp)
    }

    /// Whether an account was created at `timestamp`.
    pub(crate) fn has_account_at(self, timestamp: u64) -> bool {
        let number = self.accounts_before(timestamp);
        number < self.accounts.len() && self.accounts.get(number).timestamp == timestamp
    }

    /// Whether a transfer was created at `timestamp`.
    pub(crate) fn has_transfer_at(self, timestamp: u64) -> bool {
        let number = self.transfers_before(timestamp);
        number < self.transfers.len() && self.transfers.rows.get(number).timestamp == timestamp
    }

    /// When the newest account was created, 0 if there is none.
    pub(crate) fn newest_account_timestamp(self) -> u64 {
        self.accounts.len().checked_sub(1).map_or(0, |number| self.accounts.get(number).timestamp)
    }

    /// When the newest transfer was created, 0 if there is none.
    pub(crate) fn newest_transfer_timestamp(self) -> u64 {
        self.transfers
            .len()
            .checked_sub(1)
            .map_or(0, |number| self.transfers.rows.get(number).timestamp.get())
    }
}

/// The numbers from `first` to before `end`.
fn numbers(first: u32, end: u32, direction: Direction) -> impl Iterator<Item = u32> {
    let last = end.wrapping_sub(1);
    (first..end).map(move |number| match direction {
        Direction::Ascending => number,
        Direction::Descending => last - (number - first),
    })
}
