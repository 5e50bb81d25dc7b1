//! The tree of accounts.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Request, State};
use ids::AccountId;
use ledger_api::{
    AccountPage, AccountTree, BelowQuery, ControlAccount, Placement, PlacementBatch, PlacementBatchOutcome,
    Refused, TreeQuery, Units,
};
use ledger_core::{ControlAccount as Control, DeclarationStatus, Ledger, Operation};
use problem::Problem;

use super::accounts::ledger;
use super::{Api, PathId, Query, json, page_limit};
use crate::convert::{self, PlacedAccount};
use crate::error::ApiError;

const CONTROLS_PER_PAGE: u16 = 1_000;
const ACCOUNTS_PER_PAGE: u16 = 100;

/// The place of an account, and the sums below it if it is a control account.
pub(super) struct Seen {
    record: ledger_core::Account,
    above: Option<u128>,
    control: Option<Control>,
}

/// `records` with their places. Costs a walk over all control accounts if one of them is a control account.
pub(super) fn seen(ledger: &Ledger, records: &[ledger_core::Account]) -> Vec<Seen> {
    let is_any_control = records.iter().any(|record| ledger.is_control(record.id));
    let controls = if is_any_control { ledger.control_accounts() } else { Vec::new() };
    let mut controls: BTreeMap<u128, Control> =
        controls.into_iter().map(|control| (control.account.id, control)).collect();
    let see = |record: &ledger_core::Account| Seen {
        record: *record,
        above: ledger.control_of(record.id),
        control: controls.remove(&record.id),
    };
    records.iter().map(see).collect()
}

impl Seen {
    /// The account with the sums that it shows.
    pub(super) fn placed(&self, units: &Units) -> Result<PlacedAccount, ApiError> {
        let record = match &self.control {
            Some(control) => convert::control_record(&self.record, &control.line, units)?,
            None => self.record,
        };
        Ok(PlacedAccount { record, is_control: self.control.is_some(), above: self.above })
    }
}

/// Accounts as the API shows them.
pub(super) fn shown(seen: &[Seen], units: &Units) -> Result<Vec<ledger_api::Account>, ApiError> {
    seen.iter().map(|seen| Ok(convert::account(&seen.placed(units)?, units))).collect()
}

fn placement(placement: &Placement) -> ledger_core::Placement {
    ledger_core::Placement {
        account: placement.account.get(),
        control: placement.above.map_or(0, AccountId::get),
        reserved: [0; 96],
    }
}

/// Puts up to 8,190 accounts below control accounts, in order. What stands below an account makes it a control account: it
/// shows the sum of all accounts below it, and takes no postings.
#[utoipa::path(
    post, path = "/v1/accounts/placements", operation_id = "placeAccounts", tag = "bank", request_body = PlacementBatch,
    responses(
        (status = 200, description = "What became of each placement", body = PlacementBatchOutcome),
        (status = "default", description = "Nothing was done", body = Problem),
    )
)]
pub(super) async fn place(
    State(api): State<Api>,
    request: Request,
) -> Result<Json<PlacementBatchOutcome>, ApiError> {
    let batch: PlacementBatch = json(request).await?;
    let body = batch.placements.iter().flat_map(|said| placement(said).as_bytes().to_vec()).collect();
    let statuses = api.declare(Operation::PlaceAccounts, body).await?;
    let mut outcome = PlacementBatchOutcome::default();
    for (index, (said, status)) in (0..).zip(batch.placements.iter().zip(statuses)) {
        match status {
            DeclarationStatus::Created => outcome.placed += 1,
            DeclarationStatus::Exists => outcome.unchanged += 1,
            status => outcome.refused.push(Refused {
                index,
                id: said.account.into(),
                status: status.name().into(),
                code: status.code().unwrap_or_default().into(),
            }),
        }
    }
    Ok(Json(outcome))
}

