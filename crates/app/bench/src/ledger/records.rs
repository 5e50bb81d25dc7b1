//! The workloads, in the ledger's own records.

use ledger_core::{Account, EVENT_BYTES, Transfer, TransferFlags};

use crate::workload::{BATCH, Dice};

const LEDGER: u32 = 1;
const CODE: u16 = 1;

/// Who pays whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pairs {
    /// Each account is as likely as any other.
    Uniform,
    /// The debit account of rank `r` is drawn with a weight of `1/r`: a few accounts are in most payments.
    Zipf,
}

/// What the transfers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Single-phase transfers.
    Posted,
    /// Half of the transfers are pending; each is resolved by one of the other half: nine posted, one voided.
    TwoPhase,
}

/// A workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Workload {
    pub(crate) accounts: u32,
    pub(crate) pairs: Pairs,
    pub(crate) kind: Kind,
}

/// Transfers of a workload, one batch after the other; the same in every run.
pub(crate) struct Source {
    workload: Workload,
    /// Where the weights of the first accounts add up to.
    zipf: Vec<f64>,
    dice: Dice,
    next_id: u128,
}

/// The accounts of a workload, in bodies of `batch`.
pub(crate) fn accounts(count: u32, batch: usize) -> impl Iterator<Item = Vec<u8>> {
    let ids: Vec<u32> = (1..=count).collect();
    let body = |ids: &[u32]| {
        let account =
            |id: &u32| Account { id: (*id).into(), ledger: LEDGER, code: CODE, ..Account::default() };
        ids.iter().map(account).flat_map(|account| account.as_bytes().to_vec()).collect()
    };
    ids.chunks(batch).map(body).collect::<Vec<Vec<u8>>>().into_iter()
}

impl Source {
    /// The transfers of `workload`, with ids from `first_id` on.
    pub(crate) fn new(workload: Workload, seed: u64, first_id: u128) -> Self {
        let weights = (1..=workload.accounts).scan(0.0, |sum, rank| {
            *sum += 1.0 / f64::from(rank);
            Some(*sum)
        });
        let zipf = if workload.pairs == Pairs::Zipf { weights.collect() } else { Vec::new() };
        Self { workload, zipf, dice: Dice::new(seed), next_id: first_id }
    }

    /// The next full batch.
    pub(crate) fn batch(&mut self) -> Vec<u8> {
        self.transfers(BATCH)
    }

    /// The next `count` transfers.
    pub(crate) fn transfers(&mut self, count: usize) -> Vec<u8> {
        let mut body = Vec::with_capacity(count * EVENT_BYTES);
        (0..count).for_each(|_| body.extend_from_slice(self.next().as_bytes()));
        body
    }

    fn next(&mut self) -> Transfer {
        let id = self.next_id;
        self.next_id += 1;
        if self.workload.kind == Kind::TwoPhase && id.is_multiple_of(2) {
            let is_void = id.is_multiple_of(20);
            let (flags, amount) = match is_void {
                true => (TransferFlags::VOID_PENDING_TRANSFER, 0),
                false => (TransferFlags::POST_PENDING_TRANSFER, u128::MAX),
            };
            return Transfer { id, pending_id: id - 1, amount, flags, ..Transfer::default() };
        }
        let flags = match self.workload.kind {
            Kind::Posted => TransferFlags::NONE,
            Kind::TwoPhase => TransferFlags::PENDING,
        };
        let accounts = u64::from(self.workload.accounts);
        let debit = self.debit();
        let credit = (debit + 1 + self.dice.bits() % (accounts - 1)) % accounts;
        Transfer {
            id,
            debit_account_id: u128::from(debit) + 1,
            credit_account_id: u128::from(credit) + 1,
            amount: u128::from(self.dice.bits() % 10_000 + 1),
            ledger: LEDGER,
            code: CODE,
            flags,
            ..Transfer::default()
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a draw needs no more than 53 bits")]
    fn debit(&mut self) -> u64 {
        let Some(total) = self.zipf.last() else {
            return self.dice.bits() % u64::from(self.workload.accounts);
        };
        let draw = total * ((self.dice.bits() >> 11) as f64 / (1u64 << 53) as f64);
        self.zipf.partition_point(|sum| *sum < draw) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8]) -> Vec<Transfer> {
        body.chunks_exact(EVENT_BYTES).filter_map(Transfer::from_bytes).collect()
    }

    #[test]
    fn pairs_are_two_accounts_that_exist() {
        for pairs in [Pairs::Uniform, Pairs::Zipf] {
            let workload = Workload { accounts: 50, pairs, kind: Kind::Posted };
            let transfers = read(&Source::new(workload, 1, 1).transfers(5_000));
            let known = 1..=50;
            assert!(transfers.iter().all(|transfer| known.contains(&transfer.debit_account_id)
                && known.contains(&transfer.credit_account_id)
                && transfer.debit_account_id != transfer.credit_account_id));
            let first = transfers.iter().filter(|transfer| transfer.debit_account_id == 1).count();
            assert_eq!(first > 1_000, pairs == Pairs::Zipf, "{first} of 5,000 debit the first account");
        }
    }

    #[test]
    fn every_pending_transfer_is_resolved_by_the_next() {
        let workload = Workload { accounts: 50, pairs: Pairs::Uniform, kind: Kind::TwoPhase };
        let transfers = read(&Source::new(workload, 1, 1).transfers(100));
        assert!(transfers.chunks(2).all(|pair| pair[1].pending_id == pair[0].id));
        let voids =
            transfers.iter().filter(|t| t.flags.contains(TransferFlags::VOID_PENDING_TRANSFER)).count();
        assert_eq!(voids, 5);
    }
}
