//! An account as the bank shows it against the same account in a ledger. Pure.

use ids::AccountId;
use ledger_api::{AccountPage, PAGE_LIMIT_MAX};
use ledger_core::Ledger;

/// How many accounts of a page, read from a bank after account `after`, are not as in `ledger`. Accounts that only one
/// of the two has count as well.
pub(crate) fn differing(ledger: &Ledger, after: Option<AccountId>, page: &AccountPage) -> u64 {
    // The last page also says that there are no more accounts.
    let expected = if page.next.is_none() { usize::from(PAGE_LIMIT_MAX) } else { page.accounts.len() };
    let records = ledger.accounts_after(after.map(AccountId::get), expected);
    // Sums that cannot be shown cannot have been shown by the bank either.
    let shown = ledger::accounts_shown(ledger, &records).unwrap_or_default();
    let equal = page.accounts.iter().zip(&shown).filter(|(bank, ours)| bank == ours).count();
    (page.accounts.len().max(records.len()) - equal) as u64
}

#[cfg(test)]
mod tests {
    use ids::Timestamp;
    use ledger_api::Account;
    use ledger_core::Operation;

    use super::*;

    const SHOWN: &str = r#"{"id":"ID","currency":"CZK","code":7,"flags":[],"user_data_128":"0","user_data_64":"0",
        "user_data_32":0,"debits_pending":"0.00","debits_posted":"DEBITS","credits_pending":"0.00",
        "credits_posted":"CREDITS","balance":"BALANCE","available":"BALANCE",
        "timestamp":"1970-01-01T00:00:00.00000000NZ"}"#;

    fn shown(id: &str, debits: &str, credits: &str, balance: &str, stamp: &str) -> Account {
        let json = SHOWN.replace("ID", id).replace("DEBITS", debits).replace("CREDITS", credits);
        serde_json::from_str(&json.replace("BALANCE", balance).replace('N', stamp)).unwrap()
    }

    /// Accounts 1 and 2, after 7.50 went from 1 to 2.
    fn ledger() -> Ledger {
        let mut ledger = Ledger::new();
        let account =
            |id| ledger_core::Account { id, ledger: 203, code: 7, ..ledger_core::Account::default() };
        let accounts = [account(1), account(2)].map(|account| account.as_bytes().to_vec()).concat();
        ledger.apply(Operation::CreateAccounts, Timestamp(2), &accounts, &mut Vec::new()).unwrap();
        let transfer = ledger_core::Transfer {
            id: 9,
            debit_account_id: 1,
            credit_account_id: 2,
            amount: 750,
            ledger: 203,
            code: 1,
            ..ledger_core::Transfer::default()
        };
        ledger.apply(Operation::CreateTransfers, Timestamp(3), transfer.as_bytes(), &mut Vec::new()).unwrap();
        ledger
    }

    fn page(accounts: Vec<Account>) -> AccountPage {
        AccountPage { accounts, next: None }
    }

    #[test]
    fn equal_accounts_are_equal_and_others_are_counted() {
        let ledger = ledger();
        let one = shown("1", "7.50", "0.00", "-7.50", "1");
        let two = shown("2", "0.00", "7.50", "7.50", "2");
        assert_eq!(differing(&ledger, None, &page(vec![one, two])), 0);
        for bad in [
            shown("1", "7.51", "0.00", "-7.50", "1"),
            shown("1", "7.50", "0.01", "-7.50", "1"),
            shown("1", "7.50", "0.00", "7.50", "1"),
            shown("1", "7.50", "0.00", "-7.50", "2"),
            shown("3", "7.50", "0.00", "-7.50", "1"),
            Account { code: 8, ..one },
            Account { currency: "USD".parse().unwrap(), ..one },
            Account { user_data_32: 1, ..one },
        ] {
            assert_eq!(differing(&ledger, None, &page(vec![bad, two])), 1, "{bad:?}");
        }
    }

    #[test]
    fn accounts_that_only_one_has_differ() {
        let ledger = ledger();
        let (one, two) = (shown("1", "7.50", "0.00", "-7.50", "1"), shown("2", "0.00", "7.50", "7.50", "2"));
        let after = |id| Some(AccountId::new(id).unwrap());
        assert_eq!(differing(&ledger, None, &page(vec![one])), 1, "the bank forgot account 2");
        assert_eq!(differing(&ledger, after(1), &page(vec![two])), 0);
        assert_eq!(differing(&ledger, after(1), &page(vec![two, one])), 1, "the bank invented one");
        assert_eq!(differing(&ledger, None, &page(vec![])), 2);
        let first_of_two = AccountPage { accounts: vec![one], next: after(1) };
        assert_eq!(differing(&ledger, None, &first_of_two), 0, "more pages follow");
    }
}
