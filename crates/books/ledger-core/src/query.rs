//! Reading the ledger.

use std::fmt;
use std::str::FromStr;

use crate::bank::Booked;
use crate::wire::{Account, Transfer};
use crate::{Ledger, StatementError, TransferState};

/// A transfer and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferView {
    /// The record; its amount is the one moved, its accounts are filled in.
    pub transfer: Transfer,
    /// What became of it.
    pub state: TransferState,
    /// What the books say about it beyond its record.
    pub booked: Booked,
}

/// Which side of a transfer an account is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The account was debited.
    Debit,
    /// The account was credited.
    Credit,
}

/// One line of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatementEntry {
    /// The transfer.
    pub transfer: Transfer,
    /// What became of it. Only [`TransferState::Posted`] moves the posted sums.
    pub state: TransferState,
    /// What the books say about it beyond its record.
    pub booked: Booked,
    /// The side of the account.
    pub side: Side,
    /// The account's posted debits after this line.
    pub debits_posted: u128,
    /// The account's posted credits after this line.
    pub credits_posted: u128,
}

impl StatementEntry {
    /// The account on the other side.
    pub fn counterparty(&self) -> u128 {
        match self.side {
            Side::Debit => self.transfer.credit_account_id,
            Side::Credit => self.transfer.debit_account_id,
        }
    }
}

/// A page of an account's statement, newest line first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The account as it is now.
    pub account: Account,
    /// The lines.
    pub entries: Vec<StatementEntry>,
    /// Where the next page starts; `None` after the last line.
    pub next: Option<Cursor>,
}

/// The place of a line in a statement, with the sums there, so that the next page needs no walk from the
/// newest line.
///
/// Text form, opaque to clients: three hexadecimal numbers joined by points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The timestamp of the line.
    timestamp: u64,
    debits_posted: u128,
    credits_posted: u128,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}.{:x}.{:x}", self.timestamp, self.debits_posted, self.credits_posted)
    }
}

impl FromStr for Cursor {
    type Err = StatementError;

    fn from_str(text: &str) -> Result<Self, StatementError> {
        let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            true => u128::from_str_radix(text, 16).map_err(|_| StatementError::BadCursor),
            false => Err(StatementError::BadCursor),
        };
        let parts: Vec<&str> = text.splitn(4, '.').collect();
        let [timestamp, debits_posted, credits_posted] = parts[..] else {
            return Err(StatementError::BadCursor);
        };
        Ok(Self {
            timestamp: u64::try_from(number(timestamp)?).map_err(|_| StatementError::BadCursor)?,
            debits_posted: number(debits_posted)?,
            credits_posted: number(credits_posted)?,
        })
    }
}

impl Ledger {
    /// The account called `id`.
    pub fn account(&self, id: u128) -> Option<Account> {
        self.accounts.find(id).map(|number| self.accounts.record(number))
    }

    /// Up to `limit` accounts created after the one called `id`, in order of creation; from the first if `id` is
    /// `None`, none if there is no such account.
    pub fn accounts_after(&self, id: Option<u128>, limit: usize) -> Vec<Account> {
        self.accounts.after(id, limit)
    }

    /// The transfer called `id`. A transfer that was refused is not there.
    pub fn transfer(&self, id: u128) -> Option<TransferView> {
        self.transfers.find(id).map(|number| self.view(number))
    }

    /// Up to `limit` transfers created before `timestamp`, newest first; from the newest if `timestamp` is
    /// `None`.
    pub fn transfers_before(&self, timestamp: Option<u64>, limit: usize) -> Vec<TransferView> {
        let end = match timestamp {
            Some(timestamp) => self.first_at_or_after(timestamp),
            None => self.transfers.len(),
        };
        (0..end).rev().take(limit).map(|number| self.view(number)).collect()
    }

    /// Up to `limit` lines of an account's statement, newest first, starting at `cursor` or at the newest
    /// line.
    ///
    /// Errors: [`StatementError::AccountNotFound`], [`StatementError::BadCursor`]. Cost: O(limit + log
    /// transfers).
    pub fn account_transfers(
        &self,
        account: u128,
        cursor: Option<Cursor>,
        limit: usize,
    ) -> Result<Statement, StatementError> {
        let number = self.accounts.find(account).ok_or(StatementError::AccountNotFound { account })?;
        let row = self.accounts.record(number);
        let (end, mut debits_posted, mut credits_posted) = match cursor {
            Some(cursor) => (self.line_at(number, &cursor)? + 1, cursor.debits_posted, cursor.credits_posted),
            None => (self.transfers.len(), row.debits_posted, row.credits_posted),
        };
        let mut lines = self.accounts.listed_back(number, 0..end);
        let mut entries = Vec::new();
        for line in lines.by_ref().take(limit) {
            let TransferView { transfer, state, booked } = self.view(line);
            let is_debit = transfer.debit_account_id == account;
            let side = if is_debit { Side::Debit } else { Side::Credit };
            entries.push(StatementEntry { transfer, state, booked, side, debits_posted, credits_posted });
            let moved = if state == TransferState::Posted { transfer.amount } else { 0 };
            // A cursor with invented sums ends here; with our own the sums cannot go below zero.
            let sum = match side {
                Side::Debit => &mut debits_posted,
                Side::Credit => &mut credits_posted,
            };
            *sum = sum.checked_sub(moved).ok_or(StatementError::BadCursor)?;
        }
        let next = lines.next().map(|line| Cursor {
            timestamp: self.transfers.rows.get(line).timestamp.get(),
            debits_posted,
            credits_posted,
        });
        Ok(Statement { account: row, entries, next })
    }

    /// The transfer a cursor names, if it is one of the account.
    fn line_at(&self, account: u32, cursor: &Cursor) -> Result<u32, StatementError> {
        let number = self.first_at_or_after(cursor.timestamp);
        if number == self.transfers.len() {
            return Err(StatementError::BadCursor);
        }
        let row = self.transfers.rows.get(number);
        let is_of_account = row.debit == account || row.credit == account;
        if row.timestamp == cursor.timestamp && is_of_account {
            Ok(number)
        } else {
            Err(StatementError::BadCursor)
        }
    }

    /// The transfer with this number, as it is shown.
    pub(crate) fn view(&self, number: u32) -> TransferView {
        let entry = self.entry(number);
        let booked = self.booked(number, entry.transfer.timestamp);
        TransferView { transfer: entry.transfer, state: entry.state, booked }
    }

    fn first_at_or_after(&self, timestamp: u64) -> u32 {
        self.scan().transfers_before(timestamp)
    }
}
