//! Answers within some ledgers: what is left of the whole answer, and the limit counts only that.

use ids::Timestamp;
use ledger_core::{
    Account, AccountFilter, ChangeEvent, ChangeEventsFilter, Ledger, Ledgers, Operation, QueryFilter,
    QueryOperation, Transfer, TransferFlags,
};
use proptest::prelude::*;

use crate::against_model::{encode, for_all_lives};

fn answer(ledger: &Ledger, within: &Ledgers, operation: QueryOperation, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    ledger.answer_within(within, operation, body, &mut out).unwrap();
    out
}

fn ids() -> Vec<u8> {
    (0..40_u128).flat_map(u128::to_le_bytes).collect()
}

/// What is left of `whole`, records of `size` bytes, if only those whose ledger is within count, up to `limit`.
fn left_of(
    whole: &[u8],
    size: usize,
    ledger: impl Fn(&[u8]) -> u32,
    within: &Ledgers,
    limit: u32,
) -> Vec<u8> {
    let records = whole.chunks_exact(size).filter(|record| within.contains(ledger(record)));
    records.take(limit as usize).flatten().copied().collect()
}

fn ledger_of_account(record: &[u8]) -> u32 {
    Account::from_bytes(record).unwrap().ledger
}

fn ledger_of_transfer(record: &[u8]) -> u32 {
    Transfer::from_bytes(record).unwrap().ledger
}

fn ledger_of_event(record: &[u8]) -> u32 {
    ChangeEvent::from_bytes(record).unwrap().ledger
}

fn compare(ledger: &Ledger, within: &Ledgers, limit: u32) -> Result<(), TestCaseError> {
    let all = &Ledgers::All;
    for asked in [0, 1, 2] {
        for flags in [0, QueryFilter::REVERSED] {
            let filter = |limit| QueryFilter { ledger: asked, limit, flags, ..QueryFilter::default() };
            let (cut, whole) = (filter(limit), filter(u32::MAX));
            let found = answer(ledger, within, QueryOperation::QueryAccounts, cut.as_bytes());
            let expected = answer(ledger, all, QueryOperation::QueryAccounts, whole.as_bytes());
            prop_assert_eq!(found, left_of(&expected, 128, ledger_of_account, within, limit));
            let found = answer(ledger, within, QueryOperation::QueryTransfers, cut.as_bytes());
            let expected = answer(ledger, all, QueryOperation::QueryTransfers, whole.as_bytes());
            prop_assert_eq!(found, left_of(&expected, 128, ledger_of_transfer, within, limit));
        }
    }
    for account_id in 1..7 {
        let filter = AccountFilter { account_id, limit, flags: 3, ..AccountFilter::default() };
        let is_within = ledger.account(account_id).is_some_and(|account| within.contains(account.ledger));
        for operation in [QueryOperation::GetAccountTransfers, QueryOperation::GetAccountBalances] {
            let found = answer(ledger, within, operation, filter.as_bytes());
            let expected = answer(ledger, all, operation, filter.as_bytes());
            prop_assert_eq!(found, if is_within { expected } else { Vec::new() });
        }
    }
    let filter = |limit| ChangeEventsFilter { limit, ..ChangeEventsFilter::default() };
    let found = answer(ledger, within, QueryOperation::GetChangeEvents, filter(limit).as_bytes());
    let expected = answer(ledger, all, QueryOperation::GetChangeEvents, filter(u32::MAX).as_bytes());
    prop_assert_eq!(found, left_of(&expected, 384, ledger_of_event, within, limit));

    let found = answer(ledger, within, QueryOperation::LookupAccounts, &ids());
    let expected = answer(ledger, all, QueryOperation::LookupAccounts, &ids());
    prop_assert_eq!(found, left_of(&expected, 128, ledger_of_account, within, u32::MAX));
    let found = answer(ledger, within, QueryOperation::LookupTransfers, &ids());
    let expected = answer(ledger, all, QueryOperation::LookupTransfers, &ids());
    prop_assert_eq!(found, left_of(&expected, 128, ledger_of_transfer, within, u32::MAX));
    Ok(())
}

#[test]
fn an_answer_within_ledgers_is_what_is_left_of_the_whole() {
    let sets = [Ledgers::All, Ledgers::NONE, only([1]), only([2]), only([1, 2]), only([3])];
    for_all_lives(30, Just(sets), |start, steps, sets| {
        let (mut ledger, mut now) = (Ledger::new(), start);
        for step in steps {
            let (operation, body, last) = encode(step, now);
            now = last;
            ledger.apply(operation, Timestamp(last), &body, &mut Vec::new()).unwrap();
        }
        for within in sets {
            for limit in [1, 2, 5, 8190] {
                compare(&ledger, within, limit)?;
            }
        }
        Ok(())
    });
}

fn only<const N: usize>(ledgers: [u32; N]) -> Ledgers {
    Ledgers::Only(ledgers.into())
}

#[test]
fn sets_of_ledgers_join() {
    let mut set = Ledgers::default();
    assert!(set.is_empty() && !set.contains(1) && set.first() == 0);
    set.extend(&only([7, 5]));
    set.extend(&Ledgers::NONE);
    assert!(!set.is_empty() && set.contains(7) && !set.contains(1) && set.first() == 5);
    set.extend(&Ledgers::All);
    set.extend(&only([1]));
    assert_eq!(set, Ledgers::All);
    assert!(set.contains(u32::MAX) && !set.is_empty());
}

#[test]
fn the_ledger_of_a_pending_transfer_is_that_of_its_accounts() {
    let mut ledger = Ledger::new();
    let account = |id, ledger| Account { id, ledger, code: 1, ..Account::default() };
    let accounts = [account(1, 203), account(2, 203), account(3, 978), account(4, 978)];
    let body: Vec<u8> = accounts.iter().flat_map(|account| account.as_bytes().to_vec()).collect();
    ledger.apply(Operation::CreateAccounts, Timestamp(10), &body, &mut Vec::new()).unwrap();
    let transfer = |id, debit_account_id, ledger, flags| Transfer {
        id,
        debit_account_id,
        credit_account_id: debit_account_id + 1,
        amount: 1,
        ledger,
        code: 1,
        flags,
        ..Transfer::default()
    };
    let pending = TransferFlags::PENDING;
    let transfers = [
        transfer(1, 1, 203, pending),
        transfer(2, 3, 978, pending),
        transfer(3, 1, 203, TransferFlags::NONE),
    ];
    let body: Vec<u8> = transfers.iter().flat_map(|transfer| transfer.as_bytes().to_vec()).collect();
    ledger.apply(Operation::CreateTransfers, Timestamp(20), &body, &mut Vec::new()).unwrap();
    assert_eq!(ledger.ledgers_of_pending([2, 1, 3, 9, 0]), [Some(978), Some(203), None, None, None]);
}
