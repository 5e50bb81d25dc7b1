//! What can go wrong between a client and the bank.

use std::borrow::Cow;
use std::time::Duration;

use problem::Problem;
use stdx::{Coded, Retry};

/// Why a call has no answer. Each has a page under its code.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The base URL is not `http://host:port`.
    #[error("`{url}` is not an address like http://127.0.0.1:8080")]
    Address {
        /// What was given.
        url: String,
    },
    /// No connection could be made: nothing of the request was sent.
    #[error("could not connect to {base}")]
    Connect {
        /// Where to.
        base: String,
        /// Why.
        #[source]
        source: hyper_util::client::legacy::Error,
    },
    /// The connection broke: whether the request was carried out is not known.
    #[error("the connection to {base} was lost during a request")]
    Interrupted {
        /// Where to.
        base: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No answer in time: whether the request was carried out is not known.
    #[error("{base} did not answer within {} ms", timeout.as_millis())]
    Timeout {
        /// Where to.
        base: String,
        /// How long it was given.
        timeout: Duration,
    },
    /// The answer is neither what the API promises nor a problem document.
    #[error("{base} answered with status {status} and a body that is not the API's: {detail}")]
    UnexpectedAnswer {
        /// Where from.
        base: String,
        /// The HTTP status.
        status: u16,
        /// What is wrong with the body.
        detail: Cow<'static, str>,
    },
    /// The bank refused, and said why.
    #[error("{} ({})", .0.detail, .0.code)]
    Refused(Box<Problem>),
}

impl ClientError {
    /// What the bank said, if it did.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) => Some(problem),
            _ => None,
        }
    }

    /// The code whose page explains this error: the bank's own if it named one.
    pub fn page(&self) -> &str {
        self.problem().map_or(self.code(), |problem| &problem.code)
    }

    /// What to do next: the bank's own hint if it gave one.
    pub fn advice(&self) -> &str {
        self.problem().map_or(self.hint(), |problem| &problem.hint)
    }
}

impl Coded for ClientError {
    fn code(&self) -> &'static str {
        match self {
            Self::Address { .. } => "CLI-0001",
            Self::Connect { .. } => "CLI-0002",
            Self::Interrupted { .. } => "CLI-0003",
            Self::Timeout { .. } => "CLI-0004",
            Self::UnexpectedAnswer { .. } => "CLI-0005",
            Self::Refused(_) => "CLI-0006",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Address { .. } => "give the scheme, the host and the port, without a path",
            Self::Connect { .. } => "start the bank with `tongbao up`, or give the address it listens on",
            Self::Interrupted { .. } => "send the same request with the same id again",
            Self::Timeout { .. } => "send the same request with the same id again, or allow more time",
            Self::UnexpectedAnswer { .. } => "check that the address is that of a bank of this version",
            Self::Refused(_) => "read the page of the code that the bank gave",
        }
    }

    fn retry(&self) -> Retry {
        let later = match self {
            Self::Connect { .. } | Self::Interrupted { .. } | Self::Timeout { .. } => true,
            // A proxy without a server behind it answers like this, in its own words.
            Self::UnexpectedAnswer { status, .. } => matches!(status, 502..=504),
            Self::Refused(problem) => problem.retryable,
            Self::Address { .. } => false,
        };
        if later { Retry::Later } else { Retry::Never }
    }
}
