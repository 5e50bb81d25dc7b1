//! What the console's door can refuse.

use axum::response::{IntoResponse, Response};
use drill::DrillError;
use gateway::GatewayError;
use problem::Problem;
use stdx::{Coded, Retry};

/// Why a request to the console was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConsoleError {
    /// No such page or path.
    #[error("there is nothing at `{path}`")]
    NotFound {
        /// The path, cut.
        path: String,
    },
    /// The path takes other methods.
    #[error("this path does not take {method}")]
    Method {
        /// The method.
        method: String,
    },
    /// The body is not the JSON asked for.
    #[error("the body is not understood: {why}")]
    Body {
        /// What is wrong, and where.
        why: String,
    },
    /// The body is not declared as JSON.
    #[error("the body is not declared as application/json")]
    MediaType,
    /// The body is larger than a request here may be.
    #[error("the body is larger than {max} bytes")]
    BodyTooLarge {
        /// The limit.
        max: usize,
    },
    /// The body did not arrive.
    #[error("the body did not arrive in time or was broken off")]
    BodyIncomplete,
    /// The id in the path is not one.
    #[error("`{id}` is not an id")]
    Id {
        /// What was given, cut.
        id: String,
    },
    /// The path takes no query.
    #[error("this path takes no query parameters")]
    Query,
    /// Too many watch the platform at once.
    #[error("too many streams of live figures are open")]
    TooManyStreams,
    /// The drill desk refused.
    #[error(transparent)]
    Drill(#[from] DrillError),
    /// Host or Origin name somebody else.
    #[error(transparent)]
    Foreign(GatewayError),
}

impl ConsoleError {
    /// The HTTP status it is told with.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Body { .. } | Self::Id { .. } | Self::Query => 400,
            Self::Foreign(error) => error.status(),
            Self::NotFound { .. } => 404,
            Self::Method { .. } => 405,
            Self::BodyIncomplete => 408,
            Self::BodyTooLarge { .. } => 413,
            Self::MediaType => 415,
            Self::TooManyStreams => 503,
            Self::Drill(error) => match error {
                DrillError::AlreadyRunning { .. } | DrillError::SiteNotUp { .. } => 409,
                DrillError::UnknownSite { .. } => 422,
                DrillError::NoLeader => 503,
                DrillError::NotFound { .. } | DrillError::NoReport { .. } => 404,
            },
        }
    }

    /// The error as a problem document.
    pub(crate) fn problem(&self) -> Problem {
        let problem = Problem::new(self.status(), self).titled(self.title());
        match self {
            Self::Drill(
                DrillError::AlreadyRunning { id } | DrillError::NotFound { id } | DrillError::NoReport { id },
            ) => problem.about(id),
            _ => problem,
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not found",
            Self::Method { .. } => "method not allowed",
            Self::Body { .. } => "malformed body",
            Self::MediaType => "unsupported media type",
            Self::BodyTooLarge { .. } => "body too large",
            Self::BodyIncomplete => "body incomplete",
            Self::Id { .. } => "malformed id",
            Self::Query => "unknown query parameter",
            Self::TooManyStreams => "too many streams",
            Self::Foreign(_) => "foreign origin",
            Self::Drill(error) => match error {
                DrillError::AlreadyRunning { .. } => "drill running",
                DrillError::UnknownSite { .. } => "unknown site",
                DrillError::SiteNotUp { .. } => "site not up",
                DrillError::NoLeader => "no leader",
                DrillError::NotFound { .. } => "drill not found",
                DrillError::NoReport { .. } => "no report",
            },
        }
    }
}

impl Coded for ConsoleError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "CON-0001",
            Self::Method { .. } => "CON-0002",
            Self::Body { .. } => "CON-0003",
            Self::MediaType => "CON-0004",
            Self::BodyTooLarge { .. } => "CON-0005",
            Self::BodyIncomplete => "CON-0006",
            Self::Id { .. } => "CON-0007",
            Self::Query => "CON-0008",
            Self::TooManyStreams => "CON-0009",
            Self::Drill(error) => error.code(),
            Self::Foreign(error) => error.code(),
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::NotFound { .. } | Self::Method { .. } => "look into /v1/openapi.json for what there is",
            Self::Body { .. } => "correct the body; /v1/openapi.json describes it",
            Self::MediaType => "send the header `Content-Type: application/json`",
            Self::BodyTooLarge { .. } => "requests to the platform are small; send only what is described",
            Self::BodyIncomplete => "send the whole body within the time limit",
            Self::Id { .. } => "give the id as it was answered: decimal or like a UUID",
            Self::Query => "leave the query out",
            Self::TooManyStreams => "close a console window that is not needed",
            Self::Drill(error) => error.hint(),
            Self::Foreign(error) => error.hint(),
        }
    }

    fn retry(&self) -> Retry {
        match self {
            Self::BodyIncomplete | Self::TooManyStreams => Retry::Later,
            Self::Drill(error) => error.retry(),
            Self::Foreign(error) => error.retry(),
            _ => Retry::Never,
        }
    }
}

impl IntoResponse for ConsoleError {
    fn into_response(self) -> Response {
        gateway::problem_response(&self.problem()).map(axum::body::Body::new)
    }
}

/// At most 64 characters of something a client sent, to be shown back.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}
