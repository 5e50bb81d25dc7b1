//! `tongbao ledger changes`.

use std::time::Duration;

use client::{Client, ClientError, FeedMessage};
use ledger_api::Change;
use stdx::{Coded as _, Retry};

use crate::cli::ChangesArgs;
use crate::output::Output;

/// The rest between two attempts to go on. The gateway itself waits for a leader, so this is for a gateway that is gone.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);

pub(super) async fn run(client: &Client, args: &ChangesArgs, output: Output) -> anyhow::Result<()> {
    let mut changes = client.changes(args.query());
    if let Some(place) = args.after {
        changes = changes.after(place);
    }
    loop {
        match changes.next().await {
            Ok(Some(message)) => {
                if !print(&message, output)? {
                    return Ok(());
                }
            }
            Ok(None) if !args.follow => return Ok(()),
            Ok(None) => {}
            Err(error) if args.follow && error.retry() == Retry::Later => {
                output.note(&format!("{error}; trying again"));
                tokio::time::sleep(RETRY_INTERVAL).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Prints an event; false once nobody reads any more.
fn print(message: &FeedMessage, output: Output) -> anyhow::Result<bool> {
    if output.is_json() {
        return Ok(output.line(&message.json));
    }
    let event = message.event().map_err(|error| unreadable(&error))?;
    Ok(event.data.changes.iter().all(|change| output.line(&format!("{:<8} {}", message.place, told(change)))))
}

fn unreadable(error: &serde_json::Error) -> ClientError {
    let detail = format!("an event cannot be read: {error}").into();
    ClientError::UnexpectedAnswer { base: "the bank".to_owned(), status: 200, detail }
}

fn told(change: &Change) -> String {
    match change {
        Change::AccountCreated(account) => {
            format!("{}  account {} {}", account.timestamp, account.id, account.currency)
        }
        Change::TransferCreated(transfer) => format!(
            "{}  transfer {} {} > {} {} {} {}",
            transfer.timestamp,
            transfer.id,
            transfer.debit_account,
            transfer.credit_account,
            transfer.amount,
            transfer.currency,
            format!("{:?}", transfer.status).to_lowercase()
        ),
        Change::TransferExpired(expired) => format!(
            "{}  transfer {} {} > {} {} {} expired",
            expired.timestamp,
            expired.id,
            expired.debit_account,
            expired.credit_account,
            expired.amount,
            expired.currency
        ),
    }
}
