//! `tongbao pay`.

use ids::TransferId;
use ledger_api::NewPayment;

use super::Bank;
use crate::cli::PayArgs;
use crate::clock;
use crate::output::Output;

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
        flags: Default::default(),
        pending_id: None,
        timeout: 0,
        user_data_128: Default::default(),
        user_data_64: Default::default(),
        user_data_32: 0,
    };
    let paid = client.pay(&payment).await?;
    let word = if paid.replayed { "was made before" } else { "is made" };
    output.result(&paid.value, || {
        format!("payment {id} {word}: {} {} from {} to {}", args.amount, args.currency, args.from, args.to)
    })
}
