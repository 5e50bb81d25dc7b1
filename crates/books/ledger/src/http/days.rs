//! Business days.

use std::str::FromStr;

use axum::Json;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use calendar::{CalendarError, Date};
use ids::Timestamp;
use ledger_api::{BusinessDay, DayCut, DayPage, DayTrialBalance, DaysQuery, NewDayCut};
use ledger_core::{ClosedDay, Ledger, Operation};
use problem::Problem;

use super::accounts::ledger;
use super::trial_balance::shown;
use super::{Api, Query, json, page_limit, written};
use crate::convert;
use crate::error::ApiError;

const DAYS_PER_PAGE: u16 = 100;

/// The day in the path; everything else is an [`ApiError::PathDate`].
pub(super) struct PathDate(Date);

impl<S: Send + Sync> FromRequestParts<S> for PathDate {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        // Bytes that are not even text are no day either.
        let text = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        let date = text.map_err(|_| CalendarError::Malformed).and_then(|text| Date::from_str(&text));
        date.map(Self).map_err(ApiError::PathDate)
    }
}

fn business_day(day: &ClosedDay) -> BusinessDay {
    BusinessDay {
        date: convert::date(day.date),
        next_date: convert::date(day.next),
        ended_at: Timestamp(day.timestamp),
        transfers: day.transfers,
        digest: day.digest,
        is_kept: is_kept(day),
    }
}

/// A day without accounts has no lines, and none were dropped.
fn is_kept(day: &ClosedDay) -> bool {
    !day.lines.is_empty() || day.digest == stdx::Digest::of(&[])
}

/// The day called `date` among those that have ended.
fn find(ledger: &Ledger, date: Date) -> Option<&ClosedDay> {
    let days = ledger.closed_days();
    let at = days.partition_point(|day| day.date < date.days());
    days.get(at).filter(|day| day.date == date.days())
}

/// Ends a business day and begins the next one. Whatever is booked afterwards belongs to that, and the trial balance of the
/// day that ended stays as it is.
#[utoipa::path(
    post, path = "/v1/days/cut", operation_id = "cutDay", tag = "bank", request_body = NewDayCut,
    responses(
        (status = 201, description = "The day has ended; repeating the request repeats the answer", body = DayCut),
        (status = 409, description = "Another business day is open", body = Problem),
        (status = 422, description = "The day that begins is not after the one that ends", body = Problem),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn cut(State(api): State<Api>, request: Request) -> Result<Response, ApiError> {
    let NewDayCut { closes, opens } = json(request).await?;
    // The ledger counts "none" as the first day of 1970, which no business day can be.
    if closes == Some(Date::MIN) {
        return Err(ApiError::Declaration(ledger_core::DeclarationStatus::DateOutOfRange));
    }
    let cut =
        ledger_core::DayCut { closes: closes.map_or(0, Date::days), opens: opens.days(), reserved: [0; 120] };
    let replayed = api.declare_all(Operation::CutDay, cut.as_bytes().to_vec()).await?;
    let look = move |replica: &mut shard::Replica<_>| {
        closes.and_then(|date| find(ledger(replica), date)).map(business_day)
    };
    let (closed, _) = api.look(look).await?;
    Ok(written(replayed, StatusCode::CREATED, Json(DayCut { open: opens, closed })))
}

/// Lists the business days that have ended, newest first, and tells which one is open.
#[utoipa::path(
    get, path = "/v1/days", operation_id = "listDays", tag = "bank", params(DaysQuery),
    responses(
        (status = 200, description = "A page of days", body = DayPage),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn list(
    State(api): State<Api>,
    Query(query): Query<DaysQuery>,
) -> Result<Json<DayPage>, ApiError> {
    let limit = page_limit(query.limit, DAYS_PER_PAGE)?;
    let before = query.before.map_or(u32::MAX, Date::days);
    let look = move |replica: &mut shard::Replica<_>| {
        let ledger = ledger(replica);
        let days = ledger.closed_days();
        let days = &days[..days.partition_point(|day| day.date < before)];
        let page: Vec<BusinessDay> = days.iter().rev().take(limit).map(business_day).collect();
        (ledger.business_day(), page, days.len() > limit)
    };
    let ((open, days, is_more), _) = api.look(look).await?;
    let next = days.last().filter(|_| is_more).map(|day| day.date);
    Ok(Json(DayPage { open: open.map(convert::date), days, next }))
}

/// Shows the trial balance at the end of a business day, with the digest that was taken of it then.
#[utoipa::path(
    get, path = "/v1/days/{date}/trial-balance", operation_id = "getDayTrialBalance", tag = "bank",
    params(("date" = ledger_api::DateText, Path)),
    responses(
        (status = 200, description = "The sums", body = DayTrialBalance),
        (status = 404, description = "No such day has ended", body = Problem),
        (status = 410, description = "Only the digest is kept of a day so long ago", body = Problem),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn trial_balance(
    State(api): State<Api>,
    PathDate(date): PathDate,
) -> Result<Json<DayTrialBalance>, ApiError> {
    let (found, units) = api.look(move |replica| find(ledger(replica), date).cloned()).await?;
    let day = found.ok_or(ApiError::NoDay(date))?;
    if !is_kept(&day) {
        return Err(ApiError::DayNotKept(date));
    }
    let currencies = shown(&day.lines, None, &units)?;
    let balanced = currencies.iter().all(|currency| currency.balanced);
    Ok(Json(DayTrialBalance { day: business_day(&day), balanced, currencies }))
}
