//! `tongbao account …`.

use ledger_api::{Account, Direction, NewAccount};

use super::table::{Align, Table};
use super::{Bank, tree};
use crate::cli::AccountCommand;
use crate::output::Output;

pub(super) async fn run(bank: &Bank, command: AccountCommand, output: Output) -> anyhow::Result<()> {
    let client = bank.client()?;
    match command {
        AccountCommand::Open { id, currency, code, flags, above } => {
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
            // Opening again and placing again change nothing, so the command can be repeated until both are done.
            if above.is_some() {
                tree::place(&client, id, above).await?;
            }
            let word = if created.replayed { "was open already" } else { "is open" };
            output.result(&created.value, || format!("account {id} {word}"))
        }
        AccountCommand::Place { id, above } => {
            let outcome = tree::place(&client, id, above).await?;
            let word = if outcome.placed == 0 { "stands already" } else { "stands" };
            let place = above.map_or("below no other".to_owned(), |above| format!("below {above}"));
            output.result(&outcome, || format!("account {id} {word} {place}"))
        }
        AccountCommand::Tree { root, currency } => tree::tree(&client, root, currency, output).await,
        AccountCommand::Purposes { id, spent_on, paid_for } => {
            tree::purposes(&client, id, spent_on, paid_for, output).await
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
                    ("BOOKED", Align::Left),
                    ("VALUE", Align::Left),
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
                        entry.booking_date.to_string(),
                        entry.value_date.to_string(),
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
    let place = match (account.is_control, account.above) {
        (true, Some(above)) => format!("a control account, below {above}"),
        (true, None) => "a control account".to_owned(),
        (false, Some(above)) => format!("below {above}"),
        (false, None) => "below no other".to_owned(),
    };
    format!(
        "account {}, code {}, {}\n  balance    {:>20}\n  available  {:>20}\n  debits     {:>20} posted, {} pending\n  \
         credits    {:>20} posted, {} pending\n  rules      {flags}\n  place      {place}\n  opened     {}",
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
