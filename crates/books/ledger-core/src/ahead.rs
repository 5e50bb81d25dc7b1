//! Looking up what a group of transfers needs before the first of them is judged.
//!
//! A transfer touches some ten cache lines anywhere in the ledger's memory. Judged one by one, transfers would wait for
//! each of them in turn; looked up together, the processor waits for many at once.

use std::hint::black_box;

use crate::Ledger;
use crate::id_index::IdHash;
use crate::transfers::NONE;
use crate::wire::Transfer;

/// Transfers looked up at once: what they touch fits into the second-level cache.
pub(crate) const GROUP: usize = 256;

/// What was looked up for a transfer. No transfer of the same request changes it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Ahead {
    /// The hash of its id.
    pub(crate) hash: IdHash,
    /// The number of its debit account, or [`NONE`].
    pub(crate) debit: u32,
    /// The number of its credit account, or [`NONE`].
    pub(crate) credit: u32,
}

impl Ledger {
    /// Fills `ahead` for the next transfers.
    pub(crate) fn look_ahead(&self, transfers: impl Iterator<Item = Transfer>, ahead: &mut [Ahead; GROUP]) {
        let mut ids = [(0, 0); GROUP];
        let mut hashes = [(IdHash::default(), IdHash::default()); GROUP];
        let mut pendings = Vec::new();
        let (mut len, mut touched) = (0, 0);
        for transfer in transfers.take(GROUP) {
            ids[len] = (transfer.debit_account_id, transfer.credit_account_id);
            hashes[len] = (IdHash::of(ids[len].0), IdHash::of(ids[len].1));
            ahead[len].hash = IdHash::of(transfer.id);
            if transfer.pending_id != 0 {
                pendings.extend(self.transfers.likely(transfer.pending_id));
            }
            touched ^= self.transfers.touch_index(ahead[len].hash);
            touched ^= self.accounts.touch_index(hashes[len].0);
            touched ^= self.accounts.touch_index(hashes[len].1);
            len += 1;
        }
        for ((ahead, id), hash) in ahead[..len].iter_mut().zip(&ids).zip(&hashes) {
            ahead.debit = self.accounts.find_hashed(hash.0, id.0).unwrap_or(NONE);
            ahead.credit = self.accounts.find_hashed(hash.1, id.1).unwrap_or(NONE);
        }
        for number in ahead[..len].iter().flat_map(|ahead| [ahead.debit, ahead.credit]) {
            if number != NONE {
                touched ^= u64::from(self.accounts.touch_row(number));
            }
        }
        black_box(touched);
        self.transfers.rows.expect(&pendings);
    }
}
