//! Interest: products, the accounts that bear it, and the runs that post and pay it.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use calendar::{Date, DayCount};
use ids::AccountId;
use interest_core::{BalanceSide as Side, Remainder, Rounding};
use ledger_api::{
    AccountInterest, BalanceSide, DatedRate, Denomination, InterestAccountPage, InterestAccountsQuery,
    InterestProduct, InterestProductPage, InterestProductsQuery, InterestRemainder, InterestRounding,
    InterestRunOutcome, NewInterestAssignment, NewInterestRate, NewInterestRun, Refused, SignedAmountText,
};
use ledger_core::{
    CreateTransferStatus, DeclarationStatus, EVENTS_MAX, InterestAssignment, InterestRate, InterestRun,
    Ledger, Operation, Outcome,
};
use problem::Problem;
use shard::Request as ShardRequest;

use super::accounts::{ledger, outcomes};
use super::{Api, PathId, Query, json, page_limit, written};
use crate::convert;
use crate::error::ApiError;

const ENTRIES_PER_PAGE: u16 = 100;
const ACCOUNTS_PER_RUN: u16 = 1_000;

/// The numbers in the records are places in these lists.
const SIDES: [(Side, BalanceSide); 2] =
    [(Side::Credit, BalanceSide::Credit), (Side::Debit, BalanceSide::Debit)];
const ROUNDINGS: [(Rounding, InterestRounding); 7] = [
    (Rounding::HalfUp, InterestRounding::HalfUp),
    (Rounding::HalfEven, InterestRounding::HalfEven),
    (Rounding::HalfDown, InterestRounding::HalfDown),
    (Rounding::Up, InterestRounding::Up),
    (Rounding::Down, InterestRounding::Down),
    (Rounding::Ceiling, InterestRounding::Ceiling),
    (Rounding::Floor, InterestRounding::Floor),
];
const REMAINDERS: [(Remainder, InterestRemainder); 2] =
    [(Remainder::Carried, InterestRemainder::Carried), (Remainder::Dropped, InterestRemainder::Dropped)];

/// The place of the entry that `is` the one; beyond all of them, which the ledger refuses, if there is none.
fn place<T>(list: &[T], is: impl Fn(&T) -> bool) -> u8 {
    list.iter().position(is).and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX)
}

fn rate_record(said: &NewInterestRate) -> InterestRate {
    InterestRate {
        contra_account: said.contra_account.get(),
        accrued_account: said.accrued_account.get(),
        product: said.product,
        from: said.from.days(),
        ppm: said.rate_ppm,
        code: said.code,
        side: place(&SIDES, |(_, side)| *side == said.side),
        day_count: place(&DayCount::ALL, |day_count| *day_count == said.day_count),
        rounding: place(&ROUNDINGS, |(_, rounding)| *rounding == said.rounding),
        remainder: place(&REMAINDERS, |(_, remainder)| *remainder == said.remainder),
        reserved: [0; 78],
    }
}

fn product(product: &ledger_core::InterestProduct) -> InterestProduct {
    let terms = product.terms.terms();
    let named = "the lists of this file are whole";
    InterestProduct {
        product: product.product,
        contra_account: convert::account_id(product.contra_account),
        accrued_account: convert::account_id(product.accrued_account),
        code: product.code,
        side: SIDES.iter().find(|(side, _)| *side == terms.side).expect(named).1,
        day_count: terms.day_count,
        rounding: ROUNDINGS.iter().find(|(rounding, _)| *rounding == terms.rounding).expect(named).1,
        remainder: REMAINDERS.iter().find(|(remainder, _)| *remainder == terms.remainder).expect(named).1,
        rates: terms.rates.iter().map(|rate| DatedRate { from: rate.from, rate_ppm: rate.ppm }).collect(),
    }
}

