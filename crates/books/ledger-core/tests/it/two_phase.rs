//! Pending, post, void and expiry.

use expect_test::expect;
use ids::Timestamp;
use ledger_core::{
    Account, CreateTransferStatus as Status, Ledger, Operation, Outcome, Transfer, TransferFlags,
};

use crate::script::{check, check_books};

#[test]
fn posting_moves_all_a_part_or_nothing() {
    check(
        "account A
         account B
         transfer 1 A>B 100 pending
         transfer 2 A>B 100 pending
         transfer 3 A>B 100 pending
         transfer 4 A>B 100 pending
         show A
         post 11 of 1 all
         post 12 of 2 60
         post 13 of 3 0
         post 14 of 4 101
         post 14 of 4 100
         show A B 1 2 3 4 11 12 13 14",
        expect![[r#"
            A created
            B created
            1 created
            2 created
            3 created
            4 created
            A: debits 0 + 400 pending, credits 0 + 0 pending
            11 created
            12 created
            13 created
            14 exceeds_pending_transfer_amount
            14 created
            A: debits 260 + 0 pending, credits 0 + 0 pending
            B: debits 0 + 0 pending, credits 260 + 0 pending
            1: 100 posted_pending
            2: 100 posted_pending
            3: 100 posted_pending
            4: 100 posted_pending
            11: 100 posted
            12: 60 posted
            13: 0 posted
            14: 100 posted
        "#]],
    );
}

#[test]
fn voiding_releases_everything() {
    check(
        "account A
         account B
         transfer 1 A>B 100 pending
         transfer 2 A>B 50 pending
         void 11 of 1 99
         void 11 of 1 101
         void 11 of 1
         void 12 of 2 50
         show A B 1 2 11 12",
        expect![[r#"
            A created
            B created
            1 created
            2 created
            11 pending_transfer_has_different_amount
            11 exceeds_pending_transfer_amount
            11 created
            12 created
            A: debits 0 + 0 pending, credits 0 + 0 pending
            B: debits 0 + 0 pending, credits 0 + 0 pending
            1: 100 voided
            2: 50 voided
            11: 100 voided
            12: 50 voided
        "#]],
    );
}

#[test]
fn a_pending_transfer_resolves_once() {
    check(
        "account A
         account B
         transfer 1 A>B 100 pending
         transfer 2 A>B 100 pending
         transfer 3 A>B 100
         post 11 of 1 10
         post 12 of 1 10
         void 13 of 1
         void 14 of 2
         void 15 of 2
         post 16 of 2 all
         post 17 of 3 all
         post 18 of 11 all
         show A",
        expect![[r#"
            A created
            B created
            1 created
            2 created
            3 created
            11 created
            12 pending_transfer_already_posted
            13 pending_transfer_already_posted
            14 created
            15 pending_transfer_already_voided
            16 pending_transfer_already_voided
            17 pending_transfer_not_pending
            18 pending_transfer_not_pending
            A: debits 110 + 0 pending, credits 0 + 0 pending
        "#]],
    );
}

/// Each line repairs the error of the line above, so the list is the order of precedence.
#[test]
fn of_several_errors_of_a_posting_transfer_the_first_is_told() {
    check(
        "account A
         account B
         transfer 1 A>B 100 pending
         post 2 of 0 101 flags=14 timeout=1 debit=B credit=A ledger=840 code=9
         post 2 of 0 101 flags=12 timeout=1 debit=B credit=A ledger=840 code=9
         post 2 of 0 101 flags=6 timeout=1 debit=B credit=A ledger=840 code=9
         post 2 of 0 101 timeout=1 debit=B credit=A ledger=840 code=9
         post 2 of max 101 timeout=1 debit=B credit=A ledger=840 code=9
         post 2 of 2 101 timeout=1 debit=B credit=A ledger=840 code=9
         post 2 of 1 101 timeout=1 debit=B credit=A ledger=840 code=9
         post 2 of 1 101 debit=B credit=A ledger=840 code=9
         post 2 of 1 101 debit=A credit=A ledger=840 code=9
         post 2 of 1 101 debit=A credit=B ledger=840 code=9
         post 2 of 1 101 debit=A credit=B ledger=203 code=9
         post 2 of 1 101 debit=A credit=B ledger=203 code=1
         post 2 of 1 100 debit=A credit=B ledger=203 code=1
         post 3 of 1 101 debit=A credit=B ledger=203 code=1",
        expect![[r#"
            A created
            B created
            1 created
            2 flags_are_mutually_exclusive
            2 flags_are_mutually_exclusive
            2 flags_are_mutually_exclusive
            2 pending_id_must_not_be_zero
            2 pending_id_must_not_be_int_max
            2 pending_id_must_be_different
            2 timeout_reserved_for_pending_transfer
            2 pending_transfer_has_different_debit_account_id
            2 pending_transfer_has_different_credit_account_id
            2 pending_transfer_has_different_ledger
            2 pending_transfer_has_different_code
            2 exceeds_pending_transfer_amount
            2 created
            3 exceeds_pending_transfer_amount
        "#]],
    );
}

#[test]
fn a_repeated_post_or_void_is_the_same_when_it_means_the_same() {
    check(
        "account A
         account B
         transfer 1 A>B 100 pending user_data_64=7
         transfer 2 A>B 100 pending user_data_64=7
         transfer 3 A>B 100 pending user_data_64=7
         post 11 of 1 all
         post 11 of 1 100
         post 11 of 1 all user_data_64=7 debit=A credit=B ledger=203 code=1
         post 11 of 1 99
         post 11 of 1 all user_data_64=8
         post 11 of 1 all debit=B
         post 11 of 1 all credit=A
         post 11 of 1 all ledger=840
         post 11 of 1 all code=2
         post 11 of 2 all
         void 11 of 1
         post 12 of 2 60 user_data_64=9
         post 12 of 2 all user_data_64=9
         post 12 of 2 60
         post 12 of 2 60 user_data_64=9
         void 13 of 3
         void 13 of 3 100
         void 13 of 3 99",
        expect![[r#"
            A created
            B created
            1 created
            2 created
            3 created
            11 created
            11 exists
            11 exists
            11 exists_with_different_amount
            11 exists_with_different_user_data_64
            11 exists_with_different_debit_account_id
            11 exists_with_different_credit_account_id
            11 exists_with_different_ledger
            11 exists_with_different_code
            11 exists_with_different_pending_id
            11 exists_with_different_flags
            12 created
            12 exists_with_different_amount
            12 exists_with_different_user_data_64
            12 exists
            13 created
            13 exists
            13 exists_with_different_amount
        "#]],
    );
}

/// Each request of a script comes a millisecond after the one before.
#[test]
fn a_pending_transfer_expires_at_its_time() {
    check(
        "account A
         account B
         transfer 1 A>B 100 pending timeout=5
         transfer 2 A>B 20 pending timeout=6
         transfer 3 A>B 3 pending
         wait 4
         pulse
         show A 1
         wait 1
         pulse
         show A 1
         post 11 of 1 all
         void 12 of 1
         post 13 of 2 all
         wait 100
         pulse
         show A 1 2 3",
        expect![[r#"
            A created
            B created
            1 created
            2 created
            3 created
            A: debits 0 + 123 pending, credits 0 + 0 pending
            1: 100 pending
            A: debits 0 + 23 pending, credits 0 + 0 pending
            1: 100 expired
            11 pending_transfer_expired
            12 pending_transfer_expired
            13 created
            A: debits 20 + 3 pending, credits 0 + 0 pending
            1: 100 expired
            2: 20 posted_pending
            3: 3 pending
        "#]],
    );
}

#[test]
fn any_request_lets_time_pass() {
    check(
        "account A debits_must_not_exceed_credits
         account B
         transfer 1 B>A 100
         transfer 2 A>B 100 pending timeout=1
         transfer 3 A>B 100
         wait 2
         transfer 4 A>B 100
         show A",
        expect![[r#"
            A created
            B created
            1 created
            2 created
            3 exceeds_credits
            4 created
            A: debits 100 + 0 pending, credits 100 + 0 pending
        "#]],
    );
}

/// Its reserve is taken back with the next request; posting it is refused from the very nanosecond.
#[test]
fn expiry_is_exact_inside_a_request() {
    let mut ledger = Ledger::new();
    let account = |id| Account { id, ledger: 203, code: 1, ..Account::default() };
    let accounts = [account(1).as_bytes(), account(2).as_bytes()].concat();
    ledger.apply(Operation::CreateAccounts, Timestamp(100), &accounts, &mut Vec::new()).unwrap();

    let pending = |id| Transfer {
        id,
        debit_account_id: 1,
        credit_account_id: 2,
        amount: 5,
        timeout: 1,
        ledger: 203,
        code: 1,
        flags: TransferFlags::PENDING,
        ..Transfer::default()
    };
    // Stamped 1000, 1001, 1002: due a second later each.
    let body = [pending(10).as_bytes(), pending(11).as_bytes(), pending(12).as_bytes()].concat();
    ledger.apply(Operation::CreateTransfers, Timestamp(1002), &body, &mut Vec::new()).unwrap();
    let second = 1_000_000_000;
    assert_eq!(ledger.next_expiry(), Some(Timestamp(1000 + second)));

    let post = |id, pending_id| Transfer {
        id,
        pending_id,
        amount: u128::MAX,
        flags: TransferFlags::POST_PENDING_TRANSFER,
        ..Transfer::default()
    };
    // Stamped 1000, 1001 and 1002 after a second: 10 and 11 are due at the very stamps of the events, and 13
    // does not exist.
    let body = [post(20, 10).as_bytes(), post(21, 11).as_bytes(), post(22, 13).as_bytes()].concat();
    let mut out = Vec::new();
    ledger.apply(Operation::CreateTransfers, Timestamp(1002 + second), &body, &mut out).unwrap();
    let statuses: Vec<u32> =
        out.chunks_exact(16).map(|bytes| Outcome::from_bytes(bytes).unwrap().status).collect();
    let expected =
        [Status::PendingTransferExpired, Status::PendingTransferExpired, Status::PendingTransferNotFound];
    assert_eq!(statuses, expected.map(Status::as_u32));
    assert_eq!(ledger.account(1).unwrap().debits_pending, 15, "they wait for the next request");
    check_books(&mut ledger);

    ledger.apply(Operation::Pulse, Timestamp(1003 + second), &[], &mut Vec::new()).unwrap();
    assert_eq!(ledger.account(1).unwrap().debits_pending, 10, "there is one moment, and one expires in it");
    ledger.apply(Operation::Pulse, Timestamp(1005 + second), &[], &mut Vec::new()).unwrap();
    assert_eq!(ledger.account(1).unwrap().debits_pending, 0);
    assert_eq!(ledger.next_expiry(), None);
    check_books(&mut ledger);
}

/// What falls due at once expires over several requests, so that none takes longer than a full batch.
#[test]
fn at_most_a_batch_expires_with_one_request() {
    let mut ledger = Ledger::new();
    let account = |id| Account { id, ledger: 203, code: 1, ..Account::default() };
    let accounts = [account(1).as_bytes(), account(2).as_bytes()].concat();
    ledger.apply(Operation::CreateAccounts, Timestamp(100), &accounts, &mut Vec::new()).unwrap();
    let pending = |id| Transfer {
        id,
        debit_account_id: 1,
        credit_account_id: 2,
        amount: 1,
        timeout: 1,
        ledger: 203,
        code: 1,
        flags: TransferFlags::PENDING,
        ..Transfer::default()
    };
    for (first, last) in [(1, 20_000), (8000, 40_000)] {
        let body: Vec<u8> = (first..first + 7000).flat_map(|id| pending(id).as_bytes().to_vec()).collect();
        ledger.apply(Operation::CreateTransfers, Timestamp(last), &body, &mut Vec::new()).unwrap();
    }
    let pulse = |ledger: &mut Ledger, seconds: u64| {
        ledger.apply(Operation::Pulse, Timestamp(seconds * 1_000_000_000), &[], &mut Vec::new()).unwrap();
        ledger.counts().pending
    };
    assert_eq!(pulse(&mut ledger, 1), 14_000);
    assert_eq!(pulse(&mut ledger, 2), 14_000 - 8190);
    assert!(ledger.next_expiry().is_some_and(|due| due < Timestamp(2_000_000_000)), "there is more to do");
    assert_eq!(pulse(&mut ledger, 3), 0);
    check_books(&mut ledger);
}
