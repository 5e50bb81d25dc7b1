//! What the bank API can answer instead of what was asked for.

use axum::response::{IntoResponse, Response};
use calendar::CalendarError;
use ledger_api::UnitError;
use ledger_core::{CreateAccountStatus, CreateTransferStatus, DeclarationStatus, StatementError};
use problem::Problem;
use shard::RequestError;
use stdx::{Coded, Retry};

use crate::feed::FeedError;
use crate::journal_desk::JournalReadError;

/// The header by which a site tells the gateway that a request may or may not have been done.
const OUTCOME_UNKNOWN: &str = "tongbao-outcome-unknown";

/// Why a request was not answered with what it asked for.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The body is not the JSON of this request.
    #[error("the body cannot be read: {0}")]
    Json(serde_json::Error),
    /// Nothing is served there.
    #[error("there is nothing at this path")]
    NoSuchPath,
    /// The path exists, with another method.
    #[error("this path does not take this method")]
    NoSuchMethod,
    /// The body is not declared as JSON.
    #[error("the body must be application/json")]
    MediaType,
    /// The query string is not that of this path.
    #[error("the query cannot be read: {0}")]
    Query(String),
    /// An id in the path is not an id.
    #[error("the id in the path cannot be read: {0}")]
    PathId(#[from] ids::IdError),
    /// No such account.
    #[error("account {0} does not exist")]
    NoAccount(ids::AccountId),
    /// No such payment.
    #[error("payment {0} does not exist")]
    NoPayment(ids::TransferId),
    /// The body is larger than the limit.
    #[error("the body is larger than {max} bytes")]
    BodyTooLarge {
        /// The limit.
        max: usize,
    },
    /// A day in the path is not a day.
    #[error("the day in the path cannot be read: {0}")]
    PathDate(CalendarError),
    /// No business day with this date has ended.
    #[error("no business day {0} has ended")]
    NoDay(calendar::Date),
    /// The trial balance of a day very long ago was not kept.
    #[error("of the business day {0} only the digest of its trial balance is kept")]
    DayNotKept(calendar::Date),
    /// An amount or a unit cannot be booked.
    #[error(transparent)]
    Unit(#[from] UnitError),
    /// More payments in one request than fit with what is said about them.
    #[error(
        "{count} payments with value dates, purposes or reversals among them do not fit into one request"
    )]
    TooManyBookings {
        /// How many there were.
        count: usize,
    },
    /// A page of a statement cannot be given.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalReadError),
    /// The change feed does not go on.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// The trial balance has more lines than one answer takes.
    #[error("the trial balance has more than {max} lines")]
    TooManyLines {
        /// The limit.
        max: usize,
    },
    /// The sums of many accounts do not fit into 128 bits.
    #[error("the sums of {unit} do not fit into 128 bits")]
    SumTooLarge {
        /// The currency.
        unit: ledger_api::Unit,
    },
    /// The ledger refused an account.
    #[error("{}", .0.message())]
    Account(CreateAccountStatus),
    /// The ledger refused a transfer.
    #[error("{}", .0.message())]
    Transfer(CreateTransferStatus),
    /// The ledger refused a declaration.
    #[error("{}", .0.message())]
    Declaration(DeclarationStatus),
    /// The ledger has no room for more records.
    #[error(transparent)]
    Ledger(#[from] ledger_core::RequestError),
    /// The shard did not take the request.
    #[error(transparent)]
    Shard(#[from] RequestError),
}

impl ApiError {
    /// The error as a problem document.
    pub fn problem(&self) -> Problem {
        let problem = Problem::new(self.status(), self);
        match self.title() {
            Some(title) => problem.titled(title),
            None => problem,
        }
    }

    fn status(&self) -> u16 {
        match self {
            Self::Json(_) | Self::Query(_) | Self::PathId(_) | Self::PathDate(_) | Self::Unit(_) => 400,
            Self::Statement(StatementError::BadCursor) => 400,
            Self::NoSuchPath | Self::NoAccount(_) | Self::NoPayment(_) | Self::NoDay(_) => 404,
            Self::Statement(StatementError::AccountNotFound { .. }) => 404,
            Self::NoSuchMethod => 405,
            Self::DayNotKept(_) => 410,
            Self::BodyTooLarge { .. } => 413,
            Self::MediaType => 415,
            Self::Account(status) => refusal_status(status.name()),
            Self::Transfer(status) => refusal_status(status.name()),
            Self::Declaration(DeclarationStatus::UnitCodeTaken | DeclarationStatus::DayIsNotOpen) => 409,
            Self::Declaration(status) => refusal_status(status.name()),
            Self::TooManyLines { .. } | Self::SumTooLarge { .. } => 422,
            Self::TooManyBookings { .. } => 422,
            Self::Journal(JournalReadError::Journal(_)) => 500,
            Self::Journal(JournalReadError::Far { .. }) => 422,
            Self::Journal(JournalReadError::Late { .. }) => 503,
            Self::Feed(error) => error.status(),
            Self::Ledger(_) => 507,
            Self::Shard(RequestError::Malformed { .. }) => 400,
            Self::Shard(RequestError::Clash) => 409,
            Self::Shard(RequestError::NotLeader) => 421,
            Self::Shard(RequestError::Busy | RequestError::Unknown) => 503,
        }
    }

    fn title(&self) -> Option<&'static str> {
        match self {
            Self::Account(status) => Some(status.name()),
            Self::Transfer(status) => Some(status.name()),
            Self::Declaration(status) => Some(status.name()),
            _ => None,
        }
    }
}

