//! RFC 9457 problem details with error codes: the one shape of every HTTP error, and of every gRPC error.

mod grpc;

use serde::{Deserialize, Serialize};
use stdx::{Coded, Retry};

pub use grpc::DOMAIN;

/// The media type of a [`Problem`].
pub const CONTENT_TYPE: &str = "application/problem+json";

/// Where the page of a code is found.
const PAGES: &str = "https://tongbao.dev/errors/";

/// A problem document (RFC 9457) with this project's extensions `code`, `hint`, `retryable` and `id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// The page of the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem in a few words, the same for every occurrence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code; `docs/errors/` has a page for each.
    pub code: String,
    /// What happened this time.
    pub detail: String,
    /// What to do next.
    pub hint: String,
    /// Whether the same request, with the same id, may succeed later.
    pub retryable: bool,
    /// The id of the thing the problem is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

impl Problem {
    /// The problem that `error` is, under an HTTP status.
    pub fn new(status: u16, error: &dyn Coded) -> Self {
        Self::from_parts(status, error.code(), &error.to_string(), error.hint(), error.retry())
    }

    /// A problem from its parts; `detail` also serves as the title until [`Problem::titled`].
    pub fn from_parts(status: u16, code: &str, detail: &str, hint: &str, retry: Retry) -> Self {
        Self {
            kind: format!("{PAGES}{code}"),
            title: detail.to_owned(),
            status,
            code: code.to_owned(),
            detail: detail.to_owned(),
            hint: hint.to_owned(),
            retryable: retry == Retry::Later,
            id: None,
        }
    }

    /// The same with a title of its own.
    #[must_use]
    pub fn titled(mut self, title: &str) -> Self {
        title.clone_into(&mut self.title);
        self
    }

    /// The same about the thing called `id`.
    #[must_use]
    pub fn about(mut self, id: &impl ToString) -> Self {
        self.id = Some(id.to_string());
        self
    }

    /// The document.
    pub fn to_json(&self) -> Vec<u8> {
        // A struct of strings and numbers always serialises.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("no account `7`")]
    struct NoAccount;

    impl Coded for NoAccount {
        fn code(&self) -> &'static str {
            "TST-0001"
        }
        fn hint(&self) -> &'static str {
            "create it first"
        }
    }

    #[test]
    fn the_document_has_the_standard_members_and_ours() {
        let problem = Problem::new(404, &NoAccount).titled("not found").about(&7);
        let text = String::from_utf8(problem.to_json()).unwrap();
        assert_eq!(
            text,
            r#"{"type":"https://tongbao.dev/errors/TST-0001","title":"not found","status":404,"code":"TST-0001","detail":"no account `7`","hint":"create it first","retryable":false,"id":"7"}"#
        );
        assert_eq!(serde_json::from_str::<Problem>(&text).unwrap(), problem);
    }
}
