//! `tongbao ledger …`.

use std::fmt::Display;

use client::Client;
use ids::Timestamp;
use ledger_api::{
    AccountPage, BalancePage, Payment, PendingPage, TransferPage, TrialBalance, TrialBalanceCurrency,
    TrialBalanceQuery, TrialBalanceSums, Unit,
};
use serde::Serialize;

use super::Bank;
use super::changes;
use super::table::{Align, Table};
use crate::cli::LedgerCommand;
use crate::error::AppError;
use crate::output::Output;

/// A search looks at so many records a page, so a page may be short. This many pages are read to fill one.
const PAGES_MAX: usize = 1_000;

pub(super) async fn run(bank: &Bank, command: LedgerCommand, output: Output) -> anyhow::Result<()> {
    let client = bank.client()?;
    match command {
        LedgerCommand::Accounts(args) => {
            let mut query = args.query();
            let mut page = AccountPage { accounts: Vec::new(), next: None };
            for _ in 0..PAGES_MAX {
                let more = client.search_accounts(&query).await?;
                page.accounts.extend(more.accounts);
                page.next = more.next;
                query.after = more.next;
                query.limit = left(args.limit, page.accounts.len());
                if page.next.is_none() || query.limit.is_none() {
                    break;
                }
            }
            output.result(&page, || accounts(&page))
        }
        LedgerCommand::Transfers(args) => {
            let page = transfers(&client, &args).await?;
            output
                .result(&page, || format!("{}{}", transfer_table(&page.transfers), more(page.next.as_ref())))
        }
        LedgerCommand::Pending(args) => {
            let mut query = args.query();
            let mut page = client.pending(&query).await?;
            for _ in 1..PAGES_MAX {
                query.limit = left(args.limit, page.pending.len());
                if page.next.is_none() || query.limit.is_none() {
                    break;
                }
                query.after = page.next.take();
                let further = client.pending(&query).await?;
                page.pending.extend(further.pending);
                (page.next, page.now) = (further.next, further.now);
            }
            output.result(&page, || pending(&page))
        }
        LedgerCommand::Balances { account, filter } => {
            let page = client.account_balances(account, &filter.account_query(None)).await?;
            output.result(&page, || balances(&page))
        }
        LedgerCommand::TrialBalance { currency } => {
            let balance = client.trial_balance(&TrialBalanceQuery { currency }).await?;
            output.result(&balance, || trial_balance(&balance))?;
            if balance.balanced { Ok(()) } else { Err(unbalanced().into()) }
        }
        LedgerCommand::Changes(args) => changes::run(&client, &args, output).await,
        LedgerCommand::Lookup { id } => lookup(&client, id, output).await,
    }
}

pub(super) fn unbalanced() -> AppError {
    AppError::Outcome("debits and credits differ: stop the bank and keep its journal".to_owned())
}

/// What is left of `limit`; `None` if nothing.
fn left(limit: u16, found: usize) -> Option<u16> {
    let left = usize::from(limit).saturating_sub(found);
    u16::try_from(left).ok().filter(|left| *left > 0)
}

async fn transfers(client: &Client, args: &crate::cli::TransfersArgs) -> anyhow::Result<TransferPage> {
    let mut page = TransferPage { transfers: Vec::new(), next: args.filter.after.clone() };
    for _ in 0..PAGES_MAX {
        let Some(limit) = left(args.filter.limit, page.transfers.len()) else { break };
        let after = page.next.take();
        let found = match args.account {
            Some(account) => {
                let query = args.filter.account_query(args.side.map(Into::into));
                client
                    .account_transfers(
                        account,
                        &ledger_api::AccountTransfersQuery { after, limit: Some(limit), ..query },
                    )
                    .await?
            }
            None => {
                let query = args.filter.query(args.currency);
                client
                    .search_transfers(&ledger_api::TransfersQuery { after, limit: Some(limit), ..query })
                    .await?
            }
        };
        page.transfers.extend(found.transfers);
        page.next = found.next;
        if page.next.is_none() {
            break;
        }
    }
    Ok(page)
}

fn more(next: Option<&impl Display>) -> String {
    next.map_or(String::new(), |next| format!("\nmore: --after {next}"))
}

fn accounts(page: &AccountPage) -> String {
    let mut table = Table::new(&[
        ("ACCOUNT", Align::Left),
        ("CURRENCY", Align::Left),
        ("CODE", Align::Right),
        ("DEBITS", Align::Right),
        ("CREDITS", Align::Right),
        ("PENDING OUT", Align::Right),
        ("PENDING IN", Align::Right),
        ("BALANCE", Align::Right),
        ("OPENED", Align::Left),
    ]);
    for account in &page.accounts {
        table.row([
            account.id.to_string(),
            account.currency.to_string(),
            account.code.to_string(),
            account.debits_posted.to_string(),
            account.credits_posted.to_string(),
            account.debits_pending.to_string(),
            account.credits_pending.to_string(),
            account.balance.to_string(),
            account.timestamp.to_string(),
        ]);
    }
    format!("{table}{}", more(page.next.as_ref()))
}

fn transfer_table(transfers: &[Payment]) -> Table {
    let mut table = Table::new(&[
        ("TIME", Align::Left),
        ("VALUE", Align::Left),
        ("TRANSFER", Align::Left),
        ("FROM", Align::Left),
        ("TO", Align::Left),
        ("AMOUNT", Align::Right),
        ("CURRENCY", Align::Left),
        ("CODE", Align::Right),
        ("STATUS", Align::Left),
    ]);
    for transfer in transfers {
        table.row([
            transfer.timestamp.to_string(),
            transfer.value_date.to_string(),
            transfer.id.to_string(),
            transfer.debit_account.to_string(),
            transfer.credit_account.to_string(),
            transfer.amount.to_string(),
            transfer.currency.to_string(),
            transfer.code.to_string(),
            name(&transfer.status),
        ]);
    }
    table
}

