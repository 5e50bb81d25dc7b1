//! `tongbao pay`, `tongbao reverse` and `tongbao hold …`.

use ids::TransferId;
use ledger_api::{NewPayment, NewReversal, NewSpending, PaymentFlag, PaymentFlags};

use super::Bank;
use crate::cli::{HoldCommand, PayArgs, ReverseArgs};
use crate::clock;
use crate::output::Output;

fn flags(args: &PayArgs) -> PaymentFlags {
    let chosen = [
        (args.pending, PaymentFlag::Pending),
        (args.post.is_some(), PaymentFlag::PostPendingTransfer),
        (args.void.is_some(), PaymentFlag::VoidPendingTransfer),
    ];
    chosen.into_iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| flag).collect()
}

/// The id that was given, or a new one.
fn or_fresh(id: Option<TransferId>) -> anyhow::Result<TransferId> {
    match id {
        Some(id) => Ok(id),
        None => Ok(TransferId::from(clock::fresh_id()?)),
    }
}

pub(super) async fn run(bank: &Bank, args: PayArgs, output: Output) -> anyhow::Result<()> {
    let client = bank.client()?;
    let id = or_fresh(args.id)?;
    let payment = NewPayment {
        id,
        debit_account: args.from,
        credit_account: args.to,
        amount: args.amount,
        currency: args.currency,
        code: args.code,
        flags: flags(&args),
        pending_id: args.post.or(args.void),
        timeout: args.timeout,
        user_data_128: Default::default(),
        user_data_64: Default::default(),
        user_data_32: 0,
        timestamp: None,
        value_date: args.value_date,
        purpose: args.purpose,
        reverses: None,
    };
    let paid = client.pay(&payment).await?;
    let word = match (paid.replayed, args.pending, args.void) {
        (true, ..) => "was made before",
        (_, true, _) => "is reserved",
        (_, _, Some(_)) => "voids the reservation",
        _ => "is made",
    };
    output.result(&paid.value, || {
        format!("payment {id} {word}: {} {} from {} to {}", args.amount, args.currency, args.from, args.to)
    })
}

pub(super) async fn reverse(bank: &Bank, args: ReverseArgs, output: Output) -> anyhow::Result<()> {
    let reversal = NewReversal {
        id: or_fresh(args.id)?,
        code: args.code,
        value_date: args.value_date,
        user_data_128: Default::default(),
        user_data_64: Default::default(),
        user_data_32: 0,
    };
    let made = bank.client()?.reverse(args.payment, &reversal).await?;
    let word = if made.replayed { "was taken back before" } else { "is taken back" };
    output.result(&made.value, || format!("payment {} {word} by payment {}", args.payment, reversal.id))
}

pub(super) async fn hold(bank: &Bank, command: HoldCommand, output: Output) -> anyhow::Result<()> {
    let HoldCommand::Spend(args) = command;
    let spending = NewSpending {
        id: or_fresh(args.id)?,
        credit_account: args.to,
        amount: args.amount,
        currency: args.currency,
        purpose: args.purpose,
        code: args.code,
        keep_rest: args.keep_rest,
        rest_timeout: args.rest_timeout,
    };
    let spent = bank.client()?.spend_hold(args.hold, &spending).await?;
    let word = if spent.replayed { "was spent before" } else { "is spent" };
    let rest = spent.value.rest.map_or(String::new(), |rest| {
        format!("; {} {} are held again as {rest}", spent.value.rest_amount, args.currency)
    });
    output.result(&spent.value, || {
        format!("hold {} {word}: {} {} to {}{rest}", args.hold, args.amount, args.currency, args.to)
    })
}
