//! `tongbao pay`.

use ids::TransferId;
use ledger_api::{NewPayment, PaymentFlag, PaymentFlags};

use super::Bank;
use crate::cli::PayArgs;
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

pub(super) async fn run(bank: &Bank, args: PayArgs, output: Output) -> anyhow::Result<()> {
    let client = bank.client()?;
    let id = match args.id {
        Some(id) => id,
        None => TransferId::from(clock::fresh_id()?),
    };
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
