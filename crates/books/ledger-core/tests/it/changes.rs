//! What requests have changed, told later: against their outcomes, imports and cold transfers included.

use std::fmt::Write as _;

use expect_test::expect;
use ids::Timestamp;
use ledger_core::{
    Account, AccountFlags, Change, ChangeEvent, ChangeEventsFilter, CreateTransferStatus, EVENT_BYTES,
    Extent, Ledger, Operation, Outcome, QueryOperation, Transfer, TransferFlags,
};
use proptest::prelude::Just;

use crate::against_model::{encode, for_all_lives};

const CREATED: u32 = CreateTransferStatus::Created as u32;

/// The changes between two stamps, read in slices.
fn changes(ledger: &Ledger, after: u64, through: u64, slice: usize) -> Vec<Change> {
    let (mut from, to) = (ledger.extent(Timestamp(after)), ledger.extent(Timestamp(through)));
    let expected = from.changes_until(to);
    let mut all = Vec::new();
    while from != to {
        let (some, reached) = ledger.changes(from, to, slice);
        assert!(!some.is_empty() && some.len() <= slice);
        all.extend(some);
        from = reached;
    }
    assert_eq!(all.len() as u64, expected);
    all
}

/// The events of a request that were created, as their outcomes say it.
fn created(operation: Operation, body: &[u8], outcomes: &[u8]) -> Vec<(Operation, u128, u64)> {
    let outcomes = outcomes.chunks_exact(16).filter_map(Outcome::from_bytes);
    let events =
        body.chunks_exact(EVENT_BYTES).zip(outcomes).filter(|(_, outcome)| outcome.status == CREATED);
    let id = |event: &[u8]| u128::from_le_bytes(event[..16].try_into().unwrap());
    events.map(|(event, outcome)| (operation, id(event), outcome.timestamp)).collect()
}

fn told(changes: &[Change]) -> Vec<(Operation, u128, u64)> {
    let told = changes.iter().filter_map(|change| match change {
        Change::AccountCreated(account) => Some((Operation::CreateAccounts, account.id, account.timestamp)),
        Change::TransferCreated(view) => {
            Some((Operation::CreateTransfers, view.transfer.id, view.transfer.timestamp))
        }
        Change::TransferExpired { .. } => None,
    });
    told.collect()
}

fn expired(changes: &[Change]) -> Vec<(u128, u64)> {
    let expired = changes.iter().filter_map(|change| match change {
        Change::TransferExpired { transfer, timestamp } => Some((transfer.id, *timestamp)),
        _ => None,
    });
    expired.collect()
}

/// All expiries, as the query of the wire protocol tells them.
fn all_expired(ledger: &Ledger) -> Vec<(u128, u64)> {
    let mut out = Vec::new();
    let filter = ChangeEventsFilter { limit: u32::MAX, ..ChangeEventsFilter::default() };
    ledger.answer(QueryOperation::GetChangeEvents, filter.as_bytes(), &mut out).unwrap();
    let events = out.chunks_exact(size_of::<ChangeEvent>()).filter_map(ChangeEvent::from_bytes);
    events.filter(|event| event.kind == 4).map(|event| (event.transfer_id, event.timestamp)).collect()
}

#[test]
fn every_request_is_told_by_what_its_outcomes_said() {
    for_all_lives(64, Just(()), |start, steps, ()| {
        let mut ledger = Ledger::new();
        let mut now = start;
        let mut requests = Vec::new();
        let mut at_once = Vec::new();
        for step in steps {
            let (operation, body, last) = encode(step, now);
            let mut outcomes = Vec::new();
            ledger.apply(operation, Timestamp(last), &body, &mut outcomes).unwrap();
            requests.push((now, last, created(operation, &body, &outcomes)));
            at_once.push(changes(&ledger, now, last, 5));
            now = last;
        }
        let mut bytes = Vec::new();
        ledger.snapshot(&mut bytes);
        let restored = Ledger::restore(&bytes).unwrap();
        let mut expiries = Vec::new();
        for ((after, through, expected), at_once) in requests.iter().zip(&at_once) {
            let later = changes(&ledger, *after, *through, 3);
            assert_eq!(told(&later), *expected);
            assert_eq!(&later, at_once, "later requests change nothing of it");
            assert_eq!(changes(&restored, *after, *through, usize::MAX), later);
            expiries.extend(expired(&later));
        }
        assert_eq!(expiries, all_expired(&ledger));
        assert_eq!(changes(&ledger, 0, now, 7), at_once.concat());
        Ok(())
    });
}

