//! Why the change feed does not go on.

use shard::RequestError;
use stdx::{Coded, Retry};

use crate::journal_desk::JournalReadError;

/// Why a reader of the change feed is told nothing more.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalReadError),
    /// The place asked for lies beyond the newest batch.
    #[error("the feed was asked to go on with batch {from}, but the newest durable one known here is {last}")]
    Beyond {
        /// The batch asked for.
        from: u64,
        /// The newest batch.
        last: u64,
    },
    /// The site has stopped or is about to.
    #[error("this site has stopped")]
    Stopped,
    /// Too many streams are open on this site.
    #[error("this site has {max} readers of its change feed already")]
    TooManyReaders {
        /// The limit.
        max: usize,
    },
    /// The reader of a stream did not take its events.
    #[error("the reader took no event for {seconds} s")]
    Slow {
        /// How long it was waited for.
        seconds: u64,
    },
    /// `Last-Event-ID` is not a place in the feed.
    #[error("the header Last-Event-ID cannot be read: {0}")]
    Place(#[from] ledger_api::FeedPlaceError),
}

impl FeedError {
    /// The status of an answer over HTTP.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Journal(JournalReadError::Far { .. }) => 422,
            Self::Journal(JournalReadError::Journal(_)) => 500,
            Self::Journal(JournalReadError::Late { .. }) => 503,
            Self::Beyond { .. } => 416,
            Self::Stopped | Self::TooManyReaders { .. } | Self::Slow { .. } => 503,
            Self::Place(_) => 400,
        }
    }
}

impl From<RequestError> for FeedError {
    /// A glance at the books only fails when there is nobody who could show them.
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Busy => Self::Journal(JournalReadError::Late { seq: 0 }),
            _ => Self::Stopped,
        }
    }
}

impl Coded for FeedError {
    fn code(&self) -> &'static str {
        match self {
            Self::Journal(error) => error.code(),
            Self::Beyond { .. } => "FED-0001",
            Self::Stopped => "FED-0002",
            Self::TooManyReaders { .. } => "FED-0003",
            Self::Slow { .. } => "FED-0004",
            Self::Place(_) => "FED-0005",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Journal(error) => error.hint(),
            Self::Beyond { .. } => {
                "a follower may be a little behind: ask again; if the leader says so, the place belongs to other books"
            }
            Self::Stopped => "connect again with the header Last-Event-ID: another site goes on",
            Self::TooManyReaders { .. } => "read from another site, or share one stream among your consumers",
            Self::Slow { .. } => "connect again with the header Last-Event-ID, and take events faster",
            Self::Place(_) => "send the `id` of the last event back as it was",
        }
    }

    fn retry(&self) -> Retry {
        match self {
            Self::Journal(error) => error.retry(),
            Self::Beyond { .. } | Self::Stopped | Self::TooManyReaders { .. } | Self::Slow { .. } => {
                Retry::Later
            }
            Self::Place(_) => Retry::Never,
        }
    }
}
