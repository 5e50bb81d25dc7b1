//! Queries to a small ledger: any body is answered with whole records that were asked for, or refused.

use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use ledger_core::{
    Account, AccountFilter, ChangeEventsFilter, Cursor, Ledger, QueryFilter, QueryOperation,
    REPLY_CHANGE_EVENTS_MAX, REPLY_RECORDS_MAX, Transfer,
};

use crate::assert_told;
use crate::base::{ACCOUNTS, TRANSFERS, small_ledger};

static LEDGER: LazyLock<Ledger> = LazyLock::new(small_ledger);

const OPERATIONS: [QueryOperation; 7] = [
    QueryOperation::GetChangeEvents,
    QueryOperation::LookupAccounts,
    QueryOperation::LookupTransfers,
    QueryOperation::GetAccountTransfers,
    QueryOperation::GetAccountBalances,
    QueryOperation::QueryAccounts,
    QueryOperation::QueryTransfers,
];

/// Asks what `bytes` ask. Returns whether there was an answer.
///
/// # Panics
/// If something does not hold.
pub fn run(bytes: &[u8]) -> bool {
    let mut u = Unstructured::new(bytes);
    let Ok((operation, body)) = query(&mut u) else { return false };
    statement(&mut u);
    let mut out = vec![0xa5; 3];
    match LEDGER.answer(operation, &body, &mut out) {
        Err(error) => {
            assert_told(&error);
            assert_eq!(out, [0xa5; 3], "a refused query writes nothing");
            false
        }
        Ok(()) => {
            let records = out.split_off(3);
            check(operation, &body, &records);
            !records.is_empty()
        }
    }
}

fn query(u: &mut Unstructured<'_>) -> Result<(QueryOperation, Vec<u8>)> {
    let number: u8 = u.arbitrary()?;
    if let Err(error) = QueryOperation::try_from(number) {
        assert_told(&error);
    }
    let operation = OPERATIONS[usize::from(number) % OPERATIONS.len()];
    let body = if u.ratio(1_u8, 6)? {
        let length = u.int_in_range(0..=200_usize)?.min(u.len());
        u.bytes(length)?.to_vec()
    } else {
        body(u, operation)?
    };
    Ok((operation, body))
}

/// A body of the right length with values that the ledger knows.
fn body(u: &mut Unstructured<'_>, operation: QueryOperation) -> Result<Vec<u8>> {
    match operation {
        QueryOperation::LookupAccounts | QueryOperation::LookupTransfers => {
            let count = u.int_in_range(0..=40_u8)?;
            let ids: Result<Vec<u128>> = (0..count).map(|_| u.int_in_range(0..=TRANSFERS + 2)).collect();
            Ok(ids?.iter().flat_map(|id| id.to_le_bytes()).collect())
        }
        QueryOperation::GetAccountTransfers | QueryOperation::GetAccountBalances => {
            let filter = AccountFilter {
                account_id: u.int_in_range(0..=ACCOUNTS + 1)?,
                user_data_64: u.int_in_range(0..=1)?,
                code: u.int_in_range(0..=2)?,
                timestamp_min: time(u)?,
                timestamp_max: time(u)?,
                limit: limit(u)?,
                flags: u.int_in_range(0..=8)?,
                ..AccountFilter::default()
            };
            Ok(filter.as_bytes().to_vec())
        }
        QueryOperation::QueryAccounts | QueryOperation::QueryTransfers => {
            let filter = QueryFilter {
                user_data_64: u.int_in_range(0..=1)?,
                user_data_32: u.int_in_range(0..=1)?,
                ledger: u.int_in_range(0..=3)?,
                code: u.int_in_range(0..=2)?,
                timestamp_min: time(u)?,
                timestamp_max: time(u)?,
                limit: limit(u)?,
                flags: u.int_in_range(0..=2)?,
                ..QueryFilter::default()
            };
            Ok(filter.as_bytes().to_vec())
        }
        QueryOperation::GetChangeEvents => {
            let filter = ChangeEventsFilter {
                timestamp_min: time(u)?,
                timestamp_max: time(u)?,
                limit: limit(u)?,
                ..ChangeEventsFilter::default()
            };
            Ok(filter.as_bytes().to_vec())
        }
    }
}

fn limit(u: &mut Unstructured<'_>) -> Result<u32> {
    if u.arbitrary()? { u.int_in_range(0..=5) } else { u.arbitrary() }
}

/// Any time, no limit, or one close to something that happened.
fn time(u: &mut Unstructured<'_>) -> Result<u64> {
    match u.int_in_range(0..=3_u8)? {
        0 => Ok(0),
        1 => u.arbitrary(),
        _ => {
            let all = LEDGER.transfers_before(None, usize::MAX);
            let index = u.int_in_range(0..=all.len() - 1)?;
            Ok(all[index].transfer.timestamp.wrapping_add_signed(u.int_in_range(-1..=1)?))
        }
    }
}

