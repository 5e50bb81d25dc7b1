//! Payments about which more is said than a transfer holds, and counter-entries.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use ids::{RequestId, Timestamp, TransferId};
use ledger_api::{NewPayment, NewReversal, PaymentAck, PaymentAckStatus, Units};
use ledger_core::{
    BOOKINGS_MAX, Booking, CreateTransferStatus, EVENT_BYTES, Operation, Outcome, RequestError, Transfer,
};
use problem::Problem;
use shard::Request as ShardRequest;

use super::accounts::ledger;
use super::payments::transfer_status;
use super::{Api, PathId, json, written};
use crate::convert;
use crate::error::ApiError;

/// The request that makes `payments`, under the client's own `id` or named by its content: plain transfers if that is all
/// they are, so that the same payments always make the same request.
pub(super) fn request(
    id: Option<RequestId>,
    payments: &[NewPayment],
    units: &Units,
) -> Result<ShardRequest, ApiError> {
    let has_bookings = payments.iter().any(NewPayment::is_booking);
    let operation = if has_bookings { Operation::CreateBookings } else { Operation::CreateTransfers };
    if has_bookings && payments.len() > BOOKINGS_MAX as usize {
        return Err(ApiError::TooManyBookings { count: payments.len() });
    }
    let mut body = Vec::with_capacity(payments.len() * EVENT_BYTES * if has_bookings { 2 } else { 1 });
    for payment in payments {
        if has_bookings {
            body.extend_from_slice(convert::booking_record(payment, units)?.as_bytes());
        } else {
            body.extend_from_slice(convert::transfer_record(payment, units)?.as_bytes());
        }
    }
    Ok(match id {
        Some(id) => ShardRequest::with_id(id, operation as u16, body),
        None => ShardRequest::by_content(operation as u16, body),
    })
}

impl Api {
    /// Sends a request that makes the payment called `id` alone.
    pub(super) async fn make_one(&self, id: TransferId, request: ShardRequest) -> Result<Response, ApiError> {
        let reply = self.handle.submit(request).await?;
        let outcome = Outcome::from_bytes(&reply.bytes).ok_or(RequestError::Full)?;
        let status = transfer_status(&outcome);
        if !status.is_done() {
            return Err(ApiError::Transfer(status));
        }
        let replayed = reply.replayed || status == CreateTransferStatus::Exists;
        let timestamp = Timestamp(outcome.timestamp);
        let ack = PaymentAck { id, status: PaymentAckStatus::Created, timestamp };
        Ok(written(replayed, StatusCode::CREATED, Json(ack)))
    }
}

/// Takes a payment back: books its amount from the account that received it to the one that gave it, as a payment that
/// names the one it reverses. A payment is reversed once, and nothing is ever deleted.
#[utoipa::path(
    post, path = "/v1/payments/{id}/reversal", operation_id = "reversePayment", tag = "bank",
    params(("id" = ledger_api::IdText, Path)), request_body = NewReversal,
    responses(
        (status = 201, description = "The counter-entry is made; repeating the request repeats the answer", body = PaymentAck),
        (status = 404, description = "No such payment", body = Problem),
        (status = 409, description = "The id stands for another payment", body = Problem),
        (status = 422, description = "The ledger refused it", body = Problem),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn reverse(
    State(api): State<Api>,
    PathId(id): PathId<TransferId>,
    request: Request,
) -> Result<Response, ApiError> {
    let said: NewReversal = json(request).await?;
    let value_date = convert::value_date(said.value_date)?;
    let (found, _) = api.look(move |replica| ledger(replica).transfer(id.get())).await?;
    let original = found.ok_or(ApiError::NoPayment(id))?.transfer;
    // A transfer never changes, so the same request always makes the same counter-entry.
    let transfer = Transfer {
        id: said.id.get(),
        debit_account_id: original.credit_account_id,
        credit_account_id: original.debit_account_id,
        amount: original.amount,
        user_data_128: said.user_data_128.0,
        user_data_64: said.user_data_64.0,
        user_data_32: said.user_data_32,
        ledger: original.ledger,
        code: said.code.unwrap_or(original.code),
        ..Transfer::default()
    };
    let booking = Booking { transfer, reverses: id.get(), value_date, ..Booking::default() };
    let request = ShardRequest::by_content(Operation::CreateBookings as u16, booking.as_bytes().to_vec());
    api.make_one(said.id, request).await
}