/// The name that a value has in JSON.
fn name(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

fn pending(page: &PendingPage) -> String {
    if page.pending.is_empty() && page.next.is_none() {
        return "nothing is held".to_owned();
    }
    let mut table = Table::new(&[
        ("MADE", Align::Left),
        ("HOLD", Align::Left),
        ("FROM", Align::Left),
        ("TO", Align::Left),
        ("AMOUNT", Align::Right),
        ("CURRENCY", Align::Left),
        ("CODE", Align::Right),
        ("TIME LEFT", Align::Right),
    ]);
    for hold in &page.pending {
        table.row([
            hold.timestamp.to_string(),
            hold.id.to_string(),
            hold.debit_account.to_string(),
            hold.credit_account.to_string(),
            hold.amount.to_string(),
            hold.currency.to_string(),
            hold.code.to_string(),
            hold.expires_at.map_or("never expires".to_owned(), |end| time_left(page.now, end)),
        ]);
    }
    format!("{table}{}", more(page.next.as_ref()))
}

/// `3 d 04:05:06`.
fn time_left(now: Timestamp, end: Timestamp) -> String {
    let seconds = end.0.saturating_sub(now.0) / Timestamp::NS_PER_S;
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    match seconds / 86_400 {
        0 => clock,
        days => format!("{days} d {clock}"),
    }
}

fn balances(page: &BalancePage) -> String {
    let mut table = Table::new(&[
        ("TIME", Align::Left),
        ("AFTER TRANSFER", Align::Left),
        ("DEBITS", Align::Right),
        ("CREDITS", Align::Right),
        ("PENDING OUT", Align::Right),
        ("PENDING IN", Align::Right),
        ("BALANCE", Align::Right),
        ("AVAILABLE", Align::Right),
    ]);
    for after in &page.balances {
        table.row([
            after.timestamp.to_string(),
            after.transfer.to_string(),
            after.debits_posted.to_string(),
            after.credits_posted.to_string(),
            after.debits_pending.to_string(),
            after.credits_pending.to_string(),
            after.balance.to_string(),
            after.available.to_string(),
        ]);
    }
    format!("account {}, {}\n\n{table}{}", page.account, page.currency, more(page.next.as_ref()))
}

fn trial_balance(balance: &TrialBalance) -> String {
    let (table, verdict) = (currencies_table(&balance.currencies), verdict(balance.balanced));
    format!("at batch {}, {}: {verdict}\n\n{table}", balance.seq, balance.timestamp)
}

/// The lines of a trial balance.
pub(super) fn currencies_table(currencies: &[TrialBalanceCurrency]) -> Table {
    let mut table = Table::new(&[
        ("CURRENCY", Align::Left),
        ("CODE", Align::Right),
        ("ACCOUNTS", Align::Right),
        ("DEBITS", Align::Right),
        ("CREDITS", Align::Right),
        ("PENDING DEBITS", Align::Right),
        ("PENDING CREDITS", Align::Right),
        ("BALANCE", Align::Right),
    ]);
    let row = |unit: Unit, code: String, sums: &TrialBalanceSums| {
        [
            unit.to_string(),
            code,
            sums.accounts.to_string(),
            sums.debits_posted.to_string(),
            sums.credits_posted.to_string(),
            sums.debits_pending.to_string(),
            sums.credits_pending.to_string(),
            sums.balance.to_string(),
        ]
    };
    for currency in currencies {
        for code in &currency.codes {
            table.row(row(currency.currency, code.code.to_string(), &code.sums));
        }
        table.row(row(currency.currency, "total".to_owned(), &currency.total));
    }
    table
}

/// Whether debits equal credits, for people.
pub(super) fn verdict(is_balanced: bool) -> &'static str {
    if is_balanced { "debits equal credits" } else { "DEBITS AND CREDITS DIFFER" }
}

/// An id names an account, a transfer, or one of each.
async fn lookup(client: &Client, id: ids::Id, output: Output) -> anyhow::Result<()> {
    let account = found(client.account(ids::AccountId::from(id)).await)?;
    let transfer = found(client.payment(ids::TransferId::from(id)).await)?;
    if account.is_none() && transfer.is_none() {
        return Err(AppError::Outcome(format!("no account and no transfer has the id {id}")).into());
    }
    let both = serde_json::json!({ "account": account, "transfer": transfer });
    output.result(&both, || {
        let account = account.iter().map(super::account::describe);
        let transfer = transfer.iter().map(|transfer| transfer_table(&[*transfer]).to_string());
        account.chain(transfer).collect::<Vec<_>>().join("\n\n")
    })
}

/// What is not there is no error here.
fn found<T>(answer: Result<T, client::ClientError>) -> Result<Option<T>, client::ClientError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.problem().is_some_and(|problem| problem.status == 404) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_readable_and_never_negative() {
        let left = |from: u64, to: u64| {
            time_left(Timestamp(from * Timestamp::NS_PER_S), Timestamp(to * Timestamp::NS_PER_S))
        };
        assert_eq!(left(0, 59), "00:00:59");
        assert_eq!(left(10, 10 + 3 * 86_400 + 4 * 3_600 + 5 * 60 + 6), "3 d 04:05:06");
        assert_eq!(left(9, 3), "00:00:00");
    }

    #[test]
    fn a_limit_is_filled_from_several_pages() {
        assert_eq!((left(5, 0), left(5, 3), left(5, 5), left(5, 9)), (Some(5), Some(2), None, None));
    }
}
