//! For what money may be spent.

use std::num::NonZeroU16;

use axum::Json;
use axum::extract::{Request, State};
use ids::AccountId;
use ledger_api::Purposes;
use ledger_core::{DeclarationStatus, Operation, PurposeRole, PurposeRule};
use problem::Problem;

use super::accounts::ledger;
use super::{Api, PathId, json};
use crate::error::ApiError;

const _: () = assert!(ledger_api::PURPOSES_MAX == ledger_core::PURPOSES_MAX, "both ends take as many");

fn rule(account: AccountId, role: PurposeRole, purposes: &[NonZeroU16]) -> PurposeRule {
    let numbers: Vec<u16> = purposes.iter().map(|purpose| purpose.get()).collect();
    PurposeRule::new(account.get(), role, &numbers)
}

/// Says for what an account's money may be spent, and for what it may be paid. Replaces what was said before.
#[utoipa::path(
    put, path = "/v1/accounts/{id}/purposes", operation_id = "setPurposes", tag = "bank",
    params(("id" = ledger_api::IdText, Path)), request_body = Purposes,
    responses(
        (status = 200, description = "The purposes as they are now", body = Purposes),
        (status = 404, description = "No such account", body = Problem),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn set(
    State(api): State<Api>,
    PathId(id): PathId<AccountId>,
    request: Request,
) -> Result<Json<Purposes>, ApiError> {
    let said: Purposes = json(request).await?;
    let rules =
        [rule(id, PurposeRole::SpentOn, &said.spent_on), rule(id, PurposeRole::PaidFor, &said.paid_for)];
    let body = rules.iter().flat_map(|rule| rule.as_bytes().to_vec()).collect();
    match api.declare_all(Operation::SetPurposes, body).await {
        Err(ApiError::Declaration(DeclarationStatus::AccountNotFound)) => Err(ApiError::NoAccount(id)),
        Err(error) => Err(error),
        Ok(_) => purposes(&api, id).await,
    }
}

/// Shows for what an account's money may be spent, and for what it may be paid.
#[utoipa::path(
    get, path = "/v1/accounts/{id}/purposes", operation_id = "getPurposes", tag = "bank",
    params(("id" = ledger_api::IdText, Path)),
    responses(
        (status = 200, description = "The purposes", body = Purposes),
        (status = 404, description = "No such account", body = Problem),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn show(
    State(api): State<Api>,
    PathId(id): PathId<AccountId>,
) -> Result<Json<Purposes>, ApiError> {
    purposes(&api, id).await
}

async fn purposes(api: &Api, id: AccountId) -> Result<Json<Purposes>, ApiError> {
    let look = move |replica: &mut shard::Replica<_>| {
        let ledger = ledger(replica);
        ledger.account(id.get())?;
        let of = |role| {
            let purposes = ledger.purposes_of(id.get(), role).iter();
            purposes.filter_map(|purpose| NonZeroU16::new(*purpose)).collect()
        };
        Some(Purposes { spent_on: of(PurposeRole::SpentOn), paid_for: of(PurposeRole::PaidFor) })
    };
    let (found, _) = api.look(look).await?;
    Ok(Json(found.ok_or(ApiError::NoAccount(id))?))
}
