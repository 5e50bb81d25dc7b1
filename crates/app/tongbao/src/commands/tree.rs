//! `tongbao account place`, `account tree` and `account purposes`.

use std::num::NonZeroU16;

use client::Client;
use ids::AccountId;
use ledger_api::{AccountTree, Placement, PlacementBatch, PlacementBatchOutcome, Purposes, TreeQuery, Unit};
use problem::Problem;
use stdx::Retry;

use super::table::{Align, Table};
use crate::output::Output;

/// Pages of the tree that are read: more control accounts there cannot be.
const PAGES_MAX: usize = 1_000;

/// Puts one account below another, or below none. A refusal of the ledger is told as one.
pub(super) async fn place(
    client: &Client,
    account: AccountId,
    above: Option<AccountId>,
) -> anyhow::Result<PlacementBatchOutcome> {
    let batch = PlacementBatch { placements: vec![Placement { account, above }] };
    let outcome = client.place_accounts(&batch).await?;
    match outcome.refused.first() {
        None => Ok(outcome),
        Some(refused) => {
            let status =
                ledger_core::DeclarationStatus::ALL.iter().find(|known| known.name() == refused.status);
            let (message, hint) =
                status.map_or((refused.status.as_ref(), ""), |status| (status.message(), status.hint()));
            let problem = Problem::from_parts(422, &refused.code, message, hint, Retry::Never);
            Err(client::ClientError::Refused(Box::new(problem.titled(&refused.status))).into())
        }
    }
}

pub(super) async fn tree(
    client: &Client,
    root: Option<AccountId>,
    currency: Option<Unit>,
    output: Output,
) -> anyhow::Result<()> {
    let mut query = TreeQuery { root, currency, after: None, limit: None };
    let mut tree = client.account_tree(&query).await?;
    for _ in 1..PAGES_MAX {
        let Some(next) = tree.next.take() else { break };
        query.after = Some(next);
        let more = client.account_tree(&query).await?;
        tree.controls.extend(more.controls);
        (tree.next, tree.seq) = (more.next, more.seq);
    }
    output.result(&tree, || drawn(&tree))
}

fn drawn(tree: &AccountTree) -> String {
    if tree.controls.is_empty() {
        return "no control accounts; make one with `tongbao account place ID --above ID`".to_owned();
    }
    let mut table = Table::new(&[
        ("CONTROL ACCOUNT", Align::Left),
        ("CODE", Align::Right),
        ("ACCOUNTS", Align::Right),
        ("DEBITS", Align::Right),
        ("CREDITS", Align::Right),
        ("BALANCE", Align::Right),
        ("CURRENCY", Align::Left),
    ]);
    for control in &tree.controls {
        table.row([
            format!("{}{}", "  ".repeat(control.depth.into()), control.id),
            control.code.to_string(),
            control.accounts.to_string(),
            control.debits_posted.to_string(),
            control.credits_posted.to_string(),
            control.balance.to_string(),
            control.currency.to_string(),
        ]);
    }
    table.to_string()
}

/// Shows the purposes of an account, after replacing those lists that are given.
pub(super) async fn purposes(
    client: &Client,
    id: AccountId,
    spent_on: Option<Vec<NonZeroU16>>,
    paid_for: Option<Vec<NonZeroU16>>,
    output: Output,
) -> anyhow::Result<()> {
    let mut purposes = client.purposes(id).await?;
    if spent_on.is_some() || paid_for.is_some() {
        let said = Purposes {
            spent_on: spent_on.unwrap_or(purposes.spent_on),
            paid_for: paid_for.unwrap_or(purposes.paid_for),
        };
        purposes = client.set_purposes(id, &said).await?;
    }
    output.result(&purposes, || {
        let list = |purposes: &[NonZeroU16], none: &str| {
            let numbers: Vec<String> = purposes.iter().map(ToString::to_string).collect();
            if numbers.is_empty() { none.to_owned() } else { numbers.join(", ") }
        };
        format!(
            "account {id}\n  spent on  {}\n  paid for  {}",
            list(&purposes.spent_on, "anything"),
            list(&purposes.paid_for, "no purpose in particular")
        )
    })
}
