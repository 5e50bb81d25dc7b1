//! Imported events: they bring their own timestamps, in order and from the past.

use expect_test::expect;
use ids::Timestamp;
use ledger_core::{Account, AccountFlags, Ledger, Operation, Outcome, Transfer, TransferFlags};

use crate::script::{check, check_books};

#[test]
fn a_request_imports_all_or_nothing() {
    check(
        "account A imported timestamp=10
         account B timestamp=20
         account B
         account B imported timestamp=20

         account C
         account D imported timestamp=30
         account D

         transfer 1 A>B 1 imported timestamp=40
         transfer 2 A>B 1

         transfer 3 A>B 1
         transfer 4 A>B 1 imported timestamp=50",
        expect![[r#"
            A created
            B imported_event_expected
            B imported_event_expected
            B created
            C created
            D imported_event_not_expected
            D created
            1 created
            2 imported_event_expected
            3 created
            4 imported_event_not_expected
        "#]],
    );
}

#[test]
fn timestamps_of_one_kind_only_grow_and_no_two_events_share_one() {
    check(
        "account A imported timestamp=10
         account B imported timestamp=20

         account C imported timestamp=20
         account C imported timestamp=19
         account C imported timestamp=22

         transfer 1 A>B 1 imported timestamp=22
         transfer 1 A>B 1 imported timestamp=21
         transfer 2 A>B 1 imported timestamp=21
         transfer 2 A>B 1 imported timestamp=30

         account D imported timestamp=30
         account D imported timestamp=31

         transfer 3 A>D 1 imported timestamp=31
         transfer 3 A>D 1 imported timestamp=32
         transfer 4 A>D 1 imported timestamp=33 pending timeout=1
         transfer 4 A>D 1 imported timestamp=33 pending
         post 5 of 4 imported timestamp=33
         post 5 of 4 imported timestamp=34
         post 5 of 4 imported timestamp=35",
        expect![[r#"
            A created
            B created
            C imported_event_timestamp_must_not_regress
            C imported_event_timestamp_must_not_regress
            C created
            1 imported_event_timestamp_must_not_regress
            1 created
            2 imported_event_timestamp_must_not_regress
            2 created
            D imported_event_timestamp_must_not_regress
            D created
            3 imported_event_timestamp_must_not_regress
            3 created
            4 imported_event_timeout_must_be_zero
            4 created
            5 imported_event_timestamp_must_not_regress
            5 created
            5 exists
        "#]],
    );
}

/// What is there already is found, whatever timestamp the repetition brings.
#[test]
fn importing_again_finds_what_is_there() {
    check(
        "account A imported timestamp=10
         account B imported timestamp=20

         account A imported timestamp=10
         account B imported timestamp=1

         transfer 1 A>B 5 imported timestamp=40
         transfer 2 A>B 6 imported timestamp=41

         transfer 1 A>B 5 imported timestamp=40
         transfer 2 A>B 6 imported timestamp=3
         transfer 2 A>B 6 imported timestamp=0",
        expect![[r#"
            A created
            B created
            A exists
            B exists
            1 created
            2 created
            1 exists
            2 exists
            2 imported_event_timestamp_out_of_range
        "#]],
    );
}

fn outcomes(ledger: &mut Ledger, operation: Operation, last: u64, body: &[u8]) -> Vec<(u64, u32)> {
    let mut out = Vec::new();
    ledger.apply(operation, Timestamp(last), body, &mut out).unwrap();
    check_books(ledger);
    let outcomes = out.chunks_exact(16).filter_map(Outcome::from_bytes);
    outcomes.map(|outcome| (outcome.timestamp, outcome.status)).collect()
}

/// What was created or exists is told with its own time, what was refused with the time of the refusal.
#[test]
fn outcomes_tell_the_imported_time() {
    let mut ledger = Ledger::new();
    let account = |id, timestamp| Account {
        id,
        ledger: 1,
        code: 1,
        flags: AccountFlags::IMPORTED,
        timestamp,
        ..Account::default()
    };
    let body = [account(1, 10), account(2, 20), account(2, 20), account(3, 20), account(3, 99)]
        .map(|account| account.as_bytes().to_vec())
        .concat();
    let created = u32::MAX;
    assert_eq!(
        outcomes(&mut ledger, Operation::CreateAccounts, 100, &body),
        [(10, created), (20, created), (20, 21), (99, 26), (99, created)]
    );
    assert_eq!(ledger.account(3).map(|account| account.timestamp), Some(99));

    // The last stamp is not yet the past, and the linked one before it goes with it.
    let linked = TransferFlags::IMPORTED | TransferFlags::LINKED;
    let transfer = |id, flags, timestamp| Transfer {
        id,
        debit_account_id: 1,
        credit_account_id: 2,
        ledger: 1,
        code: 1,
        flags,
        timestamp,
        ..Transfer::default()
    };
    let body = [transfer(1, linked, 50), transfer(2, TransferFlags::IMPORTED, 200)]
        .map(|transfer| transfer.as_bytes().to_vec())
        .concat();
    assert_eq!(outcomes(&mut ledger, Operation::CreateTransfers, 200, &body), [(199, 1), (200, 59)]);
    let body = transfer(3, TransferFlags::IMPORTED, 199);
    assert_eq!(outcomes(&mut ledger, Operation::CreateTransfers, 201, body.as_bytes()), [(199, created)]);
}

/// The expiry of a pending transfer is an event with a timestamp of its own, which no import can take.
#[test]
fn an_imported_transfer_cannot_share_the_timestamp_of_an_expiry() {
    let mut ledger = Ledger::new();
    let account = |id| Account { id, ledger: 1, code: 1, ..Account::default() };
    let body = [account(1), account(2)].map(|account| account.as_bytes().to_vec()).concat();
    outcomes(&mut ledger, Operation::CreateAccounts, 10, &body);
    let transfer = |id, flags, timeout, timestamp| Transfer {
        id,
        debit_account_id: 1,
        credit_account_id: 2,
        amount: 1,
        ledger: 1,
        code: 1,
        flags,
        timeout,
        timestamp,
        ..Transfer::default()
    };
    let pending = transfer(1, TransferFlags::PENDING, 1, 0);
    outcomes(&mut ledger, Operation::CreateTransfers, 100, pending.as_bytes());
    let due = 1_000_000_100;
    assert_eq!(ledger.next_expiry(), Some(Timestamp(due)));
    // It expires before the request, at its very due time.
    let imports = [due, due + 1].map(|time| transfer(u128::from(time), TransferFlags::IMPORTED, 0, time));
    let body = imports.map(|transfer| transfer.as_bytes().to_vec()).concat();
    let last = due + 50;
    assert_eq!(
        outcomes(&mut ledger, Operation::CreateTransfers, last, &body),
        [(last - 1, 60), (due + 1, u32::MAX)]
    );
}
