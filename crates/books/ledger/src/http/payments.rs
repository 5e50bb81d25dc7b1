//! Payments, one and in batches.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use ids::{RequestId, Timestamp, TransferId};
use ledger_api::{
    Cursor, NewPayment, Payment, PaymentAck, PaymentBatch, PaymentBatchOutcome, PaymentPage, PaymentsQuery,
    Refused,
};
use ledger_core::{CreateTransferStatus, Outcome, RequestError};
use problem::Problem;

use super::accounts::{ledger, outcomes};
use super::{Api, PathId, Prepared, Query, Written, bookings, json, page_limit, written};
use crate::convert;
use crate::error::ApiError;

const PAYMENTS_PER_PAGE: u16 = 50;

/// Makes a payment. The answer comes when it is durable.
#[utoipa::path(
    post, path = "/v1/payments", operation_id = "createPayment", tag = "bank", request_body = NewPayment,
    responses(
        (status = 201, description = "The payment is made; repeating the request repeats the answer", body = PaymentAck),
        (status = 409, description = "The id stands for another payment", body = Problem),
        (status = 422, description = "The ledger refused it, for good under this id", body = Problem),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn create(State(api): State<Api>, request: Request) -> Result<Response, ApiError> {
    let payment: NewPayment = json(request).await?;
    let request = api.with_units(|units| bookings::request(None, &[payment], units)).await?;
    api.make_one(payment.id, request).await
}

pub(super) fn transfer_status(outcome: &Outcome) -> CreateTransferStatus {
    CreateTransferStatus::from_u32(outcome.status)
        .expect("LED-INV-7: the ledger answers with its own statuses")
}

/// Makes up to 8,190 payments, in order, durable together; up to 4,095 if one of them has a value date, a purpose, or
/// reverses another.
#[utoipa::path(
    post, path = "/v1/payments/batch", operation_id = "createPayments", tag = "bank", request_body = PaymentBatch,
    responses(
        (status = 200, description = "What became of each payment", body = PaymentBatchOutcome),
        (status = 409, description = "The id of the batch stands for another batch", body = Problem),
        (status = "default", description = "Nothing was done", body = Problem),
    )
)]
pub(super) async fn create_batch(State(api): State<Api>, request: Request) -> Result<Response, ApiError> {
    let batch: PaymentBatch = json(request).await?;
    let prepared = api.prepare_payments(batch.id, batch.payments).await?;
    let Written { outcome, replayed } = api.create_payments(prepared).await?;
    Ok(written(replayed, StatusCode::OK, Json(outcome)))
}

impl Api {
    /// Makes a batch of payments ready for the shard, at most [`ledger_api::BATCH_ITEMS_MAX`]; under the client's own `id`,
    /// or else named by their content.
    ///
    /// Errors: [`ApiError::Unit`], [`ApiError::TooManyBookings`], [`ApiError::Transfer`] for an impossible value date;
    /// [`ApiError::Shard`] if a unit had to be asked for.
    pub async fn prepare_payments(
        &self,
        id: Option<RequestId>,
        payments: Vec<NewPayment>,
    ) -> Result<Prepared<NewPayment>, ApiError> {
        let request = self.with_units(|units| bookings::request(id, &payments, units)).await?;
        Ok(Prepared { request, items: payments })
    }

    /// Makes payments, in order and durable together. The shard has the batch once the future was polled, so batches are
    /// done in the order in which their futures were polled first.
    ///
    /// Errors: [`ApiError::Ledger`] and [`ApiError::Shard`]; nothing was done, unless the outcome is unknown.
    pub async fn create_payments(
        &self,
        prepared: Prepared<NewPayment>,
    ) -> Result<Written<PaymentBatchOutcome>, ApiError> {
        let reply = self.handle.submit(prepared.request).await?;
        if reply.bytes.is_empty() {
            return Err(RequestError::Full.into());
        }
        let mut outcome =
            PaymentBatchOutcome { created: 0, existing: 0, refused: Vec::new(), timestamp: Timestamp::ZERO };
        for (index, (payment, result)) in (0..).zip(prepared.items.iter().zip(outcomes(&reply.bytes))) {
            outcome.timestamp = outcome.timestamp.max(Timestamp(result.timestamp));
            match transfer_status(&result) {
                CreateTransferStatus::Created => outcome.created += 1,
                CreateTransferStatus::Exists => outcome.existing += 1,
                status => outcome.refused.push(Refused {
                    index,
                    id: payment.id.into(),
                    status: status.name().into(),
                    code: status.code().unwrap_or_default().into(),
                }),
            }
        }
        Ok(Written { outcome, replayed: reply.replayed })
    }

    /// The transfers with these ids, in this order; ids without a transfer have no entry.
    ///
    /// Errors: [`ApiError::Shard`].
    pub async fn lookup_transfers(&self, ids: Vec<TransferId>) -> Result<Vec<Payment>, ApiError> {
        let look = move |replica: &mut shard::Replica<_>| {
            let ledger = ledger(replica);
            ids.iter().filter_map(|id| ledger.transfer(id.get())).collect::<Vec<_>>()
        };
        let (found, units) = self.look(look).await?;
        Ok(found.iter().map(|view| convert::payment(view, &units)).collect())
    }
}

/// Shows a payment.
#[utoipa::path(
    get, path = "/v1/payments/{id}", operation_id = "getPayment", tag = "bank", params(("id" = ledger_api::IdText, Path)),
    responses(
        (status = 200, description = "The payment", body = Payment),
        (status = 404, description = "No such payment", body = Problem),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn one(
    State(api): State<Api>,
    PathId(id): PathId<TransferId>,
) -> Result<Json<Payment>, ApiError> {
    let (found, units) = api.look(move |replica| ledger(replica).transfer(id.get())).await?;
    Ok(Json(convert::payment(&found.ok_or(ApiError::NoPayment(id))?, &units)))
}

/// Lists payments, newest first.
#[utoipa::path(
    get, path = "/v1/payments", operation_id = "listPayments", tag = "bank", params(PaymentsQuery),
    responses(
        (status = 200, description = "A page of payments", body = PaymentPage),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn list(
    State(api): State<Api>,
    Query(query): Query<PaymentsQuery>,
) -> Result<Json<PaymentPage>, ApiError> {
    let limit = page_limit(query.limit, PAYMENTS_PER_PAGE)?;
    let before = query.before.map(|cursor| timestamp_of(&cursor)).transpose()?;
    let (mut found, units) =
        api.look(move |replica| ledger(replica).transfers_before(before, limit + 1)).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| more).map(|view| view.transfer.timestamp.to_string());
    Ok(Json(PaymentPage {
        payments: found.iter().map(|view| convert::payment(view, &units)).collect(),
        next: last.and_then(Cursor::new),
    }))
}

fn timestamp_of(cursor: &Cursor) -> Result<u64, ApiError> {
    cursor.as_str().parse().map_err(|_| ledger_core::StatementError::BadCursor.into())
}
