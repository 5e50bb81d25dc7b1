//! `tongbao interest …`.

use calendar::Date;
use client::{Client, ClientError};
use ledger_api::{
    InterestAccountPage, InterestAccountsQuery, InterestProduct, InterestProductPage, InterestProductsQuery,
    InterestRunOutcome, NewInterestAssignment, NewInterestRate, NewInterestRun,
};

use super::Bank;
use super::table::{Align, Table};
use crate::cli::{InterestCommand, RateArgs, percent};
use crate::error::AppError;
use crate::output::Output;

/// Accounts in one request of a run.
const ACCOUNTS_PER_REQUEST: u16 = 4_000;
/// Refusals that are kept to be told; all of them are counted.
const REFUSALS_MAX: usize = 100;

pub(super) async fn run(bank: &Bank, command: InterestCommand, output: Output) -> anyhow::Result<()> {
    let client = bank.client()?;
    match command {
        InterestCommand::Rate(args) => {
            let product = client.declare_interest_rate(&rate(&args)).await?;
            let word = if product.replayed { "was declared before" } else { "is declared" };
            output.result(&product.value, || {
                format!(
                    "product {}: {} percent from {} {word}",
                    args.product,
                    percent(args.percent),
                    args.from
                )
            })
        }
        InterestCommand::Products => {
            let page = products(&client).await?;
            output.result(&page, || product_table(&page.products))
        }
        InterestCommand::Assign { account, product, .. } => {
            let interest = client.assign_interest(account, &NewInterestAssignment { product }).await?;
            output.result(&interest, || match (interest.product, interest.since) {
                (Some(product), Some(since)) => {
                    format!("account {account} bears interest of product {product} since {since}")
                }
                _ => format!("account {account} bears no interest"),
            })
        }
        InterestCommand::Accounts { limit, after } => {
            let page = client.interest_accounts(&InterestAccountsQuery { after, limit: Some(limit) }).await?;
            output.result(&page, || account_table(&page))
        }
        InterestCommand::Accrue { through } => {
            let outcome = over_all(through, |run| {
                let client = client.clone();
                async move { client.accrue_interest(&run).await }
            })
            .await?;
            report(&outcome, "posted", through, output)
        }
        InterestCommand::Capitalise { through } => {
            let outcome = over_all(through, |run| {
                let client = client.clone();
                async move { client.capitalise_interest(&run).await }
            })
            .await?;
            report(&outcome, "paid", through, output)
        }
    }
}

fn rate(args: &RateArgs) -> NewInterestRate {
    NewInterestRate {
        product: args.product,
        contra_account: args.contra,
        accrued_account: args.accrued,
        code: args.code,
        side: args.side(),
        day_count: args.day_count,
        rounding: args.rounding(),
        remainder: args.remainder(),
        from: args.from,
        rate_ppm: args.percent,
    }
}

async fn products(client: &Client) -> Result<InterestProductPage, ClientError> {
    let mut page = InterestProductPage { products: Vec::new(), next: None };
    loop {
        let query = InterestProductsQuery { after: page.next, limit: Some(1_000) };
        let more = client.interest_products(&query).await?;
        page.products.extend(more.products);
        page.next = more.next;
        if page.next.is_none() {
            return Ok(page);
        }
    }
}

fn product_table(products: &[InterestProduct]) -> String {
    if products.is_empty() {
        return "no interest products are declared".to_owned();
    }
    let mut table = Table::new(&[
        ("PRODUCT", Align::Right),
        ("FROM", Align::Left),
        ("PERCENT", Align::Right),
        ("DAY COUNT", Align::Left),
        ("CONTRA", Align::Left),
        ("ACCRUED", Align::Left),
        ("CODE", Align::Right),
    ]);
    for product in products {
        for rate in &product.rates {
            table.row([
                product.product.to_string(),
                rate.from.to_string(),
                percent(rate.rate_ppm),
                product.day_count.to_string(),
                product.contra_account.to_string(),
                product.accrued_account.to_string(),
                product.code.to_string(),
            ]);
        }
    }
    table.to_string()
}

fn account_table(page: &InterestAccountPage) -> String {
    if page.accounts.is_empty() && page.next.is_none() {
        return "no accounts bear interest".to_owned();
    }
    let mut table = Table::new(&[
        ("ACCOUNT", Align::Left),
        ("PRODUCT", Align::Right),
        ("SINCE", Align::Left),
        ("POSTED THROUGH", Align::Left),
        ("POSTED, NOT PAID", Align::Right),
        ("CURRENCY", Align::Left),
    ]);
    let day = |date: Option<Date>| date.map_or("–".to_owned(), |date| date.to_string());
    for interest in &page.accounts {
        table.row([
            interest.account.to_string(),
            interest.product.map_or(String::new(), |product| product.to_string()),
            day(interest.since),
            day(interest.accrued_through),
            interest.accrued.to_string(),
            interest.currency.to_string(),
        ]);
    }
    let more = page.next.map_or(String::new(), |next| format!("\nmore: --after {next}"));
    format!("{table}{more}")
}

/// Sends a run request by request until all accounts are through. What was done stays done, so after a failure the command
/// is simply given again.
async fn over_all<F>(
    through: Date,
    send: impl Fn(NewInterestRun) -> F,
) -> Result<InterestRunOutcome, ClientError>
where
    F: Future<Output = Result<InterestRunOutcome, ClientError>>,
{
    let mut all = InterestRunOutcome { done: 0, unchanged: 0, refused: Vec::new(), next: None };
    loop {
        let part =
            send(NewInterestRun { through, after: all.next, limit: Some(ACCOUNTS_PER_REQUEST) }).await?;
        all.done += part.done;
        all.unchanged += part.unchanged;
        all.refused.extend(part.refused);
        all.next = part.next;
        if all.next.is_none() {
            return Ok(all);
        }
    }
}

fn report(outcome: &InterestRunOutcome, word: &str, through: Date, output: Output) -> anyhow::Result<()> {
    output.result(outcome, || {
        let refused = outcome
            .refused
            .iter()
            .take(REFUSALS_MAX)
            .map(|refused| format!("\n  account {}: {} ({})", refused.id, refused.status, refused.code));
        format!(
            "interest through {through}: {word} for {} accounts, done before for {}, refused for {}{}",
            outcome.done,
            outcome.unchanged,
            outcome.refused.len(),
            refused.collect::<String>()
        )
    })?;
    if outcome.refused.is_empty() {
        return Ok(());
    }
    Err(AppError::Outcome("the interest of some accounts was refused".to_owned()).into())
}
