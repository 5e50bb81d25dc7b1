//! What the gateway itself can refuse.

use stdx::{Coded, Retry};

/// Why the gateway did not deliver an answer of a site.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// No site led the shard before the time to hold a request was over.
    #[error("no site leads; the request was held for {held_ms} ms")]
    NoLeader {
        /// How long it was held.
        held_ms: u128,
    },
    /// The connection broke after the request was sent, and it carries no id.
    #[error("the site was lost after the request was sent, and the request carries no id")]
    OutcomeUnknown,
    /// The body is larger than the limit.
    #[error("the body is larger than {max} bytes")]
    BodyTooLarge {
        /// The limit.
        max: usize,
    },
    /// The client sent its body too slowly, or broke it off.
    #[error("the body did not arrive in time or was broken off")]
    BodyIncomplete,
    /// Too many bytes of requests are being held.
    #[error("the gateway holds as many requests as it can")]
    Overloaded,
    /// The time that the client gave its call is over.
    #[error("the call's own deadline has passed")]
    DeadlineExceeded,
    /// The site was lost in the middle of an answer of several messages.
    #[error("the site was lost while it was answering")]
    AnswerBroken,
    /// Nothing came through a stream for too long.
    #[error("nothing came through the stream for {idle_s} s")]
    Idle {
        /// The limit.
        idle_s: u64,
    },
    /// Host or Origin name somebody else.
    #[error("the request names another host or comes from another origin")]
    ForeignOrigin,
}

impl GatewayError {
    /// The HTTP status it is told with.
    pub fn status(&self) -> u16 {
        match self {
            Self::NoLeader { .. } | Self::Overloaded | Self::AnswerBroken | Self::Idle { .. } => 503,
            Self::OutcomeUnknown => 502,
            Self::DeadlineExceeded => 504,
            Self::BodyTooLarge { .. } => 413,
            Self::BodyIncomplete => 408,
            Self::ForeignOrigin => 403,
        }
    }
}

impl Coded for GatewayError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoLeader { .. } => "GWY-0001",
            Self::OutcomeUnknown => "GWY-0002",
            Self::BodyTooLarge { .. } => "GWY-0003",
            Self::BodyIncomplete => "GWY-0004",
            Self::Overloaded => "GWY-0005",
            Self::ForeignOrigin => "GWY-0006",
            Self::DeadlineExceeded => "GWY-0007",
            Self::AnswerBroken => "GWY-0008",
            Self::Idle { .. } => "GWY-0009",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::NoLeader { .. } => "look at `tongbao status`; send the same request with the same id again",
            Self::OutcomeUnknown => {
                "look whether it was done before sending it again, and send an Idempotency-Key next time"
            }
            Self::BodyTooLarge { .. } => "split the batch; 8,190 payments fit one request",
            Self::BodyIncomplete => "send the whole body within the time limit",
            Self::Overloaded => "send it again later with the same id",
            Self::DeadlineExceeded => {
                "it may or may not have been done: send it again with the same ids and more time"
            }
            Self::AnswerBroken => "go on after the last page that arrived, or ask again",
            Self::Idle { .. } => "open another stream when there is something to send",
            Self::ForeignOrigin => "open the console under the address `tongbao up` printed",
        }
    }

    fn retry(&self) -> Retry {
        match self {
            Self::NoLeader { .. }
            | Self::Overloaded
            | Self::BodyIncomplete
            | Self::DeadlineExceeded
            | Self::AnswerBroken
            | Self::Idle { .. } => Retry::Later,
            Self::OutcomeUnknown | Self::BodyTooLarge { .. } | Self::ForeignOrigin => Retry::Never,
        }
    }
}
