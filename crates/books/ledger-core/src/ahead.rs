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
pub(crate) const GROUP: usize = 64;

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
        let mut pendings = [IdHash::default(); GROUP];
        let (mut len, mut resolving, mut touched) = (0, 0, 0);
        for transfer in transfers.take(GROUP) {
            ids[len] = (transfer.debit_account_id, transfer.credit_account_id);
            hashes[len] = (IdHash::of(ids[len].0), IdHash::of(ids[len].1));
            ahead[len].hash = IdHash::of(transfer.id);
            if transfer.pending_id != 0 {
                pendings[resolving] = IdHash::of(transfer.pending_id);
                touched ^= self.transfers.touch_index(pendings[resolving]);
                resolving += 1;
            }
            touched ^= self.transfers.touch_index(ahead[len].hash);
            touched ^= self.accounts.touch_index(hashes[len].0);
            touched ^= self.accounts.touch_index(hashes[len].1);
            len += 1;
        }
        // Which accounts it may be, read all at once; whether it is these is asked when they have arrived.
        for (ahead, hash) in ahead[..len].iter_mut().zip(&hashes) {
            ahead.debit = self.accounts.likely(hash.0);
            ahead.credit = self.accounts.likely(hash.1);
        }
        for number in ahead[..len].iter().flat_map(|ahead| [ahead.debit, ahead.credit]) {
            if number != NONE {
                touched ^= self.accounts.touch_row(number);
            }
        }
        for ((ahead, id), hash) in ahead[..len].iter_mut().zip(&ids).zip(&hashes) {
            ahead.debit = self.accounts.find_likely(ahead.debit, hash.0, id.0);
            ahead.credit = self.accounts.find_likely(ahead.credit, hash.1, id.1);
            for number in [ahead.debit, ahead.credit] {
                if number != NONE {
                    touched ^= u64::from(self.accounts.touch_list(number));
                }
            }
        }
        black_box(touched);
        self.transfers.fetch_ahead(&pendings[..resolving]);
    }
}