/// Shows the control accounts with the sums below them, each right before those below it.
#[utoipa::path(
    get, path = "/v1/accounts/tree", operation_id = "getAccountTree", tag = "bank", params(TreeQuery),
    responses(
        (status = 200, description = "A page of the tree", body = AccountTree),
        (status = 404, description = "No such account", body = Problem),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn tree(
    State(api): State<Api>,
    Query(query): Query<TreeQuery>,
) -> Result<Json<AccountTree>, ApiError> {
    let limit = page_limit(query.limit, CONTROLS_PER_PAGE)?;
    let asked = api.with_units(|units| convert::ledger_asked(query.currency, units)).await?;
    let root = query.root.map(AccountId::get);
    let turn = api.turn().await;
    let look = move |replica: &mut shard::Replica<_>| {
        let ledger = ledger(replica);
        let is_known = root.is_none_or(|root| ledger.account(root).is_some());
        (is_known.then(|| ledger.control_accounts()), replica.seq().0)
    };
    let ((controls, seq), units) = api.look(look).await?;
    drop(turn);
    let controls = match (controls, query.root) {
        (Some(controls), _) => controls,
        (None, Some(root)) => return Err(ApiError::NoAccount(root)),
        (None, None) => Vec::new(),
    };
    let mut rows = in_tree_order(&controls, root);
    rows.retain(|(_, control)| asked == 0 || control.account.ledger == asked);
    let first = match query.after.map(AccountId::get) {
        None => 0,
        Some(after) => {
            rows.iter().position(|(_, control)| control.account.id == after).map_or(rows.len(), |at| at + 1)
        }
    };
    let page = &rows[first..rows.len().min(first + limit)];
    let is_more = first + limit < rows.len();
    let last = page.last().filter(|_| is_more).map(|(_, control)| convert::account_id(control.account.id));
    let shown = page.iter().map(|(depth, control)| control_account(*depth, control, &units));
    Ok(Json(AccountTree { seq, controls: shown.collect::<Result<_, _>>()?, next: last }))
}

/// Each control account right before those below it, with how many stand above it; from `root` on, or from all that have
/// none above them.
fn in_tree_order(controls: &[Control], root: Option<u128>) -> Vec<(u8, &Control)> {
    let mut below: BTreeMap<Option<u128>, Vec<&Control>> = BTreeMap::new();
    for control in controls {
        below.entry(control.above).or_default().push(control);
    }
    let mut rows = Vec::new();
    let mut next: Vec<(u8, &Control)> = match root {
        None => below.get(&None).into_iter().flatten().rev().map(|control| (0, *control)).collect(),
        Some(root) => {
            controls.iter().filter(|control| control.account.id == root).map(|root| (0, root)).collect()
        }
    };
    while let Some((depth, control)) = next.pop() {
        rows.push((depth, control));
        let children = below.get(&Some(control.account.id)).into_iter().flatten();
        next.extend(children.rev().map(|child| (depth + 1, *child)));
    }
    rows
}

fn control_account(depth: u8, control: &Control, units: &Units) -> Result<ControlAccount, ApiError> {
    let of = units.of_ledger(control.account.ledger);
    let sums = convert::sums(&control.line, &of).ok_or(ApiError::SumTooLarge { unit: of.unit })?;
    Ok(ControlAccount {
        id: convert::account_id(control.account.id),
        currency: of.unit,
        code: control.account.code,
        depth,
        above: control.above.map(convert::account_id),
        below: control.below,
        accounts: control.line.accounts,
        debits_pending: sums.debits_pending,
        debits_posted: sums.debits_posted,
        credits_pending: sums.credits_pending,
        credits_posted: sums.credits_posted,
        balance: sums.balance,
    })
}

/// Lists the accounts directly below a control account, the oldest first. A page may be short of its limit, even empty, and
/// still have a next one.
#[utoipa::path(
    get, path = "/v1/accounts/{id}/below", operation_id = "listAccountsBelow", tag = "bank",
    params(("id" = ledger_api::IdText, Path), BelowQuery),
    responses(
        (status = 200, description = "A page of accounts", body = AccountPage),
        (status = 404, description = "No such account", body = Problem),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn below(
    State(api): State<Api>,
    PathId(id): PathId<AccountId>,
    Query(query): Query<BelowQuery>,
) -> Result<Json<AccountPage>, ApiError> {
    let limit = u32::try_from(page_limit(query.limit, ACCOUNTS_PER_PAGE)?).unwrap_or(u32::MAX);
    let after = query.after.map(AccountId::get);
    let look = move |replica: &mut shard::Replica<_>| {
        let ledger = ledger(replica);
        ledger.account(id.get())?;
        let found = ledger.accounts_below(Some(id.get()), after, limit);
        Some((seen(ledger, &found.records), found.next))
    };
    let (found, units) = api.look(look).await?;
    let (accounts, next) = found.ok_or(ApiError::NoAccount(id))?;
    Ok(Json(AccountPage {
        accounts: shown(&accounts, &units)?,
        next: next.and_then(|id| AccountId::new(id).ok()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(id: u128, above: Option<u128>) -> Control {
        let account = ledger_core::Account { id, ..ledger_core::Account::default() };
        Control { account, above, below: 1, line: ledger_core::TrialBalanceLine::default() }
    }

    #[test]
    fn a_control_account_comes_right_before_those_below_it() {
        // Some were put below accounts that are younger than they are.
        let controls = [
            control(1, Some(4)),
            control(2, None),
            control(3, Some(1)),
            control(4, None),
            control(5, Some(4)),
        ];
        let order = |root| {
            in_tree_order(&controls, root)
                .iter()
                .map(|(depth, control)| (*depth, control.account.id))
                .collect::<Vec<_>>()
        };
        assert_eq!(order(None), [(0, 2), (0, 4), (1, 1), (2, 3), (1, 5)]);
        assert_eq!(order(Some(1)), [(0, 1), (1, 3)]);
        assert_eq!(order(Some(9)), []);
    }
}
