//! The same workload in the ledger's own records, for benchmarks that go without HTTP.

use ledger_core::{Account, EVENT_BYTES, Operation, Transfer};
use shard::Request;

use crate::workload::{self, BATCH, Dice, Draw, FIRST_PAYMENT};

/// The ISO 4217 number of CZK.
const LEDGER: u32 = 203;
const CODE: u16 = 1;

/// The requests that open the accounts.
pub(crate) fn open_accounts() -> Vec<Request> {
    let records: Vec<Account> = workload::accounts()
        .map(|id| Account { id: id.into(), ledger: LEDGER, code: CODE, ..Account::default() })
        .collect();
    let bodies =
        records.chunks(BATCH).map(|chunk| chunk.iter().flat_map(Account::as_bytes).copied().collect());
    bodies.map(|body| Request::by_content(Operation::CreateAccounts as u16, body)).collect()
}

/// A full batch of transfers with the ids from `first` on, counted from zero.
pub(crate) fn batch(first: u64, dice: &mut Dice) -> Request {
    let mut body = Vec::with_capacity(BATCH * EVENT_BYTES);
    for id in (FIRST_PAYMENT + first..).take(BATCH) {
        let Draw { debit, credit, amount } = Draw::next(dice);
        let transfer = Transfer {
            id: id.into(),
            debit_account_id: debit.into(),
            credit_account_id: credit.into(),
            amount: amount.into(),
            ledger: LEDGER,
            code: CODE,
            ..Transfer::default()
        };
        body.extend_from_slice(transfer.as_bytes());
    }
    Request::by_content(Operation::CreateTransfers as u16, body)
}
