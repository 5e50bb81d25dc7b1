//! What a stretch of requests has changed, read from the books at any later time.
//!
//! Records are numbered in the order in which they were created and never change but for an account's sums and whether
//! it is closed. So what a request changed can be told from two [`Extent`]s, long after, from memory and from cold
//! segments alike, and every replica tells the same.

use ids::Timestamp;

use crate::Ledger;
use crate::bank::Booked;
use crate::query::TransferView;
use crate::transfers::first_state;
use crate::wire::{Account, AccountFlags, Transfer, TransferFlags};

/// How far the books had come: how many accounts, transfers and expiries there had been.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    accounts: u32,
    transfers: u32,
    expiries: u32,
}

impl Extent {
    /// How many changes lie between this extent and a later one.
    pub fn changes_until(self, later: Self) -> u64 {
        let between = |from: u32, to: u32| u64::from(to.saturating_sub(from));
        between(self.accounts, later.accounts)
            + between(self.transfers, later.transfers)
            + between(self.expiries, later.expiries)
    }
}

/// One change of the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// An account was created: the record as it was then, without sums.
    AccountCreated(Account),
    /// A transfer was created: the record, and what it was then. One that posts or voids names the pending transfer whose
    /// state it changed.
    TransferCreated(TransferView),
    /// The timeout of a pending transfer passed and its reserve was taken back.
    TransferExpired {
        /// The pending transfer.
        transfer: Transfer,
        /// When.
        timestamp: u64,
    },
}

impl Ledger {
    /// How far the books had come when the request stamped `through` had been applied, which is that of the whole
    /// ledger from the [clock](Self::clock) on. Cost: O(log records).
    pub fn extent(&self, through: Timestamp) -> Extent {
        let end = through.0.saturating_add(1);
        let expired = self.transfers.expiries.expired();
        let expiries = expired.partition_point(|expiry| expiry.timestamp < end);
        let scan = self.scan();
        let [account_imports, transfer_imports] = &self.imports;
        Extent {
            accounts: account_imports.created_through(through.0, self.accounts.created_before(end)),
            transfers: transfer_imports.created_through(through.0, scan.transfers_before(end)),
            expiries: u32::try_from(expiries).unwrap_or(u32::MAX),
        }
    }

    /// Up to `limit` changes between two extents of this ledger, in the order of execution, and how far they reach: the
    /// `from` of the call that goes on.
    pub fn changes(&self, from: Extent, to: Extent, limit: usize) -> (Vec<Change>, Extent) {
        let mut reached = from;
        let mut changes = Vec::new();
        let mut next = Next::after(self, reached, to);
        while changes.len() < limit {
            let Some(earliest) = [next.account, next.transfer, next.expiry].into_iter().flatten().min()
            else {
                break;
            };
            // Stamps of different kinds differ: a request has one kind of event, and an expiry a moment of its own.
            if next.account == Some(earliest) {
                changes.push(self.account_created(reached.accounts));
                reached.accounts += 1;
                next.account = self.account_stamp(reached.accounts, to);
            } else if next.transfer == Some(earliest) {
                changes.push(self.transfer_created(reached.transfers));
                reached.transfers += 1;
                next.transfer = self.transfer_stamp(reached.transfers, to);
            } else {
                changes.push(self.transfer_expired(reached.expiries));
                reached.expiries += 1;
                next.expiry = self.expiry_stamp(reached.expiries, to);
            }
        }
        (changes, reached)
    }

    /// When the account with this number was created; `None` from `to` on.
    fn account_stamp(&self, number: u32, to: Extent) -> Option<u64> {
        let account = (number < to.accounts.min(self.accounts.len())).then(|| self.accounts.get(number))?;
        let imported = account.flags().contains(AccountFlags::IMPORTED);
        let stamp = imported.then(|| self.imports[0].stamp_of(number)).flatten();
        Some(stamp.unwrap_or(account.timestamp))
    }

    fn transfer_stamp(&self, number: u32, to: Extent) -> Option<u64> {
        let row =
            (number < to.transfers.min(self.transfers.len())).then(|| self.transfers.rows.get(number))?;
        let imported = row.flags().contains(TransferFlags::IMPORTED);
        let stamp = imported.then(|| self.imports[1].stamp_of(number)).flatten();
        Some(stamp.unwrap_or(row.timestamp.get()))
    }

    fn expiry_stamp(&self, number: u32, to: Extent) -> Option<u64> {
        let expiry = self.transfers.expiries.expired().get(number as usize)?;
        (number < to.expiries).then_some(expiry.timestamp)
    }

    fn account_created(&self, number: u32) -> Change {
        let account = self.accounts.record(number);
        // An account that was created closed has no transfers, for it refuses all; any other was closed by one.
        let was_closed = self.accounts.listed(number, 0..u32::MAX).next().is_none();
        let flags = if was_closed { account.flags } else { account.flags.without(AccountFlags::CLOSED) };
        Change::AccountCreated(Account {
            debits_pending: 0,
            debits_posted: 0,
            credits_pending: 0,
            credits_posted: 0,
            flags,
            ..account
        })
    }

    fn transfer_created(&self, number: u32) -> Change {
        let view = self.view(number);
        // What happened to it later is told when it happened.
        let booked = Booked { reversed_by: None, ..view.booked };
        Change::TransferCreated(TransferView { state: first_state(view.transfer.flags), booked, ..view })
    }

    fn transfer_expired(&self, number: u32) -> Change {
        let expiry = self.transfers.expiries.expired()[number as usize];
        Change::TransferExpired {
            transfer: self.entry(expiry.transfer).transfer,
            timestamp: expiry.timestamp,
        }
    }
}

/// When the next change of each kind happened.
struct Next {
    account: Option<u64>,
    transfer: Option<u64>,
    expiry: Option<u64>,
}

impl Next {
    fn after(ledger: &Ledger, reached: Extent, to: Extent) -> Self {
        Self {
            account: ledger.account_stamp(reached.accounts, to),
            transfer: ledger.transfer_stamp(reached.transfers, to),
            expiry: ledger.expiry_stamp(reached.expiries, to),
        }
    }
}
