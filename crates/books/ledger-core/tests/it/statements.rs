//! Pages of statements, accounts and transfers, and their cursors.

use std::fmt::Write as _;

use expect_test::expect;
use ids::Timestamp;
use ledger_core::{Account, Cursor, Ledger, Operation, StatementError, Transfer, TransferFlags};

/// Account 1 gets 100, pays 30, reserves 20, posts 15 of it, and pays 5 to a third account.
fn ledger() -> Ledger {
    let mut ledger = Ledger::new();
    let accounts = [3u128, 1, 2].map(|id| Account { id, ledger: 203, code: 1, ..Account::default() });
    let transfer = |id, debit_account_id, credit_account_id, amount, flags| Transfer {
        id,
        debit_account_id,
        credit_account_id,
        amount,
        ledger: 203,
        code: 1,
        flags,
        ..Transfer::default()
    };
    let transfers = [
        transfer(11, 2, 1, 100, TransferFlags::NONE),
        transfer(12, 1, 2, 30, TransferFlags::NONE),
        transfer(13, 1, 2, 20, TransferFlags::PENDING),
        transfer(14, 3, 2, 1, TransferFlags::NONE),
        Transfer { pending_id: 13, ..transfer(15, 1, 2, 15, TransferFlags::POST_PENDING_TRANSFER) },
        transfer(16, 1, 3, 5, TransferFlags::NONE),
    ];
    let body: Vec<u8> = accounts.iter().flat_map(|account| account.as_bytes().to_vec()).collect();
    ledger.apply(Operation::CreateAccounts, Timestamp(1003), &body, &mut Vec::new()).unwrap();
    let body: Vec<u8> = transfers.iter().flat_map(|transfer| transfer.as_bytes().to_vec()).collect();
    ledger.apply(Operation::CreateTransfers, Timestamp(2006), &body, &mut Vec::new()).unwrap();
    ledger
}

fn print(ledger: &Ledger, account: u128, limit: usize) -> String {
    let mut text = String::new();
    let mut cursor = None;
    loop {
        let page = ledger.account_transfers(account, cursor, limit).unwrap();
        for line in &page.entries {
            let (id, amount, state) = (line.transfer.id, line.transfer.amount, line.state.name());
            let (debits, credits) = (line.debits_posted, line.credits_posted);
            let (side, other) = (line.side, line.counterparty());
            writeln!(text, "{id} {side:?} {amount} with {other}, {state}; {debits}/{credits}").unwrap();
        }
        match page.next {
            Some(next) => {
                writeln!(text, "next {next}").unwrap();
                cursor = Some(next);
            }
            None => return text,
        }
    }
}

#[test]
fn a_statement_runs_backwards_with_the_sums_after_each_line() {
    expect![[r#"
        16 Debit 5 with 3, posted; 50/100
        15 Debit 15 with 2, posted; 45/100
        next 7d3.1e.64
        13 Debit 20 with 2, posted_pending; 30/100
        12 Debit 30 with 2, posted; 30/100
        next 7d1.0.64
        11 Credit 100 with 2, posted; 0/100
    "#]]
    .assert_eq(&print(&ledger(), 1, 2));
}

/// A cursor names a place, not a page number: what is booked meanwhile does not shift the lines.
#[test]
fn a_cursor_stays_good_while_the_account_lives_on() {
    let mut ledger = ledger();
    let first = ledger.account_transfers(1, None, 2).unwrap();
    let before = ledger.account_transfers(1, first.next, 9).unwrap().entries;
    let more =
        Transfer { id: 17, debit_account_id: 1, credit_account_id: 2, amount: 7, ..Transfer::default() };
    let more = Transfer { ledger: 203, code: 1, ..more };
    ledger.apply(Operation::CreateTransfers, Timestamp(3000), more.as_bytes(), &mut Vec::new()).unwrap();
    assert_eq!(ledger.account_transfers(1, first.next, 9).unwrap().entries, before);
}

#[test]
fn cursors_of_others_and_invented_ones_are_refused() {
    let ledger = ledger();
    let unknown = ledger.account_transfers(9, None, 1);
    assert_eq!(unknown.err(), Some(StatementError::AccountNotFound { account: 9 }));
    // Of account 2 only; of no transfer; after the last; with sums below what the lines take away.
    for text in ["7d4.0.0", "3e8.0.0", "7d7.0.0", "ffffffffffffffff.0.0", "7d3.0.0"] {
        let cursor: Cursor = text.parse().unwrap();
        assert_eq!(
            ledger.account_transfers(1, Some(cursor), 9).err(),
            Some(StatementError::BadCursor),
            "{text}"
        );
    }
    let long = "f".repeat(33);
    for text in [
        "",
        "1",
        "1.2",
        "1.2.3.4",
        "..",
        "x.0.0",
        "+1.0.0",
        "-1.0.0",
        "10000000000000000.0.0",
        &format!("1.{long}.0"),
    ] {
        assert_eq!(text.parse::<Cursor>(), Err(StatementError::BadCursor), "{text}");
    }
}

#[test]
fn accounts_come_oldest_first_and_transfers_newest_first() {
    let ledger = ledger();
    let ids = |after, limit| ledger.accounts_after(after, limit).iter().map(|a| a.id).collect::<Vec<_>>();
    assert_eq!(ids(None, 9), [3, 1, 2]);
    assert_eq!(ids(None, 2), [3, 1]);
    assert_eq!(ids(Some(1), 2), [2]);
    assert_eq!(ids(Some(u128::MAX), 2), [0u128; 0]);
    assert_eq!(ids(None, 0), [0u128; 0]);

    let ids = |before, limit| {
        ledger.transfers_before(before, limit).iter().map(|view| view.transfer.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(None, 2), [16, 15]);
    assert_eq!(ids(Some(2005), 2), [14, 13]);
    assert_eq!(ids(Some(2001), 2), [0u128; 0]);
    assert_eq!(ids(Some(u64::MAX), 1), [16]);
}
