//! Queries: random filters against the model, long histories, limits and bad bodies.

use expect_test::expect;
use ids::Timestamp;
use ledger_core::{
    Account, AccountBalance, AccountFilter, AccountFlags, ChangeEvent, ChangeEventsFilter, Ledger, Operation,
    QueryFilter, QueryOperation, Transfer, TransferFlags,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::against_model::{encode, for_all_lives, play};
use crate::model::Model;

const SECOND: u64 = 1_000_000_000;

fn answer(ledger: &Ledger, operation: QueryOperation, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    ledger.answer(operation, body, &mut out).unwrap();
    out
}

fn bytes_of<T>(records: &[T], bytes: impl Fn(&T) -> &[u8]) -> Vec<u8> {
    records.iter().flat_map(|record| bytes(record).to_vec()).collect()
}

/// A filter before its time range is known: bounds are moments of the life, or a little beside them.
#[derive(Clone, Debug)]
struct Draft {
    account: u128,
    fields: [u8; 3],
    ledger: u32,
    code: u16,
    min: Option<(Index, i64)>,
    max: Option<(Index, i64)>,
    limit: u32,
    flags: u32,
    odd: u8,
}

fn any_draft() -> impl Strategy<Value = Draft> {
    let bound = || prop::option::weighted(0.5, (any::<Index>(), -1..2i64));
    let fields =
        prop_oneof![4 => Just([0u8; 3]), 1 => any::<[bool; 3]>().prop_map(|bits| bits.map(u8::from))];
    let limit = select(vec![1, 2, 3, 8190, 8191, u32::MAX]);
    let flags = prop_oneof![6 => select(vec![3u32, 7]), 3 => select(vec![1u32, 2, 5, 6]), 1 => 0..9u32];
    let odd = prop_oneof![20 => Just(0u8), 1 => 1..7u8];
    let ids = (prop_oneof![20 => 1..8u128, 1 => select(vec![0, u128::MAX])], select(vec![0u32, 0, 1, 2]));
    (ids, fields, select(vec![0u16, 0, 0, 1, 2]), bound(), bound(), limit, flags, odd).prop_map(
        |((account, ledger), fields, code, min, max, limit, flags, odd)| Draft {
            account,
            fields,
            ledger,
            code,
            min,
            max,
            limit,
            flags,
            odd,
        },
    )
}

impl Draft {
    fn range(&self, model: &Model) -> (u64, u64) {
        let accounts = model.accounts.values().map(|account| account.timestamp);
        let moments: Vec<u64> = accounts.chain(model.events.iter().map(|event| event.timestamp)).collect();
        let bound = |bound: &Option<(Index, i64)>| match bound {
            Some((index, offset)) => index.get(&moments).saturating_add_signed(*offset),
            None => 0,
        };
        match self.odd {
            1 => (u64::MAX, 0),
            2 => (0, 1 << 63),
            _ => (bound(&self.min), bound(&self.max)),
        }
    }

    fn account_filter(&self, model: &Model) -> AccountFilter {
        let [user_data_128, user_data_64, user_data_32] = self.fields;
        let (timestamp_min, timestamp_max) = self.range(model);
        AccountFilter {
            account_id: self.account,
            user_data_128: user_data_128.into(),
            user_data_64: user_data_64.into(),
            user_data_32: user_data_32.into(),
            code: self.code,
            reserved: [u8::from(self.odd == 3); 58],
            timestamp_min,
            timestamp_max,
            limit: if self.odd == 4 { 0 } else { self.limit },
            flags: self.flags,
        }
    }

    fn query_filter(&self, model: &Model) -> QueryFilter {
        let [user_data_128, user_data_64, user_data_32] = self.fields;
        let (timestamp_min, timestamp_max) = self.range(model);
        QueryFilter {
            user_data_128: user_data_128.into(),
            user_data_64: user_data_64.into(),
            user_data_32: user_data_32.into(),
            ledger: self.ledger,
            code: self.code,
            reserved: [u8::from(self.odd == 3); 6],
            timestamp_min,
            timestamp_max,
            limit: if self.odd == 4 { 0 } else { self.limit },
            flags: if self.odd == 5 { 2 } else { self.flags / 4 },
        }
    }

    fn change_events_filter(&self, model: &Model) -> ChangeEventsFilter {
        let (timestamp_min, timestamp_max) = self.range(model);
        ChangeEventsFilter {
            timestamp_min,
            timestamp_max,
            limit: if self.odd == 4 { 0 } else { self.limit },
            reserved: [u8::from(self.odd == 3); 44],
        }
    }
}

#[test]
fn every_answer_agrees_with_the_model() {
    let drafts = prop::collection::vec(any_draft(), 10);
    for_all_lives(40, drafts, |start, steps, drafts| {
        let (mut ledger, mut model, mut now) = (Ledger::new(), Model::default(), start);
        for (index, step) in steps.iter().enumerate() {
            let (operation, body, last) = encode(step, now);
            now = last;
            ledger.apply(operation, Timestamp(last), &body, &mut Vec::new()).unwrap();
            play(&mut model, step, last);
            if index % 5 == 4 {
                let mut bytes = Vec::new();
                ledger.snapshot(&mut bytes);
                ledger = Ledger::restore(&bytes).unwrap();
            }
            for draft in drafts {
                compare(&ledger, &model, draft)?;
            }
        }
        Ok(())
    });
}

fn compare(ledger: &Ledger, model: &Model, draft: &Draft) -> Result<(), TestCaseError> {
    let filter = draft.account_filter(model);
    let found = answer(ledger, QueryOperation::GetAccountTransfers, filter.as_bytes());
    let expected = model.get_account_transfers(&filter);
    prop_assert_eq!(found, bytes_of(&expected, Transfer::as_bytes), "{:?}", filter);
    let found = answer(ledger, QueryOperation::GetAccountBalances, filter.as_bytes());
    let found: Vec<_> = found.chunks_exact(128).filter_map(AccountBalance::from_bytes).collect();
    prop_assert_eq!(found, model.get_account_balances(&filter), "{:?}", filter);

    let filter = draft.query_filter(model);
    let found = answer(ledger, QueryOperation::QueryAccounts, filter.as_bytes());
    prop_assert_eq!(found, bytes_of(&model.query_accounts(&filter), Account::as_bytes), "{:?}", filter);
    let found = answer(ledger, QueryOperation::QueryTransfers, filter.as_bytes());
    prop_assert_eq!(found, bytes_of(&model.query_transfers(&filter), Transfer::as_bytes), "{:?}", filter);

    let filter = draft.change_events_filter(model);
    let found = answer(ledger, QueryOperation::GetChangeEvents, filter.as_bytes());
    let found: Vec<_> = found.chunks_exact(384).filter_map(ChangeEvent::from_bytes).collect();
    prop_assert_eq!(found, model.get_change_events(&filter), "{:?}", filter);

    let ids: Vec<u128> = (0..40).collect();
    let body: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
    let accounts: Vec<Account> = ids.iter().filter_map(|id| model.account(*id)).collect();
    let found = answer(ledger, QueryOperation::LookupAccounts, &body);
    prop_assert_eq!(found, bytes_of(&accounts, Account::as_bytes));
    let transfers: Vec<Transfer> =
        ids.iter().filter_map(|id| model.transfer(*id)).map(|(transfer, _)| transfer).collect();
    let found = answer(ledger, QueryOperation::LookupTransfers, &body);
    prop_assert_eq!(found, bytes_of(&transfers, Transfer::as_bytes));
    Ok(())
}

/// A ledger of three accounts with `history`, and what they were after each event, taken down as it happened.
struct Diary {
    ledger: Ledger,
    now: u64,
    next_id: u128,
    /// The event's timestamp and the three accounts after it.
    pages: Vec<(u64, [Account; 3])>,
    is_expiry: Vec<bool>,
}

impl Diary {
    fn new() -> Self {
        let account =
            |id| Account { id, ledger: 1, code: 1, flags: AccountFlags::HISTORY, ..Account::default() };
        let mut ledger = Ledger::new();
        let body = bytes_of(&[account(1), account(2), account(3)], Account::as_bytes);
        ledger.apply(Operation::CreateAccounts, Timestamp(10), &body, &mut Vec::new()).unwrap();
        Self { ledger, now: 10, next_id: 1, pages: Vec::new(), is_expiry: Vec::new() }
    }

    fn write(&mut self, timestamp: u64, is_expiry: bool) {
        let accounts = [1, 2, 3].map(|id| self.ledger.account(id).unwrap());
        self.pages.push((timestamp, accounts));
        self.is_expiry.push(is_expiry);
    }

    /// Lets what falls due within a nanosecond expire, one at a time.
    fn wait(&mut self, until: u64) {
        while let Some(due) = self.ledger.next_expiry().filter(|due| due.0 <= until) {
            self.now = due.0.max(self.now + 1);
            self.ledger.apply(Operation::Pulse, Timestamp(self.now), &[], &mut Vec::new()).unwrap();
            self.write(self.now, true);
        }
        self.now = self.now.max(until);
    }

    fn send(&mut self, transfer: Transfer) -> u128 {
        let transfer = Transfer { id: self.next_id, ..transfer };
        self.next_id += 1;
        self.wait(self.now + 1);
        self.now += 1;
        let mut out = Vec::new();
        self.ledger
            .apply(Operation::CreateTransfers, Timestamp(self.now), transfer.as_bytes(), &mut out)
            .unwrap();
        assert_eq!(out[8..12], u32::MAX.to_le_bytes(), "{transfer:?}");
        self.write(self.now, false);
        transfer.id
    }

    /// A chain that breaks at its end and leaves nothing behind.
    fn send_in_vain(&mut self, transfer: Transfer, times: u128) {
        let linked = |id| Transfer { id, flags: transfer.flags | TransferFlags::LINKED, ..transfer };
        let mut chain: Vec<Transfer> = (0..times).map(|index| linked(1_000_000 + index)).collect();
        chain.push(Transfer { id: 2_000_000, debit_account_id: 1, ..Transfer::default() });
        self.now += 1 + chain.len() as u64;
        let body = bytes_of(&chain, Transfer::as_bytes);
        self.ledger.apply(Operation::CreateTransfers, Timestamp(self.now), &body, &mut Vec::new()).unwrap();
    }

    fn check(&self) {
        for account in 0..3 {
            let filter = AccountFilter {
                account_id: account as u128 + 1,
                limit: u32::MAX,
                flags: AccountFilter::DEBITS | AccountFilter::CREDITS,
                ..AccountFilter::default()
            };
            let found = answer(&self.ledger, QueryOperation::GetAccountBalances, filter.as_bytes());
            let found: Vec<_> = found.chunks_exact(128).filter_map(AccountBalance::from_bytes).collect();
            assert!(found.len() > 900, "the test is worth something: {}", found.len());
            for balance in found {
                let place = self.pages.binary_search_by_key(&balance.timestamp, |page| page.0).unwrap();
                let expected = self.pages[place].1[account];
                assert_eq!(balance.debits_pending, expected.debits_pending);
                assert_eq!(balance.debits_posted, expected.debits_posted);
                assert_eq!(balance.credits_pending, expected.credits_pending);
                assert_eq!(balance.credits_posted, expected.credits_posted);
            }
        }
        let mut from = 0;
        let mut events = Vec::new();
        loop {
            let filter =
                ChangeEventsFilter { timestamp_min: from, limit: 100, ..ChangeEventsFilter::default() };
            let found = answer(&self.ledger, QueryOperation::GetChangeEvents, filter.as_bytes());
            events.extend(found.chunks_exact(384).filter_map(ChangeEvent::from_bytes));
            match found.chunks_exact(384).next_back().and_then(ChangeEvent::from_bytes) {
                Some(last) => from = last.timestamp + 1,
                None => break,
            }
        }
        assert_eq!(events.len(), self.pages.len());
        for ((event, (timestamp, accounts)), is_expiry) in events.iter().zip(&self.pages).zip(&self.is_expiry)
        {
            assert_eq!((event.timestamp, event.kind == 4), (*timestamp, *is_expiry));
            let [debit, credit] =
                [event.debit_account_id, event.credit_account_id].map(|id| accounts[id as usize - 1]);
            assert_eq!(event.debit_account_debits_pending, debit.debits_pending);
            assert_eq!(event.debit_account_debits_posted, debit.debits_posted);
            assert_eq!(event.debit_account_credits_pending, debit.credits_pending);
            assert_eq!(event.debit_account_credits_posted, debit.credits_posted);
            assert_eq!(event.debit_account_flags, debit.flags);
            assert_eq!(event.credit_account_debits_pending, credit.debits_pending);
            assert_eq!(event.credit_account_debits_posted, credit.debits_posted);
            assert_eq!(event.credit_account_credits_pending, credit.credits_pending);
            assert_eq!(event.credit_account_credits_posted, credit.credits_posted);
            assert_eq!(event.credit_account_flags, credit.flags);
        }
    }
}

/// Over thousands of events, across marks, broken chains and a restored snapshot.
#[test]
fn a_long_history_is_what_happened() {
    let mut diary = Diary::new();
    let transfer = |debit, credit, amount, flags, timeout| Transfer {
        debit_account_id: debit,
        credit_account_id: credit,
        amount,
        flags,
        timeout,
        ledger: 1,
        code: 1,
        ..Transfer::default()
    };
    let resolve = |pending_id, amount, flags| Transfer { pending_id, amount, flags, ..Transfer::default() };
    for round in 0..500u128 {
        let [first, second, third] = [[1, 2, 3], [2, 3, 1], [3, 1, 2]][(round % 3) as usize];
        diary.send(transfer(first, second, 100 + round, TransferFlags::NONE, 0));
        diary.send(transfer(second, third, 7, TransferFlags::PENDING, 1));
        let posted = diary.send(transfer(third, first, 50, TransferFlags::PENDING, 0));
        let closing = TransferFlags::PENDING | TransferFlags::CLOSING_CREDIT;
        let closed = diary.send(transfer(first, second, 3, closing, 0));
        if round % 50 == 49 {
            diary.send_in_vain(transfer(third, first, 1, TransferFlags::NONE, 0), 600);
        }
        diary.send(resolve(closed, 0, TransferFlags::VOID_PENDING_TRANSFER));
        diary.send(resolve(posted, 20, TransferFlags::POST_PENDING_TRANSFER));
        diary.wait(diary.now + SECOND / 40);
    }
    diary.check();
    let mut bytes = Vec::new();
    diary.ledger.snapshot(&mut bytes);
    diary.ledger = Ledger::restore(&bytes).unwrap();
    diary.check();
    for _ in 0..300 {
        diary.send(transfer(1, 2, 1, TransferFlags::NONE, 0));
        diary.send(transfer(3, 2, 1, TransferFlags::NONE, 0));
    }
    diary.wait(diary.now + 2 * SECOND);
    diary.check();
    assert!(diary.is_expiry.iter().filter(|is_expiry| **is_expiry).count() == 500);
}

#[test]
fn a_reply_has_room_for_so_many_records() {
    let mut ledger = Ledger::new();
    let account = |id| Account { id, ledger: 1, code: 1, flags: AccountFlags::HISTORY, ..Account::default() };
    let mut now = 0;
    for batch in 0..2u128 {
        let accounts: Vec<Account> = (1..=5000).map(|index| account(batch * 5000 + index)).collect();
        now += 10_000;
        let body = bytes_of(&accounts, Account::as_bytes);
        ledger.apply(Operation::CreateAccounts, Timestamp(now), &body, &mut Vec::new()).unwrap();
    }
    for batch in 0..2u128 {
        let transfer = |index: u128| Transfer {
            id: batch * 5000 + index,
            debit_account_id: 1,
            credit_account_id: 2,
            amount: 1,
            ledger: 1,
            code: 1,
            ..Transfer::default()
        };
        let transfers: Vec<Transfer> = (1..=5000).map(transfer).collect();
        now += 10_000;
        let body = bytes_of(&transfers, Transfer::as_bytes);
        ledger.apply(Operation::CreateTransfers, Timestamp(now), &body, &mut Vec::new()).unwrap();
    }
    let query = QueryFilter { limit: u32::MAX, ..QueryFilter::default() };
    let of_account = AccountFilter { account_id: 1, limit: u32::MAX, flags: 1, ..AccountFilter::default() };
    let events = ChangeEventsFilter { limit: u32::MAX, ..ChangeEventsFilter::default() };
    let records = |operation, body: &[u8], size| answer(&ledger, operation, body).len() / size;
    assert_eq!(records(QueryOperation::QueryAccounts, query.as_bytes(), 128), 8190);
    assert_eq!(records(QueryOperation::QueryTransfers, query.as_bytes(), 128), 8190);
    assert_eq!(records(QueryOperation::GetAccountTransfers, of_account.as_bytes(), 128), 8190);
    assert_eq!(records(QueryOperation::GetAccountBalances, of_account.as_bytes(), 128), 8190);
    assert_eq!(records(QueryOperation::GetChangeEvents, events.as_bytes(), 384), 2730);
    let ids: Vec<u8> = (1..=8190u128).flat_map(u128::to_le_bytes).collect();
    assert_eq!(records(QueryOperation::LookupAccounts, &ids, 128), 8190);
    assert_eq!(records(QueryOperation::LookupTransfers, &ids, 128), 8190);
    assert_eq!(records(QueryOperation::LookupTransfers, &[], 128), 0);
}

#[test]
fn a_body_that_is_no_query_is_refused() {
    use std::fmt::Write as _;
    let ledger = Ledger::new();
    let mut text = String::new();
    for number in 137..=146u8 {
        let operation = match QueryOperation::try_from(number) {
            Ok(operation) => operation,
            Err(error) => {
                writeln!(text, "{number}: {error}").unwrap();
                continue;
            }
        };
        for bytes in [0, 15, 64, 127, 128, 16 * 8191] {
            let mut out = vec![7];
            let result = ledger.answer(operation, &vec![0; bytes], &mut out);
            assert_eq!(out, [7]);
            if let Err(error) = result {
                writeln!(text, "{operation:?}: {error}").unwrap();
            }
        }
    }
    expect![[r#"
        GetChangeEvents: a query body of 0 bytes is not one filter of this operation
        GetChangeEvents: a query body of 15 bytes is not one filter of this operation
        GetChangeEvents: a query body of 127 bytes is not one filter of this operation
        GetChangeEvents: a query body of 128 bytes is not one filter of this operation
        GetChangeEvents: a query body of 131056 bytes is not one filter of this operation
        138: query operation 138 does not exist
        139: query operation 139 does not exist
        LookupAccounts: a query body of 15 bytes is not a whole number of 16-byte ids
        LookupAccounts: a query body of 127 bytes is not a whole number of 16-byte ids
        LookupAccounts: a query has at most 8190 ids
        LookupTransfers: a query body of 15 bytes is not a whole number of 16-byte ids
        LookupTransfers: a query body of 127 bytes is not a whole number of 16-byte ids
        LookupTransfers: a query has at most 8190 ids
        GetAccountTransfers: a query body of 0 bytes is not one filter of this operation
        GetAccountTransfers: a query body of 15 bytes is not one filter of this operation
        GetAccountTransfers: a query body of 64 bytes is not one filter of this operation
        GetAccountTransfers: a query body of 127 bytes is not one filter of this operation
        GetAccountTransfers: a query body of 131056 bytes is not one filter of this operation
        GetAccountBalances: a query body of 0 bytes is not one filter of this operation
        GetAccountBalances: a query body of 15 bytes is not one filter of this operation
        GetAccountBalances: a query body of 64 bytes is not one filter of this operation
        GetAccountBalances: a query body of 127 bytes is not one filter of this operation
        GetAccountBalances: a query body of 131056 bytes is not one filter of this operation
        QueryAccounts: a query body of 0 bytes is not one filter of this operation
        QueryAccounts: a query body of 15 bytes is not one filter of this operation
        QueryAccounts: a query body of 127 bytes is not one filter of this operation
        QueryAccounts: a query body of 128 bytes is not one filter of this operation
        QueryAccounts: a query body of 131056 bytes is not one filter of this operation
        QueryTransfers: a query body of 0 bytes is not one filter of this operation
        QueryTransfers: a query body of 15 bytes is not one filter of this operation
        QueryTransfers: a query body of 127 bytes is not one filter of this operation
        QueryTransfers: a query body of 128 bytes is not one filter of this operation
        QueryTransfers: a query body of 131056 bytes is not one filter of this operation
        146: query operation 146 does not exist
    "#]]
    .assert_eq(&text);
}
