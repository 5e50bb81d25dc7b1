//! Spending what is held for a purpose.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use ids::{Timestamp, TransferId};
use ledger_api::{AmountText, NewSpending, Spending, Units};
use ledger_core::{
    Booking, CreateTransferStatus, Operation, RequestError, Transfer, TransferFlags, TransferView,
};
use problem::Problem;
use shard::Request as ShardRequest;
use stdx::Sha256;

use super::accounts::{ledger, outcomes};
use super::payments::transfer_status;
use super::{Api, PathId, json, written};
use crate::convert;
use crate::error::ApiError;

/// What is booked to spend a hold, in this order and linked: all of it or nothing.
#[derive(Debug)]
struct Chain {
    /// Posts the hold, so that the account it is held for has the money.
    posting: Booking,
    /// Pays from that account.
    payment: Booking,
    /// Holds again what is left.
    rest: Option<Booking>,
}

/// The id of something that is booked together with the payment that the client named: the same for the same request, and
/// another one for any other.
fn derived_id(role: &[u8], hold: u128, said: &NewSpending, amount: u128) -> u128 {
    let mut sha = Sha256::default();
    for part in [b"tongbao/spend/".as_slice(), role, b"/"] {
        sha.update(part);
    }
    for number in [said.id.get(), hold, said.credit_account.get(), amount] {
        sha.update(&number.to_le_bytes());
    }
    sha.update(&said.purpose.map_or(0, |purpose| purpose.get()).to_le_bytes());
    sha.update(&said.code.unwrap_or(0).to_le_bytes());
    sha.update(&[u8::from(said.keep_rest), u8::from(said.rest_timeout.is_some())]);
    sha.update(&said.rest_timeout.unwrap_or(0).to_le_bytes());
    let digest = sha.finish().0;
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    // Neither 0 nor the largest number, which are no ids.
    u128::from_le_bytes(id) >> 1 | 1
}

impl Chain {
    fn new(hold: &TransferView, said: &NewSpending, amount: u128) -> Self {
        let held = &hold.transfer;
        let booking = |transfer, purpose| Booking { transfer, purpose, ..Booking::default() };
        let posting = Transfer {
            id: derived_id(b"posting", held.id, said, amount),
            amount,
            pending_id: held.id,
            flags: TransferFlags::POST_PENDING_TRANSFER.with(TransferFlags::LINKED),
            ..Transfer::default()
        };
        let payment = Transfer {
            id: said.id.get(),
            debit_account_id: held.credit_account_id,
            credit_account_id: said.credit_account.get(),
            amount,
            ledger: held.ledger,
            code: said.code.unwrap_or(held.code),
            ..Transfer::default()
        };
        let left = held.amount - amount;
        let rest = (said.keep_rest && left > 0).then(|| Transfer {
            id: derived_id(b"rest", held.id, said, amount),
            amount: left,
            timeout: said.rest_timeout.unwrap_or(held.timeout),
            flags: TransferFlags::PENDING,
            pending_id: 0,
            timestamp: 0,
            ..*held
        });
        let flags = if rest.is_some() { TransferFlags::LINKED } else { TransferFlags(0) };
        let purpose = said.purpose.map_or(hold.booked.purpose, |purpose| purpose.get());
        Self {
            posting: booking(posting, 0),
            payment: booking(Transfer { flags, ..payment }, purpose),
            rest: rest.map(|rest| booking(rest, hold.booked.purpose)),
        }
    }

    fn body(&self) -> Vec<u8> {
        [Some(&self.posting), Some(&self.payment), self.rest.as_ref()]
            .into_iter()
            .flatten()
            .flat_map(|booking| booking.as_bytes().to_vec())
            .collect()
    }
}

/// How much is to be spent of `hold`.
fn amount(hold: &TransferView, said: &NewSpending, units: &Units) -> Result<u128, ApiError> {
    let of = convert::denomination(said.currency, units)?;
    let amount = said.amount.minor_units(&of).map_err(ApiError::Unit)?;
    let held = &hold.transfer;
    if of.ledger != held.ledger {
        return Err(ApiError::Transfer(CreateTransferStatus::PendingTransferHasDifferentLedger));
    }
    if !held.flags.contains(TransferFlags::PENDING) {
        return Err(ApiError::Transfer(CreateTransferStatus::PendingTransferNotPending));
    }
    if amount > held.amount {
        return Err(ApiError::Transfer(CreateTransferStatus::ExceedsPendingTransferAmount));
    }
    Ok(amount)
}

/// Spends a hold: posts it, or a part of it, and pays that amount from the account it is held for to somebody who may be
/// paid for its purpose; and holds the rest again if asked to. All of it is done or nothing.
#[utoipa::path(
    post, path = "/v1/holds/{id}/spend", operation_id = "spendHold", tag = "bank",
    params(("id" = ledger_api::IdText, Path)), request_body = NewSpending,
    responses(
        (status = 201, description = "The hold is spent; repeating the request repeats the answer", body = Spending),
        (status = 404, description = "No such hold", body = Problem),
        (status = 409, description = "The id stands for another payment", body = Problem),
        (status = 422, description = "The ledger refused it, and nothing was done", body = Problem),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn spend(
    State(api): State<Api>,
    PathId(id): PathId<TransferId>,
    request: Request,
) -> Result<Response, ApiError> {
    let said: NewSpending = json(request).await?;
    let (found, units) = api.look(move |replica| ledger(replica).transfer(id.get())).await?;
    let hold = found.ok_or(ApiError::NoPayment(id))?;
    let amount = amount(&hold, &said, &units)?;
    // A hold's record never changes, so the same request always makes the same chain.
    let chain = Chain::new(&hold, &said, amount);
    let request = ShardRequest::by_content(Operation::CreateBookings as u16, chain.body());
    let reply = api.handle.submit(request).await?;
    let statuses: Vec<_> =
        outcomes(&reply.bytes).map(|outcome| (transfer_status(&outcome), outcome.timestamp)).collect();
    let Some((first, timestamp)) = statuses.first().copied() else { return Err(RequestError::Full.into()) };
    // The posting's id stands for this request and no other, so where it exists the whole chain does.
    let is_repeated = first == CreateTransferStatus::Exists;
    if !is_repeated && let Some(status) = reason(statuses.iter().map(|(status, _)| *status)) {
        return Err(ApiError::Transfer(status));
    }
    let of = units.of_ledger(hold.transfer.ledger);
    let rest = chain.rest.as_ref().map(|rest| rest.transfer);
    let spending = Spending {
        id: said.id,
        posting: TransferId::new(chain.posting.transfer.id)?,
        rest: rest.map(|rest| TransferId::new(rest.id)).transpose()?,
        rest_amount: AmountText::of(rest.map_or(0, |rest| rest.amount), &of),
        timestamp: Timestamp(timestamp),
    };
    Ok(written(reply.replayed || is_repeated, StatusCode::CREATED, Json(spending)))
}

/// Why a chain was refused: the status of the event that broke it.
fn reason(statuses: impl Iterator<Item = CreateTransferStatus>) -> Option<CreateTransferStatus> {
    let mut refused = statuses.filter(|status| !matches!(status, CreateTransferStatus::Created)).peekable();
    let fallback = refused.peek().copied();
    refused.find(|status| *status != CreateTransferStatus::LinkedEventFailed).or(fallback)
}
