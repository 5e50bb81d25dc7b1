//! Which ledgers an answer may tell of.

use std::collections::BTreeSet;

use crate::Ledger;
use crate::filter::QueryFilter;
use crate::rows::Row;

/// A set of ledgers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ledgers {
    /// Every ledger, also those to come.
    All,
    /// These.
    Only(BTreeSet<u32>),
}

impl Default for Ledgers {
    fn default() -> Self {
        Self::NONE
    }
}

impl Ledgers {
    /// No ledger.
    pub const NONE: Self = Self::Only(BTreeSet::new());

    /// Whether `ledger` is one of them.
    pub fn contains(&self, ledger: u32) -> bool {
        match self {
            Self::All => true,
            Self::Only(ledgers) => ledgers.contains(&ledger),
        }
    }

    /// Whether no ledger is one of them.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Only(ledgers) if ledgers.is_empty())
    }

    /// The smallest of them, 0 for none or all.
    pub fn first(&self) -> u32 {
        match self {
            Self::All => 0,
            Self::Only(ledgers) => ledgers.first().copied().unwrap_or_default(),
        }
    }

    /// Adds the ledgers of another set.
    pub fn extend(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::All, _) => {}
            (_, Self::All) => *self = Self::All,
            (Self::Only(ours), Self::Only(theirs)) => ours.extend(theirs),
        }
    }
}

impl Ledger {
    /// Whether the account with this number is in one of `ledgers`.
    pub(crate) fn has_account_within(&self, ledgers: &Ledgers, number: u32) -> bool {
        ledgers.contains(self.accounts.ledger(self.accounts.get(number)))
    }

    /// Whether the transfer with this number is in one of `ledgers`. Reads it only if the answer depends on it.
    pub(crate) fn has_transfer_within(&self, ledgers: &Ledgers, number: u32) -> bool {
        ledgers == &Ledgers::All || self.has_row_within(ledgers, &self.transfers.rows.get(number))
    }

    /// Whether a transfer is in one of `ledgers`.
    pub(crate) fn has_row_within(&self, ledgers: &Ledgers, row: &Row) -> bool {
        self.has_account_within(ledgers, row.debit.get())
    }

    /// The ledger of each of these pending transfers; nothing for an id that is none.
    pub fn ledgers_of_pending(&self, ids: impl IntoIterator<Item = u128>) -> Vec<Option<u32>> {
        let ledger = |id| {
            let row = self.transfers.rows.get(self.transfers.find(id)?);
            let is_pending = row.flags().contains(crate::TransferFlags::PENDING);
            is_pending.then(|| self.accounts.ledger(self.accounts.get(row.debit.get())))
        };
        ids.into_iter().map(ledger).collect()
    }
}

impl QueryFilter {
    /// The same filter if there were no ledgers but these: with the ledger if there is only one, so that it is found by its
    /// key. `None` if it asks for nothing then.
    pub(crate) fn within(&self, ledgers: &Ledgers) -> Option<Self> {
        let Ledgers::Only(only) = ledgers else { return Some(*self) };
        match (self.ledger, only.len()) {
            (0, 0) => None,
            (0, 1) => Some(Self { ledger: ledgers.first(), ..*self }),
            (0, _) => Some(*self),
            (ledger, _) => only.contains(&ledger).then_some(*self),
        }
    }
}