/// Declares an interest product, or one more rate of it.
#[utoipa::path(
    post, path = "/v1/interest/rates", operation_id = "declareInterestRate", tag = "bank",
    request_body = NewInterestRate,
    responses(
        (status = 201, description = "The product as it is now", body = InterestProduct),
        (status = 409, description = "The product exists, and is another one", body = Problem),
        (status = 422, description = "The ledger refused it", body = Problem),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn declare_rate(State(api): State<Api>, request: Request) -> Result<Response, ApiError> {
    let said: NewInterestRate = json(request).await?;
    let body = rate_record(&said).as_bytes().to_vec();
    let replayed = api.declare_all(Operation::DeclareInterestRates, body).await?;
    let look = move |replica: &mut shard::Replica<_>| {
        ledger(replica).interest_products().find(|found| found.product == said.product).map(product)
    };
    let (found, _) = api.look(look).await?;
    // A product is never taken back, so one that was just declared is there.
    let found = found.ok_or(ApiError::Declaration(DeclarationStatus::ProductNotFound))?;
    Ok(written(replayed, StatusCode::CREATED, Json(found)))
}

/// Lists interest products, by number.
#[utoipa::path(
    get, path = "/v1/interest/products", operation_id = "listInterestProducts", tag = "bank",
    params(InterestProductsQuery),
    responses(
        (status = 200, description = "A page of products", body = InterestProductPage),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn products(
    State(api): State<Api>,
    Query(query): Query<InterestProductsQuery>,
) -> Result<Json<InterestProductPage>, ApiError> {
    let limit = page_limit(query.limit, ENTRIES_PER_PAGE)?;
    let after = query.after.unwrap_or(0);
    let look = move |replica: &mut shard::Replica<_>| {
        let products = ledger(replica).interest_products().filter(|found| found.product > after);
        products.take(limit + 1).map(product).collect::<Vec<_>>()
    };
    let (mut products, _) = api.look(look).await?;
    let is_more = products.len() > limit;
    products.truncate(limit);
    let next = products.last().filter(|_| is_more).map(|last| last.product);
    Ok(Json(InterestProductPage { products, next }))
}

/// An account, its interest if it bears any, and its ledger.
type Seen = (u128, Option<ledger_core::AccountInterest>, u32);

fn see(ledger: &Ledger, account: u128) -> Option<Seen> {
    let record = ledger.account(account)?;
    Some((account, ledger.interest_of(account), record.ledger))
}

fn account_interest((account, interest, _): &Seen, of: &Denomination) -> AccountInterest {
    let accrued = interest.map_or(0, |interest| interest.accrued);
    let (credits, debits) =
        if accrued < 0 { (0, accrued.unsigned_abs()) } else { (accrued.unsigned_abs(), 0) };
    AccountInterest {
        account: convert::account_id(*account),
        product: interest.map(|interest| interest.product),
        since: interest.map(|interest| convert::date(interest.since)),
        accrued_through: interest.and_then(|interest| interest.accrued_through).map(convert::date),
        accrued: SignedAmountText::difference(credits, debits, of),
        currency: of.unit,
    }
}

async fn interest(api: &Api, id: AccountId) -> Result<Json<AccountInterest>, ApiError> {
    let (seen, units) = api.look(move |replica| see(ledger(replica), id.get())).await?;
    let seen = seen.ok_or(ApiError::NoAccount(id))?;
    Ok(Json(account_interest(&seen, &units.of_ledger(seen.2))))
}

/// Lets an account bear interest from the open business day on, or no longer.
#[utoipa::path(
    put, path = "/v1/accounts/{id}/interest", operation_id = "assignInterest", tag = "bank",
    params(("id" = ledger_api::IdText, Path)), request_body = NewInterestAssignment,
    responses(
        (status = 200, description = "The account's interest as it is now", body = AccountInterest),
        (status = 404, description = "No such account", body = Problem),
        (status = 422, description = "The ledger refused it", body = Problem),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn assign(
    State(api): State<Api>,
    PathId(id): PathId<AccountId>,
    request: Request,
) -> Result<Json<AccountInterest>, ApiError> {
    let said: NewInterestAssignment = json(request).await?;
    let product = match said.product {
        None => 0,
        Some(0) => return Err(ApiError::Declaration(DeclarationStatus::ProductNotFound)),
        Some(product) => product,
    };
    let assignment = InterestAssignment { account: id.get(), product, reserved: [0; 108] };
    match api.declare_all(Operation::AssignInterest, assignment.as_bytes().to_vec()).await {
        Err(ApiError::Declaration(DeclarationStatus::AccountNotFound)) => Err(ApiError::NoAccount(id)),
        Err(error) => Err(error),
        Ok(_) => interest(&api, id).await,
    }
}

/// Shows the interest of an account.
#[utoipa::path(
    get, path = "/v1/accounts/{id}/interest", operation_id = "getInterest", tag = "bank",
    params(("id" = ledger_api::IdText, Path)),
    responses(
        (status = 200, description = "The interest", body = AccountInterest),
        (status = 404, description = "No such account", body = Problem),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn show(
    State(api): State<Api>,
    PathId(id): PathId<AccountId>,
) -> Result<Json<AccountInterest>, ApiError> {
    interest(&api, id).await
}

/// Lists the accounts that bear interest, the oldest first.
#[utoipa::path(
    get, path = "/v1/interest/accounts", operation_id = "listInterestAccounts", tag = "bank",
    params(InterestAccountsQuery),
    responses(
        (status = 200, description = "A page of accounts", body = InterestAccountPage),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn accounts(
    State(api): State<Api>,
    Query(query): Query<InterestAccountsQuery>,
) -> Result<Json<InterestAccountPage>, ApiError> {
    let limit = page_limit(query.limit, ENTRIES_PER_PAGE)?;
    let after = query.after.map(AccountId::get);
    let look = move |replica: &mut shard::Replica<_>| {
        let ledger = ledger(replica);
        let found = ledger.interest_after(after, limit + 1);
        found.iter().filter_map(|interest| see(ledger, interest.account)).collect::<Vec<_>>()
    };
    let (mut seen, units) = api.look(look).await?;
    let is_more = seen.len() > limit;
    seen.truncate(limit);
    let accounts: Vec<AccountInterest> =
        seen.iter().map(|seen| account_interest(seen, &units.of_ledger(seen.2))).collect();
    let next = accounts.last().filter(|_| is_more).map(|last| last.account);
    Ok(Json(InterestAccountPage { accounts, next }))
}

/// Posts the interest of accounts through a business day that has ended, so many of them at a time.
#[utoipa::path(
    post, path = "/v1/interest/accrue", operation_id = "accrueInterest", tag = "bank", request_body = NewInterestRun,
    responses(
        (status = 200, description = "What became of each account, and where to go on", body = InterestRunOutcome),
        (status = "default", description = "Nothing was done", body = Problem),
    )
)]
pub(super) async fn accrue(
    State(api): State<Api>,
    request: Request,
) -> Result<Json<InterestRunOutcome>, ApiError> {
    api.run_interest(Operation::AccrueInterest, json(request).await?).await
}

/// Pays posted interest to accounts, or takes it from them, so many of them at a time.
#[utoipa::path(
    post, path = "/v1/interest/capitalise", operation_id = "capitaliseInterest", tag = "bank",
    request_body = NewInterestRun,
    responses(
        (status = 200, description = "What became of each account, and where to go on", body = InterestRunOutcome),
        (status = "default", description = "Nothing was done", body = Problem),
    )
)]
pub(super) async fn capitalise(
    State(api): State<Api>,
    request: Request,
) -> Result<Json<InterestRunOutcome>, ApiError> {
    api.run_interest(Operation::CapitaliseInterest, json(request).await?).await
}

impl Api {
    async fn run_interest(
        &self,
        operation: Operation,
        run: NewInterestRun,
    ) -> Result<Json<InterestRunOutcome>, ApiError> {
        let limit = match run.limit.unwrap_or(ACCOUNTS_PER_RUN) {
            0 => return Err(ApiError::Query("limit is 0, but must be 1 to 8190".to_owned())),
            limit if u32::from(limit) > EVENTS_MAX => {
                return Err(ApiError::Query(format!("limit is {limit}, but must be 1 to {EVENTS_MAX}")));
            }
            limit => usize::from(limit),
        };
        let after = run.after.map(AccountId::get);
        let look = move |replica: &mut shard::Replica<_>| ledger(replica).interest_after(after, limit + 1);
        let (mut accounts, _) = self.look(look).await?;
        let is_more = accounts.len() > limit;
        accounts.truncate(limit);
        let mut outcome = InterestRunOutcome { done: 0, unchanged: 0, refused: Vec::new(), next: None };
        let Some(last) = accounts.last() else { return Ok(Json(outcome)) };
        outcome.next = is_more.then(|| convert::account_id(last.account));
        let record = |account: u128| run_record(account, run.through).as_bytes().to_vec();
        let body = accounts.iter().flat_map(|interest| record(interest.account)).collect();
        let reply = self.handle.submit(ShardRequest::forgotten(operation as u16, body)).await?;
        if reply.bytes.is_empty() {
            return Err(ledger_core::RequestError::Full.into());
        }
        for (index, (interest, result)) in (0..).zip(accounts.iter().zip(outcomes(&reply.bytes))) {
            match status(&result) {
                Ok(DeclarationStatus::Created) => outcome.done += 1,
                Ok(DeclarationStatus::Exists) => outcome.unchanged += 1,
                refused => outcome.refused.push(refusal(index, interest.account, refused)),
            }
        }
        Ok(Json(outcome))
    }
}

fn run_record(account: u128, through: Date) -> InterestRun {
    InterestRun { account, through: through.days(), reserved: [0; 108] }
}

/// What became of a run: one of its own statuses, or that of the payment that it posts.
fn status(outcome: &Outcome) -> Result<DeclarationStatus, CreateTransferStatus> {
    let own = DeclarationStatus::from_u32(outcome.status);
    let of_transfer = || CreateTransferStatus::from_u32(outcome.status);
    own.ok_or_else(|| of_transfer().expect("LED-INV-7: the ledger answers with its own statuses"))
}

fn refusal(index: u32, account: u128, status: Result<DeclarationStatus, CreateTransferStatus>) -> Refused {
    let (name, code) = match status {
        Ok(status) => (status.name(), status.code()),
        Err(status) => (status.name(), status.code()),
    };
    Refused {
        index,
        id: convert::account_id(account).into(),
        status: name.into(),
        code: code.unwrap_or_default().into(),
    }
}
