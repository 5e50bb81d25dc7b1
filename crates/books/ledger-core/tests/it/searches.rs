//! Searches page by page, and trial balances taken while life goes on.

use std::collections::BTreeMap;

use ids::Timestamp;
use ledger_core::{
    Account, AccountFilter, Ledger, PendingFilter, QueryFilter, TransferState, TransferView, TrialBalance,
};
use proptest::prelude::*;

use crate::against_model::{encode, for_all_lives};

/// Accounts and their four sums; `T` is a sum.
type Line<T> = (u32, [T; 4]);
type Lines<T> = BTreeMap<(u32, u16), Line<T>>;

/// The sums of all accounts by ledger and code, from the accounts themselves.
fn summed(ledger: &Ledger) -> Lines<u128> {
    let mut lines = Lines::new();
    for account in ledger.accounts_after(None, usize::MAX) {
        let (accounts, sums): &mut Line<u128> = lines.entry((account.ledger, account.code)).or_default();
        *accounts += 1;
        let Account { debits_pending, debits_posted, credits_pending, credits_posted, .. } = account;
        for (sum, more) in
            sums.iter_mut().zip([debits_pending, debits_posted, credits_pending, credits_posted])
        {
            *sum = sum.wrapping_add(more);
        }
    }
    lines
}

/// The lines of a trial balance; `None` for a sum that does not fit.
fn lines(balance: &TrialBalance) -> Lines<Option<u128>> {
    let of = |line: &ledger_core::TrialBalanceLine| {
        let sums = [line.debits_pending, line.debits_posted, line.credits_pending, line.credits_posted];
        (line.accounts, sums.map(ledger_core::Total::get))
    };
    balance.iter().map(|(kind, line)| (*kind, of(line))).collect()
}

#[test]
fn a_trial_balance_is_the_sum_of_its_accounts_at_any_moment() {
    for_all_lives(60, 1..4u32, |start, steps, _| {
        let (mut ledger, mut now) = (Ledger::new(), start);
        for step in steps {
            let (operation, body, last) = encode(step, now);
            now = last;
            ledger.apply(operation, Timestamp(last), &body, &mut Vec::new()).unwrap();
            let taken = ledger.trial_balance();
            let (expected, found) = (summed(&ledger), lines(&taken));
            prop_assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
            for (kind, (accounts, sums)) in &found {
                prop_assert_eq!(*accounts, expected[kind].0);
                for (sum, wanted) in sums.iter().zip(expected[kind].1) {
                    // A sum that says it does not fit is known by the other tests.
                    prop_assert!(sum.is_none_or(|sum| sum == wanted), "{:?}: {:?}", kind, sums);
                }
            }
            let mut total = ledger_core::TrialBalanceLine::default();
            taken.values().for_each(|line| total.merge(line));
            prop_assert!(total.is_balanced());
        }
        Ok(())
    });
}

/// Follows the pages of a search to its end.
fn follow<T>(mut page: impl FnMut(Option<u64>) -> ledger_core::Found<T>) -> Vec<T> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let found = page(after);
        all.extend(found.records);
        match found.next {
            Some(next) => after = Some(next),
            None => return all,
        }
    }
}

#[test]
fn pages_together_are_everything_once_and_in_order() {
    for_all_lives(40, 1..4u32, |start, steps, limit| {
        let (mut ledger, mut now) = (Ledger::new(), start);
        for step in steps {
            let (operation, body, last) = encode(step, now);
            now = last;
            ledger.apply(operation, Timestamp(last), &body, &mut Vec::new()).unwrap();
        }
        let newest_first = ledger.transfers_before(None, usize::MAX);
        let oldest_first: Vec<TransferView> = newest_first.iter().rev().copied().collect();
        let code = 1;
        let coded = |view: &&TransferView| view.transfer.code == code;

        let filter = QueryFilter { code, limit: *limit, ..QueryFilter::default() };
        let found = follow(|after| {
            let timestamp_min = after.map_or(0, |after| after + 1);
            ledger.search_transfers(&QueryFilter { timestamp_min, ..filter })
        });
        prop_assert_eq!(found, oldest_first.iter().filter(coded).copied().collect::<Vec<_>>());
        let found = follow(|after| {
            let timestamp_max = after.map_or(0, |after| after - 1);
            ledger.search_transfers(&QueryFilter { timestamp_max, flags: QueryFilter::REVERSED, ..filter })
        });
        prop_assert_eq!(found, newest_first.iter().filter(coded).copied().collect::<Vec<_>>());

        let pending = |view: &&TransferView| view.state == TransferState::Pending;
        let limit = *limit as usize;
        let found = follow(|after| {
            let after = after.unwrap_or_default();
            ledger.search_pending(&PendingFilter { after, limit, ..PendingFilter::default() }).unwrap()
        });
        prop_assert_eq!(&found, &oldest_first.iter().filter(pending).copied().collect::<Vec<_>>());
        let soon = now + 1_000_000_000;
        let expected = |id: u128| {
            let touches = move |view: &&TransferView| {
                view.transfer.debit_account_id == id || view.transfer.credit_account_id == id
            };
            let due = move |view: &&TransferView| view.due().is_some_and(|due| due.0 < soon);
            oldest_first.iter().filter(pending).filter(touches).filter(due).copied().collect::<Vec<_>>()
        };
        for account in ledger.accounts_after(None, usize::MAX) {
            let found = follow(|after| {
                let (account, due_before) = (Some(account.id), Some(soon));
                let filter = PendingFilter { account, due_before, after: after.unwrap_or_default(), limit };
                ledger.search_pending(&filter).unwrap()
            });
            prop_assert_eq!(found, expected(account.id));
            let filter =
                AccountFilter { account_id: account.id, limit: 1, flags: 7, ..AccountFilter::default() };
            let found = ledger.search_account_balances(&filter).unwrap();
            let newest = ledger.search_account_transfers(&filter).unwrap();
            prop_assert_eq!(found.records.first().map(|(view, _)| view), newest.records.first());
            if let Some((_, after)) = found.records.first() {
                prop_assert_eq!((after.id, after.ledger), (account.id, account.ledger));
                prop_assert_eq!(
                    (after.debits_posted, after.credits_posted),
                    (account.debits_posted, account.credits_posted),
                    "only an expiry may follow the newest transfer, and that moves no posted sum"
                );
            }
        }

        let all = ledger.accounts_after(None, usize::MAX);
        for (flags, expected) in [(0, all.clone()), (1, all.iter().rev().copied().collect())] {
            let filter =
                QueryFilter { limit: u32::try_from(limit).unwrap(), flags, ..QueryFilter::default() };
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let page = ledger.search_accounts(&filter, after);
                found.extend(page.records);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            prop_assert_eq!(found, expected);
        }
        Ok(())
    });
}

#[test]
fn an_unknown_account_is_an_error_and_a_wrong_filter_finds_nothing() {
    let ledger = Ledger::new();
    let filter = AccountFilter { account_id: 7, limit: 1, flags: 3, ..AccountFilter::default() };
    assert!(ledger.search_account_transfers(&filter).is_err());
    assert!(ledger.search_account_balances(&filter).is_err());
    assert!(ledger.search_pending(&PendingFilter { account: Some(7), ..PendingFilter::default() }).is_err());
    let filter = QueryFilter { limit: 1, ..QueryFilter::default() };
    assert_eq!(ledger.search_accounts(&filter, Some(7)).records, []);
    assert_eq!(ledger.search_transfers(&QueryFilter::default()).next, None, "a limit of 0");
}
