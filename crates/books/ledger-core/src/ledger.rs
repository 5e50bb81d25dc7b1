//! The state of the ledger.

use std::sync::Arc;

use ids::Timestamp;

use crate::accounts::Accounts;
use crate::bank::Bank;
use crate::cold::{Cold, ColdError, ColdOptions, ColdSegment, ColdStore};
use crate::history::History;
use crate::imports::Imports;
use crate::rows::Row;
use crate::scan::Scan;
use crate::spill::{Spill, WrittenSegment};
use crate::state_hash::StateHash;
use crate::transfers::{Entry, NONE, Transfers};
use crate::wire::{Transfer, TransferFlags};

/// All accounts and transfers of a shard. See the crate's front page.
pub struct Ledger {
    pub(crate) accounts: Accounts,
    pub(crate) transfers: Transfers,
    pub(crate) history: History,
    /// Of accounts and of transfers.
    pub(crate) imports: [Imports; 2],
    pub(crate) bank: Bank,
    /// The stamp of the last request: every later event comes after it.
    pub(crate) clock: u64,
    pub(crate) state_hash: StateHash,
}

/// The most blocks that are fetched from the cold store together.
pub(crate) const READ_AT_ONCE: usize = 128;

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
    /// An empty ledger that keeps everything in memory.
    pub fn new() -> Self {
        Self::with(Cold::new(None, ColdOptions::DEFAULT))
    }

    /// An empty ledger that keeps old transfers in `store`; they are written there when asked to [spill](Self::spill).
    pub fn with_cold_store(store: Arc<dyn ColdStore>, options: ColdOptions) -> Self {
        Self::with(Cold::new(Some(store), options))
    }

    pub(crate) fn with(cold: Cold) -> Self {
        Self {
            accounts: Accounts::default(),
            transfers: Transfers::new(cold),
            history: History::new(),
            imports: Default::default(),
            bank: Bank::default(),
            clock: 0,
            state_hash: StateHash::default(),
        }
    }

    /// The oldest transfers that are in no segment, if there are enough of them for one. Write the segment durably, then
    /// say [`spilled`](Self::spilled); until then the answer stays the same. Never between the two another one.
    pub fn spill(&self) -> Option<Spill> {
        let rows = &self.transfers.rows;
        rows.cold.spill(|wanted| rows.oldest(wanted))
    }

    /// The segment of the last [`spill`](Self::spill) is durable in the cold store: snapshots only name it from now on, and
    /// the oldest transfers in memory leave it if enough others are there. Changes no answer.
    pub fn spilled(&mut self, segment: WrittenSegment) {
        self.transfers.rows.written(segment);
    }

    /// How many transfers are in memory.
    pub fn hot_transfers(&self) -> usize {
        self.transfers.rows.hot()
    }

    /// The cold segments that this ledger needs, oldest first.
    pub fn cold_segments(&self) -> &[ColdSegment] {
        self.transfers.rows.cold.segments()
    }

    /// How many bytes the cold segments have together.
    pub fn cold_bytes(&self) -> u64 {
        self.transfers.rows.cold.bytes()
    }

    /// Reads every cold segment again and compares it with the digest it was written under. Cost: all of them.
    pub fn verify_cold_segments(&self) -> Result<(), ColdError> {
        self.transfers.rows.cold.verify()
    }

    /// The transfer with this number, whole.
    pub(crate) fn entry(&self, number: u32) -> Entry {
        let row = self.transfers.rows.get(number);
        let (debit, credit, pending) = (row.debit.get(), row.credit.get(), row.pending.get());
        let debited = self.accounts.get(debit);
        let pending_id = if pending == NONE { 0 } else { self.transfers.rows.get(pending).id.get() };
        let transfer = Transfer {
            id: row.id.get(),
            debit_account_id: debited.id,
            credit_account_id: self.accounts.get(credit).id,
            amount: row.amount.get(),
            pending_id,
            user_data_128: row.user_data_128.get(),
            user_data_64: row.user_data_64.get(),
            user_data_32: row.user_data_32.get(),
            timeout: row.timeout.get(),
            ledger: self.accounts.ledger(debited),
            code: row.code.get(),
            flags: TransferFlags(row.flags.get()),
            timestamp: row.timestamp.get(),
        };
        Entry { transfer, debit, credit, pending, state: self.transfers.state(number) }
    }

    /// The rows with these numbers. Up to `at_once` of them are fetched from the cold store together.
    pub(crate) fn rows_of(
        &self,
        mut numbers: impl Iterator<Item = u32>,
        at_once: usize,
    ) -> impl Iterator<Item = (u32, Row)> {
        let rows = &self.transfers.rows;
        let at_once = at_once.clamp(1, READ_AT_ONCE);
        std::iter::from_fn(move || {
            let next: Vec<u32> = numbers.by_ref().take(at_once).collect();
            rows.ask_for(next.iter().copied());
            (!next.is_empty()).then_some(next)
        })
        .flatten()
        .map(|number| (number, rows.get(number)))
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
