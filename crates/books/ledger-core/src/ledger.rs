//! The state of the ledger.

use ids::Timestamp;

use crate::accounts::Accounts;
use crate::history::History;
use crate::scan::Scan;
use crate::state_hash::StateHash;
use crate::transfers::Transfers;

/// All accounts and transfers of a shard. See the crate's front page.
pub struct Ledger {
    pub(crate) accounts: Accounts,
    pub(crate) transfers: Transfers,
    pub(crate) history: History,
    /// The stamp of the last request: every later event comes after it.
    pub(crate) clock: u64,
    pub(crate) state_hash: StateHash,
}

/// How much a ledger holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accounts.
    pub accounts: u32,
    /// Accepted transfers, those that post or void included.
    pub transfers: u32,
    /// Transfers that are pending now.
    pub pending: u32,
    /// Transfer ids that failed for good.
    pub failed: u32,
}

impl Default for Ledger {
    fn default() -> Self {
        Self::new()
    }
}

impl Ledger {
    /// An empty ledger.
    pub fn new() -> Self {
        Self {
            accounts: Accounts::default(),
            transfers: Transfers::new(),
            history: History::new(),
            clock: 0,
            state_hash: StateHash::default(),
        }
    }

    /// For walks over the stored records.
    pub(crate) fn scan(&self) -> Scan<'_> {
        Scan { accounts: &self.accounts, transfers: &self.transfers }
    }

    /// The stamp of the last request applied, [`Timestamp::ZERO`] before the first.
    pub fn clock(&self) -> Timestamp {
        Timestamp(self.clock)
    }

    /// When the next pending transfer falls due: the first request after that takes its reserve back, unless
    /// many fall due at once and the rest is left to the requests after it.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.transfers.expiries.next().map(Timestamp)
    }

    /// How much the ledger holds.
    pub fn counts(&self) -> Counts {
        Counts {
            accounts: self.accounts.len(),
            transfers: self.transfers.len(),
            pending: self.transfers.pending(),
            failed: u32::try_from(self.transfers.failed().len()).unwrap_or(u32::MAX),
        }
    }
}
