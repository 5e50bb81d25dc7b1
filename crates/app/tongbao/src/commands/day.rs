//! `tongbao day …`.

use ledger_api::{DayPage, DayTrialBalance, DaysQuery, NewDayCut};

use super::Bank;
use super::ledger::{currencies_table, unbalanced, verdict};
use super::table::{Align, Table};
use crate::cli::DayCommand;
use crate::output::Output;

pub(super) async fn run(bank: &Bank, command: DayCommand, output: Output) -> anyhow::Result<()> {
    let client = bank.client()?;
    match command {
        DayCommand::Open { date } => {
            let cut = client.cut_day(&NewDayCut { closes: None, opens: date }).await?;
            let word = if cut.replayed { "was open before" } else { "is open" };
            output.result(&cut.value, || format!("business day {date} {word}"))
        }
        DayCommand::Close { date, next } => {
            let cut = client.cut_day(&NewDayCut { closes: Some(date), opens: next }).await?;
            let word = if cut.replayed { "has ended before" } else { "has ended" };
            output.result(&cut.value, || {
                let digest = cut.value.closed.map_or(String::new(), |day| {
                    format!("\ntrial balance  {}\npayments       {}", day.digest, day.transfers)
                });
                format!("business day {date} {word}; {next} is open{digest}")
            })
        }
        DayCommand::List { limit, before } => {
            let page = client.days(&DaysQuery { before, limit: Some(limit) }).await?;
            output.result(&page, || days(&page))
        }
        DayCommand::TrialBalance { date } => {
            let balance = client.day_trial_balance(date).await?;
            output.result(&balance, || trial_balance(&balance))?;
            if balance.balanced { Ok(()) } else { Err(unbalanced().into()) }
        }
    }
}

fn days(page: &DayPage) -> String {
    let open = match page.open {
        Some(date) => format!("business day {date} is open"),
        None => "the bank keeps no business days; begin with `tongbao day open DATE`".to_owned(),
    };
    if page.days.is_empty() {
        return open;
    }
    let mut table = Table::new(&[
        ("DAY", Align::Left),
        ("ENDED", Align::Left),
        ("PAYMENTS", Align::Right),
        ("TRIAL BALANCE", Align::Left),
    ]);
    for day in &page.days {
        table.row([
            day.date.to_string(),
            day.ended_at.to_string(),
            day.transfers.to_string(),
            day.digest.to_string(),
        ]);
    }
    let more = page.next.map_or(String::new(), |next| format!("\nmore: --before {next}"));
    format!("{open}\n\n{table}{more}")
}

fn trial_balance(balance: &DayTrialBalance) -> String {
    let day = &balance.day;
    format!(
        "business day {}, ended at {}\n\n{}\n{}\ndigest {}",
        day.date,
        day.ended_at,
        currencies_table(&balance.currencies),
        verdict(balance.balanced),
        day.digest
    )
}