fn check(operation: QueryOperation, body: &[u8], records: &[u8]) {
    let (size, most) = match operation {
        QueryOperation::GetChangeEvents => (384, REPLY_CHANGE_EVENTS_MAX),
        _ => (128, REPLY_RECORDS_MAX),
    };
    assert!(records.len().is_multiple_of(size), "{operation:?} answers with whole records");
    let limit = match operation {
        QueryOperation::LookupAccounts | QueryOperation::LookupTransfers => body.len() / 16,
        QueryOperation::GetAccountTransfers | QueryOperation::GetAccountBalances => {
            AccountFilter::from_bytes(body).map_or(0, |filter| filter.limit as usize)
        }
        QueryOperation::QueryAccounts | QueryOperation::QueryTransfers => {
            QueryFilter::from_bytes(body).map_or(0, |filter| filter.limit as usize)
        }
        QueryOperation::GetChangeEvents => {
            ChangeEventsFilter::from_bytes(body).map_or(0, |filter| filter.limit as usize)
        }
    };
    assert!(records.len() / size <= limit.min(most as usize), "{operation:?} answers with too much");
    match operation {
        QueryOperation::LookupAccounts | QueryOperation::QueryAccounts => {
            for account in records.chunks_exact(128).filter_map(Account::from_bytes) {
                assert_eq!(LEDGER.account(account.id), Some(account));
            }
        }
        QueryOperation::LookupTransfers
        | QueryOperation::QueryTransfers
        | QueryOperation::GetAccountTransfers => {
            for transfer in records.chunks_exact(128).filter_map(Transfer::from_bytes) {
                assert_eq!(LEDGER.transfer(transfer.id).map(|view| view.transfer), Some(transfer));
            }
        }
        QueryOperation::GetAccountBalances | QueryOperation::GetChangeEvents => {}
    }
    check_filter(operation, body, records);
    check_reversed(operation, body, records);
}

/// What was asked for is what is there.
fn check_filter(operation: QueryOperation, body: &[u8], records: &[u8]) {
    let transfers = || records.chunks_exact(128).filter_map(Transfer::from_bytes);
    if let (QueryOperation::GetAccountTransfers, Some(filter)) = (operation, AccountFilter::from_bytes(body))
    {
        for transfer in transfers() {
            let is_debit = transfer.debit_account_id == filter.account_id;
            let is_credit = transfer.credit_account_id == filter.account_id;
            let is_asked = is_debit && filter.flags & AccountFilter::DEBITS != 0
                || is_credit && filter.flags & AccountFilter::CREDITS != 0;
            let is_in_time = transfer.timestamp >= filter.timestamp_min
                && (filter.timestamp_max == 0 || transfer.timestamp <= filter.timestamp_max);
            let has_fields = (filter.code == 0 || filter.code == transfer.code)
                && (filter.user_data_64 == 0 || filter.user_data_64 == transfer.user_data_64);
            assert!(is_asked && is_in_time && has_fields, "{transfer:?} was not asked for by {filter:?}");
        }
    }
    if let (QueryOperation::QueryTransfers, Some(filter)) = (operation, QueryFilter::from_bytes(body)) {
        for transfer in transfers() {
            let has_fields = (filter.code == 0 || filter.code == transfer.code)
                && (filter.ledger == 0 || filter.ledger == transfer.ledger)
                && (filter.user_data_64 == 0 || filter.user_data_64 == transfer.user_data_64);
            assert!(has_fields, "{transfer:?} was not asked for by {filter:?}");
        }
    }
}

/// The same question the other way round has the same answer the other way round, when nothing is cut off.
fn check_reversed(operation: QueryOperation, body: &[u8], records: &[u8]) {
    let at = match operation {
        QueryOperation::GetAccountTransfers | QueryOperation::GetAccountBalances => 124,
        QueryOperation::QueryAccounts | QueryOperation::QueryTransfers => 60,
        _ => return,
    };
    let bit = if at == 124 { AccountFilter::REVERSED } else { QueryFilter::REVERSED };
    let mut body = body.to_vec();
    body[at] ^= u8::try_from(bit).unwrap_or_default();
    // The limit is the number before the flags: all there is, both times.
    body[at - 4..at].copy_from_slice(&u32::MAX.to_le_bytes());
    let mut backward = Vec::new();
    LEDGER.answer(operation, &body, &mut backward).expect("a body of the right length");
    let backward: Vec<&[u8]> = backward.chunks_exact(128).rev().collect();
    let forward: Vec<&[u8]> = records.chunks_exact(128).collect();
    assert_eq!(forward, backward[..forward.len()], "{operation:?} in the other direction");
}

/// A page of a statement from a cursor that the client made up, and from the cursor it was given.
fn statement(u: &mut Unstructured<'_>) {
    let Ok((account, limit)) = id_and_limit(u) else { return };
    let length = u.len().min(96);
    let text = u.bytes(length).ok().and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
    let invented = match text.parse::<Cursor>() {
        Ok(cursor) => {
            assert_eq!(cursor.to_string().parse::<Cursor>(), Ok(cursor));
            Some(cursor)
        }
        Err(error) => {
            assert_told(&error);
            None
        }
    };
    match LEDGER.account_transfers(account, invented, limit) {
        Ok(page) => {
            assert!(page.entries.len() <= limit && page.account.id == account);
            if let Some(next) = page.next.filter(|_| invented.is_none()) {
                assert!(LEDGER.account_transfers(account, Some(next), limit).is_ok(), "a cursor of our own");
            }
        }
        Err(error) => assert_told(&error),
    }
}

fn id_and_limit(u: &mut Unstructured<'_>) -> Result<(u128, usize)> {
    Ok((u.int_in_range(0..=ACCOUNTS + 1)?, u.int_in_range(0..=20)?))
}
