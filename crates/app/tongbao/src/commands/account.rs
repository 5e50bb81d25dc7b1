//! `tongbao account …`.

use ledger_api::{Account, Direction, NewAccount};

use super::Bank;
use super::table::{Align, Table};
use crate::cli::AccountCommand;
use crate::output::Output;

pub(super) async fn run(bank: &Bank, command: AccountCommand, output: Output) -> anyhow::Result<()> {
    let client = bank.client()?;
    match command {
        AccountCommand::Open { id, currency, code, flags } => {
            let account = NewAccount {
                id,
                currency,
                code,
                flags: flags.into_iter().collect(),
                user_data_128: Default::default(),
                user_data_64: Default::default(),
                user_data_32: 0,
                timestamp: None,
            };
            let created = client.create_account(&account).await?;
            let word = if created.replayed { "was open already" } else { "is open" };
            output.result(&created.value, || format!("account {id} {word}"))
        }
        AccountCommand::Show { id } => {
            let account = client.account(id).await?;
            output.result(&account, || describe(&account))
        }
        AccountCommand::Statement { id, limit, before } => {
            let page = client.statement(id, before.as_ref(), Some(limit)).await?;
            output.result(&page, || {
                let mut table = Table::new(&[
                    ("TIME", Align::Left),
                    ("PAYMENT", Align::Left),
                    ("COUNTERPARTY", Align::Left),
                    ("AMOUNT", Align::Right),
                    ("BALANCE", Align::Right),
                    ("STATUS", Align::Left),
                ]);
                for entry in &page.entries {
                    let sign = if entry.direction == Direction::Debit { "-" } else { "" };
                    table.row([
                        entry.timestamp.to_string(),
                        entry.payment.to_string(),
                        entry.counterparty.to_string(),
                        format!("{sign}{}", entry.amount),
                        entry.balance.to_string(),
                        format!("{:?}", entry.status).to_lowercase(),
                    ]);
                }
                let next =
                    page.next.as_ref().map_or(String::new(), |next| format!("\nmore: --before {next}"));
                format!("account {}, {}\n\n{table}{next}", page.account, page.currency)
            })
        }
        AccountCommand::List { limit, after } => {
            let page = client.accounts(after, Some(limit)).await?;
            output.result(&page, || {
                let mut table = Table::new(&[
                    ("ACCOUNT", Align::Left),
                    ("CODE", Align::Right),
                    ("BALANCE", Align::Right),
                    ("AVAILABLE", Align::Right),
                    ("CURRENCY", Align::Left),
                ]);
                for account in &page.accounts {
                    table.row([
                        account.id.to_string(),
                        account.code.to_string(),
                        account.balance.to_string(),
                        account.available.to_string(),
                        account.currency.to_string(),
                    ]);
                }
                let next = page.next.map_or(String::new(), |next| format!("\nmore: --after {next}"));
                format!("{table}{next}")
            })
        }
    }
}

pub(super) fn describe(account: &Account) -> String {
    let flags: Vec<String> = account.flags.iter().map(|flag| format!("{flag:?}")).collect();
    let flags = if flags.is_empty() { "none".to_owned() } else { flags.join(", ") };
    format!(
        "account {}, code {}, {}\n  balance    {:>20}\n  available  {:>20}\n  debits     {:>20} posted, {} pending\n  \
         credits    {:>20} posted, {} pending\n  rules      {flags}\n  opened     {}",
        account.id,
        account.code,
        account.currency,
        account.balance.to_string(),
        account.available.to_string(),
        account.debits_posted.to_string(),
        account.debits_pending,
        account.credits_posted.to_string(),
        account.credits_pending,
        account.timestamp,
    )
}
