//! What a call can be told instead of what it asked for.

use calendar::CalendarError;
use ids::IdError;
use ledger::ApiError;
use money::MoneyError;
use problem::Problem;
use shard::RequestError;
use stdx::{Coded, Retry};
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};

use crate::shape::Fault;

/// Metadata by which a site tells the gateway that it has not taken a request, because it does not lead.
const NOT_LEADER: &str = "tongbao-not-leader";
/// Metadata by which a site tells the gateway that a request may or may not have been done.
const OUTCOME_UNKNOWN: &str = "tongbao-outcome-unknown";

/// Why a field cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FieldError {
    #[error(transparent)]
    Id(#[from] IdError),
    #[error(transparent)]
    Money(#[from] MoneyError),
    #[error(transparent)]
    Date(#[from] CalendarError),
    #[error("a code is below 65,536")]
    Code,
    #[error("a purpose is below 65,536")]
    Purpose,
    #[error("this is a decimal number below 2^128")]
    Number,
    #[error("a timestamp lies between 1970 and 2262, with nanoseconds of 0 to 999,999,999")]
    Time,
    #[error("{0} is not one of the values of this field")]
    Choice(i32),
    #[error("the flag comes twice")]
    FlagTwice,
    #[error("a cursor is the `next` of a page")]
    Cursor,
    #[error("the field is missing")]
    Missing,
}

/// Why a call ended otherwise.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DoorError {
    /// The message has not the shape of its type.
    #[error("the message cannot be read: {0}")]
    Message(Fault),
    /// A text in the message is none.
    #[error("the message cannot be read: {0}")]
    Text(String),
    /// A field's value cannot be taken.
    #[error("{path}: {error}")]
    Field {
        /// Where, like `transfers[3].amount`.
        path: String,
        /// Why.
        error: FieldError,
    },
    /// As many streams are open as the site takes.
    #[error("{max} streams are open, and the site takes no more")]
    TooManyStreams {
        /// How many it takes.
        max: usize,
    },
    /// The API did not do it.
    #[error("{0}")]
    Api(Box<ApiError>),
}

impl From<Fault> for DoorError {
    fn from(fault: Fault) -> Self {
        Self::Message(fault)
    }
}

impl From<ApiError> for DoorError {
    fn from(error: ApiError) -> Self {
        Self::Api(Box::new(error))
    }
}

impl DoorError {
    pub(crate) fn field(path: impl Into<String>, error: impl Into<FieldError>) -> Self {
        Self::Field { path: path.into(), error: error.into() }
    }

    /// The field it is about, if it is about one.
    fn path(&self) -> Option<String> {
        let path = match self {
            Self::Message(fault) => fault.path(),
            Self::Field { path, .. } => path.clone(),
            Self::Text(_) | Self::TooManyStreams { .. } | Self::Api(_) => String::new(),
        };
        (!path.is_empty()).then_some(path)
    }

    fn problem(&self) -> Problem {
        match self {
            Self::Api(error) => error.problem(),
            Self::TooManyStreams { .. } => Problem::new(503, self),
            Self::Message(_) | Self::Text(_) | Self::Field { .. } => Problem::new(400, self),
        }
    }
}

impl Coded for DoorError {
    fn code(&self) -> &'static str {
        match self {
            Self::Message(_) | Self::Text(_) => "GRP-0001",
            Self::Field { error: FieldError::Money(error), .. } => error.code(),
            Self::Field { error: FieldError::Date(error), .. } => error.code(),
            Self::Field { .. } => "GRP-0002",
            Self::TooManyStreams { .. } => "GRP-0003",
            Self::Api(error) => error.code(),
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Message(_) | Self::Text(_) => {
                "make the client's code from the server's own /v1/ledger.proto; unknown fields are errors"
            }
            Self::Field { error: FieldError::Money(error), .. } => error.hint(),
            Self::Field { error: FieldError::Date(error), .. } => error.hint(),
            Self::Field { .. } => "compare the field with its description in /v1/ledger.proto",
            Self::TooManyStreams { .. } => "close streams that are done, and open fewer at a time",
            Self::Api(error) => error.hint(),
        }
    }

    fn retry(&self) -> Retry {
        match self {
            Self::TooManyStreams { .. } => Retry::Later,
            Self::Api(error) => error.retry(),
            Self::Message(_) | Self::Text(_) | Self::Field { .. } => Retry::Never,
        }
    }
}

impl From<DoorError> for Status {
    fn from(error: DoorError) -> Self {
        let problem = error.problem();
        let details = problem.grpc_status(error.path().as_deref());
        let code = Code::from_i32(problem.grpc_code());
        let mut status = Self::with_details(code, problem.grpc_message(), details.into());
        let DoorError::Api(error) = error else { return status };
        let mark = match *error {
            ApiError::Shard(RequestError::NotLeader) => NOT_LEADER,
            ApiError::Shard(RequestError::Unknown) => OUTCOME_UNKNOWN,
            _ => return status,
        };
        status.metadata_mut().insert(mark, MetadataValue::from_static("true"));
        status
    }
}