/// The same id with other content is a conflict; everything else the ledger refuses cannot be processed.
fn refusal_status(name: &str) -> u16 {
    if name.starts_with("exists_with_different") { 409 } else { 422 }
}

impl Coded for ApiError {
    fn code(&self) -> &'static str {
        match self {
            Self::Json(_) => "API-0001",
            Self::NoSuchPath => "API-0002",
            Self::NoSuchMethod => "API-0003",
            Self::MediaType => "API-0004",
            Self::Query(_) => "API-0005",
            Self::PathId(_) => "API-0006",
            Self::NoAccount(_) => "API-0007",
            Self::NoPayment(_) => "API-0008",
            Self::BodyTooLarge { .. } => "API-0009",
            Self::PathDate(error) => error.code(),
            Self::Unit(error) => error.code(),
            Self::TooManyBookings { .. } => "API-0016",
            Self::NoDay(_) => "API-0017",
            Self::DayNotKept(_) => "API-0018",
            Self::Statement(error) => error.code(),
            Self::Journal(error) => error.code(),
            Self::Feed(error) => error.code(),
            Self::TooManyLines { .. } => "API-0012",
            Self::SumTooLarge { .. } => "API-0013",
            // `created` is not a refusal and never gets here.
            Self::Account(status) => status.code().unwrap_or_default(),
            Self::Transfer(status) => status.code().unwrap_or_default(),
            Self::Declaration(status) => status.code().unwrap_or_default(),
            Self::Ledger(error) => error.code(),
            Self::Shard(error) => error.code(),
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Json(_) => "compare the body with /v1/openapi.json; unknown fields are errors",
            Self::NoSuchPath | Self::NoSuchMethod => "look at /v1/openapi.json for what is served",
            Self::MediaType => "send the header `Content-Type: application/json`",
            Self::Query(_) => "compare the query with /v1/openapi.json; unknown parameters are errors",
            Self::PathId(_) => "write the id as a decimal number or as a UUID",
            Self::NoAccount(_) => "check the id, or open the account first with POST /v1/accounts",
            Self::NoPayment(_) => "check the id; a payment that was refused is not kept",
            Self::BodyTooLarge { .. } => "split the batch; 8,190 payments fit one request",
            Self::PathDate(error) => error.hint(),
            Self::Unit(error) => error.hint(),
            Self::TooManyBookings { .. } => "split the request; 4,095 such payments fit one",
            Self::NoDay(_) => {
                "look at GET /v1/days for those that have ended; the open one has /v1/trial-balance"
            }
            Self::DayNotKept(_) => "apply the journal up to the end of that day to have it again",
            Self::Statement(error) => error.hint(),
            Self::Journal(error) => error.hint(),
            Self::Feed(error) => error.hint(),
            Self::TooManyLines { .. } => "ask for one currency: /v1/trial-balance?currency=CZK",
            Self::SumTooLarge { .. } => "ask for another currency; the accounts themselves are right",
            Self::Account(status) => status.hint(),
            Self::Transfer(status) => status.hint(),
            Self::Declaration(status) => status.hint(),
            Self::Ledger(error) => error.hint(),
            Self::Shard(error) => error.hint(),
        }
    }

    fn retry(&self) -> Retry {
        match self {
            Self::Shard(error) => error.retry(),
            Self::Journal(error) => error.retry(),
            Self::Feed(error) => error.retry(),
            _ => Retry::Never,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = problem_response(&self.problem());
        if matches!(self, Self::Shard(RequestError::Unknown)) {
            response.headers_mut().insert(OUTCOME_UNKNOWN, axum::http::HeaderValue::from_static("true"));
        }
        response
    }
}

/// A problem document as a response.
pub(crate) fn problem_response(problem: &Problem) -> Response {
    let status = axum::http::StatusCode::from_u16(problem.status)
        .unwrap_or(axum::http::StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(axum::http::header::CONTENT_TYPE, problem::CONTENT_TYPE)], problem.to_json()).into_response()
}