fn apply(ledger: &mut Ledger, operation: Operation, stamp: u64, body: &[u8]) {
    ledger.apply(operation, Timestamp(stamp), body, &mut Vec::new()).unwrap();
}

fn account(id: u128, timestamp: u64) -> Vec<u8> {
    let flags = if timestamp == 0 { AccountFlags::NONE } else { AccountFlags::IMPORTED };
    Account { id, flags, timestamp, ledger: 1, code: 1, ..Account::default() }.as_bytes().to_vec()
}

fn imported(id: u128, timestamp: u64, flags: TransferFlags) -> Vec<u8> {
    let flags = flags | TransferFlags::IMPORTED;
    let transfer = Transfer {
        debit_account_id: 1,
        credit_account_id: 2,
        amount: 1,
        ledger: 1,
        code: 1,
        ..Transfer::default()
    };
    Transfer { id, timestamp, flags, ..transfer }.as_bytes().to_vec()
}

/// Imported records lie between older ones by their timestamps, are refused and sent again with the same timestamps, and
/// are told with the request that made them.
#[test]
fn imports_are_told_when_they_happened() {
    let mut ledger = Ledger::new();
    apply(&mut ledger, Operation::CreateAccounts, 100, &[account(1, 10), account(2, 20)].concat());
    apply(&mut ledger, Operation::CreateAccounts, 200, &account(3, 0));
    // The chain fails for its second link, and the first is sent again by itself.
    let chain = [imported(7, 50, TransferFlags::LINKED), imported(8, 40, TransferFlags::NONE)].concat();
    apply(&mut ledger, Operation::CreateTransfers, 300, &chain);
    apply(&mut ledger, Operation::CreateTransfers, 400, &imported(7, 50, TransferFlags::NONE));
    apply(&mut ledger, Operation::CreateTransfers, 500, &imported(7, 50, TransferFlags::NONE));
    apply(&mut ledger, Operation::CreateTransfers, 600, &imported(9, 150, TransferFlags::NONE));
    apply(&mut ledger, Operation::Pulse, 700, &[]);
    let mut text = String::new();
    for stamp in (100..=700).step_by(100) {
        let told = told(&changes(&ledger, stamp - 100, stamp, 1));
        let told = told.iter().map(|(_, id, timestamp)| format!(" {id} of {timestamp}"));
        writeln!(text, "{stamp}:{}", told.collect::<String>()).unwrap();
    }
    expect![[r#"
        100: 1 of 10 2 of 20
        200: 3 of 200
        300:
        400: 7 of 50
        500:
        600: 9 of 150
        700:
    "#]]
    .assert_eq(&text);
}

#[test]
fn an_account_is_told_as_it_was_created() {
    let mut ledger = Ledger::new();
    let closed = Account { id: 4, flags: AccountFlags::CLOSED, ledger: 1, code: 1, ..Account::default() };
    let accounts = [account(1, 0), account(2, 0), closed.as_bytes().to_vec()].concat();
    apply(&mut ledger, Operation::CreateAccounts, 100, &accounts);
    let closing = Transfer {
        id: 5,
        debit_account_id: 1,
        credit_account_id: 2,
        amount: 3,
        ledger: 1,
        code: 1,
        flags: TransferFlags::PENDING | TransferFlags::CLOSING_DEBIT,
        ..Transfer::default()
    };
    apply(&mut ledger, Operation::CreateTransfers, 200, closing.as_bytes());
    assert!(ledger.account(1).unwrap().flags.contains(AccountFlags::CLOSED));
    let [Change::AccountCreated(one), Change::AccountCreated(two), Change::AccountCreated(four)] =
        changes(&ledger, 0, 100, 9)[..]
    else {
        panic!("three accounts were created");
    };
    assert_eq!([one, two, four].map(|account| (account.id, account.flags.0)), [(1, 0), (2, 0), (4, 32)]);
    assert_eq!((one.debits_pending, two.credits_pending), (0, 0));
}

#[test]
fn extents_beyond_the_books_hold_nothing_more() {
    let mut ledger = Ledger::new();
    apply(&mut ledger, Operation::CreateAccounts, 100, &account(1, 0));
    let all = ledger.extent(Timestamp(u64::MAX));
    assert_eq!(all, ledger.extent(ledger.clock()));
    assert_eq!(Extent::default().changes_until(all), 1);
    assert_eq!(all.changes_until(Extent::default()), 0, "time does not run backwards");
    let empty = Ledger::new();
    assert_eq!(empty.changes(Extent::default(), all, 10).0, [], "an extent of other books");
    assert_eq!(ledger.changes(all, Extent::default(), 10).0, []);
}
